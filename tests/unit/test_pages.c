// SPDX-License-Identifier: GPL-2.0-only
/* Pages of the stride table: what is free, what waits, and what a damaged table is told by. */
#include "customers/pages.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGES 600U
#define PAGE(n) (NFM_ENTRY_PAGE | (n))

static struct nfm_page *live;

static int make_live(void **state)
{
	(void)state;
	live = calloc(PAGES, sizeof(*live));
	return live ? 0 : -1;
}

static int free_live(void **state)
{
	(void)state;
	free(live);
	return 0;
}

static void check_damaged(uint32_t live_count)
{
	struct nfm_pages pages = { .free_count = 77 };
	uint32_t count = live_count;

	assert_int_equal(nfm_pages_open(&pages, live, PAGES, &count), -EBADMSG);
	assert_int_equal(pages.free_count, 77);
}

static void test_first_time(void **state)
{
	struct nfm_pages pages;
	uint32_t count = 0;

	(void)state;
	assert_int_equal(nfm_pages_open(&pages, live, PAGES, &count), 0);
	assert_int_equal(count, NFM_STRIDE_FIRST_PAGE);
	assert_int_equal(nfm_pages_available(&pages), PAGES - NFM_STRIDE_FIRST_PAGE);
	for (uint32_t i = NFM_STRIDE_FIRST_PAGE; i < PAGES; i++)
		assert_int_equal(nfm_pages_allocate(&pages), i);
	assert_int_equal(nfm_pages_available(&pages), 0);
	nfm_pages_close(&pages);

	assert_int_equal(nfm_pages_open(&pages, live, NFM_STRIDE_FIRST_PAGE - 1, &count), -EINVAL);
}

/* Retired pages are not given away before they are released. */
static void test_retire(void **state)
{
	struct nfm_pages pages;
	uint32_t count = 516;

	(void)state;
	live[10].entry[0] = PAGE(513);
	live[513].entry[7] = PAGE(515);
	assert_int_equal(nfm_pages_open(&pages, live, 516, &count), 0);
	assert_int_equal(nfm_pages_available(&pages), 2);
	live[10].entry[0] = 5;
	nfm_pages_retire(&pages, 513);
	assert_int_equal(pages.retired_count, 2);
	assert_int_equal(nfm_pages_available(&pages), 2);
	assert_int_equal(nfm_pages_allocate(&pages), 512);
	assert_int_equal(nfm_pages_allocate(&pages), 514);
	nfm_pages_release(&pages);
	assert_int_equal(pages.retired_count, 0);
	assert_int_equal(nfm_pages_available(&pages), 2);
	nfm_pages_close(&pages);
}

static void test_damaged(void **state)
{
	(void)state;
	check_damaged(PAGES + 1);
	live[3].entry[4] = PAGE(512);
	check_damaged(512); /* beyond what is in use */
	live[3].entry[4] = PAGE(7);
	check_damaged(520); /* to a root */
	live[3].entry[4] = PAGE(512);
	live[9].entry[9] = PAGE(512);
	check_damaged(520); /* two ways to one page */
	live[9].entry[9] = 0;
	live[512].entry[1] = PAGE(512);
	check_damaged(520); /* a loop */
}

/* IPv4 has bytes for two pages below the root's, IPv6 for 14. */
static void test_depth(void **state)
{
	struct nfm_pages pages;
	uint32_t count = 520;

	(void)state;
	live[3].entry[4] = PAGE(512);
	live[512].entry[1] = PAGE(513);
	assert_int_equal(nfm_pages_open(&pages, live, PAGES, &count), 0);
	nfm_pages_close(&pages);
	live[513].entry[1] = PAGE(514);
	check_damaged(520);

	memset(live, 0, PAGES * sizeof(*live));
	live[256].entry[0] = PAGE(512);
	for (uint32_t i = 512; i < 525; i++)
		live[i].entry[0] = PAGE(i + 1);
	count = 540;
	assert_int_equal(nfm_pages_open(&pages, live, PAGES, &count), 0);
	assert_int_equal(pages.free_count, 540 - 526);
	nfm_pages_close(&pages);
	live[525].entry[0] = PAGE(526);
	check_damaged(540);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_time, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_retire, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_damaged, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_depth, make_live, free_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
