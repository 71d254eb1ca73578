// SPDX-License-Identifier: GPL-2.0-only
/* The passes over a batch of flows (bpf/abi/batch.h), natively, both families. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi.h"

#define ROWS 16U
#define LIMIT 8U
#define NOW 123456789ULL

static struct nfm_page pages[512 + 4];
static struct nfm_row rows[ROWS];
static struct nfm_row expected[ROWS];

static inline const struct nfm_page *nfm_stride_page(const void *env, __u32 number)
{
	(void)env;
	return number < sizeof(pages) / sizeof(pages[0]) ? &pages[number] : NULL;
}

static inline struct nfm_row *nfm_batch_row(const void *env, __u32 row)
{
	(void)env;
	return row < ROWS ? &rows[row] : NULL;
}

#define EARLIER_ROWS 4U /* of each row: 16 slots */

static struct nfm_row earlier[ROWS][EARLIER_ROWS];

static inline struct nfm_row *nfm_batch_earlier(const void *env, __u32 row, __u32 index)
{
	(void)env;
	return row < ROWS && index < EARLIER_ROWS ? &earlier[row][index] : NULL;
}

#define NFM_BATCH_LIMIT LIMIT
#define NFM_BATCH_PASSES
#include "batch.h"

/* 10.x is row 2, 11.x row 3, 12.x discovers, 13.x is full, 14.x names no row that there is. */
static int fill(void **state)
{
	static const uint32_t leaf[] = { 2, 3, NFM_LEAF_DISCOVER, NFM_LEAF_FULL, ROWS };

	(void)state;
	memset(pages, 0, sizeof(pages));
	memset(rows, 0, sizeof(rows));
	memset(expected, 0, sizeof(expected));
	memset(earlier, 0, sizeof(earlier));
	for (uint32_t i = 0; i < sizeof(leaf) / sizeof(leaf[0]); i++)
		for (uint32_t j = 0; j < 256; j++) {
			pages[NFM_STRIDE_ROOT_V4 + 10 + i].entry[j] = leaf[i];
			pages[NFM_STRIDE_ROOT_V6 + 10 + i].entry[j] = leaf[i] ? leaf[i] + 2 : 0;
		}
	return 0;
}

static struct nfm_flow make_flow(uint8_t src, uint8_t dst, uint64_t bytes, uint64_t packets)
{
	struct nfm_flow flow = { .family = 4, .bytes = bytes, .packets = packets };

	flow.src[0] = src;
	flow.dst[0] = dst;
	return flow;
}

static void expect(uint32_t row, int is_down, uint64_t bytes, uint64_t packets)
{
	struct nfm_row *to = &expected[row];

	*(is_down ? &to->down_bytes : &to->up_bytes) += bytes;
	*(is_down ? &to->down_packets : &to->up_packets) += packets;
	*(is_down ? &to->down_flows : &to->up_flows) += 1;
	to->last_seen_ns = NOW;
}

static void look_up_finds_both_sides_and_both_families(void **state)
{
	struct nfm_flow flow[4] = { make_flow(10, 11, 1, 1), make_flow(99, 10, 1, 1),
				    make_flow(10, 11, 1, 1), make_flow(10, 99, 1, 1) };

	(void)state;
	flow[2].family = 6;
	flow[3].up = flow[3].down = 77; /* beyond the count: not touched */
	assert_int_equal(nfm_batch_look_up(NULL, flow, 3, 1), NFM_BATCH_LOCAL);
	assert_int_equal(nfm_batch_look_up(NULL, &flow[1], 1, 1), 0);
	assert_int_equal(flow[0].row, 3);
	assert_int_equal(flow[0].half, NFM_ROW_DOWN);
	assert_int_equal(flow[1].row, 2);
	assert_int_equal(flow[1].half, NFM_ROW_DOWN);
	assert_int_equal(flow[0].up, 2);
	assert_int_equal(flow[0].down, 3);
	assert_int_equal(flow[1].up, 0);
	assert_int_equal(flow[1].down, 2);
	assert_int_equal(flow[2].up, 4);
	assert_int_equal(flow[2].down, 5);
	assert_int_equal(flow[3].up, 77);
	assert_int_equal(flow[3].down, 77);
}

