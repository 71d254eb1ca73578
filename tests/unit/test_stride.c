// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stride table against a naive longest match: the lookup of bpf/abi/stride.h, natively, in
 * tables that stride_build.c makes and remakes from random sets of prefixes.
 */
#include "customers/stride_build.h"

#include <errno.h>

#include "base/cleanup.h"
#include "live_customers.h"

#define PAGES 20000U
#define MOST_RULES 200U
#define ROUNDS 40U
#define REMAKES 5U

struct table {
	struct nfm_page *page;
	uint32_t live_count;
	struct nfm_pages pages;
};

static int make_table(void **state)
{
	struct table *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->page = calloc(PAGES, sizeof(*t->page));
	assert_non_null(t->page);
	assert_int_equal(nfm_pages_open(&t->pages, t->page, PAGES, &t->live_count), 0);
	*state = t;
	return 0;
}

static int free_table(void **state)
{
	struct table *t = *state;

	nfm_pages_close(&t->pages);
	free(t->page);
	free(t);
	return 0;
}

/* ---- rules and the naive model ---- */

struct set {
	struct nfm_rule given[MOST_RULES]; /* as they came */
	struct nfm_rule sorted[MOST_RULES];
	struct nfm_rules rules;
	uint32_t count;
};

static void clear_beyond(uint8_t addr[16], uint32_t bits)
{
	for (uint32_t bit = bits; bit < 128; bit++)
		addr[bit / 8] &= (uint8_t)~(0x80U >> bit % 8);
}

/* Addresses that crowd together, so that prefixes lie within each other. */
static void random_addr(uint64_t *seed, uint32_t bytes, uint8_t addr[16])
{
	static const uint8_t crowd[] = { 0, 1, 2, 127, 128, 255 };

	memset(addr, 0, 16);
	for (uint32_t i = 0; i < bytes; i++)
		addr[i] = random_next(seed) % 8 ? crowd[random_next(seed) % (i < 2 ? 2 : 6)] :
						  (uint8_t)random_next(seed);
}

static void random_rule(uint64_t *seed, uint32_t bytes, struct nfm_rule *rule)
{
	*rule = (struct nfm_rule){ .bits = (uint8_t)(random_next(seed) % (8 * bytes + 1)),
				   .source = (uint8_t)(random_next(seed) % 3),
				   .leaf = 1 + random_next(seed) % 1000000 };
	if (bytes == 4 && random_next(seed) % 2) /* short ones are rare among all lengths */
		rule->bits = (uint8_t)(16 + random_next(seed) % 17);
	random_addr(seed, bytes, rule->addr);
	clear_beyond(rule->addr, rule->bits);
}

static void sort_set(struct set *set, uint32_t bytes)
{
	struct nfm_rule scratch[MOST_RULES];

	memcpy(set->sorted, set->given, sizeof(set->sorted));
	set->rules = (struct nfm_rules){
		.rule = set->sorted,
		.count = set->count,
		.root = bytes == 4 ? NFM_STRIDE_ROOT_V4 : NFM_STRIDE_ROOT_V6,
		.bytes = bytes,
	};
	nfm_rules_sort(&set->rules, scratch);
}

static bool covers(const struct nfm_rule *rule, const uint8_t addr[16])
{
	uint32_t bit = 0;

	for (; bit + 8 <= rule->bits; bit += 8)
		if (rule->addr[bit / 8] != addr[bit / 8])
			return false;
	return bit == rule->bits ||
	       !((rule->addr[bit / 8] ^ addr[bit / 8]) >> (8 - rule->bits % 8));
}

/* Longest, then of the higher source, then the last given. */
static const struct nfm_rule *naive_match(const struct set *set, const uint8_t addr[16],
					  uint32_t most_bits, bool hosts)
{
	const struct nfm_rule *best = NULL;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct nfm_rule *rule = &set->given[i];

		if (rule->bits > most_bits || !covers(rule, addr) ||
		    (!hosts && rule->source == NFM_RULE_HOST))
			continue;
		if (!best || rule->bits > best->bits ||
		    (rule->bits == best->bits && rule->source >= best->source))
			best = rule;
	}
	return best;
}

