/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Template records of NetFlow v9 (RFC 3954 section 5.2, 6.1) and IPFIX (RFC 7011 section 3.4):
 * parsing, and compiling to offsets. Pure.
 */
#ifndef NFM_FLOW_TEMPLATE_H
#define NFM_FLOW_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "flow/element.h"
#include "layout.h"

#define NFM_LENGTH_VARIABLE 65535U

struct nfm_store_item;

/** What a template is known by outside of one table: rows of exporters change, addresses do not. */
struct nfm_template_name {
	struct nfm_addr exporter;
	uint32_t domain;
	uint16_t version; /* 9 or 10 */
	uint16_t id;
};

struct nfm_field {
	uint16_t id; /* without the enterprise bit */
	uint16_t length;     /* bytes, or NFM_LENGTH_VARIABLE */
	uint32_t enterprise; /* 0: IANA's; v9 has none */
	uint32_t at;	     /* offset in the record; meaningless behind a variable field */
	/* enum nfm_role; NONE, too, if it cannot be read in this length, or is there already */
	uint8_t role;
	uint8_t reserved[3];
};

/** What records of a template have, beside a layout. */
#define NFM_HAS_SAMPLER 0x1U  /* a sampler's id (48, 302) */
#define NFM_HAS_SAMPLING 0x2U /* a sampling rate (34, 50, 305 and 306) */
#define NFM_HAS_TOTAL 0x4U    /* only total counters */
#define NFM_HAS_REVERSE 0x8U  /* counters of the other direction */
#define NFM_HAS_BOTH 0x10U    /* addresses of both families */

/** A kind of times: its elements' roles, their natural size, and NFM_TIMES_…. */
struct nfm_time_kind {
	uint8_t first;
	uint8_t last;
	uint8_t bytes;
	uint8_t times;
};

struct nfm_template {
	struct nfm_template_name name;
	bool options;
	bool variable;	      /* some field has a variable length */
	uint16_t field_count; /* scope fields come first */
	uint16_t scope_count;
	uint32_t record_bytes; /* of the shortest record: variable fields have one byte */
	uint32_t flags;	       /* NFM_HAS_… */
	struct nfm_layout layout; /* record_bytes 0: not compiled; sampling 1/1 */
	const char *not_compiled; /* why; NULL if it was */
	const struct nfm_time_kind *time_kind; /* of its records' times; NULL: they have none */
	const struct nfm_field *field;
	const uint8_t *raw; /* the template record as it was sent, its id first */
	uint32_t raw_bytes;
	uint64_t learned_unix_ns; /* when it came in this form */
	uint64_t seen_unix_ns;	  /* when it was last announced */
	uint64_t used_ns;	  /* monotonic: data came; 0: not since we started */
	struct nfm_store_item *item; /* the store's own; NULL outside of one */
};

/** A template record's head, before anything is allocated for it. */
struct nfm_template_head {
	uint16_t id;
	uint16_t field_count; /* 0: a withdrawal (IPFIX) */
	uint16_t scope_count;
	uint16_t reserved;
	uint32_t raw_bytes; /* of the whole template record */
};

/**
 * Measures the template record at `at` (`left` bytes up to its set's end). -EBADMSG: it runs over
 * the set, has an id below 256 (a withdrawal of all, id 2 or 3 in IPFIX, excepted), more scope
 * fields than fields, or in v9 no field.
 */
int nfm_template_measure(const uint8_t *at, uint32_t left, uint16_t version, bool options,
			 struct nfm_template_head *out);

/**
 * Makes a template of a measured record (one with fields), compiled where it can be; the raw bytes
 * are copied. name->id is the record's. 0, -ENOMEM.
 */
int nfm_template_new(const struct nfm_template_name *name, const uint8_t *raw,
		     const struct nfm_template_head *head, bool options,
		     struct nfm_template **out);
void nfm_template_free(struct nfm_template *template);

/** Bytes that a template takes in memory. */
size_t nfm_template_size(const struct nfm_template *template);

#endif
