// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's decoder, NetFlow v9 and IPFIX: headers, the walk over sets, templates and their
 * withdrawal, what waits, limits, and that a datagram is taken whole or not at all.
 */
#include "sets.h"

#define T "t 256 8/4 12/4 1/4 2/4;"
#define D "d 256 10.0.0.1 10.0.0.2 100 1;"
#define FLOW "10.0.0.1>10.0.0.2 100/1"

static const uint16_t versions[] = { 9, 10 };

#define FOR_VERSIONS(v) for (size_t v##_i = 0; v##_i < 2 && ((v) = versions[v##_i]); v##_i++)

/* ---- headers ---- */

static void header_words(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		fresh();
		assert_int_equal(take(v, ""), 0);
		assert_int_equal(got.version, v);
		assert_int_equal(got.domain, 0x0a0b0c0d);
		assert_int_equal(got.sequence, 0xfffffff0);
		assert_int_equal(got.unix_s, 1700000000);
		assert_int_equal(got.uptime_ms,
				 v == 9 ? 0x01020304 : (uint32_t)(1700000000ULL * 1000));
		assert_int_equal(got.count, 0);
		assert_int_equal(got.waiting_count, 0);
	}
}

static void short_headers(void **state)
{
	uint16_t v;

	(void)state;
	fresh();
	FOR_VERSIONS(v) {
		sets_build(v, "");
		for (uint32_t length = 0; length < (v == 9 ? 20 : 16); length++)
			assert_int_equal(sets_decode_built(length), NFM_REASON_SHORT);
		assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_NONE);
	}
}

static void ipfix_length(void **state)
{
	static const struct {
		uint32_t length; /* in the header; the payload has 16 + 40 + 20 */
		uint32_t reason, count;
	} rows[] = {
		{ 0, NFM_REASON_TRUNCATED, 0 },	      { 15, NFM_REASON_TRUNCATED, 0 },
		{ 16, NFM_REASON_NONE, 0 },	      { 20, NFM_REASON_SET_LENGTH, 0 },
		{ 16 + 24, NFM_REASON_NONE, 0 },      { 16 + 24 + 20, NFM_REASON_NONE, 1 },
		{ 16 + 24 + 40, NFM_REASON_NONE, 2 }, { 16 + 24 + 41, NFM_REASON_TRUNCATED, 0 },
		{ 65535, NFM_REASON_TRUNCATED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		fresh();
		sets_build(10, T D D);
		assert_int_equal(sets_bytes, 16 + 24 + 40);
		sets_write(2, rows[i].length, 2);
		if (sets_decode_built(sets_bytes) != rows[i].reason || got.count != rows[i].count)
			fail_msg("row %zu: count %u", i, got.count);
	}
}

static void v9_count_is_not_believed(void **state)
{
	(void)state;
	for (uint32_t count = 0; count < 4; count++) {
		fresh();
		sets_build(9, T D D);
		sets_write(2, count, 2);
		assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_NONE);
		assert_int_equal(got.count, 2);
	}
}

/* ---- sets ---- */

