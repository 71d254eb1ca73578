/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Information elements (IANA, "IP Flow Information Export (IPFIX) Entities"; RFC 7012): a table of
 * number, name and type, and of what each means to us. It drives decoding, `templates` and docs.
 */
#ifndef NFM_ELEMENT_H
#define NFM_ELEMENT_H

#include <stdint.h>

enum nfm_element_type {
	NFM_TYPE_OCTETS,
	NFM_TYPE_UNSIGNED,
	NFM_TYPE_SIGNED,
	NFM_TYPE_FLOAT,
	NFM_TYPE_BOOLEAN,
	NFM_TYPE_MAC,
	NFM_TYPE_STRING,
	NFM_TYPE_TIME_S,
	NFM_TYPE_TIME_MS,
	NFM_TYPE_TIME_US,
	NFM_TYPE_TIME_NS,
	NFM_TYPE_IPV4,
	NFM_TYPE_IPV6,
	NFM_TYPE_LIST,
};

/**
 * What the meter takes from an element; the order within bytes and within packets is that in which
 * they are preferred: of a record's byte counters the first present one counts.
 */
enum nfm_role {
	NFM_ROLE_NONE,
	NFM_ROLE_BYTES,		  /* 1 octetDeltaCount */
	NFM_ROLE_BYTES_TOTAL,	  /* 85 octetTotalCount */
	NFM_ROLE_BYTES_LAYER2,	  /* 352 layer2OctetDeltaCount */
	NFM_ROLE_BYTES_POST,	  /* 23 postOctetDeltaCount */
	NFM_ROLE_BYTES_INITIATOR, /* 231 initiatorOctets */
	NFM_ROLE_PACKETS,	  /* 2 */
	NFM_ROLE_PACKETS_TOTAL,	  /* 86 */
	NFM_ROLE_PACKETS_POST,	  /* 24 */
	NFM_ROLE_SRC4,		  /* 8 */
	NFM_ROLE_DST4,		  /* 12 */
	NFM_ROLE_SRC6,		  /* 27 */
	NFM_ROLE_DST6,		  /* 28 */
	NFM_ROLE_POST_SRC4,	  /* 225 */
	NFM_ROLE_POST_DST4,	  /* 226 */
	NFM_ROLE_POST_SRC6,	  /* 281 */
	NFM_ROLE_POST_DST6,	  /* 282 */
	NFM_ROLE_FIRST_UPTIME,	  /* 22: ms */
	NFM_ROLE_LAST_UPTIME,	  /* 21 */
	NFM_ROLE_FIRST_S,	  /* 150 */
	NFM_ROLE_LAST_S,	  /* 151 */
	NFM_ROLE_FIRST_MS,	  /* 152 */
	NFM_ROLE_LAST_MS,	  /* 153 */
	NFM_ROLE_FIRST_US,	  /* 154: NTP time */
	NFM_ROLE_LAST_US,	  /* 155 */
	NFM_ROLE_FIRST_NS,	  /* 156: NTP time */
	NFM_ROLE_LAST_NS,	  /* 157 */
	NFM_ROLE_INIT_MS,	  /* 160: when the uptimes of IPFIX began */
	NFM_ROLE_SAMPLING,	  /* 34, 50: one packet out of so many */
	NFM_ROLE_SAMPLER,	  /* 48, 302: which sampler */
	NFM_ROLE_SAMPLING_TAKE,	  /* 305: packets taken in a row */
	NFM_ROLE_SAMPLING_SKIP,	  /* 306: packets left out after them */
	NFM_ROLE_REVERSE,	  /* 232; of PEN 29305 (RFC 5103) 1, 2, 23, 24, 85, 86, 231 */
	NFM_ROLES,
};

#define NFM_ENTERPRISE_REVERSE 29305U

struct nfm_element {
	uint16_t id;
	uint8_t type; /* enum nfm_element_type */
	uint8_t role; /* enum nfm_role */
	const char *name;
};

/** The element, or NULL if it is not known. Enterprise 0: IANA's. */
const struct nfm_element *nfm_element_find(uint32_t enterprise, uint16_t id);

/** All of IANA's and Cisco's, in order of number. */
const struct nfm_element *nfm_element_all(uint32_t *count);

const char *nfm_element_type_name(uint8_t type);

#endif
