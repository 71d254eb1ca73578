/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagrams of NetFlow v9 and IPFIX from a line of text, and what the decoder makes of them as
 * text. Statements end with ';':
 *
 *   t ID FIELD…[, ID FIELD…]   a set of templates
 *   o ID FIELD… | FIELD…[, …]  a set of options templates, scope fields first
 *   w ID…, wo ID…              withdrawals in a template set, in an options template set
 *   d ID VALUE…[, VALUE…] [+N] a data set of the template last written; N bytes of padding
 *   x HEX…                     bytes as they are
 *
 * FIELD: [ENTERPRISE:]ELEMENT/LENGTH, length v: variable. VALUE: a number, an address, or of a
 * variable field *BYTES[=NUMBER], **BYTES[=NUMBER] with a length of three bytes; those left out
 * are 0.
 */
#ifndef NFM_TEST_UNIT_SETS_H
#define NFM_TEST_UNIT_SETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "flow/decode.h"
#include "wire.h"

#define SETS_MOST 65535U
#define SETS_FIELDS 64U
#define SETS_KNOWN 16U

#define NOW_NS 5000000000ULL
#define NOW_UNIX_NS 1700000000000000000ULL

struct sets_field {
	uint32_t enterprise;
	uint32_t id;
	uint32_t length;
};

struct sets_template {
	uint32_t id;
	uint32_t count, scope;
	struct sets_field field[SETS_FIELDS];
};

static uint8_t sets_byte[SETS_MOST + 256];
static uint32_t sets_bytes;
static uint16_t sets_version;
static struct sets_template sets_known[SETS_KNOWN];

static struct nfm_store *store;
static struct nfm_decoder decoder;
static struct nfm_decode_source source;
static struct nfm_datagram got;
static uint8_t *payload; /* ends where its memory ends: the sanitizer sees a byte read too far */

/* ---- writing ---- */

static inline void sets_put(uint64_t number, uint32_t size)
{
	for (uint32_t i = size; i > 0; i--)
		sets_byte[sets_bytes++] = i > 8 ? 0 : (uint8_t)(number >> 8 * (i - 1));
	assert_true(sets_bytes <= SETS_MOST);
}

static inline void sets_write(uint32_t at, uint64_t number, uint32_t size)
{
	uint32_t end = sets_bytes;

	sets_bytes = at;
	sets_put(number, size);
	sets_bytes = end;
}

static inline void sets_field_parse(const char *word, struct sets_field *f)
{
	char *end;

	f->enterprise = 0;
	f->id = (uint32_t)strtoul(word, &end, 0);
	if (*end == ':') {
		f->enterprise = f->id;
		f->id = (uint32_t)strtoul(end + 1, &end, 0);
	}
	if (*end++ != '/')
		fail_msg("no field: %s", word);
	f->length = *end == 'v' ? NFM_LENGTH_VARIABLE : (uint32_t)strtoul(end, NULL, 0);
}

static inline struct sets_template *sets_template_of(uint32_t id)
{
	for (uint32_t i = 0; i < SETS_KNOWN; i++)
		if (sets_known[i].id == id)
			return &sets_known[i];
	for (uint32_t i = 0; i < SETS_KNOWN; i++)
		if (!sets_known[i].id)
			return &sets_known[i];
	fail_msg("too many templates");
	return NULL;
}

static inline void sets_put_template(char *words, bool options)
{
	char *save, *word = strtok_r(words, " ", &save);
	struct sets_template *t = sets_template_of((uint32_t)atoi(word));

	*t = (struct sets_template){ .id = (uint32_t)atoi(word) };
	while ((word = strtok_r(NULL, " ", &save))) {
		if (*word == '|')
			t->scope = t->count;
		else
			sets_field_parse(word, &t->field[t->count++]);
		assert_true(t->count < SETS_FIELDS);
	}
	sets_put(t->id, 2);
	if (options && sets_version == NFM_NETFLOW_V9)
		sets_put(4 * t->scope, 2);
	else
		sets_put(t->count, 2);
	if (options)
		sets_put(sets_version == NFM_NETFLOW_V9 ? 4 * (t->count - t->scope) : t->scope, 2);
	for (uint32_t i = 0; i < t->count; i++) {
		sets_put(t->field[i].id | (t->field[i].enterprise ? 0x8000 : 0), 2);
		sets_put(t->field[i].length, 2);
		if (t->field[i].enterprise)
			sets_put(t->field[i].enterprise, 4);
	}
}

