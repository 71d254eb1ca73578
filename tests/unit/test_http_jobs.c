// SPDX-License-Identifier: GPL-2.0-only
/* Workers: one computation for all who ask the same, answers that are kept, a full queue. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "http/api.h"
#include "http/jobs.h"

/* Makes answers only while the gate is open; counts them. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned int may;  /* so many more */
	unsigned int made, begun, woken;
	unsigned int status, age_s;
	const struct nfm_route *begun_last;
};

struct waiter {
	struct nfm_waiter base; /* first */
	struct gate *gate;
};

static void wait_until(struct gate *gate, const unsigned int *what, unsigned int least)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 20;
	pthread_mutex_lock(&gate->mutex);
	while (*what < least)
		assert_int_equal(pthread_cond_timedwait(&gate->changed, &gate->mutex, &end), 0);
	pthread_mutex_unlock(&gate->mutex);
}

static void add(struct gate *gate, unsigned int *what, unsigned int number)
{
	pthread_mutex_lock(&gate->mutex);
	*what += number;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->mutex);
}

/* Each answer is another text: its number. */
static struct nfm_answer *make(void *cookie, const struct nfm_request *request)
{
	struct gate *gate = cookie;
	struct nfm_answer *answer;
	char text[16];

	pthread_mutex_lock(&gate->mutex);
	gate->begun_last = request->route;
	gate->begun++;
	pthread_cond_broadcast(&gate->changed);
	while (!gate->may)
		pthread_cond_wait(&gate->changed, &gate->mutex);
	gate->may--;
	snprintf(text, sizeof(text), "%u", ++gate->made);
	answer = gate->status ? nfm_answer_error(gate->status, text) : NULL;
	if (answer)
		answer->age_s = gate->age_s;
	pthread_mutex_unlock(&gate->mutex);
	return answer;
}

static void wake(struct nfm_waiter *waiter)
{
	struct gate *gate = ((struct waiter *)waiter)->gate;

	add(gate, &gate->woken, 1);
}

static struct nfm_request *request_of(const char *path, const char *id)
{
	const struct nfm_route *route = nfm_route_find(path, NFM_METHOD_GET);
	struct nfm_request *request = nfm_request_new(NFM_METHOD_GET, route, path);
	struct nfm_error error;

	assert_non_null(request);
	assert_int_equal(nfm_request_argument(request, "id", id, &error), 0);
	return request;
}

static int ask_of(struct nfm_jobs *jobs, struct gate *gate, const char *path, const char *id,
		  struct waiter *waiter)
{
	*waiter = (struct waiter){ .base.wake = wake, .gate = gate };
	return nfm_jobs_ask(jobs, request_of(path, id), &waiter->base);
}

static int ask(struct nfm_jobs *jobs, struct gate *gate, const char *id, struct waiter *waiter)
{
	return ask_of(jobs, gate, "/api/v1/show", id, waiter);
}

static unsigned int text_of(struct waiter *waiter)
{
	char text[64] = "";

	assert_non_null(waiter->base.answer);
	assert_true(nfm_body_read(&waiter->base.answer->body, 0, text, sizeof(text) - 1) > 0);
	nfm_answer_unref(waiter->base.answer);
	waiter->base.answer = NULL;
	return (unsigned int)strtoul(text + strlen("{\"error\":\""), NULL, 10);
}

static struct nfm_jobs *start(struct gate *gate, unsigned int workers, unsigned int queue)
{
	struct nfm_jobs *jobs = NULL;
	struct nfm_error error;

	*gate = (struct gate){
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.status = 200,
		.age_s = 60,
	};
	assert_int_equal(nfm_jobs_start(&jobs, workers, queue, make, gate, &error), 0);
	return jobs;
}

