/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of this CPU's column: who holds a pointer to one is its only writer. */
#ifndef NFM_COUNT_H
#define NFM_COUNT_H

#include "rx.h"

/* bpf/abi/batch.h asks for these two; `env` is the rx. */
NFM_INLINE const struct nfm_page *nfm_stride_page(const void *env, __u32 number)
{
	(void)env;
	return bpf_map_lookup_elem(&nfm_pages, &number);
}

NFM_INLINE struct nfm_row *nfm_batch_row(const void *env, __u32 row)
{
	const struct nfm_rx *rx = env;
	__u32 index = rx->base + row;

	return bpf_map_lookup_elem(&nfm_rows, &index);
}

#define NFM_BATCH_LIMIT NFM_KERNEL_BATCH
#define NFM_BATCH_PASSES
#include "abi/batch.h"

/*
 * nfm_row_index() of the open bank. It reads the sizes as what they are, volatile: through a cast
 * to plain const clang would fold in the defaults and not see the loaded ones.
 */
NFM_INLINE __u32 column_base(const struct nfm_ctl *ctl, __u32 column)
{
	return ((__u32)(ctl->epoch & 1) * nfm_geometry.columns + column) * nfm_geometry.stride;
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
NFM_INLINE void count_batch(const struct nfm_rx *rx, const struct nfm_scratch *batch)
{
	struct nfm_batch_sum sum = {};
	struct nfm_row *row;

	nfm_batch_touch(rx, batch->flow, batch->count);
	nfm_batch_add(rx, batch->flow, batch->count, rx->now_ns, &sum);
	row = nfm_batch_row(rx, nfm_geometry.capacity + rx->admission.exporter);
	if (row) {
		row->exporter.bytes += sum.bytes;
		row->exporter.packets += sum.packets;
		row->exporter.records += rx->count;
		row->exporter.datagrams++;
		row->exporter.seen_ns = rx->now_ns;
	}
	if (sum.full)
		count_reason(rx, NFM_REASON_CUSTOMERS_FULL, sum.full);
}

#endif
