// SPDX-License-Identifier: GPL-2.0-only
/* Rollups of days: which, of what, and that they say what the snapshots say. */
#include <sys/file.h>
#include <sys/resource.h>

#include "rollup_day.h"

/* The day, and two hours of the next: those may reach back two slots. */
static void make_day(void)
{
	make_intervals(MIDNIGHT_S - 2 * INTERVAL_S, MIDNIGHT_S + DAY_S + 3 * INTERVAL_S,
		       INTERVAL_S);
}

static void a_day_becomes_three_files(void **state)
{
	struct nfm_rollup_result result;
	struct nfm_series_reader *r;

	(void)state;
	make_day();
	assert_int_equal(run_rollup(MIDNIGHT_S + DAY_S + 3 * INTERVAL_S, &result), 0);
	assert_int_equal(result.days, 2); /* the end of the day before, too */
	assert_int_equal(result.customers, CUSTOMERS);
	assert_int_equal(result.expired, 0);
	assert_rollup("samples.20251122");
	assert_rollup("hours.20251122");
	assert_rollup("days.20251122");
	assert_rollup("samples.20251121");
	assert_false(exists("rollup/samples.20251123"));
	assert_false(exists("rollup/.work"));
	r = open_rollup("samples.20251122");
	assert_int_equal(nfm_series_reader_head(r)->points, 24);
	assert_int_equal(nfm_series_reader_head(r)->sources, 26); /* two of them of the next day */
	assert_string_equal(nfm_series_reader_source(r, 0), "nfmeter.202511220000");
	assert_string_equal(nfm_series_reader_source(r, 25), "nfmeter.202511230100");
	nfm_series_reader_free(r);
	r = open_rollup("days.20251121");
	assert_int_equal(nfm_series_reader_head(r)->grid.from_unix_ms, (MIDNIGHT_S - DAY_S) * 1000);
	assert_int_equal(nfm_series_reader_head(r)->grid.to_unix_ms, MIDNIGHT_S * 1000);
	nfm_series_reader_free(r);
}

/* Of those that have something in the day; see assert_rollup(). */
static void names_are_the_latest(void **state)
{
	unsigned int mornings = 0, afternoons = 0;
	struct nfm_rollup_result result;
	struct nfm_series_entry entry;
	struct nfm_series_reader *r;

	(void)state;
	make_day();
	assert_int_equal(run_rollup(MIDNIGHT_S + DAY_S * 2, &result), 0);
	r = open_rollup(
		"hours.20251121"); /* from 22:00 on, and earlier bytes of the next morning */
	for (uint64_t i = 0; nfm_series_reader_entry(r, i, &entry) == 1; i++) {
		mornings += !strcmp(entry.name, "morning");
		afternoons += !strcmp(entry.name, "afternoon");
	}
	nfm_series_reader_free(r);
	assert_true(mornings > 0 && afternoons > 0);
	assert_rollup("hours.20251121");
}

static void quality_is_that_of_the_sources(void **state)
{
	struct nfm_rollup_result result;

	(void)state;
	make_day();
	assert_int_equal(run_rollup(MIDNIGHT_S + DAY_S * 2, &result), 0);
	for (unsigned int i = 0; i < 3; i++) {
		const char *name = (const char *[]){ "samples.20251122", "hours.20251122",
						     "days.20251122" }[i];

		assert_int_equal(quality_sum(name, NFM_CELL_COVERED_MS), DAY_S * 1000);
		/* of each file 10 more, the first of this day's as well: its predecessor is there
		 */
		assert_int_equal(quality_sum(name, NFM_CELL_LOST_RECORDS), 24 * 10);
		assert_int_equal(quality_sum(name, NFM_CELL_LOST_DATAGRAMS), 24 * 3);
		assert_int_equal(quality_sum(name, NFM_CELL_REJECTED_RECORDS), 24 * 5);
		assert_int_equal(quality_sum(name, NFM_CELL_REJECTED_DATAGRAMS), 24 * 2);
		assert_int_equal(quality_sum(name, NFM_CELL_UNBALANCED), 0);
	}
	/* the first file is of epoch 2: all its loss is new */
	assert_int_equal(quality_sum("days.20251121", NFM_CELL_LOST_RECORDS), 20 + 10);
}

