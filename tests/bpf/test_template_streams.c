// SPDX-License-Identifier: GPL-2.0-only
/* Whose template it is, whether it may be used, and the books of v9 and IPFIX beside the rows. */
#include "templates.h"

static const struct nfm_packet from_v6 = { .source = NFM_SOURCE6 };

/* Installs a record template of `field` for any stream. */
static void install_for(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain,
			uint16_t id, const struct nfm_sets_field *field, uint32_t count)
{
	uint8_t raw[NFM_SETS_RAW];
	uint32_t bytes = nfm_sets_raw(raw, version, id, false, field, count, 0);

	assert_true(nfm_prog_template(p, exporter, version, domain, raw, bytes,
				      NFM_SLOT_DATA) >= 0);
}

static void begin_domain(uint16_t version, uint32_t domain)
{
	const struct nfm_sets_header header = { .version = version, .domain = domain };

	nfm_sets_begin(&sets, payload, &header, 1);
}

/* ID is known, but of another exporter, domain or version. */
static void templates_of_others_are_not_used(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		const uint16_t other = v == NFM_IPFIX ? NFM_NETFLOW_V9 : NFM_IPFIX;

		assert_int_equal(fresh(NULL), 0);
		install_for(&prog, EXPORTER6, v, DOMAIN, ID, PLAIN4);
		install_for(&prog, EXPORTER, other, DOMAIN, ID, PLAIN4);
		install_for(&prog, EXPORTER, v, DOMAIN + 1, ID, PLAIN4);
		install_for(&prog, EXPORTER, v, DOMAIN, ID + 1, PLAIN4);
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		run_punted("of others", NFM_REASON_NO_TEMPLATE);
	}
}

/* One id, of which every stream has another layout. */
static void every_stream_has_its_own(void **state)
{
	struct nfm_sets_field field[5] = { { FILLER, 0, 0 } };

	(void)state;
	memcpy(field + 1, plain4, sizeof(plain4));
	assert_int_equal(fresh(NULL), 0);
	for (uint16_t i = 0; i < 32; i++) {
		field[0].length = (uint16_t)(3 * i);
		install_for(&prog, i & 1 ? EXPORTER : EXPORTER6, i & 2 ? 9 : 10,
			    i & 4 ? i : 0xffff0000 + i, ID, field, COUNT(field));
	}
	for (uint16_t i = 0; i < 32; i++) {
		uint16_t exporter = i & 1 ? EXPORTER : EXPORTER6;

		field[0].length = (uint16_t)(3 * i);
		begin_domain(i & 2 ? 9 : 10, i & 4 ? i : 0xffff0000 + i);
		put_data(ID, field, COUNT(field), &up, 3);
		expect_counted(exporter, 3, 4500, 9);
		expect_up(ALICE, 4500, 9, 3);
		payload_length = nfm_sets_end(&sets);
		nfm_frame_build(&frame, i & 1 ? &(struct nfm_packet){} : &from_v6, payload,
				payload_length);
		assert_verdict("own", nfm_prog_run(&prog, frame.byte, frame.length), DROP);
		assert_rows("own");
		assert_no_punt("own");
	}
}

/* More templates than buckets' first ways: all are found, and none that is not there. */
static void many_templates(void **state)
{
	struct nfm_sets_field field[5] = { { FILLER, 0, 0 } };

	(void)state;
	memcpy(field + 1, plain4, sizeof(plain4));
	assert_int_equal(fresh(NULL), 0);
	for (uint16_t i = 0; i < 2000; i++) {
		field[0].length = i % 50;
		install_for(&prog, EXPORTER, NFM_IPFIX, DOMAIN, 256 + i, field, COUNT(field));
	}
	for (uint16_t i = 0; i < 2000; i++) {
		field[0].length = i % 50;
		begin(NFM_IPFIX, 1);
		put_data(256 + i, field, COUNT(field), &up, 1);
		expect_ups(1);
		run_sets("many");
	}
	assert_rows("many");
	assert_no_punt("many");
	for (uint16_t i = 2000; i < 2020; i++) {
		begin(NFM_IPFIX, 1);
		put_data(256 + i, field, COUNT(field), &up, 1);
		run_punted("not there", NFM_REASON_NO_TEMPLATE);
	}
}

