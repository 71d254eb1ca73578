// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "snapshot/format.h"
#include "snapshot/place.h"
#include "snapshot/snapshot.h"
#include "snapshot/step.h"

#define COMPRESSION_LEVEL 1
#define RAW_BYTES (256U << 10) /* encoded entries that wait for the compressor */
#define ENTRY_MAX 1024U	       /* bytes of an entry's fields, its lists apart */

_Static_assert(ENTRY_MAX > 2 * (2 + NFM_SNAPSHOT_MAX_STRING) + 16 * NFM_VARINT_MAX, "an entry");

/* In the order of the file. */
static const uint8_t tags[] = {
	NFM_SNAPSHOT_CUSTOMERS,
	NFM_SNAPSHOT_EXPORTERS,
	NFM_SNAPSHOT_REASONS,
	NFM_SNAPSHOT_TOTALS,
};

enum { CUSTOMERS, EXPORTERS, REASONS, TOTALS };

struct nfm_snapshot_writer {
	struct nfm_place place;
	struct nfm_snapshot_meta meta;
	ZSTD_CCtx *zstd;
	XXH3_state_t *hash;
	uint8_t *raw;
	size_t raw_used;
	uint8_t *packed;
	size_t packed_size;
	uint64_t raw_size, payload_size; /* bytes so far */
	uint64_t count[TOTALS];
	unsigned int section; /* the open one */
	int code;	      /* the first failure: everything after it does nothing */
};

/* Room for `bytes` is there: see reserve(). */
static void put_byte(struct nfm_snapshot_writer *w, uint8_t byte)
{
	w->raw[w->raw_used++] = byte;
}

