/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The datapath on a small table, and the image of what its rows must be after a test: the whole row
 * memory is compared, so that "nothing else changed" is part of every test.
 */
#ifndef NFM_BPF_FIXTURE_H
#define NFM_BPF_FIXTURE_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/frame.h"
#include "../lib/prog.h"
#include "base/units.h"
#include "stride.h"

#define PASS 2 /* XDP_PASS */
#define DROP 1 /* XDP_DROP */

#define CAPACITY 64U
#define EXPORTERS 8U
#define STRIDE (CAPACITY + 2 * EXPORTERS + NFM_REASON_ROWS)
#define SEQLOG 16U
#define RING_BYTES 65536U
#define SLOTS 8U /* earlier ones */

/* The customers: row, and the addresses that lead to it. */
#define ALICE 2U /* 10.0.0.1 */
#define BOB 3U	 /* 10.0.1.0/24 */
#define CAROL 4U /* 10.2.0.0/15 */
#define DAVE 5U	 /* 40.0.0.0/7, and within it: */
#define ERIN 6U	 /* 41.1.2.3 */
#define FRANK 7U /* 2001:db8:1::/64 */
#define GRACE 8U /* 2001:db8:2:100::/56 */
#define HEIDI 9U /* 2001:db8:2:1ff::7, within it */
#define A1 0x0a000001U
#define B7 0x0a000107U
#define C9 0x0a030909U
#define D1 0x29ffffffU
#define E1 0x29010203U
#define NEW1 0x0a090001U   /* 10.9.0.0/16: discovered, has no row yet */
#define FULL1 0x0a0a0001U  /* 10.10.0.0/16: no row was left */
#define REMOTE 0xc6336401U /* nobody's */

#define EXPORTER 3U  /* NFM_SOURCE */
#define EXPORTER6 4U /* NFM_SOURCE6 */

static struct nfm_prog prog;
static struct nfm_row expected[STRIDE];
static struct nfm_frame frame;
static uint8_t payload[NFM_FRAME_MAX];

struct punts {
	uint32_t count;
	struct nfm_punt head;
	uint8_t payload[NFM_FRAME_MAX];
};

static inline int load_group(void **state)
{
	const struct nfm_prog_sizes sizes = {
		.capacity = CAPACITY,
		.exporters = EXPORTERS,
		.pages = NFM_STRIDE_FIRST_PAGE + 64,
		.seqlog_entries = SEQLOG,
		.ring_bytes = RING_BYTES,
		.earlier_slots = SLOTS,
	};

	(void)state;
	return nfm_prog_load(&prog, nfm_prog_path(), &sizes);
}

static inline int close_group(void **state)
{
	(void)state;
	nfm_prog_close(&prog);
	return 0;
}

static inline int fill_table(struct nfm_prog *p)
{
	return nfm_prog_admit(p, NFM_SOURCE, EXPORTER, 0, 0) ||
	       nfm_prog_admit(p, NFM_SOURCE6, EXPORTER6, 0, 0) ||
	       nfm_prog_prefix(p, "10.0.0.1/32", ALICE) ||
	       nfm_prog_prefix(p, "10.0.1.0/24", BOB) ||
	       nfm_prog_prefix(p, "10.2.0.0/15", CAROL) ||
	       nfm_prog_prefix(p, "40.0.0.0/7", DAVE) ||
	       nfm_prog_prefix(p, "41.1.2.3/32", ERIN) ||
	       nfm_prog_prefix(p, "10.9.0.0/16", NFM_LEAF_DISCOVER) ||
	       nfm_prog_prefix(p, "10.10.0.0/16", NFM_LEAF_FULL) ||
	       nfm_prog_prefix(p, "2001:db8:1::/64", FRANK) ||
	       nfm_prog_prefix(p, "2001:db8:2:100::/56", GRACE) ||
	       nfm_prog_prefix(p, "2001:db8:2:1ff::7/128", HEIDI) ||
	       nfm_prog_prefix(p, "2001:db8:9::/48", NFM_LEAF_DISCOVER);
}

static inline int fresh(void **state)
{
	(void)state;
	memset(expected, 0, sizeof(expected));
	return nfm_prog_reset(&prog) || fill_table(&prog);
}

static inline void expect_reason(uint32_t reason, uint64_t records)
{
	struct nfm_row *row = &expected[CAPACITY + EXPORTERS + reason];

	row->reason.datagrams++;
	row->reason.records += records;
}

static inline void expect_punt(uint32_t reason)
{
	expect_reason(NFM_REASON_RECEIVED, 0);
	expect_reason(reason, 0);
}

/* A datagram that was counted: `records` of it, with these sums. */
static inline void expect_counted(uint32_t exporter, uint64_t records, uint64_t bytes,
				  uint64_t packets)
{
	struct nfm_row *row = &expected[CAPACITY + exporter];

	expect_reason(NFM_REASON_RECEIVED, 0);
	row->exporter.datagrams++;
	row->exporter.records += records;
	row->exporter.bytes += bytes;
	row->exporter.packets += packets;
}

/* A datagram of a known exporter that was rejected with `records` records in it. */
static inline void expect_rejected(uint32_t exporter, uint32_t reason, uint64_t records)
{
	struct nfm_row *row = &expected[CAPACITY + exporter];

	expect_reason(NFM_REASON_RECEIVED, 0);
	expect_reason(reason, records);
	row->exporter.rejected_datagrams++;
	row->exporter.rejected_records += records;
}