static void walk(void **state)
{
	static const struct {
		const char *sent;
		uint32_t reason, count;
		uint32_t only; /* this version; 0: both */
	} rows[] = {
		{ T D, NFM_REASON_NONE, 1, 0 },
		/* a tail of zeros, and less than a set's head of anything */
		{ T D "x 00000000;", NFM_REASON_NONE, 1, 0 },
		{ T D "x 00000000 00000000 000000;", NFM_REASON_NONE, 1, 0 },
		{ T D "x 00;" D, NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x ff;", NFM_REASON_NONE, 1, 0 },
		{ T D "x ffffff;", NFM_REASON_NONE, 1, 0 },
		{ T D "x 00000000;" D, NFM_REASON_NONE, 1, 0 }, /* behind it: not looked at */
		/* lengths */
		{ T D "x 01000000;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 01000001;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 01000002;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 01000003;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 00000001;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 00000003;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 01000004;", NFM_REASON_NONE, 1, 0 },
		{ T D "x 01000005;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 0100ffff;", NFM_REASON_SET_LENGTH, 0, 0 },
		{ T D "x 00050000;", NFM_REASON_SET_LENGTH, 0, 0 },
		/* ids without a meaning are stepped over, whatever is in them */
		{ T "x 00ff0008ffffffff;" D, NFM_REASON_NONE, 1, 0 },
		{ T "x 00040005ff;" D, NFM_REASON_NONE, 1, 0 },
		{ T "x 00020008ffffffff;" D, NFM_REASON_NONE, 1, 9 },
		{ T "x 00030008ffffffff;" D, NFM_REASON_NONE, 1, 9 },
		{ T "x 00000008ffffffff;" D, NFM_REASON_NONE, 1, 10 },
		{ T "x 00010008ffffffff;" D, NFM_REASON_NONE, 1, 10 },
		{ T "x 00020008ffffffff;" D, NFM_REASON_BAD_TEMPLATE, 0, 10 },
		{ T "x 00010008ffffffff;" D, NFM_REASON_BAD_TEMPLATE, 0, 9 },
		/* a set of nothing: of data, of templates */
		{ T "x 01000004 00000004 00010004 00020004 00030004;" D, NFM_REASON_NONE, 1, 0 },
		{ "x 03e80004;", NFM_REASON_NONE, 0, 0 },
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		FOR_VERSIONS(v) {
			uint32_t reason;

			if (rows[i].only && v != rows[i].only)
				continue;
			fresh();
			reason = decode(v, rows[i].sent);
			if (reason != rows[i].reason || got.count != rows[i].count ||
			    got.waiting_count)
				fail_msg("row %zu v%u: %u, %u", i, v, reason, got.count);
			if (reason == NFM_REASON_NONE && got.count)
				assert_string_equal(shown(), FLOW);
		}
}

static const struct {
	const char *sent;
	uint32_t templates; /* UINT32_MAX: BAD_TEMPLATE */
	uint32_t only;
} records[] = {
#define BAD UINT32_MAX
	{ "t 256 1/4, 257 2/4, 65535 8/4;", 3, 0 },
	{ "t 256 1/0;", 1, 0 },
	{ "t 256 1/4 1/4 1/4;", 1, 0 },
	{ "t 256 1/v;", 1, 0 },
	{ "t 256 1/65534 2/65534;", 1, 0 },
	{ "t 255 1/4;", BAD, 0 },
	{ "t 2 1/4;", BAD, 0 },
	{ "t 256 1/4, 3 1/4;", BAD, 0 },
	{ "o 300 1/4 | 34/4;", 1, 0 },
	{ "o 255 1/4 | 34/4;", BAD, 0 },
	{ "o 300 1/4 |;", 1, 0 },
	{ "o 300 | 34/4;", 1, 9 }, /* Juniper: no scope field */
	{ "o 300 | 34/4;", BAD, 10 },
	{ "t 256 40000/4;", 1, 9 }, /* v9 has no enterprise bit */
	{ "t 256 9:1/4 2/4;", 1, 10 },
	/* padding: less than four bytes, or zeros */
	{ "x 0000000f 01000001 00010004 ffffff;", 1, 9 },
	{ "x 0002000f 01000001 00010004 ffffff;", 1, 10 },
	{ "x 00000014 01000001 00010004 00000000 ffffffff;", 1, 9 },
	{ "x 00020014 01000001 00010004 00000000 ffffffff;", 1, 10 },
	{ "x 00010014 01000000 00040022 00040000 00000000;", 1, 9 },
	{ "x 00010010 01000000 00040022 00040000;", 1, 9 },
	{ "x 00000008 00000000;", 0, 9 },
	{ "x 00020008 00000000;", 0, 10 },
	/* over the set's end: of the fields, of an enterprise number, 65,535 fields */
	{ "x 0000000c 01000002 00010004;", BAD, 9 },
	{ "x 0002000c 01000002 00010004;", BAD, 10 },
	{ "x 0000000c 0100ffff 00010004;", BAD, 9 },
	{ "x 0002000c 0100ffff 00010004;", BAD, 10 },
	{ "x 0002000c 01000001 80010004;", BAD, 10 },
	{ "x 0000000c 01000001 80010004;", 1, 9 },
	{ "x 00020010 01000001 80010004 00000009;", 1, 10 },
	{ "x 0000000b 01000001 000100;", BAD, 9 },
	{ "x 0002000b 01000001 000100;", BAD, 10 },
	/* the next set's bytes are not the template's */
	{ "x 0000000c 01000002 00010004; x 00020004;", BAD, 9 },
	{ "x 0002000c 01000002 00010004; x 00020004;", BAD, 10 },
	/* no field: a withdrawal in IPFIX */
	{ "x 00000008 01000000;", BAD, 9 },
	{ "x 00020008 01000000;", 0, 10 },
	{ "x 0001000a 01000000 0000;", BAD, 9 },
	/* v9's options templates count bytes */
	{ "x 00010012 0100 0004 0004 0001000400220004;", 1, 9 },
	{ "x 00010012 0100 0003 0004 0001000400220004;", BAD, 9 },
	{ "x 00010012 0100 0004 0005 0001000400220004;", BAD, 9 },
	{ "x 00010012 0100 0004 0008 0001000400220004;", BAD, 9 },
	{ "x 00010012 0100 fffc fffc 0001000400220004;", BAD, 9 },
	/* and IPFIX' fields */
	{ "x 00030012 0100 0002 0001 0001000400220004;", 1, 10 },
	{ "x 00030012 0100 0002 0002 0001000400220004;", 1, 10 },
	{ "x 00030012 0100 0002 0003 0001000400220004;", BAD, 10 },
	{ "x 00030012 0100 0002 0000 0001000400220004;", BAD, 10 },
	{ "x 00030012 0100 0003 0001 0001000400220004;", BAD, 10 },
#undef BAD
};

static void template_records(void **state)
{
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(records); i++)
		FOR_VERSIONS(v) {
			bool good = records[i].templates != UINT32_MAX;
			uint32_t reason;

			if (records[i].only && v != records[i].only)
				continue;
			fresh();
			reason = decode(v, records[i].sent);
			if (reason != (good ? NFM_REASON_NONE : NFM_REASON_BAD_TEMPLATE))
				fail_msg("row %zu v%u: reason %u", i, v, reason);
			assert_int_equal(got.templates, good ? records[i].templates : 0);
			assert_int_equal(nfm_flow_accept(&decoder, &source), got.templates);
			assert_int_equal(known_count(), got.templates);
		}
}

/* ---- all or nothing ---- */

static void nothing_of_a_bad_datagram(void **state)
{
	static const struct {
		const char *bad;
		uint32_t reason;
	} rows[] = {
		{ "x 01000003;", NFM_REASON_SET_LENGTH },
		{ "x 01000005ff;", NFM_REASON_BAD_DATA },
		{ "t 255 1/4;", NFM_REASON_BAD_TEMPLATE },
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		FOR_VERSIONS(v) {
			const struct nfm_template *old;
			struct nfm_template_name name;
			char text[512];

			fresh();
			take(v, "t 256 1/4 2/4; t 257 1/4; t 258 8/4 12/4 85/4 2/4 226/4;");
			old = known(v, 256);
			snprintf(text, sizeof(text),
				 "%s d 258 1.1.1.1 1.1.1.1 0 0 2.2.2.2; t 999 1/4;"
				 "o 300 1/4 | 34/4; d 300 1 100; d 777 +9; %s %s",
				 T D, v == 10 ? "w 257;" : "", rows[i].bad);
			assert_int_equal(decode(v, text), rows[i].reason);
			assert_int_equal(got.rejected, 2);
			assert_int_equal(got.count | got.options | got.templates | got.open |
						 got.waiting_count | got.has_alt,
					 0);
			assert_string_equal(shown_notes(), "");
			name = old->name;
			assert_int_equal(nfm_flow_accept(&decoder, &source), 0);
			/* what it redefined, or withdrew, does not hold any more */
			assert_null(known(v, 256));
			assert_int_equal(!known(v, 257), v == 10);
			assert_non_null(known(v, 258));
			assert_int_equal(known_count(), v == 10 ? 1 : 2);
			assert_int_equal(nfm_store_sampling(store, &name, NFM_SAMPLER_ANY).num, 1);
		}
}

static void nothing_of_a_discarded_datagram(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		fresh();
		assert_int_equal(decode(v, T D), NFM_REASON_NONE);
		nfm_flow_discard(&decoder);
		assert_int_equal(nfm_flow_accept(&decoder, &source), 0);
		assert_int_equal(known_count(), 0);
		/* nor if the next one is decoded without a word about this one */
		assert_int_equal(decode(v, T D), NFM_REASON_NONE);
		assert_int_equal(take(v, ""), 0);
		assert_int_equal(known_count(), 0);
	}
}

/* ---- redefinition ---- */

static void the_same_again(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		struct nfm_template *t;

		fresh();
		assert_int_equal(take(v, T T), 1);
		assert_int_equal(got.templates, 1);
		t = known(v, 256);
		assert_int_equal(t->learned_unix_ns, NOW_UNIX_NS);
		assert_int_equal(t->seen_unix_ns, NOW_UNIX_NS);
		assert_int_equal(t->used_ns, 0);
		source.now_unix_ns++;
		assert_int_equal(take(v, T D T), 0);
		assert_int_equal(got.templates, 0);
		assert_ptr_equal(known(v, 256), t);
		assert_int_equal(t->learned_unix_ns, NOW_UNIX_NS);
		assert_int_equal(t->seen_unix_ns, NOW_UNIX_NS + 1);
		assert_int_equal(t->used_ns, NOW_NS);
		/* there and back */
		assert_int_equal(take(v, "t 256 1/4;" T), 2);
		assert_int_equal(known(v, 256)->field_count, 4);
	}
}

