// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "snapshot/format.h"

#define LIST_FIRST 16U /* entries */
/* The fewest bytes of an entry of a list: what a count is held against. */
#define PREFIX_BYTES 2U
#define STREAM_BYTES 6U
#define EARLIER_BYTES 3U

int nfm_decode_fail(struct nfm_entry_cursor *d, int code)
{
	if (!d->code)
		d->code = code;
	d->at = d->end;
	return d->code;
}

static uint64_t long_varint(struct nfm_entry_cursor *d)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64 && d->at < d->end; shift += 7) {
		uint8_t byte = *d->at++;

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	nfm_decode_fail(d, -EBADMSG);
	return 0;
}

static inline uint64_t varint(struct nfm_entry_cursor *d)
{
	return d->at < d->end && *d->at < 0x80 ? *d->at++ : long_varint(d);
}

uint64_t nfm_decode_varint(struct nfm_entry_cursor *d)
{
	return varint(d);
}

uint32_t nfm_decode_u32(struct nfm_entry_cursor *d, uint32_t max)
{
	uint64_t value = varint(d);

	if (value <= max)
		return (uint32_t)value;
	nfm_decode_fail(d, -EBADMSG);
	return 0;
}

const char *nfm_decode_string(struct nfm_entry_cursor *d)
{
	size_t left = (size_t)(d->end - d->at);
	const uint8_t *end = NULL;
	const char *text = (const char *)d->at;

	if (left)
		end = memchr(d->at, '\0', NFM_MIN(left, NFM_SNAPSHOT_MAX_STRING + 1));
	if (!end) {
		nfm_decode_fail(d, -EBADMSG);
		return "";
	}
	d->at = end + 1;
	return text;
}

void nfm_decode_count(struct nfm_entry_cursor *d, struct nfm_snapshot_count *out)
{
	out->bytes = varint(d);
	out->packets = varint(d);
	out->flows = varint(d);
}

void *nfm_list_reserve(void *list, uint32_t *size, uint32_t count, size_t entry_size)
{
	uint32_t bigger = NFM_MAX(*size ? *size : LIST_FIRST, count);
	void *p;

	if (count <= *size && list)
		return list;
	if (bigger < UINT32_MAX / 2 && bigger < *size * 2)
		bigger = *size * 2;
	p = reallocarray(list, bigger, entry_size);
	if (p)
		*size = bigger;
	return p;
}

/* How many entries of a list follow: no more than there are bytes for. */
static uint32_t take_number(struct nfm_entry_cursor *d, uint32_t max, size_t least_bytes)
{
	uint32_t told = nfm_decode_u32(d, max);

	if (told <= (size_t)(d->end - d->at) / least_bytes)
		return told;
	nfm_decode_fail(d, -EBADMSG);
	return 0;
}

/* A list with room for `count` entries; NULL: the decoder has failed. */
static void *reserve(struct nfm_entry_cursor *d, void *list, uint32_t *size, uint32_t count,
		     size_t entry_size)
{
	void *p = nfm_list_reserve(list, size, count, entry_size);

	if (!p)
		nfm_decode_fail(d, -ENOMEM);
	return p;
}

static bool take_prefix(struct nfm_entry_cursor *d, struct nfm_prefix *out)
{
	size_t left = (size_t)(d->end - d->at);
	uint8_t family, bits;

	if (left < PREFIX_BYTES)
		return false;
	family = d->at[0];
	bits = d->at[1];
	d->at += PREFIX_BYTES;
	if ((family != 4 || bits > 32) && (family != 6 || bits > 128))
		return false;
	if (left - PREFIX_BYTES < (bits + 7U) / 8)
		return false;
	*out = (struct nfm_prefix){ .family = family, .bits = bits };
	memcpy(out->addr, d->at, (bits + 7U) / 8);
	d->at += (bits + 7U) / 8;
	return true;
}

