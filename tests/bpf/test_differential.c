// SPDX-License-Identifier: GPL-2.0-only
/*
 * The datapath with its agent against the agent alone, fixed versions: the same datagrams, good and
 * broken, have to give the same counts, whoever decided each of them.
 */
#include "differential.h"

#define DATAGRAMS 30000U

/* ---- datagrams ---- */

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static void random_record(uint8_t *at, uint32_t length, uint32_t uptime_ms)
{
	uint32_t first_age_ms, last_age_ms;
	const uint32_t addr_be[2] = { htonl(random_address()), htonl(random_address()) };
	uint64_t bytes, packets;
	uint32_t counters_be[2];

	random_counters(&bytes, &packets);
	counters_be[0] = htonl((uint32_t)packets);
	counters_be[1] = htonl((uint32_t)bytes);
	for (uint32_t i = 0; i < length; i++)
		at[i] = (uint8_t)rnd(256);
	memcpy(at, addr_be, sizeof(addr_be));
	memcpy(at + 16, counters_be, sizeof(counters_be));
	if (rnd(4) == 0)
		return; /* any times */
	random_ages(&first_age_ms, &last_age_ms);
	put32(at + 24, uptime_ms - first_age_ms);
	put32(at + 28, uptime_ms - last_age_ms);
}

/* A good datagram of a fixed version; returns its length in bytes. */
static uint32_t build_good(uint8_t *at)
{
	static const struct {
		uint16_t version;
		uint32_t header, record;
	} layouts[] = { { 1, 16, 48 }, { 5, 24, 48 }, { 5, 24, 48 }, { 7, 24, 52 } };
	uint32_t kind = rnd(NFM_ARRAY_SIZE(layouts));
	uint32_t header = layouts[kind].header;
	uint32_t record = layouts[kind].record;
	uint32_t uptime_ms;
	uint32_t count = 1 + rnd(rnd(8) ? 30 : (PAYLOAD_MOST - header) / record);

	for (uint32_t i = 0; i < header; i++)
		at[i] = (uint8_t)rnd(256);
	put16(at, layouts[kind].version);
	put16(at + 2, count);
	if (rnd(2) && header == 24)
		put16(at + 22, rnd(3)); /* else any sampling word */
	uptime_ms = (uint32_t)at[4] << 24 | at[5] << 16 | at[6] << 8 | at[7];
	for (uint32_t i = 0; i < count; i++)
		random_record(at + header + i * record, record, uptime_ms);
	return header + count * record;
}

static uint32_t build(uint8_t *at)
{
	uint32_t length = build_good(at);

	switch (rnd(12)) {
	case 0: /* cut anywhere */
		return rnd(length);
	case 1: /* bytes behind it */
		return length + rnd(PAYLOAD_MOST - length + 1);
	case 2: /* another count */
		put16(at + 2, rnd(3) ? rnd(80) : rnd(65536));
		return length;
	case 3: /* another version */
		put16(at, rnd(3) ? rnd(12) : rnd(65536));
		return length;
	case 4: /* some bytes changed */
		for (uint32_t i = 1 + rnd(8); i; i--)
			at[rnd(rnd(2) ? length : 24)] = (uint8_t)rnd(256);
		return length;
	case 5: /* anything */
		length = rnd(PAYLOAD_MOST + 1);
		for (uint32_t i = 0; i < length; i++)
			at[i] = (uint8_t)rnd(256);
		return length;
	default:
		return length;
	}
}

/* ---- tests ---- */

static void run_datagrams(uint64_t first_seed)
{
	static uint8_t payload[PAYLOAD_MOST];

	seed = first_seed;
	for (uint32_t i = 0; i < DATAGRAMS; i++) {
		uint32_t length = build(payload);

		send_both(rnd(rnd(3) ? 12 : SOURCES), payload, length);
		disturb();
		if (i % 2000 == 0)
			assert_same();
	}
	assert_same();
	assert_in_range(counted_in_kernel(), DATAGRAMS / 4, DATAGRAMS);
	assert_int_equal(datagrams_of(&with->meter.table, NFM_REASON_RECEIVED), DATAGRAMS);
	assert_int_equal(datagrams_of(&with->meter.table, NFM_REASON_RING_FULL), 0);
	assert_true(earlier_bytes);
}

