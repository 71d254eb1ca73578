/* SPDX-License-Identifier: GPL-2.0-only */
/* Decoding datagrams in the agent: pure functions, the same meaning as the datapath's. */
#ifndef NFM_DECODE_H
#define NFM_DECODE_H

#include <stdint.h>

#include "abi.h"
#include "batch.h"

/* A record takes at least 46 bytes in every version that fits a datagram of 64 KiB. */
#define NFM_DECODE_FLOWS 1424U

/** What an exporter's setting says about sampling; num 0: believe the datagram. */
struct nfm_sampling {
	uint32_t num;
	uint32_t den;
};

/** A datagram's header, in host order, and what became of its records. */
struct nfm_datagram {
	uint32_t version;
	uint32_t count;	   /* records decoded */
	uint32_t rejected; /* records that a rejected datagram holds */
	uint32_t domain;   /* v5: engine type << 8 | engine id */
	uint32_t sequence;
	uint32_t uptime_ms;
	uint32_t unix_s;
};

/**
 * Decodes `length` bytes of UDP payload into `flow` (NFM_DECODE_FLOWS of them), sampling applied.
 * Returns NFM_REASON_NONE and all records, or the reason for which none is counted.
 */
uint32_t nfm_flow_decode(const uint8_t *payload, uint32_t length, struct nfm_sampling sampling,
			 struct nfm_flow *flow, struct nfm_datagram *out);

#endif
