// SPDX-License-Identifier: GPL-2.0-only
/* Loss by sequence: scripts of what arrived. More in test_sequence_units.c and _routers.c. */
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

#define HOUR_MS 3600000ULL
#define DAY_MS (24 * HOUR_MS)
#define UP_WRAP 0x100000000ULL /* ms: 49.7 days */

struct step {
	uint64_t time_ms;   /* arrival */
	uint64_t uptime_ms; /* modulo 2^32 */
	uint32_t sequence;
	uint16_t units;
};

struct script {
	const char *name;
	struct step step[10]; /* units 0 ends */
	uint64_t received, lost, resets, duplicates, reordered;
};

static void take(struct nfm_stream *s, const struct step *step,
		 struct nfm_sequence_credit *unseen)
{
	const struct nfm_seqlog entry = {
		.time_ns = (step->time_ms + 1000) * NFM_NS_PER_MS,
		.sequence = step->sequence,
		.uptime_ms = (uint32_t)step->uptime_ms,
		/* the router's clock is stepped to and fro all the time: it must not matter */
		.unix_s = 1700000000 - 86400 * (uint32_t)(s->datagrams % 3),
		.units = step->units,
	};

	nfm_sequence_take(s, &entry, unseen);
}

static void assert_account(const struct nfm_stream *s, const struct script *want)
{
	if (s->received == want->received && s->lost == want->lost && s->resets == want->resets &&
	    s->duplicates == want->duplicates && s->reordered == want->reordered)
		return;
	fail_msg("%s: received %llu, lost %llu, resets %llu, duplicates %llu, reordered %llu",
		 want->name, s->received, s->lost, s->resets, s->duplicates, s->reordered);
}

static void run_scripts(const struct script *scripts, size_t count, uint32_t unit)
{
	for (size_t i = 0; i < count; i++) {
		struct nfm_stream s = { .unit = unit };
		struct nfm_sequence_credit unseen = {};

		for (size_t n = 0; n < 10 && scripts[i].step[n].units; n++)
			take(&s, &scripts[i].step[n], &unseen);
		assert_account(&s, &scripts[i]);
	}
}

/* ---- tables ---- */

/* clang-format off */
static const struct script losses[] = {
	{ "one", { { 0, 5000, 77, 30 } }, 30, 0, 0, 0, 0 },
	{ "in order",
	  { { 0, 5000, 0, 30 }, { 10, 5010, 30, 29 }, { 20, 5020, 59, 1 } },
	  60, 0, 0, 0, 0 },
	{ "gap",
	  { { 0, 5000, 0, 30 }, { 10, 5010, 90, 30 }, { 20, 5020, 120, 30 } },
	  90, 60, 0, 0, 0 },
	{ "two gaps",
	  { { 0, 5000, 0, 30 }, { 10, 5010, 31, 30 }, { 20, 5020, 63, 30 } },
	  90, 3, 0, 0, 0 },
	{ "late: the gap closes",
	  { { 0, 5000, 0, 30 }, { 10, 5020, 60, 30 }, { 20, 5010, 30, 30 } },
	  90, 0, 0, 0, 1 },
	{ "first two swapped",
	  { { 0, 5010, 30, 30 }, { 1, 5000, 0, 30 }, { 10, 5020, 60, 30 } },
	  90, 0, 0, 0, 1 },
	{ "first of three comes last, the second never",
	  { { 0, 5020, 60, 30 }, { 1, 5000, 0, 30 } },
	  60, 30, 0, 0, 1 },
	{ "second copy of the newest",
	  { { 0, 5000, 0, 30 }, { 1, 5000, 0, 30 }, { 10, 5010, 30, 30 } },
	  60, 0, 0, 1, 0 },
	{ "second copy of an earlier one hides no loss",
	  { { 0, 5000, 0, 30 }, { 1, 5010, 30, 30 }, { 2, 5030, 90, 30 }, { 3, 5000, 0, 30 } },
	  90, 30, 0, 1, 0 },
	{ "second copy of a late one",
	  { { 0, 5000, 0, 30 }, { 1, 5020, 60, 30 }, { 2, 5010, 30, 30 }, { 3, 5010, 30, 30 } },
	  90, 0, 0, 1, 1 },
	{ "a late one's clock is no news",
	  { { 0, 5000, 0, 30 }, { 1500, 6500, 60, 30 }, { 1501, 5200, 30, 30 },
	    { 1502, 6500, 60, 30 } },
	  90, 0, 0, 1, 1 },
	{ "second copy of one long gone begins nothing anew",
	  { { 0, 5000, 0, 30 }, { 1, 5010, 30, 5000 }, { 2, 5020, 5030, 30 }, { 3, 5000, 0, 30 },
	    { 4, 5030, 5060, 30 } },
	  5090, 0, 0, 1, 0 },
};

