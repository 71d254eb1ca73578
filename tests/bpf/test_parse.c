// SPDX-License-Identifier: GPL-2.0-only
/* Which frames are ours: Ethernet, VLAN, IPv4, IPv6, UDP. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/units.h"
#include "fixture.h"

#define QINQ 0x88a8
#define VLAN 0x8100
#define EXT(kind) ((kind) + 1)

enum outcome {
	COUNTED,
	NOT_OURS, /* passed on, and nothing is counted anywhere */
	BAD_LENGTH,
	FRAGMENT, /* passed on, noted */
	FRAGMENT_TEE,
};

struct parse_case {
	const char *name;
	struct nfm_packet packet;
	enum outcome outcome;
};

static const struct nfm_record one = { .src = A1, .dst = REMOTE, .packets = 3, .bytes = 1500 };

static void expect_outcome(enum outcome outcome, uint32_t exporter)
{
	switch (outcome) {
	case COUNTED:
		expect_counted(exporter, 1, 1500, 3);
		expect_up(ALICE, 1500, 3, 1);
		break;
	case BAD_LENGTH:
		expect_reason(NFM_REASON_RECEIVED, 0);
		expect_reason(NFM_REASON_UDP_LENGTH, 0);
		break;
	case FRAGMENT:
		expect_reason(NFM_REASON_FRAGMENT, 0);
		break;
	case FRAGMENT_TEE:
		expect_reason(NFM_REASON_RECEIVED, 0);
		expect_reason(NFM_REASON_FRAGMENT_TEE, 0);
		break;
	case NOT_OURS:
		break;
	}
}

static int wanted_verdict(enum outcome outcome)
{
	if (prog.table.ctl->flags & NFM_CTL_TEE)
		return PASS;
	return outcome == COUNTED || outcome == BAD_LENGTH ? DROP : PASS;
}

static void run_cases(const struct parse_case *cases, size_t count, uint32_t flags)
{
	const struct nfm_export header = { .count = 1 };

	for (size_t i = 0; i < count; i++) {
		const struct parse_case *c = &cases[i];
		int is_v6 = c->packet.source && strchr(c->packet.source, ':');

		assert_int_equal(fresh(NULL), 0);
		prog.table.ctl->flags = NFM_CTL_REFUSE | flags;
		expect_outcome(c->outcome, is_v6 ? EXPORTER6 : EXPORTER);
		assert_verdict(c->name, run_export(&c->packet, &header, &one, 1),
			       wanted_verdict(c->outcome));
		assert_rows(c->name);
		assert_no_punt(c->name);
	}
}

#define RUN_CASES(cases, flags) run_cases(cases, sizeof(cases) / sizeof((cases)[0]), flags)

static void ethernet_and_vlan(void **state)
{
	static const struct parse_case cases[] = {
		{ "plain", {}, COUNTED },
		{ "ARP", { .ether_type = 0x0806 }, NOT_OURS },
		{ "IPv6 type over an IPv4 header", { .ether_type = 0x86dd }, NOT_OURS },
		{ "one tag", { .tags = { VLAN } }, COUNTED },
		{ "one 802.1ad tag", { .tags = { QINQ } }, COUNTED },
		{ "two tags", { .tags = { QINQ, VLAN } }, COUNTED },
		{ "two equal tags", { .tags = { VLAN, VLAN } }, COUNTED },
		{ "three tags", { .tags = { QINQ, VLAN, VLAN } }, NOT_OURS },
		{ "old Q-in-Q type", { .tags = { 0x9100, VLAN } }, NOT_OURS },
		{ "a tag, then ARP", { .tags = { VLAN }, .ether_type = 0x0806 }, NOT_OURS },
		{ "Ethernet padding", { .padding = 20 }, COUNTED },
	};

	(void)state;
	RUN_CASES(cases, 0);
	RUN_CASES(cases, NFM_CTL_TEE);
}

static void ipv4_headers(void **state)
{
	static const struct parse_case cases[] = {
		{ "version 6 in an IPv4 header", { .ip_version = 6 }, NOT_OURS },
		{ "version 0", { .ip_version = 16 }, NOT_OURS },
		{ "TCP", { .protocol = IPPROTO_TCP }, NOT_OURS },
		{ "UDP-Lite", { .protocol = IPPROTO_UDPLITE }, NOT_OURS },
		{ "ihl 0", { .false_ihl = 1 }, NOT_OURS },
		{ "ihl 4", { .false_ihl = 5 }, NOT_OURS },
		{ "other source", { .source = "192.0.2.1" }, COUNTED },
		{ "port 9996", { .port = 9996 }, NOT_OURS },
		{ "port 2055", { .port = 2055 }, NOT_OURS },
		{ "don't fragment", { .fragment = 0x4000 }, COUNTED },
		{ "evil bit", { .fragment = 0x8000 }, COUNTED },
		{ "later fragment", { .fragment = 0x2001 }, NOT_OURS },
		{ "last fragment", { .fragment = 0x1fff }, NOT_OURS },
	};
	static const struct parse_case first[] = {
		{ "first fragment", { .fragment = 0x2000 }, FRAGMENT },
		{ "first fragment, UDP length beyond it",
		  { .fragment = 0x2000, .udp_length_error = 1400 },
		  FRAGMENT },
	};
	static const struct parse_case first_tee[] = {
		{ "first fragment, tee", { .fragment = 0x2000 }, FRAGMENT_TEE },
		{ "first fragment of another port", { .fragment = 0x2000, .port = 53 }, NOT_OURS },
	};

	(void)state;
	RUN_CASES(cases, 0);
	RUN_CASES(cases, NFM_CTL_TEE);
	RUN_CASES(first, 0);
	RUN_CASES(first_tee, NFM_CTL_TEE);
}

