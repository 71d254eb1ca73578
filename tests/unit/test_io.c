// SPDX-License-Identifier: GPL-2.0-only
/* Whole reads and writes, folders, and the replacement of a file at once. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "folder.h"

static int setup(void **state)
{
	(void)state;
	return folder_make();
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

static unsigned int files_in_folder(void)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n - 2;
}

static void assert_content(const char *name, const char *expected)
{
	_cleanup_free_ char *buf = NULL;
	size_t len = 0;

	assert_int_equal(nfm_io_read_file(in_folder(name), 1U << 20, &buf, &len), 0);
	assert_int_equal(len, strlen(expected));
	assert_string_equal(buf, expected);
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	char path[8] = "old";

	(void)state;
	assert_int_equal(nfm_io_join(path, sizeof(path), "/abc", "def"), -ENAMETOOLONG);
	assert_int_equal(nfm_io_join(path, 0, "", ""), -ENAMETOOLONG);
	assert_string_equal(path, "old");
	assert_int_equal(nfm_io_join(path, sizeof(path), "/abc", "de"), 0);
	assert_string_equal(path, "/abc/de");
	assert_int_equal(nfm_io_join(path, sizeof(path), ".", "f"), 0);
	assert_string_equal(path, "./f");
}

static void writes_more_than_a_pipe_takes_at_once(void **state)
{
	static char big[1 << 18];
	_cleanup_close_ int out = -1;
	int ends[2];
	size_t got = 0;
	int status;
	pid_t writer;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	writer = fork();
	assert_true(writer >= 0);
	if (!writer) {
		close(ends[0]); /* so that a reader that gave up ends this process, too */
		_exit(nfm_io_write_all(ends[1], big, sizeof(big)) ? 1 : 0);
	}
	close(ends[1]);
	out = ends[0];
	for (;;) {
		ssize_t n = read(out, big, 4096);

		assert_true(n >= 0);
		if (!n)
			break;
		got += (size_t)n;
	}
	assert_int_equal(got, sizeof(big));
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
}

