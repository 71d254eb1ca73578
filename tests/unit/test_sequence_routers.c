// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simulated routers of which the loss is known: v5, v9 and IPFIX, each with each way of counting,
 * templates-only datagrams, sets that wait for their template, restarts, coarse clocks; and a
 * network that loses, reorders and copies. The account must be exact. What cannot be known, and
 * is not asked for:
 * - what was lost before the first and after the last datagram of a run (between two restarts);
 * - another unit than the version's, before some datagrams came in order (calm below);
 * - loss right behind sets that wait for their template: less than they may hold is not seen;
 * - a new count that begins a little ahead of the old one without a word of a restart: it is loss.
 */
#include "flow/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define UP_WRAP 0x100000000ULL /* ms: 49.7 days */
#define RUN_DATAGRAMS 600U
#define REORDER 20U /* datagrams */
#define CALM 80U    /* datagrams that neither jump nor drop out */
#define SEEDS 600U  /* for each version and way of counting */

struct sent {
	struct nfm_seqlog word;
	uint32_t number; /* within the run */
	uint32_t key;	 /* order of arrival */
};

/* What was sent in a run, by number. */
struct run {
	uint32_t units[RUN_DATAGRAMS]; /* in the unit that the router counts */
	uint64_t start[RUN_DATAGRAMS];
	struct sent arrived[2 * RUN_DATAGRAMS];
	uint32_t count;
};

struct router {
	uint16_t version;
	uint32_t counting;
	uint32_t sizes;	   /* what its datagrams hold: a kind */
	uint32_t coarse_ms; /* of its clock */
	uint32_t loss;	   /* percent */
	uint32_t undecoded; /* the first so many datagrams wait for their template */
	uint32_t calm;	   /* number of the first in the calm stretch */
	bool is_near;	   /* its count began just behind the last run's end: calm, too */
	uint64_t time_ms;
	uint64_t clock_ms;  /* uptime; IPFIX: export time */
	uint32_t sequence;
	uint64_t received, lost, resets, duplicates, reordered;
};

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

