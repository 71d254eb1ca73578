// SPDX-License-Identifier: GPL-2.0-only
/* Files of version 1: read as they always were; damaged and hostile ones do no harm. */
#include "snapshot_bytes.h"

/* As the writer of version 1 made it: bob and alice in the order of their rows. */
static const unsigned char sample[] = {
	0x4e, 0x46, 0x4d, 0x53, 0x4e, 0x41, 0x50, 0x0a, 0x01, 0x00, 0x00, 0x00,
	0x80, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
	0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0xff, 0x2a, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0xec, 0xaf, 0x38, 0x5c, 0xea, 0x18,
	0x00, 0x38, 0x51, 0x89, 0x7e, 0x5c, 0xea, 0x18, 0x2c, 0x01, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x7a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x95, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x69, 0x56, 0x4e, 0x34, 0x61, 0xea, 0xbb, 0x5c,
	0x8c, 0x05, 0x03, 0x5d, 0xb1, 0x0c, 0x54, 0x04, 0x28, 0xb5, 0x2f, 0xfd,
	0x20, 0x95, 0x8d, 0x03, 0x00, 0x02, 0x47, 0x19, 0x22, 0xa0, 0x29, 0x1d,
	0x2b, 0x5e, 0x55, 0x5c, 0x55, 0x55, 0x3c, 0x36, 0xf8, 0xd0, 0xdc, 0x7e,
	0x1b, 0x36, 0xc1, 0xfa, 0x40, 0x29, 0xe4, 0x3f, 0x76, 0x5a, 0x3d, 0x5b,
	0x23, 0x6e, 0x6f, 0xb9, 0xa5, 0x4c, 0x29, 0x08, 0x42, 0xe0, 0xd0, 0x00,
	0x0c, 0x03, 0xe6, 0x71, 0x2f, 0xd9, 0xdc, 0x71, 0xdb, 0xeb, 0x04, 0xbb,
	0xbb, 0xcb, 0x71, 0x51, 0xee, 0xbc, 0xa5, 0x32, 0xe1, 0x5d, 0x91, 0x68,
	0x91, 0x88, 0xa9, 0x9f, 0x27, 0xbb, 0x7e, 0xe3, 0x7c, 0xd5, 0xab, 0x04,
	0xef, 0xb7, 0x56, 0x54, 0xdd, 0x99, 0x42, 0xba, 0xc6, 0x1e, 0x68, 0x91,
	0x8d, 0x3d, 0x10, 0x24, 0x6f, 0xfb, 0x9a, 0x5f, 0xdb, 0x89, 0x1c, 0x3c,
	0x23, 0x04, 0x10, 0x00, 0x45, 0x85, 0x67, 0xe2, 0x08, 0x39,
};

static const struct nfm_snapshot_count nothing;

static void assert_count(const struct nfm_snapshot_count *count, uint64_t bytes, uint64_t packets,
			 uint64_t flows)
{
	assert_int_equal(count->bytes, bytes);
	assert_int_equal(count->packets, packets);
	assert_int_equal(count->flows, flows);
}

static void assert_meta(const struct nfm_snapshot_meta *meta)
{
	assert_int_equal(meta->identity[15], 255);
	assert_int_equal(meta->epoch, 42);
	assert_int_equal(meta->from_unix_ns, NOON_NS);
	assert_int_equal(meta->to_unix_ns, NOON_NS + MINUTES_5);
	assert_int_equal(meta->slot_unix_ns, NOON_NS);
	assert_int_equal(meta->interval_s, 300);
	assert_int_equal(meta->flags, NFM_SNAPSHOT_PARTIAL);
	assert_int_equal(meta->earlier_slots, 0);
	assert_int_equal(meta->gap_count, 0);
}

static void assert_customer(const struct nfm_snapshot_customer *c, const char *id)
{
	bool alice = id[0] == 'a';

	assert_string_equal(c->id, id);
	assert_string_equal(c->name, alice ? "Alice" : "");
	assert_int_equal(c->prefix_count, alice ? 2 : 0);
	assert_int_equal(c->earlier_count, 0);
	if (!alice) {
		assert_count(&c->up, UINT64_MAX, 5, 1ULL << 63);
		assert_memory_equal(&c->down, &nothing, sizeof(nothing));
		return;
	}
	assert_count(&c->up, 1, 2, 3);
	assert_count(&c->down, 127, 128, 16384);
	assert_int_equal(c->prefixes[0].bits, 24);
	assert_int_equal(c->prefixes[1].family, 6);
	assert_int_equal(c->prefixes[1].addr[15], 1);
}

static void assert_totals(const struct nfm_snapshot_reader *r)
{
	struct nfm_snapshot_count unmatched, local, total;
	uint32_t count = 7;

	nfm_snapshot_reader_totals(r, &unmatched, &local, &total);
	assert_count(&unmatched, 10, 20, 30);
	assert_count(&local, 11, 21, 31);
	assert_count(&total, 12, 22, 32);
	nfm_snapshot_reader_earlier(r, NFM_ROW_UNMATCHED, &count);
	assert_int_equal(count, 0);
}

