// SPDX-License-Identifier: GPL-2.0-only
/* Rotation: every byte in exactly one file, whatever is counted when, and wherever it is cut. */
#include "rotation.h"

#include <sys/wait.h>

#include "base/io.h"

static void files_sum_to_what_was_added(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	for (int interval = 0; interval < 12; interval++) {
		add_records(random() % 400);
		flip();
		assert_true(nfm_rotate_pending(&table));
		add_records(random() % 100); /* into the bank that is open now */
		assert_int_equal(finish(&result), 0);
		assert_false(nfm_rotate_pending(&table));
		assert_int_equal(memory->ctl.committed, interval + 1);
		assert_int_equal(result.meta.epoch, interval + 1);
		assert_string_equal(memory->ctl.last_snapshot, result.path);
	}
	rotate(&result);
	assert_files_hold_everything(13);
}

static void one_interval_at_a_time(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(10);
	flip();
	assert_int_equal(nfm_rotate_flip(&table, now_ns + INTERVAL_NS, 0, 0), -EBUSY);
	assert_int_equal(memory->ctl.epoch, 2);
	assert_int_equal(memory->ctl.from_unix_ns[0], now_ns);
	assert_int_equal(finish(&result), 0);
	rotate(&result);
	assert_files_hold_everything(2);
}

static void short_intervals_are_partial(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	assert_int_equal(nfm_rotate_flip(&table, NOON_NS + INTERVAL_NS - NFM_NS_PER_S, 0, 0), 0);
	assert_int_equal(finish(&result), 0);
	assert_int_equal(result.meta.flags, 0);
	now_ns = NOON_NS + 2 * INTERVAL_NS - 3 * NFM_NS_PER_S;
	assert_int_equal(nfm_rotate_flip(&table, now_ns, 0, 0), 0);
	assert_int_equal(finish(&result), 0);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_PARTIAL);
	/* the wall clock was set back */
	assert_int_equal(nfm_rotate_flip(&table, NOON_NS, 0, 0), 0);
	assert_int_equal(finish(&result), 0);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_PARTIAL);
	assert_int_equal(result.meta.to_unix_ns, result.meta.from_unix_ns);
	assert_files_hold_everything(3);
}

/* Opens the first interval at from_s after noon, closes it at to_s; slots of five minutes. */
static struct nfm_snapshot_meta interval_between(uint64_t from_s, uint64_t to_s)
{
	struct nfm_rotate_result result;
	uint64_t from_ns = NOON_NS + from_s * NFM_NS_PER_S, to_ns = NOON_NS + to_s * NFM_NS_PER_S;
	uint32_t interval_s = 300;

	memory->ctl.from_unix_ns[memory->ctl.epoch & 1] = from_ns;
	nfm_rotate_set_slot(&table, memory->ctl.epoch, from_ns, 1, interval_s);
	assert_int_equal(nfm_rotate_flip(&table, to_ns, 1, 0), 0);
	/* today's interval is another one: the slot's own counts */
	assert_int_equal(nfm_rotate_finish(&table, folder, 60, NULL, &result, NULL), 0);
	assert_int_equal(result.meta.interval_s, interval_s);
	assert_int_equal(result.meta.from_unix_ns, from_ns);
	assert_int_equal(result.meta.to_unix_ns, to_ns);
	return result.meta;
}

static void intervals_say_what_of_their_slots_they_are(void **state)
{
	static const struct {
		uint64_t from_s, to_s, slot_s;
		uint32_t flags;
	} cases[] = {
		{ 0, 300, 0, 0 },
		{ 301, 601, 300, 0 }, /* by a second */
		{ 302, 601, 300, NFM_SNAPSHOT_PARTIAL },
		{ 600, 898, 600, NFM_SNAPSHOT_PARTIAL },
		{ 600, 899, 600, 0 },
		{ 900, 1202, 900, 0 },
		{ 900, 1203, 900, NFM_SNAPSHOT_MERGED },
		{ 1000, 1600, 900, NFM_SNAPSHOT_MERGED | NFM_SNAPSHOT_PARTIAL },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		struct nfm_snapshot_meta meta = interval_between(cases[i].from_s, cases[i].to_s);

		assert_int_equal(meta.slot_unix_ns, NOON_NS + cases[i].slot_s * NFM_NS_PER_S);
		assert_int_equal(meta.flags, cases[i].flags);
	}
}