static const struct script wraps[] = {
	{ "wrap",
	  { { 0, 5000, 0xfffffff6, 10 }, { 1, 5001, 0, 10 }, { 2, 5002, 10, 10 } },
	  30, 0, 0, 0, 0 },
	{ "wrap within a datagram",
	  { { 0, 5000, 0xfffffff6, 30 }, { 1, 5001, 20, 10 } },
	  40, 0, 0, 0, 0 },
	{ "wrap with loss before and behind",
	  { { 0, 5000, 0xfffffff0, 10 }, { 1, 5001, 6, 10 }, { 2, 5002, 17, 10 } },
	  30, 13, 0, 0, 0 },
	{ "late across the wrap",
	  { { 0, 5000, 0xffffffec, 10 }, { 1, 5002, 0, 10 }, { 2, 5001, 0xfffffff6, 10 } },
	  30, 0, 0, 0, 1 },
	{ "the uptime wraps: no restart",
	  { { 0, UP_WRAP - 100, 1000, 10 }, { 200, UP_WRAP + 100, 1010, 10 },
	    { 300, UP_WRAP + 200, 1021, 10 } },
	  30, 1, 0, 0, 0 },
	{ "the uptime wraps in an hour's silence: no restart",
	  { { 0, UP_WRAP - HOUR_MS / 2, 1000, 10 },
	    { HOUR_MS, UP_WRAP + HOUR_MS / 2 + 3000, 1012, 10 } },
	  20, 2, 0, 0, 0 },
	{ "both wrap",
	  { { 0, UP_WRAP - 5, 0xfffffffe, 2 }, { 10, UP_WRAP + 5, 3, 10 } },
	  12, 3, 0, 0, 0 },
};