static uint32_t take_prefixes(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists)
{
	uint32_t count = take_number(d, NFM_SNAPSHOT_MAX_PREFIXES, PREFIX_BYTES);
	struct nfm_prefix *list;

	if (!count)
		return 0;
	list = reserve(d, lists->prefixes, &lists->prefix_size, count, sizeof(*list));
	if (!list)
		return 0;
	lists->prefixes = list;
	for (uint32_t i = 0; i < count; i++) {
		if (!take_prefix(d, &list[i])) {
			nfm_decode_fail(d, -EBADMSG);
			return 0;
		}
	}
	return count;
}

static uint32_t take_streams(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists)
{
	uint32_t count = take_number(d, NFM_SNAPSHOT_MAX_STREAMS, STREAM_BYTES);
	struct nfm_snapshot_stream *list;

	if (!count)
		return 0;
	list = reserve(d, lists->streams, &lists->stream_size, count, sizeof(*list));
	if (!list)
		return 0;
	lists->streams = list;
	for (uint32_t i = 0; i < count; i++) {
		list[i].version = nfm_decode_u32(d, UINT32_MAX);
		list[i].domain = nfm_decode_u32(d, UINT32_MAX);
		list[i].unit = nfm_decode_u32(d, UINT32_MAX);
		list[i].received = varint(d);
		list[i].lost = varint(d);
		list[i].resets = varint(d);
	}
	return d->code ? 0 : count;
}

uint32_t nfm_decode_earlier(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists,
			    uint32_t slots)
{
	uint32_t count = take_number(d, NFM_SNAPSHOT_MAX_EARLIER, EARLIER_BYTES);
	struct nfm_snapshot_earlier *list;
	uint32_t back = 0;

	if (!count)
		return 0;
	list = reserve(d, lists->earlier, &lists->earlier_size, count, sizeof(*list));
	if (!list)
		return 0;
	lists->earlier = list;
	for (uint32_t i = 0; i < count; i++) {
		list[i].back = nfm_decode_u32(d, slots);
		list[i].up_bytes = varint(d);
		list[i].down_bytes = varint(d);
		if (list[i].back <= back)
			nfm_decode_fail(d, -EBADMSG);
		back = list[i].back;
	}
	return d->code ? 0 : count;
}

void nfm_decode_customer(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists, uint32_t slots,
			 struct nfm_snapshot_customer *out)
{
	out->id = nfm_decode_string(d);
	out->name = nfm_decode_string(d);
	out->prefix_count = take_prefixes(d, lists);
	out->prefixes = lists->prefixes;
	nfm_decode_count(d, &out->up);
	nfm_decode_count(d, &out->down);
	out->earlier_count = nfm_decode_earlier(d, lists, slots);
	out->earlier = lists->earlier;
}

void nfm_decode_exporter(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists,
			 struct nfm_snapshot_exporter *out)
{
	if ((size_t)(d->end - d->at) < sizeof(out->addr.byte)) {
		nfm_decode_fail(d, -EBADMSG);
		out->addr = (struct nfm_addr){};
	} else {
		memcpy(out->addr.byte, d->at, sizeof(out->addr.byte));
		d->at += sizeof(out->addr.byte);
	}
	out->name = nfm_decode_string(d);
	out->datagrams = varint(d);
	out->records = varint(d);
	out->bytes = varint(d);
	out->packets = varint(d);
	out->rejected_datagrams = varint(d);
	out->rejected_records = varint(d);
	out->lost = varint(d);
	out->stream_count = take_streams(d, lists);
	out->streams = lists->streams;
}

void nfm_decode_reason(struct nfm_entry_cursor *d, struct nfm_snapshot_reason *out)
{
	out->reason = nfm_decode_u32(d, UINT32_MAX);
	out->datagrams = varint(d);
	out->records = varint(d);
}

void nfm_entry_lists_free(struct nfm_entry_lists *lists)
{
	free(lists->prefixes);
	free(lists->streams);
	free(lists->earlier);
	*lists = (struct nfm_entry_lists){};
}
