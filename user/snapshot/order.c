// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/order.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define AHEAD 16U /* names that are fetched before they are compared */

/* A row with the first bytes in which the ids differ: most comparisons end there. */
struct key {
	uint64_t bytes; /* as a number that sorts as they do */
	uint32_t row;
};

const char *nfm_order_id(const struct nfm_name *names, uint32_t row, char id[NFM_ID_SIZE])
{
	const char *own = names[row].id;

	if (!own[0]) {
		snprintf(id, NFM_ID_SIZE, "row-%" PRIu32, row);
		return id;
	}
	if (!own[NFM_ID_SIZE - 1] || memchr(own, '\0', NFM_ID_SIZE))
		return own;
	memcpy(id, own, NFM_ID_SIZE - 1);
	id[NFM_ID_SIZE - 1] = '\0';
	return id;
}

static bool before(const struct nfm_name *names, uint32_t a, uint32_t b)
{
	char id_a[NFM_ID_SIZE], id_b[NFM_ID_SIZE];
	int order = strcmp(nfm_order_id(names, a, id_a), nfm_order_id(names, b, id_b));

	return order ? order < 0 : a < b;
}

static int compare_keys(const void *a, const void *b, void *names)
{
	const struct key *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	return before(names, x->row, y->row) ? -1 : 1;
}

/* Bytes that all ids begin with. */
static size_t common_prefix(const struct nfm_name *names, const struct key *keys, uint32_t count)
{
	char first_id[NFM_ID_SIZE], id[NFM_ID_SIZE];
	const char *first = nfm_order_id(names, keys[0].row, first_id);
	size_t common = strlen(first);

	for (uint32_t i = 1; i < count && common; i++) {
		const char *other = nfm_order_id(names, keys[i].row, id);
		size_t same = 0;

		while (same < common && first[same] == other[same])
			same++;
		common = same;
	}
	return common;
}

static uint64_t key_of(const char *id, size_t skip)
{
	uint64_t bytes_be = 0;

	memcpy(&bytes_be, id + skip, strnlen(id + skip, sizeof(bytes_be)));
	return be64toh(bytes_be);
}

static void sort(const struct nfm_name *names, struct key *keys, uint32_t count)
{
	char id[NFM_ID_SIZE];
	size_t skip;

	if (count < 2)
		return;
	skip = common_prefix(names, keys, count);
	for (uint32_t i = 0; i < count; i++)
		keys[i].bytes = key_of(nfm_order_id(names, keys[i].row, id), skip);
	qsort_r(keys, count, sizeof(*keys), compare_keys, (void *)names);
}

/*
 * Splits the rows into those that stand in order, which stay in `row`, and the others. A row that
 * stands too high is taken out itself, not all that come behind it.
 */
static uint32_t split(const struct nfm_order *order, const struct nfm_name *names, uint32_t end,
		      struct key *loose, uint32_t *loose_count)
{
	uint32_t *row = order->row;
	uint32_t kept = 0, out = 0;

	for (uint32_t i = 0; i < order->count; i++) {
		uint32_t this = row[i];

		if (i + AHEAD < order->count && row[i + AHEAD] < end)
			__builtin_prefetch(&names[row[i + AHEAD]]);
		if (this >= end)
			continue;
		if (kept && before(names, this, row[kept - 1])) {
			bool high = kept < 2 || !before(names, this, row[kept - 2]);

			loose[out++].row = high ? row[kept - 1] : this;
			if (high)
				row[kept - 1] = this;
			continue;
		}
		row[kept++] = this;
	}
	*loose_count = out;
	return kept;
}

/* Both are in order; from the end on, so that no row is written over before it is moved. */
static void merge(uint32_t *row, uint32_t kept, const struct key *loose, uint32_t count,
		  const struct nfm_name *names)
{
	uint32_t to = kept + count;

	while (count) {
		if (kept && before(names, loose[count - 1].row, row[kept - 1]))
			row[--to] = row[--kept];
		else
			row[--to] = loose[--count].row;
	}
}

int nfm_order_update(struct nfm_order *order, const struct nfm_name *names, uint32_t end)
{
	uint32_t wanted = end > NFM_ROW_FIRST ? end - NFM_ROW_FIRST : 0;
	_cleanup_free_ struct key *loose = malloc((wanted + 1ULL) * sizeof(*loose));
	uint32_t known = NFM_ROW_FIRST + order->count;
	uint32_t kept, count;
	uint32_t *row;

	if (!loose)
		return -ENOMEM;
	row = reallocarray(order->row, NFM_MAX(wanted, order->count) + 1ULL, sizeof(*row));
	if (!row)
		return -ENOMEM;
	order->row = row;
	kept = split(order, names, end, loose, &count);
	for (uint32_t new = known; new < end; new++)
		loose[count++].row = new;
	sort(names, loose, count);
	merge(row, kept, loose, count, names);
	order->count = kept + count;
	return 0;
}

void nfm_order_free(struct nfm_order *order)
{
	free(order->row);
	*order = (struct nfm_order){};
}