static const struct script restarts[] = {
	{ "restart, to 0",
	  { { 0, 600000, 50000, 30 }, { 60000, 20000, 0, 30 }, { 60010, 20010, 30, 30 } },
	  90, 0, 1, 0, 0 },
	{ "restart, loss in both runs stays",
	  { { 0, 600000, 50000, 30 }, { 5, 600005, 50031, 30 }, { 60000, 20000, 0, 30 },
	    { 60010, 20010, 32, 30 } },
	  120, 3, 1, 0, 0 },
	{ "restart after 30 days",
	  { { 0, 30 * DAY_MS, 50000, 30 }, { 60000, 20000, 0, 30 }, { 60010, 20010, 30, 30 } },
	  90, 0, 1, 0, 0 },
	{ "restart after 25 days, to a sequence a little ahead",
	  { { 0, 25 * DAY_MS, 5, 30 }, { 60000, 20000, 40, 30 } },
	  60, 0, 1, 0, 0 },
	{ "restart of a router just started",
	  { { 0, 9000, 300, 30 }, { 15000, 4000, 0, 30 } },
	  60, 0, 1, 0, 0 },
	{ "restart into the same sequence",
	  { { 0, 600000, 0, 30 }, { 60000, 20000, 0, 30 } },
	  60, 0, 1, 0, 0 },
	{ "two restarts",
	  { { 0, 600000, 9000, 30 }, { 60000, 20000, 0, 30 }, { 120000, 10000, 0, 30 } },
	  90, 0, 2, 0, 0 },
	{ "export off and on: the sequence begins again, the uptime goes on",
	  { { 0, 600000, 50000, 30 }, { 8000, 608000, 0, 30 }, { 8010, 608010, 30, 30 } },
	  90, 0, 1, 0, 0 },
	{ "export off and on soon after its start",
	  { { 0, 600000, 0, 30 }, { 1, 600001, 30, 30 }, { 8000, 608000, 0, 30 } },
	  90, 0, 1, 0, 0 },
	{ "export off and on at once",
	  { { 0, 600000, 50000, 30 }, { 5, 600005, 0, 30 }, { 10, 600010, 30, 30 } },
	  90, 0, 1, 0, 0 },
	{ "leap of 2^30 in a second",
	  { { 0, 600000, 100, 30 }, { 1000, 601000, 1U << 30, 30 },
	    { 1010, 601010, (1U << 30) + 40, 30 } },
	  90, 10, 1, 0, 0 },
	{ "leap back by half of all numbers",
	  { { 0, 600000, 0x90000000, 30 }, { 2, 600002, 0x10000000, 30 } },
	  60, 0, 1, 0, 0 },
	{ "an hour's outage of the collector at 1000 units a second",
	  { { 0, 600000, 1000, 30 }, { HOUR_MS, 600000 + HOUR_MS, 3600030 + 1000, 30 } },
	  60, 3600000, 0, 0, 0 },
	{ "judged late, behind words that came after it: no restart",
	  { { 20000, 620000, 1030, 30 }, { 0, 600000, 1000, 30 }, { 20001, 620001, 1060, 30 } },
	  90, 0, 0, 0, 1 },
};

/* An exporter that never counts: nothing can be known, and no loss is made up. */
static const struct script constants[] = {
	{ "always 0, two seconds apart",
	  { { 0, 5000, 0, 30 }, { 2000, 7000, 0, 30 }, { 4000, 9000, 0, 30 } },
	  90, 0, 2, 0, 0 },
	{ "always 0, at once",
	  { { 0, 5000, 0, 30 }, { 1, 5001, 0, 30 }, { 2, 5002, 0, 30 } },
	  30, 0, 0, 2, 0 },
};

/* clang-format on */

static void loss_reorder_duplicates(void **state)
{
	(void)state;
	run_scripts(losses, NFM_ARRAY_SIZE(losses), NFM_UNIT_RECORDS);
}

/* Older than what is remembered, and further behind than the network reorders. */
static void second_copy_of_a_forgotten_one(void **state)
{
	static const struct script want = { .name = "forgotten",
					    .received = 200 * 30 + 30,
					    .duplicates = 1 };
	struct nfm_stream s = { .unit = NFM_UNIT_RECORDS };
	struct nfm_sequence_credit unseen = {};

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		take(&s, &(struct step){ 10 * i, 5000 + 10 * i, 30 * i, 30 }, &unseen);
	take(&s, &(struct step){ 2000, 5000, 0, 30 }, &unseen);
	take(&s, &(struct step){ 2010, 7010, 200 * 30, 30 }, &unseen);
	assert_account(&s, &want);
}

static void wrapping(void **state)
{
	(void)state;
	run_scripts(wraps, NFM_ARRAY_SIZE(wraps), NFM_UNIT_RECORDS);
}

static void counts_begun_anew(void **state)
{
	(void)state;
	run_scripts(restarts, NFM_ARRAY_SIZE(restarts), NFM_UNIT_RECORDS);
}

static void constant_sequence(void **state)
{
	(void)state;
	run_scripts(constants, NFM_ARRAY_SIZE(constants), NFM_UNIT_RECORDS);
}

