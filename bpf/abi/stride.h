/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stride table: address → row by eight bits a step. Pages 0..255 are the root of IPv4,
 * indexed by the address's first two bytes, pages 256..511 that of IPv6. An entry is a leaf or
 * names the page for the next byte. One lookup serves the datapath, the agent and the tests.
 *
 * The includer defines nfm_stride_page(env, number) → const struct nfm_page * or NULL.
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
/**
 * Longest match of the address `addr` of `bytes` bytes (4 or 16, a compile-time constant).
 * Returns the leaf; 0 where nothing matches.
 */
static inline __attribute__((always_inline)) __u32
nfm_stride_lookup(const void *env, const __u8 *addr, __u32 root, __u32 bytes)
{
	const struct nfm_page *page = nfm_stride_page(env, root + addr[0]);
	__u32 entry;
	__u32 i;

	if (!page)
		return 0;
	entry = page->entry[addr[1]];
	for (i = 2; i < bytes; i++) {
		if (!(entry & NFM_ENTRY_PAGE))
			return entry;
		page = nfm_stride_page(env, entry & NFM_ENTRY_NUMBER);
		if (!page)
			return 0;
		entry = page->entry[addr[i]];
	}
	return entry & NFM_ENTRY_PAGE ? 0 : entry;
}
#endif