static void assert_sample(struct nfm_snapshot_reader *r)
{
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;

	assert_meta(nfm_snapshot_reader_meta(r));
	assert_totals(r);
	assert_int_equal(nfm_snapshot_reader_customer_count(r), 2);
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 1);
	assert_customer(&customer, "bob");
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 1);
	assert_customer(&customer, "alice");
	assert_int_equal(nfm_snapshot_reader_customer(r, &customer), 0);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &exporter), 1);
	assert_string_equal(exporter.name, "core-1");
	assert_int_equal(exporter.lost, 7);
	assert_int_equal(exporter.stream_count, 2);
	assert_int_equal(exporter.streams[1].domain, UINT32_MAX);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &exporter), 0);
	assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 1);
	assert_int_equal(reason.reason, 21);
	assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 0);
}

static void version_1_is_read(void **state)
{
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_snapshot_meta meta;

	(void)state;
	put_bytes(sample, sizeof(sample));
	assert_int_equal(nfm_snapshot_reader_open(in_folder("damaged"), &r, NULL), 0);
	assert_sample(r);
	nfm_snapshot_reader_free(r);
	assert_int_equal(nfm_snapshot_stream_open(in_folder("damaged"), &r, NULL), 0);
	assert_sample(r);
	nfm_snapshot_reader_free(r);
	assert_int_equal(nfm_snapshot_header_read(in_folder("damaged"), &meta, NULL), 0);
	assert_meta(&meta);
}

static void customers_of_version_1_are_found(void **state)
{
	static const char *const ids[] = { "alice", "bob" };
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_snapshot_customer c;

	(void)state;
	put_bytes(sample, sizeof(sample));
	for (size_t i = 0; i < NFM_ARRAY_SIZE(ids); i++) {
		assert_int_equal(nfm_snapshot_find_customer(in_folder("damaged"), ids[i], &r, &c,
							    NULL), 1);
		assert_customer(&c, ids[i]);
		assert_totals(r);
		assert_int_equal(nfm_snapshot_reader_customer(r, &c), 0);
		nfm_snapshot_reader_free(r);
	}
	r = NULL;
	assert_int_equal(nfm_snapshot_find_customer(in_folder("damaged"), "b", &r, &c, NULL), 0);
	assert_null(r);
}

static void every_flipped_bit_of_version_1_is_refused(void **state)
{
	char file[sizeof(sample)];
	struct nfm_snapshot_meta m;

	(void)state;
	memcpy(file, sample, sizeof(file));
	assert_int_equal(stream_bytes(file, sizeof(file)), 4);
	for (size_t bit = 0; bit < sizeof(file) * 8; bit++) {
		bool in_header = bit / 8 < sizeof(struct nfm_snapshot_header_v1);

		file[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(open_bytes(file, sizeof(file), NULL), -EBADMSG);
		assert_int_equal(stream_bytes(file, sizeof(file)), -EBADMSG);
		assert_int_equal(nfm_snapshot_header_read(in_folder("damaged"), &m, NULL),
				 in_header ? -EBADMSG : 0);
		file[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < sizeof(file); len++)
		assert_int_equal(open_bytes(file, len, NULL), -EBADMSG);
}

/* ---- hostile files: every checksum is right ---- */

/* A file around any raw payload; `h` gives the numbers that are told of it. */
static int open_raw(const void *raw, size_t len, const struct nfm_snapshot_header_v1 *told)
{
	size_t room = sizeof(*told) + ZSTD_compressBound(len);
	_cleanup_free_ char *file = calloc(1, room);
	struct nfm_snapshot_header_v1 *h = (struct nfm_snapshot_header_v1 *)file;
	size_t packed;

	packed = ZSTD_compress(file + sizeof(*h), room - sizeof(*h), raw, len, 1);
	assert_false(ZSTD_isError(packed));
	*h = *told;
	memcpy(h->magic, NFM_SNAPSHOT_MAGIC, sizeof(h->magic));
	h->version_le = htole32(1);
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
	open_raw(text, sizeof(text) - 1, &(struct nfm_snapshot_header_v1){ __VA_ARGS__ })

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
	assert_int_equal(open_raw(zeros, BOMB, &(struct nfm_snapshot_header_v1){ .epoch_le = 1 }),
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
		taken += !open_raw(raw, sizeof(raw), &(struct nfm_snapshot_header_v1){ ONE });
	}
	assert_in_range(taken, 1, 2999);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(version_1_is_read),
		TEST(customers_of_version_1_are_found),
		TEST(every_flipped_bit_of_version_1_is_refused),
		TEST(counts_are_checked),
		TEST(forms_are_checked),
		TEST(entries_are_checked),
		TEST(a_frame_that_unpacks_to_more_is_refused),
		TEST(a_trap_is_seen_in_its_header),
		TEST(random_payloads_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
