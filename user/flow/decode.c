// SPDX-License-Identifier: GPL-2.0-only
/* Headers, and what comes of a datagram: all of it is taken, or nothing. */
#include "flow/decode.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "flow/decode_internal.h"

#define CACHE_LINE 64U

int nfm_decoder_open(struct nfm_decoder *decoder, struct nfm_store *store)
{
	_cleanup_free_ struct nfm_flow *flow = NULL;
	_cleanup_free_ struct nfm_alt *alt = NULL;
	_cleanup_free_ struct nfm_span *span = NULL;
	struct nfm_decode_pending *pending;

	flow = aligned_alloc(CACHE_LINE, NFM_DECODE_FLOWS * sizeof(*flow));
	alt = aligned_alloc(CACHE_LINE, NFM_DECODE_FLOWS * sizeof(*alt));
	span = calloc(NFM_DECODE_FLOWS, sizeof(*span));
	pending = calloc(1, sizeof(*pending));
	if (!flow || !alt || !span || !pending) {
		free(pending);
		return -ENOMEM;
	}
	decoder->store = store;
	decoder->flow = NFM_STEAL_PTR(flow);
	decoder->alt = NFM_STEAL_PTR(alt);
	decoder->span = NFM_STEAL_PTR(span);
	decoder->pending = pending;
	decoder->change_count = 0;
	return 0;
}

void nfm_decoder_close(struct nfm_decoder *decoder)
{
	if (decoder->pending)
		nfm_flow_discard(decoder);
	free(NFM_STEAL_PTR(decoder->flow));
	free(NFM_STEAL_PTR(decoder->alt));
	free(NFM_STEAL_PTR(decoder->span));
	free(NFM_STEAL_PTR(decoder->pending));
}

/* ---- changes ---- */

static void forget_changes(struct nfm_decoder *decoder)
{
	struct nfm_decode_pending *pending = decoder->pending;

	decoder->change_count = 0;
	pending->templates.count = 0;
	pending->samplers.count = 0;
	pending->withdrawn[false] = 0;
	pending->withdrawn[true] = 0;
}

void nfm_flow_discard(struct nfm_decoder *decoder)
{
	for (uint32_t i = 0; i < decoder->change_count; i++)
		nfm_template_free(decoder->change[i].template);
	forget_changes(decoder);
}

static bool make_change(struct nfm_store *store, struct nfm_decode_change *change)
{
	const struct nfm_template_name *withdrawn = &change->withdrawn;

	if (change->template) {
		if (!nfm_store_put(store, change->template))
			return true;
		nfm_template_free(change->template);
	} else if (withdrawn->id >= 256) {
		nfm_store_withdraw(store, withdrawn);
	} else if (withdrawn->id) {
		nfm_store_withdraw_all(store, withdrawn, withdrawn->id == 3);
	} else if (change->sampler.sampling.num) {
		nfm_store_put_sampler(store, &change->sampler); /* no memory: it comes again */
	}
	return false;
}

uint32_t nfm_flow_accept(struct nfm_decoder *decoder, const struct nfm_decode_source *source)
{
	uint32_t changed = 0;

	/* first: what a change makes room for is gone then */
	for (uint32_t i = 0; i < decoder->change_count; i++)
		if (decoder->change[i].seen)
			nfm_store_see(decoder->store, decoder->change[i].seen, source->now_unix_ns);
	for (uint32_t i = 0; i < decoder->change_count; i++)
		changed += make_change(decoder->store, &decoder->change[i]);
	forget_changes(decoder);
	return changed;
}

/* ---- headers ---- */

/* RFC 3954 section 5.1. The count is not looked at: some count sets, some nothing right. */
static uint32_t decode_v9(struct nfm_decode *d, const uint8_t *payload, uint32_t length)
{
	struct nfm_wire_header_v9 header;

	if (length < sizeof(header))
		return NFM_REASON_SHORT;
	memcpy(&header, payload, sizeof(header));
	d->out->uptime_ms = be32toh(header.uptime_ms_be);
	d->out->unix_s = be32toh(header.unix_s_be);
	d->out->sequence = be32toh(header.sequence_be);
	d->out->domain = be32toh(header.domain_be);
	d->name.domain = d->out->domain;
	return nfm_decode_sets(d, payload + sizeof(header), length - (uint32_t)sizeof(header));
}

