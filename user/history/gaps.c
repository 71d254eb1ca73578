// SPDX-License-Identifier: GPL-2.0-only
/* Covered time, and its complement. */
#include "history/gaps.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define LEAST_MS 100U /* shorter ones are no gaps but the clock's steps */

static void add(struct nfm_gaps *gaps, uint64_t from_unix_ms, uint64_t to_unix_ms)
{
	if (from_unix_ms >= to_unix_ms || gaps->failed)
		return;
	if (gaps->count && gaps->covered[gaps->count - 1].to_unix_ms == from_unix_ms) {
		gaps->covered[gaps->count - 1].to_unix_ms = to_unix_ms;
		return;
	}
	if (gaps->count == gaps->room) {
		uint32_t room = gaps->room ? 2 * gaps->room : 64;
		struct nfm_plan_window *more = reallocarray(gaps->covered, room, sizeof(*more));

		if (!more) {
			gaps->failed = true;
			return;
		}
		gaps->covered = more;
		gaps->room = room;
	}
	gaps->covered[gaps->count++] = (struct nfm_plan_window){ from_unix_ms, to_unix_ms };
}

void nfm_gaps_take(struct nfm_gaps *gaps, const struct nfm_cell *cell,
		   const struct nfm_plan_window *window)
{
	uint64_t covered_ms = NFM_MIN(cell->column[NFM_CELL_COVERED_MS],
				      cell->to_unix_ms - cell->from_unix_ms);
	uint64_t from_ms = cell->from_unix_ms;
	bool joins = gaps->count && gaps->covered[gaps->count - 1].to_unix_ms >= from_ms;

	if (!joins)
		from_ms = cell->to_unix_ms - covered_ms;
	add(gaps, NFM_MAX(from_ms, window->from_unix_ms),
	    NFM_MIN(from_ms + covered_ms, window->to_unix_ms));
}

static int by_begin(const void *a, const void *b)
{
	const struct nfm_plan_window *left = a, *right = b;

	return (left->from_unix_ms > right->from_unix_ms) -
	       (left->from_unix_ms < right->from_unix_ms);
}

static void list(struct nfm_history_head *head, uint64_t from_unix_ms, uint64_t to_unix_ms)
{
	if (to_unix_ms < from_unix_ms + LEAST_MS)
		return;
	if (head->gap_count < NFM_HISTORY_GAPS)
		head->gap[head->gap_count] = (struct nfm_history_gap){
			.from_unix_s = from_unix_ms / 1000,
			.to_unix_s = (to_unix_ms + 999) / 1000,
		};
	head->gap_count++;
}

int nfm_gaps_list(struct nfm_gaps *gaps, uint64_t from_unix_ms, uint64_t to_unix_ms,
		  struct nfm_history_head *head)
{
	uint64_t at = from_unix_ms;

	if (gaps->failed)
		return -ENOMEM;
	if (gaps->count)
		qsort(gaps->covered, gaps->count, sizeof(*gaps->covered), by_begin);
	for (uint32_t i = 0; i < gaps->count && at < to_unix_ms; i++) {
		list(head, at, NFM_MIN(gaps->covered[i].from_unix_ms, to_unix_ms));
		at = NFM_MAX(at, gaps->covered[i].to_unix_ms);
	}
	list(head, at, to_unix_ms);
	return 0;
}

void nfm_gaps_clear(struct nfm_gaps *gaps)
{
	free(gaps->covered);
	*gaps = (struct nfm_gaps){ 0 };
}
