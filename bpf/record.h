/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One data record of NetFlow v9 or IPFIX into the batch, by its template's offsets. These are callbacks
 * of bpf_loop (kernel 5.17): a plain loop over records at offsets known only at run time takes the
 * verifier past its million instructions (6.18).
 */
#ifndef NFM_RECORD_H
#define NFM_RECORD_H

#include "rx.h"

/* Frames longer than this are handed over: offsets are masked, so that the verifier knows a bound. */
#define NFM_WALK_MOST 0x3fffU

/* What the callbacks get; the rest of the walk is in the scratch map: see nfm_walk_state. */
struct nfm_walk {
	struct xdp_md *md;
	struct nfm_template_pool *pool;
	struct nfm_scratch *batch;
	struct nfm_walk_state *s;
};

NFM_INLINE struct nfm_template_slot *pool_slot(struct nfm_template_pool *pool, __u32 number)
{
	return pool->slot + bounded(number, NFM_TEMPLATE_SLOTS);
}

/* `size` bytes, a constant, at an offset in the packet, or NULL. */
NFM_INLINE const void *packet_at(const struct nfm_walk *walk, __u32 offset, const __u32 size)
{
	const __u8 *data = (const void *)(long)walk->md->data;
	const void *end = (const void *)(long)walk->md->data_end;
	const __u8 *at;

	/* the mask has to stay where it is: clang would drop it, the verifier (6.18) needs it */
	__asm__ volatile("" : "+r"(offset));
	offset &= NFM_WALK_MOST;
	__asm__ volatile("" : "+r"(offset));
	at = data + offset;
	return (const void *)(at + size) > end ? NULL : at;
}

/* A counter of 1 to 8 bytes, the last ones of a 64-bit word; what is before it is cut off. */
NFM_INLINE int counter_at(const struct nfm_walk *walk, __u32 behind, __u32 size, __u64 *out)
{
	const __u64 *word_be = packet_at(walk, behind - sizeof(*word_be), sizeof(*word_be));
	__u32 cut = (64 - 8 * size) & 63;

	if (!word_be)
		return 0;
	*out = bpf_be64_to_cpu(*word_be) << cut >> cut;
	return 1;
}

/* Duration in ms; a last before the first is 0. Times are of one kind: see nfm_layout. */
NFM_INLINE int is_too_fast(const struct nfm_walk *walk, const struct nfm_layout *layout, __u64 bytes)
{
	__u32 size = layout->times == NFM_TIMES_UNIX_MS ? 8 : 4;
	__u64 first, last, duration_ms;

	if (layout->times == NFM_TIMES_NONE)
		return 0;
	if (!counter_at(walk, walk->s->record_at + layout->first_at + size, size, &first) ||
	    !counter_at(walk, walk->s->record_at + layout->last_at + size, size, &last))
		return 1;
	if (layout->times == NFM_TIMES_UPTIME) /* wraps after 49 days */
		duration_ms = (__s32)(last - first) < 0 ? 0 : (__u32)(last - first);
	else
		duration_ms = last < first ? 0 : last - first;
	if (layout->times == NFM_TIMES_UNIX_S)
		duration_ms *= 1000;
	return nfm_flow_is_too_fast(bytes, duration_ms);
}

/* Counters, with sampling; returns 0, or 1 if the agent has to look at the record. */
NFM_INLINE int record_counters(struct nfm_walk *walk, struct nfm_flow *flow)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	__u64 bytes, packets;

	if (!counter_at(walk, walk->s->record_at + layout->bytes_end, layout->bytes_size, &bytes) ||
	    !counter_at(walk, walk->s->record_at + layout->packets_end, layout->packets_size, &packets))
		return 1;
	if (nfm_flow_is_odd(bytes, packets))
		return 1;
	if (nfm_flow_is_too_fast(bytes, 0) && layout->bytes_size > 4 &&
	    is_too_fast(walk, layout, bytes))
		return 1;
	bytes *= walk->s->num;
	packets *= walk->s->num;
	if (walk->s->den > 1) {
		bytes = (bytes + walk->s->den / 2) / walk->s->den;
		packets = (packets + walk->s->den / 2) / walk->s->den;
	}
	flow->bytes = bytes;
	flow->packets = packets;
	walk->s->sum.bytes += bytes;
	walk->s->sum.packets += packets;
	return 0;
}

