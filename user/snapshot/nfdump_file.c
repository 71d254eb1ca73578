// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/nfdump_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/clock.h"
#include "base/io.h"
#include "snapshot/nfdump.h"

#define ZSTD_LEVEL 1 /* the thread of rotations has more to do */
#define OTHERS 3     /* protocols in the statistics: neither TCP nor UDP nor ICMP */
#define NETFLOW_VERSION 9

#define ELEMENT(number, kind) { .type = (number), .size = sizeof(struct kind) }

/* The largest record; one without IPv6 is shorter. */
struct row {
	struct nfm_nfdump_record record;
	struct nfm_nfdump_generic generic;
	struct nfm_nfdump_misc misc;
	struct nfm_nfdump_count count;
	union {
		struct nfm_nfdump_ipv4 ipv4;
		struct nfm_nfdump_ipv6 ipv6;
	};
} __attribute__((packed));

/* ---- blocks ---- */

static int prepare(struct nfm_nfdump_file *f)
{
	size_t bound = 0;

	switch (f->header.compression) {
	case NFM_COMPRESSION_NONE:
		break;
	case NFM_COMPRESSION_LZ4:
		bound = (size_t)LZ4_compressBound(NFM_NFDUMP_PAYLOAD_BYTES);
		break;
	case NFM_COMPRESSION_ZSTD:
		bound = ZSTD_compressBound(NFM_NFDUMP_PAYLOAD_BYTES);
		break;
	default:
		return -EINVAL;
	}
	f->payload = malloc(NFM_NFDUMP_PAYLOAD_BYTES);
	f->packed = bound ? malloc(bound) : NULL;
	f->packed_size = (uint32_t)bound;
	return f->payload && (f->packed || !bound) ? 0 : -ENOMEM;
}

/* Size of the payload's compressed form in f->packed, or -errno. */
static int64_t compress_payload(struct nfm_nfdump_file *f)
{
	size_t size;

	if (f->header.compression == NFM_COMPRESSION_LZ4) {
		int n = LZ4_compress_default((const char *)f->payload, (char *)f->packed,
					     (int)f->payload_used, (int)f->packed_size);

		return n > 0 ? n : -EIO;
	}
	size = ZSTD_compress(f->packed, f->packed_size, f->payload, f->payload_used, ZSTD_LEVEL);
	return ZSTD_isError(size) ? -ENOMEM : (int64_t)size;
}

static int put(struct nfm_nfdump_file *f, const void *data, size_t size)
{
	int code = nfm_io_write_all(f->place.fd, data, size);

	if (!code)
		f->at += (int64_t)size;
	return code;
}

/* Readers take an empty block for damage: none is written. */
static int flush(struct nfm_nfdump_file *f)
{
	struct nfm_nfdump_block block = {
		.records = f->payload_records,
		.size = f->payload_used,
		.type = NFM_NFDUMP_DATA_BLOCK,
	};
	const uint8_t *data = f->payload;
	int code;

	if (f->packed) {
		int64_t size = compress_payload(f);

		if (size < 0)
			return (int)size;
		block.size = (uint32_t)size;
		data = f->packed;
	}
	code = put(f, &block, sizeof(block));
	if (!code)
		code = put(f, data, block.size);
	f->payload_used = f->payload_records = 0;
	return code;
}

static int flush_data(struct nfm_nfdump_file *f)
{
	if (!f->payload_records)
		return 0;
	f->header.blocks++;
	return flush(f);
}

static void append(struct nfm_nfdump_file *f, const void *record, size_t size)
{
	memcpy(f->payload + f->payload_used, record, size);
	f->payload_used += (uint32_t)size;
	f->payload_records++;
}

/* ---- rows ---- */

static uint64_t half_at(const uint8_t *be)
{
	uint64_t value;

	memcpy(&value, be, sizeof(value));
	return be64toh(value);
}

/* The customer's side gets the network's address, the other none. Returns the element's size. */
static size_t set_addresses(struct row *row, const struct nfm_prefix *prefix, bool down)
{
	uint32_t ipv4_be;

	if (prefix->family == 6) {
		uint64_t high = half_at(prefix->addr), low = half_at(prefix->addr + 8);

		row->ipv6 = (struct nfm_nfdump_ipv6){
			.element = ELEMENT(NFM_NFDUMP_IPV6, nfm_nfdump_ipv6),
			.src_high = down ? 0 : high,
			.src_low = down ? 0 : low,
			.dst_high = down ? high : 0,
			.dst_low = down ? low : 0,
		};
		return sizeof(row->ipv6);
	}
	memcpy(&ipv4_be, prefix->addr, sizeof(ipv4_be));
	row->ipv4 = (struct nfm_nfdump_ipv4){
		.element = ELEMENT(NFM_NFDUMP_IPV4, nfm_nfdump_ipv4),
		.src = down ? 0 : be32toh(ipv4_be),
		.dst = down ? be32toh(ipv4_be) : 0,
	};
	return sizeof(row->ipv4);
}

static void note(struct nfm_nfdump_stat *stat, const struct nfm_snapshot_count *count)
{
	stat->flows += count->flows;
	stat->bytes += count->bytes;
	stat->packets += count->packets;
	stat->flows_of[OTHERS] += count->flows;
	stat->bytes_of[OTHERS] += count->bytes;
	stat->packets_of[OTHERS] += count->packets;
}

