// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots that come when their day has been rolled up. */
#include "rollup_day.h"

#define LATE_S (MIDNIGHT_S + 5 * INTERVAL_S)
#define NOW_S (MIDNIGHT_S + 2 * DAY_S)

static const char *const tiers[] = { "samples.20251122", "hours.20251122", "days.20251122" };

/* A day that is rolled up, without the snapshot of LATE_S. */
static void make_day_without(void)
{
	struct nfm_rollup_result result;

	make_intervals(MIDNIGHT_S + 2 * INTERVAL_S, LATE_S, INTERVAL_S);
	make_intervals(LATE_S + INTERVAL_S, MIDNIGHT_S + DAY_S + 3 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(NOW_S, &result), 0);
	assert_int_equal(result.days, 1);
}

static int open_tier(size_t tier)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "rollup/%s", tiers[tier]);
	fd = open(in_folder(path), O_RDONLY);
	assert_true(fd >= 0);
	return fd;
}

/* Another run makes the day again, or leaves it. The old files are held: an inode comes once. */
static void assert_made_again(bool made)
{
	struct nfm_rollup_result result;
	int before[NFM_ARRAY_SIZE(tiers)];

	for (size_t i = 0; i < NFM_ARRAY_SIZE(tiers); i++)
		before[i] = open_tier(i);
	assert_int_equal(run_rollup(NOW_S, &result), 0);
	assert_int_equal(result.days, made);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(tiers); i++) {
		struct stat old, new;
		int after = open_tier(i);

		assert_int_equal(fstat(before[i], &old), 0);
		assert_int_equal(fstat(after, &new), 0);
		assert_int_equal(old.st_ino != new.st_ino, made);
		close(before[i]);
		close(after);
	}
}

static void damage(const char *path)
{
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "damage", 6, 330), 6); /* in the first block */
	close(fd);
}

static void a_late_one_comes_into_all_tiers(void **state)
{
	(void)state;
	make_day_without();
	assert_made_again(false); /* nothing has come */
	make_interval(50, LATE_S, INTERVAL_S);
	assert_made_again(true);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(tiers); i++)
		assert_rollup(tiers[i]);
	assert_made_again(false); /* now it is named */
}

static void a_late_one_of_another_day_changes_nothing(void **state)
{
	(void)state;
	make_day_without();
	make_interval(50, MIDNIGHT_S + DAY_S + 8 * INTERVAL_S, INTERVAL_S);
	assert_made_again(false);
}

/* A file that may reach back into the day, and has nothing there. */
static struct made_file made_reaching(struct made_entry *entry)
{
	struct made_file file = {
		.meta = made_meta(90, MIDNIGHT_S + DAY_S + 10 * INTERVAL_S, INTERVAL_S),
		.entries = entry,
		.entry_count = 1,
	};

	*entry = (struct made_entry){
		.id = "c0",
		.up = { 5000, 5, 5 },
		.earlier = { .back = 9, .up_bytes = 1000 },
	};
	file.meta.earlier_slots = 24;
	return file;
}

static void what_may_reach_back_has_to_have_something(void **state)
{
	struct made_entry entry;
	struct made_file file = made_reaching(&entry);

	(void)state;
	make_day_without();
	make_snapshot(&file);
	assert_made_again(false);
	entry.earlier.back = 11;
	file.meta.epoch++;
	make_snapshot(&file);
	assert_made_again(true);
	assert_made_again(false);
}

static void unmatched_bytes_are_something(void **state)
{
	struct made_entry entry;
	struct made_file file = made_reaching(&entry);

	(void)state;
	make_day_without();
	file.unmatched = (struct nfm_snapshot_count){ 700, 7, 7 };
	file.unmatched_earlier = (struct nfm_snapshot_earlier){ 20, 70, 0 };
	make_snapshot(&file);
	assert_made_again(true);
	assert_made_again(false);
}

/* What the rollup has of a snapshot that is gone is in nothing else. */
static void not_where_a_source_is_gone(void **state)
{
	(void)state;
	make_day_without();
	make_interval(50, LATE_S, INTERVAL_S);
	assert_int_equal(remove(in_folder("nfmeter.202511221500")), 0);
	assert_made_again(false);
}

static void not_where_a_source_is_damaged(void **state)
{
	(void)state;
	make_day_without();
	make_interval(50, LATE_S, INTERVAL_S);
	damage(in_folder("nfmeter.202511221500"));
	assert_made_again(false);
}

static void not_for_one_that_is_damaged(void **state)
{
	char path[PATH_MAX];

	(void)state;
	make_day_without();
	snprintf(path, sizeof(path), "%s", make_interval(50, LATE_S, INTERVAL_S));
	damage(path);
	assert_made_again(false);
}

/* A day keeps its own times, so that those beside it join on to it. */
static void the_zone_may_have_changed(void **state)
{
	struct nfm_series_reader *r;

	(void)state;
	make_day_without();
	make_interval(50, LATE_S, INTERVAL_S);
	use_zone("<+03>-3");
	assert_made_again(true);
	r = open_rollup("days.20251122");
	assert_int_equal(nfm_series_reader_head(r)->grid.from_unix_ms, MIDNIGHT_S * 1000);
	assert_int_equal(nfm_series_reader_head(r)->grid.to_unix_ms,
			 (MIDNIGHT_S + DAY_S) * 1000);
	nfm_series_reader_free(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_late_one_comes_into_all_tiers),
		TEST(a_late_one_of_another_day_changes_nothing),
		TEST(what_may_reach_back_has_to_have_something),
		TEST(unmatched_bytes_are_something),
		TEST(not_where_a_source_is_gone),
		TEST(not_where_a_source_is_damaged),
		TEST(not_for_one_that_is_damaged),
		TEST(the_zone_may_have_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
