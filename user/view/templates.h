/* SPDX-License-Identifier: GPL-2.0-only */
/* Templates as `templates`, `exporters` and `doctor` show them: out of folder and table. */
#ifndef NFM_VIEW_TEMPLATES_H
#define NFM_VIEW_TEMPLATES_H

#include <stdbool.h>
#include <stdint.h>

#include "view/view.h"
#include "flow/store.h"
#include "table/table.h"

struct nfm_template_view {
	const struct nfm_template *template;
	const char *why;   /* only the agent decodes its data; NULL: the kernel does */
	uint64_t age_s;	   /* since it was last announced */
	uint32_t exporter; /* its row in the table; UINT32_MAX: it has none */
};

struct nfm_templates_view {
	struct nfm_store *store;
	struct nfm_template_view *list; /* malloc'd; by exporter, version, domain, id */
	uint32_t count;
	uint32_t damaged; /* entries of the file that could not be read */
};

/**
 * Reads DIRECTORY/templates; `t` is NULL where there is no table. A missing file is an empty
 * one. -ENOMEM, or -errno of the file.
 */
int nfm_templates_read(const char *directory, const struct nfm_table *t,
		       const struct nfm_view_clock *now, struct nfm_templates_view *out,
		       struct nfm_error *error);
void nfm_templates_clear(struct nfm_templates_view *view);

/** How many templates an exporter has. */
uint32_t nfm_templates_of(const struct nfm_templates_view *view, const struct nfm_addr *exporter);

/** A field's name; "unknown" where it is no known element. */
const char *nfm_templates_field_name(const struct nfm_template *template, uint32_t field);

#endif
