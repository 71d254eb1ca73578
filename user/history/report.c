// SPDX-License-Identifier: GPL-2.0-only
/* All customers of a range: one thread reads, others compute, and lines come out in order. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "history/history.h"
#include "history/overview.h"
#include "history/plan.h"
#include "history/report_work.h"
#include "history/steps.h"

#define THREADS_MOST 8U
#define BATCHES (2U * THREADS_MOST) /* filled ahead of the line that is due, at most */
#define PERCENTILE 95U
#define PROGRESS_ALL 1000U

/* Batches are numbered; each stands in slot number % BATCHES: emitted <= taken <= filled. */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t filled_one, done_one;
	struct nfm_report_batch batch[BATCHES];
	bool done[BATCHES];
	uint64_t filled, taken, emitted;
	bool stop;
	pthread_t thread[THREADS_MOST];
	struct nfm_report_worker worker[THREADS_MOST];
	struct start {
		struct pool *pool;
		uint32_t number;
	} start[THREADS_MOST];
	uint32_t threads;
};

struct report {
	struct nfm_plan plan;
	struct nfm_samples samples;
	struct nfm_report_merge *merge;
	struct pool pool;
	int (*line)(void *cookie, const struct nfm_report_line *line);
	void *cookie;
};

/* ---- threads ---- */

/* The next batch that nobody works on, or NULL: the work is over. */
static struct nfm_report_batch *take_batch(struct pool *pool, uint64_t *number)
{
	struct nfm_report_batch *batch = NULL;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop && pool->taken == pool->filled)
		pthread_cond_wait(&pool->filled_one, &pool->lock);
	if (!pool->stop) {
		*number = pool->taken++;
		batch = &pool->batch[*number % BATCHES];
	}
	pthread_mutex_unlock(&pool->lock);
	return batch;
}

static void *work(void *cookie)
{
	const struct start *start = cookie;
	struct pool *pool = start->pool;
	struct nfm_report_batch *batch;
	uint64_t number;

	while ((batch = take_batch(pool, &number))) {
		for (uint32_t i = 0; i < batch->jobs; i++)
			nfm_report_work(&pool->worker[start->number], batch, &batch->job[i]);
		pthread_mutex_lock(&pool->lock);
		pool->done[number % BATCHES] = true;
		pthread_cond_signal(&pool->done_one);
		pthread_mutex_unlock(&pool->lock);
	}
	return NULL;
}

static void pool_stop(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->filled_one);
	pthread_mutex_unlock(&pool->lock);
	for (uint32_t i = 0; i < pool->threads; i++)
		pthread_join(pool->thread[i], NULL);
	for (uint32_t i = 0; i < THREADS_MOST; i++)
		nfm_report_worker_clear(&pool->worker[i]);
	for (uint32_t i = 0; i < BATCHES; i++)
		nfm_report_batch_clear(&pool->batch[i]);
	pthread_cond_destroy(&pool->filled_one);
	pthread_cond_destroy(&pool->done_one);
	pthread_mutex_destroy(&pool->lock);
}

static int pool_start(struct report *report, unsigned int percentile)
{
	struct pool *pool = &report->pool;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t wanted = (uint32_t)NFM_MIN(NFM_MAX(processors, 1), (long)THREADS_MOST);
	int err = 0;

	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->filled_one, NULL);
	pthread_cond_init(&pool->done_one, NULL);
	for (uint32_t i = 0; i < wanted && !err; i++) {
		pool->start[i] = (struct start){ pool, i };
		err = nfm_report_worker_init(&pool->worker[i], &report->plan, &report->samples,
					     percentile);
		if (!err)
			err = -pthread_create(&pool->thread[i], NULL, work, &pool->start[i]);
		if (!err)
			pool->threads++;
	}
	return pool->threads ? 0 : err; /* fewer do as well */
}

/* ---- lines ---- */

static void tell_damaged(struct report *report, const struct nfm_report_job *job)
{
	struct nfm_plan_rollup *rollup = &report->plan.rollup[job->damaged - 1];
	struct nfm_error error;

	nfm_error_set(&error, -EBADMSG,
		      "%s: the entry of %s is damaged: its bytes of that day are missing",
		      rollup->path, *job->id ? job->id : "unmatched or local");
	nfm_plan_damaged(&report->plan, &rollup->damaged, &error);
}