/* RFC 7011 section 3.1. What stands behind the message is not looked at. */
static uint32_t decode_ipfix(struct nfm_decode *d, const uint8_t *payload, uint32_t length)
{
	struct nfm_wire_header_ipfix header;
	uint32_t message;

	if (length < sizeof(header))
		return NFM_REASON_SHORT;
	memcpy(&header, payload, sizeof(header));
	d->out->unix_s = be32toh(header.unix_s_be);
	d->out->uptime_ms = d->out->unix_s * 1000;
	d->out->sequence = be32toh(header.sequence_be);
	d->out->domain = be32toh(header.domain_be);
	d->name.domain = d->out->domain;
	message = be16toh(header.length_be);
	if (message < sizeof(header) || message > length)
		return NFM_REASON_TRUNCATED;
	return nfm_decode_sets(d, payload + sizeof(header), message - (uint32_t)sizeof(header));
}

/* ---- a datagram ---- */

/* The array of waiting sets stays as it is: it is large. */
static void begin(struct nfm_decode *d, struct nfm_decoder *decoder,
		  const struct nfm_decode_source *source, struct nfm_datagram *out)
{
	nfm_flow_discard(decoder);
	memset(out, 0, offsetof(struct nfm_datagram, waiting));
	*d = (struct nfm_decode){
		.decoder = decoder,
		.source = source,
		.out = out,
		.name.exporter = source->exporter,
	};
}

static void set_version(struct nfm_decode *d, uint16_t version)
{
	d->out->version = version;
	d->name.version = version;
}

/*
 * Of a rejected datagram: what it redefines does not hold any more, whatever is wrong with it. All
 * else that it says is not taken.
 */
static void renounce(struct nfm_decoder *decoder)
{
	struct nfm_decode_pending *pending = decoder->pending;

	for (uint32_t i = 0; i < decoder->change_count; i++) {
		struct nfm_decode_change *change = &decoder->change[i];
		struct nfm_decode_change gone = { .withdrawn = change->withdrawn };

		if (change->template)
			gone.withdrawn = change->template->name;
		nfm_template_free(change->template);
		*change = gone;
	}
	pending->templates.count = 0;
	pending->samplers.count = 0;
	pending->withdrawn[false] = 0;
	pending->withdrawn[true] = 0;
}

static uint32_t end(struct nfm_decode *d, uint32_t reason)
{
	struct nfm_datagram *out = d->out;

	if (reason == NFM_REASON_NONE)
		return reason;
	out->rejected += out->count;
	out->count = 0;
	out->options = 0;
	out->templates = 0;
	out->open = 0;
	out->has_alt = false;
	out->waiting_count = 0;
	memset(out->note, 0, sizeof(out->note));
	renounce(d->decoder);
	return reason;
}

uint32_t nfm_flow_decode(struct nfm_decoder *decoder, const struct nfm_decode_source *source,
			 const uint8_t *payload, uint32_t length, struct nfm_datagram *out)
{
	struct nfm_decode d;

	begin(&d, decoder, source, out);
	if (length < sizeof(uint16_t))
		return NFM_REASON_SHORT;
	set_version(&d, nfm_get16(payload));
	switch (out->version) {
	case NFM_NETFLOW_V9:
		return end(&d, decode_v9(&d, payload, length));
	case NFM_IPFIX:
		return end(&d, decode_ipfix(&d, payload, length));
	default:
		return end(&d, nfm_decode_fixed(&d, payload, length));
	}
}

uint32_t nfm_flow_decode_waiting(struct nfm_decoder *decoder,
				 const struct nfm_decode_source *source,
				 const struct nfm_waiting *waiting, struct nfm_datagram *out)
{
	const uint8_t *set = (const uint8_t *)(waiting + 1);
	struct nfm_decode d;

	begin(&d, decoder, source, out);
	set_version(&d, waiting->version);
	out->domain = waiting->domain;
	out->uptime_ms = waiting->uptime_ms;
	out->unix_s = waiting->unix_s;
	d.name.domain = waiting->domain;
	if (waiting->length < sizeof(struct nfm_wire_set))
		return end(&d, NFM_REASON_SET_LENGTH);
	return end(&d, nfm_decode_data(&d, waiting->id, set, waiting->length));
}
