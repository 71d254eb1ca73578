// SPDX-License-Identifier: GPL-2.0-only
#include "customers/stride_build.h"

#include <stdbool.h>
#include <string.h>

/* ---- order ---- */

/* Digit of a rule's sort key: the source, the length, then the address from its last byte. */
static inline unsigned int digit(const struct nfm_rule *rule, uint32_t bytes, uint32_t pass)
{
	if (pass == 0)
		return rule->source;
	if (pass == 1)
		return rule->bits;
	return rule->addr[bytes + 1 - pass];
}

/* One stable pass; false, and nothing moved, if all rules have the same digit. */
static bool sort_pass(const struct nfm_rule *from, struct nfm_rule *to, uint32_t count,
		      uint32_t bytes, uint32_t pass)
{
	uint32_t place[256] = { 0 };
	uint32_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		place[digit(&from[i], bytes, pass)]++;
	if (place[digit(&from[0], bytes, pass)] == count)
		return false;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t here = place[i];

		place[i] = sum;
		sum += here;
	}
	for (uint32_t i = 0; i < count; i++)
		to[place[digit(&from[i], bytes, pass)]++] = from[i];
	return true;
}

void nfm_rules_sort(struct nfm_rules *rules, struct nfm_rule *scratch)
{
	struct nfm_rule *from = rules->rule;
	struct nfm_rule *to = scratch;

	if (!rules->count)
		return;
	for (uint32_t pass = 0; pass < rules->bytes + 2; pass++)
		if (sort_pass(from, to, rules->count, rules->bytes, pass)) {
			struct nfm_rule *moved = to;

			to = from;
			from = moved;
		}
	if (from != rules->rule)
		memcpy(rules->rule, from, rules->count * sizeof(*from));
}

static bool covers(const struct nfm_rule *rule, const struct nfm_rule *inner)
{
	uint32_t bytes = rule->bits / 8;
	uint8_t mask = (uint8_t)(0xff00U >> rule->bits % 8);

	if (rule->bits > inner->bits || memcmp(rule->addr, inner->addr, bytes))
		return false;
	return !mask || !((rule->addr[bytes] ^ inner->addr[bytes]) & mask);
}

/* True if a listed rule has the very prefix of rule `i`: it stands after it. */
static bool is_listed_too(const struct nfm_rules *rules, uint32_t i)
{
	const struct nfm_rule *rule = &rules->rule[i];

	for (uint32_t j = i + 1; j < rules->count; j++) {
		const struct nfm_rule *next = &rules->rule[j];

		if (next->bits != rule->bits || !covers(rule, next))
			return false;
		if (next->source == NFM_RULE_LISTED)
			return true;
	}
	return false;
}

void nfm_rules_drop_hosts(struct nfm_rules *rules, void (*gone)(void *cookie, uint32_t leaf),
			  void *cookie)
{
	const struct nfm_rule *around[129]; /* one of each length; each covers the next */
	struct nfm_rule *rule = rules->rule;
	uint32_t depth = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rules->count; i++) {
		bool host = rule[i].source == NFM_RULE_HOST;

		while (depth && !covers(around[depth - 1], &rule[i]))
			depth--;
		if (host && (is_listed_too(rules, i) ||
			     (depth && around[depth - 1]->source == NFM_RULE_LISTED))) {
			gone(cookie, rule[i].leaf);
			continue;
		}
		rule[kept] = rule[i];
		if (!host) {
			if (depth && around[depth - 1]->bits == rule[kept].bits)
				depth--; /* the same prefix from a lower source */
			around[depth++] = &rule[kept];
		}
		kept++;
	}
	rules->count = kept;
}

/* ---- the tree that sorted rules are ---- */

struct walk {
	struct nfm_pages *pages;
	const struct nfm_rule *rule;
};

/* Rules [from, to) that are longer than a page's slot: what the page below it is made of. */
struct run {
	uint32_t from, to;
};

/* What a page shall say. A slot without a run is a leaf, with one it is a page. */
struct node {
	uint32_t leaf[256];
	struct run run[256];
};

/*
 * The run of the rule `from`, which does not end at byte `depth`. Shorter rules of the
 * same slot stand before it, since their address is the slot's lowest.
 */
static struct run run_at(const struct nfm_rule *rule, struct run all, uint32_t from,
			 unsigned int depth)
{
	struct run run = { from, from + 1 };

	while (run.to < all.to && rule[run.to].addr[depth] == rule[from].addr[depth])
		run.to++;
	return run;
}

static bool ends_at(const struct nfm_rule *rule, unsigned int depth)
{
	return rule->bits <= 8 * (depth + 1);
}

/*
 * What the page of byte `depth` says of the rules `all`. Outer rules come before inner ones, so
 * that a later store is the longer match.
 */
