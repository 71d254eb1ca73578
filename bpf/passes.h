/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Passes 2 to 5 over a decoded datagram: look up, decide, touch, add. A function of its own for the
 * verifier (a global one, kernel 5.6), which so follows these loops once instead of once for each
 * way in which a datagram may have been decoded (6.18: together over a million instructions).
 */
#ifndef NFM_PASSES_H
#define NFM_PASSES_H

#include "count.h"
#include "rx.h"
#include "sequence.h"

struct nfm_look_up {
	struct nfm_view view;
	struct nfm_scratch *batch;
	__u64 local;
	__u32 kinds;
};

static long look_up_flow(__u32 i, struct nfm_look_up *look)
{
	if (i >= NFM_KERNEL_BATCH)
		return 1;
	look->local |= nfm_batch_look_up_flow(&look->view, &look->batch->flow[i], 1, &look->kinds);
	return 0;
}

static long look_up_other(__u32 i, struct nfm_look_up *look)
{
	if (i >= NFM_KERNEL_BATCH)
		return 1;
	if (look->batch->flow[i].alt)
		look->local |= nfm_batch_look_up_other(&look->view, &look->batch->flow[i],
						       &look->batch->alt[i], &look->kinds);
	return 0;
}

/* Not 0 if some flow has another address for one that matches nobody: most have not. */
NFM_INLINE __u64 lacks_leaf(const struct nfm_scratch *batch)
{
	__u64 lacks = 0;
	__u32 i;

	for (i = 0; i < NFM_KERNEL_BATCH && i < batch->count; i++) {
		const struct nfm_flow *f = &batch->flow[i];
		__u64 no_up = (__u64)f->up - 1, no_down = (__u64)f->down - 1;

		lacks |= f->alt & (no_up >> 63 | no_down >> 63 << 1);
	}
	return lacks;
}

/*
 * Pass 2. A batch of IPv4 flows goes through a plain loop; IPv6 and NAT through bpf_loop, because
 * sixteen steps for each address of 32 flows are too much for the verifier in one piece.
 */
NFM_INLINE void look_up(const struct nfm_view *view, struct nfm_scratch *batch)
{
	struct nfm_look_up look = { .view = *view, .batch = batch };
	__u32 kinds = 0;

	if (batch->has_v6)
		bpf_loop(batch->count, look_up_flow, &look, 0);
	else
		kinds = nfm_batch_look_up(view, batch->flow, batch->count, 0);
	if (batch->has_alt && lacks_leaf(batch))
		bpf_loop(batch->count, look_up_other, &look, 0);
	batch->kinds = kinds | nfm_batch_kinds(look.kinds, look.local);
}

/* Passes 4 and 5, and the exporter's row: from here on nothing can fail. */
NFM_INLINE void count_batch(const struct nfm_view *view, const struct nfm_scratch *batch,
			    __u32 kinds)
{
	struct nfm_row *row;

	nfm_batch_touch(view, batch->flow, batch->count);
	nfm_batch_add(view, batch->flow, batch->count, batch->now_ns, kinds);
	row = nfm_batch_row(view, nfm_geometry.capacity + batch->exporter);
	row->exporter.bytes += batch->sum.bytes;
	row->exporter.packets += batch->sum.packets;
	row->exporter.records += batch->count;
	row->exporter.datagrams++;
	row->exporter.seen_ns = batch->now_ns;
	if (kinds & NFM_LEAF_FULL)
		count_reason(view, NFM_REASON_CUSTOMERS_FULL,
			     nfm_batch_count_full(batch->flow, batch->count), batch->now_ns);
}

/* Counts this CPU's batch. Returns NFM_REASON_NONE, or a reason for which nothing was added. */
__noinline __u32 count_datagram(void)
{
	struct nfm_scratch *batch;
	struct nfm_view view;
	__u32 zero = 0;

	batch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	if (!batch || !view_open(&view, batch->rows))
		return NFM_REASON_NO_COLUMN; /* cannot be: for the verifier */
	if (batch->divide_by > 1) {
		nfm_batch_divide(batch->flow, batch->count, batch->divide_by);
		nfm_batch_add_up(batch->flow, batch->count, &batch->sum);
	}
	look_up(&view, batch);
	nfm_barrier(); /* what was stored is read back, and unknown to the verifier */
	if (batch->kinds & NFM_LEAF_DISCOVER)
		return NFM_REASON_NEW_CUSTOMER;
	count_batch(&view, batch, batch->kinds);
	sequence_log(batch);
	return NFM_REASON_NONE;
}

#endif