static int by_key(const void *a, const void *b)
{
	const struct sent *x = a;
	const struct sent *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static uint16_t size_of_next(const struct router *r)
{
	if (r->version != 5 && rnd(20) == 0)
		return 0; /* templates only */
	switch (r->sizes) {
	case 0:
		return (uint16_t)(1 + rnd(30));
	case 1:
		return (uint16_t)(1 + rnd(2));
	default:
		return 17;
	}
}

/* The next datagram of a run. */
static struct sent build_next(struct router *r, struct run *run, uint32_t number)
{
	uint16_t records = size_of_next(r);
	uint32_t step_ms = rnd(40);
	struct sent sent = { .number = number };
	struct nfm_seqlog *word = &sent.word;

	r->time_ms += step_ms;
	r->clock_ms += step_ms;
	word->version = r->version;
	word->time_ns = r->time_ms * NFM_NS_PER_MS;
	word->uptime_ms = (uint32_t)(r->clock_ms - r->clock_ms % r->coarse_ms);
	word->units = records;
	if (number < r->undecoded) {
		word->open = (uint16_t)(records * 4 + rnd(9));
		word->units = 0;
	}
	run->units[number] = r->counting == NFM_COUNTING_DATAGRAMS ? 1 : records;
	run->start[number] = number ? run->start[number - 1] + run->units[number - 1] : 0;
	word->sequence = r->sequence;
	r->sequence += run->units[number];
	if (r->counting == NFM_COUNTING_RECORDS_END)
		word->sequence = r->sequence;
	return sent;
}

static bool is_calm(const struct router *r, uint32_t number)
{
	return number - r->calm < CALM || (r->is_near && number < REORDER) ||
	       (r->undecoded && number < r->undecoded + REORDER);
}

/* Sends a run's datagrams through the network. */
static void send_run(struct router *r, struct run *run)
{
	run->count = 0;
	for (uint32_t i = 0; i < RUN_DATAGRAMS; i++) {
		struct sent sent = build_next(r, run, i);
		bool calm = is_calm(r, i);

		sent.key = i + (calm || rnd(4) ? 0 : rnd(REORDER));
		if (calm || rnd(100) >= r->loss)
			run->arrived[run->count++] = sent;
		sent.key = i + rnd(REORDER);
		if (!calm && rnd(20) == 0) /* a copy; or this is all that was left */
			run->arrived[run->count++] = sent;
	}
	qsort(run->arrived, run->count, sizeof(run->arrived[0]), by_key);
	for (uint32_t i = 1; i < run->count; i++) /* what arrives later bears a later time */
		if (run->arrived[i].word.time_ns < run->arrived[i - 1].word.time_ns)
			run->arrived[i].word.time_ns = run->arrived[i - 1].word.time_ns;
}

/* What of a run was lost between the first and the last that arrived. */
static void judge_run(struct router *r, const struct run *run)
{
	bool came[RUN_DATAGRAMS] = {};
	uint32_t first = RUN_DATAGRAMS;
	uint32_t last = 0;
	uint64_t end = 0;

	for (uint32_t i = 0; i < run->count; i++) {
		uint32_t n = run->arrived[i].number;

		/* what counts nothing has no number: a second copy is not told from another one */
		if (came[n] && run->units[n])
			r->duplicates++;
		else if (i && run->start[n] < end)
			r->reordered++;
		if (!came[n])
			r->received += run->units[n];
		came[n] = true;
		first = NFM_MIN(first, n);
		last = NFM_MAX(last, n);
		if (!i && r->counting == NFM_COUNTING_RECORDS_END && n < r->undecoded)
			r->received -= run->units[n]; /* they wait, and lie before its number */
		end = NFM_MAX(end, run->start[n] + run->units[n]);
	}
	for (uint32_t n = first; n < last; n++)
		r->lost += came[n] ? 0 : run->units[n];
}

/* Between two runs: the router starts anew, or only its export does. */
static void begin_anew(struct router *r)
{
	uint32_t away_ms = 10000 + rnd(100000);

	r->resets++;
	r->undecoded = 0;
	r->calm = RUN_DATAGRAMS - CALM;
	r->time_ms += away_ms;
	r->clock_ms += away_ms;
	/* the count begins anew behind the old one, as far as that one was seen: it ended calmly */
	r->is_near = r->resets > 1 && rnd(2);
	r->sequence -= r->is_near ? 40 + rnd(100) : 3000 + rnd(1U << 30);
	if (r->version == 10) {
		if (rnd(3) == 0) /* no battery: the clock begins with a time of long ago */
			r->clock_ms -= away_ms + 60000 + rnd(1000000000);
	} else if (rnd(2)) {
		r->clock_ms = rnd(4000); /* a second below any that a run ends with */
		r->sequence = rnd(2) ? 0 : rnd(UINT32_MAX);
	}
}

static struct router make_router(uint16_t version, uint32_t counting)
{
	struct router r = {
		.version = version,
		.counting = counting,
		.time_ms = 1000000,
		.sizes = rnd(3),
		.coarse_ms = version == 10 || rnd(2) ? 1000 : 1,
		.loss = rnd(30),
		.undecoded = version != 5 && rnd(2) ? rnd(40) : 0,
		.calm = rnd(RUN_DATAGRAMS - CALM),
		.sequence = rnd(2) ? 0U - rnd(10000) : rnd(UINT32_MAX),
	};

	/* always 17: seen from either end the numbers are the same, until a template comes */
	if (counting == NFM_COUNTING_RECORDS_END && r.sizes == 2)
		r.sizes = 0;
	if (version == 10)
		r.clock_ms = 1700000000000ULL + (uint64_t)rnd(1 << 30) * 1000;
	else
		r.clock_ms = rnd(2) ? UP_WRAP - 1000 - rnd(4000) : 6000000 + rnd(1U << 31);
	return r;
}

static void assert_account(const struct nfm_stream *s, const struct router *r, uint32_t number)
{
	if (s->counting == r->counting && s->received == r->received && s->lost == r->lost &&
	    s->resets == r->resets && s->duplicates == r->duplicates &&
	    s->reordered == r->reordered)
		return;
	fail_msg("version %u, seed %u: received %llu, lost %llu, resets %llu, duplicates %llu, "
		 "reordered %llu, counting %u; not %llu, %llu, %llu, %llu, %llu, %u",
		 r->version, number, s->received, s->lost, s->resets, s->duplicates, s->reordered,
		 s->counting, (unsigned long long)r->received, (unsigned long long)r->lost,
		 (unsigned long long)r->resets, (unsigned long long)r->duplicates,
		 (unsigned long long)r->reordered, r->counting);
}

/* Returns what was lost. */
static uint64_t simulate(uint16_t version, uint32_t counting, uint32_t number)
{
	static struct run run;
	struct nfm_stream s = { .unit = nfm_sequence_unit(version) };
	struct nfm_sequence_credit unseen = {};
	struct router r;
	uint32_t runs;

	seed = number * 0x9e3779b97f4a7c15ULL + 1;
	rnd(2);
	r = make_router(version, counting);
	for (runs = 1 + rnd(4); runs; runs--) {
		if (r.resets || runs == 1)
			r.calm = RUN_DATAGRAMS - CALM; /* ends so that every doubt is cleared */
		send_run(&r, &run);
		for (uint32_t i = 0; i < run.count; i++)
			nfm_sequence_take(&s, &run.arrived[i].word, &unseen);
		judge_run(&r, &run);
		if (runs > 1)
			begin_anew(&r);
	}
	assert_account(&s, &r, number);
	return r.lost;
}

static void simulate_all(uint16_t version)
{
	for (uint32_t counting = 0; counting < NFM_COUNTINGS; counting++) {
		uint64_t lost = 0;

		for (uint32_t i = 1; i <= SEEDS; i++)
			lost += simulate(version, counting, i);
		assert_true(lost > SEEDS);
	}
}

static void netflow_v5(void **state)
{
	(void)state;
	simulate_all(5);
}

static void netflow_v9(void **state)
{
	(void)state;
	simulate_all(9);
}

static void ipfix(void **state)
{
	(void)state;
	simulate_all(10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netflow_v5),
		cmocka_unit_test(netflow_v9),
		cmocka_unit_test(ipfix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
