/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stride table: address → row by eight bits a step. Pages 0..255 are the root of IPv4,
 * indexed by the address's first two bytes, pages 256..511 that of IPv6. An entry is a leaf or
 * names the page for the next byte. One lookup serves the datapath, the agent and the tests.
 *
 * The includer defines nfm_stride_page(env, number) → const struct nfm_page * or NULL. One whose
 * pages are never missing says so by NFM_NEVER_MISSING, which spares the checks; one that
 * reaches the root in a cheaper way defines NFM_STRIDE_ROOT_ENTRY(env, root, addr).
 */
#ifndef NFM_STRIDE_H
#define NFM_STRIDE_H

#include "abi.h"

#define NFM_STRIDE_ROOT_V4 0U
#define NFM_STRIDE_ROOT_V6 256U
#define NFM_STRIDE_FIRST_PAGE 512U

#define NFM_ENTRY_PAGE 0x80000000U /* the number is a page, else a leaf's row */
#define NFM_ENTRY_KIND 0x70000000U
#define NFM_ENTRY_NUMBER 0x0fffffffU

#define NFM_LEAF_ROW 0x00000000U      /* number: the customer's row; 0 matches nobody */
#define NFM_LEAF_DISCOVER 0x10000000U /* an auto range: no row yet; number 0 */
#define NFM_LEAF_FULL 0x20000000U     /* a customer for whom no row was left; number 0 */

#endif

#ifdef NFM_STRIDE_LOOKUP
#undef NFM_STRIDE_LOOKUP
#ifdef NFM_NEVER_MISSING
#define NFM_IS_MISSING(pointer) 0
#else
#define NFM_IS_MISSING(pointer) (!(pointer))
#endif

#ifndef NFM_STRIDE_ROOT_ENTRY
#define NFM_STRIDE_ROOT_ENTRY(env, root, addr) nfm_stride_root_entry(env, root, addr)

static inline __attribute__((always_inline)) __u32
nfm_stride_root_entry(const void *env, __u32 root, const __u8 *addr)
{
	const struct nfm_page *page = nfm_stride_page(env, root + addr[0]);

	return NFM_IS_MISSING(page) ? 0 : page->entry[addr[1]];
}
#endif

/**
 * Longest match of the address `addr` of `bytes` bytes (4 or 16, a compile-time constant).
 * Returns the leaf; 0 where nothing matches.
 */
static inline __attribute__((always_inline)) __u32
nfm_stride_lookup(const void *env, const __u8 *addr, __u32 root, __u32 bytes)
{
	__u32 entry = NFM_STRIDE_ROOT_ENTRY(env, root, addr);
	const struct nfm_page *page;
	__u32 i;

	for (i = 2; i < bytes; i++) {
		if (!(entry & NFM_ENTRY_PAGE))
			return entry;
		page = nfm_stride_page(env, entry & NFM_ENTRY_NUMBER);
		if (NFM_IS_MISSING(page))
			return 0;
		entry = page->entry[addr[i]];
	}
	return entry & NFM_ENTRY_PAGE ? 0 : entry;
}
#endif
