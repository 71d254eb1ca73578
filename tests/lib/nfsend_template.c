// SPDX-License-Identifier: GPL-2.0-only
/* NetFlow v9 and IPFIX: layouts of real exporters, templates, options data, data sets. */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "nfsend.h"
#include "wire.h"

#define OPTIONS_ID 999U
#define SET_HEAD 4U
#define MIKROTIK 14988 /* enterprise number */

#define LAYOUT(name, id, family, ...)                                                     \
	{                                                                                 \
		name, id, family, NFM_ARRAY_SIZE(((struct send_field[]){ __VA_ARGS__ })), \
		{                                                                         \
			__VA_ARGS__                                                       \
		}                                                                         \
	}
#define F(id, length)         \
	{                     \
		id, length, 0 \
	}

/* What stands under the names of --layout. */
static const struct send_layout layouts[] = {
	LAYOUT("simple", 265, 4, F(8, 4), F(12, 4), F(1, 4), F(2, 4)),
	/* RouterOS 7, NetFlow v9 */
	LAYOUT("ros7", 256, 4, F(21, 4), F(22, 4), F(2, 4), F(1, 4), F(10, 4), F(14, 4), F(8, 4),
	       F(12, 4), F(4, 1), F(5, 1), F(7, 2), F(11, 2), F(15, 4), F(13, 1), F(9, 1), F(6, 1),
	       F(80, 6), F(56, 6), F(57, 6), F(81, 6), F(225, 4), F(226, 4), F(227, 2), F(228, 2)),
	LAYOUT("ros7v6", 257, 6, F(60, 1), F(27, 16), F(29, 1), F(10, 4), F(28, 16), F(30, 1),
	       F(14, 4), F(62, 16), F(4, 1), F(6, 1), F(5, 1), F(7, 2), F(11, 2), F(31, 4),
	       F(64, 4), F(21, 4), F(22, 4), F(1, 4), F(2, 4), F(80, 6), F(56, 6), F(57, 6),
	       F(81, 6)),
	/* RouterOS 6, IPFIX */
	LAYOUT("ros6ipfix", 258, 4, F(60, 1), F(22, 4), F(21, 4), F(2, 4), F(1, 4), F(7, 2),
	       F(11, 2), F(10, 4), F(14, 4), F(4, 1), F(6, 1), F(8, 4), F(12, 4), F(15, 4),
	       F(225, 4), F(226, 4)),
	LAYOUT("wide", 260, 4, F(152, 8), F(153, 8), F(2, 8), F(1, 8), F(8, 4), F(12, 4), F(4, 1)),
	LAYOUT("reduced", 261, 4, F(1, 3), F(2, 5), F(4, 1), F(8, 4), F(12, 4), F(150, 4),
	       F(151, 4)),
	/* applicationName, then all that counts: no fixed offsets */
	LAYOUT("varlen", 262, 4, F(8, 4), F(96, SEND_VARIABLE), F(12, 4), F(1, 4), F(2, 4),
	       F(21, 4), F(22, 4)),
	LAYOUT("nat6", 263, 6, F(27, 16), F(28, 16), F(281, 16), F(282, 16), F(1, 8), F(2, 8)),
	/* a vendor's element 1, and then IANA's; in v9 it is plain element 32769 */
	LAYOUT("vendor", 264, 4, { 1, 4, MIKROTIK }, F(8, 4), F(12, 4), F(2, 4), F(1, 4),
	       { 12, 2, MIKROTIK }, F(22, 4), F(21, 4)),
};

/* Options data that announce sampling: as v9 and IPFIX exporters do it, with and without a
 * sampler's id. */
static const struct options_form {
	uint8_t version;
	bool has_id;
	uint8_t count; /* the first one is the scope */
	struct send_field field[4];
} options_forms[] = {
	{ NFM_NETFLOW_V9, false, 3, { F(1, 4), F(34, 4), F(35, 1) } },
	{ NFM_NETFLOW_V9, true, 4, { F(2, 4), F(48, 2), F(49, 1), F(50, 4) } },
	{ NFM_IPFIX, false, 2, { F(149, 4), F(34, 4) } },
	{ NFM_IPFIX, true, 3, { F(302, 8), F(305, 4), F(306, 4) } },
};

