// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a template's records have, and where: a layout for the datapath, which takes the common
 * forms and leaves the others to the agent's walk over the fields.
 */
#include "flow/template_internal.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "wire.h"

#define INTEGER_MOST 8U /* bytes */
#define IPV4_BYTES 4U
#define IPV6_BYTES 16U
#define RECORD_MOST (NFM_AT_NONE - 1U)

/* The first usable field of each role; NULL: the records have none. */
struct roles {
	const struct nfm_field *field[NFM_ROLES];
};

bool nfm_field_is_usable(const struct nfm_element *element, uint16_t length)
{
	if (length == NFM_LENGTH_VARIABLE)
		return true;
	if (element->type == NFM_TYPE_IPV4)
		return length == IPV4_BYTES;
	if (element->type == NFM_TYPE_IPV6)
		return length == IPV6_BYTES;
	return length >= 1 && length <= INTEGER_MOST;
}

static void find_roles(const struct nfm_template *t, struct roles *roles)
{
	*roles = (struct roles){};
	for (uint32_t i = 0; i < t->field_count; i++) {
		const struct nfm_field *field = &t->field[i];

		if (field->role != NFM_ROLE_NONE && !roles->field[field->role])
			roles->field[field->role] = field;
	}
}

static bool has(const struct roles *roles, enum nfm_role role)
{
	return roles->field[role] != NULL;
}

static bool has_v4(const struct roles *roles)
{
	return has(roles, NFM_ROLE_SRC4) || has(roles, NFM_ROLE_DST4);
}

static bool has_v6(const struct roles *roles)
{
	return has(roles, NFM_ROLE_SRC6) || has(roles, NFM_ROLE_DST6);
}

/* 232 is the other direction of 231 only: Huawei sends it as something else of two bytes. */
static bool has_reverse(const struct roles *roles)
{
	const struct nfm_field *field = roles->field[NFM_ROLE_REVERSE];

	return field && (field->enterprise || has(roles, NFM_ROLE_BYTES_INITIATOR));
}

static uint32_t find_flags(const struct roles *roles)
{
	uint32_t flags = 0;

	if (has(roles, NFM_ROLE_SAMPLER))
		flags |= NFM_HAS_SAMPLER;
	if (has(roles, NFM_ROLE_SAMPLING) || has(roles, NFM_ROLE_SAMPLING_TAKE) ||
	    has(roles, NFM_ROLE_SAMPLING_SKIP))
		flags |= NFM_HAS_SAMPLING;
	if (has(roles, NFM_ROLE_BYTES_TOTAL) && !has(roles, NFM_ROLE_BYTES))
		flags |= NFM_HAS_TOTAL;
	if (has_reverse(roles))
		flags |= NFM_HAS_REVERSE;
	if (has_v4(roles) && has_v6(roles))
		flags |= NFM_HAS_BOTH;
	return flags;
}

/* ---- why not ---- */

static const char *refuse_shape(const struct nfm_template *t)
{
	if (t->options)
		return "options data";
	if (t->variable)
		return "variable-length field";
	if (!t->record_bytes)
		return "records of 0 bytes";
	if (t->record_bytes > RECORD_MOST)
		return "records of more than 65,534 bytes";
	return NULL;
}

static const char *refuse_addresses(const struct roles *roles)
{
	bool v6 = has_v6(roles);

	if (!has_v4(roles) && !v6)
		return "no addresses";
	if (has_v4(roles) && v6)
		return "addresses of both families";
	if (!has(roles, v6 ? NFM_ROLE_SRC6 : NFM_ROLE_SRC4))
		return "no source address";
	if (!has(roles, v6 ? NFM_ROLE_DST6 : NFM_ROLE_DST4))
		return "no destination address";
	if (v6 && (has(roles, NFM_ROLE_POST_SRC6) || has(roles, NFM_ROLE_POST_DST6)))
		return "IPv6 addresses after NAT";
	return NULL;
}

/* Counters that are not the flow's deltas get remarks, which only the agent makes. */
static const char *refuse_counters(const struct roles *roles)
{
	if (has_reverse(roles))
		return "counters of the other direction";
	if (!has(roles, NFM_ROLE_BYTES)) {
		for (int role = NFM_ROLE_BYTES + 1; role <= NFM_ROLE_BYTES_INITIATOR; role++)
			if (has(roles, role))
				return "byte counter other than octetDeltaCount";
		return "no byte counter";
	}
	if (!has(roles, NFM_ROLE_PACKETS)) {
		for (int role = NFM_ROLE_PACKETS + 1; role <= NFM_ROLE_PACKETS_POST; role++)
			if (has(roles, role))
				return "packet counter other than packetDeltaCount";
		return "no packet counter";
	}
	return NULL;
}

/* ---- where ---- */

