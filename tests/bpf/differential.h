/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two ways of counting side by side: a datapath before the agent, and the agent alone. Tests give
 * both the same datagrams and compare what is counted, row by row and reason by reason.
 */
#ifndef NFM_BPF_DIFFERENTIAL_H
#define NFM_BPF_DIFFERENTIAL_H

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <sched.h>
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

static inline uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

/* ---- the two sides ---- */

static inline const char *source_text(uint32_t source, char text[ADDRESS])
{
	snprintf(text, ADDRESS, source % 4 == 3 ? "2001:db8:5::%x" : "192.0.2.%u", source + 1);
	return text;
}

static inline struct nfm_addr source_addr(uint32_t source)
{
	struct nfm_addr addr = { .byte = { [10] = 0xff, [11] = 0xff } };
	char text[ADDRESS];

	if (source % 4 == 3)
		inet_pton(AF_INET6, source_text(source, text), addr.byte);
	else
		inet_pton(AF_INET, source_text(source, text), addr.byte + 12);
	return addr;
}

/* The first of the sources are listed, each set in another way. */
static inline void list_exporters(struct nfm_config *config)
{
	static const struct {
		uint32_t num, den;
		bool trust_data, no_nat, repair_wraps;
	} set[] = {
		{ 0, 1, 0, 0, 0 },	    { 0, 1, 1, 0, 0 },		{ 0, 1, 0, 1, 0 },
		{ 0, 5, 0, 0, 1 },	    { 1, 1, 1, 0, 1 },		{ 1000, 1, 0, 0, 1 },
		{ 3, 7, 0, 1, 0 },	    { 1, 3, 0, 0, 0 },		{ UINT32_MAX, 1, 0, 0, 0 },
		{ UINT32_MAX, 2, 0, 0, 1 }, { 1, UINT32_MAX, 0, 0, 0 }, { 10, 10, 1, 1, 1 },
	};
	uint32_t count = NFM_ARRAY_SIZE(set);

	config->exporters = calloc(count, sizeof(*config->exporters));
	assert_non_null(config->exporters);
	config->exporter_count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_config_exporter *e = &config->exporters[i];

		e->addr = source_addr(i);
		e->sampling_num = set[i].num;
		e->sampling_den = set[i].den;
		e->trust_data = set[i].trust_data;
		e->no_nat = set[i].no_nat;
		e->repair_wraps = set[i].repair_wraps;
		snprintf(e->name, sizeof(e->name), "r%u", i);
	}
}

static inline void configure(struct side *side, const char *runtime, bool any_exporter)
{
	/* the odd ends of the second range find no row */
	static const struct nfm_config_prefix autos[] = {
		{ .addr = { 100, 64, 0, 0 }, .family = 4, .bits = 22 },
		{ .addr = { 172, 16, 0, 0 }, .family = 4, .bits = 12 },
	};
	struct nfm_config *config = &side->config;

	snprintf(config->runtime, sizeof(config->runtime), "%s/%s", folder, runtime);
	snprintf(config->directory, sizeof(config->directory), "%s/%s-state", folder, runtime);
	assert_int_equal(mkdir(config->directory, 0755), 0);
	snprintf(config->customers_file, sizeof(config->customers_file), "%s/customers.csv",
		 folder);
	config->customers_file_set = true;
	config->capacity = CAPACITY;
	config->max_exporters = 16;
	config->pages = PAGES;
	config->interval_s = 300;
	config->templates_per_exporter = 4096;
	config->template_memory_bytes = 64 << 20;
	config->template_buffer_bytes = 16 << 20;
	config->template_wait_s = 3600; /* longer than any test */
	config->earlier_memory_bytes = 64 << 20;
	config->any_exporter = any_exporter;
	config->ports[0] = NFM_DEFAULT_PORT;
	config->port_count = 1;
	memcpy(config->autos, autos, sizeof(autos));
	config->auto_count = NFM_ARRAY_SIZE(autos);
	list_exporters(config);
}

/* Customers at random; longer prefixes within shorter ones. */
static inline void write_customers(void)
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
	fputs("wide,10.0.0.0/9 172.16.0.0/16 40.0.0.0/7 2001:db8::/41\n", file);
	assert_int_equal(fclose(file), 0);
}

static inline void open_with(void)
{
	struct nfm_xdp xdp = NFM_XDP_NONE;
	struct nfm_error error = {};
	struct nfm_geometry g;

	nfm_table_geometry_init(&g, (uint32_t)libbpf_num_possible_cpus() + 1, CAPACITY,
				with->config.max_exporters, PAGES);
	nfm_meter_geometry(&with->config, &g);
	if (nfm_xdp_load(&g, &xdp, &error) < 0 ||
	    nfm_meter_open(&with->meter, &with->config, &xdp, &error) < 0) {
		nfm_xdp_close(&xdp);
		fail_msg("%s", error.text);
	}
	with->open = true;
}

