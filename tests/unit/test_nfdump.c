// SPDX-License-Identifier: GPL-2.0-only
/* nfdump files, byte for byte; what nfdump itself makes of them: tests/net/nfdump.sh. */
#include "snapshot/nfdump.h"

#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "folder.h"
#include "snapshot/snapshot.h"

#define NOON_MS 1795348800000ULL /* 2026-11-22 12:00:00 UTC */
#define NS_PER_MS 1000000ULL
#define HEADER_SIZE 40
#define BLOCK_SIZE 12
#define APPENDIX_SIZE (12 + 148) /* ident, statistics */
#define MAX_BYTES (256U << 20)
#define MANY 100000U

static const struct nfm_prefix prefixes[] = {
	{ .addr = { 10, 1, 2 }, .family = 4, .bits = 24 },
	{ .addr = { 192, 0, 2, 7 }, .family = 4, .bits = 32 },
	{ .addr = { 0x20, 1, 0xd, 0xb8, 0, 0x10, [9] = 7 }, .family = 6, .bits = 80 },
};

static const struct nfm_snapshot_customer customers[] = {
	{ .id = "both", .name = "", .prefixes = prefixes, .prefix_count = 3,
	  .up = { 1000, 10, 3 }, .down = { 1ULL << 40, 1ULL << 33, 4 } },
	{ .id = "gone", .name = "", .up = { 77, 7, 1 } },
	{ .id = "idle", .name = "", .prefixes = prefixes + 1, .prefix_count = 1 },
	{ .id = "six", .name = "", .prefixes = prefixes + 2, .prefix_count = 1,
	  .up = { 500, 5, 2 }, .down = { 6000, 60, 6 } },
};
static const struct nfm_snapshot_count unmatched = { 31, 2, 1 };

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return folder_make();
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

/* ---- snapshots ---- */

static struct nfm_snapshot_writer *open_snapshot(uint64_t length_ms)
{
	const struct nfm_snapshot_meta meta = {
		.identity = { 1 },
		.epoch = 42,
		.from_unix_ns = NOON_MS * NS_PER_MS,
		.to_unix_ns = (NOON_MS + length_ms) * NS_PER_MS,
		.slot_unix_ns = NOON_MS * NS_PER_MS,
		.interval_s = 300,
	};
	struct nfm_snapshot_writer *w = NULL;

	assert_int_equal(nfm_snapshot_writer_open(folder, &meta, &w, NULL), 0);
	return w;
}

static void close_snapshot(struct nfm_snapshot_writer *w, const struct nfm_snapshot_count *rest,
			   char *path)
{
	const struct nfm_snapshot_count none = { 0 };

	assert_int_equal(nfm_snapshot_writer_commit(w, rest, &none, &none, path, PATH_MAX, NULL),
			 0);
	nfm_snapshot_writer_free(w);
}

static void write_sample(char *path)
{
	struct nfm_snapshot_writer *w = open_snapshot(300000);

	for (size_t i = 0; i < NFM_ARRAY_SIZE(customers); i++)
		assert_int_equal(nfm_snapshot_writer_customer(w, &customers[i]), 0);
	close_snapshot(w, &unmatched, path);
}

static void write_many(char *path)
{
	struct nfm_snapshot_writer *w = open_snapshot(300000);

	for (uint32_t i = 0; i < MANY; i++) {
		struct nfm_prefix prefix = { .addr = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
						       (uint8_t)i },
					     .family = 4, .bits = 32 };
		char id[16];
		struct nfm_snapshot_customer customer = {
			.id = id, .name = "", .prefixes = &prefix, .prefix_count = 1,
			.up = { i + 1, 1, 1 }, .down = { 3ULL * i + 1, 2, 1 },
		};

		snprintf(id, sizeof(id), "c%06u", i);
		assert_int_equal(nfm_snapshot_writer_customer(w, &customer), 0);
	}
	close_snapshot(w, &unmatched, path);
}

/* ---- bytes ---- */

struct bytes {
	uint8_t *at;
	size_t size;
};

static void free_bytes(struct bytes *b)
{
	free(b->at);
}

#define _cleanup_bytes_ _cleanup_(free_bytes)

static struct bytes read_bytes(const char *path)
{
	struct bytes b = { NULL, 0 };
	char *text;

	assert_int_equal(nfm_io_read_file(path, MAX_BYTES, &text, &b.size), 0);
	b.at = (uint8_t *)text;
	return b;
}

