/* SPDX-License-Identifier: GPL-2.0-only */
/* Rollups whose index is damaged, line by line. */
#ifndef NFM_TEST_DAMAGE_H
#define NFM_TEST_DAMAGE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder.h"
#include "history/series_format.h"

/* Flips a bit of the `number`-th line of the index of DIR/rollup/`name`. */
static inline void damage_line(const char *name, uint64_t number)
{
	struct nfm_series_reader *reader;
	char path[PATH_MAX];
	struct stat st;
	uint8_t byte;
	off_t at;
	int fd;

	snprintf(path, sizeof(path), "%s/rollup/%s", folder, name);
	assert_int_equal(nfm_series_reader_open(path, &reader, NULL), 0);
	assert_true(number < nfm_series_reader_head(reader)->entries);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	at = st.st_size - (off_t)((nfm_series_reader_head(reader)->entries - number) *
				  sizeof(struct nfm_series_line));
	nfm_series_reader_free(reader);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

#endif