/* Kinds of times: the first of which both are there counts. */
static const struct nfm_time_kind time_kinds[] = {
	{ NFM_ROLE_FIRST_UPTIME, NFM_ROLE_LAST_UPTIME, 4, NFM_TIMES_UPTIME },
	{ NFM_ROLE_FIRST_MS, NFM_ROLE_LAST_MS, 8, NFM_TIMES_UNIX_MS },
	{ NFM_ROLE_FIRST_US, NFM_ROLE_LAST_US, 8, NFM_TIMES_NTP },
	{ NFM_ROLE_FIRST_NS, NFM_ROLE_LAST_NS, 8, NFM_TIMES_NTP },
	{ NFM_ROLE_FIRST_S, NFM_ROLE_LAST_S, 4, NFM_TIMES_UNIX_S },
	/* only a difference: see nfm_times_open() */
	{ NFM_ROLE_FIRST_UPTIME, NFM_ROLE_LAST_UPTIME, 4, NFM_TIMES_UPTIME },
};

static const struct nfm_time_kind *find_times(const struct nfm_template *t,
					      const struct roles *roles)
{
	/* the uptimes of IPFIX say when only if it is said when they began */
	size_t first = t->name.version == NFM_IPFIX && !has(roles, NFM_ROLE_INIT_MS);

	for (size_t i = first; i < NFM_ARRAY_SIZE(time_kinds); i++)
		if (has(roles, time_kinds[i].first) && has(roles, time_kinds[i].last))
			return &time_kinds[i];
	return NULL;
}

/* The datapath reads them in their natural size only. */
static bool are_natural(const struct roles *roles, const struct nfm_time_kind *kind)
{
	return roles->field[kind->first]->length == kind->bytes &&
	       roles->field[kind->last]->length == kind->bytes;
}

/* Times are compared with counters of more than 32 bits only: elsewhere they are not missed. */
static const char *refuse_times(const struct roles *roles, const struct nfm_time_kind *kind)
{
	if (kind && !are_natural(roles, kind) && roles->field[NFM_ROLE_BYTES]->length > 4)
		return "times of an unusual size";
	return NULL;
}

static uint16_t at_of(const struct roles *roles, enum nfm_role role)
{
	return has(roles, role) ? (uint16_t)roles->field[role]->at : NFM_AT_NONE;
}

static uint16_t end_of(const struct nfm_field *field)
{
	return (uint16_t)(field->at + field->length);
}

static void lay_out(const struct nfm_template *t, const struct roles *roles, struct nfm_layout *out)
{
	const struct nfm_field *bytes = roles->field[NFM_ROLE_BYTES];
	const struct nfm_field *packets = roles->field[NFM_ROLE_PACKETS];
	const struct nfm_field *init = roles->field[NFM_ROLE_INIT_MS];
	const struct nfm_time_kind *kind = t->time_kind;
	bool v6 = has_v6(roles);

	out->record_bytes = (uint16_t)t->record_bytes;
	out->family = v6 ? 6 : 4;
	out->src_at = at_of(roles, v6 ? NFM_ROLE_SRC6 : NFM_ROLE_SRC4);
	out->dst_at = at_of(roles, v6 ? NFM_ROLE_DST6 : NFM_ROLE_DST4);
	out->post_src_at = v6 ? NFM_AT_NONE : at_of(roles, NFM_ROLE_POST_SRC4);
	out->post_dst_at = v6 ? NFM_AT_NONE : at_of(roles, NFM_ROLE_POST_DST4);
	out->bytes_end = end_of(bytes);
	out->bytes_size = (uint8_t)bytes->length;
	out->packets_end = end_of(packets);
	out->packets_size = (uint8_t)packets->length;
	out->times = NFM_TIMES_NONE;
	out->first_at = NFM_AT_NONE;
	out->last_at = NFM_AT_NONE;
	out->init_at = NFM_AT_NONE;
	if (kind && are_natural(roles, kind)) {
		out->times = kind->times;
		out->first_at = at_of(roles, kind->first);
		out->last_at = at_of(roles, kind->last);
		if (init && init->length == sizeof(uint64_t))
			out->init_at = (uint16_t)init->at;
	}
}

void nfm_template_compile(struct nfm_template *template)
{
	struct roles roles;
	const char *why;

	find_roles(template, &roles);
	template->flags = find_flags(&roles);
	template->time_kind = find_times(template, &roles);
	template->layout = (struct nfm_layout){ .sampling_num = 1, .sampling_den = 1 };
	why = refuse_shape(template);
	if (!why)
		why = refuse_addresses(&roles);
	if (!why)
		why = refuse_counters(&roles);
	if (!why)
		why = refuse_times(&roles, template->time_kind);
	template->not_compiled = why;
	if (!why)
		lay_out(template, &roles, &template->layout);
}
