// SPDX-License-Identifier: GPL-2.0-only
/* The table in one file: made, found again, shared, and refused where it is not ours. */
#include "table/table.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "folder.h"

static char path[64];

static int set_up(void **state)
{
	(void)state;
	if (folder_make())
		return -1;
	snprintf(path, sizeof(path), "%s/table", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return folder_remove();
}

static struct nfm_geometry small_geometry(void)
{
	struct nfm_geometry g;

	nfm_table_geometry_init(&g, 2, 64, 8, 600);
	g.streams = 16;
	g.seqlog_entries = 32;
	g.waiting_pages = 2;
	return g;
}

static void make(struct nfm_table *t)
{
	const struct nfm_geometry g = small_geometry();
	struct nfm_error error = {};

	if (nfm_table_file_create(path, &g, t, &error) < 0)
		fail_msg("%s", error.text);
}

/* Writes bytes into the file as a stranger would. */
static void poke(off_t at, const void *bytes, size_t length)
{
	_cleanup_close_ int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, length, at), length);
}

static void assert_refused(const char *word)
{
	const struct nfm_geometry g = small_geometry();
	struct nfm_table t = { .file_size = 42 };
	struct nfm_error error = {};

	assert_int_equal(nfm_table_file_open(path, false, &t, &error), -EPROTO);
	assert_non_null(strstr(error.text, word));
	assert_int_equal(nfm_table_file_create(path, &g, &t, &error), -EPROTO);
	assert_non_null(strstr(error.text, word));
	assert_int_equal(t.file_size, 42); /* untouched */
}

/* ---- the file ---- */

static void new_table_is_empty_and_writable(void **state)
{
	struct nfm_table t;
	struct stat st;

	(void)state;
	make(&t);
	assert_true(t.writable);
	assert_false(t.in_maps);
	assert_int_equal(t.refusals_fd, -1);
	assert_int_equal(t.ctl->magic, 0); /* no agent has set it up yet */
	for (uint32_t i = 0; i < nfm_table_row_count(&t.geometry); i++)
		assert_int_equal(t.rows[i].word[0], 0);
	assert_int_equal(t.journal->state, NFM_JOURNAL_EMPTY);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777 & ~0640, 0);
	nfm_table_close(&t);
	assert_null(t.rows);
}

static void space_is_taken_at_once(void **state)
{
	struct nfm_table t;
	struct stat st;

	(void)state;
	make(&t);
	nfm_table_close(&t);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_blocks * 512 >= st.st_size); /* stat(2): blocks of 512 bytes */
}

static void counters_stay(void **state)
{
	struct nfm_table t;

	(void)state;
	make(&t);
	nfm_table_row(&t, 1, 0, 63)->up_bytes = 123;
	nfm_table_base(&t, 1, 63)->up_bytes = 456;
	t.ctl->epoch = 77;
	nfm_table_close(&t);
	make(&t);
	assert_int_equal(nfm_table_row(&t, 1, 0, 63)->up_bytes, 123);
	assert_int_equal(nfm_table_base(&t, 1, 63)->up_bytes, 456);
	assert_int_equal(t.ctl->epoch, 77);
	nfm_table_close(&t);
}

/* Fills every part to its last byte: no part reaches into another one, nor beyond the file. */
static void parts_do_not_overlap(void **state)
{
	struct nfm_table t;
	unsigned char number = 0;

	(void)state;
	make(&t);
#define FILL(member, map, type, count)                                        \
	{                                                                     \
		const struct nfm_geometry *g = &t.geometry;                   \
                                                                              \
		assert_int_equal((uintptr_t)t.member % 4096, 0);              \
		memset(t.member, ++number, (uint64_t)(count) * sizeof(type)); \
		(void)g;                                                      \
	}
	NFM_TABLE_PARTS(FILL)
#undef FILL
	number = 0;
#define CHECK(member, map, type, count)                                         \
	{                                                                       \
		const struct nfm_geometry *g = &t.geometry;                     \
		const unsigned char *byte = (const void *)t.member;             \
                                                                                \
		number++;                                                       \
		for (uint64_t i = 0; i < (uint64_t)(count) * sizeof(type); i++) \
			if (byte[i] != number)                                  \
				fail_msg("%s: byte %zu", map, (size_t)i);       \
		(void)g;                                                        \
	}
	NFM_TABLE_PARTS(CHECK)
#undef CHECK
	nfm_table_close(&t);
	make(&t); /* the geometry before them is whole, too */
	nfm_table_close(&t);
}

