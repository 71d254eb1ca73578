// SPDX-License-Identifier: GPL-2.0-only
/*
 * The template store's log, damaged: whatever becomes of it, reading it never fails, and gives no
 * template that did not hold at its end; what is not damaged is there.
 */
#include "flow/store_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <xxhash.h>

#include "store_log.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_setup, log_teardown)
#define HEAD_BYTES sizeof(struct nfm_store_head)

#define STORY_ENTRIES (STORY_STEPS + 1U) /* the last step has two */

/* The whole story's log, where each entry begins, and what the store held then. */
static uint8_t log_bytes[1 << 16];
static size_t log_size;
static uint32_t entries;
static size_t begins[STORY_ENTRIES + 1];
static struct lines then[STORY_ENTRIES + 1];

static void read_log(void)
{
	_cleanup_free_ char *buf = NULL;

	assert_int_equal(nfm_io_read_file(log_path(), sizeof(log_bytes), &buf, &log_size), 0);
	memcpy(log_bytes, buf, log_size);
}

static void hear_and_note(void *cookie, const struct nfm_store_change *change)
{
	hear(cookie, change);
	entries++;
	assert_true(entries <= STORY_ENTRIES);
	begins[entries] = file.bytes;
	then[entries] = lines_of(store);
}

static void write_story(void)
{
	open_log();
	nfm_store_listen(store, hear_and_note, &file);
	entries = 0;
	begins[0] = file.bytes;
	then[0] = lines_of(store);
	for (uint32_t i = 0; i < STORY_STEPS; i++)
		story(i);
	nfm_store_listen(store, hear, &file);
	read_log();
	assert_int_equal(entries, STORY_ENTRIES);
	assert_int_equal(log_size, begins[entries]);
}

static const struct lines *at_the_end(void)
{
	return &then[STORY_ENTRIES];
}

static int damaged_fd = -1;

