// SPDX-License-Identifier: GPL-2.0-only
/* NetFlow v9 and IPFIX through the agent: templates, data that wait for them, notes, NAT, IPv6. */
#include "meter_sets.h"

#include "agent/templates.h"

#define T300 "t 300 8/4 12/4 1/4 2/4;"

static uint64_t lost(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < meter->table.ctl->stream_count; i++)
		sum += meter->table.streams[i].lost + meter->table.streams[i].resets;
	return sum;
}

/* ---- templates ---- */

static void templates_are_learned_and_used(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		meter_open();
		arrives(ROUTER, v, T300 "d 300 10.0.0.1 8.8.8.8 1000 2, 8.8.8.8 10.0.1.1 70 1");
		assert_customer("alice", 1000, 0);
		assert_customer("bob", 0, 70);
		assert_exporter(ROUTER, 1, 2, 1070);
		arrives(ROUTER, v, "d 300 10.0.0.1 10.0.1.1 500 1");
		assert_customer("alice", 1500, 0);
		assert_customer("bob", 0, 570);
		/* the same again is nothing new; other bytes are */
		arrives(ROUTER, v, T300);
		assert_int_equal(meter_reason(NFM_REASON_TEMPLATES), 1);
		assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES), 1);
		arrives(ROUTER, v, "t 300 12/4 8/4 2/4 1/4; d 300 10.0.0.1 8.8.8.8 2 900");
		assert_customer("alice", 1500, 900);
		assert_int_equal(meter_reason(NFM_REASON_TEMPLATES), 2);
		/* a stream is exporter, version and domain */
		next_domain++;
		arrives(ROUTER, v, "d 300 10.0.0.1 8.8.8.8 2 900");
		assert_int_equal(waiting_sets(), 1);
		next_domain--;
		arrives(OTHER_ROUTER, v, "d 300 10.0.0.1 8.8.8.8 2 900");
		assert_int_equal(waiting_sets(), 2);
		arrives(ROUTER, v == NFM_IPFIX ? NFM_NETFLOW_V9 : NFM_IPFIX,
			"d 300 10.0.0.1 8.8.8.8 2 900");
		assert_int_equal(waiting_sets(), 3);
		assert_customer("alice", 1500, 900);
		meter_sets_restart();
	}
}

static void a_rejected_datagram_teaches_nothing(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		meter_open();
		assert_int_equal(arrive(ROUTER, v,
					T300 "d 300 10.0.0.1 8.8.8.8 1000 2; x 01 00 00 03"),
				 NFM_REASON_SET_LENGTH);
		assert_int_equal(templates_known(), 0);
		assert_int_equal(meter_reason(NFM_REASON_TEMPLATES), 0);
		assert_exporter(ROUTER, 0, 0, 0);
		assert_int_equal(meter_exporter_row(ROUTER).exporter.rejected_datagrams, 1);
		assert_int_equal(meter_exporter_row(ROUTER).exporter.rejected_records, 1);
		assert_int_equal(meter->table.ctl->stream_count, 0);
		arrives(ROUTER, v, "d 300 10.0.0.1 8.8.8.8 1000 2");
		assert_int_equal(waiting_sets(), 1);
		meter_sets_restart();
	}
}

/* Its bytes may not be counted, but what it redefines has changed all the same. */
static void what_a_rejected_datagram_redefines_is_forgotten(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		meter_open();
		arrives(ROUTER, v, T300 "t 301 8/4 12/4 1/4 2/4");
		assert_int_equal(arrive(ROUTER, v, "t 300 12/4 8/4 2/4 1/4; x 01 00 00 03"),
				 NFM_REASON_SET_LENGTH);
		assert_int_equal(templates_known(), 1);
		arrives(ROUTER, v, "d 300 10.0.0.1 8.8.8.8 2 1000; d 301 10.0.1.1 8.8.8.8 7 1");
		assert_int_equal(waiting_sets(), 1);
		assert_customer("bob", 7, 0);
		arrives(ROUTER, v, "t 300 12/4 8/4 2/4 1/4");
		tick();
		assert_int_equal(waiting_sets(), 0);
		assert_customer("alice", 0, 1000);
		meter_sets_restart();
	}
}

