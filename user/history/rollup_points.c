// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup_points.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/series.h"

#define HOUR_MS 3600000ULL

int nfm_rollup_points_open(struct nfm_rollup_points *points, uint64_t from_unix_s,
			   uint64_t to_unix_s, uint32_t step_s)
{
	uint64_t from_ms = from_unix_s * 1000, to_ms = to_unix_s * 1000;
	struct nfm_rollup_points p = {
		.grid = {
			[NFM_TIER_SAMPLES] = { from_ms, to_ms, step_s * 1000ULL },
			[NFM_TIER_HOURS] = { from_ms, to_ms, HOUR_MS },
			[NFM_TIER_DAYS] = { from_ms, to_ms, to_ms - from_ms },
		},
	};
	uint64_t all = 0;
	uint64_t *memory;

	for (unsigned int tier = 0; tier < NFM_TIERS; tier++)
		all += nfm_grid_points(&p.grid[tier]);
	if (from_ms >= to_ms || !step_s || all > NFM_SERIES_POINTS_MOST)
		return -EINVAL;
	memory = calloc(NFM_CELL_COLUMNS * all, sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	p.all_points = (uint32_t)all;
	p.all_grid = (struct nfm_grid){ 0, all, 1 };
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++, memory += all) {
		uint64_t *at = p.all_column[c] = memory;

		for (unsigned int tier = 0; tier < NFM_TIERS; tier++) {
			p.column[tier][c] = at;
			at += nfm_grid_points(&p.grid[tier]);
		}
	}
	*points = p;
	return 0;
}

void nfm_rollup_points_close(struct nfm_rollup_points *points)
{
	free(points->all_column[0]);
	free(points->cell);
	*points = (struct nfm_rollup_points){ .cell = NULL };
}

void nfm_rollup_points_zero(struct nfm_rollup_points *points)
{
	memset(points->all_column[0], 0,
	       (size_t)NFM_CELL_COLUMNS * points->all_points * sizeof(uint64_t));
}

/* The day's one point is the sum of all others. */
bool nfm_rollup_points_used(const struct nfm_rollup_points *points)
{
	uint64_t all = 0;

	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		all |= points->column[NFM_TIER_DAYS][c][0];
	return all != 0;
}

void nfm_rollup_points_spread(struct nfm_rollup_points *points, const struct nfm_cell *cell)
{
	for (unsigned int tier = 0; tier < NFM_TIERS; tier++)
		nfm_cell_spread(cell, &points->grid[tier], points->column[tier]);
}

int nfm_rollup_points_add(struct nfm_rollup_points *points, const struct nfm_snapshot_meta *meta,
			  const struct nfm_snapshot_count *up,
			  const struct nfm_snapshot_count *down,
			  const struct nfm_snapshot_earlier *earlier, uint32_t earlier_count)
{
	uint32_t count;

	if (earlier_count >= points->cell_room) {
		uint32_t room = earlier_count + 16;
		struct nfm_cell *bigger = reallocarray(points->cell, room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		points->cell = bigger;
		points->cell_room = room;
	}
	count = nfm_cells_of_entry(meta, up, down, earlier, earlier_count, points->cell);
	for (uint32_t i = 0; i < count; i++)
		nfm_rollup_points_spread(points, &points->cell[i]);
	return 0;
}

void nfm_rollup_points_add_all(struct nfm_rollup_points *points,
			       uint64_t *const all_column[NFM_CELL_COLUMNS])
{
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		for (uint32_t i = 0; i < points->all_points; i++)
			points->all_column[c][i] += all_column[c][i];
}