/* A file of `size` bytes, to be damaged. */
static const char *write_copy(const uint8_t *bytes, size_t size)
{
	damaged_fd = open(in_folder("copy"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(damaged_fd >= 0);
	assert_int_equal(pwrite(damaged_fd, bytes, size, 0), size);
	return in_folder("copy");
}

static void change_copy(const uint8_t *bytes, size_t size, size_t at)
{
	assert_int_equal(pwrite(damaged_fd, bytes, size, (off_t)at), size);
}

static void close_copy(void)
{
	close(damaged_fd);
	damaged_fd = -1;
}

static void a_log_cut_short_anywhere_is_as_it_was_before(void **state)
{
	const char *path;
	uint32_t done = STORY_ENTRIES;

	(void)state;
	write_story();
	path = write_copy(log_bytes, log_size);
	for (size_t size = log_size + 1; size-- > 0;) {
		struct lines got;
		uint32_t damaged;

		while (done && size < begins[done])
			done--;
		assert_int_equal(ftruncate(damaged_fd, (off_t)size), 0);
		got = load_lines(path, &damaged);
		assert_int_equal(damaged, size && size != begins[done]);
		if (size < HEAD_BYTES)
			assert_int_equal(got.count, 0);
		else
			assert_int_equal(assert_subset(&got, &then[done]), 0);
	}
	close_copy();
}

/* One bit: at most what that entry was of is missing. */
static void no_flipped_bit_gives_a_wrong_template(void **state)
{
	uint32_t whole = 0, missing = 0;
	const char *path;

	(void)state;
	write_story();
	path = write_copy(log_bytes, log_size);
	for (size_t i = 0; i < log_size * 8; i++) {
		uint8_t flipped = (uint8_t)(log_bytes[i / 8] ^ 1U << i % 8);
		uint32_t damaged, n;
		struct lines got;

		change_copy(&flipped, 1, i / 8);
		got = load_lines(path, &damaged);
		change_copy(&log_bytes[i / 8], 1, i / 8);
		n = assert_subset(&got, at_the_end());
		if (i / 8 < HEAD_BYTES) {
			assert_int_equal(n, at_the_end()->count);
			assert_int_equal(damaged, 1);
			continue;
		}
		assert_true(n <= 1);
		assert_true(damaged == 1 || (!damaged && !n));
		whole += !n;
		missing += n;
	}
	close_copy();
	assert_true(whole > 1000);
	assert_true(missing > 1000);
}

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* Overwritten from somewhere on, by noise, zeros, or another part of the log. */
static void no_overwritten_part_gives_a_wrong_template(void **state)
{
	uint32_t some = 0;
	const char *path;

	(void)state;
	write_story();
	path = write_copy(log_bytes, log_size);
	for (uint32_t i = 0; i < 6000; i++) {
		uint8_t part[600];
		uint32_t size = 2 + rnd(sizeof(part) - 2);
		uint32_t at = rnd((uint32_t)log_size - size);
		uint32_t damaged;
		struct lines got;

		if (i % 3 == 2)
			memcpy(part, log_bytes + rnd((uint32_t)log_size - size), size);
		for (uint32_t j = 0; i % 3 < 2 && j < size; j++)
			part[j] = i % 3 ? 0 : (uint8_t)rnd(256);
		change_copy(part, size, at);
		got = load_lines(path, &damaged);
		change_copy(log_bytes + at, size, at);
		assert_subset(&got, at_the_end());
		some += got.count != 0;
	}
	close_copy();
	assert_true(some > 1000);
}

/* The last one says by its tail whose it was, the one before it no longer does. */
static void write_last_two_damaged(void)
{
	const size_t last = begins[STORY_ENTRIES - 1];
	const size_t one_before = begins[STORY_ENTRIES - 2];
	const uint32_t raw_bytes_le = htole32(NFM_STORE_RAW_MAX);

	change_copy(log_bytes, log_size, 0);
	change_copy((const uint8_t *)&raw_bytes_le, sizeof(raw_bytes_le),
		    one_before + offsetof(struct nfm_store_entry, raw_bytes_le));
	change_copy((const uint8_t *)"xxxxxxxx", 8, last - 8);
	change_copy((const uint8_t *)"x", 1, last);
}

/* Damaged twice: each alone would be known by what is left of it. */
static void damage_that_does_not_tell_its_name_makes_all_before_it_doubtful(void **state)
{
	struct lines got;
	uint32_t damaged;
	const char *path;

	(void)state;
	write_story();
	path = write_copy(log_bytes, log_size);
	/* Entry 5's magic alone, then its tail as well. */
	change_copy((const uint8_t *)"x", 1, begins[5]);
	got = load_lines(path, &damaged);
	assert_int_equal(damaged, 1);
	assert_int_equal(assert_subset(&got, at_the_end()), 1);
	change_copy((const uint8_t *)"xxxxxxxx", 8, begins[6] - 8);
	got = load_lines(path, &damaged);
	assert_int_equal(damaged, 1);
	assert_subset(&got, at_the_end());
	/* What came later is there: 2's 300, 3's sampler 1, 2's 256, and five of 1's. */
	assert_int_equal(got.count, 8);
	/* One that seems to be cut short, as it runs over the end: but another follows. */
	write_last_two_damaged();
	got = load_lines(path, &damaged);
	assert_int_equal(got.count, 0);
	close_copy();
}

static void what_is_behind_the_end_does_no_harm(void **state)
{
	static const uint8_t junk[300] = "NFMentryNFMentry";
	static const uint8_t zeros[4096];
	struct lines got;
	uint32_t damaged;
	const char *path;

	(void)state;
	write_story();
	path = write_copy(log_bytes, log_size);
	change_copy(junk, 100, log_size); /* less than an entry: cut short */
	got = load_lines(path, &damaged);
	assert_int_equal(damaged, 1);
	assert_int_equal(assert_subset(&got, at_the_end()), 0);
	/* More: nobody knows what was there, and what it replaced. */
	change_copy(zeros, sizeof(zeros), log_size);
	got = load_lines(path, &damaged);
	assert_int_equal(damaged, 1);
	assert_int_equal(got.count, 0);
	change_copy(junk, sizeof(junk), log_size);
	got = load_lines(path, &damaged);
	assert_int_equal(got.count, 0);
	close_copy();
}

static void other_files_are_empty_ones(void **state)
{
	static const uint8_t magics[8192] = "NFMTMPL\n";
	struct nfm_store_head head;
	uint32_t damaged;
	const char *path;

	(void)state;
	write_story();
	path = write_copy(log_bytes, log_size);
	memcpy(&head, log_bytes, sizeof(head));
	head.version_le = htole32(NFM_STORE_VERSION + 1);
	head.sum_le = htole64(XXH3_64bits(&head, offsetof(struct nfm_store_head, sum_le)));
	change_copy((const uint8_t *)&head, sizeof(head), 0);
	assert_int_equal(load_lines(path, &damaged).count, 0);
	assert_int_equal(damaged, 1);
	head.version_le = htole32(NFM_STORE_VERSION); /* the control: that was all */
	head.sum_le = htole64(XXH3_64bits(&head, offsetof(struct nfm_store_head, sum_le)));
	change_copy((const uint8_t *)&head, sizeof(head), 0);
	assert_int_equal(load_lines(path, &damaged).count, at_the_end()->count);
	assert_int_equal(damaged, 0);
	change_copy(magics, sizeof(magics), 0);
	assert_int_equal(load_lines(path, &damaged).count, 0);
	assert_int_equal(damaged, 1);
	close_copy();
}

/* ---- whole entries that make no sense ---- */

struct odd {
	uint8_t event;
	uint16_t netflow;
	uint16_t id;
	uint8_t options;
	uint32_t num, den;
	uint8_t raw[12];
	uint32_t raw_bytes;
	bool good;
};

static const struct odd odds[] = {
	/* the controls */
	{ 'T', 9, 256, 0, 0, 0, { 1, 0, 0, 1, 0, 1, 0, 4 }, 8, true },
	{ 'T', 10, 256, 1, 0, 0, { 1, 0, 0, 1, 0, 1, 0, 1, 0, 4 }, 10, true },
	{ 'S', 9, 0, 0, 10, 1, { 0 }, 0, true },
	/* templates */
	{ 'T', 5, 256, 0, 0, 0, { 1, 0, 0, 1, 0, 1, 0, 4 }, 8, false },
	{ 'T', 9, 257, 0, 0, 0, { 1, 0, 0, 1, 0, 1, 0, 4 }, 8, false }, /* another's id */
	{ 'T', 9, 0, 0, 0, 0, { 1, 0, 0, 1, 0, 1, 0, 4 }, 8, false },
	{ 'T', 9, 256, 0, 0, 0, { 1, 0, 0, 2, 0, 1, 0, 4 }, 8, false }, /* cut short */
	{ 'T', 9, 256, 0, 0, 0, { 1, 0, 0, 1, 0, 1, 0, 4, 0, 0 }, 10, false }, /* too long */
	{ 'T', 9, 256, 0, 0, 0, { 0 }, 0, false },
	{ 'T', 10, 256, 0, 0, 0, { 1, 0, 0, 0 }, 4, false }, /* a withdrawal */
	{ 'T', 9, 255, 0, 0, 0, { 0, 255, 0, 1, 0, 1, 0, 4 }, 8, false },
	/* samplers */
	{ 'S', 9, 0, 0, 0, 1, { 0 }, 0, false },
	{ 'S', 9, 0, 0, 10, 0, { 0 }, 0, false },
	{ 'S', 9, 256, 0, 10, 1, { 0 }, 0, false },
	{ 'S', 8, 0, 0, 10, 1, { 0 }, 0, false },
	{ 'x', 9, 256, 0, 0, 0, { 1, 0, 0, 1, 0, 1, 0, 4 }, 8, false },
};

/* `sum_seed`: the log's, and the offset. */
static size_t write_odd(const struct odd *odd, uint64_t sum_seed, uint8_t *out)
{
	struct nfm_store_entry entry = {
		.magic = { 'N', 'F', 'M', 'e', 'n', 't', 'r', 'y' },
		.raw_bytes_le = htole32(odd->raw_bytes),
		.event = odd->event,
		.options = odd->options,
		.name = {
			.domain_le = htole32(7),
			.netflow_le = htole16(odd->netflow),
			.id_le = htole16(odd->id),
		},
		.sampling_num_le = htole32(odd->num),
		.sampling_den_le = htole32(odd->den),
	};
	struct nfm_store_tail tail = { .name = entry.name };
	size_t n = sizeof(entry) + odd->raw_bytes;

	memcpy(out, &entry, sizeof(entry));
	memcpy(out + sizeof(entry), odd->raw, odd->raw_bytes);
	tail.bytes_le = htole32((uint32_t)(n + sizeof(tail)));
	tail.entry_sum_le = htole64(XXH3_64bits_withSeed(out, n, sum_seed));
	tail.sum_le = htole64(XXH3_64bits_withSeed(
		&tail.name, sizeof(tail) - 2 * sizeof(tail.sum_le), sum_seed));
	memcpy(out + n, &tail, sizeof(tail));
	return n + sizeof(tail);
}

static void entries_that_make_no_sense_are_left_out(void **state)
{
	(void)state;
	write_story();
	for (size_t i = 0; i < NFM_ARRAY_SIZE(odds); i++) {
		uint8_t bytes[512];
		size_t size = write_odd(&odds[i], file.seed + log_size, bytes);
		const char *path = write_copy(log_bytes, log_size);
		struct lines got;
		uint32_t damaged;

		change_copy(bytes, size, log_size);
		got = load_lines(path, &damaged);
		assert_int_equal(damaged, !odds[i].good);
		assert_int_equal(got.count, at_the_end()->count + odds[i].good);
		close_copy();
	}
}

static void what_cannot_be_understood_takes_the_place_of_what_could(void **state)
{
	const struct odd replaced[] = { odds[0], { 'T', 9, 256, 0, 0, 0, { 1, 0 }, 2, false } };
	uint8_t bytes[1024];
	const char *path;
	uint32_t damaged;
	size_t size;

	(void)state;
	open_log();
	read_log();
	path = write_copy(log_bytes, log_size);
	size = write_odd(&replaced[0], file.seed + log_size, bytes);
	change_copy(bytes, size, log_size);
	assert_int_equal(load_lines(path, &damaged).count, 1);
	size += write_odd(&replaced[1], file.seed + log_size + size, bytes + size);
	change_copy(bytes, size, log_size);
	assert_int_equal(load_lines(path, &damaged).count, 0);
	assert_int_equal(damaged, 1);
	close_copy();
}

/*
 * Template records are what the network says: an entry within one must not be taken for one where,
 * behind damage, entries are looked for.
 */
static void an_entry_that_was_not_written_there_is_none(void **state)
{
	const size_t gap = 20; /* of damage */

	(void)state;
	write_story();
	for (uint32_t i = 0; i < 4; i++) {
		size_t at = log_size + gap;
		uint64_t seeds[] = { 0, file.seed, file.seed + log_size, file.seed + at };
		const char *path = write_copy(log_bytes, log_size);
		uint8_t bytes[512];
		size_t size = write_odd(&odds[0], seeds[i], bytes);
		uint32_t damaged;

		change_copy(bytes, size, at);
		assert_int_equal(load_lines(path, &damaged).count, i == 3); /* the control */
		assert_int_equal(damaged, 1);
		close_copy();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_log_cut_short_anywhere_is_as_it_was_before),
		TEST(no_flipped_bit_gives_a_wrong_template),
		TEST(no_overwritten_part_gives_a_wrong_template),
		TEST(damage_that_does_not_tell_its_name_makes_all_before_it_doubtful),
		TEST(what_is_behind_the_end_does_no_harm),
		TEST(other_files_are_empty_ones),
		TEST(an_entry_that_was_not_written_there_is_none),
		TEST(entries_that_make_no_sense_are_left_out),
		TEST(what_cannot_be_understood_takes_the_place_of_what_could),
	};

	return cmocka_run_group_tests_name("store load", tests, NULL, NULL);
}