/* Little endian, as the machines are on which it runs. */
static void add(struct bytes *b, int size, uint64_t value)
{
	b->at = realloc(b->at, b->size + 8);
	assert_non_null(b->at);
	for (int i = 0; i < size; i++)
		b->at[b->size++] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const struct bytes *b, size_t at, int size)
{
	uint64_t value = 0;

	assert_true(at + (size_t)size <= b->size);
	for (int i = size - 1; i >= 0; i--)
		value = value << 8 | b->at[at + (size_t)i];
	return value;
}

/* A record as nfdump 1.7 has it: elements 1, 4, 5, and 2 or 3 with the addresses. */
static void add_record(struct bytes *b, const uint64_t addresses[4], bool v6, uint8_t src_bits,
		       uint8_t dst_bits, const struct nfm_snapshot_count *count)
{
	add(b, 2, 11), add(b, 2, v6 ? 148 : 124), add(b, 2, 4);
	add(b, 5, 0), add(b, 1, 9);
	add(b, 2, 1), add(b, 2, 52);
	add(b, 8, NOON_MS), add(b, 8, NOON_MS + 299999), add(b, 8, NOON_MS + 300000);
	add(b, 8, count->packets), add(b, 8, count->bytes), add(b, 8, 0);
	add(b, 2, 4), add(b, 2, 20), add(b, 8, 0), add(b, 1, src_bits), add(b, 1, dst_bits);
	add(b, 6, 0);
	add(b, 2, 5), add(b, 2, 28), add(b, 8, count->flows), add(b, 8, 0), add(b, 8, 0);
	add(b, 2, v6 ? 3 : 2), add(b, 2, v6 ? 36 : 12);
	for (int i = 0; i < 4; i++)
		add(b, v6 ? 8 : i & 1 ? 4 : 0, addresses[i]);
}

static void add_sample_records(struct bytes *b)
{
	static const uint64_t none[4] = { 0 };
	static const uint64_t v4_src[4] = { 0, 0x0a010200, 0, 0 }, v4_dst[4] = { 0, 0, 0,
										  0x0a010200 };
	static const uint64_t v6_src[4] = { 0x20010db800100000, 0x0007000000000000, 0, 0 };
	static const uint64_t v6_dst[4] = { 0, 0, 0x20010db800100000, 0x0007000000000000 };

	add_record(b, v4_src, false, 24, 0, &customers[0].up);
	add_record(b, v4_dst, false, 0, 24, &customers[0].down);
	add_record(b, none, false, 0, 0, &customers[1].up);
	add_record(b, v6_src, true, 80, 0, &customers[3].up);
	add_record(b, v6_dst, true, 0, 80, &customers[3].down);
	add_record(b, none, false, 0, 0, &unmatched);
}

static void add_statistics(struct bytes *b, const struct nfm_snapshot_count *all)
{
	const uint64_t sums[] = { all->flows, all->bytes, all->packets };

	add(b, 2, 0x8002), add(b, 2, 148);
	for (int i = 0; i < 3; i++)
		add(b, 8, sums[i]);
	for (int i = 0; i < 3; i++) /* none of TCP, UDP, ICMP: all are of others */
		add(b, 8, 0), add(b, 8, 0), add(b, 8, 0), add(b, 8, sums[i]);
	add(b, 8, NOON_MS), add(b, 8, NOON_MS + 299999), add(b, 8, 0);
}

static struct bytes sample_file(void)
{
	const struct nfm_snapshot_count all = { (1ULL << 40) + 1000 + 77 + 500 + 6000 + 31,
						(1ULL << 33) + 10 + 7 + 5 + 60 + 2, 17 };
	const uint32_t size = 4 * 124 + 2 * 148;
	struct bytes b = { NULL, 0 };

	add(&b, 2, 0xA50C), add(&b, 2, 2), add(&b, 4, 0x01070100);
	add(&b, 8, NOON_MS / 1000 + 300), add(&b, 2, 0), add(&b, 2, 1), add(&b, 4, 1);
	add(&b, 8, HEADER_SIZE + BLOCK_SIZE + size), add(&b, 4, 0), add(&b, 4, 1);
	add(&b, 4, 6), add(&b, 4, size), add(&b, 2, 3), add(&b, 2, 0);
	add_sample_records(&b);
	add(&b, 4, 2), add(&b, 4, APPENDIX_SIZE), add(&b, 2, 3), add(&b, 2, 0);
	add(&b, 2, 0x8001), add(&b, 2, 12);
	for (const char *p = "nfmeter"; *p; p++)
		add(&b, 1, (uint8_t)*p);
	add(&b, 1, 0);
	add_statistics(&b, &all);
	return b;
}

/* ---- layout ---- */

