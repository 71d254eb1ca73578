/* SPDX-License-Identifier: GPL-2.0-only */
/* One nfdump file under way: rows go into blocks, blocks into a temporary file. */
#ifndef NFM_SNAPSHOT_NFDUMP_FILE_H
#define NFM_SNAPSHOT_NFDUMP_FILE_H

#include <stdbool.h>

#include "snapshot/nfdump_format.h"
#include "snapshot/place.h"
#include "snapshot/snapshot.h"

struct nfm_nfdump_file {
	struct nfm_place place;
	struct nfm_nfdump_header header;
	struct nfm_nfdump_stat stat;
	uint64_t first_unix_ms, last_unix_ms, received_unix_ms; /* of every row */
	int64_t at; /* where the next block goes */
	uint8_t *payload;
	uint32_t payload_used, payload_records;
	uint8_t *packed; /* its compressed form, and room for it */
	uint32_t packed_size;
};

/**
 * Starts a file of the interval of `meta` in `directory`, under a temporary name. Compression:
 * NFM_NFDUMP_…, -EINVAL: another number.
 */
int nfm_nfdump_file_open(struct nfm_nfdump_file *f, const char *directory, int compression,
			 const struct nfm_snapshot_meta *meta, struct nfm_error *error);

/** A row from `prefix` (NULL: 0.0.0.0/0), or to it if `down`. One of zeros is left out. */
int nfm_nfdump_file_add(struct nfm_nfdump_file *f, const struct nfm_prefix *prefix, bool down,
			const struct nfm_snapshot_count *count);

/** The appendix, the header, fsync, and its name in the folder, over a file that is there. */
int nfm_nfdump_file_commit(struct nfm_nfdump_file *f, const char *name);

/** Frees, and unlinks what was not committed. Also after a failed open. */
void nfm_nfdump_file_close(struct nfm_nfdump_file *f);

#endif
