// SPDX-License-Identifier: GPL-2.0-only
/* The datagram that touches most rows: the journal has an entry for each of them. */
#include "meter_sets.h"

#define ROUTERS 1700U
#define RECORDS 4096U
#define SMALL_SETS 511U
#define LARGE_SET 30160U

static struct nfm_addr router_at(uint32_t number)
{
	const uint32_t addr_be = htonl(0xc6120000U + number);
	struct nfm_addr addr = { .byte = { [10] = 0xff, [11] = 0xff } };

	memcpy(addr.byte + 12, &addr_be, sizeof(addr_be));
	return addr;
}

static void take_built(uint32_t router)
{
	const struct nfm_arrival arrival = {
		.source = router_at(router),
		.payload = sets_byte,
		.length = sets_bytes,
		.time_ns = clock_ns,
		.uncounted = true,
		.ring_pos = NFM_JOURNAL_NO_RING,
	};

	sets_write(2, sets_bytes, 2);
	assert_int_equal(nfm_meter_take(meter, &arrival), NFM_REASON_NONE);
}

static void put_set(uint16_t id, uint32_t length)
{
	sets_put(id, 2);
	sets_put(length, 2);
	for (uint32_t i = 4; i < length; i++)
		sets_put(0, 1);
}

/* From the end of the room back to where the large set just does not fit. */
static bool is_end_too_small(void)
{
	uint64_t size = nfm_waiting_size(&meter->table);
	uint64_t left = size - meter->table.ctl->waiting_head % size;

	return left <= LARGE_SET && left + 4 * 56 > LARGE_SET;
}

/* A small set of each router, round and round, until the room has been full. */
static void fill_room(void)
{
	uint64_t size = nfm_waiting_size(&meter->table);

	for (uint32_t i = 0; !is_end_too_small() || meter->table.ctl->waiting_head < 2 * size;
	     i++) {
		assert_true(i < 10 * size / 56);
		sets_build(NFM_IPFIX, "");
		put_set(999, 5);
		take_built(1 + i % ROUTERS);
	}
}

static void build_most(void)
{
	sets_build(NFM_IPFIX, "");
	put_set(999, LARGE_SET);
	sets_put(300, 2);
	sets_put(4 + 8 * RECORDS, 2);
	for (uint32_t i = 0; i < RECORDS; i++) {
		sets_put(0x0a010000U + 2 * i, 4);
		sets_put(0x0a010001U + 2 * i, 4);
	}
	for (uint32_t i = 0; i < SMALL_SETS; i++)
		put_set(999, 5);
	assert_true(sets_bytes <= 65507);
}

static void every_row_of_the_largest_batch_has_its_entry(void **state)
{
	uint64_t given_up = 0;

	(void)state;
	config->max_exporters = ROUTERS + 8;
	config->capacity = 2 * RECORDS + 64;
	config->template_buffer_bytes = 512 << 10;
	meter_auto("10.0.0.0", 8);
	meter_open();
	sets_build(NFM_IPFIX, "t 300 8/4 12/4");
	take_built(0);
	fill_room();
	build_most();
	take_built(0);
	assert_true(meter->log->count > 2 * RECORDS + 1500);
	assert_true(meter->log->count < NFM_JOURNAL_ENTRIES);
	assert_all_accounted();
	assert_int_equal(meter->table.ctl->names, NFM_ROW_FIRST + 2 * RECORDS + 3);
	for (uint32_t i = 0; i < meter->table.ctl->exporter_count; i++)
		given_up += meter_row(nfm_table_notes_row(&meter->table, i)).notes.given_up;
	assert_int_equal(given_up, meter_reason(NFM_REASON_WAIT_FULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meter_sets_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_row_of_the_largest_batch_has_its_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