static void ipv4_options_of_every_length(void **state)
{
	(void)state;
	for (uint8_t ihl = 5; ihl <= 15; ihl++) {
		struct parse_case c = { "options", { .ihl = ihl }, COUNTED };

		run_cases(&c, 1, 0);
		/* the header says more options than there are: UDP is elsewhere */
		c = (struct parse_case){ "ihl too large by one", { .ihl = ihl }, NOT_OURS };
		c.packet.false_ihl = ihl < 15 ? ihl + 2 : 15;
		run_cases(&c, 1, 0);
	}
}

static void ipv6_headers(void **state)
{
#define V6 .source = NFM_SOURCE6
	static const struct parse_case cases[] = {
		{ "plain", { V6 }, COUNTED },
		{ "tagged", { V6, .tags = { VLAN } }, COUNTED },
		{ "version 4", { V6, .ip_version = 4 }, NOT_OURS },
		{ "TCP", { V6, .protocol = IPPROTO_TCP }, NOT_OURS },
		{ "other port", { V6, .port = 9994 }, NOT_OURS },
		{ "hop-by-hop", { V6, .extensions = { EXT(0) } }, COUNTED },
		{ "long hop-by-hop", { V6, .extensions = { EXT(0) }, .extension_units = 20 },
		  COUNTED },
		{ "hop-by-hop, routing, destination",
		  { V6, .extensions = { EXT(0), EXT(43), EXT(60) } },
		  COUNTED },
		{ "four", { V6, .extensions = { EXT(0), EXT(60), EXT(43), EXT(60) } }, COUNTED },
		{ "five", { V6, .extensions = { EXT(0), EXT(60), EXT(43), EXT(60), EXT(60) } },
		  NOT_OURS },
		{ "AH", { V6, .extensions = { EXT(51) } }, NOT_OURS },
		{ "hop-by-hop, then TCP",
		  { V6, .extensions = { EXT(0) }, .protocol = IPPROTO_TCP },
		  NOT_OURS },
		{ "atomic fragment", { V6, .extensions = { EXT(44) } }, COUNTED },
		{ "later fragment", { V6, .extensions = { EXT(44) }, .fragment = 0x0009 },
		  NOT_OURS },
		{ "last fragment", { V6, .extensions = { EXT(44) }, .fragment = 0xfff8 },
		  NOT_OURS },
	};
	static const struct parse_case first[] = {
		{ "first fragment", { V6, .extensions = { EXT(44) }, .fragment = 1 }, FRAGMENT },
		{ "behind hop-by-hop", { V6, .extensions = { EXT(0), EXT(44) }, .fragment = 1 },
		  FRAGMENT },
	};
	static const struct parse_case first_tee[] = {
		{ "first fragment", { V6, .extensions = { EXT(44) }, .fragment = 1 },
		  FRAGMENT_TEE },
	};

	(void)state;
	RUN_CASES(cases, 0);
	RUN_CASES(cases, NFM_CTL_TEE);
	RUN_CASES(first, 0);
	RUN_CASES(first_tee, NFM_CTL_TEE);
}

static void udp_length(void **state)
{
	static const struct parse_case cases[] = {
		{ "true", {}, COUNTED },
		{ "longer by one", { .udp_length_error = 1 }, BAD_LENGTH },
		{ "longer, covered by padding", { .udp_length_error = 1, .padding = 1 }, COUNTED },
		{ "cut by one", { .cut = 1 }, BAD_LENGTH },
		{ "shorter than its header", { .udp_length_error = -73 }, BAD_LENGTH },
		{ "0", { .udp_length_error = -80 }, BAD_LENGTH },
		{ "0 over IPv6", { .source = NFM_SOURCE6, .udp_length_error = -80 }, BAD_LENGTH },
		{ "65535", { .udp_length_error = 65535 - 80 }, BAD_LENGTH },
		{ "no whole UDP header", { .cut = 73 }, NOT_OURS },
		{ "no whole IPv4 header", { .cut = 72 + 8 + 1 }, NOT_OURS },
		{ "no whole IPv6 header", { .source = NFM_SOURCE6, .cut = 72 + 8 + 1 }, NOT_OURS },
		{ "no whole tag", { .tags = { VLAN }, .cut = 72 + 8 + 20 + 1 }, NOT_OURS },
	};

	(void)state;
	RUN_CASES(cases, 0);
	RUN_CASES(cases, NFM_CTL_TEE);
}

