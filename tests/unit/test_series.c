// SPDX-License-Identifier: GPL-2.0-only
/* Rollup files: what goes in comes out, and no flipped bit goes unseen. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "folder.h"
#include "history/series.h"

#define NAME "samples.20251122"
#define DAY_MS 86400000ULL
#define FROM_MS 1763769600000ULL
#define POINTS_MOST 1024U

static const char *const sources[] = { "nfmeter.202511220005", "nfmeter.202511220000" };

struct columns {
	uint64_t point[NFM_CELL_COLUMNS][POINTS_MOST];
	uint64_t *column[NFM_CELL_COLUMNS];
};

static struct columns in, out;
static uint64_t seed;

static uint64_t random_u64(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed >> 32 ^ seed << 32;
}

static void columns_open(struct columns *c)
{
	memset(c->point, 0, sizeof(c->point));
	for (unsigned int i = 0; i < NFM_CELL_COLUMNS; i++)
		c->column[i] = c->point[i];
}

static int setup(void **state)
{
	(void)state;
	seed = 2026;
	columns_open(&in);
	columns_open(&out);
	return folder_make();
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

static struct nfm_series_writer *start(uint64_t step_ms)
{
	const struct nfm_grid grid = { FROM_MS, FROM_MS + DAY_MS, step_ms };
	struct nfm_series_writer *w;

	assert_int_equal(nfm_series_writer_open(folder, NAME, &grid, sources, 2, &w, NULL), 0);
	return w;
}

static struct nfm_series_reader *finish(struct nfm_series_writer *w)
{
	struct nfm_series_reader *r;

	assert_int_equal(nfm_series_writer_commit(w, NULL), 0);
	nfm_series_writer_free(w);
	assert_int_equal(nfm_series_reader_open(in_folder(NAME), &r, NULL), 0);
	return r;
}

/* Points of any density and size, as a number says. */
static void fill(uint64_t number, uint32_t points)
{
	seed = number * 77 + 1;
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++) {
		unsigned int bits = (unsigned int)(random_u64() % 65);
		unsigned int density = (unsigned int)(random_u64() % 5);

		for (uint32_t i = 0; i < points; i++)
			in.point[c][i] = bits && random_u64() % 4 < density
						 ? random_u64() >> (64 - bits)
						 : 0;
	}
}

static const char *id_of(uint64_t number)
{
	static char id[32];

	snprintf(id, sizeof(id), "c%05" PRIu64, number);
	return id;
}

static void add_filled(struct nfm_series_writer *w, uint64_t number, uint32_t points)
{
	fill(number, points);
	assert_int_equal(
		nfm_series_writer_add(w, NFM_SERIES_CUSTOMER, id_of(number), "a name", in.column),
		0);
}

static void assert_filled(const struct nfm_series_reader *r, const struct nfm_series_entry *entry,
			  uint64_t number)
{
	uint32_t points = nfm_series_reader_head(r)->points;

	fill(number, points);
	memset(out.point, 0xa5, sizeof(out.point));
	assert_int_equal(nfm_series_reader_columns(r, entry, out.column), 0);
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++) {
		assert_memory_equal(out.point[c], in.point[c], points * sizeof(in.point[c][0]));
		assert_true(out.point[c][points] == 0xa5a5a5a5a5a5a5a5); /* no more than these */
	}
}

static void what_goes_in_comes_out(void **state)
{
	const uint64_t steps_ms[] = { 300000, 3600000, DAY_MS, DAY_MS / 63, DAY_MS / 64, 7000000 };

	(void)state;
	for (size_t s = 0; s < NFM_ARRAY_SIZE(steps_ms); s++) {
		struct nfm_series_writer *w = start(steps_ms[s]);
		uint32_t points = (uint32_t)((DAY_MS + steps_ms[s] - 1) / steps_ms[s]);
		struct nfm_series_reader *r;
		struct nfm_series_entry entry;

		for (uint64_t i = 0; i < 300; i++)
			add_filled(w, i, points);
		r = finish(w);
		assert_int_equal(nfm_series_reader_head(r)->points, points);
		assert_int_equal(nfm_series_reader_head(r)->grid.from_unix_ms, FROM_MS);
		assert_int_equal(nfm_series_reader_head(r)->grid.to_unix_ms, FROM_MS + DAY_MS);
		assert_int_equal(nfm_series_reader_head(r)->grid.step_ms, steps_ms[s]);
		for (uint64_t i = 0; i < 300; i++) {
			assert_int_equal(nfm_series_reader_entry(r, i, &entry), 1);
			assert_int_equal(entry.number, i);
			assert_string_equal(entry.id, id_of(i));
			assert_string_equal(entry.name, "a name");
			assert_filled(r, &entry, i);
		}
		assert_int_equal(nfm_series_reader_entry(r, 300, &entry), 0);
		nfm_series_reader_free(r);
	}
}

