// SPDX-License-Identifier: GPL-2.0-only
/* `show`: counters since the table was made. */
#include "view/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "customers/customers.h"
#include "stride.h"
#include "view/top.h"

static const struct nfm_column columns[] = {
	{ "id", "ID", NFM_COLUMN_LEFT },
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "up_bytes", "UP", NFM_COLUMN_RIGHT },
	{ "up_packets", "UP PACKETS", NFM_COLUMN_RIGHT },
	{ "up_flows", "UP FLOWS", NFM_COLUMN_RIGHT },
	{ "down_bytes", "DOWN", NFM_COLUMN_RIGHT },
	{ "down_packets", "DOWN PACKETS", NFM_COLUMN_RIGHT },
	{ "down_flows", "DOWN FLOWS", NFM_COLUMN_RIGHT },
	{ "last_seen", "LAST SEEN", NFM_COLUMN_LEFT },
	{ "prefixes", "PREFIXES", NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

/* A row of the answer. */
struct hit {
	uint32_t row;
	uint64_t key; /* what it is sorted by, if that is a number */
};

struct show {
	const struct nfm_table *t;
	const struct nfm_view_sums *sums;
	const struct nfm_document_show *request;
	uint32_t search_row; /* of the address that is searched for; 0: none */
	uint32_t *row;	     /* to which each argument leads as an address; 0: to none */
	bool *found;	     /* which argument somebody has */
	struct hit *hit;
	uint64_t count;
};

/* ---- what is asked for ---- */

static const char *const sort_names[] = {
	[NFM_SHOW_BY_ROW] = "row",
	[NFM_SHOW_BY_ID] = "id",
	[NFM_SHOW_BY_NAME] = "name",
	[NFM_SHOW_BY_UP] = "up",
	[NFM_SHOW_BY_DOWN] = "down",
	[NFM_SHOW_BY_TOTAL] = "total",
	[NFM_SHOW_BY_UP_RATE] = "up_bps",
	[NFM_SHOW_BY_DOWN_RATE] = "down_bps",
	[NFM_SHOW_BY_RATE] = "bps",
	[NFM_SHOW_BY_LAST_SEEN] = "last_seen",
};

int nfm_document_show_take(struct nfm_document_show *request, const char *name, const char *text,
			   struct nfm_error *error)
{
	if (strcmp(name, "sort") != 0)
		return nfm_slice_take(&request->slice, name, text, error);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(sort_names); i++) {
		if (!strcmp(text, sort_names[i])) {
			request->sort = (enum nfm_show_sort)i;
			return 0;
		}
	}
	return nfm_error_set(error, -EINVAL, "sort %s: row, id, name, up, down, total, up_bps, "
			     "down_bps, bps or last_seen", text);
}

/* The customer's row that an address leads to; 0 where it leads to none. */
static uint32_t look_up(const struct nfm_table *t, const char *text)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct nfm_addr addr;
	uint8_t bytes[16] = { 0 };
	uint32_t pages = NFM_MIN(t->ctl->page_count, t->geometry.pages);
	uint32_t leaf;

	if (nfm_units_parse_addr(text, &addr))
		return 0;
	if (!memcmp(addr.byte, mapped, sizeof(mapped))) {
		memcpy(bytes, addr.byte + 12, 4);
		leaf = nfm_customers_look_up(t->pages, pages, bytes, 4);
	} else {
		leaf = nfm_customers_look_up(t->pages, pages, addr.byte, 6);
	}
	return leaf & (NFM_ENTRY_PAGE | NFM_ENTRY_KIND) ? 0 : leaf & NFM_ENTRY_NUMBER;
}

static void show_clear(struct show *show)
{
	free(show->row);
	free(show->found);
	free(show->hit);
}

static int show_init(struct show *show, struct nfm_error *error)
{
	const struct nfm_document_show *request = show->request;
	int i;

	show->row = calloc((size_t)request->count + 1, sizeof(*show->row));
	show->found = calloc((size_t)request->count + 1, sizeof(*show->found));
	show->hit = calloc((size_t)show->sums->count + 1, sizeof(*show->hit));
	if (!show->row || !show->found || !show->hit)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (i = 0; i < request->count; i++)
		show->row[i] = look_up(show->t, request->argument[i]);
	if (request->slice.search)
		show->search_row = look_up(show->t, request->slice.search);
	return 0;
}

