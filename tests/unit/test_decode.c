// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's decoder, versions 1, 5 and 7: every reason, sampling, notes, the largest datagrams,
 * and random garbage of all versions.
 */
#include "flow/decode.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "wire.h"

#define UDP_MOST 65535U

/* Lengths in bytes, written out here and not taken from NFM_WIRE_FIXED. */
static const struct layout {
	uint16_t version;
	uint32_t header;
	uint32_t record;
	uint32_t most;
} layouts[] = {
	{ 1, 16, 48, 30 },
	{ 5, 24, 48, 30 },
	{ 7, 24, 52, 28 },
};

static struct nfm_store *store;
static struct nfm_decoder decoder;
static struct nfm_decode_source source;
static uint8_t *memory; /* UDP_MOST + 8 bytes, so that a payload may begin anywhere */

#define flow decoder.flow

/* As nfm_flow_decode(), of an exporter set to nothing. */
static uint32_t decode(const uint8_t *payload, uint32_t length, struct nfm_datagram *out)
{
	source = (struct nfm_decode_source){ .sampling = { 0, 1 } };
	memset(out, 0xa5, sizeof(*out));
	return nfm_flow_decode(&decoder, &source, payload, length, out);
}

static uint32_t decode_sampled(const uint8_t *payload, uint32_t length,
			       struct nfm_sampling sampling, struct nfm_datagram *out)
{
	source = (struct nfm_decode_source){ .sampling = sampling };
	memset(out, 0xa5, sizeof(*out));
	return nfm_flow_decode(&decoder, &source, payload, length, out);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

static const struct layout *layout_of(uint16_t version)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(layouts); i++)
		if (layouts[i].version == version)
			return &layouts[i];
	return NULL;
}

/* A datagram whose header counts `count` and which holds `records`; returns its length. */
static uint32_t build(uint8_t *at, uint16_t version, uint16_t count, uint32_t records)
{
	const struct layout *l = layout_of(version);

	memset(at, 0, l->header);
	put16(at, version);
	put16(at + 2, count);
	put32(at + 4, 0x01020304);
	put32(at + 8, 1700000000);
	if (version != 1)
		put32(at + 16, 0xfffffff0);
	if (version == 5) {
		at[20] = 0xab;
		at[21] = 0xcd;
	}
	for (uint32_t i = 0; i < records; i++) {
		uint8_t *r = at + l->header + i * l->record;

		memset(r, 0xee, l->record);
		put32(r, 0x0a000000 + i);
		put32(r + 4, 0xc0000200 + i);
		put32(r + 16, 3 + i);
		put32(r + 20, 0xffffff00 - i);
	}
	return l->header + records * l->record;
}

static void assert_records(uint32_t count, uint64_t num, uint64_t den)
{
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(flow[i].family, 4);
		assert_int_equal(ntohl(flow[i].src4_be), 0x0a000000 + i);
		assert_int_equal(ntohl(flow[i].dst4_be), 0xc0000200 + i);
		assert_int_equal(flow[i].packets, ((3ULL + i) * num + den / 2) / den);
		assert_int_equal(flow[i].bytes, ((0xffffff00ULL - i) * num + den / 2) / den);
	}
}

static int set_up(void **state)
{
	(void)state;
	memory = malloc(UDP_MOST + 8);
	return !memory || nfm_store_new(NULL, &store) || nfm_decoder_open(&decoder, store) ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	nfm_decoder_close(&decoder);
	nfm_store_free(store);
	free(memory);
	return 0;
}

/* ---- reasons ---- */

