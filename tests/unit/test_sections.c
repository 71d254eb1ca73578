// SPDX-License-Identifier: GPL-2.0-only
/* Files of many blocks: one customer is found in them, and damage comes out nowhere. */
#include "snapshot_bytes.h"

#include "snapshot/block.h"

#define CUSTOMERS 6000U /* some ten blocks */
#define PREFIXES_MANY 9000U /* of one of them: an entry that is larger than a block */
#define LARGE 4001U

static struct nfm_prefix many[PREFIXES_MANY];
static char path[PATH_MAX];

static const char *id_of(uint32_t i)
{
	static char id[32];

	snprintf(id, sizeof(id), "c%06u", 10 * i);
	return id;
}

static uint64_t bytes_of(uint32_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ULL;
}

static void write_exporters(struct nfm_snapshot_writer *w)
{
	static struct nfm_snapshot_stream streams[3000];

	for (uint32_t i = 0; i < 20; i++) {
		struct nfm_snapshot_exporter e = { .name = "r", .lost = i };

		for (uint32_t k = 0; k < NFM_ARRAY_SIZE(streams); k++)
			streams[k].domain = k * i;
		e.streams = streams;
		e.stream_count = NFM_ARRAY_SIZE(streams);
		assert_int_equal(nfm_snapshot_writer_exporter(w, &e), 0);
	}
	for (uint32_t i = 0; i < 60; i++) {
		struct nfm_snapshot_reason r = { i, i, i };

		assert_int_equal(nfm_snapshot_writer_reason(w, &r), 0);
	}
}

static void write_file(void)
{
	static const struct nfm_snapshot_meta meta = {
		.from_unix_ns = NOON_NS,
		.to_unix_ns = NOON_NS,
		.interval_s = 300,
		.earlier_slots = 8,
	};
	static const struct nfm_snapshot_count count = { 1, 2, 3 };
	struct nfm_snapshot_writer *w;

	assert_int_equal(nfm_snapshot_writer_open(folder, &meta, &w, NULL), 0);
	for (uint32_t i = 0; i < PREFIXES_MANY; i++) {
		many[i] = (struct nfm_prefix){ .family = 4, .bits = 32 };
		memcpy(many[i].addr, &(uint32_t){ i * 0x9e3779b9U }, 4);
	}
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		struct nfm_snapshot_earlier earlier = { 1 + i % 8, i, 1 };
		struct nfm_snapshot_customer c = {
			.id = id_of(i),
			.name = "a name of some length",
			.prefixes = many,
			.prefix_count = i == LARGE ? PREFIXES_MANY : i % 3,
			.up = { bytes_of(i), i, i },
			.earlier = &earlier,
			.earlier_count = i % 2,
		};

		assert_int_equal(nfm_snapshot_writer_customer(w, &c), 0);
	}
	write_exporters(w);
	assert_int_equal(nfm_snapshot_writer_commit(w, &count, &count, &count, path, sizeof(path),
						    NULL), 0);
	nfm_snapshot_writer_free(w);
}

static int setup_file(void **state)
{
	int code = setup(state);

	if (!code)
		write_file();
	return code;
}

static bool is_customer(const struct nfm_snapshot_customer *c, uint32_t i)
{
	uint32_t prefixes = i == LARGE ? PREFIXES_MANY : i % 3;

	return !strcmp(c->id, id_of(i)) && c->up.bytes == bytes_of(i) && c->up.flows == i &&
	       c->earlier_count == i % 2 && c->prefix_count == prefixes &&
	       (!prefixes || !memcmp(c->prefixes, many, prefixes * sizeof(*many))) &&
	       (i % 2 == 0 || (c->earlier->back == 1 + i % 8 && c->earlier->up_bytes == i));
}

/* Reads front to back; what comes out is what was written. 0 at the end, or the failure. */
static int stream_all(const char *file, uint32_t *exporters)
{
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_snapshot_customer c;
	struct nfm_snapshot_exporter e;
	int code = nfm_snapshot_stream_open(file, &r, NULL);
	uint32_t i = 0;

	*exporters = 0;
	if (code)
		return code;
	for (; (code = nfm_snapshot_reader_customer(r, &c)) == 1; i++)
		assert_true(i < CUSTOMERS && is_customer(&c, i));
	if (!code)
		assert_int_equal(i, CUSTOMERS);
	while (!code && (code = nfm_snapshot_reader_exporter(r, &e)) == 1) {
		assert_int_equal(e.lost, *exporters);
		assert_int_equal(e.stream_count, 3000);
		assert_int_equal(e.streams[2999].domain, 2999 * *exporters);
		++*exporters;
		code = 0;
	}
	nfm_snapshot_reader_free(r);
	return code;
}

static void many_blocks_are_read(void **state)
{
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_customer c;
	uint32_t exporters;

	(void)state;
	assert_int_equal(stream_all(path, &exporters), 0);
	assert_int_equal(exporters, 20);
	assert_int_equal(nfm_snapshot_reader_open(path, &r, NULL), 0);
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		assert_int_equal(nfm_snapshot_reader_customer(r, &c), 1);
		assert_true(is_customer(&c, i));
	}
	assert_int_equal(nfm_snapshot_reader_customer(r, &c), 0);
	nfm_snapshot_reader_free(r);
}

