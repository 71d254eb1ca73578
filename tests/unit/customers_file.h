/* SPDX-License-Identifier: GPL-2.0-only */
/* A customers file in a folder of the test's own, which goes with the test. */
#ifndef NFM_TEST_CUSTOMERS_FILE_H
#define NFM_TEST_CUSTOMERS_FILE_H

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "live_customers.h"
#include "folder.h"

static inline int make_folder(void **state)
{
	(void)state;
	return folder_make();
}

static inline int remove_folder(void **state)
{
	(void)state;
	return folder_remove();
}

static inline const char *the_file(void)
{
	return in_folder("c.csv");
}

static inline void write_bytes(const char *text, size_t len)
{
	_cleanup_close_ int fd = open(the_file(), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(nfm_io_write_all(fd, text, len), 0);
}

static inline void write_text(const char *text)
{
	write_bytes(text, strlen(text));
}

static inline void check_text(const char *expected)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	assert_int_equal(nfm_io_read_file(the_file(), SIZE_MAX / 4, &text, &len), 0);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
}

#endif
