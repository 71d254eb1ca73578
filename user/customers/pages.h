/* SPDX-License-Identifier: GPL-2.0-only */
/* The live stride table's pages: which are free, and which wait until no reader is left. */
#ifndef NFM_PAGES_H
#define NFM_PAGES_H

#include <stdint.h>

#include "abi.h"
#include "stride.h"

struct nfm_pages {
	struct nfm_page *page; /* live */
	uint32_t *live_count;  /* ctl->page_count */
	uint32_t capacity;
	uint32_t *free; /* a stack of page numbers below *live_count */
	uint32_t free_count;
	uint32_t *retired; /* unlinked; a reader may still be in them */
	uint32_t retired_count;
};

/**
 * Takes over live pages: those that no root reaches are free. -EBADMSG if an entry leads
 * outside, too deep, or to a page that another entry has. A first-time table gets its roots.
 */
int nfm_pages_open(struct nfm_pages *pages, struct nfm_page *live, uint32_t capacity,
		   uint32_t *live_count);
void nfm_pages_close(struct nfm_pages *pages);

static inline uint32_t nfm_pages_available(const struct nfm_pages *pages)
{
	return pages->free_count + (pages->capacity - *pages->live_count);
}

/** A page of nobody's; at least one must be available. Its content is old. */
uint32_t nfm_pages_allocate(struct nfm_pages *pages);

/** Notes an unlinked page and all below it. */
void nfm_pages_retire(struct nfm_pages *pages, uint32_t number);

/** Frees what was retired: no reader is left in it. */
void nfm_pages_release(struct nfm_pages *pages);

/** Entries as readers on other CPUs see them: whole, and after what they lead to. */
static inline void nfm_entry_store(__u32 *entry, uint32_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static inline uint32_t nfm_entry_load(const __u32 *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

#endif
