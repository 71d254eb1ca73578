// SPDX-License-Identifier: GPL-2.0-only
/* Times of every kind become ages (bpf/abi/times.h), and a flow's bytes its slots, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "times.h"

#define ROUNDS 200000U
#define SLOTS 8U

static uint64_t seed = 1;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Of any magnitude, so that small and large ones meet. */
static uint64_t rnd_bits(uint32_t bits)
{
	return rnd() >> (64 - (rnd() % bits + 1));
}

static struct nfm_span rnd_span(void)
{
	uint32_t last_ms = (uint32_t)rnd_bits(26), first_ms = last_ms + (uint32_t)rnd_bits(26);

	return (struct nfm_span){ first_ms, last_ms };
}

static struct nfm_slots rnd_slots(void)
{
	struct nfm_slots slots = { .slot_ms = (uint32_t)rnd_bits(26) + 1, .count = SLOTS };

	slots.elapsed_ms = (int64_t)rnd_bits(27) - (rnd() % 4 ? 0 : (int64_t)rnd_bits(22));
	return slots;
}

static void a_share_is_the_floor_of_the_quotient(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct nfm_span span = rnd_span();
		uint64_t bytes = rnd_bits(64), duration = span.first_ms - span.last_ms;
		int64_t age_ms = (int64_t)rnd_bits(28) - (int64_t)rnd_bits(20);
		int64_t part = age_ms - span.last_ms;
		uint64_t want = 0;

		if (part >= 0 && (uint64_t)part >= duration)
			want = bytes;
		else if (part > 0)
			want = (uint64_t)((unsigned __int128)bytes * (uint64_t)part / duration);
		assert_int_equal(nfm_span_share(bytes, span, age_ms), want);
	}
}

/* From the newest slot to the oldest: never less, and at the end all. */
static void slots_add_up_and_never_shrink(void **state)
{
	uint32_t several = 0;

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct nfm_slots slots = rnd_slots();
		struct nfm_span span = rnd_span();
		uint64_t bytes = rnd_bits(64), before = 0, used = 0;
		uint32_t newest = nfm_span_newest(span, &slots);

		for (uint32_t back = 0; back <= SLOTS; back++) {
			uint64_t upto = nfm_span_upto(bytes, span, &slots, back);

			assert_true(upto >= before);
			assert_true(back >= newest || !upto);
			used += upto != before;
			before = upto;
		}
		assert_int_equal(before, bytes);
		several += used > 2;
	}
	assert_true(several > ROUNDS / 20); /* or the flows above were all short */
}

