// SPDX-License-Identifier: GPL-2.0-only
/* Datagrams of NetFlow v1, v5, v7, v9 and IPFIX out of a seed, right or wrong on purpose. */
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "nfsend.h"
#include "wire.h"

#define TEMPLATE_ID 256U
#define TEMPLATE_FIELDS 4U
#define REMOTE_BASE 0xc6120000U /* 198.18.0.0/15: benchmarks' own, no customer's */
#define REMOTE_MASK 0x0001ffffU

struct fixed_format {
	uint32_t version, header, record, most, has_sequence;
};

#define FIXED_FORMAT(version, header, record, most, sequence) \
	{ version, header, record, most, sequence },
static const struct fixed_format fixed_formats[] = { NFM_WIRE_FIXED(FIXED_FORMAT) };

/* v9 and IPFIX: element, bytes */
static const uint16_t template_fields[TEMPLATE_FIELDS][2] = { { 8, 4 },
							      { 12, 4 },
							      { 1, 4 },
							      { 2, 4 } };

static uint64_t next_random(struct send_builder *builder)
{
	uint64_t z = builder->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint32_t uptime_ms(const struct send_builder *builder)
{
	struct timespec now;
	uint32_t boot_ms;

	clock_gettime(CLOCK_BOOTTIME, &now);
	boot_ms = (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
	if (builder->uptime_base_ms)
		return boot_ms - builder->uptime_base_ms;
	return builder->options->uptime_ms ? builder->options->uptime_ms : boot_ms;
}

static uint32_t remote_address(struct send_builder *builder)
{
	return REMOTE_BASE | ((uint32_t)next_random(builder) & REMOTE_MASK);
}

static uint32_t customer_address(struct send_builder *builder)
{
	const struct send_options *options = builder->options;
	const struct send_customer *customer;
	uint32_t host_mask;

	if (!options->customer_count)
		return remote_address(builder);
	customer = &options->customer[next_random(builder) % options->customer_count];
	host_mask = customer->bits ? (1ULL << (32 - customer->bits)) - 1 : 0xffffffffU;
	return customer->addr | ((uint32_t)next_random(builder) & host_mask);
}

/* Two in five each up and down, the rest local and unmatched in equal parts. */
static void random_flow(struct send_builder *builder, struct send_flow *flow)
{
	uint32_t kind = next_random(builder) % 10;
	bool src_is_customer = kind < 4 || kind == 8;
	bool dst_is_customer = (kind >= 4 && kind < 8) || kind == 8;

	flow->src_be = htonl(src_is_customer ? customer_address(builder) : remote_address(builder));
	flow->dst_be = htonl(dst_is_customer ? customer_address(builder) : remote_address(builder));
	flow->bytes = 40 + next_random(builder) % 100000;
	if (next_random(builder) % 16 == 0) /* sums beyond 32 bits */
		flow->bytes = (uint32_t)next_random(builder);
	flow->packets = 1 + flow->bytes / (40 + next_random(builder) % 1460);
}

static void random_bytes(struct send_builder *builder, uint8_t *to, size_t size)
{
	while (size--)
		*to++ = (uint8_t)next_random(builder);
}

static const struct fixed_format *fixed_format(uint32_t version)
{
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(fixed_formats); i++)
		if (fixed_formats[i].version == version)
			return &fixed_formats[i];
	return NULL;
}

static void build_fixed(struct send_builder *builder, const struct fixed_format *format,
			struct send_datagram *out)
{
	const struct send_options *options = builder->options;
	uint32_t now_ms = uptime_ms(builder);
	struct nfm_wire_header_v5 header = {
		.head.version_be = htons(format->version),
		.head.count_be = htons(out->count),
		.head.uptime_ms_be = htonl(now_ms),
		.head.unix_s_be = htonl(time(NULL)),
		.sequence_be = htonl(builder->sequence),
		.engine_type = options->engine >> 8,
		.engine_id = options->engine,
		.sampling_be = htons(options->sampling ? 0x4000 | options->sampling : 0),
	};
	uint8_t *at = out->payload + format->header;
	uint32_t i;

	if (format->version == NFM_NETFLOW_V7) /* reserved there */
		memset(&header.engine_type, 0, 4);
	memcpy(out->payload, &header, format->header);
	for (i = 0; i < out->count; i++, at += format->record) {
		struct nfm_wire_record record = {
			.src_be = out->flow[i].src_be,
			.dst_be = out->flow[i].dst_be,
			.packets_be = htonl(out->flow[i].packets),
			.bytes_be = htonl(out->flow[i].bytes),
			.last_ms_be = htonl(now_ms - next_random(builder) % 1000),
		};

		record.first_ms_be = htonl(ntohl(record.last_ms_be) - next_random(builder) % 60000);
		random_bytes(builder, at, format->record); /* what a meter must not read */
		memcpy(at, &record, sizeof(record));
	}
	out->size = at - out->payload;
	out->units = format->has_sequence ? out->count : 0;
}

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value);
}

