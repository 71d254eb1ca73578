// SPDX-License-Identifier: GPL-2.0-only
/* Damaged and hostile snapshot files: nothing of them is given out, and they do no harm. */
#include "snapshot_bytes.h"

#include "snapshot/block.h"

/* A file of one customer, one exporter and one reason. */
static void write_sample(char *path)
{
	static const struct nfm_snapshot_meta meta = {
		.identity = "0123456789abcde",
		.epoch = 42,
		.from_unix_ns = NOON_NS,
		.to_unix_ns = NOON_NS + MINUTES_5,
		.slot_unix_ns = NOON_NS,
		.interval_s = 300,
		.earlier_slots = 8,
	};
	static const struct nfm_prefix prefix = { .addr = { 10, 1, 2 }, .family = 4, .bits = 24 };
	static const struct nfm_snapshot_count count = { 1, 2, 3 };
	static const struct nfm_snapshot_earlier earlier[] = { { 1, 1, 0 }, { 8, 0, 100 } };
	static const struct nfm_snapshot_customer customer = {
		"alice", "Alice", &prefix, 1, { 1, 2, 3 }, { 127, 128, 16384 },
		earlier, 2,
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
	nfm_snapshot_writer_earlier(w, NFM_ROW_LOCAL, earlier, 1);
	assert_int_equal(nfm_snapshot_writer_commit(w, &count, &count, &count, path, PATH_MAX,
						    NULL),
			 0);
	nfm_snapshot_writer_free(w);
}

/* ---- damaged files ---- */

static struct bytes sample_bytes(void)
{
	struct bytes b = {};
	char path[PATH_MAX];

	write_sample(path);
	assert_int_equal(nfm_io_read_file(path, 1 << 20, &b.data, &b.len), 0);
	assert_int_equal(remove(path), 0);
	return b;
}

static void every_flipped_bit_is_refused(void **state)
{
	struct bytes b = sample_bytes();
	struct nfm_snapshot_meta m;

	(void)state;
	assert_int_equal(open_bytes(b.data, b.len, NULL), 0);
	assert_int_equal(stream_bytes(b.data, b.len), 3);
	assert_in_range(b.len, 400, 2000);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		bool in_header = bit / 8 < sizeof(struct nfm_snapshot_header);

		b.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(open_bytes(b.data, b.len, NULL), -EBADMSG);
		assert_int_equal(stream_bytes(b.data, b.len), -EBADMSG);
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

struct part {
	uint8_t kind;
	const char *raw;
	size_t len;
	uint32_t entries;
};

#define FILE_BYTES (64U << 10)

struct made {
	char *file;
	struct nfm_snapshot_header *header;
	size_t len;
};

static struct made made_open(const struct nfm_snapshot_header *told)
{
	struct made m = { .file = calloc(1, FILE_BYTES), .len = sizeof(*told) };

	assert_non_null(m.file);
	m.header = (struct nfm_snapshot_header *)m.file;
	*m.header = *told;
	memcpy(m.header->magic, NFM_SNAPSHOT_MAGIC, sizeof(m.header->magic));
	m.header->version_le = htole32(NFM_SNAPSHOT_VERSION);
	m.header->header_size_le = htole32(sizeof(*told));
	return m;
}

static uint64_t made_seed(const struct made *m)
{
	return nfm_block_seed(m->header->identity, le64toh(m->header->epoch_le), m->len);
}

/* Returns the block's size. */
static size_t made_block(struct made *m, const struct part *part)
{
	struct nfm_block_packer packer = {};
	int64_t size = nfm_block_pack(&packer, part->kind, (const uint8_t *)part->raw, part->len,
				      part->entries, made_seed(m));

	assert_in_range(size, sizeof(struct nfm_snapshot_block), FILE_BYTES - m->len);
	memcpy(m->file + m->len, packer.packed, (size_t)size);
	m->len += (size_t)size;
	nfm_block_packer_free(&packer);
	return (size_t)size;
}

static int made_finish(struct made *m, const char *foot, size_t len)
{
	int code;

	m->header->foot_at_le = htole64(m->len);
	m->header->foot_size_le = htole64(len);
	m->header->foot_xxh3_le = htole64(XXH3_64bits(foot, len));
	memcpy(m->file + m->len, foot, len);
	m->len += len;
	seal(m->file);
	code = open_bytes(m->file, m->len, NULL);
	if (!code)
		assert_in_range(stream_bytes(m->file, m->len), 0, 1000);
	free(m->file);
	return code;
}

#define TOTALS "\1\2\3\4\5\6\7\10\11\0\0"

/* A file of these parts; `more` is added to the size that the foot tells of a block. */
static int open_parts(const struct part *parts, size_t count, size_t more,
		      const struct nfm_snapshot_header *told)
{
	struct made m = made_open(told);
	char foot[1024] = TOTALS;
	size_t len = sizeof(TOTALS) - 1, i = 0;

	for (; i < count && parts[i].kind == 'C'; i++) {
		size_t id_bytes = strnlen(parts[i].raw, 299) + 1;
		size_t size = made_block(&m, &parts[i]) + more;

		assert_in_range(size, 0, 127); /* a varint of one byte */
		memcpy(foot + len, parts[i].raw, id_bytes);
		len += id_bytes;
		foot[len++] = (char)size;
	}
	m.header->others_at_le = htole64(m.len);
	for (; i < count; i++)
		made_block(&m, &parts[i]);
	return made_finish(&m, foot, len);
}

#define PART(kind, text, entries) { kind, text, sizeof(text) - 1, entries }
#define OPEN_PARTS(told, ...)                                                                     \
	open_parts((const struct part[]){ __VA_ARGS__ },                                          \
		   NFM_ARRAY_SIZE(((const struct part[]){ __VA_ARGS__ })), 0,                     \
		   &(struct nfm_snapshot_header){ told })
#define CUSTOMERS(n) .customers_le = htole64(n)
#define OTHERS(e, r) .exporters_le = htole64(e), .reasons_le = htole64(r)
#define BOTH(...) __VA_ARGS__
#define NUMBERS "\1\2\3\4\5\6\0"
#define EXPORTER "0123456789abcdefr\0\1\2\3\4\5\6\7\0"

static void counts_are_checked(void **state)
{
	static const struct part a = PART('C', "a\0n\0\0" NUMBERS, 1);
	static const struct part two = PART('C', "a\0n\0\0" NUMBERS, 2);
	static const struct part none = PART('C', "a\0n\0\0" NUMBERS, 0);
	static const struct part e = PART('E', EXPORTER, 1), r = PART('R', "\1\2\3", 1);

	(void)state;
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1)), a), 0);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(2)), a), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(0)), a), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1ULL << 40)), a), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(2)), two), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1)), two), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(0)), none), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), OTHERS(1, 1)), a, e, r), 0);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), OTHERS(1, 2)), a, e, r), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), OTHERS(2, 1)), a, e, r), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), OTHERS(1, 0)), a, e), 0);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), .from_unix_ns_le = htole64(1)), a),
			 -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), .gap_count_le = htole32(8)), a), 0);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), .gap_count_le = htole32(9)), a), -EBADMSG);
}