static void every_byte_is_where_nfdump_looks_for_it(void **state)
{
	_cleanup_bytes_ struct bytes want = sample_file(), found = { NULL, 0 };
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_int_equal(nfm_nfdump_write(path, in_folder("out"), NFM_COMPRESSION_NONE, NULL), 0);
	found = read_bytes(in_folder("out"));
	assert_int_equal(found.size, want.size);
	assert_memory_equal(found.at, want.at, want.size);
}

static void the_same_snapshot_gives_the_same_bytes_over_what_was_there(void **state)
{
	_cleanup_bytes_ struct bytes first = { NULL, 0 }, second = { NULL, 0 };
	char path[PATH_MAX], out[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_int_equal(nfm_nfdump_path(path, out, sizeof(out)), 0);
	assert_int_equal(nfm_io_replace_file(out, "old", 3, 0600), 0);
	assert_int_equal(nfm_nfdump_write(path, out, NFM_COMPRESSION_LZ4, NULL), 0);
	first = read_bytes(out);
	assert_int_equal(nfm_nfdump_write(path, out, NFM_COMPRESSION_LZ4, NULL), 0);
	second = read_bytes(out);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.at, second.at, first.size);
}

static void no_traffic_is_a_file_without_blocks(void **state)
{
	static const struct nfm_snapshot_count none;
	_cleanup_bytes_ struct bytes b = { NULL, 0 };
	char path[PATH_MAX];

	(void)state;
	close_snapshot(open_snapshot(300000), &none, path);
	assert_int_equal(nfm_nfdump_write(path, in_folder("out"), NFM_COMPRESSION_LZ4, NULL), 0);
	b = read_bytes(in_folder("out"));
	assert_int_equal(get(&b, 36, 4), 0); /* blocks: an empty one would be damage */
	assert_int_equal(get(&b, 24, 8), HEADER_SIZE);
	assert_int_equal(get(&b, 18, 2), 1);
	assert_int_equal(get(&b, HEADER_SIZE, 4), 2);
}

/* The wall clock was set back: no time that ends before it begins. */
static void an_interval_without_length(void **state)
{
	_cleanup_bytes_ struct bytes b = { NULL, 0 };
	char path[PATH_MAX];

	(void)state;
	close_snapshot(open_snapshot(0), &unmatched, path);
	assert_int_equal(nfm_nfdump_write(path, in_folder("out"), NFM_COMPRESSION_NONE, NULL), 0);
	b = read_bytes(in_folder("out"));
	assert_int_equal(get(&b, HEADER_SIZE + BLOCK_SIZE + 12 + 4, 8), NOON_MS);
	assert_int_equal(get(&b, HEADER_SIZE + BLOCK_SIZE + 12 + 12, 8), NOON_MS);
}

/* ---- blocks ---- */

/* All payloads one after the other, unpacked; the appendix last. */
static struct bytes unpack(const struct bytes *b, uint32_t *records)
{
	int compression = (int)get(b, 16, 1);
	uint64_t blocks = get(b, 36, 4);
	struct bytes out = { malloc(MAX_BYTES), 0 };
	size_t at = HEADER_SIZE;

	assert_non_null(out.at);
	*records = 0;
	for (uint64_t i = 0; i <= blocks; i++) {
		size_t size = get(b, at + 4, 4), n;
		const uint8_t *payload = b->at + at + BLOCK_SIZE;

		if (i == blocks)
			assert_int_equal(get(b, 24, 8), at);
		else
			*records += (uint32_t)get(b, at, 4);
		assert_int_equal(get(b, at + 8, 4), 3);
		assert_in_range(at + BLOCK_SIZE + size, 1, b->size);
		if (compression == NFM_COMPRESSION_LZ4)
			n = (size_t)LZ4_decompress_safe((const char *)payload,
							(char *)out.at + out.size, (int)size,
							1 << 20);
		else if (compression == NFM_COMPRESSION_ZSTD)
			n = ZSTD_decompress(out.at + out.size, 1 << 20, payload, size);
		else
			n = size, memcpy(out.at + out.size, payload, size);
		assert_in_range(n, 1, 1 << 20);
		out.size += n;
		at += BLOCK_SIZE + size;
	}
	assert_int_equal(at, b->size);
	return out;
}

