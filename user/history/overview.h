/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands beside every answer, by sample and for the whole: coverage, loss, gaps. */
#ifndef NFM_OVERVIEW_H
#define NFM_OVERVIEW_H

#include "history/plan.h"
#include "history/rates.h"

/** Steps of any length: bound[i] to bound[i + 1]; what cells have in each, by column. */
struct nfm_overview_steps {
	uint64_t *bound_unix_ms; /* count + 1, ascending */
	uint32_t count;
	uint64_t *column[NFM_CELL_COLUMNS]; /* of count each */
};

/** Adds the part of a cell that lies in the window to the steps. */
void nfm_overview_spread(const struct nfm_overview_steps *steps, const struct nfm_cell *cell,
			 const struct nfm_plan_window *window);

/**
 * Reads the quality of a plan's files: fills `head`, makes `samples` of it, judged, and adds to
 * `steps` (if not NULL; covered time cut to each step's length). -ENOMEM, -EINVAL, -ECANCELED.
 */
int nfm_overview_make(struct nfm_plan *plan, const struct nfm_overview_steps *steps,
		      struct nfm_history_head *head, struct nfm_samples *samples,
		      struct nfm_error *error);

#endif