static void look_up_says_when_a_row_has_to_be_made(void **state)
{
	const uint32_t both = NFM_LEAF_DISCOVER | NFM_LEAF_FULL;

	(void)state;
	for (uint32_t at = 0; at < 4; at++) {
		struct nfm_flow flow[4];

		for (uint32_t i = 0; i < 4; i++)
			flow[i] = make_flow(10, 13, 1, 1); /* full asks for none */
		assert_int_equal(nfm_batch_look_up(NULL, flow, 4, 1), NFM_LEAF_FULL);
		flow[at].src[0] = 12;
		assert_int_equal(nfm_batch_look_up(NULL, flow, 4, 1), both);
		assert_int_equal(nfm_batch_look_up(NULL, flow, at, 1), at ? NFM_LEAF_FULL : 0);
		flow[at] = make_flow(99, 12, 1, 1);
		assert_int_equal(nfm_batch_look_up(NULL, flow, 4, 1), both);
	}
}

static void add_counts_up_down_local_and_unmatched(void **state)
{
	struct nfm_flow flow[5] = { make_flow(10, 99, 1000, 1), make_flow(99, 10, 200, 2),
				    make_flow(10, 11, 30, 3), make_flow(98, 99, 4, 4),
				    make_flow(11, 11, 5, 5) };
	struct nfm_batch_sum sum = { .bytes = 1, .packets = 2 };
	uint32_t kinds;

	(void)state;
	expect(2, 0, 1000, 1);
	expect(2, 1, 200, 2);
	expect(2, 0, 30, 3);
	expect(3, 1, 30, 3);
	expect(NFM_ROW_LOCAL, 0, 30, 3);
	expect(NFM_ROW_UNMATCHED, 0, 4, 4);
	expect(3, 0, 5, 5);
	expect(3, 1, 5, 5);
	expect(NFM_ROW_LOCAL, 0, 5, 5);
	kinds = nfm_batch_look_up(NULL, flow, 5, 1);
	assert_int_equal(kinds, NFM_BATCH_LOCAL);
	nfm_batch_touch(NULL, flow, 5);
	nfm_batch_add(NULL, flow, 5, NOW, kinds);
	assert_memory_equal(rows, expected, sizeof(rows));
	nfm_batch_add_up(flow, 5, &sum);
	assert_int_equal(sum.bytes, 1239);
	assert_int_equal(sum.packets, 15);
	assert_int_equal(nfm_batch_count_full(flow, 5), 0);
}

static void touch_changes_nothing(void **state)
{
	struct nfm_flow flow[3] = { make_flow(10, 11, 1, 1), make_flow(99, 98, 1, 1),
				    make_flow(14, 14, 1, 1) };

	(void)state;
	nfm_batch_look_up(NULL, flow, 3, 1);
	nfm_batch_touch(NULL, flow, 3);
	assert_memory_equal(rows, expected, sizeof(rows));
}

static void full_is_unmatched_and_counted_once_a_record(void **state)
{
	struct nfm_flow flow[4] = { make_flow(13, 99, 1, 1), make_flow(99, 13, 1, 1),
				    make_flow(13, 13, 1, 1), make_flow(13, 10, 1, 1) };

	(void)state;
	expect(NFM_ROW_UNMATCHED, 0, 1, 1);
	expect(NFM_ROW_UNMATCHED, 0, 1, 1);
	expect(NFM_ROW_UNMATCHED, 0, 1, 1);
	expect(2, 1, 1, 1);
	nfm_batch_add(NULL, flow, 4, NOW, nfm_batch_look_up(NULL, flow, 4, 1));
	assert_memory_equal(rows, expected, sizeof(rows));
	assert_int_equal(nfm_batch_count_full(flow, 4), 4);
	assert_int_equal(nfm_batch_count_full(flow, 3), 3);
}

/* A damaged leaf: no row is there, and none is written. */
static void a_row_that_is_not_there_is_left_out(void **state)
{
	struct nfm_flow flow[2] = { make_flow(14, 99, 1, 1), make_flow(99, 14, 1, 1) };

	(void)state;
	nfm_batch_look_up(NULL, flow, 2, 1);
	nfm_batch_touch(NULL, flow, 2);
	nfm_batch_add(NULL, flow, 2, NOW, 0);
	assert_memory_equal(rows, expected, sizeof(rows));
}

