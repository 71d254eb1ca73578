/* SPDX-License-Identifier: GPL-2.0-only */
/* Template records as they stand on the wire, of lists of fields, and templates of them. */
#ifndef NFM_TEST_TEMPLATE_BUILD_H
#define NFM_TEST_TEMPLATE_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow/template.h"

#define V9 9U
#define IPFIX 10U
#define VARIABLE 65535U
#define MOST_FIELDS 64U

struct spec {
	uint16_t id;
	uint16_t length;
	uint32_t enterprise; /* not 0: the field has the enterprise bit */
};

#define F(number, bytes) { .id = (number), .length = (bytes) }
#define FE(number, bytes, pen) { .id = (number), .length = (bytes), .enterprise = (pen) }

#define V9_OF(...) { V9, false, 256, 0, { __VA_ARGS__ } }
#define IPFIX_OF(...) { IPFIX, false, 256, 0, { __VA_ARGS__ } }

/** The fields end with one that is all zero. */
struct record {
	uint16_t version;
	bool options;
	uint16_t id;
	uint16_t scope_count;
	struct spec field[MOST_FIELDS + 1];
};

static inline uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static inline uint8_t *put_field(uint8_t *at, const struct spec *field)
{
	at = put16(at, field->id | (field->enterprise ? 0x8000U : 0));
	at = put16(at, field->length);
	if (field->enterprise) {
		at = put16(at, field->enterprise >> 16);
		at = put16(at, field->enterprise & 0xffff);
	}
	return at;
}

static inline uint8_t *put_head(uint8_t *at, const struct record *r, uint32_t count)
{
	bool v9 = r->version == V9;

	at = put16(at, r->id);
	if (!r->options)
		return put16(at, count);
	at = put16(at, v9 ? r->scope_count * 4U : count);
	return put16(at, v9 ? (count - r->scope_count) * 4U : r->scope_count);
}

static inline uint32_t field_count(const struct record *r)
{
	uint32_t count = 0;

	while (r->field[count].id || r->field[count].length)
		count++;
	return count;
}

/** The template record, in memory of its exact size; to be freed. */
static inline uint8_t *build(const struct record *r, uint32_t *bytes)
{
	uint8_t wire[6 + MOST_FIELDS * 8];
	uint32_t count = field_count(r);
	uint8_t *at = put_head(wire, r, count);
	uint8_t *copy;

	for (uint32_t i = 0; i < count; i++)
		at = put_field(at, &r->field[i]);
	*bytes = (uint32_t)(at - wire);
	copy = malloc(*bytes);
	assert_non_null(copy);
	memcpy(copy, wire, *bytes);
	return copy;
}

/** The template of a record; to be freed. */
static inline struct nfm_template *parse(const struct record *r)
{
	struct nfm_template_name name = { .domain = 77, .version = r->version, .id = r->id };
	struct nfm_template_head head;
	struct nfm_template *t;
	uint32_t bytes;
	uint8_t *raw = build(r, &bytes);

	assert_int_equal(nfm_template_measure(raw, bytes, r->version, r->options, &head), 0);
	assert_int_equal(nfm_template_new(&name, raw, &head, r->options, &t), 0);
	free(raw);
	return t;
}

/* ---- RouterOS ---- */

/** RouterOS 7 (NetFlow v9) and RouterOS 6 (IPFIX), IPv4 and IPv6 each, as they send them. */
enum { ROS7_V4, ROS7_V6, ROS6_V4, ROS6_V6, ROUTEROS };

static const struct record routeros[ROUTEROS] = {
	[ROS7_V4] = { V9, false, 256, 0, {
		F(21, 4), F(22, 4), F(2, 4), F(1, 4), F(10, 4), F(14, 4), F(8, 4), F(12, 4),
		F(4, 1), F(5, 1), F(7, 2), F(11, 2), F(15, 4), F(13, 1), F(9, 1), F(6, 1),
		F(80, 6), F(56, 6), F(57, 6), F(81, 6), F(225, 4), F(226, 4), F(227, 2),
		F(228, 2),
	} },
	[ROS7_V6] = { V9, false, 257, 0, {
		F(60, 1), F(27, 16), F(29, 1), F(10, 4), F(28, 16), F(30, 1), F(14, 4),
		F(62, 16), F(4, 1), F(6, 1), F(5, 1), F(7, 2), F(11, 2), F(31, 4), F(64, 4),
		F(21, 4), F(22, 4), F(1, 4), F(2, 4), F(80, 6), F(56, 6), F(57, 6), F(81, 6),
	} },
	[ROS6_V4] = { IPFIX, false, 258, 0, {
		F(60, 1), F(22, 4), F(21, 4), F(2, 4), F(1, 4), F(7, 2), F(11, 2), F(10, 4),
		F(14, 4), F(4, 1), F(6, 1), F(8, 4), F(12, 4), F(15, 4), F(225, 4), F(226, 4),
	} },
	[ROS6_V6] = { IPFIX, false, 259, 0, {
		F(60, 1), F(22, 4), F(21, 4), F(2, 4), F(1, 4), F(7, 2), F(11, 2), F(10, 4),
		F(14, 4), F(4, 1), F(6, 1), F(27, 16), F(28, 16), F(62, 16),
	} },
};

#endif
