// SPDX-License-Identifier: GPL-2.0-only
/* Snapshot files, written and read: what goes in comes out, and a failure leaves nothing. */
#include "snapshot/snapshot.h"

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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "folder.h"

#define NOON_NS 1795348800000000000ULL /* 2026-11-22 12:00:00 UTC */
#define MINUTES_5 300000000000ULL
#define FIRST_NAME "nfmeter.202611221200"

static const struct nfm_snapshot_meta meta = {
	.identity = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255 },
	.epoch = 42,
	.from_unix_ns = NOON_NS,
	.to_unix_ns = NOON_NS + MINUTES_5,
	.slot_unix_ns = NOON_NS - 1,
	.interval_s = 300,
	.flags = NFM_SNAPSHOT_PARTIAL,
	.earlier_slots = 8,
	.gap_count = 2,
	.gap = { { NOON_NS, NOON_NS + 1 }, { NOON_NS + 5, NOON_NS + 7 } },
};

static const struct nfm_prefix prefixes[] = {
	{ .addr = { 10, 1, 2 }, .family = 4, .bits = 24 },
	{ .addr = { 192, 0, 2, 7 }, .family = 4, .bits = 32 },
	{ .addr = { 0 }, .family = 4, .bits = 0 },
	{ .addr = { 0x20, 1, 0xd, 0xb8, 0, 0x10 }, .family = 6, .bits = 44 },
	{ .addr = { 0xfe, 0x80, [15] = 1 }, .family = 6, .bits = 128 },
};

static const struct nfm_snapshot_earlier earlier[] = { { 1, 1, 0 }, { 7, 0, UINT64_MAX } };

static const struct nfm_snapshot_customer customers[] = {
	{ "Zoë / 東京", "a,\"b\"\n", prefixes + 1, 1, { 0, 0, 0 }, { 1ULL << 32, 7, 8 }, NULL, 0 },
	{ "alice", "Alice", prefixes, 5, { 1, 2, 3 }, { 127, 128, 16384 }, earlier, 2 },
	{ "bob", "", NULL, 0, { UINT64_MAX, UINT64_MAX - 1, 1ULL << 63 }, { 0, 0, 0 },
	  earlier + 1, 1 },
};

static const struct nfm_snapshot_stream streams[] = {
	{ 5, 0, NFM_UNIT_RECORDS, 1000, 3, 1 },
	{ 9, UINT32_MAX, NFM_UNIT_DATAGRAMS, UINT64_MAX, 0, 0 },
};

static const struct nfm_snapshot_exporter exporters[] = {
	{ { .byte = { [10] = 255, 255, 192, 0, 2, 1 } },
	  "core-1", 1, 2, 3, 4, 5, 6, 7, streams, 2 },
	{ { .byte = { 0x20, 1 } }, "", 0, 0, 0, 0, 0, 0, 0, NULL, 0 },
};

static const struct nfm_snapshot_reason reasons[] = { { 16, 5, 0 }, { 21, UINT64_MAX, 9 } };

static const struct nfm_snapshot_count unmatched = { 10, 20, 30 };
static const struct nfm_snapshot_count local = { 11, 21, 31 };
static const struct nfm_snapshot_count total = { UINT64_MAX, 22, 32 };

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

static struct nfm_snapshot_writer *open_writer(void)
{
	struct nfm_snapshot_writer *w = NULL;

	assert_int_equal(nfm_snapshot_writer_open(folder, &meta, &w, NULL), 0);
	return w;
}

static int commit(struct nfm_snapshot_writer *w, char *path, struct nfm_error *error)
{
	return nfm_snapshot_writer_commit(w, &unmatched, &local, &total, path, PATH_MAX, error);
}