static void columns_come_one_by_one(void **state)
{
	struct nfm_series_writer *w = start(300000);
	uint64_t *wanted[NFM_CELL_COLUMNS];
	struct nfm_series_reader *r;
	struct nfm_series_entry entry;

	(void)state;
	add_filled(w, 7, 288);
	r = finish(w);
	assert_int_equal(nfm_series_reader_entry(r, 0, &entry), 1);
	for (unsigned int mask = 0; mask < 1U << NFM_CELL_COLUMNS; mask++) {
		memset(out.point, 0, sizeof(out.point));
		for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
			wanted[c] = mask >> c & 1 ? out.point[c] : NULL;
		assert_int_equal(nfm_series_reader_columns(r, &entry, wanted), 0);
		for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
			if (wanted[c])
				assert_memory_equal(wanted[c], in.point[c], 288 * 8);
	}
	entry.number = 1;
	assert_int_equal(nfm_series_reader_columns(r, &entry, wanted), -EINVAL);
	nfm_series_reader_free(r);
}

static void entries_are_found(void **state)
{
	struct nfm_series_writer *w = start(DAY_MS);
	struct nfm_series_reader *r;
	struct nfm_series_entry entry;

	(void)state;
	for (uint64_t i = 1; i < 200; i += 2)
		add_filled(w, i, 1);
	fill(1000, 1);
	assert_int_equal(nfm_series_writer_add(w, NFM_SERIES_LOCAL, "", "", in.column), 0);
	fill(1001, 1);
	assert_int_equal(nfm_series_writer_add(w, NFM_SERIES_QUALITY, "", "", in.column), 0);
	r = finish(w);
	for (uint64_t i = 0; i < 201; i++) {
		assert_int_equal(nfm_series_reader_find(r, NFM_SERIES_CUSTOMER, id_of(i), &entry),
				 i % 2 && i < 200);
		if (i % 2 && i < 200)
			assert_filled(r, &entry, i);
	}
	assert_int_equal(nfm_series_reader_find(r, NFM_SERIES_CUSTOMER, "", &entry), 0);
	assert_int_equal(nfm_series_reader_find(r, NFM_SERIES_UNMATCHED, NULL, &entry), 0);
	assert_int_equal(nfm_series_reader_find(r, NFM_SERIES_LOCAL, NULL, &entry), 1);
	assert_filled(r, &entry, 1000);
	assert_int_equal(nfm_series_reader_find(r, NFM_SERIES_QUALITY, "any", &entry), 1);
	assert_int_equal(entry.kind, NFM_SERIES_QUALITY);
	assert_filled(r, &entry, 1001);
	nfm_series_reader_free(r);
}

static void sources_are_sorted(void **state)
{
	struct nfm_series_reader *r;

	(void)state;
	r = finish(start(300000));
	assert_int_equal(nfm_series_reader_head(r)->sources, 2);
	assert_int_equal(nfm_series_reader_head(r)->entries, 0);
	assert_string_equal(nfm_series_reader_source(r, 0), sources[1]);
	assert_string_equal(nfm_series_reader_source(r, 1), sources[0]);
	assert_null(nfm_series_reader_source(r, 2));
	nfm_series_reader_free(r);
}

static int add_in_order(const char *first, const char *second, enum nfm_series_kind kind)
{
	struct nfm_series_writer *w = start(DAY_MS);
	int code;

	assert_int_equal(nfm_series_writer_add(w, NFM_SERIES_UNMATCHED, first, "", in.column), 0);
	code = nfm_series_writer_add(w, kind, second, "", in.column);
	assert_int_equal(nfm_series_writer_commit(w, NULL), code);
	nfm_series_writer_free(w);
	assert_int_equal(access(in_folder(NAME), F_OK), code ? -1 : 0);
	remove(in_folder(NAME));
	return code;
}

