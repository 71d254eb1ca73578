// SPDX-License-Identifier: GPL-2.0-only
/* What stands in the file of an interval, also when the table is not as it should be. */
#include "rotation.h"

static void the_result_says_what_the_file_says(void **state)
{
	struct nfm_rotate_result result;
	char path[PATH_MAX];

	(void)state;
	add_records(100);
	rotate(&result);
	snprintf(path, sizeof(path), "%s/nfmeter.202611221200", folder);
	assert_string_equal(result.path, path);
	assert_int_equal(result.meta.from_unix_ns, NOON_NS);
	assert_int_equal(result.meta.to_unix_ns, NOON_NS + INTERVAL_NS);
	assert_int_equal(result.meta.flags, 0);
	assert_memory_equal(&result.total, &added.total, sizeof(result.total));
	assert_int_equal(result.unmatched.flows, added.row[NFM_ROW_UNMATCHED].up_flows);
	assert_int_equal(result.local.flows, added.row[NFM_ROW_LOCAL].up_flows);
	assert_int_equal(result.records, 100);
	assert_int_equal(result.datagrams, 100);
	assert_int_equal(result.rejected_datagrams, 100);
	assert_int_equal(result.reason_datagrams[NFM_REASON_SHORT], 100);
	assert_int_equal(result.lost, 21);
	assert_in_range(result.customers, 1, 200);
}

static void exporters_carry_their_streams(void **state)
{
	struct nfm_rotate_result result;
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_exporter e;

	(void)state;
	rotate(&result);
	assert_int_equal(nfm_snapshot_reader_open(result.path, &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 1);
	assert_string_equal(e.name, "r0");
	assert_int_equal(e.stream_count, 0);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 1);
	assert_string_equal(e.name, "r1");
	assert_int_equal(e.stream_count, 2);
	assert_int_equal(e.streams[1].domain, 1);
	assert_int_equal(e.lost, 21);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 0);
	nfm_snapshot_reader_free(r);
}

static void an_empty_interval_is_written(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	rotate(&result);
	assert_int_equal(result.customers, 0);
	assert_int_equal(result.total.flows, 0);
	assert_files_hold_everything(1);
	assert_int_equal(finish(&result), 0); /* nothing is pending */
	assert_string_equal(result.path, "");
	assert_files_hold_everything(1);
}

static void what_does_not_balance_is_marked(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(10);
	open_row(NFM_ROW_UNMATCHED)->up_packets++;
	rotate(&result);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_UNBALANCED);
	rotate(&result);
	assert_int_equal(result.meta.flags, 0);
	nfm_table_base(&table, 1, 5)->up_bytes += 1000; /* a counter that went backwards */
	rotate(&result);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_UNBALANCED);
	assert_int_equal(result.total.bytes, 0);
}

static void a_wild_table_does_no_harm(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(2000);
	memory->ctl.names = UINT32_MAX;
	memory->ctl.exporter_count = UINT32_MAX;
	memory->ctl.stream_count = UINT32_MAX;
	memory->streams[0].exporter = UINT32_MAX;
	memset(&memory->names[7], 0xff, sizeof(memory->names[7]));
	memory->names[8].first_prefix = PREFIXES - 1;
	memory->names[8].prefix_count = UINT32_MAX;
	memset(memory->exporters[0].name, 'x', sizeof(memory->exporters[0].name));
	memset(&memory->names[9], 0, sizeof(memory->names[9]));
	rotate(&result);
	assert_int_equal(result.meta.flags, 0);
	assert_memory_equal(&result.total, &added.total, sizeof(result.total));
}

static void a_row_that_is_being_appended_is_left_alone(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	memory->ctl.names = 50;
	memset(&memory->names[50], 0xff, sizeof(memory->names[50]));
	nfm_table_row(&table, 0, 0, 50)->up_bytes = 1; /* of the bank that opens next */
	rotate(&result);
	assert_int_equal(result.customers, 0);
	assert_int_equal(nfm_table_base(&table, 0, 50)->up_bytes, 0);
}

/* Sets that were given up are of datagrams that were taken: they count apart from the rejected. */
static void what_is_lost_is_not_rejected(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++) {
		open_row(nfm_table_reason_row(&table, i))->reason.datagrams += 1000;
		open_row(nfm_table_reason_row(&table, i))->reason.records += 1000;
	}
	rotate(&result);
	assert_int_equal(result.reason_datagrams[NFM_REASON_WAIT_FULL], 1000);
	assert_int_equal(result.rejected_datagrams % 1000, 0);
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++) {
		if (nfm_reason_kind(i) != NFM_KIND_REJECT)
			continue;
		result.rejected_datagrams -= 1000;
		result.rejected_records -= 1000;
	}
	assert_int_equal(result.rejected_datagrams, 0);
	assert_int_equal(result.rejected_records, 0);
	assert_int_equal(result.meta.flags, 0);
}

static void bases_cover_every_section(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	for (uint32_t row = 0; row < STRIDE; row++)
		open_row(row)->word[1] = row + 1;
	memory->ctl.exporter_count = EXPORTERS;
	rotate(&result);
	for (uint32_t row = 0; row < STRIDE; row++) {
		assert_int_equal(nfm_table_base(&table, 1, row)->word[1], row + 1);
		assert_int_equal(nfm_table_base(&table, 0, row)->word[1], 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_result_says_what_the_file_says),
		TEST(exporters_carry_their_streams),
		TEST(an_empty_interval_is_written),
		TEST(what_does_not_balance_is_marked),
		TEST(a_wild_table_does_no_harm),
		TEST(a_row_that_is_being_appended_is_left_alone),
		TEST(what_is_lost_is_not_rejected),
		TEST(bases_cover_every_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
