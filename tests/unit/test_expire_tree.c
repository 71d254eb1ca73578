// SPDX-License-Identifier: GPL-2.0-only
/* What expires beside snapshots, in which order, and the folders that are empty behind it. */
#include "snapshot/expire.h"

#include <errno.h>
#include <fcntl.h>

#include "expire_tree.h"

#define DAY_S 86400U

static void make_folder(const char *name, uint64_t age_s)
{
	struct timespec changed[2] = { { .tv_sec = (time_t)(NOON_S - age_s) },
				       { .tv_sec = (time_t)(NOON_S - age_s) } };

	assert_int_equal(nfm_io_mkdir_p(in_folder(name), 0755), 0);
	assert_int_equal(utimensat(AT_FDCWD, in_folder(name), changed, 0), 0);
}

static struct nfm_expire_result by_age(uint64_t lifetime_s)
{
	return expire((struct nfm_expire_limits){ .lifetime_s = lifetime_s }, false);
}

/* ---- kinds of files ---- */

static void nfcapd_files_go_among_the_snapshots_by_time(void **state)
{
	uint64_t each = put("nfmeter.202611221000", 64);

	(void)state;
	put("nfcapd.202611221000", 64);
	put("nfcapd.202611220955", 64);
	put("nfmeter.202611221005", 64);
	put("router/nfcapd.20261122100100", 64);
	put("nfcapd.202611221005.1", 64);
	put("nfcapd.current.4711", 64);
	expire((struct nfm_expire_limits){ .size_bytes = each, .watermark = 100 }, false);
	assert_string_equal(heard, "nfcapd.202611220955 nfcapd.202611221000 nfmeter.202611221000 "
				   "router/nfcapd.20261122100100 nfcapd.202611221005.1 router/ ");
	assert_true(there("nfmeter.202611221005"));
	assert_true(there("nfcapd.current.4711"));
}

static void samples_count_into_the_size(void **state)
{
	struct nfm_expire_result result;
	uint64_t each = put("nfmeter.202611210000", 64);

	(void)state;
	put("rollup/samples.20261120", 64);
	put("rollup/hours.20261120", 64);
	put("rollup/days.20261120", 64);
	result = expire((struct nfm_expire_limits){ .size_bytes = 2 * each, .watermark = 100 },
			false);
	assert_int_equal(result.files_before, 2);
	assert_int_equal(result.bytes_before, 2 * each);
	assert_int_equal(result.files_gone, 0);
}

/* Of the 20th everything stands in samples.20261120 until midnight of the 21st is too old. */
static void samples_outlive_the_snapshots_of_their_day(void **state)
{
	uint64_t each = put("rollup/samples.20261120", 64);

	(void)state;
	put("nfmeter.202611200000", 64);
	put("nfmeter.202611202355", 64);
	put("nfmeter.202611210005", 64);
	expire((struct nfm_expire_limits){ .size_bytes = each, .watermark = 100 }, false);
	assert_string_equal(heard, "nfmeter.202611200000 nfmeter.202611202355 "
				   "rollup/samples.20261120 ");
}

static void samples_age_from_the_end_of_their_day(void **state)
{
	(void)state;
	put("rollup/samples.20261121", 1); /* ended 12 hours ago */
	put("nfmeter.202611212355", 1);
	assert_int_equal(by_age(12 * 3600).files_gone, 1);
	assert_true(there("rollup/samples.20261121"));
	assert_int_equal(by_age(12 * 3600 - 1).files_gone, 1);
	assert_false(there("rollup/samples.20261121"));
	assert_true(there("rollup"));
}

/* 2026-10-25 has 25 hours in Berlin: it ends at 23:00 UTC, 673 hours before noon. */
static void the_end_of_a_day_is_local(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	put("rollup/samples.20261025", 1);
	assert_int_equal(by_age(661 * 3600).files_gone, 0);
	assert_int_equal(by_age(661 * 3600 - 1).files_gone, 1);
}

static void rollups_of_hours_and_days_never_go(void **state)
{
	(void)state;
	put("rollup/hours.20200101", 64);
	put("rollup/days.20200101", 64);
	put("rollup/samples.20200101", 64);
	assert_int_equal(expire((struct nfm_expire_limits){ 1, 1, 1 }, false).files_gone, 1);
	assert_true(there("rollup/hours.20200101"));
	assert_true(there("rollup/days.20200101"));
}

/* Blocks count, not lengths: a file with a hole takes what it takes. */
static void a_hole_takes_no_room(void **state)
{
	struct nfm_expire_result result;
	uint64_t each = put("nfmeter.202611221000", 64);

	(void)state;
	put("nfmeter.202611221005", 64);
	assert_int_equal(truncate(in_folder("nfmeter.202611221005"), 1 << 30), 0);
	result = expire((struct nfm_expire_limits){ .size_bytes = 2 * each + 4096,
						    .watermark = 100 },
			false);
	assert_in_range(result.bytes_before, 2 * each, 2 * each + 4096);
	assert_int_equal(result.files_gone, 0);
}

/* ---- folders ---- */

static void emptied_folders_go_with_their_last_file(void **state)
{
	struct nfm_expire_result result;

	(void)state;
	put("router/2026/10/nfmeter.202610010000", 1);
	put("router/2026/11/nfmeter.202611220000", 1);
	put("other/nfmeter.202610010000", 1);
	put("other/notes", 1);
	put("third/nfmeter.202610010000", 1);
	put("third/.hidden", 1);
	result = by_age(DAY_S);
	assert_int_equal(result.files_gone, 3);
	assert_int_equal(result.folders_gone, 1);
	assert_false(there("router/2026/10"));
	assert_true(there("router/2026/11"));
	assert_true(there("other/notes"));
	assert_true(there("third/.hidden"));
	result = by_age(1);
	assert_int_equal(result.folders_gone, 3);
	assert_false(there("router"));
	assert_true(there(""));
}