/* ---- who is shown ---- */

static bool selected(struct show *show, uint32_t row, const struct nfm_view_customer *customer)
{
	const struct nfm_document_show *request = show->request;
	bool any = !request->count;
	int i;

	for (i = 0; i < request->count; i++) {
		if (row != show->row[i] && strcmp(request->argument[i], customer->id) &&
		    strcmp(request->argument[i], customer->name))
			continue;
		show->found[i] = true;
		any = true;
	}
	return any;
}

static bool has_prefix_like(const struct nfm_view_customer *customer, const char *search)
{
	char text[64];

	for (uint32_t i = 0; i < customer->prefix_count; i++) {
		const struct nfm_prefix *prefix = &customer->prefixes[i];

		nfm_units_format_prefix(prefix->addr, prefix->family, prefix->bits, text,
					sizeof(text));
		if (strstr(text, search))
			return true;
	}
	return false;
}

static bool is_searched(const struct show *show, uint32_t row,
			const struct nfm_view_customer *customer)
{
	const struct nfm_slice *slice = &show->request->slice;

	return nfm_slice_matches(slice, customer->id, customer->name) || row == show->search_row ||
	       has_prefix_like(customer, slice->search);
}

/* An empty row of a customer who is gone is of interest only to who asks for it. */
static bool is_shown(struct show *show, uint32_t row, const struct nfm_view_customer *customer)
{
	const struct nfm_document_show *request = show->request;
	const struct nfm_row *sum = &show->sums->rows[row];

	if (customer->state == NFM_NAME_FREE ||
	    (request->only && strcmp(request->only, customer->id) != 0) ||
	    !selected(show, row, customer) || !is_searched(show, row, customer))
		return false;
	return request->count || customer->state != NFM_NAME_REMOVED || sum->up_flows ||
	       sum->down_flows;
}

static struct nfm_top_bytes rate_of(const struct nfm_top *top, uint32_t row)
{
	return top && row < top->names ? top->since[row] : (struct nfm_top_bytes){ 0 };
}

static uint64_t sort_key(const struct show *show, uint32_t row)
{
	const struct nfm_row *sum = &show->sums->rows[row];
	struct nfm_top_bytes rate = rate_of(show->request->rates, row);

	switch (show->request->sort) {
	case NFM_SHOW_BY_UP:
		return sum->up_bytes;
	case NFM_SHOW_BY_DOWN:
		return sum->down_bytes;
	case NFM_SHOW_BY_TOTAL:
		return sum->up_bytes + sum->down_bytes;
	case NFM_SHOW_BY_UP_RATE:
		return rate.up;
	case NFM_SHOW_BY_DOWN_RATE:
		return rate.down;
	case NFM_SHOW_BY_RATE:
		return rate.up + rate.down;
	case NFM_SHOW_BY_LAST_SEEN:
		return sum->last_seen_ns;
	case NFM_SHOW_BY_ROW:
		return row;
	case NFM_SHOW_BY_ID:
	case NFM_SHOW_BY_NAME:
		break;
	}
	return 0;
}

/* Finds them, before anything is written. */
static int find(struct show *show, struct nfm_error *error)
{
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	const struct nfm_document_show *request = show->request;

	for (uint32_t row = NFM_ROW_FIRST; row < show->sums->count; row++) {
		if (nfm_view_customer_read(show->t, row, &customer))
			return nfm_error_set(error, -ENOMEM, "out of memory");
		if (is_shown(show, row, &customer))
			show->hit[show->count++] = (struct hit){ row, sort_key(show, row) };
	}
	for (int i = 0; i < request->count; i++) {
		if (!show->found[i])
			return nfm_error_set(error, -ENOENT,
					     "%s: no customer has this id or name, and no "
					     "customer's prefix holds it: `nfmeter customers list` "
					     "shows all",
					     request->argument[i]);
	}
	return 0;
}

/* Names are read as they stand: one that changes meanwhile is out of place, no more. */
static int compare_text(const struct show *show, uint32_t a, uint32_t b)
{
	const struct nfm_name *names = show->t->names;

	if (show->request->sort == NFM_SHOW_BY_ID)
		return strncmp(names[a].id, names[b].id, sizeof(names[a].id));
	return strncasecmp(names[a].name, names[b].name, sizeof(names[a].name));
}