/* A calendar day of 25 hours is a slot like any other. */
static void days_are_as_long_as_they_are(void **state)
{
	const uint64_t midnight_ns = 1792879200 * NFM_NS_PER_S; /* 2026-10-25 00:00 in Berlin */
	struct nfm_rotate_result result;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (uint64_t hours = 24; hours <= 26; hours++) {
		uint64_t to_ns = midnight_ns + hours * 3600 * NFM_NS_PER_S;

		memory->ctl.from_unix_ns[memory->ctl.epoch & 1] = midnight_ns;
		nfm_rotate_set_slot(&table, memory->ctl.epoch, midnight_ns, 1, 86400);
		assert_int_equal(memory->ctl.slot_unix_ns[memory->ctl.epoch & 1], midnight_ns);
		assert_int_equal(nfm_rotate_flip(&table, to_ns, 1, 86400), 0);
		assert_int_equal(finish(&result), 0);
		assert_int_equal(result.meta.flags, hours == 24 ? NFM_SNAPSHOT_PARTIAL :
						    hours == 25 ? 0 : NFM_SNAPSHOT_MERGED);
	}
}

static void gaps_are_cut_to_the_interval(void **state)
{
	static const struct nfm_gap gaps[] = {
		{ NOON_NS - 9, NOON_NS }, /* before it */
		{ NOON_NS - 9, NOON_NS + 5 },
		{ NOON_NS + 6, NOON_NS + 7 },
		{ NOON_NS + 9, NOON_NS + 8 }, /* backwards */
		{ NOON_NS + INTERVAL_NS - 1, NOON_NS + INTERVAL_NS + 50 },
		{ NOON_NS + INTERVAL_NS, UINT64_MAX },
	};
	struct nfm_rotate_result result;
	struct nfm_snapshot_meta meta;

	(void)state;
	memcpy(memory->ctl.gap[1], gaps, sizeof(gaps));
	memory->ctl.gap_count[1] = NFM_ARRAY_SIZE(gaps);
	rotate(&result);
	assert_int_equal(nfm_snapshot_header_read(result.path, &meta, NULL), 0);
	assert_memory_equal(&meta, &result.meta, sizeof(meta));
	assert_int_equal(meta.gap_count, 3);
	assert_int_equal(meta.gap[0].from_unix_ns, NOON_NS);
	assert_int_equal(meta.gap[0].to_unix_ns, NOON_NS + 5);
	assert_int_equal(meta.gap[1].from_unix_ns, NOON_NS + 6);
	assert_int_equal(meta.gap[2].to_unix_ns, NOON_NS + INTERVAL_NS);
	rotate(&result);
	assert_int_equal(result.meta.gap_count, 0);
	memory->ctl.gap_count[1] = UINT32_MAX; /* a wild table does no harm */
	rotate(&result);
	assert_in_range(result.meta.gap_count, 0, NFM_SNAPSHOT_GAPS);
}

static unsigned int graces;

static void count_grace(void)
{
	graces++;
	assert_true(nfm_rotate_pending(&table));
}

static void grace_comes_before_the_sums(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	graces = 0;
	flip();
	assert_int_equal(nfm_rotate_finish(&table, folder, INTERVAL_S, count_grace, &result, NULL),
			 0);
	assert_int_equal(graces, 1);
}

/* ---- cut short ---- */

static enum nfm_rotate_step cut_step;
static int cut_after; /* times that the step is let pass */

static int cut_by_error(enum nfm_rotate_step step)
{
	return step == cut_step && !cut_after-- ? -ECANCELED : 0;
}

static int cut_by_kill(enum nfm_rotate_step step)
{
	if (step == cut_step && !cut_after--)
		_exit(7); /* nothing is cleaned up, as after kill -9 */
	return 0;
}

