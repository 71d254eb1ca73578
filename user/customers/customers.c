// SPDX-License-Identifier: GPL-2.0-only
/* Takes over the live table's names, prefixes and pages, whatever an earlier agent left. */
#include "customers/customers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "customers/state.h"
#include "customers/text.h"

struct look_up_env {
	const struct nfm_page *pages;
	uint32_t page_count;
};

static inline const struct nfm_page *nfm_stride_page(const void *env, __u32 number)
{
	const struct look_up_env *e = env;

	return number < e->page_count ? &e->pages[number] : NULL;
}

#define NFM_STRIDE_LOOKUP
#include "stride.h"

uint32_t nfm_customers_look_up(const struct nfm_page *pages, uint32_t page_count,
			       const uint8_t addr[16], uint8_t family)
{
	struct look_up_env env = { pages, page_count };

	return family == 4 ? nfm_stride_lookup(&env, addr, NFM_STRIDE_ROOT_V4, 4) :
			     nfm_stride_lookup(&env, addr, NFM_STRIDE_ROOT_V6, 16);
}

uint32_t nfm_customers_find(const struct nfm_customers *c, const char *id)
{
	const struct nfm_index *ids = &c->state->ids;
	uint32_t hash = nfm_index_hash(ids, id, strlen(id));
	uint32_t at = 0;
	uint32_t row;

	while ((row = nfm_index_next(ids, hash, &at)) != NFM_INDEX_NONE)
		if (!strcmp(c->names[row].id, id))
			break;
	return row;
}

void nfm_customers_fill_name(struct nfm_name *to, uint32_t state, const char *id,
			     const char *name)
{
	*to = (struct nfm_name){ .state = state };
	nfm_text_copy(to->id, sizeof(to->id), id);
	nfm_text_copy(to->name, sizeof(to->name), name);
}

uint32_t nfm_customers_append(struct nfm_customers *c, const struct nfm_name *name)
{
	struct nfm_index *ids = &c->state->ids;
	uint32_t row = c->ctl->names;

	c->names[row] = *name;
	nfm_index_add(ids, nfm_index_hash(ids, name->id, strlen(name->id)), row);
	__atomic_store_n(&c->ctl->names, row + 1, __ATOMIC_RELEASE);
	return row;
}

/* ---- what an earlier agent left ---- */

static int index_names(struct nfm_customers *c, struct nfm_index *ids)
{
	for (uint32_t row = NFM_ROW_FIRST; row < c->ctl->names; row++) {
		const struct nfm_name *name = &c->names[row];
		size_t len = strnlen(name->id, sizeof(name->id));

		if (!len || len == sizeof(name->id) || name->state < NFM_NAME_LISTED ||
		    name->state > NFM_NAME_REMOVED || !memchr(name->name, 0, sizeof(name->name)))
			return -EBADMSG;
		nfm_index_add(ids, nfm_index_hash(ids, name->id, len), row);
	}
	return 0;
}

static bool is_sound_prefix(const struct nfm_prefix *prefix, uint32_t row)
{
	return prefix->row == row && ((prefix->family == 4 && prefix->bits <= 32) ||
				      (prefix->family == 6 && prefix->bits <= 128));
}

/* True if every customer's prefixes are its own; *end is past the last of them. */
static bool are_prefixes_sound(const struct nfm_customers *c, uint32_t *end)
{
	if (c->ctl->registry_generation & 1 || c->ctl->prefix_count > c->prefix_capacity)
		return false;
	*end = 0;
	for (uint32_t row = NFM_ROW_FIRST; row < c->ctl->names; row++) {
		const struct nfm_name *name = &c->names[row];
		uint64_t past = (uint64_t)name->first_prefix + name->prefix_count;

		if (name->state == NFM_NAME_DISCOVERED && name->prefix_count != 1)
			return false;
		if (!name->prefix_count)
			continue;
		if (past > c->ctl->prefix_count)
			return false;
		for (uint32_t i = name->first_prefix; i < past; i++)
			if (!is_sound_prefix(&c->prefixes[i], row))
				return false;
		*end = NFM_MAX(*end, (uint32_t)past);
	}
	return true;
}

/*
 * After a stop in the middle of a change: what was discovered says its prefix by its id; what is
 * listed gets its prefixes from the file with the next nfm_customers_apply(). The stride
 * table needs no repair: it is sound at every moment.
 */
static void repair_prefixes(struct nfm_customers *c)
{
	uint32_t count = 0;

	nfm_customers_change_begin(c->ctl);
	for (uint32_t row = NFM_ROW_FIRST; row < c->ctl->names; row++) {
		struct nfm_name *name = &c->names[row];
		struct nfm_prefix prefix = { .row = row };

		name->first_prefix = 0;
		name->prefix_count = 0;
		if (name->state != NFM_NAME_DISCOVERED)
			continue;
		if (count == c->prefix_capacity ||
		    nfm_text_parse_prefix(name->id, strlen(name->id), &prefix)) {
			name->state = NFM_NAME_REMOVED;
			continue;
		}
		name->first_prefix = count;
		name->prefix_count = 1;
		c->prefixes[count++] = prefix;
	}
	c->ctl->prefix_count = count;
	nfm_customers_change_end(c->ctl);
}