static void too_many_templates_are_accounted(void **state)
{
	char text[64];

	(void)state;
	config->templates_per_exporter = 8;
	meter_open();
	for (uint32_t i = 0; i < 20; i++) {
		memset(sets_known, 0, sizeof(sets_known));
		snprintf(text, sizeof(text), "t %u 8/4 12/4 1/4 2/4", 300 + i);
		arrives(ROUTER, NFM_IPFIX, text);
	}
	assert_int_equal(templates_known(), 8);
	assert_int_equal(meter_reason(NFM_REASON_TEMPLATES_FULL), 12);
	assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES_FULL), 12);
	assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES), 20);
	/* who takes the room keeps to his own */
	arrives(OTHER_ROUTER, NFM_IPFIX, T300);
	assert_int_equal(templates_known(), 9);
	assert_int_equal(meter_reason(NFM_REASON_TEMPLATES_FULL), 12);
}

static void a_removed_exporter_loses_its_templates(void **state)
{
	struct nfm_error error = {};

	(void)state;
	config->any_exporter = false;
	meter_list_exporter(ROUTER, "one", 0, 1);
	meter_list_exporter(OTHER_ROUTER, "two", 0, 1);
	meter_open();
	arrives(ROUTER, NFM_IPFIX, T300);
	arrives(OTHER_ROUTER, NFM_IPFIX, T300);
	config->exporter_count = 1;
	assert_int_equal(nfm_meter_exporters_apply(meter, &error), 0);
	assert_int_equal(templates_known(), 1);
	assert_int_equal(arrive(OTHER_ROUTER, NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 1000 2"),
			 NFM_REASON_REFUSED);
	arrives(ROUTER, NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 1 1");
	config->exporter_count = 2;
	assert_int_equal(nfm_meter_exporters_apply(meter, &error), 0);
	arrives(OTHER_ROUTER, NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 1000 2");
	assert_int_equal(waiting_sets(), 1);
	assert_customer("alice", 1, 0);
	/* the same if it went while no agent ran */
	arrives(OTHER_ROUTER, NFM_IPFIX, T300);
	tick();
	assert_customer("alice", 1001, 0);
	meter_close();
	config->exporter_count = 1;
	meter_reopen();
	assert_int_equal(templates_known(), 1);
}

#define SAMPLED "o 310 144/4 | 34/4; d 310 1 100;"

static uint32_t samplers_known(void)
{
	struct nfm_store_count count;

	nfm_store_count(meter->templates.store, &count);
	return count.samplers;
}

/* The same with what it said of sampling: it may sample otherwise when it comes back. */
static void a_removed_exporter_loses_its_sampling(void **state)
{
	struct nfm_error error = {};

	(void)state;
	config->any_exporter = false;
	meter_list_exporter(ROUTER, "one", 0, 1);
	meter_list_exporter(OTHER_ROUTER, "two", 0, 1);
	meter_open();
	arrives(ROUTER, NFM_IPFIX, SAMPLED);
	arrives(OTHER_ROUTER, NFM_IPFIX, SAMPLED);
	assert_int_equal(samplers_known(), 2);
	config->exporter_count = 1;
	assert_int_equal(nfm_meter_exporters_apply(meter, &error), 0);
	assert_int_equal(samplers_known(), 1);
	config->exporter_count = 2;
	assert_int_equal(nfm_meter_exporters_apply(meter, &error), 0);
	arrives(OTHER_ROUTER, NFM_IPFIX, T300 "d 300 10.0.0.1 8.8.8.8 1000 2");
	assert_customer("alice", 1000, 0);
	arrives(ROUTER, NFM_IPFIX, T300 "d 300 10.0.1.1 8.8.8.8 1000 2");
	assert_customer("bob", 100000, 0);
}

/* Not listed, and a new table does not know that it was: the log alone does. */
static void an_unlisted_exporter_is_forgotten_with_a_new_table(void **state)
{
	(void)state;
	config->any_exporter = false;
	meter_list_exporter(ROUTER, "one", 0, 1);
	meter_list_exporter(OTHER_ROUTER, "two", 0, 1);
	meter_open();
	arrives(ROUTER, NFM_IPFIX, T300);
	arrives(OTHER_ROUTER, NFM_IPFIX, T300);
	meter_close();
	assert_int_equal(unlink(in_folder("run/table")), 0);
	config->exporter_count = 1;
	meter_open();
	assert_int_equal(templates_known(), 1);
	meter_close();
	assert_int_equal(unlink(in_folder("run/table")), 0);
	config->any_exporter = true; /* who may come is heard */
	config->exporter_count = 0;
	meter_open();
	assert_int_equal(templates_known(), 1);
}

/* ---- waiting ---- */

static void data_wait_and_are_counted_once(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		const uint32_t record = v == NFM_IPFIX; /* what the sequence counts */

		meter_open();
		arrives(ROUTER, v, "t 301 8/4 12/4 1/4 2/4;"
				   "d 301 10.0.0.1 8.8.8.8 100 1"); /* of an earlier run, say */
		next_sequence += 1;
		sets_known[1] = sets_known[0];
		sets_known[1].id = 300;
		/* three records; two of them wait */
		arrives(ROUTER, v, "d 300 10.0.0.1 8.8.8.8 1000 2, 10.0.0.1 10.0.1.1 500 1;"
				   "d 301 8.8.8.8 10.0.0.1 7 1");
		next_sequence += record ? 3 : 1;
		assert_exporter(ROUTER, 2, 2, 107);
		assert_int_equal(waiting_sets(), 1);
		arrives(ROUTER, v, "d 300 8.8.8.8 10.0.1.1 30 1");
		next_sequence += 1;
		tick(); /* it is not there yet */
		assert_int_equal(waiting_sets(), 2);
		assert_customer("bob", 0, 0);
		arrives(ROUTER, v, T300);
		next_sequence += record ? 0 : 1;
		assert_int_equal(waiting_sets(), 2);
		tick();
		assert_int_equal(waiting_sets(), 0);
		assert_customer("alice", 1600, 7);
		assert_customer("bob", 0, 530);
		assert_exporter(ROUTER, 4, 5, 1637);
		assert_int_equal(meter_reason(NFM_REASON_WAITED), 2);
		assert_int_equal(meter_reason_records(NFM_REASON_WAITED), 3);
		tick();
		arrives(ROUTER, v, T300);
		tick();
		assert_exporter(ROUTER, 5, 5, 1637);
		next_sequence += record ? 0 : 1;
		arrives(ROUTER, v, "d 300 8.8.8.8 10.0.1.1 30 1");
		assert_int_equal(lost(), 0);
		assert_int_equal(meter_reason(NFM_REASON_RECEIVED), 6);
		assert_int_equal(meter_notes(ROUTER).notes.given_up, 0);
		meter_sets_restart();
	}
}

/* The template of the set's own place decodes it; one that comes later is for what waits. */
static void only_its_own_template_counts(void **state)
{
	(void)state;
	meter_open();
	arrives(ROUTER, NFM_IPFIX, "x 01 2c 00 08 0a 00 00 01");
	assert_int_equal(waiting_sets(), 1); /* four bytes of one that nobody knows */
	next_domain++;
	arrives(ROUTER, NFM_IPFIX, T300);
	next_domain--;
	arrives(OTHER_ROUTER, NFM_IPFIX, T300);
	arrives(ROUTER, NFM_NETFLOW_V9, T300);
	tick();
	assert_int_equal(waiting_sets(), 1);
	assert_int_equal(meter_reason(NFM_REASON_WAITED) + meter_reason(NFM_REASON_WAIT_BAD), 0);
	arrives(ROUTER, NFM_IPFIX, T300); /* its records are longer */
	tick();
	assert_int_equal(waiting_sets(), 0);
	assert_int_equal(meter_reason(NFM_REASON_WAIT_BAD), 1);
	assert_int_equal(meter_reason_bytes(NFM_REASON_WAIT_BAD), 8);
	assert_int_equal(meter_notes(ROUTER).notes.given_up, 1);
	assert_int_equal(meter_notes(OTHER_ROUTER).notes.given_up, 0);
	assert_exporter(ROUTER, 4, 0, 0);
}

static void what_waits_too_long_is_given_up(void **state)
{
	(void)state;
	config->template_wait_s = 60;
	meter_open();
	arrives(ROUTER, NFM_IPFIX, "x 01 2c 00 0a 01 02 03 04 05 06");
	clock_ns += 30 * NFM_NS_PER_S;
	arrives(ROUTER, NFM_IPFIX, "x 01 2d 00 08 01 02 03 04");
	clock_ns += 30 * NFM_NS_PER_S - 1;
	tick();
	assert_int_equal(waiting_sets(), 2);
	assert_int_equal(meter_reason(NFM_REASON_WAIT_EXPIRED), 0);
	clock_ns++;
	tick();
	assert_int_equal(waiting_sets(), 1);
	assert_int_equal(meter_reason(NFM_REASON_WAIT_EXPIRED), 1);
	assert_int_equal(meter_reason_bytes(NFM_REASON_WAIT_EXPIRED), 10);
	assert_int_equal(meter_notes(ROUTER).notes.given_up, 1);
	clock_ns += 30 * NFM_NS_PER_S;
	tick();
	tick();
	assert_int_equal(waiting_sets(), 0);
	assert_int_equal(meter_reason(NFM_REASON_WAIT_EXPIRED), 2);
	assert_int_equal(meter_notes(ROUTER).notes.given_up, 2);
	arrives(ROUTER, NFM_IPFIX, T300);
	tick();
	assert_exporter(ROUTER, 3, 0, 0);
	assert_int_equal(meter_reason(NFM_REASON_WAITED), 0);
}

/* The machine was started anew, and its clock with it: nothing waits for the old time to come. */
static void what_waits_since_another_boot_is_given_up(void **state)
{
	(void)state;
	config->template_wait_s = 60;
	meter_open();
	arrives(ROUTER, NFM_IPFIX, "x 01 2c 00 0a 01 02 03 04 05 06");
	clock_ns = NFM_NS_PER_S;
	arrives(ROUTER, NFM_IPFIX, "x 01 2d 00 08 01 02 03 04");
	tick();
	assert_int_equal(waiting_sets(), 1);
	assert_int_equal(meter_reason_bytes(NFM_REASON_WAIT_EXPIRED), 10);
	clock_ns += 60 * NFM_NS_PER_S;
	tick();
	assert_int_equal(waiting_sets(), 0);
}

/* What comes together with its time's end is counted, not given up. */
static void a_template_in_time_comes_first(void **state)
{
	(void)state;
	config->template_wait_s = 60;
	meter_open();
	sets_build(NFM_IPFIX, T300);
	arrives(ROUTER, NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 1000 2");
	clock_ns += 60 * NFM_NS_PER_S;
	arrives(ROUTER, NFM_IPFIX, T300);
	tick();
	assert_customer("alice", 1000, 0);
	assert_int_equal(meter_reason(NFM_REASON_WAIT_EXPIRED), 0);
}

static void a_full_room_gives_up_the_oldest(void **state)
{
	const uint32_t sent = 300;
	char text[64];
	uint64_t kept;

	(void)state;
	meter_open(); /* a room of 64 KiB */
	sets_build(NFM_IPFIX, T300);
	for (uint32_t i = 0; i < sent; i++) {
		snprintf(text, sizeof(text), "d 300 10.0.0.1 8.8.8.8 %u 1 +1000", 1000 + i);
		arrives(i % 2 ? ROUTER : OTHER_ROUTER, NFM_NETFLOW_V9, text);
		assert_int_equal(waiting_sets() + meter_reason(NFM_REASON_WAIT_FULL), i + 1);
	}
	kept = waiting_sets();
	assert_in_range(kept, 16, 64);
	assert_int_equal(meter_reason_bytes(NFM_REASON_WAIT_FULL), (sent - kept) * 1020);
	assert_int_equal(meter_notes(ROUTER).notes.given_up +
				 meter_notes(OTHER_ROUTER).notes.given_up,
			 sent - kept);
	/* a set of which the padding is more than a record: what follows is no record, but zeros */
	arrives(ROUTER, NFM_NETFLOW_V9, "t 300 8/4 12/4 1/4 2/4 210/1000");
	arrives(OTHER_ROUTER, NFM_NETFLOW_V9, "t 300 8/4 12/4 1/4 2/4 210/1000");
	tick();
	assert_int_equal(waiting_sets(), 0);
	assert_int_equal(meter_reason_records(NFM_REASON_WAITED), kept);
	assert_int_equal(meter_exporter_row(ROUTER).exporter.records +
				 meter_exporter_row(OTHER_ROUTER).exporter.records,
			 kept);
	/* the newest ones */
	assert_customer("alice", kept * (1000 + sent) - kept * (kept + 1) / 2, 0);
}

/* One that is larger than what is free, or than the room: it goes, and nothing else goes for it. */
static void what_has_no_room_at_all_is_given_up(void **state)
{
	(void)state;
	for (uint32_t kib = 64; kib >= 32; kib -= 32) {
		config->template_buffer_bytes = kib << 10;
		meter_open();
		sets_build(NFM_NETFLOW_V9, T300);
		arrives(ROUTER, NFM_NETFLOW_V9, "d 300 10.0.0.1 8.8.8.8 5 1 +1000");
		arrives(ROUTER, NFM_NETFLOW_V9, "d 300 10.0.0.1 8.8.8.8 1 1 +65000");
		assert_int_equal(meter_reason(NFM_REASON_WAIT_FULL), 1);
		assert_int_equal(meter_reason_bytes(NFM_REASON_WAIT_FULL), 65020);
		assert_int_equal(meter_notes(ROUTER).notes.given_up, 1);
		assert_int_equal(waiting_sets(), 1);
		assert_exporter(ROUTER, 2, 0, 0);
		meter_sets_restart();
	}
}

static void a_restart_goes_on(void **state)
{
	char path[PATH_MAX + 16];

	(void)state;
	FOR_VERSIONS(v) {
		meter_open();
		arrives(ROUTER, v, T300 "o 310 144/4 | 34/4 305/4;");
		arrives(ROUTER, v, "d 310 1 10");
		sets_build(v, "t 301 8/4 12/4 1/4 2/4");
		arrives(ROUTER, v, "d 301 10.0.0.1 8.8.8.8 77 1");
		meter_reopen();
		assert_int_equal(templates_known(), 2);
		assert_int_equal(waiting_sets(), 1);
		arrives(ROUTER, v, "d 300 10.0.0.1 8.8.8.8 100 1");
		assert_customer("alice", 1000, 0); /* one in ten was announced */
		meter_reopen();
		arrives(ROUTER, v, "t 301 8/4 12/4 1/4 2/4");
		meter_reopen(); /* before it was counted */
		tick();
		assert_customer("alice", 1770, 0);
		assert_int_equal(meter_reason_records(NFM_REASON_WAITED), 1);
		/* templates were new once */
		assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES), 3);
		/* without the log all is learned anew */
		meter_close();
		snprintf(path, sizeof(path), "%s/templates", config->directory);
		assert_int_equal(unlink(path), 0);
		meter_open();
		assert_int_equal(templates_known(), 0);
		arrives(ROUTER, v, "d 300 10.0.0.1 8.8.8.8 100 1");
		assert_int_equal(waiting_sets(), 1);
		assert_customer("alice", 1770, 0);
		meter_sets_restart();
	}
}

/* ---- options data, notes, NAT, IPv6 ---- */

static void options_records_are_accounted(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		meter_open();
		arrives(ROUTER, v, T300 "o 310 1/4 | 34/4 41/8;");
		arrives(ROUTER, v, "d 310 1 5 9, 2 5 9; d 300 10.0.0.1 8.8.8.8 100 1");
		assert_exporter(ROUTER, 2, 1, 500);
		assert_int_equal(meter_reason(NFM_REASON_OPTIONS_RECORDS), 1);
		assert_int_equal(meter_reason_records(NFM_REASON_OPTIONS_RECORDS), 2);
		assert_int_equal(meter_notes(ROUTER).notes.options, 2);
		arrives(OTHER_ROUTER, v, T300 "d 300 10.0.0.1 8.8.8.8 100 1");
		assert_int_equal(meter_notes(OTHER_ROUTER).notes.options, 0);
		assert_customer("alice", 600, 0);
		/* options data that waited */
		next_domain++;
		arrives(ROUTER, v, "d 310 1 5 9");
		arrives(ROUTER, v, "o 310 1/4 | 34/4 41/8;");
		tick();
		assert_int_equal(waiting_sets(), 0);
		assert_int_equal(meter_notes(ROUTER).notes.options, 3);
		assert_exporter(ROUTER, 4, 1, 500);
		assert_int_equal(meter_reason_records(NFM_REASON_WAITED), 0);
		meter_sets_restart();
	}
}

