// SPDX-License-Identifier: GPL-2.0-only
/* Datagrams of NetFlow v1, v5 and v7, and what all versions share; right, or wrong on purpose. */
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "nfsend.h"
#include "wire.h"

struct fixed_format {
	uint32_t version, header, record, most, has_sequence;
};

#define FIXED_FORMAT(version, header, record, most, sequence) \
	{ version, header, record, most, sequence },
static const struct fixed_format fixed_formats[] = { NFM_WIRE_FIXED(FIXED_FORMAT) };

static const struct send_form fixed_form = { .family = 4, .bytes_size = 4, .has_times = true };

uint64_t send_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void send_random_bytes(struct send_builder *builder, uint8_t *to, size_t size)
{
	while (size--)
		*to++ = (uint8_t)send_random(&builder->random);
}

uint32_t send_uptime_ms(const struct send_builder *builder)
{
	struct timespec now;
	uint32_t boot_ms;

	clock_gettime(CLOCK_BOOTTIME, &now);
	boot_ms = (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
	if (builder->uptime_base_ms)
		return boot_ms - builder->uptime_base_ms;
	return builder->options->uptime_ms ? builder->options->uptime_ms : boot_ms;
}

uint8_t *send_put16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
	return at + 2;
}

uint8_t *send_put32(uint8_t *at, uint32_t value)
{
	return send_put16(send_put16(at, value >> 16), value);
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
	uint32_t now_ms = send_uptime_ms(builder);
	struct nfm_wire_header_v5 header = {
		.head.version_be = htons(format->version),
		.head.count_be = htons(options->records),
		.head.uptime_ms_be = htonl(now_ms),
		.head.unix_s_be = htonl(time(NULL)),
		.sequence_be = htonl(builder->sequence),
		.engine_type = options->engine >> 8,
		.engine_id = options->engine,
		.sampling_be = htons(options->sampling ? 0x4000 | options->sampling : 0),
	};
	uint8_t *at = out->payload + format->header;
	uint32_t i;

	out->count = options->records;
	for (i = 0; i < out->count; i++)
		send_random_flow(builder, &fixed_form, &out->flow[i]);
	if (format->version == NFM_NETFLOW_V7) /* reserved there */
		memset(&header.engine_type, 0, 4);
	memcpy(out->payload, &header, format->header);
	for (i = 0; i < out->count; i++, at += format->record) {
		const struct send_flow *flow = &out->flow[i];
		struct nfm_wire_record record = {
			.packets_be = htonl(flow->packets),
			.bytes_be = htonl(flow->wire_bytes),
			.last_ms_be = htonl(now_ms - flow->age_ms),
			.first_ms_be = htonl(now_ms - flow->age_ms - flow->duration_ms),
		};

		memcpy(&record.src_be, flow->src, sizeof(record.src_be));
		memcpy(&record.dst_be, flow->dst, sizeof(record.dst_be));
		send_random_bytes(builder, at, format->record); /* what a meter must not read */
		memcpy(at, &record, sizeof(record));
	}
	out->size = at - out->payload;
	out->units = format->has_sequence ? out->count : 0;
}

/* Where the first set of v9 or IPFIX stands. */
static uint8_t *first_set(const struct send_builder *builder, struct send_datagram *out)
{
	return out->payload + (builder->options->version == NFM_IPFIX ? 16 : 20);
}

/* A set behind all others. */
static void append_set(struct send_builder *builder, struct send_datagram *out, uint32_t id,
		       uint32_t content)
{
	uint8_t *at = out->payload + out->size;

	at = send_put16(send_put16(at, id), 4 + content);
	send_random_bytes(builder, at, content);
	out->size += 4 + content;
	if (builder->options->version == NFM_IPFIX)
		send_put16(out->payload + 2, out->size);
}

/* Breaks the sets of v9 and IPFIX. */
static void spoil_sets(struct send_builder *builder, struct send_datagram *out)
{
	bool is_ipfix = builder->options->version == NFM_IPFIX;

	if (builder->options->bad == SEND_BAD_SET)
		send_put16(first_set(builder, out) + 2, 3);
	if (builder->options->bad == SEND_BAD_DATA)
		append_set(builder, out, builder->layout[0].id, 3);
	if (builder->options->bad == SEND_BAD_TEMPLATE) {
		append_set(builder, out, is_ipfix ? 2 : 0, 8);
		send_put32(out->payload + out->size - 8, 255 << 16 | 1);
		send_put32(out->payload + out->size - 4, 1 << 16 | 4);
	}
}

/* Breaks a datagram that was built right. */
static void spoil(struct send_builder *builder, struct send_datagram *out)
{
	const struct fixed_format *format = fixed_format(builder->options->version);
	uint32_t header = format ? format->header : first_set(builder, out) - out->payload;

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
		send_put16(out->payload + 2, 0);
		break;
	case SEND_BAD_VERSION:
		send_put16(out->payload, 6);
		break;
	case SEND_BAD_TRUNCATED:
		out->size--;
		break;
	case SEND_BAD_COUNT:
		send_put16(out->payload + 2, 31);
		break;
	case SEND_BAD_GARBAGE:
		send_random_bytes(builder, out->payload, out->size);
		out->payload[0] |= 0x80;
		break;
	case SEND_BAD_SET:
	case SEND_BAD_TEMPLATE:
	case SEND_BAD_DATA:
		if (!format)
			spoil_sets(builder, out);
		break;
	}
	out->units = 0;
}

/* Records then say which sampler took their packets. */
static void add_sampler_field(const struct send_options *options, struct send_layout *layout)
{
	if (options->announce_id && layout->count < SEND_MAX_FIELDS)
		layout->field[layout->count++] = options->version == NFM_IPFIX
							 ? (struct send_field){ 302, 8, 0 }
							 : (struct send_field){ 48, 2, 0 };
}

void send_builder_init(struct send_builder *builder, const struct send_options *options)
{
	uint32_t i;

	*builder = (struct send_builder){
		.options = options,
		.random = options->seed,
		.layout_random = ~options->seed,
		.sequence = options->sequence,
	};
	for (i = 0; i < options->layout_count; i++) {
		builder->layout[i] = options->layout[i];
		add_sampler_field(options, &builder->layout[i]);
	}
}

void send_builder_restart(struct send_builder *builder)
{
	builder->uptime_base_ms = 0;
	builder->uptime_base_ms = send_uptime_ms(builder) - 1000;
	builder->sequence = 0;
	builder->restarted = true;
}

void send_build(struct send_builder *builder, struct send_datagram *out)
{
	const struct fixed_format *format = fixed_format(builder->options->version);
	bool templates_alone = !format && send_template_is_due(builder);

	out->count = 0;
	out->options = 0;
	out->has_templates = false;
	out->is_redefinition = false;
	if (format)
		build_fixed(builder, format, out);
	else
		send_template_build(builder, templates_alone, out);
	if (!templates_alone)
		builder->built++;
	builder->announced = templates_alone;
	spoil(builder, out);
	builder->sequence += out->units;
}
