// SPDX-License-Identifier: GPL-2.0-only
/* Times and steps as people write them. */
#include "view/when.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define NOW_S 1795348800ULL /* 2026-11-22 12:00:00 UTC, a Sunday */

static void use_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static const struct {
	const char *zone, *text;
	int code;
	uint64_t unix_s;
} cases[] = {
	{ "UTC0", "now", 0, NOW_S },
	{ "UTC0", "today", 0, NOW_S - 43200 },
	{ "UTC0", "yesterday", 0, NOW_S - 43200 - 86400 },
	{ "Europe/Berlin", "today", 0, NOW_S - 46800 },
	{ "UTC0", "-7d", 0, NOW_S - 7 * 86400 },
	{ "UTC0", "-1d12h", 0, NOW_S - 129600 },
	{ "UTC0", "-90s", 0, NOW_S - 90 },
	{ "UTC0", "-5m", 0, NOW_S - 300 },
	{ "UTC0", "-2w", 0, NOW_S - 1209600 },
	{ "UTC0", "2026-11-22", 0, NOW_S - 43200 },
	{ "UTC0", "2026-11", 0, NOW_S - 43200 - 21 * 86400 },
	{ "Asia/Kolkata", "2026-11-22", 0, NOW_S - 43200 - 19800 },
	{ "UTC0", "2026-11-22T12:00", 0, NOW_S },
	{ "UTC0", "2026-11-22 12:00:30", 0, NOW_S + 30 },
	{ "Europe/Berlin", "2026-11-22T13:00", 0, NOW_S },
	{ "Europe/Berlin", "2026-11-22T12:00Z", 0, NOW_S },
	{ "Europe/Berlin", "2026-11-22T12:00:00Z", 0, NOW_S },
	{ "UTC0", "2026-11-22T12:00:00.999z", 0, NOW_S },
	{ "UTC0", "2026-11-22T17:30:00+05:30", 0, NOW_S },
	{ "UTC0", "2026-11-22T08:30:00-03:30", 0, NOW_S },
	/* summer and winter time */
	{ "Europe/Berlin", "2026-07-01", 0, 1782856800 },
	{ "Europe/Berlin", "2026-12-01", 0, 1796079600 },
	/* midnight was skipped there on this day */
	{ "America/Asuncion", "2023-10-01", 0, 1696132800 },
	{ "UTC0", "1969-12-31T23:59:59Z", -ERANGE, 0 },
	{ "UTC0", "9999-12-31T23:59:59-01:00", -ERANGE, 0 },
	{ "UTC0", "-99999w", -ERANGE, 0 },
	{ "UTC0", "-99999999999w", -EINVAL, 0 },
	{ "UTC0", "", -EINVAL, 0 },
	{ "UTC0", "-", -EINVAL, 0 },
	{ "UTC0", "-7", -EINVAL, 0 },
	{ "UTC0", "-7x", -EINVAL, 0 },
	{ "UTC0", "--7d", -EINVAL, 0 },
	{ "UTC0", "- 7d", -EINVAL, 0 },
	{ "UTC0", "7d", -EINVAL, 0 },
	{ "UTC0", "tomorrow", -EINVAL, 0 },
	{ "UTC0", "2026", -EINVAL, 0 },
	{ "UTC0", "2026-13", -EINVAL, 0 },
	{ "UTC0", "2026-00-01", -EINVAL, 0 },
	{ "UTC0", "2026-02-29", -EINVAL, 0 },
	{ "UTC0", "2026-11-22T", -EINVAL, 0 },
	{ "UTC0", "2026-11T12:00", -EINVAL, 0 },
	{ "UTC0", "2026-11-22T24:00", -EINVAL, 0 },
	{ "UTC0", "2026-11-22T12:60", -EINVAL, 0 },
	{ "UTC0", "2026-11-22T12:00:00.Z", -EINVAL, 0 },
	{ "UTC0", "2026-11-22T12:00:00+5", -EINVAL, 0 },
	{ "UTC0", "2026-11-22T12:00:00+24:00", -EINVAL, 0 },
	{ "UTC0", "2026-11-22T12:00:00Z ", -EINVAL, 0 },
	{ "UTC0", "2026-11-22x", -EINVAL, 0 },
	{ "UTC0", " 2026-11-22", -EINVAL, 0 },
	{ "UTC0", "2026-1-2", -EINVAL, 0 },
};

