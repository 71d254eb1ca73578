/* SPDX-License-Identifier: GPL-2.0-only */
/* What time is covered, and so where the gaps are. */
#ifndef NFM_GAPS_H
#define NFM_GAPS_H

#include "history/plan.h"

/** Zero it first. */
struct nfm_gaps {
	struct nfm_plan_window *covered; /* malloc'd */
	uint32_t count, room;
	bool failed; /* out of memory */
};

/**
 * Takes a cell of quality in the order of time. Of a cell that is covered in part it is not known
 * which part: the one that joins what was covered before it, else its end.
 */
void nfm_gaps_take(struct nfm_gaps *gaps, const struct nfm_cell *cell,
		   const struct nfm_plan_window *window);

/** Lists in `head` what of [from, to) is not covered. -ENOMEM. */
int nfm_gaps_list(struct nfm_gaps *gaps, uint64_t from_unix_ms, uint64_t to_unix_ms,
		  struct nfm_history_head *head);
void nfm_gaps_clear(struct nfm_gaps *gaps);

#endif
