// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent installs templates into the datapath, and takes them back: no datagram is ever
 * decoded by a template that its stream has redefined before it.
 */
#include "install.h"

/* ---- the first template ---- */

static void after_a_round_the_datapath_decodes(void **state)
{
	(void)state;
	open_datapath();
	FOR_VERSIONS(v) {
		assert_agent_counts(v, T300 "d 300 10.0.0.1 8.8.8.8 1000 2", 1);
		assert_non_null(slot_of(v, 0)); /* known, not armed, and nothing is installed */
		assert_false(is_armed(v));
		assert_null(slot_of(v, 300));
		assert_true(nfm_install_wanted(meter));
		assert_agent_counts(v, "d 300 10.0.0.1 8.8.8.8 1000 2", 1);
		do_round();
		assert_true(is_armed(v));
		assert_int_equal(slot_of(v, 300)->kind, NFM_SLOT_DATA);
		assert_false(nfm_install_wanted(meter));
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 1000 2, 8.8.8.8 10.0.1.1 60 1", 2);
	}
	assert_customer("alice", 6000, 0);
	assert_customer("bob", 0, 120);
	assert_exporter(ROUTER, 6, 8, 6120);
	assert_int_equal(waiting_sets(), 0);
}

static void a_refresh_disarms_nobody(void **state)
{
	(void)state;
	open_datapath();
	FOR_VERSIONS(v) {
		arm_with(v, T300 "t 301 8/4 12/4 1/8 2/8; o 310 144/4 | 41/4;");
		for (int i = 0; i < 3; i++) {
			frame(v, T300);
			frame(v, "o 310 144/4 | 41/4; t 301 8/4 12/4 1/8 2/8;");
			assert_true(is_armed(v));
			assert_int_equal(nfm_ring_backlog(&meter->ring), 0);
			assert_kernel_counts(v, T300 "d 300 10.0.0.1 8.8.8.8 100 1", 1);
			do_round();
			assert_true(is_armed(v));
		}
		frame(v, "d 310 1 2"); /* options data that say nothing of sampling */
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 301 10.0.0.1 8.8.8.8 100 1", 1);
	}
	assert_customer("alice", 800, 0);
	assert_int_equal(meter_reason_records(NFM_REASON_TEMPLATES), 6);
}

/* ---- redefinition ---- */

static void what_is_redefined_goes_to_the_agent(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 1000 2", 1);
		frame(v, T300_TURNED);
		assert_false(is_armed(v));
		/* behind it, nobody has taken it yet */
		frame(v, "d 300 10.0.1.1 10.0.0.1 7 700");
		assert_exporter(ROUTER, 2, 1, 1000);
		drain();
		assert_customer("alice", 1700, 0);
		assert_customer("bob", 0, 700);
		assert_agent_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		assert_customer("alice", 3100, 0);
		assert_customer("bob", 0, 2100);
		assert_int_equal(meter_row(meter_customer("bob")).down_packets, 21);
	}
}

/* In one datagram: each set is decoded as of its place. */
static void a_redefinition_within_a_datagram(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		/* T300 comes first, so that the text's last word on 300 is the turned one */
		assert_agent_counts(v, T300 "d 300 10.0.0.1 8.8.8.8 1000 2;" T300_TURNED
				       "d 300 8.8.8.8 10.0.0.1 2 1000", 2);
		assert_customer("alice", 2000, 0);
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 8.8.8.8 10.0.0.1 2 1000", 1);
		assert_customer("alice", 3000, 0);
	}
}

/* It stands in the ring when a round begins: that round does not arm, the next one does. */
static void a_redefinition_in_the_ring_is_not_armed_over(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		frame(v, T300_TURNED);
		do_round();
		assert_false(is_armed(v)); /* the store was another one when it began */
		assert_true(nfm_install_wanted(meter));
		assert_agent_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		assert_customer("alice", 1400, 0);
		assert_customer("bob", 0, 1400);
	}
}

static uint16_t version_in_grace;

static void redefine(void)
{
	frame(version_in_grace, T300_TURNED);
	frame(version_in_grace, "d 300 10.0.1.1 10.0.0.1 7 700");
}

static void redefine_and_back(void)
{
	redefine();
	frame(version_in_grace, T300);
	frame(version_in_grace, "d 300 10.0.0.1 10.0.1.1 700 7");
}

