// SPDX-License-Identifier: GPL-2.0-only
/* Samples, which of them count, and the percentile among them: against sorting. */
#include "history/rates.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define DAY_MS 86400000ULL
#define NOON_MS 1795348800000ULL /* 2026-11-22 12:00:00 UTC */

static uint64_t random_state = 88172645463325252ULL;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int by_value(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Shapes of traffic: any bits, few distinct values, mostly nothing, one giant, all alike. */
static uint64_t random_value(int shape)
{
	switch (shape) {
	case 0:
		return random_u64();
	case 1:
		return random_u64() >> (random_u64() % 64);
	case 2:
		return random_u64() % 5 * 1000000007;
	case 3:
		return random_u64() % 10 ? 0 : random_u64() % 100000;
	case 4:
		return random_u64() % 997 ? random_u64() % 3000 : UINT64_MAX - random_u64() % 2;
	case 5:
		return (1ULL << 40) + random_u64() % 3;
	}
	return 42;
}

static void selection_is_that_of_sorting(void **state)
{
	static uint64_t value[9000], sorted[9000];

	(void)state;
	for (int turn = 0; turn < 1400; turn++) {
		uint32_t count = 1 + (uint32_t)(random_u64() % (turn % 7 ? 400 : 9000));
		uint32_t rank = 1 + (uint32_t)(random_u64() % count);

		for (uint32_t i = 0; i < count; i++)
			value[i] = random_value(turn % 7);
		memcpy(sorted, value, sizeof(sorted));
		qsort(sorted, count, sizeof(*sorted), by_value);
		assert_true(nfm_rates_select(value, count, rank) == sorted[rank - 1]);
	}
}

static void bps_is_rounded_to_nearest(void **state)
{
	(void)state;
	assert_int_equal(nfm_rates_bps(300, 300000), 8);
	assert_int_equal(nfm_rates_bps(18, 300000), 0);	/* 0.48 */
	assert_int_equal(nfm_rates_bps(19, 300000), 1);	/* 0.51 */
	assert_int_equal(nfm_rates_bps(1, 0), 0);
	assert_true(nfm_rates_bps(UINT64_MAX, 8000) == UINT64_MAX);
}

static void make(uint64_t from_ms, uint64_t to_ms, uint32_t sample_s, struct nfm_samples *out)
{
	struct nfm_error error = { .text = "" };

	assert_int_equal(nfm_samples_make(from_ms, to_ms, sample_s, out, &error), 0);
}

static void samples_begin_at_local_multiples(void **state)
{
	struct nfm_samples samples;

	(void)state;
	setenv("TZ", "Asia/Kolkata", 1); /* half an hour off */
	tzset();
	make(NOON_MS, NOON_MS + DAY_MS, 3600, &samples);
	assert_int_equal(NOON_MS - samples.base_unix_ms, 1800000);
	assert_int_equal(samples.count, 25);
	nfm_samples_clear(&samples);
	make(NOON_MS, NOON_MS + DAY_MS, 300, &samples);
	assert_true(samples.base_unix_ms == NOON_MS);
	assert_int_equal(samples.count, 288);
	nfm_samples_clear(&samples);
	make(NOON_MS + 1001, NOON_MS + 300001, 300, &samples);
	assert_true(samples.base_unix_ms == NOON_MS);
	assert_int_equal(samples.count, 2);
	nfm_samples_clear(&samples);
	setenv("TZ", "UTC0", 1);
	tzset();
}

static void too_many_samples_are_refused(void **state)
{
	struct nfm_samples samples = { .count = 5 };
	struct nfm_error error = { .text = "" };

	(void)state;
	assert_int_equal(nfm_samples_make(0, 300000ULL * 16000001, 300, &samples, &error),
			 -EINVAL);
	assert_true(error.text[0]);
	assert_int_equal(samples.count, 5);
}

/* Whatever the cells, the window and the samples: what is added is the part in both of them. */
static void parts_of_cells_are_added_once(void **state)
{
	struct nfm_samples samples;
	uint64_t amount[64];

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		uint64_t base = NOON_MS + random_u64() % 100000;
		uint64_t from = base + random_u64() % 3000000, to = from + random_u64() % 2000000;
		uint64_t a = base + random_u64() % 3000000, b = a + random_u64() % 3000000;
		uint64_t value = random_u64() >> (random_u64() % 64), sum = 0;
		uint64_t begin = base + 500000, end = base + 2700000;

		if (turn % 3 == 0)
			to = from;
		make(begin, end, 300, &samples);
		memset(amount, 0, sizeof(amount));
		nfm_samples_add(&samples, amount, value, from, to, a, b);
		for (uint32_t i = 0; i < samples.count; i++)
			sum += amount[i];
		assert_true(sum == nfm_cell_part(value, from, to, NFM_MAX(a, begin),
						 NFM_MIN(b, end)));
		nfm_samples_clear(&samples);
	}
}

