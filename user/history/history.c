// SPDX-License-Identifier: GPL-2.0-only
/* One customer over time. */
#include "history/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/overview.h"
#include "history/plan.h"
#include "history/rates.h"
#include "history/steps.h"

#define PERCENTILE 95U

/* What is summed while the files are walked over. */
struct work {
	struct nfm_plan plan;
	struct nfm_samples samples;
	uint64_t *bound_unix_s;
	uint32_t count;
	struct nfm_overview_steps amount, quality; /* their columns are one piece of memory each */
	uint64_t *up, *down; /* bytes by sample */
};

static void work_clear(struct work *work)
{
	nfm_plan_clear(&work->plan);
	nfm_samples_clear(&work->samples);
	free(work->bound_unix_s);
	free(work->amount.bound_unix_ms);
	free(work->amount.column[0]);
	free(work->quality.column[0]);
	free(work->up);
	free(work->down);
}

static int steps_init(struct nfm_overview_steps *steps, uint64_t *bound_unix_ms, uint32_t count)
{
	uint64_t *columns = calloc((size_t)count * NFM_CELL_COLUMNS, sizeof(*columns));

	if (!columns)
		return -ENOMEM;
	steps->bound_unix_ms = bound_unix_ms;
	steps->count = count;
	for (int c = 0; c < NFM_CELL_COLUMNS; c++)
		steps->column[c] = columns + (size_t)c * count;
	return 0;
}

static int work_steps(struct work *work, const struct nfm_history_range *range,
		      struct nfm_error *error)
{
	uint64_t *bound_unix_ms;
	int err = nfm_steps_make(range, &work->bound_unix_s, &work->count, error);

	if (err)
		return err;
	bound_unix_ms = malloc(((size_t)work->count + 1) * sizeof(*bound_unix_ms));
	work->amount.bound_unix_ms = bound_unix_ms;
	if (!bound_unix_ms || steps_init(&work->amount, bound_unix_ms, work->count) ||
	    steps_init(&work->quality, bound_unix_ms, work->count))
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i <= work->count; i++)
		bound_unix_ms[i] = work->bound_unix_s[i] * 1000;
	return 0;
}

/*
 * Amounts are read before quality, which leaves out the files that were found to be damaged; so
 * the samples are not known yet. What goes to them is kept by cell.
 */
struct kept {
	uint64_t from_unix_ms, to_unix_ms, up_bytes, down_bytes;
	struct nfm_plan_window window;
};

struct taking {
	struct work *work;
	struct kept *kept;
	size_t count, room;
	bool failed;
};

static void take_amount(void *cookie, const struct nfm_cell *cell,
			const struct nfm_plan_window *window)
{
	struct taking *taking = cookie;

	nfm_overview_spread(&taking->work->amount, cell, window);
	if (!cell->column[NFM_CELL_UP_BYTES] && !cell->column[NFM_CELL_DOWN_BYTES])
		return;
	if (taking->count == taking->room) {
		size_t room = taking->room ? 2 * taking->room : 1024;
		struct kept *more = reallocarray(taking->kept, room, sizeof(*more));

		if (!more) {
			taking->failed = true;
			return;
		}
		taking->kept = more;
		taking->room = room;
	}
	taking->kept[taking->count++] = (struct kept){
		.from_unix_ms = cell->from_unix_ms,
		.to_unix_ms = cell->to_unix_ms,
		.up_bytes = cell->column[NFM_CELL_UP_BYTES],
		.down_bytes = cell->column[NFM_CELL_DOWN_BYTES],
		.window = *window,
	};
}

static int make_rates(struct work *work, const struct taking *taking, unsigned int percentile,
		      struct nfm_history_rates *out)
{
	struct nfm_rates_bytes up, down;

	work->up = calloc((size_t)work->samples.count + 1, sizeof(*work->up));
	work->down = calloc((size_t)work->samples.count + 1, sizeof(*work->down));
	if (!work->up || !work->down)
		return -ENOMEM;
	for (size_t i = 0; i < taking->count; i++) {
		const struct kept *kept = &taking->kept[i];

		nfm_samples_add(&work->samples, work->up, kept->up_bytes, kept->from_unix_ms,
				kept->to_unix_ms, kept->window.from_unix_ms,
				kept->window.to_unix_ms);
		nfm_samples_add(&work->samples, work->down, kept->down_bytes, kept->from_unix_ms,
				kept->to_unix_ms, kept->window.from_unix_ms,
				kept->window.to_unix_ms);
	}
	up = (struct nfm_rates_bytes){ work->up, nfm_rates_sum(&work->samples, work->up) };
	down = (struct nfm_rates_bytes){ work->down, nfm_rates_sum(&work->samples, work->down) };
	nfm_rates_of(&work->samples, percentile ? percentile : PERCENTILE, &up, &down, out);
	return 0;
}

static int make_points(const struct work *work, struct nfm_history *out)
{
	uint64_t *const *a = work->amount.column;

	out->point = calloc(work->count, sizeof(*out->point));
	if (!out->point)
		return -ENOMEM;
	out->point_count = work->count;
	for (uint32_t i = 0; i < work->count; i++)
		out->point[i] = (struct nfm_history_point){
			.from_unix_s = work->bound_unix_s[i],
			.to_unix_s = work->bound_unix_s[i + 1],
			.up = { a[NFM_CELL_UP_BYTES][i], a[NFM_CELL_UP_PACKETS][i],
				a[NFM_CELL_UP_FLOWS][i] },
			.down = { a[NFM_CELL_DOWN_BYTES][i], a[NFM_CELL_DOWN_PACKETS][i],
				  a[NFM_CELL_DOWN_FLOWS][i] },
		};
	return 0;
}

