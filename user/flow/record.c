// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data records to flows: by offsets where the template was compiled (struct nfm_layout), else by
 * its fields and their roles. Both have the same meaning.
 */
#include "flow/decode_internal.h"

#include "base/cleanup.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define LIKELY_NOT(x) __builtin_expect(!!(x), 0)

#define WRAP_PACKET_MOST 1500U /* a repaired counter has no more bytes to a packet */

/* ---- notes ---- */

static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t nfm_decode_odd(struct nfm_decode *d, uint64_t bytes, uint64_t packets, bool wraps)
{
	uint64_t most = multiply(packets, WRAP_PACKET_MOST);
	uint32_t *note = d->out->note;

	if (!bytes && !packets) {
		note[NFM_NOTE_EMPTY]++;
	} else if (!wraps || bytes >= multiply(packets, NFM_PACKET_LEAST)) {
		note[NFM_NOTE_IMPLAUSIBLE]++;
	} else {
		note[NFM_NOTE_WRAPPED]++;
		if (d->source->flags & NFM_EXPORTER_REPAIR_WRAPS && (most - bytes) >> 32) {
			note[NFM_NOTE_REPAIRED]++;
			bytes += (most - bytes) >> 32 << 32;
		}
	}
	return bytes;
}

static uint64_t span(uint64_t first, uint64_t last)
{
	return last > first ? last - first : 0;
}

/* The same in ms of sysUpTime, which wraps after 49 days, also within a flow. */
static uint64_t span_uptime(uint32_t first, uint32_t last)
{
	return (int32_t)(last - first) > 0 ? last - first : 0;
}

/* ---- compiled templates ---- */

static uint64_t compiled_duration_ms(const struct nfm_layout *l, const uint8_t *at)
{
	const uint8_t *first = at + l->first_at;
	const uint8_t *last = at + l->last_at;

	if (l->times == NFM_TIMES_UNIX_MS)
		return span(nfm_get64(first), nfm_get64(last));
	if (l->times == NFM_TIMES_NTP)
		return span(nfm_get64(first), nfm_get64(last)) * 1000 >> 32;
	if (l->times == NFM_TIMES_UNIX_S)
		return span(nfm_get32(first), nfm_get32(last)) * 1000;
	return span_uptime(nfm_get32(first), nfm_get32(last));
}

/* Out of the way: of counters that may be odd. Returns the bytes to count. */
static __attribute__((noinline)) uint64_t second_look(struct nfm_decode *d,
						      const struct nfm_layout *l, const uint8_t *at,
						      uint64_t bytes, uint64_t packets)
{
	if (nfm_flow_is_odd(bytes, packets))
		return nfm_decode_odd(d, bytes, packets, l->bytes_size == sizeof(uint32_t));
	if (l->times != NFM_TIMES_NONE && nfm_flow_is_too_fast(bytes, compiled_duration_ms(l, at)))
		d->out->note[NFM_NOTE_IMPLAUSIBLE]++;
	return bytes;
}

/* The other addresses of a flow with NAT. Of a post-NAT address that is missing: the one before. */
static ALWAYS_INLINE void translate4(struct nfm_decode *d, uint32_t i, uint32_t post_src_be,
				     uint32_t post_dst_be)
{
	struct nfm_flow *flow = &d->decoder->flow[i];
	struct nfm_alt *alt = &d->decoder->alt[i];
	uint8_t which = 0;

	if (post_src_be && post_src_be != flow->src4_be)
		which |= NFM_ALT_SRC;
	if (post_dst_be && post_dst_be != flow->dst4_be)
		which |= NFM_ALT_DST;
	if (!which)
		return;
	memset(alt, 0, sizeof(*alt));
	if (which & NFM_ALT_SRC)
		memcpy(alt->src, &post_src_be, sizeof(post_src_be));
	if (which & NFM_ALT_DST) {
		memcpy(alt->dst, &flow->dst4_be, sizeof(flow->dst4_be));
		flow->dst4_be = post_dst_be;
	}
	flow->alt = which;
	d->out->has_alt = true;
}

static ALWAYS_INLINE uint32_t get4(const uint8_t *at)
{
	uint32_t word_be;

	memcpy(&word_be, at, sizeof(word_be));
	return word_be;
}

