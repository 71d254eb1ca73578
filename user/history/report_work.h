/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A report's customers in batches: where each one's data stand (report_merge.c), what becomes of
 * them (report_work.c, in several threads), one line after another (report.c).
 */
#ifndef NFM_REPORT_WORK_H
#define NFM_REPORT_WORK_H

#include "history/overview.h"
#include "history/plan.h"
#include "history/rates.h"

/** An entry of a rollup. */
struct nfm_report_part {
	uint32_t rollup;
	struct nfm_series_entry entry;
};

/** An entry of a snapshot. */
struct nfm_report_amount {
	uint32_t snapshot;
	struct nfm_snapshot_count up, down;
	uint32_t first_earlier, earlier; /* of batch->earlier */
};

/** One customer of a batch: what it is made of, then what has become of it. */
struct nfm_report_job {
	enum nfm_history_kind kind;
	char id[NFM_SNAPSHOT_ID_SIZE];
	char name[NFM_SNAPSHOT_ID_SIZE];
	uint32_t first_part, parts;
	uint32_t first_amount, amounts;
	struct nfm_snapshot_count up, down;
	struct nfm_history_rates rates;
	uint32_t damaged; /* number of the first rollup whose entry is damaged, + 1; 0: none */
	int err;
};

#define NFM_REPORT_JOBS 64U /* of a batch */

/** Lists grow as needed, and are used again. */
struct nfm_report_batch {
	struct nfm_report_job job[NFM_REPORT_JOBS];
	uint32_t jobs;
	struct nfm_report_part *part;
	uint32_t parts, part_room;
	struct nfm_report_amount *amount;
	uint32_t amounts, amount_room;
	struct nfm_snapshot_earlier *earlier;
	uint32_t earliers, earlier_room;
};

void nfm_report_batch_clear(struct nfm_report_batch *batch);

/** Adds an entry of a snapshot to the job behind the batch's last one. -ENOMEM. */
int nfm_report_batch_add(struct nfm_report_batch *batch, const struct nfm_report_amount *amount,
			 const struct nfm_snapshot_earlier *earlier);

/* ---- work ---- */

/** A thread's own memory. Zero it first. */
struct nfm_report_worker {
	const struct nfm_plan *plan;
	const struct nfm_samples *samples;
	unsigned int percentile;
	uint64_t *up, *down; /* bytes by sample */
	uint64_t *column;    /* of a rollup's entry */
	struct nfm_cell *cells;
	uint32_t cell_room;
};

int nfm_report_worker_init(struct nfm_report_worker *worker, const struct nfm_plan *plan,
			   const struct nfm_samples *samples, unsigned int percentile);
void nfm_report_worker_clear(struct nfm_report_worker *worker);

/** Fills in what becomes of a job. */
void nfm_report_work(struct nfm_report_worker *worker, const struct nfm_report_batch *batch,
		     struct nfm_report_job *job);

/* ---- merge ---- */

struct nfm_report_merge;

/**
 * Opens the streams of the plan's snapshots; where they are too many to be open at once, merges
 * them through files in TMPDIR. -ENOMEM, -ENOSPC…
 */
int nfm_report_merge_open(struct nfm_plan *plan, struct nfm_report_merge **out,
			  struct nfm_error *error);

/** Fills a batch with the next customers, then `unmatched` and `local`; none are left: 0 jobs. */
int nfm_report_merge_next(struct nfm_report_merge *merge, struct nfm_report_batch *batch);

/** How far the walk is, of 1000. */
uint32_t nfm_report_merge_done(const struct nfm_report_merge *merge);
void nfm_report_merge_free(struct nfm_report_merge *merge);

#endif