static int emit_job(struct report *report, const struct nfm_report_job *job)
{
	struct nfm_report_line line = {
		.kind = job->kind,
		.id = job->id,
		.name = job->name,
		.up = job->up,
		.down = job->down,
		.rates = job->rates,
	};

	if (job->damaged)
		tell_damaged(report, job);
	if (job->err)
		return job->err;
	if (job->kind == NFM_HISTORY_CUSTOMER &&
	    !(job->up.bytes | job->up.packets | job->up.flows | job->down.bytes |
	      job->down.packets | job->down.flows))
		return 0;
	return report->line(report->cookie, &line);
}

/* Waits for the batch that is due; its lines. */
static int emit(struct report *report)
{
	struct pool *pool = &report->pool;
	uint32_t slot = pool->emitted % BATCHES;
	const struct nfm_report_batch *batch = &pool->batch[slot];
	int code = 0;

	pthread_mutex_lock(&pool->lock);
	while (!pool->done[slot])
		pthread_cond_wait(&pool->done_one, &pool->lock);
	pool->done[slot] = false;
	pthread_mutex_unlock(&pool->lock);
	for (uint32_t i = 0; i < batch->jobs && !code; i++)
		code = emit_job(report, &batch->job[i]);
	pool->emitted++;
	return code;
}

/* *ended: there are no more customers. */
static int fill(struct report *report, bool *ended)
{
	struct pool *pool = &report->pool;
	struct nfm_report_batch *batch = &pool->batch[pool->filled % BATCHES];
	int err = nfm_report_merge_next(report->merge, batch);

	*ended = !batch->jobs;
	if (err || *ended)
		return err;
	pthread_mutex_lock(&pool->lock);
	pool->filled++;
	pthread_cond_signal(&pool->filled_one);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

static int tell_progress(const struct report *report)
{
	const struct nfm_history_options *options = report->plan.options;

	if (options->progress &&
	    options->progress(options->cookie, nfm_report_merge_done(report->merge), PROGRESS_ALL))
		return -ECANCELED;
	return 0;
}

static int walk(struct report *report)
{
	struct pool *pool = &report->pool;
	bool ended = false;
	int code = 0;

	while (!code && (!ended || pool->emitted < pool->filled)) {
		if (!ended && pool->filled < pool->emitted + BATCHES)
			code = fill(report, &ended);
		else
			code = emit(report);
		if (!code)
			code = tell_progress(report);
	}
	return code;
}

static void report_free(struct report **report)
{
	if (!*report)
		return;
	nfm_report_merge_free((*report)->merge);
	nfm_samples_clear(&(*report)->samples);
	nfm_plan_clear(&(*report)->plan);
	free(*report);
}

/* What the threads start from. */
static int prepare(struct report *report, const struct nfm_history_options *options,
		   const struct nfm_history_range *range, struct nfm_history_head *head,
		   struct nfm_error *error)
{
	int err = nfm_plan_make(options, range->from_unix_s, range->to_unix_s, &report->plan,
				error);

	if (!err)
		err = nfm_overview_make(&report->plan, NULL, head, &report->samples, error);
	if (!err)
		err = nfm_report_merge_open(&report->plan, &report->merge, error);
	return err;
}

int nfm_report_read(const struct nfm_history_options *options, uint64_t from_unix_s,
		    uint64_t to_unix_s, struct nfm_history_head *head,
		    int (*line)(void *cookie, const struct nfm_report_line *line), void *cookie,
		    struct nfm_error *error)
{
	const struct nfm_history_range range = { from_unix_s, to_unix_s, NFM_STEP_SECONDS, 0 };
	_cleanup_(report_free) struct report *report = calloc(1, sizeof(*report));
	struct nfm_history_head made = { 0 };
	int code = nfm_steps_check_range(&range, error);

	if (!code && !report)
		code = nfm_error_set(error, -ENOMEM, "out of memory");
	if (!code)
		code = prepare(report, options, &range, &made, error);
	if (code)
		return code;
	report->line = line;
	report->cookie = cookie;
	made.damaged = report->plan.damaged;
	*head = made;
	code = pool_start(report, options->percentile ? options->percentile : PERCENTILE);
	if (!code)
		code = walk(report);
	pool_stop(&report->pool);
	head->damaged = report->plan.damaged;
	if (code < 0)
		nfm_error_set(error, code, "the report cannot be made: %s", strerror(-code));
	return code;
}
