// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfmeter's datapath: parse → admit → decode → count → verdict. A datagram is counted wholly
 * here or handed wholly to the agent; nothing is added before that is decided.
 */
#define BPF_NO_PRESERVE_ACCESS_INDEX
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi/abi.h"
#include "abi/batch.h"
#include "abi/reasons.h"
#include "abi/wire.h"

/* clang-format off: each needs the ones above it */
#include "maps.h"
#include "rx.h"
#include "parse.h"
#include "admit.h"
#include "fixed.h"
#include "count.h"
#include "sequence.h"
#include "punt.h"
/* clang-format on */

/* The reasons by kind, from the one list. */
NFM_INLINE int is_punt(__u32 reason)
{
#define NFM_KIND_CASE(name, number, kind, text, help)                                             \
	case number:                                                                              \
		return NFM_KIND_##kind == NFM_KIND_PUNT;
	switch (reason) {
		NFM_REASONS(NFM_KIND_CASE)
	default:
		return 0;
	}
#undef NFM_KIND_CASE
}

/* Everything from the payload on: NFM_REASON_NONE if the datagram was counted here. */
NFM_INLINE __u32 meter(struct nfm_rx *rx)
{
	struct nfm_scratch *batch;
	__u32 zero = 0;
	__u32 kinds;
	int answer;

	answer = admit(rx);
	if (answer != NFM_CONTINUE)
		return answer;
	batch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	if (!batch)
		return NFM_REASON_NO_COLUMN; /* cannot be: for the verifier */
	answer = decode(rx, batch->flow);
	if (answer != NFM_CONTINUE)
		return answer;
	batch->count = rx->count;
	nfm_barrier();
	if (rx->admission.sampling_num && rx->admission.sampling_den > 1) {
		nfm_batch_divide(batch->flow, batch->count, rx->admission.sampling_den);
		nfm_batch_add_up(batch->flow, batch->count, &rx->sum);
	}
	kinds = nfm_batch_look_up(rx, batch->flow, batch->count);
	if (kinds & NFM_LEAF_DISCOVER)
		return NFM_REASON_NEW_CUSTOMER;
	count_batch(rx, batch, kinds);
	sequence_log(rx);
	return NFM_REASON_NONE;
}

/* A CPU beyond the columns has no row to write to: the agent counts for it. */
NFM_INLINE int without_column(const struct nfm_rx *rx)
{
	if (rx->fragment || punt(rx, NFM_REASON_NO_COLUMN) != NFM_REASON_NO_COLUMN)
		return XDP_PASS; /* the socket may still take it, and the stack counts it if not */
	return rx->ctl->flags & NFM_CTL_TEE ? XDP_PASS : XDP_DROP;
}

NFM_INLINE int verdict(const struct nfm_rx *rx)
{
	return rx->ctl->flags & NFM_CTL_TEE ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int nfmeter(struct xdp_md *md)
{
	struct nfm_rx rx = { .md = md };
	__u32 reason;
	__u32 zero = 0;
	int answer;

	rx.ctl = bpf_map_lookup_elem(&nfm_ctl, &zero);
	if (!rx.ctl)
		return nfm_hold_maps(); /* cannot be: an array's element is there */
	answer = parse_packet(&rx);
	if (answer == NFM_NOT_OURS)
		return XDP_PASS;
	rx.now_ns = bpf_ktime_get_coarse_ns();
	rx.column = bpf_get_smp_processor_id();
	if (rx.column >= nfm_geometry.columns - 1) /* what is wrong with it, the stack counts */
		return answer == NFM_CONTINUE ? without_column(&rx) : XDP_PASS;
	if (!count_open(&rx))
		return XDP_PASS; /* cannot be: for the verifier */
	if (rx.fragment && !(rx.ctl->flags & NFM_CTL_TEE)) {
		count_reason(&rx, NFM_REASON_FRAGMENT, 0);
		return XDP_PASS;
	}
	count_reason(&rx, NFM_REASON_RECEIVED, 0);
	if (answer != NFM_CONTINUE)
		reason = answer;
	else if (rx.fragment)
		reason = NFM_REASON_FRAGMENT_TEE;
	else
		reason = meter(&rx);
	if (reason == NFM_REASON_NONE)
		return verdict(&rx);
	if (is_punt(reason)) {
		reason = punt(&rx, reason);
		rx.rejected = rx.count; /* if the ring was full: what a fixed version held */
	}
	if (!is_punt(reason))
		count_rejected(&rx);
	count_reason(&rx, reason, is_punt(reason) ? 0 : rx.rejected);
	return verdict(&rx);
}

char nfm_license[] SEC("license") = "GPL";
