// SPDX-License-Identifier: GPL-2.0-only
/* Customers made at first sight, beside and against the listed ones. */
#include <errno.h>
#include <stdio.h>

#include "live_customers.h"

#define HEADER "id,prefixes\n"

static struct nfm_customers c;

static int make_live(void **state)
{
	(void)state;
	live_open(&c, 50, 1000, 100);
	take_over(&c, "10.0.0.0/8 2001:db8::/32");
	apply(&c, HEADER);
	return 0;
}

static int free_live(void **state)
{
	(void)state;
	live_close(&c);
	return 0;
}

/* Starts again with other sizes. */
static void make_anew(uint32_t capacity, uint32_t pages, uint32_t prefixes, const char *autos)
{
	live_close(&c);
	live_open(&c, capacity, pages, prefixes);
	take_over(&c, autos);
}

static void check_host(const char *address, const char *id, uint32_t state)
{
	uint32_t row = row_of(&c, id);

	assert_int_equal(leaf_of(&c, address), row);
	assert_int_equal(c.names[row].state, state);
	assert_int_equal(c.names[row].prefix_count, 1);
	assert_int_equal(c.prefixes[c.names[row].first_prefix].row, row);
}

static void test_v4(void **state)
{
	int row;

	(void)state;
	assert_int_equal(leaf_of(&c, "10.1.2.3"), NFM_LEAF_DISCOVER);
	row = discover(&c, "10.1.2.3");
	assert_int_equal(row, NFM_ROW_FIRST);
	check_host("10.1.2.3", "10.1.2.3", NFM_NAME_DISCOVERED);
	assert_string_equal(c.names[row].name, "10.1.2.3");
	assert_int_equal(leaf_of(&c, "10.1.2.2"), NFM_LEAF_DISCOVER);
	assert_int_equal(leaf_of(&c, "10.1.3.3"), NFM_LEAF_DISCOVER);
	assert_int_equal(leaf_of(&c, "10.2.2.3"), NFM_LEAF_DISCOVER);
	assert_int_equal(leaf_of(&c, "11.1.2.3"), 0);

	assert_int_equal(discover(&c, "10.1.2.3"), row); /* again changes nothing */
	assert_int_equal(c.ctl->names, NFM_ROW_FIRST + 1);
	assert_int_equal(discover(&c, "11.1.2.3"), -EINVAL);
	assert_int_equal(discover(&c, "10.1.2.4"), row + 1);
	check_consistent(&c);
}

static void test_v6(void **state)
{
	int row;

	(void)state;
	row = discover(&c, "2001:db8:0:1:a:b:c:d");
	assert_int_equal(row, NFM_ROW_FIRST);
	check_host("2001:db8:0:1::", "2001:db8:0:1::/64", NFM_NAME_DISCOVERED);
	assert_int_equal(leaf_of(&c, "2001:db8:0:1:ffff:ffff:ffff:ffff"), row);
	assert_int_equal(leaf_of(&c, "2001:db8:0:2::"), NFM_LEAF_DISCOVER);
	assert_int_equal(leaf_of(&c, "2001:db8::"), NFM_LEAF_DISCOVER);
	assert_int_equal(discover(&c, "2001:db8:0:1::7"), row);
	assert_int_equal(discover(&c, "2001:db9::1"), -EINVAL);
	check_consistent(&c);
}

/* Listed prefixes within a /64 keep what is theirs. */
static void test_v6_around_listed(void **state)
{
	int row;

	(void)state;
	apply(&c, HEADER "a,2001:db8::7\nb,2001:db8::/96\n");
	row = discover(&c, "2001:db8::1:0:0:1");
	check_host("2001:db8::1:0:0:1", "2001:db8::/64", NFM_NAME_DISCOVERED);
	assert_string_equal(id_of(&c, "2001:db8::7"), "a");
	assert_string_equal(id_of(&c, "2001:db8::8"), "b");
	assert_int_equal(leaf_of(&c, "2001:db8::ffff:ffff:0:0"), row);
	apply(&c, HEADER "b,2001:db8::/96\n");
	assert_string_equal(id_of(&c, "2001:db8::7"), "b");
	assert_int_equal(leaf_of(&c, "2001:db8::1:0:0:1"), row);
	apply(&c, HEADER);
	assert_int_equal(leaf_of(&c, "2001:db8::7"), row);
	check_consistent(&c);
}

