/* SPDX-License-Identifier: GPL-2.0-only */
/* Which snapshot files go, oldest first. */
#ifndef NFM_EXPIRE_H
#define NFM_EXPIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct nfm_expire_limits {
	uint64_t size_bytes;	/* 0: none; allocated blocks count, as du(1) does */
	uint64_t lifetime_s;	/* 0: none */
	unsigned int watermark; /* percent of size_bytes down to which files go; size only */
};

struct nfm_expire_result {
	uint64_t files_before, bytes_before;
	uint64_t files_gone, bytes_gone;
};

/**
 * Expires the snapshot files under `directory` (sub-folders too), oldest interval first. Only
 * names that nfm_snapshot_name_parse() knows are ours; temporary, open and foreign files stay.
 * `now_unix_s` is the time that ages count to. `each` (may be NULL) hears of every file
 * that goes, with `dry_run` of every one that would. A file that vanished meanwhile is no error.
 */
int nfm_expire_run(const char *directory, const struct nfm_expire_limits *limits,
		   uint64_t now_unix_s, bool dry_run,
		   void (*each)(void *cookie, const char *path, uint64_t bytes), void *cookie,
		   struct nfm_expire_result *result, struct nfm_error *error);

#endif
