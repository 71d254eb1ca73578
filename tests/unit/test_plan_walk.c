// SPDX-License-Identifier: GPL-2.0-only
/* What stands in damaged rollups, and what files tell of loss whatever their order. */
#include "past.h"

#include <unistd.h>

#include "base/log.h"
#include "damage.h"

#define NOON_S 1795348800ULL /* 2026-11-22 12:00:00 UTC */
#define AUTUMN_S 1792886400ULL /* 2026-10-25 02:00 in Berlin, which comes again an hour later */

/* A line of the index that is in the way is told of, and the day is not covered. */
static void damaged_lines_are_told(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_to_s, 0, &history);
	assert_int_equal(past_damaged, 0);
	assert_int_equal(history.head.quality.covered_ms, (past_to_s - past_from_s) * 1000);
	nfm_history_clear(&history);
	for (uint64_t line = 0; line < 5; line++)
		damage_line("samples.20261123", line);
	past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_to_s, 0, &history);
	assert_int_equal(past_damaged, 1);
	assert_int_equal(history.head.damaged, 1);
	assert_int_equal(history.head.quality.covered_ms, (past_to_s - past_from_s - 86400) * 1000);
	nfm_history_clear(&history);
}

/* Only the account of what is covered is damaged. */
static void a_damaged_account_is_told(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	damage_line("samples.20261123", PAST_CUSTOMERS + 2);
	past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_to_s, 0, &history);
	assert_int_equal(past_damaged, 1);
	assert_int_equal(history.head.quality.covered_ms, (past_to_s - past_from_s - 86400) * 1000);
	nfm_history_clear(&history);
}

/* Files of one table, each with 10 lost records more than the one before it. */
static void make_losses(uint64_t from_s, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct made_file file = {
			.meta = made_meta(2 + i, from_s + i * 300ULL, 300),
			.lost_records = 10ULL * (i + 1),
		};

		make_snapshot(&file);
	}
	past_now_s = from_s + count * 300ULL;
}

/*
 * In the hour that comes twice the names of the second turn stand between those of the first: the
 * file before the second turn's first one stands behind it.
 */
static void loss_of_an_hour_that_comes_twice(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	use_zone("Europe/Berlin");
	make_losses(AUTUMN_S - 3600, 48);
	past_read(NFM_HISTORY_UNMATCHED, NULL, AUTUMN_S - 3600, AUTUMN_S + 3 * 3600, 0, &history);
	assert_int_equal(history.head.quality.lost_records, 480);
	nfm_history_clear(&history);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, past_setup, past_teardown)
	const struct CMUnitTest tests[] = {
		TEST(damaged_lines_are_told),
		TEST(a_damaged_account_is_told),
		TEST(loss_of_an_hour_that_comes_twice),
	};

	nfm_log_set_level(LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, past_group_teardown);
}
