// SPDX-License-Identifier: GPL-2.0-only
/* `show`: counters since the table was made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/view.h"
#include "customers/customers.h"
#include "stride.h"

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

/* What the arguments ask for. */
struct selection {
	char **argument;
	int count;
	uint32_t *row;	    /* to which each leads as an address; 0: to none */
	bool *found;
};

static void selection_clear(struct selection *selection)
{
	free(selection->row);
	free(selection->found);
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

static int selection_init(struct selection *selection, const struct nfm_table *t, int count,
			  char **argument, struct nfm_error *error)
{
	int i;

	selection->argument = argument;
	selection->count = count;
	selection->row = calloc((size_t)count + 1, sizeof(*selection->row));
	selection->found = calloc((size_t)count + 1, sizeof(*selection->found));
	if (!selection->row || !selection->found)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (i = 0; i < count; i++)
		selection->row[i] = look_up(t, argument[i]);
	return 0;
}

static bool selected(struct selection *selection, uint32_t row,
		     const struct nfm_view_customer *customer)
{
	bool any = !selection->count;
	int i;

	for (i = 0; i < selection->count; i++) {
		if (row != selection->row[i] && strcmp(selection->argument[i], customer->id) &&
		    strcmp(selection->argument[i], customer->name))
			continue;
		selection->found[i] = true;
		any = true;
	}
	return any;
}

/* An empty row of a customer who is gone is of interest only to who asks for it. */
static bool is_shown(struct selection *selection, const struct nfm_view_sums *sums, uint32_t row,
		     const struct nfm_view_customer *customer)
{
	if (customer->state == NFM_NAME_FREE || !selected(selection, row, customer))
		return false;
	return selection->count || customer->state != NFM_NAME_REMOVED ||
	       sums->rows[row].up_flows || sums->rows[row].down_flows;
}

/* Finds what the arguments name before anything is written. */
static int check_selection(struct selection *selection, const struct nfm_table *t,
			   const struct nfm_view_sums *sums, struct nfm_view_customer *customer,
			   struct nfm_error *error)
{
	uint32_t row;
	int i;

	for (row = NFM_ROW_FIRST; selection->count && row < sums->count; row++) {
		if (nfm_view_customer_read(t, row, customer))
			return nfm_error_set(error, -ENOMEM, "out of memory");
		is_shown(selection, sums, row, customer);
	}
	for (i = 0; i < selection->count; i++) {
		if (!selection->found[i])
			return nfm_error_set(error, -ENOENT,
					     "%s: no customer has this id or name, and no "
					     "customer's prefix holds it: `nfmeter customers list` "
					     "shows all",
					     selection->argument[i]);
	}
	return 0;
}

static void write_customer(struct nfm_output *out, const struct nfm_view_customer *customer,
			   const struct nfm_row *row, const struct nfm_view_clock *now)
{
	nfm_output_object(out, NULL);
	nfm_view_write_identity(out, customer->id, customer->name, customer->prefixes,
				customer->prefix_count);
	nfm_output_count(out, "up", row->up_bytes, row->up_packets, row->up_flows);
	nfm_output_count(out, "down", row->down_bytes, row->down_packets, row->down_flows);
	nfm_output_time(out, "last_seen", nfm_view_unix_ns(now, row->last_seen_ns));
	nfm_output_end(out);
}

static void write_customers(struct nfm_output *out, const struct nfm_table *t,
			    const struct nfm_view_sums *sums, struct selection *selection,
			    const struct nfm_view_clock *now)
{
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	uint32_t row;

	nfm_output_table(out, "customers", columns);
	for (row = NFM_ROW_FIRST; row < sums->count && !nfm_output_failed(out); row++) {
		if (nfm_view_customer_read(t, row, &customer))
			break;
		if (is_shown(selection, sums, row, &customer))
			write_customer(out, &customer, &sums->rows[row], now);
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

static int show(struct nfm_cli *cli, const struct nfm_table *t, struct selection *selection,
		const struct nfm_view_sums *sums)
{
	struct nfm_view_clock now = nfm_view_clock_now();
	struct nfm_output *out = nfm_output_stdout(cli);
	char since[64];

	if (!out)
		return 1;
	if (!sums->exact)
		fprintf(stderr, "nfmeter: the customers' counters do not add up to the exporters': "
				"please report this, with `nfmeter status -o json`\n");
	nfm_output_object(out, NULL);
	nfm_output_time(out, "since", t->ctl->created_unix_ns);
	nfm_output_time(out, "as_of", now.unix_ns);
	nfm_output_line(out, "since %s",
			nfm_units_format_local(t->ctl->created_unix_ns, since, sizeof(since)));
	nfm_output_line(out, "%s", "");
	write_customers(out, t, sums, selection, &now);
	write_totals(out, sums);
	nfm_output_end(out);
	return nfm_output_done(out);
}

int nfm_cmd_show(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_view_sums_clear) struct nfm_view_sums sums = { 0 };
	_cleanup_(selection_clear) struct selection selection = { 0 };
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	struct nfm_error error;

	if (nfm_source_open(&cli->config, &t, &error) ||
	    nfm_view_sums_read(&t, &sums, &error) ||
	    selection_init(&selection, &t, argc - 1, argv + 1, &error) ||
	    check_selection(&selection, &t, &sums, &customer, &error))
		return nfm_cli_fail(&error);
	return show(cli, &t, &selection, &sums);
}