/* Writes the file that the arrays above tell of. */
static void write_sample(char *path)
{
	struct nfm_snapshot_writer *w = open_writer();

	for (size_t i = 0; i < NFM_ARRAY_SIZE(customers); i++)
		assert_int_equal(nfm_snapshot_writer_customer(w, &customers[i]), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(exporters); i++)
		assert_int_equal(nfm_snapshot_writer_exporter(w, &exporters[i]), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(reasons); i++)
		assert_int_equal(nfm_snapshot_writer_reason(w, &reasons[i]), 0);
	nfm_snapshot_writer_earlier(w, NFM_ROW_LOCAL, earlier + 1, 1);
	nfm_snapshot_writer_earlier(w, NFM_ROW_UNMATCHED, earlier, 1);
	nfm_snapshot_writer_earlier(w, NFM_ROW_UNMATCHED, earlier, 2); /* the last word counts */
	assert_int_equal(commit(w, path, NULL), 0);
	nfm_snapshot_writer_free(w);
}

static void assert_earlier(const struct nfm_snapshot_earlier *a, uint32_t count,
			   const struct nfm_snapshot_earlier *b, uint32_t expected)
{
	assert_int_equal(count, expected);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(a[i].back, b[i].back);
		assert_int_equal(a[i].up_bytes, b[i].up_bytes);
		assert_int_equal(a[i].down_bytes, b[i].down_bytes);
	}
}

static void assert_customer(const struct nfm_snapshot_customer *a,
			    const struct nfm_snapshot_customer *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->prefix_count, b->prefix_count);
	if (a->prefix_count)
		assert_memory_equal(a->prefixes, b->prefixes,
				    a->prefix_count * sizeof(*a->prefixes));
	assert_memory_equal(&a->up, &b->up, sizeof(a->up));
	assert_memory_equal(&a->down, &b->down, sizeof(a->down));
	assert_earlier(a->earlier, a->earlier_count, b->earlier, b->earlier_count);
}

static void assert_exporter(const struct nfm_snapshot_exporter *a,
			    const struct nfm_snapshot_exporter *b)
{
	assert_memory_equal(&a->addr, &b->addr, sizeof(a->addr));
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->datagrams, b->datagrams);
	assert_int_equal(a->records, b->records);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->packets, b->packets);
	assert_int_equal(a->rejected_datagrams, b->rejected_datagrams);
	assert_int_equal(a->rejected_records, b->rejected_records);
	assert_int_equal(a->lost, b->lost);
	assert_int_equal(a->stream_count, b->stream_count);
	for (uint32_t i = 0; i < a->stream_count; i++) {
		assert_int_equal(a->streams[i].version, b->streams[i].version);
		assert_int_equal(a->streams[i].domain, b->streams[i].domain);
		assert_int_equal(a->streams[i].unit, b->streams[i].unit);
		assert_int_equal(a->streams[i].received, b->streams[i].received);
		assert_int_equal(a->streams[i].lost, b->streams[i].lost);
		assert_int_equal(a->streams[i].resets, b->streams[i].resets);
	}
}

static void assert_totals(const struct nfm_snapshot_reader *r)
{
	struct nfm_snapshot_count u, l, t;

	nfm_snapshot_reader_totals(r, &u, &l, &t);
	assert_memory_equal(&u, &unmatched, sizeof(u));
	assert_memory_equal(&l, &local, sizeof(l));
	assert_memory_equal(&t, &total, sizeof(t));
}

static void assert_earlier_totals(const struct nfm_snapshot_reader *r)
{
	const struct nfm_snapshot_earlier *e;
	uint32_t count;

	e = nfm_snapshot_reader_earlier(r, NFM_ROW_UNMATCHED, &count);
	assert_earlier(e, count, earlier, 2);
	e = nfm_snapshot_reader_earlier(r, NFM_ROW_LOCAL, &count);
	assert_earlier(e, count, earlier + 1, 1);
	nfm_snapshot_reader_earlier(r, NFM_ROW_FIRST, &count);
	assert_int_equal(count, 0);
}

