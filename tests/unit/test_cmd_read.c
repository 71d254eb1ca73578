// SPDX-License-Identifier: GPL-2.0-only
/* `read`: what a file says of slots, gaps and earlier bytes, in each of its forms. */
#include "view/document.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "folder.h"
#include "snapshot/snapshot.h"

#define NOON_NS 1795348800000000000ULL /* 2026-11-22 12:00:00 UTC */
#define S_NS 1000000000ULL

static char path[PATH_MAX];
static char *said;
static size_t said_bytes;

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return folder_make();
}

static int teardown(void **state)
{
	(void)state;
	free(said);
	said = NULL;
	return folder_remove();
}

/* Two customers; with `late` one of them has earlier bytes, and the file everything it may have. */
static void write_file(bool late)
{
	static const struct nfm_snapshot_earlier slots[] = { { 1, 1000, 5 }, { 6, 7, 5000000 } };
	static const struct nfm_snapshot_count count = { 9, 8, 7 };
	struct nfm_snapshot_meta meta = {
		.epoch = 4,
		.from_unix_ns = NOON_NS + 60 * S_NS,
		.to_unix_ns = NOON_NS + 700 * S_NS,
		.slot_unix_ns = NOON_NS,
		.interval_s = 300,
		.earlier_slots = 8,
	};
	struct nfm_snapshot_customer alice = {
		.id = "alice", .name = "A", .up = { 10000, 5, 5 }, .down = { 9000000, 6, 6 },
	};
	struct nfm_snapshot_customer bob = { .id = "bob", .name = "B", .up = { 1, 1, 1 } };
	struct nfm_snapshot_writer *w;

	if (late) {
		meta.flags = NFM_SNAPSHOT_MERGED | NFM_SNAPSHOT_PARTIAL;
		meta.gap[meta.gap_count++] = (struct nfm_snapshot_gap){
			NOON_NS + 100 * S_NS, NOON_NS + 160 * S_NS,
		};
		alice.earlier = slots;
		alice.earlier_count = 2;
	}
	assert_int_equal(nfm_snapshot_writer_open(folder, &meta, &w, NULL), 0);
	assert_int_equal(nfm_snapshot_writer_customer(w, &alice), 0);
	assert_int_equal(nfm_snapshot_writer_customer(w, &bob), 0);
	nfm_snapshot_writer_earlier(w, NFM_ROW_UNMATCHED, slots, late);
	assert_int_equal(nfm_snapshot_writer_commit(w, &count, &count, &count, path, sizeof(path),
						    NULL), 0);
	nfm_snapshot_writer_free(w);
}

/* What `read` prints of the file stands in `said`. */
static void read_file(bool late, enum nfm_format format)
{
	struct nfm_output *out;
	FILE *to;

	write_file(late);
	free(said);
	to = open_memstream(&said, &said_bytes);
	assert_non_null(to);
	out = nfm_output_new(to, format, true);
	assert_non_null(out);
	assert_int_equal(nfm_document_read(out, path, NULL), 0);
	assert_int_equal(nfm_output_finish(out, NULL), 0);
	nfm_output_free(out);
	fclose(to);
}

static bool says(const char *text)
{
	return strstr(said, text) != NULL;
}

static void json_has_slots_and_gaps(void **state)
{
	(void)state;
	read_file(true, NFM_FORMAT_JSON);
	assert_true(says("\"slot\":\"2026-11-22T12:00:00Z\""));
	assert_true(says("\"partial\":true,\"merged\":true,\"unbalanced\":false,"
			 "\"earlier_slots\":8"));
	assert_true(says("\"gaps\":[{\"from\":\"2026-11-22T12:01:40Z\","
			 "\"to\":\"2026-11-22T12:02:40Z\"}]"));
	assert_true(says("\"earlier\":[{\"time\":\"2026-11-22T11:55:00Z\",\"up_bytes\":1000,"
			 "\"down_bytes\":5},{\"time\":\"2026-11-22T11:30:00Z\",\"up_bytes\":7,"
			 "\"down_bytes\":5000000}]},{\"id\":\"bob\""));
	assert_true(says("\"unmatched_earlier\":[{\"time\":\"2026-11-22T11:55:00Z\","));
	assert_false(says("local_earlier"));
}

static void json_without_them_is_as_it_was(void **state)
{
	(void)state;
	read_file(false, NFM_FORMAT_JSON);
	assert_true(says("\"partial\":false,\"merged\":false,\"unbalanced\":false,"
			 "\"earlier_slots\":8,\"gaps\":[]"));
	assert_false(says("\"earlier\""));
	assert_false(says("unmatched_earlier"));
	assert_true(says("\"unmatched\":{\"bytes\":9,\"packets\":8,\"flows\":7}"));
}

static void csv_has_sums(void **state)
{
	(void)state;
	read_file(true, NFM_FORMAT_CSV);
	assert_int_equal(strncmp(said, "id,name,up_bytes,", 17), 0);
	assert_true(says(",prefixes,file,up_earlier_bytes,down_earlier_bytes\r\n") ||
		    says(",prefixes,file,up_earlier_bytes,down_earlier_bytes\n"));
	assert_true(says("alice,A,10000,5,5,9000000,6,6,,"));
	assert_true(says(",1007,5000005"));
	assert_true(says("bob,B,1,1,1,0,0,0,,"));
	assert_false(says("EARLIER"));
}

static void text_has_a_column_where_there_are_any(void **state)
{
	(void)state;
	read_file(true, NFM_FORMAT_TEXT);
	assert_true(says("EARLIER  PREFIXES"));
	assert_true(says("5001012"));
	assert_true(says("(of several intervals)"));
	assert_true(says("nobody counted from 2026-11-22 12:01:40 to 2026-11-22 12:02:40"));
	read_file(false, NFM_FORMAT_TEXT);
	assert_true(says("DOWN FLOWS  PREFIXES"));
	assert_false(says("EARLIER"));
	assert_false(says("several"));
	assert_false(says("nobody"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(json_has_slots_and_gaps),
		TEST(json_without_them_is_as_it_was),
		TEST(csv_has_sums),
		TEST(text_has_a_column_where_there_are_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
