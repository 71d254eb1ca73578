/* SPDX-License-Identifier: GPL-2.0-only */
/* What `top` shows: rates between two readings of the table, and who leads. */
#ifndef NFM_VIEW_TOP_H
#define NFM_VIEW_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "view/exporters.h"
#include "view/view.h"
#include "table/table.h"

enum nfm_top_order { NFM_TOP_TOTAL, NFM_TOP_UP, NFM_TOP_DOWN, NFM_TOP_NAME };

/** Bytes of a customer's row. */
struct nfm_top_bytes {
	uint64_t up, down;
};

/** An exporter's counters at the last reading, and what came since the one before. */
struct nfm_top_exporter {
	uint64_t bytes, datagrams;
	uint64_t bytes_since, datagrams_since;
};

/** Sums of the table; in `since`, what was added to them. */
struct nfm_top_sums {
	uint64_t bytes, datagrams, lost, received; /* lost, received: units of streams */
	uint64_t unmatched_bytes;
};

struct nfm_top {
	const struct nfm_table *table;
	uint32_t names;		      /* rows read */
	struct nfm_top_bytes *quiet;  /* by row: of the bank that nobody counts into */
	struct nfm_top_bytes *sum;    /* by row: both banks, at the last reading */
	struct nfm_top_bytes *since;  /* by row: added since the reading before */
	struct nfm_top_exporter *exporter; /* by exporter */
	struct nfm_exporters_view exporters;
	struct nfm_top_sums sums, sums_since;
	struct nfm_top_bytes customers_since; /* of all customers together */
	uint64_t epoch;
	bool settling; /* the epoch changed: writers may be ending a datagram in the old bank */
	uint64_t interval_ns; /* between the last two readings; 0: there was one only */
	struct nfm_view_clock now;
	uint32_t interval_s; /* the agent's */
};

/** Allocates; the first nfm_top_read() gives no rates yet. -ENOMEM. */
int nfm_top_init(struct nfm_top *top, const struct nfm_table *table, uint32_t interval_s,
		 struct nfm_error *error);
void nfm_top_clear(struct nfm_top *top);

/** Reads the table. -ENOMEM. */
int nfm_top_read(struct nfm_top *top, struct nfm_error *error);

/**
 * The first `limit` customers of an order, row numbers in `rows`. Customers without traffic come
 * last, those removed only while they have some. Returns how many there are.
 */
uint32_t nfm_top_leaders(const struct nfm_top *top, enum nfm_top_order order, uint32_t *rows,
			 uint32_t limit);

/** Bits per second of bytes since the reading before; and anything else per second. */
uint64_t nfm_top_bps(const struct nfm_top *top, uint64_t bytes);
uint64_t nfm_top_per_second(const struct nfm_top *top, uint64_t count);

/** Part of `whole` in percent; 0 of nothing. */
double nfm_top_percent(uint64_t part, uint64_t whole);

/** Exporters in state ok. */
uint32_t nfm_top_active(const struct nfm_top *top);

#endif
