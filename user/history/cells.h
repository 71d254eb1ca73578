/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells: an amount over a time [from, to). What snapshots hold becomes cells, and cells are spread
 * over grids of steps: evenly, by differences of floors, so that parts add up exactly.
 */
#ifndef NFM_CELLS_H
#define NFM_CELLS_H

#include <stdint.h>

#include "snapshot/snapshot.h"

enum nfm_cell_column {
	NFM_CELL_UP_BYTES,
	NFM_CELL_DOWN_BYTES,
	NFM_CELL_UP_PACKETS,
	NFM_CELL_DOWN_PACKETS,
	NFM_CELL_UP_FLOWS,
	NFM_CELL_DOWN_FLOWS,
	NFM_CELL_COLUMNS,
};

/* The same columns where they hold not amounts but what is known: struct nfm_history_quality. */
enum nfm_cell_quality {
	NFM_CELL_COVERED_MS,
	NFM_CELL_LOST_RECORDS,
	NFM_CELL_LOST_DATAGRAMS,
	NFM_CELL_REJECTED_RECORDS,
	NFM_CELL_REJECTED_DATAGRAMS,
	NFM_CELL_UNBALANCED,
};

struct nfm_cell {
	uint64_t from_unix_ms;
	uint64_t to_unix_ms; /* equal: all of it at that moment */
	uint64_t column[NFM_CELL_COLUMNS];
};

/** Steps of equal length; the last one may be shorter. */
struct nfm_grid {
	uint64_t from_unix_ms;
	uint64_t to_unix_ms;
	uint64_t step_ms;
};

uint32_t nfm_grid_points(const struct nfm_grid *grid);

/**
 * Of `value`, which belongs to [from, to), the part in [a, b): floor(value × (b - from) / (to -
 * from)) less the same of a, both cut to the cell. A cell without length lies in [a, b) if
 * a <= from < b.
 */
uint64_t nfm_cell_part(uint64_t value, uint64_t from_ms, uint64_t to_ms, uint64_t a_ms,
		       uint64_t b_ms);

/**
 * Adds a cell to the points of a grid; what lies outside is not. `column[c]` has as many as
 * nfm_grid_points(); those that are NULL are left out.
 */
void nfm_cell_spread(const struct nfm_cell *cell, const struct nfm_grid *grid,
		     uint64_t *const column[NFM_CELL_COLUMNS]);

/**
 * At most earlier_count + 1 cells of one entry of a snapshot; returns how many. They add up to the
 * entry, whatever it says: earlier slots get no more than the entry has.
 */
uint32_t nfm_cells_of_entry(const struct nfm_snapshot_meta *meta,
			    const struct nfm_snapshot_count *up,
			    const struct nfm_snapshot_count *down,
			    const struct nfm_snapshot_earlier *earlier, uint32_t earlier_count,
			    struct nfm_cell *out);

#endif
