// SPDX-License-Identifier: GPL-2.0-only
/*
 * The datapath with its agent against the agent alone: the same datagrams, good and broken, have to
 * give the same counts, row by row and reason by reason, whoever decided each of them.
 */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/folder.h"
#include "../lib/frame.h"
#include "../lib/prog.h"
#include "agent/meter.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define DATAGRAMS 30000U
#define PAYLOAD_MOST 3000U
#define CAPACITY 400U
#define PAGES 2048U
#define SOURCES 24U
#define ADDRESS 48U /* bytes of an address in text */

/* One way of counting: with a datapath before the agent, or without. */
struct side {
	struct nfm_config config;
	struct nfm_meter meter;
	bool open;
};

static struct side *with; /* XDP */
static struct side *without;
static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

/* ---- the two sides ---- */

static const char *source_text(uint32_t source, char text[ADDRESS])
{
	snprintf(text, ADDRESS, source % 4 == 3 ? "2001:db8:5::%x" : "192.0.2.%u", source + 1);
	return text;
}

static struct nfm_addr source_addr(uint32_t source)
{
	struct nfm_addr addr = { .byte = { [10] = 0xff, [11] = 0xff } };
	char text[ADDRESS];

	if (source % 4 == 3)
		inet_pton(AF_INET6, source_text(source, text), addr.byte);
	else
		inet_pton(AF_INET, source_text(source, text), addr.byte + 12);
	return addr;
}

/* The first of the sources are listed, each with another kind of sampling. */
static void list_exporters(struct nfm_config *config)
{
	static const struct {
		uint32_t num, den;
	} sampling[] = {
		{ 0, 1 },	   { 1, 1 },	      { 1000, 1 },	 { 3, 7 }, { 1, 3 },
		{ UINT32_MAX, 1 }, { UINT32_MAX, 2 }, { 1, UINT32_MAX }, { 0, 5 }, { 10, 10 },
	};
	uint32_t count = NFM_ARRAY_SIZE(sampling);

	config->exporters = calloc(count, sizeof(*config->exporters));
	assert_non_null(config->exporters);
	config->exporter_count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_config_exporter *e = &config->exporters[i];

		e->addr = source_addr(i);
		e->sampling_num = sampling[i].num;
		e->sampling_den = sampling[i].den;
		snprintf(e->name, sizeof(e->name), "r%u", i);
	}
}

static void configure(struct side *side, const char *runtime, bool any_exporter)
{
	/* the odd ends of the second range find no row */
	static const struct nfm_config_prefix autos[] = {
		{ .addr = { 100, 64, 0, 0 }, .family = 4, .bits = 22 },
		{ .addr = { 172, 16, 0, 0 }, .family = 4, .bits = 12 },
	};
	struct nfm_config *config = &side->config;

	snprintf(config->runtime, sizeof(config->runtime), "%s/%s", folder, runtime);
	snprintf(config->customers_file, sizeof(config->customers_file), "%s/customers.csv",
		 folder);
	config->customers_file_set = true;
	config->capacity = CAPACITY;
	config->max_exporters = 16;
	config->pages = PAGES;
	config->interval_s = 300;
	config->any_exporter = any_exporter;
	config->ports[0] = NFM_DEFAULT_PORT;
	config->port_count = 1;
	memcpy(config->autos, autos, sizeof(autos));
	config->auto_count = NFM_ARRAY_SIZE(autos);
	list_exporters(config);
}

/* Customers at random; longer prefixes within shorter ones. */
static void write_customers(void)
{
	FILE *file = fopen(without->config.customers_file, "w");

	assert_non_null(file);
	fputs("id,prefixes\n", file);
	for (uint32_t i = 0; i < 120; i++) {
		uint32_t bits = 9 + rnd(24);
		uint32_t addr = 10U << 24 | (i << 15 | rnd(1U << 15));

		if (bits < 17)
			bits = 17; /* none twice: each has 32,768 addresses of its own */
		addr &= bits == 32 ? UINT32_MAX : ~(UINT32_MAX >> bits);
		if (rnd(10) == 0)
			continue;
		fprintf(file, "c%u,%u.%u.%u.%u/%u", i, addr >> 24, addr >> 16 & 255,
			addr >> 8 & 255, addr & 255, bits);
		fprintf(file, " 100.64.%u.%u/32 2001:db8:%x::/48\n", i % 4, i, i);
	}
	fputs("wide,10.0.0.0/9 172.16.0.0/16 40.0.0.0/7\n", file);
	assert_int_equal(fclose(file), 0);
}

