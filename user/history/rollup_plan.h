/* SPDX-License-Identifier: GPL-2.0-only */
/* Which days are rolled up, and out of which snapshots. */
#ifndef NFM_ROLLUP_PLAN_H
#define NFM_ROLLUP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "history/files.h"
#include "history/rollup.h"
#include "snapshot/snapshot.h"

/** A snapshot of the folder. */
struct nfm_rollup_source {
	char name[48];
	struct nfm_snapshot_meta meta;
	uint64_t from_unix_ms, to_unix_ms; /* its cells lie in here; equal: at that moment */
	bool left_out;			   /* it could not be read: said once */
	bool loss_known;
	struct nfm_loss loss; /* see nfm_files_quality() */
};

struct nfm_rollup_day {
	char date[16]; /* YYYYmmdd: of the files' names */
	uint64_t from_unix_s, to_unix_s;
	bool wanted[NFM_TIERS]; /* files that are missing */
	uint32_t sources;	/* that touch it */
	bool again; /* made before some of them had come: now of all, or it stays as it is */
};

struct nfm_rollup_plan {
	const char *directory;
	struct nfm_rollup_source *source; /* by time and name */
	uint32_t source_count;
	struct nfm_rollup_day *day;
	uint32_t day_count;
};

/**
 * A day begins where the rollup of the date before ends: at midnight, and elsewhere if the TZ has
 * changed. A day with a file days.* is done, whatever else was expired or removed since; unless a
 * snapshot has come that it does not name, and those that it names are all there.
 */
int nfm_rollup_plan_make(struct nfm_rollup_plan *plan, const char *directory,
			 const struct nfm_rollup_limits *limits, uint64_t now_unix_s,
			 struct nfm_error *error);
void nfm_rollup_plan_clear(struct nfm_rollup_plan *plan);

/** Whether a source has a cell in the day. */
bool nfm_rollup_touches(const struct nfm_rollup_source *source, const struct nfm_rollup_day *day);

#endif
