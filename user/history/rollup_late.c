// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup_late.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/series.h"

#define DAY_MOST_MS (50 * 3600 * 1000ULL) /* of one that a change of the TZ made longer */

static void close_series(struct nfm_series_reader **r)
{
	nfm_series_reader_free(*r);
}

static bool is_named(const struct nfm_series_reader *r, const char *name)
{
	uint32_t first = 0, end = nfm_series_reader_head(r)->sources;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		int order = strcmp(name, nfm_series_reader_source(r, middle));

		if (!order)
			return true;
		if (order < 0)
			end = middle;
		else
			first = middle + 1;
	}
	return false;
}

/* What is damaged would be left out again, each time. */
static bool is_whole(const struct nfm_rollup_plan *plan, const struct nfm_rollup_source *source)
{
	struct nfm_snapshot_reader *reader;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", plan->directory, source->name) >=
		    (int)sizeof(path) ||
	    nfm_snapshot_reader_open(path, &reader, NULL))
		return false;
	nfm_snapshot_reader_free(reader);
	return true;
}

/* The rollup's own day, if it is one. */
static bool take_window(const struct nfm_series_reader *r, struct nfm_rollup_day *day)
{
	const struct nfm_grid *grid = &nfm_series_reader_head(r)->grid;

	if (nfm_series_reader_head(r)->points != 1 ||
	    grid->to_unix_ms - grid->from_unix_ms > DAY_MOST_MS || grid->from_unix_ms % 1000 ||
	    grid->to_unix_ms % 1000 || grid->from_unix_ms >= day->to_unix_s * 1000 ||
	    grid->to_unix_ms <= day->from_unix_s * 1000)
		return false;
	day->from_unix_s = grid->from_unix_ms / 1000;
	day->to_unix_s = grid->to_unix_ms / 1000;
	return true;
}

bool nfm_rollup_is_late(const struct nfm_rollup_plan *plan, const char *path,
			struct nfm_rollup_day *day)
{
	_cleanup_(close_series) struct nfm_series_reader *r = NULL;
	struct nfm_rollup_day made = *day;
	uint32_t named = 0;
	bool late = false;

	if (nfm_series_reader_open(path, &r, NULL) || !take_window(r, &made))
		return false;
	made.sources = 0;
	for (uint32_t i = 0; i < plan->source_count; i++) {
		if (!nfm_rollup_touches(&plan->source[i], &made))
			continue;
		made.sources++;
		named += is_named(r, plan->source[i].name);
	}
	if (named != nfm_series_reader_head(r)->sources || made.sources == named)
		return false;
	for (uint32_t i = 0; i < plan->source_count && !late; i++)
		late = nfm_rollup_touches(&plan->source[i], &made) &&
		       !is_named(r, plan->source[i].name) && is_whole(plan, &plan->source[i]);
	if (late)
		*day = made;
	return late;
}