/* Slots that are there, but not for the datapath. */
static void slots_that_are_not_to_be_used(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		struct nfm_template_slot *slot = fresh_plain(v);

		install(v, ID + 1, PLAIN4, NFM_SLOT_AGENT);
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		put_data(ID + 1, PLAIN4, &up, 1);
		run_punted("the agent's", NFM_REASON_NO_TEMPLATE);
		begin(v, 1); /* announced as it is installed: nothing has changed */
		nfm_sets_template(&sets, ID + 1, PLAIN4);
		put_data(ID, PLAIN4, &up, 1);
		expect_ups(1);
		run_counted("announced");

		nfm_prog_slot(&prog, EXPORTER, v, DOMAIN, 0)->token = NFM_TOKEN_AGENT | 5;
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		run_punted("disarmed by the agent", NFM_REASON_UNARMED);
		assert_int_equal(token(v), NFM_TOKEN_AGENT | 5);
		nfm_prog_slot(&prog, EXPORTER, v, DOMAIN, 0)->token = NFM_TOKEN_ARMED;

		slot->layout.record_bytes = 0; /* there is none such: no endless loop either */
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		run_punted("record of no bytes", NFM_REASON_NO_TEMPLATE);

		assert_int_equal(nfm_prog_unlink(&prog, EXPORTER, v, DOMAIN, ID), 0);
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		run_punted("unlinked", NFM_REASON_NO_TEMPLATE);
		begin(v, 1);
		nfm_sets_template(&sets, ID, PLAIN4);
		run_punted("announced anew", NFM_REASON_TEMPLATE);
		assert_true(token(v) != NFM_TOKEN_ARMED);
	}
}

/* What is said of one stream says nothing of another one. */
static void one_stream_disarmed_the_others_armed(void **state)
{
	static const struct nfm_sets_field other[] = { { SRC, 4, 0 }, { DST, 4, 0 } };

	(void)state;
	FOR_VERSIONS(v) {
		fresh_plain(v);
		install_for(&prog, EXPORTER, v, DOMAIN + 1, ID, PLAIN4);
		begin_domain(v, DOMAIN + 1);
		nfm_sets_template(&sets, ID, other, COUNT(other));
		run_punted("differs", NFM_REASON_TEMPLATE);
		assert_int_equal(token(v), NFM_TOKEN_ARMED);
		assert_true(nfm_prog_token(&prog, EXPORTER, v, DOMAIN + 1) != NFM_TOKEN_ARMED);
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		expect_ups(1);
		run_counted("the other");
	}
}

/* A datagram that differs in several ways is handed over once, and its templates are seen. */
static void templates_behind_what_is_handed_over(void **state)
{
	static const struct nfm_sets_field other[] = { { SRC, 4, 0 }, { DST, 4, 0 } };
	static const struct flow odd = { .src = A1, .dst = REMOTE, .bytes = 1, .packets = 9 };
	static const struct {
		const char *name;
		uint16_t id;
		uint32_t records;
		const struct flow *f;
		uint32_t reason;
	} before[] = {
		{ "unknown template", ID + 1, 1, &up, NFM_REASON_NO_TEMPLATE },
		{ "odd record", ID, 1, &odd, NFM_REASON_ODD },
		{ "too many", ID, 33, &up, NFM_REASON_LARGE },
	};

	(void)state;
	FOR_VERSIONS(v) {
		for (size_t i = 0; i < COUNT(before); i++) {
			fresh_plain(v);
			begin(v, 1);
			put_data(before[i].id, PLAIN4, before[i].f, before[i].records);
			nfm_sets_template(&sets, ID, other, COUNT(other));
			run_punted(before[i].name, before[i].reason);
			assert_true(token(v) != NFM_TOKEN_ARMED);
		}
	}
}

/* More sets than the datapath walks through: there may be templates among them. */
static void more_sets_than_are_walked(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		for (uint32_t count = 511; count <= 514; count++) {
			fresh_plain(v);
			begin(v, 1);
			for (uint32_t i = 0; i < count; i++)
				put_data(ID, PLAIN4, &up, i == 0);
			if (count <= 512) {
				expect_ups(1);
				run_counted("walked");
			} else {
				run_punted("not walked", NFM_REASON_LARGE);
			}
			assert_int_equal(token(v) == NFM_TOKEN_ARMED, count <= 512);
		}
	}
}

static void the_sequence_log(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		for (uint32_t records = 0; records <= NFM_KERNEL_BATCH + 1; records++) {
			const struct nfm_seqlog *column = prog.table.seqlog;
			const struct nfm_seqlog *end = column + prog.table.geometry.columns *
								(SEQLOG + NFM_SEQLOG_HEAD);

			fresh_plain(v);
			begin(v, 1);
			put_data(ID, PLAIN4, &up, records);
			run_sets("log");
			while (column < end && !column->head)
				column += SEQLOG + NFM_SEQLOG_HEAD;
			if (records > NFM_KERNEL_BATCH) { /* the agent tells of it */
				assert_ptr_equal(column, end);
				continue;
			}
			assert_int_equal(column->head, 1);
			column += NFM_SEQLOG_HEAD;
			assert_int_equal(column->version, v);
			assert_int_equal(column->exporter, EXPORTER);
			assert_int_equal(column->domain, DOMAIN);
			assert_int_equal(column->sequence, SEQUENCE);
			assert_int_equal(column->units, records);
			assert_int_equal(column->open, 0);
			assert_int_equal(column->unix_s, UNIX_S);
			assert_int_equal(column->uptime_ms,
					 v == NFM_IPFIX ? UNIX_S * 1000U : UPTIME_MS);
			assert_true(column->time_ns > 0);
		}
	}
}

