/* SPDX-License-Identifier: GPL-2.0-only */
/* The order in which a file has its customers: by id, whatever their rows. */
#ifndef NFM_SNAPSHOT_ORDER_H
#define NFM_SNAPSHOT_ORDER_H

#include <stdint.h>

#include "abi.h"

/** Rows from NFM_ROW_FIRST on, by strcmp() of their ids; of equal ids the lower row first. */
struct nfm_order {
	uint32_t *row;
	uint32_t count;
};

/**
 * A row's id in a file. A row that has none gets one: what it counted is not to be lost. `id` is
 * filled only where the name's own cannot be given out.
 */
const char *nfm_order_id(const struct nfm_name *names, uint32_t row, char id[NFM_ID_SIZE]);

/**
 * Orders the rows below `end`. What is in the order from the last time, and still stands right, is
 * not sorted again: the cost is that of what changed. Whatever the order has in it, names of any
 * table may be given. -ENOMEM.
 */
int nfm_order_update(struct nfm_order *order, const struct nfm_name *names, uint32_t end);

void nfm_order_free(struct nfm_order *order);

#endif