/* When those records were: as the datapath does it. */
static void decode_times(struct nfm_decode *d, const struct nfm_layout *l, const uint8_t *at,
			 uint32_t count)
{
	struct nfm_span *span = &d->decoder->span[d->out->count];
	bool wide = nfm_times_bytes(l->times) == sizeof(uint64_t);
	struct nfm_times times;

	if (l->times == NFM_TIMES_NONE) {
		memset(span, 0, count * sizeof(*span));
		return;
	}
	nfm_times_open(&times, l->times, d->out->version == NFM_IPFIX, d->out->uptime_ms,
		       d->out->unix_s, l->init_at == NFM_AT_NONE ? 0 : nfm_get64(at + l->init_at));
	for (uint32_t i = 0; i < count; i++, at += l->record_bytes) {
		const uint8_t *first = at + l->first_at, *last = at + l->last_at;

		span[i] = wide ? nfm_times_span(&times, nfm_get64(first), nfm_get64(last)) :
				 nfm_times_span(&times, nfm_get32(first), nfm_get32(last));
	}
}

/* `count` records. Behind a set's head and a header, eight bytes before them may be read. */
static ALWAYS_INLINE void decode_compiled(struct nfm_decode *d, const struct nfm_layout *layout,
					  const uint8_t *at, uint32_t count,
					  struct nfm_sampling sampling, const uint8_t family,
					  const bool nat)
{
	const struct nfm_layout l = *layout;
	const uint64_t bytes_mask = UINT64_MAX >> (64 - 8 * l.bytes_size);
	const uint64_t packets_mask = UINT64_MAX >> (64 - 8 * l.packets_size);
	const uint32_t post_src_at = l.post_src_at == NFM_AT_NONE ? l.src_at : l.post_src_at;
	const uint32_t post_dst_at = l.post_dst_at == NFM_AT_NONE ? l.dst_at : l.post_dst_at;
	const uint32_t size = family == 6 ? 16 : 4;
	const uint32_t from = d->out->count;
	static const uint8_t zero[16];
	uint32_t same = 0;

	for (uint32_t i = from; i < from + count; i++, at += l.record_bytes) {
		uint64_t bytes = nfm_get64(at + l.bytes_end - sizeof(uint64_t)) & bytes_mask;
		uint64_t packets = nfm_get64(at + l.packets_end - sizeof(uint64_t)) & packets_mask;
		struct nfm_flow *flow = &d->decoder->flow[i];

		if (LIKELY_NOT(nfm_flow_is_odd(bytes, packets) | nfm_flow_is_too_fast(bytes, 0)))
			bytes = second_look(d, &l, at, bytes, packets);
		*flow = (struct nfm_flow){
			.bytes = nfm_decode_scale(bytes, sampling),
			.packets = nfm_decode_scale(packets, sampling),
			.family = family,
		};
		memcpy(flow->src, at + l.src_at, size);
		memcpy(flow->dst, at + l.dst_at, size);
		same += !memcmp(flow->src, flow->dst, size) && memcmp(flow->src, zero, size);
		if (nat)
			translate4(d, i, get4(at + post_src_at), get4(at + post_dst_at));
	}
	d->out->note[NFM_NOTE_SAME] += same;
	d->out->count += count;
}

static uint32_t decode_by_layout(struct nfm_decode *d, const struct nfm_layout *l,
				 const uint8_t *at, uint32_t left)
{
	uint32_t count = left / l->record_bytes;
	struct nfm_sampling sampling = d->source->sampling;

	if (!count)
		return NFM_REASON_BAD_DATA;
	if (count > NFM_DECODE_FLOWS - d->out->count)
		return NFM_REASON_TOO_MANY;
	if (!sampling.num)
		sampling = nfm_decode_announced(d, NFM_SAMPLER_ANY);
	decode_times(d, l, at, count);
	if (l->family == 6)
		decode_compiled(d, l, at, count, sampling, 6, false);
	else if ((l->post_src_at & l->post_dst_at) == NFM_AT_NONE ||
		 d->source->flags & NFM_EXPORTER_NO_NAT)
		decode_compiled(d, l, at, count, sampling, 4, false);
	else
		decode_compiled(d, l, at, count, sampling, 4, true);
	return NFM_REASON_NONE;
}

