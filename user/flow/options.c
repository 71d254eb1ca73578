// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sampling: what options data announce, and what counts for a record. Sources: RFC 3954 section 6.1
 * (34, 48, 50), RFC 5477 section 8 (302, 305, 306).
 */
#include "flow/decode_internal.h"

static uint64_t get_rate(const struct nfm_places *places, enum nfm_role role, const uint8_t *at,
			 bool may_be_swapped)
{
	uint64_t value = nfm_decode_integer(places, role, at);

	/* RouterOS 6 sends it little-endian. The most that can be is such a 1, and likelier. */
	if (may_be_swapped && places->role[role].length == sizeof(uint32_t) &&
	    value >= NFM_SAMPLING_MOST)
		value = __builtin_bswap32((uint32_t)value);
	return value;
}

/* A rate that the record announces and that can be. */
static bool get_sampling(const struct nfm_places *places, const uint8_t *at, bool may_be_swapped,
			 struct nfm_sampling *out)
{
	uint64_t rate = get_rate(places, NFM_ROLE_SAMPLING, at, may_be_swapped);
	uint64_t take = 1, skip;

	if (rate && rate <= NFM_SAMPLING_MOST) {
		*out = (struct nfm_sampling){ (uint32_t)rate, 1 };
		return true;
	}
	if (!places->role[NFM_ROLE_SAMPLING_SKIP].length)
		return false;
	skip = get_rate(places, NFM_ROLE_SAMPLING_SKIP, at, may_be_swapped);
	if (places->role[NFM_ROLE_SAMPLING_TAKE].length)
		take = get_rate(places, NFM_ROLE_SAMPLING_TAKE, at, may_be_swapped);
	if (!take || take > NFM_SAMPLING_MOST || skip > NFM_SAMPLING_MOST)
		return false;
	*out = (struct nfm_sampling){ (uint32_t)(take + skip), (uint32_t)take };
	return true;
}

static uint64_t get_sampler(const struct nfm_places *places, const uint8_t *at)
{
	if (!places->role[NFM_ROLE_SAMPLER].length)
		return NFM_SAMPLER_ANY;
	return nfm_decode_integer(places, NFM_ROLE_SAMPLER, at);
}

/* ---- announced by options data ---- */

static uint32_t take_options(struct nfm_decode *d, const struct nfm_template *template,
			     const struct nfm_places *places, const uint8_t *at)
{
	struct nfm_decode_index *index = &d->decoder->pending->samplers;
	uint64_t id = get_sampler(places, at);
	struct nfm_decode_change *change;
	struct nfm_sampling sampling;

	(void)template;
	d->out->options++;
	if (!get_sampling(places, at, false, &sampling))
		return NFM_REASON_NONE;
	d->announced.num = 0;
	change = nfm_decode_pending_find(d, index, id);
	if (!change) {
		change = nfm_decode_change(d);
		if (!change)
			return NFM_REASON_TOO_MANY;
		change->sampler.stream = d->name;
		change->sampler.id = id;
		nfm_decode_pending_set(d, index, id, change);
	}
	change->sampler.sampling = sampling;
	return NFM_REASON_NONE;
}

uint32_t nfm_decode_options(struct nfm_decode *d, const struct nfm_template *template,
			    const uint8_t *at, uint32_t left)
{
	return nfm_decode_records(d, template, at, left, take_options);
}

/* ---- what counts ---- */

static const struct nfm_sampling unsampled = { 1, 1 };

/*
 * As nfm_store_sampling(), as if the datagram's samplers were in the store: the sampler's own, what
 * was announced for all, that of the only sampler.
 */
static struct nfm_sampling find_sampling(const struct nfm_decode *d, uint64_t id)
{
	const struct nfm_decode_index *index = &d->decoder->pending->samplers;
	const uint64_t ids[] = { id, NFM_SAMPLER_ANY };
	const struct nfm_sampler *known;
	uint32_t count;

	if (!index->count)
		return nfm_store_sampling(d->decoder->store, &d->name, id);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct nfm_decode_change *change = nfm_decode_pending_find(d, index, ids[i]);

		if (change)
			return change->sampler.sampling;
		known = nfm_store_find_sampler(d->decoder->store, &d->name, ids[i]);
		if (known)
			return known->sampling;
	}
	known = nfm_store_any_sampler(d->decoder->store, &d->name, &count);
	if (index->count > 1 || count > 1 || (known && known->id != index->entry[0].id))
		return unsampled;
	return d->decoder->change[index->entry[0].change].sampler.sampling;
}

struct nfm_sampling nfm_decode_announced(struct nfm_decode *d, uint64_t sampler)
{
	if (!d->announced.num || d->sampler != sampler) {
		d->announced = find_sampling(d, sampler);
		d->sampler = sampler;
	}
	return d->announced;
}

struct nfm_sampling nfm_decode_sampling(struct nfm_decode *d, const struct nfm_places *places,
					const uint8_t *at)
{
	struct nfm_sampling own;

	if (d->source->sampling.num)
		return d->source->sampling;
	if (d->source->flags & NFM_EXPORTER_TRUST_DATA && get_sampling(places, at, true, &own))
		return own;
	return nfm_decode_announced(d, get_sampler(places, at));
}
