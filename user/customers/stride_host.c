// SPDX-License-Identifier: GPL-2.0-only
/* Discovered hosts go into the live stride table one by one, in as many steps as it is deep. */
#include "customers/stride_build.h"

/* The deepest entry there is on the way to byte `last`; *depth is its byte. */
static __u32 *find_entry(const struct nfm_pages *pages, uint32_t root, const uint8_t *addr,
			 unsigned int last, unsigned int *depth)
{
	__u32 *entry = &pages->page[root + addr[0]].entry[addr[1]];
	unsigned int d;

	for (d = 1; d < last && (*entry & NFM_ENTRY_PAGE); d++)
		entry = &pages->page[*entry & NFM_ENTRY_NUMBER].entry[addr[d + 1]];
	*depth = d;
	return entry;
}

uint32_t nfm_stride_host_pages(const struct nfm_pages *pages, uint32_t root,
			       const uint8_t addr[16], unsigned int last)
{
	unsigned int depth;

	find_entry(pages, root, addr, last, &depth);
	return last - depth;
}

/* Pages of the bytes depth + 1 to last, from the last one up: all that is not ours inherits. */
static uint32_t build_path(struct nfm_pages *pages, const uint8_t *addr, unsigned int depth,
			   unsigned int last, uint32_t inherited, uint32_t leaf)
{
	uint32_t entry = leaf;

	for (unsigned int d = last; d > depth; d--) {
		uint32_t number = nfm_pages_allocate(pages);
		struct nfm_page *page = &pages->page[number];

		for (unsigned int i = 0; i < 256; i++)
			page->entry[i] = inherited;
		page->entry[addr[d]] = entry;
		entry = NFM_ENTRY_PAGE | number;
	}
	return entry;
}

/* Below a /64 with longer listed prefixes in it, what nobody has is the host's. */
static void put_below(struct nfm_pages *pages, uint32_t number, uint32_t leaf)
{
	struct nfm_page *page = &pages->page[number];

	for (unsigned int i = 0; i < 256; i++) {
		uint32_t entry = page->entry[i];

		if (entry & NFM_ENTRY_PAGE)
			put_below(pages, entry & NFM_ENTRY_NUMBER, leaf);
		else if (entry == NFM_LEAF_DISCOVER)
			nfm_entry_store(&page->entry[i], leaf);
	}
}

void nfm_stride_put_host(struct nfm_pages *pages, uint32_t root, const uint8_t addr[16],
			 unsigned int last, uint32_t leaf)
{
	unsigned int depth;
	__u32 *entry = find_entry(pages, root, addr, last, &depth);

	if (*entry & NFM_ENTRY_PAGE)
		put_below(pages, *entry & NFM_ENTRY_NUMBER, leaf);
	else if (*entry == NFM_LEAF_DISCOVER)
		nfm_entry_store(entry, build_path(pages, addr, depth, last, *entry, leaf));
}

void nfm_stride_end_discovery(struct nfm_pages *pages)
{
	for (uint32_t number = 0; number < *pages->live_count; number++)
		for (unsigned int i = 0; i < 256; i++)
			if (pages->page[number].entry[i] == NFM_LEAF_DISCOVER)
				nfm_entry_store(&pages->page[number].entry[i], NFM_LEAF_FULL);
}
