// SPDX-License-Identifier: GPL-2.0-only
/* NetFlow v1, v5 and v7: what is counted to whom, exactly, and what is rejected whole. */
#include "fixture.h"
#include "wire.h"

#define MOST 33U

static const struct nfm_packet plain = {};

struct version {
	uint16_t version;
	uint32_t header, record, most;
};

static const struct version versions[] = {
#define VERSION(version, header, record, most, sequence) { version, header, record, most },
	NFM_WIRE_FIXED(VERSION)
#undef VERSION
};

#define FOR_VERSIONS(v)                                                                           \
	for (const struct version *v = versions;                                                  \
	     v < versions + sizeof(versions) / sizeof(versions[0]); v++)

/* Record i: from Alice, i + 1 packets, 1000 × (i + 1) bytes. */
static void make_records(struct nfm_record *record, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		record[i] = (struct nfm_record){
			.src = A1, .dst = REMOTE, .packets = i + 1, .bytes = 1000 * (i + 1)
		};
}

static void expect_records(uint32_t count)
{
	uint64_t packets = (uint64_t)count * (count + 1) / 2;

	expect_counted(EXPORTER, count, 1000 * packets, packets);
	expect_up(ALICE, 1000 * packets, packets, count);
}

static void every_count_that_a_version_allows(void **state)
{
	struct nfm_record record[MOST];

	(void)state;
	make_records(record, MOST);
	FOR_VERSIONS(v) {
		for (uint16_t count = 1; count <= v->most; count++) {
			const struct nfm_export header = { .version = v->version, .count = count };

			assert_int_equal(fresh(NULL), 0);
			expect_records(count);
			assert_verdict("count", run_export(&plain, &header, record, count), DROP);
			assert_rows("count");
			assert_no_punt("count");
		}
	}
}

static void a_header_without_records_is_rejected(void **state)
{
	struct nfm_record record[1];

	(void)state;
	make_records(record, 1);
	FOR_VERSIONS(v) {
		const struct nfm_export header = { .version = v->version };

		for (uint32_t records = 0; records <= 1; records++) {
			assert_int_equal(fresh(NULL), 0);
			expect_rejected(EXPORTER, NFM_REASON_EMPTY, 0);
			assert_verdict("empty", run_export(&plain, &header, record, records), DROP);
			assert_rows("empty");
		}
	}
}

/* What a header may announce, and what the datagram holds. */
static void more_than_there_is_is_rejected_whole(void **state)
{
	static const struct {
		uint16_t count, held, reason;
	} cases[] = {
		{ 2, 1, NFM_REASON_TRUNCATED },	    { 28, 27, NFM_REASON_TRUNCATED },
		{ 1, 0, NFM_REASON_TRUNCATED },	    { 31, 27, NFM_REASON_COUNT },
		{ 31, 30, NFM_REASON_COUNT },	    { 65535, 1, NFM_REASON_COUNT },
		{ 0x1e00, 28, NFM_REASON_COUNT }, /* 30, byte-swapped */
	};
	struct nfm_record record[MOST];

	(void)state;
	make_records(record, MOST);
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const struct nfm_export header = { .version = v->version,
							   .count = cases[i].count };

			assert_int_equal(fresh(NULL), 0);
			expect_rejected(EXPORTER, cases[i].reason, cases[i].held);
			assert_verdict("announced",
				       run_export(&plain, &header, record, cases[i].held), DROP);
			assert_rows("announced");
			assert_no_punt("announced");
		}
	}
}