/* The same while the round waits, when the tokens are read. */
static void a_redefinition_in_the_middle_of_a_round(void **state)
{
	(void)state;
	for (int back = 0; back < 2; back++)
		FOR_VERSIONS(v) {
			fresh_datapath();
			version_in_grace = v;
			frame(v, T300);
			drain();
			in_grace = back ? redefine_and_back : redefine;
			do_round();
			assert_null(in_grace); /* it was there */
			assert_false(is_armed(v));
			assert_customer("alice", back ? 1400 : 700, 0);
			assert_agent_counts(v, back ? "d 300 10.0.0.1 10.0.1.1 700 7" :
						      "d 300 10.0.1.1 10.0.0.1 7 700", 1);
			do_round();
			assert_true(is_armed(v));
			assert_kernel_counts(v, back ? "d 300 10.0.0.1 10.0.1.1 700 7" :
						       "d 300 10.0.1.1 10.0.0.1 7 700", 1);
			assert_customer("alice", back ? 2800 : 2100, 0);
			assert_customer("bob", 0, back ? 2800 : 2100);
		}
}

/* Armed, and redefined in a round that another stream has caused. */
static void a_redefinition_while_others_are_installed(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		version_in_grace = v;
		next_domain++;
		frame(v, T300);
		next_domain--;
		drain();
		in_grace = redefine;
		do_round();
		assert_false(is_armed(v));
		assert_customer("alice", 700, 0);
		assert_true(nfm_install_wanted(meter));
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		next_domain++;
		assert_true(is_armed(v));
		sets_build(v, T300);
		assert_kernel_counts(v, "d 300 10.0.0.1 10.0.1.1 700 7", 1);
		assert_customer("alice", 2100, 0);
		assert_customer("bob", 0, 2100);
	}
}

/* There and back before anybody looks: what lies between is decoded as of then. */
static void a_redefinition_and_back(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		version_in_grace = v;
		redefine_and_back();
		assert_false(is_armed(v));
		do_round();
		assert_false(is_armed(v));
		assert_customer("alice", 1400, 0);
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.0.1 10.0.1.1 700 7", 1);
		assert_customer("bob", 0, 2100);
		/* the same one after the other, a round between */
		frame(v, T300_TURNED);
		drain();
		frame(v, T300);
		do_round();
		assert_false(is_armed(v));
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.0.1 10.0.1.1 700 7", 1);
		assert_customer("alice", 2800, 0);
	}
}

/* Data may become options, options data, and both something that only the agent decodes. */
static void a_template_changes_its_kind(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		arm_with(v, "o 300 144/4 | 41/4;");
		assert_int_equal(slot_of(v, 300)->kind, NFM_SLOT_OPTIONS);
		assert_agent_counts(v, "d 300 1 2, 3 4", 0);
		assert_int_equal(meter_notes(ROUTER).notes.options, 2);
		arm_with(v, "t 300 8/4 12/4 1/4 2/4 82/v;");
		assert_int_equal(slot_of(v, 300)->kind, NFM_SLOT_AGENT);
		assert_agent_counts(v, "d 300 10.0.0.1 8.8.8.8 500 1 *3", 1);
		arm_with(v, T300);
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 500 1", 1);
		assert_customer("alice", 1000, 0);
	}
}

/* ---- withdrawal ---- */

