/* SPDX-License-Identifier: GPL-2.0-only */
/* Pass 1 for NetFlow v1, v5 and v7: the datagram into the batch. Nothing is added here. */
#ifndef NFM_FIXED_H
#define NFM_FIXED_H

#include "rx.h"

/* Lengths and counts of a fixed version; see NFM_WIRE_FIXED for the arguments. */
NFM_INLINE int fixed_check(struct nfm_rx *rx, __u32 header, __u32 record, __u32 most)
{
	__u32 fit = (rx->length - header) / record;

	if (!rx->count)
		return NFM_REASON_EMPTY;
	if (rx->count > fit) {
		rx->rejected = fit;
		return rx->count > most ? NFM_REASON_COUNT : NFM_REASON_TRUNCATED;
	}
	return rx->count > NFM_KERNEL_BATCH ? NFM_REASON_LARGE : NFM_CONTINUE;
}

/*
 * Ages of all records, where one of them began before the open slot. A global function (kernel
 * 5.6): the verifier follows it once for all versions.
 */
__noinline int fixed_spans(struct xdp_md *md)
{
	const __u8 *data = (const void *)(long)md->data;
	const void *end = (const void *)(long)md->data_end;
	struct nfm_scratch *batch;
	__u32 zero = 0;
	__u32 i;

	batch = bpf_map_lookup_elem(&nfm_scratch, &zero);
	if (!batch)
		return 1; /* cannot be: for the verifier */
	for (i = 0; i < NFM_KERNEL_BATCH && i < batch->spans; i++) {
		__u32 at = batch->fixed_at + i * batch->fixed_bytes;
		const struct nfm_wire_record *wire =
			NFM_RECORD_AT(at, sizeof(struct nfm_wire_record));

		batch->span[i] = nfm_times_span_uptime(batch->uptime_ms,
						       bpf_ntohl(wire->first_ms_be),
						       bpf_ntohl(wire->last_ms_be));
	}
	return 0;
}

/* Copies the records; `header` and `record` are constants, so that each version gets its loop. */
NFM_INLINE int fixed_records(struct nfm_rx *rx, struct nfm_scratch *batch, __u32 header,
			     __u32 record, __u64 factor)
{
	struct nfm_flow *flow = batch->flow;
	/* read anew in each turn: at hand it would need a place on the stack */
	const volatile __s64 *elapsed_ms = &batch->elapsed_ms;
	const __u8 *at = rx->payload + header;
	__u64 bytes_sum = 0;
	__u64 packets_sum = 0;
	__u64 late = 0;
	__u64 odd = 0;
	__u32 i;

	for (i = 0; i < NFM_KERNEL_BATCH && i < rx->count; i++) {
		const struct nfm_wire_record *wire = (const void *)at;

		if ((const void *)(wire + 1) > rx->end)
			return NFM_REASON_TRUNCATED; /* cannot be: for the verifier */
		__u64 packets = bpf_ntohl(wire->packets_be);
		__u64 bytes = bpf_ntohl(wire->bytes_be);

		flow[i].src4_be = wire->src_be;
		flow[i].dst4_be = wire->dst_be;
		odd |= nfm_flow_oddness(bytes, packets) |
		       nfm_flow_sameness(wire->src_be, wire->dst_be);
		flow[i].packets = packets * factor;
		flow[i].bytes = bytes * factor;
		if (nfm_geometry.earlier_slots) {
			struct nfm_span span = nfm_times_span_uptime(
				rx->uptime_ms, bpf_ntohl(wire->first_ms_be), 0);

			late |= nfm_span_lateness(span, *elapsed_ms);
		}
		packets_sum += flow[i].packets;
		bytes_sum += flow[i].bytes;
		at += record;
	}
	if ((__s64)odd < 0)
		return NFM_REASON_ODD;
	if ((__s64)late < 0) {
		batch->late = late;
		batch->spans = rx->count;
		batch->fixed_at = rx->offset + header;
		batch->fixed_bytes = record;
		batch->uptime_ms = rx->uptime_ms;
		fixed_spans(rx->md);
	}
	batch->sum.packets = packets_sum;
	batch->sum.bytes = bytes_sum;
	return NFM_CONTINUE;
}

NFM_INLINE int fixed_decode(struct nfm_rx *rx, struct nfm_scratch *batch, __u32 header,
			    __u32 record, __u32 most, __u32 has_sequence)
{
	const struct nfm_wire_header_v5 *wire = (const void *)rx->payload;
	__u64 factor = 1;
	int answer;

	if (rx->length < header || rx->payload + header > (const __u8 *)rx->end)
		return NFM_REASON_SHORT;
	rx->count = bpf_ntohs(wire->head.count_be);
	rx->uptime_ms = bpf_ntohl(wire->head.uptime_ms_be);
	rx->unix_s = bpf_ntohl(wire->head.unix_s_be);
	if (has_sequence)
		rx->sequence = bpf_ntohl(wire->sequence_be);
	if (rx->version == NFM_NETFLOW_V5) {
		rx->domain = (__u32)wire->engine_type << 8 | wire->engine_id;
		factor = bpf_ntohs(wire->sampling_be) & NFM_WIRE_SAMPLING_MASK;
		if (!factor)
			factor = 1;
	}
	answer = fixed_check(rx, header, record, most);
	if (answer != NFM_CONTINUE)
		return answer;
	if (rx->sampling_num)
		factor = rx->sampling_num;
	batch->divide_by = rx->sampling_num ? rx->sampling_den : 1;
	batch->has_v6 = 0;
	batch->has_alt = 0;
	return fixed_records(rx, batch, header, record, factor);
}

#endif