static const struct {
	enum nfm_rotate_step step;
	int after;
} cuts[] = {
	{ NFM_ROTATE_QUIET, 0 },	{ NFM_ROTATE_FILE_OPENED, 0 },
	{ NFM_ROTATE_FILE_HALF, 0 },	{ NFM_ROTATE_FILE_WHOLE, 0 },
	{ NFM_ROTATE_FILE_SYNCED, 0 },	{ NFM_ROTATE_FILE_RENAMED, 0 },
	{ NFM_ROTATE_FOLDER_SYNCED, 0 }, { NFM_ROTATE_WRITTEN, 0 },
	{ NFM_ROTATE_SETTLING, 0 },	{ NFM_ROTATE_SETTLING, 1 },
	{ NFM_ROTATE_SETTLING, 3 },	{ NFM_ROTATE_SETTLED, 0 },
	{ NFM_ROTATE_COMMITTED, 0 },
};

static void every_step_is_cut_at_and_has_a_name(void **state)
{
	(void)state;
	for (unsigned int step = 0; step < NFM_ROTATE_STEP_COUNT; step++) {
		unsigned int found = 0;

		for (size_t i = 0; i < NFM_ARRAY_SIZE(cuts); i++)
			found += cuts[i].step == step;
		assert_in_range(found, 1, 3);
		for (unsigned int other = 0; other < step; other++)
			assert_string_not_equal(nfm_rotate_step_name(step),
						nfm_rotate_step_name(other));
	}
	assert_string_equal(nfm_rotate_step_name(NFM_ROTATE_QUIET), "quiet");
	assert_string_equal(nfm_rotate_step_name(NFM_ROTATE_COMMITTED), "committed");
	assert_null(nfm_rotate_step_name(NFM_ROTATE_STEP_COUNT));
}

static void an_error_after_any_step_is_made_good(void **state)
{
	struct nfm_rotate_result result = {};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cuts); i++) {
		add_records(200);
		flip();
		cut_step = cuts[i].step;
		cut_after = cuts[i].after;
		nfm_rotate_step_hook = cut_by_error;
		result.customers = 12345;
		assert_int_equal(finish(&result), -ECANCELED);
		assert_int_equal(result.customers, 12345);
		nfm_rotate_step_hook = NULL;
		add_records(50);
		assert_int_equal(finish(&result), 0);
		assert_false(nfm_rotate_pending(&table));
	}
	rotate(&result);
	assert_files_hold_everything(NFM_ARRAY_SIZE(cuts) + 1);
}

/* True if the child came to the step: a file that is found is not written again. */
static bool finish_in_a_child_that_dies(enum nfm_rotate_step step, int after)
{
	struct nfm_rotate_result result;
	int status;
	pid_t child;

	cut_step = step;
	cut_after = after;
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		nfm_rotate_step_hook = cut_by_kill;
		nfm_rotate_finish(&table, folder, INTERVAL_S, NULL, &result, NULL);
		_exit(8);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 7, 8);
	return WEXITSTATUS(status) == 7;
}

static void a_death_after_any_step_is_made_good(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cuts); i++) {
		add_records(200);
		flip();
		assert_true(finish_in_a_child_that_dies(cuts[i].step, cuts[i].after));
		/* and the one that would mend it dies as well, if it comes to that step */
		if (nfm_rotate_pending(&table) &&
		    !finish_in_a_child_that_dies(cuts[i].step, cuts[i].after))
			assert_false(nfm_rotate_pending(&table));
		add_records(50);
		assert_int_equal(finish(&result), 0);
	}
	rotate(&result);
	assert_files_hold_everything(NFM_ARRAY_SIZE(cuts) + 1);
}

/* The file is found although its name is one that would not be tried today. */
static void a_file_is_found_under_another_name(void **state)
{
	struct nfm_rotate_result before, after;

	(void)state;
	add_records(200);
	flip();
	nfm_rotate_step_hook = cut_by_error;
	cut_step = NFM_ROTATE_SETTLING;
	cut_after = 0;
	assert_int_equal(finish(&before), -ECANCELED);
	nfm_rotate_step_hook = NULL;
	setenv("TZ", "NPT-5:45", 1);
	tzset();
	assert_int_equal(nfm_rotate_finish(&table, folder, 60, NULL, &after, NULL), 0);
	assert_non_null(strstr(after.path, "/nfmeter.202611221200"));
	assert_int_equal(after.meta.interval_s, INTERVAL_S);
	assert_memory_equal(&after.total, &added.total, sizeof(after.total));
	assert_int_equal(after.records, 200);
	assert_int_equal(after.lost, 21);
	assert_int_equal(after.rejected_datagrams, 200);
	assert_files_hold_everything(1);
}

