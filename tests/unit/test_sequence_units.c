// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loss by sequence where it is not simply v5: what numbers count and how that is learned, datagrams
 * without records, sets that wait for their template, IPFIX without an uptime.
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

#define STEPS 16U
#define DAY_MS 86400000ULL
#define T0 1500481084000ULL /* an export time, ms */

struct step {
	uint64_t time_ms;  /* arrival; 0 ends */
	uint64_t clock_ms; /* the header's; modulo 2^32 */
	uint32_t sequence;
	uint16_t units;
	uint16_t open;
};

struct script {
	const char *name;
	uint16_t version;
	uint32_t unit; /* the one that it must have in the end */
	struct step step[STEPS];
	uint64_t received, lost, resets, duplicates, reordered;
};

static void take(struct nfm_stream *s, const struct step *step, uint16_t version,
		 struct nfm_sequence_credit *unseen)
{
	const struct nfm_seqlog entry = {
		.time_ns = step->time_ms * NFM_NS_PER_MS,
		.sequence = step->sequence,
		.uptime_ms = (uint32_t)step->clock_ms,
		.version = version,
		.units = step->units,
		.open = step->open,
	};

	nfm_sequence_take(s, &entry, unseen);
}

static void assert_account(const struct nfm_stream *s, const struct script *want)
{
	if (s->received == want->received && s->lost == want->lost && s->resets == want->resets &&
	    s->duplicates == want->duplicates && s->reordered == want->reordered &&
	    s->unit == want->unit)
		return;
	fail_msg("%s: received %llu, lost %llu, resets %llu, duplicates %llu, reordered %llu, "
		 "unit %u",
		 want->name, s->received, s->lost, s->resets, s->duplicates, s->reordered, s->unit);
}

static void run_scripts(const struct script *scripts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct nfm_stream s = { .unit = nfm_sequence_unit(scripts[i].version) };
		struct nfm_sequence_credit unseen = {};

		for (size_t n = 0; n < STEPS && scripts[i].step[n].time_ms; n++)
			take(&s, &scripts[i].step[n], scripts[i].version, &unseen);
		assert_account(&s, &scripts[i]);
	}
}

#define RECORDS NFM_UNIT_RECORDS
#define DATAGRAMS NFM_UNIT_DATAGRAMS

/* clang-format off */

/* A template is a datagram of 0 records: T. */
static const struct script templates[] = {
	{ "RouterOS 6: 46 records lost, not 1", 10, RECORDS,
	  { { 1, T0, 3891, 0, 0 }, { 2, T0, 3891, 45, 0 }, { 9, T0, 3982, 18, 0 } },
	  63, 46, 0, 0, 0 },
	{ "IPFIX: T shares the next one's number", 10, RECORDS,
	  { { 1, T0, 0, 0, 0 }, { 2, T0, 0, 26, 0 }, { 3, T0, 26, 0, 0 }, { 4, T0, 26, 9, 0 } },
	  35, 0, 0, 0, 0 },
	{ "IPFIX: several T in a row", 10, RECORDS,
	  { { 1, T0, 5, 7, 0 }, { 2, T0, 12, 0, 0 }, { 3, T0, 12, 0, 0 }, { 4, T0, 12, 0, 0 },
	    { 5, T0, 12, 3, 0 } },
	  10, 0, 0, 0, 0 },
	{ "IPFIX: T behind the datagram of its number is late, no second copy", 10, RECORDS,
	  { { 1, T0, 5, 7, 0 }, { 2, T0, 12, 3, 0 }, { 3, T0, 12, 0, 0 }, { 4, T0, 15, 4, 0 } },
	  14, 0, 0, 0, 1 },
	{ "IPFIX: data behind the T of the next number", 10, RECORDS,
	  { { 1, T0, 5, 7, 0 }, { 2, T0, 15, 0, 0 }, { 3, T0, 12, 3, 0 }, { 4, T0, 15, 4, 0 } },
	  14, 0, 0, 0, 1 },
	{ "IPFIX: T between tells of the loss before it, and the data's copy is one", 10, RECORDS,
	  { { 1, T0, 5, 7, 0 }, { 2, T0, 15, 0, 0 }, { 3, T0, 15, 4, 0 }, { 4, T0, 15, 4, 0 } },
	  11, 3, 0, 1, 0 },
	{ "v9: T has a number", 9, DATAGRAMS,
	  { { 1, 5000, 0, 0, 0 }, { 2, 5000, 1, 17, 0 }, { 3, 5000, 2, 0, 0 },
	    { 4, 5000, 3, 9, 0 } },
	  4, 0, 0, 0, 0 },
	{ "v9: a lost T is a lost datagram", 9, DATAGRAMS,
	  { { 1, 5000, 0, 0, 0 }, { 2, 5000, 1, 17, 0 },
	    { 4, 5000, 3, 9, 0 } },
	  3, 1, 0, 0, 0 },
	{ "v9: T twice, T late", 9, DATAGRAMS,
	  { { 1, 5000, 0, 0, 0 }, { 2, 5000, 0, 0, 0 }, { 3, 5000, 2, 17, 0 },
	    { 4, 5000, 1, 0, 0 } },
	  3, 0, 0, 1, 1 },
};