static void many_rows_go_into_blocks_of_a_mebibyte(void **state)
{
	_cleanup_bytes_ struct bytes b = { NULL, 0 }, content = { NULL, 0 };
	const uint64_t per_block = (1 << 20) / 124;
	uint64_t bytes = 0;
	char path[PATH_MAX];
	uint32_t records;

	(void)state;
	write_many(path);
	assert_int_equal(nfm_nfdump_write(path, in_folder("out"), NFM_COMPRESSION_NONE, NULL), 0);
	b = read_bytes(in_folder("out"));
	content = unpack(&b, &records);
	assert_int_equal(records, 2 * MANY + 1);
	assert_int_equal(get(&b, 36, 4), (records + per_block - 1) / per_block);
	assert_int_equal(get(&b, HEADER_SIZE, 4), per_block);
	assert_int_equal(content.size, records * 124 + APPENDIX_SIZE);
	for (uint32_t i = 0; i < records; i++)
		bytes += get(&content, i * 124 + 12 + 36, 8);
	assert_int_equal(bytes, get(&content, content.size - 148 + 4 + 8, 8));
	/* sums of 1 to n, and of 3 i + 1 */
	assert_int_equal(bytes, (uint64_t)MANY * (MANY + 1) / 2 +
					3 * ((uint64_t)MANY * (MANY - 1) / 2) + MANY +
					unmatched.bytes);
}

static void compressed_blocks_hold_the_same(void **state)
{
	static const int compressions[] = { NFM_COMPRESSION_LZ4, NFM_COMPRESSION_ZSTD };
	_cleanup_bytes_ struct bytes plain = { NULL, 0 }, want = { NULL, 0 };
	uint32_t records, want_records;
	char path[PATH_MAX];

	(void)state;
	write_many(path);
	assert_int_equal(nfm_nfdump_write(path, in_folder("out"), NFM_COMPRESSION_NONE, NULL), 0);
	plain = read_bytes(in_folder("out"));
	want = unpack(&plain, &want_records);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(compressions); i++) {
		_cleanup_bytes_ struct bytes b = { NULL, 0 }, found = { NULL, 0 };

		assert_int_equal(nfm_nfdump_write(path, in_folder("out"), compressions[i], NULL),
				 0);
		b = read_bytes(in_folder("out"));
		assert_int_equal(get(&b, 16, 1), compressions[i]);
		assert_true(b.size < plain.size / 3);
		found = unpack(&b, &records);
		assert_int_equal(records, want_records);
		assert_int_equal(found.size, want.size);
		assert_memory_equal(found.at, want.at, want.size);
	}
}

/* ---- failures ---- */

static void assert_only_old_file(void)
{
	_cleanup_bytes_ struct bytes b = read_bytes(in_folder("out"));
	_cleanup_closedir_ DIR *dir = opendir(folder);
	const struct dirent *entry;

	assert_int_equal(b.size, 3);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		assert_true(strncmp(entry->d_name, ".nfmeter", 8) != 0);
}

static void a_failure_leaves_what_was_there(void **state)
{
	_cleanup_bytes_ struct bytes b = { NULL, 0 };
	struct nfm_error error = { "" };
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_int_equal(nfm_io_replace_file(in_folder("out"), "old", 3, 0600), 0);
	assert_int_equal(nfm_nfdump_write(path, in_folder("out"), 2, &error), -EINVAL);
	assert_non_null(strstr(error.text, "compression 2"));
	assert_int_equal(nfm_nfdump_write(in_folder("missing"), in_folder("out"), 0, &error),
			 -ENOENT);
	b = read_bytes(path);
	for (size_t i = 0; i < b.size; i += 23) {
		b.at[i] ^= 0x10;
		assert_int_equal(nfm_io_replace_file(path, b.at, b.size, 0600), 0);
		b.at[i] ^= 0x10;
		assert_in_range(-nfm_nfdump_write(path, in_folder("out"), 0, &error), 1, 4095);
		assert_non_null(strstr(error.text, "nfmeter.202611221200"));
		assert_only_old_file();
	}
}

static void a_name_that_is_taken_by_a_folder(void **state)
{
	struct nfm_error error = { "" };
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_int_equal(nfm_io_replace_file(in_folder("out"), "old", 3, 0600), 0);
	assert_int_equal(mkdir(in_folder("taken"), 0755), 0);
	assert_int_equal(nfm_nfdump_write(path, in_folder("taken"), 0, &error), -EISDIR);
	assert_non_null(strstr(error.text, "taken"));
	assert_int_equal(nfm_nfdump_write(path, in_folder("taken/"), 0, &error), -EISDIR);
	assert_only_old_file();
}

/* ---- whose it is ---- */

