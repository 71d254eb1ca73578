// SPDX-License-Identifier: GPL-2.0-only
#include "http/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define WORKERS_MOST 16U
#define KEPT 32U /* answers that may be used again */

struct job {
	struct job *next;
	struct nfm_request *request;
	char *key;
	struct nfm_waiter *waiters;
	uint64_t generation; /* of the answers, when somebody began to work on it */
};

struct kept {
	char *key;
	struct nfm_answer *answer;
	uint64_t until_ns; /* CLOCK_MONOTONIC */
};

struct nfm_jobs {
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	pthread_t thread[WORKERS_MOST];
	unsigned int threads;
	bool stopping;
	uint64_t generation; /* answers begun before the last nfm_jobs_forget() are not kept */
	struct job *queue, **queue_end; /* nobody is at work on them */
	unsigned int queued, queue_most;
	struct job *working;
	unsigned int slow, slow_most; /* of these */
	struct kept kept[KEPT];
	nfm_jobs_make *make;
	void *cookie;
};

static void job_free(struct job *job)
{
	nfm_request_free(job->request);
	free(job->key);
	free(job);
}

/* ---- answers that are at hand ---- */

static void kept_clear(struct kept *kept)
{
	nfm_answer_unref(kept->answer);
	free(kept->key);
	*kept = (struct kept){ 0 };
}

static struct nfm_answer *find_kept(struct nfm_jobs *jobs, const char *key, uint64_t now_ns)
{
	for (unsigned int i = 0; i < KEPT; i++) {
		struct kept *kept = &jobs->kept[i];

		if (kept->key && now_ns >= kept->until_ns)
			kept_clear(kept);
		if (kept->key && !strcmp(kept->key, key))
			return kept->answer;
	}
	return NULL;
}

/* In the place of the one that is over first. */
static void keep(struct nfm_jobs *jobs, char **key, struct nfm_answer *answer, uint64_t now_ns)
{
	struct kept *oldest = &jobs->kept[0];

	for (unsigned int i = 1; i < KEPT; i++)
		if (jobs->kept[i].until_ns < oldest->until_ns)
			oldest = &jobs->kept[i];
	kept_clear(oldest);
	*oldest = (struct kept){
		.key = NFM_STEAL_PTR(*key),
		.answer = nfm_answer_ref(answer),
		.until_ns = now_ns + answer->age_s * NFM_NS_PER_S,
	};
}

/* ---- work ---- */

static void give(struct nfm_waiter *waiter, struct nfm_answer *answer)
{
	waiter->answer = answer ? nfm_answer_ref(answer) : NULL;
	waiter->wake(waiter);
}

static void give_all(struct job *job, struct nfm_answer *answer)
{
	struct nfm_waiter *next;

	for (struct nfm_waiter *waiter = job->waiters; waiter; waiter = next) {
		next = waiter->next; /* it may be gone once it is woken */
		give(waiter, answer);
	}
}

/* The first job that may be begun: one worker is kept free of those that may take long. */
static struct job *take_job(struct nfm_jobs *jobs)
{
	bool no_slow = jobs->slow >= jobs->slow_most;
	struct job **at = &jobs->queue, *job;

	while (*at && no_slow && nfm_route_is_slow((*at)->request->route))
		at = &(*at)->next;
	job = *at;
	if (!job)
		return NULL;
	*at = job->next;
	if (!job->next)
		jobs->queue_end = at;
	jobs->queued--;
	jobs->slow += nfm_route_is_slow(job->request->route);
	job->generation = jobs->generation;
	job->next = jobs->working;
	jobs->working = job;
	return job;
}

static void end_job(struct nfm_jobs *jobs, struct job *job)
{
	struct job **at = &jobs->working;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	jobs->slow -= nfm_route_is_slow(job->request->route);
	pthread_cond_signal(&jobs->wake); /* whoever was kept waiting may be next */
}

static void work(struct nfm_jobs *jobs, struct job *job)
{
	struct nfm_answer *answer;

	pthread_mutex_unlock(&jobs->mutex);
	answer = jobs->make(jobs->cookie, job->request);
	pthread_mutex_lock(&jobs->mutex);
	end_job(jobs, job); /* from now on nobody joins those who wait for it */
	if (answer && job->key && answer->age_s && answer->status == 200 &&
	    job->generation == jobs->generation)
		keep(jobs, &job->key, answer, nfm_clock_monotonic_ns());
	pthread_mutex_unlock(&jobs->mutex);
	give_all(job, answer);
	nfm_answer_unref(answer);
	job_free(job);
	pthread_mutex_lock(&jobs->mutex);
}

