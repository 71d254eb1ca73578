/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's decoder from inside. Pieces: decode.c (headers, what comes of a datagram), fixed.c
 * (v1, v5, v7), sets.c (sets of v9 and IPFIX, templates), record.c (a data record to a flow),
 * options.c (sampling).
 */
#ifndef NFM_DECODE_INTERNAL_H
#define NFM_DECODE_INTERNAL_H

#include <string.h>

#include "flow/bytes.h"
#include "flow/decode.h"
#include "wire.h"

/**
 * Most fields that are looked at for one datagram; more is TOO_MANY. A field of a length takes
 * bytes of the datagram, so that only fields without one come near: 16,000 of them can stand in a
 * template, and its one-byte records in every set.
 */
#define NFM_DECODE_STEPS (1U << 20)

/** The newest change of each template's id or sampler's id, in order of the id. */
struct nfm_decode_index {
	uint32_t count;
	struct {
		uint64_t id;
		uint32_t change;
	} entry[NFM_DECODE_CHANGES];
};

/** Finds one's way among a datagram's changes, however many an attacker makes them. */
struct nfm_decode_pending {
	struct nfm_decode_index templates; /* and withdrawals */
	struct nfm_decode_index samplers;
	uint32_t withdrawn[2]; /* newest withdrawal of all (options) templates, + 1; 0: none */
};

/** A datagram under way. */
struct nfm_decode {
	struct nfm_decoder *decoder;
	const struct nfm_decode_source *source;
	struct nfm_datagram *out;
	struct nfm_template_name name; /* of the stream: id 0 */
	uint32_t steps;		       /* fields looked at */
	uint64_t sampler;	       /* whose sampling the next is */
	struct nfm_sampling announced; /* num 0: not looked up */
};

/** Where a record's elements stand, by role; length 0: none that could be read. */
struct nfm_places {
	struct {
		uint32_t at; /* from the record's begin */
		uint32_t length;
	} role[NFM_ROLES];
};

/** Takes one record; returns NFM_REASON_NONE to go on. */
typedef uint32_t (*nfm_record_fn)(struct nfm_decode *d, const struct nfm_template *template,
				  const struct nfm_places *places, const uint8_t *at);

/* ---- fixed.c ---- */

/** A datagram of v1, v5 or v7; NFM_REASON_VERSION for any other. */
uint32_t nfm_decode_fixed(struct nfm_decode *d, const uint8_t *payload, uint32_t length);

/* ---- sets.c ---- */

/** All sets of a datagram, behind its header. */
uint32_t nfm_decode_sets(struct nfm_decode *d, const uint8_t *at, uint32_t left);

/** One data set, its head included. NFM_REASON_NO_TEMPLATE: its template is not known. */
uint32_t nfm_decode_data(struct nfm_decode *d, uint16_t id, const uint8_t *set, uint32_t length);

/** A new entry of change[], all zero; NULL: they are too many. */
struct nfm_decode_change *nfm_decode_change(struct nfm_decode *d);

/** The change that the index has for the id, or NULL. */
struct nfm_decode_change *nfm_decode_pending_find(const struct nfm_decode *d,
						  const struct nfm_decode_index *index,
						  uint64_t id);

/** The id's newest change is now this one. */
void nfm_decode_pending_set(struct nfm_decode *d, struct nfm_decode_index *index, uint64_t id,
			    const struct nfm_decode_change *change);

/* ---- record.c ---- */

/** Flow records; `left` bytes, not 0, of a template whose records have some. */
uint32_t nfm_decode_flows(struct nfm_decode *d, const struct nfm_template *template,
			  const uint8_t *at, uint32_t left);

/** Walks records of any template by their fields. BAD_DATA: not one, or one runs over. */
uint32_t nfm_decode_records(struct nfm_decode *d, const struct nfm_template *template,
			    const uint8_t *at, uint32_t left, nfm_record_fn fn);

/** An element's integer, big-endian, of 1 to 8 bytes; 0 if there is none. */
uint64_t nfm_decode_integer(const struct nfm_places *places, enum nfm_role role, const uint8_t *at);

/**
 * Notes what is wrong with counters that nfm_flow_is_odd(), and returns the bytes to count.
 * `wraps`: the byte counter has 32 bits.
 */
uint64_t nfm_decode_odd(struct nfm_decode *d, uint64_t bytes, uint64_t packets, bool wraps);

/* ---- options.c ---- */

/** Options records: as nfm_decode_flows(). */
uint32_t nfm_decode_options(struct nfm_decode *d, const struct nfm_template *template,
			    const uint8_t *at, uint32_t left);

/** The sampling of records that name this sampler, unless the record itself is believed. */
struct nfm_sampling nfm_decode_announced(struct nfm_decode *d, uint64_t sampler);

/** The sampling of one data record. */
struct nfm_sampling nfm_decode_sampling(struct nfm_decode *d, const struct nfm_places *places,
					const uint8_t *at);

/* ---- small things ---- */

/* The quotient rounded to the nearest, as nfm_batch_divide() does in the datapath. */
static inline uint64_t nfm_decode_scale(uint64_t value, struct nfm_sampling sampling)
{
	uint64_t product = value * sampling.num;

	return sampling.den > 1 ? (product + sampling.den / 2) / sampling.den : product;
}

#endif
