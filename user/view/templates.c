// SPDX-License-Identifier: GPL-2.0-only
#include "view/templates.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "flow/store_file.h"
#include "table/pool.h"
#include "wire.h"

/* The agent keeps within its limits; what it wrote is shown, all of it. */
static const struct nfm_store_limits limits = { .per_exporter = UINT32_MAX, .bytes = UINT64_MAX };

/* ---- where, and why not in the kernel ---- */

static const struct nfm_template_slot *find_slot(const struct nfm_table *t,
						 const struct nfm_template_key *key)
{
	int slot = nfm_pool_find(t->templates, key);

	return slot < 0 ? NULL : &t->templates->slot[slot];
}

static bool is_same(const struct nfm_template_slot *slot, const struct nfm_template *template)
{
	return slot->raw_bytes == template->raw_bytes && template->raw_bytes <= sizeof(slot->raw) &&
	       !memcmp(slot->raw, template->raw, template->raw_bytes);
}

/* Of a template that could be decoded in the kernel. */
static const char *why_not_now(const struct nfm_table *t, const struct nfm_template_key *key,
			       const struct nfm_template_slot *slot,
			       const struct nfm_template *template)
{
	struct nfm_template_key stream = *key;

	if (nfm_pool_decodes(t->templates, key, template->raw, template->raw_bytes))
		return NULL;
	if (!t->in_maps)
		return "no XDP";
	if (!slot)
		return template->raw_bytes > NFM_TEMPLATE_RAW ?
			       "more fields than the kernel takes" :
			       "not installed";
	if (!is_same(slot, template))
		return "not installed in this form";
	if (slot->kind != NFM_SLOT_DATA)
		return "the exporter's settings";
	stream.id = 0;
	slot = find_slot(t, &stream);
	return slot && __atomic_load_n(&slot->token, __ATOMIC_RELAXED)
		       ? "the stream's templates have changed: not installed anew yet"
		       : "not installed";
}

static void look_up(const struct nfm_table *t, const struct nfm_view_clock *now,
		    struct nfm_template_view *view)
{
	const struct nfm_template *template = view->template;
	const struct nfm_template_key key = {
		.domain = template->name.domain,
		.exporter = (uint16_t)view->exporter,
		.version = template->name.version,
		.id = template->name.id,
	};
	bool known = t && view->exporter <= UINT16_MAX;
	const struct nfm_template_slot *slot = known ? find_slot(t, &key) : NULL;
	uint64_t seen_ns = slot && is_same(slot, template) ? slot->seen_ns : 0;
	uint64_t announced_ns = NFM_MAX(template->seen_unix_ns, nfm_view_unix_ns(now, seen_ns));

	view->age_s = now->unix_ns > announced_ns ?
			      (now->unix_ns - announced_ns) / NFM_NS_PER_S :
			      0;
	if (template->not_compiled)
		view->why = template->not_compiled;
	else if (template->options)
		view->why = "options data";
	else if (!t)
		view->why = "no table: the agent has not run yet";
	else if (!known)
		view->why = "not an exporter of this table";
	else
		view->why = why_not_now(t, &key, slot, template);
}

/* ---- which exporter's row ---- */

static int compare_rows(const void *a, const void *b, void *cookie)
{
	const struct nfm_table *t = cookie;

	return memcmp(&t->exporters[*(const uint32_t *)a].addr,
		      &t->exporters[*(const uint32_t *)b].addr, sizeof(struct nfm_addr));
}

/* Both lists are in order of address: one pass through them. */
static int find_exporters(const struct nfm_table *t, struct nfm_templates_view *view)
{
	uint32_t exporters = nfm_view_exporters(t);
	_cleanup_free_ uint32_t *row = calloc(exporters + 1, sizeof(*row));
	uint32_t count = 0;
	uint32_t at = 0;
	uint32_t i;

	if (!row)
		return -ENOMEM;
	for (i = 0; i < exporters; i++)
		if (t->exporters[i].state != NFM_EXPORTER_FREE)
			row[count++] = i;
	qsort_r(row, count, sizeof(*row), compare_rows, (void *)t);
	for (i = 0; i < view->count; i++) {
		const struct nfm_addr *addr = &view->list[i].template->name.exporter;

		while (at < count && memcmp(&t->exporters[row[at]].addr, addr, sizeof(*addr)) < 0)
			at++;
		if (at < count && !memcmp(&t->exporters[row[at]].addr, addr, sizeof(*addr)))
			view->list[i].exporter = row[at];
	}
	return 0;
}