static void a_day_waits_for_what_may_reach_into_it(void **state)
{
	const uint64_t end_s = MIDNIGHT_S + DAY_S;
	struct nfm_rollup_result result;

	(void)state;
	make_intervals(MIDNIGHT_S + 2 * INTERVAL_S, end_s, INTERVAL_S);
	assert_int_equal(run_rollup(end_s + 7 * DAY_S, &result), 0);
	assert_int_equal(result.days, 0); /* nothing newer: it may only be late */
	make_interval(100, end_s, INTERVAL_S);
	make_interval(101, end_s + INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(end_s + 26 * 3600, &result), 0);
	assert_int_equal(result.days, 0); /* the next may have bytes of two slots before */
	make_interval(102, end_s + 2 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(end_s - 1, &result), 0);
	assert_int_equal(result.days, 0); /* by the clock it is not over */
	assert_int_equal(run_rollup(end_s + 2 * INTERVAL_S, &result), 0);
	assert_int_equal(result.days, 1);
	assert_rollup("days.20251122");
}

/* One of a clock that was wrong says of no day that all of it has come. */
static void snapshots_of_the_future_end_no_day(void **state)
{
	const uint64_t end_s = MIDNIGHT_S + DAY_S;
	struct nfm_rollup_result result;

	(void)state;
	make_intervals(MIDNIGHT_S + 2 * INTERVAL_S, end_s - INTERVAL_S, INTERVAL_S);
	make_interval(77, end_s + 400 * DAY_S, INTERVAL_S);
	assert_int_equal(run_rollup(end_s + 1, &result), 0);
	assert_int_equal(result.days, 0);
	make_interval(99, end_s - INTERVAL_S, INTERVAL_S);
	make_interval(100, end_s + 2 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(end_s + 3 * INTERVAL_S, &result), 0);
	assert_int_equal(result.days, 1);
	assert_rollup("days.20251122");
}

static void patience_ends_after_26_hours(void **state)
{
	const uint64_t end_s = MIDNIGHT_S + DAY_S;
	struct nfm_rollup_result result;

	(void)state;
	make_intervals(MIDNIGHT_S + 2 * INTERVAL_S, end_s + INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(end_s + 26 * 3600, &result), 0);
	assert_int_equal(result.days, 0);
	assert_int_equal(run_rollup(end_s + 26 * 3600 + 1, &result), 0);
	assert_int_equal(result.days, 1);
}

static void assert_same_file(const char *name, const struct stat *before)
{
	struct stat st;

	assert_int_equal(stat(in_folder(name), &st), 0);
	assert_int_equal(st.st_ino, before->st_ino);
	assert_int_equal(st.st_mtim.tv_nsec, before->st_mtim.tv_nsec);
}

static void what_is_there_is_left_alone(void **state)
{
	struct nfm_rollup_result result;
	struct stat samples, days;

	(void)state;
	make_day();
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(stat(in_folder("rollup/samples.20251122"), &samples), 0);
	assert_int_equal(stat(in_folder("rollup/days.20251122"), &days), 0);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 0);
	assert_same_file("rollup/samples.20251122", &samples);
	assert_int_equal(remove(in_folder("rollup/days.20251122")), 0);
	assert_int_equal(remove(in_folder("rollup/hours.20251122")), 0);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 1);
	assert_same_file("rollup/samples.20251122", &samples);
	assert_rollup("hours.20251122");
	assert_rollup("days.20251122");
	assert_int_equal(remove(in_folder("rollup/hours.20251122")), 0); /* expired, it may be */
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 0);
}