static void kinds_are_checked(void **state)
{
	static const struct part a = PART('C', "a\0n\0\0" NUMBERS, 1);
	static const struct part e = PART('E', EXPORTER, 1), r = PART('R', "\1\2\3", 1);
	static const struct part wild = PART('X', "\1\2\3", 1);

	(void)state;
	assert_int_equal(OPEN_PARTS(BOTH(OTHERS(1, 1)), e, r), 0);
	assert_int_equal(OPEN_PARTS(BOTH(OTHERS(1, 1)), r, e), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(OTHERS(0, 2)), r, r), 0);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(1), OTHERS(1, 0)), e, a), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(OTHERS(0, 1)), wild), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(OTHERS(1, 0)), e, wild), -EBADMSG);
}

/* Files of one block of customers, and how many it has. */
#define CUSTOMER(n, text)                                                                         \
	OPEN_PARTS(BOTH(CUSTOMERS(n), .earlier_slots_le = htole32(8)), PART('C', text, n))

static void order_is_checked(void **state)
{
	static const struct part a = PART('C', "a\0n\0\0" NUMBERS, 1);
	static const struct part b = PART('C', "b\0n\0\0" NUMBERS, 1);

	(void)state;
	assert_int_equal(CUSTOMER(2, "a\0\0\0" NUMBERS "b\0\0\0" NUMBERS), 0);
	assert_int_equal(CUSTOMER(2, "b\0\0\0" NUMBERS "a\0\0\0" NUMBERS), -EBADMSG);
	assert_int_equal(CUSTOMER(2, "a\0\0\0" NUMBERS "a\0\0\0" NUMBERS), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(2)), a, b), 0);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(2)), b, a), -EBADMSG);
	assert_int_equal(OPEN_PARTS(BOTH(CUSTOMERS(2)), a, a), -EBADMSG);
}