static void notes_are_by_exporter_and_reason(void **state)
{
	static const struct {
		uint32_t reason;
		uint64_t records;
	} rows[] = {
		{ NFM_REASON_WRAPPED, 3 }, { NFM_REASON_REPAIRED, 1 },
		{ NFM_REASON_EMPTY_RECORD, 1 }, { NFM_REASON_SAME_ADDRESS, 1 },
		{ NFM_REASON_IMPLAUSIBLE, 1 }, { NFM_REASON_TOTAL_COUNTER, 1 },
		{ NFM_REASON_REVERSE, 1 },
	};
	struct nfm_row notes;

	(void)state;
	meter_list_exporter(ROUTER, "repairs", 0, 1);
	config->exporters[0].repair_wraps = true;
	meter_open();
	arrives(ROUTER, NFM_IPFIX, T300 "d 300 10.0.0.1 8.8.8.8 0 3000000");
	arrives(OTHER_ROUTER, NFM_IPFIX,
		T300 "d 300 10.0.0.1 8.8.8.8 100 3000000, 10.0.0.1 8.8.8.8 19 1,"
		     "10.0.0.1 8.8.8.8 0 0, 10.0.0.1 10.0.0.1 100 1, 10.0.0.1 8.8.8.8 65536 1");
	arrives(OTHER_ROUTER, NFM_IPFIX,
		"t 301 8/4 12/4 85/4 2/4; d 301 10.0.0.1 8.8.8.8 30 1;"
		"t 302 8/4 12/4 1/4 2/4 29305:1/4; d 302 10.0.0.1 8.8.8.8 40 1 40");
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		if (meter_reason_records(rows[i].reason) != rows[i].records)
			fail_msg("%s: %llu", nfm_reason_name(rows[i].reason),
				 (unsigned long long)meter_reason_records(rows[i].reason));
	notes = meter_notes(ROUTER);
	assert_int_equal(notes.notes.wrapped, 1);
	assert_int_equal(notes.notes.repaired, 1);
	assert_int_equal(notes.notes.empty + notes.notes.same + notes.notes.implausible, 0);
	notes = meter_notes(OTHER_ROUTER);
	assert_int_equal(notes.notes.wrapped, 2);
	assert_int_equal(notes.notes.repaired, 0);
	assert_int_equal(notes.notes.empty, 1);
	assert_int_equal(notes.notes.same, 1);
	assert_int_equal(notes.notes.implausible, 1);
	assert_int_equal(notes.notes.seen_ns, METER_NOW_NS);
	/* counted as sent, or repaired: 2^32 once, as twice is more than 1,500 bytes a packet */
	assert_exporter(ROUTER, 1, 1, 1ULL << 32);
	assert_exporter(OTHER_ROUTER, 2, 7, 100 + 19 + 100 + 65536 + 30 + 40);
}