/* ---- places of a record's elements ---- */

/* Addresses have just these lengths; everything else is an integer. */
static const uint8_t address_bytes[NFM_ROLES] = {
	[NFM_ROLE_SRC4] = 4,	   [NFM_ROLE_DST4] = 4,	      [NFM_ROLE_SRC6] = 16,
	[NFM_ROLE_DST6] = 16,	   [NFM_ROLE_POST_SRC4] = 4,  [NFM_ROLE_POST_DST4] = 4,
	[NFM_ROLE_POST_SRC6] = 16, [NFM_ROLE_POST_DST6] = 16,
};

static void set_place(struct nfm_places *places, uint8_t role, uint32_t at, uint32_t length)
{
	if (role == NFM_ROLE_NONE || places->role[role].length)
		return;
	if (address_bytes[role] ? length != address_bytes[role] : length > sizeof(uint64_t))
		return;
	places->role[role].at = at;
	places->role[role].length = length;
}

static void find_fixed(const struct nfm_template *template, struct nfm_places *places)
{
	memset(places, 0, sizeof(*places));
	for (uint32_t i = 0; i < template->field_count; i++) {
		const struct nfm_field *field = &template->field[i];

		set_place(places, field->role, field->at, field->length);
	}
}

/* Bytes of the record; 0: a field of it runs over `left`. */
static uint32_t find_variable(const struct nfm_template *template, const uint8_t *at, uint32_t left,
			      struct nfm_places *places)
{
	uint32_t here = 0;

	memset(places, 0, sizeof(*places));
	for (uint32_t i = 0; i < template->field_count; i++) {
		const struct nfm_field *field = &template->field[i];
		uint32_t length = field->length;

		/* RFC 7011 section 7 */
		if (length == NFM_LENGTH_VARIABLE) {
			if (left == here)
				return 0;
			length = at[here++];
			if (length == 255) {
				if (left - here < sizeof(uint16_t))
					return 0;
				length = nfm_get16(at + here);
				here += sizeof(uint16_t);
			}
		}
		if (length > left - here)
			return 0;
		set_place(places, field->role, here, length);
		here += length;
	}
	return here;
}

static bool step(struct nfm_decode *d, const struct nfm_template *template)
{
	d->steps += template->field_count;
	return d->steps <= NFM_DECODE_STEPS;
}

uint32_t nfm_decode_records(struct nfm_decode *d, const struct nfm_template *template,
			    const uint8_t *at, uint32_t left, nfm_record_fn fn)
{
	uint32_t bytes = template->record_bytes;
	struct nfm_places places;

	if (left < bytes)
		return NFM_REASON_BAD_DATA;
	if (!template->variable) {
		if (!step(d, template))
			return NFM_REASON_TOO_MANY;
		find_fixed(template, &places);
	}
	for (; left >= template->record_bytes; at += bytes, left -= bytes) {
		uint32_t reason;

		if (template->variable) {
			if (!step(d, template))
				return NFM_REASON_TOO_MANY;
			bytes = find_variable(template, at, left, &places);
			if (!bytes)
				return NFM_REASON_BAD_DATA;
		}
		reason = fn(d, template, &places, at);
		if (reason != NFM_REASON_NONE)
			return reason;
	}
	return NFM_REASON_NONE;
}

uint64_t nfm_decode_integer(const struct nfm_places *places, enum nfm_role role, const uint8_t *at)
{
	uint32_t length = places->role[role].length;
	uint64_t value = 0;

	at += places->role[role].at;
	if (length == sizeof(uint64_t))
		return nfm_get64(at);
	if (length == sizeof(uint32_t))
		return nfm_get32(at);
	for (uint32_t i = 0; i < length; i++)
		value = value << 8 | at[i];
	return value;
}

/* ---- all other templates ---- */

static bool has(const struct nfm_places *places, uint32_t role)
{
	return places->role[role].length;
}

/* The first that is there; NONE if none is. */
static enum nfm_role choose(const struct nfm_places *places, enum nfm_role from, enum nfm_role to)
{
	for (uint32_t role = from; role <= to; role++)
		if (has(places, role))
			return (enum nfm_role)role;
	return NFM_ROLE_NONE;
}

