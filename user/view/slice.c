// SPDX-License-Identifier: GPL-2.0-only
#include "view/slice.h"

#include <errno.h>
#include <string.h>

#include "base/units.h"

static int take_number(const char *name, const char *text, uint64_t least, uint64_t *out,
		       struct nfm_error *error)
{
	int err = nfm_units_parse_u64(text, least, UINT64_MAX, out);

	return err ? nfm_error_set(error, -EINVAL, "%s %s: a number of customers, from %d on", name,
				   text, (int)least) : 0;
}

int nfm_slice_take(struct nfm_slice *slice, const char *name, const char *text,
		  struct nfm_error *error)
{
	if (!strcmp(name, "q")) {
		slice->search = *text ? text : NULL;
		return 0;
	}
	if (!strcmp(name, "offset"))
		return take_number(name, text, 0, &slice->offset, error);
	if (!strcmp(name, "limit"))
		return take_number(name, text, 1, &slice->limit, error);
	if (strcmp(name, "order") != 0)
		return -ENOENT;
	slice->descending = !strcmp(text, "desc");
	slice->order_given = true;
	if (!slice->descending && strcmp(text, "asc") != 0)
		return nfm_error_set(error, -EINVAL, "order %s: asc or desc", text);
	return 0;
}

bool nfm_slice_matches(const struct nfm_slice *slice, const char *id, const char *name)
{
	return !slice->search || strcasestr(id, slice->search) || strcasestr(name, slice->search);
}

bool nfm_slice_has(const struct nfm_slice *slice, uint64_t index)
{
	return index >= slice->offset && (!slice->limit || index - slice->offset < slice->limit);
}

void nfm_slice_write(struct nfm_output *out, uint64_t matched)
{
	nfm_output_u64(out, "matched", matched);
}
