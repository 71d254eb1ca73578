/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a history: snapshots in a folder, and rollups in its folder `rollup`. */
#ifndef NFM_HISTORY_FILES_H
#define NFM_HISTORY_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "history/cells.h"
#include "snapshot/snapshot.h"

#define NFM_ROLLUP_FOLDER "rollup" /* in the folder of the snapshots */

enum nfm_rollup_tier { NFM_TIER_SAMPLES, NFM_TIER_HOURS, NFM_TIER_DAYS, NFM_TIERS };

/** "samples", "hours", "days". */
const char *nfm_rollup_tier_name(enum nfm_rollup_tier tier);

struct nfm_rollup_file {
	char name[32];	      /* samples.20261122 */
	uint64_t day_unix_s;  /* local midnight of its name */
};

/** The rollups of a tier, by time; *out is malloc'd. No folder: none. */
int nfm_files_rollups(const char *directory, enum nfm_rollup_tier tier,
		      struct nfm_rollup_file **out, uint32_t *count, struct nfm_error *error);

/** A snapshot file by its name alone: cheap, whatever their number. */
struct nfm_snapshot_file {
	char name[48];
	uint64_t unix_s; /* the time in its name */
};

/** All snapshots of the folder itself, by time and name; *out is malloc'd. */
int nfm_files_snapshots(const char *directory, struct nfm_snapshot_file **out, uint32_t *count,
			struct nfm_error *error);

/**
 * What a snapshot knows beside its amounts, as cells (columns: enum nfm_cell_quality): covered time
 * (from to, less its gaps) in pieces, and one cell over [from, to) with loss and rejections. Loss
 * stands in files as a sum since the table was made: `before` is the file of the same table and the
 * epoch before (NULL: not known), whose sums are subtracted; of the first epoch of a table (2)
 * everything is new. A sum that sank (late arrivals) is a loss of 0. `out` has room for
 * NFM_SNAPSHOT_GAPS + 2.
 */
struct nfm_loss {
	uint64_t records, datagrams; /* by the unit of the streams, since the table was made */
};

/**
 * Reads exporters and reasons of an open reader, which then stands behind them. A reader that
 * nobody has taken customers from passes over them. -errno of the reader.
 */
int nfm_files_quality(struct nfm_snapshot_reader *reader, const struct nfm_loss *before,
		      struct nfm_loss *loss, struct nfm_cell *out, uint32_t *count);

#endif