static inline void expect_up(uint32_t row, uint64_t bytes, uint64_t packets, uint64_t flows)
{
	expected[row].up_bytes += bytes;
	expected[row].up_packets += packets;
	expected[row].up_flows += flows;
}

static inline void expect_down(uint32_t row, uint64_t bytes, uint64_t packets, uint64_t flows)
{
	expected[row].down_bytes += bytes;
	expected[row].down_packets += packets;
	expected[row].down_flows += flows;
}

static inline int is_empty(const struct nfm_row *row)
{
	for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
		if (row->word[w])
			return 0;
	return 1;
}

/* Every word of every row of one bank; a row has a time exactly if it has counts. */
static inline void assert_bank(const char *name, struct nfm_prog *p, uint32_t bank)
{
	for (uint32_t r = 0; r < STRIDE; r++) {
		struct nfm_row want = expected[r];
		struct nfm_row got;

		nfm_table_sum_bank(&p->table, bank, r, &got);
		if (is_empty(&want) == !got.word[NFM_WORD_LAST_SEEN])
			got.word[NFM_WORD_LAST_SEEN] = 0;
		if (!memcmp(&want, &got, sizeof(got)))
			continue;
		for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
			print_error("%s: bank %u row %u word %u is %llu, not %llu\n", name, bank, r,
				    w, (unsigned long long)got.word[w],
				    (unsigned long long)want.word[w]);
		fail();
	}
}

static inline void assert_bank_empty(const char *name, struct nfm_prog *p, uint32_t bank)
{
	for (uint32_t r = 0; r < STRIDE; r++) {
		struct nfm_row got;

		nfm_table_sum_bank(&p->table, bank, r, &got);
		if (!is_empty(&got) || !is_empty(nfm_table_base(&p->table, bank, r))) {
			print_error("%s: bank %u row %u is not empty\n", name, bank, r);
			fail();
		}
	}
}

/* The open bank is as expected, and nothing is anywhere else. */
static inline void assert_rows(const char *name)
{
	uint32_t bank = prog.table.ctl->epoch & 1;

	assert_bank(name, &prog, bank);
	assert_bank_empty(name, &prog, bank ^ 1);
}

static inline void assert_verdict(const char *name, int got, int want)
{
	if (got == want)
		return;
	print_error("%s: verdict %d, not %d\n", name, got, want);
	fail();
}

/* A flow of these customers; 0: nobody's. */
static inline void expect_flow(uint32_t up, uint32_t down, uint64_t bytes, uint64_t packets)
{
	if (up)
		expect_up(up, bytes, packets, 1);
	if (down)
		expect_down(down, bytes, packets, 1);
	if (up && down)
		expect_up(NFM_ROW_LOCAL, bytes, packets, 1);
	if (!up && !down)
		expect_up(NFM_ROW_UNMATCHED, bytes, packets, 1);
}

/* Builds the frame of a v1, v5 or v7 export, and runs it. */
static inline int run_export(const struct nfm_packet *packet, const struct nfm_export *header,
			     const struct nfm_record *record, uint32_t records)
{
	nfm_frame_build(&frame, packet, payload,
			nfm_export_build(payload, header, record, records));
	return nfm_prog_run(&prog, frame.byte, frame.length);
}

static inline int run_payload(const uint8_t *bytes, uint32_t length)
{
	const struct nfm_packet packet = {};

	nfm_frame_build(&frame, &packet, bytes, length);
	return nfm_prog_run(&prog, frame.byte, frame.length);
}

static inline void take_punt(void *cookie, const struct nfm_punt *punt, const uint8_t *bytes)
{
	struct punts *punts = cookie;

	assert_true(punt->length <= sizeof(punts->payload));
	punts->count++;
	punts->head = *punt;
	memcpy(punts->payload, bytes, punt->length);
}

static inline void drain(struct punts *punts)
{
	memset(punts, 0, sizeof(*punts));
	assert_true(nfm_prog_drain(&prog, take_punt, punts) >= 0);
}

/* Exactly one entry waits: this reason, this source, this frame's payload. */
static inline void assert_punt(const char *name, uint32_t reason, const char *source,
			       uint32_t length)
{
	static struct punts punts;
	struct nfm_addr addr;

	drain(&punts);
	if (punts.count != 1 || punts.head.reason != reason || punts.head.length != length) {
		print_error("%s: %u punts, reason %u, %u bytes\n", name, punts.count,
			    punts.head.reason, punts.head.length);
		fail();
	}
	assert_int_equal(nfm_units_parse_addr(source, &addr), 0);
	assert_memory_equal(&punts.head.source, &addr, sizeof(addr));
	assert_int_equal(ntohs(punts.head.source_port_be), NFM_SOURCE_PORT);
	assert_true(punts.head.time_ns > 0);
	assert_memory_equal(punts.payload, frame.byte + frame.payload, length);
}

static inline void assert_no_punt(const char *name)
{
	struct punts punts;

	drain(&punts);
	if (punts.count) {
		print_error("%s: %u punts\n", name, punts.count);
		fail();
	}
}

#endif