static void short_intervals_make_samples_of_a_minute(void **state)
{
	struct nfm_rollup_result result;
	struct nfm_series_reader *r;

	(void)state;
	make_intervals(MIDNIGHT_S + 420, MIDNIGHT_S + 420 + 42 * 20, 42);
	make_interval(50, MIDNIGHT_S + DAY_S + 42 * 4, 42);
	assert_int_equal(run_rollup(MIDNIGHT_S + DAY_S + 42 * 5, &result), 0);
	assert_int_equal(result.days, 1);
	r = open_rollup("samples.20251122");
	assert_int_equal(nfm_series_reader_head(r)->grid.step_ms, 84000);
	assert_int_equal(nfm_series_reader_head(r)->points, 1029);
	nfm_series_reader_free(r);
	assert_rollup("samples.20251122");
	assert_rollup("hours.20251122");
}

static void days_of_a_long_interval(void **state)
{
	struct nfm_rollup_result result;
	struct nfm_series_reader *r;

	(void)state;
	make_intervals(MIDNIGHT_S - 3 * DAY_S, MIDNIGHT_S + 3 * DAY_S, DAY_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 3 * DAY_S, &result), 0);
	assert_int_equal(result.days, 6); /* two before the first are reached from it */
	r = open_rollup("samples.20251119");
	assert_int_equal(nfm_series_reader_head(r)->points, 1);
	nfm_series_reader_free(r);
	assert_rollup("samples.20251119");
	assert_rollup("hours.20251120");
}

static uint64_t sum_of(const char *name, uint32_t first, uint32_t count, unsigned int c)
{
	static uint64_t point[POINTS_MOST];
	uint64_t *column[NFM_CELL_COLUMNS] = { NULL };
	struct nfm_series_reader *r = open_rollup(name);
	struct nfm_series_entry entry;
	uint64_t sum = 0;

	column[c] = point;
	assert_int_equal(nfm_series_reader_find(r, NFM_SERIES_CUSTOMER, "c0", &entry), 1);
	assert_int_equal(nfm_series_reader_columns(r, &entry, column), 0);
	for (uint32_t i = first; i < first + count; i++)
		sum += point[i];
	nfm_series_reader_free(r);
	return sum;
}

/* Intervals that begin anywhere: hours are the sums of the samples in them all the same. */
static void tiers_agree(void **state)
{
	struct nfm_rollup_result result;

	(void)state;
	make_intervals(MIDNIGHT_S - 1000, MIDNIGHT_S + DAY_S + 3000, 900);
	assert_int_equal(run_rollup(MIDNIGHT_S + DAY_S + 3000, &result), 0);
	assert_rollup("samples.20251122");
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++) {
		for (uint32_t hour = 0; hour < 24; hour++)
			assert_int_equal(sum_of("samples.20251122", hour * 4, 4, c),
					 sum_of("hours.20251122", hour, 1, c));
		assert_int_equal(sum_of("samples.20251122", 0, 96, c),
				 sum_of("days.20251122", 0, 1, c));
		assert_int_not_equal(sum_of("days.20251122", 0, 1, c), 0);
	}
}

/* What the newest snapshot has of it: that day is not over. */
static uint64_t last_of_all(unsigned int c)
{
	static struct expected e;
	const struct nfm_grid grid = { (MIDNIGHT_S + 3 * DAY_S - 7200) * 1000,
				       (MIDNIGHT_S + 9 * DAY_S) * 1000, 0 };

	expect(&e, &grid, NFM_SERIES_CUSTOMER, "c0");
	return e.point[c][0];
}

