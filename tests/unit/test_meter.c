// SPDX-License-Identifier: GPL-2.0-only
/* The meter: a table begun, found again and followed; a wrong configuration changes nothing. */
#include "meter.h"

#include <errno.h>
#include <unistd.h>

static struct nfm_ctl *ctl(void)
{
	return meter->table.ctl;
}

static uint32_t leaf_of(const char *address)
{
	uint8_t addr[16] = {};

	assert_int_equal(inet_pton(AF_INET, address, addr), 1);
	return nfm_customers_look_up(meter->table.pages, meter->table.geometry.pages, addr, 4);
}

static void new_table_is_begun(void **state)
{
	static const uint8_t nobody[16];

	(void)state;
	config->ports[1] = 2055;
	config->port_count = 2;
	config->listen[0] = meter_addr("192.0.2.99");
	config->listen_count = 1;
	meter_open();
	assert_int_equal(ctl()->magic, NFM_ABI_MAGIC);
	assert_int_equal(ctl()->flags, NFM_CTL_ANY_EXPORTER);
	assert_int_equal(ctl()->ports_be[0], htons(NFM_DEFAULT_PORT));
	assert_int_equal(ctl()->ports_be[1], htons(2055));
	assert_int_equal(ctl()->ports_be[2], 0);
	assert_int_equal(ctl()->listen_count, 1);
	assert_memory_equal(&ctl()->listen[0], &config->listen[0], sizeof(struct nfm_addr));
	assert_int_equal(ctl()->epoch % 2, 0); /* the datapath counts into bank 0 until now */
	assert_int_equal(ctl()->committed, ctl()->epoch - 1);
	assert_true(ctl()->from_unix_ns[0] > 0);
	assert_true(ctl()->created_unix_ns > 0);
	assert_int_equal(ctl()->interval_s, 300);
	assert_memory_not_equal(ctl()->identity, nobody, sizeof(nobody));
	assert_int_equal(meter->table.geometry.columns, 1); /* the agent's alone */
	assert_string_equal(meter->table.names[NFM_ROW_UNMATCHED].id, "unmatched");
	assert_string_equal(meter->table.names[NFM_ROW_LOCAL].id, "local");
}

static void flags_follow_the_configuration(void **state)
{
	static const struct {
		bool tee, any;
		uint32_t flags;
	} rows[] = {
		{ false, true, NFM_CTL_ANY_EXPORTER },
		{ false, false, NFM_CTL_REFUSE },
		{ true, true, NFM_CTL_TEE | NFM_CTL_ANY_EXPORTER },
		{ true, false, NFM_CTL_TEE | NFM_CTL_REFUSE },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		config->tee = rows[i].tee;
		config->any_exporter = rows[i].any;
		meter_reopen();
		assert_int_equal(ctl()->flags, rows[i].flags);
	}
}

static void table_goes_on(void **state)
{
	static const struct meter_record record = { "10.0.0.1", "8.8.8.8", 11, 3 };
	uint8_t identity[16];
	uint64_t created_ns;

	(void)state;
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\n");
	meter_open();
	meter_take_records("192.0.2.1", &record, 1);
	memcpy(identity, ctl()->identity, sizeof(identity));
	created_ns = ctl()->created_unix_ns;
	ctl()->epoch = 17;
	meter_reopen();
	assert_memory_equal(ctl()->identity, identity, sizeof(identity));
	assert_int_equal(ctl()->created_unix_ns, created_ns);
	assert_int_equal(ctl()->epoch, 17);
	assert_int_equal(meter_row(meter_customer("alice")).up_bytes, 11);
	assert_int_equal(meter_reason(NFM_REASON_RECEIVED), 1);
}

static void batch_under_way_is_finished(void **state)
{
	struct nfm_journal *j;

	(void)state;
	meter_open();
	j = meter->table.journal;
	j->entry[0].index = nfm_row_index(&meter->table.geometry, 0, 0, NFM_ROW_UNMATCHED);
	j->entry[0].word[0] = 4711;
	j->count = 1;
	j->ring_pos = NFM_JOURNAL_NO_RING;
	j->waiting_done = NFM_WAITING_NONE;
	j->state = NFM_JOURNAL_SET;
	meter_reopen();
	assert_int_equal(meter->table.journal->state, NFM_JOURNAL_EMPTY);
	assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 4711);
}

