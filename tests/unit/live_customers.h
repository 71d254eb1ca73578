/* SPDX-License-Identifier: GPL-2.0-only */
/* Live memory for the customers as a table gives it, registries from text, and random numbers. */
#ifndef NFM_TEST_LIVE_CUSTOMERS_H
#define NFM_TEST_LIVE_CUSTOMERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "customers/customers.h"
#include "customers/registry.h"
#include "stride.h"

static inline uint32_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32);
}

static inline void live_open(struct nfm_customers *c, uint32_t capacity, uint32_t pages,
			     uint32_t prefixes)
{
	*c = (struct nfm_customers){
		.ctl = calloc(1, sizeof(*c->ctl)),
		.pages = calloc(pages, sizeof(*c->pages)),
		.names = calloc(capacity, sizeof(*c->names)),
		.prefixes = calloc(prefixes, sizeof(*c->prefixes)),
		.page_capacity = pages,
		.capacity = capacity,
		.prefix_capacity = prefixes,
	};
	assert_true(c->ctl && c->pages && c->names && c->prefixes);
}

static inline void live_close(struct nfm_customers *c)
{
	nfm_customers_close(c);
	free(c->ctl);
	free(c->pages);
	free(c->names);
	free(c->prefixes);
}

/* Up to four ranges, separated by blanks. */
static inline size_t autos_of(const char *text, struct nfm_customers_auto out[4])
{
	char copy[256];
	size_t count = 0;

	strncpy(copy, text, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "), count++)
		assert_int_equal(nfm_units_parse_prefix(word, out[count].addr, &out[count].family,
							&out[count].bits), 0);
	return count;
}

static inline void take_over(struct nfm_customers *c, const char *autos)
{
	struct nfm_customers_auto range[4];
	size_t count = autos_of(autos, range);
	struct nfm_error error;

	assert_int_equal(nfm_customers_open(c, range, count, &error), 0);
}

static inline void registry_of(const char *text, struct nfm_registry *out)
{
	struct nfm_error error = { "" };

	if (nfm_registry_parse(strdup(text), strlen(text), "text", out, &error))
		fail_msg("%s", error.text);
}

static inline int try_apply(struct nfm_customers *c, const char *text,
			    struct nfm_customers_change *change, struct nfm_error *error)
{
	struct nfm_registry registry;
	int code;

	registry_of(text, &registry);
	code = nfm_customers_apply(c, &registry, change, error);
	nfm_registry_clear(&registry);
	return code;
}

static inline struct nfm_customers_change apply(struct nfm_customers *c, const char *text)
{
	struct nfm_customers_change change;
	struct nfm_error error = { "" };

	if (try_apply(c, text, &change, &error))
		fail_msg("%s", error.text);
	return change;
}

static inline void addr_of(const char *text, uint8_t addr[16], uint8_t *family)
{
	uint8_t bits;

	assert_int_equal(nfm_units_parse_prefix(text, addr, family, &bits), 0);
}

static inline uint32_t leaf_of(const struct nfm_customers *c, const char *text)
{
	uint8_t addr[16], family;

	addr_of(text, addr, &family);
	return nfm_customers_look_up(c->pages, c->ctl->page_count, addr, family);
}

static inline int discover(struct nfm_customers *c, const char *text)
{
	uint8_t addr[16], family;

	addr_of(text, addr, &family);
	return nfm_customers_discover(c, addr, family);
}

/* The id that an address leads to; "" for a leaf that is no row. */
static inline const char *id_of(const struct nfm_customers *c, const char *text)
{
	uint32_t leaf = leaf_of(c, text);

	return leaf && !(leaf & NFM_ENTRY_KIND) ? c->names[leaf].id : "";
}

static inline uint32_t row_of(const struct nfm_customers *c, const char *id)
{
	for (uint32_t row = NFM_ROW_FIRST; row < c->ctl->names; row++)
		if (!strcmp(c->names[row].id, id))
			return row;
	fail_msg("no row of %s", id);
	return 0;
}

/* Names and prefixes agree with each other and with the stride table. */
static inline void check_consistent(const struct nfm_customers *c)
{
	uint32_t prefixes = 0;

	assert_false(c->ctl->registry_generation & 1);
	assert_true(c->ctl->names <= c->capacity && c->ctl->prefix_count <= c->prefix_capacity);
	for (uint32_t row = NFM_ROW_FIRST; row < c->ctl->names; row++) {
		const struct nfm_name *name = &c->names[row];

		if (name->state == NFM_NAME_REMOVED)
			assert_int_equal(name->prefix_count, 0);
		else
			assert_true(name->prefix_count > 0);
		for (uint32_t i = 0; i < name->prefix_count; i++)
			assert_int_equal(c->prefixes[name->first_prefix + i].row, row);
		prefixes += name->prefix_count;
	}
	assert_int_equal(prefixes, c->ctl->prefix_count);
}

#endif
