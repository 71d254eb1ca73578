// SPDX-License-Identifier: GPL-2.0-only
/* Registries brought into the live table: rows, prefixes, leaves, and what happens without room. */
#include <errno.h>
#include <stdio.h>

#include "live_customers.h"

#define HEADER "id,name,prefixes\n"

static struct nfm_customers c;

static int make_live(void **state)
{
	(void)state;
	live_open(&c, 100, 2000, 200);
	take_over(&c, "");
	return 0;
}

static int free_live(void **state)
{
	(void)state;
	live_close(&c);
	return 0;
}

static void check_change(struct nfm_customers_change change, uint32_t listed, uint32_t added,
			 uint32_t removed, uint32_t changed, uint32_t without_row)
{
	assert_int_equal(change.listed, listed);
	assert_int_equal(change.added, added);
	assert_int_equal(change.removed, removed);
	assert_int_equal(change.changed, changed);
	assert_int_equal(change.without_row, without_row);
}

static void test_first(void **state)
{
	(void)state;
	check_change(apply(&c, HEADER "a,Alice,10.0.0.0/8 2001:db8::/32\nb,Bob,10.0.0.0/24\n"
			       "c,,10.0.0.7\nd,,0.0.0.0/0\ne,,2001:db8:0:1::/64 2001:db8::7\n"),
		     5, 5, 0, 0, 0);
	check_consistent(&c);
	assert_int_equal(c.ctl->names, NFM_ROW_FIRST + 5);
	assert_string_equal(id_of(&c, "10.9.9.9"), "a");
	assert_string_equal(id_of(&c, "10.0.0.6"), "b");
	assert_string_equal(id_of(&c, "10.0.0.7"), "c");
	assert_string_equal(id_of(&c, "11.0.0.0"), "d");
	assert_string_equal(id_of(&c, "2001:db8::1"), "a");
	assert_string_equal(id_of(&c, "2001:db8::7"), "e");
	assert_string_equal(id_of(&c, "2001:db8:0:1:ffff::"), "e");
	assert_int_equal(leaf_of(&c, "2001:db9::"), 0);
	assert_string_equal(c.names[row_of(&c, "a")].name, "Alice");
	assert_int_equal(c.names[row_of(&c, "a")].prefix_count, 2);
}

static void test_rows_stay(void **state)
{
	uint32_t a, b, d;

	(void)state;
	apply(&c, HEADER "a,A,10.0.0.0/24\nb,B,10.0.1.0/24\n");
	a = row_of(&c, "a");
	b = row_of(&c, "b");
	check_change(apply(&c, HEADER "d,D,10.0.3.0/24\nb,B,10.0.1.0/24\n"), 2, 1, 1, 0, 0);
	d = row_of(&c, "d");
	assert_int_equal(row_of(&c, "b"), b);
	assert_int_equal(c.names[a].state, NFM_NAME_REMOVED);
	assert_string_equal(c.names[a].id, "a");
	assert_int_equal(leaf_of(&c, "10.0.0.1"), 0);
	check_consistent(&c);

	check_change(apply(&c, HEADER "a,A,10.0.0.0/24\nd,D,10.0.3.0/24\n"), 2, 1, 1, 0, 0);
	assert_int_equal(row_of(&c, "a"), a);
	assert_int_equal(row_of(&c, "d"), d);
	assert_int_equal(c.names[a].state, NFM_NAME_LISTED);
	assert_int_equal(leaf_of(&c, "10.0.0.1"), a);
	assert_int_equal(c.ctl->names, NFM_ROW_FIRST + 3);
	check_consistent(&c);

	check_change(apply(&c, HEADER), 0, 0, 2, 0, 0);
	check_consistent(&c);
	assert_int_equal(c.ctl->prefix_count, 0);
}

static void test_changes(void **state)
{
	(void)state;
	apply(&c, HEADER "a,A,10.0.0.0/24\nb,B,10.0.1.0/24\n");
	check_change(apply(&c, HEADER "b,B,10.0.1.0/24\na,A,10.0.0.0/24\n"), 2, 0, 0, 0, 0);
	check_change(apply(&c, HEADER "a,A2,10.0.0.0/24\nb,B,10.0.1.0/24\n"), 2, 0, 0, 1, 0);
	assert_string_equal(c.names[row_of(&c, "a")].name, "A2");
	check_change(apply(&c, HEADER "a,A2,10.0.1.0/24\nb,B,10.0.0.0/24\n"), 2, 0, 0, 2, 0);
	assert_string_equal(id_of(&c, "10.0.0.1"), "b");
	assert_string_equal(id_of(&c, "10.0.1.1"), "a");
	check_change(apply(&c, HEADER "a,A2,10.0.1.0/25\nb,B,10.0.0.0/24 ::/0\n"), 2, 0, 0, 2, 0);
	check_consistent(&c);
}