/* The same ones on both sides: their tables were made some milliseconds apart. */
static inline void open_slots(void)
{
	uint64_t now_ns = nfm_clock_monotonic_ns();

	for (uint32_t bank = 0; bank < NFM_BANKS; bank++) {
		uint32_t slot_ms = bank ? 60000 : 300000;
		uint64_t start_ns = now_ns - rnd(slot_ms) * NFM_NS_PER_MS;

		with->meter.table.ctl->slot_ms[bank] = slot_ms;
		with->meter.table.ctl->slot_start_ns[bank] = start_ns;
		without->meter.table.ctl->slot_ms[bank] = slot_ms;
		without->meter.table.ctl->slot_start_ns[bank] = start_ns;
	}
}

static inline void open_both(bool any_exporter)
{
	struct nfm_error error = {};

	configure(with, "with", any_exporter);
	configure(without, "without", any_exporter);
	write_customers();
	open_with();
	if (nfm_meter_open(&without->meter, &without->config, NULL, &error) < 0)
		fail_msg("%s", error.text);
	without->open = true;
	open_slots();
}

/* On one CPU: its coarse clock never goes back, so that the newest time is the last datagram's. */
static inline void stay_here(void)
{
	int cpu = sched_getcpu();
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(cpu < 0 ? 0 : cpu, &here);
	assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
}

static inline int set_up(void **state)
{
	(void)state;
	stay_here();
	nfm_log_set_level(LOG_EMERG);
	with = calloc(1, sizeof(*with));
	without = calloc(1, sizeof(*without));
	return with && without ? folder_make() : -1;
}

static inline void close_side(struct side *side)
{
	if (side->open)
		nfm_meter_close(&side->meter);
	free(side->config.exporters);
	free(side);
}

static inline int tear_down(void **state)
{
	(void)state;
	close_side(with);
	close_side(without);
	return folder_remove();
}

/* ---- datagrams ---- */

/* Counters as they are, mostly; some have wrapped, are empty or cannot be. */
static inline void random_counters(uint64_t *bytes, uint64_t *packets)
{
	*packets = 1 + rnd(rnd(4) ? 100 : 100000);
	*bytes = *packets * (20 + rnd(1481));
	switch (rnd(128)) {
	case 0:
		*bytes = rnd(UINT32_MAX);
		break;
	case 1:
		*packets = 0;
		*bytes = rnd(2) ? 0 : *bytes;
		break;
	case 2: /* a hundred wraps */
		*packets = rnd(UINT32_MAX);
		*bytes = rnd(UINT32_MAX);
		break;
	}
}

/* Ages of a flow's first and last packet, ms. */
static inline void random_ages(uint32_t *first_ms, uint32_t *last_ms)
{
	*last_ms = rnd(rnd(3) ? 60000 : 4000000);
	*first_ms = *last_ms + (rnd(3) ? rnd(3000000) : 0);
}

static inline uint32_t random_address(void)
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

static inline void send_both(uint32_t source, const uint8_t *payload, uint32_t length)
{
	static struct nfm_frame frame;
	char text[ADDRESS];
	const struct nfm_packet packet = { .source = source_text(source, text) };
	struct nfm_arrival arrival = {
		.source = source_addr(source),
		.payload = payload,
		.length = length,
		.uncounted = true,
		.ring_pos = NFM_JOURNAL_NO_RING,
	};
	struct nfm_row received;

	nfm_frame_build(&frame, &packet, payload, length);
	assert_int_equal(
		nfm_prog_run_fd(with->meter.xdp.program_fd, frame.byte, frame.length, 1, NULL),
		1 /* XDP_DROP */);
	/* the same moment to both: what belongs to which slot is then the same, to the byte */
	nfm_table_sum(&with->meter.table,
		      nfm_table_reason_row(&with->meter.table, NFM_REASON_RECEIVED), &received);
	arrival.time_ns = received.reason.seen_ns;
	nfm_meter_take(&without->meter, &arrival);
}

static inline void drain(void)
{
	nfm_meter_drain(&with->meter, UINT32_MAX);
	nfm_meter_fold(&with->meter);
}

/*
 * The ring's order and the log's are told by a coarse clock: what one tick of it holds is not in
 * order. A router sends less in a tick than late datagrams may be behind; a test would send more.
 */