static void entries_are_checked(void **state)
{
	(void)state;
	assert_int_equal(CUSTOMER(1, "a\0b\0\0" NUMBERS), 0);
	assert_int_equal(CUSTOMER(1, "a\0b\0\0" NUMBERS "x"), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0b\0\0\1\2\3\4\5"), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0b"), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\1\4\10\12" NUMBERS), 0);
	assert_int_equal(CUSTOMER(1, "a\0\0\1\5\10\12" NUMBERS), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\1\4\41\1\2\3\4\5" NUMBERS), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\377\377\377\377\17\4\10\12" NUMBERS), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\377\377\77\4\10\12" NUMBERS), -EBADMSG);
	/* earlier slots: 1 to 8, ascending */
	assert_int_equal(CUSTOMER(1, "a\0\0\0\1\2\3\4\5\6\2\1\1\1\10\1\1"), 0);
	assert_int_equal(CUSTOMER(1, "a\0\0\0\1\2\3\4\5\6\2\1\1\1\11\1\1"), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\0\1\2\3\4\5\6\2\0\1\1\10\1\1"), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\0\1\2\3\4\5\6\2\2\1\1\1\1\1"), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\0\1\2\3\4\5\6\2\2\1\1\2\1\1"), -EBADMSG);
	assert_int_equal(CUSTOMER(1, "a\0\0\0\1\2\3\4\5\6\3\1\1\1\2\1\1"), -EBADMSG);
}

#define REASON(text) OPEN_PARTS(BOTH(OTHERS(0, 1)), PART('R', text, 1))

static void varints_are_checked(void **state)
{
	(void)state;
	assert_int_equal(REASON("\377\377\377\377\17\377\377\377\377\377\377\377\377\377\1\0"), 0);
	assert_int_equal(REASON("\377\377\377\377\37\0\0"), -EBADMSG);
	assert_int_equal(REASON("\1\377\377\377\377\377\377\377\377\377\2\0"), -EBADMSG);
	assert_int_equal(REASON("\1\377\377\377\377\377\377\377\377\377\200\0"), -EBADMSG);
	assert_int_equal(REASON("\1\2\200"), -EBADMSG);
}

static int open_id(size_t id_len)
{
	char raw[300];
	const struct nfm_snapshot_header one = { CUSTOMERS(1), .others_at_le = 0 };
	const struct part part = { 'C', raw, id_len + 10, 1 };

	memset(raw, 'x', id_len);
	memcpy(raw + id_len, "\0\0\0\1\2\3\4\5\6", 10);
	return open_parts(&part, 1, 0, &one);
}

static void longest_strings_are_checked(void **state)
{
	(void)state;
	assert_int_equal(open_id(255), 0);
	assert_int_equal(open_id(256), -EBADMSG);
}

static int open_foot(const char *foot, size_t len)
{
	struct made m = made_open(&(struct nfm_snapshot_header){});

	m.header->others_at_le = htole64(m.len);
	return made_finish(&m, foot, len);
}

static void the_foot_is_checked(void **state)
{
	static const struct part a = PART('C', "a\0n\0\0" NUMBERS, 1);
	const struct nfm_snapshot_header one = { CUSTOMERS(1), .others_at_le = 0 };
	struct made m;

	(void)state;
	assert_int_equal(open_foot(TOTALS, sizeof(TOTALS) - 1), 0);
	assert_int_equal(open_foot(TOTALS, sizeof(TOTALS) - 2), -EBADMSG);
	assert_int_equal(open_foot(TOTALS "a\0\50", sizeof(TOTALS) + 2), -EBADMSG);
	assert_int_equal(open_foot("\1\2\3\4\5\6\7\10\11\1\1\1\1\0", 14), -EBADMSG);
	assert_int_equal(open_foot("", 0), -EBADMSG);
	assert_int_equal(open_parts(&a, 1, 1, &one), -EBADMSG);
	m = made_open(&one);
	made_block(&m, &a);
	m.header->others_at_le = htole64(m.len);
	assert_int_equal(made_finish(&m, TOTALS, sizeof(TOTALS) - 1), -EBADMSG);
	m = made_open(&one);
	made_block(&m, &a);
	m.header->others_at_le = htole64(m.len - 1);
	assert_int_equal(made_finish(&m, TOTALS, sizeof(TOTALS) - 1), -EBADMSG);
	m = made_open(&one);
	m.header->others_at_le = htole64(m.len - 1);
	assert_int_equal(made_finish(&m, TOTALS, sizeof(TOTALS) - 1), -EBADMSG);
}