static void open_with(void)
{
	struct nfm_xdp xdp = NFM_XDP_NONE;
	struct nfm_error error = {};
	struct nfm_geometry g;

	nfm_table_geometry_init(&g, (uint32_t)libbpf_num_possible_cpus() + 1, CAPACITY,
				with->config.max_exporters, PAGES);
	if (nfm_xdp_load(&g, &xdp, &error) < 0 ||
	    nfm_meter_open(&with->meter, &with->config, &xdp, &error) < 0) {
		nfm_xdp_close(&xdp);
		fail_msg("%s", error.text);
	}
	with->open = true;
}

static void open_both(bool any_exporter)
{
	struct nfm_error error = {};

	configure(with, "with", any_exporter);
	configure(without, "without", any_exporter);
	write_customers();
	open_with();
	if (nfm_meter_open(&without->meter, &without->config, NULL, &error) < 0)
		fail_msg("%s", error.text);
	without->open = true;
}

static int set_up(void **state)
{
	(void)state;
	nfm_log_set_level(LOG_EMERG);
	with = calloc(1, sizeof(*with));
	without = calloc(1, sizeof(*without));
	return with && without ? folder_make() : -1;
}

static void close_side(struct side *side)
{
	if (side->open)
		nfm_meter_close(&side->meter);
	free(side->config.exporters);
	free(side);
}

static int tear_down(void **state)
{
	(void)state;
	close_side(with);
	close_side(without);
	return folder_remove();
}

/* ---- datagrams ---- */

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t random_address(void)
{
	switch (rnd(8)) {
	case 0:
		return rnd(UINT32_MAX);
	case 1:
		return 0x64400000 | rnd(1024); /* 100.64.0.0/22: hosts are discovered */
	case 2:
		return 0xac100000 | rnd(64) << 14 | rnd(4); /* 172.16.0.0/12: until all is full */
	case 3:
		return 0x28000000 | rnd(1U << 26);
	default:
		return 0x0a000000 | rnd(1U << 23); /* 10.0.0.0/9 */
	}
}

static void random_record(uint8_t *at, uint32_t length)
{
	const uint32_t addr_be[2] = { htonl(random_address()), htonl(random_address()) };

	for (uint32_t i = 0; i < length; i++)
		at[i] = (uint8_t)rnd(256);
	memcpy(at, addr_be, sizeof(addr_be));
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
	uint32_t count = 1 + rnd(rnd(8) ? 30 : (PAYLOAD_MOST - header) / record);

	for (uint32_t i = 0; i < header; i++)
		at[i] = (uint8_t)rnd(256);
	put16(at, layouts[kind].version);
	put16(at + 2, count);
	if (rnd(2) && header == 24)
		put16(at + 22, rnd(3)); /* else any sampling word */
	for (uint32_t i = 0; i < count; i++)
		random_record(at + header + i * record, record);
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

static void send_both(uint32_t source, const uint8_t *payload, uint32_t length)
{
	static struct nfm_frame frame;
	char text[ADDRESS];
	const struct nfm_packet packet = { .source = source_text(source, text) };
	const struct nfm_arrival arrival = {
		.source = source_addr(source),
		.payload = payload,
		.length = length,
		.time_ns = nfm_clock_monotonic_ns(),
		.uncounted = true,
		.ring_pos = NFM_JOURNAL_NO_RING,
	};

	nfm_frame_build(&frame, &packet, payload, length);
	assert_int_equal(
		nfm_prog_run_fd(with->meter.xdp.program_fd, frame.byte, frame.length, 1, NULL),
		1 /* XDP_DROP */);
	nfm_meter_take(&without->meter, &arrival);
}

static void drain(void)
{
	nfm_meter_drain(&with->meter, UINT32_MAX);
	nfm_meter_fold(&with->meter);
}

/* ---- comparing ---- */

/* Words that have to be equal: all counters; when somebody was last seen is not one. */
static void assert_same_row(uint32_t row, const char *what, uint32_t number)
{
	struct nfm_row a;
	struct nfm_row b;

	nfm_table_sum(&with->meter.table, row, &a);
	nfm_table_sum(&without->meter.table, row, &b);
	for (uint32_t w = 0; w < NFM_WORD_LAST_SEEN; w++)
		if (a.word[w] != b.word[w])
			fail_msg("%s %u, word %u: %llu with the datapath, %llu without", what,
				 number, w, a.word[w], b.word[w]);
}

static void assert_same_names(void)
{
	const struct nfm_table *a = &with->meter.table;
	const struct nfm_table *b = &without->meter.table;

	assert_int_equal(a->ctl->names, b->ctl->names);
	assert_int_equal(a->ctl->exporter_count, b->ctl->exporter_count);
	for (uint32_t i = 0; i < CAPACITY; i++) {
		assert_int_equal(a->names[i].state, b->names[i].state);
		assert_string_equal(a->names[i].id, b->names[i].id);
	}
	for (uint32_t i = 0; i < a->ctl->exporter_count; i++)
		assert_memory_equal(&a->exporters[i].addr, &b->exporters[i].addr,
				    sizeof(struct nfm_addr));
}

static void assert_same(void)
{
	const struct nfm_table *a = &with->meter.table;

	drain();
	assert_same_names();
	for (uint32_t i = 0; i < CAPACITY; i++)
		assert_same_row(i, "row", i);
	for (uint32_t i = 0; i < a->geometry.exporters; i++)
		assert_same_row(nfm_table_exporter_row(a, i), "exporter", i);
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++)
		if (nfm_reason_kind(i) != NFM_KIND_PUNT)
			assert_same_row(nfm_table_reason_row(a, i), "reason", i);
}

