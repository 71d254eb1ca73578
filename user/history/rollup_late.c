// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup_late.h"

#include <limits.h>
#include <string.h>

#include "abi.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
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

/* Whether bytes of these slots lie in the day. */
static bool reaches(const struct nfm_snapshot_meta *meta, const struct nfm_rollup_day *day,
		    const struct nfm_snapshot_earlier *earlier, uint32_t count)
{
	const struct nfm_snapshot_count all = { UINT64_MAX, 0, 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_cell cell[2]; /* the slot, and what is left of the bytes */

		if (!(earlier[i].up_bytes | earlier[i].down_bytes))
			continue;
		nfm_cells_of_entry(meta, &all, &all, &earlier[i], 1, cell);
		if (cell[0].from_unix_ms < day->to_unix_s * 1000 &&
		    cell[0].to_unix_ms > day->from_unix_s * 1000)
			return true;
	}
	return false;
}

/* Earlier bytes of anybody that lie in the day; false also where the file is damaged. */
static bool has_earlier(struct nfm_snapshot_reader *reader, const struct nfm_rollup_day *day)
{
	const struct nfm_snapshot_meta *meta = nfm_snapshot_reader_meta(reader);
	struct nfm_snapshot_customer customer;
	bool found = false;

	for (uint32_t row = NFM_ROW_UNMATCHED; row <= NFM_ROW_LOCAL; row++) {
		uint32_t count;
		const struct nfm_snapshot_earlier *earlier =
			nfm_snapshot_reader_earlier(reader, row, &count);

		found |= reaches(meta, day, earlier, count);
	}
	while (!found && nfm_snapshot_reader_customer(reader, &customer) == 1)
		found = reaches(meta, day, customer.earlier, customer.earlier_count);
	return found;
}

/*
 * Whether a file is whole, since what is damaged would be left out again each time, and has
 * something of the day. Most that only might reach back into it have not.
 */
static bool has_something(const struct nfm_rollup_plan *plan,
			  const struct nfm_rollup_source *source, const struct nfm_rollup_day *day)
{
	uint64_t begin_ns = NFM_MIN(source->meta.slot_unix_ns, source->meta.from_unix_ns);
	struct nfm_snapshot_reader *reader;
	char path[PATH_MAX];
	bool found;

	if (nfm_io_join(path, sizeof(path), plan->directory, source->name) ||
	    nfm_snapshot_reader_open(path, &reader, NULL))
		return false;
	found = begin_ns / NFM_NS_PER_S < day->to_unix_s || has_earlier(reader, day);
	nfm_snapshot_reader_free(reader);
	return found;
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
		       !is_named(r, plan->source[i].name) &&
		       has_something(plan, &plan->source[i], &made);
	if (late)
		*day = made;
	return late;
}
