// SPDX-License-Identifier: GPL-2.0-only
/* Who may send, what is handed over instead of counted, and the books beside the rows. */
#include "batch.h"
#include "fixture.h"
#include "wire.h"

static const struct nfm_packet plain = {};
static const struct nfm_packet stranger = { .source = "192.0.2.77" };
static const struct nfm_record one = { .src = A1, .dst = REMOTE, .packets = 3, .bytes = 1500 };
static const struct nfm_export header_of_one = { .count = 1 };

static void expect_one_counted(void)
{
	expect_counted(EXPORTER, 1, 1500, 3);
	expect_up(ALICE, 1500, 3, 1);
}

/* What becomes of a stranger's datagram by the control flags. */
static void an_unknown_exporter_by_mode(void **state)
{
	static const struct {
		const char *name;
		uint32_t flags, reason;
		int verdict;
	} cases[] = {
		{ "refuse", NFM_CTL_REFUSE, NFM_REASON_REFUSED, DROP },
		{ "refuse, tee", NFM_CTL_REFUSE | NFM_CTL_TEE, NFM_REASON_REFUSED, PASS },
		{ "any", NFM_CTL_ANY_EXPORTER, NFM_REASON_NEW_EXPORTER, DROP },
		{ "any, tee", NFM_CTL_ANY_EXPORTER | NFM_CTL_TEE, NFM_REASON_NEW_EXPORTER, PASS },
		{ "not set up", 0, NFM_REASON_NEW_EXPORTER, DROP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int is_refused = cases[i].reason == NFM_REASON_REFUSED;

		assert_int_equal(fresh(NULL), 0);
		prog.table.ctl->flags = cases[i].flags;
		if (!cases[i].flags)
			prog.table.ctl->magic = 0;
		expect_punt(cases[i].reason);
		assert_verdict(cases[i].name, run_export(&stranger, &header_of_one, &one, 1),
			       cases[i].verdict);
		assert_rows(cases[i].name);
		if (is_refused)
			assert_no_punt(cases[i].name);
		else
			assert_punt(cases[i].name, cases[i].reason, stranger.source, 72);
		assert_int_equal(nfm_prog_refusals(&prog, stranger.source), is_refused);

		/* a known one is counted in every mode */
		expect_one_counted();
		assert_verdict(cases[i].name, run_export(&plain, &header_of_one, &one, 1),
			       cases[i].verdict);
		assert_rows(cases[i].name);
	}
}

static void refused_sources_are_remembered(void **state)
{
	const struct nfm_packet second = { .source = "2001:db8::77" };
	const struct nfm_packet zero = { .source = "0.0.0.0" };

	(void)state;
	for (int i = 0; i < 5; i++)
		run_export(&stranger, &header_of_one, &one, 1);
	run_export(&second, &header_of_one, &one, 1);
	run_export(&zero, &header_of_one, &one, 1);
	assert_int_equal(nfm_prog_refusals(&prog, "192.0.2.77"), 5);
	assert_int_equal(nfm_prog_refusals(&prog, "2001:db8::77"), 1);
	assert_int_equal(nfm_prog_refusals(&prog, "0.0.0.0"), 1);
	assert_int_equal(nfm_prog_refusals(&prog, NFM_SOURCE), 0);
}

/* A flood of forged sources: the memory of them does not grow, and the table stays right. */
static void a_flood_of_sources_costs_no_memory(void **state)
{
	char source[32];
	const struct nfm_packet forged = { .source = source };
	uint32_t known = 0;

	(void)state;
	for (uint32_t i = 0; i < 3 * NFM_REFUSED_ENTRIES; i++) {
		snprintf(source, sizeof(source), "203.0.%u.%u", 100 + i / 256, i % 256);
		expect_punt(NFM_REASON_REFUSED);
		assert_verdict("flood", run_export(&forged, &header_of_one, &one, 1), DROP);
	}
	for (uint32_t i = 0; i < 3 * NFM_REFUSED_ENTRIES; i++) {
		snprintf(source, sizeof(source), "203.0.%u.%u", 100 + i / 256, i % 256);
		known += nfm_prog_refusals(&prog, source) != 0;
	}
	assert_true(known > 0 && known <= NFM_REFUSED_ENTRIES);
	assert_rows("flood");
}

/* Around the sizes of the ring's reservations. */
static void jumbo_frames_are_handed_over_whole(void **state)
{
	static const uint32_t lengths[] = { 2015, 2016, 2017, 3000, 3400 };
	uint8_t bytes[3400];

	(void)state;
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 >> 3);
	bytes[0] = 0;
	bytes[1] = 9;
	bytes[20] = 1; /* one set, 256 or above, of a template that is not there */
	for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
		bytes[22] = (uint8_t)((lengths[j] - 20) >> 8);
		bytes[23] = (uint8_t)(lengths[j] - 20);
		assert_int_equal(fresh(NULL), 0);
		expect_punt(NFM_REASON_NO_TEMPLATE);
		assert_verdict("jumbo", run_payload(bytes, lengths[j]), DROP);
		assert_rows("jumbo");
		assert_punt("jumbo", NFM_REASON_NO_TEMPLATE, NFM_SOURCE, lengths[j]);
	}
}