static void a_byte_too_few_and_a_byte_too_many(void **state)
{
	struct nfm_record record[MOST];

	(void)state;
	make_records(record, MOST);
	FOR_VERSIONS(v) {
		const struct nfm_export header = { .version = v->version, .count = 5 };
		uint32_t length = nfm_export_build(payload, &header, record, 5);

		assert_int_equal(fresh(NULL), 0);
		expect_rejected(EXPORTER, NFM_REASON_TRUNCATED, 4);
		assert_verdict("a byte less", run_payload(payload, length - 1), DROP);
		assert_rows("a byte less");

		assert_int_equal(fresh(NULL), 0);
		expect_records(5);
		assert_verdict("a byte more", run_payload(payload, length + 1), DROP);
		assert_rows("a byte more");

		/* six records, of which the header counts five */
		assert_int_equal(fresh(NULL), 0);
		nfm_export_build(payload, &header, record, 6);
		expect_records(5);
		assert_verdict("a record more", run_payload(payload, length + v->record), DROP);
		assert_rows("a record more");
	}
}

static void shorter_than_a_header_is_rejected(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		for (uint32_t length = 0; length <= v->header; length++) {
			const struct nfm_export header = { .version = v->version, .count = 1 };

			assert_int_equal(fresh(NULL), 0);
			nfm_export_build(payload, &header, NULL, 0);
			expect_rejected(EXPORTER,
					length == v->header ? NFM_REASON_TRUNCATED :
							      NFM_REASON_SHORT,
					0);
			assert_verdict("short", run_payload(payload, length), DROP);
			assert_rows("short");
		}
	}
}

static void other_versions_are_rejected(void **state)
{
	static const uint16_t wrong[] = { 0, 2, 3, 4, 6, 8, 11, 0x0500, 0xffff };
	struct nfm_record record[1];

	(void)state;
	make_records(record, 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct nfm_export header = { .count = 1 };
		uint32_t length = nfm_export_build(payload, &header, record, 1);

		payload[0] = (uint8_t)(wrong[i] >> 8);
		payload[1] = (uint8_t)wrong[i];
		assert_int_equal(fresh(NULL), 0);
		expect_rejected(EXPORTER, NFM_REASON_VERSION, 0);
		assert_verdict("version", run_payload(payload, length), DROP);
		assert_rows("version");
		assert_no_punt("version");
	}
}