static inline void sets_put_value(const char *word, uint32_t length)
{
	struct nfm_addr addr;

	if (*word == '*') {
		bool wide = *++word == '*';
		char *end;
		uint32_t bytes = (uint32_t)strtoul(word + wide, &end, 0);

		if (wide)
			sets_put(255, 1);
		sets_put(bytes, wide ? 2 : 1);
		sets_put(*end == '=' ? strtoull(end + 1, NULL, 0) : 0, bytes);
	} else if ((strchr(word, '.') || strchr(word, ':')) && (length == 4 || length == 16)) {
		assert_int_equal(nfm_units_parse_addr(word, &addr), 0);
		memcpy(sets_byte + sets_bytes, addr.byte + 16 - length, length);
		sets_bytes += length;
	} else {
		sets_put(strtoull(word, NULL, 0), length);
	}
}

static inline void sets_put_record(const struct sets_template *t, char *words)
{
	char *save, *word = strtok_r(words, " ", &save);

	for (uint32_t i = 0; i < t->count; i++) {
		if (word && *word == '+')
			word = NULL;
		if (t->field[i].length == NFM_LENGTH_VARIABLE)
			sets_put_value(word ? word : "*0", 0);
		else
			sets_put_value(word ? word : "0", t->field[i].length);
		word = word ? strtok_r(NULL, " ", &save) : NULL;
	}
}

/* ---- statements ---- */

static inline uint32_t sets_open(uint32_t id)
{
	sets_put(id, 2);
	sets_put(0, 2);
	return sets_bytes - 4;
}

static inline void sets_close(uint32_t at)
{
	sets_write(at + 2, sets_bytes - at, 2);
}

static inline void sets_put_data(char *words)
{
	char *plus = strchr(words, '+');
	char *rest, *save, *record;
	uint32_t id = (uint32_t)strtoul(words, &rest, 0);
	const struct sets_template *t = sets_template_of(id);
	uint32_t set = sets_open(id);

	for (record = strtok_r(rest, ",", &save); record; record = strtok_r(NULL, ",", &save))
		sets_put_record(t, record);
	for (int i = plus ? atoi(plus + 1) : 0; i > 0; i--)
		sets_put(0xaa, 1);
	sets_close(set);
}

static inline void sets_put_templates(char *words, bool options)
{
	uint32_t set = sets_open((sets_version == NFM_IPFIX ? 2U : 0U) + options);
	char *save, *one;

	for (one = strtok_r(words, ",", &save); one; one = strtok_r(NULL, ",", &save))
		sets_put_template(one, options);
	sets_close(set);
}

static inline void sets_put_withdrawals(char *words, bool options)
{
	uint32_t set = sets_open(2U + options);
	char *save, *word;

	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		sets_put(strtoul(word, NULL, 0), 2);
		sets_put(0, 2);
	}
	sets_close(set);
}

static inline void sets_put_hex(const char *words)
{
	unsigned int byte;
	int used;

	while (sscanf(words, " %2x%n", &byte, &used) == 1) {
		sets_put(byte, 1);
		words += used;
	}
}

static inline void sets_put_statement(char *s)
{
	while (*s == ' ')
		s++;
	if (!strncmp(s, "t ", 2) || !strncmp(s, "o ", 2))
		sets_put_templates(s + 2, *s == 'o');
	else if (!strncmp(s, "w ", 2))
		sets_put_withdrawals(s + 2, false);
	else if (!strncmp(s, "wo ", 3))
		sets_put_withdrawals(s + 3, true);
	else if (!strncmp(s, "d ", 2))
		sets_put_data(s + 2);
	else if (!strncmp(s, "x ", 2))
		sets_put_hex(s + 2);
	else if (*s)
		fail_msg("no statement: %s", s);
}

static inline void sets_begin(uint16_t version)
{
	sets_bytes = 0;
	sets_version = version;
	sets_put(version, 2);
	sets_put(version == NFM_IPFIX ? 0 : 77, 2); /* v9's count: nothing right */
	if (version == NFM_NETFLOW_V9)
		sets_put(0x01020304, 4);
	sets_put(1700000000, 4);
	sets_put(0xfffffff0, 4);
	sets_put(0x0a0b0c0d, 4);
}

static inline void sets_end(void)
{
	if (sets_version == NFM_IPFIX)
		sets_write(2, sets_bytes, 2);
}

