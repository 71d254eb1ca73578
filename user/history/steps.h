/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a history: seconds, or days and months as the local calendar has them. */
#ifndef NFM_STEPS_H
#define NFM_STEPS_H

#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "history/history.h"

/**
 * The moment at which a local day begins, in s since 1970: midnight, or where a change of the
 * clock skips that, the change. Of `day` its year, month and day of the month are read, which
 * may lie outside of their bounds as with mktime(3). -ERANGE.
 */
int nfm_steps_day_begin(const struct tm *day, uint64_t *unix_s);

/** -EINVAL: the range is empty, ends after the year 9999, or has too many steps. */
int nfm_steps_check_range(const struct nfm_history_range *range, struct nfm_error *error);

/**
 * *bound is malloc'd and gets count + 1 times in s since 1970, ascending: the begins of the steps
 * of a range, and its end. -EINVAL: the range is empty, or of more than NFM_HISTORY_POINTS_MOST.
 */
int nfm_steps_make(const struct nfm_history_range *range, uint64_t **bound_unix_s,
		   uint32_t *count, struct nfm_error *error);

#endif