/* One record each: to whom it is counted. */
static void up_down_local_unmatched(void **state)
{
	static const struct {
		const char *name;
		uint32_t src, dst;
		uint32_t up, down; /* rows; 0: none */
	} cases[] = {
		{ "up", A1, REMOTE, ALICE, 0 },
		{ "down", REMOTE, A1, 0, ALICE },
		{ "nobody", REMOTE, REMOTE + 1, 0, 0 },
		{ "two customers", A1, B7, ALICE, BOB },
		{ "the other way", B7, A1, BOB, ALICE },
		{ "one customer, both sides", B7, B7 + 1, BOB, BOB },
		{ "a neighbour of a /32", A1 + 1, REMOTE, 0, 0 },
		{ "last of a /24", 0x0a0001ff, REMOTE, BOB, 0 },
		{ "next after a /24", 0x0a000200, REMOTE, 0, 0 },
		{ "/15, upper half", C9, REMOTE, CAROL, 0 },
		{ "/15, first", REMOTE, 0x0a020000, 0, CAROL },
		{ "before a /15", REMOTE, 0x0a01ffff, 0, 0 },
		{ "behind a /15", REMOTE, 0x0a040000, 0, 0 },
		{ "/7", D1, REMOTE, DAVE, 0 },
		{ "/7, lower half", REMOTE, 0x28000000, 0, DAVE },
		{ "behind a /7", 0x2a000000, REMOTE, 0, 0 },
		{ "a /32 within a /7", E1, D1, ERIN, DAVE },
		{ "its neighbours", E1 - 1, E1 + 1, DAVE, DAVE },
		{ "0.0.0.0 and broadcast", 0, 0xffffffff, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct nfm_record record = { .src = cases[i].src,
						   .dst = cases[i].dst,
						   .packets = 0x00100000,
						   .bytes = 0xfffffffe };
		const struct nfm_export header = { .count = 1 };

		assert_int_equal(fresh(NULL), 0);
		for (int n = 1; n <= 3; n++) {
			expect_counted(EXPORTER, 1, 0xfffffffe, 0x00100000);
			expect_flow(cases[i].up, cases[i].down, 0xfffffffe, 0x00100000);
			assert_verdict(cases[i].name, run_export(&plain, &header, &record, 1),
				       DROP);
			assert_rows(cases[i].name);
		}
	}
}

static void a_customer_without_row_is_unmatched_and_noted(void **state)
{
	static const struct nfm_record record[] = {
		{ .src = FULL1, .dst = REMOTE, .packets = 1, .bytes = 100 },
		{ .src = REMOTE, .dst = FULL1, .packets = 2, .bytes = 200 },
		{ .src = FULL1, .dst = FULL1 + 1, .packets = 3, .bytes = 300 },
		{ .src = FULL1, .dst = A1, .packets = 4, .bytes = 400 },
		{ .src = A1, .dst = FULL1, .packets = 5, .bytes = 500 },
		{ .src = A1, .dst = REMOTE, .packets = 6, .bytes = 600 },
	};
	const struct nfm_export header = { .count = 6 };

	(void)state;
	expect_counted(EXPORTER, 6, 2100, 21);
	expect_up(NFM_ROW_UNMATCHED, 600, 6, 3);
	expect_down(ALICE, 400, 4, 1);
	expect_up(ALICE, 1100, 11, 2);
	expect_reason(NFM_REASON_CUSTOMERS_FULL, 5);
	assert_verdict("full", run_export(&plain, &header, record, 6), DROP);
	assert_rows("full");
	assert_no_punt("full");
}

static void sampling(void **state)
{
	static const struct {
		const char *name;
		uint16_t version, header;
		uint32_t num, den;
		uint64_t bytes, packets; /* of 1001 bytes, 3 packets */
	} cases[] = {
		{ "none", 5, 0, 0, 0, 1001, 3 },
		{ "1", 5, 1, 0, 0, 1001, 3 },
		{ "mode bits and 100", 5, 0x4064, 0, 0, 100100, 300 },
		{ "mode bits alone", 5, 0xc000, 0, 0, 1001, 3 },
		{ "most", 5, 0x3fff, 0, 0, 1001ULL * 16383, 3 * 16383 },
		{ "v7 has no such word", 7, 0x4064, 0, 0, 1001, 3 },
		{ "v1 neither", 1, 0, 0, 0, 1001, 3 },
		{ "the exporter's, over the header's", 5, 0x4064, 10, 1, 10010, 30 },
		{ "1: the header's is not believed", 5, 0x4064, 1, 1, 1001, 3 },
		{ "den 0 is 1", 5, 0, 10, 0, 10010, 30 },
		{ "v1, the exporter's", 1, 0, 10, 1, 10010, 30 },
		{ "v7, the exporter's", 7, 0, 10, 1, 10010, 30 },
		{ "3/2, half goes up", 5, 0, 3, 2, 1502, 5 },
		{ "1/3", 5, 0, 1, 3, 334, 1 },
		{ "1/10, below half goes down", 5, 0, 1, 10, 100, 0 },
		{ "1/1002", 5, 0, 1, 1002, 1, 0 },
		{ "1/2002", 5, 0, 1, 2002, 1, 0 },
		{ "1/2003", 5, 0, 1, 2003, 0, 0 },
		{ "greatest", 5, 0, 0xffffffff, 1, 1001 * 0xffffffffULL, 3 * 0xffffffffULL },
		{ "greatest over greatest", 5, 0, 0xffffffff, 0xffffffff, 1001, 3 },
	};
	static const struct nfm_record record = { .src = A1, .dst = REMOTE, .packets = 3,
						  .bytes = 1001 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct nfm_export header = { .version = cases[i].version,
						   .count = 1,
						   .sampling = cases[i].header };

		assert_int_equal(fresh(NULL), 0);
		assert_int_equal(nfm_prog_admit(&prog, NFM_SOURCE, EXPORTER, cases[i].num,
						cases[i].den), 0);
		expect_counted(EXPORTER, 1, cases[i].bytes, cases[i].packets);
		expect_up(ALICE, cases[i].bytes, cases[i].packets, 1);
		assert_verdict(cases[i].name, run_export(&plain, &header, &record, 1), DROP);
		assert_rows(cases[i].name);
	}
}

/* The most that 64 bits have to hold: (2^32 - 1)^2, and half the denominator for rounding. */
static void the_greatest_product_does_not_overflow(void **state)
{
	const uint32_t packets = 0xffffffff / 20; /* as many as those bytes can be */
	const struct nfm_record record = { .src = A1, .dst = REMOTE, .packets = packets,
					   .bytes = 0xffffffff };
	const struct nfm_export header = { .count = 1 };

	(void)state;
	assert_int_equal(nfm_prog_admit(&prog, NFM_SOURCE, EXPORTER, 0xffffffff, 0xffffffff), 0);
	expect_counted(EXPORTER, 1, 0xffffffff, packets);
	expect_up(ALICE, 0xffffffff, packets, 1);
	assert_verdict("product", run_export(&plain, &header, &record, 1), DROP);
	assert_rows("product");
}

/* Three records of Alice's. */
static void expect_three(const struct nfm_record *record)
{
	uint64_t bytes = (uint64_t)record[0].bytes + record[1].bytes + record[2].bytes;
	uint64_t packets = (uint64_t)record[0].packets + record[1].packets + record[2].packets;

	expect_counted(EXPORTER, 3, bytes, packets);
	expect_up(ALICE, bytes, packets, 3);
}

/* Records that cannot be as they are: the agent looks at them, wherever they stand. */
static void odd_records_are_handed_over(void **state)
{
	static const struct {
		const char *name;
		struct nfm_record record;
		int is_odd;
	} cases[] = {
		{ "20 bytes a packet", { A1, REMOTE, 100, 2000 }, 0 },
		{ "a byte less: wrapped", { A1, REMOTE, 100, 1999 }, 1 },
		{ "65,535 a packet", { A1, REMOTE, 100, 6553500 }, 0 },
		{ "a byte more", { A1, REMOTE, 100, 6553501 }, 1 },
		{ "nothing", { A1, REMOTE, 0, 0 }, 1 },
		{ "bytes without packets", { A1, REMOTE, 0, 1500 }, 1 },
		{ "packets without bytes", { A1, REMOTE, 1, 0 }, 1 },
		{ "to itself", { A1, A1, 1, 1500 }, 1 },
		{ "0.0.0.0 to 0.0.0.0", { 0, 0, 1, 1500 }, 1 },
		{ "greatest", { A1, REMOTE, 0xffffffff, 0xffffffff }, 1 },
	};

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const struct nfm_export header = { .version = v->version, .count = 3 };
			struct nfm_record record[3];

			make_records(record, 3);
			record[i % 3] = cases[i].record;
			assert_int_equal(fresh(NULL), 0);
			if (cases[i].is_odd)
				expect_punt(NFM_REASON_ODD);
			else
				expect_three(record);
			assert_verdict(cases[i].name, run_export(&plain, &header, record, 3), DROP);
			assert_rows(cases[i].name);
			if (cases[i].is_odd)
				assert_punt(cases[i].name, NFM_REASON_ODD, NFM_SOURCE,
					    v->header + 3 * v->record);
			else
				assert_no_punt(cases[i].name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_count_that_a_version_allows),
		cmocka_unit_test(a_header_without_records_is_rejected),
		cmocka_unit_test(more_than_there_is_is_rejected_whole),
		cmocka_unit_test(a_byte_too_few_and_a_byte_too_many),
		cmocka_unit_test(shorter_than_a_header_is_rejected),
		cmocka_unit_test(other_versions_are_rejected),
		cmocka_unit_test(up_down_local_unmatched),
		cmocka_unit_test_setup(a_customer_without_row_is_unmatched_and_noted, fresh),
		cmocka_unit_test(sampling),
		cmocka_unit_test_setup(the_greatest_product_does_not_overflow, fresh),
		cmocka_unit_test(odd_records_are_handed_over),
	};

	return cmocka_run_group_tests(tests, load_group, close_group);
}
