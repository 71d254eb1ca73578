/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder of the test's own, which goes with the test whatever is in it. */
#ifndef NFM_TEST_FOLDER_H
#define NFM_TEST_FOLDER_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/nfm-test.XXXXXX";

/* A new one for each test: 0, or -1. */
static inline int folder_make(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_remove_one(const char *path, const struct stat *st, int kind,
				    struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline int folder_remove(void)
{
	return nftw(folder, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Its path, good until the next call. */
static inline const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

#endif