static void check_addr(const struct table *t, const struct set *set, const uint8_t addr[16])
{
	const struct nfm_rule *rule = naive_match(set, addr, 128, true);

	assert_int_equal(nfm_customers_look_up(t->page, t->live_count, addr,
					       set->rules.bytes == 4 ? 4 : 6),
			 rule ? rule->leaf : 0);
}

/* Adds -1, 0 or 1 to an address of `bytes` bytes. */
static void step(uint8_t addr[16], uint32_t bytes, int by)
{
	for (uint32_t i = bytes; by && i-- > 0;) {
		int sum = addr[i] + by;

		addr[i] = (uint8_t)sum;
		by = sum < 0 ? -1 : sum > 255;
	}
}

/* The first and the last address of each rule, those beside them, and random ones. */
static void check_all(const struct table *t, const struct set *set, uint64_t *seed)
{
	uint32_t bytes = set->rules.bytes;
	uint8_t addr[16];

	for (uint32_t i = 0; i < set->count; i++) {
		for (int by = -1; by <= 1; by++) {
			memcpy(addr, set->given[i].addr, sizeof(addr));
			step(addr, bytes, by);
			check_addr(t, set, addr);
			memcpy(addr, set->given[i].addr, sizeof(addr));
			for (uint32_t bit = set->given[i].bits; bit < 8 * bytes; bit++)
				addr[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
			step(addr, bytes, by);
			check_addr(t, set, addr);
		}
		random_addr(seed, bytes, addr);
		check_addr(t, set, addr);
	}
}

/* Every page is in use or free, none twice: what a new owner finds is what we think. */
static void check_pages(struct table *t)
{
	struct nfm_pages found;
	uint32_t live_count = t->live_count;

	assert_int_equal(nfm_pages_open(&found, t->page, PAGES, &live_count), 0);
	assert_int_equal(found.free_count, t->pages.free_count);
	assert_int_equal(live_count, t->live_count);
	nfm_pages_close(&found);
}

static void remake(struct table *t, const struct set *set)
{
	uint32_t needed = nfm_stride_pages_needed(&t->pages, &set->rules);
	uint32_t available = nfm_pages_available(&t->pages);

	assert_true(needed <= available);
	nfm_stride_reconcile(&t->pages, &set->rules);
	assert_int_equal(nfm_pages_available(&t->pages), available - needed);
	nfm_pages_release(&t->pages);
	check_pages(t);
}

/* Drops a part of the rules and adds others. */
static void change_set(struct set *set, uint64_t *seed, uint32_t bytes)
{
	uint32_t kept = 0;
	uint32_t want = random_next(seed) % MOST_RULES;

	for (uint32_t i = 0; i < set->count; i++)
		if (random_next(seed) % 3)
			set->given[kept++] = set->given[i];
	while (kept < want)
		random_rule(seed, bytes, &set->given[kept++]);
	set->count = kept;
	sort_set(set, bytes);
}

static void check_family(void **state, uint32_t bytes)
{
	struct table *t = *state;

	for (uint32_t round = 1; round <= ROUNDS; round++) {
		uint64_t seed = round * 0x9e3779b97f4a7c15ULL;
		struct set set = { .count = 0 };

		for (uint32_t i = 0; i < REMAKES; i++) {
			change_set(&set, &seed, bytes);
			remake(t, &set);
			check_all(t, &set, &seed);
		}
	}
}

static void test_v4_as_naive(void **state)
{
	check_family(state, 4);
}

static void test_v6_as_naive(void **state)
{
	check_family(state, 16);
}

/* The families share the pages and nothing else; no rules leave no pages in use. */
static void test_families_apart(void **state)
{
	struct table *t = *state;
	struct set four = { .count = 0 }, six = { .count = 0 };
	uint64_t seed = 4711;

	change_set(&four, &seed, 4);
	remake(t, &four);
	change_set(&six, &seed, 16);
	remake(t, &six);
	check_all(t, &four, &seed);
	check_all(t, &six, &seed);

	four.rules.count = four.count = 0;
	remake(t, &four);
	check_all(t, &six, &seed);
	six.rules.count = six.count = 0;
	remake(t, &six);
	assert_int_equal(nfm_pages_available(&t->pages), PAGES - NFM_STRIDE_FIRST_PAGE);
	for (uint32_t i = 0; i < NFM_STRIDE_FIRST_PAGE; i++)
		for (uint32_t slot = 0; slot < 256; slot++)
			assert_int_equal(t->page[i].entry[slot], 0);
}

static void test_sort(void **state)
{
	uint64_t seed = 99;
	struct set set = { .count = 0 };

	(void)state;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t bytes = round % 2 ? 4 : 16;

		change_set(&set, &seed, bytes);
		for (uint32_t i = 1; i < set.count; i++) {
			const struct nfm_rule *a = &set.sorted[i - 1], *b = a + 1;
			int order = memcmp(a->addr, b->addr, sizeof(a->addr));

			assert_true(order <= 0);
			assert_true(order < 0 || a->bits < b->bits ||
				    (a->bits == b->bits && a->source <= b->source));
		}
		set.count = 0;
	}
	sort_set(&set, 4); /* none at all */
	assert_int_equal(set.rules.count, 0);
}