static void other_capacity_is_refused(void **state)
{
	struct nfm_error error = {};

	(void)state;
	meter_open();
	meter_close();
	config->capacity = 64;
	assert_int_equal(meter_try_open(&error), -EPROTO);
	assert_non_null(strstr(error.text, "capacity 32, not 64"));
	config->capacity = 32;
	meter_open();
}

static void runtime_that_cannot_be(void **state)
{
	struct nfm_error error = {};

	(void)state;
	meter_write_customers("a file, no folder");
	snprintf(config->runtime, sizeof(config->runtime), "%s/customers.csv", folder);
	assert_int_equal(meter_try_open(&error), -ENOTDIR);
	assert_non_null(strstr(error.text, "runtime"));
}

/* ---- customers ---- */

static void reload_follows_the_file(void **state)
{
	struct nfm_customers_change change;
	struct nfm_error error = {};
	uint32_t alice;

	(void)state;
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\nbob,10.0.1.0/24\n");
	meter_open();
	alice = meter_customer("alice");
	assert_int_equal(leaf_of("10.0.0.9"), alice);
	meter_write_customers("id,prefixes\ncarol,10.0.2.0/24\nalice,10.0.1.0/24\n");
	assert_int_equal(nfm_meter_reload(meter, &change, &error), 0);
	assert_int_equal(change.listed, 2);
	assert_int_equal(change.added, 1);
	assert_int_equal(change.removed, 1);
	assert_int_equal(meter_customer("alice"), alice);
	assert_int_equal(leaf_of("10.0.1.9"), alice);
	assert_int_equal(leaf_of("10.0.0.9"), 0);
	assert_int_equal(leaf_of("10.0.2.9"), meter_customer("carol"));
}

static void wrong_file_changes_nothing(void **state)
{
	struct nfm_customers_change change = { .listed = 42 };
	struct nfm_error error = {};

	(void)state;
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\n");
	meter_open();
	meter_write_customers("id,prefixes\nbob,10.0.0.0/24\ncarol,10.0.0.0/33\n");
	assert_int_equal(nfm_meter_reload(meter, &change, &error), -EINVAL);
	assert_non_null(strstr(error.text, ":3:"));
	assert_int_equal(change.listed, 42);
	assert_int_equal(leaf_of("10.0.0.9"), meter_customer("alice"));
	/* an agent that starts on a table with customers goes on with those */
	meter_close();
	assert_int_equal(meter_try_open(&error), 0);
	assert_int_equal(leaf_of("10.0.0.9"), meter_customer("alice"));
	meter_close();
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\n");
	meter_open();
	assert_int_equal(leaf_of("10.0.0.9"), meter_customer("alice"));
}

/* A default path may be empty; one that the operator named may not. */
/* A new table has no customers to go on with. */
static void wrong_file_and_a_new_table(void **state)
{
	struct nfm_error error = {};

	(void)state;
	meter_write_customers("id,prefixes\ncarol,10.0.0.0/33\n");
	assert_int_equal(meter_try_open(&error), -EINVAL);
	assert_non_null(strstr(error.text, ":2:"));
}

static void file_that_is_not_there(void **state)
{
	struct nfm_customers_change change;
	struct nfm_error error = {};

	(void)state;
	meter_write_customers("id,prefixes\nalice,10.0.0.0/24\n");
	meter_open();
	assert_int_equal(unlink(config->customers_file), 0);
	config->customers_file_set = true;
	assert_int_equal(nfm_meter_reload(meter, &change, &error), -ENOENT);
	assert_non_null(strstr(error.text, config->customers_file));
	assert_int_equal(leaf_of("10.0.0.9"), meter_customer("alice"));
	config->customers_file_set = false;
	assert_int_equal(nfm_meter_reload(meter, &change, &error), 0);
	assert_int_equal(change.removed, 1);
	assert_int_equal(leaf_of("10.0.0.9"), 0);
}

static void closing_twice_does_no_harm(void **state)
{
	(void)state;
	meter_open();
	nfm_meter_close(meter);
	nfm_meter_close(meter);
	meter_is_open = false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meter_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_table_is_begun),
		TEST(flags_follow_the_configuration),
		TEST(table_goes_on),
		TEST(batch_under_way_is_finished),
		TEST(other_capacity_is_refused),
		TEST(runtime_that_cannot_be),
		TEST(reload_follows_the_file),
		TEST(wrong_file_changes_nothing),
		TEST(wrong_file_and_a_new_table),
		TEST(file_that_is_not_there),
		TEST(closing_twice_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