/* The last column: most records in sets that have no template yet. */
static const struct script waiting[] = {
	{ "what waits is not lost", 10, RECORDS,
	  { { 1, T0, 0, 0, 90 }, { 2, T0, 17, 0, 90 }, { 3, T0, 34, 17, 0 }, { 4, T0, 51, 17, 0 } },
	  68, 0, 0, 0, 0 },
	{ "a part of a datagram waits", 10, RECORDS,
	  { { 1, T0, 0, 5, 40 }, { 2, T0, 17, 17, 0 } },
	  34, 0, 0, 0, 0 },
	{ "more than can wait is lost", 10, RECORDS,
	  { { 1, T0, 0, 5, 40 }, { 2, T0, 62, 17, 0 } },
	  62, 17, 0, 0, 0 },
	{ "for the next in order only", 10, RECORDS,
	  { { 1, T0, 0, 5, 40 }, { 2, T0, 5, 3, 0 }, { 3, T0, 18, 17, 0 } },
	  25, 10, 0, 0, 0 },
	{ "not before the first with any", 10, RECORDS,
	  { { 1, T0, 0, 5, 0 }, { 2, T0, 25, 0, 40 }, { 3, T0, 42, 3, 0 } },
	  25, 20, 0, 0, 0 },
	{ "a late one between does not use it up", 10, RECORDS,
	  { { 1, T0, 0, 5, 0 }, { 2, T0, 12, 0, 40 }, { 3, T0, 5, 7, 0 }, { 4, T0, 22, 17, 0 } },
	  39, 0, 0, 0, 1 },
	{ "taken out of the ring once more", 10, RECORDS,
	  { { 1, T0, 0, 0, 90 }, { 2, T0, 0, 0, 90 }, { 3, T0, 17, 17, 0 } },
	  34, 0, 0, 0, 0 },
	{ "datagrams: nothing waits in a gap", 9, DATAGRAMS,
	  { { 1, 5000, 0, 0, 90 }, { 2, 5000, 17, 17, 0 } },
	  2, 16, 0, 0, 0 },
};