static void what_is_withdrawn_is_unlinked(void **state)
{
	(void)state;
	open_datapath();
	arm_with(NFM_IPFIX, T300 "t 301 8/4 12/4 1/8 2/8;");
	frame(NFM_IPFIX, "w 300");
	assert_false(is_armed(NFM_IPFIX));
	assert_agent_counts(NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 100 1", 0);
	assert_int_equal(waiting_sets(), 1);
	do_round();
	assert_null(slot_of(NFM_IPFIX, 300));
	assert_non_null(slot_of(NFM_IPFIX, 301));
	assert_true(is_armed(NFM_IPFIX));
	assert_kernel_counts(NFM_IPFIX, "d 301 10.0.0.1 8.8.8.8 1000 1", 1);
	frame(NFM_IPFIX, "w 2");
	drain();
	do_round();
	do_round();
	assert_null(slot_of(NFM_IPFIX, 301));
	assert_null(slot_of(NFM_IPFIX, 0)); /* a stream without a template has no slot */
	for (uint32_t i = 0; i < NFM_TEMPLATE_BUCKETS * NFM_TEMPLATE_WAYS; i++)
		assert_int_equal(pool->way[i], 0);
	assert_false(nfm_install_wanted(meter));
	arm_with(NFM_IPFIX, T300);
	wait_over();
	assert_customer("alice", 1100, 0);
	assert_kernel_counts(NFM_IPFIX, "d 300 10.0.0.1 8.8.8.8 100 1", 1);
}

/* ---- fragments: the UDP socket ---- */

static void templates_by_the_socket_disarm_at_once(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		clock_ns = nfm_clock_monotonic_ns();
		arrives(ROUTER, v, T300);
		assert_true(is_armed(v)); /* the same */
		arrives(ROUTER, v, T300_TURNED);
		assert_false(is_armed(v));
		assert_int_not_equal(token(v) & NFM_TOKEN_AGENT, 0);
		assert_agent_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		assert_customer("alice", 1400, 0);
	}
}

/* ---- the ring is full ---- */

static void fill_ring(void)
{
	uint64_t before;

	build_numbered(NFM_IPFIX, "x 01 00 00 03"); /* broken: handed over, then rejected */
	do {
		before = meter_reason(NFM_REASON_RING_FULL);
		frame_built(ROUTER);
	} while (meter_reason(NFM_REASON_RING_FULL) == before);
}

static void a_template_that_the_ring_did_not_take(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300 "t 301 8/4 12/4 1/4 2/4;");
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 100 1", 1);
		fill_ring();
		frame(v, T300_TURNED);
		assert_true(token(v) == NFM_TOKEN_LOST);
		/* data are lost as well, by number; they are not decoded with the old one */
		frame(v, "d 300 10.0.1.1 10.0.0.1 7 700");
		assert_customer("alice", 100, 0);
		drain(); /* there is room again, and nobody knows yet */
		frame(v, T300_TURNED);
		assert_true(token(v) == NFM_TOKEN_LOST);
		drain();
		do_round();
		assert_int_equal(templates_known(), 0);
		do_round();
		assert_null(slot_of(v, 300));
		assert_agent_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 0);
		assert_agent_counts(v, "d 301 10.0.0.1 8.8.8.8 50 1", 0);
		assert_int_equal(waiting_sets(), 2);
		arm_with(v, T300_TURNED "t 301 8/4 12/4 1/4 2/4;");
		wait_over();
		assert_int_equal(waiting_sets(), 0);
		assert_kernel_counts(v, "d 300 10.0.1.1 10.0.0.1 7 700", 1);
		assert_customer("alice", 1550, 0);
		assert_customer("bob", 0, 1400);
	}
}

/* No slot holds it, and only the agent decodes its data; but its stream is known. */
static void a_large_template_that_the_ring_did_not_take(void **state)
{
	char large[1024] = "t 301 8/4 12/4 1/4 2/4";
	char turned[1024] = "t 301 12/4 8/4 2/4 1/4";

	(void)state;
	for (uint32_t i = 0; i < 56; i++) {
		strcat(large, " 9:5/1");
		strcat(turned, " 9:5/1");
	}
	open_datapath();
	arm_with(NFM_IPFIX, large);
	assert_agent_counts(NFM_IPFIX, "d 301 10.0.0.1 8.8.8.8 50 1", 1);
	fill_ring();
	frame(NFM_IPFIX, turned);
	assert_true(token(NFM_IPFIX) == NFM_TOKEN_LOST);
	drain();
	do_round();
	assert_int_equal(templates_known(), 0);
	assert_agent_counts(NFM_IPFIX, "d 301 8.8.8.8 10.0.0.1 1 50", 0);
	assert_int_equal(waiting_sets(), 1);
	assert_customer("alice", 50, 0);
	/* a stream without a template needs no slot */
	do_round();
	assert_null(slot_of(NFM_IPFIX, 0));
}

/* ---- sampling ---- */

