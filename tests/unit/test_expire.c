// SPDX-License-Identifier: GPL-2.0-only
/* Expiry by size, by age and by both, and what must never go. */
#include "snapshot/expire.h"

#include <errno.h>

#include "expire_tree.h"

/* Ten files of 64 KiB, 10 minutes apart, the newest at 11:50; returns bytes of one. */
static uint64_t put_ten(void)
{
	static const char *const names[] = {
		"nfmeter.202611221110", "nfmeter.202611221020", "nfmeter.202611221150",
		"nfmeter.202611221040", "nfmeter.202611221030", "nfmeter.202611221140",
		"nfmeter.202611221050", "nfmeter.202611221100", "nfmeter.202611221130",
		"nfmeter.202611221120",
	};
	uint64_t each = 0;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++)
		each = put(names[i], 64);
	return each;
}

static void size_takes_the_oldest_down_to_the_watermark(void **state)
{
	struct nfm_expire_result result;
	uint64_t each = put_ten();

	(void)state;
	result = expire((struct nfm_expire_limits){ .size_bytes = 9 * each, .watermark = 50 },
			false);
	assert_int_equal(result.files_before, 10);
	assert_int_equal(result.bytes_before, 10 * each);
	assert_int_equal(result.files_gone, 6);
	assert_int_equal(result.bytes_gone, 6 * each);
	assert_string_equal(heard, "nfmeter.202611221020 nfmeter.202611221030 "
				   "nfmeter.202611221040 nfmeter.202611221050 "
				   "nfmeter.202611221100 nfmeter.202611221110 ");
	assert_false(there("nfmeter.202611221110"));
	assert_true(there("nfmeter.202611221120"));
}

static void size_that_is_not_exceeded_takes_nothing(void **state)
{
	struct nfm_expire_limits limits = { .watermark = 1 };
	uint64_t each = put_ten();

	(void)state;
	limits.size_bytes = 10 * each; /* exactly full, and far above the watermark */
	assert_int_equal(expire(limits, false).files_gone, 0);
	limits.size_bytes = 10 * each - 1;
	limits.watermark = 100;
	assert_int_equal(expire(limits, false).files_gone, 1);
	assert_false(there("nfmeter.202611221020"));
	assert_true(there("nfmeter.202611221030"));
}

static void no_limit_takes_nothing(void **state)
{
	struct nfm_expire_result result;

	(void)state;
	put_ten();
	result = expire((struct nfm_expire_limits){ 0 }, false);
	assert_int_equal(result.files_before, 10);
	assert_int_equal(result.files_gone, 0);
}

static void age_counts_from_the_start_in_the_name(void **state)
{
	(void)state;
	put_ten();
	/* 11:00 is exactly an hour old, which is not more than an hour. */
	assert_int_equal(expire((struct nfm_expire_limits){ .lifetime_s = 3600 }, false).files_gone,
			 4);
	assert_false(there("nfmeter.202611221050"));
	assert_true(there("nfmeter.202611221100"));
	assert_int_equal(expire((struct nfm_expire_limits){ .lifetime_s = 3599 }, false).files_gone,
			 1);
}

static void age_spares_what_is_from_the_future(void **state)
{
	(void)state;
	put("nfmeter.203001010000", 1);
	put("nfmeter.202611221159", 1);
	assert_int_equal(expire((struct nfm_expire_limits){ .lifetime_s = 1 }, false).files_gone,
			 1);
	assert_true(there("nfmeter.203001010000"));
}

/* The watermark is of the size alone: a file within its lifetime stays. */
static void watermark_does_not_shorten_a_lifetime(void **state)
{
	struct nfm_expire_limits limits = { .lifetime_s = 6000, .watermark = 50 };
	uint64_t each = put_ten();

	(void)state;
	limits.size_bytes = 10 * each;
	assert_int_equal(expire(limits, false).files_gone, 0);
}

static void both_limits_together(void **state)
{
	struct nfm_expire_limits limits = { .lifetime_s = 3600, .watermark = 50 };
	uint64_t each = put_ten();

	(void)state;
	/* Age takes four of ten; the six left are within 6: the watermark is not asked. */
	limits.size_bytes = 6 * each;
	assert_int_equal(expire(limits, true).files_gone, 4);
	/* Six left are more than 5: down to 2. */
	limits.size_bytes = 5 * each;
	assert_int_equal(expire(limits, false).files_gone, 8);
	assert_true(there("nfmeter.202611221140"));
	assert_true(there("nfmeter.202611221150"));
}

