/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The batch: the normalized flows of one datagram, and the passes over it that are the
 * same for every version, in the kernel and in the agent: look up, decide, touch, add.
 *
 * The includer defines, before it includes this file with NFM_BATCH_PASSES set,
 *   nfm_stride_page(env, number)  → const struct nfm_page * or NULL
 *   nfm_batch_row(env, row)       → struct nfm_row * of the writer's column or NULL
 *   nfm_batch_earlier(env, row, index) -> struct nfm_row * with slot[], of the same column, or NULL
 */
#ifndef NFM_BATCH_H
#define NFM_BATCH_H

#include "abi.h"
#include "reasons.h"
#include "stride.h"
#include "times.h"

/* What fits an Ethernet frame: 30 records of v5, with room for a power of two. */
#define NFM_KERNEL_BATCH 32U

/** A flow record, whatever version it came in. Addresses in network order. */
struct nfm_flow {
	union {
		__u8 src[16];
		__u32 src4_be;
	};
	union {
		__u8 dst[16];
		__u32 dst4_be;
	};
	__u64 bytes;   /* sampling applied */
	__u64 packets; /* sampling applied */
	/* by pass 2 */
	__u32 up;   /* leaf of the source */
	__u32 down; /* leaf of the destination */
	__u32 row;  /* where pass 5 adds it: down's row, else up's, else `unmatched` */
	__u16 half; /* and to which half: 0, or NFM_ROW_DOWN */
	/* by pass 1 */
	__u8 family; /* 4 or 6 */
	__u8 alt;    /* NFM_ALT_…: addresses that count where the first ones match nobody */
};

#define NFM_ALT_SRC 0x1U
#define NFM_ALT_DST 0x2U

/**
 * A flow's other addresses, of records with NAT. The customer's side of the NAT counts: the flow
 * has the post-NAT destination and the source as it came, this the destination as it came and
 * the post-NAT source.
 */
struct nfm_alt {
	__u8 src[16];
	__u8 dst[16];
};

/* More than 20 to 65,535 bytes a packet cannot be: what is outside wrapped, is empty or wrong. */
#define NFM_PACKET_LEAST 20U
#define NFM_PACKET_MOST 65535U
/* Nor can more than 64 MiB a millisecond (537 Gbit/s), clocks of 100 ms provided. */
#define NFM_RATE_SHIFT 26U
#define NFM_RATE_SLACK_MS 100U

/**
 * Whether a record's counters, as sent, need a second look (see NFM_PACKET_LEAST): then the sign
 * bit is set. Arithmetic, not comparison: the datapath collects it over a batch, and each branch
 * would double what the verifier has to follow.
 */
static inline __attribute__((always_inline)) __u64 nfm_flow_oddness(__u64 bytes, __u64 packets)
{
	return (NFM_PACKET_MOST * packets - bytes) | (bytes - NFM_PACKET_LEAST * packets) |
	       (packets - 1);
}

/** The same for addresses that are the same. */
static inline __attribute__((always_inline)) __u64 nfm_flow_sameness(__u32 src, __u32 dst)
{
	return (__u64)(src ^ dst) - 1;
}

static inline __attribute__((always_inline)) __u64 nfm_flow_sameness6(const __u8 *src,
								      const __u8 *dst)
{
	const __u32 *a = (const __u32 *)src, *b = (const __u32 *)dst;

	return (__u64)((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) - 1;
}

static inline __attribute__((always_inline)) int nfm_flow_is_odd(__u64 bytes, __u64 packets)
{
	return (__s64)nfm_flow_oddness(bytes, packets) < 0;
}

/** The same for a record so large that only its times can tell whether that much can be sent. */
static inline __attribute__((always_inline)) __u64 nfm_flow_largeness(__u64 bytes)
{
	return NFM_RATE_SLACK_MS - (bytes >> NFM_RATE_SHIFT);
}

/** Whether so many bytes can be sent in that time. */
static inline __attribute__((always_inline)) int nfm_flow_is_too_fast(__u64 bytes,
								      __u64 duration_ms)
{
	return bytes >> NFM_RATE_SHIFT > duration_ms + NFM_RATE_SLACK_MS;
}

_Static_assert(sizeof(struct nfm_flow) == 64, "a flow is a cache line");

/* In look up's answer, beside the leaves' kinds: some flow has a customer on both sides. */
#define NFM_BATCH_LOCAL 0x1U

/** A flow whose bytes go to the slots in which they were sent: see nfm_batch_spread_step(). */
struct nfm_spread {
	struct nfm_span span;
	__u64 bytes;
	__u64 newer; /* of these, in slots newer than `back` */
	__u32 back;  /* the next slot; 0: none */
	__u32 row;
	__u32 up; /* the source's row where the flow is local, else 0 */
	__u32 half;
};

/** Sums of a batch, for the exporter's row. */
struct nfm_batch_sum {
	__u64 bytes;
	__u64 packets;
};

#endif

#ifdef NFM_BATCH_PASSES
#undef NFM_BATCH_PASSES
#define NFM_STRIDE_LOOKUP
#include "stride.h"

#ifndef NFM_BATCH_LIMIT
#error "define NFM_BATCH_LIMIT: the most flows of a batch (a bound for the verifier)"
#endif

/**
 * End of pass 1 where the exporter's sampling is a fraction: the decoder has multiplied by the
 * numerator, this divides by the denominator, rounding to the nearest.
 */
static inline __attribute__((always_inline)) void
nfm_batch_divide(struct nfm_flow *flow, __u32 count, __u32 den)
{
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		flow[i].bytes = (flow[i].bytes + den / 2) / den;
		flow[i].packets = (flow[i].packets + den / 2) / den;
	}
}