/* Copies an address; whether it is there and not zero. */
static bool get_address(const struct nfm_places *places, enum nfm_role role, const uint8_t *at,
			uint8_t addr[16])
{
	uint64_t half[2] = {};

	at += places->role[role].at;
	if (places->role[role].length == 4)
		memcpy(half, at, 4);
	else if (places->role[role].length)
		memcpy(half, at, 16);
	memcpy(addr, half, 16);
	return half[0] | half[1];
}

static void read_addresses(struct nfm_decode *d, const struct nfm_places *places, const uint8_t *at,
			   struct nfm_flow *flow)
{
	bool has4 = has(places, NFM_ROLE_SRC4) || has(places, NFM_ROLE_DST4);
	bool has6 = has(places, NFM_ROLE_SRC6) || has(places, NFM_ROLE_DST6);
	bool some6 = false;

	if (has6) {
		some6 = get_address(places, NFM_ROLE_SRC6, at, flow->src);
		some6 |= get_address(places, NFM_ROLE_DST6, at, flow->dst);
	}
	flow->family = 6;
	if (!has6 || has4) {
		uint8_t src[16], dst[16];
		bool some4 = get_address(places, NFM_ROLE_SRC4, at, src);

		some4 |= get_address(places, NFM_ROLE_DST4, at, dst);
		if (some4 || !some6) {
			flow->family = 4;
			memcpy(flow->src, src, sizeof(src));
			memcpy(flow->dst, dst, sizeof(dst));
		}
	}
	if (!memcmp(flow->src, flow->dst, 16) &&
	    get_address(places, flow->family == 4 ? NFM_ROLE_SRC4 : NFM_ROLE_SRC6, at, flow->src))
		d->out->note[NFM_NOTE_SAME]++;
}

static void translate(struct nfm_decode *d, const struct nfm_places *places, const uint8_t *at,
		      struct nfm_flow *flow, struct nfm_alt *alt)
{
	bool v4 = flow->family == 4;
	uint8_t post[16];

	if (d->source->flags & NFM_EXPORTER_NO_NAT)
		return;
	memset(alt, 0, sizeof(*alt));
	if (get_address(places, v4 ? NFM_ROLE_POST_SRC4 : NFM_ROLE_POST_SRC6, at, post) &&
	    memcmp(post, flow->src, sizeof(post))) {
		memcpy(alt->src, post, sizeof(post));
		flow->alt |= NFM_ALT_SRC;
	}
	if (get_address(places, v4 ? NFM_ROLE_POST_DST4 : NFM_ROLE_POST_DST6, at, post) &&
	    memcmp(post, flow->dst, sizeof(post))) {
		memcpy(alt->dst, flow->dst, sizeof(post));
		memcpy(flow->dst, post, sizeof(post));
		flow->alt |= NFM_ALT_DST;
	}
	d->out->has_alt |= flow->alt != 0;
}

/* Both times are there, in a size that can be read. */
static bool get_times(const struct nfm_template *template, const struct nfm_places *places,
		      const uint8_t *at, uint64_t *first, uint64_t *last)
{
	const struct nfm_time_kind *kind = template->time_kind;

	if (!kind || !has(places, kind->first) || !has(places, kind->last))
		return false;
	if (kind->times == NFM_TIMES_NTP && (places->role[kind->first].length != kind->bytes ||
					     places->role[kind->last].length != kind->bytes))
		return false;
	*first = nfm_decode_integer(places, kind->first, at);
	*last = nfm_decode_integer(places, kind->last, at);
	return true;
}

/* The flow's duration, 0 if its times are the wrong way round. */
static bool get_duration_ms(const struct nfm_template *template, const struct nfm_places *places,
			    const uint8_t *at, uint64_t *ms)
{
	uint64_t first, last;

	if (!get_times(template, places, at, &first, &last))
		return false;
	*ms = span(first, last);
	if (template->time_kind->times == NFM_TIMES_UPTIME)
		*ms = span_uptime((uint32_t)first, (uint32_t)last);
	else if (template->time_kind->times == NFM_TIMES_UNIX_S)
		*ms *= 1000;
	else if (template->time_kind->times == NFM_TIMES_NTP)
		*ms = *ms * 1000 >> 32;
	return true;
}

