/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where more snapshots are to be merged than can be open at once: some of them merged into a file
 * without a name, in the order of ids, each customer with its entries.
 */
#ifndef NFM_REPORT_SPILL_H
#define NFM_REPORT_SPILL_H

#include "history/report_work.h"

struct nfm_report_spill;

/** A file in TMPDIR, else in /tmp. */
int nfm_report_spill_new(struct nfm_report_spill **out, struct nfm_error *error);
void nfm_report_spill_free(struct nfm_report_spill *spill);

/** Writes the jobs of a batch behind those before. */
int nfm_report_spill_write(struct nfm_report_spill *spill, const struct nfm_report_batch *batch,
			   struct nfm_error *error);

/** Ends the writing. */
int nfm_report_spill_rewind(struct nfm_report_spill *spill, struct nfm_error *error);
uint64_t nfm_report_spill_entries(const struct nfm_report_spill *spill);

/** 1: the next customer, whose strings live until the next call; 0: none is left; -EIO. */
int nfm_report_spill_next(struct nfm_report_spill *spill, const char **id, const char **name);

/** Adds its entries to a batch. */
int nfm_report_spill_take(struct nfm_report_spill *spill, struct nfm_report_batch *batch);

#endif