/* Every byte of every snapshot stands in one day, and in one only. */
static void nothing_is_lost_between_days(void **state)
{
	const char *const days[] = { "days.20251121", "days.20251122", "days.20251123" };
	static struct expected e;
	const struct nfm_grid whole = { 0, (MIDNIGHT_S + 9 * DAY_S) * 1000, 0 };
	struct nfm_rollup_result result;

	(void)state;
	make_intervals(MIDNIGHT_S - 5 * 1000, MIDNIGHT_S + DAY_S + 20 * 1000, 1000);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 2);
	/* the third day is over by then, too: its snapshots are those above, and one much later */
	make_interval(900, MIDNIGHT_S + 3 * DAY_S, 1000);
	assert_int_equal(run_rollup(MIDNIGHT_S + 3 * DAY_S + 7200, &result), 0);
	expect(&e, &whole, NFM_SERIES_CUSTOMER, "c0");
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < 3; i++)
			sum += sum_of(days[i], 0, 1, c);
		assert_int_not_equal(sum, 0);
		assert_int_equal(sum, e.point[c][0] - last_of_all(c));
	}
}

static void flip_in_the_middle(const char *path)
{
	struct stat st;
	char byte;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0 && !fstat(fd, &st));
	assert_int_equal(pread(fd, &byte, 1, st.st_size / 2), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size / 2), 1);
	close(fd);
}

static void damaged_ones_are_left_out(void **state)
{
	struct nfm_rollup_result result;
	struct nfm_series_reader *r;
	int fd;

	(void)state;
	make_day();
	flip_in_the_middle(in_folder("nfmeter.202511220700"));
	fd = open(in_folder("nfmeter.202511220900"), O_WRONLY | O_TRUNC);
	close(fd);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_rollup("samples.20251122");
	assert_rollup("days.20251122");
	assert_int_equal(quality_sum("samples.20251122", NFM_CELL_COVERED_MS), 22 * 3600000);
	/* nor is known what was lost in those behind them */
	assert_int_equal(quality_sum("days.20251122", NFM_CELL_LOST_RECORDS), 20 * 10);
	r = open_rollup("days.20251122");
	assert_int_equal(nfm_series_reader_head(r)->sources, 24);
	for (uint32_t i = 0; i < 24; i++) {
		assert_string_not_equal(nfm_series_reader_source(r, i), "nfmeter.202511220700");
		assert_string_not_equal(nfm_series_reader_source(r, i), "nfmeter.202511220900");
	}
	nfm_series_reader_free(r);
}

static void only_damaged_ones_make_no_files(void **state)
{
	struct nfm_rollup_result result;

	(void)state;
	flip_in_the_middle(make_interval(2, MIDNIGHT_S + 7200, INTERVAL_S));
	make_interval(3, MIDNIGHT_S + DAY_S + 7200, INTERVAL_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 0); /* the other one reaches back to midnight */
	assert_false(exists("rollup/days.20251122"));
	make_interval(4, MIDNIGHT_S + 10800, INTERVAL_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 1);
}

/* An interval of a clock that was not set at first: it would make files of 50 years. */
static void spans_of_years_are_left_out(void **state)
{
	struct made_file file = { .meta = made_meta(2, 86400, 300) };
	struct nfm_rollup_result result;

	(void)state;
	make_day();
	file.meta.to_unix_ns = (MIDNIGHT_S + 3600) * NFM_NS_PER_S;
	file.unmatched.bytes = 1000;
	make_snapshot(&file);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 2);
}

/* Whatever a header says: the interval may be longer than a day, or none. */
static void odd_intervals(void **state)
{
	const uint32_t intervals_s[] = { UINT32_MAX, 0 };
	const struct made_entry entry = { .id = "c0", .up = { 1000, 10, 1 } };
	struct nfm_rollup_result result;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct made_file file = { .meta = made_meta(2 + i, MIDNIGHT_S + 7200, 300),
					  .entries = &entry,
					  .entry_count = 1 };

		file.meta.from_unix_ns += i * DAY_S * NFM_NS_PER_S;
		file.meta.to_unix_ns += i * DAY_S * NFM_NS_PER_S;
		file.meta.slot_unix_ns += i * DAY_S * NFM_NS_PER_S;
		file.meta.interval_s = intervals_s[i];
		file.meta.earlier_slots = 0;
		make_snapshot(&file);
	}
	make_interval(9, MIDNIGHT_S + 3 * DAY_S, 300);
	assert_int_equal(run_rollup(MIDNIGHT_S + 4 * DAY_S, &result), 0);
	assert_rollup("samples.20251122");
	assert_rollup("hours.20251123");
	assert_rollup("days.20251123");
}