static void data_by_their_place(void **state)
{
	static const struct {
		const char *sent, *flows;
	} rows[] = {
		{ "t 256 8/4 12/4 1/4 2/4; d 256 10.0.0.1 10.0.0.2 100 1;"
		  "t 256 12/4 8/4 1/4 2/4; d 256 10.0.0.3 10.0.0.4 200 2;"
		  "t 256 8/4 12/4 2/4 1/4; d 256 10.0.0.5 10.0.0.6 3 300;",
		  "10.0.0.1>10.0.0.2 100/1, 10.0.0.4>10.0.0.3 200/2, 10.0.0.5>10.0.0.6 300/3" },
		/* options to data, and data to options */
		{ "o 256 1/4 | 2/4; d 256 1 1; t 256 8/4 12/4 1/4 2/4;" D, FLOW },
		{ T D "o 256 1/4 | 2/4; d 256 1 1;", FLOW },
		/* the other template's bytes do not matter */
		{ "t 257 1/4;" T "t 258 1/4;" D, FLOW },
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		FOR_VERSIONS(v)
			for (uint32_t again = 0; again < 2; again++) {
				if (!again)
					fresh();
				take(v, rows[i].sent);
				assert_string_equal(shown(), rows[i].flows);
			}
}

static void scope_of_a_template(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		struct nfm_decode_source other;

		fresh();
		take(v, T);
		other = source;
		source.exporter.byte[15]++;
		take(v, D);
		assert_int_equal(got.waiting_count, 1);
		source = other;
		take(v, D);
		assert_int_equal(got.waiting_count, 0);
		take(v == 9 ? 10 : 9, D);
		assert_int_equal(got.waiting_count, 1);
		sets_build(v, D);
		sets_byte[v == 9 ? 19 : 15]++; /* the domain */
		assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_NONE);
		assert_int_equal(got.waiting_count, 1);
		assert_int_equal(got.domain, 0x0a0b0c0e);
	}
}