static inline void wait_for_tick(void)
{
	uint64_t now_ns = nfm_clock_monotonic_ns();

	while (nfm_clock_monotonic_ns() == now_ns)
		;
}

/* Now and then: a drain, a rotation, a reload of other customers. */
static inline void disturb(void)
{
	struct nfm_customers_change change;
	struct nfm_error error = {};

	if (rnd(60) == 0)
		drain();
	if (rnd(1000) == 0) {
		drain();
		with->meter.table.ctl->epoch++; /* a rotation: the other bank */
		without->meter.table.ctl->epoch++;
	}
	if (rnd(5000))
		return;
	drain(); /* what came before the change is decided before it */
	write_customers();
	if (nfm_meter_reload(&with->meter, &change, &error) < 0 ||
	    nfm_meter_reload(&without->meter, &change, &error) < 0)
		fail_msg("%s", error.text);
}

/* ---- comparing ---- */

/* Words that have to be equal: all counters; when somebody was last seen is not one. */
static inline void assert_same_row(uint32_t row, const char *what, uint32_t number)
{
	struct nfm_row a;
	struct nfm_row b;

	nfm_table_sum(&with->meter.table, row, &a);
	nfm_table_sum(&without->meter.table, row, &b);
	for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
		if (w != NFM_WORD_LAST_SEEN && a.word[w] != b.word[w])
			fail_msg("%s %u, word %u: %llu with the datapath, %llu without", what,
				 number, w, a.word[w], b.word[w]);
}

static inline void assert_same_names(void)
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

/* What the kernel counted by itself, so that the comparison is one of two ways. */
static inline uint64_t counted_in_kernel(void)
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

static inline uint64_t earlier_of(const struct nfm_table *t, uint32_t row, uint32_t word)
{
	uint64_t sum = 0;

	for (uint32_t bank = 0; bank < NFM_BANKS; bank++)
		for (uint32_t column = 0; column < t->geometry.columns; column++)
			sum += nfm_table_earlier(t, bank, column, row)[word / 8].word[word % 8];
	return sum;
}

static inline void assert_same_earlier(uint32_t row, uint64_t *sum)
{
	const struct nfm_table *t = &with->meter.table;

	for (uint32_t word = 0; word < 2 * t->geometry.earlier_slots; word++) {
		uint64_t a = earlier_of(t, row, word);
		uint64_t b = earlier_of(&without->meter.table, row, word);

		*sum += a;
		if (a != b)
			fail_msg("row %u, word %u: %llu earlier bytes with the datapath, %llu "
				 "without",
				 row, word, (unsigned long long)a, (unsigned long long)b);
	}
}

static uint64_t earlier_bytes; /* that assert_same() has seen */

static inline void assert_same(void)
{
	const struct nfm_table *a = &with->meter.table;
	uint64_t earlier = 0;

	drain();
	assert_same_names();
	for (uint32_t i = 0; i < CAPACITY; i++) {
		assert_same_row(i, "row", i);
		assert_same_earlier(i, &earlier);
	}
	earlier_bytes += earlier;
	for (uint32_t i = 0; i < a->geometry.exporters; i++)
		assert_same_row(nfm_table_exporter_row(a, i), "exporter", i);
	for (uint32_t i = 0; i < a->geometry.exporters; i++)
		assert_same_row(nfm_table_notes_row(a, i), "notes", i);
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++)
		if (nfm_reason_kind(i) != NFM_KIND_PUNT)
			assert_same_row(nfm_table_reason_row(a, i), "reason", i);
}

static inline uint64_t refusals_of(const struct nfm_table *t, const struct nfm_addr *addr)
{
	static struct nfm_refused list[2 * NFM_REFUSED_ENTRIES];
	int count = nfm_table_refused(t, list, NFM_ARRAY_SIZE(list));

	for (int i = 0; i < count; i++)
		if (!memcmp(&list[i].addr, addr, sizeof(*addr)))
			return list[i].refusal.datagrams;
	return 0;
}

static inline uint64_t datagrams_of(const struct nfm_table *t, uint32_t reason)
{
	struct nfm_row row;

	nfm_table_sum(t, nfm_table_reason_row(t, reason), &row);
	return row.reason.datagrams;
}

/* Every one of these reasons came by, or the comparison would prove less. */
static inline void assert_reasons_came(const uint32_t *reasons, size_t count, uint32_t except)
{
	for (size_t i = 0; i < count; i++)
		if (reasons[i] != except && !datagrams_of(&with->meter.table, reasons[i]))
			fail_msg("%s never came", nfm_reason_name(reasons[i]));
}

#endif