/* Later sections without those before them, from anywhere. */
static void sections_are_passed_over(void **state)
{
	static const uint32_t taken[] = { 0, 1, 700, CUSTOMERS };
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_customer c;
	struct nfm_snapshot_exporter e;
	struct nfm_snapshot_reason reason;

	(void)state;
	for (size_t k = 0; k < 2 * NFM_ARRAY_SIZE(taken); k++) {
		assert_int_equal(nfm_snapshot_stream_open(path, &r, NULL), 0);
		for (uint32_t i = 0; i < taken[k / 2]; i++)
			assert_int_equal(nfm_snapshot_reader_customer(r, &c), 1);
		if (k % 2)
			assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 1);
		for (uint32_t i = 0; i < 60; i++) {
			assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 1);
			assert_int_equal(reason.reason, i);
		}
		assert_int_equal(nfm_snapshot_reader_reason(r, &reason), 0);
		assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 0);
		assert_int_equal(nfm_snapshot_reader_customer(r, &c), 0);
		nfm_snapshot_reader_free(r);
	}
}

static int find(const char *file, const char *id, uint32_t i)
{
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_snapshot_count unmatched, local, total;
	struct nfm_snapshot_customer c, other;
	struct nfm_snapshot_exporter e;
	int code = nfm_snapshot_find_customer(file, id, &r, &c, NULL);

	if (code != 1) {
		assert_null(r);
		return code;
	}
	assert_true(is_customer(&c, i));
	assert_int_equal(nfm_snapshot_reader_meta(r)->from_unix_ns, NOON_NS);
	nfm_snapshot_reader_totals(r, &unmatched, &local, &total);
	assert_int_equal(total.flows, 3);
	assert_int_equal(nfm_snapshot_reader_customer(r, &other), 0);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 0);
	nfm_snapshot_reader_free(r);
	return 1;
}

static void each_customer_is_found(void **state)
{
	static const char *const absent[] = { "", "b", "c", "c000000x", "c000001", "c040011",
					      "c059991", "d" };

	(void)state;
	for (uint32_t i = 0; i < CUSTOMERS; i++)
		assert_int_equal(find(path, id_of(i), i), 1);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(absent); i++)
		assert_int_equal(find(path, absent[i], 0), 0);
	assert_int_equal(find(in_folder("none"), "c000000", 0), -ENOENT);
}

/* How a file with one bit flipped is read; true if looking for one customer saw it as well. */
static bool flip(struct bytes *b, size_t bit, uint32_t wanted)
{
	const char *file = in_folder("damaged");
	struct nfm_snapshot_reader *r = NULL;
	uint32_t exporters;
	int code;

	b->data[bit / 8] ^= (char)(1 << bit % 8);
	put_bytes(b->data, b->len);
	b->data[bit / 8] ^= (char)(1 << bit % 8);
	assert_int_equal(nfm_snapshot_reader_open(file, &r, NULL), -EBADMSG);
	code = stream_all(file, &exporters);
	assert_true(code == -EBADMSG || (!code && exporters == 20)); /* in the reasons' block */
	code = find(file, id_of(wanted), wanted);
	assert_true(code == -EBADMSG || code == 1);
	return code != 1;
}

static void damage_comes_out_nowhere(void **state)
{
	struct bytes b = {};
	unsigned int seen = 0;

	(void)state;
	assert_int_equal(nfm_io_read_file(path, 1 << 22, &b.data, &b.len), 0);
	srandom(4);
	for (int round = 0; round < 150; round++)
		seen += flip(&b, (size_t)random() % (b.len * 8), (uint32_t)random() % CUSTOMERS);
	assert_in_range(seen, 1, 149); /* it reads its own block, and not the others */
	for (size_t byte = 0; byte < sizeof(struct nfm_snapshot_header); byte += 7)
		assert_true(flip(&b, byte * 8, 5));
	for (size_t byte = b.len - 40; byte < b.len; byte += 7)
		assert_true(flip(&b, byte * 8, 5)); /* the foot */
	free(b.data);
}

/* Whoever asks for the reasons sees that their block is damaged. */
static void every_block_of_a_section_is_verified(void **state)
{
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_snapshot_reason reason;
	struct nfm_snapshot_header h;
	struct bytes b = {};

	(void)state;
	assert_int_equal(nfm_io_read_file(path, 1 << 22, &b.data, &b.len), 0);
	memcpy(&h, b.data, sizeof(h));
	b.data[le64toh(h.foot_at_le) - 1] ^= 1;
	put_bytes(b.data, b.len);
	free(b.data);
	assert_int_equal(nfm_snapshot_stream_open(in_folder("damaged"), &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_reason(r, &reason), -EBADMSG);
	assert_int_equal(nfm_snapshot_reader_reason(r, &reason), -EBADMSG);
	nfm_snapshot_reader_free(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_file, teardown)
	const struct CMUnitTest tests[] = {
		TEST(many_blocks_are_read),
		TEST(sections_are_passed_over),
		TEST(each_customer_is_found),
		TEST(damage_comes_out_nowhere),
		TEST(every_block_of_a_section_is_verified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