/* Beyond what a version allows, but there: counted up to the batch's size, else handed over. */
static void the_batch_has_a_limit(void **state)
{
	struct nfm_record record[34];

	(void)state;
	for (uint32_t i = 0; i < 34; i++)
		record[i] = one;
	for (uint16_t count = 30; count <= 34; count++) {
		const struct nfm_export header = { .count = count };

		assert_int_equal(fresh(NULL), 0);
		if (count <= NFM_KERNEL_BATCH) {
			expect_counted(EXPORTER, count, 1500U * count, 3U * count);
			expect_up(ALICE, 1500U * count, 3U * count, count);
		} else {
			expect_punt(NFM_REASON_LARGE);
		}
		assert_verdict("large", run_export(&plain, &header, record, count), DROP);
		assert_rows("large");
		if (count <= NFM_KERNEL_BATCH)
			assert_no_punt("large");
		else
			assert_punt("large", NFM_REASON_LARGE, NFM_SOURCE, 24U + 48U * count);
	}
}

/* One address that has no row yet, anywhere in the datagram: nothing of it is added. */
static void a_new_customer_takes_the_whole_datagram_along(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < 30; at++) {
		for (int side = 0; side < 2; side++) {
			const struct nfm_export header = { .count = 30 };
			struct nfm_record record[30];

			for (uint32_t i = 0; i < 30; i++)
				record[i] = (struct nfm_record){ .src = i % 2 ? A1 : B7,
								 .dst = REMOTE,
								 .packets = 3, .bytes = 1500 };
			*(side ? &record[at].dst : &record[at].src) = NEW1;
			assert_int_equal(fresh(NULL), 0);
			expect_punt(NFM_REASON_NEW_CUSTOMER);
			assert_verdict("new", run_export(&plain, &header, record, 30), DROP);
			assert_rows("new");
			assert_punt("new", NFM_REASON_NEW_CUSTOMER, NFM_SOURCE, 24 + 48 * 30);
			assert_int_equal(prog.table.seqlog[0].head, 0);
		}
	}
	/* once the agent has made the row, the kernel counts it */
	assert_int_equal(fresh(NULL), 0);
	assert_int_equal(nfm_prog_prefix(&prog, "10.9.0.1/32", 9), 0);
	expect_counted(EXPORTER, 1, 1500, 3);
	expect_up(9, 1500, 3, 1);
	{
		const struct nfm_record record = { .src = NEW1, .packets = 3, .bytes = 1500 };

		assert_verdict("made", run_export(&plain, &header_of_one, &record, 1), DROP);
	}
	assert_rows("made");
	assert_no_punt("made");
}

