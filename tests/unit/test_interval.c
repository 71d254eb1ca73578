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

/* A row's counts of the file; false: it has no entry of this id. */
static bool find_entry(const char *path, const char *id, struct nfm_snapshot_customer *out)
{
	struct nfm_snapshot_reader *r = NULL;
	int code = nfm_snapshot_find_customer(path, id, &r, out, NULL);

	assert_in_range(code, 0, 1);
	nfm_snapshot_reader_free(r);
	return code == 1;
}

static void count_into(uint32_t row, uint64_t up_bytes, uint32_t back, uint64_t earlier_bytes)
{
	struct nfm_row *exporter = open_row(nfm_table_exporter_row(&table, 0));

	add_half(row, false, up_bytes, 1);
	exporter->exporter.bytes += up_bytes;
	exporter->exporter.packets++;
	exporter->exporter.records++;
	if (back)
		add_earlier(row, false, back, earlier_bytes);
}

/* A removed customer's row and a new one's of the same id: one customer, and no count is lost. */
static void rows_of_one_id_make_one_entry(void **state)
{
	struct nfm_rotate_result result;
	struct nfm_snapshot_customer c;
	struct nfm_snapshot_reader *r;

	(void)state;
	strcpy(memory->names[20].id, "c10");
	strcpy(memory->names[30].id, "c10");
	strcpy(memory->names[40].id, "row-41"); /* as a row without a name is called */
	memory->names[41].id[0] = '\0';
	count_into(10, 100, 2, 10);
	count_into(20, 200, 1, 20);
	count_into(30, 300, 2, 30);
	count_into(40, 400, 0, 0);
	count_into(41, 500, 8, 500);
	rotate(&result);
	assert_int_equal(result.meta.flags, 0);
	assert_int_equal(result.customers, 2);
	assert_int_equal(result.total.bytes, 1500);
	assert_int_equal(nfm_snapshot_reader_open(result.path, &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_customer(r, &c), 1);
	assert_string_equal(c.id, "c10");
	assert_string_equal(c.name, "Customer 30");
	assert_int_equal(c.prefixes[0].addr[3], 30);
	assert_int_equal(c.up.bytes, 600);
	assert_int_equal(c.up.flows, 3);
	assert_int_equal(c.earlier_count, 2);
	assert_int_equal(c.earlier[0].back, 1);
	assert_int_equal(c.earlier[0].up_bytes, 20);
	assert_int_equal(c.earlier[1].back, 2);
	assert_int_equal(c.earlier[1].up_bytes, 40);
	assert_int_equal(nfm_snapshot_reader_customer(r, &c), 1);
	assert_string_equal(c.id, "row-41");
	assert_int_equal(c.up.bytes, 900);
	assert_int_equal(c.earlier_count, 1);
	assert_int_equal(nfm_snapshot_reader_customer(r, &c), 0);
	nfm_snapshot_reader_free(r);
}

/* Names that change between rotations: a file has them as they are now, and in order. */
static void files_are_in_the_order_of_their_ids(void **state)
{
	struct nfm_rotate_result result;
	struct nfm_snapshot_customer c;

	(void)state;
	for (int interval = 0; interval < 8; interval++) {
		memory->ctl.names = 50 + 20 * (uint32_t)interval;
		for (int i = 0; i < 5 * interval; i++) {
			uint32_t row = NFM_ROW_FIRST + (uint32_t)random() % 40;

			snprintf(memory->names[row].id, NFM_ID_SIZE, "n%lx", random());
		}
		for (uint32_t row = NFM_ROW_FIRST; row < memory->ctl.names; row++)
			count_into(row, row, 0, 0);
		rotate(&result); /* the reader refuses what is not in order */
		assert_int_equal(result.customers, memory->ctl.names - NFM_ROW_FIRST);
		for (uint32_t row = NFM_ROW_FIRST; row < memory->ctl.names; row++) {
			assert_true(find_entry(result.path, memory->names[row].id, &c));
			assert_false(find_entry(result.path, "absent", &c));
		}
	}
}

static void an_earlier_slot_costs_only_who_has_it(void **state)
{
	struct nfm_rotate_result result;
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_customer c;

	(void)state;
	count_into(5, 1000, 8, 300);
	count_into(6, 1000, 0, 0);
	count_into(NFM_ROW_UNMATCHED, 70, 1, 70);
	rotate(&result);
	assert_int_equal(result.meta.earlier_slots, EARLIER_SLOTS);
	assert_int_equal(result.meta.flags, 0);
	assert_int_equal(nfm_snapshot_reader_open(result.path, &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_customer(r, &c), 1);
	assert_int_equal(c.earlier_count, 1);
	assert_int_equal(c.earlier[0].back, 8);
	assert_int_equal(c.earlier[0].up_bytes, 300);
	assert_int_equal(c.earlier[0].down_bytes, 0);
	assert_int_equal(nfm_snapshot_reader_customer(r, &c), 1);
	assert_int_equal(c.earlier_count, 0);
	nfm_snapshot_reader_free(r);
	rotate(&result);
	rotate(&result); /* the same bank again: its base is what it had */
	assert_int_equal(result.customers, 0);
	assert_int_equal(result.meta.flags, 0);
}

static void earlier_bytes_that_cannot_be_are_marked(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	count_into(5, 1000, 3, 1000);
	rotate(&result);
	assert_int_equal(result.meta.flags, 0);
	count_into(5, 1000, 3, 1001); /* more than there are */
	rotate(&result);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_UNBALANCED);
	count_into(5, 1000, 3, 1000);
	count_into(6, 1000, 0, 0);
	add_earlier(5, true, 3, 1); /* the other half has none */
	rotate(&result);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_UNBALANCED);
	count_into(NFM_ROW_FIRST, 1000, 0, 0);
	nfm_table_earlier_base(&table, memory->ctl.epoch & 1, 5)->word[0] += 1;
	rotate(&result); /* a counter that went backwards */
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_UNBALANCED);
	rotate(&result);
	assert_int_equal(result.meta.flags, 0);
}

static void local_bytes_are_of_customers_of_their_slot(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	for (uint32_t local_back = 1; local_back < 3; local_back++) {
		count_into(5, 1000, 1, 1000);
		add_half(6, true, 1000, 1);
		add_earlier(6, true, 1, 1000);
		add_half(NFM_ROW_LOCAL, false, 1000, 1);
		add_earlier(NFM_ROW_LOCAL, false, local_back, 1000);
		rotate(&result);
		assert_int_equal(result.meta.flags,
				 local_back == 1 ? 0 : NFM_SNAPSHOT_UNBALANCED);
	}
}

static void a_table_without_earlier_slots_has_none(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	count_into(5, 1000, 3, 1000);
	table.geometry.earlier_slots = 0;
	rotate(&result);
	assert_int_equal(result.meta.earlier_slots, 0);
	assert_int_equal(result.meta.flags, 0);
	assert_int_equal(result.customers, 1);
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
		TEST(rows_of_one_id_make_one_entry),
		TEST(files_are_in_the_order_of_their_ids),
		TEST(an_earlier_slot_costs_only_who_has_it),
		TEST(earlier_bytes_that_cannot_be_are_marked),
		TEST(local_bytes_are_of_customers_of_their_slot),
		TEST(a_table_without_earlier_slots_has_none),
		TEST(a_row_that_is_being_appended_is_left_alone),
		TEST(what_is_lost_is_not_rejected),
		TEST(bases_cover_every_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
