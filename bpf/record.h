/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data records of NetFlow v9 or IPFIX into the batch, by their template's offsets. A record's place
 * in the packet is known only at run time: each access is masked and checked for itself.
 */
#ifndef NFM_RECORD_H
#define NFM_RECORD_H

#include "rx.h"

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

NFM_INLINE long record_odd(struct nfm_walk *walk)
{
	walk->s->answer = NFM_REASON_ODD;
	return 1;
}

/* A counter of 1 to 8 bytes, the last ones of a 64-bit word; what is before it is cut off. */
#define NFM_RECORD_COUNTER(behind, cut)                                                           \
	(bpf_be64_to_cpu(*(const __u64 *)NFM_RECORD_AT((behind) - 8, 8)) << (cut) >> (cut))

/* 1 if the words differ, else 0: computed, because whether there is NAT cannot be predicted. */
NFM_INLINE __u8 differ(__u32 a, __u32 b)
{
	return (__u8)(((__u64)(a ^ b) + 0xffffffffU) >> 32);
}

#define NFM_RECORDS_PLAIN 0
#define NFM_RECORDS_ODD 1   /* the agent has to look at one of them */
#define NFM_RECORDS_LARGE 2 /* one is so large that its times have to be looked at */

/* A flow through a NAT. The customer's side of it is looked up first (DESIGN: whose bytes). */
NFM_INLINE void translate(struct nfm_flow *flow, struct nfm_alt *alt, __u32 src_be, __u32 dst_be,
			  __u32 from_be, __u32 to_be)
{
	to_be = to_be ?: dst_be;
	from_be = from_be ?: src_be;
	*(__u32 *)alt->dst = dst_be;
	*(__u32 *)alt->src = from_be;
	flow->dst4_be = to_be;
	flow->alt = differ(to_be, dst_be) * NFM_ALT_DST | differ(from_be, src_be) * NFM_ALT_SRC;
}

/*
 * The records of a set into the batch, which has room for them; `family` and `nat` are constants.
 * Returns NFM_RECORDS_….
 */
NFM_INLINE int decode_records(const struct nfm_walk *walk, const int family, const int nat)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	const __u8 *data = (const void *)(long)walk->md->data;
	const void *end = (const void *)(long)walk->md->data_end;
	struct nfm_walk_state *s = walk->s;
	__u64 odd = 0, large = 0;
	__u32 i;

	for (i = 0; i < NFM_KERNEL_BATCH && i < s->records; i++) {
		__u32 index = (s->count + i) & (NFM_KERNEL_BATCH - 1);
		struct nfm_flow *flow = &walk->batch->flow[index];
		__u32 at = s->record_at + i * layout->record_bytes;
		__u64 bytes, packets;

		nfm_barrier(); /* or clang keeps all offsets at hand, for which there is no stack */
		bytes = NFM_RECORD_COUNTER(at + layout->bytes_end,
					   (64 - 8 * layout->bytes_size) & 63);
		packets = NFM_RECORD_COUNTER(at + layout->packets_end,
					     (64 - 8 * layout->packets_size) & 63);
		odd |= nfm_flow_oddness(bytes, packets);
		large |= nfm_flow_largeness(bytes);
		flow->bytes = bytes * s->num;
		flow->packets = packets * s->num;
		flow->family = family;
		flow->alt = 0;
		if (family == 6) {
			const struct nfm_addr *src = NFM_RECORD_AT(at + layout->src_at, 16);
			const struct nfm_addr *dst = NFM_RECORD_AT(at + layout->dst_at, 16);

			__builtin_memcpy(flow->src, src, 16);
			__builtin_memcpy(flow->dst, dst, 16);
			odd |= nfm_flow_sameness6(flow->src, flow->dst);
		} else {
			__u32 src_be = *(const __u32 *)NFM_RECORD_AT(at + layout->src_at, 4);
			__u32 dst_be = *(const __u32 *)NFM_RECORD_AT(at + layout->dst_at, 4);

			odd |= nfm_flow_sameness(src_be, dst_be);
			flow->src4_be = src_be;
			flow->dst4_be = dst_be;
			if (nat) {
				__u32 to_be, from_be;

				to_be = *(const __u32 *)NFM_RECORD_AT(at + s->post_dst_at, 4);
				from_be = *(const __u32 *)NFM_RECORD_AT(at + s->post_src_at, 4);
				translate(flow, &walk->batch->alt[index], src_be, dst_be, from_be,
					  to_be);
				s->has_alt |= flow->alt;
			}
		}
		s->sum.bytes += flow->bytes;
		s->sum.packets += flow->packets;
	}
	s->count += s->records;
	if ((__s64)odd < 0)
		return NFM_RECORDS_ODD;
	return (__s64)large < 0 ? NFM_RECORDS_LARGE : NFM_RECORDS_PLAIN;
}

/*
 * Whether some of the same records may have begun before the open slot: by the time of the first
 * packet alone, in its own unit. Passes of their own: all of it at once needs too much stack.
 */
