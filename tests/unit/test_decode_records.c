// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's decoder: one data record of NetFlow v9 and IPFIX to a flow. Every row whose template
 * can be compiled is decoded by its layout and by its fields, and both have to agree.
 */
#include "sets.h"

static const uint16_t versions[] = { 9, 10 };

struct row {
	const char *fields;
	const char *record; /* the set's content */
	const char *flows;
	const char *notes;
	uint32_t flags; /* NFM_EXPORTER_… */
	uint32_t only;	/* this version; 0: both */
	bool compiled;
};

static void check_row(const struct row *row, uint16_t v, bool by_fields)
{
	char text[512];

	fresh();
	source.flags = row->flags;
	snprintf(text, sizeof(text), "t 256 %s;", row->fields);
	take(v, text);
	if (!known(v, 256)->layout.record_bytes == row->compiled)
		fail_msg("\"%s\": compiled: %s", row->fields, known(v, 256)->not_compiled);
	if (by_fields)
		known(v, 256)->layout.record_bytes = 0;
	snprintf(text, sizeof(text), "d 256 %s;", row->record);
	take(v, text);
	if (strcmp(shown(), row->flows) || strcmp(shown_notes(), row->notes))
		fail_msg("v%u \"%s\" \"%s\"%s: %s (%s)", v, row->fields, row->record,
			 by_fields ? " by fields" : "", shown(), shown_notes());
	assert_int_equal(got.has_alt, strchr(row->flows, '~') != NULL);
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t v = 0; v < NFM_ARRAY_SIZE(versions); v++) {
			if (rows[i].only && rows[i].only != versions[v])
				continue;
			check_row(&rows[i], versions[v], false);
			if (rows[i].compiled)
				check_row(&rows[i], versions[v], true);
		}
}

#define CHECK_ROWS(rows) check_rows(rows, NFM_ARRAY_SIZE(rows))

/* ---- integers ---- */

static void sizes(void **state)
{
	(void)state;
	for (uint32_t size = 0; size <= 10; size++) {
		uint64_t value = size < 1 || size > 8 ? 0 : 0x0102030405060708ULL >> 8 * (8 - size);
		char fields[64], record[64], flows[96];
		struct row row = { fields, record, flows, "", 0, 0, size >= 1 && size <= 8 };

		/* both orders: the counters as last bytes, and as the very first ones */
		for (uint32_t first = 0; first < 2; first++) {
			snprintf(fields, sizeof(fields),
				 first ? "2/%u 1/%u 8/4 12/4" : "8/4 12/4 2/%u 1/%u", size, size);
			snprintf(record, sizeof(record),
				 first ? "%#llx %#llx 10.0.0.1 10.0.0.2"
				       : "10.0.0.1 10.0.0.2 %#llx %#llx",
				 (unsigned long long)value / 100, (unsigned long long)value);
			snprintf(flows, sizeof(flows), "10.0.0.1>10.0.0.2 %llu/%llu",
				 (unsigned long long)value, (unsigned long long)value / 100);
			row.notes = !value				  ? "empty 1"
				    : nfm_flow_is_odd(value, value / 100) ? "implausible 1"
									  : "";
			check_rows(&row, 1);
		}
	}
}

static void bytes_beside_a_counter(void **state)
{
	static const struct row rows[] = {
		{ "7/2 1/3 4/1 2/2 8/4 12/4 6/1", "65535 100 255 1 10.0.0.1 10.0.0.2 255",
		  "10.0.0.1>10.0.0.2 100/1", "", 0, 0, true },
		{ "1/1 2/1 12/4 8/4 7/2", "100 1 10.0.0.1 10.0.0.2 65535",
		  "10.0.0.2>10.0.0.1 100/1", "", 0, 0, true },
		{ "7/2 1/5 11/2 2/7 11/2 8/4 12/4", "0xffff 100 0xffff 1 0xffff 10.0.0.1 10.0.0.2",
		  "10.0.0.1>10.0.0.2 100/1", "", 0, 0, true },
	};

	(void)state;
	CHECK_ROWS(rows);
}

