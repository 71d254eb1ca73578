// SPDX-License-Identifier: GPL-2.0-only
/* Makes customers of the hosts in auto ranges, when the first record of each comes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "customers/state.h"
#include "customers/stride_build.h"

#define HOST_SPELLINGS 2U

struct host {
	uint8_t addr[16];
	uint8_t family, bits;
	uint32_t root;
	unsigned int last; /* byte of the address */
};

static struct host host_of(const uint8_t addr[16], uint8_t family)
{
	struct host host = { .family = 4, .bits = 32, .root = NFM_STRIDE_ROOT_V4, .last = 3 };

	if (family == 6)
		host = (struct host){ .family = 6,
				      .bits = NFM_HOST_BITS_V6,
				      .root = NFM_STRIDE_ROOT_V6,
				      .last = NFM_HOST_BITS_V6 / 8 - 1 };
	memcpy(host.addr, addr, host.last + 1);
	return host;
}

/* The usual id, and another spelling of it for where the operator gave the usual one away. */
static void host_id(const struct host *host, unsigned int spelling, char id[NFM_ID_SIZE])
{
	const uint8_t *a = host->addr;
	char text[64];

	nfm_units_format_prefix(a, host->family, host->bits, text, sizeof(text));
	if (host->family == 4 && spelling == 0)
		*strchr(text, '/') = '\0';
	if (host->family == 6 && spelling == 1)
		snprintf(text, sizeof(text), "%x:%x:%x:%x:0:0:0:0/64", a[0] << 8 | a[1],
			 a[2] << 8 | a[3], a[4] << 8 | a[5], a[6] << 8 | a[7]);
	snprintf(id, NFM_ID_SIZE, "%.*s", (int)NFM_ID_SIZE - 1, text);
}

/*
 * The id that the host will have, and its row if that is there already, else NFM_INDEX_NONE.
 * False if every spelling belongs to a listed customer, who has other prefixes.
 */
static bool choose_id(const struct nfm_customers *c, const struct host *host,
		      char id[NFM_ID_SIZE], uint32_t *row)
{
	for (unsigned int i = 0; i < HOST_SPELLINGS; i++) {
		host_id(host, i, id);
		*row = nfm_customers_find(c, id);
		if (*row == NFM_INDEX_NONE || c->names[*row].state != NFM_NAME_LISTED)
			return true;
	}
	return false;
}

static bool has_room(struct nfm_customers *c, const struct host *host, uint32_t row)
{
	struct nfm_customers_state *state = c->state;
	bool known = row != NFM_INDEX_NONE;

	if (nfm_stride_host_pages(&state->pages, host->root, host->addr, host->last) >
	    nfm_pages_available(&state->pages))
		return false;
	if (known && c->names[row].state == NFM_NAME_DISCOVERED)
		return true;
	return c->ctl->prefix_count < c->prefix_capacity &&
	       (known || (c->ctl->names < c->capacity && !nfm_index_reserve(&state->ids, 1)));
}

static void append_prefix(struct nfm_customers *c, const struct host *host, uint32_t row)
{
	uint32_t at = c->ctl->prefix_count;
	struct nfm_prefix prefix = { .row = row, .family = host->family, .bits = host->bits };

	memcpy(prefix.addr, host->addr, sizeof(prefix.addr));
	c->prefixes[at] = prefix;
	__atomic_store_n(&c->ctl->prefix_count, at + 1, __ATOMIC_RELEASE);
}

/*
 * A new row is only appended, so that a network full of new hosts does not keep readers waiting
 * for a quiet generation. A row that had been removed changes, and says so.
 */
static uint32_t make_name(struct nfm_customers *c, const struct host *host, const char *id,
			  uint32_t row)
{
	uint32_t at = c->ctl->prefix_count;
	struct nfm_name name;

	if (row == NFM_INDEX_NONE) {
		append_prefix(c, host, c->ctl->names);
		nfm_customers_fill_name(&name, NFM_NAME_DISCOVERED, id, id);
		name.first_prefix = at;
		name.prefix_count = 1;
		return nfm_customers_append(c, &name);
	}
	if (c->names[row].state == NFM_NAME_DISCOVERED)
		return row; /* by an agent that was stopped before it linked the leaf */
	nfm_customers_change_begin(c->ctl);
	append_prefix(c, host, row);
	c->names[row].first_prefix = at;
	c->names[row].prefix_count = 1;
	c->names[row].state = NFM_NAME_DISCOVERED;
	nfm_customers_change_end(c->ctl);
	return row;
}

static void count_without_row(struct nfm_customers *c)
{
	c->state->hosts_without_row++;
	c->ctl->customers_full++;
}

int nfm_customers_discover(struct nfm_customers *c, const uint8_t addr[16], uint8_t family)
{
	struct nfm_pages *pages = &c->state->pages;
	uint32_t leaf = nfm_customers_look_up(c->pages, c->ctl->page_count, addr, family);
	struct host host = host_of(addr, family);
	char id[NFM_ID_SIZE];
	uint32_t row;
	bool named;

	if (!(leaf & NFM_ENTRY_KIND))
		return leaf ? (int)leaf : -EINVAL;
	if (leaf != NFM_LEAF_DISCOVER)
		return -ENOSPC;
	named = choose_id(c, &host, id, &row);
	if (!has_room(c, &host, row)) {
		nfm_stride_end_discovery(pages);
		count_without_row(c);
		return -ENOSPC;
	}
	if (!named) {
		nfm_stride_put_host(pages, host.root, host.addr, host.last, NFM_LEAF_FULL);
		count_without_row(c);
		return NFM_ROW_UNMATCHED;
	}
	row = make_name(c, &host, id, row);
	nfm_stride_put_host(pages, host.root, host.addr, host.last, row);
	return (int)row;
}