static void assert_exporters_and_reasons(struct nfm_snapshot_reader *r)
{
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(nfm_snapshot_reader_exporter(r, &exporter), 1);
		assert_exporter(&exporter, &exporters[i]);
	}
	assert_int_equal(nfm_snapshot_reader_exporter(r, &exporter), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 1);
		assert_int_equal(reason.reason, reasons[i].reason);
		assert_int_equal(reason.datagrams, reasons[i].datagrams);
		assert_int_equal(reason.records, reasons[i].records);
	}
	assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 0);
}

static void assert_sample(struct nfm_snapshot_reader *r)
{
	struct nfm_snapshot_customer customer;

	assert_memory_equal(nfm_snapshot_reader_meta(r), &meta, sizeof(meta));
	assert_int_equal(nfm_snapshot_reader_customer_count(r), 3);
	assert_totals(r);
	assert_earlier_totals(r);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 1);
		assert_customer(&customer, &customers[i]);
	}
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 0);
	assert_exporters_and_reasons(r);
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 0);
}

static void what_goes_in_comes_out(void **state)
{
	struct nfm_snapshot_reader *r;
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_string_equal(path, in_folder(FIRST_NAME));
	assert_int_equal(nfm_snapshot_reader_open(path, &r, NULL), 0);
	assert_sample(r);
	nfm_snapshot_reader_free(r);
	assert_int_equal(nfm_snapshot_stream_open(path, &r, NULL), 0);
	assert_sample(r);
	nfm_snapshot_reader_free(r);
}

static void strings_live_as_long_as_the_reader(void **state)
{
	struct nfm_snapshot_customer first, other;
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reader *r;
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_int_equal(nfm_snapshot_reader_open(path, &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_customer(r, &first), 1);
	while (nfm_snapshot_reader_customer(r, &other) == 1)
		;
	while (nfm_snapshot_reader_exporter(r, &exporter) == 1)
		;
	assert_string_equal(first.id, customers[0].id);
	assert_string_equal(first.name, customers[0].name);
	nfm_snapshot_reader_free(r);
}

static void a_later_section_may_be_asked_for_first(void **state)
{
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_reason reason;
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_int_equal(nfm_snapshot_reader_open(path, &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 1);
	assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 1);
	assert_int_equal(reason.reason, 16);
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 0);
	nfm_snapshot_reader_free(r);
}

static void an_empty_interval_is_a_file(void **state)
{
	struct nfm_snapshot_writer *w = open_writer();
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;
	char path[PATH_MAX];

	(void)state;
	nfm_snapshot_writer_add_flags(w, NFM_SNAPSHOT_UNBALANCED);
	assert_int_equal(commit(w, path, NULL), 0);
	nfm_snapshot_writer_free(w);
	assert_int_equal(nfm_snapshot_reader_open(path, &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_meta(r)->flags,
			 NFM_SNAPSHOT_PARTIAL | NFM_SNAPSHOT_UNBALANCED);
	assert_totals(r);
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 0);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &exporter), 0);
	assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 0);
	nfm_snapshot_reader_free(r);
}

/* More than one buffer of everything: ids that differ, long lists. */
static void write_many(char *path, uint32_t count, const struct nfm_prefix *list, uint32_t listed)
{
	struct nfm_snapshot_writer *w = open_writer();
	char id[32];

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_snapshot_customer c = {
			.id = id,
			.name = "name",
			.prefixes = list,
			.prefix_count = i == count / 2 ? listed : i % 3,
			.up = { i * 977ULL, i, 1 },
			.down = { i * 1000003ULL, i + 5ULL, i },
		};

		snprintf(id, sizeof(id), "customer-%05u", i);
		assert_int_equal(nfm_snapshot_writer_customer(w, &c), 0);
	}
	assert_int_equal(commit(w, path, NULL), 0);
	nfm_snapshot_writer_free(w);
}