static const struct script restarts[] = {
	{ "IPFIX: restart after 100 records", 10, RECORDS,
	  { { 1, T0, 0, 50, 0 }, { 2, T0, 50, 50, 0 }, { 60000, T0 + 60000, 0, 9, 0 },
	    { 60001, T0 + 60000, 9, 9, 0 } },
	  118, 0, 1, 0, 0 },
	{ "IPFIX: restart, the first is a T", 10, RECORDS,
	  { { 1, T0, 0, 100, 0 }, { 5000, T0 + 5000, 0, 0, 0 }, { 5001, T0 + 5000, 0, 9, 0 },
	    { 5002, T0 + 5000, 11, 9, 0 } },
	  118, 2, 1, 0, 0 },
	{ "IPFIX: restart after many", 10, RECORDS,
	  { { 1, T0, 700000, 9, 0 }, { 9000, T0 + 9000, 0, 9, 0 }, { 9001, T0 + 9000, 9, 9, 0 } },
	  27, 0, 1, 0, 0 },
	{ "IPFIX: restart with a clock of yesterday, which is set later", 10, RECORDS,
	  { { 1, T0, 0, 100, 0 }, { 60000, T0 - DAY_MS, 0, 9, 0 },
	    { 61000, T0 - DAY_MS + 1000, 9, 9, 0 }, { 62000, T0 + 62000, 18, 9, 0 } },
	  127, 0, 1, 0, 0 },
	{ "IPFIX: restart after 30 days of silence", 10, RECORDS,
	  { { 1, T0, 0, 100, 0 }, { 30 * DAY_MS, T0 + 30 * DAY_MS, 0, 9, 0 } },
	  109, 0, 1, 0, 0 },
	{ "IPFIX: the clock is set back: no restart", 10, RECORDS,
	  { { 1, T0, 0, 9, 0 }, { 1000, T0 + 1000, 9, 9, 0 }, { 2000, T0 - 3600000, 18, 9, 0 },
	    { 3000, T0 - 3599000, 30, 9, 0 } },
	  36, 3, 0, 0, 0 },
	{ "IPFIX: late by a second: no restart", 10, RECORDS,
	  { { 1, T0 + 1000, 100, 9, 0 }, { 2, T0 + 1000, 118, 9, 0 }, { 3, T0, 109, 9, 0 },
	    { 4, T0, 109, 9, 0 } },
	  27, 0, 0, 1, 1 },
	{ "IPFIX: late by far within a second: no restart", 10, RECORDS,
	  { { 1, T0, 0, 9, 0 }, { 2, T0, 9, 9000, 0 }, { 3, T0, 9009, 9, 0 }, { 4, T0, 0, 9, 0 } },
	  9018, 0, 0, 1, 0 },
	{ "v9: export off and on again (RouterOS), uptime in seconds", 9, DATAGRAMS,
	  { { 1, 600000, 500, 17, 0 }, { 2, 600000, 501, 17, 0 }, { 20000, 620000, 0, 0, 0 },
	    { 20001, 620000, 1, 17, 0 }, { 20002, 620000, 3, 17, 0 } },
	  5, 1, 1, 0, 0 },
	{ "v9: the same after three datagrams", 9, DATAGRAMS,
	  { { 1, 600000, 0, 0, 0 }, { 2, 600000, 1, 17, 0 }, { 3, 600000, 2, 17, 0 },
	    { 20000, 620000, 0, 0, 0 }, { 20001, 620000, 1, 17, 0 } },
	  5, 0, 1, 0, 0 },
	{ "v9: reboot", 9, DATAGRAMS,
	  { { 1, 600000, 3, 17, 0 }, { 60000, 20000, 0, 0, 0 }, { 60001, 20000, 1, 17, 0 } },
	  3, 0, 1, 0, 0 },
};

