/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pass 6: bytes that were sent before the open slot began. They stand in their rows like all
 * others; here they are added, too, to the slot in which they were sent.
 */
#ifndef NFM_EARLIER_H
#define NFM_EARLIER_H

#include "count.h"
#include "rx.h"

static long spread_slot(__u32 i, struct nfm_spreading *spreading)
{
	struct nfm_spread_state *s = spreading->s;

	return nfm_batch_spread_step(spreading, &s->flow, &s->slots);
}

static long spread_flow(__u32 i, struct nfm_spreading *spreading)
{
	struct nfm_spread_state *s = spreading->s;
	struct nfm_span span;
	__u32 answer;

	if (i >= NFM_KERNEL_BATCH)
		return 1;
	span = spreading->batch->span[i];
	if ((__s64)nfm_span_lateness(span, s->slots.elapsed_ms) >= 0)
		return 0;
	answer = nfm_batch_spread_open(&s->flow, &spreading->batch->flow[i], span, &s->slots);
	if (!answer)
		return 0;
	s->earlier++;
	s->oldest += answer - 1;
	bpf_loop(s->slots.count, spread_slot, spreading, 0);
	return 0;
}

/* Reads a word of the rows to come, so that all cache misses are under way at once. */
NFM_INLINE void touch_earlier(const struct nfm_spreading *spreading)
{
	const struct nfm_scratch *batch = spreading->batch;
	__u32 i;

	for (i = 0; i < NFM_KERNEL_BATCH && i < batch->spans; i++) {
		__u64 late = nfm_span_lateness(batch->span[i], batch->elapsed_ms);
		__u32 row = batch->flow[i].row & (__u32)((__s64)late >> 63);
		const struct nfm_row *to = nfm_batch_earlier(spreading, row, 0);

		__asm__ volatile("" : : "r"(to->slot[0].up_bytes));
	}
}

/* A global function, verified once; it finds its batch in the scratch map. */
__noinline int spread_batch(void)
{
	struct nfm_spreading spreading = {};
	struct nfm_spread_state *s;
	struct nfm_scratch *batch;
	const struct nfm_ctl *ctl;
	struct nfm_view view;
	__u32 zero = 0;

	ctl = bpf_map_lookup_elem(&nfm_ctl, &zero);
	batch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	if (!ctl || !batch || !view_open(&view, batch->rows))
		return 0; /* cannot be: for the verifier */
	spreading.earlier = bpf_map_lookup_elem(&nfm_earlier, &batch->rows);
	if (!spreading.earlier)
		return 0;
	s = &batch->spread;
	spreading.batch = batch;
	spreading.s = s;
	s->earlier = 0;
	s->oldest = 0;
	s->slots.elapsed_ms = batch->elapsed_ms;
	s->slots.slot_ms = ctl->slot_ms[batch->rows >= nfm_geometry.columns];
	s->slots.count = nfm_geometry.earlier_slots;
	if (!s->slots.slot_ms)
		return 0; /* no agent has opened a slot yet */
	touch_earlier(&spreading);
	bpf_loop(batch->spans, spread_flow, &spreading, 0);
	if (s->earlier)
		count_reason(&view, NFM_REASON_EARLIER, s->earlier, batch->now_ns);
	if (s->oldest)
		count_reason(&view, NFM_REASON_EARLIER_OLDEST, s->oldest, batch->now_ns);
	return 0;
}

#endif