static void test_long_name(void **state)
{
	const char *name = "0123456789012345678901234567890123456789012345678901234567890123456789";
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), HEADER "a,%s,10.0.0.1\n", name);
	apply(&c, text);
	assert_int_equal(strlen(c.names[row_of(&c, "a")].name), NFM_NAME_SIZE - 1);
	check_change(apply(&c, text), 1, 0, 0, 0, 0);
}

/* `count` hosts of 10.0.0.0/16 from host `first` on, each in a /24 of its own if `apart`. */
static char *hosts_text(uint32_t first, uint32_t count, bool apart)
{
	char *text = malloc(64 * count + 64);
	char *at = text;

	assert_non_null(text);
	at += sprintf(at, HEADER);
	for (uint32_t i = first; i < first + count; i++)
		at += apart ? sprintf(at, "h%u,,10.0.%u.1\n", i, i) :
			      sprintf(at, "h%u,,10.0.%u.%u\n", i, i >> 8, i & 255);
	return text;
}

static void check_refused(const char *text, const char *word)
{
	struct nfm_customers_change change = { .listed = 77 };
	struct nfm_page *pages = malloc(c.page_capacity * sizeof(*pages));
	struct nfm_ctl ctl = *c.ctl;
	struct nfm_error error = { "" };

	assert_non_null(pages);
	memcpy(pages, c.pages, c.page_capacity * sizeof(*pages));
	assert_int_equal(try_apply(&c, text, &change, &error), -ENOSPC);
	assert_non_null(strstr(error.text, word));
	assert_int_equal(change.listed, 77);
	assert_memory_equal(&ctl, c.ctl, sizeof(ctl));
	assert_memory_equal(pages, c.pages, c.page_capacity * sizeof(*pages));
	free(pages);
	check_consistent(&c);
}

static void test_no_rows(void **state)
{
	char *text = hosts_text(0, 120, false);

	(void)state;
	check_change(apply(&c, text), 120, 98, 0, 0, 22);
	free(text);
	check_consistent(&c);
	assert_int_equal(c.ctl->names, 100);
	assert_int_equal(c.ctl->customers_full, 22);
	assert_string_equal(id_of(&c, "10.0.0.97"), "h97");
	assert_int_equal(leaf_of(&c, "10.0.0.98"), NFM_LEAF_FULL);
	assert_int_equal(leaf_of(&c, "10.0.0.119"), NFM_LEAF_FULL);
	assert_int_equal(leaf_of(&c, "10.0.0.120"), 0);

	text = hosts_text(60, 60, false); /* rows are for life: those who go leave none */
	check_change(apply(&c, text), 60, 0, 60, 0, 22);
	free(text);
	assert_int_equal(leaf_of(&c, "10.0.0.98"), NFM_LEAF_FULL);
	apply(&c, HEADER);
	assert_int_equal(c.ctl->customers_full, 0);
	assert_int_equal(leaf_of(&c, "10.0.0.98"), 0);
}

static void test_no_pages(void **state)
{
	char *some = hosts_text(0, 10, true);
	char *more = hosts_text(0, 20, true);

	(void)state;
	live_close(&c);
	live_open(&c, 100, NFM_STRIDE_FIRST_PAGE + 1 + 10 + 9, 200);
	take_over(&c, "");
	check_refused("id,prefixes\na,2001:db8::1\nb,10.0.0.1\nc,2001:db8:1::1\n", "pages");
	apply(&c, some); /* one page for 10.0.0.0/16, one for each /24 */
	assert_int_equal(c.ctl->page_count, NFM_STRIDE_FIRST_PAGE + 11);
	check_refused(more, "pages");
	assert_string_equal(id_of(&c, "10.0.9.1"), "h9");
	assert_int_equal(leaf_of(&c, "10.0.10.1"), 0);

	apply(&c, HEADER); /* which frees them all */
	free(more);
	more = hosts_text(100, 19, true);
	apply(&c, more);
	assert_string_equal(id_of(&c, "10.0.118.1"), "h118");
	free(some);
	free(more);
}