static void one_at_a_time(void **state)
{
	struct nfm_rollup_result result = { .days = 7 };
	int fd;

	(void)state;
	make_day();
	assert_int_equal(mkdir(in_folder("rollup"), 0700), 0);
	fd = open(in_folder("rollup/.lock"), O_RDWR | O_CREAT, 0600);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), -EBUSY);
	assert_int_equal(result.days, 7);
	close(fd);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 2);
}

static void a_folder_that_is_not_there(void **state)
{
	struct nfm_rollup_result result;
	struct nfm_error error;

	(void)state;
	assert_int_equal(nfm_rollup_run(in_folder("no"), &no_limits, MIDNIGHT_S, NULL, NULL,
					&result, &error),
			 -ENOENT);
	assert_false(exists("no"));
}

static void rollups_expire(void **state)
{
	const struct nfm_rollup_limits limits = { .hours_s = 2 * DAY_S, .days_s = 4 * DAY_S };
	const uint64_t end_s = MIDNIGHT_S + DAY_S;
	struct nfm_rollup_result result;

	(void)state;
	make_day();
	assert_int_equal(
		nfm_rollup_run(folder, &limits, end_s + 2 * DAY_S, NULL, NULL, &result, NULL), 0);
	assert_int_equal(result.days, 2); /* of the older one's hours none are made */
	assert_int_equal(result.expired, 0);
	assert_false(exists("rollup/hours.20251121"));
	assert_true(exists("rollup/hours.20251122"));
	for (unsigned int turn = 0; turn < 2; turn++) { /* nor are they made again */
		assert_int_equal(nfm_rollup_run(folder, &limits, end_s + 3 * DAY_S + 1, NULL, NULL,
						&result, NULL),
				 0);
		assert_int_equal(result.days, 0);
		assert_int_equal(result.expired, turn ? 0 : 2);
		assert_false(exists("rollup/hours.20251122"));
		assert_false(exists("rollup/days.20251121"));
		assert_true(exists("rollup/days.20251122"));
		assert_true(exists("rollup/samples.20251121")); /* snapshots' expiry has these */
	}
}

static int cancel(void *cookie, uint64_t done, uint64_t all)
{
	unsigned int *calls = cookie;

	assert_true(done <= all);
	return ++*calls == 10;
}

static void a_caller_may_end_it(void **state)
{
	struct nfm_rollup_result result;
	unsigned int calls = 0;

	(void)state;
	make_day();
	assert_int_equal(nfm_rollup_run(folder, &no_limits, MIDNIGHT_S + 2 * DAY_S, cancel, &calls,
					&result, NULL),
			 -ECANCELED);
	assert_int_equal(calls, 10);
	assert_false(exists("rollup/.work"));
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_rollup("days.20251122");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_day_becomes_three_files),
		TEST(names_are_the_latest),
		TEST(quality_is_that_of_the_sources),
		TEST(a_day_waits_for_what_may_reach_into_it),
		TEST(snapshots_of_the_future_end_no_day),
		TEST(patience_ends_after_26_hours),
		TEST(what_is_there_is_left_alone),
		TEST(short_intervals_make_samples_of_a_minute),
		TEST(days_of_a_long_interval),
		TEST(tiers_agree),
		TEST(nothing_is_lost_between_days),
		TEST(damaged_ones_are_left_out),
		TEST(only_damaged_ones_make_no_files),
		TEST(spans_of_years_are_left_out),
		TEST(odd_intervals),
		TEST(one_at_a_time),
		TEST(a_folder_that_is_not_there),
		TEST(rollups_expire),
		TEST(a_caller_may_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