static void reader_sees_the_writer(void **state)
{
	struct nfm_table writer;
	struct nfm_table reader;
	struct nfm_error error;

	(void)state;
	make(&writer);
	assert_int_equal(nfm_table_file_open(path, false, &reader, &error), 0);
	assert_false(reader.writable);
	nfm_table_row(&writer, 0, 1, 5)->down_bytes = 9;
	assert_int_equal(nfm_table_row(&reader, 0, 1, 5)->down_bytes, 9);
	nfm_table_close(&reader);
	assert_int_equal(nfm_table_file_open(path, true, &reader, &error), 0);
	assert_true(reader.writable);
	nfm_table_row(&reader, 0, 1, 5)->down_bytes = 10;
	assert_int_equal(nfm_table_row(&writer, 0, 1, 5)->down_bytes, 10);
	nfm_table_close(&reader);
	nfm_table_close(&writer);
}

static void reader_cannot_write(void **state)
{
	struct nfm_table t;
	struct nfm_error error;
	int status;
	pid_t child;

	(void)state;
	make(&t);
	nfm_table_close(&t);
	assert_int_equal(nfm_table_file_open(path, false, &t, &error), 0);
	child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		nfm_table_row(&t, 0, 0, 0)->up_bytes = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_int_equal(nfm_table_row(&t, 0, 0, 0)->up_bytes, 0);
	nfm_table_close(&t);
}

static void half_made_file_is_made_anew(void **state)
{
	char temporary[80];
	struct nfm_table t;
	_cleanup_close_ int fd = -1;

	(void)state;
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	make(&t);
	assert_int_equal(t.ctl->epoch, 0);
	nfm_table_close(&t);
	assert_int_equal(access(temporary, F_OK), -1);
}

/* ---- refused ---- */

