// SPDX-License-Identifier: GPL-2.0-only
/* Damaged and hostile snapshot files: nothing of them is given out, and they do no harm. */
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

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return folder_make();
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

/* A file of one customer, one exporter and one reason. */
static void write_sample(char *path)
{
	static const struct nfm_snapshot_meta meta = {
		.identity = "0123456789abcde",
		.epoch = 42,
		.from_unix_ns = NOON_NS,
		.to_unix_ns = NOON_NS + MINUTES_5,
		.interval_s = 300,
	};
	static const struct nfm_prefix prefix = { .addr = { 10, 1, 2 }, .family = 4, .bits = 24 };
	static const struct nfm_snapshot_count count = { 1, 2, 3 };
	static const struct nfm_snapshot_customer customer = {
		"alice", "Alice", &prefix, 1, { 1, 2, 3 }, { 127, 128, 16384 },
	};
	static const struct nfm_snapshot_stream stream = { .version = 5, .received = 1000 };
	static const struct nfm_snapshot_exporter exporter = {
		.name = "core-1",
		.streams = &stream,
		.stream_count = 1,
	};
	static const struct nfm_snapshot_reason reason = { 16, 5, 0 };
	struct nfm_snapshot_writer *w;

	assert_int_equal(nfm_snapshot_writer_open(folder, &meta, &w, NULL), 0);
	assert_int_equal(nfm_snapshot_writer_customer(w, &customer), 0);
	assert_int_equal(nfm_snapshot_writer_exporter(w, &exporter), 0);
	assert_int_equal(nfm_snapshot_writer_reason(w, &reason), 0);
	assert_int_equal(nfm_snapshot_writer_commit(w, &count, &count, &count, path, PATH_MAX,
						    NULL),
			 0);
	nfm_snapshot_writer_free(w);
}

/* ---- damaged files ---- */

struct bytes {
	char *data;
	size_t len;
};

static struct bytes sample_bytes(void)
{
	struct bytes b = {};
	char path[PATH_MAX];

	write_sample(path);
	assert_int_equal(nfm_io_read_file(path, 1 << 20, &b.data, &b.len), 0);
	assert_int_equal(remove(path), 0);
	return b;
}

static int open_bytes(const void *data, size_t len, struct nfm_error *error)
{
	struct nfm_snapshot_reader *r = NULL;
	const char *path = in_folder("damaged");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int code;

	assert_true(fd >= 0);
	assert_int_equal(nfm_io_write_all(fd, data, len), 0);
	close(fd);
	code = nfm_snapshot_reader_open(path, &r, error);
	if (code)
		assert_null(r);
	nfm_snapshot_reader_free(r);
	return code;
}

static void every_flipped_bit_is_refused(void **state)
{
	struct bytes b = sample_bytes();
	struct nfm_snapshot_meta m;

	(void)state;
	assert_int_equal(open_bytes(b.data, b.len, NULL), 0);
	assert_in_range(b.len, 200, 2000);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		bool in_header = bit / 8 < sizeof(struct nfm_snapshot_header);

		b.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(open_bytes(b.data, b.len, NULL), -EBADMSG);
		assert_int_equal(nfm_snapshot_header_read(in_folder("damaged"), &m, NULL),
				 in_header ? -EBADMSG : 0);
		b.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(b.data);
}

static void every_truncation_is_refused(void **state)
{
	struct bytes b = sample_bytes();
	struct nfm_snapshot_meta m = { .epoch = 7 };
	char *longer = calloc(1, b.len + 1);

	(void)state;
	for (size_t len = 0; len < b.len; len++) {
		assert_int_equal(open_bytes(b.data, len, NULL), -EBADMSG);
		assert_int_equal(nfm_snapshot_header_read(in_folder("damaged"), &m, NULL),
				 -EBADMSG);
	}
	assert_int_equal(m.epoch, 7);
	memcpy(longer, b.data, b.len);
	assert_int_equal(open_bytes(longer, b.len + 1, NULL), -EBADMSG);
	free(longer);
	free(b.data);
}

static void files_of_another_kind_are_refused(void **state)
{
	static const char zeros[8192];
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_error error;

	(void)state;
	assert_int_equal(open_bytes(zeros, sizeof(zeros), &error), -EBADMSG);
	assert_non_null(strstr(error.text, in_folder("damaged")));
	assert_int_equal(open_bytes(zeros, sizeof(struct nfm_snapshot_header), NULL), -EBADMSG);
	assert_int_equal(open_bytes("hello\n", 6, NULL), -EBADMSG);
	assert_int_equal(nfm_snapshot_reader_open(folder, &r, NULL), -EBADMSG);
	assert_int_equal(nfm_snapshot_reader_open(in_folder("none"), &r, &error), -ENOENT);
	assert_non_null(strstr(error.text, in_folder("none")));
	assert_null(r);
}