/** The batch's sums, for a decoder that does not sum as it goes. */
static inline __attribute__((always_inline)) void
nfm_batch_add_up(const struct nfm_flow *flow, __u32 count, struct nfm_batch_sum *sum)
{
	__u32 i;

	sum->bytes = 0;
	sum->packets = 0;
	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		sum->bytes += flow[i].bytes;
		sum->packets += flow[i].packets;
	}
}

/* A leaf's row; a leaf without a row has number 0, which is `unmatched`. */
static inline __attribute__((always_inline)) __u32 nfm_batch_leaf_row(__u32 leaf)
{
	return leaf & NFM_ENTRY_NUMBER;
}

/*
 * Chooses row and half. Computed, not branched on: which way traffic goes cannot be predicted.
 * Returns not 0 if both sides have a customer; `up` then gets its share in a pass of its own.
 */
static inline __attribute__((always_inline)) __u64 nfm_batch_choose(struct nfm_flow *flow)
{
	__u64 up = nfm_batch_leaf_row(flow->up);
	__u64 down = nfm_batch_leaf_row(flow->down);
	__u64 is_down = 0 - down; /* the sign bit says it: rows have 28 bits */

	__asm__ volatile("" : "+r"(is_down)); /* or clang makes a branch of it */
	is_down = (__u64)((__s64)is_down >> 63);
	flow->row = (__u32)(down | (up & ~is_down));
	flow->half = (__u16)(is_down & NFM_ROW_DOWN);
	return up * down;
}

static inline __attribute__((always_inline)) __u32
nfm_batch_leaf(const void *env, const __u8 *addr, __u32 family)
{
	if (family == 6)
		return nfm_stride_lookup(env, addr, NFM_STRIDE_ROOT_V6, 16);
	return nfm_stride_lookup(env, addr, NFM_STRIDE_ROOT_V4, 4);
}

/*
 * Pass 2 for one flow. `v6`, a constant: it may be of family 6. Adds the leaves' kinds to *kinds;
 * returns not 0 if both sides have a customer.
 */
static inline __attribute__((always_inline)) __u64
nfm_batch_look_up_flow(const void *env, struct nfm_flow *f, const int v6, __u32 *kinds)
{
	f->up = nfm_batch_leaf(env, f->src, v6 ? f->family : 4);
	f->down = nfm_batch_leaf(env, f->dst, v6 ? f->family : 4);
	*kinds |= f->up | f->down;
	return nfm_batch_choose(f);
}

/* After it, for a flow with other addresses: one that matches nobody gives way to the other one. */
static inline __attribute__((always_inline)) __u64
nfm_batch_look_up_other(const void *env, struct nfm_flow *f, const struct nfm_alt *alt,
			__u32 *kinds)
{
	if (f->alt & NFM_ALT_SRC && !f->up) {
		__builtin_memcpy(f->src, alt->src, sizeof(f->src));
		f->up = nfm_batch_leaf(env, f->src, f->family);
	}
	if (f->alt & NFM_ALT_DST && !f->down) {
		__builtin_memcpy(f->dst, alt->dst, sizeof(f->dst));
		f->down = nfm_batch_leaf(env, f->dst, f->family);
	}
	*kinds |= f->up | f->down;
	return nfm_batch_choose(f);
}

/* The answer of passes 2 and 3. */
static inline __attribute__((always_inline)) __u32 nfm_batch_kinds(__u32 kinds, __u64 local)
{
	return (kinds & NFM_ENTRY_KIND) | (local ? NFM_BATCH_LOCAL : 0);
}

/**
 * Passes 2 and 3: finds both leaves of every flow. `v6`, a constant: flows of family 6 may be among
 * them. Returns all leaves' kinds together: with NFM_LEAF_DISCOVER in it a row has to be made
 * first, with NFM_LEAF_FULL some flow counts as unmatched for want of a row; and NFM_BATCH_LOCAL.
 */
static inline __attribute__((always_inline)) __u32
nfm_batch_look_up(const void *env, struct nfm_flow *flow, __u32 count, const int v6)
{
	__u64 local = 0;
	__u32 kinds = 0;
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++)
		local |= nfm_batch_look_up_flow(env, &flow[i], v6, &kinds);
	return nfm_batch_kinds(kinds, local);
}

