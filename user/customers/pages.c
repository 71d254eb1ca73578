// SPDX-License-Identifier: GPL-2.0-only
#include "customers/pages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define DEEPEST 15U /* IPv6: the page of an address's last byte */
#define DEEPEST_V4 3U

/* Marks the pages below one; a page that is marked already would make a loop or a tangle. */
static int mark_below(const struct nfm_pages *pages, bool *used, uint32_t number, unsigned int left)
{
	const struct nfm_page *page = &pages->page[number];

	for (unsigned int i = 0; i < 256; i++) {
		uint32_t entry = page->entry[i];
		uint32_t next = entry & NFM_ENTRY_NUMBER;
		int code;

		if (!(entry & NFM_ENTRY_PAGE))
			continue;
		if (!left || next < NFM_STRIDE_FIRST_PAGE || next >= *pages->live_count ||
		    used[next])
			return -EBADMSG;
		used[next] = true;
		code = mark_below(pages, used, next, left - 1);
		if (code)
			return code;
	}
	return 0;
}

static int find_free(struct nfm_pages *pages)
{
	_cleanup_free_ bool *used = calloc(*pages->live_count, sizeof(*used));

	if (!used)
		return -ENOMEM;
	for (uint32_t root = 0; root < NFM_STRIDE_FIRST_PAGE; root++) {
		bool four = root < NFM_STRIDE_ROOT_V6;
		int code = mark_below(pages, used, root, (four ? DEEPEST_V4 : DEEPEST) - 1);

		if (code)
			return code;
	}
	for (uint32_t i = *pages->live_count; i-- > NFM_STRIDE_FIRST_PAGE;)
		if (!used[i])
			pages->free[pages->free_count++] = i;
	return 0;
}

int nfm_pages_open(struct nfm_pages *pages, struct nfm_page *live, uint32_t capacity,
		   uint32_t *live_count)
{
	struct nfm_pages made = { .page = live, .capacity = capacity, .live_count = live_count };
	int code;

	if (capacity < NFM_STRIDE_FIRST_PAGE)
		return -EINVAL;
	if (*live_count > capacity)
		return -EBADMSG;
	if (*live_count < NFM_STRIDE_FIRST_PAGE)
		*live_count = NFM_STRIDE_FIRST_PAGE;
	made.free = malloc(capacity * sizeof(*made.free));
	made.retired = malloc(capacity * sizeof(*made.retired));
	code = made.free && made.retired ? find_free(&made) : -ENOMEM;
	if (code) {
		nfm_pages_close(&made);
		return code;
	}
	*pages = made;
	return 0;
}

void nfm_pages_close(struct nfm_pages *pages)
{
	free(pages->free);
	free(pages->retired);
	pages->free = NULL;
	pages->retired = NULL;
}

uint32_t nfm_pages_allocate(struct nfm_pages *pages)
{
	uint32_t number;

	if (pages->free_count)
		return pages->free[--pages->free_count];
	number = *pages->live_count;
	__atomic_store_n(pages->live_count, number + 1, __ATOMIC_RELEASE);
	return number;
}

void nfm_pages_retire(struct nfm_pages *pages, uint32_t number)
{
	const struct nfm_page *page = &pages->page[number];

	pages->retired[pages->retired_count++] = number;
	for (unsigned int i = 0; i < 256; i++)
		if (page->entry[i] & NFM_ENTRY_PAGE)
			nfm_pages_retire(pages, page->entry[i] & NFM_ENTRY_NUMBER);
}

void nfm_pages_release(struct nfm_pages *pages)
{
	while (pages->retired_count)
		pages->free[pages->free_count++] = pages->retired[--pages->retired_count];
}