/* 10.0.0.1 is behind 198.51.100.1; 10.0.1.1 gets what is sent to a port of that. */
static void the_customers_side_of_a_nat_counts(void **state)
{
	static const char nat[] = "t 300 8/4 12/4 1/4 2/4 225/4 226/4;"
				  "d 300 10.0.0.1 8.8.8.8 100 1 198.51.100.1 8.8.8.8,"
				  "8.8.8.8 198.51.100.1 2000 2 8.8.8.8 10.0.1.1,"
				  "198.51.100.9 8.8.8.8 30 1 10.0.1.1 0.0.0.0";

	(void)state;
	FOR_VERSIONS(v) {
		meter_list_exporter(OTHER_ROUTER, "no-nat", 0, 1);
		config->exporters[0].no_nat = true;
		meter_open();
		arrives(ROUTER, v, nat);
		assert_customer("alice", 100, 0);
		assert_customer("bob", 30, 2000);
		assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_flows, 0);
		arrives(OTHER_ROUTER, v, nat);
		assert_customer("alice", 200, 0);
		assert_customer("bob", 30, 2000);
		assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 2030);
		meter_sets_restart();
	}
}

static void customers_of_ipv6(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		meter_open();
		arrives(ROUTER, v, "t 300 27/16 28/16 1/8 2/4;"
				   "d 300 2001:db8:1::1 2001:db8:2::1 1000 2,"
				   "2001:db8:2::1 2001:db8:1:ffff::1 50 1,"
				   "2001:db8:1::1 2001:db8:1::2 7 1,"
				   "2001:db8:2::1 2001:db8:3::1 9 1");
		assert_customer("six", 1007, 57);
		assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 9);
		assert_int_equal(meter_row(NFM_ROW_LOCAL).up_bytes, 7);
		meter_sets_restart();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meter_sets_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(templates_are_learned_and_used),
		TEST(a_rejected_datagram_teaches_nothing),
		TEST(what_a_rejected_datagram_redefines_is_forgotten),
		TEST(too_many_templates_are_accounted),
		TEST(a_removed_exporter_loses_its_templates),
		TEST(a_removed_exporter_loses_its_sampling),
		TEST(an_unlisted_exporter_is_forgotten_with_a_new_table),
		TEST(data_wait_and_are_counted_once),
		TEST(only_its_own_template_counts),
		TEST(what_waits_too_long_is_given_up),
		TEST(what_waits_since_another_boot_is_given_up),
		TEST(a_template_in_time_comes_first),
		TEST(a_full_room_gives_up_the_oldest),
		TEST(what_has_no_room_at_all_is_given_up),
		TEST(a_restart_goes_on),
		TEST(options_records_are_accounted),
		TEST(notes_are_by_exporter_and_reason),
		TEST(the_customers_side_of_a_nat_counts),
		TEST(customers_of_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