static const struct script learned[] = {
	{ "v9 that counts records", 9, RECORDS,
	  { { 1, 5000, 0, 17, 0 }, { 2, 5000, 17, 17, 0 }, { 3, 5000, 34, 9, 0 },
	    { 4, 5000, 43, 17, 0 }, { 5, 5000, 60, 5, 0 }, { 6, 5000, 65, 17, 0 } },
	  82, 0, 0, 0, 0 },
	{ "four in a row do not do", 9, DATAGRAMS,
	  { { 1, 5000, 0, 17, 0 }, { 2, 5000, 17, 17, 0 }, { 3, 5000, 34, 9, 0 },
	    { 4, 5000, 43, 17, 0 }, { 5, 5000, 60, 5, 0 } },
	  5, 56, 0, 0, 0 },
	{ "v9 that counts records: a datagram of 46 is lost before that is known", 9, RECORDS,
	  { { 1, 5000, 0, 17, 0 }, { 2, 5000, 63, 17, 0 }, { 3, 5000, 80, 0, 0 },
	    { 4, 5000, 80, 17, 0 }, { 5, 5000, 97, 5, 0 }, { 6, 5000, 102, 5, 0 },
	    { 7, 5000, 107, 5, 0 } },
	  66, 46, 0, 0, 0 },
	{ "v9 that counts records: loss later, a late one, a copy", 9, RECORDS,
	  { { 1, 5000, 0, 17, 0 }, { 2, 5000, 17, 17, 0 }, { 3, 5000, 34, 17, 0 },
	    { 4, 5000, 51, 17, 0 }, { 5, 5000, 68, 17, 0 }, { 6, 5000, 85, 17, 0 },
	    { 7, 5000, 148, 17, 0 },
	    { 8, 5000, 165, 17, 0 }, { 9, 5000, 119, 17, 0 },
	    { 10, 5000, 119, 17, 0 } },
	  153, 29, 0, 1, 1 },
	{ "IPFIX that counts datagrams", 10, DATAGRAMS,
	  { { 1, T0, 7, 0, 0 }, { 2, T0, 8, 17, 0 }, { 3, T0, 9, 17, 0 }, { 4, T0, 10, 17, 0 },
	    { 5000, T0 + 5000, 11, 17, 0 }, { 9000, T0 + 9000, 12, 17, 0 },
	    { 9001, T0 + 9000, 13, 17, 0 }, { 9002, T0 + 9000, 16, 17, 0 } },
	  8, 2, 0, 0, 0 },
	{ "softflowd's IPFIX: the number is of the end, and options records have none", 10, RECORDS,
	  { { 1, T0, 15, 16, 0 }, { 2, T0, 40, 25, 0 }, { 3, T0, 41, 1, 0 },
	    { 60000, T0 + 60000, 44, 3, 0 }, { 60001, T0 + 60000, 54, 10, 0 },
	    { 120000, T0 + 120000, 57, 3, 0 }, { 120001, T0 + 120000, 86, 30, 0 },
	    { 120002, T0 + 120000, 92, 6, 0 }, { 180000, T0 + 180000, 140, 2, 0 } },
	  95, 46, 0, 0, 0 },
	{ "v5 that counts datagrams", 5, DATAGRAMS,
	  { { 1, 5000, 7, 30, 0 }, { 2, 5000, 8, 30, 0 }, { 3, 5000, 9, 30, 0 },
	    { 4, 5000, 10, 30, 0 }, { 5, 5000, 11, 30, 0 }, { 6, 5000, 12, 30, 0 },
	    { 7, 5000, 14, 30, 0 } },
	  7, 1, 0, 0, 0 },
	{ "second copies of all, and yet it is learned", 10, DATAGRAMS,
	  { { 1, T0, 7, 9, 0 }, { 2, T0, 7, 9, 0 }, { 3, T0, 8, 9, 0 }, { 4, T0, 8, 9, 0 },
	    { 5, T0, 9, 9, 0 }, { 6, T0, 9, 9, 0 }, { 7, T0, 10, 9, 0 }, { 8, T0, 10, 9, 0 },
	    { 9, T0, 11, 9, 0 }, { 10, T0, 12, 9, 0 } },
	  6, 0, 0, 4, 0 },
	{ "one record each: both are right", 9, DATAGRAMS,
	  { { 1, 5000, 0, 1, 0 }, { 2, 5000, 1, 1, 0 }, { 3, 5000, 2, 1, 0 },
	    { 4, 5000, 3, 1, 0 },
	    { 5, 5000, 4, 1, 0 }, { 6, 5000, 5, 1, 0 }, { 7, 5000, 6, 1, 0 } },
	  7, 0, 0, 0, 0 },
};

