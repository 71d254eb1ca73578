// SPDX-License-Identifier: GPL-2.0-only
/* Where the steps of a history begin: seconds, and days and months of many zones' calendars. */
#include "history/steps.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static const char *const zones[] = {
	"UTC0",		   "Europe/Berlin",    "America/St_Johns", "Asia/Kolkata",
	"America/Asuncion", "Pacific/Auckland", "Africa/Cairo",	    "Asia/Beirut",
	"America/Havana",   "Australia/Lord_Howe", "Pacific/Apia",
};

static void use_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static uint64_t local(int year, int month, int day, int hour, int minute)
{
	struct tm tm = {
		.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
		.tm_hour = hour, .tm_min = minute, .tm_isdst = -1,
	};

	return (uint64_t)mktime(&tm);
}

static uint64_t *make(uint64_t from, uint64_t to, enum nfm_history_unit unit, uint32_t step,
		      uint32_t *count)
{
	const struct nfm_history_range range = { from, to, unit, step };
	struct nfm_error error = { .text = "" };
	uint64_t *bound = NULL;

	assert_int_equal(nfm_steps_make(&range, &bound, count, &error), 0);
	assert_true(bound[0] == from);
	assert_true(bound[*count] == to);
	for (uint32_t i = 0; i < *count; i++)
		assert_true(bound[i] < bound[i + 1]);
	return bound;
}

static void seconds_run_from_the_begin(void **state)
{
	_cleanup_free_ uint64_t *bound = NULL, *whole = NULL;
	uint32_t count;

	(void)state;
	bound = make(1000, 1950, NFM_STEP_SECONDS, 300, &count);
	assert_int_equal(count, 4);
	assert_int_equal(bound[1], 1300);
	assert_int_equal(bound[3], 1900);
	whole = make(1000, 1950, NFM_STEP_SECONDS, 0, &count);
	assert_int_equal(count, 1);
}

static void days_of_a_change_are_longer_or_shorter(void **state)
{
	_cleanup_free_ uint64_t *spring = NULL, *autumn = NULL;
	uint32_t count;

	(void)state;
	use_zone("Europe/Berlin");
	spring = make(local(2026, 3, 28, 0, 0), local(2026, 3, 31, 0, 0), NFM_STEP_DAYS, 1,
		      &count);
	assert_int_equal(count, 3);
	assert_int_equal(spring[1] - spring[0], 24 * 3600);
	assert_int_equal(spring[2] - spring[1], 23 * 3600);
	assert_int_equal(spring[3] - spring[2], 24 * 3600);
	autumn = make(local(2026, 10, 25, 0, 0), local(2026, 10, 26, 0, 0), NFM_STEP_DAYS, 1,
		      &count);
	assert_int_equal(count, 1);
	assert_int_equal(autumn[1] - autumn[0], 25 * 3600);
}

static void months_have_their_days(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29 };

	(void)state;
	for (size_t z = 0; z < 4; z++) {
		uint32_t count;

		use_zone(zones[z]);
		/* two years and two months, and the second of them has a 29th of February */
		_cleanup_free_ uint64_t *bound =
			make(local(2027, 1, 1, 0, 0), local(2028, 3, 1, 0, 0), NFM_STEP_MONTHS, 1,
			     &count);

		assert_int_equal(count, 14);
		for (uint32_t i = 0; i < count; i++)
			assert_int_equal((bound[i + 1] - bound[i] + 7200) / 86400, days[i]);
	}
}

static void first_step_ends_where_the_calendar_says(void **state)
{
	_cleanup_free_ uint64_t *days = NULL, *months = NULL, *weeks = NULL;
	uint32_t count;

	(void)state;
	use_zone("America/St_Johns");
	days = make(local(2026, 5, 6, 15, 7), local(2026, 5, 8, 3, 0), NFM_STEP_DAYS, 1, &count);
	assert_int_equal(count, 3);
	assert_true(days[1] == local(2026, 5, 7, 0, 0));
	assert_true(days[2] == local(2026, 5, 8, 0, 0));
	months = make(local(2026, 1, 31, 15, 7), local(2026, 3, 2, 0, 0), NFM_STEP_MONTHS, 1,
		      &count);
	assert_int_equal(count, 3);
	assert_true(months[1] == local(2026, 2, 1, 0, 0));
	assert_true(months[2] == local(2026, 3, 1, 0, 0));
	weeks = make(local(2026, 5, 6, 0, 0), local(2026, 5, 20, 0, 0), NFM_STEP_DAYS, 7, &count);
	assert_int_equal(count, 2);
	assert_true(weeks[1] == local(2026, 5, 13, 0, 0));
}

/* Every day of six years in each zone begins where its date does, also if midnight is skipped. */
static void days_begin_with_their_date(void **state)
{
	(void)state;
	for (size_t z = 0; z < NFM_ARRAY_SIZE(zones); z++) {
		uint32_t count;

		use_zone(zones[z]);
		_cleanup_free_ uint64_t *bound =
			make(local(2009, 12, 31, 12, 0), local(2015, 12, 31, 12, 0), NFM_STEP_DAYS,
			     1, &count);

		assert_in_range(count, 2190, 2193);
		for (uint32_t i = 1; i < count; i++) {
			time_t at = (time_t)bound[i], before = at - 1;
			struct tm here, there;

			localtime_r(&at, &here);
			localtime_r(&before, &there);
			if (here.tm_gmtoff < there.tm_gmtoff) { /* midnight comes twice */
				before -= 3600;
				localtime_r(&before, &there);
			}
			assert_int_not_equal(here.tm_mday, there.tm_mday);
			assert_in_range(bound[i] - bound[i - 1], 43200, 25 * 3600);
		}
	}
}

static void senseless_ranges_are_refused(void **state)
{
	static const struct nfm_history_range ranges[] = {
		{ 1000, 1000, NFM_STEP_SECONDS, 300 },
		{ 1000, 999, NFM_STEP_DAYS, 1 },
		{ 0, 1000000, NFM_STEP_SECONDS, 1 },
		{ 0, UINT64_MAX, NFM_STEP_SECONDS, 0 },
		{ 0, 300000000000, NFM_STEP_MONTHS, 1 },
	};
	uint64_t mark, *bound = &mark;
	uint32_t count = 77;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(ranges); i++) {
		struct nfm_error error = { .text = "" };

		assert_int_equal(nfm_steps_make(&ranges[i], &bound, &count, &error), -EINVAL);
		assert_true(error.text[0]);
		assert_ptr_equal(bound, &mark);
		assert_int_equal(count, 77);
	}
}

static void steps_longer_than_all_time_are_one(void **state)
{
	_cleanup_free_ uint64_t *days = NULL, *months = NULL;
	uint32_t count;

	(void)state;
	use_zone("UTC0");
	days = make(86400, 864000, NFM_STEP_DAYS, UINT32_MAX, &count);
	assert_int_equal(count, 1);
	months = make(86400, 864000, NFM_STEP_MONTHS, UINT32_MAX, &count);
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_run_from_the_begin),
		cmocka_unit_test(days_of_a_change_are_longer_or_shorter),
		cmocka_unit_test(months_have_their_days),
		cmocka_unit_test(first_step_ends_where_the_calendar_says),
		cmocka_unit_test(days_begin_with_their_date),
		cmocka_unit_test(senseless_ranges_are_refused),
		cmocka_unit_test(steps_longer_than_all_time_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
