/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the decoder's fuzz targets share. An input is a sequence of datagrams, each behind its
 * length (16 bits, big-endian). Each lies in memory of its own, so that the sanitizer sees a byte
 * read too far.
 */
#ifndef NFM_FUZZ_H
#define NFM_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "flow/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): it has to hold in every build. */
#define FUZZ_CHECK(condition)                                                                   \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

#define FUZZ_TEMPLATES 256U

struct fuzz {
	struct nfm_store *store;
	struct nfm_decoder decoder;
	struct nfm_decode_source source;
	struct nfm_datagram out, again;
	struct nfm_flow flow[NFM_DECODE_FLOWS];
	struct nfm_alt alt[NFM_DECODE_FLOWS];
	/* templates whose layouts are put aside */
	struct nfm_template *aside[FUZZ_TEMPLATES];
	uint16_t record_bytes[FUZZ_TEMPLATES];
	uint32_t templates;
	bool too_many;	       /* templates for that */
	volatile uint64_t sum; /* of all that came out: it has to be there */
};

/** The next datagram in memory of its own, NULL: none is left. */
static inline uint8_t *fuzz_next(const uint8_t **data, size_t *size, uint32_t *length)
{
	uint8_t *payload;

	if (*size < 2)
		return NULL;
	*length = (uint32_t)(*data)[0] << 8 | (*data)[1];
	*length = NFM_MIN(*length, (uint32_t)*size - 2);
	payload = malloc(*length ? *length : 1);
	FUZZ_CHECK(payload);
	memcpy(payload, *data + 2, *length);
	*data += 2 + *length;
	*size -= 2 + *length;
	return payload;
}

/** An empty store; one that is there is used again, for speed. */
static inline void fuzz_begin(struct fuzz *f, const struct nfm_store_limits *limits)
{
	if (f->store) {
		nfm_flow_discard(&f->decoder);
		nfm_store_listen(f->store, NULL, NULL);
		nfm_store_clear(f->store);
		return;
	}
	FUZZ_CHECK(nfm_store_new(limits, &f->store) == 0);
	FUZZ_CHECK(nfm_decoder_open(&f->decoder, f->store) == 0);
}

/** How the exporter of the n-th datagram is set: all there is, in turn. */
static inline void fuzz_set(struct fuzz *f, uint32_t n)
{
	f->source = (struct nfm_decode_source){
		.exporter.byte = { [15] = n / 64 & 1 },
		.sampling = { n % 4 == 3 ? n : 0, 1 + n % 3 },
		.flags = n & (NFM_EXPORTER_TRUST_DATA | NFM_EXPORTER_NO_NAT |
			      NFM_EXPORTER_REPAIR_WRAPS),
		.now_ns = 1000 + n,
		.now_unix_ns = 1700000000000000000ULL + n * 7000000000ULL,
	};
}

static inline bool fuzz_is_reject(uint32_t reason)
{
#define FUZZ_CASE(name, number, kind, text, help) \
	case number:                              \
		return NFM_KIND_##kind == NFM_KIND_REJECT;
	switch (reason) {
		NFM_REASONS(FUZZ_CASE)
	default:
		return false;
	}
#undef FUZZ_CASE
}

static inline void fuzz_check(struct fuzz *f, uint32_t reason, const struct nfm_datagram *out,
			      const uint8_t *payload, uint32_t length)
{
	uint32_t notes = 0;

	for (uint32_t i = 0; i < NFM_NOTES; i++)
		notes |= out->note[i];
	if (reason != NFM_REASON_NONE) {
		FUZZ_CHECK(fuzz_is_reject(reason) || reason == NFM_REASON_NO_TEMPLATE);
		FUZZ_CHECK(!out->count && !out->options && !out->templates && !out->open);
		FUZZ_CHECK(!notes && !out->has_alt && !out->waiting_count);
		for (uint32_t i = 0; i < f->decoder.change_count; i++) /* withdrawals only */
			FUZZ_CHECK(!f->decoder.change[i].template && !f->decoder.change[i].seen &&
				   !f->decoder.change[i].sampler.sampling.num);
		return;
	}
	FUZZ_CHECK(out->count <= NFM_DECODE_FLOWS && !out->rejected);
	FUZZ_CHECK(out->waiting_count <= NFM_DECODE_WAITING);
	FUZZ_CHECK(out->open >= out->waiting_count && out->open <= 65535);
	FUZZ_CHECK(f->decoder.change_count <= NFM_DECODE_CHANGES);
	for (uint32_t i = 0; i < out->waiting_count; i++) {
		const struct nfm_waiting_set *set = &out->waiting[i];

		FUZZ_CHECK(set->at >= payload && set->length > 4 && set->id >= 256);
		FUZZ_CHECK(set->at + set->length <= payload + length);
	}
	for (uint32_t i = 0; i < out->count; i++) {
		const struct nfm_flow *flow = &f->decoder.flow[i];

		FUZZ_CHECK(flow->family == 4 || flow->family == 6);
		FUZZ_CHECK(!flow->alt || out->has_alt);
		f->sum += flow->bytes + flow->packets + flow->src[15] + flow->dst[15];
		if (flow->alt)
			f->sum += f->decoder.alt[i].src[15] + f->decoder.alt[i].dst[15];
	}
}

