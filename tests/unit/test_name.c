// SPDX-License-Identifier: GPL-2.0-only
/* Slots of local time and the names of files: also on the days when the clock is moved. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "snapshot/snapshot.h"

#define UTC "UTC0"
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NO_MIDNIGHT "BRT3BRST,M10.3.0/0,M2.3.0/0" /* the clock goes from 23:59:59 to 01:00 */
#define KATHMANDU "NPT-5:45"
#define LORD_HOWE "LHST-10:30LHDT-11,M10.1.0,M4.1.0"

#define H 3600ULL
#define NOON_S 1795348800ULL	 /* 2026-11-22 12:00:00 UTC */
#define SPRING_S 1774746000ULL	 /* 2026-03-29 01:00:00 UTC: in Berlin 02:00 becomes 03:00 */
#define AUTUMN_S 1792890000ULL	 /* 2026-10-25 01:00:00 UTC: in Berlin 03:00 becomes 02:00 */
#define SKIPPED_S 1792292400ULL	 /* 2026-10-18 03:00:00 UTC: no midnight in NO_MIDNIGHT */

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static void assert_slot(uint64_t unix_s, uint32_t interval_s, uint64_t start, uint64_t next)
{
	assert_int_equal(nfm_snapshot_slot_start(unix_s, interval_s), start);
	assert_int_equal(nfm_snapshot_slot_next(unix_s, interval_s), next);
}

static void slots_are_aligned(void **state)
{
	(void)state;
	zone(UTC);
	assert_slot(NOON_S, 300, NOON_S, NOON_S + 300);
	assert_slot(NOON_S + 299, 300, NOON_S, NOON_S + 300);
	assert_slot(NOON_S - 1, 300, NOON_S - 300, NOON_S);
	assert_slot(NOON_S + 1, 86400, NOON_S - 12 * H, NOON_S + 12 * H);
	assert_slot(NOON_S, 1, NOON_S, NOON_S + 1);
}

static void slots_follow_local_time(void **state)
{
	(void)state;
	zone(KATHMANDU);
	assert_slot(NOON_S, 3600, NOON_S - 45 * 60, NOON_S + 15 * 60);
	assert_slot(NOON_S, 86400, NOON_S - 63900, NOON_S + 86400 - 63900);
	zone(BERLIN);
	assert_slot(NOON_S, 86400, NOON_S - 13 * H, NOON_S + 11 * H);
}

static void days_are_calendar_days(void **state)
{
	uint64_t spring_day = SPRING_S - 2 * H; /* midnight, CET */
	uint64_t autumn_day = AUTUMN_S - 3 * H; /* midnight, CEST */

	(void)state;
	zone(BERLIN);
	assert_slot(SPRING_S - 1, 86400, spring_day, spring_day + 23 * H);
	assert_slot(SPRING_S, 86400, spring_day, spring_day + 23 * H);
	assert_slot(spring_day + 23 * H - 1, 86400, spring_day, spring_day + 23 * H);
	assert_slot(AUTUMN_S - 1, 86400, autumn_day, autumn_day + 25 * H);
	assert_slot(AUTUMN_S + 5 * H, 86400, autumn_day, autumn_day + 25 * H);
	zone(NO_MIDNIGHT);
	assert_slot(SKIPPED_S - 1, 86400, SKIPPED_S - 24 * H, SKIPPED_S);
	assert_slot(SKIPPED_S, 86400, SKIPPED_S, SKIPPED_S + 23 * H);
	assert_slot(SKIPPED_S + 22 * H, 86400, SKIPPED_S, SKIPPED_S + 23 * H);
}

static void slots_end_where_the_clock_moves(void **state)
{
	(void)state;
	zone(BERLIN);
	assert_slot(SPRING_S - 1, 300, SPRING_S - 300, SPRING_S);
	assert_slot(SPRING_S, 300, SPRING_S, SPRING_S + 300);
	assert_slot(AUTUMN_S - 1, H, AUTUMN_S - H, AUTUMN_S);
	assert_slot(AUTUMN_S, H, AUTUMN_S, AUTUMN_S + H);
	assert_slot(AUTUMN_S, 6 * H, AUTUMN_S - 3 * H, AUTUMN_S + 4 * H);
	assert_slot(SPRING_S, 6 * H, SPRING_S - 2 * H, SPRING_S + 3 * H);
}