static void dry_run_tells_and_takes_nothing(void **state)
{
	struct nfm_expire_result result;
	uint64_t each = put_ten();

	(void)state;
	result = expire((struct nfm_expire_limits){ .size_bytes = 8 * each, .watermark = 100 },
			true);
	assert_int_equal(result.files_gone, 2);
	assert_string_equal(heard, "nfmeter.202611221020 nfmeter.202611221030 ");
	assert_true(there("nfmeter.202611221020"));
	assert_true(there("nfmeter.202611221030"));
}

static void order_is_time_across_sub_folders(void **state)
{
	static const char files[] = "b/nfmeter.202611221000 a/nfmeter.202611221005 "
				    "b/2026/11/nfmeter.202611221010 nfmeter.202611221015 "
				    "nfmeter.20261122101500.2 ";
	uint64_t each = put("b/nfmeter.202611221000", 64);

	(void)state;
	put("a/nfmeter.202611221005", 64);
	put("b/2026/11/nfmeter.202611221010", 64);
	put("nfmeter.202611221015", 64);
	put("nfmeter.20261122101500.2", 64);
	put("nfmeter.20261122101500.10", 64);
	assert_int_equal(expire((struct nfm_expire_limits){ .size_bytes = each, .watermark = 100 },
				false)
				 .files_gone,
			 5);
	assert_memory_equal(heard, files, strlen(files));
	assert_true(there("nfmeter.20261122101500.10"));
}

static void what_is_not_ours_stays(void **state)
{
	static const char *const foreign[] = {
		"nfmeter.conf",		       "nfmeter.2026112210",
		"nfmeter.202613221000",	       "nfmeter.202611221000.tmp",
		".nfmeter.202611221000",       ".nfmeter.202611221000.Xy12ab",
		".hidden/nfmeter.202611221000", "nfcapd.current.4711",
		"table",		       "xnfmeter.202611221000",
		"nfcapd.current",	       "nfcapd.2026112210",
		"nfcapd.202611221000.lz4",     "samples.20261101",
		"templates",		       "rollup/nfmeter.202611221000",
		"rollup/hours.20200101",       "rollup/days.20200101",
		"rollup/samples.20201301",     "rollup/samples.202001011200",
		"rollup/samples.20200101.tmp", "rollup/nfcapd.202001010000",
	};
	struct nfm_expire_result result;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(foreign); i++)
		put(foreign[i], 64);
	put("nfmeter.202611221000", 1);
	result = expire((struct nfm_expire_limits){ 1, 1, 1 }, false);
	assert_int_equal(result.files_before, 1);
	assert_int_equal(result.files_gone, 1);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(foreign); i++)
		assert_true(there(foreign[i]));
}

static void links_are_neither_followed_nor_taken(void **state)
{
	(void)state;
	put("outside/nfmeter.202611221000", 1);
	assert_int_equal(mkdir(in_folder("inside"), 0700), 0);
	assert_int_equal(mkdir(in_folder("inside/nfmeter.202611220900"), 0700), 0);
	assert_int_equal(symlink("../outside", in_folder("inside/link")), 0);
	assert_int_equal(symlink("../outside/nfmeter.202611221000",
				 in_folder("inside/nfmeter.202611221000")),
			 0);
	assert_int_equal(mkfifo(in_folder("inside/nfmeter.202611221005"), 0600), 0);
	{
		struct nfm_expire_limits limits = { 1, 1, 1 };
		struct nfm_expire_result result;
		char inside[PATH_MAX];

		snprintf(inside, sizeof(inside), "%s/inside", folder);
		assert_int_equal(nfm_expire_run(inside, &limits, NOON_S, false, NULL, NULL,
						&result, NULL),
				 0);
		assert_int_equal(result.files_before, 0);
	}
	assert_true(there("outside/nfmeter.202611221000"));
	assert_true(there("inside/nfmeter.202611221000"));
	assert_true(there("inside/nfmeter.202611221005"));
	assert_true(there("inside/nfmeter.202611220900"));
}

