// SPDX-License-Identifier: GPL-2.0-only
/*
 * Earlier slots in the agent: bytes of a datagram, and of a set that waited for its template, go to
 * the slots in which they were sent; by way of the journal, and never more than it holds.
 */
#include "meter_sets.h"

#define SLOT_NS (300 * NFM_NS_PER_S)
#define UPTIME_MS 100000000U
#define MINUTE_MS 60000U

static void open_meter(uint32_t interval_s)
{
	config->interval_s = interval_s;
	config->earlier_memory_bytes = 64 << 20;
	meter_write_customers(CUSTOMERS);
	meter_open();
}

/* The open slot began so long before `clock_ns`. */
static void open_slot(uint64_t elapsed_ns)
{
	struct nfm_ctl *ctl = meter->table.ctl;

	ctl->slot_start_ns[ctl->epoch & 1] = clock_ns - elapsed_ns;
}

static uint64_t slot_of(uint32_t row, uint32_t back, uint32_t down)
{
	const struct nfm_table *t = &meter->table;
	const struct nfm_row *rows = nfm_table_earlier(t, t->ctl->epoch & 1,
						       nfm_table_agent_column(t), row);

	return rows[(back - 1) / NFM_EARLIER_PER_ROW].word[NFM_EARLIER_WORD(back) + down];
}

static uint64_t all_slots(uint32_t row)
{
	uint64_t sum = 0;

	for (uint32_t back = 1; back <= meter->table.geometry.earlier_slots; back++)
		sum += slot_of(row, back, 0) + slot_of(row, back, 1);
	return sum;
}

static void put32(uint8_t *at, uint32_t value)
{
	const uint32_t value_be = htonl(value);

	memcpy(at, &value_be, sizeof(value_be));
}

/* v5 records of these ages. */
static void take_aged(const struct meter_record *record, uint16_t count, uint32_t first_age_ms,
		      uint32_t last_age_ms)
{
	uint8_t payload[24 + 48 * 30];
	struct nfm_arrival arrival = {
		.source = meter_addr(ROUTER),
		.payload = payload,
		.length = meter_build(payload, next_sequence, record, count),
		.time_ns = clock_ns,
		.uncounted = true,
		.ring_pos = NFM_JOURNAL_NO_RING,
	};

	next_sequence += count;
	put32(payload + 4, UPTIME_MS);
	for (uint32_t i = 0; i < count; i++) {
		put32(payload + 24 + 48 * i + 24, UPTIME_MS - first_age_ms);
		put32(payload + 24 + 48 * i + 28, UPTIME_MS - last_age_ms);
	}
	assert_int_equal(nfm_meter_take(meter, &arrival), NFM_REASON_NONE);
	assert_conserved();
}

static void thirty_minutes_are_six_slots(void **state)
{
	const struct meter_record record = { "10.0.0.1", "8.8.8.8", 1800000000, 1800000 };
	uint32_t alice;

	(void)state;
	open_meter(300);
	assert_int_equal(meter->table.geometry.earlier_slots, 8);
	alice = meter_customer("alice");
	open_slot(0);
	take_aged(&record, 1, 30 * MINUTE_MS, 0);
	for (uint32_t back = 1; back <= 8; back++) {
		assert_int_equal(slot_of(alice, back, 0), back <= 6 ? 300000000 : 0);
		assert_int_equal(slot_of(alice, back, 1), 0);
	}
	assert_int_equal(meter_row(alice).up_bytes, 1800000000);
	assert_int_equal(meter_reason_records(NFM_REASON_EARLIER), 1);
	assert_int_equal(meter_reason_records(NFM_REASON_EARLIER_OLDEST), 0);
	/* two and a half minutes later the newest half slot of such a flow is in the open one */
	open_slot(SLOT_NS / 2);
	take_aged(&record, 1, 30 * MINUTE_MS, 0);
	assert_int_equal(slot_of(alice, 1, 0), 600000000);
	assert_int_equal(slot_of(alice, 6, 0), 450000000);
	assert_int_equal(all_slots(alice), 1800000000ULL + 1650000000);
	take_aged(&record, 1, 120 * MINUTE_MS, 0);
	assert_int_equal(meter_reason_records(NFM_REASON_EARLIER_OLDEST), 1);
}

static void both_sides(void **state)
{
	const struct meter_record record[] = { { "10.0.0.1", "10.0.1.1", 1001, 10 },
					       { "9.9.9.9", "8.8.8.8", 500, 5 } };

	(void)state;
	open_meter(300);
	open_slot(0);
	take_aged(record, 2, 10 * MINUTE_MS, 0);
	assert_int_equal(slot_of(meter_customer("alice"), 1, 0), 500);
	assert_int_equal(slot_of(meter_customer("alice"), 2, 0), 501);
	assert_int_equal(slot_of(meter_customer("bob"), 1, 1), 500);
	assert_int_equal(slot_of(meter_customer("bob"), 2, 1), 501);
	assert_int_equal(slot_of(NFM_ROW_LOCAL, 1, 0), 500);
	assert_int_equal(slot_of(NFM_ROW_LOCAL, 2, 0), 501);
	assert_int_equal(slot_of(NFM_ROW_UNMATCHED, 1, 0), 250);
	assert_int_equal(slot_of(NFM_ROW_UNMATCHED, 2, 0), 250);
	assert_int_equal(all_slots(meter_customer("alice")), 1001);
}