static void write_errors_come_back(void **state)
{
	_cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(nfm_io_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(nfm_io_write_all(-1, "x", 0), 0);
	if (full >= 0)
		assert_int_equal(nfm_io_write_all(full, "x", 1), -ENOSPC);
}

static void reads_up_to_the_limit_and_not_beyond(void **state)
{
	static char text[10000];
	char *buf = (char *)0x1;
	size_t len = 77;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(nfm_io_replace_file(in_folder("f"), text, sizeof(text), 0600), 0);
	assert_int_equal(nfm_io_read_file(in_folder("f"), sizeof(text) - 1, &buf, &len), -EFBIG);
	assert_int_equal(nfm_io_read_file(in_folder("f"), SIZE_MAX, &buf, &len), -EINVAL);
	assert_int_equal(nfm_io_read_file(in_folder("none"), 10, &buf, &len), -ENOENT);
	assert_int_equal(nfm_io_read_file(folder, 10, &buf, &len), -EISDIR);
	assert_ptr_equal(buf, (char *)0x1);
	assert_int_equal(len, 77);

	assert_int_equal(nfm_io_read_file(in_folder("f"), sizeof(text), &buf, &len), 0);
	assert_int_equal(len, sizeof(text));
	assert_memory_equal(buf, text, len);
	assert_int_equal(buf[len], 0);
	free(buf);
}

static void reads_an_empty_file(void **state)
{
	char *buf = NULL;
	size_t len = 1;

	(void)state;
	assert_int_equal(nfm_io_replace_file(in_folder("e"), "", 0, 0600), 0);
	assert_int_equal(nfm_io_read_file(in_folder("e"), 0, &buf, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(buf, "");
	free(buf);
}

static void makes_folders_above(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(nfm_io_mkdir_p(in_folder("a/b//c/"), 0750), 0);
	assert_int_equal(stat(in_folder("a/b/c"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(nfm_io_mkdir_p(in_folder("a/b/c"), 0750), 0);
	assert_int_equal(nfm_io_mkdir_p("/", 0750), 0);
}

static void refuses_folders_where_a_file_is(void **state)
{
	char path[PATH_MAX + 2];

	(void)state;
	assert_int_equal(nfm_io_replace_file(in_folder("f"), "x", 1, 0600), 0);
	assert_int_equal(nfm_io_mkdir_p(in_folder("f"), 0750), -ENOTDIR);
	assert_int_equal(nfm_io_mkdir_p(in_folder("f/g"), 0750), -ENOTDIR);
	assert_int_equal(nfm_io_mkdir_p("", 0750), -ENOENT);
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(nfm_io_mkdir_p(path, 0750), -ENAMETOOLONG);
}

static void syncs_a_folder_only(void **state)
{
	(void)state;
	assert_int_equal(nfm_io_fsync_dir(folder), 0);
	assert_int_equal(nfm_io_replace_file(in_folder("f"), "x", 1, 0600), 0);
	assert_int_equal(nfm_io_fsync_dir(in_folder("f")), -ENOTDIR);
	assert_int_equal(nfm_io_fsync_dir(in_folder("none")), -ENOENT);
}

static void replaces_whole_and_leaves_nothing_beside(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(nfm_io_replace_file(in_folder("f"), "old content", 11, 0600), 0);
	assert_content("f", "old content");
	assert_int_equal(nfm_io_replace_file(in_folder("f"), "new", 3, 0644), 0);
	assert_content("f", "new");
	assert_int_equal(stat(in_folder("f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(files_in_folder(), 1);
}

/* Whatever stood there is not part of the new file, and there is never more than one. */
static void a_killed_writers_temporary_file_is_used_again(void **state)
{
	_cleanup_close_ int fd = -1;

	(void)state;
	fd = open(in_folder("~f.new"), O_WRONLY | O_CREAT, 0400);
	assert_true(fd >= 0);
	assert_int_equal(nfm_io_write_all(fd, "half of a longer content", 24), 0);
	assert_int_equal(nfm_io_replace_file(in_folder("f"), "new", 3, 0644), 0);
	assert_content("f", "new");
	assert_int_equal(files_in_folder(), 1);
}

/* A reader never sees a mixture, and each writer has its turn. */
static void writers_at_once_wait_for_each_other(void **state)
{
	char text[8192];
	pid_t child;
	int status;

	(void)state;
	for (char writer = 'a'; writer < 'e'; writer++) {
		child = fork();
		if (child > 0)
			continue;
		memset(text, writer, sizeof(text));
		for (int i = 0; i < 50; i++)
			if (nfm_io_replace_file(in_folder("f"), text, sizeof(text), 0600))
				_exit(1);
		_exit(0);
	}
	while (wait(&status) > 0) {
		_cleanup_free_ char *data = NULL;
		size_t length;

		assert_int_equal(status, 0);
		assert_int_equal(nfm_io_read_file(in_folder("f"), 65536, &data, &length), 0);
		assert_int_equal(length, sizeof(text));
		for (size_t i = 0; i < length; i++)
			assert_int_equal(data[i], data[0]);
	}
	assert_int_equal(files_in_folder(), 1);
}

static void keeps_the_old_file_where_the_new_one_cannot_be(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("d"), 0700), 0);
	assert_int_equal(nfm_io_replace_file(in_folder("d"), "x", 1, 0600), -EISDIR);
	assert_int_equal(nfm_io_replace_file(in_folder("d/"), "x", 1, 0600), -EISDIR);
	assert_int_equal(nfm_io_replace_file(in_folder("none/f"), "x", 1, 0600), -ENOENT);
	assert_int_equal(files_in_folder(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
		cmocka_unit_test(writes_more_than_a_pipe_takes_at_once),
		cmocka_unit_test(write_errors_come_back),
		cmocka_unit_test_setup_teardown(reads_up_to_the_limit_and_not_beyond, setup,
						teardown),
		cmocka_unit_test_setup_teardown(reads_an_empty_file, setup, teardown),
		cmocka_unit_test_setup_teardown(makes_folders_above, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_folders_where_a_file_is, setup, teardown),
		cmocka_unit_test_setup_teardown(syncs_a_folder_only, setup, teardown),
		cmocka_unit_test_setup_teardown(replaces_whole_and_leaves_nothing_beside, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_killed_writers_temporary_file_is_used_again,
						setup, teardown),
		cmocka_unit_test_setup_teardown(writers_at_once_wait_for_each_other, setup,
						teardown),
		cmocka_unit_test_setup_teardown(keeps_the_old_file_where_the_new_one_cannot_be,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
