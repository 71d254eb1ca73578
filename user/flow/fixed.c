// SPDX-License-Identifier: GPL-2.0-only
/* NetFlow v1, v5 and v7. Source: Cisco, "NetFlow Export Datagram Format". */
#include "flow/decode_internal.h"

struct fixed_format {
	uint32_t version;
	uint32_t header; /* bytes */
	uint32_t record; /* bytes */
	uint32_t most;	 /* records */
	bool has_sequence;
};

static const struct fixed_format fixed_formats[] = {
#define FIXED_FORMAT(version, header, record, most, has_sequence) \
	{ version, header, record, most, has_sequence },
	NFM_WIRE_FIXED(FIXED_FORMAT)
#undef FIXED_FORMAT
};

static const struct fixed_format *find_format(uint32_t version)
{
	for (size_t i = 0; i < sizeof(fixed_formats) / sizeof(fixed_formats[0]); i++)
		if (fixed_formats[i].version == version)
			return &fixed_formats[i];
	return NULL;
}

static void decode_record(struct nfm_decode *d, const uint8_t *at, struct nfm_sampling sampling,
			  uint32_t i)
{
	struct nfm_flow *flow = &d->decoder->flow[i];
	struct nfm_wire_record wire;
	uint64_t packets;
	uint64_t bytes;

	memcpy(&wire, at, sizeof(wire));
	packets = be32toh(wire.packets_be);
	bytes = be32toh(wire.bytes_be);
	if (nfm_flow_is_odd(bytes, packets))
		bytes = nfm_decode_odd(d, bytes, packets, true);
	if (wire.src_be == wire.dst_be && wire.src_be)
		d->out->note[NFM_NOTE_SAME]++;
	*flow = (struct nfm_flow){
		.family = 4,
		.packets = nfm_decode_scale(packets, sampling),
		.bytes = nfm_decode_scale(bytes, sampling),
	};
	flow->src4_be = wire.src_be;
	flow->dst4_be = wire.dst_be;
	d->decoder->span[i] = nfm_times_span_uptime(d->out->uptime_ms, be32toh(wire.first_ms_be),
						    be32toh(wire.last_ms_be));
}

/* Fills the header's words; returns the sampling that the header announces. */
static struct nfm_sampling decode_header(const struct fixed_format *format, const uint8_t *payload,
					 struct nfm_datagram *out)
{
	struct nfm_sampling announced = { 1, 1 };
	struct nfm_wire_header_v5 wire = {};

	memcpy(&wire, payload, format->header);
	out->uptime_ms = be32toh(wire.head.uptime_ms_be);
	out->unix_s = be32toh(wire.head.unix_s_be);
	if (format->has_sequence)
		out->sequence = be32toh(wire.sequence_be);
	if (format->version == NFM_NETFLOW_V5) {
		out->domain = (uint32_t)wire.engine_type << 8 | wire.engine_id;
		announced.num = be16toh(wire.sampling_be) & NFM_WIRE_SAMPLING_MASK;
		if (!announced.num)
			announced.num = 1;
	}
	return announced;
}

uint32_t nfm_decode_fixed(struct nfm_decode *d, const uint8_t *payload, uint32_t length)
{
	const struct fixed_format *format = find_format(d->out->version);
	struct nfm_sampling sampling;
	uint32_t count, fit;

	if (!format)
		return NFM_REASON_VERSION;
	if (length < format->header)
		return NFM_REASON_SHORT;
	sampling = decode_header(format, payload, d->out);
	if (d->source->sampling.num)
		sampling = d->source->sampling;
	count = nfm_get16(payload + offsetof(struct nfm_wire_header, count_be));
	fit = (length - format->header) / format->record;
	if (!count)
		return NFM_REASON_EMPTY;
	if (count > fit) {
		d->out->rejected = fit;
		return count > format->most ? NFM_REASON_COUNT : NFM_REASON_TRUNCATED;
	}
	if (count > NFM_DECODE_FLOWS)
		return NFM_REASON_TOO_MANY;
	for (uint32_t i = 0; i < count; i++)
		decode_record(d, payload + format->header + i * format->record, sampling, i);
	d->out->count = count;
	return NFM_REASON_NONE;
}
