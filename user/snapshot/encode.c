// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "snapshot/format.h"

#define FIRST_BYTES (64U << 10)
/* Of an entry's fields, its lists apart, and of one entry of a list. */
#define FIELDS_MAX (16U * NFM_VARINT_MAX)
#define PREFIX_MAX 18U
#define PAGE 4096U
#define LARGE_FROM (8U << 20)

/* Large pages, where there are any: to have each small one cleared costs more than to fill it. */
static void prefer_large_pages(uint8_t *bytes, size_t size)
{
	uintptr_t start = ((uintptr_t)bytes + PAGE - 1) / PAGE * PAGE;
	uintptr_t end = ((uintptr_t)bytes + size) / PAGE * PAGE;

	if (size >= LARGE_FROM)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
}

/* Where the next bytes go: room for `bytes` of them. NULL: there is none. */
static uint8_t *reserve(struct nfm_encoder *e, size_t bytes)
{
	size_t size = e->size ? e->size : FIRST_BYTES;
	uint8_t *bigger;

	if (e->code)
		return NULL;
	if (e->size - e->used >= bytes)
		return e->bytes + e->used;
	while (size - e->used < bytes)
		size *= 2;
	bigger = realloc(e->bytes, size);
	if (!bigger) {
		e->code = -ENOMEM;
		return NULL;
	}
	e->bytes = bigger;
	e->size = size;
	prefer_large_pages(bigger, size);
	return e->bytes + e->used;
}

static void advance(struct nfm_encoder *e, const uint8_t *end)
{
	e->used = (size_t)(end - e->bytes);
}

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
	while (value > 0x7f) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *put_count(uint8_t *at, const struct nfm_snapshot_count *count)
{
	at = put_varint(at, count->bytes);
	at = put_varint(at, count->packets);
	return put_varint(at, count->flows);
}

void nfm_encode_varint(struct nfm_encoder *e, uint64_t value)
{
	uint8_t *at = reserve(e, NFM_VARINT_MAX);

	if (at)
		advance(e, put_varint(at, value));
}

void nfm_encode_bytes(struct nfm_encoder *e, const void *bytes, size_t len)
{
	uint8_t *at = reserve(e, len);

	if (!at)
		return;
	memcpy(at, bytes, len);
	e->used += len;
}

void nfm_encode_string(struct nfm_encoder *e, const char *text)
{
	size_t len = strnlen(text, NFM_SNAPSHOT_MAX_STRING + 1);

	if (!e->code && len > NFM_SNAPSHOT_MAX_STRING)
		e->code = -EINVAL;
	nfm_encode_bytes(e, text, len + 1);
}

void nfm_encode_count(struct nfm_encoder *e, const struct nfm_snapshot_count *count)
{
	uint8_t *at = reserve(e, FIELDS_MAX);

	if (at)
		advance(e, put_count(at, count));
}

static void put_prefixes(struct nfm_encoder *e, const struct nfm_prefix *prefixes, uint32_t count)
{
	uint8_t *at;

	count = NFM_MIN(count, NFM_SNAPSHOT_MAX_PREFIXES);
	at = reserve(e, NFM_VARINT_MAX + (size_t)count * PREFIX_MAX);
	if (!at)
		return;
	at = put_varint(at, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_prefix *p = &prefixes[i];
		uint8_t limit = p->family == 4 ? 32 : 128;
		uint8_t bits = NFM_MIN(p->bits, limit);

		*at++ = p->family == 4 ? 4 : 6;
		*at++ = bits;
		memcpy(at, p->addr, (bits + 7U) / 8);
		at += (bits + 7U) / 8;
	}
	advance(e, at);
}

void nfm_encode_earlier(struct nfm_encoder *e, const struct nfm_snapshot_earlier *earlier,
			uint32_t count)
{
	uint8_t *at;

	count = NFM_MIN(count, NFM_SNAPSHOT_MAX_EARLIER);
	at = reserve(e, NFM_VARINT_MAX + (size_t)count * 3 * NFM_VARINT_MAX);
	if (!at)
		return;
	at = put_varint(at, count);
	for (uint32_t i = 0; i < count; i++) {
		at = put_varint(at, earlier[i].back);
		at = put_varint(at, earlier[i].up_bytes);
		at = put_varint(at, earlier[i].down_bytes);
	}
	advance(e, at);
}

void nfm_encode_customer(struct nfm_encoder *e, const struct nfm_snapshot_customer *customer)
{
	uint8_t *at;

	nfm_encode_string(e, customer->id);
	nfm_encode_string(e, customer->name);
	put_prefixes(e, customer->prefixes, customer->prefix_count);
	at = reserve(e, FIELDS_MAX);
	if (!at)
		return;
	at = put_count(at, &customer->up);
	advance(e, put_count(at, &customer->down));
	nfm_encode_earlier(e, customer->earlier, customer->earlier_count);
}

static void put_streams(struct nfm_encoder *e, const struct nfm_snapshot_stream *streams,
			uint32_t count)
{
	count = NFM_MIN(count, NFM_SNAPSHOT_MAX_STREAMS);
	nfm_encode_varint(e, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_snapshot_stream *s = &streams[i];
		uint8_t *at = reserve(e, FIELDS_MAX);

		if (!at)
			return;
		at = put_varint(at, s->version);
		at = put_varint(at, s->domain);
		at = put_varint(at, s->unit);
		at = put_varint(at, s->received);
		at = put_varint(at, s->lost);
		advance(e, put_varint(at, s->resets));
	}
}

void nfm_encode_exporter(struct nfm_encoder *e, const struct nfm_snapshot_exporter *exporter)
{
	uint8_t *at;

	nfm_encode_bytes(e, exporter->addr.byte, sizeof(exporter->addr.byte));
	nfm_encode_string(e, exporter->name);
	at = reserve(e, FIELDS_MAX);
	if (!at)
		return;
	at = put_varint(at, exporter->datagrams);
	at = put_varint(at, exporter->records);
	at = put_varint(at, exporter->bytes);
	at = put_varint(at, exporter->packets);
	at = put_varint(at, exporter->rejected_datagrams);
	at = put_varint(at, exporter->rejected_records);
	advance(e, put_varint(at, exporter->lost));
	put_streams(e, exporter->streams, exporter->stream_count);
}

void nfm_encode_reason(struct nfm_encoder *e, const struct nfm_snapshot_reason *reason)
{
	nfm_encode_varint(e, reason->reason);
	nfm_encode_varint(e, reason->datagrams);
	nfm_encode_varint(e, reason->records);
}

void nfm_encoder_free(struct nfm_encoder *e)
{
	free(e->bytes);
	*e = (struct nfm_encoder){};
}
