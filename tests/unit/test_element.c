// SPDX-License-Identifier: GPL-2.0-only
/* The table of information elements: what is found in it, and that it is one. */
#include "flow/element.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define REVERSE NFM_ENTERPRISE_REVERSE
#define CISCO_LEAST 33000U /* no numbers of IANA's from here on */

/* Elements with a role, all of them, and some others; written out from IANA's registry. */
static const struct {
	uint32_t enterprise;
	uint16_t id;
	uint8_t type;
	uint8_t role;
	const char *name;
} known[] = {
	{ 0, 1, NFM_TYPE_UNSIGNED, NFM_ROLE_BYTES, "octetDeltaCount" },
	{ 0, 2, NFM_TYPE_UNSIGNED, NFM_ROLE_PACKETS, "packetDeltaCount" },
	{ 0, 4, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "protocolIdentifier" },
	{ 0, 8, NFM_TYPE_IPV4, NFM_ROLE_SRC4, "sourceIPv4Address" },
	{ 0, 12, NFM_TYPE_IPV4, NFM_ROLE_DST4, "destinationIPv4Address" },
	{ 0, 15, NFM_TYPE_IPV4, NFM_ROLE_NONE, "ipNextHopIPv4Address" },
	{ 0, 21, NFM_TYPE_UNSIGNED, NFM_ROLE_LAST_UPTIME, "flowEndSysUpTime" },
	{ 0, 22, NFM_TYPE_UNSIGNED, NFM_ROLE_FIRST_UPTIME, "flowStartSysUpTime" },
	{ 0, 23, NFM_TYPE_UNSIGNED, NFM_ROLE_BYTES_POST, "postOctetDeltaCount" },
	{ 0, 24, NFM_TYPE_UNSIGNED, NFM_ROLE_PACKETS_POST, "postPacketDeltaCount" },
	{ 0, 27, NFM_TYPE_IPV6, NFM_ROLE_SRC6, "sourceIPv6Address" },
	{ 0, 28, NFM_TYPE_IPV6, NFM_ROLE_DST6, "destinationIPv6Address" },
	{ 0, 34, NFM_TYPE_UNSIGNED, NFM_ROLE_SAMPLING, "samplingInterval" },
	{ 0, 48, NFM_TYPE_UNSIGNED, NFM_ROLE_SAMPLER, "samplerId" },
	{ 0, 50, NFM_TYPE_UNSIGNED, NFM_ROLE_SAMPLING, "samplerRandomInterval" },
	{ 0, 56, NFM_TYPE_MAC, NFM_ROLE_NONE, "sourceMacAddress" },
	{ 0, 64, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "ipv6ExtensionHeaders" },
	{ 0, 70, NFM_TYPE_OCTETS, NFM_ROLE_NONE, "mplsTopLabelStackSection" },
	{ 0, 82, NFM_TYPE_STRING, NFM_ROLE_NONE, "interfaceName" },
	{ 0, 85, NFM_TYPE_UNSIGNED, NFM_ROLE_BYTES_TOTAL, "octetTotalCount" },
	{ 0, 86, NFM_TYPE_UNSIGNED, NFM_ROLE_PACKETS_TOTAL, "packetTotalCount" },
	{ 0, 96, NFM_TYPE_STRING, NFM_ROLE_NONE, "applicationName" },
	{ 0, 98, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "postIpDiffServCodePoint" },
	{ 0, 128, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "bgpNextAdjacentAsNumber" },
	{ 0, 136, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "flowEndReason" },
	{ 0, 150, NFM_TYPE_TIME_S, NFM_ROLE_FIRST_S, "flowStartSeconds" },
	{ 0, 151, NFM_TYPE_TIME_S, NFM_ROLE_LAST_S, "flowEndSeconds" },
	{ 0, 152, NFM_TYPE_TIME_MS, NFM_ROLE_FIRST_MS, "flowStartMilliseconds" },
	{ 0, 153, NFM_TYPE_TIME_MS, NFM_ROLE_LAST_MS, "flowEndMilliseconds" },
	{ 0, 155, NFM_TYPE_TIME_US, NFM_ROLE_LAST_US, "flowEndMicroseconds" },
	{ 0, 156, NFM_TYPE_TIME_NS, NFM_ROLE_FIRST_NS, "flowStartNanoseconds" },
	{ 0, 154, NFM_TYPE_TIME_US, NFM_ROLE_FIRST_US, "flowStartMicroseconds" },
	{ 0, 157, NFM_TYPE_TIME_NS, NFM_ROLE_LAST_NS, "flowEndNanoseconds" },
	{ 0, 160, NFM_TYPE_TIME_MS, NFM_ROLE_INIT_MS, "systemInitTimeMilliseconds" },
	{ 0, 179, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "icmpCodeIPv6" },
	{ 0, 210, NFM_TYPE_OCTETS, NFM_ROLE_NONE, "paddingOctets" },
	{ 0, 225, NFM_TYPE_IPV4, NFM_ROLE_POST_SRC4, "postNATSourceIPv4Address" },
	{ 0, 226, NFM_TYPE_IPV4, NFM_ROLE_POST_DST4, "postNATDestinationIPv4Address" },
	{ 0, 228, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "postNAPTDestinationTransportPort" },
	{ 0, 231, NFM_TYPE_UNSIGNED, NFM_ROLE_BYTES_INITIATOR, "initiatorOctets" },
	{ 0, 232, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "responderOctets" },
	{ 0, 236, NFM_TYPE_STRING, NFM_ROLE_NONE, "VRFname" },
	{ 0, 276, NFM_TYPE_BOOLEAN, NFM_ROLE_NONE, "dataRecordsReliability" },
	{ 0, 281, NFM_TYPE_IPV6, NFM_ROLE_POST_SRC6, "postNATSourceIPv6Address" },
	{ 0, 282, NFM_TYPE_IPV6, NFM_ROLE_POST_DST6, "postNATDestinationIPv6Address" },
	{ 0, 293, NFM_TYPE_LIST, NFM_ROLE_NONE, "subTemplateMultiList" },
	{ 0, 302, NFM_TYPE_UNSIGNED, NFM_ROLE_SAMPLER, "selectorId" },
	{ 0, 305, NFM_TYPE_UNSIGNED, NFM_ROLE_SAMPLING_TAKE, "samplingPacketInterval" },
	{ 0, 306, NFM_TYPE_UNSIGNED, NFM_ROLE_SAMPLING_SKIP, "samplingPacketSpace" },
	{ 0, 311, NFM_TYPE_FLOAT, NFM_ROLE_NONE, "samplingProbability" },
	{ 0, 315, NFM_TYPE_OCTETS, NFM_ROLE_NONE, "dataLinkFrameSection" },
	{ 0, 352, NFM_TYPE_UNSIGNED, NFM_ROLE_BYTES_LAYER2, "layer2OctetDeltaCount" },
	{ 0, 400, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "hashFlowDomain" },
	{ 0, 434, NFM_TYPE_SIGNED, NFM_ROLE_NONE, "mibObjectValueInteger" },
	{ 0, 460, NFM_TYPE_STRING, NFM_ROLE_NONE, "httpRequestHost" },
	{ 0, 491, NFM_TYPE_LIST, NFM_ROLE_NONE, "bgpDestinationLargeCommunityList" },
	{ 0, 512, NFM_TYPE_LIST, NFM_ROLE_NONE, "bgpDestinationAsPathList" },
	{ 0, 33002, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "NF_F_FW_EXT_EVENT" },
	{ 0, 40005, NFM_TYPE_UNSIGNED, NFM_ROLE_NONE, "NF_F_FW_EVENT" },
	{ REVERSE, 1, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "reverseOctetDeltaCount" },
	{ REVERSE, 2, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "reversePacketDeltaCount" },
	{ REVERSE, 23, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "reversePostOctetDeltaCount" },
	{ REVERSE, 24, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "reversePostPacketDeltaCount" },
	{ REVERSE, 85, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "reverseOctetTotalCount" },
	{ REVERSE, 86, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "reversePacketTotalCount" },
	{ REVERSE, 231, NFM_TYPE_UNSIGNED, NFM_ROLE_REVERSE, "reverseInitiatorOctets" },
};

