/* SPDX-License-Identifier: GPL-2.0-only */
/* The foot of a snapshot file: totals, and what leads to a customer's block. */
#ifndef NFM_SNAPSHOT_FOOT_H
#define NFM_SNAPSHOT_FOOT_H

#include "snapshot/decode.h"
#include "snapshot/header.h"
#include "snapshot/snapshot.h"

struct nfm_foot {
	uint8_t *bytes;
	struct nfm_entry_cursor blocks; /* what follows the totals */
	struct nfm_snapshot_count unmatched, local, total;
	/* of NFM_ROW_UNMATCHED and NFM_ROW_LOCAL */
	struct nfm_snapshot_earlier *earlier[2];
	uint32_t earlier_count[2];
};

/** Reads and verifies the foot; -EBADMSG, -ENOMEM, -errno. *out is freed by the caller. */
int nfm_foot_read(int fd, const struct nfm_header *header, struct nfm_foot *out);

/** The next block's first id and size in the file; false at the end, or where it is damaged. */
bool nfm_foot_next(struct nfm_foot *foot, const char **first_id, uint64_t *size);

/** What of it is not needed any more once the blocks are known. */
void nfm_foot_drop_blocks(struct nfm_foot *foot);

void nfm_foot_free(struct nfm_foot *foot);

#endif
