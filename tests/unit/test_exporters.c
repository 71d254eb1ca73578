// SPDX-License-Identifier: GPL-2.0-only
/* Who may send: listed, discovered, removed, refused; rows stay with their addresses. */
#include "meter.h"

#include <errno.h>

#define TABLE (&meter->table)

static int find(const char *address)
{
	const struct nfm_addr addr = meter_addr(address);

	return nfm_meter_exporter_find(meter, &addr);
}

static void unlist(void)
{
	config->exporter_count = 0;
}

static void listed_get_rows_names_and_sampling(void **state)
{
	(void)state;
	meter_list_exporter("192.0.2.1", "core-1", 0, 0);
	meter_list_exporter("192.0.2.2", "core-2", 100, 1);
	meter_list_exporter("192.0.2.3", "core-2", 7, 2);
	meter_open();
	assert_int_equal(TABLE->ctl->exporter_count, 3);
	assert_int_equal(find("192.0.2.1"), 0);
	assert_int_equal(find("192.0.2.3"), 2);
	assert_int_equal(find("192.0.2.4"), -ENOENT);
	assert_string_equal(TABLE->exporters[0].name, "core-1");
	assert_int_equal(TABLE->exporters[0].state, NFM_EXPORTER_LISTED);
	assert_int_equal(TABLE->exporters[0].sampling_num, 0);
	assert_int_equal(TABLE->exporters[0].sampling_den, 1);
	assert_int_equal(TABLE->exporters[2].sampling_num, 7);
	assert_int_equal(TABLE->exporters[2].sampling_den, 2);
}

static void a_row_stays_with_its_address(void **state)
{
	(void)state;
	meter_list_exporter("192.0.2.1", "core-1", 0, 0);
	meter_list_exporter("192.0.2.2", "core-2", 100, 1);
	meter_open();
	unlist();
	meter_list_exporter("192.0.2.9", "new", 0, 0);
	meter_list_exporter("192.0.2.2", "renamed", 5, 1);
	meter_list_exporter("192.0.2.1", "core-1", 0, 0);
	meter_reopen();
	assert_int_equal(find("192.0.2.1"), 0);
	assert_int_equal(find("192.0.2.2"), 1);
	assert_int_equal(find("192.0.2.9"), 2);
	assert_string_equal(TABLE->exporters[1].name, "renamed");
	assert_int_equal(TABLE->exporters[1].sampling_num, 5);
}

static void unlisted_is_removed_and_comes_back(void **state)
{
	(void)state;
	config->any_exporter = false;
	meter_list_exporter("192.0.2.1", "core-1", 100, 1);
	meter_open();
	assert_int_equal(meter_take_records("192.0.2.1", NULL, 0), NFM_REASON_EMPTY);
	unlist();
	meter_reopen();
	assert_int_equal(TABLE->exporters[0].state, NFM_EXPORTER_REMOVED);
	assert_string_equal(TABLE->exporters[0].name, "");
	assert_int_equal(TABLE->exporters[0].sampling_num, 0);
	assert_int_equal(meter_take_records("192.0.2.1", NULL, 0), NFM_REASON_REFUSED);
	meter_list_exporter("192.0.2.1", "back", 0, 0);
	meter_reopen();
	assert_int_equal(TABLE->ctl->exporter_count, 1);
	assert_int_equal(TABLE->exporters[0].state, NFM_EXPORTER_LISTED);
	assert_int_equal(meter_take_records("192.0.2.1", NULL, 0), NFM_REASON_EMPTY);
	assert_int_equal(meter_exporter_row("192.0.2.1").exporter.rejected_datagrams, 2);
}

static void any_exporter_is_discovered(void **state)
{
	(void)state;
	meter_open();
	assert_int_equal(find("192.0.2.1"), -ENOENT);
	meter_take_records("192.0.2.1", NULL, 0);
	meter_take_records("192.0.2.1", NULL, 0);
	meter_take_records("192.0.2.2", NULL, 0);
	assert_int_equal(TABLE->ctl->exporter_count, 2);
	assert_int_equal(TABLE->exporters[0].state, NFM_EXPORTER_DISCOVERED);
	/* the next agent knows them; one that takes listed ones alone refuses them */
	meter_reopen();
	assert_int_equal(find("192.0.2.2"), 1);
	assert_int_equal(TABLE->exporters[1].state, NFM_EXPORTER_DISCOVERED);
	config->any_exporter = false;
	meter_reopen();
	assert_int_equal(meter_take_records("192.0.2.2", NULL, 0), NFM_REASON_REFUSED);
	config->any_exporter = true;
	meter_reopen();
	assert_int_equal(meter_take_records("192.0.2.2", NULL, 0), NFM_REASON_EMPTY);
	assert_int_equal(TABLE->ctl->exporter_count, 2);
}

static void no_row_is_left(void **state)
{
	(void)state;
	config->max_exporters = 3;
	meter_list_exporter("192.0.2.1", "core-1", 0, 0);
	meter_open();
	assert_int_equal(meter_take_records("198.51.100.1", NULL, 0), NFM_REASON_EMPTY);
	assert_int_equal(meter_take_records("198.51.100.2", NULL, 0), NFM_REASON_EMPTY);
	assert_int_equal(meter_take_records("198.51.100.3", NULL, 0), NFM_REASON_EXPORTERS_FULL);
	assert_int_equal(meter_take_records("198.51.100.1", NULL, 0), NFM_REASON_EMPTY);
	assert_int_equal(TABLE->ctl->exporter_count, 3);
	assert_int_equal(meter_reason(NFM_REASON_EXPORTERS_FULL), 1);
}