/* What looks like another unit, and is none. */
static const struct script fooled[] = {
	{ "v9: every second one of two records is lost, but for once", 9, DATAGRAMS,
	  { { 1, 5000, 0, 2, 0 }, { 2, 5000, 2, 2, 0 }, { 3, 5000, 4, 2, 0 },
	    { 4, 5000, 6, 2, 0 },
	    { 5, 5000, 8, 2, 0 }, { 6, 5000, 9, 2, 0 }, { 7, 5000, 11, 2, 0 },
	    { 8, 5000, 13, 2, 0 } },
	  8, 6, 0, 0, 0 },
	{ "v9: templates copied many times", 9, DATAGRAMS,
	  { { 1, 5000, 5, 0, 0 }, { 2, 5000, 5, 0, 0 }, { 3, 5000, 5, 0, 0 },
	    { 4, 5000, 5, 0, 0 },
	    { 5, 5000, 5, 0, 0 }, { 6, 5000, 5, 0, 0 }, { 7, 5000, 5, 0, 0 },
	    { 8, 5000, 6, 17, 0 } },
	  2, 0, 0, 6, 0 },
	{ "v9: a second copy of each", 9, DATAGRAMS,
	  { { 1, 5000, 5, 9, 0 }, { 2, 5000, 5, 9, 0 }, { 3, 5000, 6, 0, 0 },
	    { 4, 5000, 6, 0, 0 },
	    { 5, 5000, 7, 9, 0 }, { 6, 5000, 7, 9, 0 }, { 7, 5000, 8, 9, 0 },
	    { 8, 5000, 8, 9, 0 } },
	  4, 0, 0, 4, 0 },
	{ "v9: each pair swapped", 9, DATAGRAMS,
	  { { 1, 5000, 1, 2, 0 }, { 2, 5000, 0, 3, 0 }, { 3, 5000, 3, 2, 0 },
	    { 4, 5000, 2, 3, 0 },
	    { 5, 5000, 5, 2, 0 }, { 6, 5000, 4, 3, 0 }, { 7, 5000, 7, 2, 0 },
	    { 8, 5000, 6, 3, 0 },
	    { 9, 5000, 9, 2, 0 }, { 10, 5000, 8, 3, 0 }, { 11, 5000, 11, 2, 0 } },
	  11, 1, 0, 0, 5 },
	{ "IPFIX: single records lost behind templates, but not all", 10, RECORDS,
	  { { 1, T0, 0, 0, 0 }, { 2, T0, 1, 0, 0 }, { 3, T0, 2, 0, 0 }, { 4, T0, 3, 0, 0 },
	    { 5, T0, 3, 1, 0 }, { 6, T0, 4, 0, 0 }, { 7, T0, 5, 0, 0 }, { 8, T0, 6, 0, 0 } },
	  1, 5, 0, 0, 0 },
	{ "IPFIX: one record each, and all wait", 10, RECORDS,
	  { { 1, T0, 0, 0, 9 }, { 2, T0, 1, 0, 9 }, { 3, T0, 2, 0, 9 }, { 4, T0, 3, 0, 9 },
	    { 5, T0, 4, 0, 9 }, { 6, T0, 5, 0, 9 }, { 7, T0, 6, 0, 9 } },
	  6, 0, 0, 0, 0 },
	{ "sets that wait tell nothing", 9, DATAGRAMS,
	  { { 1, 5000, 0, 3, 9 }, { 2, 5000, 3, 3, 9 }, { 3, 5000, 6, 3, 9 },
	    { 4, 5000, 9, 3, 9 },
	    { 5, 5000, 12, 3, 9 }, { 6, 5000, 15, 3, 9 }, { 7, 5000, 18, 3, 0 } },
	  7, 12, 0, 0, 0 },
};

