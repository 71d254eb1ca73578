/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshot files out of bytes that a test made or damaged. */
#ifndef NFM_TEST_SNAPSHOT_BYTES_H
#define NFM_TEST_SNAPSHOT_BYTES_H

#include "snapshot/snapshot.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "snapshot/format.h"
#include "folder.h"

#define NOON_NS 1795348800000000000ULL /* 2026-11-22 12:00:00 UTC */
#define MINUTES_5 300000000000ULL

static inline int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return folder_make();
}

static inline int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

struct bytes {
	char *data;
	size_t len;
};

static inline void put_bytes(const void *data, size_t len)
{
	int fd = open(in_folder("damaged"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(nfm_io_write_all(fd, data, len), 0);
	close(fd);
}

static inline int open_bytes(const void *data, size_t len, struct nfm_error *error)
{
	struct nfm_snapshot_reader *r = NULL;
	int code;

	put_bytes(data, len);
	code = nfm_snapshot_reader_open(in_folder("damaged"), &r, error);
	if (code)
		assert_null(r);
	nfm_snapshot_reader_free(r);
	return code;
}

/* Reads all entries as the streaming reader has them; their number, or the first failure. */
static inline int stream_bytes(const void *data, size_t len)
{
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;
	int count = 0, more;

	put_bytes(data, len);
	more = nfm_snapshot_stream_open(in_folder("damaged"), &r, NULL);
	if (more)
		return more;
	while ((more = nfm_snapshot_reader_customer(r, &customer)) == 1)
		count += customer.id[0] != '\0';
	while (!more && (more = nfm_snapshot_reader_exporter(r, &exporter)) == 1)
		more = !++count;
	while (!more && (more = nfm_snapshot_reader_reason(r, &reason)) == 1)
		more = !++count;
	nfm_snapshot_reader_free(r);
	return more ? more : count;
}

/* Makes the header's checksum right again, as somebody would who wants to be read. */
static inline void seal(char *file)
{
	struct nfm_snapshot_header *h = (struct nfm_snapshot_header *)file;
	uint64_t sum_le;
	size_t at = le32toh(h->header_size_le) - sizeof(sum_le);

	sum_le = htole64(XXH3_64bits(file, at));
	memcpy(file + at, &sum_le, sizeof(sum_le));
}

#endif