/* Makes the header's checksum right again, as somebody would who wants to be read. */
static void seal(char *file)
{
	struct nfm_snapshot_header *h = (struct nfm_snapshot_header *)file;

	h->header_xxh3_le =
		htole64(XXH3_64bits(h, offsetof(struct nfm_snapshot_header, header_xxh3_le)));
}

static void a_newer_version_says_upgrade(void **state)
{
	struct bytes b = sample_bytes();
	struct nfm_snapshot_header *h = (struct nfm_snapshot_header *)b.data;
	struct nfm_snapshot_meta m;
	struct nfm_error error;

	(void)state;
	h->version_le = htole32(NFM_SNAPSHOT_VERSION + 1);
	seal(b.data);
	assert_int_equal(open_bytes(b.data, b.len, &error), -EPROTONOSUPPORT);
	assert_non_null(strstr(error.text, "upgrade"));
	assert_int_equal(nfm_snapshot_header_read(in_folder("damaged"), &m, NULL),
			 -EPROTONOSUPPORT);
	h->version_le = 0;
	seal(b.data);
	assert_int_equal(open_bytes(b.data, b.len, NULL), -EBADMSG);
	free(b.data);
}

/* A later version's header may be longer: its own checksum tells that it is whole. */
static void a_newer_header_may_be_longer(void **state)
{
	char file[512] = NFM_SNAPSHOT_MAGIC;
	struct nfm_snapshot_header *h = (struct nfm_snapshot_header *)file;
	uint64_t sum_le;

	(void)state;
	h->version_le = htole32(77);
	h->header_size_le = htole32(256);
	sum_le = htole64(XXH3_64bits(file, 248));
	memcpy(file + 248, &sum_le, sizeof(sum_le));
	assert_int_equal(open_bytes(file, sizeof(file), NULL), -EPROTONOSUPPORT);
	file[200] ^= 1;
	assert_int_equal(open_bytes(file, sizeof(file), NULL), -EBADMSG);
}

/* ---- hostile files: every checksum is right ---- */

/* A file around any raw payload; `h` gives the numbers that are told of it. */
static int open_raw(const void *raw, size_t len, const struct nfm_snapshot_header *told)
{
	size_t room = sizeof(*told) + ZSTD_compressBound(len);
	_cleanup_free_ char *file = calloc(1, room);
	struct nfm_snapshot_header *h = (struct nfm_snapshot_header *)file;
	size_t packed;

	packed = ZSTD_compress(file + sizeof(*h), room - sizeof(*h), raw, len, 1);
	assert_false(ZSTD_isError(packed));
	*h = *told;
	memcpy(h->magic, NFM_SNAPSHOT_MAGIC, sizeof(h->magic));
	h->version_le = htole32(NFM_SNAPSHOT_VERSION);
	h->header_size_le = htole32(sizeof(*h));
	h->payload_size_le = htole64(packed);
	if (!h->raw_size_le)
		h->raw_size_le = htole64(len);
	h->payload_xxh3_le = htole64(XXH3_64bits(file + sizeof(*h), packed));
	seal(file);
	return open_bytes(file, sizeof(*h) + packed, NULL);
}

#define TOTALS_9 "T\1\2\3\4\5\6\7\10\11"
#define NO_ENTRIES "C\0\0E\0\0R\0\0"
#define OPEN_RAW(text, ...)                                                                       \
	open_raw(text, sizeof(text) - 1, &(struct nfm_snapshot_header){ __VA_ARGS__ })

static void counts_are_checked(void **state)
{
	(void)state;
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .epoch_le = 1), 0);
	assert_int_equal(OPEN_RAW("C\0\1E\0\0R\0\0" TOTALS_9, .epoch_le = 1), -EBADMSG);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .customers_le = htole64(1)), -EBADMSG);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .reasons_le = htole64(1)), -EBADMSG);
	assert_int_equal(OPEN_RAW("C\0\0E\0\0R\1\1\1\1\0\1" TOTALS_9, .epoch_le = 1), -EBADMSG);
	assert_int_equal(OPEN_RAW("C\0\0E\0\0R\1\1\1\1\0\1" TOTALS_9, .reasons_le = htole64(1)), 0);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .customers_le = htole64(1ULL << 40)),
			 -EBADMSG);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .from_unix_ns_le = htole64(1)),
			 -EBADMSG);
}