static const struct {
	uint32_t enterprise;
	uint16_t id;
} unknown[] = {
	{ 0, 0 },	 { 0, 65 },	    { 0, 97 },	       { 0, 105 },	{ 0, 127 },
	{ 0, 416 },	 { 0, 419 },	    { 0, 513 },	       { 0, 32767 },	{ 0, 32768 },
	{ 0, 57590 },	 { 0, 65535 },	    { REVERSE, 0 },    { REVERSE, 3 },	{ REVERSE, 8 },
	{ REVERSE, 232 }, { REVERSE, 65535 }, { REVERSE - 1, 1 }, { 1, 1 },	{ 9, 1 },
	{ 65536, 1 },	 { UINT32_MAX, 1 },
};

static void finds_the_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(known); i++) {
		const struct nfm_element *e = nfm_element_find(known[i].enterprise, known[i].id);

		assert_non_null(e);
		assert_int_equal(e->id, known[i].id);
		assert_string_equal(e->name, known[i].name);
		assert_int_equal(e->type, known[i].type);
		assert_int_equal(e->role, known[i].role);
	}
}

static void finds_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(unknown); i++)
		assert_null(nfm_element_find(unknown[i].enterprise, unknown[i].id));
}

/* Every number of both tables is found, and what is found stands in them. */
static void finds_all_of_the_table(void **state)
{
	const struct nfm_element *all;
	uint32_t count, found = 0, reverse = 0;

	(void)state;
	all = nfm_element_all(&count);
	assert_in_range(count, 450, 600);
	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		const struct nfm_element *e = nfm_element_find(0, (uint16_t)id);

		if (e)
			assert_ptr_equal(e, &all[found++]);
		reverse += nfm_element_find(REVERSE, (uint16_t)id) != NULL;
	}
	assert_int_equal(found, count);
	assert_int_equal(reverse, 7);
}

