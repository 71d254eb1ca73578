/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rollups: each local day's snapshots turned round, by customer instead of by time, in three
 * resolutions: samples.YYYYmmdd (the interval's, at least 60 s), hours.YYYYmmdd, days.YYYYmmdd, in
 * the folder `rollup` beside the snapshots. A rollup is a pure function of the snapshots that it
 * names as its sources; it is written whole under a temporary name and renamed: a crash costs
 * the work, and nothing counts twice. Where a snapshot has come since that it does not name, it is
 * made again as a whole, as long as all that it names are still there.
 */
#ifndef NFM_ROLLUP_H
#define NFM_ROLLUP_H

#include <stdint.h>

#include "base/error.h"

struct nfm_rollup_limits {
	uint64_t hours_s; /* age above which hours.* go; 0: none */
	uint64_t days_s;
};

struct nfm_rollup_result {
	uint32_t days;	    /* rolled up now */
	uint32_t expired;   /* files that went */
	uint64_t customers; /* in the newest of them */
};

/**
 * Rolls up every local day that is over: whose last snapshot has come, and those behind it that may
 * still hold earlier bytes of it (meta.earlier_slots), or a newer one and 26 hours. Makes what is
 * missing of the three files, days.* last: where that is there, and names all snapshots, the day is
 * done, even if the others have expired since. Then removes what is older than its limit. What
 * cannot be read is left out and logged. One at a time: -EBUSY if another process does it. As many
 * files are open at once as RLIMIT_NOFILE allows, 400 at most. `progress` as in
 * nfm_history_options.
 */
int nfm_rollup_run(const char *directory, const struct nfm_rollup_limits *limits,
		   uint64_t now_unix_s, int (*progress)(void *cookie, uint64_t done, uint64_t all),
		   void *cookie, struct nfm_rollup_result *out, struct nfm_error *error);

#endif