static void fill_quality(const struct work *work, struct nfm_history *out)
{
	uint64_t *const *q = work->quality.column;

	for (uint32_t i = 0; i < work->count; i++)
		out->point[i].quality = (struct nfm_history_quality){
			.covered_ms = q[NFM_CELL_COVERED_MS][i],
			.lost_records = q[NFM_CELL_LOST_RECORDS][i],
			.lost_datagrams = q[NFM_CELL_LOST_DATAGRAMS][i],
			.rejected_records = q[NFM_CELL_REJECTED_RECORDS][i],
			.rejected_datagrams = q[NFM_CELL_REJECTED_DATAGRAMS][i],
			.unbalanced = q[NFM_CELL_UNBALANCED][i],
		};
}

/* Everything but the plan, into `out`, which may then hold a part of it. */
static int read_customer(struct work *work, enum nfm_history_kind kind, const char *id,
			 unsigned int percentile, struct nfm_history *out, struct nfm_error *error)
{
	struct taking taking = { .work = work };
	int err;

	snprintf(out->id, sizeof(out->id), "%s", kind == NFM_HISTORY_CUSTOMER ? id : "");
	err = nfm_plan_walk_customer(&work->plan, kind, id, take_amount, &taking, out->name,
				     &out->found);
	if (!err && taking.failed)
		err = -ENOMEM;
	if (err)
		nfm_error_set(error, err, "the history cannot be read: %s", strerror(-err));
	else
		err = nfm_overview_make(&work->plan, &work->quality, &out->head, &work->samples,
					error);
	if (!err && (make_points(work, out) ||
		     make_rates(work, &taking, percentile, &out->rates)))
		err = nfm_error_set(error, -ENOMEM, "out of memory");
	if (!err)
		fill_quality(work, out);
	out->head.damaged = work->plan.damaged;
	free(taking.kept);
	return err;
}

int nfm_history_read(const struct nfm_history_options *options, enum nfm_history_kind kind,
		     const char *id, const struct nfm_history_range *range,
		     struct nfm_history *out, struct nfm_error *error)
{
	_cleanup_(work_clear) struct work work = { .count = 0 };
	struct nfm_history history = { .found = false };
	int err = work_steps(&work, range, error);

	if (!err)
		err = nfm_plan_make(options, range->from_unix_s, range->to_unix_s, &work.plan,
				    error);
	if (!err)
		err = read_customer(&work, kind, id, options->percentile, &history, error);
	if (err) {
		nfm_history_clear(&history);
		return err;
	}
	*out = history;
	return 0;
}

/* ---- several customers ---- */

static void spread(void *cookie, const struct nfm_cell *cell,
		   const struct nfm_plan_window *window)
{
	nfm_overview_spread(cookie, cell, window);
}

static int read_one(struct work *work, const char *id, struct nfm_history *out)
{
	int err;

	memset(work->amount.column[0], 0,
	       (size_t)work->count * NFM_CELL_COLUMNS * sizeof(*work->amount.column[0]));
	snprintf(out->id, sizeof(out->id), "%s", id);
	err = nfm_plan_walk_customer(&work->plan, NFM_HISTORY_CUSTOMER, id, spread, &work->amount,
				     out->name, &out->found);
	return err ?: make_points(work, out);
}

/* All amounts before quality: see `kept`. */
static int read_several(struct work *work, const char *const *ids, uint32_t count,
			struct nfm_history *out, struct nfm_error *error)
{
	struct nfm_history_head head = { 0 };
	int err = 0;

	for (uint32_t i = 0; !err && i < count; i++)
		err = read_one(work, ids[i], &out[i]);
	if (err)
		return nfm_error_set(error, err, "the history cannot be read: %s", strerror(-err));
	err = nfm_overview_make(&work->plan, &work->quality, &head, &work->samples, error);
	head.damaged = work->plan.damaged;
	for (uint32_t i = 0; !err && i < count; i++) {
		out[i].head = head;
		fill_quality(work, &out[i]);
	}
	return err;
}

int nfm_history_read_points(const struct nfm_history_options *options, const char *const *ids,
			    uint32_t count, const struct nfm_history_range *range,
			    struct nfm_history *out, struct nfm_error *error)
{
	_cleanup_free_ struct nfm_history *several = calloc(count, sizeof(*several));
	_cleanup_(work_clear) struct work work = { .count = 0 };
	int err = several ? work_steps(&work, range, error) :
			    nfm_error_set(error, -ENOMEM, "out of memory");

	if (!err)
		err = nfm_plan_make(options, range->from_unix_s, range->to_unix_s, &work.plan,
				    error);
	if (!err)
		err = read_several(&work, ids, count, several, error);
	if (!err)
		memcpy(out, several, count * sizeof(*several));
	for (uint32_t i = 0; err && several && i < count; i++)
		nfm_history_clear(&several[i]);
	return err;
}

void nfm_history_clear(struct nfm_history *history)
{
	free(history->point);
	*history = (struct nfm_history){ 0 };
}
