// SPDX-License-Identifier: GPL-2.0-only
/* Version 1: one frame of tagged sections. */
#include "snapshot/sections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"

static int fail(struct nfm_sections_v1 *s, int code)
{
	if (!s->unpack.code)
		s->unpack.code = code;
	s->unpack.raw_at = s->unpack.raw_used = 0;
	return s->unpack.code;
}

/*
 * A list with room for one more entry; it grows with what is read, not with what is told. NULL: out
 * of memory, and the reader has failed.
 */
static void *reserve(struct nfm_sections_v1 *s, void *list, uint32_t *size, uint32_t used,
		     size_t entry_size)
{
	void *p = nfm_list_reserve(list, size, used + 1, entry_size);

	if (!p)
		fail(s, -ENOMEM);
	return p;
}

static void take_count(struct nfm_unpack *u, struct nfm_snapshot_count *count)
{
	count->bytes = nfm_unpack_varint(u);
	count->packets = nfm_unpack_varint(u);
	count->flows = nfm_unpack_varint(u);
}

static uint32_t take_prefixes(struct nfm_sections_v1 *s)
{
	struct nfm_unpack *u = &s->unpack;
	uint32_t count = nfm_unpack_u32(u, NFM_SNAPSHOT_MAX_PREFIXES);
	struct nfm_prefix *list;

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_prefix p = { .family = nfm_unpack_byte(u) };

		p.bits = nfm_unpack_byte(u);
		if ((p.family != 4 || p.bits > 32) && (p.family != 6 || p.bits > 128))
			fail(s, -EBADMSG);
		if (u->code)
			return 0;
		nfm_unpack_bytes(u, p.addr, (p.bits + 7U) / 8);
		list = reserve(s, s->lists.prefixes, &s->lists.prefix_size, i, sizeof(p));
		if (!list)
			return 0;
		list[i] = p;
		s->lists.prefixes = list;
	}
	return count;
}

static uint32_t take_streams(struct nfm_sections_v1 *s)
{
	struct nfm_unpack *u = &s->unpack;
	uint32_t count = nfm_unpack_u32(u, NFM_SNAPSHOT_MAX_STREAMS);
	struct nfm_snapshot_stream *list;

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_snapshot_stream stream = { .version = nfm_unpack_u32(u, UINT32_MAX) };

		stream.domain = nfm_unpack_u32(u, UINT32_MAX);
		stream.unit = nfm_unpack_u32(u, UINT32_MAX);
		stream.received = nfm_unpack_varint(u);
		stream.lost = nfm_unpack_varint(u);
		stream.resets = nfm_unpack_varint(u);
		if (u->code)
			return 0;
		list = reserve(s, s->lists.streams, &s->lists.stream_size, i,
			       sizeof(stream));
		if (!list)
			return 0;
		list[i] = stream;
		s->lists.streams = list;
	}
	return count;
}

/* The strings stand in s->id and s->name until the next entry. */
static void take_customer(struct nfm_sections_v1 *s, struct nfm_snapshot_customer *out)
{
	*out = (struct nfm_snapshot_customer){ .id = s->id, .name = s->name };
	nfm_unpack_string(&s->unpack, s->id);
	nfm_unpack_string(&s->unpack, s->name);
	out->prefix_count = take_prefixes(s);
	out->prefixes = s->lists.prefixes;
	take_count(&s->unpack, &out->up);
	take_count(&s->unpack, &out->down);
}

static void take_exporter(struct nfm_sections_v1 *s, struct nfm_snapshot_exporter *out)
{
	struct nfm_unpack *u = &s->unpack;

	nfm_unpack_bytes(u, out->addr.byte, sizeof(out->addr.byte));
	nfm_unpack_string(u, s->name);
	out->name = s->name;
	out->datagrams = nfm_unpack_varint(u);
	out->records = nfm_unpack_varint(u);
	out->bytes = nfm_unpack_varint(u);
	out->packets = nfm_unpack_varint(u);
	out->rejected_datagrams = nfm_unpack_varint(u);
	out->rejected_records = nfm_unpack_varint(u);
	out->lost = nfm_unpack_varint(u);
	out->stream_count = take_streams(s);
	out->streams = s->lists.streams;
}

static void take_reason(struct nfm_sections_v1 *s, struct nfm_snapshot_reason *out)
{
	out->reason = nfm_unpack_u32(&s->unpack, UINT32_MAX);
	out->datagrams = nfm_unpack_varint(&s->unpack);
	out->records = nfm_unpack_varint(&s->unpack);
}

