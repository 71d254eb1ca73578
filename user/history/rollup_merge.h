/* SPDX-License-Identifier: GPL-2.0-only */
/* Many inputs, each in the order of ids, as one: entry by entry, in bounded memory. */
#ifndef NFM_ROLLUP_MERGE_H
#define NFM_ROLLUP_MERGE_H

#include "base/error.h"
#include "history/rollup_input.h"
#include "history/rollup_points.h"

struct nfm_rollup_merge {
	struct nfm_rollup_points *points; /* what `entry` is given: zeroed before each */
	/* Called for each id that has anything in the day; not 0 ends the merge and comes back. */
	int (*entry)(void *cookie, const char *id, const char *name);
	/* Called now and then; not 0 ends the merge with -ECANCELED. May be NULL. */
	int (*progress)(void *cookie, uint64_t taken, uint64_t entries);
	void *cookie;
};

/** Merges all inputs to their ends. An input's -errno, or that of `entry`. */
int nfm_rollup_merge_run(const struct nfm_rollup_merge *merge, struct nfm_rollup_input *input,
			 uint32_t count, struct nfm_error *error);

#endif