/* A template that nobody got to see: the stream is never armed again by whoever does not know. */
static void a_template_lost_in_a_full_ring(void **state)
{
	static const struct nfm_sets_field other[] = { { SRC, 4, 0 }, { DST, 4, 0 } };
	const uint32_t fit = RING_BYTES / (2048 + 8);

	(void)state;
	FOR_VERSIONS(v) {
		uint64_t first;

		fresh_plain(v);
		for (uint32_t i = 0; i < fit; i++) {
			begin(v, 1);
			nfm_sets_template(&sets, ID, other, COUNT(other));
			expect_punt(NFM_REASON_TEMPLATE);
			run_sets("fits");
		}
		first = token(v);
		assert_true(first != NFM_TOKEN_ARMED && first != NFM_TOKEN_LOST);
		begin(v, 1); /* data, of which none is rejected by number: nobody knows how many */
		put_data(ID, PLAIN4, &up, 3);
		expect_rejected(EXPORTER, NFM_REASON_RING_FULL, 0);
		run_sets("data");
		assert_int_equal(token(v), first);
		begin(v, 1);
		nfm_sets_template(&sets, ID, other, COUNT(other));
		expect_rejected(EXPORTER, NFM_REASON_RING_FULL, 0);
		run_sets("full");
		assert_rows("full");
		assert_true(token(v) == NFM_TOKEN_LOST);
		drain(&(struct punts){});
		begin(v, 1);
		nfm_sets_template(&sets, ID, other, COUNT(other));
		run_punted("again", NFM_REASON_TEMPLATE);
		assert_true(token(v) == NFM_TOKEN_LOST);
	}
}

/*
 * The stream is disarmed, the agent about to install what it has learned; then the router goes back
 * to what is still installed. If that is lost, the agent must not arm with what it knows.
 */
static void the_installed_template_lost_in_a_full_ring(void **state)
{
	static const struct nfm_sets_field other[] = { { SRC, 4, 0 }, { DST, 4, 0 } };
	const uint32_t fit = RING_BYTES / (2048 + 8);

	(void)state;
	FOR_VERSIONS(v) {
		fresh_plain(v);
		begin(v, 1);
		nfm_sets_template(&sets, ID, other, COUNT(other));
		for (uint32_t i = 0; i < fit; i++)
			run_sets("fits");
		begin(v, 1);
		put_data(ID, PLAIN4, &up, 1);
		run_sets("data");
		assert_true(token(v) != NFM_TOKEN_ARMED && token(v) != NFM_TOKEN_LOST);
		begin(v, 1);
		nfm_sets_template(&sets, ID, PLAIN4);
		run_sets("back");
		assert_true(token(v) == NFM_TOKEN_LOST);
	}
}

/* A CPU without a column hands all over, but templates do not slip through. */
static void a_cpu_without_a_column_sees_templates(void **state)
{
	static const struct nfm_sets_field other[] = { { SRC, 4, 0 }, { DST, 4, 0 } };
	const struct nfm_prog_sizes sizes = {
		.columns = 1, .capacity = CAPACITY, .exporters = EXPORTERS,
		.pages = NFM_STRIDE_FIRST_PAGE, .seqlog_entries = SEQLOG, .ring_bytes = 16384,
	};
	static struct punts punts;
	struct nfm_prog small;

	(void)state;
	assert_int_equal(nfm_prog_load(&small, nfm_prog_path(), &sizes), 0);
	assert_int_equal(nfm_prog_admit(&small, NFM_SOURCE, EXPORTER, 0, 0), 0);
	FOR_VERSIONS(v) {
		install_for(&small, EXPORTER, v, DOMAIN, ID, PLAIN4);
		for (int differs = 0; differs < 2; differs++) {
			begin(v, 1);
			put_data(ID, PLAIN4, &up, 1);
			if (differs)
				nfm_sets_template(&sets, ID, other, COUNT(other));
			else
				nfm_sets_template(&sets, ID, PLAIN4);
			payload_length = nfm_sets_end(&sets);
			nfm_frame_build(&frame, &(struct nfm_packet){}, payload, payload_length);
			assert_verdict("run", nfm_prog_run(&small, frame.byte, frame.length), DROP);
			assert_int_equal(nfm_prog_token(&small, EXPORTER, v, DOMAIN) !=
						 NFM_TOKEN_ARMED,
					 differs);
			memset(&punts, 0, sizeof(punts));
			assert_int_equal(nfm_prog_drain(&small, take_punt, &punts), 1);
			assert_int_equal(punts.head.reason, NFM_REASON_NO_COLUMN);
		}
	}
	/* the ring is full: the socket may take it, or nobody */
	for (uint32_t i = 0; i < sizes.ring_bytes / (2048 + 8); i++)
		assert_verdict("fits", nfm_prog_run(&small, frame.byte, frame.length), DROP);
	assert_verdict("full", nfm_prog_run(&small, frame.byte, frame.length), PASS);
	assert_true(nfm_prog_token(&small, EXPORTER, NFM_IPFIX, DOMAIN) == NFM_TOKEN_LOST);
	assert_bank_empty("bank 0", &small, 0);
	assert_bank_empty("bank 1", &small, 1);
	nfm_prog_close(&small);
}

