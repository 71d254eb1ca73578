/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshot files of version 1, whose customers stand in the order of rows. */
#ifndef NFM_TEST_OLD_SNAPSHOT_H
#define NFM_TEST_OLD_SNAPSHOT_H

#include <endian.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/io.h"
#include "made_history.h"
#include "snapshot/format.h"

struct old_raw {
	uint8_t byte[4096];
	size_t used;
};

static inline void old_varint(struct old_raw *raw, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		raw->byte[raw->used++] = (uint8_t)(value | 0x80);
	raw->byte[raw->used++] = (uint8_t)value;
}

static inline void old_string(struct old_raw *raw, const char *text)
{
	old_varint(raw, strlen(text));
	memcpy(raw->byte + raw->used, text, strlen(text));
	raw->used += strlen(text);
}

static inline void old_count(struct old_raw *raw, const struct nfm_snapshot_count *count)
{
	old_varint(raw, count->bytes);
	old_varint(raw, count->packets);
	old_varint(raw, count->flows);
}

/* Customers in this order; each section ends with its count, and the next one's tag follows. */
static inline void old_sections(struct old_raw *raw, const struct made_entry *entries,
				uint32_t count)
{
	const struct nfm_snapshot_count none = { 0, 0, 0 };

	old_varint(raw, NFM_SNAPSHOT_CUSTOMERS);
	for (uint32_t i = 0; i < count; i++) {
		old_varint(raw, 1);
		old_string(raw, entries[i].id);
		old_string(raw, entries[i].name);
		old_varint(raw, 0); /* prefixes */
		old_count(raw, &entries[i].up);
		old_count(raw, &entries[i].down);
	}
	old_varint(raw, 0);
	old_varint(raw, count);
	old_varint(raw, NFM_SNAPSHOT_EXPORTERS);
	old_varint(raw, 0);
	old_varint(raw, 0);
	old_varint(raw, NFM_SNAPSHOT_REASONS);
	old_varint(raw, 0);
	old_varint(raw, 0);
	old_varint(raw, 'T');
	for (unsigned int i = 0; i < 3; i++)
		old_count(raw, &none);
}

/* Writes it to the test's folder. */
static inline void make_old_snapshot(const char *name, const struct made_entry *entries,
				     uint32_t count, uint64_t from_unix_s, uint32_t interval_s)
{
	struct old_raw raw = { .used = 0 };
	uint8_t file[8192];
	struct nfm_snapshot_header_v1 *h = (struct nfm_snapshot_header_v1 *)file;
	size_t size;

	old_sections(&raw, entries, count);
	size = ZSTD_compress(file + sizeof(*h), sizeof(file) - sizeof(*h), raw.byte, raw.used, 1);
	assert_false(ZSTD_isError(size));
	*h = (struct nfm_snapshot_header_v1){
		.version_le = htole32(1),
		.header_size_le = htole32(sizeof(*h)),
		.epoch_le = htole64(from_unix_s),
		.from_unix_ns_le = htole64(from_unix_s * NFM_NS_PER_S),
		.to_unix_ns_le = htole64((from_unix_s + interval_s) * NFM_NS_PER_S),
		.interval_s_le = htole32(interval_s),
		.payload_size_le = htole64(size),
		.raw_size_le = htole64(raw.used),
		.customers_le = htole64(count),
		.payload_xxh3_le = htole64(XXH3_64bits(file + sizeof(*h), size)),
	};
	memcpy(h->magic, NFM_SNAPSHOT_MAGIC, sizeof(h->magic));
	h->header_xxh3_le =
		htole64(XXH3_64bits(h, offsetof(struct nfm_snapshot_header_v1, header_xxh3_le)));
	assert_int_equal(nfm_io_replace_file(in_folder(name), file, sizeof(*h) + size, 0600), 0);
}

#endif