static void files_of_many_customers(void **state)
{
	enum { COUNT = 30001, LISTED = 50000 };
	_cleanup_free_ struct nfm_prefix *list = calloc(LISTED, sizeof(*list));
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_customer c;
	char path[PATH_MAX], id[32];

	(void)state;
	for (uint32_t i = 0; i < LISTED; i++) {
		list[i].family = 4;
		list[i].bits = 32;
		memcpy(list[i].addr, &i, sizeof(i));
	}
	write_many(path, COUNT, list, LISTED);
	assert_int_equal(nfm_snapshot_reader_open(path, &r, NULL), 0);
	for (uint32_t i = 0; i < COUNT; i++) {
		snprintf(id, sizeof(id), "customer-%05u", i);
		assert_int_equal(nfm_snapshot_reader_customer(r, &c), 1);
		assert_string_equal(c.id, id);
		assert_int_equal(c.up.bytes, i * 977ULL);
		assert_int_equal(c.down.bytes, i * 1000003ULL);
		assert_int_equal(c.prefix_count, i == COUNT / 2 ? LISTED : i % 3);
		assert_memory_equal(c.prefixes ? c.prefixes : list, list,
				    c.prefix_count * sizeof(*list));
	}
	assert_int_equal(nfm_snapshot_reader_customer(r, &c), 0);
	nfm_snapshot_reader_free(r);
}

static void names_are_not_taken_twice(void **state)
{
	char path[PATH_MAX];

	(void)state;
	write_sample(path);
	assert_string_equal(path, in_folder(FIRST_NAME));
	write_sample(path);
	assert_string_equal(path, in_folder("nfmeter.20261122120000"));
	write_sample(path);
	assert_string_equal(path, in_folder("nfmeter.20261122120000.1"));
}

static int count_files(const char *prefix)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	const struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += !strncmp(entry->d_name, prefix, strlen(prefix));
	return count;
}

static void an_uncommitted_file_leaves_nothing(void **state)
{
	struct nfm_snapshot_writer *w = open_writer();

	(void)state;
	assert_int_equal(count_files("~nfmeter.tmp-"), 1);
	assert_int_equal(count_files("nfmeter."), 0);
	nfm_snapshot_writer_free(w);
	assert_int_equal(count_files("~nfmeter.tmp-"), 0);
	assert_int_equal(count_files("nfmeter."), 0);
	nfm_snapshot_writer_free(NULL);
}

static void stale_temporary_files_go_and_living_ones_stay(void **state)
{
	struct nfm_snapshot_writer *other = open_writer();
	struct nfm_snapshot_writer *w;
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(nfm_io_replace_file(in_folder("~nfmeter.tmp-99-0"), "x", 1, 0600), 0);
	assert_int_equal(nfm_io_replace_file(in_folder(".nfmeter.other"), "x", 1, 0600), 0);
	w = open_writer();
	assert_int_not_equal(access(in_folder("~nfmeter.tmp-99-0"), F_OK), 0);
	assert_int_equal(access(in_folder(".nfmeter.other"), F_OK), 0);
	assert_int_equal(count_files("~nfmeter.tmp-"), 2);
	assert_int_equal(commit(other, path, NULL), 0);
	nfm_snapshot_writer_free(other);
	assert_int_equal(commit(w, path, NULL), 0);
	nfm_snapshot_writer_free(w);
	assert_int_equal(count_files("nfmeter."), 2);
}

static void a_missing_folder_is_made(void **state)
{
	struct nfm_snapshot_writer *w;
	struct nfm_error error;
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/a/b", folder);
	assert_int_equal(nfm_snapshot_writer_open(path, &meta, &w, NULL), 0);
	assert_int_equal(commit(w, path, NULL), 0);
	nfm_snapshot_writer_free(w);
	assert_int_equal(access(in_folder("a/b/" FIRST_NAME), R_OK), 0);
	w = NULL;
	snprintf(path, sizeof(path), "%s/a/b/" FIRST_NAME "/c", folder);
	assert_int_equal(nfm_snapshot_writer_open(path, &meta, &w, &error), -ENOTDIR);
	assert_null(w);
	assert_non_null(strstr(error.text, path));
}

