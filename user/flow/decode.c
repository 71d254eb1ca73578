// SPDX-License-Identifier: GPL-2.0-only
#include "flow/decode.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "wire.h"

struct fixed_format {
	uint32_t version;
	uint32_t header; /* bytes */
	uint32_t record; /* bytes */
	uint32_t most;	 /* records */
	bool has_sequence;
};

static const struct fixed_format fixed_formats[] = {
#define FIXED_FORMAT(version, header, record, most, has_sequence)                                 \
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

/* The quotient rounded to the nearest, as nfm_batch_divide() does in the datapath. */
static uint64_t scale(uint32_t value, struct nfm_sampling sampling)
{
	uint64_t product = (uint64_t)value * sampling.num;

	return sampling.den > 1 ? (product + sampling.den / 2) / sampling.den : product;
}

static void decode_record(const uint8_t *at, struct nfm_sampling sampling, struct nfm_flow *flow)
{
	struct nfm_wire_record wire;

	memcpy(&wire, at, sizeof(wire));
	memset(flow, 0, sizeof(*flow));
	flow->family = 4;
	flow->src4_be = wire.src_be;
	flow->dst4_be = wire.dst_be;
	flow->packets = scale(ntohl(wire.packets_be), sampling);
	flow->bytes = scale(ntohl(wire.bytes_be), sampling);
}

/* Fills the header's words; returns the sampling that the header announces. */
static struct nfm_sampling decode_header(const struct fixed_format *format, const uint8_t *payload,
					 struct nfm_datagram *d)
{
	struct nfm_sampling announced = { 1, 1 };
	struct nfm_wire_header_v5 wire = {};

	memcpy(&wire, payload, format->header);
	d->count = ntohs(wire.head.count_be);
	d->uptime_ms = ntohl(wire.head.uptime_ms_be);
	d->unix_s = ntohl(wire.head.unix_s_be);
	if (format->has_sequence)
		d->sequence = ntohl(wire.sequence_be);
	if (format->version == NFM_NETFLOW_V5) {
		d->domain = (uint32_t)wire.engine_type << 8 | wire.engine_id;
		announced.num = ntohs(wire.sampling_be) & NFM_WIRE_SAMPLING_MASK;
		if (!announced.num)
			announced.num = 1;
	}
	return announced;
}

static uint32_t decode_fixed(const struct fixed_format *format, const uint8_t *payload,
			     uint32_t length, struct nfm_sampling sampling, struct nfm_flow *flow,
			     struct nfm_datagram *d)
{
	struct nfm_sampling announced;
	uint32_t fit;

	if (length < format->header)
		return NFM_REASON_SHORT;
	announced = decode_header(format, payload, d);
	fit = (length - format->header) / format->record;
	if (!d->count)
		return NFM_REASON_EMPTY;
	if (d->count > fit) {
		d->rejected = fit;
		return d->count > format->most ? NFM_REASON_COUNT : NFM_REASON_TRUNCATED;
	}
	for (uint32_t i = 0; i < d->count; i++)
		decode_record(payload + format->header + i * format->record,
			      sampling.num ? sampling : announced, &flow[i]);
	return NFM_REASON_NONE;
}

uint32_t nfm_flow_decode(const uint8_t *payload, uint32_t length, struct nfm_sampling sampling,
			 struct nfm_flow *flow, struct nfm_datagram *out)
{
	const struct fixed_format *format;
	struct nfm_datagram d = {};
	uint32_t reason;

	if (length < sizeof(uint16_t)) {
		*out = d;
		return NFM_REASON_SHORT;
	}
	d.version = (uint32_t)payload[0] << 8 | payload[1];
	format = find_format(d.version);
	if (format)
		reason = decode_fixed(format, payload, length, sampling, flow, &d);
	else if (d.version == NFM_NETFLOW_V9)
		reason = NFM_REASON_UNDECODED_9;
	else if (d.version == NFM_IPFIX)
		reason = NFM_REASON_UNDECODED_IPFIX;
	else
		reason = NFM_REASON_VERSION;
	*out = d;
	return reason;
}