static void test_no_prefixes(void **state)
{
	(void)state;
	live_close(&c);
	live_open(&c, 100, 2000, 3);
	take_over(&c, "");
	apply(&c, HEADER "a,,10.0.0.1\nb,,10.0.0.2\n");
	check_refused(HEADER "a,,10.0.0.1 10.0.0.3\nb,,10.0.0.2 10.0.0.4\n", "4 prefixes");
	assert_int_equal(leaf_of(&c, "10.0.0.3"), 0);
	apply(&c, HEADER "a,,10.0.0.1 10.0.0.3\nb,,10.0.0.2\n");
	check_consistent(&c);
}

/* ---- readers in the way ---- */

static uint32_t graces;
static uint32_t old_page; /* of 10.0.0.0/24, before the apply */
static uint32_t old_row;

/* A reader that came before still reads what was. */
static void check_old_page(void)
{
	graces++;
	assert_int_equal(c.pages[old_page].entry[1], old_row);
	assert_int_equal(leaf_of(&c, "10.0.0.1") == old_row, false);
}

static uint32_t page_of_10_0_0(void)
{
	uint32_t entry = c.pages[10].entry[0];

	assert_true(entry & NFM_ENTRY_PAGE);
	entry = c.pages[entry & NFM_ENTRY_NUMBER].entry[0];
	assert_true(entry & NFM_ENTRY_PAGE);
	return entry & NFM_ENTRY_NUMBER;
}

static void test_grace_before_reuse(void **state)
{
	(void)state;
	c.grace = check_old_page;
	graces = 0;
	apply(&c, HEADER "a,,10.0.0.1\n");
	assert_int_equal(graces, 0); /* nothing was unlinked */
	old_page = page_of_10_0_0();
	old_row = row_of(&c, "a");
	apply(&c, HEADER "b,,10.0.0.0/8\nc,,172.16.0.1 172.16.1.1\n");
	assert_int_equal(graces, 1);
	assert_string_equal(id_of(&c, "10.0.0.1"), "b");

	c.grace = NULL;
	apply(&c, HEADER "d,,10.0.0.1\n"); /* and the pages come back */
	assert_true(c.ctl->page_count <= NFM_STRIDE_FIRST_PAGE + 5);
}

/* ---- at random, against a model ---- */

#define MODEL_IDS 40U
#define MODEL_ROUNDS 200U

/* Customer i of the model has host 10.0.x.y or a /28 around it, by its state. */
static void test_random_reloads(void **state)
{
	uint32_t rows[MODEL_IDS] = { 0 };
	uint64_t seed = 5;

	(void)state;
	for (uint32_t round = 0; round < MODEL_ROUNDS; round++) {
		char text[8192] = HEADER;
		uint32_t kind[MODEL_IDS];

		for (uint32_t i = 0; i < MODEL_IDS; i++) {
			size_t used = strlen(text);

			kind[i] = random_next(&seed) % 3; /* none, host, /28 */
			if (kind[i])
				snprintf(text + used, sizeof(text) - used,
					 "m%u,,10.0.%u.%u/%u\n", i, i % 4, i / 4 * 16,
					 kind[i] == 1 ? 32 : 28);
		}
		apply(&c, text);
		check_consistent(&c);
		for (uint32_t i = 0; i < MODEL_IDS; i++) {
			char id[16], first[32], second[32];

			snprintf(id, sizeof(id), "m%u", i);
			snprintf(first, sizeof(first), "10.0.%u.%u", i % 4, i / 4 * 16);
			snprintf(second, sizeof(second), "10.0.%u.%u", i % 4, i / 4 * 16 + 15);
			assert_string_equal(id_of(&c, first), kind[i] ? id : "");
			assert_string_equal(id_of(&c, second), kind[i] == 2 ? id : "");
			if (!kind[i])
				continue;
			assert_true(!rows[i] || rows[i] == row_of(&c, id));
			rows[i] = row_of(&c, id);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_rows_stay, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_changes, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_long_name, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_no_rows, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_no_pages, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_no_prefixes, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_grace_before_reuse, make_live, free_live),
		cmocka_unit_test_setup_teardown(test_random_reloads, make_live, free_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