static void forms_are_checked(void **state)
{
	(void)state;
	assert_int_equal(OPEN_RAW("E\0\0C\0\0R\0\0" TOTALS_9, .epoch_le = 1), -EBADMSG);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9 "x", .epoch_le = 1), -EBADMSG);
	assert_int_equal(OPEN_RAW("C\0\0E\0\0R\0\0T\1\2\3\4\5\6\7\10", .epoch_le = 1), -EBADMSG);
	assert_int_equal(OPEN_RAW(NO_ENTRIES, .epoch_le = 1), -EBADMSG);
	assert_int_equal(OPEN_RAW("C\2\0E\0\0R\0\0" TOTALS_9, .epoch_le = 1), -EBADMSG);
	assert_int_equal(OPEN_RAW("", .epoch_le = 1), -EBADMSG);
	/* a varint of 64 bits, and one of 65 */
	assert_int_equal(OPEN_RAW("C\0\0E\0\0R\1\1\377\377\377\377\377\377\377\377\377\1\0\0\1"
				  TOTALS_9, .reasons_le = htole64(1)), 0);
	assert_int_equal(OPEN_RAW("C\0\0E\0\0R\1\1\377\377\377\377\377\377\377\377\377\2\0\0\1"
				  TOTALS_9, .reasons_le = htole64(1)), -EBADMSG);
	assert_int_equal(OPEN_RAW("C\0\0E\0\0R\1\1\377\377\377\377\377\377\377\377\377\200\0\0\1"
				  TOTALS_9, .reasons_le = htole64(1)), -EBADMSG);
}

#define CUSTOMER(fields) "C\1" fields "\0\1E\0\0R\0\0" TOTALS_9
#define ONE .customers_le = htole64(1)

static void entries_are_checked(void **state)
{
	(void)state;
	assert_int_equal(OPEN_RAW(CUSTOMER("\1a\1b\0\1\2\3\4\5\6"), ONE), 0);
	assert_int_equal(OPEN_RAW(CUSTOMER("\1\0\1b\0\1\2\3\4\5\6"), ONE), -EBADMSG);
	assert_int_equal(OPEN_RAW(CUSTOMER("\200\2a\1b\0\1\2\3\4\5\6"), ONE), -EBADMSG);
	assert_int_equal(OPEN_RAW(CUSTOMER("\1a\0\1\4\10\12\1\2\3\4\5\6"), ONE), 0);
	assert_int_equal(OPEN_RAW(CUSTOMER("\1a\0\1\5\10\12\1\2\3\4\5\6"), ONE), -EBADMSG);
	assert_int_equal(OPEN_RAW(CUSTOMER("\1a\0\1\4\41\1\2\3\4\5\1\2\3\4\5\6"), ONE), -EBADMSG);
	assert_int_equal(OPEN_RAW(CUSTOMER("\1a\0\377\377\377\377\17\4\10\12\1\2\3"), ONE),
			 -EBADMSG);
	assert_int_equal(OPEN_RAW(CUSTOMER("\1a\0\377\377\77\4\10\12\1\2\3\4\5\6"), ONE), -EBADMSG);
}

static void a_frame_that_unpacks_to_more_is_refused(void **state)
{
	enum { BOMB = 64 << 20 };
	char *zeros = calloc(1, BOMB);

	(void)state;
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .raw_size_le = htole64(18)), -EBADMSG);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .raw_size_le = htole64(20)), -EBADMSG);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .raw_size_le = htole64(19)), 0);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .raw_size_le = UINT64_MAX), -EBADMSG);
	assert_int_equal(open_raw(zeros, BOMB, &(struct nfm_snapshot_header){ .epoch_le = 1 }),
			 -EBADMSG);
	free(zeros);
}

/* The header alone gives it away: nothing is unpacked. */
static void a_trap_is_seen_in_its_header(void **state)
{
	struct nfm_snapshot_meta m;

	(void)state;
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .raw_size_le = htole64(16 << 20)), -EBADMSG);
	assert_int_equal(nfm_snapshot_header_read(in_folder("damaged"), &m, NULL), 0);
	assert_int_equal(OPEN_RAW(NO_ENTRIES TOTALS_9, .raw_size_le = htole64(17 << 20)), -EBADMSG);
	assert_int_equal(nfm_snapshot_header_read(in_folder("damaged"), &m, NULL), -EBADMSG);
}

/* Whatever the payload is: refused or read, and never out of bounds (run under ASan). */
static void random_payloads_do_no_harm(void **state)
{
	static const char good[] = CUSTOMER("\1a\1b\1\4\10\12\1\2\3\4\5\6");
	int taken = 0;

	(void)state;
	srandom(2);
	for (int round = 0; round < 3000; round++) {
		char raw[sizeof(good) - 1];

		memcpy(raw, good, sizeof(raw));
		for (long n = random() % 3; n >= 0; n--)
			raw[(size_t)random() % sizeof(raw)] = (char)random();
		taken += !open_raw(raw, sizeof(raw), &(struct nfm_snapshot_header){ ONE });
	}
	assert_in_range(taken, 1, 2999);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_flipped_bit_is_refused),
		TEST(every_truncation_is_refused),
		TEST(files_of_another_kind_are_refused),
		TEST(a_newer_version_says_upgrade),
		TEST(a_newer_header_may_be_longer),
		TEST(counts_are_checked),
		TEST(forms_are_checked),
		TEST(entries_are_checked),
		TEST(a_frame_that_unpacks_to_more_is_refused),
		TEST(a_trap_is_seen_in_its_header),
		TEST(random_payloads_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
