// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots of version 1, whose customers stand in the order of rows: sorted, then as all others.
 */
#include <endian.h>
#include <xxhash.h>
#include <zstd.h>

#include "history/rollup_input.h"
#include "rollup_day.h"
#include "snapshot/format.h"

struct raw {
	uint8_t byte[4096];
	size_t used;
};

static void put_varint(struct raw *raw, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		raw->byte[raw->used++] = (uint8_t)(value | 0x80);
	raw->byte[raw->used++] = (uint8_t)value;
}

static void put_string(struct raw *raw, const char *text)
{
	put_varint(raw, strlen(text));
	memcpy(raw->byte + raw->used, text, strlen(text));
	raw->used += strlen(text);
}

static void put_count(struct raw *raw, const struct nfm_snapshot_count *count)
{
	put_varint(raw, count->bytes);
	put_varint(raw, count->packets);
	put_varint(raw, count->flows);
}

/* Customers in this order; each section ends with its count, and the next one's tag follows. */
static void put_sections(struct raw *raw, const char *const *id, uint32_t count, uint64_t from_s)
{
	const struct nfm_snapshot_count none = { 0, 0, 0 };

	put_varint(raw, NFM_SNAPSHOT_CUSTOMERS);
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_snapshot_count up = made_count(from_s, i);

		put_varint(raw, 1);
		put_string(raw, id[i]);
		put_string(raw, "old");
		put_varint(raw, 0); /* prefixes */
		put_count(raw, &up);
		put_count(raw, &none);
	}
	put_varint(raw, 0);
	put_varint(raw, count);
	put_varint(raw, NFM_SNAPSHOT_EXPORTERS);
	put_varint(raw, 0);
	put_varint(raw, 0);
	put_varint(raw, NFM_SNAPSHOT_REASONS);
	put_varint(raw, 0);
	put_varint(raw, 0);
	put_varint(raw, 'T');
	for (unsigned int i = 0; i < 3; i++)
		put_count(raw, &none);
}

static void make_old(const char *name, const char *const *id, uint32_t count, uint64_t from_s)
{
	struct raw raw = { .used = 0 };
	uint8_t file[8192];
	struct nfm_snapshot_header_v1 *h = (struct nfm_snapshot_header_v1 *)file;
	size_t size;

	put_sections(&raw, id, count, from_s);
	size = ZSTD_compress(file + sizeof(*h), sizeof(file) - sizeof(*h), raw.byte, raw.used, 1);
	assert_false(ZSTD_isError(size));
	*h = (struct nfm_snapshot_header_v1){
		.version_le = htole32(1),
		.header_size_le = htole32(sizeof(*h)),
		.epoch_le = htole64(from_s),
		.from_unix_ns_le = htole64(from_s * NFM_NS_PER_S),
		.to_unix_ns_le = htole64((from_s + INTERVAL_S) * NFM_NS_PER_S),
		.interval_s_le = htole32(INTERVAL_S),
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

static void old_files_are_sorted(void **state)
{
	const char *const by_row[] = { "c7", "c0", "c5", "c1" };
	const char *const other[] = { "c1", "c7", "c3", "c0" };
	struct nfm_rollup_result result;
	struct nfm_series_reader *r;

	(void)state;
	make_old("nfmeter.202511220100", by_row, 4, MIDNIGHT_S + 3600);
	make_old("nfmeter.202511220200", other, 4, MIDNIGHT_S + 7200);
	make_interval(9, MIDNIGHT_S + 4 * INTERVAL_S, INTERVAL_S); /* new ones beside them */
	make_interval(10, MIDNIGHT_S + DAY_S + 2 * INTERVAL_S, INTERVAL_S);
	assert_int_equal(run_rollup(MIDNIGHT_S + 2 * DAY_S, &result), 0);
	assert_int_equal(result.days, 1);
	assert_rollup("samples.20251122");
	assert_rollup("days.20251122");
	assert_false(exists("rollup/.work"));
	r = open_rollup("days.20251122");
	assert_int_equal(nfm_series_reader_head(r)->sources, 3);
	assert_string_equal(nfm_series_reader_source(r, 0), "nfmeter.202511220100");
	nfm_series_reader_free(r);
}

/* As a file has each id once, rows of one id become one. */
static void rows_of_one_id_are_joined(void **state)
{
	const char *const by_row[] = { "b", "a", "b", "c", "a", "b" };
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_reader *reader;
	struct nfm_error error = { .text = "" };
	uint64_t want[3] = { 0 };
	_cleanup_free_ char *sorted = NULL;
	_cleanup_free_ char *path = NULL;

	(void)state;
	make_old("nfmeter.202511220100", by_row, 6, MIDNIGHT_S);
	for (unsigned int i = 0; i < 6; i++)
		want[by_row[i][0] - 'a'] += made_count(MIDNIGHT_S, i).bytes;
	assert_int_equal(mkdir(in_folder("sorted"), 0700), 0);
	sorted = strdup(in_folder("sorted"));
	assert_int_equal(
		nfm_rollup_input_sort(in_folder("nfmeter.202511220100"), sorted, &path, &error), 0);
	assert_int_equal(nfm_snapshot_reader_open(path, &reader, NULL), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(nfm_snapshot_reader_customer(reader, &customer), 1);
		assert_int_equal(customer.id[0], 'a' + i);
		assert_int_equal(customer.up.bytes, want[i]);
		assert_string_equal(customer.name, "old");
	}
	assert_int_equal(nfm_snapshot_reader_customer(reader, &customer), 0);
	nfm_snapshot_reader_free(reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(old_files_are_sorted),
		TEST(rows_of_one_id_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