/* One random moment: its slot holds it, and every moment of a slot names the same slot. */
static void check_slot(uint64_t t, uint32_t interval_s)
{
	uint64_t start = nfm_snapshot_slot_start(t, interval_s);
	uint64_t next = nfm_snapshot_slot_next(t, interval_s);
	uint64_t inside = start + (uint64_t)random() % (next - start);

	assert_in_range(t, start, next - 1);
	assert_slot(inside, interval_s, start, next);
	assert_slot(start, interval_s, start, next);
	assert_int_equal(nfm_snapshot_slot_start(next, interval_s), next);
	assert_true(next - start <= interval_s + H);
}

static void slots_cover_time_without_gap(void **state)
{
	static const char *const zones[] = { UTC, BERLIN, NO_MIDNIGHT, KATHMANDU, LORD_HOWE };
	static const uint32_t intervals[] = { 1, 7, 60, 300, 2700, 3600, 4500, 5400, 21600, 86400 };

	(void)state;
	srandom(1);
	for (size_t z = 0; z < NFM_ARRAY_SIZE(zones); z++) {
		zone(zones[z]);
		for (size_t i = 0; i < NFM_ARRAY_SIZE(intervals); i++)
			for (int n = 0; n < 1000; n++) {
				uint64_t around = n & 1 ? SPRING_S : n & 2 ? AUTUMN_S : SKIPPED_S;
				uint64_t wide = n & 4 ? 400 * 24 * H : 30 * H;

				check_slot(around - 15 * H + (uint64_t)random() % wide,
					   intervals[i]);
			}
	}
}

static void assert_name(uint64_t from_unix_s, uint32_t interval_s, unsigned int attempt,
			const char *expected)
{
	char name[64];

	assert_int_equal(nfm_snapshot_name(from_unix_s, interval_s, attempt, name, sizeof(name)),
			 0);
	assert_string_equal(name, expected);
}

static void names_tell_the_slot(void **state)
{
	(void)state;
	zone(UTC);
	assert_name(NOON_S, 300, 0, "nfmeter.202611221200");
	assert_name(NOON_S + 299, 300, 0, "nfmeter.202611221200");
	assert_name(NOON_S + 299, 300, 1, "nfmeter.20261122120459");
	assert_name(NOON_S + 299, 300, 2, "nfmeter.20261122120459.1");
	assert_name(NOON_S + 299, 300, 11, "nfmeter.20261122120459.10");
	assert_name(NOON_S + 16, 7, 0, "nfmeter.20261122120014"); /* counted from 1970 on */
	assert_name(NOON_S, 86400, 0, "nfmeter.202611220000");
	zone(BERLIN);
	assert_name(NOON_S, 300, 0, "nfmeter.202611221300");
	assert_name(NOON_S, 86400, 0, "nfmeter.202611220000");
}

static void a_name_that_does_not_fit_is_refused(void **state)
{
	char name[64] = "as before";

	(void)state;
	zone(UTC);
	assert_int_equal(nfm_snapshot_name(NOON_S, 300, 0, name, 20), -ENAMETOOLONG);
	assert_string_equal(name, "as before");
	assert_int_equal(nfm_snapshot_name(NOON_S, 300, 0, name, 21), 0);
	assert_int_equal(nfm_snapshot_name(1ULL << 50, 300, 1, name, sizeof(name)), -ERANGE);
}