/* ---- withdrawal ---- */

static void withdrawals(void **state)
{
#define THREE "t 256 1/4, 257 1/4; o 300 1/4 | 34/4;"
#define BAD UINT32_MAX
	static const struct {
		const char *sent; /* after THREE */
		uint32_t left;	  /* templates; BAD: BAD_TEMPLATE */
		uint32_t waiting;
	} rows[] = {
		{ "w 256;", 2, 0 },
		{ "w 256; d 256 1; d 257 1;", 2, 1 },
		{ "d 256 1; w 256;", 2, 0 },
		{ "w 256 257;", 1, 0 },
		{ "w 258;", 3, 0 },
		{ "w 256 256 256;", 2, 0 },
		{ "wo 300;", 2, 0 },
		{ "w 2;", 1, 0 },
		{ "wo 3;", 2, 0 },
		{ "w 3;", BAD, 0 },
		{ "wo 2;", BAD, 0 },
		{ "w 255;", BAD, 0 },
		{ "w 1;", BAD, 0 },
		{ "w 2; d 256 1; d 257 1; d 300 1 5;", 1, 2 },
		{ "wo 3; d 256 1; d 257 1; d 300 1 5;", 2, 1 },
		{ "w 256; t 256 1/4; d 256 1;", 3, 0 },
		{ "w 2; t 256 1/4; d 256 1; d 257 1;", 2, 1 },
		{ "t 256 1/2; w 2; d 256 1;", 1, 1 },
		{ "t 256 1/4; w 2; d 256 1;", 1, 1 },
		{ "t 256 1/2; wo 3; d 256 1;", 2, 0 },
		{ "t 256 1/2; w 256; d 256 1;", 2, 1 },
		{ "t 258 1/4; w 2; t 258 1/4; d 258 1;", 2, 0 },
		{ "o 256 1/4 | 2/4; w 2; d 256 1 1; d 257 1;", 2, 1 },
		{ "o 256 1/4 | 2/4; wo 3; d 256 1 1; d 257 1;", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint32_t reason;

		fresh();
		take(10, THREE);
		reason = decode(10, rows[i].sent);
		if (rows[i].left == BAD) {
			assert_int_equal(reason, NFM_REASON_BAD_TEMPLATE);
			assert_int_equal(known_count(), 3);
			continue;
		}
		nfm_flow_accept(&decoder, &source);
		if (reason != NFM_REASON_NONE || known_count() != rows[i].left ||
		    got.waiting_count != rows[i].waiting)
			fail_msg("row %zu: reason %u, %u left, %u wait", i, reason, known_count(),
				 got.waiting_count);
	}
#undef BAD
#undef THREE
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_words),
		cmocka_unit_test(short_headers),
		cmocka_unit_test(ipfix_length),
		cmocka_unit_test(v9_count_is_not_believed),
		cmocka_unit_test(walk),
		cmocka_unit_test(template_records),
		cmocka_unit_test(nothing_of_a_bad_datagram),
		cmocka_unit_test(nothing_of_a_discarded_datagram),
		cmocka_unit_test(the_same_again),
		cmocka_unit_test(data_by_their_place),
		cmocka_unit_test(scope_of_a_template),
		cmocka_unit_test(withdrawals),
	};

	return cmocka_run_group_tests(tests, sets_set_up, sets_tear_down);
}