const struct send_layout *send_layout_find(const char *name)
{
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(layouts); i++)
		if (!strcmp(layouts[i].name, name))
			return &layouts[i];
	return NULL;
}

uint32_t send_layout_most(const struct send_layout *layout)
{
	uint32_t most = 0;
	uint32_t i;

	for (i = 0; i < layout->count; i++)
		most += layout->field[i].length == SEND_VARIABLE ? SEND_VARIABLE_MOST
								 : layout->field[i].length;
	return most;
}

/* IANA's element of a layout; NULL. */
static const struct send_field *find_field(const struct send_layout *layout, uint16_t id)
{
	uint32_t i;

	for (i = 0; i < layout->count; i++)
		if (layout->field[i].id == id && !layout->field[i].enterprise)
			return &layout->field[i];
	return NULL;
}

struct send_form send_layout_form(const struct send_layout *layout)
{
	return (struct send_form){
		.family = layout->family,
		.bytes_size = (uint8_t)find_field(layout, 1)->length,
		.has_post = find_field(layout, layout->family == 4 ? 226 : 282),
		.has_times = find_field(layout, 22) || find_field(layout, 150) ||
			     find_field(layout, 152),
	};
}

static bool redefinition_is_due(const struct send_builder *builder)
{
	uint32_t every = builder->options->redefine;

	return every && builder->built && builder->built % every == 0;
}

/* Whether templates belong before the data that are next. */
static bool templates_are_due(const struct send_builder *builder)
{
	const struct send_options *options = builder->options;
	uint32_t every = options->template_every;

	if (builder->restarted || redefinition_is_due(builder))
		return true;
	if (!builder->built)
		return !options->template_late;
	return every && builder->built % every == 0;
}

bool send_template_is_due(const struct send_builder *builder)
{
	return !builder->options->template_in_data && !builder->announced &&
	       templates_are_due(builder);
}

/* Another order of a layout's fields than it has now. */
static void shuffle(struct send_builder *builder, struct send_layout *layout)
{
	const struct send_layout before = *layout;
	uint32_t i;

	while (!memcmp(before.field, layout->field, sizeof(before.field))) {
		for (i = layout->count; i > 1; i--) {
			uint32_t other = send_random(&builder->layout_random) % i;
			struct send_field field = layout->field[i - 1];

			layout->field[i - 1] = layout->field[other];
			layout->field[other] = field;
		}
	}
}

/* A number of any length in bytes. */
static uint8_t *put_number(uint8_t *at, uint64_t value, uint32_t length)
{
	uint32_t i;

	for (i = 0; i < length; i++)
		at[i] = length - 1 - i < 8 ? (uint8_t)(value >> (8 * (length - 1 - i))) : 0;
	return at + length;
}

/* Ends a set that began at `set`: padded to four bytes, with whatever was there (as RouterOS 6 does
 * it). */
static uint8_t *end_set(struct send_builder *builder, uint8_t *set, uint8_t *at)
{
	uint32_t padding = (uint32_t)(-(at - set)) & 3;

	send_random_bytes(builder, at, padding);
	at += padding;
	send_put16(set + 2, at - set);
	return at;
}

static uint8_t *put_fields(const struct send_builder *builder, uint8_t *at,
			   const struct send_field *field, uint32_t count)
{
	bool is_ipfix = builder->options->version == NFM_IPFIX;
	uint32_t i;

	for (i = 0; i < count; i++) {
		at = send_put16(at, field[i].enterprise ? field[i].id | 0x8000 : field[i].id);
		at = send_put16(at, field[i].length);
		if (field[i].enterprise && is_ipfix)
			at = send_put32(at, field[i].enterprise);
	}
	return at;
}