static void table_is_in_order(void **state)
{
	const struct nfm_element *all;
	uint32_t count;

	(void)state;
	all = nfm_element_all(&count);
	assert_int_equal(all[0].id, 1);
	for (uint32_t i = 1; i < count; i++)
		assert_true(all[i - 1].id < all[i].id);
}

static void names_are_names(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const struct nfm_element *all;
	uint32_t count;

	(void)state;
	all = nfm_element_all(&count);
	for (uint32_t i = 0; i < count; i++) {
		assert_true(strlen(all[i].name) > 4);
		assert_int_equal(strspn(all[i].name, letters), strlen(all[i].name));
		assert_int_equal(!strncmp(all[i].name, "NF_F_", 5), all[i].id >= CISCO_LEAST);
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(all[j].name, all[i].name);
	}
}

/* Which numbers have a role, and no others. */
static void roles_are_those(void **state)
{
	const struct nfm_element *all;
	uint32_t count;

	(void)state;
	all = nfm_element_all(&count);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t role = NFM_ROLE_NONE;

		for (size_t j = 0; j < NFM_ARRAY_SIZE(known); j++)
			if (!known[j].enterprise && known[j].id == all[i].id)
				role = known[j].role;
		assert_int_equal(all[i].role, role);
	}
}

static void every_role_has_an_element(void **state)
{
	const struct nfm_element *all;
	uint64_t roles = 0;
	uint32_t count;

	(void)state;
	all = nfm_element_all(&count);
	for (uint32_t i = 0; i < count; i++)
		roles |= 1ULL << all[i].role;
	assert_int_equal(roles, (1ULL << NFM_ROLES) - 1);
}

static void every_type_has_a_name(void **state)
{
	static const char *const names[] = {
		"octets",  "unsigned", "signed",  "float",   "boolean", "mac",	"string",
		"time-s", "time-ms",  "time-us", "time-ns", "ipv4",	"ipv6", "list",
	};
	const struct nfm_element *all;
	uint32_t count, types = 0;

	(void)state;
	all = nfm_element_all(&count);
	for (uint32_t i = 0; i < count; i++)
		types |= 1U << all[i].type;
	assert_int_equal(types, (1U << NFM_ARRAY_SIZE(names)) - 1);
	for (uint8_t type = 0; type < NFM_ARRAY_SIZE(names); type++)
		assert_string_equal(nfm_element_type_name(type), names[type]);
	assert_string_equal(nfm_element_type_name(NFM_ARRAY_SIZE(names)), "?");
	assert_string_equal(nfm_element_type_name(UINT8_MAX), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_known),
		cmocka_unit_test(finds_no_others),
		cmocka_unit_test(finds_all_of_the_table),
		cmocka_unit_test(table_is_in_order),
		cmocka_unit_test(names_are_names),
		cmocka_unit_test(roles_are_those),
		cmocka_unit_test(every_role_has_an_element),
		cmocka_unit_test(every_type_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