static void enter(struct nfm_sections_v1 *s, enum nfm_section section)
{
	static const uint8_t tags[] = {
		[NFM_SECTION_CUSTOMERS] = NFM_SNAPSHOT_CUSTOMERS,
		[NFM_SECTION_EXPORTERS] = NFM_SNAPSHOT_EXPORTERS,
		[NFM_SECTION_REASONS] = NFM_SNAPSHOT_REASONS,
		[NFM_SECTIONS] = NFM_SNAPSHOT_TOTALS,
	};

	s->section = section;
	if (nfm_unpack_byte(&s->unpack) != tags[section])
		fail(s, -EBADMSG);
}

/* 1 and the next entry of the open section; 0 if it ended: the next one is open. */
static int next_entry(struct nfm_sections_v1 *s, union nfm_entry *out)
{
	uint64_t told = nfm_header_told(s->header, s->section);
	uint8_t marker = nfm_unpack_byte(&s->unpack);
	uint64_t *taken = &s->taken[s->section];

	if (s->unpack.code)
		return s->unpack.code;
	if (marker == NFM_SNAPSHOT_ENTRY && *taken < told) {
		++*taken;
		if (s->section == NFM_SECTION_CUSTOMERS)
			take_customer(s, &out->customer);
		else if (s->section == NFM_SECTION_EXPORTERS)
			take_exporter(s, &out->exporter);
		else
			take_reason(s, &out->reason);
		return s->unpack.code ? s->unpack.code : 1;
	}
	if (marker != NFM_SNAPSHOT_END || *taken != told ||
	    nfm_unpack_varint(&s->unpack) != *taken)
		return fail(s, -EBADMSG);
	enter(s, s->section + 1);
	return s->unpack.code;
}

int nfm_sections_v1_next(struct nfm_sections_v1 *s, enum nfm_section section,
			 union nfm_entry *out)
{
	int more = 1;

	while (more >= 0 && s->section < section)
		more = next_entry(s, out);
	if (s->unpack.code)
		return s->unpack.code;
	return s->section == section ? next_entry(s, out) : 0;
}

static void rewind_sections(struct nfm_sections_v1 *s)
{
	nfm_unpack_rewind(&s->unpack);
	memset(s->taken, 0, sizeof(s->taken));
	enter(s, NFM_SECTION_CUSTOMERS);
}

/* The compressed bytes are as they were written, before any of them is looked into. */
static int verify_payload(struct nfm_sections_v1 *s)
{
	XXH3_state_t *state = XXH3_createState();
	uint64_t left = s->header->payload_size;
	off_t at = s->header->size;
	uint8_t bytes[16384];
	int code = 0;

	if (!state)
		return -ENOMEM;
	XXH3_64bits_reset(state);
	while (left && !code) {
		ssize_t n = pread(s->fd, bytes, NFM_MIN(left, sizeof(bytes)), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			code = n < 0 ? -errno : -EBADMSG;
			break;
		}
		XXH3_64bits_update(state, bytes, (size_t)n);
		at += n;
		left -= (uint64_t)n;
	}
	if (!code && XXH3_64bits_digest(state) != s->header->payload_xxh3)
		code = -EBADMSG;
	XXH3_freeState(state);
	return code;
}

/* Reads the whole file once without giving anything out, for its form and its totals. */
static int verify_form(struct nfm_sections_v1 *s, struct nfm_foot *foot)
{
	union nfm_entry entry;

	rewind_sections(s);
	while (s->section < NFM_SECTIONS && next_entry(s, &entry) >= 0)
		;
	take_count(&s->unpack, &foot->unmatched);
	take_count(&s->unpack, &foot->local);
	take_count(&s->unpack, &foot->total);
	if (s->unpack.code)
		return s->unpack.code;
	return nfm_unpack_at_end(&s->unpack) ? 0 : -EBADMSG;
}

int nfm_sections_v1_verify(struct nfm_sections_v1 *s, struct nfm_foot *foot, const char **what)
{
	int code = verify_payload(s);

	*what = "the content's checksum is wrong";
	if (code)
		return code;
	s->unpack.fd = s->fd;
	s->unpack.start = s->header->size;
	s->unpack.payload_size = s->header->payload_size;
	s->unpack.raw_size = s->header->raw_size;
	*what = "the content is not what its header tells of";
	code = nfm_unpack_open(&s->unpack);
	if (!code)
		code = verify_form(s, foot);
	if (!code)
		rewind_sections(s);
	return code;
}

void nfm_sections_v1_free(struct nfm_sections_v1 *s)
{
	nfm_unpack_close(&s->unpack);
	nfm_entry_lists_free(&s->lists);
}