static void no_pass_goes_beyond_the_limit(void **state)
{
	struct nfm_flow flow[LIMIT + 1];
	struct nfm_batch_sum sum = {};

	(void)state;
	for (uint32_t i = 0; i <= LIMIT; i++) {
		flow[i] = make_flow(10, 99, 3, 1);
		if (i < LIMIT)
			expect(2, 0, 3, 1);
	}
	flow[LIMIT].src[0] = 12;
	nfm_batch_divide(flow, UINT32_MAX, 3);
	assert_int_equal(flow[LIMIT].bytes, 3);
	for (uint32_t i = 0; i < LIMIT; i++)
		flow[i] = make_flow(10, 99, 3, 1);
	assert_int_equal(nfm_batch_look_up(NULL, flow, UINT32_MAX, 1), 0);
	nfm_batch_touch(NULL, flow, UINT32_MAX);
	nfm_batch_add(NULL, flow, UINT32_MAX, NOW, NFM_BATCH_LOCAL);
	nfm_batch_add_up(flow, UINT32_MAX, &sum);
	assert_int_equal(sum.bytes, 3 * LIMIT);
	assert_memory_equal(rows, expected, sizeof(rows));
}

static void divide_rounds_to_the_nearest(void **state)
{
	static const struct {
		uint64_t value;
		uint32_t den;
		uint64_t quotient;
	} cases[] = {
		{ 0, 2, 0 },  { 1, 2, 1 },  { 3, 2, 2 },    { 4, 2, 2 },   { 1, 3, 0 },
		{ 2, 3, 1 },  { 4, 3, 1 },  { 5, 3, 2 },    { 49, 100, 0 }, { 50, 100, 1 },
		{ 149, 100, 1 }, { 150, 100, 2 }, { 7, 1, 7 },
		{ 0xffffffffULL * 0xffffffffULL, 0xffffffff, 0xffffffff },
		{ 0xffffffffULL * 0xffffffffULL, 1, 0xffffffffULL * 0xffffffffULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nfm_flow flow[2] = { make_flow(1, 1, cases[i].value, cases[i].value),
					    make_flow(1, 1, 1000, 1000) };

		nfm_batch_divide(flow, 1, cases[i].den);
		assert_true(flow[0].bytes == cases[i].quotient);
		assert_true(flow[0].packets == cases[i].quotient);
		assert_int_equal(flow[1].bytes, 1000);
	}
}

/* ---- the second look ---- */

static uint64_t random_state = 88172645463325252ULL;

/* Of any size: as many small ones as large ones. */
static uint64_t random_number(uint32_t bits)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> (64 - bits + random_state % bits);
}

static void assert_oddness(uint64_t bytes, uint64_t packets)
{
	int odd = !packets || (unsigned __int128)packets * 20 > bytes ||
		  (unsigned __int128)packets * 65535 < bytes;

	if (nfm_flow_is_odd(bytes, packets) != odd ||
	    (int)(nfm_flow_oddness(bytes, packets) >> 63) != odd)
		fail_msg("%llu bytes in %llu packets", (unsigned long long)bytes,
			 (unsigned long long)packets);
}

/* All bytes, and packets as long as 65,535 bytes of each are less than 2^63. */
static void oddness_is_what_it_says(void **state)
{
	static const uint64_t some[] = {
		0, 1, 2, 19, 20, 21, 65534, 65535, 65536, 1ULL << 31, UINT32_MAX, 1ULL << 32,
		UINT32_MAX + 2ULL, 1ULL << 46, (1ULL << 47) - 1, 1ULL << 47,
	};
	const uint64_t most = (1ULL << 63) / NFM_PACKET_MOST;
	uint32_t odd = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		for (int d = -2; d <= 2; d++) {
			uint64_t packets = some[i] < most ? some[i] : most;

			assert_oddness(20 * packets + (uint64_t)d, packets);
			assert_oddness(65535 * packets + (uint64_t)d, packets);
			assert_oddness((uint64_t)d, packets); /* around 2^64 and 0 */
			assert_oddness((1ULL << 63) + (uint64_t)d, packets);
			assert_oddness((1ULL << 63) + 20 * packets + (uint64_t)d, packets);
		}
	}
	for (uint32_t i = 0; i < 1000000; i++) {
		uint64_t packets = random_number(47) % most;
		uint64_t bytes = i % 2 ? random_number(64) : packets * (random_number(17) + 1) +
							     random_number(5);

		assert_oddness(bytes, packets);
		odd += nfm_flow_is_odd(bytes, packets);
	}
	assert_in_range(odd, 200000, 900000); /* both answers came */
}

