/* SPDX-License-Identifier: GPL-2.0-only */
/* One day's rollup: its snapshots are surveyed one by one, then merged by customer. */
#ifndef NFM_ROLLUP_DAY_H
#define NFM_ROLLUP_DAY_H

#include "base/error.h"
#include "history/rollup_plan.h"

/* In the folder of the rollups: what a merge puts down on its way, removed at its end. */
#define NFM_ROLLUP_WORK_FOLDER ".work"

/** What is under way, for all days. */
struct nfm_rollup_work {
	struct nfm_rollup_plan *plan;
	uint32_t inputs_most; /* files that are open at once */
	int (*progress)(void *cookie, uint64_t done, uint64_t all);
	void *cookie;
	uint64_t done, all; /* each source of each day counts twice: surveyed and merged */
};

/** 0, or -ECANCELED: the caller wants an end. */
int nfm_rollup_work_step(struct nfm_rollup_work *work, uint64_t done);

/**
 * Makes the files that the day wants. A snapshot that cannot be read is left out, and logged; a day
 * of which none can gets no files. *customers: how many are in it.
 */
int nfm_rollup_day_make(struct nfm_rollup_work *work, const struct nfm_rollup_day *day,
			uint64_t *customers, struct nfm_error *error);

#endif
