// SPDX-License-Identifier: GPL-2.0-only
/* Coverage, loss and gaps of a range. */
#include "history/overview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/gaps.h"

#define SAMPLE_LEAST_S 300U
#define SAMPLE_MOST_S 86400U /* of days that have 23 or 25 hours, too */

/* Of the bounds the last one that is not behind a moment, which lies within them. */
static uint32_t find_step(const struct nfm_overview_steps *steps, uint64_t unix_ms)
{
	uint32_t low = 0, high = steps->count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (steps->bound_unix_ms[middle] <= unix_ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void nfm_overview_spread(const struct nfm_overview_steps *steps, const struct nfm_cell *cell,
			 const struct nfm_plan_window *window)
{
	uint64_t at = NFM_MAX(NFM_MAX(cell->from_unix_ms, window->from_unix_ms),
			      steps->bound_unix_ms[0]);
	uint64_t end = NFM_MIN(NFM_MIN(NFM_MAX(cell->to_unix_ms, cell->from_unix_ms + 1),
				       window->to_unix_ms), steps->bound_unix_ms[steps->count]);

	if (at >= end)
		return;
	for (uint32_t i = find_step(steps, at); at < end; i++) {
		uint64_t next = NFM_MIN(steps->bound_unix_ms[i + 1], end);

		for (int c = 0; c < NFM_CELL_COLUMNS; c++) {
			if (cell->column[c])
				steps->column[c][i] += nfm_cell_part(cell->column[c],
								     cell->from_unix_ms,
								     cell->to_unix_ms, at, next);
		}
		at = next;
	}
}

static uint32_t choose_sample_s(uint32_t finest_s)
{
	if (finest_s > SAMPLE_MOST_S / 2)
		return SAMPLE_MOST_S;
	return NFM_MAX(finest_s, SAMPLE_LEAST_S);
}

struct overview {
	const struct nfm_overview_steps *steps;
	struct nfm_overview_steps whole; /* one step: the range */
	struct nfm_samples *samples;
	struct nfm_gaps gaps;
};

static void take(void *cookie, const struct nfm_cell *cell, const struct nfm_plan_window *window)
{
	struct overview *overview = cookie;

	nfm_overview_spread(&overview->whole, cell, window);
	if (overview->steps)
		nfm_overview_spread(overview->steps, cell, window);
	nfm_samples_add(overview->samples, overview->samples->covered_ms,
			cell->column[NFM_CELL_COVERED_MS], cell->from_unix_ms, cell->to_unix_ms,
			window->from_unix_ms, window->to_unix_ms);
	nfm_gaps_take(&overview->gaps, cell, window);
}

/* Files of two tables, or of a clock that was set back, may cover a time twice. */
static void cut_covered(const struct nfm_overview_steps *steps)
{
	uint64_t *covered_ms = steps->column[NFM_CELL_COVERED_MS];

	for (uint32_t i = 0; i < steps->count; i++)
		covered_ms[i] = NFM_MIN(covered_ms[i], steps->bound_unix_ms[i + 1] -
							       steps->bound_unix_ms[i]);
}

/* All that is covered: what is covered twice makes up for no hole. */
static uint64_t sum_covered_ms(const struct nfm_samples *samples)
{
	uint64_t sum_ms = 0;

	for (uint32_t i = 0; i < samples->count; i++) {
		uint64_t from_ms = samples->base_unix_ms + (uint64_t)i * samples->sample_ms;
		uint64_t to_ms = NFM_MIN(from_ms + samples->sample_ms, samples->to_unix_ms);

		from_ms = NFM_MAX(from_ms, samples->from_unix_ms);
		sum_ms += NFM_MIN(samples->covered_ms[i], to_ms - from_ms);
	}
	return sum_ms;
}

static void fill_head(struct nfm_plan *plan, const struct nfm_samples *samples,
		      const uint64_t *column, struct nfm_history_head *head)
{
	head->from_unix_s = plan->range.from_unix_ms / 1000;
	head->to_unix_s = plan->range.to_unix_ms / 1000;
	head->elapsed_ms = plan->closed_unix_ms - plan->range.from_unix_ms;
	head->finest_s = plan->finest_s;
	head->quality = (struct nfm_history_quality){
		.covered_ms = NFM_MIN(sum_covered_ms(samples), head->elapsed_ms),
		.lost_records = column[NFM_CELL_LOST_RECORDS],
		.lost_datagrams = column[NFM_CELL_LOST_DATAGRAMS],
		.rejected_records = column[NFM_CELL_REJECTED_RECORDS],
		.rejected_datagrams = column[NFM_CELL_REJECTED_DATAGRAMS],
		.unbalanced = column[NFM_CELL_UNBALANCED],
	};
}

int nfm_overview_make(struct nfm_plan *plan, const struct nfm_overview_steps *steps,
		      struct nfm_history_head *head, struct nfm_samples *samples,
		      struct nfm_error *error)
{
	uint32_t sample_s = choose_sample_s(plan->finest_s);
	uint64_t bound[] = { plan->range.from_unix_ms, plan->range.to_unix_ms };
	uint64_t column[NFM_CELL_COLUMNS] = { 0 };
	struct overview overview = {
		.steps = steps,
		.whole = { .bound_unix_ms = bound, .count = 1 },
		.samples = samples,
	};
	int err;

	for (int c = 0; c < NFM_CELL_COLUMNS; c++)
		overview.whole.column[c] = &column[c];
	err = nfm_samples_make(plan->data.from_unix_ms, plan->data.to_unix_ms, sample_s, samples,
			       error);
	if (err)
		return err;
	err = nfm_plan_walk_quality(plan, take, &overview);
	fill_head(plan, samples, column, head);
	if (!err)
		err = nfm_gaps_list(&overview.gaps, plan->range.from_unix_ms,
				    plan->closed_unix_ms, head);
	nfm_gaps_clear(&overview.gaps);
	if (err)
		return nfm_error_set(error, err, "the history cannot be read: %s", strerror(-err));
	if (steps)
		cut_covered(steps);
	samples->all_covered_ms = head->quality.covered_ms;
	nfm_samples_judge(samples);
	return 0;
}
