/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of this CPU's column: who holds a pointer to one is its only writer. */
#ifndef NFM_COUNT_H
#define NFM_COUNT_H

#include "rx.h"

/*
 * An index below `limit`; one that is not (there is none) becomes 0. In assembly, because clang
 * may compute an address before the check that bounds it, which the verifier does not accept.
 */
NFM_INLINE __u64 bounded(__u64 index, __u64 limit)
{
	__asm__ volatile("if %[index] < %[limit] goto +1\n"
			 "%[index] = 0"
			 : [index] "+r"(index)
			 : [limit] "r"(limit));
	return index;
}

/* bpf/abi/batch.h asks for these two; `env` is the rx. */
NFM_INLINE const struct nfm_page *nfm_stride_page(const void *env, __u32 number)
{
	const struct nfm_rx *rx = env;

	return rx->pages + bounded(number, nfm_geometry.pages);
}

NFM_INLINE struct nfm_row *nfm_batch_row(const void *env, __u32 row)
{
	const struct nfm_rx *rx = env;

	return rx->rows + bounded(row, nfm_geometry.stride);
}

/* The root's 65,536 entries stand in a row: two bytes of the address are the index. */
NFM_INLINE __u32 root_entry(const void *env, __u32 root, const __u8 *addr)
{
	const struct nfm_rx *rx = env;
	const __u32 *entry = (const void *)rx->pages;

	return entry[root * 256 + bpf_ntohs(*(const __u16 *)addr)];
}

#define NFM_STRIDE_ROOT_ENTRY(env, root, addr) root_entry(env, root, addr)
#define NFM_NEVER_MISSING /* count_open() has checked both */
#define NFM_BATCH_LIMIT NFM_KERNEL_BATCH
#define NFM_BATCH_PASSES
#include "abi/batch.h"

/* Finds this CPU's column of the open bank, and the stride table: once for a datagram. */
NFM_INLINE int count_open(struct nfm_rx *rx)
{
	__u32 entry = (__u32)(rx->ctl->epoch & 1) * nfm_geometry.columns + rx->column;
	__u32 zero = 0;

	rx->rows = bpf_map_lookup_elem(&nfm_rows, &entry);
	rx->pages = bpf_map_lookup_elem(&nfm_pages, &zero);
	return rx->rows && rx->pages;
}

NFM_INLINE void count_reason(const struct nfm_rx *rx, __u32 reason, __u32 records)
{
	struct nfm_row *row = nfm_batch_row(rx, nfm_geometry.capacity + nfm_geometry.exporters +
						       (reason & (NFM_REASON_ROWS - 1)));

	if (!row)
		return;
	row->reason.datagrams++;
	row->reason.records += records;
	row->reason.seen_ns = rx->now_ns;
}

/* A datagram of a known exporter that is not counted. */
NFM_INLINE void count_rejected(const struct nfm_rx *rx)
{
	struct nfm_row *row;

	if (!rx->admitted)
		return;
	row = nfm_batch_row(rx, nfm_geometry.capacity + rx->admission.exporter);
	if (!row)
		return;
	row->exporter.rejected_datagrams++;
	row->exporter.rejected_records += rx->rejected;
	row->exporter.seen_ns = rx->now_ns;
}

/* Passes 4 and 5, and the exporter's row: from here on nothing can fail. */
NFM_INLINE void count_batch(const struct nfm_rx *rx, const struct nfm_scratch *batch, __u32 kinds)
{
	struct nfm_row *row;

	nfm_batch_touch(rx, batch->flow, batch->count);
	nfm_batch_add(rx, batch->flow, batch->count, rx->now_ns, kinds);
	row = nfm_batch_row(rx, nfm_geometry.capacity + rx->admission.exporter);
	if (row) {
		row->exporter.bytes += rx->sum.bytes;
		row->exporter.packets += rx->sum.packets;
		row->exporter.records += rx->count;
		row->exporter.datagrams++;
		row->exporter.seen_ns = rx->now_ns;
	}
	if (kinds & NFM_LEAF_FULL)
		count_reason(rx, NFM_REASON_CUSTOMERS_FULL,
			     nfm_batch_count_full(batch->flow, batch->count));
}

#endif