static void folders_found_empty_go_by_name_and_age(void **state)
{
	(void)state;
	make_folder("2026-10/05", 2 * DAY_S);
	make_folder("2026-10", 2 * DAY_S);
	make_folder("2026-11/22", 3600);
	make_folder("router", 2 * DAY_S);
	make_folder("1.5", 2 * DAY_S);
	make_folder(".cache", 2 * DAY_S);
	make_folder("rollup", 2 * DAY_S);
	make_folder("lost+found", 2 * DAY_S);
	assert_int_equal(expire((struct nfm_expire_limits){ 0 }, false).folders_gone, 0);
	assert_int_equal(by_age(DAY_S).folders_gone, 2);
	assert_string_equal(heard, "2026-10/05/ 2026-10/ ");
	assert_true(there("2026-11/22"));
	assert_true(there("router"));
	assert_true(there("1.5"));
	assert_true(there(".cache"));
	assert_true(there("rollup"));
	assert_true(there("lost+found"));
	make_folder("2026-11/22", 3601);
	assert_int_equal(by_age(DAY_S).folders_gone, 2);
	assert_false(there("2026-11"));
}

static void a_rollup_folder_stays_when_it_is_emptied(void **state)
{
	(void)state;
	put("router/rollup/samples.20200101", 1);
	assert_int_equal(by_age(DAY_S).files_gone, 1);
	assert_true(there("router/rollup"));
}

static void a_dry_run_names_the_folders_and_leaves_them(void **state)
{
	char told[256];

	(void)state;
	put("router/2026/nfmeter.202610010000", 1);
	make_folder("2026-10", 2 * DAY_S);
	expire((struct nfm_expire_limits){ .lifetime_s = DAY_S }, true);
	assert_non_null(strstr(heard, "router/2026/ router/ "));
	assert_non_null(strstr(heard, "2026-10/ "));
	assert_true(there("router/2026/nfmeter.202610010000"));
	assert_true(there("2026-10"));
	snprintf(told, sizeof(told), "%s", heard);
	by_age(DAY_S);
	assert_string_equal(heard, told);
	assert_false(there("router"));
	assert_false(there("2026-10"));
}

/* A writer puts its file between the look and the end: its folder is not taken from under it. */
static void make_late(void *cookie, const char *path, uint64_t bytes)
{
	(void)cookie;
	(void)bytes;
	if (strstr(path, "nfmeter.202610010000"))
		put("2026/nfmeter.202611221155", 1);
}

static void a_folder_that_is_written_to_meanwhile_stays(void **state)
{
	struct nfm_expire_limits limits = { .lifetime_s = DAY_S };
	struct nfm_expire_result result;
	struct nfm_error error;

	(void)state;
	put("2026/nfmeter.202610010000", 1);
	assert_int_equal(nfm_expire_run(folder, &limits, NOON_S, false, make_late, NULL, &result,
					&error),
			 0);
	assert_int_equal(result.files_gone, 1);
	assert_int_equal(result.folders_gone, 0);
	assert_true(there("2026/nfmeter.202611221155"));
}

/* One that cannot be looked into is an error, and no reason to leave the others. */
static void a_folder_without_rights_is_an_error_and_the_rest_goes(void **state)
{
	struct nfm_expire_limits limits = { .lifetime_s = DAY_S };
	struct nfm_expire_result result = { .files_gone = 4711 };
	struct nfm_error error = { .text = "" };
	bool root = !geteuid();
	int code;

	(void)state;
	put("closed/nfmeter.202610010000", 1);
	put("open/nfmeter.202610010000", 1);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(chmod(in_folder("open"), 0777), 0);
	assert_int_equal(chmod(in_folder("closed"), 0), 0);
	if (root && seteuid(65534))
		skip();
	code = nfm_expire_run(folder, &limits, NOON_S, false, NULL, NULL, &result, &error);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(in_folder("closed"), 0700), 0);
	assert_int_equal(code, -EACCES);
	assert_non_null(strstr(error.text, "/closed: cannot open the folder"));
	assert_int_equal(result.files_gone, 4711);
	assert_true(there("closed/nfmeter.202610010000"));
	assert_false(there("open"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(nfcapd_files_go_among_the_snapshots_by_time),
		WITH_FOLDER(samples_count_into_the_size),
		WITH_FOLDER(samples_outlive_the_snapshots_of_their_day),
		WITH_FOLDER(samples_age_from_the_end_of_their_day),
		WITH_FOLDER(the_end_of_a_day_is_local),
		WITH_FOLDER(rollups_of_hours_and_days_never_go),
		WITH_FOLDER(a_hole_takes_no_room),
		WITH_FOLDER(emptied_folders_go_with_their_last_file),
		WITH_FOLDER(folders_found_empty_go_by_name_and_age),
		WITH_FOLDER(a_rollup_folder_stays_when_it_is_emptied),
		WITH_FOLDER(a_dry_run_names_the_folders_and_leaves_them),
		WITH_FOLDER(a_folder_that_is_written_to_meanwhile_stays),
		WITH_FOLDER(a_folder_without_rights_is_an_error_and_the_rest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
