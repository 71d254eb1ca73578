// SPDX-License-Identifier: GPL-2.0-only
/* Steps of a range: where they begin. */
#include "history/steps.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define DAY_S 86400U
#define DAYS_MOST 4000000U /* of all years to 9999, or months */
#define YEAR_10000 253402300800ULL /* s since 1970: no time beyond it is named */

int nfm_steps_day_begin(const struct tm *day, uint64_t *unix_s)
{
	/* Noon is on every day; midnight is skipped on some. */
	struct tm noon = {
		.tm_year = day->tm_year,
		.tm_mon = day->tm_mon,
		.tm_mday = day->tm_mday,
		.tm_hour = 12,
		.tm_isdst = -1,
	};
	time_t t = mktime(&noon);

	if (t < (time_t)DAY_S || t >= (time_t)YEAR_10000)
		return -ERANGE;
	*unix_s = nfm_snapshot_slot_start((uint64_t)t, DAY_S);
	return 0;
}

/* The k-th bound behind the begin of the range, however far. */
static int bound_at(const struct nfm_history_range *range, const struct tm *begin, uint64_t k,
		    uint64_t *unix_s)
{
	struct tm day = *begin;

	if (range->unit == NFM_STEP_SECONDS) {
		*unix_s = range->from_unix_s + k * range->step;
		return 0;
	}
	if (k * range->step > DAYS_MOST)
		return -ERANGE;
	if (range->unit == NFM_STEP_DAYS) {
		day.tm_mday += (int)(k * range->step);
	} else {
		day.tm_mday = 1;
		day.tm_mon += (int)(k * range->step);
	}
	return nfm_steps_day_begin(&day, unix_s);
}

/* Seconds to a step, at least: how many steps there can be is known before there is room. */
static uint64_t shortest_step(const struct nfm_history_range *range)
{
	switch (range->unit) {
	case NFM_STEP_SECONDS:
		return range->step;
	case NFM_STEP_DAYS:
		return (uint64_t)range->step * (DAY_S - 7200);
	case NFM_STEP_MONTHS:
		break;
	}
	return (uint64_t)range->step * 27 * DAY_S;
}

int nfm_steps_check_range(const struct nfm_history_range *range, struct nfm_error *error)
{
	uint64_t span = range->to_unix_s - range->from_unix_s;

	if (range->from_unix_s >= range->to_unix_s)
		return nfm_error_set(error, -EINVAL, "the range is empty: its end (--to) must "
						     "come after its begin (--from)");
	if (range->to_unix_s >= YEAR_10000)
		return nfm_error_set(error, -EINVAL, "the range ends after the year 9999");
	if (range->step && span / shortest_step(range) >= NFM_HISTORY_POINTS_MOST)
		return nfm_error_set(error, -EINVAL, "the range has more than %u steps: take a "
						     "longer step or a shorter range",
				     NFM_HISTORY_POINTS_MOST);
	return 0;
}

int nfm_steps_make(const struct nfm_history_range *range, uint64_t **bound_unix_s,
		   uint32_t *count, struct nfm_error *error)
{
	_cleanup_free_ uint64_t *bound = NULL;
	time_t from = (time_t)range->from_unix_s;
	uint32_t room, used = 0;
	struct tm begin;
	int err = nfm_steps_check_range(range, error);

	if (err)
		return err;
	room = range->step ? (uint32_t)((range->to_unix_s - range->from_unix_s) /
					shortest_step(range)) + 3 : 2;
	bound = malloc(room * sizeof(*bound));
	if (!bound || !localtime_r(&from, &begin))
		return nfm_error_set(error, -ENOMEM, "out of memory");
	bound[used++] = range->from_unix_s;
	for (uint64_t k = 1; range->step && used + 1 < room; k++) {
		uint64_t at;

		if (bound_at(range, &begin, k, &at) || at >= range->to_unix_s)
			break;
		if (at > bound[used - 1]) /* a day that a zone left out has no step */
			bound[used++] = at;
	}
	bound[used] = range->to_unix_s;
	*bound_unix_s = NFM_STEAL_PTR(bound);
	*count = used;
	return 0;
}