/* Each of its waiting sets as it comes out of the waiting room. */
static inline void fuzz_waiting(struct fuzz *f)
{
	for (uint32_t i = 0; i < f->out.waiting_count; i++) {
		const struct nfm_waiting_set *set = &f->out.waiting[i];
		_cleanup_free_ struct nfm_waiting *w = malloc(sizeof(*w) + set->length);
		uint32_t reason;

		FUZZ_CHECK(w);
		*w = (struct nfm_waiting){
			.length = set->length,
			.source = f->source.exporter,
			.domain = f->out.domain,
			.version = (uint16_t)f->out.version,
			.id = set->id,
		};
		memcpy(w + 1, set->at, set->length);
		reason = nfm_flow_decode_waiting(&f->decoder, &f->source, w, &f->again);
		FUZZ_CHECK(!f->again.waiting_count && !f->again.templates);
		fuzz_check(f, reason, &f->again, NULL, 0);
		nfm_flow_accept(&f->decoder, &f->source);
	}
}

static inline void fuzz_put_aside(void *cookie, const struct nfm_store_change *change)
{
	struct fuzz *f = cookie;

	if (!change->template)
		return;
	if (f->templates == FUZZ_TEMPLATES) {
		f->too_many = true;
		return;
	}
	f->aside[f->templates] = (struct nfm_template *)change->template;
	f->record_bytes[f->templates++] = change->template->layout.record_bytes;
}

/*
 * The datagram once more, all its templates known: by their layouts, and by their fields. Both have
 * to say the same. Nothing of it is taken.
 */
static inline void fuzz_both_ways(struct fuzz *f, const uint8_t *payload, uint32_t length)
{
	uint32_t reason = nfm_flow_decode(&f->decoder, &f->source, payload, length, &f->out);
	uint32_t reason_again;

	fuzz_check(f, reason, &f->out, payload, length);
	f->templates = 0;
	f->too_many = false;
	nfm_store_each(f->store, fuzz_put_aside, f);
	if (f->out.templates || f->too_many)
		return;
	memcpy(f->flow, f->decoder.flow, f->out.count * sizeof(f->flow[0]));
	memcpy(f->alt, f->decoder.alt, f->out.count * sizeof(f->alt[0]));
	for (uint32_t i = 0; i < f->templates; i++)
		f->aside[i]->layout.record_bytes = 0;
	reason_again = nfm_flow_decode(&f->decoder, &f->source, payload, length, &f->again);
	nfm_flow_discard(&f->decoder);
	for (uint32_t i = 0; i < f->templates; i++)
		f->aside[i]->layout.record_bytes = f->record_bytes[i];
	if (reason_again != reason) {
		/* fields without a length may be too many to look at; layouts leave them out */
		FUZZ_CHECK(reason_again == NFM_REASON_TOO_MANY);
		return;
	}
	FUZZ_CHECK(!memcmp(&f->out, &f->again, offsetof(struct nfm_datagram, waiting)));
	FUZZ_CHECK(!memcmp(f->flow, f->decoder.flow, f->out.count * sizeof(f->flow[0])));
	for (uint32_t i = 0; i < f->out.count; i++)
		FUZZ_CHECK(!f->flow[i].alt ||
			   !memcmp(&f->alt[i], &f->decoder.alt[i], sizeof(f->alt[0])));
}

/** One datagram: decoded, taken or not, decoded again. */
static inline void fuzz_datagram(struct fuzz *f, uint32_t n, const uint8_t *payload,
				 uint32_t length)
{
	uint32_t reason, templates;

	fuzz_set(f, n);
	reason = nfm_flow_decode(&f->decoder, &f->source, payload, length, &f->out);
	fuzz_check(f, reason, &f->out, payload, length);
	if (n % 8 == 7) {
		nfm_flow_discard(&f->decoder);
		return;
	}
	templates = f->out.templates;
	FUZZ_CHECK(nfm_flow_accept(&f->decoder, &f->source) <= templates);
	fuzz_waiting(f);
	fuzz_both_ways(f, payload, length);
}

/** All datagrams of an input; `version` 0: as they are. */
static inline void fuzz_all(struct fuzz *f, const uint8_t *data, size_t size, uint16_t version)
{
	uint32_t n = 0, length;
	uint8_t *payload;

	while ((payload = fuzz_next(&data, &size, &length))) {
		if (version && length >= 2) {
			payload[0] = (uint8_t)(version >> 8);
			payload[1] = (uint8_t)version;
		}
		/* IPFIX: a message longer than its datagram gets no further than that */
		if (version == 10 && length >= 16 &&
		    ((uint32_t)payload[2] << 8 | payload[3]) > length) {
			payload[2] = (uint8_t)(length >> 8);
			payload[3] = (uint8_t)length;
		}
		fuzz_datagram(f, n++, payload, length);
		free(payload);
	}
}

#endif