/* clang-format on */

static void datagrams_without_records(void **state)
{
	(void)state;
	run_scripts(templates, NFM_ARRAY_SIZE(templates));
}

static void sets_that_wait(void **state)
{
	(void)state;
	run_scripts(waiting, NFM_ARRAY_SIZE(waiting));
}

static void counts_begun_anew(void **state)
{
	(void)state;
	run_scripts(restarts, NFM_ARRAY_SIZE(restarts));
}

static void unit_is_learned(void **state)
{
	(void)state;
	run_scripts(learned, NFM_ARRAY_SIZE(learned));
}

static void unit_is_not_unlearned(void **state)
{
	(void)state;
	run_scripts(fooled, NFM_ARRAY_SIZE(fooled));
}

/* A lossy path fools it: once datagrams come in order, nothing of it is left. */
static void wrong_unit_leaves_no_trace(void **state)
{
	struct script want = { .name = "in order again", .unit = DATAGRAMS };
	struct nfm_stream s = { .unit = DATAGRAMS };
	struct nfm_sequence_credit unseen = {};

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		take(&s, &(struct step){ 1 + i, 5000, 2 * i, 2, 0 }, 9, &unseen);
		if (i == 7)
			assert_int_equal(s.unit, RECORDS);
	}
	for (uint32_t i = 0; i < 6; i++)
		take(&s, &(struct step){ 50 + i, 5000, 79 + i, 2, 0 }, 9, &unseen);
	want.received = 46;
	want.lost = 39;
	assert_account(&s, &want);
}

/* Another firmware: what the account of the new unit made of the old numbers is not shown. */
static void unit_changes(void **state)
{
	struct script want = { .name = "changed", .unit = RECORDS, .resets = 1 };
	struct nfm_stream s = { .unit = DATAGRAMS };
	struct nfm_sequence_credit unseen = {};
	uint64_t time_ms = 1;

	(void)state;
	for (uint32_t i = 0; i < 200; i++, time_ms += 2000)
		if (i != 50)
			take(&s, &(struct step){ time_ms, 90000 + time_ms, i, 17, 0 }, 9, &unseen);
	for (uint32_t i = 0; i < 20; i++, time_ms += 2000)
		if (i != 5)
			take(&s, &(struct step){ time_ms, 2000 * i, 46 * i, 46, 0 }, 9, &unseen);
	want.received = 199 + 19 * 46;
	want.lost = 1 + 46;
	assert_account(&s, &want);
}

/* The same without a restart: from one datagram to the next. */
static void unit_changes_on_the_way(void **state)
{
	struct script want = { .name = "changed on the way", .unit = RECORDS };
	struct nfm_stream s = { .unit = DATAGRAMS };
	struct nfm_sequence_credit unseen = {};

	(void)state;
	for (uint32_t i = 0; i < 20; i++)
		take(&s, &(struct step){ 1 + i, 5000, i, 17, 0 }, 9, &unseen);
	for (uint32_t i = 0; i < 20; i++)
		take(&s, &(struct step){ 30 + i, 5000, 20 + 46 * i, 46, 0 }, 9, &unseen);
	want.received = 21 + 19 * 46;
	assert_account(&s, &want);
}

/* A credit is of the stream's unit; the other one, of the same datagrams, sinks along. */
static void credit_of_its_unit(void **state)
{
	struct nfm_stream records = { .unit = RECORDS };
	struct nfm_stream datagrams = { .unit = DATAGRAMS };
	struct nfm_sequence_credit unseen = { .records = 100, .datagrams = 10 };

	(void)state;
	take(&datagrams, &(struct step){ 1, 5000, 0, 17, 0 }, 9, &unseen);
	take(&datagrams, &(struct step){ 2, 5000, 5, 17, 0 }, 9, &unseen);
	assert_int_equal(datagrams.lost, 0);
	assert_int_equal(datagrams.received, 6);
	assert_int_equal(unseen.datagrams, 6);
	assert_int_equal(unseen.records, 60);
	take(&records, &(struct step){ 1, T0, 0, 17, 0 }, 10, &unseen);
	take(&records, &(struct step){ 2, T0, 117, 17, 0 }, 10, &unseen);
	assert_int_equal(records.lost, 40);
	assert_int_equal(unseen.records, 0);
	assert_int_equal(unseen.datagrams, 0);
	take(&datagrams, &(struct step){ 3, 5000, 7, 17, 0 }, 9, &unseen);
	assert_int_equal(datagrams.lost, 1);
}