static void order_is_kept(void **state)
{
	char longest[NFM_SNAPSHOT_ID_SIZE + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(add_in_order("a", "b", NFM_SERIES_UNMATCHED), 0);
	assert_int_equal(add_in_order("b", "a", NFM_SERIES_LOCAL), 0);
	assert_int_equal(add_in_order("a", longest + 1, NFM_SERIES_LOCAL), 0);
	assert_int_equal(add_in_order("a", "a", NFM_SERIES_UNMATCHED), -EINVAL);
	assert_int_equal(add_in_order("b", "a", NFM_SERIES_UNMATCHED), -EINVAL);
	assert_int_equal(add_in_order("a", "b", NFM_SERIES_CUSTOMER), -EINVAL);
	assert_int_equal(add_in_order("a", "b", NFM_SERIES_KINDS), -EINVAL);
	assert_int_equal(add_in_order("a", longest, NFM_SERIES_LOCAL), -EINVAL);
}

static void wrong_grids_are_refused(void **state)
{
	const struct nfm_grid wrong[] = { { 0, DAY_MS, 0 },
					  { 5, 5, 1000 },
					  { 0, 1000ULL * (NFM_SERIES_POINTS_MOST + 1), 1000 } };
	struct nfm_series_writer *w = NULL;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(wrong); i++)
		assert_int_equal(nfm_series_writer_open(folder, NAME, &wrong[i], NULL, 0, &w, NULL),
				 -EINVAL);
	assert_null(w);
	assert_int_equal(rmdir(folder), 0); /* nothing is left */
	assert_int_equal(nfm_series_writer_open(folder, NAME, &(struct nfm_grid){ 0, 1, 1 }, NULL,
						0, &w, NULL),
			 -ENOENT);
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void an_unfinished_file_leaves_nothing(void **state)
{
	struct nfm_series_writer *w = start(300000);

	(void)state;
	add_filled(w, 1, 288);
	nfm_series_writer_free(w);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
}

/* ---- damage ---- */

/* Reads everything: 0 only if all of it is as it was written. */
static int read_all(const char *path)
{
	struct nfm_series_reader *r;
	struct nfm_series_entry entry;
	int code = nfm_series_reader_open(path, &r, NULL);
	uint64_t i;

	if (code)
		return code;
	for (i = 0; !code && nfm_series_reader_head(r)->entries > i; i++) {
		code = nfm_series_reader_entry(r, i, &entry);
		assert_int_not_equal(code, 0);
		if (code > 0)
			code = nfm_series_reader_columns(r, &entry, out.column);
		if (!code)
			assert_filled(r, &entry, i);
	}
	if (!code) {
		assert_int_equal(i, 5);
		assert_string_equal(nfm_series_reader_source(r, 0), sources[1]);
	}
	nfm_series_reader_free(r);
	return code;
}

/* A finding of what is damaged fails, or is right. */
static void find_all(const char *path)
{
	struct nfm_series_reader *r;
	struct nfm_series_entry entry;

	if (nfm_series_reader_open(path, &r, NULL))
		return;
	for (uint64_t i = 0; i < 6; i++) {
		int code = nfm_series_reader_find(r, NFM_SERIES_CUSTOMER, id_of(i), &entry);

		assert_true(code == -EBADMSG || code == (i < 5));
	}
	nfm_series_reader_free(r);
}

static char *make_small(size_t *size)
{
	struct nfm_series_writer *w =
		start(7200000); /* 12 points: fill() makes all forms of them */
	char *bytes;

	for (uint64_t i = 0; i < 5; i++)
		add_filled(w, i, 12);
	nfm_series_reader_free(finish(w));
	assert_int_equal(nfm_io_read_file(in_folder(NAME), 1 << 20, &bytes, size), 0);
	assert_int_equal(read_all(in_folder(NAME)), 0);
	return bytes;
}

static void every_flipped_bit_is_seen(void **state)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *bytes = NULL;
	size_t size;

	(void)state;
	bytes = make_small(&size);
	fd = open(in_folder(NAME), O_WRONLY);
	assert_true(fd >= 0);
	for (size_t i = 0; i < size * 8; i++) {
		char flipped = (char)(bytes[i / 8] ^ 1 << i % 8);

		assert_int_equal(pwrite(fd, &flipped, 1, (off_t)(i / 8)), 1);
		assert_int_equal(read_all(in_folder(NAME)), -EBADMSG);
		find_all(in_folder(NAME));
		assert_int_equal(pwrite(fd, &bytes[i / 8], 1, (off_t)(i / 8)), 1);
	}
	assert_int_equal(read_all(in_folder(NAME)), 0);
}

static void a_file_cut_or_lengthened_is_seen(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	size_t size;

	(void)state;
	bytes = make_small(&size);
	for (size_t len = 0; len < size; len++) {
		assert_int_equal(truncate(in_folder(NAME), (off_t)(size - 1 - len)), 0);
		assert_int_equal(read_all(in_folder(NAME)), -EBADMSG);
	}
	assert_int_equal(nfm_io_replace_file(in_folder(NAME), bytes, size, 0600), 0);
	assert_int_equal(truncate(in_folder(NAME), (off_t)size + 64), 0);
	assert_int_equal(read_all(in_folder(NAME)), -EBADMSG);
}

static void what_is_no_rollup_is_told(void **state)
{
	struct nfm_series_reader *r;
	struct nfm_error error;

	(void)state;
	assert_int_equal(nfm_series_reader_open(in_folder("no"), &r, &error), -ENOENT);
	assert_int_equal(nfm_series_reader_open(folder, &r, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "regular"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_goes_in_comes_out),
		TEST(columns_come_one_by_one),
		TEST(entries_are_found),
		TEST(sources_are_sorted),
		TEST(order_is_kept),
		TEST(wrong_grids_are_refused),
		TEST(an_unfinished_file_leaves_nothing),
		TEST(every_flipped_bit_is_seen),
		TEST(a_file_cut_or_lengthened_is_seen),
		TEST(what_is_no_rollup_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
