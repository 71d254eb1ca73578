/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of earlier slots: what a quiet bank's columns of the part `earlier` hold. */
#ifndef NFM_SNAPSHOT_EARLIER_H
#define NFM_SNAPSHOT_EARLIER_H

#include <stdbool.h>

#include "snapshot/snapshot.h"
#include "table/table.h"

/** Slots that a table keeps; 0: none. */
uint32_t nfm_earlier_slots(const struct nfm_table *t);

/**
 * A row's bytes of the interval by earlier slot: sums of the bank's columns less its base. Returns
 * how many slots have any; `out` has room for nfm_earlier_slots(). *shrunk is set where a sum is
 * below its base.
 */
uint32_t nfm_earlier_take(const struct nfm_table *t, uint32_t bank, uint32_t row,
			  struct nfm_snapshot_earlier *out, bool *shrunk);

/** Makes the sums of `count` rows from `first` on the bank's base; may be repeated. */
void nfm_earlier_settle(const struct nfm_table *t, uint32_t bank, uint32_t first, uint32_t count);

#endif
