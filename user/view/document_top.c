// SPDX-License-Identifier: GPL-2.0-only
/* `top`: rates of the last interval, and who leads. */
#include "view/document.h"

#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "view/top.h"

#define ROWS 20U

static const struct nfm_column columns[] = {
	{ "id", "ID", NFM_COLUMN_LEFT },
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "up_bps", "UP", NFM_COLUMN_RIGHT },
	{ "down_bps", "DOWN", NFM_COLUMN_RIGHT },
	{ "as_of", NULL, NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static int write_customers(struct nfm_output *out, const struct nfm_top *top)
{
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	uint32_t rows[ROWS];
	uint32_t count = nfm_top_leaders(top, NFM_TOP_TOTAL, rows, ROWS);
	char as_of[64];
	uint32_t i;

	nfm_units_format_time(top->now.unix_ns, as_of, sizeof(as_of));
	nfm_output_table(out, "customers", columns);
	for (i = 0; i < count; i++) {
		const struct nfm_top_bytes *since = &top->since[rows[i]];

		if (!since->up && !since->down && nfm_output_format(out) == NFM_FORMAT_TEXT)
			break;
		if (nfm_view_customer_read(top->table, rows[i], &customer))
			return -ENOMEM;
		nfm_output_object(out, NULL);
		nfm_output_string(out, "id", customer.id);
		nfm_output_string(out, "name", customer.name);
		nfm_output_rate(out, "up_bps", nfm_top_bps(top, since->up));
		nfm_output_rate(out, "down_bps", nfm_top_bps(top, since->down));
		nfm_output_cell(out, "as_of", as_of);
		nfm_output_end(out);
	}
	nfm_output_end(out);
	return 0;
}

static void write_sums(struct nfm_output *out, const struct nfm_top *top)
{
	const struct nfm_top_sums *since = &top->sums_since;
	uint64_t up_bps = nfm_top_bps(top, top->customers_since.up);
	uint64_t down_bps = nfm_top_bps(top, top->customers_since.down);
	uint64_t datagrams = nfm_top_per_second(top, since->datagrams);
	char now[64], up[32], down[32];

	nfm_output_time(out, "as_of", top->now.unix_ns);
	nfm_output_u64(out, "up_bps", up_bps);
	nfm_output_u64(out, "down_bps", down_bps);
	nfm_output_u64(out, "total_bps", nfm_top_bps(top, since->bytes));
	nfm_output_u64(out, "unmatched_bps", nfm_top_bps(top, since->unmatched_bytes));
	nfm_output_u64(out, "datagrams_per_second", datagrams);
	nfm_output_u64(out, "exporters", nfm_top_active(top));
	nfm_output_u64(out, "lost", top->sums.lost);
	nfm_output_line(out,
			"%s  up %s  down %s  %" PRIu64 " datagrams/s from %u exporters  "
			"%" PRIu64 " lost  %.1f%% unmatched",
			nfm_units_format_local(top->now.unix_ns, now, sizeof(now)),
			nfm_units_format_count(up_bps, "b/s", up, sizeof(up)),
			nfm_units_format_count(down_bps, "b/s", down, sizeof(down)), datagrams,
			nfm_top_active(top), top->sums.lost,
			nfm_top_percent(since->unmatched_bytes, since->bytes));
}

int nfm_document_top(struct nfm_output *out, const struct nfm_top *top)
{
	write_sums(out, top);
	return write_customers(out, top);
}