static void split(const struct nfm_rule *rule, struct run all, unsigned int depth,
		  uint32_t inherited, struct node *node)
{
	uint32_t i = all.from;

	for (unsigned int slot = 0; slot < 256; slot++)
		node->leaf[slot] = inherited;
	memset(node->run, 0, sizeof(node->run));
	while (i < all.to) {
		unsigned int slot = rule[i].addr[depth];

		if (ends_at(&rule[i], depth)) {
			unsigned int end = slot + (1U << (8 * (depth + 1) - rule[i].bits));

			while (slot < end)
				node->leaf[slot++] = rule[i].leaf;
			i++;
		} else {
			node->run[slot] = run_at(rule, all, i, depth);
			i = node->run[slot].to;
		}
	}
}

/* ---- counting ---- */

static bool next_run(const struct nfm_rule *rule, struct run all, uint32_t *at, unsigned int depth,
		     struct run *run)
{
	while (*at < all.to && ends_at(&rule[*at], depth))
		(*at)++;
	if (*at >= all.to)
		return false;
	*run = run_at(rule, all, *at, depth);
	*at = run->to;
	return true;
}

/* Pages below the page of byte `depth`, which is made of `all`. */
static uint32_t count_below(const struct nfm_rule *rule, struct run all, unsigned int depth)
{
	uint32_t at = all.from;
	uint32_t pages = 0;
	struct run run;

	while (next_run(rule, all, &at, depth, &run))
		pages += 1 + count_below(rule, run, depth + 1);
	return pages;
}

/* Pages below live page `number` that the rules need and that are not there. */
static uint32_t count_missing(const struct walk *walk, uint32_t number, unsigned int depth,
			      struct run all)
{
	uint32_t at = all.from;
	uint32_t pages = 0;
	struct run run;

	while (next_run(walk->rule, all, &at, depth, &run)) {
		uint32_t slot = walk->rule[run.from].addr[depth];
		uint32_t entry = walk->pages->page[number].entry[slot];

		if (entry & NFM_ENTRY_PAGE)
			pages += count_missing(walk, entry & NFM_ENTRY_NUMBER, depth + 1, run);
		else
			pages += 1 + count_below(walk->rule, run, depth + 1);
	}
	return pages;
}

uint32_t nfm_stride_pages_needed(const struct nfm_pages *pages, const struct nfm_rules *rules)
{
	struct walk walk = { (struct nfm_pages *)(uintptr_t)pages, rules->rule };
	struct run all = { 0, rules->count };
	uint32_t at = 0;
	uint32_t needed = 0;
	struct run run;

	while (next_run(walk.rule, all, &at, 0, &run))
		needed += count_missing(&walk, rules->root + walk.rule[run.from].addr[0], 1, run);
	return needed;
}

/* ---- storing ---- */

/* Makes a page of byte `depth` that nobody reads yet. Returns its number. */
static uint32_t build(const struct walk *walk, unsigned int depth, struct run all,
		      uint32_t inherited)
{
	uint32_t number = nfm_pages_allocate(walk->pages);
	struct nfm_page *page = &walk->pages->page[number];
	struct node node;

	split(walk->rule, all, depth, inherited, &node);
	for (unsigned int slot = 0; slot < 256; slot++) {
		struct run run = node.run[slot];

		page->entry[slot] = run.to ? NFM_ENTRY_PAGE | build(walk, depth + 1, run,
								    node.leaf[slot]) :
					     node.leaf[slot];
	}
	return number;
}

static void reconcile_leaf(const struct walk *walk, __u32 *entry, uint32_t leaf)
{
	uint32_t old = nfm_entry_load(entry);

	if (old == leaf)
		return;
	nfm_entry_store(entry, leaf);
	if (old & NFM_ENTRY_PAGE)
		nfm_pages_retire(walk->pages, old & NFM_ENTRY_NUMBER);
}

/* Makes the live page of byte `depth` say what the rules `all` say. */
static void reconcile(const struct walk *walk, uint32_t number, unsigned int depth, struct run all,
		      uint32_t inherited)
{
	struct nfm_page *page = &walk->pages->page[number];
	struct node node;

	split(walk->rule, all, depth, inherited, &node);
	for (unsigned int slot = 0; slot < 256; slot++) {
		__u32 *entry = &page->entry[slot];
		uint32_t old = nfm_entry_load(entry);
		struct run run = node.run[slot];

		if (!run.to)
			reconcile_leaf(walk, entry, node.leaf[slot]);
		else if (old & NFM_ENTRY_PAGE)
			reconcile(walk, old & NFM_ENTRY_NUMBER, depth + 1, run, node.leaf[slot]);
		else
			nfm_entry_store(entry, NFM_ENTRY_PAGE | build(walk, depth + 1, run,
								      node.leaf[slot]));
	}
}

void nfm_stride_reconcile(struct nfm_pages *pages, const struct nfm_rules *rules)
{
	struct walk walk = { pages, rules->rule };
	struct run all = { 0, rules->count };
	struct node node;

	split(walk.rule, all, 0, 0, &node);
	for (unsigned int slot = 0; slot < 256; slot++)
		reconcile(&walk, rules->root + slot, 1, node.run[slot], node.leaf[slot]);
}