/* Writes a datagram into sets_byte. */
static inline void sets_build(uint16_t version, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *save, *s;

	sets_begin(version);
	for (s = strtok_r(copy, ";", &save); s; s = strtok_r(NULL, ";", &save))
		sets_put_statement(s);
	sets_end();
}

/* ---- decoding ---- */

static inline uint32_t sets_decode_built(uint32_t length)
{
	free(payload);
	payload = malloc(length ? length : 1);
	assert_non_null(payload);
	memcpy(payload, sets_byte, length);
	memset(&got, 0xa5, sizeof(got));
	return nfm_flow_decode(&decoder, &source, payload, length, &got);
}

static inline uint32_t decode(uint16_t version, const char *text)
{
	sets_build(version, text);
	return sets_decode_built(sets_bytes);
}

/* Decodes a good datagram and takes what it changes; how many templates were new. */
static inline uint32_t take(uint16_t version, const char *text)
{
	uint32_t reason = decode(version, text);

	if (reason != NFM_REASON_NONE)
		fail_msg("v%u \"%s\": reason %u", version, text, reason);
	return nfm_flow_accept(&decoder, &source);
}

/* Nothing is known, nothing is set. */
static inline void fresh(void)
{
	nfm_flow_discard(&decoder);
	nfm_store_clear(store);
	memset(sets_known, 0, sizeof(sets_known));
	source = (struct nfm_decode_source){
		.sampling = { 0, 1 },
		.now_ns = NOW_NS,
		.now_unix_ns = NOW_UNIX_NS,
	};
	assert_int_equal(nfm_units_parse_addr("192.0.2.1", &source.exporter), 0);
}

static inline struct nfm_template_name name_of(uint16_t version, uint16_t id)
{
	return (struct nfm_template_name){ source.exporter, 0x0a0b0c0d, version, id };
}

static inline struct nfm_template *known(uint16_t version, uint16_t id)
{
	struct nfm_template_name name = name_of(version, id);

	return nfm_store_find(store, &name);
}

static inline uint32_t known_count(void)
{
	struct nfm_store_count count;

	nfm_store_count(store, &count);
	return count.templates;
}

/* ---- what came out ---- */

static inline const char *show_addr(const uint8_t *byte, uint8_t family, char text[64])
{
	static const uint8_t zero[16];
	struct nfm_addr addr = {};

	if (family == 6) {
		memcpy(addr.byte, byte, 16);
	} else {
		memset(addr.byte + 10, 0xff, 2);
		memcpy(addr.byte + 12, byte, 4);
		assert_memory_equal(byte + 4, zero, 12);
	}
	return nfm_units_format_addr(&addr, text, 64);
}

/* "SRC>DST BYTES/PACKETS", with "src~OTHER", "dst~OTHER" behind it, by ", ". */
static inline const char *shown(void)
{
	static char text[4096];
	size_t at = 0;
	char a[64], b[64];

	text[0] = 0;
	for (uint32_t i = 0; i < got.count && at < sizeof(text) - 256; i++) {
		const struct nfm_flow *f = &decoder.flow[i];
		const struct nfm_alt *alt = &decoder.alt[i];

		at += (size_t)sprintf(text + at, "%s%s>%s %llu/%llu", i ? ", " : "",
				      show_addr(f->src, f->family, a),
				      show_addr(f->dst, f->family, b), (unsigned long long)f->bytes,
				      (unsigned long long)f->packets);
		if (f->alt & NFM_ALT_SRC)
			at += (size_t)sprintf(text + at, " src~%s",
					      show_addr(alt->src, f->family, a));
		if (f->alt & NFM_ALT_DST)
			at += (size_t)sprintf(text + at, " dst~%s",
					      show_addr(alt->dst, f->family, a));
	}
	return text;
}

/* The notes' names with a count each: "wrapped 1". */
static inline const char *shown_notes(void)
{
	static const char *const names[NFM_NOTES] = {
		"wrapped", "repaired", "empty", "same", "implausible", "total", "reverse",
	};
	static char text[256];
	size_t at = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < NFM_NOTES; i++)
		if (got.note[i])
			at += (size_t)sprintf(text + at, "%s%s %u", at ? ", " : "", names[i],
					      got.note[i]);
	return text;
}

static inline int sets_set_up(void **state)
{
	(void)state;
	return nfm_store_new(NULL, &store) || nfm_decoder_open(&decoder, store) ? -1 : 0;
}

static inline int sets_tear_down(void **state)
{
	(void)state;
	nfm_decoder_close(&decoder);
	nfm_store_free(store);
	free(payload);
	return 0;
}

#endif
