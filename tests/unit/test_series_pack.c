// SPDX-License-Identifier: GPL-2.0-only
/* Columns by themselves: any numbers, any bytes; and files that lie with the right checksums. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>
#include <xxhash.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "folder.h"
#include "history/series_format.h"

#define POINTS_MOST 200U
#define ROUNDS 20000U

static uint64_t seed;

static uint64_t random_u64(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed >> 32 ^ seed << 32;
}

static int setup(void **state)
{
	(void)state;
	seed = 2026;
	return folder_make();
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

/* A copy of exactly these bytes and what may be read behind them. */
static uint8_t *exact_copy(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size + NFM_SERIES_BEHIND);

	assert_non_null(copy);
	if (size)
		memcpy(copy, bytes, size);
	memset(copy + size, 0xff, NFM_SERIES_BEHIND);
	return copy;
}

static void assert_packs(const uint64_t *point, uint32_t points)
{
	uint8_t packed[1 + POINTS_MOST * 8];
	uint64_t unpacked[POINTS_MOST + 1] = { 0 };
	size_t size = nfm_series_pack(point, points, packed);
	_cleanup_free_ uint8_t *copy = exact_copy(packed, size);

	assert_true(size <= nfm_series_column_most(points));
	unpacked[points] = 4711;
	assert_int_equal(nfm_series_unpack(copy, size, points, unpacked), size);
	assert_memory_equal(unpacked, point, points * sizeof(*point));
	assert_int_equal(unpacked[points], 4711);
	assert_int_equal(nfm_series_unpack(copy, size, points, NULL), size);
	assert_int_equal(nfm_series_unpack(copy, size - 1, points, unpacked), -EBADMSG);
}

static void columns_of_any_numbers(void **state)
{
	uint64_t point[POINTS_MOST];

	(void)state;
	for (unsigned int round = 0; round < ROUNDS / 4; round++) {
		uint32_t points = 1 + (uint32_t)(random_u64() % POINTS_MOST);
		unsigned int bits = 1 + (unsigned int)(random_u64() % 64);
		unsigned int density = (unsigned int)(random_u64() % 9);

		for (uint32_t i = 0; i < points; i++)
			point[i] = random_u64() % 8 < density ? random_u64() >> (64 - bits) : 0;
		assert_packs(point, points);
	}
}

static void columns_are_small(void **state)
{
	uint64_t point[64] = { 0 };
	uint8_t packed[1 + 64 * 8];

	(void)state;
	assert_int_equal(nfm_series_pack(NULL, 64, packed), 1);
	assert_int_equal(nfm_series_pack(point, 64, packed), 1);
	point[63] = 255;
	assert_int_equal(nfm_series_pack(point, 64, packed), 1 + 8 + 1);
	point[0] = 256;
	assert_int_equal(nfm_series_pack(point, 64, packed), 1 + 8 + 2 * 2);
	for (unsigned int i = 0; i < 64; i++)
		point[i] = i; /* one zero among many costs no map */
	assert_int_equal(nfm_series_pack(point, 64, packed), 1 + 64);
	point[7] = UINT64_MAX;
	assert_int_equal(nfm_series_pack(point, 64, packed), 1 + 8 + 63 * 8);
}

/* No bytes whatever make it read or write where it must not (see also the sanitizers' run). */
static void columns_of_any_bytes(void **state)
{
	uint64_t point[POINTS_MOST + 1];
	uint8_t bytes[64];
	unsigned int refused = 0;

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint32_t points = 1 + (uint32_t)(random_u64() % POINTS_MOST);
		size_t size = random_u64() % sizeof(bytes);
		_cleanup_free_ uint8_t *copy = NULL;
		ssize_t used;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)random_u64();
		bytes[0] &= round % 2 ? 0xff : 0x87;
		copy = exact_copy(bytes, size);
		point[points] = 4711;
		used = nfm_series_unpack(copy, size, points, point);
		assert_true(used == -EBADMSG || (used > 0 && (size_t)used <= size));
		assert_int_equal(point[points], 4711);
		refused += used < 0;
	}
	assert_in_range(refused, ROUNDS / 10, ROUNDS - ROUNDS / 20);
}