static void test_shared(void **state)
{
	struct waiter waiters[100], late, other;
	struct gate gate;
	struct nfm_jobs *jobs = start(&gate, 2, 4);

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(waiters); i++)
		assert_int_equal(ask(jobs, &gate, "a", &waiters[i]), 0);
	assert_int_equal(ask(jobs, &gate, "b", &other), 0);
	wait_until(&gate, &gate.begun, 2);
	add(&gate, &gate.may, 2);
	wait_until(&gate, &gate.woken, 101);
	assert_int_equal(gate.made, 2);
	/* what is kept wakes at once */
	assert_int_equal(ask(jobs, &gate, "a", &late), 0);
	assert_int_equal(gate.woken, 102);
	assert_ptr_equal(late.base.answer, waiters[0].base.answer);
	assert_int_not_equal(text_of(&other), text_of(&late));
	for (size_t i = 0; i < NFM_ARRAY_SIZE(waiters); i++)
		text_of(&waiters[i]);
	nfm_jobs_stop(jobs);
}

/* Errors, and answers without an age, are made for each who comes later. */
static void test_not_kept(void **state)
{
	static const struct {
		unsigned int status, age_s;
	} cases[] = { { 404, 60 }, { 200, 0 } };
	struct waiter waiter;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		struct gate gate;
		struct nfm_jobs *jobs = start(&gate, 1, 4);

		gate.status = cases[i].status;
		gate.age_s = cases[i].age_s;
		add(&gate, &gate.may, 2);
		for (unsigned int turn = 1; turn <= 2; turn++) {
			assert_int_equal(ask(jobs, &gate, "a", &waiter), 0);
			wait_until(&gate, &gate.woken, turn);
			assert_int_equal(text_of(&waiter), turn);
		}
		nfm_jobs_stop(jobs);
	}
}

/* An answer is used until it is over, and of many the one that is over first makes room. */
static void test_age(void **state)
{
	struct waiter waiter;
	struct gate gate;
	struct nfm_jobs *jobs = start(&gate, 1, 4);
	const struct timespec nap = { .tv_nsec = 20000000 };
	unsigned int turns = 1;
	char id[16];

	(void)state;
	gate.age_s = 1;
	add(&gate, &gate.may, 10000);
	assert_int_equal(ask(jobs, &gate, "a", &waiter), 0);
	wait_until(&gate, &gate.woken, 1);
	assert_int_equal(text_of(&waiter), 1);
	for (unsigned int made = 1; made == 1; turns++) {
		assert_int_equal(ask(jobs, &gate, "a", &waiter), 0);
		wait_until(&gate, &gate.woken, turns + 1);
		made = text_of(&waiter);
		nanosleep(&nap, NULL);
	}
	assert_true(turns > 2);
	gate.age_s = 60;
	for (unsigned int i = 0; i < 200; i++) { /* far more than are kept */
		snprintf(id, sizeof(id), "id%u", i);
		assert_int_equal(ask(jobs, &gate, id, &waiter), 0);
		wait_until(&gate, &gate.woken, ++turns);
		text_of(&waiter);
	}
	nfm_jobs_stop(jobs);
}

/* What somebody is at work on is of before: who asks afterwards gets another answer. */
static void test_forget(void **state)
{
	struct waiter before, after, last;
	struct gate gate;
	struct nfm_jobs *jobs = start(&gate, 2, 4);

	(void)state;
	assert_int_equal(ask(jobs, &gate, "a", &before), 0);
	wait_until(&gate, &gate.begun, 1);
	nfm_jobs_forget(jobs);
	assert_int_equal(ask(jobs, &gate, "a", &after), 0);
	wait_until(&gate, &gate.begun, 2);
	add(&gate, &gate.may, 2);
	wait_until(&gate, &gate.woken, 2);
	assert_int_not_equal(text_of(&before), text_of(&after));
	assert_int_equal(gate.made, 2);
	nfm_jobs_forget(jobs);
	add(&gate, &gate.may, 1);
	assert_int_equal(ask(jobs, &gate, "a", &last), 0);
	wait_until(&gate, &gate.woken, 3);
	assert_int_equal(text_of(&last), 3);
	nfm_jobs_stop(jobs);
}