static void test_stays_over_reloads(void **state)
{
	int row = discover(&c, "10.1.2.3");

	(void)state;
	apply(&c, HEADER "a,10.1.2.4\nb,10.1.3.0/24\n");
	check_host("10.1.2.3", "10.1.2.3", NFM_NAME_DISCOVERED);
	assert_int_equal(leaf_of(&c, "10.1.2.3"), row);
	nfm_customers_close(&c);
	take_over(&c, ""); /* the range is no longer wanted: who is known stays known */
	apply(&c, HEADER);
	check_host("10.1.2.3", "10.1.2.3", NFM_NAME_DISCOVERED);
	assert_int_equal(leaf_of(&c, "10.1.2.4"), 0);
	check_consistent(&c);
}

static void test_becomes_listed(void **state)
{
	int row = discover(&c, "10.1.2.3");
	struct nfm_customers_change change;

	(void)state;
	change = apply(&c, HEADER "10.1.2.3,10.1.2.0/24\n");
	assert_int_equal(change.added, 1);
	check_host("10.1.2.3", "10.1.2.3", NFM_NAME_LISTED);
	assert_int_equal(leaf_of(&c, "10.1.2.4"), row);

	apply(&c, HEADER); /* and back, when it is seen again */
	assert_int_equal(c.names[row].state, NFM_NAME_REMOVED);
	assert_int_equal(discover(&c, "10.1.2.3"), row);
	check_host("10.1.2.3", "10.1.2.3", NFM_NAME_DISCOVERED);
	check_consistent(&c);
}

/* The operator's word beats discovery: the longest of listed prefixes and auto ranges decides. */
static void test_listed_around(void **state)
{
	int row = discover(&c, "10.1.2.3");
	int other = discover(&c, "10.1.3.3");

	(void)state;
	apply(&c, HEADER "a,10.1.2.0/24\n");
	assert_string_equal(id_of(&c, "10.1.2.3"), "a");
	assert_int_equal(c.names[row].state, NFM_NAME_REMOVED);
	assert_int_equal(leaf_of(&c, "10.1.3.3"), other);
	check_consistent(&c);

	apply(&c, HEADER "a,10.1.3.3\nrest,0.0.0.0/0\n"); /* the auto range is longer than rest's */
	assert_string_equal(id_of(&c, "10.1.3.3"), "a");
	assert_int_equal(c.names[other].state, NFM_NAME_REMOVED);
	assert_int_equal(leaf_of(&c, "10.1.2.3"), NFM_LEAF_DISCOVER);
	assert_string_equal(id_of(&c, "11.0.0.0"), "rest");
	assert_int_equal(discover(&c, "10.1.2.3"), row);
	apply(&c, HEADER "rest,0.0.0.0/0\n");
	check_host("10.1.2.3", "10.1.2.3", NFM_NAME_DISCOVERED);
	apply(&c, HEADER "b,10.0.0.0/8\n"); /* as long as the range: the customer's */
	assert_string_equal(id_of(&c, "10.1.2.3"), "b");
	assert_int_equal(c.names[row].state, NFM_NAME_REMOVED);
	check_consistent(&c);
}

/* An operator may have given the id that a host would have to somebody else. */
static void test_id_taken(void **state)
{
	int row;

	(void)state;
	apply(&c, HEADER "10.1.2.3,192.0.2.1\n2001:db8::/64,192.0.2.2\n");
	row = discover(&c, "10.1.2.3");
	assert_true(row > 0);
	assert_string_equal(c.names[row].id, "10.1.2.3/32");
	row = discover(&c, "2001:db8::1");
	assert_string_equal(c.names[row].id, "2001:db8:0:0:0:0:0:0/64");
	check_consistent(&c);

	apply(&c, HEADER "10.1.2.4,192.0.2.1\n10.1.2.4/32,192.0.2.2\n");
	assert_int_equal(discover(&c, "10.1.2.4"), NFM_ROW_UNMATCHED);
	assert_int_equal(leaf_of(&c, "10.1.2.4"), NFM_LEAF_FULL);
	assert_int_equal(leaf_of(&c, "10.1.2.5"), NFM_LEAF_DISCOVER);
	assert_int_equal(c.ctl->customers_full, 1);
	check_consistent(&c);
}

static void check_nothing_asks(void)
{
	for (uint32_t page = 0; page < c.ctl->page_count; page++)
		for (uint32_t i = 0; i < 256; i++)
			assert_int_not_equal(c.pages[page].entry[i], NFM_LEAF_DISCOVER);
	assert_int_equal(c.ctl->customers_full, 1);
	check_consistent(&c);
}