/* What is in a datagram's other fragments is not seen here: the stream is not decoded on faith. */
static void fragments_disarm(void **state)
{
	const struct nfm_packet first = { .fragment = 0x2000 }, second = { .fragment = 0x2010 };
	const struct {
		uint32_t flags;
		bool announces;
		uint64_t lost;
	} rows[] = {
		{ 0, false, 0 },
		{ 0, true, 0 },
		{ NFM_CTL_TEE, false, 0 },
		{ NFM_CTL_TEE, true, 1 }, /* nobody gets it */
	};

	(void)state;
	for (uint32_t i = 0; i < COUNT(rows); i++) {
		FOR_VERSIONS(v) {
			struct nfm_template_slot *slot = fresh_plain(v);

			prog.table.ctl->flags |= rows[i].flags;
			begin(v, 1);
			if (rows[i].announces)
				nfm_sets_open(&sets, v == NFM_IPFIX ? 2 : 0);
			else
				nfm_sets_open(&sets, ID);
			nfm_sets_close(&sets, 0, 0);
			nfm_frame_build(&frame, &second, payload, nfm_sets_end(&sets));
			assert_verdict("second", nfm_prog_run(&prog, frame.byte, frame.length),
				       PASS);
			assert_true(token(v) == NFM_TOKEN_ARMED);
			nfm_frame_build(&frame, &first, payload, nfm_sets_end(&sets));
			assert_verdict("first", nfm_prog_run(&prog, frame.byte, frame.length),
				       PASS);
			assert_true(token(v) != NFM_TOKEN_ARMED);
			assert_int_equal(token(v) == NFM_TOKEN_LOST, rows[i].lost);
			assert_int_equal(slot->used_ns, 0);
			prog.table.ctl->flags &= ~NFM_CTL_TEE;
		}
	}
}

/* The coarse clock stands still between two ticks; the log's lines do not. */
static void datagrams_of_one_tick_have_an_order(void **state)
{
	const struct nfm_seqlog *line;
	uint32_t same = 0;

	(void)state;
	assert_int_equal(fresh(NULL), 0);
	for (uint32_t i = 0; i < SEQLOG; i++) {
		const struct nfm_export header = { .count = 1, .sequence = i };
		const struct nfm_record record = { .src = A1, .dst = REMOTE, 1, 100 };

		run_export(&(struct nfm_packet){}, &header, &record, 1);
	}
	for (uint32_t c = 0; c + 1 < prog.table.geometry.columns; c++) {
		line = &prog.table.seqlog[c * (SEQLOG + NFM_SEQLOG_HEAD)];
		for (uint32_t i = 1; i < NFM_MIN(line->head, (uint64_t)SEQLOG); i++) {
			assert_true(line[NFM_SEQLOG_HEAD + i].time_ns >
				    line[NFM_SEQLOG_HEAD + i - 1].time_ns);
			same += line[NFM_SEQLOG_HEAD + i].time_ns -
					line[NFM_SEQLOG_HEAD + i - 1].time_ns == 1;
		}
	}
	assert_true(same > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_of_others_are_not_used),
		cmocka_unit_test(every_stream_has_its_own),
		cmocka_unit_test(many_templates),
		cmocka_unit_test(slots_that_are_not_to_be_used),
		cmocka_unit_test(one_stream_disarmed_the_others_armed),
		cmocka_unit_test(templates_behind_what_is_handed_over),
		cmocka_unit_test(more_sets_than_are_walked),
		cmocka_unit_test(the_sequence_log),
		cmocka_unit_test(a_template_lost_in_a_full_ring),
		cmocka_unit_test(the_installed_template_lost_in_a_full_ring),
		cmocka_unit_test(a_cpu_without_a_column_sees_templates),
		cmocka_unit_test(fragments_disarm),
		cmocka_unit_test(datagrams_of_one_tick_have_an_order),
	};

	return cmocka_run_group_tests(tests, load_group, close_group);
}