static size_t make_row(const struct nfm_nfdump_file *f, const struct nfm_prefix *prefix, bool down,
		       const struct nfm_snapshot_count *count, struct row *row)
{
	*row = (struct row){
		.record = {
			.type = NFM_NFDUMP_RECORD,
			.elements = 4,
			.netflow_version = NETFLOW_VERSION,
		},
		.generic = {
			.element = ELEMENT(NFM_NFDUMP_GENERIC, nfm_nfdump_generic),
			.first_unix_ms = f->first_unix_ms,
			.last_unix_ms = f->last_unix_ms,
			.received_unix_ms = f->received_unix_ms,
			.packets = count->packets,
			.bytes = count->bytes,
		},
		.misc = {
			.element = ELEMENT(NFM_NFDUMP_MISC, nfm_nfdump_misc),
			.src_bits = down ? 0 : prefix->bits,
			.dst_bits = down ? prefix->bits : 0,
		},
		.count = {
			.element = ELEMENT(NFM_NFDUMP_COUNT, nfm_nfdump_count),
			.flows = count->flows,
		},
	};
	row->record.size = (uint16_t)(offsetof(struct row, ipv4) +
				      set_addresses(row, prefix, down));
	return row->record.size;
}

int nfm_nfdump_file_add(struct nfm_nfdump_file *f, const struct nfm_prefix *prefix, bool down,
			const struct nfm_snapshot_count *count)
{
	static const struct nfm_prefix nobody = { .family = 4 };
	struct row row;
	size_t size;

	if (!count->bytes && !count->packets && !count->flows)
		return 0;
	size = make_row(f, prefix ? prefix : &nobody, down, count, &row);
	if (f->payload_used + size > NFM_NFDUMP_PAYLOAD_BYTES) {
		int code = flush_data(f);

		if (code)
			return code;
	}
	append(f, &row, size);
	note(&f->stat, count);
	return 0;
}

/* ---- the file ---- */

int nfm_nfdump_file_open(struct nfm_nfdump_file *f, const char *directory, int compression,
			 const struct nfm_snapshot_meta *meta, struct nfm_error *error)
{
	uint64_t to_unix_ms = meta->to_unix_ns / NFM_NS_PER_MS;
	int code;

	*f = (struct nfm_nfdump_file){
		.place = { .dir_fd = -1, .fd = -1 },
		.header = {
			.magic = NFM_NFDUMP_MAGIC,
			.layout = NFM_NFDUMP_LAYOUT,
			.version = NFM_NFDUMP_VERSION,
			.created_unix_s = (int64_t)(meta->to_unix_ns / NFM_NS_PER_S),
			.compression = (uint8_t)compression,
			.creator = NFM_NFDUMP_CREATOR,
		},
		.stat = { .element = ELEMENT(NFM_NFDUMP_STAT, nfm_nfdump_stat) },
		.first_unix_ms = meta->from_unix_ns / NFM_NS_PER_MS,
		.received_unix_ms = to_unix_ms,
	};
	/* the interval's end is the next one's first moment */
	f->last_unix_ms = to_unix_ms > f->first_unix_ms ? to_unix_ms - 1 : f->first_unix_ms;
	f->stat.first_unix_ms = f->first_unix_ms;
	f->stat.last_unix_ms = f->last_unix_ms;
	code = prepare(f);
	if (code)
		return nfm_error_set(error, code, "nfdump file, compression %d: %s", compression,
				     strerror(-code));
	code = nfm_place_open(&f->place, directory, error);
	if (code)
		return code;
	code = put(f, &f->header, sizeof(f->header)); /* its place: it is not whole yet */
	return code ? nfm_place_error(error, code, "write an nfdump file in", directory) : 0;
}

static int put_appendix(struct nfm_nfdump_file *f)
{
	const struct nfm_nfdump_ident ident = {
		.element = ELEMENT(NFM_NFDUMP_IDENT, nfm_nfdump_ident),
		.text = NFM_NFDUMP_NAME,
	};

	f->header.appendix_at = f->at;
	f->header.appendix_blocks = 1;
	append(f, &ident, sizeof(ident));
	append(f, &f->stat, sizeof(f->stat));
	return flush(f);
}

static int put_header(const struct nfm_nfdump_file *f)
{
	ssize_t n = pwrite(f->place.fd, &f->header, sizeof(f->header), 0);

	if (n < 0)
		return -errno;
	return n == sizeof(f->header) ? 0 : -EIO;
}

int nfm_nfdump_file_commit(struct nfm_nfdump_file *f, const char *name)
{
	struct nfm_place *place = &f->place;
	int code = flush_data(f);

	if (!code)
		code = put_appendix(f);
	if (!code)
		code = put_header(f);
	if (code)
		return code;
	if (fsync(place->fd) ||
	    renameat(place->dir_fd, place->temporary, place->dir_fd, name))
		return -errno;
	place->temporary[0] = '\0';
	return fsync(place->dir_fd) && errno != EINVAL ? -errno : 0;
}

void nfm_nfdump_file_close(struct nfm_nfdump_file *f)
{
	nfm_place_close(&f->place);
	free(f->payload);
	free(f->packed);
	f->payload = f->packed = NULL;
}
