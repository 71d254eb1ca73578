/* SPDX-License-Identifier: GPL-2.0-only */
/* Which files of a collector's folder go, oldest first. */
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
	uint64_t folders_gone; /* empty ones */
};

/**
 * Expires the files under `directory` (sub-folders too), oldest first: snapshots, nfcapd files and
 * rollup/samples.*, by the times in their names (see nfm_expire_time()). Rollups by hour and by
 * day, temporary, open and foreign files stay. Sub-folders go that this made empty, and those
 * named by a date that have been empty for an hour; never `rollup`.
 * `now_unix_s` is the time that ages count to. `each` (may be NULL) hears of every file that goes
 * and of every folder (its path ends in "/", bytes: 0), with `dry_run` of every one that would.
 * What vanished meanwhile is no error. With neither limit nothing goes.
 */
int nfm_expire_run(const char *directory, const struct nfm_expire_limits *limits,
		   uint64_t now_unix_s, bool dry_run,
		   void (*each)(void *cookie, const char *path, uint64_t bytes), void *cookie,
		   struct nfm_expire_result *result, struct nfm_error *error);

#endif
