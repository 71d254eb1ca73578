/* SPDX-License-Identifier: GPL-2.0-only */
/* A snapshot file's header, read and verified, in host byte order. */
#ifndef NFM_SNAPSHOT_HEADER_H
#define NFM_SNAPSHOT_HEADER_H

#include "snapshot/snapshot.h"

struct nfm_header {
	struct nfm_snapshot_meta meta;
	uint32_t version;
	uint32_t size; /* of the header: the content follows */
	uint64_t customers, exporters, reasons;
	/* version 2: see snapshot/format.h */
	uint64_t others_at, foot_at, foot_size;
	uint64_t foot_xxh3;
	/* version 1 */
	uint64_t payload_size, raw_size;
	uint64_t payload_xxh3;
};

/**
 * Opens a file and verifies its header and its length. *fd is the caller's to close. Errors as
 * nfm_snapshot_reader_open().
 */
int nfm_header_open(const char *path, struct nfm_header *out, int *fd, struct nfm_error *error);

#endif