static void rates(const struct nfm_samples *samples, unsigned int percentile, uint64_t *up,
		  uint64_t *down, struct nfm_history_rates *out)
{
	struct nfm_rates_bytes bytes[] = { { up, nfm_rates_sum(samples, up) },
					   { down, nfm_rates_sum(samples, down) } };

	nfm_rates_of(samples, percentile, &bytes[0], &bytes[1], out);
}

/* 20 samples of 300 s; `covered_ms` of sample 3, all others whole. */
static void judged(struct nfm_samples *samples, uint64_t covered_ms)
{
	make(NOON_MS, NOON_MS + 20 * 300000, 300, samples);
	for (uint32_t i = 0; i < samples->count; i++)
		samples->covered_ms[i] = 300000;
	samples->covered_ms[3] = covered_ms;
	samples->all_covered_ms = 19 * 300000 + covered_ms;
	nfm_samples_judge(samples);
}

static void percentile_is_by_nearest_rank(void **state)
{
	static const struct {
		unsigned int percentile;
		uint64_t up_bps;
	} cases[] = { { 95, 19 * 8 }, { 96, 20 * 8 }, { 100, 20 * 8 }, { 1, 8 }, { 50, 10 * 8 },
		      { 5, 8 }, { 6, 16 }, { 0, 8 }, { 101, 160 } };
	struct nfm_history_rates found;
	struct nfm_samples samples;

	(void)state;
	judged(&samples, 300000);
	for (size_t c = 0; c < NFM_ARRAY_SIZE(cases); c++) {
		uint64_t up[20], down[20] = { [7] = 30000 };

		for (uint32_t i = 0; i < 20; i++)
			up[(i * 7 + 5) % 20] = 300 * (i + 1);
		rates(&samples, cases[c].percentile, up, down, &found);
		assert_int_equal(found.up_percentile_bps, cases[c].up_bps);
		assert_int_equal(found.down_percentile_bps,
				 cases[c].percentile > 95 ? 800 : 0);
		assert_int_equal(found.larger_percentile_bps,
				 NFM_MAX(found.up_percentile_bps, found.down_percentile_bps));
		assert_int_equal(found.up_most_bps, 160);
		assert_int_equal(found.down_most_bps, 800);
		assert_int_equal(found.up_average_bps, 84);
		assert_int_equal(found.down_average_bps, 40);
		assert_int_equal(found.samples, 20);
		assert_int_equal(found.sample_s, 300);
	}
	nfm_samples_clear(&samples);
}

/* A sample that is covered by less than half does not count; by half it does, over that half. */
static void covered_time_decides(void **state)
{
	static const struct {
		uint64_t covered_ms;
		uint32_t samples;
		uint64_t most_bps;
	} cases[] = { { 149999, 19, 8 }, { 150000, 20, 160 }, { 200000, 20, 120 }, { 0, 19, 8 } };
	struct nfm_history_rates found;

	(void)state;
	for (size_t c = 0; c < NFM_ARRAY_SIZE(cases); c++) {
		struct nfm_samples samples;
		uint64_t up[20], down[20] = { 0 };

		judged(&samples, cases[c].covered_ms);
		for (uint32_t i = 0; i < 20; i++)
			up[i] = i == 3 ? 3000 : 300;
		rates(&samples, 100, up, down, &found);
		assert_int_equal(found.samples, cases[c].samples);
		assert_int_equal(found.up_most_bps, cases[c].most_bps);
		assert_int_equal(found.up_percentile_bps, cases[c].most_bps);
		nfm_samples_clear(&samples);
	}
}

static void nothing_covered_gives_no_rates(void **state)
{
	struct nfm_history_rates found = { .up_most_bps = 1 };
	struct nfm_samples samples;
	uint64_t up[20] = { 5000 }, down[20] = { 0 };

	(void)state;
	make(NOON_MS, NOON_MS + 20 * 300000, 300, &samples);
	nfm_samples_judge(&samples);
	rates(&samples, 95, up, down, &found);
	assert_int_equal(found.samples, 0);
	assert_int_equal(found.up_most_bps, 0);
	assert_int_equal(found.up_average_bps, 0);
	assert_int_equal(found.up_percentile_bps, 0);
	nfm_samples_clear(&samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selection_is_that_of_sorting),
		cmocka_unit_test(bps_is_rounded_to_nearest),
		cmocka_unit_test(samples_begin_at_local_multiples),
		cmocka_unit_test(too_many_samples_are_refused),
		cmocka_unit_test(parts_of_cells_are_added_once),
		cmocka_unit_test(percentile_is_by_nearest_rank),
		cmocka_unit_test(covered_time_decides),
		cmocka_unit_test(nothing_covered_gives_no_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