/* The set came 20 minutes before its template. */
static void a_set_that_waited(void **state)
{
	uint32_t alice;

	(void)state;
	open_meter(300);
	alice = meter_customer("alice");
	arrives(OTHER_ROUTER, NFM_IPFIX, "t 300 8/4 12/4 1/4 2/4 150/4 151/4");
	arrives(ROUTER, NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 6000 6 0 0");
	assert_int_equal(waiting_sets(), 1);
	clock_ns += 20 * 60 * NFM_NS_PER_S;
	open_slot(0);
	arrives(ROUTER, NFM_IPFIX, "t 300 8/4 12/4 1/4 2/4 150/4 151/4");
	tick();
	assert_int_equal(waiting_sets(), 0);
	assert_int_equal(meter_row(alice).up_bytes, 6000);
	/* times of 0 are older than a day: none; so it was sent when it came, in slot 4 */
	for (uint32_t back = 1; back <= 8; back++)
		assert_int_equal(slot_of(alice, back, 0), back == 4 ? 6000 : 0);
}

/* Over more slots than the journal has room for: then bytes stay where they were reported. */
static void never_more_than_the_journal_holds(void **state)
{
	struct meter_record record[30];
	uint64_t room, earlier;

	(void)state;
	open_meter(1);
	assert_true(meter->table.geometry.earlier_slots >= 1800);
	open_slot(0);
	for (uint32_t i = 0; i < NFM_ARRAY_SIZE(record); i++) /* three times as many rows each */
		record[i] = (struct meter_record){ i % 2 ? "10.0.0.1" : "10.0.1.1",
						   i % 2 ? "10.0.1.1" : "10.0.0.1",
						   1800000, 1800 };
	take_aged(record, 30, 30 * MINUTE_MS, 0);
	assert_int_equal(meter_reason_records(NFM_REASON_EARLIER), 30); /* the same rows again */
	assert_int_equal(all_slots(meter_customer("alice")), 30 * 1800000);
	meter_close();

	/* thirty customers, and `local`: 31 times 450 rows; some have to be left for others */
	remove(config->customers_file);
	config->runtime[strlen(config->runtime) - 1] = '2';
	meter_auto("10.0.0.0", 8);
	config->earlier_memory_bytes = 256 << 20;
	meter_open();
	open_slot(0);
	for (uint32_t i = 0; i < NFM_ARRAY_SIZE(record); i++) {
		static char host[30][16];

		snprintf(host[i], sizeof(host[i]), "10.0.7.%u", i);
		record[i].src = host[i];
		record[(i + 1) % 30].dst = host[i];
	}
	take_aged(record, 30, 30 * MINUTE_MS, 0);
	room = meter_reason_records(NFM_REASON_EARLIER_ROOM);
	earlier = meter_reason_records(NFM_REASON_EARLIER);
	assert_true(meter->log->count < NFM_JOURNAL_ENTRIES);
	assert_int_equal(room + earlier, 30);
	assert_in_range(room, 1, 10);
	assert_conserved();
}

static void without_slots_nothing_is_spread(void **state)
{
	const struct meter_record record = { "10.0.0.1", "8.8.8.8", 1800000000, 1800000 };

	(void)state;
	meter_write_customers(CUSTOMERS);
	meter_open();
	assert_int_equal(meter->table.geometry.earlier_slots, 0);
	take_aged(&record, 1, 30 * MINUTE_MS, 0);
	assert_int_equal(meter_row(meter_customer("alice")).up_bytes, 1800000000);
	assert_int_equal(meter_reason_records(NFM_REASON_EARLIER), 0);
}

/* A journal that was written, and not yet copied when its agent died; once more is the same. */
static void the_journal_has_earlier_rows(void **state)
{
	const struct meter_record record = { "10.0.0.1", "8.8.8.8", 900000, 900 };
	struct nfm_table *t;
	uint32_t alice;

	(void)state;
	open_meter(300);
	t = &meter->table;
	alice = meter_customer("alice");
	open_slot(0);
	take_aged(&record, 1, 15 * MINUTE_MS, 0);
	for (int turn = 0; turn < 2; turn++) {
		memset(nfm_table_earlier(t, t->ctl->epoch & 1, nfm_table_agent_column(t), alice), 0,
		       2 * sizeof(struct nfm_row));
		assert_int_equal(all_slots(alice), 0);
		t->journal->state = NFM_JOURNAL_SET;
		assert_int_equal(nfm_journal_recover(t, NULL, NULL), 1);
		assert_int_equal(slot_of(alice, 1, 0), 300000);
		assert_int_equal(slot_of(alice, 3, 0), 300000);
		assert_int_equal(all_slots(alice), 900000);
	}
	/* an index behind all rows is not believed, and then none of the batch is */
	memset(t->earlier, 0, nfm_table_earlier_count(&t->geometry) * sizeof(*t->earlier));
	t->journal->entry[0].index = nfm_table_row_count(&t->geometry) +
				     nfm_table_earlier_count(&t->geometry);
	t->journal->state = NFM_JOURNAL_SET;
	assert_int_equal(nfm_journal_recover(t, NULL, NULL), 1);
	assert_int_equal(all_slots(alice), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meter_sets_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(thirty_minutes_are_six_slots),
		TEST(both_sides),
		TEST(a_set_that_waited),
		TEST(never_more_than_the_journal_holds),
		TEST(without_slots_nothing_is_spread),
		TEST(the_journal_has_earlier_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