static void names_are_parsed_back(void **state)
{
	static const char *const zones[] = { UTC, BERLIN, KATHMANDU };
	char name[64];
	uint64_t unix_s;

	(void)state;
	for (size_t z = 0; z < NFM_ARRAY_SIZE(zones); z++) {
		zone(zones[z]);
		for (unsigned int attempt = 0; attempt < 4; attempt++) {
			nfm_snapshot_name(NOON_S + 61, 60, attempt, name, sizeof(name));
			assert_int_equal(nfm_snapshot_name_parse(name, &unix_s), 0);
			assert_int_equal(unix_s, attempt ? NOON_S + 61 : NOON_S + 60);
		}
	}
	zone(UTC);
	assert_int_equal(nfm_snapshot_name_parse("nfmeter.202611221200.12", &unix_s), 0);
	assert_int_equal(unix_s, NOON_S);
	assert_int_equal(nfm_snapshot_name_parse("nfmeter.202402290000", &unix_s), 0);
}

static void foreign_names_are_refused(void **state)
{
	static const char *const names[] = {
		"",
		"nfmeter",
		"nfmeter.",
		"nfmeter.2026112212",
		"nfmeter.2026112212000",
		"nfmeter.202611221200000",
		"nfmeter.202611221200.",
		"nfmeter.202611221200.0",
		"nfmeter.202611221200.01",
		"nfmeter.202611221200.1x",
		"nfmeter.202611221200.1.2",
		"nfmeter.202611221200.1234567890",
		"nfmeter.202611221200.gz",
		"nfmeter.202611221200~",
		" nfmeter.202611221200",
		"nfcapd.202611221200",
		"nfmeter.202613221200",
		"nfmeter.202600221200",
		"nfmeter.202602291200",
		"nfmeter.202611311200",
		"nfmeter.202611222400",
		"nfmeter.202611221260",
		"nfmeter.20261122120060",
		"nfmeter.196011221200",
		"nfmeter.-02611221200",
		"~nfmeter.tmp-1-0",
	};
	uint64_t unix_s = 7;

	(void)state;
	zone(UTC);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++)
		assert_int_equal(nfm_snapshot_name_parse(names[i], &unix_s), -EINVAL);
	assert_int_equal(unix_s, 7);
}

static void a_snapshot_reaches_back_over_its_earlier_slots(void **state)
{
	static const struct {
		uint32_t interval_s, earlier_slots;
		uint64_t begin_unix_ns, reach_unix_ns;
	} cases[] = {
		{ 300, 0, NOON_S * NFM_NS_PER_S + 1, NOON_S * NFM_NS_PER_S + 1 },
		{ 300, 3, NOON_S * NFM_NS_PER_S, (NOON_S - 900) * NFM_NS_PER_S },
		{ 300, 3, NOON_S * NFM_NS_PER_S + 7, (NOON_S - 900) * NFM_NS_PER_S + 7 },
		{ 0, 3, NOON_S * NFM_NS_PER_S, NOON_S * NFM_NS_PER_S },
		{ 300, 1, 300 * NFM_NS_PER_S + 7, 7 },
		{ 300, 1, 300 * NFM_NS_PER_S, 0 },
		{ 300, 1, 300 * NFM_NS_PER_S - 1, 0 },
		{ UINT32_MAX, UINT32_MAX, NOON_S * NFM_NS_PER_S, 0 },
		{ UINT32_MAX, UINT32_MAX, UINT64_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		const struct nfm_snapshot_meta meta = {
			.interval_s = cases[i].interval_s,
			.earlier_slots = cases[i].earlier_slots,
		};

		assert_int_equal(nfm_snapshot_reach_ns(&meta, cases[i].begin_unix_ns),
				 cases[i].reach_unix_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_aligned),
		cmocka_unit_test(slots_follow_local_time),
		cmocka_unit_test(days_are_calendar_days),
		cmocka_unit_test(slots_end_where_the_clock_moves),
		cmocka_unit_test(slots_cover_time_without_gap),
		cmocka_unit_test(a_snapshot_reaches_back_over_its_earlier_slots),
		cmocka_unit_test(names_tell_the_slot),
		cmocka_unit_test(a_name_that_does_not_fit_is_refused),
		cmocka_unit_test(names_are_parsed_back),
		cmocka_unit_test(foreign_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