static void *worker(void *cookie)
{
	struct nfm_jobs *jobs = cookie;
	struct job *job;

	pthread_mutex_lock(&jobs->mutex);
	while (!jobs->stopping) {
		job = take_job(jobs);
		if (job)
			work(jobs, job);
		else
			pthread_cond_wait(&jobs->wake, &jobs->mutex);
	}
	pthread_mutex_unlock(&jobs->mutex);
	return NULL;
}

/* ---- asking ---- */

/* One under way may have looked before what was forgotten since: its answer is of then. */
static struct job *find_job(struct nfm_jobs *jobs, const char *key)
{
	struct job *job;

	for (job = jobs->working; job; job = job->next)
		if (job->key && job->generation == jobs->generation && !strcmp(job->key, key))
			return job;
	for (job = jobs->queue; job; job = job->next)
		if (job->key && !strcmp(job->key, key))
			return job;
	return NULL;
}

static int add_job(struct nfm_jobs *jobs, struct nfm_request *request, char **key,
		   struct nfm_waiter *waiter)
{
	struct job *job;

	if (jobs->stopping || jobs->queued == jobs->queue_most)
		return -EAGAIN;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	*job = (struct job){
		.request = request,
		.key = NFM_STEAL_PTR(*key),
		.waiters = waiter,
	};
	*jobs->queue_end = job;
	jobs->queue_end = &job->next;
	jobs->queued++;
	pthread_cond_signal(&jobs->wake);
	return 0;
}

int nfm_jobs_ask(struct nfm_jobs *jobs, struct nfm_request *request, struct nfm_waiter *waiter)
{
	bool is_get = request->method == NFM_METHOD_GET;
	_cleanup_free_ char *key = is_get ? nfm_request_key(request) : NULL;
	struct nfm_answer *answer = NULL;
	struct job *same = NULL;
	int err = 0;

	waiter->next = NULL;
	if (is_get && !key) {
		nfm_request_free(request);
		return -ENOMEM;
	}
	pthread_mutex_lock(&jobs->mutex);
	if (key) {
		answer = find_kept(jobs, key, nfm_clock_monotonic_ns());
		same = find_job(jobs, key);
	}
	if (answer) {
		nfm_answer_ref(answer);
	} else if (same) {
		waiter->next = same->waiters;
		same->waiters = waiter;
	} else {
		err = add_job(jobs, request, &key, waiter);
		request = err ? request : NULL;
	}
	pthread_mutex_unlock(&jobs->mutex);
	nfm_request_free(request);
	if (answer)
		give(waiter, answer);
	nfm_answer_unref(answer);
	return err;
}

void nfm_jobs_forget(struct nfm_jobs *jobs)
{
	pthread_mutex_lock(&jobs->mutex);
	jobs->generation++;
	for (unsigned int i = 0; i < KEPT; i++)
		kept_clear(&jobs->kept[i]);
	pthread_mutex_unlock(&jobs->mutex);
}

/* ---- start and stop ---- */

int nfm_jobs_start(struct nfm_jobs **out, unsigned int workers, unsigned int queue,
		   nfm_jobs_make *make, void *cookie, struct nfm_error *error)
{
	struct nfm_jobs *jobs = calloc(1, sizeof(*jobs));
	int code = 0;

	if (!jobs)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	pthread_mutex_init(&jobs->mutex, NULL);
	pthread_cond_init(&jobs->wake, NULL);
	jobs->queue_end = &jobs->queue;
	jobs->queue_most = queue;
	jobs->slow_most = workers > 1 ? workers - 1 : 1;
	jobs->make = make;
	jobs->cookie = cookie;
	while (!code && jobs->threads < NFM_MIN(workers, WORKERS_MOST)) {
		code = pthread_create(&jobs->thread[jobs->threads], NULL, worker, jobs);
		jobs->threads += !code;
	}
	if (code) {
		nfm_jobs_stop(jobs);
		return nfm_error_set(error, -code, "cannot start a thread: %s", strerror(code));
	}
	*out = jobs;
	return 0;
}

void nfm_jobs_stop(struct nfm_jobs *jobs)
{
	struct job *job;

	if (!jobs)
		return;
	pthread_mutex_lock(&jobs->mutex);
	jobs->stopping = true;
	pthread_cond_broadcast(&jobs->wake);
	pthread_mutex_unlock(&jobs->mutex);
	for (unsigned int i = 0; i < jobs->threads; i++)
		pthread_join(jobs->thread[i], NULL);
	while ((job = jobs->queue)) {
		jobs->queue = job->next;
		give_all(job, NULL);
		job_free(job);
	}
	nfm_jobs_forget(jobs);
	pthread_cond_destroy(&jobs->wake);
	pthread_mutex_destroy(&jobs->mutex);
	free(jobs);
}
