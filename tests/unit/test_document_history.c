// SPDX-License-Identifier: GPL-2.0-only
/* Where the steps of a history begin that is asked for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "view/document.h"

#define UTC "UTC0"
#define KATHMANDU "NPT-5:45"

#define NOON_S 1795348800ULL  /* 2026-11-22 12:00:00 UTC */
#define NOW_S (NOON_S + 1357) /* 12:22:37 */
#define DAY_S 86400ULL

static struct nfm_document_history request;

static void ask(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
	nfm_document_history_init(&request);
	request.period.now_unix_s = request.period.to_unix_s = NOW_S;
}

static void take(const char *name, const char *text)
{
	struct nfm_error error = {};

	if (text && nfm_document_history_take(&request, name, text, &error))
		fail_msg("%s %s: %s", name, text, error.text);
}

static void ranges_begin_where_they_should(void **state)
{
	static const struct {
		const char *tz, *from, *step;
		uint64_t from_unix_s;
	} cases[] = {
		{ UTC, NULL, NULL, NOON_S - DAY_S + 1200 },
		{ UTC, NULL, "1h", NOON_S - DAY_S },
		{ UTC, NULL, "1d", NOON_S - DAY_S + 1200 },
		{ UTC, "-40m", NULL, NOON_S - 1200 },
		{ UTC, "-40m", "1m", NOON_S - 1080 },
		{ UTC, "-40m", "1s", NOON_S - 1043 },
		{ UTC, "-40m", "1h", NOON_S - 3600 },
		{ UTC, "-1357s", "5m", NOON_S },
		{ KATHMANDU, "-40m", "5m", NOON_S - 1200 },
		{ KATHMANDU, "-40m", "1h", NOON_S - 2700 },
		{ KATHMANDU, "-40m", "24h", NOON_S - 63900 },
		/* steps that are not of seconds begin where the range does */
		{ UTC, "-40m", "1d", NOON_S - 1043 },
		{ UTC, "-40m", "1mo", NOON_S - 1043 },
		/* as do times that are given */
		{ UTC, "2026-11-22T11:22:37Z", "5m", NOON_S - 2243 },
		{ UTC, "2026-11-22T11:22:37", "1h", NOON_S - 2243 },
		{ UTC, "today", "7m", NOON_S - DAY_S / 2 },
		{ UTC, "2026-11", "7m", NOON_S - 21 * DAY_S - DAY_S / 2 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		struct nfm_error error = {};

		ask(cases[i].tz);
		take("from", cases[i].from);
		take("step", cases[i].step);
		assert_int_equal(nfm_document_history_check(&request, &error), 0);
		if (request.period.from_unix_s != cases[i].from_unix_s)
			fail_msg("case %zu: from %lld s", i,
				 (long long)(request.period.from_unix_s - NOON_S));
		assert_int_equal(request.period.to_unix_s, NOW_S);
	}
}

static void the_last_begin_counts(void **state)
{
	struct nfm_error error = {};

	(void)state;
	ask(UTC);
	take("from", "-40m");
	take("day", "yesterday");
	take("step", "7m");
	assert_int_equal(nfm_document_history_check(&request, &error), 0);
	assert_int_equal(request.period.from_unix_s, NOON_S - DAY_S - DAY_S / 2);
	ask(UTC);
	take("month", "2026-11");
	take("from", "-40m");
	take("to", "now");
	take("percentile", "90");
	assert_int_equal(nfm_document_history_check(&request, &error), 0);
	assert_int_equal(request.period.from_unix_s, NOON_S - 1200);
}

static void an_empty_range_stays_one(void **state)
{
	struct nfm_error error = {};

	(void)state;
	ask(UTC);
	take("from", "-1m");
	take("to", "-2m");
	assert_int_equal(nfm_document_history_check(&request, &error), -EINVAL);
	ask(UTC);
	take("from", "now");
	assert_int_equal(nfm_document_history_check(&request, &error), -EINVAL);
	take("to", "2026-11-23");
	assert_int_equal(nfm_document_history_check(&request, &error), 0);
	assert_int_equal(request.period.from_unix_s, NOON_S + 1200);
}

static void no_step_begins_before_1970(void **state)
{
	struct nfm_error error = {};

	(void)state;
	ask(KATHMANDU);
	request.period.now_unix_s = request.period.to_unix_s = 5000;
	take("from", "-4000s");
	take("step", "24h");
	assert_int_equal(nfm_document_history_check(&request, &error), 0);
	assert_int_equal(request.period.from_unix_s, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_begin_where_they_should),
		cmocka_unit_test(the_last_begin_counts),
		cmocka_unit_test(an_empty_range_stays_one),
		cmocka_unit_test(no_step_begins_before_1970),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
