/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding datagrams in the agent: the same meaning as the datapath's, for every version. Pure:
 * what outlives a datagram is the store of templates, time is an argument. A datagram is taken
 * whole or not at all, its templates included:
 *
 *   reason = nfm_flow_decode(…);      flows, and what it would change in the store
 *   nfm_flow_accept() or nfm_flow_discard()
 */
#ifndef NFM_DECODE_H
#define NFM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "batch.h"
#include "flow/store.h"
#include "reasons.h"

#define NFM_DECODE_FLOWS 4096U	/* most flows of a datagram */
#define NFM_DECODE_CHANGES 512U /* most templates and samplers that one datagram changes */
#define NFM_DECODE_WAITING 512U /* most sets of one datagram that wait for a template */

/** Who sent it, and how that exporter is set. */
struct nfm_decode_source {
	struct nfm_addr exporter;
	struct nfm_sampling sampling; /* num 0: believe the datagram */
	uint32_t flags;		      /* NFM_EXPORTER_… */
	uint64_t now_ns;	      /* monotonic: arrival */
	uint64_t now_unix_ns;
};

/* Remarks on records: NFM_REASON_WRAPPED + index is the reason's number. */
enum nfm_note {
	NFM_NOTE_WRAPPED,
	NFM_NOTE_REPAIRED,
	NFM_NOTE_EMPTY,
	NFM_NOTE_SAME,
	NFM_NOTE_IMPLAUSIBLE,
	NFM_NOTE_TOTAL,
	NFM_NOTE_REVERSE,
	NFM_NOTES,
};

_Static_assert(NFM_REASON_REVERSE == NFM_REASON_WRAPPED + NFM_NOTE_REVERSE, "notes are reasons");

/** A data set without its template; it lies in the payload. */
struct nfm_waiting_set {
	const uint8_t *at; /* its set header */
	uint32_t length;   /* set header included */
	uint16_t id;
};

/** A datagram's header, in host order, and what became of its records. */
struct nfm_datagram {
	uint32_t version;
	uint32_t count;	   /* flow records decoded */
	uint32_t rejected; /* flow records that a rejected datagram holds, as far as it was read */
	uint32_t domain;   /* v5: engine type << 8 | engine id */
	uint32_t sequence;
	uint32_t uptime_ms; /* IPFIX has none: its export time in ms, modulo 2^32 */
	uint32_t unix_s;
	uint32_t options;   /* options records */
	uint32_t templates; /* that are new or have changed */
	uint32_t open;	    /* most records that its waiting sets may hold */
	uint32_t note[NFM_NOTES];
	bool has_alt; /* some flow has other addresses */
	uint32_t waiting_count;
	struct nfm_waiting_set waiting[NFM_DECODE_WAITING];
};

/** What one datagram would change. */
struct nfm_decode_change {
	struct nfm_template *template; /* a new one; owned */
	struct nfm_template *seen;     /* one of the store, announced again */
	struct nfm_template_name withdrawn; /* id 0: none; 2, 3: all (options) templates */
	struct nfm_sampler sampler;	    /* num 0: none */
};

struct nfm_decoder {
	struct nfm_store *store;
	struct nfm_flow *flow; /* NFM_DECODE_FLOWS, 64-byte aligned */
	struct nfm_alt *alt;   /* as many */
	struct nfm_span *span; /* as many: when each flow was */
	uint32_t change_count;
	struct nfm_decode_change change[NFM_DECODE_CHANGES];
	struct nfm_decode_pending *pending; /* decode's own: finds one's way among the changes */
};

/** `store` is borrowed. 0, -ENOMEM. */
int nfm_decoder_open(struct nfm_decoder *decoder, struct nfm_store *store);
void nfm_decoder_close(struct nfm_decoder *decoder);

/**
 * Decodes `length` bytes of UDP payload into decoder->flow, sampling applied. Returns
 * NFM_REASON_NONE and all flows (sets without a template left in out->waiting), or the reason for
 * which nothing of it is taken. To accept a rejected datagram is to forget the templates that it
 * has redefined or withdrawn: they do not hold any more.
 */
uint32_t nfm_flow_decode(struct nfm_decoder *decoder, const struct nfm_decode_source *source,
			 const uint8_t *payload, uint32_t length, struct nfm_datagram *out);

/** Its templates and samplers go into the store; how many templates were new or changed. */
uint32_t nfm_flow_accept(struct nfm_decoder *decoder, const struct nfm_decode_source *source);
void nfm_flow_discard(struct nfm_decoder *decoder);

/**
 * Decodes one data set that waited (`waiting` and its bytes behind it). NFM_REASON_NONE, the reason
 * for which it is not counted, or NFM_REASON_NO_TEMPLATE: it has to wait on. It changes samplers
 * only, which nfm_flow_accept() takes.
 */
uint32_t nfm_flow_decode_waiting(struct nfm_decoder *decoder,
				 const struct nfm_decode_source *source,
				 const struct nfm_waiting *waiting, struct nfm_datagram *out);

#endif
