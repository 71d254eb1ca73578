// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots of version 1, whose customers stand in the order of rows: sorted, then as all others.
 */
#include "history/rollup_input.h"
#include "old_snapshot.h"
#include "rollup_day.h"

static void make_old(const char *name, const char *const *id, uint32_t count, uint64_t from_s)
{
	struct made_entry entry[8];

	assert_true(count <= NFM_ARRAY_SIZE(entry));
	for (uint32_t i = 0; i < count; i++)
		entry[i] = (struct made_entry){
			.id = id[i], .name = "old", .up = made_count(from_s, i)
		};
	make_old_snapshot(name, entry, count, from_s, INTERVAL_S);
}

static void old_files_are_sorted(void **state)
{
	const char *const by_row[] = { "c7", "c0", "c5", "c1" };
	const char *const other[] = { "c1", "c7", "c3", "c0" };
	struct nfm_rollup_result result;
	struct nfm_series_reader *r;

	(void)state;
	make_old("nfmeter.202511220100", by_row, 4, MIDNIGHT_S + 3600);
	make_old("nfmeter.202511220200", other, 4, MIDNIGHT_S + 7200);
	make_interval(9, MIDNIGHT_S + 4 * INTERVAL_S, INTERVAL_S); /* new ones beside them */
	make_interval(10, MIDNIGHT_S + DAY_S + 2 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 1);
	assert_rollup("samples.20251122");
	assert_rollup("days.20251122");
	assert_false(exists("rollup/.work"));
	r = open_rollup("days.20251122");
	assert_int_equal(nfm_series_reader_head(r)->sources, 3);
	assert_string_equal(nfm_series_reader_source(r, 0), "nfmeter.202511220100");
	nfm_series_reader_free(r);
}

/* As a file has each id once, rows of one id become one. */
static void rows_of_one_id_are_joined(void **state)
{
	const char *const by_row[] = { "b", "a", "b", "c", "a", "b" };
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_reader *reader;
	struct nfm_error error = { .text = "" };
	uint64_t want[3] = { 0 };
	_cleanup_free_ char *sorted = NULL;
	_cleanup_free_ char *path = NULL;

	(void)state;
	make_old("nfmeter.202511220100", by_row, 6, MIDNIGHT_S);
	for (unsigned int i = 0; i < 6; i++)
		want[by_row[i][0] - 'a'] += made_count(MIDNIGHT_S, i).bytes;
	assert_int_equal(mkdir(in_folder("sorted"), 0700), 0);
	sorted = strdup(in_folder("sorted"));
	assert_int_equal(
		nfm_rollup_input_sort(in_folder("nfmeter.202511220100"), sorted, &path, &error), 0);
	assert_int_equal(nfm_snapshot_reader_open(path, &reader, NULL), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(nfm_snapshot_reader_customer(reader, &customer), 1);
		assert_int_equal(customer.id[0], 'a' + i);
		assert_int_equal(customer.up.bytes, want[i]);
		assert_string_equal(customer.name, "old");
	}
	assert_int_equal(nfm_snapshot_reader_customer(reader, &customer), 0);
	nfm_snapshot_reader_free(reader);
}

/* One customer is looked for: all of its rows, as if they were one. */
static void rows_of_one_id_are_found(void **state)
{
	const char *const by_row[] = { "b", "a", "b", "c", "a", "b" };
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_reader *reader;
	uint64_t want = 0;

	(void)state;
	make_old("nfmeter.202511220100", by_row, 6, MIDNIGHT_S);
	for (unsigned int i = 0; i < 6; i++)
		want += by_row[i][0] == 'b' ? made_count(MIDNIGHT_S, i).bytes : 0;
	assert_int_equal(nfm_snapshot_find_customer(in_folder("nfmeter.202511220100"), "b",
						    &reader, &customer, NULL), 1);
	assert_string_equal(customer.id, "b");
	assert_string_equal(customer.name, "old");
	assert_int_equal(customer.up.bytes, want);
	nfm_snapshot_reader_free(reader);
	assert_int_equal(nfm_snapshot_find_customer(in_folder("nfmeter.202511220100"), "d",
						    &reader, &customer, NULL), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(old_files_are_sorted),
		TEST(rows_of_one_id_are_joined),
		TEST(rows_of_one_id_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