static void ours_are_known_in_every_compression(void **state)
{
	static const int compressions[] = { NFM_COMPRESSION_NONE, NFM_COMPRESSION_LZ4,
					    NFM_COMPRESSION_ZSTD };
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_false(nfm_nfdump_is_ours(path));
	assert_false(nfm_nfdump_is_ours(folder));
	assert_false(nfm_nfdump_is_ours(in_folder("missing")));
	for (size_t i = 0; i < NFM_ARRAY_SIZE(compressions); i++) {
		_cleanup_bytes_ struct bytes b = { NULL, 0 };
		const char *out = in_folder("out");

		assert_int_equal(nfm_nfdump_write(path, out, compressions[i], NULL), 0);
		out = in_folder("out");
		assert_true(nfm_nfdump_is_ours(out));
		b = read_bytes(out);
		for (size_t size = 0; size < b.size; size += 17) {
			assert_int_equal(nfm_io_replace_file(out, b.at, size, 0600), 0);
			assert_false(nfm_nfdump_is_ours(out));
		}
	}
}

/* The same file under another name, of another version, with an appendix nowhere or anywhere. */
static void others_are_not_ours(void **state)
{
	static const struct {
		size_t from_end; /* 0: from the start */
		size_t at;
		uint8_t value;
	} changes[] = {
		{ 0, 0, 0 },	{ 0, 2, 1 },	{ 0, 16, 1 },	      { 0, 16, 2 },
		{ 0, 31, 0x7f }, { 0, 31, 0xff }, { 0, 24, 1 },	      { APPENDIX_SIZE, 0, 2 },
		{ APPENDIX_SIZE, 4, 'N' },	  { APPENDIX_SIZE, 11, 's' },
		{ APPENDIX_SIZE + BLOCK_SIZE, 4, 0 }, { APPENDIX_SIZE + BLOCK_SIZE, 7, 0xff },
	};
	_cleanup_bytes_ struct bytes b = { NULL, 0 };
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_int_equal(nfm_nfdump_write(path, in_folder("out"), NFM_COMPRESSION_NONE, NULL), 0);
	b = read_bytes(in_folder("out"));
	for (size_t i = 0; i < NFM_ARRAY_SIZE(changes); i++) {
		uint8_t *at = b.at + (changes[i].from_end ? b.size - changes[i].from_end : 0) +
			      changes[i].at;
		uint8_t before = *at;

		*at = changes[i].value;
		assert_int_equal(nfm_io_replace_file(in_folder("out"), b.at, b.size, 0600), 0);
		assert_false(nfm_nfdump_is_ours(in_folder("out")));
		*at = before;
	}
}

/* ---- names ---- */

static void names(void **state)
{
	static const struct {
		const char *snapshot, *want; /* NULL: refused */
	} rows[] = {
		{ "/d/nfmeter.202611221200", "/d/nfcapd.202611221200" },
		{ "/d/nfmeter.20261122120005", "/d/nfcapd.20261122120005" },
		{ "/d/nfmeter.20261122120005.1", "/d/nfcapd.20261122120005.1" },
		{ "nfmeter.202611221200", "nfcapd.202611221200" },
		{ "/nfmeter.1/nfmeter.202611221200", "/nfmeter.1/nfcapd.202611221200" },
		{ "/d/nfcapd.202611221200", NULL },
		{ "/d/nfmeter.conf", NULL },
		{ "/d/nfmeter.202613221200", NULL },
		{ "/d/", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		char path[64] = "untouched";
		int code = nfm_nfdump_path(rows[i].snapshot, path, sizeof(path));

		assert_int_equal(code, rows[i].want ? 0 : -EINVAL);
		assert_string_equal(path, rows[i].want ? rows[i].want : "untouched");
	}
}

static void a_name_that_does_not_fit(void **state)
{
	static const char snapshot[] = "/d/nfmeter.202611221200";
	char path[64];

	(void)state;
	for (size_t size = 0; size < sizeof(snapshot) + 1; size++) {
		size_t needed = strlen("/d/nfcapd.202611221200") + 1;

		memset(path, '#', sizeof(path));
		assert_int_equal(nfm_nfdump_path(snapshot, path, size),
				 size < needed ? -ENAMETOOLONG : 0);
		assert_int_equal(path[size], '#');
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_byte_is_where_nfdump_looks_for_it),
		TEST(the_same_snapshot_gives_the_same_bytes_over_what_was_there),
		TEST(no_traffic_is_a_file_without_blocks),
		TEST(an_interval_without_length),
		TEST(many_rows_go_into_blocks_of_a_mebibyte),
		TEST(compressed_blocks_hold_the_same),
		TEST(a_failure_leaves_what_was_there),
		TEST(a_name_that_is_taken_by_a_folder),
		TEST(ours_are_known_in_every_compression),
		TEST(others_are_not_ours),
		TEST(names),
		TEST(a_name_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