static void announced_sampling_applies_in_the_datapath(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300 "o 310 144/4 | 34/4;");
		assert_int_equal(slot_of(v, 310)->kind, NFM_SLOT_SAMPLING);
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 100 1", 1);
		frame(v, "d 310 1 10");
		assert_false(is_armed(v));
		/* behind it, already ten times as much */
		assert_agent_counts(v, "d 300 10.0.0.1 8.8.8.8 100 1", 1);
		assert_customer("alice", 1100, 0);
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 100 1", 1);
		assert_customer("alice", 2100, 0);
		for (int i = 0; i < 3; i++) { /* the same again */
			frame(v, "d 310 1 10");
			assert_true(is_armed(v));
			assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 100 1", 1);
		}
		assert_customer("alice", 5100, 0);
		frame(v, "d 310 1 20");
		assert_false(is_armed(v));
		drain();
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 100 1", 1);
		assert_customer("alice", 7100, 0);
		assert_int_equal(meter_row(meter_customer("alice")).up_packets, 71);
		assert_int_equal(meter_notes(ROUTER).notes.options, 5);
	}
}

/* ---- configuration ---- */

static void apply(void)
{
	struct nfm_error error = {};

	if (nfm_meter_exporters_apply(meter, &error) < 0)
		fail_msg("%s", error.text);
}

static void sampling_that_is_configured(void **state)
{
	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		arm_with(v, T300);
		meter_list_exporter(ROUTER, "r", 100, 1);
		apply();
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 20 1", 1);
		assert_customer("alice", 2000, 0);
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 30 1", 1);
		assert_customer("alice", 5000, 0);
		config->exporters[0].sampling_num = 0;
		apply();
		do_round();
		assert_kernel_counts(v, "d 300 10.0.0.1 8.8.8.8 30 1", 1);
		assert_customer("alice", 5030, 0);
	}
}

static void nat_that_is_configured(void **state)
{
	static const char data[] = "d 300 8.8.8.8 198.51.100.1 100 1 8.8.8.8 10.0.0.1";

	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		meter_list_exporter(ROUTER, "r", 0, 1);
		apply();
		arm_with(v, "t 300 8/4 12/4 1/4 2/4 225/4 226/4;");
		assert_kernel_counts(v, data, 1);
		assert_customer("alice", 0, 100);
		config->exporters[0].no_nat = true;
		apply();
		assert_true(nfm_install_wanted(meter));
		do_round();
		assert_true(is_armed(v));
		assert_kernel_counts(v, data, 1);
		assert_customer("alice", 0, 100);
		config->exporters[0].no_nat = false;
		apply();
		do_round();
		assert_kernel_counts(v, data, 1);
		assert_customer("alice", 0, 200);
		assert_int_equal(meter_row(NFM_ROW_UNMATCHED).up_bytes, 100);
	}
}

static void sampling_in_data_that_is_trusted(void **state)
{
	static const char data[] = "d 300 10.0.0.1 8.8.8.8 100 1 5";

	(void)state;
	FOR_VERSIONS(v) {
		fresh_datapath();
		meter_list_exporter(ROUTER, "r", 0, 1);
		apply();
		arm_with(v, "t 300 8/4 12/4 1/4 2/4 34/4;");
		assert_kernel_counts(v, data, 1);
		assert_customer("alice", 100, 0);
		config->exporters[0].trust_data = true;
		apply();
		do_round();
		assert_int_equal(slot_of(v, 300)->kind, NFM_SLOT_AGENT);
		assert_agent_counts(v, data, 1);
		assert_customer("alice", 600, 0);
		config->exporters[0].trust_data = false;
		apply();
		do_round();
		assert_kernel_counts(v, data, 1);
		assert_customer("alice", 700, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, install_set_up, meter_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_a_round_the_datapath_decodes),
		TEST(a_refresh_disarms_nobody),
		TEST(what_is_redefined_goes_to_the_agent),
		TEST(a_redefinition_within_a_datagram),
		TEST(a_redefinition_in_the_ring_is_not_armed_over),
		TEST(a_redefinition_in_the_middle_of_a_round),
		TEST(a_redefinition_while_others_are_installed),
		TEST(a_redefinition_and_back),
		TEST(a_template_changes_its_kind),
		TEST(what_is_withdrawn_is_unlinked),
		TEST(templates_by_the_socket_disarm_at_once),
		TEST(a_template_that_the_ring_did_not_take),
		TEST(a_large_template_that_the_ring_did_not_take),
		TEST(announced_sampling_applies_in_the_datapath),
		TEST(sampling_that_is_configured),
		TEST(nat_that_is_configured),
		TEST(sampling_in_data_that_is_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
