// SPDX-License-Identifier: GPL-2.0-only
/* One customer's line of a report, out of its entries. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/report_work.h"

void nfm_report_batch_clear(struct nfm_report_batch *batch)
{
	free(batch->part);
	free(batch->amount);
	free(batch->earlier);
	*batch = (struct nfm_report_batch){ 0 };
}

int nfm_report_worker_init(struct nfm_report_worker *worker, const struct nfm_plan *plan,
			   const struct nfm_samples *samples, unsigned int percentile)
{
	size_t points = 1;

	for (uint32_t i = 0; i < plan->rollup_count; i++)
		points = NFM_MAX(points, plan->rollup[i].head->points);
	*worker = (struct nfm_report_worker){
		.plan = plan,
		.samples = samples,
		.percentile = percentile,
		.up = malloc((samples->count + 1ULL) * sizeof(uint64_t)),
		.down = malloc((samples->count + 1ULL) * sizeof(uint64_t)),
		.column = malloc(points * NFM_CELL_COLUMNS * sizeof(uint64_t)),
	};
	if (worker->up && worker->down && worker->column)
		return 0;
	nfm_report_worker_clear(worker);
	return -ENOMEM;
}

void nfm_report_worker_clear(struct nfm_report_worker *worker)
{
	free(worker->up);
	free(worker->down);
	free(worker->column);
	free(worker->cells);
	*worker = (struct nfm_report_worker){ 0 };
}

/* ---- a rollup's entry ---- */

/* The grid's points are samples: its columns can be unpacked where they belong. */
static bool is_direct(const struct nfm_samples *samples, const struct nfm_plan_rollup *rollup)
{
	const struct nfm_grid *grid = &rollup->head->grid;

	return grid->step_ms == samples->sample_ms &&
	       rollup->window.from_unix_ms == grid->from_unix_ms &&
	       rollup->window.to_unix_ms == grid->to_unix_ms &&
	       grid->from_unix_ms >= samples->base_unix_ms &&
	       (grid->from_unix_ms - samples->base_unix_ms) % samples->sample_ms == 0 &&
	       (grid->from_unix_ms - samples->base_unix_ms) / samples->sample_ms +
			       rollup->head->points <= samples->count;
}

static int add_direct(const struct nfm_report_worker *worker,
		      const struct nfm_plan_rollup *rollup, const struct nfm_series_entry *entry)
{
	const struct nfm_samples *samples = worker->samples;
	size_t first = (rollup->head->grid.from_unix_ms - samples->base_unix_ms) /
		       samples->sample_ms;
	uint64_t *column[NFM_CELL_COLUMNS] = {
		[NFM_CELL_UP_BYTES] = worker->up + first,
		[NFM_CELL_DOWN_BYTES] = worker->down + first,
	};
	int err = nfm_series_reader_columns(rollup->reader, entry, column);

	if (err) {
		memset(worker->up + first, 0, rollup->head->points * sizeof(uint64_t));
		memset(worker->down + first, 0, rollup->head->points * sizeof(uint64_t));
	}
	return err;
}

static int add_spread(const struct nfm_report_worker *worker,
		      const struct nfm_plan_rollup *rollup, const struct nfm_series_entry *entry)
{
	const struct nfm_grid *grid = &rollup->head->grid;
	uint32_t points = rollup->head->points;
	uint64_t *column[NFM_CELL_COLUMNS] = {
		[NFM_CELL_UP_BYTES] = worker->column,
		[NFM_CELL_DOWN_BYTES] = worker->column + points,
	};
	int err = nfm_series_reader_columns(rollup->reader, entry, column);

	for (uint32_t i = 0; i < points && !err; i++) {
		uint64_t from_ms = grid->from_unix_ms + i * grid->step_ms;
		uint64_t to_ms = NFM_MIN(from_ms + grid->step_ms, grid->to_unix_ms);

		nfm_samples_add(worker->samples, worker->up, column[NFM_CELL_UP_BYTES][i], from_ms,
				to_ms, rollup->window.from_unix_ms, rollup->window.to_unix_ms);
		nfm_samples_add(worker->samples, worker->down, column[NFM_CELL_DOWN_BYTES][i],
				from_ms, to_ms, rollup->window.from_unix_ms,
				rollup->window.to_unix_ms);
	}
	return err;
}

/* What of a column lies in the rollup's window. */
static uint64_t sum_window(const struct nfm_plan_rollup *rollup, const uint64_t *column)
{
	const struct nfm_grid *grid = &rollup->head->grid;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rollup->head->points; i++) {
		uint64_t from_ms = grid->from_unix_ms + i * grid->step_ms;
		uint64_t to_ms = NFM_MIN(from_ms + grid->step_ms, grid->to_unix_ms);

		if (from_ms >= rollup->window.from_unix_ms && to_ms <= rollup->window.to_unix_ms)
			sum += column[i];
		else
			sum += nfm_cell_part(column[i], from_ms, to_ms,
					     rollup->window.from_unix_ms,
					     rollup->window.to_unix_ms);
	}
	return sum;
}

static void add_counts(struct nfm_report_job *job, const uint64_t sum[NFM_CELL_COLUMNS])
{
	job->up.packets += sum[NFM_CELL_UP_PACKETS];
	job->up.flows += sum[NFM_CELL_UP_FLOWS];
	job->down.packets += sum[NFM_CELL_DOWN_PACKETS];
	job->down.flows += sum[NFM_CELL_DOWN_FLOWS];
}

