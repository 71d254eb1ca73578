/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The batch: the normalized flows of one datagram, and the passes over it that are the
 * same for every version, in the kernel and in the agent: look up, decide, touch, add.
 *
 * The includer defines, before it includes this file with NFM_BATCH_PASSES set,
 *   nfm_stride_page(env, number)  → const struct nfm_page * or NULL
 *   nfm_batch_row(env, row)       → struct nfm_row * of the writer's column or NULL
 */
#ifndef NFM_BATCH_H
#define NFM_BATCH_H

#include "abi.h"
#include "reasons.h"
#include "stride.h"

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
	__u32 up;      /* leaf of the source, by pass 2 */
	__u32 down;    /* leaf of the destination, by pass 2 */
	__u32 family;  /* 4 or 6 */
	__u32 reserved;
};

_Static_assert(sizeof(struct nfm_flow) == 64, "a flow is a cache line");

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

/**
 * Passes 2 and 3: finds both leaves of every flow. Returns all leaves' kinds together: with
 * NFM_LEAF_DISCOVER in it a row has to be made first, with NFM_LEAF_FULL some flow counts as
 * unmatched for want of a row.
 */
static inline __attribute__((always_inline)) __u32
nfm_batch_look_up(const void *env, struct nfm_flow *flow, __u32 count)
{
	__u32 kinds = 0;
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		struct nfm_flow *f = &flow[i];

#ifdef NFM_BATCH_V6
		if (f->family == 6) {
			f->up = nfm_stride_lookup(env, f->src, NFM_STRIDE_ROOT_V6, 16);
			f->down = nfm_stride_lookup(env, f->dst, NFM_STRIDE_ROOT_V6, 16);
		} else
#endif
		{
			f->up = nfm_stride_lookup(env, f->src, NFM_STRIDE_ROOT_V4, 4);
			f->down = nfm_stride_lookup(env, f->dst, NFM_STRIDE_ROOT_V4, 4);
		}
		kinds |= f->up | f->down;
	}
	return kinds & NFM_ENTRY_KIND;
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

/* A leaf's row; a leaf without a row has number 0, which is `unmatched`. */
static inline __attribute__((always_inline)) __u32 nfm_batch_leaf_row(__u32 leaf)
{
	return leaf & NFM_ENTRY_NUMBER;
}

/**
 * Pass 4: reads a word of every row, so that all cache misses are under way at once. Mostly a flow
 * has one customer: up | down is its row then.
 */
static inline __attribute__((always_inline)) void
nfm_batch_touch(const void *env, const struct nfm_flow *flow, __u32 count)
{
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		__u32 up = nfm_batch_leaf_row(flow[i].up);
		__u32 down = nfm_batch_leaf_row(flow[i].down);
		const struct nfm_row *row;

		if ((__u64)up * down != 0) {
			row = nfm_batch_row(env, up);
			if (!NFM_IS_MISSING(row))
				__asm__ volatile("" : : "r"(row->last_seen_ns));
			up = 0;
		}
		row = nfm_batch_row(env, up | down);
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

	if (NFM_IS_MISSING(row))
		return;
	row->word[half] += flow->bytes;
	row->word[half + 1] += flow->packets;
	row->word[half + 2]++;
	row->last_seen_ns = now_ns;
}

/**
 * Pass 5: adds every flow to its rows: a source's customer gets it as up, a destination's as
 * down; a flow with both is also `local`, one with neither `unmatched`.
 * Which half is computed, not branched on: the direction of traffic cannot be predicted. A product
 * asks for both customers in one branch that is seldom taken, where && would be two.
 */
static inline __attribute__((always_inline)) void
nfm_batch_add(const void *env, const struct nfm_flow *flow, __u32 count, __u64 now_ns)
{
	__u32 i;

	for (i = 0; i < NFM_BATCH_LIMIT && i < count; i++) {
		const struct nfm_flow *f = &flow[i];
		__u32 up = nfm_batch_leaf_row(f->up);
		__u32 down = nfm_batch_leaf_row(f->down);
		__u64 is_down;

		if ((__u64)up * down != 0) {
			nfm_batch_add_half(env, up, 0, f, now_ns);
			nfm_batch_add_half(env, NFM_ROW_LOCAL, 0, f, now_ns);
			up = 0;
		}
		is_down = 0 - (__u64)down;
		__asm__ volatile("" : "+r"(is_down)); /* or clang makes a branch of it again */
		nfm_batch_add_half(env, up | down, (is_down >> 63) * NFM_ROW_DOWN, f, now_ns);
	}
}
#endif