/** Flows for whose customer no row was left. */
static inline __attribute__((always_inline)) __u32
nfm_batch_count_full(const struct nfm_flow *flow, __u32 count)
{
	__u32 full = 0;
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++)
		full += (flow[i].up | flow[i].down) / NFM_LEAF_FULL & 1;
	return full;
}

/** Pass 4: reads a word of every row, so that all cache misses are under way at once. */
static inline __attribute__((always_inline)) void
nfm_batch_touch(const void *env, const struct nfm_flow *flow, __u32 count)
{
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		const struct nfm_row *row = nfm_batch_row(env, flow[i].row);

		if (!NFM_IS_MISSING(row))
			__asm__ volatile("" : : "r"(row->last_seen_ns));
	}
}

/* Adds a flow to one half of a row: 0, or NFM_ROW_DOWN. */
static inline __attribute__((always_inline)) void
nfm_batch_add_half(const void *env, __u32 number, __u32 half, const struct nfm_flow *flow,
		   __u64 now_ns)
{
	struct nfm_row *row = nfm_batch_row(env, number);
	__u64 *word;

	if (NFM_IS_MISSING(row))
		return;
	word = &row->word[half];
	word[0] += flow->bytes;
	word[1] += flow->packets;
	word[2]++;
	row->last_seen_ns = now_ns;
}

/* Flows with a customer on both sides: the source's share, and `local`. */
static inline __attribute__((always_inline)) void
nfm_batch_add_local(const void *env, const struct nfm_flow *flow, __u32 count, __u64 now_ns)
{
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		__u32 up = nfm_batch_leaf_row(flow[i].up);

		if (!up || !flow[i].half)
			continue;
		nfm_batch_add_half(env, up, 0, &flow[i], now_ns);
		nfm_batch_add_half(env, NFM_ROW_LOCAL, 0, &flow[i], now_ns);
	}
}

/**
 * Pass 5: adds every flow to its rows: a source's customer gets it as up, a destination's as
 * down; a flow with both is also `local`, one with neither `unmatched`. `kinds`: look up's answer.
 */
static inline __attribute__((always_inline)) void
nfm_batch_add(const void *env, const struct nfm_flow *flow, __u32 count, __u64 now_ns,
	      __u32 kinds)
{
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		/* `half` is one of two: the mask says so to the verifier */
		__u32 half = flow[i].half & NFM_ROW_DOWN;

		nfm_batch_add_half(env, flow[i].row, half, &flow[i], now_ns);
	}
	if (kinds & NFM_BATCH_LOCAL)
		nfm_batch_add_local(env, flow, count, now_ns);
}

/*
 * Pass 6, of flows that began before the open slot: their bytes stand in their rows, and here in
 * addition by the slot in which they were sent. Returns not 0 if the flow has bytes in earlier
 * slots; 2 if some of them are older than all slots, and go to the oldest.
 */
static inline __attribute__((always_inline)) __u32
nfm_batch_spread_open(struct nfm_spread *s, const struct nfm_flow *flow, struct nfm_span span,
		      const struct nfm_slots *slots)
{
	__s64 reach_ms = slots->elapsed_ms + (__s64)slots->count * (__s64)slots->slot_ms;

	s->span = nfm_span_settle(span);
	s->bytes = flow->bytes;
	s->newer = 0;
	s->row = flow->row;
	s->half = flow->half & NFM_ROW_DOWN;
	s->up = s->half ? nfm_batch_leaf_row(flow->up) : 0;
	s->back = nfm_span_newest(s->span, slots);
	if (!s->back) {
		s->newer = nfm_span_upto(s->bytes, s->span, slots, 0);
		s->back = 1;
	}
	if (s->newer >= s->bytes)
		return 0;
	return (__s64)s->span.first_ms > reach_ms ? 2 : 1;
}

static inline __attribute__((always_inline)) void
nfm_batch_add_slot(const void *env, __u32 number, __u32 back, __u32 down, __u64 bytes)
{
	__u32 at = back - 1;
	struct nfm_row *row = nfm_batch_earlier(env, number, at / NFM_EARLIER_PER_ROW);

	if (NFM_IS_MISSING(row))
		return;
	row->word[(at % NFM_EARLIER_PER_ROW * 2 + down) & (NFM_ROW_WORDS - 1)] += bytes;
}

/** Adds one slot's bytes; not 0 if the flow is done. */
static inline __attribute__((always_inline)) __u32
nfm_batch_spread_step(const void *env, struct nfm_spread *s, const struct nfm_slots *slots)
{
	__u64 upto = nfm_span_upto(s->bytes, s->span, slots, s->back);
	__u64 bytes = upto - s->newer;

	nfm_batch_add_slot(env, s->row, s->back, s->half ? 1 : 0, bytes);
	if (s->up) {
		nfm_batch_add_slot(env, s->up, s->back, 0, bytes);
		nfm_batch_add_slot(env, NFM_ROW_LOCAL, s->back, 0, bytes);
	}
	s->newer = upto;
	s->back++;
	return upto >= s->bytes;
}
#endif