/* Texts and rows upwards, numbers downwards, unless an order is asked for; equals by row. */
static int compare(const void *left, const void *right, void *cookie)
{
	const struct hit *a = left, *b = right;
	const struct show *show = cookie;
	const struct nfm_document_show *request = show->request;
	bool text = request->sort == NFM_SHOW_BY_ID || request->sort == NFM_SHOW_BY_NAME;
	bool upwards = text || request->sort == NFM_SHOW_BY_ROW;
	int order = text ? compare_text(show, a->row, b->row) :
			   (a->key > b->key) - (a->key < b->key);

	if (!order)
		return (a->row > b->row) - (a->row < b->row);
	return (request->slice.order_given ? request->slice.descending : !upwards) ? -order :
										     order;
}

/* ---- output ---- */

static void write_customer(struct nfm_output *out, const struct nfm_view_customer *customer,
			   const struct nfm_row *row, const struct nfm_view_clock *now)
{
	nfm_view_write_identity(out, customer->id, customer->name, customer->prefixes,
				customer->prefix_count);
	nfm_output_count(out, "up", row->up_bytes, row->up_packets, row->up_flows);
	nfm_output_count(out, "down", row->down_bytes, row->down_packets, row->down_flows);
	nfm_output_time(out, "last_seen", nfm_view_unix_ns(now, row->last_seen_ns));
}

static void write_rates(struct nfm_output *out, const struct nfm_top *top, uint32_t row)
{
	struct nfm_top_bytes rate = rate_of(top, row);

	nfm_output_u64(out, "up_bps", nfm_top_bps(top, rate.up));
	nfm_output_u64(out, "down_bps", nfm_top_bps(top, rate.down));
}

static void write_customers(struct nfm_output *out, const struct show *show,
			    const struct nfm_view_clock *now)
{
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	const struct nfm_document_show *request = show->request;

	nfm_output_table(out, "customers", columns);
	for (uint64_t i = 0; i < show->count && !nfm_output_failed(out); i++) {
		uint32_t row = show->hit[i].row;

		if (!nfm_slice_has(&request->slice, i))
			continue;
		if (nfm_view_customer_read(show->t, row, &customer))
			break;
		nfm_output_object(out, NULL);
		write_customer(out, &customer, &show->sums->rows[row], now);
		if (request->rates)
			write_rates(out, request->rates, row);
		nfm_output_end(out);
	}
	nfm_output_end(out);
}

static void write_totals(struct nfm_output *out, const struct nfm_view_sums *sums)
{
	nfm_view_write_count(out, "unmatched", &sums->unmatched);
	nfm_view_write_count(out, "local", &sums->local);
	nfm_view_write_count(out, "total", &sums->total);
	nfm_output_line(out, "%s", "");
	nfm_view_write_total(out, "unmatched", &sums->unmatched);
	nfm_view_write_total(out, "local", &sums->local);
	nfm_view_write_total(out, "total", &sums->total);
}

static void write_all(struct nfm_output *out, const struct show *show)
{
	struct nfm_view_clock now = nfm_view_clock_now();
	const struct nfm_table *t = show->t;
	char since[64];

	nfm_output_object(out, NULL);
	nfm_output_time(out, "since", t->ctl->created_unix_ns);
	nfm_output_time(out, "as_of", now.unix_ns);
	nfm_output_line(out, "since %s",
			nfm_units_format_local(t->ctl->created_unix_ns, since, sizeof(since)));
	nfm_output_line(out, "%s", "");
	write_customers(out, show, &now);
	nfm_slice_write(out, show->count);
	if (!show->request->only)
		write_totals(out, show->sums);
	nfm_output_end(out);
}

int nfm_document_show(struct nfm_output *out, const struct nfm_document_show *request,
		      const struct nfm_table *t, const struct nfm_view_sums *sums,
		      struct nfm_error *error)
{
	_cleanup_(show_clear) struct show show = { .t = t, .sums = sums, .request = request };
	int err = show_init(&show, error);

	if (!err)
		err = find(&show, error);
	if (err)
		return err;
	if (show.count && (request->sort != NFM_SHOW_BY_ROW || request->slice.descending))
		qsort_r(show.hit, show.count, sizeof(*show.hit), compare, &show);
	write_all(out, &show);
	return 0;
}
