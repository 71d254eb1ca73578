// SPDX-License-Identifier: GPL-2.0-only
/* How much of a range is covered, and by samples of which length it is judged. */
#include "past.h"

#include <unistd.h>

#include "base/log.h"

#define NOON_S 1795348800ULL /* 2026-11-22 12:00:00 UTC */
#define SPRING_S 1774738800ULL /* 2026-03-29 00:00 in Berlin: a day of 23 hours */

static void assert_covered(uint64_t seconds, uint32_t gaps)
{
	struct nfm_history history = { 0 };

	past_read(NFM_HISTORY_UNMATCHED, NULL, past_from_s, past_to_s, 0, &history);
	assert_int_equal(history.head.quality.covered_ms, seconds * 1000);
	assert_int_equal(history.head.gap_count, gaps);
	nfm_history_clear(&history);
}

/* A clock that was set back covers a time twice: that does not hide a hole elsewhere. */
static void what_is_covered_twice_fills_no_hole(void **state)
{
	uint64_t all_s;

	(void)state;
	past_make("UTC0", NOON_S);
	all_s = past_to_s - past_from_s;
	assert_covered(all_s, 0);
	unlink(in_folder(past_path[20]));
	assert_covered(all_s - PAST_INTERVAL_S, 1);
	past[10].meta.epoch = 1000;
	past[10].meta.identity[0] ^= 1;
	make_snapshot(&past[10]);
	assert_covered(all_s - PAST_INTERVAL_S, 1);
	past_roll_up();
	assert_covered(all_s - PAST_INTERVAL_S, 1);
}

/* Where only the rollup by day is left, a sample is a day, however long that one is. */
static void a_day_of_23_hours_is_one_sample(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	past_make("Europe/Berlin", SPRING_S + 3600);
	past_roll_up();
	past_remove("samples", NULL);
	past_remove("hours", NULL);
	past_read(NFM_HISTORY_CUSTOMER, "anna", SPRING_S, SPRING_S + 23 * 3600, 0, &history);
	assert_int_equal(history.rates.sample_s, 86400);
	assert_int_equal(history.rates.samples, 1);
	assert_int_equal(history.head.quality.covered_ms, 23 * 3600 * 1000);
	assert_int_equal(history.rates.up_percentile_bps, history.rates.up_most_bps);
	assert_true(history.rates.up_most_bps > 0);
	assert_true(history.rates.up_most_bps == history.rates.up_average_bps);
	nfm_history_clear(&history);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, past_setup, past_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_covered_twice_fills_no_hole),
		TEST(a_day_of_23_hours_is_one_sample),
	};

	nfm_log_set_level(LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, past_group_teardown);
}