/* ---- files that lie ---- */

#define NAME "hours.20251122"

static const struct nfm_grid grid = { 0, 86400000, 3600000 };

/* A file of one entry with 24 points in each column. */
static char *make_file(size_t *size)
{
	uint64_t point[24];
	uint64_t *column[NFM_CELL_COLUMNS];
	struct nfm_series_writer *w;
	char *bytes;

	for (unsigned int i = 0; i < 24; i++)
		point[i] = i % 3;
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		column[c] = point;
	assert_int_equal(nfm_series_writer_open(folder, NAME, &grid, &(const char *){ "source" }, 1,
						&w, NULL),
			 0);
	assert_int_equal(nfm_series_writer_add(w, NFM_SERIES_CUSTOMER, "a", "b", column), 0);
	assert_int_equal(nfm_series_writer_commit(w, NULL), 0);
	nfm_series_writer_free(w);
	assert_int_equal(nfm_io_read_file(in_folder(NAME), 1 << 20, &bytes, size), 0);
	return bytes;
}

/* Makes the checksums of header and index fit what stands there now. */
static void seal(char *bytes, size_t size)
{
	struct nfm_series_header *h = (struct nfm_series_header *)bytes;
	struct nfm_series_line *line = (struct nfm_series_line *)(bytes + size - sizeof(*line));
	const char *strings = (const char *)line - 4;

	line->line_xxh3_le = htole64(nfm_series_line_sum(line, 0, strings, 4));
	h->header_xxh3_le =
		htole64(XXH3_64bits(h, offsetof(struct nfm_series_header, header_xxh3_le)));
}

static int read_file(void)
{
	uint64_t point[NFM_CELL_COLUMNS][24];
	uint64_t *column[NFM_CELL_COLUMNS];
	struct nfm_series_reader *r;
	struct nfm_series_entry entry;
	int code = nfm_series_reader_open(in_folder(NAME), &r, NULL);

	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		column[c] = point[c];
	if (code)
		return code;
	code = nfm_series_reader_entry(r, 0, &entry);
	if (code == 1)
		code = nfm_series_reader_columns(r, &entry, column);
	nfm_series_reader_free(r);
	return code;
}

/* Every number of header and index by turns very large: refused, and nothing is read outside. */
static void numbers_that_lie(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	size_t size, refused = 0;

	(void)state;
	bytes = make_file(&size);
	seal(bytes, size);
	assert_int_equal(nfm_io_replace_file(in_folder(NAME), bytes, size, 0600), 0);
	assert_int_equal(read_file(), 0);
	for (size_t i = 0; i < sizeof(struct nfm_series_header) + sizeof(struct nfm_series_line);
	     i++) {
		size_t at = i < sizeof(struct nfm_series_header)
				    ? i
				    : size - 64 + i - sizeof(struct nfm_series_header);
		char old = bytes[at];

		for (unsigned int value = 0; value < 256; value += 51) {
			bytes[at] = (char)value;
			seal(bytes, size);
			assert_int_equal(nfm_io_replace_file(in_folder(NAME), bytes, size, 0600),
					 0);
			refused += read_file() < 0;
		}
		bytes[at] = old;
	}
	assert_true(refused > 100 * 5);
}

static void a_newer_version_is_told_from_damage(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct nfm_series_header *h;
	size_t size;

	(void)state;
	bytes = make_file(&size);
	h = (struct nfm_series_header *)bytes;
	h->version_le = htole32(NFM_SERIES_VERSION + 1);
	assert_int_equal(nfm_io_replace_file(in_folder(NAME), bytes, size, 0600), 0);
	assert_int_equal(read_file(), -EBADMSG);
	seal(bytes, size);
	assert_int_equal(nfm_io_replace_file(in_folder(NAME), bytes, size, 0600), 0);
	assert_int_equal(read_file(), -EPROTONOSUPPORT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(columns_of_any_numbers),
		TEST(columns_are_small),
		TEST(columns_of_any_bytes),
		TEST(numbers_that_lie),
		TEST(a_newer_version_is_told_from_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
