/* SPDX-License-Identifier: GPL-2.0-only */
/* One entry's points of a day in all resolutions, in one piece of memory. */
#ifndef NFM_ROLLUP_POINTS_H
#define NFM_ROLLUP_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "history/cells.h"
#include "history/files.h"

struct nfm_rollup_points {
	struct nfm_grid grid[NFM_TIERS];
	uint64_t *column[NFM_TIERS][NFM_CELL_COLUMNS];
	/* a column of all tiers, one after another, as one: what runs between two merges hold */
	struct nfm_grid all_grid;
	uint32_t all_points;
	uint64_t *all_column[NFM_CELL_COLUMNS];
	struct nfm_cell *cell; /* room for an entry's */
	uint32_t cell_room;
};

/** Grids of a day: steps of `step_s`, of an hour, and one. -ENOMEM, -EINVAL: too many points. */
int nfm_rollup_points_open(struct nfm_rollup_points *points, uint64_t from_unix_s,
			   uint64_t to_unix_s, uint32_t step_s);
void nfm_rollup_points_close(struct nfm_rollup_points *points);

void nfm_rollup_points_zero(struct nfm_rollup_points *points);

/** False: the entry has nothing in this day. */
bool nfm_rollup_points_used(const struct nfm_rollup_points *points);

void nfm_rollup_points_spread(struct nfm_rollup_points *points, const struct nfm_cell *cell);

/** Adds an entry of a snapshot, see nfm_cells_of_entry(). -ENOMEM. */
int nfm_rollup_points_add(struct nfm_rollup_points *points, const struct nfm_snapshot_meta *meta,
			  const struct nfm_snapshot_count *up,
			  const struct nfm_snapshot_count *down,
			  const struct nfm_snapshot_earlier *earlier, uint32_t earlier_count);

/** Adds columns as all_column are. */
void nfm_rollup_points_add_all(struct nfm_rollup_points *points,
			       uint64_t *const all_column[NFM_CELL_COLUMNS]);

#endif