static void a_linked_directory_itself_is_followed(void **state)
{
	struct nfm_expire_limits limits = { .lifetime_s = 1 };
	struct nfm_expire_result result;
	char path[PATH_MAX];

	(void)state;
	put("real/nfmeter.202611221000", 1);
	assert_int_equal(symlink("real", in_folder("link")), 0);
	snprintf(path, sizeof(path), "%s/link", folder);
	assert_int_equal(nfm_expire_run(path, &limits, NOON_S, false, NULL, NULL, &result, NULL),
			 0);
	assert_int_equal(result.files_gone, 1);
	assert_false(there("real/nfmeter.202611221000"));
}

static void a_file_that_vanished_is_no_error(void **state)
{
	struct nfm_expire_result result;
	uint64_t each = put_ten();

	(void)state;
	vanishing = "nfmeter.202611221030"; /* the second: it goes when the first is told */
	result = expire((struct nfm_expire_limits){ .size_bytes = 7 * each, .watermark = 100 },
			false);
	assert_int_equal(result.files_gone, 2); /* and the vanished one made room, too */
	assert_string_equal(heard, "nfmeter.202611221020 nfmeter.202611221040 ");
	assert_true(there("nfmeter.202611221050"));
}

static void a_file_that_cannot_go_is_an_error(void **state)
{
	struct nfm_expire_limits limits = { .lifetime_s = 3600 };
	struct nfm_expire_result result = { .files_before = 4711 };
	struct nfm_error error;
	bool root = !geteuid();
	int code;

	(void)state;
	put_ten();
	assert_int_equal(chmod(folder, 0555), 0);
	if (root && seteuid(65534))
		skip();
	code = nfm_expire_run(folder, &limits, NOON_S, false, NULL, NULL, &result, &error);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(code, -EACCES);
	assert_non_null(strstr(error.text, "/nfmeter.202611221020: cannot delete"));
	assert_int_equal(result.files_before, 4711);
	assert_true(there("nfmeter.202611221020"));
}

static void errors_say_what_and_where(void **state)
{
	struct nfm_expire_limits limits = { .size_bytes = 1, .watermark = 101 };
	struct nfm_expire_result result = { .files_before = 4711 };
	struct nfm_error error;

	(void)state;
	put("f", 1);
	assert_int_equal(nfm_expire_run(folder, &limits, NOON_S, false, NULL, NULL, &result,
					&error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "watermark 101"));
	limits.watermark = 0;
	assert_int_equal(nfm_expire_run(folder, &limits, NOON_S, false, NULL, NULL, &result,
					&error),
			 -EINVAL);
	limits.watermark = 95;
	assert_int_equal(nfm_expire_run(in_folder("none"), &limits, NOON_S, false, NULL, NULL,
					&result, &error),
			 -ENOENT);
	assert_non_null(strstr(error.text, "/none: "));
	assert_int_equal(nfm_expire_run(in_folder("f"), &limits, NOON_S, false, NULL, NULL,
					&result, &error),
			 -ENOTDIR);
	assert_int_equal(result.files_before, 4711);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(size_takes_the_oldest_down_to_the_watermark),
		WITH_FOLDER(size_that_is_not_exceeded_takes_nothing),
		WITH_FOLDER(no_limit_takes_nothing),
		WITH_FOLDER(age_counts_from_the_start_in_the_name),
		WITH_FOLDER(age_spares_what_is_from_the_future),
		WITH_FOLDER(watermark_does_not_shorten_a_lifetime),
		WITH_FOLDER(both_limits_together),
		WITH_FOLDER(dry_run_tells_and_takes_nothing),
		WITH_FOLDER(order_is_time_across_sub_folders),
		WITH_FOLDER(what_is_not_ours_stays),
		WITH_FOLDER(links_are_neither_followed_nor_taken),
		WITH_FOLDER(a_linked_directory_itself_is_followed),
		WITH_FOLDER(a_file_that_vanished_is_no_error),
		WITH_FOLDER(a_file_that_cannot_go_is_an_error),
		WITH_FOLDER(errors_say_what_and_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
