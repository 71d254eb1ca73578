// SPDX-License-Identifier: GPL-2.0-only
/* The stride lookup of bpf/abi, on pages made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stride.h"

#define PAGES (NFM_STRIDE_FIRST_PAGE + 16)

static struct nfm_page pages[PAGES];
static uint32_t lookups; /* pages read */

static inline const struct nfm_page *nfm_stride_page(const void *env, __u32 number)
{
	(void)env;
	lookups++;
	return number < PAGES ? &pages[number] : NULL;
}

#define NFM_STRIDE_LOOKUP
#include "stride.h"

static int empty(void **state)
{
	(void)state;
	memset(pages, 0, sizeof(pages));
	lookups = 0;
	return 0;
}

static uint32_t look_up4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t addr[4] = { a, b, c, d };

	return nfm_stride_lookup(NULL, addr, NFM_STRIDE_ROOT_V4, 4);
}

static void nothing_matches_in_an_empty_table(void **state)
{
	const uint8_t addr6[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	(void)state;
	assert_int_equal(look_up4(10, 0, 0, 1), 0);
	assert_int_equal(look_up4(255, 255, 255, 255), 0);
	assert_int_equal(nfm_stride_lookup(NULL, addr6, NFM_STRIDE_ROOT_V6, 16), 0);
	assert_int_equal(lookups, 3); /* one page each: no deeper than it has to */
}

static void a_leaf_ends_the_way_at_every_depth(void **state)
{
	(void)state;
	pages[10].entry[1] = 7;
	pages[10].entry[2] = NFM_ENTRY_PAGE | 512;
	pages[512].entry[3] = 8;
	pages[512].entry[4] = NFM_ENTRY_PAGE | 513;
	pages[513].entry[5] = 9;
	assert_int_equal(look_up4(10, 1, 99, 99), 7);
	assert_int_equal(look_up4(10, 2, 3, 99), 8);
	assert_int_equal(look_up4(10, 2, 4, 5), 9);
	/* and its negatives, one byte off at each depth */
	assert_int_equal(look_up4(11, 1, 99, 99), 0);
	assert_int_equal(look_up4(10, 3, 3, 99), 0);
	assert_int_equal(look_up4(10, 2, 5, 99), 0);
	assert_int_equal(look_up4(10, 2, 4, 6), 0);
}

static void kinds_of_leaves_come_back_whole(void **state)
{
	(void)state;
	pages[10].entry[0] = NFM_LEAF_DISCOVER;
	pages[10].entry[1] = NFM_LEAF_FULL;
	pages[10].entry[2] = NFM_ENTRY_NUMBER;
	assert_int_equal(look_up4(10, 0, 0, 0), NFM_LEAF_DISCOVER);
	assert_int_equal(look_up4(10, 1, 0, 0), NFM_LEAF_FULL);
	assert_int_equal(look_up4(10, 2, 0, 0), NFM_ENTRY_NUMBER);
}

/* A wrong page number, or a page below the last byte, matches nobody and reads nothing. */
static void a_damaged_table_is_survived(void **state)
{
	(void)state;
	pages[10].entry[0] = NFM_ENTRY_PAGE | PAGES;
	pages[10].entry[1] = NFM_ENTRY_PAGE | NFM_ENTRY_NUMBER;
	pages[10].entry[2] = NFM_ENTRY_PAGE | 512;
	pages[512].entry[0] = NFM_ENTRY_PAGE | 512; /* a circle */
	assert_int_equal(look_up4(10, 0, 0, 0), 0);
	assert_int_equal(look_up4(10, 1, 0, 0), 0);
	assert_int_equal(look_up4(10, 2, 0, 0), 0);
}

static void families_have_roots_of_their_own(void **state)
{
	const uint8_t addr[16] = { 10, 1 };

	(void)state;
	pages[NFM_STRIDE_ROOT_V4 + 10].entry[1] = 4;
	pages[NFM_STRIDE_ROOT_V6 + 10].entry[1] = 6;
	assert_int_equal(nfm_stride_lookup(NULL, addr, NFM_STRIDE_ROOT_V4, 4), 4);
	assert_int_equal(nfm_stride_lookup(NULL, addr, NFM_STRIDE_ROOT_V6, 16), 6);
}

static void an_ipv6_host_is_14_pages_deep(void **state)
{
	uint8_t addr[16];

	(void)state;
	for (uint32_t i = 0; i < 16; i++)
		addr[i] = (uint8_t)(0x20 + i);
	pages[NFM_STRIDE_ROOT_V6 + addr[0]].entry[addr[1]] = NFM_ENTRY_PAGE | 512;
	for (uint32_t i = 2; i < 15; i++)
		pages[510 + i].entry[addr[i]] = NFM_ENTRY_PAGE | (511 + i);
	pages[525].entry[addr[15]] = 42;
	assert_int_equal(nfm_stride_lookup(NULL, addr, NFM_STRIDE_ROOT_V6, 16), 42);
	assert_int_equal(lookups, 15);
	addr[15]++;
	assert_int_equal(nfm_stride_lookup(NULL, addr, NFM_STRIDE_ROOT_V6, 16), 0);
	pages[525].entry[addr[15]] = NFM_ENTRY_PAGE | 512;
	assert_int_equal(nfm_stride_lookup(NULL, addr, NFM_STRIDE_ROOT_V6, 16), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_matches_in_an_empty_table, empty),
		cmocka_unit_test_setup(a_leaf_ends_the_way_at_every_depth, empty),
		cmocka_unit_test_setup(kinds_of_leaves_come_back_whole, empty),
		cmocka_unit_test_setup(a_damaged_table_is_survived, empty),
		cmocka_unit_test_setup(families_have_roots_of_their_own, empty),
		cmocka_unit_test_setup(an_ipv6_host_is_14_pages_deep, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