static void put_varint(struct nfm_snapshot_writer *w, uint64_t value)
{
	while (value > 0x7f) {
		w->raw[w->raw_used++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	w->raw[w->raw_used++] = (uint8_t)value;
}

static void put_bytes(struct nfm_snapshot_writer *w, const void *bytes, size_t len)
{
	memcpy(w->raw + w->raw_used, bytes, len);
	w->raw_used += len;
}

static void put_string(struct nfm_snapshot_writer *w, const char *text)
{
	size_t len = strlen(text);

	put_varint(w, len);
	put_bytes(w, text, len);
}

static void put_count(struct nfm_snapshot_writer *w, const struct nfm_snapshot_count *count)
{
	put_varint(w, count->bytes);
	put_varint(w, count->packets);
	put_varint(w, count->flows);
}

static int write_packed(struct nfm_snapshot_writer *w, size_t len)
{
	XXH3_64bits_update(w->hash, w->packed, len);
	w->payload_size += len;
	return nfm_io_write_all(w->place.fd, w->packed, len);
}

/* Compresses what waits; with `end` also ends the frame. */
static void pack(struct nfm_snapshot_writer *w, bool end)
{
	ZSTD_inBuffer in = { w->raw, w->raw_used, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { w->packed, w->packed_size, 0 };

		if (w->code)
			break;
		left = ZSTD_compressStream2(w->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			w->code = -ENOMEM; /* with valid parameters nothing else fails */
		else if (out.pos)
			w->code = write_packed(w, out.pos);
	} while (end ? left != 0 : in.pos < in.size);
	w->raw_size += w->raw_used;
	w->raw_used = 0;
}

static void reserve(struct nfm_snapshot_writer *w, size_t bytes)
{
	if (w->raw_used + bytes > RAW_BYTES)
		pack(w, false);
}

/* Ends the sections before `section`, so that each stands in the file, empty or not. */
static int enter(struct nfm_snapshot_writer *w, unsigned int section)
{
	if (!w->code && section < w->section)
		w->code = -EINVAL;
	if (w->code)
		return w->code;
	reserve(w, ENTRY_MAX);
	while (w->section < section) {
		put_byte(w, NFM_SNAPSHOT_END);
		put_varint(w, w->count[w->section]);
		put_byte(w, tags[++w->section]);
	}
	return w->code;
}

static int enter_entry(struct nfm_snapshot_writer *w, unsigned int section)
{
	if (enter(w, section))
		return w->code;
	if (w->count[section] == NFM_SNAPSHOT_MAX_ENTRIES)
		return w->code = -EOVERFLOW;
	w->count[section]++;
	put_byte(w, NFM_SNAPSHOT_ENTRY);
	return 0;
}

static bool string_fits(struct nfm_snapshot_writer *w, const char *text)
{
	if (strnlen(text, NFM_SNAPSHOT_MAX_STRING + 1) <= NFM_SNAPSHOT_MAX_STRING)
		return true;
	if (!w->code)
		w->code = -EINVAL;
	return false;
}

static void put_prefixes(struct nfm_snapshot_writer *w, const struct nfm_prefix *prefixes,
			 uint32_t count)
{
	count = NFM_MIN(count, NFM_SNAPSHOT_MAX_PREFIXES);
	put_varint(w, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_prefix *p = &prefixes[i];
		uint8_t limit = p->family == 4 ? 32 : 128;
		uint8_t bits = NFM_MIN(p->bits, limit);

		reserve(w, ENTRY_MAX);
		put_byte(w, p->family == 4 ? 4 : 6);
		put_byte(w, bits);
		put_bytes(w, p->addr, (bits + 7U) / 8);
	}
}

int nfm_snapshot_writer_customer(struct nfm_snapshot_writer *w,
				 const struct nfm_snapshot_customer *customer)
{
	if (!string_fits(w, customer->id) || !string_fits(w, customer->name) ||
	    enter_entry(w, CUSTOMERS))
		return w->code;
	put_string(w, customer->id);
	put_string(w, customer->name);
	put_prefixes(w, customer->prefixes, customer->prefix_count);
	reserve(w, ENTRY_MAX);
	put_count(w, &customer->up);
	put_count(w, &customer->down);
	return w->code;
}

static void put_streams(struct nfm_snapshot_writer *w, const struct nfm_snapshot_stream *streams,
			uint32_t count)
{
	count = NFM_MIN(count, NFM_SNAPSHOT_MAX_STREAMS);
	put_varint(w, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_snapshot_stream *s = &streams[i];

		reserve(w, ENTRY_MAX);
		put_varint(w, s->version);
		put_varint(w, s->domain);
		put_varint(w, s->unit);
		put_varint(w, s->received);
		put_varint(w, s->lost);
		put_varint(w, s->resets);
	}
}

int nfm_snapshot_writer_exporter(struct nfm_snapshot_writer *w,
				 const struct nfm_snapshot_exporter *exporter)
{
	if (!string_fits(w, exporter->name) || enter_entry(w, EXPORTERS))
		return w->code;
	put_bytes(w, exporter->addr.byte, sizeof(exporter->addr.byte));
	put_string(w, exporter->name);
	put_varint(w, exporter->datagrams);
	put_varint(w, exporter->records);
	put_varint(w, exporter->bytes);
	put_varint(w, exporter->packets);
	put_varint(w, exporter->rejected_datagrams);
	put_varint(w, exporter->rejected_records);
	put_varint(w, exporter->lost);
	put_streams(w, exporter->streams, exporter->stream_count);
	return w->code;
}

int nfm_snapshot_writer_reason(struct nfm_snapshot_writer *w,
			       const struct nfm_snapshot_reason *reason)
{
	if (enter_entry(w, REASONS))
		return w->code;
	put_varint(w, reason->reason);
	put_varint(w, reason->datagrams);
	put_varint(w, reason->records);
	return w->code;
}

void nfm_snapshot_writer_add_flags(struct nfm_snapshot_writer *w, uint32_t flags)
{
	w->meta.flags |= flags;
}

static int allocate(struct nfm_snapshot_writer *w)
{
	w->zstd = ZSTD_createCCtx();
	w->hash = XXH3_createState();
	w->raw = malloc(RAW_BYTES);
	w->packed_size = ZSTD_CStreamOutSize();
	w->packed = malloc(w->packed_size);
	if (!w->zstd || !w->hash || !w->raw || !w->packed)
		return -ENOMEM;
	XXH3_64bits_reset(w->hash);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, COMPRESSION_LEVEL);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_windowLog, NFM_SNAPSHOT_WINDOW_LOG);
	return 0;
}

int nfm_snapshot_writer_open(const char *directory, const struct nfm_snapshot_meta *meta,
			     struct nfm_snapshot_writer **out, struct nfm_error *error)
{
	struct nfm_snapshot_writer *w;
	int code;

	if (meta->from_unix_ns > meta->to_unix_ns)
		return nfm_error_set(error, -EINVAL, "an interval that ends before it starts");
	w = calloc(1, sizeof(*w));
	if (!w)
		return nfm_place_error(error, -ENOMEM, "make a snapshot file in", directory);
	w->meta = *meta;
	code = nfm_place_open(&w->place, directory, error);
	if (!code && (code = allocate(w)))
		nfm_place_error(error, code, "make a snapshot file in", directory);
	if (!code && lseek(w->place.fd, sizeof(struct nfm_snapshot_header), SEEK_SET) < 0)
		code = nfm_place_error(error, -errno, "write a snapshot file in", directory);
	if (code) {
		nfm_snapshot_writer_free(w);
		return code;
	}
	put_byte(w, tags[CUSTOMERS]);
	*out = w;
	return 0;
}

static int write_header(struct nfm_snapshot_writer *w)
{
	struct nfm_snapshot_header h = {
		.version_le = htole32(NFM_SNAPSHOT_VERSION),
		.header_size_le = htole32(sizeof(h)),
		.epoch_le = htole64(w->meta.epoch),
		.from_unix_ns_le = htole64(w->meta.from_unix_ns),
		.to_unix_ns_le = htole64(w->meta.to_unix_ns),
		.interval_s_le = htole32(w->meta.interval_s),
		.flags_le = htole32(w->meta.flags),
		.payload_size_le = htole64(w->payload_size),
		.raw_size_le = htole64(w->raw_size),
		.customers_le = htole64(w->count[CUSTOMERS]),
		.exporters_le = htole64(w->count[EXPORTERS]),
		.reasons_le = htole64(w->count[REASONS]),
		.payload_xxh3_le = htole64(XXH3_64bits_digest(w->hash)),
	};

	memcpy(h.magic, NFM_SNAPSHOT_MAGIC, sizeof(h.magic));
	memcpy(h.identity, w->meta.identity, sizeof(h.identity));
	h.header_xxh3_le = htole64(
		XXH3_64bits(&h, offsetof(struct nfm_snapshot_header, header_xxh3_le)));
	if (lseek(w->place.fd, 0, SEEK_SET) < 0)
		return -errno;
	return nfm_io_write_all(w->place.fd, &h, sizeof(h));
}

int nfm_snapshot_writer_commit(struct nfm_snapshot_writer *w,
			       const struct nfm_snapshot_count *unmatched,
			       const struct nfm_snapshot_count *local,
			       const struct nfm_snapshot_count *total, char *path,
			       size_t path_size, struct nfm_error *error)
{
	if (!enter(w, TOTALS)) {
		put_count(w, unmatched);
		put_count(w, local);
		put_count(w, total);
		pack(w, true);
	}
	if (!w->code)
		w->code = nfm_rotate_step_done(NFM_ROTATE_FILE_HALF);
	if (!w->code)
		w->code = write_header(w);
	if (!w->code)
		w->code = nfm_rotate_step_done(NFM_ROTATE_FILE_WHOLE);
	if (w->code)
		return nfm_place_error(error, w->code, "write a snapshot file in",
				       w->place.directory);
	w->code = nfm_place_publish(&w->place, w->meta.from_unix_ns / NFM_NS_PER_S,
				    w->meta.interval_s, path, path_size, error);
	if (w->code)
		return w->code;
	w->code = -EALREADY; /* nothing more goes into a file that is published */
	return 0;
}

void nfm_snapshot_writer_free(struct nfm_snapshot_writer *w)
{
	if (!w)
		return;
	nfm_place_close(&w->place);
	ZSTD_freeCCtx(w->zstd);
	XXH3_freeState(w->hash);
	free(w->raw);
	free(w->packed);
	free(w);
}