static void every_reason(void **state)
{
	/* length: of the payload as sent, where the records alone do not say it */
	static const struct {
		uint16_t version, count;
		uint32_t records, length;
		uint32_t reason, rejected;
	} rows[] = {
		{ 1, 1, 1, 0, NFM_REASON_NONE, 0 },
		{ 5, 30, 30, 0, NFM_REASON_NONE, 0 },
		{ 7, 28, 28, 0, NFM_REASON_NONE, 0 },
		{ 1, 0, 1, 0, NFM_REASON_EMPTY, 0 },
		{ 5, 0, 0, 0, NFM_REASON_EMPTY, 0 },
		{ 7, 0, 3, 0, NFM_REASON_EMPTY, 0 },
		{ 1, 2, 1, 0, NFM_REASON_TRUNCATED, 1 },
		{ 5, 30, 29, 0, NFM_REASON_TRUNCATED, 29 },
		{ 7, 28, 0, 0, NFM_REASON_TRUNCATED, 0 },
		{ 5, 31, 30, 0, NFM_REASON_COUNT, 30 },
		{ 7, 29, 28, 0, NFM_REASON_COUNT, 28 },
		{ 1, 65535, 30, 0, NFM_REASON_COUNT, 30 },
		{ 1, 1, 1, 15, NFM_REASON_SHORT, 0 },
		{ 5, 1, 1, 23, NFM_REASON_SHORT, 0 },
		{ 7, 1, 1, 23, NFM_REASON_SHORT, 0 },
		{ 5, 1, 1, 2, NFM_REASON_SHORT, 0 },
		{ 5, 1, 1, 1, NFM_REASON_SHORT, 0 },
		/* more than the version's own limit, but all there: it is believed */
		{ 5, 31, 31, 0, NFM_REASON_NONE, 0 },
		{ 7, 40, 40, 0, NFM_REASON_NONE, 0 },
		/* bytes and records behind those that the header counts: not looked at */
		{ 5, 2, 2, 24 + 2 * 48 + 47, NFM_REASON_NONE, 0 },
		{ 5, 2, 5, 0, NFM_REASON_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint32_t length = build(memory, rows[i].version, rows[i].count, rows[i].records);
		struct nfm_datagram d;
		uint32_t reason;

		if (rows[i].length)
			length = rows[i].length;
		reason = decode(memory, length, &d);
		if (reason != rows[i].reason || d.rejected != rows[i].rejected)
			fail_msg("row %zu: reason %u, rejected %u", i, reason, d.rejected);
		assert_int_equal(d.version, length < 2 ? 0 : rows[i].version);
		if (reason == NFM_REASON_NONE) {
			assert_int_equal(d.count, rows[i].count);
			assert_records(d.count, 1, 1);
		}
	}
}

static void empty_payload_is_short(void **state)
{
	struct nfm_datagram d;

	(void)state;
	assert_int_equal(decode(memory, 0, &d), NFM_REASON_SHORT);
	assert_int_equal(d.version, 0);
}

static void other_versions(void **state)
{
	(void)state;
	build(memory, 5, 1, 1);
	for (uint32_t version = 0; version <= UINT16_MAX; version++) {
		struct nfm_datagram d;

		if (version == 1 || version == 5 || version == 7 || version == 9 || version == 10)
			continue;
		put16(memory, (uint16_t)version);
		assert_int_equal(decode(memory, 72, &d), NFM_REASON_VERSION);
		assert_int_equal(d.version, version);
		assert_int_equal(d.count, 0);
		assert_int_equal(d.rejected, 0);
	}
}

static void header_words(void **state)
{
	static const struct {
		uint16_t version;
		uint32_t domain, sequence;
	} rows[] = {
		{ 1, 0, 0 },
		{ 5, 0xabcd, 0xfffffff0 },
		{ 7, 0, 0xfffffff0 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint32_t length = build(memory, rows[i].version, 2, 2);
		struct nfm_datagram d;

		assert_int_equal(decode(memory, length, &d), 0);
		assert_int_equal(d.version, rows[i].version);
		assert_int_equal(d.domain, rows[i].domain);
		assert_int_equal(d.sequence, rows[i].sequence);
		assert_int_equal(d.uptime_ms, 0x01020304);
		assert_int_equal(d.unix_s, 1700000000);
	}
}

/* ---- sampling ---- */

static void sampling_is_applied(void **state)
{
	static const struct {
		uint16_t version, word; /* of v5's header */
		struct nfm_sampling exporter;
		uint32_t num, den; /* what counts */
	} rows[] = {
		{ 5, 0, { 0, 1 }, 1, 1 },
		{ 5, 1, { 0, 1 }, 1, 1 },
		{ 5, 100, { 0, 1 }, 100, 1 },
		{ 5, 0x4000 | 100, { 0, 1 }, 100, 1 }, /* the mode is no part of it */
		{ 5, 0x8000, { 0, 1 }, 1, 1 },
		{ 5, 0xffff, { 0, 1 }, 16383, 1 },
		{ 5, 100, { 0, 7 }, 100, 1 }, /* num 0: the header, whatever den says */
		{ 5, 100, { 1, 1 }, 1, 1 },   /* the exporter's setting beats the header */
		{ 5, 0, { 1000, 1 }, 1000, 1 },
		{ 5, 4, { 1, 3 }, 1, 3 },
		{ 5, 4, { 2, 3 }, 2, 3 },
		{ 5, 4, { 1, 2 }, 1, 2 }, /* half a byte goes up */
		{ 5, 0, { UINT32_MAX, 1 }, UINT32_MAX, 1 },
		{ 5, 0, { UINT32_MAX, UINT32_MAX }, UINT32_MAX, UINT32_MAX },
		{ 1, 0, { 5, 2 }, 5, 2 },
		{ 7, 100, { 0, 1 }, 1, 1 }, /* v7 has reserved bytes there */
		{ 7, 100, { 8, 1 }, 8, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint32_t length = build(memory, rows[i].version, 3, 3);
		struct nfm_datagram d;

		if (rows[i].version != 1)
			put16(memory + 22, rows[i].word);
		assert_int_equal(decode_sampled(memory, length, rows[i].exporter, &d), 0);
		assert_records(3, rows[i].num, rows[i].den);
	}
}

static void ratio_rounds_to_nearest(void **state)
{
	static const struct {
		uint32_t bytes, num, den;
		uint64_t want;
	} rows[] = {
		{ 0, 1, 3, 0 },	  { 1, 1, 3, 0 },
		{ 2, 1, 3, 1 },	  { 4, 1, 3, 1 },
		{ 5, 1, 3, 2 },	  { 1, 1, 2, 1 },
		{ 3, 1, 2, 2 },	  { 1, 1, 4, 0 },
		{ 2, 1, 4, 1 },	  { 7, 3, 2, 11 },
		{ 10, 1, 10, 1 }, { 14, 1, 10, 1 },
		{ 15, 1, 10, 2 }, { UINT32_MAX, UINT32_MAX, 2, 0x7fffffff00000001ULL },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		struct nfm_sampling sampling = { rows[i].num, rows[i].den };
		uint32_t length = build(memory, 5, 1, 1);
		struct nfm_datagram d;

		put32(memory + 24 + 20, rows[i].bytes);
		assert_int_equal(decode_sampled(memory, length, sampling, &d), 0);
		if (flow[0].bytes != rows[i].want)
			fail_msg("row %zu: %llu bytes", i, (unsigned long long)flow[0].bytes);
	}
}

/* ---- notes ---- */

/* One record of each row; v1, v5 and v7 alike, as all have 32-bit counters. */
static const struct {
	uint32_t src, dst, bytes, packets;
	uint32_t note; /* NFM_NOTES: none */
	uint64_t repaired;
} odd_records[] = {
	{ 1, 2, 0, 0, NFM_NOTE_EMPTY, 0 },
	{ 1, 2, 1, 0, NFM_NOTE_IMPLAUSIBLE, 1 },
	{ 1, 2, 19, 1, NFM_NOTE_WRAPPED, 19 }, /* nothing to add: a packet has not 4 GiB */
	{ 1, 2, 20, 1, NFM_NOTES, 20 },
	{ 1, 2, 65535, 1, NFM_NOTES, 65535 },
	{ 1, 2, 65536, 1, NFM_NOTE_IMPLAUSIBLE, 65536 },
	{ 1, 2, 0, 1, NFM_NOTE_WRAPPED, 0 },
	{ 1, 2, 1000, 3000000, NFM_NOTE_WRAPPED, 1000 + (1ULL << 32) },
	{ 7, 7, 100, 2, NFM_NOTE_SAME, 100 },
	{ 0, 0, 100, 2, NFM_NOTES, 100 },
	{ 0, 7, 100, 2, NFM_NOTES, 100 },
	{ 7, 0, 100, 2, NFM_NOTES, 100 },
};

static void notes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(odd_records); i++)
		for (size_t v = 0; v < NFM_ARRAY_SIZE(layouts); v++) {
			uint32_t length = build(memory, layouts[v].version, 1, 1);
			uint8_t *record = memory + layouts[v].header;
			struct nfm_datagram d;
			uint32_t all = 0;

			put32(record, odd_records[i].src);
			put32(record + 4, odd_records[i].dst);
			put32(record + 16, odd_records[i].packets);
			put32(record + 20, odd_records[i].bytes);
			assert_int_equal(decode(memory, length, &d), 0);
			for (uint32_t n = 0; n < NFM_NOTES; n++)
				all += d.note[n];
			if (all != (odd_records[i].note != NFM_NOTES) ||
			    (all && !d.note[odd_records[i].note]))
				fail_msg("row %zu: %u notes", i, all);
			assert_int_equal(flow[0].bytes, odd_records[i].bytes);
		}
}

/* Repaired before it is multiplied. */
static void repairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(odd_records); i++) {
		uint32_t length = build(memory, 5, 1, 1);
		struct nfm_datagram d;

		put32(memory + 24, odd_records[i].src);
		put32(memory + 28, odd_records[i].dst);
		put32(memory + 40, odd_records[i].packets);
		put32(memory + 44, odd_records[i].bytes);
		source = (struct nfm_decode_source){
			.sampling = { 10, 1 },
			.flags = NFM_EXPORTER_REPAIR_WRAPS,
		};
		assert_int_equal(nfm_flow_decode(&decoder, &source, memory, length, &d), 0);
		assert_int_equal(flow[0].bytes, 10 * odd_records[i].repaired);
		assert_int_equal(flow[0].packets, 10ULL * odd_records[i].packets);
		assert_int_equal(d.note[NFM_NOTE_REPAIRED],
				 odd_records[i].repaired != odd_records[i].bytes);
		assert_int_equal(d.note[NFM_NOTE_WRAPPED], odd_records[i].note == NFM_NOTE_WRAPPED);
	}
}

