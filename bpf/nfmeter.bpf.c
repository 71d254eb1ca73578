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
#include "abi/layout.h"
#include "abi/reasons.h"
#include "abi/times.h"
#include "abi/wire.h"

/* clang-format off: each needs the ones above it */
#include "maps.h"
#include "rx.h"
#include "parse.h"
#include "admit.h"
#include "fixed.h"
#include "count.h"
#include "template.h"
#include "sequence.h"
#include "passes.h"
#include "earlier.h"
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

/*
 * The coarse clock costs a fifth of the fine one, and ticks every few ms; the datagrams between two
 * ticks are told apart by their count: the log's lines and the punts of a CPU have an order.
 */
NFM_INLINE __u64 arrival_ns(void)
{
	__u64 now_ns = bpf_ktime_get_coarse_ns();
	struct nfm_scratch *scratch;
	__u64 ticked;
	__u32 zero = 0;

	scratch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	if (!scratch)
		return now_ns; /* cannot be: for the verifier */
	/* computed, not branched on: a branch this early doubles what the verifier has to follow */
	ticked = scratch->tick_ns ^ now_ns;
	ticked = (__u64)((__s64)(ticked | -ticked) >> 63); /* all ones, or 0 within the tick */
	scratch->tick_ns = now_ns;
	scratch->tick_count = (scratch->tick_count + 1) & ~(__u32)ticked;
	return now_ns + scratch->tick_count;
}

/* Since the open slot began; 0 if the coarse clock is not there yet. Again without a branch. */
NFM_INLINE __s64 elapsed_ms(const struct nfm_rx *rx)
{
	__u64 start_ns = rx->ctl->slot_start_ns[rx->rows >= nfm_geometry.columns];
	__s64 elapsed_ns = (__s64)(rx->now_ns - start_ns);

	elapsed_ns &= ~(elapsed_ns >> 63);
	return (__s64)((__u64)elapsed_ns / 1000000);
}

/* Pass 1, of any version. */
NFM_INLINE int decode(struct nfm_rx *rx, struct nfm_scratch *batch)
{
	const __u16 *version_be = (const void *)rx->payload;

	if (rx->length < sizeof(*version_be) || (const void *)(version_be + 1) > rx->end)
		return NFM_REASON_SHORT;
	rx->version = bpf_ntohs(*version_be);
	switch (rx->version) {
#define NFM_FIXED_CASE(version, header, record, most, has_sequence)                               \
	case version:                                                                             \
		return fixed_decode(rx, batch, header, record, most, has_sequence);
		NFM_WIRE_FIXED(NFM_FIXED_CASE)
#undef NFM_FIXED_CASE
	case NFM_NETFLOW_V9:
	case NFM_IPFIX:
		return template_decode(rx, batch);
	default:
		return NFM_REASON_VERSION;
	}
}

/* Everything from the payload on: NFM_REASON_NONE if the datagram was counted here. */
NFM_INLINE __u32 meter(struct nfm_rx *rx)
{
	struct nfm_scratch *batch;
	__u32 zero = 0;
	int answer;

	answer = admit(rx);
	if (answer != NFM_CONTINUE)
		return answer;
	batch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	if (!batch)
		return NFM_REASON_NO_COLUMN; /* cannot be: for the verifier */
	batch->late = 0;
	batch->elapsed_ms = elapsed_ms(rx);
	answer = decode(rx, batch);
	if (answer != NFM_CONTINUE)
		return answer;
	batch->count = rx->count;
	batch->rows = rx->rows;
	batch->column = rx->column;
	batch->exporter = rx->exporter;
	batch->version = rx->version;
	batch->now_ns = rx->now_ns;
	batch->domain = rx->domain;
	batch->sequence = rx->sequence;
	batch->uptime_ms = rx->uptime_ms;
	batch->unix_s = rx->unix_s;
	answer = count_datagram();
	if (nfm_geometry.earlier_slots && answer == NFM_REASON_NONE && (__s64)batch->late < 0)
		spread_batch(); /* not from there: the verifier adds up their stacks */
	return answer;
}

/* A CPU beyond the columns has no row to write to: the agent counts for it. */
NFM_INLINE int without_column(struct nfm_rx *rx)
{
	template_watch(rx);
	if (punt(rx, NFM_REASON_NO_COLUMN) != NFM_REASON_NO_COLUMN) {
		template_lost(rx); /* or it comes out of its order */
		return XDP_PASS; /* the socket may still take it, and the stack counts it if not */
	}
	return rx->ctl->flags & NFM_CTL_TEE ? XDP_PASS : XDP_DROP;
}

/* A first fragment: the stack puts it together for the agent's socket; in tee mode for nobody. */
NFM_INLINE int pass_fragment(struct nfm_rx *rx)
{
	template_fragment(rx);
	if (rx->column >= nfm_geometry.columns - 1 || !view_open(&rx->view, rx->rows))
		return XDP_PASS;
	if (rx->ctl->flags & NFM_CTL_TEE) {
		count_reason(&rx->view, NFM_REASON_RECEIVED, 0, rx->now_ns);
		count_reason(&rx->view, NFM_REASON_FRAGMENT_TEE, 0, rx->now_ns);
	} else {
		count_reason(&rx->view, NFM_REASON_FRAGMENT, 0, rx->now_ns);
	}
	return XDP_PASS;
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
	rx.now_ns = arrival_ns();
	rx.column = bpf_get_smp_processor_id();
	rx.rows = (__u32)(rx.ctl->epoch & 1) * nfm_geometry.columns + rx.column;
	if (rx.fragment)
		return pass_fragment(&rx);
	if (rx.column >= nfm_geometry.columns - 1) /* what is wrong with it, the stack counts */
		return answer == NFM_CONTINUE ? without_column(&rx) : XDP_PASS;
	if (!view_open(&rx.view, rx.rows))
		return XDP_PASS; /* cannot be: for the verifier */
	count_reason(&rx.view, NFM_REASON_RECEIVED, 0, rx.now_ns);
	reason = answer == NFM_CONTINUE ? meter(&rx) : (__u32)answer;
	if (reason == NFM_REASON_NONE)
		return verdict(&rx);
	if (is_punt(reason)) {
		reason = punt(&rx, reason);
		if (reason == NFM_REASON_RING_FULL)
			template_lost(&rx);
		rx.rejected = rx.count; /* if the ring was full: what a fixed version held */
	}
	if (!is_punt(reason))
		count_rejected(&rx);
	count_reason(&rx.view, reason, is_punt(reason) ? 0 : rx.rejected, rx.now_ns);
	return verdict(&rx);
}

char nfm_license[] SEC("license") = "GPL";