/* All templates of the stream, in one set. */
static uint8_t *put_templates(struct send_builder *builder, uint8_t *at)
{
	uint8_t *set = at;
	uint32_t i;

	at = send_put16(at, builder->options->version == NFM_IPFIX ? 2 : 0) + 2;
	for (i = 0; i < builder->options->layout_count; i++) {
		const struct send_layout *layout = &builder->layout[i];

		at = send_put16(send_put16(at, layout->id), layout->count);
		at = put_fields(builder, at, layout->field, layout->count);
	}
	return end_set(builder, set, at);
}

static uint8_t *put_options_record(uint8_t *at, const struct options_form *form, uint32_t sampler,
				   uint32_t rate)
{
	uint32_t i;

	for (i = 0; i < form->count; i++) {
		const struct send_field *field = &form->field[i];

		switch (i || form->version == NFM_IPFIX ? field->id : 0) {
		case 34:
		case 50:
			at = put_number(at, rate, field->length);
			break;
		case 305:
			at = put_number(at, 1, field->length);
			break;
		case 306:
			at = put_number(at, rate - 1, field->length);
			break;
		case 48:
		case 302:
			at = put_number(at, sampler, field->length);
			break;
		default: /* the same each time, as exporters repeat their options */
			memset(at, field->id, field->length);
			at += field->length;
		}
	}
	return at;
}

static const struct options_form *options_form(const struct send_options *options)
{
	size_t i = 0;

	while (options_forms[i].version != options->version ||
	       options_forms[i].has_id != !!options->announce_id)
		i++;
	return &options_forms[i];
}

/* The options template and, behind it, its data; with an id a second sampler that no record names.
 */
static uint8_t *put_options(struct send_builder *builder, uint8_t *at, struct send_datagram *out)
{
	const struct send_options *options = builder->options;
	const struct options_form *form = options_form(options);
	uint8_t *behind;
	uint8_t *set = at;

	if (options->version == NFM_IPFIX) {
		at = send_put16(at, 3) + 2;
		at = send_put16(send_put16(send_put16(at, OPTIONS_ID), form->count), 1);
	} else {
		at = send_put16(at, 1) + 2;
		at = send_put16(send_put16(send_put16(at, OPTIONS_ID), 4), 4 * (form->count - 1));
	}
	at = put_fields(builder, at, form->field, form->count);
	at = end_set(builder, set, at);

	set = at;
	at = send_put16(at, OPTIONS_ID) + 2;
	at = put_options_record(at, form, options->announce_id, options->announce);
	out->options = 1;
	if (form->has_id) {
		at = put_options_record(at, form, options->announce_id + 1,
					options->announce * 7);
		out->options = 2;
	}
	behind = end_set(builder, set, at);
	memset(at, 0, behind - at); /* padding, too */
	return behind;
}

static uint64_t unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A variable field: its length in one byte or (255, then two bytes) in three. */
static uint8_t *put_variable(struct send_builder *builder, uint8_t *at)
{
	uint32_t length = send_random(&builder->random) % (SEND_VARIABLE_MOST - 3);

	if (send_random(&builder->random) % 4) {
		*at++ = length;
	} else {
		*at++ = 255;
		at = send_put16(at, length);
	}
	send_random_bytes(builder, at, length);
	return at + length;
}

/* The value of an element that counts; false for one that a meter must not read. */
static bool number_of(const struct send_builder *builder, uint16_t id, const struct send_flow *flow,
		      uint64_t *value)
{
	uint64_t last_ms = unix_ms() - flow->age_ms;
	uint32_t last_uptime_ms = send_uptime_ms(builder) - flow->age_ms;

	switch (id) {
	case 1:
		*value = flow->wire_bytes;
		return true;
	case 2:
		*value = flow->packets;
		return true;
	case 21:
		*value = last_uptime_ms;
		return true;
	case 22:
		*value = last_uptime_ms - flow->duration_ms;
		return true;
	case 48:
	case 302:
		*value = builder->options->announce_id;
		return true;
	case 60:
		*value = flow->family;
		return true;
	case 150:
		*value = (last_ms - flow->duration_ms) / 1000;
		return true;
	case 151:
		*value = last_ms / 1000;
		return true;
	case 152:
		*value = last_ms - flow->duration_ms;
		return true;
	case 153:
		*value = last_ms;
		return true;
	}
	return false;
}