/* ---- sizes and places ---- */

static void largest_datagrams(void **state)
{
	static const struct {
		uint16_t version, records;
	} rows[] = {
		{ 1, (UDP_MOST - 16) / 48 }, /* 1364 */
		{ 5, (UDP_MOST - 24) / 48 },
		{ 7, (UDP_MOST - 24) / 52 },
		{ 5, 33 },
		{ 5, 185 }, /* a jumbo frame */
	};

	(void)state;
	assert_int_equal(rows[0].records, 1364);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint32_t length = build(memory, rows[i].version, rows[i].records, rows[i].records);
		struct nfm_datagram d;

		assert_true(length <= UDP_MOST);
		assert_int_equal(decode(memory, length, &d), 0);
		assert_int_equal(d.count, rows[i].records);
		assert_records(d.count, 1, 1);
		/* one more than are there */
		put16(memory + 2, (uint16_t)(rows[i].records + 1));
		assert_int_equal(decode(memory, length, &d), NFM_REASON_COUNT);
		assert_int_equal(d.rejected, rows[i].records);
	}
}

static void payload_at_any_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(layouts); i++)
		for (uint32_t shift = 0; shift < 8; shift++) {
			uint32_t length = build(memory + shift, layouts[i].version, 9, 9);
			struct nfm_datagram d;

			assert_int_equal(decode(memory + shift, length, &d), 0);
			assert_records(9, 1, 1);
		}
}

