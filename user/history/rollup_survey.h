/* SPDX-License-Identifier: GPL-2.0-only */
/* The first look at a day's snapshots: which can be read, and all of them that is no customer's. */
#ifndef NFM_ROLLUP_SURVEY_H
#define NFM_ROLLUP_SURVEY_H

#include "base/error.h"
#include "history/rollup_plan.h"
#include "history/rollup_points.h"

struct nfm_rollup_survey {
	struct nfm_rollup_plan *plan;
	struct nfm_rollup_points unmatched, local, quality;
};

/**
 * Reads a whole file. 1: it is whole, and its amounts are added; *sorted says if its customers come
 * by id. 0: it is damaged or gone: logged, nothing of it is added, source->left_out is set. -errno:
 * memory or descriptors are short.
 */
int nfm_rollup_survey_source(struct nfm_rollup_survey *survey, struct nfm_rollup_source *source,
			     bool *sorted, struct nfm_error *error);

#endif
