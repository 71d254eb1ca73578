// SPDX-License-Identifier: GPL-2.0-only
/* Series of customers: of a list alone, since a million of them would bury any database. */
#include "view/metrics_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct wanted {
	const char *id;
	uint32_t place; /* in the list */
};

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return strcmp(x->id, y->id) ?: (x->place > y->place) - (x->place < y->place);
}

static int compare_id(const void *id, const void *wanted)
{
	return strcmp(id, ((const struct wanted *)wanted)->id);
}

/* One pass over the names, a search in the short list for each. A row that still counts wins. */
static void find_rows(const struct nfm_table *t, const struct wanted *wanted, uint32_t count,
		      uint32_t *row)
{
	uint32_t names = nfm_view_names(t);
	uint32_t i;

	for (i = NFM_ROW_FIRST; i < names; i++) {
		const struct wanted *found;
		char id[NFM_ID_SIZE];

		if (t->names[i].state == NFM_NAME_FREE)
			continue;
		memcpy(id, t->names[i].id, sizeof(id));
		id[sizeof(id) - 1] = '\0';
		found = bsearch(id, wanted, count, sizeof(*wanted), compare_id);
		if (found && (row[found->place] == UINT32_MAX ||
			      t->names[row[found->place]].state == NFM_NAME_REMOVED))
			row[found->place] = i;
	}
}

/* Sorts and leaves out what stands twice; returns how many are left. */
static uint32_t sort_wanted(struct wanted *wanted, uint32_t count)
{
	uint32_t kept = 0;
	uint32_t i;

	qsort(wanted, count, sizeof(*wanted), compare_wanted);
	for (i = 0; i < count; i++)
		if (!kept || strcmp(wanted[kept - 1].id, wanted[i].id))
			wanted[kept++] = wanted[i];
	return kept;
}

int nfm_metrics_customers_read(const struct nfm_metrics_source *source,
			       struct nfm_metrics_customers *out, struct nfm_error *error)
{
	struct wanted wanted[NFM_METRICS_CUSTOMERS];
	uint32_t count = (uint32_t)NFM_MIN(source->customer_count, (size_t)NFM_METRICS_CUSTOMERS);
	uint32_t *row;
	uint32_t i;

	*out = (struct nfm_metrics_customers){ 0 };
	if (!count)
		return 0;
	row = malloc(count * sizeof(*row));
	if (!row)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (i = 0; i < count; i++) {
		row[i] = UINT32_MAX;
		wanted[i] = (struct wanted){ source->customers[i], i };
	}
	find_rows(source->table, wanted, sort_wanted(wanted, count), row);
	*out = (struct nfm_metrics_customers){ row, count };
	return 0;
}

void nfm_metrics_customers_clear(struct nfm_metrics_customers *customers)
{
	free(customers->row);
	*customers = (struct nfm_metrics_customers){ 0 };
}

static void put_both(struct nfm_metrics_text *m, const struct nfm_metrics_source *source,
		     const struct nfm_metrics_customers *customers, enum nfm_metric metric,
		     unsigned int word)
{
	struct nfm_row sum;
	uint32_t i;

	for (i = 0; i < customers->count; i++) {
		if (customers->row[i] == UINT32_MAX)
			continue;
		nfm_table_sum(source->table, customers->row[i], &sum);
		nfm_metrics_begin(m, metric);
		nfm_metrics_label(m, "customer", source->customers[i]);
		nfm_metrics_label(m, "direction", "up");
		nfm_metrics_u64(m, sum.word[word]);
		nfm_metrics_begin(m, metric);
		nfm_metrics_label(m, "customer", source->customers[i]);
		nfm_metrics_label(m, "direction", "down");
		nfm_metrics_u64(m, sum.word[NFM_ROW_DOWN + word]);
	}
}

void nfm_metrics_customers(struct nfm_metrics_text *m, const struct nfm_metrics_source *source,
			   const struct nfm_metrics_customers *customers)
{
	struct nfm_row sum;
	uint32_t i;

	put_both(m, source, customers, NFM_METRIC_CUSTOMER_BYTES, 0);
	put_both(m, source, customers, NFM_METRIC_CUSTOMER_PACKETS, 1);
	put_both(m, source, customers, NFM_METRIC_CUSTOMER_RECORDS, 2);
	for (i = 0; i < customers->count; i++) {
		if (customers->row[i] == UINT32_MAX)
			continue;
		nfm_table_sum(source->table, customers->row[i], &sum);
		if (!sum.last_seen_ns)
			continue;
		nfm_metrics_begin(m, NFM_METRIC_CUSTOMER_SEEN);
		nfm_metrics_label(m, "customer", source->customers[i]);
		nfm_metrics_ns(m, nfm_view_unix_ns(&source->now, sum.last_seen_ns));
	}
}