/* An overrun while the unit is still to be learned. */
static void credit_of_the_unit_to_come(void **state)
{
	struct nfm_stream s = { .unit = DATAGRAMS };
	struct nfm_sequence_credit unseen = { .records = 170, .datagrams = 10 };

	(void)state;
	take(&s, &(struct step){ 1, 5000, 0, 17, 0 }, 9, &unseen);
	for (uint32_t i = 0; i < 6; i++)
		take(&s, &(struct step){ 2 + i, 5000, 187 + 17 * i, 17, 0 }, 9, &unseen);
	assert_int_equal(s.unit, RECORDS);
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.received, 17 * 17);
	assert_int_equal(unseen.records, 0);
	assert_int_equal(unseen.datagrams, 0);
}

/* What the agent counted without a word goes before what waits: the credit must not stay. */
static void credit_before_what_waits(void **state)
{
	struct nfm_stream s = { .unit = RECORDS };
	struct nfm_sequence_credit unseen = { .records = 10, .datagrams = 1 };

	(void)state;
	take(&s, &(struct step){ 1, T0, 0, 0, 90 }, 10, &unseen);
	take(&s, &(struct step){ 2, T0, 27, 17, 0 }, 10, &unseen);
	assert_int_equal(unseen.records, 0);
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.received, 44);
}

#define WORDS 1000

/* Whatever comes, the account stays one, and what is shown is one of the accounts. */
static void random_words(void **state)
{
	static const uint16_t versions[] = { 5, 9, 10 };

	(void)state;
	srandom(7);
	for (int run = 0; run < 300; run++) {
		uint16_t version = versions[run % 3];
		struct nfm_stream s = { .unit = nfm_sequence_unit(version) };
		struct nfm_sequence_credit unseen = { .records = 50, .datagrams = 50 };
		uint64_t most = 50;

		for (int i = 0; i < WORDS; i++) {
			struct step step = {
				.time_ms = (uint64_t)random() << random() % 32,
				.clock_ms = (uint64_t)(random() & 1 ? random() : random() % 9999),
				.sequence = (uint32_t)(random() & 1 ? random() : random() % 5000),
				.units = (uint16_t)(random() & 1 ? random() % 3 : random()),
				.open = (uint16_t)(random() & 3 ? 0 : random()),
			};

			take(&s, &step, version, &unseen);
			most += NFM_MAX(step.units, 1U) + step.open;
			assert_true(s.received <= most);
			assert_int_equal(s.lost, s.account[s.counting].lost);
			assert_true(s.unit == RECORDS || s.unit == DATAGRAMS);
			assert_true(unseen.records <= 50 && unseen.datagrams <= 50);
		}
		assert_int_equal(s.datagrams, WORDS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_without_records),
		cmocka_unit_test(sets_that_wait),
		cmocka_unit_test(counts_begun_anew),
		cmocka_unit_test(unit_is_learned),
		cmocka_unit_test(unit_is_not_unlearned),
		cmocka_unit_test(wrong_unit_leaves_no_trace),
		cmocka_unit_test(unit_changes),
		cmocka_unit_test(unit_changes_on_the_way),
		cmocka_unit_test(credit_of_its_unit),
		cmocka_unit_test(credit_of_the_unit_to_come),
		cmocka_unit_test(credit_before_what_waits),
		cmocka_unit_test(random_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