static uint8_t *put_sets(uint8_t *at, const struct send_datagram *datagram, uint32_t template_set)
{
	uint32_t i;

	at = put16(at, template_set);
	at = put16(at, 8 + 4 * TEMPLATE_FIELDS);
	at = put16(at, TEMPLATE_ID);
	at = put16(at, TEMPLATE_FIELDS);
	for (i = 0; i < TEMPLATE_FIELDS; i++)
		at = put16(put16(at, template_fields[i][0]), template_fields[i][1]);
	at = put16(at, TEMPLATE_ID);
	at = put16(at, 4 + datagram->count * 4 * TEMPLATE_FIELDS);
	for (i = 0; i < datagram->count; i++) {
		at = put32(at, ntohl(datagram->flow[i].src_be));
		at = put32(at, ntohl(datagram->flow[i].dst_be));
		at = put32(at, datagram->flow[i].bytes);
		at = put32(at, datagram->flow[i].packets);
	}
	return at;
}

/* Template and data in every datagram; v9 counts datagrams, IPFIX data records. */
static void build_template(struct send_builder *builder, struct send_datagram *out)
{
	bool is_ipfix = builder->options->version == NFM_IPFIX;
	uint8_t *at = put16(out->payload, builder->options->version);

	at = put16(at, is_ipfix ? 0 : 1 + out->count);
	if (!is_ipfix)
		at = put32(at, uptime_ms(builder));
	at = put32(at, time(NULL));
	at = put32(at, builder->sequence);
	at = put32(at, builder->options->engine);
	at = put_sets(at, out, is_ipfix ? 2 : 0);
	out->size = at - out->payload;
	if (is_ipfix)
		put16(out->payload + 2, out->size);
	out->units = is_ipfix ? out->count : 1;
}

/* Breaks a datagram that was built right. */
static void spoil(struct send_builder *builder, struct send_datagram *out)
{
	const struct fixed_format *format = fixed_format(builder->options->version);
	uint32_t header = format ? format->header : 16;

	switch (builder->options->bad) {
	case SEND_BAD_NONE:
		return;
	case SEND_BAD_NOTHING:
		out->size = 0;
		break;
	case SEND_BAD_SHORT:
		out->size = header - 1;
		break;
	case SEND_BAD_EMPTY:
		put16(out->payload + 2, 0);
		break;
	case SEND_BAD_VERSION:
		put16(out->payload, 6);
		break;
	case SEND_BAD_TRUNCATED:
		out->size--;
		break;
	case SEND_BAD_COUNT:
		put16(out->payload + 2, 31);
		break;
	case SEND_BAD_GARBAGE:
		random_bytes(builder, out->payload, out->size);
		out->payload[0] |= 0x80;
		break;
	}
	out->units = 0;
}

void send_builder_init(struct send_builder *builder, const struct send_options *options)
{
	*builder = (struct send_builder){
		.options = options,
		.random = options->seed,
		.sequence = options->sequence,
	};
}

void send_builder_restart(struct send_builder *builder)
{
	builder->uptime_base_ms = 0;
	builder->uptime_base_ms = uptime_ms(builder) - 1000;
	builder->sequence = 0;
}

void send_build(struct send_builder *builder, struct send_datagram *out)
{
	const struct fixed_format *format = fixed_format(builder->options->version);
	uint32_t i;

	out->count = builder->options->records;
	for (i = 0; i < out->count; i++)
		random_flow(builder, &out->flow[i]);
	if (format)
		build_fixed(builder, format, out);
	else
		build_template(builder, out);
	spoil(builder, out);
	builder->sequence += out->units;
}
