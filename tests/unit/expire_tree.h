/* SPDX-License-Identifier: GPL-2.0-only */
/* A tree of files with times in their names, and expiry run on it. */
#ifndef NFM_TEST_EXPIRE_TREE_H
#define NFM_TEST_EXPIRE_TREE_H

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "folder.h"
#include "snapshot/expire.h"

#define NOON_S 1795348800ULL /* 2026-11-22 12:00:00 UTC */

static char heard[1 << 16]; /* names that `each` told of, relative, a space after each */
static uint64_t heard_bytes;
static const char *vanishing; /* deleted by `each` as soon as it hears of another file */

static inline int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	vanishing = NULL;
	return folder_make();
}

static inline int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

/* Makes a file (and its folder) of `kib` KiB; returns the bytes allocated for it. */
static inline uint64_t put(const char *name, unsigned int kib)
{
	_cleanup_free_ char *data = calloc(kib ? kib : 1, 1024);
	_cleanup_free_ char *above = strdup(in_folder(name));
	_cleanup_close_ int fd = -1;
	struct stat st;

	assert_non_null(data);
	assert_non_null(above);
	*strrchr(above, '/') = '\0';
	assert_int_equal(nfm_io_mkdir_p(above, 0700), 0);
	memset(data, 'x', kib * 1024UL);
	assert_int_equal(nfm_io_replace_file(in_folder(name), data, kib * 1024UL, 0600), 0);
	fd = open(in_folder(name), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static inline bool there(const char *name)
{
	struct stat st;

	return !lstat(in_folder(name), &st);
}

static inline void hear(void *cookie, const char *path, uint64_t bytes)
{
	size_t used = strlen(heard);

	assert_ptr_equal(cookie, heard);
	assert_memory_equal(path, folder, strlen(folder));
	snprintf(heard + used, sizeof(heard) - used, "%s ", path + strlen(folder) + 1);
	heard_bytes += bytes;
	if (vanishing)
		unlink(in_folder(vanishing));
	vanishing = NULL;
}

static inline struct nfm_expire_result expire(struct nfm_expire_limits limits, bool dry_run)
{
	struct nfm_expire_result result;
	struct nfm_error error;

	heard[0] = '\0';
	heard_bytes = 0;
	assert_int_equal(nfm_expire_run(folder, &limits, NOON_S, dry_run, hear, heard, &result,
					&error),
			 0);
	assert_int_equal(heard_bytes, result.bytes_gone);
	return result;
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
