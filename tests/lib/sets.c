// SPDX-License-Identifier: GPL-2.0-only
#include "sets.h"

#include <assert.h>
#include <string.h>

#include "wire.h"

#define ENTERPRISE_BIT 0x8000U

static uint8_t *put(uint8_t *at, uint64_t number, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		at[i] = size - i > 8 ? 0 : (uint8_t)(number >> 8 * (size - i - 1));
	return at + size;
}

void nfm_sets_put(struct nfm_sets *s, const void *bytes, uint32_t length)
{
	memcpy(s->at, bytes, length);
	s->at += length;
}

void nfm_sets_put_number(struct nfm_sets *s, uint64_t number, uint32_t size)
{
	s->at = put(s->at, number, size);
}

void nfm_sets_fill(struct nfm_sets *s, uint8_t value, uint32_t length)
{
	memset(s->at, value, length);
	s->at += length;
}

uint32_t nfm_sets_random(struct nfm_sets *s, uint32_t below)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return (uint32_t)((s->seed >> 32) * below >> 32);
}

void nfm_sets_put_random(struct nfm_sets *s, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		*s->at++ = (uint8_t)nfm_sets_random(s, 256);
}

void nfm_sets_begin(struct nfm_sets *s, uint8_t *payload, const struct nfm_sets_header *header,
		    uint64_t seed)
{
	*s = (struct nfm_sets){
		.begin = payload,
		.at = payload,
		.version = header->version,
		.seed = seed ? seed : 1,
	};
	nfm_sets_put_number(s, header->version, 2);
	nfm_sets_put_number(s, header->count, 2);
	if (header->version == NFM_NETFLOW_V9)
		nfm_sets_put_number(s, header->uptime_ms, 4);
	nfm_sets_put_number(s, header->unix_s, 4);
	nfm_sets_put_number(s, header->sequence, 4);
	nfm_sets_put_number(s, header->domain, 4);
}

uint32_t nfm_sets_end(struct nfm_sets *s)
{
	uint32_t length = (uint32_t)(s->at - s->begin);

	if (s->version == NFM_IPFIX)
		put(s->begin + 2, length, 2);
	return length;
}

void nfm_sets_open(struct nfm_sets *s, uint16_t id)
{
	s->set = s->at;
	nfm_sets_put_number(s, id, 2);
	nfm_sets_put_number(s, 0, 2);
}

void nfm_sets_close(struct nfm_sets *s, uint32_t padding, uint8_t fill)
{
	nfm_sets_fill(s, fill, padding);
	put(s->set + 2, (uint64_t)(s->at - s->set), 2);
}

uint16_t nfm_sets_template_id(uint16_t version, bool options)
{
	return (uint16_t)((version == NFM_IPFIX ? 2 : 0) + options);
}

static uint8_t *put_head(uint8_t *at, uint16_t version, uint16_t id, bool options, uint32_t count,
			 uint32_t scope)
{
	at = put(at, id, 2);
	if (options && version == NFM_NETFLOW_V9) {
		at = put(at, 4 * scope, 2);
		return put(at, 4 * (count - scope), 2);
	}
	at = put(at, count, 2);
	return options ? put(at, scope, 2) : at;
}

uint32_t nfm_sets_raw(uint8_t *raw, uint16_t version, uint16_t id, bool options,
		      const struct nfm_sets_field *field, uint32_t count, uint32_t scope)
{
	uint8_t *at = put_head(raw, version, id, options, count, scope);

	for (uint32_t i = 0; i < count; i++) {
		bool has_enterprise = field[i].enterprise && version == NFM_IPFIX;

		assert((uint32_t)(at - raw) + 8 <= NFM_SETS_RAW);
		at = put(at, field[i].id | (has_enterprise ? ENTERPRISE_BIT : 0), 2);
		at = put(at, field[i].length, 2);
		if (has_enterprise)
			at = put(at, field[i].enterprise, 4);
	}
	return (uint32_t)(at - raw);
}

void nfm_sets_template_raw(struct nfm_sets *s, bool options, const uint8_t *raw,
			   uint32_t raw_bytes)
{
	nfm_sets_open(s, nfm_sets_template_id(s->version, options));
	nfm_sets_put(s, raw, raw_bytes);
	nfm_sets_close(s, 0, 0);
}

void nfm_sets_template(struct nfm_sets *s, uint16_t id, const struct nfm_sets_field *field,
		       uint32_t count)
{
	uint8_t raw[NFM_SETS_RAW];

	nfm_sets_template_raw(s, false, raw,
			      nfm_sets_raw(raw, s->version, id, false, field, count, 0));
}

/* A length of one byte, or of three, and so many random bytes. */
static void put_variable(struct nfm_sets *s)
{
	uint32_t length = nfm_sets_random(s, 20);

	if (nfm_sets_random(s, 4) == 0) {
		nfm_sets_put_number(s, 255, 1);
		nfm_sets_put_number(s, length, 2);
	} else {
		nfm_sets_put_number(s, length, 1);
	}
	nfm_sets_put_random(s, length);
}

static bool is_first(const struct nfm_sets_field *field, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (field[j].id == field[i].id && field[j].enterprise == field[i].enterprise)
			return false;
	return true;
}

static const struct nfm_sets_value *find_value(const struct nfm_sets_field *field,
					       const struct nfm_sets_value *value, uint32_t values)
{
	for (uint32_t i = 0; i < values; i++)
		if (value[i].id == field->id && !field->enterprise)
			return &value[i];
	return NULL;
}

void nfm_sets_record(struct nfm_sets *s, const struct nfm_sets_field *field, uint32_t count,
		     const struct nfm_sets_value *value, uint32_t values)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_sets_value *v = find_value(&field[i], value, values);

		if (field[i].length == NFM_SETS_VARIABLE)
			put_variable(s);
		else if (!v || !is_first(field, i))
			nfm_sets_put_random(s, field[i].length);
		else if (v->v6 && field[i].length == 16)
			nfm_sets_put(s, v->v6, 16);
		else
			nfm_sets_put_number(s, v->number, field[i].length);
	}
}

uint32_t nfm_sets_record_bytes(const struct nfm_sets_field *field, uint32_t count)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		bytes += field[i].length == NFM_SETS_VARIABLE ? 1 : field[i].length;
	return bytes;
}