static void a_flow_late_is_one_with_bytes_before_the_slot(void **state)
{
	uint32_t late = 0;

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct nfm_slots slots = rnd_slots();
		struct nfm_span span = rnd_span();
		uint64_t open = nfm_span_upto(UINT64_MAX, span, &slots, 0);
		int is_late = (int64_t)nfm_span_lateness(span, slots.elapsed_ms) < 0;

		assert_int_equal(is_late, open < UINT64_MAX || nfm_span_newest(span, &slots));
		late += is_late;
	}
	assert_in_range(late, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

static void boundaries(void **state)
{
	const struct nfm_slots slots = { .elapsed_ms = 100, .slot_ms = 1000, .count = SLOTS };
	const struct nfm_span flow = { 2100, 100 }, moment = { 1100, 1100 };

	(void)state;
	assert_int_equal(nfm_span_newest((struct nfm_span){ 100, 100 }, &slots), 0);
	assert_int_equal(nfm_span_newest((struct nfm_span){ 101, 101 }, &slots), 1);
	assert_int_equal(nfm_span_newest(moment, &slots), 1);
	assert_int_equal(nfm_span_newest((struct nfm_span){ 1101, 1101 }, &slots), 2);
	assert_int_equal(nfm_span_newest((struct nfm_span){ 1U << 30, 1U << 30 }, &slots), SLOTS);
	assert_int_equal(nfm_span_upto(10, flow, &slots, 0), 0);
	assert_int_equal(nfm_span_upto(10, flow, &slots, 1), 5);
	assert_int_equal(nfm_span_upto(10, flow, &slots, 2), 10);
	assert_int_equal(nfm_span_upto(10, moment, &slots, 0), 0);
	assert_int_equal(nfm_span_upto(10, moment, &slots, 1), 10);
}

static void what_cannot_be_is_made_good(void **state)
{
	static const struct {
		struct nfm_span raw, settled;
	} cases[] = {
		{ { 5000, 1000 }, { 5000, 1000 } },
		{ { 0, 0 }, { 0, 0 } },
		{ { 1000, 5000 }, { 5000, 5000 } },		  /* the wrong way round */
		{ { 5000, (uint32_t)-3 }, { 5000, 0 } },	  /* last after the datagram */
		{ { (uint32_t)-9, (uint32_t)-3 }, { 0, 0 } },	  /* both */
		{ { (uint32_t)-9, 400 }, { 400, 400 } },
		{ { 86400000, 86400000 }, { 86400000, 86400000 } }, /* a day */
		{ { 86400001, 86400001 }, { 0, 0 } },		  /* more: no time */
		{ { 90000000, 1000 }, { 90000000, 1000 } },	  /* a flow of 25 hours is one */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nfm_span span = nfm_span_settle(cases[i].raw);

		assert_int_equal(span.first_ms, cases[i].settled.first_ms);
		assert_int_equal(span.last_ms, cases[i].settled.last_ms);
	}
}

static void uptimes_wrap(void **state)
{
	struct nfm_span span = nfm_times_span_uptime(1000, (uint32_t)-9000, (uint32_t)-1000);
	struct nfm_times times;

	(void)state;
	assert_int_equal(span.first_ms, 10000);
	assert_int_equal(span.last_ms, 2000);
	nfm_times_open(&times, NFM_TIMES_UPTIME, 0, 1000, 1800000000, 0);
	span = nfm_times_span(&times, (uint32_t)-9000, (uint32_t)-1000);
	assert_int_equal(span.first_ms, 10000);
	assert_int_equal(span.last_ms, 2000);
	/* IPFIX: since 1,800,000,000,000 ms less the 49.7 days that just passed */
	nfm_times_open(&times, NFM_TIMES_UPTIME, 1, 0, 1800000000,
		       1800000000000ULL - (1ULL << 32) - 1000);
	span = nfm_times_span(&times, (uint32_t)-9000, (uint32_t)-1000);
	assert_int_equal(span.first_ms, 10000);
	assert_int_equal(span.last_ms, 2000);
}

/* What came later than its datagram, or is older than 24 days, has the sign bit, in every kind. */
static void ages_saturate(void **state)
{
	static const uint32_t kinds[] = { NFM_TIMES_UNIX_S, NFM_TIMES_UNIX_MS, NFM_TIMES_NTP };
	const uint64_t now_s = 1800000000;
	const uint64_t now[] = { now_s, now_s * 1000, (now_s + NFM_NTP_UNIX_S) << 32 };
	const uint64_t second[] = { 1, 1000, 1ULL << 32 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct nfm_times times;

		nfm_times_open(&times, kinds[i], 1, 0, (uint32_t)now_s, 0);
		assert_int_equal(nfm_times_age(&times, times.base, now[i]), 0);
		assert_int_equal(nfm_times_age(&times, times.base, now[i] - 7 * second[i]), 7000);
		assert_true((int32_t)nfm_times_age(&times, times.base, now[i] + second[i]) < 0);
		assert_true((int32_t)nfm_times_age(&times, times.base,
						   now[i] - 25 * 86400 * second[i]) < 0);
	}
}

/* The datapath's first look, in the unit of the times, lets no late flow pass. */
static void the_first_look_misses_nothing(void **state)
{
	static const uint32_t kinds[] = { NFM_TIMES_UPTIME, NFM_TIMES_UNIX_S, NFM_TIMES_UNIX_MS,
					  NFM_TIMES_NTP };
	const uint32_t now_s = 1800000000;
	uint32_t late = 0;

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t kind = kinds[rnd() % 4];
		uint64_t elapsed_ms = rnd_bits(33), first, from;
		struct nfm_times times;
		uint32_t age_ms;

		nfm_times_open(&times, kind, 0, (uint32_t)rnd(), now_s, 0);
		first = times.base - rnd_bits(kind == NFM_TIMES_NTP ? 52 : 30) +
			(rnd() % 4 ? 0 : rnd_bits(20));
		if (kind == NFM_TIMES_UPTIME)
			first &= 0xffffffff;
		from = nfm_times_from_ms(&times, elapsed_ms);
		age_ms = nfm_times_age(&times, times.base, first);
		if ((int64_t)nfm_span_lateness((struct nfm_span){ age_ms, 0 },
					       (int64_t)elapsed_ms) < 0) {
			assert_true((int64_t)nfm_times_may_be_late(&times, first, from) < 0);
			late++;
		}
	}
	assert_in_range(late, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

static void without_times_nothing_is_late(void **state)
{
	struct nfm_times times;
	struct nfm_span span;

	(void)state;
	nfm_times_open(&times, NFM_TIMES_NONE, 1, 1, 2, 3);
	span = nfm_times_span(&times, 0x1234567890abcdefULL, 7);
	assert_int_equal(span.first_ms, 0);
	assert_int_equal(span.last_ms, 0);
	assert_true((int64_t)nfm_span_lateness(span, 0) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_the_floor_of_the_quotient),
		cmocka_unit_test(slots_add_up_and_never_shrink),
		cmocka_unit_test(a_flow_late_is_one_with_bytes_before_the_slot),
		cmocka_unit_test(boundaries),
		cmocka_unit_test(what_cannot_be_is_made_good),
		cmocka_unit_test(uptimes_wrap),
		cmocka_unit_test(ages_saturate),
		cmocka_unit_test(the_first_look_misses_nothing),
		cmocka_unit_test(without_times_nothing_is_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