static void a_full_ring_is_a_reason_and_nothing_else(void **state)
{
	const uint32_t fit = RING_BYTES / (2048 + 8);
	const struct nfm_record record = { .src = NEW1, .packets = 3, .bytes = 1500 };
	static struct punts punts;

	(void)state;
	for (uint32_t i = 0; i < fit; i++) {
		expect_punt(NFM_REASON_NEW_CUSTOMER);
		assert_verdict("fits", run_export(&plain, &header_of_one, &record, 1), DROP);
	}
	assert_rows("fits");
	/* the records of a fixed version are known: they are rejected by number */
	expect_rejected(EXPORTER, NFM_REASON_RING_FULL, 1);
	assert_verdict("full", run_export(&plain, &header_of_one, &record, 1), DROP);
	assert_rows("full");
	/* those of a stranger are not */
	prog.table.ctl->flags = NFM_CTL_ANY_EXPORTER;
	expect_punt(NFM_REASON_RING_FULL);
	assert_verdict("full, new exporter", run_export(&stranger, &header_of_one, &record, 1),
		       DROP);
	assert_rows("full, new exporter");
	/* what needs no agent is counted on */
	expect_one_counted();
	assert_verdict("counted", run_export(&plain, &header_of_one, &one, 1), DROP);
	assert_rows("counted");
	drain(&punts);
	assert_int_equal(punts.count, fit);
	expect_punt(NFM_REASON_NEW_CUSTOMER);
	assert_verdict("drained", run_export(&plain, &header_of_one, &record, 1), DROP);
	assert_rows("drained");
}

static void the_epoch_chooses_the_bank(void **state)
{
	(void)state;
	for (uint64_t epoch = 2; epoch <= 5; epoch++) {
		assert_int_equal(fresh(NULL), 0);
		prog.table.ctl->epoch = epoch;
		expect_one_counted();
		assert_verdict("epoch", run_export(&plain, &header_of_one, &one, 1), DROP);
		assert_rows("epoch");
	}
	/* the other bank keeps what it has */
	prog.table.ctl->epoch = 6;
	assert_verdict("other", run_export(&plain, &header_of_one, &one, 1), DROP);
	assert_bank("first", &prog, 0);
	assert_bank("second", &prog, 1);
}

/* The agent's column is not the datapath's. */
static void the_agents_column_is_left_alone(void **state)
{
	(void)state;
	expect_one_counted();
	assert_verdict("one", run_export(&plain, &header_of_one, &one, 1), DROP);
	for (uint32_t row = 0; row < STRIDE; row++)
		assert_true(is_empty(nfm_table_row(&prog.table, 0,
						   nfm_table_agent_column(&prog.table), row)));
	assert_rows("one");
}

static void the_sequence_log(void **state)
{
	const uint32_t line_count = 2 * SEQLOG + 3;
	const struct nfm_seqlog *column = NULL;
	struct nfm_record record[3] = { one, one, one };

	(void)state;
	for (uint32_t i = 0; i < line_count; i++) {
		const struct nfm_export header = { .count = 3,		   .sequence = 1000 + 3 * i,
						   .engine_type = 0xab,	   .engine_id = 0xcd,
						   .uptime_ms = 70000 + i, .unix_s = 1700000000 };

		assert_verdict("log", run_export(&plain, &header, record, 3), DROP);
	}
	/* it is the column of whichever CPU ran it; this process may have moved between two */
	for (uint32_t c = 0; c + 1 < prog.table.geometry.columns; c++)
		if (prog.table.seqlog[c * (SEQLOG + NFM_SEQLOG_HEAD)].head > SEQLOG)
			column = &prog.table.seqlog[c * (SEQLOG + NFM_SEQLOG_HEAD)];
	if (!column)
		fail_msg("no column of the log has gone round");
	for (uint32_t i = 0; i < SEQLOG; i++) {
		const struct nfm_seqlog *line = &column[NFM_SEQLOG_HEAD +
							(column->head - 1 - i) % SEQLOG];

		assert_true(line->time_ns > 0);
		assert_int_equal(line->domain, 0xabcd);
		assert_int_equal(line->sequence, 1000 + 3 * (line->uptime_ms - 70000));
		assert_int_equal(line->unix_s, 1700000000);
		assert_int_equal(line->exporter, EXPORTER);
		assert_int_equal(line->version, 5);
		assert_int_equal(line->units, 3);
	}
}