static void test_full(void **state)
{
	struct waiter waiters[4], refused;
	struct gate gate;
	struct nfm_jobs *jobs = start(&gate, 1, 2);

	(void)state;
	assert_int_equal(ask(jobs, &gate, "working", &waiters[0]), 0);
	wait_until(&gate, &gate.begun, 1);
	assert_int_equal(ask(jobs, &gate, "a", &waiters[1]), 0);
	assert_int_equal(ask(jobs, &gate, "b", &waiters[2]), 0);
	assert_int_equal(ask(jobs, &gate, "c", &refused), -EAGAIN);
	assert_int_equal(ask(jobs, &gate, "a", &waiters[3]), 0); /* joins */
	add(&gate, &gate.may, 3);
	wait_until(&gate, &gate.woken, 4);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(waiters); i++)
		text_of(&waiters[i]);
	nfm_jobs_stop(jobs);
}

static void *stop_thread(void *cookie)
{
	nfm_jobs_stop(cookie);
	return NULL;
}

/* Who is worked for gets the answer, who waits is woken without one. */
static void test_stop(void **state)
{
	static struct waiter more[20000];
	struct waiter waiters[4];
	struct gate gate;
	struct nfm_jobs *jobs = start(&gate, 1, NFM_ARRAY_SIZE(more) + 4);
	unsigned int asked = 0;
	pthread_t thread;
	char id[16];

	(void)state;
	assert_int_equal(ask(jobs, &gate, "a", &waiters[0]), 0);
	wait_until(&gate, &gate.begun, 1);
	for (size_t i = 1; i < NFM_ARRAY_SIZE(waiters); i++)
		assert_int_equal(ask(jobs, &gate, i == 1 ? "b" : "c", &waiters[i]), 0);
	assert_int_equal(pthread_create(&thread, NULL, stop_thread, jobs), 0);
	do { /* until it says that it stops */
		assert_true(asked < NFM_ARRAY_SIZE(more));
		usleep(1000);
		snprintf(id, sizeof(id), "more%u", asked);
	} while (ask(jobs, &gate, id, &more[asked]) == 0 && ++asked);
	add(&gate, &gate.may, 1);
	pthread_join(thread, NULL);
	assert_int_equal(gate.woken, 4 + asked);
	assert_int_equal(text_of(&waiters[0]), 1);
	for (size_t i = 1; i < NFM_ARRAY_SIZE(waiters); i++)
		assert_null(waiters[i].base.answer);
	nfm_jobs_stop(NULL);
}

/* Whatever takes long leaves a worker to what does not; alone, it gets one after the other. */
static void test_slow(void **state)
{
	struct waiter waiters[5];
	struct gate gate;
	struct nfm_jobs *jobs = start(&gate, 2, 8);

	(void)state;
	assert_int_equal(ask_of(jobs, &gate, "/api/v1/history", "a", &waiters[0]), 0);
	wait_until(&gate, &gate.begun, 1);
	assert_int_equal(ask_of(jobs, &gate, "/api/v1/history", "b", &waiters[1]), 0);
	assert_int_equal(ask_of(jobs, &gate, "/api/v1/history", "c", &waiters[2]), 0);
	assert_int_equal(ask(jobs, &gate, "quick", &waiters[3]), 0);
	wait_until(&gate, &gate.begun, 2);
	assert_string_equal(gate.begun_last->path, "/api/v1/show");
	add(&gate, &gate.may, 4);
	wait_until(&gate, &gate.woken, 4); /* none was forgotten */
	assert_int_equal(ask(jobs, &gate, "another", &waiters[4]), 0); /* behind the end */
	add(&gate, &gate.may, 1);
	wait_until(&gate, &gate.woken, 5);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(waiters); i++)
		text_of(&waiters[i]);
	nfm_jobs_stop(jobs);
}

/* A worker that is out of memory still wakes. */
static void test_no_answer(void **state)
{
	struct waiter waiter;
	struct gate gate;
	struct nfm_jobs *jobs = start(&gate, 1, 2);

	(void)state;
	gate.status = 0;
	add(&gate, &gate.may, 1);
	assert_int_equal(ask(jobs, &gate, "a", &waiter), 0);
	wait_until(&gate, &gate.woken, 1);
	assert_null(waiter.base.answer);
	nfm_jobs_stop(jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),	  cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_age),	  cmocka_unit_test(test_forget),
		cmocka_unit_test(test_full),	  cmocka_unit_test(test_stop),
		cmocka_unit_test(test_no_answer), cmocka_unit_test(test_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