/* The first instance counts, the preferred counter wherever it stands; never a sum. */
static void which_counter(void **state)
{
	static const struct row rows[] = {
		{ "8/4 12/4 1/4 1/4 2/4 2/4", "1.1.1.1 2.2.2.2 100 900 1 9",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 0, true },
		{ "8/4 8/4 12/4 12/4 1/4 2/4", "1.1.1.1 9.9.9.9 2.2.2.2 9.9.9.8 100 1",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 0, true },
		{ "23/4 24/4 8/4 12/4 1/4 2/4", "900 9 1.1.1.1 2.2.2.2 100 1",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 0, true },
		{ "85/8 86/8 8/4 12/4 1/4 2/4", "900 9 1.1.1.1 2.2.2.2 100 1",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 0, true },
		{ "231/4 23/4 352/4 8/4 12/4 2/4", "700 800 900 1.1.1.1 2.2.2.2 1",
		  "1.1.1.1>2.2.2.2 900/1", "", 0, 0, false },
		{ "231/4 23/4 8/4 12/4 2/4", "700 800 1.1.1.1 2.2.2.2 1", "1.1.1.1>2.2.2.2 800/1",
		  "", 0, 0, false },
		{ "231/4 8/4 12/4 24/4", "700 1.1.1.1 2.2.2.2 1", "1.1.1.1>2.2.2.2 700/1", "", 0, 0,
		  false },
		{ "8/4 12/4 24/4 86/4 1/4", "1.1.1.1 2.2.2.2 1 2 100", "1.1.1.1>2.2.2.2 100/2", "",
		  0, 0, false },
		/* present is by the template: a delta of 0 is no reason to take the total */
		{ "8/4 12/4 1/4 2/4 85/4 86/4", "1.1.1.1 2.2.2.2 0 0 900 9", "1.1.1.1>2.2.2.2 0/0",
		  "empty 1", 0, 0, true },
		/* a size that cannot be read is as absent */
		{ "8/4 12/4 1/0 2/4 23/4", "1.1.1.1 2.2.2.2 0 1 100", "1.1.1.1>2.2.2.2 100/1", "",
		  0, 0, false },
		{ "8/4 12/4 1/9 2/4 85/4", "1.1.1.1 2.2.2.2 0 1 100", "1.1.1.1>2.2.2.2 100/1",
		  "total 1", 0, 0, false },
		/* enterprise elements are others, with or without the same number */
		{ "9:1/4 9:8/4 8/4 12/4 1/4 2/4", "900 9.9.9.9 1.1.1.1 2.2.2.2 100 1",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 10, true },
		{ "32769/4 32776/4 8/4 12/4 1/4 2/4", "900 9.9.9.9 1.1.1.1 2.2.2.2 100 1",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 9, true },
		{ "9:1/4 8/4 12/4 2/4", "900 1.1.1.1 2.2.2.2 1", "1.1.1.1>2.2.2.2 0/1", "", 0, 10,
		  false },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void totals_and_reverse(void **state)
{
	static const struct row rows[] = {
		{ "8/4 12/4 85/8 86/8", "1.1.1.1 2.2.2.2 100 1, 3.3.3.3 4.4.4.4 200 2",
		  "1.1.1.1>2.2.2.2 100/1, 3.3.3.3>4.4.4.4 200/2", "total 2", 0, 0, false },
		{ "8/4 12/4 85/8 2/8", "1.1.1.1 2.2.2.2 100 1", "1.1.1.1>2.2.2.2 100/1", "total 1",
		  0, 0, false },
		{ "8/4 12/4 1/8 86/8", "1.1.1.1 2.2.2.2 100 1", "1.1.1.1>2.2.2.2 100/1", "", 0, 0,
		  false },
		{ "8/4 12/4 1/8 2/8 29305:1/8 29305:2/8",
		  "1.1.1.1 2.2.2.2 100 1 900 9, 1.1.1.1 2.2.2.2 100 1",
		  "1.1.1.1>2.2.2.2 100/1, 1.1.1.1>2.2.2.2 100/1", "reverse 2", 0, 10, false },
		{ "8/4 12/4 231/4 232/4 2/4", "1.1.1.1 2.2.2.2 100 900 1", "1.1.1.1>2.2.2.2 100/1",
		  "reverse 1", 0, 0, false },
		{ "8/4 12/4 1/4 2/4 29306:1/8", "1.1.1.1 2.2.2.2 100 1 900",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 10, true },
	};

	(void)state;
	CHECK_ROWS(rows);
}

/* ---- addresses ---- */

static void families(void **state)
{
	static const struct row rows[] = {
		{ "27/16 28/16 1/4 2/4", "2001:db8::1 2001:db8::2 100 1",
		  "2001:db8::1>2001:db8::2 100/1", "", 0, 0, true },
		{ "28/16 1/4 27/16 2/4", "::1 100 ffff:: 1", "ffff::>::1 100/1", "", 0, 0, true },
		/* a mapped address in a field of 16 bytes is what it is */
		{ "27/16 28/16 1/4 2/4", "::ffff:1.2.3.4 :: 100 1", "1.2.3.4>:: 100/1", "", 0, 0,
		  true },
		/* both */
		{ "8/4 12/4 27/16 28/16 1/4 2/4", "1.1.1.1 2.2.2.2 :: :: 100 1",
		  "1.1.1.1>2.2.2.2 100/1", "", 0, 0, false },
		{ "8/4 12/4 27/16 28/16 1/4 2/4", "0.0.0.0 0.0.0.0 2001:db8::1 :: 100 1",
		  "2001:db8::1>:: 100/1", "", 0, 0, false },
		{ "8/4 12/4 27/16 28/16 1/4 2/4", "0.0.0.0 0.0.0.1 2001:db8::1 2001:db8::2 100 1",
		  "0.0.0.0>0.0.0.1 100/1", "", 0, 0, false },
		{ "8/4 12/4 27/16 28/16 1/4 2/4", "0 0 :: :: 100 1", "0.0.0.0>0.0.0.0 100/1", "", 0,
		  0, false },
		{ "8/4 28/16 1/4 2/4", "0.0.0.0 2001:db8::2 100 1", "::>2001:db8::2 100/1", "", 0,
		  0, false },
		/* none, one, and of a size that is none */
		{ "1/4 2/4", "100 1", "0.0.0.0>0.0.0.0 100/1", "", 0, 0, false },
		{ "8/4 1/4 2/4", "1.1.1.1 100 1", "1.1.1.1>0.0.0.0 100/1", "", 0, 0, false },
		{ "12/4 1/4 2/4", "1.1.1.1 100 1", "0.0.0.0>1.1.1.1 100/1", "", 0, 0, false },
		{ "27/16 1/4 2/4", "2001:db8::1 100 1", "2001:db8::1>:: 100/1", "", 0, 0, false },
		{ "8/5 12/3 1/4 2/4", "1 1 100 1", "0.0.0.0>0.0.0.0 100/1", "", 0, 0, false },
		{ "8/16 12/4 1/4 2/4", "0x01010101 2.2.2.2 100 1", "0.0.0.0>2.2.2.2 100/1", "", 0,
		  0, false },
		{ "27/4 28/16 1/4 2/4", "1.1.1.1 2001:db8::2 100 1", "::>2001:db8::2 100/1", "", 0,
		  0, false },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void same_address(void **state)
{
	static const struct row rows[] = {
		{ "8/4 12/4 1/4 2/4", "1.1.1.1 1.1.1.1 100 1, 1.1.1.1 2.2.2.2 100 1",
		  "1.1.1.1>1.1.1.1 100/1, 1.1.1.1>2.2.2.2 100/1", "same 1", 0, 0, true },
		{ "8/4 12/4 1/4 2/4", "0 0 100 1", "0.0.0.0>0.0.0.0 100/1", "", 0, 0, true },
		{ "27/16 28/16 1/4 2/4",
		  "fe80::1 fe80::1 100 1, fe80::1 fe80::2 100 1, :: :: 100 1",
		  "fe80::1>fe80::1 100/1, fe80::1>fe80::2 100/1, ::>:: 100/1", "same 1", 0, 0,
		  true },
		{ "8/4 12/4 27/16 28/16 1/4 2/4", "0 0 fe80::1 fe80::1 100 1",
		  "fe80::1>fe80::1 100/1", "same 1", 0, 0, false },
		/* as sent, not as NAT leaves it */
		{ "8/4 12/4 1/4 2/4 226/4", "1.1.1.1 2.2.2.2 100 1 1.1.1.1",
		  "1.1.1.1>1.1.1.1 100/1 dst~2.2.2.2", "", 0, 0, true },
		{ "8/4 12/4 1/4 2/4 226/4", "1.1.1.1 1.1.1.1 100 1 3.3.3.3",
		  "1.1.1.1>3.3.3.3 100/1 dst~1.1.1.1", "same 1", 0, 0, true },
		/* beside another remark */
		{ "8/4 12/4 1/4 2/4", "1.1.1.1 1.1.1.1 0 0", "1.1.1.1>1.1.1.1 0/0",
		  "empty 1, same 1", 0, 0, true },
	};

	(void)state;
	CHECK_ROWS(rows);
}

/* ---- NAT ---- */

#define NAT4 "8/4 12/4 1/4 2/4 225/4 226/4"
#define NAT6 "27/16 28/16 1/4 2/4 281/16 282/16"
static const struct row nat_rows[] = {
	/* download to the WAN address, upload from inside, none, zero */
	{ NAT4, "1.1.1.1 203.0.113.1 100 1 1.1.1.1 10.0.0.5",
	  "1.1.1.1>10.0.0.5 100/1 dst~203.0.113.1", "", 0, 0, true },
	{ NAT4, "10.0.0.5 1.1.1.1 100 1 203.0.113.1 1.1.1.1",
	  "10.0.0.5>1.1.1.1 100/1 src~203.0.113.1", "", 0, 0, true },
	{ NAT4, "10.0.0.5 203.0.113.1 100 1 203.0.113.1 10.0.0.6",
	  "10.0.0.5>10.0.0.6 100/1 src~203.0.113.1 dst~203.0.113.1", "", 0, 0, true },
	{ NAT4, "10.0.0.5 1.1.1.1 100 1 10.0.0.5 1.1.1.1", "10.0.0.5>1.1.1.1 100/1", "", 0,
	  0, true },
	{ NAT4, "10.0.0.5 1.1.1.1 100 1 0 0", "10.0.0.5>1.1.1.1 100/1", "", 0, 0, true },
	{ NAT4, "0 0 100 1 10.0.0.5 1.1.1.1",
	  "0.0.0.0>1.1.1.1 100/1 src~10.0.0.5 dst~0.0.0.0", "", 0, 0, true },
	{ NAT4,
	  "1.1.1.1 2.2.2.2 100 1 0 0, 1.1.1.1 2.2.2.2 100 1 0 3.3.3.3, 1.1.1.1 2.2.2.2 1 1",
	  "1.1.1.1>2.2.2.2 100/1, 1.1.1.1>3.3.3.3 100/1 dst~2.2.2.2, 1.1.1.1>2.2.2.2 1/1",
	  "wrapped 1", 0, 0, true },
	{ NAT4, "1.1.1.1 203.0.113.1 100 1 9.9.9.9 10.0.0.5", "1.1.1.1>203.0.113.1 100/1",
	  "", NFM_EXPORTER_NO_NAT, 0, true },
	/* one of them only */
	{ "8/4 12/4 1/4 2/4 226/4", "1.1.1.1 203.0.113.1 100 1 10.0.0.5",
	  "1.1.1.1>10.0.0.5 100/1 dst~203.0.113.1", "", 0, 0, true },
	{ "8/4 12/4 1/4 2/4 225/4", "10.0.0.5 1.1.1.1 100 1 203.0.113.1",
	  "10.0.0.5>1.1.1.1 100/1 src~203.0.113.1", "", 0, 0, true },
	{ "225/4 226/4 8/4 12/4 1/4 2/4", "203.0.113.1 10.0.0.6 10.0.0.5 1.1.1.1 100 1",
	  "10.0.0.5>10.0.0.6 100/1 src~203.0.113.1 dst~1.1.1.1", "", 0, 0, true },
	{ "8/4 12/4 1/4 2/4 226/3 225/5", "1.1.1.1 203.0.113.1 100 1 1 1",
	  "1.1.1.1>203.0.113.1 100/1", "", 0, 0, true },
	/* IPv6 */
	{ NAT6, "2001:db8::1 2001:db8::2 100 1 2001:db8::1 fd00::5",
	  "2001:db8::1>fd00::5 100/1 dst~2001:db8::2", "", 0, 0, false },
	{ NAT6, "fd00::5 2001:db8::2 100 1 2001:db8::1 2001:db8::2",
	  "fd00::5>2001:db8::2 100/1 src~2001:db8::1", "", 0, 0, false },
	{ NAT6, "fd00::5 2001:db8::2 100 1 :: ::", "fd00::5>2001:db8::2 100/1", "", 0, 0,
	  false },
	{ NAT6, "fd00::5 2001:db8::2 100 1 2001:db8::1 fd00::9",
	  "fd00::5>2001:db8::2 100/1", "", NFM_EXPORTER_NO_NAT, 0, false },
	/* nothing is left of the one before */
	{ NAT6, "fd00::5 2001:db8::2 100 1 2001:db8::1 fd00::9",
	  "fd00::5>fd00::9 100/1 src~2001:db8::1 dst~2001:db8::2", "", 0, 0, false },
	{ NAT4, "1.1.1.1 203.0.113.1 100 1 8.8.8.8 10.0.0.5",
	  "1.1.1.1>10.0.0.5 100/1 src~8.8.8.8 dst~203.0.113.1", "", 0, 0, true },
	/* of the other family: not looked at */
	{ "27/16 28/16 1/4 2/4 225/4 226/4", "fe80::1 fe80::2 100 1 1.1.1.1 2.2.2.2",
	  "fe80::1>fe80::2 100/1", "", 0, 0, true },
	{ "8/4 12/4 1/4 2/4 281/16 282/16", "1.1.1.1 2.2.2.2 100 1 fe80::1 fe80::2",
	  "1.1.1.1>2.2.2.2 100/1", "", 0, 0, true },
	{ "8/4 12/4 27/16 28/16 1/4 2/4 226/4 282/16",
	  "0 0 fe80::1 fe80::2 100 1 3.3.3.3 fd00::5", "fe80::1>fd00::5 100/1 dst~fe80::2",
	  "", 0, 0, false },
};
#undef NAT4
#undef NAT6

static void nat(void **state)
{
	(void)state;
	CHECK_ROWS(nat_rows);
}

/* ---- records in a set ---- */

static void padding(void **state)
{
	static const struct row rows[] = {
		{ "8/4 12/4 1/4 2/4", "1.1.1.1 2.2.2.2 100 1 +1", "1.1.1.1>2.2.2.2 100/1", "", 0, 0,
		  true },
		{ "8/4 12/4 1/4 2/4", "1.1.1.1 2.2.2.2 100 1 +15", "1.1.1.1>2.2.2.2 100/1", "", 0,
		  0, true },
		{ "8/4 1/4 2/4", "1.1.1.1 100 1, 2.2.2.2 100 1 +11",
		  "1.1.1.1>0.0.0.0 100/1, 2.2.2.2>0.0.0.0 100/1", "", 0, 0, false },
		/* of variable length: less than the shortest record */
		{ "1/4 2/4 82/v 83/v", "100 1 *0 *0 +9", "0.0.0.0>0.0.0.0 100/1", "", 0, 0, false },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void variable(void **state)
{
#define V "82/v 8/4 12/4 1/4 2/4"
	static const struct row rows[] = {
		{ V, "*0 1.1.1.1 2.2.2.2 100 1", "1.1.1.1>2.2.2.2 100/1", "", 0, 0, false },
		{ V, "*254 1.1.1.1 2.2.2.2 100 1, *1 3.3.3.3 4.4.4.4 200 2",
		  "1.1.1.1>2.2.2.2 100/1, 3.3.3.3>4.4.4.4 200/2", "", 0, 0, false },
		{ V, "**0 1.1.1.1 2.2.2.2 100 1, **3 3.3.3.3 4.4.4.4 200 2",
		  "1.1.1.1>2.2.2.2 100/1, 3.3.3.3>4.4.4.4 200/2", "", 0, 0, false },
		{ V, "**255 1.1.1.1 2.2.2.2 100 1, **300 3.3.3.3 4.4.4.4 200 2 +3",
		  "1.1.1.1>2.2.2.2 100/1, 3.3.3.3>4.4.4.4 200/2", "", 0, 0, false },
		/* elements that we take, in a variable field: by the length of each record */
		{ "8/4 12/4 1/v 2/v", "1.1.1.1 2.2.2.2 *1=100 *8=1, 1.1.1.1 2.2.2.2 **4=200 *2=2",
		  "1.1.1.1>2.2.2.2 100/1, 1.1.1.1>2.2.2.2 200/2", "", 0, 0, false },
		{ "8/4 12/4 1/v 2/4", "1.1.1.1 2.2.2.2 *0 1, 1.1.1.1 2.2.2.2 *9=100 1",
		  "1.1.1.1>2.2.2.2 0/1, 1.1.1.1>2.2.2.2 0/1", "", 0, 0, false },
		{ "8/v 12/4 1/4 2/4", "*4=0x01010101 2.2.2.2 100 1, *5=0x01010101 2.2.2.2 100 1",
		  "1.1.1.1>2.2.2.2 100/1, 0.0.0.0>2.2.2.2 100/1", "", 0, 0, false },
	};

	(void)state;
	CHECK_ROWS(rows);
#undef V
}

static void bad_data(void **state)
{
	static const struct {
		const char *fields, *set; /* its content */
		uint32_t reason, rejected;
	} rows[] = {
		{ "8/4 12/4 1/4 2/4", "00", NFM_REASON_BAD_DATA, 0 },
		{ "8/4 12/4 1/4 2/4", "000000000000000000000000000000", NFM_REASON_BAD_DATA, 0 },
		{ "8/4 12/4 1/4 2/4", "00000000000000000000000000000000", NFM_REASON_NONE, 0 },
		{ "1/1 82/65534", "0000", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "00", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "0000", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "000000", NFM_REASON_NONE, 0 },
		{ "1/2 82/v", "000001", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "0000fe0000", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "0000ff", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "0000ff00", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "0000ff0000", NFM_REASON_NONE, 0 },
		{ "1/2 82/v", "0000ff0001", NFM_REASON_BAD_DATA, 0 },
		{ "1/2 82/v", "0000ffffff", NFM_REASON_BAD_DATA, 0 },
		{ "82/v 83/v 1/4", "01000000000000", NFM_REASON_NONE, 0 },
		{ "82/v 83/v 1/4", "02000000000000", NFM_REASON_BAD_DATA, 0 },
		{ "82/v 83/v 1/4", "06000000000000", NFM_REASON_BAD_DATA, 0 },
		/* the second record of a set */
		{ "1/2 82/v", "000000 0000ff", NFM_REASON_BAD_DATA, 1 },
		{ "1/2 82/v", "000000 0000", NFM_REASON_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		for (size_t v = 0; v < NFM_ARRAY_SIZE(versions); v++) {
			char text[256];
			uint32_t reason;

			fresh();
			snprintf(text, sizeof(text), "t 256 %s;", rows[i].fields);
			take(versions[v], text);
			snprintf(text, sizeof(text), "x %s;", rows[i].set);
			sets_begin(versions[v]);
			reason = sets_open(256);
			sets_put_statement(text);
			sets_close(reason);
			sets_end();
			reason = sets_decode_built(sets_bytes);
			if (reason != rows[i].reason || got.rejected != rows[i].rejected)
				fail_msg("row %zu: reason %u, rejected %u", i, reason,
					 got.rejected);
			assert_int_equal(got.count, reason == NFM_REASON_NONE);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),	 cmocka_unit_test(bytes_beside_a_counter),
		cmocka_unit_test(which_counter), cmocka_unit_test(totals_and_reverse),
		cmocka_unit_test(families),	 cmocka_unit_test(same_address),
		cmocka_unit_test(nat),		 cmocka_unit_test(padding),
		cmocka_unit_test(variable),	 cmocka_unit_test(bad_data),
	};

	return cmocka_run_group_tests(tests, sets_set_up, sets_tear_down);
}