static void missing_file(void **state)
{
	const struct nfm_geometry g = small_geometry();
	struct nfm_table t;
	struct nfm_error error = {};

	(void)state;
	assert_int_equal(nfm_table_file_open(path, false, &t, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
	snprintf(path, sizeof(path), "%s/no/table", folder);
	assert_int_equal(nfm_table_file_create(path, &g, &t, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
}

static void strange_file(void **state)
{
	struct nfm_table t;

	(void)state;
	make(&t);
	nfm_table_close(&t);
	assert_int_equal(truncate(path, 63), 0);
	assert_refused("too short");
	assert_int_equal(truncate(path, 0), 0);
	assert_refused("too short");
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_refused("magic");
}

static void other_magic_version_or_length(void **state)
{
	struct nfm_geometry g = small_geometry();
	struct nfm_table t;
	struct stat st;
	uint32_t word = 0x314d464f;

	(void)state;
	make(&t);
	nfm_table_close(&t);
	poke(0, &word, 4);
	assert_refused("magic");
	poke(0, &g, sizeof(g));
	word = NFM_ABI_VERSION + 1;
	poke(4, &word, 4);
	assert_refused("ABI version");
	poke(0, &g, sizeof(g));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	assert_refused("remove it");
	assert_int_equal(truncate(path, st.st_size + 4096), 0);
	assert_refused("remove it");
	assert_int_equal(truncate(path, st.st_size), 0);
	make(&t);
	nfm_table_close(&t);
}

static void other_capacity_is_told_what_to_do(void **state)
{
	struct nfm_geometry g;
	struct nfm_table t;
	struct nfm_error error = {};

	(void)state;
	make(&t);
	t.ctl->epoch = 5;
	nfm_table_close(&t);
	nfm_table_geometry_init(&g, 2, 128, 8, 600);
	assert_int_equal(nfm_table_file_create(path, &g, &t, &error), -EPROTO);
	assert_non_null(strstr(error.text, path));
	assert_non_null(strstr(error.text, "capacity 64, not 128"));
	assert_non_null(strstr(error.text, "remove the file"));
	assert_int_equal(nfm_table_file_open(path, false, &t, &error), 0); /* and it is kept */
	assert_int_equal(t.ctl->epoch, 5);
	nfm_table_close(&t);
}

static void contradicting_sizes(void **state)
{
#define WORD(member) offsetof(struct nfm_geometry, member) / 4
	static const struct {
		size_t word;
		uint32_t value;
	} rows[] = {
		{ WORD(magic), 0 },
		{ WORD(abi_version), 0 },
		{ WORD(columns), 0 },
		{ WORD(columns), NFM_MAX_COLUMNS + 1 },
		{ WORD(capacity), 0 },
		{ WORD(capacity), 1 },
		{ WORD(capacity), 65 },
		{ WORD(exporters), 9 },
		{ WORD(exporters), UINT32_MAX },
		{ WORD(stride), NFM_ROW_FIRST + 64 + 2 * 8 + NFM_REASON_ROWS - 1 },
		{ WORD(stride), NFM_ROW_FIRST + 64 + 2 * 8 + NFM_REASON_ROWS + 1 },
		{ WORD(stride), NFM_ROW_FIRST + 64 + 8 + NFM_REASON_ROWS }, /* no notes */
		{ WORD(stride), 0 },
		{ WORD(pages), 511 },
		{ WORD(seqlog_entries), 0 },
		{ WORD(seqlog_entries), 33 },
		{ WORD(seqlog_entries), 1U << 31 },
		{ WORD(waiting_pages), 0 },
		{ WORD(waiting_pages), 65537 },
		{ WORD(waiting_pages), UINT32_MAX },
	};
#undef WORD
	struct nfm_geometry good = small_geometry();
	struct nfm_error error;

	(void)state;
	assert_int_equal(nfm_table_geometry_check(&good, &error), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		struct nfm_geometry g = good;

		((uint32_t *)&g)[rows[i].word] = rows[i].value;
		if (nfm_table_geometry_check(&g, &error) != -EPROTO)
			fail_msg("row %zu was taken", i);
	}
}

/* Sizes whose sum passes 32 bits, so that a small stride seems to fit them. */
static void sizes_that_overflow(void **state)
{
	struct nfm_geometry g = small_geometry();
	struct nfm_error error;

	(void)state;
	g.capacity = UINT32_MAX - 20;
	g.stride = g.capacity + 2 * g.exporters + NFM_REASON_ROWS;
	assert_true(g.stride < 100);
	assert_int_equal(nfm_table_geometry_check(&g, &error), -EPROTO);
	nfm_table_geometry_init(&g, NFM_MAX_COLUMNS, 1U << 24, 8, 600);
	assert_int_equal(nfm_table_geometry_check(&g, &error), -EPROTO);
}

static void geometry_of_the_configuration(void **state)
{
	struct nfm_geometry g;
	struct nfm_error error;

	(void)state;
	nfm_table_geometry_init(&g, 9, 1000000, 1024, 0);
	assert_int_equal(nfm_table_geometry_check(&g, &error), 0);
	assert_int_equal(nfm_table_customers(&g), 1000000);
	assert_int_equal(g.stride, NFM_ROW_FIRST + 1000000 + 2 * 1024 + NFM_REASON_ROWS);
	assert_int_equal((uint64_t)g.waiting_pages * NFM_WAITING_PAGE, 16 << 20);
	assert_true(g.pages > 250000);
	assert_true(g.prefixes >= 2000000);
	nfm_table_geometry_init(&g, 1, 0, 0, 1000);
	assert_int_equal(nfm_table_geometry_check(&g, &error), 0);
	assert_int_equal(g.pages, 1000);
	for (uint32_t pages = 1; pages <= 65536; pages += 65535) {
		g.waiting_pages = pages;
		assert_int_equal(nfm_table_geometry_check(&g, &error), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_table_is_empty_and_writable),
		TEST(space_is_taken_at_once),
		TEST(counters_stay),
		TEST(parts_do_not_overlap),
		TEST(reader_sees_the_writer),
		TEST(reader_cannot_write),
		TEST(half_made_file_is_made_anew),
		TEST(missing_file),
		TEST(strange_file),
		TEST(other_magic_version_or_length),
		TEST(other_capacity_is_told_what_to_do),
		cmocka_unit_test(contradicting_sizes),
		cmocka_unit_test(sizes_that_overflow),
		cmocka_unit_test(geometry_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
