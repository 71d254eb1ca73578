// SPDX-License-Identifier: GPL-2.0-only
#include "flow/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/bytes.h"
#include "flow/template_internal.h"
#include "wire.h"

#define HEAD_BYTES 4U	      /* id and field count; of a withdrawal all of it */
#define OPTIONS_HEAD_BYTES 6U /* and what tells the scope fields; in v9 two lengths, no count */
#define FIELD_BYTES 4U	      /* number and length */
#define ENTERPRISE_BYTES 4U   /* behind them, if the number has the bit */
#define ENTERPRISE_BIT 0x8000U

#define ID_LEAST 256U
#define WITHDRAW_TEMPLATES 2U /* all of a stream: the id of their sets */
#define WITHDRAW_OPTIONS 3U

#define ROLE_IDS 512U /* every element of IANA's that has a role is below */

/* ---- measuring ---- */

static int measure_v9(const uint8_t *at, uint32_t left, bool options,
		      struct nfm_template_head *head)
{
	uint32_t head_bytes = options ? OPTIONS_HEAD_BYTES : HEAD_BYTES;

	if (left < head_bytes)
		return -EBADMSG;
	head->field_count = nfm_get16(at + 2);
	if (options) {
		uint16_t scope_bytes = nfm_get16(at + 2);
		uint16_t option_bytes = nfm_get16(at + 4);

		if (scope_bytes % FIELD_BYTES || option_bytes % FIELD_BYTES)
			return -EBADMSG;
		head->scope_count = scope_bytes / FIELD_BYTES;
		head->field_count = head->scope_count + option_bytes / FIELD_BYTES;
	}
	head->raw_bytes = head_bytes + head->field_count * FIELD_BYTES;
	return head->id < ID_LEAST || !head->field_count || head->raw_bytes > left ? -EBADMSG : 0;
}

static int measure_withdrawal(bool options, struct nfm_template_head *head)
{
	head->raw_bytes = HEAD_BYTES;
	if (head->id >= ID_LEAST)
		return 0;
	return head->id == (options ? WITHDRAW_OPTIONS : WITHDRAW_TEMPLATES) ? 0 : -EBADMSG;
}

static int measure_ipfix(const uint8_t *at, uint32_t left, bool options,
			 struct nfm_template_head *head)
{
	uint32_t bytes = options ? OPTIONS_HEAD_BYTES : HEAD_BYTES;

	head->field_count = nfm_get16(at + 2);
	if (!head->field_count)
		return measure_withdrawal(options, head);
	if (head->id < ID_LEAST || left < bytes)
		return -EBADMSG;
	if (options) {
		head->scope_count = nfm_get16(at + 4);
		if (!head->scope_count || head->scope_count > head->field_count)
			return -EBADMSG;
	}
	for (uint32_t i = 0; i < head->field_count; i++) {
		if (left - bytes < FIELD_BYTES)
			return -EBADMSG;
		bytes += nfm_get16(at + bytes) & ENTERPRISE_BIT ? FIELD_BYTES + ENTERPRISE_BYTES
							     : FIELD_BYTES;
		if (bytes > left)
			return -EBADMSG;
	}
	head->raw_bytes = bytes;
	return 0;
}

int nfm_template_measure(const uint8_t *at, uint32_t left, uint16_t version, bool options,
			 struct nfm_template_head *out)
{
	struct nfm_template_head head = {};
	int error;

	if (left < HEAD_BYTES)
		return -EBADMSG;
	head.id = nfm_get16(at);
	error = version == NFM_NETFLOW_V9 ? measure_v9(at, left, options, &head)
					  : measure_ipfix(at, left, options, &head);
	if (!error)
		*out = head;
	return error;
}

/* ---- parsing ---- */

/* The element's role where it can be read, for the first such field of the record; else NONE. */
static uint8_t find_role(const struct nfm_field *field, uint64_t *seen)
{
	const struct nfm_element *element = nfm_element_find(field->enterprise, field->id);
	uint64_t bit = 1ULL << field->id % 64;

	if (!element || element->role == NFM_ROLE_NONE || element->id >= ROLE_IDS ||
	    !nfm_field_is_usable(element, field->length))
		return NFM_ROLE_NONE;
	if (field->enterprise)
		return element->role;
	if (seen[field->id / 64] & bit)
		return NFM_ROLE_NONE;
	seen[field->id / 64] |= bit;
	return element->role;
}

/* Reads one field of the template record; returns the bytes that it takes there. */
static uint32_t parse_field(const uint8_t *at, bool enterprise_bit, struct nfm_field *field)
{
	field->id = nfm_get16(at);
	field->length = nfm_get16(at + 2);
	if (!enterprise_bit || !(field->id & ENTERPRISE_BIT))
		return FIELD_BYTES;
	field->id &= (uint16_t)~ENTERPRISE_BIT;
	field->enterprise = nfm_get32(at + FIELD_BYTES);
	return FIELD_BYTES + ENTERPRISE_BYTES;
}

/* Scope fields of v9 have numbers of their own (RFC 3954 section 6.1): no elements. */
static void parse_fields(struct nfm_template *t, struct nfm_field *field)
{
	const uint8_t *at = t->raw + (t->options ? OPTIONS_HEAD_BYTES : HEAD_BYTES);
	bool v9 = t->name.version == NFM_NETFLOW_V9;
	uint64_t seen[ROLE_IDS / 64] = {};

	for (uint32_t i = 0; i < t->field_count; i++) {
		at += parse_field(at, !v9, &field[i]);
		field[i].at = t->record_bytes;
		if (!v9 || i >= t->scope_count)
			field[i].role = find_role(&field[i], seen);
		if (field[i].length == NFM_LENGTH_VARIABLE) {
			t->variable = true;
			t->record_bytes++;
		} else {
			t->record_bytes += field[i].length;
		}
	}
}

/* The template, its fields and its raw bytes are one piece. */
int nfm_template_new(const struct nfm_template_name *name, const uint8_t *raw,
		     const struct nfm_template_head *head, bool options,
		     struct nfm_template **out)
{
	size_t fields_bytes = head->field_count * sizeof(struct nfm_field);
	struct nfm_template *t = calloc(1, sizeof(*t) + fields_bytes + head->raw_bytes);
	struct nfm_field *field;
	uint8_t *copy;

	if (!t)
		return -ENOMEM;
	field = (struct nfm_field *)(t + 1);
	copy = (uint8_t *)field + fields_bytes;
	memcpy(copy, raw, head->raw_bytes);
	t->name = *name;
	t->options = options;
	t->field_count = head->field_count;
	t->scope_count = head->scope_count;
	t->field = field;
	t->raw = copy;
	t->raw_bytes = head->raw_bytes;
	parse_fields(t, field);
	nfm_template_compile(t);
	*out = t;
	return 0;
}

void nfm_template_free(struct nfm_template *template)
{
	free(template);
}

size_t nfm_template_size(const struct nfm_template *template)
{
	return sizeof(*template) + template->field_count * sizeof(template->field[0]) +
	       template->raw_bytes;
}
