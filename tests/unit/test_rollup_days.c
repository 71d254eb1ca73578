// SPDX-License-Identifier: GPL-2.0-only
/* Days of 23 and of 25 hours, zones that change, processes that are killed, few descriptors. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "rollup_day.h"

/* The times of a rollup, as hours since an epoch. */
static void assert_window(const char *name, uint64_t from_s, uint64_t to_s)
{
	struct nfm_series_reader *r = open_rollup(name);

	assert_int_equal(nfm_series_reader_head(r)->grid.from_unix_ms, from_s * 1000);
	assert_int_equal(nfm_series_reader_head(r)->grid.to_unix_ms, to_s * 1000);
	nfm_series_reader_free(r);
}

static void days_of_23_and_25_hours(void **state)
{
	const uint64_t spring_s = 1774738800; /* 2026-03-29 00:00 in Berlin */
	const uint64_t autumn_s = 1792879200; /* 2026-10-25 00:00 */
	struct nfm_rollup_result result;

	(void)state;
	use_zone("Europe/Berlin");
	make_intervals(spring_s - 2 * INTERVAL_S, spring_s + DAY_S + 2 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(spring_s + 2 * DAY_S, &result), 0);
	assert_window("hours.20260329", spring_s, spring_s + 23 * 3600);
	assert_rollup("hours.20260329");
	assert_rollup("days.20260329");
	make_intervals(autumn_s + 2 * INTERVAL_S, autumn_s + DAY_S + 4 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(autumn_s + 2 * DAY_S, &result), 0);
	assert_window("samples.20261025", autumn_s, autumn_s + 25 * 3600);
	assert_rollup("samples.20261025");
	assert_rollup("days.20261025");
}

/* Each rollup of these dates begins where the one before it ends. */
static void assert_joined(const char *const *date, unsigned int count)
{
	uint64_t end_ms = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct nfm_series_reader *r;
		char name[32];

		snprintf(name, sizeof(name), "samples.%s", date[i]);
		assert_rollup(name);
		r = open_rollup(name);
		if (i)
			assert_int_equal(nfm_series_reader_head(r)->grid.from_unix_ms, end_ms);
		end_ms = nfm_series_reader_head(r)->grid.to_unix_ms;
		nfm_series_reader_free(r);
	}
}

/* First some days in one zone, then the process is started in another. */
static void move(const char *from_zone, const char *to_zone)
{
	struct nfm_rollup_result result;

	use_zone(from_zone);
	make_intervals(MIDNIGHT_S, MIDNIGHT_S + 3 * DAY_S, INTERVAL_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 3 * DAY_S, &result), 0);
	use_zone(to_zone);
	make_intervals(MIDNIGHT_S + 3 * DAY_S, MIDNIGHT_S + 6 * DAY_S, INTERVAL_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 6 * DAY_S, &result), 0);
	assert_true(result.days >= 2);
}

static void zones_move_without_holes(void **state)
{
	const char *const dates[] = { "20251121", "20251122", "20251123",
				      "20251124", "20251125", "20251126" };

	(void)state;
	move("UTC0", "<+05>-5");
	assert_joined(dates, 6);
	assert_int_equal(folder_remove(), 0);
	assert_int_equal(folder_make(), 0);
	move("UTC0", "<-05>5");
	assert_joined(dates, 6);
	assert_int_equal(folder_remove(), 0);
	assert_int_equal(folder_make(), 0);
	move("<+12>-12", "<-11>11"); /* over the date line: a date comes twice */
	assert_joined(dates + 1, 5);
	assert_int_equal(folder_remove(), 0);
	assert_int_equal(folder_make(), 0);
	move("<-11>11", "<+12>-12");
	assert_joined(dates, 6);
}

/* A day without snapshots has no rollup, and those beside it keep to their midnights. */
static void days_without_snapshots(void **state)
{
	struct nfm_rollup_result result;

	(void)state;
	make_intervals(MIDNIGHT_S + 2 * INTERVAL_S, MIDNIGHT_S + 6 * INTERVAL_S, INTERVAL_S);
	make_intervals(MIDNIGHT_S + 2 * DAY_S + 2 * INTERVAL_S,
		       MIDNIGHT_S + 2 * DAY_S + 6 * INTERVAL_S, INTERVAL_S);
	make_interval(99, MIDNIGHT_S + 3 * DAY_S + 2 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 4 * DAY_S, &result), 0);
	assert_int_equal(result.days, 2);
	assert_window("days.20251122", MIDNIGHT_S, MIDNIGHT_S + DAY_S);
	assert_false(exists("rollup/days.20251123"));
	assert_window("days.20251124", MIDNIGHT_S + 2 * DAY_S, MIDNIGHT_S + 3 * DAY_S);
}