/* A block of `len` zeros whose head says that it is of `told` bytes. */
static int open_zeros(size_t len, uint32_t told)
{
	struct nfm_snapshot_header header = { OTHERS(0, len / 3), .others_at_le = 0 };
	struct nfm_snapshot_block *head;
	char *zeros = calloc(1, len);
	struct part part = { 'R', zeros, len, (uint32_t)len / 3 };
	struct made m = made_open(&header);
	size_t at = m.len, size;
	uint64_t seed = made_seed(&m);

	m.header->others_at_le = htole64(m.len);
	size = made_block(&m, &part);
	free(zeros);
	head = (struct nfm_snapshot_block *)(m.file + at);
	head->raw_size_le = htole32(told);
	head->xxh3_le = htole64(XXH3_64bits_withSeed(m.file + at + 8, size - 8, seed));
	return made_finish(&m, TOTALS, sizeof(TOTALS) - 1);
}

static void blocks_unpack_to_what_they_say(void **state)
{
	(void)state;
	assert_int_equal(open_zeros(300, 300), 0);
	assert_int_equal(open_zeros(300, 299), -EBADMSG);
	assert_int_equal(open_zeros(300, 301), -EBADMSG);
	assert_int_equal(open_zeros(300, 0), -EBADMSG);
	assert_int_equal(open_zeros(NFM_SNAPSHOT_BLOCK_RAW_MAX + 1, NFM_SNAPSHOT_BLOCK_RAW_MAX + 1),
			 -EBADMSG);
}

/* Of another file, or from another place: whole, and yet not what belongs there. */
static void a_block_holds_where_it_was_written(void **state)
{
	static const struct part r = PART('R', "\1\2\3", 1);
	static const uint8_t identity[16] = { 1 };
	struct made m;

	(void)state;
	assert_int_not_equal(nfm_block_seed(identity, 5, 304), nfm_block_seed(identity, 5, 305));
	for (unsigned int wrong = 0; wrong < 3; wrong++) {
		m = made_open(&(struct nfm_snapshot_header){ OTHERS(0, 1), .epoch_le = 5 });
		m.header->others_at_le = htole64(m.len);
		made_block(&m, &r);
		if (wrong == 1)
			m.header->epoch_le = 6;
		if (wrong == 2)
			m.header->identity[15] = 1;
		assert_int_equal(made_finish(&m, TOTALS, sizeof(TOTALS) - 1),
				 wrong ? -EBADMSG : 0);
	}
}

/* Whatever a block has in it: refused or read, and never out of bounds (run under ASan). */
static void random_blocks_do_no_harm(void **state)
{
	static const char good[] = "a\0b\0\1\4\10\12\1\2\3\4\5\6\1\3\1\1";
	int taken = 0;

	(void)state;
	srandom(2);
	for (int round = 0; round < 3000; round++) {
		char raw[sizeof(good) - 1];
		const struct part part = { 'C', raw, sizeof(raw), 1 };

		memcpy(raw, good, sizeof(raw));
		for (long n = random() % 3; n >= 0; n--)
			raw[(size_t)random() % sizeof(raw)] = (char)random();
		if (!memchr(raw, '\0', sizeof(raw)))
			continue;
		taken += !open_parts(&part, 1, 0, &(struct nfm_snapshot_header){
			CUSTOMERS(1), .earlier_slots_le = htole32(8) });
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
		TEST(kinds_are_checked),
		TEST(order_is_checked),
		TEST(entries_are_checked),
		TEST(varints_are_checked),
		TEST(longest_strings_are_checked),
		TEST(the_foot_is_checked),
		TEST(blocks_unpack_to_what_they_say),
		TEST(a_block_holds_where_it_was_written),
		TEST(random_blocks_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