/* Puts the device that is always full in the place of the writer's file. */
static void fill_disk(void)
{
	int full = open("/dev/full", O_WRONLY);
	int replaced = 0;

	for (int fd = 3; fd < 64; fd++) {
		char link[64], target[PATH_MAX] = "";

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof(target) - 1) < 0 ||
		    !strstr(target, "/~nfmeter.tmp-"))
			continue;
		assert_int_equal(dup2(full, fd), fd);
		replaced++;
	}
	close(full);
	assert_int_equal(replaced, 1);
}

static void a_full_disk_is_told_and_leaves_nothing(void **state)
{
	struct nfm_snapshot_writer *w = open_writer();
	char path[PATH_MAX] = "as before";
	struct nfm_error error;

	(void)state;
	fill_disk();
	assert_int_equal(commit(w, path, &error), -ENOSPC);
	assert_string_equal(path, "as before");
	assert_non_null(strstr(error.text, folder));
	assert_non_null(strstr(error.text, "free space"));
	nfm_snapshot_writer_free(w);
	assert_int_equal(count_files("~nfmeter.tmp-"), 0);
	assert_int_equal(count_files("nfmeter."), 0);
}

static void an_interval_does_not_run_backwards(void **state)
{
	static const struct nfm_snapshot_meta backwards = { .from_unix_ns = 2, .to_unix_ns = 1 };
	struct nfm_snapshot_writer *w = NULL;

	(void)state;
	assert_int_equal(nfm_snapshot_writer_open(folder, &backwards, &w, NULL), -EINVAL);
	assert_null(w);
	assert_int_equal(count_files("~nfmeter.tmp-"), 0);
}

static void misuse_fails_for_good(void **state)
{
	struct nfm_snapshot_writer *w = open_writer();
	struct nfm_snapshot_customer customer = customers[0];
	char path[PATH_MAX] = "as before", name[257];

	(void)state;
	assert_int_equal(nfm_snapshot_writer_reason(w, &reasons[0]), 0);
	assert_int_equal(nfm_snapshot_writer_customer(w, &customers[0]), -EINVAL);
	assert_int_equal(commit(w, path, NULL), -EINVAL);
	nfm_snapshot_writer_free(w);

	w = open_writer();
	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	customer.name = name;
	assert_int_equal(nfm_snapshot_writer_customer(w, &customer), -EINVAL);
	assert_int_equal(nfm_snapshot_writer_reason(w, &reasons[0]), -EINVAL);
	assert_int_equal(commit(w, path, NULL), -EINVAL);
	nfm_snapshot_writer_free(w);
	assert_string_equal(path, "as before");

	w = open_writer();
	name[255] = '\0';
	assert_int_equal(nfm_snapshot_writer_customer(w, &customer), 0);
	assert_int_equal(commit(w, path, NULL), 0);
	assert_int_equal(commit(w, path, NULL), -EALREADY);
	nfm_snapshot_writer_free(w);
	assert_int_equal(count_files("nfmeter."), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_goes_in_comes_out),
		TEST(strings_live_as_long_as_the_reader),
		TEST(a_later_section_may_be_asked_for_first),
		TEST(an_empty_interval_is_a_file),
		TEST(files_of_many_customers),
		TEST(names_are_not_taken_twice),
		TEST(an_uncommitted_file_leaves_nothing),
		TEST(stale_temporary_files_go_and_living_ones_stay),
		TEST(a_missing_folder_is_made),
		TEST(a_full_disk_is_told_and_leaves_nothing),
		TEST(an_interval_does_not_run_backwards),
		TEST(misuse_fails_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