static const uint8_t *address_of(uint16_t id, const struct send_flow *flow)
{
	switch (id) {
	case 8:
	case 27:
		return flow->src;
	case 12:
	case 28:
		return flow->dst;
	case 225:
	case 281:
		return flow->post_src;
	case 226:
	case 282:
		return flow->post_dst;
	}
	return NULL;
}

static uint8_t *put_field(struct send_builder *builder, uint8_t *at, const struct send_field *field,
			  const struct send_flow *flow)
{
	const uint8_t *address = field->enterprise ? NULL : address_of(field->id, flow);
	uint64_t value;

	if (field->length == SEND_VARIABLE)
		return put_variable(builder, at);
	if (address)
		memcpy(at, address, field->length);
	else if (!field->enterprise && number_of(builder, field->id, flow, &value))
		put_number(at, value, field->length);
	else
		send_random_bytes(builder, at, field->length);
	return at + field->length;
}

static uint8_t *put_data(struct send_builder *builder, uint8_t *at, struct send_datagram *out)
{
	const struct send_options *options = builder->options;
	const struct send_layout *layout = &builder->layout[builder->built % options->layout_count];
	const struct send_form form = send_layout_form(layout);
	uint8_t *set = at;
	uint32_t i, j;

	at = send_put16(at, layout->id) + 2;
	out->count = options->records;
	for (i = 0; i < out->count; i++) {
		send_random_flow(builder, &form, &out->flow[i]);
		for (j = 0; j < layout->count; j++)
			at = put_field(builder, at, &layout->field[j], &out->flow[i]);
	}
	return end_set(builder, set, at);
}

/* Units of sequence: v9 counts datagrams, IPFIX data records, those of options among them. */
static uint32_t units_of(const struct send_options *options, const struct send_datagram *out)
{
	bool is_records =
		options->unit ? options->unit == NFM_UNIT_RECORDS : options->version == NFM_IPFIX;

	return is_records ? out->count + out->options : 1;
}

static void put_header(struct send_builder *builder, uint32_t records, struct send_datagram *out)
{
	bool is_ipfix = builder->options->version == NFM_IPFIX;
	uint8_t *at = send_put16(out->payload, builder->options->version);

	at = send_put16(at, is_ipfix ? out->size : records);
	if (!is_ipfix)
		at = send_put32(at, send_uptime_ms(builder));
	at = send_put32(at, time(NULL));
	at = send_put32(at, builder->sequence);
	send_put32(at, builder->options->engine);
}

void send_template_build(struct send_builder *builder, bool templates_alone,
			 struct send_datagram *out)
{
	const struct send_options *options = builder->options;
	bool has_templates =
		templates_alone || (options->template_in_data && templates_are_due(builder));
	uint8_t *at = out->payload + (options->version == NFM_IPFIX ? 16 : 20);
	uint32_t i;

	if (has_templates) {
		out->is_redefinition = redefinition_is_due(builder);
		for (i = 0; out->is_redefinition && i < options->layout_count; i++)
			shuffle(builder, &builder->layout[i]);
		at = put_templates(builder, at);
		if (options->announce)
			at = put_options(builder, at, out);
		out->has_templates = true;
		builder->restarted = false;
	}
	if (!templates_alone)
		at = put_data(builder, at, out);
	out->size = at - out->payload;
	out->units = units_of(options, out);
	put_header(builder,
		   out->count + out->options +
			   (has_templates ? options->layout_count + !!options->announce : 0),
		   out);
}