static uint64_t refusals_of(const struct nfm_table *t, const struct nfm_addr *addr)
{
	static struct nfm_refused list[2 * NFM_REFUSED_ENTRIES];
	int count = nfm_table_refused(t, list, NFM_ARRAY_SIZE(list));

	for (int i = 0; i < count; i++)
		if (!memcmp(&list[i].addr, addr, sizeof(*addr)))
			return list[i].refusal.datagrams;
	return 0;
}

static uint64_t datagrams_of(const struct nfm_table *t, uint32_t reason)
{
	struct nfm_row row;

	nfm_table_sum(t, nfm_table_reason_row(t, reason), &row);
	return row.reason.datagrams;
}

/* What the kernel counted by itself, so that the comparison is one of two ways. */
static uint64_t counted_in_kernel(void)
{
	const struct nfm_table *t = &with->meter.table;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < t->geometry.exporters; i++) {
		struct nfm_row row;

		nfm_table_sum_kernel(t, nfm_table_exporter_row(t, i), &row);
		sum += row.exporter.datagrams;
	}
	return sum;
}

/* ---- tests ---- */

static void reload_both(void)
{
	struct nfm_customers_change change;
	struct nfm_error error = {};

	drain(); /* what came before the change is decided before it */
	write_customers();
	if (nfm_meter_reload(&with->meter, &change, &error) < 0 ||
	    nfm_meter_reload(&without->meter, &change, &error) < 0)
		fail_msg("%s", error.text);
}

static void run_datagrams(uint64_t first_seed)
{
	static uint8_t payload[PAYLOAD_MOST];

	seed = first_seed;
	for (uint32_t i = 0; i < DATAGRAMS; i++) {
		uint32_t length = build(payload);

		send_both(rnd(rnd(3) ? 10 : SOURCES), payload, length);
		if (rnd(60) == 0)
			drain();
		if (rnd(1000) == 0) {
			drain();
			with->meter.table.ctl->epoch++; /* a rotation: the other bank */
			without->meter.table.ctl->epoch++;
		}
		if (rnd(5000) == 0)
			reload_both();
		if (i % 2000 == 0)
			assert_same();
	}
	assert_same();
	assert_in_range(counted_in_kernel(), DATAGRAMS / 4, DATAGRAMS);
	assert_int_equal(datagrams_of(&with->meter.table, NFM_REASON_RECEIVED), DATAGRAMS);
	assert_int_equal(datagrams_of(&with->meter.table, NFM_REASON_RING_FULL), 0);
}

/* Every reason that a payload can have came by, or the comparison would prove less. */
static void assert_all_reasons_came(uint32_t except)
{
	static const uint32_t reasons[] = {
		NFM_REASON_NEW_EXPORTER,   NFM_REASON_NEW_CUSTOMER, NFM_REASON_VERSION_9,
		NFM_REASON_VERSION_IPFIX,  NFM_REASON_LARGE,	    NFM_REASON_SHORT,
		NFM_REASON_EMPTY,	   NFM_REASON_VERSION,	    NFM_REASON_TRUNCATED,
		NFM_REASON_COUNT,	   NFM_REASON_UNDECODED_9,  NFM_REASON_UNDECODED_IPFIX,
		NFM_REASON_CUSTOMERS_FULL,
	};

	for (size_t i = 0; i < NFM_ARRAY_SIZE(reasons); i++)
		if (reasons[i] != except && !datagrams_of(&with->meter.table, reasons[i]))
			fail_msg("%s never came", nfm_reason_name(reasons[i]));
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
		random_record(at + 24 + 48 * i, 48);
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
