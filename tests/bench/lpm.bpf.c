// SPDX-License-Identifier: GPL-2.0-only
/*
 * The yardstick: the same parsing, admission and decoding as the datapath, but the way a first
 * draft would count: BPF_MAP_TYPE_LPM_TRIE for the address, BPF_MAP_TYPE_PERCPU_ARRAY for the
 * row, record by record.
 */
#define BPF_NO_PRESERVE_ACCESS_INDEX
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi/abi.h"
#include "abi/batch.h"
#include "abi/layout.h"
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
/* clang-format on */

struct lpm_key {
	__u32 bits;
	__u32 addr_be;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NFM_DEFAULT_CAPACITY);
	__type(key, struct lpm_key);
	__type(value, __u32);
} lpm_trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NFM_DEFAULT_CAPACITY);
	__type(key, __u32);
	__type(value, struct nfm_row);
} lpm_rows SEC(".maps");

NFM_INLINE __u32 lpm_row(__u32 addr_be)
{
	struct lpm_key key = { .bits = 32, .addr_be = addr_be };
	const __u32 *row = bpf_map_lookup_elem(&lpm_trie, &key);

	return row ? *row : NFM_ROW_UNMATCHED;
}

NFM_INLINE void lpm_add_half(const struct nfm_rx *rx, __u32 number, __u32 half,
			     const struct nfm_flow *flow)
{
	struct nfm_row *row = bpf_map_lookup_elem(&lpm_rows, &number);

	if (!row)
		return;
	row->word[half] += flow->bytes;
	row->word[half + 1] += flow->packets;
	row->word[half + 2]++;
	row->last_seen_ns = rx->now_ns;
}

NFM_INLINE void lpm_add(const struct nfm_rx *rx, const struct nfm_flow *flow)
{
	__u32 up = lpm_row(flow->src4_be);
	__u32 down = lpm_row(flow->dst4_be);

	if (down)
		lpm_add_half(rx, down, NFM_ROW_DOWN, flow);
	if (up || !down)
		lpm_add_half(rx, up, 0, flow);
}

/* What the sequence log wants to know of a datagram. */
NFM_INLINE void lpm_log(const struct nfm_rx *rx, struct nfm_scratch *batch)
{
	batch->now_ns = rx->now_ns;
	batch->column = rx->column;
	batch->exporter = rx->exporter;
	batch->version = rx->version;
	batch->domain = rx->domain;
	batch->sequence = rx->sequence;
	batch->uptime_ms = rx->uptime_ms;
	batch->unix_s = rx->unix_s;
	sequence_log(batch);
}

SEC("xdp")
int nfmeter(struct xdp_md *md)
{
	struct nfm_rx rx = { .md = md, .version = NFM_NETFLOW_V5 };
	struct nfm_scratch *batch;
	__u32 zero = 0;
	__u32 i;

	rx.ctl = bpf_map_lookup_elem(&nfm_ctl, &zero);
	if (!rx.ctl || parse_packet(&rx) != NFM_CONTINUE)
		return XDP_PASS;
	rx.now_ns = bpf_ktime_get_coarse_ns();
	rx.column = bpf_get_smp_processor_id();
	if (rx.column >= nfm_geometry.columns - 1)
		return XDP_PASS;
	rx.rows = (__u32)(rx.ctl->epoch & 1) * nfm_geometry.columns + rx.column;
	if (!view_open(&rx.view, rx.rows))
		return XDP_PASS;
	count_reason(&rx.view, NFM_REASON_RECEIVED, 0, rx.now_ns);
	batch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	if (!batch || admit(&rx) != NFM_CONTINUE ||
	    fixed_decode(&rx, batch, 24, 48, 30, 1) != NFM_CONTINUE)
		return XDP_PASS;
	batch->count = rx.count;
	nfm_barrier();
	for (i = 0; i < NFM_KERNEL_BATCH && i < batch->count; i++)
		lpm_add(&rx, &batch->flow[i]);
	lpm_log(&rx, batch);
	return XDP_DROP;
}

char nfm_license[] SEC("license") = "GPL";