static void sameness_is_what_it_says(void **state)
{
	static const uint32_t some[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
			assert_int_equal(nfm_flow_sameness(some[i], some[j]) >> 63, i == j);
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t a = (uint32_t)random_number(32), b = (uint32_t)random_number(32);

		assert_int_equal(nfm_flow_sameness(a, b) >> 63, a == b);
		assert_int_equal(nfm_flow_sameness(a, a) >> 63, 1);
	}
	/* of IPv6: any one bit makes a difference */
	for (uint32_t bit = 0; bit < 128; bit++) {
		_Alignas(4) uint8_t a[16], b[16];

		for (uint32_t i = 0; i < 16; i++)
			a[i] = b[i] = (uint8_t)random_number(8);
		assert_int_equal(nfm_flow_sameness6(a, b) >> 63, 1);
		b[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(nfm_flow_sameness6(a, b) >> 63, 0);
	}
}

static void too_fast_is_what_it_says(void **state)
{
	static const uint64_t ms[] = { 0, 1, 99, 100, 101, 60000, UINT32_MAX, (1ULL << 38) - 102 };

	(void)state;
	for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		uint64_t most = ((ms[i] + 101) << 26) - 1; /* the last byte that is not */

		assert_false(nfm_flow_is_too_fast(most, ms[i]));
		assert_true(nfm_flow_is_too_fast(most + 1, ms[i]));
		assert_false(nfm_flow_is_too_fast(0, ms[i]));
	}
	assert_false(nfm_flow_is_too_fast(UINT64_MAX, 1ULL << 38));
	for (uint32_t i = 0; i < 1000000; i++) {
		uint64_t bytes = random_number(64), time_ms = random_number(40);
		int fast = (double)(bytes / 67108864) > (double)time_ms + 100;

		assert_int_equal(nfm_flow_is_too_fast(bytes, time_ms), fast);
	}
}

/* ---- other addresses ---- */