static void datagrams_as_unit(void **state)
{
	/* clang-format off */
	static const struct script scripts[] = {
		{ "v9: one a datagram",
		  { { 0, 5000, 7, 1 }, { 1, 5001, 8, 1 }, { 2, 5002, 11, 1 } },
		  3, 2, 0, 0, 0 },
	};
	/* clang-format on */

	(void)state;
	run_scripts(scripts, NFM_ARRAY_SIZE(scripts), NFM_UNIT_DATAGRAMS);
}

static void without_sequence(void **state)
{
	/* clang-format off */
	static const struct script scripts[] = {
		{ "v1",
		  { { 0, 5000, 0, 30 }, { 1, 5001, 0, 24 }, { 60000, 10, 0, 30 } },
		  84, 0, 0, 0, 0 },
	};
	/* clang-format on */

	(void)state;
	run_scripts(scripts, NFM_ARRAY_SIZE(scripts), NFM_UNIT_NONE);
}

static void unit_of_each_version(void **state)
{
	(void)state;
	assert_int_equal(nfm_sequence_unit(1), NFM_UNIT_NONE);
	assert_int_equal(nfm_sequence_unit(5), NFM_UNIT_RECORDS);
	assert_int_equal(nfm_sequence_unit(7), NFM_UNIT_RECORDS);
	assert_int_equal(nfm_sequence_unit(9), NFM_UNIT_DATAGRAMS);
	assert_int_equal(nfm_sequence_unit(10), NFM_UNIT_RECORDS);
	assert_int_equal(nfm_sequence_unit(0), NFM_UNIT_NONE);
	assert_int_equal(nfm_sequence_unit(65535), NFM_UNIT_NONE);
}

/* ---- units that came without a word ---- */

static void unseen_fill_a_gap(void **state)
{
	static const struct step steps[] = {
		{ 0, 5000, 0, 30 },
		{ 1, 5001, 130, 30 }, /* 100 missing, 70 unseen */
		{ 2, 5002, 160, 30 },
		{ 3, 5003, 195, 30 }, /* 5 missing, none unseen */
	};
	struct nfm_stream s = { .unit = NFM_UNIT_RECORDS };
	struct nfm_sequence_credit unseen = { .records = 70, .datagrams = 7 };

	(void)state;
	take(&s, &steps[0], &unseen);
	assert_int_equal(unseen.records, 70);
	take(&s, &steps[1], &unseen);
	assert_int_equal(unseen.records, 0);
	assert_int_equal(s.lost, 30);
	assert_int_equal(s.received, 130);
	take(&s, &steps[2], &unseen);
	take(&s, &steps[3], &unseen);
	assert_int_equal(s.lost, 35);
	assert_int_equal(s.received, 190);
}

static void unseen_stay_for_the_next_gap(void **state)
{
	struct nfm_stream s = { .unit = NFM_UNIT_RECORDS };
	struct nfm_sequence_credit unseen = { .records = 70, .datagrams = 7 };

	(void)state;
	take(&s, &(struct step){ 0, 5000, 0, 30 }, &unseen);
	take(&s, &(struct step){ 1, 5001, 50, 30 }, &unseen);
	assert_int_equal(unseen.records, 50);
	assert_int_equal(s.lost, 0);
	take(&s, &(struct step){ 2, 600, 1U << 31, 30 }, &unseen);
	assert_int_equal(unseen.records, 50); /* a new count fills nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss_reorder_duplicates),
		cmocka_unit_test(second_copy_of_a_forgotten_one),
		cmocka_unit_test(wrapping),
		cmocka_unit_test(counts_begun_anew),
		cmocka_unit_test(constant_sequence),
		cmocka_unit_test(datagrams_as_unit),
		cmocka_unit_test(without_sequence),
		cmocka_unit_test(unit_of_each_version),
		cmocka_unit_test(unseen_fill_a_gap),
		cmocka_unit_test(unseen_stay_for_the_next_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