/* After the wall clock was set back the file is none of the newest. */
static void a_file_is_found_among_many_newer_ones(void **state)
{
	struct nfm_rotate_result result;
	char path[PATH_MAX];

	(void)state;
	add_records(200);
	flip();
	nfm_rotate_step_hook = cut_by_error;
	cut_step = NFM_ROTATE_WRITTEN;
	cut_after = 0;
	assert_int_equal(finish(&result), -ECANCELED);
	nfm_rotate_step_hook = NULL;
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "%s/nfmeter.2030010112%02d.%d", folder, i % 60, i + 1);
		assert_int_equal(nfm_io_replace_file(path, "x", 1, 0644), 0);
	}
	assert_int_equal(finish(&result), 0);
	assert_non_null(strstr(result.path, "/nfmeter.202611221200"));
	assert_int_equal(strlen(strrchr(result.path, '/')), strlen("/nfmeter.202611221200"));
	assert_int_equal(memory->ctl.committed, 1);
}

/* A damaged file is no file: the interval is written again beside it. */
static void a_damaged_file_is_written_again(void **state)
{
	struct nfm_rotate_result result;
	char path[PATH_MAX];
	_cleanup_free_ char *data = NULL;
	size_t len;

	(void)state;
	add_records(200);
	flip();
	nfm_rotate_step_hook = cut_by_error;
	cut_step = NFM_ROTATE_WRITTEN;
	cut_after = 0;
	assert_int_equal(finish(&result), -ECANCELED);
	nfm_rotate_step_hook = NULL;
	snprintf(path, sizeof(path), "%s/nfmeter.202611221200", folder);
	assert_int_equal(nfm_io_read_file(path, 1 << 20, &data, &len), 0);
	data[len - 1] ^= 1;
	assert_int_equal(nfm_io_replace_file(path, data, len, 0644), 0);
	assert_int_equal(finish(&result), 0);
	assert_non_null(strstr(result.path, "/nfmeter.20261122120000"));
	assert_int_equal(remove(path), 0);
	assert_files_hold_everything(1);
}

/* A folder that cannot be had: the interval waits, and counting goes on. */
static void a_failing_folder_loses_nothing(void **state)
{
	struct nfm_rotate_result result = { .customers = 12345 };
	struct nfm_error error = {};
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(nfm_io_replace_file(path, "x", 1, 0600), 0);
	strcat(path, "/below");
	add_records(200);
	flip();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(nfm_rotate_finish(&table, path, INTERVAL_S, NULL, &result, &error),
				 -ENOTDIR);
		assert_non_null(strstr(error.text, path));
		assert_int_equal(result.customers, 12345);
		assert_true(nfm_rotate_pending(&table));
		assert_int_equal(nfm_rotate_flip(&table, now_ns, 0, 0), -EBUSY);
		add_records(20);
	}
	assert_int_equal(finish(&result), 0);
	rotate(&result);
	assert_files_hold_everything(2);
}

/* Another table's file of the same interval is not ours. */
static void another_table_has_its_own_files(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(10);
	rotate(&result);
	memory->ctl.identity[0] ^= 1;
	memory->ctl.epoch = 1;
	memory->ctl.committed = 0;
	memory->ctl.from_unix_ns[1] = NOON_NS;
	now_ns = NOON_NS;
	add_records(10);
	rotate(&result);
	assert_int_equal(result.meta.epoch, 1);
	assert_files_hold_everything(2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(files_sum_to_what_was_added),
		TEST(one_interval_at_a_time),
		TEST(short_intervals_are_partial),
		TEST(intervals_say_what_of_their_slots_they_are),
		TEST(days_are_as_long_as_they_are),
		TEST(gaps_are_cut_to_the_interval),
		TEST(grace_comes_before_the_sums),
		TEST(every_step_is_cut_at_and_has_a_name),
		TEST(an_error_after_any_step_is_made_good),
		TEST(a_death_after_any_step_is_made_good),
		TEST(a_file_is_found_under_another_name),
		TEST(a_file_is_found_among_many_newer_ones),
		TEST(a_damaged_file_is_written_again),
		TEST(a_failing_folder_loses_nothing),
		TEST(another_table_has_its_own_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