NFM_INLINE int may_be_late(const struct nfm_walk *walk)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	const __u8 *data = (const void *)(long)walk->md->data;
	const void *end = (const void *)(long)walk->md->data_end;
	struct nfm_walk_state *s = walk->s;
	__u64 late = s->times.relative; /* needs the last packet's, too */
	__u32 i;

	for (i = 0; i < NFM_KERNEL_BATCH && i < s->records; i++) {
		__u32 at = s->record_at + i * layout->record_bytes;
		__u64 first = NFM_RECORD_COUNTER(at + s->first_end, s->times_cut & 63);

		late |= nfm_times_may_be_late(&s->times, first, s->late_from);
	}
	return (__s64)late < 0;
}

/* Their ages. */
NFM_INLINE int decode_times(const struct nfm_walk *walk)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	const __u8 *data = (const void *)(long)walk->md->data;
	const void *end = (const void *)(long)walk->md->data_end;
	struct nfm_walk_state *s = walk->s;
	__s64 elapsed_ms = walk->batch->elapsed_ms;
	__u64 late = 0;
	__u32 i;

	/* of sets that are not late */
	for (i = s->spans; i < NFM_KERNEL_BATCH && i < s->count; i++)
		walk->batch->span[i & (NFM_KERNEL_BATCH - 1)] = (struct nfm_span){};
	for (i = 0; i < NFM_KERNEL_BATCH && i < s->records; i++) {
		__u32 index = (s->count + i) & (NFM_KERNEL_BATCH - 1);
		__u32 at = s->record_at + i * layout->record_bytes;
		struct nfm_span span;
		__u64 first, last;

		first = NFM_RECORD_COUNTER(at + s->first_end, s->times_cut & 63);
		last = NFM_RECORD_COUNTER(at + s->last_end, s->times_cut & 63);
		span = nfm_times_span(&s->times, first, last);
		late |= nfm_span_lateness(span, elapsed_ms);
		walk->batch->span[index] = span;
	}
	walk->batch->late |= late;
	s->spans = s->count + s->records;
	return 0;
}

/* ---- large records ---- */

NFM_INLINE int counter_at(const struct nfm_walk *walk, __u32 behind, __u32 size, __u64 *out)
{
	const __u64 *word_be = packet_at(walk, behind - sizeof(*word_be), sizeof(*word_be));
	__u32 cut = (64 - 8 * size) & 63;

	if (!word_be)
		return 0;
	*out = bpf_be64_to_cpu(*word_be) << cut >> cut;
	return 1;
}

/* Times are of one kind (nfm_layout); a last before the first is a duration of 0. */
NFM_INLINE int duration_at(const struct nfm_walk *walk, const struct nfm_layout *layout, __u32 at,
			   __u64 *out)
{
	__u32 size = nfm_times_bytes(layout->times);
	__u64 first, last;

	if (!counter_at(walk, at + layout->first_at + size, size, &first) ||
	    !counter_at(walk, at + layout->last_at + size, size, &last))
		return 0;
	if (layout->times == NFM_TIMES_UPTIME) /* wraps after 49 days */
		*out = (__s32)(last - first) < 0 ? 0 : (__u32)(last - first);
	else
		*out = last < first ? 0 : last - first;
	if (layout->times == NFM_TIMES_UNIX_S)
		*out *= 1000;
	else if (layout->times == NFM_TIMES_NTP)
		*out = *out * 1000 >> 32;
	return 1;
}

/* Whether one record of the set claims more than can be sent in its time. */
static long check_rate(__u32 i, struct nfm_walk *walk)
{
	const struct nfm_layout *layout = &pool_slot(walk->pool, walk->s->slot)->layout;
	__u32 at = walk->s->record_at + i * layout->record_bytes;
	__u64 bytes, duration_ms;

	if (!counter_at(walk, at + layout->bytes_end, layout->bytes_size, &bytes) ||
	    !duration_at(walk, layout, at, &duration_ms) ||
	    nfm_flow_is_too_fast(bytes, duration_ms))
		return record_odd(walk);
	return 0;
}

NFM_INLINE int walk_open(struct xdp_md *md, struct nfm_walk *walk)
{
	__u32 zero = 0;

	walk->md = md;
	walk->batch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	walk->pool = bpf_map_lookup_elem(&nfm_templates, &zero);
	if (!walk->batch || !walk->pool)
		return 0; /* cannot be: for the verifier */
	walk->s = &walk->batch->walk;
	return 1;
}

/*
 * The three kinds of sets. Global functions (kernel 5.6): the verifier follows each once, and not
 * once for each way to it.
 */
#define NFM_DECODE_RECORDS(name, family, nat)                                                     \
	__noinline int name(struct xdp_md *md)                                                    \
	{                                                                                         \
		struct nfm_walk walk;                                                             \
                                                                                                  \
		return walk_open(md, &walk) ? decode_records(&walk, family, nat) : 1;             \
	}
NFM_DECODE_RECORDS(decode_records4, 4, 0)
NFM_DECODE_RECORDS(decode_records4_nat, 4, 1)
NFM_DECODE_RECORDS(decode_records6, 6, 0)

__noinline int decode_lateness(struct xdp_md *md)
{
	struct nfm_walk walk;

	return walk_open(md, &walk) ? may_be_late(&walk) : 0;
}

__noinline int decode_spans(struct xdp_md *md)
{
	struct nfm_walk walk;

	return walk_open(md, &walk) ? decode_times(&walk) : 1;
}

#endif