static struct nfm_span read_span(const struct nfm_decode *d, const struct nfm_template *template,
				 const struct nfm_places *places, const uint8_t *at)
{
	uint64_t first, last, init_ms = 0;
	struct nfm_times times;

	if (!get_times(template, places, at, &first, &last))
		return (struct nfm_span){};
	if (places->role[NFM_ROLE_INIT_MS].length == sizeof(init_ms))
		init_ms = nfm_decode_integer(places, NFM_ROLE_INIT_MS, at);
	nfm_times_open(&times, template->time_kind->times, d->out->version == NFM_IPFIX,
		       d->out->uptime_ms, d->out->unix_s, init_ms);
	return nfm_times_span(&times, first, last);
}

/* Notes, and the record's counters before sampling. */
static void read_counters(struct nfm_decode *d, const struct nfm_template *template,
			  const struct nfm_places *places, const uint8_t *at,
			  struct nfm_flow *flow)
{
	enum nfm_role bytes = choose(places, NFM_ROLE_BYTES, NFM_ROLE_BYTES_INITIATOR);
	enum nfm_role packets = choose(places, NFM_ROLE_PACKETS, NFM_ROLE_PACKETS_POST);
	bool wraps = places->role[bytes].length == sizeof(uint32_t);
	uint32_t *note = d->out->note;
	uint64_t ms;

	flow->bytes = nfm_decode_integer(places, bytes, at);
	flow->packets = nfm_decode_integer(places, packets, at);
	note[NFM_NOTE_TOTAL] += bytes == NFM_ROLE_BYTES_TOTAL;
	if (bytes == NFM_ROLE_NONE || packets == NFM_ROLE_NONE)
		note[NFM_NOTE_EMPTY] += !flow->bytes && !flow->packets;
	else if (nfm_flow_is_odd(flow->bytes, flow->packets))
		flow->bytes = nfm_decode_odd(d, flow->bytes, flow->packets, wraps);
	else if (nfm_flow_is_too_fast(flow->bytes, 0) &&
		 get_duration_ms(template, places, at, &ms) &&
		 nfm_flow_is_too_fast(flow->bytes, ms))
		note[NFM_NOTE_IMPLAUSIBLE]++;
}

static uint32_t decode_flow(struct nfm_decode *d, const struct nfm_template *template,
			    const struct nfm_places *places, const uint8_t *at)
{
	struct nfm_sampling sampling;
	struct nfm_flow *flow;

	if (d->out->count == NFM_DECODE_FLOWS)
		return NFM_REASON_TOO_MANY;
	flow = &d->decoder->flow[d->out->count];
	memset(flow, 0, sizeof(*flow));
	read_addresses(d, places, at, flow);
	translate(d, places, at, flow, &d->decoder->alt[d->out->count]);
	read_counters(d, template, places, at, flow);
	d->decoder->span[d->out->count] = read_span(d, template, places, at);
	if (template->flags & NFM_HAS_REVERSE)
		d->out->note[NFM_NOTE_REVERSE]++;
	sampling = nfm_decode_sampling(d, places, at);
	flow->bytes = nfm_decode_scale(flow->bytes, sampling);
	flow->packets = nfm_decode_scale(flow->packets, sampling);
	d->out->count++;
	return NFM_REASON_NONE;
}

/* Whether all records of the template have the same sampling. */
static bool is_sampled_alike(const struct nfm_decode *d, const struct nfm_template *template)
{
	uint32_t flags = NFM_HAS_SAMPLER;

	if (d->source->sampling.num)
		return true;
	if (d->source->flags & NFM_EXPORTER_TRUST_DATA)
		flags |= NFM_HAS_SAMPLING;
	return !(template->flags & flags);
}

uint32_t nfm_decode_flows(struct nfm_decode *d, const struct nfm_template *template,
			  const uint8_t *at, uint32_t left)
{
	if (template->layout.record_bytes && is_sampled_alike(d, template))
		return decode_by_layout(d, &template->layout, at, left);
	return nfm_decode_records(d, template, at, left, decode_flow);
}
