// SPDX-License-Identifier: GPL-2.0-only
/* The template store's log: what is appended is read again, errors of the disk, writing it anew. */
#include "flow/store_file.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "store_log.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_setup, log_teardown)

static uint32_t files_in(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	uint32_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n - 2;
}

static uint32_t files_in_folder(void)
{
	return files_in(folder);
}

static void no_file_is_an_empty_one(void **state)
{
	uint32_t damaged;

	(void)state;
	assert_int_equal(load_lines(log_path(), &damaged).count, 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(nfm_io_replace_file(log_path(), "", 0, 0600), 0);
	assert_int_equal(load_lines(log_path(), &damaged).count, 0);
	assert_int_equal(damaged, 0);
	open_log();
	assert_log_is_the_store();
	assert_int_equal(file.bytes, sizeof(struct nfm_store_head));
}

/* Never closed: as after a kill -9. */
static void every_change_is_there_as_soon_as_it_is_made(void **state)
{
	(void)state;
	open_log();
	for (uint32_t i = 0; i < STORY_STEPS; i++) {
		uint64_t before = file.bytes;

		story(i);
		assert_true(file.bytes > before);
		assert_int_equal(file.last_error, 0);
		assert_int_equal(log_stat().st_size, file.bytes);
		assert_log_is_the_store();
	}
	assert_int_equal(lines_of(store).count, 6 + 2 + 2);
}

static void what_was_there_before_is_in_a_new_log(void **state)
{
	struct lines lines, got;
	uint32_t damaged;

	(void)state;
	for (uint32_t i = 0; i < STORY_STEPS; i++)
		story(i);
	lines = lines_of(store);
	open_log();
	assert_int_equal(file.bytes, log_stat().st_size);
	assert_int_equal(file.live_bytes, file.bytes);
	got = load_lines(log_path(), &damaged);
	assert_int_equal(damaged, 0);
	assert_same_lines(&got, &lines); /* also in their order of age */
}

static void a_store_read_again_writes_the_same(void **state)
{
	_cleanup_(nfm_store_free_p) struct nfm_store *again = NULL;
	struct nfm_store_file second;
	struct lines first, lines;
	struct nfm_error error;
	uint32_t damaged;
	uint64_t seed;

	(void)state;
	open_log();
	for (uint32_t i = 0; i < STORY_STEPS; i++)
		story(i);
	first = load_lines(log_path(), &damaged);
	assert_int_equal(nfm_store_new(NULL, &again), 0);
	assert_int_equal(nfm_store_file_load(log_path(), again, &damaged, &error), 0);
	assert_int_equal(nfm_store_file_open(&second, log_path(), again, &error), 0);
	assert_true(second.seed != file.seed);
	assert_true(second.bytes < file.bytes);
	nfm_store_file_close(&second);
	assert_int_equal(second.fd, -1);
	seed = second.seed;
	assert_int_equal(nfm_store_file_open(&second, log_path(), again, &error), 0);
	assert_true(second.seed != seed); /* who sends templates cannot know it */
	nfm_store_file_close(&second);
	lines = load_lines(log_path(), &damaged);
	assert_int_equal(damaged, 0);
	assert_same_lines(&lines, &first);
}

static void a_smaller_store_takes_the_newest(void **state)
{
	_cleanup_(nfm_store_free_p) struct nfm_store *small = NULL;
	struct nfm_store_limits limits = { .per_exporter = 2 };
	struct nfm_error error;
	struct lines lines;
	uint32_t damaged;

	(void)state;
	open_log();
	for (uint16_t id = 256; id < 260; id++)
		put(1, 9, id, false, 2, 1);
	assert_int_equal(nfm_store_new(&limits, &small), 0);
	assert_int_equal(nfm_store_file_load(log_path(), small, &damaged, &error), 0);
	assert_int_equal(damaged, 0);
	lines = lines_of(small);
	assert_int_equal(lines.count, 2);
	assert_memory_equal(lines.line[0], "1/9/7/258 ", 10);
	assert_memory_equal(lines.line[1], "1/9/7/259 ", 10);
}

/* ---- written anew ---- */

static uint32_t open_files(void)
{
	return files_in("/proc/self/fd");
}

static void history_is_left_behind(void **state)
{
	ino_t inode;
	uint64_t live;
	uint32_t files;

	(void)state;
	open_log();
	files = open_files();
	inode = log_stat().st_ino;
	for (uint32_t i = 0; i < STORY_STEPS; i++)
		story(i);
	while (file.bytes <= 64 << 10) {
		assert_int_equal(nfm_store_file_tidy(&file, store), 0);
		assert_int_equal(log_stat().st_ino, inode); /* small: not worth it */
		put(1, 9, 256, false, 100, 1 + file.bytes % 2);
	}
	assert_true(file.unsynced);
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_int_not_equal(log_stat().st_ino, inode);
	assert_false(file.unsynced);
	live = file.bytes;
	assert_true(live < 4096);
	assert_int_equal(log_stat().st_size, live);
	assert_int_equal(file.live_bytes, live);
	assert_log_is_the_store();

	put(2, 10, 290, false, 2, 1); /* what comes then goes to the new one */
	assert_true(log_stat().st_size > (off_t)live);
	assert_log_is_the_store();
	assert_int_equal(files_in_folder(), 1);
	assert_int_equal(open_files(), files);
}

static void what_is_alive_is_not_written_again_and_again(void **state)
{
	struct stat st;
	ino_t inode;
	int fd;

	(void)state;
	open_log();
	inode = log_stat().st_ino;
	for (uint8_t exporter = 0; file.bytes <= 200 << 10; exporter++)
		for (uint16_t id = 256; id < 262; id++)
			put(exporter, 9, id, false, 200, 1);
	assert_true(file.bytes > 3 * file.live_bytes); /* as it was at the begin */
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_int_equal(log_stat().st_ino, inode);
	assert_int_equal(file.live_bytes, file.bytes);
	assert_true(file.unsynced);
	fd = nfm_store_file_to_sync(&file); /* the same file, for another thread */
	assert_true(fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == inode);
	assert_int_equal(close(fd), 0);
	assert_false(file.unsynced);
	assert_int_equal(nfm_store_file_to_sync(&file), -1);
	for (uint32_t i = 0; file.bytes <= 3 * file.live_bytes; i++) {
		assert_int_equal(nfm_store_file_tidy(&file, store), 0);
		assert_int_equal(log_stat().st_ino, inode);
		put(0, 9, 256, false, 200, 1 + i % 2);
	}
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_int_not_equal(log_stat().st_ino, inode);
	assert_int_equal(file.live_bytes, file.bytes);
}

/* ---- errors ---- */

/* As a full disk: no file may grow beyond `bytes`. */
static void limit_files(uint64_t bytes)
{
	struct rlimit limit;

	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int unlimit_teardown(void **state)
{
	limit_files(0);
	return log_teardown(state);
}

static void what_a_full_disk_did_not_take_is_written_later(void **state)
{
	struct lines got;
	uint32_t damaged;

	(void)state;
	open_log();
	for (uint32_t i = 0; i < STORY_STEPS; i++)
		story(i);
	limit_files(file.bytes + 10);
	put(4, 9, 256, false, 2, 1);
	assert_int_equal(file.last_error, -EFBIG);
	assert_int_equal(log_stat().st_size, file.bytes); /* not half an entry */
	limit_files(200);				  /* nor is there room for a new log */
	assert_int_equal(nfm_store_file_tidy(&file, store), -EFBIG);
	assert_int_equal(file.last_error, -EFBIG);
	assert_int_equal(files_in_folder(), 1);
	limit_files(0);
	got = load_lines(log_path(), &damaged);
	assert_int_equal(damaged, 0);
	assert_int_equal(got.count, 0); /* what is not known is not wrong: see the next test */

	put(4, 9, 257, false, 2, 1); /* that this one goes well does not make up for the other */
	assert_int_equal(file.last_error, -EFBIG);
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_int_equal(file.last_error, 0);
	assert_int_equal(file.bytes, file.live_bytes);
	assert_log_is_the_store();
	put(4, 9, 258, false, 2, 1);
	assert_int_equal(file.last_error, 0);
	assert_log_is_the_store();
}

/* The log has 256 with another meaning, or what was withdrawn: an agent that dies now leaves it. */
static void what_a_full_disk_did_not_take_makes_nothing_stale(void **state)
{
	struct lines got;
	uint32_t damaged;

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		limit_files(0);
		open_log();
		put(1, 9, 256, false, 2, 1);
		put_sampler(1, 1, 100, 1);
		limit_files(file.bytes + 10);
		if (turn == 0)
			put(1, 9, 256, false, 2, 34);
		else if (turn == 1)
			withdraw(1, 9, 256);
		else
			put_sampler(1, 1, 200, 1);
		assert_int_equal(file.last_error, -EFBIG);
		got = load_lines(log_path(), &damaged);
		assert_int_equal(damaged, 0);
		assert_int_equal(got.count, 0);
		put(1, 9, 257, false, 2, 1); /* there is room for it now */
		got = load_lines(log_path(), &damaged);
		assert_int_equal(damaged, 0);
		assert_int_equal(got.count, 1);
		limit_files(0);
		assert_int_equal(nfm_store_file_tidy(&file, store), 0);
		assert_log_is_the_store();
		nfm_store_file_close(&file);
		nfm_store_listen(store, NULL, NULL);
		nfm_store_clear(store);
	}
}

/* That it was seen again is no reason to forget it. */
static void that_it_was_seen_may_be_lost(void **state)
{
	struct lines before, got;
	uint32_t damaged;

	(void)state;
	open_log();
	put(1, 9, 256, false, 2, 1);
	before = lines_of(store);
	limit_files(file.bytes + 10);
	see(1, 9, 256, 5000);
	assert_int_equal(file.last_error, -EFBIG);
	got = load_lines(log_path(), &damaged);
	assert_same_lines(&got, &before);
}

static void a_flood_of_changes_waits_for_tidying(void **state)
{
	uint64_t bytes;

	(void)state;
	open_log();
	bytes = file.bytes;
	file.bytes = (256 << 20) - NFM_STORE_FIXED_BYTES; /* as if */
	put_sampler(1, 1, 2, 1);
	assert_int_equal(file.last_error, 0);
	assert_int_equal(file.bytes, 256 << 20);
	put_sampler(1, 2, 2, 1);
	assert_int_equal(file.last_error, -EFBIG);
	assert_int_equal(file.bytes, log_stat().st_size);
	assert_int_equal(file.bytes, bytes);
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_int_equal(file.last_error, 0);
	assert_int_equal(file.bytes, bytes + 2 * NFM_STORE_FIXED_BYTES);
	assert_log_is_the_store();
}

static void a_lost_folder_is_an_error_until_it_is_back(void **state)
{
	char aside[PATH_MAX];

	(void)state;
	snprintf(aside, sizeof(aside), "%s.aside", folder);
	open_log();
	put(1, 9, 256, false, 2, 1);
	file.last_error = -EIO;
	assert_int_equal(rename(folder, aside), 0);
	assert_int_equal(nfm_store_file_tidy(&file, store), -ENOENT);
	assert_int_equal(file.last_error, -ENOENT);
	assert_int_equal(rename(aside, folder), 0);
	put(1, 9, 257, false, 2, 1);
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_log_is_the_store();
}

static const struct {
	const char *name; /* NULL: the folder itself; "long": too long a path */
	int code;
} unwritable[] = {
	{ "none/templates", -ENOENT },
	{ "file/templates", -ENOTDIR },
	{ NULL, -EISDIR },
	{ "long", -ENAMETOOLONG },
};

/* Somebody tidied the folder, or put an older log back: nobody would read what we append. */
static void a_log_that_is_gone_is_written_again(void **state)
{
	(void)state;
	open_log();
	for (uint32_t i = 0; i < STORY_STEPS; i++)
		story(i);
	assert_int_equal(unlink(log_path()), 0);
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_log_is_the_store();
	assert_int_equal(nfm_io_replace_file(log_path(), "an older one", 12, 0600), 0);
	assert_int_equal(nfm_store_file_tidy(&file, store), 0);
	assert_log_is_the_store();
	story(STORY_STEPS);
	assert_log_is_the_store();
}

static void where_it_cannot_be_written_nothing_is_kept(void **state)
{
	static char longest[sizeof(file.path) + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	assert_int_equal(nfm_io_replace_file(in_folder("file"), "x", 1, 0600), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(unwritable); i++) {
		const char *name = unwritable[i].name;
		const char *path = !name		    ? folder
				   : strcmp(name, "long") ? in_folder(name)
							  : longest;
		struct nfm_error error = { "" };
		int code;

		memset(&file, 0x5a, sizeof(file));
		code = nfm_store_file_open(&file, path, store, &error);
		/* A folder in the way: rename(2) may have another word for it. */
		assert_true(code == unwritable[i].code || (!name && code == -EBUSY));
		assert_int_equal(file.fd, -1);
		assert_memory_equal(error.text, path, name ? 10 : strlen(folder));
		nfm_store_listen(store, hear, &file);
		put(1, 9, 256, false, 2, 1);
		assert_int_equal(file.last_error, code);
		assert_int_equal(nfm_store_file_tidy(&file, store), 0);
		nfm_store_file_close(&file);
		assert_int_equal(files_in_folder(), 1);
	}
}

static void what_cannot_be_read_is_an_error_with_its_reason(void **state)
{
	struct nfm_error error = { "" };
	uint32_t damaged = 77;

	(void)state;
	assert_int_equal(nfm_store_file_load(folder, store, &damaged, &error), -EISDIR);
	assert_memory_equal(error.text, folder, strlen(folder));
	assert_non_null(strstr(error.text, "directory"));
	assert_int_equal(damaged, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_file_is_an_empty_one),
		TEST(every_change_is_there_as_soon_as_it_is_made),
		TEST(what_was_there_before_is_in_a_new_log),
		TEST(a_store_read_again_writes_the_same),
		TEST(a_smaller_store_takes_the_newest),
		TEST(history_is_left_behind),
		TEST(what_is_alive_is_not_written_again_and_again),
		cmocka_unit_test_setup_teardown(what_a_full_disk_did_not_take_is_written_later,
						log_setup, unlimit_teardown),
		cmocka_unit_test_setup_teardown(what_a_full_disk_did_not_take_makes_nothing_stale,
						log_setup, unlimit_teardown),
		cmocka_unit_test_setup_teardown(that_it_was_seen_may_be_lost, log_setup,
						unlimit_teardown),
		TEST(a_flood_of_changes_waits_for_tidying),
		TEST(a_lost_folder_is_an_error_until_it_is_back),
		TEST(a_log_that_is_gone_is_written_again),
		TEST(where_it_cannot_be_written_nothing_is_kept),
		TEST(what_cannot_be_read_is_an_error_with_its_reason),
	};

	return cmocka_run_group_tests_name("store file", tests, NULL, NULL);
}
