/* SPDX-License-Identifier: GPL-2.0-only */
/* What is merged: a snapshot's customers, or a run, which an earlier merge has made. */
#ifndef NFM_ROLLUP_INPUT_H
#define NFM_ROLLUP_INPUT_H

#include <stdint.h>

#include "base/error.h"
#include "history/rollup_points.h"
#include "history/series.h"
#include "snapshot/snapshot.h"

struct nfm_rollup_input {
	char *path;
	struct nfm_snapshot_reader *snapshot; /* or */
	struct nfm_series_reader *run;
	uint64_t entries; /* in all */
	uint64_t taken;
	/* the entry that it stands at, until nfm_rollup_input_next() */
	const char *id, *name;
	struct nfm_snapshot_customer customer; /* of a snapshot */
	struct nfm_series_entry entry;	       /* of a run */
	/* for the merge: an input that stands at the same id, or NULL */
	struct nfm_rollup_input *follower;
	uint32_t order; /* the name of the latest holds */
};

/** Customers come in the order of their ids; see nfm_rollup_input_sort(). */
int nfm_rollup_input_open_snapshot(struct nfm_rollup_input *input, const char *path,
				   struct nfm_error *error);
int nfm_rollup_input_open_run(struct nfm_rollup_input *input, const char *path,
			      struct nfm_error *error);
void nfm_rollup_input_close(struct nfm_rollup_input *input);

/** 1: stands at the next entry, 0 at the end, -EBADMSG. */
int nfm_rollup_input_next(struct nfm_rollup_input *input);

/** Adds the entry's amounts; `scratch` is as points->all_column. */
int nfm_rollup_input_add(const struct nfm_rollup_input *input, struct nfm_rollup_points *points,
			 uint64_t *const scratch[NFM_CELL_COLUMNS]);

/**
 * Snapshots of version 1 have their customers in the order of rows: writes one again in that of
 * ids, to a folder for such; *path, malloc'd, is where it is. As much memory as the file's
 * customers need.
 */
int nfm_rollup_input_sort(const char *path, const char *folder, char **sorted_path,
			  struct nfm_error *error);

#endif