/* Packets and flows out of the rollup by day, where there is one: 1; 0: there is not. */
static int add_day(const struct nfm_plan_rollup *rollup, const struct nfm_series_entry *entry,
		   struct nfm_report_job *job)
{
	uint64_t sum[NFM_CELL_COLUMNS] = { 0 };
	uint64_t *column[NFM_CELL_COLUMNS] = { NULL };
	struct nfm_series_entry day;

	if (!rollup->sums)
		return 0;
	/* of the same sources, and so with the same entries */
	if ((!nfm_series_reader_entry(rollup->sums, entry->number, &day) ||
	     day.kind != entry->kind || strcmp(day.id, entry->id) != 0) &&
	    nfm_series_reader_find(rollup->sums, entry->kind, entry->id, &day) != 1)
		return 0;
	for (int c = NFM_CELL_UP_PACKETS; c <= NFM_CELL_DOWN_FLOWS; c++)
		column[c] = &sum[c];
	if (nfm_series_reader_columns(rollup->sums, &day, column))
		return 0;
	add_counts(job, sum);
	return 1;
}

static int add_part(const struct nfm_report_worker *worker, const struct nfm_report_part *part,
		    struct nfm_report_job *job)
{
	const struct nfm_plan_rollup *rollup = &worker->plan->rollup[part->rollup];
	uint64_t sum[NFM_CELL_COLUMNS] = { 0 };
	uint64_t *column[NFM_CELL_COLUMNS] = { NULL };
	int err = is_direct(worker->samples, rollup) ? add_direct(worker, rollup, &part->entry) :
						       add_spread(worker, rollup, &part->entry);

	if (err || add_day(rollup, &part->entry, job))
		return err;
	for (int c = NFM_CELL_UP_PACKETS; c <= NFM_CELL_DOWN_FLOWS; c++)
		column[c] = worker->column + (size_t)c * rollup->head->points;
	err = nfm_series_reader_columns(rollup->reader, &part->entry, column);
	for (int c = NFM_CELL_UP_PACKETS; c <= NFM_CELL_DOWN_FLOWS && !err; c++)
		sum[c] = sum_window(rollup, column[c]);
	add_counts(job, sum);
	return err;
}

/* ---- a snapshot's entry ---- */

struct adding {
	const struct nfm_report_worker *worker;
	struct nfm_report_job *job;
};

static void add_cell(void *cookie, const struct nfm_cell *cell,
		     const struct nfm_plan_window *window)
{
	const struct adding *adding = cookie;
	const struct nfm_samples *samples = adding->worker->samples;
	uint64_t sum[NFM_CELL_COLUMNS] = { 0 };

	nfm_samples_add(samples, adding->worker->up, cell->column[NFM_CELL_UP_BYTES],
			cell->from_unix_ms, cell->to_unix_ms, window->from_unix_ms,
			window->to_unix_ms);
	nfm_samples_add(samples, adding->worker->down, cell->column[NFM_CELL_DOWN_BYTES],
			cell->from_unix_ms, cell->to_unix_ms, window->from_unix_ms,
			window->to_unix_ms);
	for (int c = NFM_CELL_UP_PACKETS; c <= NFM_CELL_DOWN_FLOWS; c++) {
		if (cell->column[c])
			sum[c] = nfm_cell_part(cell->column[c], cell->from_unix_ms,
					       cell->to_unix_ms, window->from_unix_ms,
					       window->to_unix_ms);
	}
	add_counts(adding->job, sum);
}

static int add_amount(struct nfm_report_worker *worker, const struct nfm_report_batch *batch,
		      const struct nfm_report_amount *amount, struct nfm_report_job *job)
{
	const struct nfm_plan_snapshot *snapshot = &worker->plan->snapshot[amount->snapshot];
	struct adding adding = { worker, job };
	uint32_t count;

	if (worker->cell_room < amount->earlier + 1) {
		free(worker->cells);
		worker->cell_room = 0;
		worker->cells = malloc((amount->earlier + 1ULL) * sizeof(*worker->cells));
		if (!worker->cells)
			return -ENOMEM;
		worker->cell_room = amount->earlier + 1;
	}
	count = nfm_cells_of_entry(&snapshot->meta, &amount->up, &amount->down,
				   batch->earlier + amount->first_earlier, amount->earlier,
				   worker->cells);
	for (uint32_t i = 0; i < count; i++)
		nfm_plan_snapshot_cell(worker->plan, snapshot, &worker->cells[i], add_cell,
				       &adding);
	return 0;
}

/* ---- the line ---- */

void nfm_report_work(struct nfm_report_worker *worker, const struct nfm_report_batch *batch,
		     struct nfm_report_job *job)
{
	struct nfm_rates_bytes up = { .by_sample = worker->up };
	struct nfm_rates_bytes down = { .by_sample = worker->down };
	uint32_t count = worker->samples->count;

	memset(worker->up, 0, count * sizeof(*worker->up));
	memset(worker->down, 0, count * sizeof(*worker->down));
	/* rollups first: they are unpacked over what stands there */
	for (uint32_t i = 0; i < job->parts; i++) {
		const struct nfm_report_part *part = &batch->part[job->first_part + i];

		if (add_part(worker, part, job) && !job->damaged)
			job->damaged = part->rollup + 1;
	}
	for (uint32_t i = 0; i < job->amounts && !job->err; i++)
		job->err = add_amount(worker, batch, &batch->amount[job->first_amount + i], job);
	job->up.bytes = up.sum = nfm_rates_sum(worker->samples, up.by_sample);
	job->down.bytes = down.sum = nfm_rates_sum(worker->samples, down.by_sample);
	nfm_rates_of(worker->samples, worker->percentile, &up, &down, &job->rates);
}