/* The payload ends where its memory ends, so that the sanitizer sees a byte read too far. */
static void every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(layouts); i++) {
		const struct layout *l = &layouts[i];
		uint32_t whole = build(memory, l->version, 3, 3);

		for (uint32_t length = 0; length <= whole; length++) {
			_cleanup_free_ uint8_t *payload = malloc(length ? length : 1);
			uint32_t want = NFM_REASON_TRUNCATED;
			struct nfm_datagram d;

			memcpy(payload, memory, length);
			if (length == whole)
				want = NFM_REASON_NONE;
			if (length < l->header)
				want = NFM_REASON_SHORT;
			assert_int_equal(decode(payload, length, &d), want);
			assert_int_equal(d.rejected, want == NFM_REASON_TRUNCATED
							     ? (length - l->header) / l->record
							     : 0);
		}
	}
}

/* ---- garbage ---- */

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

static uint32_t build_garbage(uint8_t *at)
{
	static const uint16_t versions[] = { 1, 5, 7, 9, 10, 0, 2, 0x0500 };
	uint32_t length = rnd(4) ? rnd(1600) : rnd(4000);

	for (uint32_t i = 0; i < length; i++)
		at[i] = (uint8_t)rnd(256);
	if (length >= 4 && rnd(8)) {
		put16(at, versions[rnd(NFM_ARRAY_SIZE(versions))]);
		put16(at + 2, (uint16_t)(rnd(4) ? rnd(40) : rnd(65536)));
	}
	return length;
}

static void random_datagrams(void **state)
{
	uint32_t good = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct nfm_sampling sampling = { rnd(3) ? 0 : rnd(1000), 1 + rnd(20) };
		_cleanup_free_ uint8_t *payload = NULL;
		uint32_t length = build_garbage(memory);
		struct nfm_datagram d;
		const struct layout *l;
		uint32_t reason;

		payload = malloc(length ? length : 1);
		memcpy(payload, memory, length);
		reason = decode_sampled(payload, length, sampling, &d);
		l = layout_of((uint16_t)d.version);
		if (d.version == 9 || d.version == 10)
			assert_in_range(d.count + d.rejected, 0, NFM_DECODE_FLOWS);
		else if (reason == NFM_REASON_NONE) {
			good++;
			assert_non_null(l);
			assert_in_range(d.count, 1, (length - l->header) / l->record);
			assert_int_equal(d.rejected, 0);
		} else if (l && length >= l->header) {
			assert_in_range(d.rejected, 0, (length - l->header) / l->record);
		} else {
			assert_int_equal(d.rejected, 0);
		}
	}
	assert_in_range(good, 10000, 150000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason),
		cmocka_unit_test(empty_payload_is_short),
		cmocka_unit_test(other_versions),
		cmocka_unit_test(header_words),
		cmocka_unit_test(sampling_is_applied),
		cmocka_unit_test(ratio_rounds_to_nearest),
		cmocka_unit_test(notes),
		cmocka_unit_test(repairs),
		cmocka_unit_test(largest_datagrams),
		cmocka_unit_test(payload_at_any_address),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(random_datagrams),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