/* v7 has no engine, v1 no sequence; what is not counted leaves no line. */
static void the_sequence_log_by_version(void **state)
{
	static const struct {
		uint16_t version, count;
		uint32_t sequence, domain;
		int is_logged;
	} cases[] = {
		{ 1, 1, 0, 0, 1 },
		{ 5, 1, 77, 0x0102, 1 },
		{ 7, 1, 77, 0, 1 },
		{ 5, 2, 77, 0x0102, 0 }, /* truncated */
		{ 5, 0, 77, 0x0102, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct nfm_export header = { .version = cases[i].version,
						   .count = cases[i].count, .sequence = 77,
						   .engine_type = 1, .engine_id = 2 };
		const struct nfm_seqlog *column = prog.table.seqlog;
		const struct nfm_seqlog *end = column + prog.table.geometry.columns *
								(SEQLOG + NFM_SEQLOG_HEAD);

		assert_int_equal(fresh(NULL), 0);
		run_export(&plain, &header, &one, 1);
		while (column < end && !column->head)
			column += SEQLOG + NFM_SEQLOG_HEAD;
		if (!cases[i].is_logged) {
			assert_ptr_equal(column, end);
			continue;
		}
		assert_int_equal(column->head, 1);
		assert_int_equal(column[NFM_SEQLOG_HEAD].version, cases[i].version);
		assert_int_equal(column[NFM_SEQLOG_HEAD].sequence, cases[i].sequence);
		assert_int_equal(column[NFM_SEQLOG_HEAD].domain, cases[i].domain);
		assert_int_equal(column[NFM_SEQLOG_HEAD].units, 1);
	}
}

/* A table without a column for any CPU: everything goes through the agent, nothing is counted. */
static void a_cpu_without_a_column_hands_over(void **state)
{
	const struct nfm_prog_sizes sizes = {
		.columns = 1, .capacity = CAPACITY, .exporters = EXPORTERS,
		.pages = NFM_STRIDE_FIRST_PAGE, .seqlog_entries = SEQLOG, .ring_bytes = 4096,
	};
	static struct punts punts;
	struct nfm_prog small;

	(void)state;
	assert_int_equal(nfm_prog_load(&small, nfm_prog_path(), &sizes), 0);
	nfm_frame_build(&frame, &plain, payload,
			nfm_export_build(payload, &header_of_one, &one, 1));
	assert_verdict("first", nfm_prog_run(&small, frame.byte, frame.length), DROP);
	/* the ring is full now: the socket may still take it */
	assert_verdict("second", nfm_prog_run(&small, frame.byte, frame.length), PASS);
	memset(&punts, 0, sizeof(punts));
	assert_int_equal(nfm_prog_drain(&small, take_punt, &punts), 1);
	assert_int_equal(punts.head.reason, NFM_REASON_NO_COLUMN);
	assert_int_equal(punts.head.length, 72);
	assert_memory_equal(punts.payload, frame.byte + frame.payload, 72);
	small.table.ctl->flags |= NFM_CTL_TEE;
	assert_verdict("tee", nfm_prog_run(&small, frame.byte, frame.length), PASS);
	assert_bank_empty("bank 0", &small, 0);
	assert_bank_empty("bank 1", &small, 1);
	nfm_prog_close(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_exporter_by_mode),
		cmocka_unit_test_setup(refused_sources_are_remembered, fresh),
		cmocka_unit_test_setup(a_flood_of_sources_costs_no_memory, fresh),
		cmocka_unit_test(jumbo_frames_are_handed_over_whole),
		cmocka_unit_test(the_batch_has_a_limit),
		cmocka_unit_test(a_new_customer_takes_the_whole_datagram_along),
		cmocka_unit_test_setup(a_full_ring_is_a_reason_and_nothing_else, fresh),
		cmocka_unit_test(the_epoch_chooses_the_bank),
		cmocka_unit_test_setup(the_agents_column_is_left_alone, fresh),
		cmocka_unit_test_setup(the_sequence_log, fresh),
		cmocka_unit_test(the_sequence_log_by_version),
		cmocka_unit_test(a_cpu_without_a_column_hands_over),
	};

	return cmocka_run_group_tests(tests, load_group, close_group);
}
