/* SPDX-License-Identifier: GPL-2.0-only */
/* The interval that a quiet bank holds: what its columns have more than its base column. */
#ifndef NFM_SNAPSHOT_INTERVAL_H
#define NFM_SNAPSHOT_INTERVAL_H

#include "snapshot/rotate.h"

/** Rows that are in use, by section: their number in a column, and how many. */
struct nfm_interval_rows {
	uint32_t customers, exporters, reasons;
};

struct nfm_interval_rows nfm_interval_rows_in_use(const struct nfm_table *t);

/**
 * Hands the sums over all columns of a bank to `block`, `count` rows from `first` on, some at
 * a time and in their order. A return value other than 0 ends the walk and comes back.
 */
int nfm_interval_walk(const struct nfm_table *t, uint32_t bank, uint32_t first, uint32_t count,
		      int (*block)(void *cookie, uint32_t row, const struct nfm_row *sum,
				   uint32_t count),
		      void *cookie);

/** Writes the file of `out->meta`, whose bank is quiet, and fills the rest of `out`. */
int nfm_interval_write(const struct nfm_table *t, const char *directory,
		       struct nfm_rotate_result *out, struct nfm_error *error);

/**
 * Looks in a folder for the whole file with the identity and epoch of `out->meta`. 1: found, and
 * `out` is filled from it; 0: there is none; -errno: it cannot be told.
 */
int nfm_interval_find(const char *directory, struct nfm_rotate_result *out,
		      struct nfm_error *error);

/** Adds an entry of the file to the result's sums, whether it was written or found. */
void nfm_interval_note_exporter(struct nfm_rotate_result *out,
				const struct nfm_snapshot_exporter *exporter);
void nfm_interval_note_reason(struct nfm_rotate_result *out,
			      const struct nfm_snapshot_reason *reason);

#endif
