// SPDX-License-Identifier: GPL-2.0-only
#include "history/cells.h"

#include "base/cleanup.h"
#include "base/clock.h"

#define MS_PER_S (NFM_NS_PER_S / NFM_NS_PER_MS)

uint32_t nfm_grid_points(const struct nfm_grid *grid)
{
	uint64_t length_ms, points;

	if (grid->to_unix_ms <= grid->from_unix_ms)
		return 0;
	length_ms = grid->to_unix_ms - grid->from_unix_ms;
	if (!grid->step_ms)
		return 1;
	points = length_ms / grid->step_ms + (length_ms % grid->step_ms != 0);
	return points < UINT32_MAX ? (uint32_t)points : UINT32_MAX;
}

/* Of a value over `length_ms` what lies before `passed_ms` (not more than that). */
static uint64_t passed_part(uint64_t value, uint64_t length_ms, uint64_t passed_ms)
{
	uint64_t product;

	if (passed_ms == length_ms)
		return value;
	if (!__builtin_mul_overflow(value, passed_ms, &product))
		return product / length_ms;
	return (uint64_t)((unsigned __int128)value * passed_ms / length_ms);
}

static uint64_t cut(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : NFM_MIN(value, most);
}

uint64_t nfm_cell_part(uint64_t value, uint64_t from_ms, uint64_t to_ms, uint64_t a_ms,
		       uint64_t b_ms)
{
	uint64_t a, b, length_ms;

	if (a_ms >= b_ms)
		return 0;
	if (from_ms >= to_ms)
		return a_ms <= from_ms && from_ms < b_ms ? value : 0;
	a = cut(a_ms, from_ms, to_ms);
	b = cut(b_ms, from_ms, to_ms);
	length_ms = to_ms - from_ms;
	return passed_part(value, length_ms, b - from_ms) -
	       passed_part(value, length_ms, a - from_ms);
}

/* One column of a cell over the points first to last, all of which it touches. */
static void spread_column(const struct nfm_cell *cell, unsigned int c, const struct nfm_grid *grid,
			  uint32_t first, uint32_t last, uint64_t *point)
{
	uint64_t length_ms = cell->to_unix_ms - cell->from_unix_ms;
	uint64_t end_ms = NFM_MIN(cell->to_unix_ms, grid->to_unix_ms);
	uint64_t start_ms = NFM_MAX(cell->from_unix_ms, grid->from_unix_ms);
	uint64_t before = passed_part(cell->column[c], length_ms, start_ms - cell->from_unix_ms);

	for (uint32_t i = first; i <= last; i++) {
		uint64_t until_ms =
			i == last ? end_ms : grid->from_unix_ms + (i + 1ULL) * grid->step_ms;
		uint64_t passed =
			passed_part(cell->column[c], length_ms, until_ms - cell->from_unix_ms);

		point[i] += passed - before;
		before = passed;
	}
}

static uint32_t point_of(const struct nfm_grid *grid, uint64_t unix_ms)
{
	return grid->step_ms ? (uint32_t)((unix_ms - grid->from_unix_ms) / grid->step_ms) : 0;
}

void nfm_cell_spread(const struct nfm_cell *cell, const struct nfm_grid *grid,
		     uint64_t *const column[NFM_CELL_COLUMNS])
{
	bool moment = cell->to_unix_ms <= cell->from_unix_ms;
	uint64_t start_ms = NFM_MAX(cell->from_unix_ms, grid->from_unix_ms);
	uint64_t end_ms = moment ? cell->from_unix_ms + 1 : cell->to_unix_ms;
	uint32_t first, last;
	bool whole;

	end_ms = NFM_MIN(end_ms, grid->to_unix_ms);
	if (start_ms >= end_ms)
		return;
	whole = moment || (start_ms == cell->from_unix_ms && end_ms == cell->to_unix_ms);
	first = point_of(grid, start_ms);
	last = point_of(grid, end_ms - 1);
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++) {
		if (!column[c] || !cell->column[c])
			continue;
		if (whole && first == last)
			column[c][first] += cell->column[c];
		else
			spread_column(cell, c, grid, first, last, column[c]);
	}
}

/* Start of the slot `back` slots before the snapshot's. */
static uint64_t slot_start_ms(const struct nfm_snapshot_meta *meta, uint32_t back)
{
	uint64_t slot_ms = meta->slot_unix_ns / NFM_NS_PER_MS;
	uint64_t back_s = (uint64_t)back * meta->interval_s;

	return back_s > slot_ms / MS_PER_S ? 0 : slot_ms - back_s * MS_PER_S;
}

static bool cell_empty(const struct nfm_cell *cell)
{
	uint64_t all = 0;

	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		all |= cell->column[c];
	return !all;
}

uint32_t nfm_cells_of_entry(const struct nfm_snapshot_meta *meta,
			    const struct nfm_snapshot_count *up,
			    const struct nfm_snapshot_count *down,
			    const struct nfm_snapshot_earlier *earlier, uint32_t earlier_count,
			    struct nfm_cell *out)
{
	uint64_t up_left = up->bytes, down_left = down->bytes;
	uint64_t slot_ms = slot_start_ms(meta, 0);
	uint64_t to_ms = meta->to_unix_ns / NFM_NS_PER_MS;
	uint32_t count = 0;

	for (uint32_t i = 0; i < earlier_count; i++) {
		struct nfm_cell *cell = &out[count];

		*cell = (struct nfm_cell){
			.from_unix_ms = slot_start_ms(meta, earlier[i].back),
			.to_unix_ms =
				slot_start_ms(meta, earlier[i].back ? earlier[i].back - 1 : 0),
		};
		cell->column[NFM_CELL_UP_BYTES] = NFM_MIN(earlier[i].up_bytes, up_left);
		cell->column[NFM_CELL_DOWN_BYTES] = NFM_MIN(earlier[i].down_bytes, down_left);
		up_left -= cell->column[NFM_CELL_UP_BYTES];
		down_left -= cell->column[NFM_CELL_DOWN_BYTES];
		count += !cell_empty(cell);
	}
	out[count] = (struct nfm_cell){
		.from_unix_ms = slot_ms,
		.to_unix_ms = NFM_MAX(slot_ms, to_ms),
		.column = { up_left, down_left, up->packets, down->packets, up->flows,
			    down->flows },
	};
	return count + !cell_empty(&out[count]);
}