/* A flow's addresses before and after NAT; which count. 99 and 98 are nobody's. */
static void another_address_counts_where_the_first_matches_nobody(void **state)
{
	static const struct {
		uint8_t src, dst, alt, alt_src, alt_dst;
		uint32_t up, down, kinds;
		int local;
	} rows[] = {
		/* none announced: not looked at */
		{ 99, 98, 0, 10, 11, 0, 0, 0, 0 },
		{ 10, 11, 0, 0, 0, 2, 3, 0, 1 },
		/* the first one wins */
		{ 10, 99, NFM_ALT_SRC, 11, 0, 2, 0, 0, 0 },
		{ 99, 10, NFM_ALT_DST, 0, 11, 0, 2, 0, 0 },
		/* the other one counts */
		{ 99, 98, NFM_ALT_SRC, 11, 10, 3, 0, 0, 0 },
		{ 99, 98, NFM_ALT_DST, 11, 10, 0, 2, 0, 0 },
		{ 99, 98, NFM_ALT_SRC | NFM_ALT_DST, 11, 10, 3, 2, 0, 1 },
		{ 10, 98, NFM_ALT_SRC | NFM_ALT_DST, 11, 11, 2, 3, 0, 1 },
		/* nobody either */
		{ 99, 98, NFM_ALT_SRC | NFM_ALT_DST, 97, 96, 0, 0, 0, 0 },
		/* one that needs a row, or found none, is somebody's */
		{ 12, 98, NFM_ALT_SRC, 11, 0, NFM_LEAF_DISCOVER, 0, NFM_LEAF_DISCOVER, 0 },
		{ 99, 13, NFM_ALT_DST, 0, 11, 0, NFM_LEAF_FULL, NFM_LEAF_FULL, 0 },
		{ 99, 98, NFM_ALT_SRC, 12, 0, NFM_LEAF_DISCOVER, 0, NFM_LEAF_DISCOVER, 0 },
		{ 99, 98, NFM_ALT_DST, 0, 13, 0, NFM_LEAF_FULL, NFM_LEAF_FULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t v6 = i & 1;
		struct nfm_flow f = make_flow(rows[i / 2].src, rows[i / 2].dst, 7, 1);
		struct nfm_alt alt = { .src = { rows[i / 2].alt_src },
				       .dst = { rows[i / 2].alt_dst } };
		uint32_t up = rows[i / 2].up + (v6 && rows[i / 2].up ? 2 : 0);
		uint32_t down = rows[i / 2].down + (v6 && rows[i / 2].down ? 2 : 0);
		uint32_t kinds = 0;
		uint64_t local;

		f.family = v6 ? 6 : 4;
		f.alt = rows[i / 2].alt;
		nfm_batch_look_up(NULL, &f, 1, 1);
		local = nfm_batch_look_up_other(NULL, &f, &alt, &kinds);
		assert_int_equal(f.up, up);
		assert_int_equal(f.down, down);
		assert_int_equal(kinds & NFM_ENTRY_KIND, rows[i / 2].kinds);
		assert_int_equal(!!local, rows[i / 2].local);
		assert_int_equal(nfm_batch_kinds(kinds, local),
				 rows[i / 2].kinds | (rows[i / 2].local ? NFM_BATCH_LOCAL : 0));
		/* which address it was is told by the flow */
		assert_int_equal(f.src[0], rows[i / 2].src == 99 && f.alt & NFM_ALT_SRC ?
						   rows[i / 2].alt_src :
						   rows[i / 2].src);
		assert_int_equal(f.dst[0], rows[i / 2].dst == 98 && f.alt & NFM_ALT_DST ?
						   rows[i / 2].alt_dst :
						   rows[i / 2].dst);
	}
}

static void other_addresses_are_added_as_first_ones_are(void **state)
{
	struct nfm_flow flow[2] = { make_flow(99, 98, 50, 5), make_flow(99, 98, 7, 1) };
	const struct nfm_alt alt = { .src = { 10 }, .dst = { 11 } };
	uint32_t kinds = 0;
	uint64_t local = 0;

	(void)state;
	flow[0].alt = NFM_ALT_SRC | NFM_ALT_DST;
	nfm_batch_look_up(NULL, flow, 2, 1);
	for (int i = 0; i < 2; i++)
		local |= nfm_batch_look_up_other(NULL, &flow[i], &alt, &kinds);
	expect(2, 0, 50, 5);
	expect(3, 1, 50, 5);
	expect(NFM_ROW_LOCAL, 0, 50, 5);
	expect(NFM_ROW_UNMATCHED, 0, 7, 1);
	nfm_batch_add(NULL, flow, 2, NOW, nfm_batch_kinds(kinds, local));
	assert_memory_equal(rows, expected, sizeof(rows));
}

/* Without IPv6 the answer is the same for IPv4, and no tree of IPv6 is looked into. */
static void without_v6_all_is_v4(void **state)
{
	static const uint8_t addr[] = { 10, 11, 12, 13, 99 };

	(void)state;
	for (uint32_t i = 0; i < 25; i++) {
		struct nfm_flow a = make_flow(addr[i % 5], addr[i / 5], 1, 1), b = a, c = a;

		c.family = 6;
		assert_int_equal(nfm_batch_look_up(NULL, &a, 1, 0),
				 nfm_batch_look_up(NULL, &b, 1, 1));
		assert_memory_equal(&a, &b, sizeof(a));
		nfm_batch_look_up(NULL, &c, 1, 0);
		assert_int_equal(c.up, a.up);
		assert_int_equal(c.down, a.down);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(look_up_finds_both_sides_and_both_families, fill),
		cmocka_unit_test_setup(look_up_says_when_a_row_has_to_be_made, fill),
		cmocka_unit_test_setup(add_counts_up_down_local_and_unmatched, fill),
		cmocka_unit_test_setup(touch_changes_nothing, fill),
		cmocka_unit_test_setup(full_is_unmatched_and_counted_once_a_record, fill),
		cmocka_unit_test_setup(a_row_that_is_not_there_is_left_out, fill),
		cmocka_unit_test_setup(no_pass_goes_beyond_the_limit, fill),
		cmocka_unit_test_setup(divide_rounds_to_the_nearest, fill),
		cmocka_unit_test(oddness_is_what_it_says),
		cmocka_unit_test(sameness_is_what_it_says),
		cmocka_unit_test(too_fast_is_what_it_says),
		cmocka_unit_test_setup(another_address_counts_where_the_first_matches_nobody, fill),
		cmocka_unit_test_setup(other_addresses_are_added_as_first_ones_are, fill),
		cmocka_unit_test_setup(without_v6_all_is_v4, fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
