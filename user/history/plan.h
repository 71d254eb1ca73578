/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a range is made of: of each day the finest rollup that is left, and the snapshots that are
 * not, or not wholly, in them. Nothing counts twice and nothing is left out: of a snapshot that
 * rollups name as their source only what lies outside of those rollups counts; one that none
 * names counts whole, also within days that are rolled up.
 */
#ifndef NFM_PLAN_H
#define NFM_PLAN_H

#include <limits.h>

#include "history/cells.h"
#include "history/files.h"
#include "history/history.h"
#include "history/series.h"

struct nfm_plan_window {
	uint64_t from_unix_ms;
	uint64_t to_unix_ms;
};

struct nfm_plan_rollup {
	struct nfm_series_reader *reader;
	const struct nfm_series_head *head; /* lives as long as the reader */
	enum nfm_rollup_tier tier;
	char path[PATH_MAX];
	/* What of its grid counts: the range's, less what the rollup before it has. */
	struct nfm_plan_window window;
	/* The rollup by day, if it is of the same sources and the whole day counts; or NULL. */
	struct nfm_series_reader *sums;
	bool damaged; /* that something of it is, has been said */
};

struct nfm_plan_snapshot {
	char name[48];
	uint32_t file; /* number in plan->file */
	struct nfm_snapshot_meta meta;
	uint32_t first_piece, pieces; /* what of time it counts in: plan->piece */
	bool damaged;
};

struct nfm_plan {
	const struct nfm_history_options *options;
	struct nfm_plan_window range;
	struct nfm_plan_window data; /* of it, where there may be data; from = to: nowhere */
	struct nfm_plan_rollup *rollup; /* by time, none overlaps another */
	uint32_t rollup_count;
	struct nfm_plan_snapshot *snapshot; /* by the time in their names */
	uint32_t snapshot_count;
	struct nfm_plan_window *piece;
	uint32_t piece_count;
	struct nfm_snapshot_file *file; /* all of the folder */
	uint32_t file_count;
	uint32_t finest_s; /* the coarsest of what is used; 0: there is nothing */
	uint64_t closed_unix_ms; /* until when there are snapshots, or may yet be none: `now` cut */
	uint32_t damaged;
	uint32_t slack_s; /* by which a file's content may lie outside of its name and the next */
	uint64_t done; /* files, for options->progress */
};

/** -EINVAL and -ENOENT as nfm_history_read(). Zero `plan` first; clear it in any case. */
int nfm_plan_make(const struct nfm_history_options *options, uint64_t from_unix_s,
		  uint64_t to_unix_s, struct nfm_plan *plan, struct nfm_error *error);
void nfm_plan_clear(struct nfm_plan *plan);

/** DIRECTORY/name of a snapshot file; -ENAMETOOLONG. */
int nfm_plan_path(const struct nfm_plan *plan, const char *name, char *path, size_t size);

/** Tells options->damaged of a file and counts it, once: *said is set. NULL: always. */
void nfm_plan_damaged(struct nfm_plan *plan, bool *said, const struct nfm_error *error);

/** Tells options->progress that a file is done with, of `all`; its answer. */
int nfm_plan_progress(struct nfm_plan *plan, uint64_t all);

/** Takes the part of a cell that lies in the window. */
typedef void (*nfm_plan_take)(void *cookie, const struct nfm_cell *cell,
			      const struct nfm_plan_window *window);

/** Every cell of an entry of a rollup. `column` is room for its head.points × NFM_CELL_COLUMNS. */
int nfm_plan_rollup_cells(const struct nfm_plan_rollup *rollup,
			  const struct nfm_series_entry *entry, uint64_t *column,
			  nfm_plan_take take, void *cookie);

/** A cell of a snapshot: its part in each of the snapshot's pieces. */
void nfm_plan_snapshot_cell(const struct nfm_plan *plan, const struct nfm_plan_snapshot *snapshot,
			    const struct nfm_cell *cell, nfm_plan_take take, void *cookie);

/**
 * All cells of one customer, or of a pseudo-customer. `name` gets the newest one that files know;
 * *found says whether there is any.
 */
int nfm_plan_walk_customer(struct nfm_plan *plan, enum nfm_history_kind kind, const char *id,
			   nfm_plan_take take, void *cookie, char name[NFM_SNAPSHOT_ID_SIZE],
			   bool *found);

/**
 * All cells of quality (columns: enum nfm_cell_quality); of files that were found to be damaged
 * there are none, so that what is missing is not covered.
 */
int nfm_plan_walk_quality(struct nfm_plan *plan, nfm_plan_take take, void *cookie);

#endif
