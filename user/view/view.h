/* SPDX-License-Identifier: GPL-2.0-only */
/* A table as people look at it: who a row is, sums that add up, times on the wall. */
#ifndef NFM_VIEW_H
#define NFM_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "view/output.h"
#include "snapshot/snapshot.h"
#include "table/table.h"

/** Both clocks at one moment: rows keep CLOCK_MONOTONIC. */
struct nfm_view_clock {
	uint64_t monotonic_ns;
	uint64_t unix_ns;
};

struct nfm_view_clock nfm_view_clock_now(void);

/** Wall-clock time of a row's time, ns since 1970; 0 (never) stays 0. */
uint64_t nfm_view_unix_ns(const struct nfm_view_clock *now, uint64_t monotonic_ns);

/** Rows in use, `unmatched` and `local` included; never more than the table has. */
uint32_t nfm_view_names(const struct nfm_table *t);

/** The agent's interval; of a table that none has set up, `fallback_s`. */
uint32_t nfm_view_interval_s(const struct nfm_table *t, uint32_t fallback_s);

/** Exporters in use; never more than the table has. */
uint32_t nfm_view_exporters(const struct nfm_table *t);

/** Sums of all customers' rows at one moment, as near as a reader gets without stopping anyone. */
struct nfm_view_sums {
	struct nfm_row *rows; /* by row number; malloc'd */
	uint32_t count;
	struct nfm_snapshot_count unmatched, local, total;
	bool exact; /* sum of up + sum of down + unmatched - local = total, as the exporters say */
};

/**
 * Sums the table. The counters move meanwhile: where all rows cannot be read between two datagrams,
 * `total` is that of the rows read, so that the equation holds all the same. If it does not
 * hold although nothing moves, `exact` is false. -ENOMEM.
 */
int nfm_view_sums_read(const struct nfm_table *t, struct nfm_view_sums *out,
		       struct nfm_error *error);
void nfm_view_sums_clear(struct nfm_view_sums *sums);

/** Who a row is. Zero it before the first use; reuse it for the next row. */
struct nfm_view_customer {
	uint32_t state; /* NFM_NAME_… */
	char id[NFM_ID_SIZE];
	char name[NFM_NAME_SIZE];
	struct nfm_prefix *prefixes; /* malloc'd */
	uint32_t prefix_count;	     /* 0 of a removed customer */
	uint32_t prefix_space;
	bool impatient; /* an agent died while it wrote: no more waiting for it */
};

/** Reads one row's name and prefixes, whole, while the agent may be changing them. -ENOMEM. */
int nfm_view_customer_read(const struct nfm_table *t, uint32_t row,
			   struct nfm_view_customer *out);
void nfm_view_customer_clear(struct nfm_view_customer *customer);

/** Keys "id", "name", "prefixes" of CUSTOMER. */
void nfm_view_write_identity(struct nfm_output *out, const char *id, const char *name,
			     const struct nfm_prefix *prefixes, uint32_t prefix_count);

/** COUNT under `key`. */
void nfm_view_write_count(struct nfm_output *out, const char *key,
			  const struct nfm_snapshot_count *count);

/** The line of text that says a COUNT. */
void nfm_view_write_total(struct nfm_output *out, const char *label,
			  const struct nfm_snapshot_count *count);

/** "records", "datagrams", or NULL where a version has no sequence. */
const char *nfm_view_unit(uint32_t unit);

/** An element of "streams". */
void nfm_view_write_stream(struct nfm_output *out, const struct nfm_snapshot_stream *stream);

#endif
