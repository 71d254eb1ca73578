/* SPDX-License-Identifier: GPL-2.0-only */
/* This process's notes on the live customers, which only the agent's thread uses. */
#ifndef NFM_CUSTOMERS_STATE_H
#define NFM_CUSTOMERS_STATE_H

#include "customers/customers.h"
#include "customers/index.h"
#include "customers/pages.h"

#define NFM_HOST_BITS_V6 64U /* a discovered IPv6 host */

struct nfm_customers_state {
	struct nfm_pages pages;
	struct nfm_index ids; /* id → row */
	struct nfm_customers_auto *autos;
	size_t auto_count;
	uint32_t hosts_without_row; /* found none since discovery last went on */
};

/** A customer's row, or NFM_INDEX_NONE. */
uint32_t nfm_customers_find(const struct nfm_customers *c, const char *id);

/** Fills a name without a prefix. */
void nfm_customers_fill_name(struct nfm_name *to, uint32_t state, const char *id,
			     const char *name);

/**
 * Appends a row; readers see it whole or not at all. Needs room in names and in the index.
 * Returns the row.
 */
uint32_t nfm_customers_append(struct nfm_customers *c, const struct nfm_name *name);

/** Between these two the names and prefixes are in change: readers wait or try again. */
static inline void nfm_customers_change_begin(struct nfm_ctl *ctl)
{
	__atomic_store_n(&ctl->registry_generation, ctl->registry_generation | 1,
			 __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void nfm_customers_change_end(struct nfm_ctl *ctl)
{
	__atomic_store_n(&ctl->registry_generation, ctl->registry_generation + 1,
			 __ATOMIC_RELEASE);
}

#endif