static int take_names(struct nfm_customers *c, struct nfm_index *ids, struct nfm_error *error)
{
	struct nfm_ctl *ctl = c->ctl;
	uint32_t end;

	if (c->capacity < NFM_ROW_FIRST)
		return nfm_error_set(error, -EINVAL, "a table of %u customer rows is too small",
				     c->capacity);
	if (ctl->names > c->capacity)
		return nfm_error_set(error, -EBADMSG, "the table is damaged: it names %u rows of "
				     "%u; remove it, and a new one will be made",
				     ctl->names, c->capacity);
	/* Room for all rows at once: a growing index would hold up a datagram in discovery. */
	if (nfm_index_open(ids, c->capacity))
		return nfm_error_set(error, -ENOMEM, "not enough memory for the customers' ids");
	if (ctl->names < NFM_ROW_FIRST) {
		nfm_customers_fill_name(&c->names[NFM_ROW_UNMATCHED], NFM_NAME_FREE,
					"unmatched", "");
		nfm_customers_fill_name(&c->names[NFM_ROW_LOCAL], NFM_NAME_FREE, "local", "");
		__atomic_store_n(&ctl->names, NFM_ROW_FIRST, __ATOMIC_RELEASE);
	}
	if (index_names(c, ids))
		return nfm_error_set(error, -EBADMSG, "the table is damaged: its names are no "
				     "names; remove it, and a new one will be made");
	if (!are_prefixes_sound(c, &end))
		repair_prefixes(c);
	else
		ctl->prefix_count = end; /* a stop may have left one that no name has */
	return 0;
}

static int take_pages(struct nfm_customers *c, struct nfm_pages *pages, struct nfm_error *error)
{
	int code = nfm_pages_open(pages, c->pages, c->page_capacity, &c->ctl->page_count);

	switch (code) {
	case 0:
		/* The last agent may have stopped before it waited for readers of free pages. */
		if (pages->free_count && c->grace)
			c->grace();
		return 0;
	case -EINVAL:
		return nfm_error_set(error, code, "a table of %u pages is too small: the least is "
				     "%u; raise [collector] pages", c->page_capacity,
				     NFM_STRIDE_FIRST_PAGE);
	case -EBADMSG:
		return nfm_error_set(error, code, "the table is damaged: its pages lead nowhere; "
				     "remove it, and a new one will be made");
	default:
		return nfm_error_set(error, code, "not enough memory for the list of pages");
	}
}

/* ---- auto ranges ---- */

static bool has_host_bits(const struct nfm_customers_auto *range)
{
	uint32_t bytes = range->family == 4 ? 4 : 16;

	for (uint32_t bit = range->bits; bit < 8 * bytes; bit++)
		if (range->addr[bit / 8] & 0x80U >> bit % 8)
			return true;
	return false;
}

static int take_autos(struct nfm_customers_state *state, const struct nfm_customers_auto *autos,
		      size_t count, struct nfm_error *error)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t most = autos[i].family == 4 ? 32 : NFM_HOST_BITS_V6;

		if (autos[i].family != 4 && autos[i].family != 6)
			return nfm_error_set(error, -EINVAL, "an auto range of no IP family");
		if (autos[i].bits > most || has_host_bits(&autos[i]))
			return nfm_error_set(error, -EINVAL,
					     "auto range %zu of [customers] auto is longer than /%u"
					     " or has bits set beyond its length", i + 1, most);
	}
	state->autos = calloc(count + 1, sizeof(*autos));
	if (!state->autos)
		return nfm_error_set(error, -ENOMEM, "not enough memory for the auto ranges");
	if (count)
		memcpy(state->autos, autos, count * sizeof(*autos));
	state->auto_count = count;
	return 0;
}

/* ---- opening and closing ---- */

static void state_free(struct nfm_customers_state **state)
{
	if (!*state)
		return;
	nfm_pages_close(&(*state)->pages);
	nfm_index_close(&(*state)->ids);
	free((*state)->autos);
	free(*state);
}

int nfm_customers_open(struct nfm_customers *c, const struct nfm_customers_auto *autos,
		       size_t auto_count, struct nfm_error *error)
{
	_cleanup_(state_free) struct nfm_customers_state *state = calloc(1, sizeof(*state));
	int code;

	if (!state)
		return nfm_error_set(error, -ENOMEM, "not enough memory for the customers");
	code = take_autos(state, autos, auto_count, error);
	if (!code)
		code = take_pages(c, &state->pages, error);
	if (!code)
		code = take_names(c, &state->ids, error);
	if (code)
		return code;
	c->state = NFM_STEAL_PTR(state);
	return 0;
}

void nfm_customers_close(struct nfm_customers *c)
{
	state_free(&c->state);
	c->state = NULL;
}