/* The record's place in the batch; NULL if there is none, which the set's length has ruled out. */
NFM_INLINE struct nfm_flow *record_begin(struct nfm_walk *walk, __u32 *index)
{
	*index = walk->s->count;
	__asm__ volatile("" : "+r"(*index));
	return *index < NFM_KERNEL_BATCH ? &walk->batch->flow[*index] : NULL;
}

NFM_INLINE long record_odd(struct nfm_walk *walk)
{
	walk->s->answer = NFM_REASON_ODD;
	return 1;
}

/* Addresses after NAT: the customer's side is looked up first (DESIGN: whose bytes). */
NFM_INLINE int record_nat4(struct nfm_walk *walk, struct nfm_flow *flow, struct nfm_alt *alt)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	const __u32 *post_be;

	if (layout->post_dst_at != NFM_AT_NONE) {
		post_be = packet_at(walk, walk->s->record_at + layout->post_dst_at, 4);
		if (!post_be)
			return 1;
		if (*post_be && *post_be != flow->dst4_be) {
			*(__u32 *)alt->dst = flow->dst4_be;
			flow->dst4_be = *post_be;
			flow->alt = NFM_ALT_DST;
		}
	}
	if (layout->post_src_at != NFM_AT_NONE) {
		post_be = packet_at(walk, walk->s->record_at + layout->post_src_at, 4);
		if (!post_be)
			return 1;
		if (*post_be && *post_be != flow->src4_be) {
			*(__u32 *)alt->src = *post_be;
			flow->alt |= NFM_ALT_SRC;
		}
	}
	walk->s->has_alt |= flow->alt;
	return 0;
}

static long record4(__u32 iteration, struct nfm_walk *walk)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	const __u32 *src_be, *dst_be;
	struct nfm_flow *flow;
	__u32 index;

	flow = record_begin(walk, &index);
	if (!flow)
		return record_odd(walk);
	src_be = packet_at(walk, walk->s->record_at + layout->src_at, 4);
	dst_be = packet_at(walk, walk->s->record_at + layout->dst_at, 4);
	if (!src_be || !dst_be || *src_be == *dst_be || record_counters(walk, flow))
		return record_odd(walk);
	flow->src4_be = *src_be;
	flow->dst4_be = *dst_be;
	flow->family = 4;
	flow->alt = 0;
	if (record_nat4(walk, flow, &walk->batch->alt[index]))
		return record_odd(walk);
	walk->s->record_at += layout->record_bytes;
	walk->s->count = index + 1;
	return 0;
}

static long record6(__u32 iteration, struct nfm_walk *walk)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	const struct nfm_addr *src, *dst;
	struct nfm_flow *flow;
	__u32 index;

	flow = record_begin(walk, &index);
	if (!flow)
		return record_odd(walk);
	src = packet_at(walk, walk->s->record_at + layout->src_at, 16);
	dst = packet_at(walk, walk->s->record_at + layout->dst_at, 16);
	if (!src || !dst || record_counters(walk, flow) ||
	    (src->half_be[0] == dst->half_be[0] && src->half_be[1] == dst->half_be[1]))
		return record_odd(walk);
	__builtin_memcpy(flow->src, src, 16);
	__builtin_memcpy(flow->dst, dst, 16);
	flow->family = 6;
	flow->alt = 0;
	walk->s->record_at += layout->record_bytes;
	walk->s->count = index + 1;
	return 0;
}

#endif