static void moments_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		uint64_t unix_s = 77;
		int code;

		use_zone(cases[i].zone);
		code = nfm_when_parse(cases[i].text, NOW_S, &unix_s);
		if (code != cases[i].code || unix_s != (code ? 77 : cases[i].unix_s))
			fail_msg("%s in %s: %d, %llu", cases[i].text, cases[i].zone, code,
				 (unsigned long long)unix_s);
	}
}

static void days_and_months_have_an_end(void **state)
{
	uint64_t from = 1, to = 2;

	(void)state;
	use_zone("Europe/Berlin");
	assert_int_equal(nfm_when_parse_day("2026-10-25", NOW_S, &from, &to), 0);
	assert_int_equal(to - from, 25 * 3600);
	assert_int_equal(nfm_when_parse_day("yesterday", NOW_S, &from, &to), 0);
	assert_int_equal(to, NOW_S - 46800);
	assert_int_equal(nfm_when_parse_month("2026-10", &from, &to), 0);
	assert_int_equal(to - from, 31 * 86400 + 3600);
	assert_int_equal(nfm_when_parse_month("2026-12", &from, &to), 0);
	assert_int_equal(to - from, 31 * 86400);
	assert_int_equal(nfm_when_month_begin(NOW_S, &from), 0);
	assert_int_equal(from, NOW_S - 46800 - 21 * 86400);
}

static void other_texts_are_no_days_and_months(void **state)
{
	static const char *const texts[] = { "", "2026", "2026-10-05T00:00", "-1d", "now", "x" };
	uint64_t from = 1, to = 2;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(texts); i++) {
		assert_int_equal(nfm_when_parse_day(texts[i], NOW_S, &from, &to), -EINVAL);
		assert_int_equal(nfm_when_parse_month(texts[i], &from, &to), -EINVAL);
	}
	assert_int_equal(nfm_when_parse_day("2026-10", NOW_S, &from, &to), -EINVAL);
	assert_int_equal(nfm_when_parse_month("2026-10-05", &from, &to), -EINVAL);
	assert_int_equal(from, 1);
	assert_int_equal(to, 2);
}

static const struct {
	const char *text;
	int code;
	enum nfm_history_unit unit;
	uint32_t step;
} steps[] = {
	{ "5m", 0, NFM_STEP_SECONDS, 300 },
	{ "300s", 0, NFM_STEP_SECONDS, 300 },
	{ "1h", 0, NFM_STEP_SECONDS, 3600 },
	{ "1H", 0, NFM_STEP_SECONDS, 3600 },
	{ "1d", 0, NFM_STEP_DAYS, 1 },
	{ "2w", 0, NFM_STEP_DAYS, 14 },
	{ "1mo", 0, NFM_STEP_MONTHS, 1 },
	{ "12mo", 0, NFM_STEP_MONTHS, 12 },
	{ "0m", -EINVAL, NFM_STEP_SECONDS, 0 },
	{ "", -EINVAL, NFM_STEP_SECONDS, 0 },
	{ "5", -EINVAL, NFM_STEP_SECONDS, 0 },
	{ "m", -EINVAL, NFM_STEP_SECONDS, 0 },
	{ "5M", -EINVAL, NFM_STEP_SECONDS, 0 }, /* minutes or months */
	{ "5min", -EINVAL, NFM_STEP_SECONDS, 0 },
	{ "-5m", -EINVAL, NFM_STEP_SECONDS, 0 },
	{ "1.5h", -EINVAL, NFM_STEP_SECONDS, 0 },
	{ "99999h", -ERANGE, NFM_STEP_SECONDS, 0 },
	{ "99999999999999999999h", -EINVAL, NFM_STEP_SECONDS, 0 },
};

static void steps_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(steps); i++) {
		enum nfm_history_unit unit = 99;
		uint32_t step = 77;
		int code = nfm_when_parse_step(steps[i].text, &unit, &step);

		if (code != steps[i].code || step != (code ? 77 : steps[i].step) ||
		    unit != (code ? 99 : steps[i].unit))
			fail_msg("%s: %d, %u", steps[i].text, code, step);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_read),
		cmocka_unit_test(days_and_months_have_an_end),
		cmocka_unit_test(other_texts_are_no_days_and_months),
		cmocka_unit_test(steps_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