/* ---- the list ---- */

static void collect(void *cookie, const struct nfm_store_change *change)
{
	struct nfm_templates_view *view = cookie;

	if (change->template)
		view->list[view->count++] = (struct nfm_template_view){
			.template = change->template,
			.exporter = UINT32_MAX,
		};
}

static int compare_number(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_views(const void *a, const void *b)
{
	const struct nfm_template_name *x = &((const struct nfm_template_view *)a)->template->name;
	const struct nfm_template_name *y = &((const struct nfm_template_view *)b)->template->name;

	return memcmp(&x->exporter, &y->exporter, sizeof(x->exporter)) ?:
	       compare_number(x->version, y->version) ?:
	       compare_number(x->domain, y->domain) ?:
	       compare_number(x->id, y->id);
}

static int load(const char *directory, struct nfm_templates_view *view, struct nfm_error *error)
{
	char path[PATH_MAX + sizeof(NFM_STORE_FILE) + 1];
	struct nfm_store_count count;
	int err;

	if (nfm_store_new(&limits, &view->store))
		return nfm_error_set(error, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/%s", directory, NFM_STORE_FILE);
	err = nfm_store_file_load(path, view->store, &view->damaged, error);
	if (err)
		return err;
	nfm_store_count(view->store, &count);
	view->list = calloc(count.templates + 1, sizeof(*view->list));
	if (!view->list)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	nfm_store_each(view->store, collect, view);
	qsort(view->list, view->count, sizeof(*view->list), compare_views);
	return 0;
}

int nfm_templates_read(const char *directory, const struct nfm_table *t,
		       const struct nfm_view_clock *now, struct nfm_templates_view *out,
		       struct nfm_error *error)
{
	_cleanup_(nfm_templates_clear) struct nfm_templates_view view = { 0 };
	int err = load(directory, &view, error);
	uint32_t i;

	if (err)
		return err;
	if (t && find_exporters(t, &view))
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (i = 0; i < view.count; i++)
		look_up(t, now, &view.list[i]);
	*out = view;
	view = (struct nfm_templates_view){ 0 };
	return 0;
}

void nfm_templates_clear(struct nfm_templates_view *view)
{
	nfm_store_free_p(&view->store);
	free(view->list);
	*view = (struct nfm_templates_view){ 0 };
}

/* First of the list whose exporter is not below `addr`. */
static uint32_t lower_bound(const struct nfm_templates_view *view, const struct nfm_addr *addr)
{
	uint32_t low = 0;
	uint32_t high = view->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(&view->list[middle].template->name.exporter, addr, sizeof(*addr)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t nfm_templates_of(const struct nfm_templates_view *view, const struct nfm_addr *exporter)
{
	uint32_t first = lower_bound(view, exporter);
	uint32_t at = first;

	while (at < view->count &&
	       !memcmp(&view->list[at].template->name.exporter, exporter, sizeof(*exporter)))
		at++;
	return at - first;
}

/* Scope field types of NetFlow v9: RFC 3954 section 6.1. They are no elements. */
static const char *const scope_names[] = { NULL, "system", "interface", "lineCard", "cache",
					   "template" };

const char *nfm_templates_field_name(const struct nfm_template *template, uint32_t field)
{
	const struct nfm_field *f = &template->field[field];
	const struct nfm_element *element = nfm_element_find(f->enterprise, f->id);
	const char *name = element ? element->name : NULL;

	if (template->name.version == NFM_NETFLOW_V9 && field < template->scope_count)
		name = f->id < NFM_ARRAY_SIZE(scope_names) ? scope_names[f->id] : NULL;
	return name ?: "unknown";
}