static void too_many_are_listed(void **state)
{
	struct nfm_error error = {};

	(void)state;
	config->max_exporters = 2;
	meter_list_exporter("192.0.2.1", "a", 0, 0);
	meter_list_exporter("192.0.2.2", "b", 0, 0);
	meter_list_exporter("192.0.2.3", "c", 0, 0);
	assert_int_equal(meter_try_open(&error), -ENOSPC);
	assert_non_null(strstr(error.text, "192.0.2.3"));
	assert_non_null(strstr(error.text, "max-exporters"));
}

/* Forged sources may have taken every row: the agent comes up all the same. */
static void listed_after_a_flood(void **state)
{
	(void)state;
	config->max_exporters = 2;
	meter_open();
	meter_take_records("198.51.100.1", NULL, 0);
	meter_take_records("198.51.100.2", NULL, 0);
	config->any_exporter = false;
	meter_list_exporter("192.0.2.1", "late", 0, 0);
	meter_list_exporter("198.51.100.2", "known", 0, 0);
	meter_reopen();
	assert_int_equal(find("192.0.2.1"), -ENOENT);
	assert_int_equal(TABLE->exporters[1].state, NFM_EXPORTER_LISTED);
	assert_int_equal(meter_take_records("192.0.2.1", NULL, 0), NFM_REASON_REFUSED);
	assert_int_equal(meter_take_records("198.51.100.2", NULL, 0), NFM_REASON_EMPTY);
}

static void damaged_count(void **state)
{
	struct nfm_error error = {};

	(void)state;
	meter_open();
	TABLE->ctl->exporter_count = config->max_exporters + 1;
	meter_close();
	assert_int_equal(meter_try_open(&error), -EBADMSG);
}

/* Every address of a full table is found, and none that is not in it. */
static void index_of_many(void **state)
{
	char text[32];

	(void)state;
	config->max_exporters = 1024;
	meter_open();
	for (uint32_t i = 0; i < 1024; i++) {
		struct nfm_addr addr = { .word_be = { i % 3, 0, 0, htonl(i) } };

		assert_int_equal(nfm_meter_exporter_add(meter, &addr, NFM_EXPORTER_DISCOVERED), i);
	}
	for (uint32_t i = 0; i < 1024; i++) {
		struct nfm_addr addr = { .word_be = { i % 3, 0, 0, htonl(i) } };

		assert_int_equal(nfm_meter_exporter_find(meter, &addr), i);
		addr.word_be[1] = 1;
		assert_int_equal(nfm_meter_exporter_find(meter, &addr), -ENOENT);
	}
	snprintf(text, sizeof(text), "%s", "192.0.2.1");
	assert_int_equal(find(text), -ENOENT);
}

/* ---- refused ---- */

static void refused_are_remembered(void **state)
{
	static struct nfm_refused out[NFM_REFUSED_ENTRIES];
	const struct nfm_addr addr = meter_addr("198.51.100.7");

	(void)state;
	config->any_exporter = false;
	meter_open();
	for (int i = 0; i < 5; i++)
		assert_int_equal(meter_take("198.51.100.7", "", 0), NFM_REASON_REFUSED);
	meter_take("198.51.100.8", "", 0);
	assert_int_equal(nfm_table_refused(TABLE, out, NFM_REFUSED_ENTRIES), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(out[i].refusal.datagrams,
				 memcmp(&out[i].addr, &addr, sizeof(addr)) ? 1 : 5);
	assert_int_equal(meter_reason(NFM_REASON_REFUSED), 6);
	assert_int_equal(TABLE->ctl->exporter_count, 0);
}

/* A flood of forged sources: the list stays as long as it is, the newest are in it. */
static void list_of_refused_is_bounded(void **state)
{
	static struct nfm_refused out[NFM_REFUSED_ENTRIES * 2];
	const uint32_t flood = 3 * NFM_REFUSED_ENTRIES;

	(void)state;
	config->any_exporter = false;
	meter_open();
	for (uint32_t i = 0; i < flood; i++) {
		const struct nfm_addr addr = { .word_be = { 0, 0, 0, i } };

		nfm_meter_refuse(meter, &addr, 1000 + i);
	}
	assert_int_equal(nfm_table_refused(TABLE, out, 2 * NFM_REFUSED_ENTRIES),
			 NFM_REFUSED_ENTRIES);
	for (uint32_t i = 0; i < NFM_REFUSED_ENTRIES; i++) {
		assert_int_equal(out[i].addr.word_be[3], flood - 1 - i);
		assert_int_equal(out[i].refusal.datagrams, 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meter_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(listed_get_rows_names_and_sampling),
		TEST(a_row_stays_with_its_address),
		TEST(unlisted_is_removed_and_comes_back),
		TEST(any_exporter_is_discovered),
		TEST(no_row_is_left),
		TEST(too_many_are_listed),
		TEST(listed_after_a_flood),
		TEST(damaged_count),
		TEST(index_of_many),
		TEST(refused_are_remembered),
		TEST(list_of_refused_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
