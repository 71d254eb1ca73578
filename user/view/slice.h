/* SPDX-License-Identifier: GPL-2.0-only */
/* Which part of a long list is wanted. */
#ifndef NFM_VIEW_SLICE_H
#define NFM_VIEW_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "view/output.h"

struct nfm_slice {
	const char *search; /* part of an id or a name, ASCII letters alike; NULL: all */
	uint64_t offset;    /* of those that match, the first ones left out */
	uint64_t limit;	    /* 0: none */
	bool descending;
	bool order_given; /* else each key has the order that people expect of it */
};

/** Takes q, offset, limit, order (asc, desc). -ENOENT: no such name; -EINVAL with the text. */
int nfm_slice_take(struct nfm_slice *slice, const char *name, const char *text,
		  struct nfm_error *error);

bool nfm_slice_matches(const struct nfm_slice *slice, const char *id, const char *name);

/** Whether the `index`th of those that match is on the page. */
bool nfm_slice_has(const struct nfm_slice *slice, uint64_t index);

/** "matched": how many there are on all pages. */
void nfm_slice_write(struct nfm_output *out, uint64_t matched);

#endif
