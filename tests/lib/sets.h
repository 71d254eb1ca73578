/* SPDX-License-Identifier: GPL-2.0-only */
/* Payloads of NetFlow v9 and IPFIX, good or not: header, sets, template records, data records. */
#ifndef NFM_TEST_SETS_H
#define NFM_TEST_SETS_H

#include <stdbool.h>
#include <stdint.h>

#define NFM_SETS_VARIABLE 65535U
#define NFM_SETS_RAW 2048U

/** A field of a template. */
struct nfm_sets_field {
	uint16_t id;
	uint16_t length; /* bytes, or NFM_SETS_VARIABLE */
	uint32_t enterprise; /* IPFIX only; 0: IANA's */
};

/** What a record's field has to hold; fields without a value get random bytes. */
struct nfm_sets_value {
	uint16_t id;
	uint64_t number;   /* as many of its low bytes as the field has */
	const uint8_t *v6; /* or these 16 bytes */
};

struct nfm_sets_header {
	uint16_t version;
	uint16_t count; /* v9; nobody believes it */
	uint32_t uptime_ms;
	uint32_t unix_s;
	uint32_t sequence;
	uint32_t domain;
};

/** A payload under construction; its room is the caller's, who knows what fits. */
struct nfm_sets {
	uint8_t *begin;
	uint8_t *at;
	uint8_t *set; /* head of the open set */
	uint16_t version;
	uint64_t seed; /* of random content; not 0 */
};

void nfm_sets_begin(struct nfm_sets *s, uint8_t *payload, const struct nfm_sets_header *header,
		    uint64_t seed);

/** Writes the length of an IPFIX message; returns the payload's in bytes. */
uint32_t nfm_sets_end(struct nfm_sets *s);

/** A set's head, and, where it is closed, its length with `padding` bytes of `fill` behind it. */
void nfm_sets_open(struct nfm_sets *s, uint16_t id);
void nfm_sets_close(struct nfm_sets *s, uint32_t padding, uint8_t fill);

/** Set ids of templates and of options templates in this version. */
uint16_t nfm_sets_template_id(uint16_t version, bool options);

/**
 * Writes a template record (its id first) of `count` fields, of which the first `scope` are scope
 * fields; options: `options`. Returns its length in bytes.
 */
uint32_t nfm_sets_raw(uint8_t *raw, uint16_t version, uint16_t id, bool options,
		      const struct nfm_sets_field *field, uint32_t count, uint32_t scope);

/** A whole set of one template record, or of a raw one. */
void nfm_sets_template(struct nfm_sets *s, uint16_t id, const struct nfm_sets_field *field,
		       uint32_t count);
void nfm_sets_template_raw(struct nfm_sets *s, bool options, const uint8_t *raw,
			   uint32_t raw_bytes);

/** One data record into the open set; a value goes to the first field of its element. */
void nfm_sets_record(struct nfm_sets *s, const struct nfm_sets_field *field, uint32_t count,
		     const struct nfm_sets_value *value, uint32_t values);

void nfm_sets_put(struct nfm_sets *s, const void *bytes, uint32_t length);
/** A number of 1 to 8 bytes, big-endian. */
void nfm_sets_put_number(struct nfm_sets *s, uint64_t number, uint32_t size);
void nfm_sets_fill(struct nfm_sets *s, uint8_t value, uint32_t length);
void nfm_sets_put_random(struct nfm_sets *s, uint32_t length);

/** The next random number below `below`; xorshift64 over s->seed. */
uint32_t nfm_sets_random(struct nfm_sets *s, uint32_t below);

/** Bytes of a record without variable fields; those count one byte each. */
uint32_t nfm_sets_record_bytes(const struct nfm_sets_field *field, uint32_t count);

#endif