static void test_no_rows(void **state)
{
	char host[32];
	int row = 0;

	(void)state;
	make_anew(10, 1000, 100, "10.0.0.0/8 2001:db8::/32");
	apply(&c, HEADER);
	for (uint32_t i = 0; i < 8; i++) {
		snprintf(host, sizeof(host), "10.0.0.%u", i);
		row = discover(&c, host);
		assert_int_equal(row, NFM_ROW_FIRST + i);
	}
	assert_int_equal(leaf_of(&c, "10.0.0.8"), NFM_LEAF_DISCOVER);
	assert_int_equal(discover(&c, "10.0.0.8"), -ENOSPC);
	assert_int_equal(leaf_of(&c, "10.0.0.8"), NFM_LEAF_FULL);
	assert_int_equal(leaf_of(&c, "2001:db8::"), NFM_LEAF_FULL);
	assert_int_equal(leaf_of(&c, "10.0.0.7"), row);
	check_nothing_asks();
	assert_int_equal(discover(&c, "10.0.0.9"), -ENOSPC);
	check_nothing_asks();

	apply(&c, HEADER); /* a reload makes no room, so it does not ask again */
	check_nothing_asks();
	assert_int_equal(leaf_of(&c, "10.0.0.9"), NFM_LEAF_FULL);
}

static void test_no_pages(void **state)
{
	(void)state;
	make_anew(50, NFM_STRIDE_FIRST_PAGE + 3, 100, "10.0.0.0/8");
	apply(&c, HEADER "a,10.0.0.1\n");
	assert_true(discover(&c, "10.0.1.1") > 0);
	assert_true(discover(&c, "10.0.1.2") > 0); /* in a page that is there */
	assert_int_equal(discover(&c, "10.0.2.1"), -ENOSPC);
	check_nothing_asks();
	assert_string_equal(id_of(&c, "10.0.1.2"), "10.0.1.2");

	apply(&c, HEADER); /* which frees a page */
	assert_int_equal(leaf_of(&c, "10.0.2.1"), NFM_LEAF_DISCOVER);
	assert_int_equal(c.ctl->customers_full, 0);
	assert_true(discover(&c, "10.0.2.1") > 0);
}

static void test_no_prefixes(void **state)
{
	(void)state;
	make_anew(50, 1000, 2, "10.0.0.0/8");
	apply(&c, HEADER "a,10.0.0.1\n");
	assert_true(discover(&c, "10.0.0.2") > 0);
	assert_int_equal(discover(&c, "10.0.0.3"), -ENOSPC);
	check_nothing_asks();
}

/* Readers are not held up by what is only appended. */
static void test_generation(void **state)
{
	uint64_t before = c.ctl->registry_generation;

	(void)state;
	assert_true(discover(&c, "10.1.2.3") > 0);
	assert_int_equal(c.ctl->registry_generation, before);
	apply(&c, HEADER "a,10.1.2.0/24\n");
	assert_int_equal(c.ctl->registry_generation, before + 2);
}

/* Discovery and reloads at random end in the table that one apply would have made. */
static void test_random_as_rebuilt(void **state)
{
	static const char *const texts[] = {
		HEADER, HEADER "a,10.0.0.0/24\n", HEADER "a,10.0.0.3\nb,2001:db8::/63\n",
		HEADER "c,0.0.0.0/0 ::/0\n10.0.0.1,10.0.1.0/30\n",
	};
	uint64_t seed = 8;

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t leaves[64];
		char host[64][64];

		for (uint32_t i = 0; i < 64; i++) {
			if (i % 2)
				snprintf(host[i], sizeof(host[i]), "10.0.%u.%u", i / 32, i / 2 % 4);
			else
				snprintf(host[i], sizeof(host[i]), "2001:db8:0:%x::%x", i / 16, i);
			if (random_next(&seed) % 4 == 0 &&
			    leaf_of(&c, host[i]) == NFM_LEAF_DISCOVER)
				assert_true(discover(&c, host[i]) > 0);
		}
		for (uint32_t i = 0; i < 64; i++)
			leaves[i] = leaf_of(&c, host[i]);
		check_consistent(&c);
		nfm_customers_close(&c);
		take_over(&c, "10.0.0.0/8 2001:db8::/32");
		apply(&c, texts[round / 3 % 4]); /* the third time as before */
		if (round % 3)
			for (uint32_t i = 0; i < 64; i++)
				assert_int_equal(leaf_of(&c, host[i]), leaves[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_v4, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_v6, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_v6_around_listed, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_stays_over_reloads, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_becomes_listed, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_listed_around, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_id_taken, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_no_rows, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_no_pages, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_no_prefixes, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_generation, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_random_as_rebuilt, make_live, free_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