static const uint32_t reasons_of_payloads[] = {
	NFM_REASON_NEW_EXPORTER, NFM_REASON_NEW_CUSTOMER,   NFM_REASON_LARGE,
	NFM_REASON_ODD,		 NFM_REASON_SHORT,	    NFM_REASON_EMPTY,
	NFM_REASON_VERSION,	 NFM_REASON_TRUNCATED,	    NFM_REASON_COUNT,
	NFM_REASON_WRAPPED,	 NFM_REASON_REPAIRED,	    NFM_REASON_EMPTY_RECORD,
	NFM_REASON_IMPLAUSIBLE,	 NFM_REASON_CUSTOMERS_FULL,
};

static void assert_all_reasons_came(uint32_t except)
{
	assert_reasons_came(reasons_of_payloads, NFM_ARRAY_SIZE(reasons_of_payloads), except);
}

static void any_exporter(void **state)
{
	(void)state;
	seed = 1;
	open_both(true);
	run_datagrams(0x1234567);
	assert_all_reasons_came(NFM_REASON_NONE);
	assert_true(datagrams_of(&with->meter.table, NFM_REASON_EXPORTERS_FULL) > 100);
}

static void listed_exporters(void **state)
{
	(void)state;
	seed = 2;
	open_both(false);
	run_datagrams(0x89abcdef);
	assert_all_reasons_came(NFM_REASON_NEW_EXPORTER);
	assert_true(datagrams_of(&with->meter.table, NFM_REASON_REFUSED) > 100);
	for (uint32_t i = 0; i < SOURCES; i++) {
		const struct nfm_addr addr = source_addr(i);

		assert_int_equal(refusals_of(&with->meter.table, &addr),
				 refusals_of(&without->meter.table, &addr));
	}
}

/* A v5 datagram from hosts of which some are new: those go through the ring. */
static uint32_t build_next(uint8_t *at, uint32_t *sequence, uint32_t uptime_ms, uint32_t count)
{
	const uint32_t words_be[2] = { htonl(*sequence), htonl(uptime_ms) };

	memset(at, 0, 24);
	put16(at, 5);
	put16(at + 2, count);
	memcpy(at + 4, &words_be[1], 4);
	memcpy(at + 16, &words_be[0], 4);
	for (uint32_t i = 0; i < count; i++)
		random_record(at + 24 + 48 * i, 48, uptime_ms);
	*sequence += count;
	return 24 + 48 * count;
}

/* Loss is exact on both sides, although half of the stream goes by the ring. */
static void loss_of_a_stream_that_goes_both_ways(void **state)
{
	uint8_t payload[24 + 48 * 8];
	uint32_t sequence = 0U - 20000;
	uint64_t dropped = 0;
	const struct nfm_stream *streams[2];

	(void)state;
	seed = 3;
	open_both(false);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t count = 1 + rnd(8);
		uint32_t length = build_next(payload, &sequence, i, count);

		if (i && i < 19999 && rnd(50) == 0)
			dropped += count;
		else
			send_both(0, payload, length);
		if (i % 128 == 127) {
			nfm_meter_drain(&with->meter, rnd(2) ? UINT32_MAX : rnd(8));
			if (rnd(2))
				nfm_meter_fold(&with->meter);
			wait_for_tick();
		}
	}
	assert_same();
	streams[0] = with->meter.table.streams;
	streams[1] = without->meter.table.streams;
	assert_in_range(datagrams_of(&with->meter.table, NFM_REASON_NEW_CUSTOMER), 50, 15000);
	assert_true(dropped > 500);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(streams[i]->lost, dropped);
		assert_int_equal(streams[i]->resets, 0);
		assert_int_equal(streams[i]->duplicates, 0);
		assert_int_equal(streams[i]->received, streams[0]->received);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_exporter),
		TEST(listed_exporters),
		TEST(loss_of_a_stream_that_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
