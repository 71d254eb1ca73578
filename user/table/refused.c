// SPDX-License-Identifier: GPL-2.0-only
/* Sources that were refused: the datapath's map and the agent's own list, as one. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "table/table.h"

static void merge(struct nfm_refused *list, uint32_t *count, uint32_t size,
		  const struct nfm_addr *addr, const struct nfm_refusal *refusal)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (memcmp(&list[i].addr, addr, sizeof(*addr)))
			continue;
		list[i].refusal.datagrams += refusal->datagrams;
		if (refusal->last_seen_ns > list[i].refusal.last_seen_ns)
			list[i].refusal.last_seen_ns = refusal->last_seen_ns;
		return;
	}
	if (*count < size)
		list[(*count)++] = (struct nfm_refused){ .addr = *addr, .refusal = *refusal };
}

static int merge_map(const struct nfm_table *t, struct nfm_refused *list, uint32_t *count,
		     uint32_t size)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct nfm_refusal *values = NULL;
	struct nfm_addr key;
	struct nfm_addr *previous = NULL;

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	/* bounded: the map changes under us, and a vanished key would start it over */
	for (uint32_t n = 0; n < 2 * NFM_REFUSED_ENTRIES; n++) {
		struct nfm_refusal sum = {};

		if (bpf_map_get_next_key(t->refusals_fd, previous, &key) < 0)
			break;
		previous = &key;
		if (bpf_map_lookup_elem(t->refusals_fd, &key, values) < 0)
			continue;
		for (int i = 0; i < cpus; i++) {
			sum.datagrams += values[i].datagrams;
			if (values[i].last_seen_ns > sum.last_seen_ns)
				sum.last_seen_ns = values[i].last_seen_ns;
		}
		merge(list, count, size, &key, &sum);
	}
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct nfm_refused *)a)->refusal.last_seen_ns;
	uint64_t y = ((const struct nfm_refused *)b)->refusal.last_seen_ns;

	return (y > x) - (y < x);
}

int nfm_table_refused(const struct nfm_table *t, struct nfm_refused *out, uint32_t size)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < NFM_REFUSED_ENTRIES; i++)
		if (t->refused[i].refusal.datagrams)
			merge(out, &count, size, &t->refused[i].addr, &t->refused[i].refusal);
	if (t->refusals_fd >= 0) {
		int r = merge_map(t, out, &count, size);

		if (r < 0)
			return r;
	}
	qsort(out, count, sizeof(*out), newest_first);
	return (int)count;
}
