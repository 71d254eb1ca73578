// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of NetFlow v9 (RFC 3954 section 5) and IPFIX (RFC 7011 section 3.3). What a datagram says of
 * templates is staged in change[]; a data set is decoded with the template as of its place: the
 * newest change of its id, else what the store has.
 */
#include "flow/decode_internal.h"

#include "base/cleanup.h"

/* Set ids; in IPFIX also template ids, to withdraw all of a kind (RFC 7011 section 8.1). */
#define SET_V9_TEMPLATES 0U
#define SET_V9_OPTIONS 1U
#define SET_IPFIX_TEMPLATES 2U
#define SET_IPFIX_OPTIONS 3U
#define SET_DATA 256U /* the first of the data sets' ids */

#define WAITING_UNITS 65535U /* records that a datagram's sequence can go on by: 16 bits */

/* ---- changes ---- */

struct nfm_decode_change *nfm_decode_change(struct nfm_decode *d)
{
	struct nfm_decode_change *change;

	if (d->decoder->change_count == NFM_DECODE_CHANGES)
		return NULL;
	change = &d->decoder->change[d->decoder->change_count++];
	memset(change, 0, sizeof(*change));
	return change;
}

/* Where the id is, or belongs. */
static uint32_t find_place(const struct nfm_decode_index *index, uint64_t id)
{
	uint32_t from = 0, to = index->count;

	while (from < to) {
		uint32_t middle = (from + to) / 2;

		if (index->entry[middle].id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct nfm_decode_change *nfm_decode_pending_find(const struct nfm_decode *d,
						  const struct nfm_decode_index *index, uint64_t id)
{
	uint32_t i = find_place(index, id);

	if (i == index->count || index->entry[i].id != id)
		return NULL;
	return &d->decoder->change[index->entry[i].change];
}

void nfm_decode_pending_set(struct nfm_decode *d, struct nfm_decode_index *index, uint64_t id,
			    const struct nfm_decode_change *change)
{
	uint32_t i = find_place(index, id);

	if (i == index->count || index->entry[i].id != id) {
		memmove(&index->entry[i + 1], &index->entry[i],
			(index->count - i) * sizeof(index->entry[0]));
		index->count++;
	}
	index->entry[i].id = id;
	index->entry[i].change = (uint32_t)(change - d->decoder->change);
}

/*
 * The template as of this place in the datagram, or NULL. *change gets the newest change of its id
 * that still stands, NULL if there is none: the template is the store's then.
 */
static struct nfm_template *find_template(struct nfm_decode *d, uint16_t id,
					  struct nfm_decode_change **change)
{
	const struct nfm_decode_pending *pending = d->decoder->pending;
	struct nfm_template *template;
	uint32_t turn = 0;

	*change = pending->templates.count ? nfm_decode_pending_find(d, &pending->templates, id)
					   : NULL;
	if (*change) {
		template = (*change)->template ? (*change)->template : (*change)->seen;
		turn = (uint32_t)(*change - d->decoder->change) + 1;
	} else {
		struct nfm_template_name name = d->name;

		name.id = id;
		template = nfm_store_find(d->decoder->store, &name);
	}
	if (!template || pending->withdrawn[template->options] > turn)
		return NULL;
	return template;
}

/* ---- templates ---- */

static uint32_t withdraw(struct nfm_decode *d, uint16_t id, bool options)
{
	struct nfm_decode_pending *pending = d->decoder->pending;
	struct nfm_decode_change *change;
	bool all = id < SET_DATA; /* its set's id: nfm_template_measure() sees to that */

	if (!all && !find_template(d, id, &change))
		return NFM_REASON_NONE;
	change = nfm_decode_change(d);
	if (!change)
		return NFM_REASON_TOO_MANY;
	change->withdrawn = d->name;
	change->withdrawn.id = id;
	if (all)
		pending->withdrawn[options] = d->decoder->change_count;
	else
		nfm_decode_pending_set(d, &pending->templates, id, change);
	return NFM_REASON_NONE;
}

static bool is_same(const struct nfm_template *template, const uint8_t *raw,
		    const struct nfm_template_head *head, bool options)
{
	return template->options == options && template->raw_bytes == head->raw_bytes &&
	       !memcmp(template->raw, raw, head->raw_bytes);
}

static uint32_t announce(struct nfm_decode *d, const uint8_t *raw,
			 const struct nfm_template_head *head, bool options)
{
	struct nfm_template_name name = d->name;
	struct nfm_decode_change *change;
	struct nfm_template *template;
	bool same;

	name.id = head->id;
	template = find_template(d, head->id, &change);
	same = template && is_same(template, raw, head, options);
	if (same && change)
		return NFM_REASON_NONE;
	change = nfm_decode_change(d);
	if (!change)
		return NFM_REASON_TOO_MANY;
	if (same) {
		change->seen = template;
	} else {
		if (nfm_template_new(&name, raw, head, options, &change->template))
			return NFM_REASON_TOO_MANY;
		change->template->learned_unix_ns = d->source->now_unix_ns;
		change->template->seen_unix_ns = d->source->now_unix_ns;
		d->out->templates++;
	}
	nfm_decode_pending_set(d, &d->decoder->pending->templates, head->id, change);
	return NFM_REASON_NONE;
}

/* Template records, until what is left is padding. */
static uint32_t take_templates(struct nfm_decode *d, const uint8_t *at, uint32_t left, bool options)
{
	struct nfm_template_head head;

	for (; left >= sizeof(struct nfm_wire_set); at += head.raw_bytes, left -= head.raw_bytes) {
		uint32_t reason;

		if (!nfm_get32(at))
			break;
		if (nfm_template_measure(at, left, d->name.version, options, &head))
			return NFM_REASON_BAD_TEMPLATE;
		reason = head.field_count ? announce(d, at, &head, options)
					  : withdraw(d, head.id, options);
		if (reason != NFM_REASON_NONE)
			return reason;
	}
	return NFM_REASON_NONE;
}

/* ---- data ---- */

uint32_t nfm_decode_data(struct nfm_decode *d, uint16_t id, const uint8_t *set, uint32_t length)
{
	const uint8_t *at = set + sizeof(struct nfm_wire_set);
	uint32_t left = length - sizeof(struct nfm_wire_set);
	struct nfm_decode_change *change;
	struct nfm_template *template;
	uint32_t reason;

	template = find_template(d, id, &change);
	if (!template)
		return NFM_REASON_NO_TEMPLATE;
	if (!template->record_bytes || !left)
		return NFM_REASON_NONE;
	reason = template->options ? nfm_decode_options(d, template, at, left)
				   : nfm_decode_flows(d, template, at, left);
	if (reason != NFM_REASON_NONE)
		return reason;
	/* of a rejected datagram, too: it only says what is forgotten last */
	if (change && change->template)
		template->used_ns = d->source->now_ns;
	else if (template->used_ns != d->source->now_ns)
		nfm_store_use(d->decoder->store, template, d->source->now_ns);
	return NFM_REASON_NONE;
}

static uint32_t wait_for_template(struct nfm_datagram *out, uint16_t id, const uint8_t *set,
				  uint32_t length)
{
	uint32_t records = (length - (uint32_t)sizeof(struct nfm_wire_set)) / 4 + 1;

	if (out->waiting_count == NFM_DECODE_WAITING)
		return NFM_REASON_TOO_MANY;
	out->waiting[out->waiting_count++] = (struct nfm_waiting_set){ set, length, id };
	out->open += NFM_MIN(records, WAITING_UNITS - out->open);
	return NFM_REASON_NONE;
}

static uint32_t take_set(struct nfm_decode *d, uint16_t id, const uint8_t *set, uint32_t length)
{
	bool v9 = d->name.version == NFM_NETFLOW_V9;
	uint32_t templates = v9 ? SET_V9_TEMPLATES : SET_IPFIX_TEMPLATES;
	uint32_t options = v9 ? SET_V9_OPTIONS : SET_IPFIX_OPTIONS;
	uint32_t reason;

	if (length == sizeof(struct nfm_wire_set))
		return NFM_REASON_NONE;
	if (id == templates || id == options)
		return take_templates(d, set + sizeof(struct nfm_wire_set),
				      length - sizeof(struct nfm_wire_set), id == options);
	if (id < SET_DATA)
		return NFM_REASON_NONE;
	reason = nfm_decode_data(d, id, set, length);
	return reason == NFM_REASON_NO_TEMPLATE ? wait_for_template(d->out, id, set, length)
						: reason;
}

uint32_t nfm_decode_sets(struct nfm_decode *d, const uint8_t *at, uint32_t left)
{
	while (left >= sizeof(struct nfm_wire_set)) {
		uint16_t id = nfm_get16(at);
		uint32_t length = nfm_get16(at + offsetof(struct nfm_wire_set, length_be));
		uint32_t reason;

		if (!id && !length) /* a tail of zeros: Cisco ACI, Palo Alto */
			return NFM_REASON_NONE;
		if (length < sizeof(struct nfm_wire_set) || length > left)
			return NFM_REASON_SET_LENGTH;
		reason = take_set(d, id, at, length);
		if (reason != NFM_REASON_NONE)
			return reason;
		at += length;
		left -= length;
	}
	return NFM_REASON_NONE;
}