/* ---- undisturbed, and not ---- */

static const char *const files[] = {
	"rollup/samples.20251121", "rollup/hours.20251121", "rollup/days.20251121",
	"rollup/samples.20251122", "rollup/hours.20251122", "rollup/days.20251122",
};

struct content {
	char *bytes[NFM_ARRAY_SIZE(files)];
	size_t size[NFM_ARRAY_SIZE(files)];
};

static void keep_and_remove(struct content *content)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(files); i++) {
		assert_int_equal(nfm_io_read_file(in_folder(files[i]), 1 << 24, &content->bytes[i],
						  &content->size[i]),
				 0);
		assert_int_equal(remove(in_folder(files[i])), 0);
	}
}

static void assert_same(const struct content *content)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *bytes = NULL;
		size_t size;

		assert_int_equal(nfm_io_read_file(in_folder(files[i]), 1 << 24, &bytes, &size), 0);
		assert_int_equal(size, content->size[i]);
		assert_memory_equal(bytes, content->bytes[i], size);
		assert_int_equal(remove(in_folder(files[i])), 0);
	}
}

static void content_clear(struct content *content)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(files); i++)
		free(content->bytes[i]);
}

/* Of few files: each moment of their rollup is tried. */
#define LONG_S 14400U

static void make_day(void)
{
	make_intervals(MIDNIGHT_S - 2 * LONG_S, MIDNIGHT_S + DAY_S + 3 * LONG_S, LONG_S);
}

static int kill_at(void *cookie, uint64_t done, uint64_t all)
{
	unsigned int *left = cookie;

	(void)done;
	(void)all;
	if (!--*left)
		kill(getpid(), SIGKILL);
	return 0;
}

/* True: the child was killed at its `moment`-th step, false: it came to its end before. */
static bool run_killed(unsigned int moment)
{
	struct nfm_rollup_result result;
	int status;
	pid_t pid = fork();

	if (!pid) {
		int code = nfm_rollup_run(folder, &no_limits, MIDNIGHT_S + 2 * DAY_S, kill_at,
					  &moment, &result, NULL);
		_exit(code ? 1 : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return true;
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

/* Killed wherever it reports progress, between the files of a day too, it is made up for. */
static void killed_ones_are_made_up_for(void **state)
{
	_cleanup_(content_clear) struct content content = { .size = { 0 } };
	struct nfm_rollup_result result;
	unsigned int moment, half_done = 0;

	(void)state;
	make_day();
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	keep_and_remove(&content);
	for (moment = 1; run_killed(moment); moment++) {
		half_done += exists("rollup/hours.20251122") && !exists("rollup/days.20251122");
		assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
		assert_same(&content);
		assert_int_equal(remove(in_folder("rollup/.lock")), 0);
		assert_int_equal(rmdir(in_folder("rollup")), 0); /* nothing else is left */
	}
	assert_same(&content);
	assert_true(moment > 15);
	assert_int_equal(half_done, 1);
}

/* With descriptors for a few files at once it takes rounds, and comes to the same. */
static void few_descriptors_are_enough(void **state)
{
	_cleanup_(content_clear) struct content content = { .size = { 0 } };
	const unsigned int counts[] = { 64 + 7, 64 + 3, 30 };
	struct rlimit before, low;
	struct nfm_rollup_result result;

	(void)state;
	make_day();
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	keep_and_remove(&content);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(counts); i++) {
		int code;

		low = (struct rlimit){ counts[i], before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		code = run_rollup(MIDNIGHT_S + 2 * DAY_S, &result);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(code, 0);
		assert_same(&content);
	}
}

static void too_few_descriptors_are_told(void **state)
{
	struct nfm_rollup_result result;
	struct nfm_error error = { .text = "" };
	struct rlimit before, low;
	int code;

	(void)state;
	make_day();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){ 12, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	code = nfm_rollup_run(folder, &no_limits, MIDNIGHT_S + 2 * DAY_S, NULL, NULL, &result,
			      &error);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(code, -EMFILE);
	assert_false(exists("rollup/days.20251122")); /* and none without what was not read */
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_rollup("days.20251122");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(days_of_23_and_25_hours),	  TEST(zones_move_without_holes),
		TEST(days_without_snapshots),	  TEST(killed_ones_are_made_up_for),
		TEST(few_descriptors_are_enough), TEST(too_few_descriptors_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