static void note_gone(void *cookie, uint32_t leaf)
{
	bool *gone = cookie;

	assert_false(gone[leaf]);
	gone[leaf] = true;
}

/* A host goes exactly if a listed prefix is the longest of all others around it. */
static void test_drop_hosts(void **state)
{
	struct set set = { .count = 0 };
	uint64_t seed = 31337;
	uint32_t total = 0;

	(void)state;
	for (uint32_t round = 0; round < 4 * ROUNDS; round++) {
		bool gone[MOST_RULES] = { false };
		uint32_t dropped = 0;

		set.count = 0;
		change_set(&set, &seed, round % 2 ? 4 : 16);
		for (uint32_t i = 0; i < set.count; i++)
			set.given[i].leaf = i;
		sort_set(&set, set.rules.bytes);
		nfm_rules_drop_hosts(&set.rules, note_gone, gone);
		for (uint32_t i = 0; i < set.count; i++) {
			const struct nfm_rule *host = &set.given[i];
			const struct nfm_rule *around = naive_match(&set, host->addr, host->bits,
								    false);

			assert_int_equal(gone[i], host->source == NFM_RULE_HOST && around &&
							  around->source == NFM_RULE_LISTED);
			dropped += gone[i];
		}
		assert_int_equal(set.rules.count, set.count - dropped);
		for (uint32_t i = 0; i < set.rules.count; i++)
			assert_false(gone[set.sorted[i].leaf]);
		total += dropped;
	}
	assert_true(total > 100);
}

/* A damaged table leads to nobody, never outside. */
static void test_lookup_of_damaged_pages(void **state)
{
	struct table *t = *state;
	const uint8_t addr[16] = { 10, 1, 2, 3 };

	t->page[10].entry[1] = NFM_ENTRY_PAGE | (PAGES + 5);
	assert_int_equal(nfm_customers_look_up(t->page, PAGES, addr, 4), 0);
	t->page[10].entry[1] = NFM_ENTRY_PAGE | 600; /* a loop, never left by IPv4's last byte */
	t->page[600].entry[2] = NFM_ENTRY_PAGE | 600;
	t->page[600].entry[3] = NFM_ENTRY_PAGE | 600;
	assert_int_equal(nfm_customers_look_up(t->page, PAGES, addr, 4), 0);
	t->page[600].entry[3] = 42;
	assert_int_equal(nfm_customers_look_up(t->page, PAGES, addr, 4), 42);
	assert_int_equal(nfm_customers_look_up(t->page, 600, addr, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_v4_as_naive, make_table, free_table),
		cmocka_unit_test_setup_teardown(test_v6_as_naive, make_table, free_table),
		cmocka_unit_test_setup_teardown(test_families_apart, make_table, free_table),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_drop_hosts),
		cmocka_unit_test_setup_teardown(test_lookup_of_damaged_pages, make_table,
						free_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
