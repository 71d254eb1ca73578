/* SPDX-License-Identifier: GPL-2.0-only */
/* NetFlow v9 as RouterOS 7 sends it: two templates, 17 records of IPv4 or 12 of IPv6 a datagram. */
#ifndef NFM_TEST_ROUTEROS_H
#define NFM_TEST_ROUTEROS_H

#include "sets.h"

#define NFM_ROUTEROS_V4 256U /* template ids */
#define NFM_ROUTEROS_V6 257U
#define NFM_ROUTEROS_V4_BYTES 81U /* of a record */
#define NFM_ROUTEROS_V6_BYTES 114U
#define NFM_ROUTEROS_V4_RECORDS 17U /* of a full datagram */
#define NFM_ROUTEROS_V6_RECORDS 12U

/* Offsets in a record. */
#define NFM_ROUTEROS_V4_SRC 24U
#define NFM_ROUTEROS_V4_DST 28U
#define NFM_ROUTEROS_V4_POST_SRC 69U
#define NFM_ROUTEROS_V4_POST_DST 73U
#define NFM_ROUTEROS_V6_SRC 1U
#define NFM_ROUTEROS_V6_DST 22U

/** One of the two templates; *count gets the number of its fields. */
const struct nfm_sets_field *nfm_routeros_fields(uint16_t id, uint32_t *count);

/** Both templates, in one set. */
void nfm_routeros_put_templates(struct nfm_sets *s);

/**
 * A set of `records` records with these counters, one more byte in each; addresses are zero, or,
 * those after NAT among them, for the caller to write.
 */
void nfm_routeros_put_data(struct nfm_sets *s, uint16_t id, uint32_t records, uint32_t bytes,
			   uint32_t packets);

#endif