static void ports_of_the_list(void **state)
{
	static const struct parse_case listed[] = {
		{ "first", { .port = 2055 }, COUNTED },
		{ "second", { .port = 9555 }, COUNTED },
		{ "last", { .port = 65535 }, COUNTED },
		{ "default", { .port = 9995 }, NOT_OURS },
		{ "byte-swapped", { .port = 0x0708 }, NOT_OURS },
		{ "next", { .port = 2056 }, NOT_OURS },
	};
	const struct nfm_export header = { .count = 1 };
	const struct nfm_packet any = { .port = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		assert_int_equal(fresh(NULL), 0);
		prog.table.ctl->ports_be[0] = htons(2055);
		prog.table.ctl->ports_be[1] = htons(9555);
		prog.table.ctl->ports_be[7] = htons(65535);
		expect_outcome(listed[i].outcome, EXPORTER);
		assert_verdict(listed[i].name, run_export(&listed[i].packet, &header, &one, 1),
			       wanted_verdict(listed[i].outcome));
		assert_rows(listed[i].name);
	}
	/* the list's empty places do not mean port 0 */
	assert_int_equal(fresh(NULL), 0);
	prog.table.ctl->ports_be[0] = htons(2055);
	nfm_frame_build(&frame, &any, payload, nfm_export_build(payload, &header, &one, 1));
	memset(frame.byte + frame.payload - 6, 0, 2);
	assert_verdict("port 0", nfm_prog_run(&prog, frame.byte, frame.length), PASS);
	assert_rows("port 0");
}

static void listen_list(void **state)
{
	static const struct {
		const char *name;
		struct nfm_packet packet;
		enum outcome outcome;
	} cases[] = {
		{ "first", { .destination = "198.51.100.1" }, COUNTED },
		{ "last", { .destination = "198.51.100.16" }, COUNTED },
		{ "none", { .destination = "198.51.100.17" }, NOT_OURS },
		{ "broadcast", { .destination = "255.255.255.255" }, NOT_OURS },
		{ "IPv6", { .source = NFM_SOURCE6, .destination = "2001:db8::c01" }, COUNTED },
		{ "other IPv6", { .source = NFM_SOURCE6, .destination = "2001:db8::c02" },
		  NOT_OURS },
	};
	const struct nfm_export header = { .count = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nfm_ctl *ctl = prog.table.ctl;
		char text[32];

		assert_int_equal(fresh(NULL), 0);
		ctl->listen_count = NFM_MAX_LISTEN;
		for (uint32_t n = 0; n < NFM_MAX_LISTEN; n++) {
			snprintf(text, sizeof(text), "198.51.100.%u", n + 1);
			assert_int_equal(nfm_units_parse_addr(text, &ctl->listen[n]), 0);
		}
		assert_int_equal(nfm_units_parse_addr("2001:db8::c01", &ctl->listen[7]), 0);
		expect_outcome(cases[i].outcome, i >= 4 ? EXPORTER6 : EXPORTER);
		assert_verdict(cases[i].name, run_export(&cases[i].packet, &header, &one, 1),
			       wanted_verdict(cases[i].outcome));
		assert_rows(cases[i].name);
	}
}

/* An entry beyond listen_count is not listened on. */
static void listen_list_ends(void **state)
{
	const struct nfm_packet packet = { .destination = "198.51.100.2" };
	const struct nfm_export header = { .count = 1 };

	(void)state;
	prog.table.ctl->listen_count = 1;
	assert_int_equal(nfm_units_parse_addr("198.51.100.1", &prog.table.ctl->listen[0]), 0);
	assert_int_equal(nfm_units_parse_addr("198.51.100.2", &prog.table.ctl->listen[1]), 0);
	assert_verdict("beyond", run_export(&packet, &header, &one, 1), PASS);
	assert_rows("beyond");
	prog.table.ctl->listen_count = 2;
	expect_outcome(COUNTED, EXPORTER);
	assert_verdict("within", run_export(&packet, &header, &one, 1), DROP);
	assert_rows("within");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethernet_and_vlan),
		cmocka_unit_test(ipv4_headers),
		cmocka_unit_test(ipv4_options_of_every_length),
		cmocka_unit_test(ipv6_headers),
		cmocka_unit_test(udp_length),
		cmocka_unit_test(ports_of_the_list),
		cmocka_unit_test(listen_list),
		cmocka_unit_test_setup(listen_list_ends, fresh),
	};

	return cmocka_run_group_tests(tests, load_group, close_group);
}
