// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's decoder: sampling as options data announce it, as data records say it, and as it is
 * configured.
 */
#include "sets.h"

#define T "t 256 8/4 12/4 1/4 2/4;"
#define D "d 256 1.1.1.1 2.2.2.2 1000 10;"
#define TS "t 257 8/4 12/4 1/4 2/4 48/2;" /* with a sampler's id */
#define WITH(sampler) "d 257 1.1.1.1 2.2.2.2 1000 10 " #sampler ";"

static const uint16_t versions[] = { 9, 10 };

#define FOR_VERSIONS(v) for (size_t v##_i = 0; v##_i < 2 && ((v) = versions[v##_i]); v##_i++)

/* What the decoded flows' bytes were multiplied with, by 1,000: "100000 1000". */
static const char *factors(void)
{
	static char text[256];
	size_t at = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < got.count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%llu", i ? " " : "",
				       (unsigned long long)decoder.flow[i].bytes);
	return text;
}

/* ---- announced ---- */

static const struct {
	const char *options;
	uint32_t records;
	const char *bytes; /* of 1,000 after them */
	uint32_t only;
} announced[] = {
	{ "o 300 1/4 | 34/4; d 300 1 100;", 1, "100000", 0 },
	{ "o 300 1/4 | 50/4; d 300 1 100;", 1, "100000", 0 },
	{ "o 300 1/4 | 34/4 50/4; d 300 1 100 7;", 1, "100000", 0 }, /* the first */
	{ "o 300 1/4 | 50/4 34/4; d 300 1 7 100;", 1, "7000", 0 },
	{ "o 300 1/4 | 34/1; d 300 1 100;", 1, "100000", 0 },
	{ "o 300 1/4 | 34/8 35/1; d 300 1 100 2;", 1, "100000", 0 },
	{ "o 300 1/4 | 34/4; d 300 1 1;", 1, "1000", 0 },
	/* take and skip */
	{ "o 300 1/4 | 305/4 306/4; d 300 1 1 99;", 1, "100000", 0 },
	{ "o 300 1/4 | 305/4 306/4; d 300 1 2 3;", 1, "2500", 0 },
	{ "o 300 1/4 | 305/4 306/4; d 300 1 3 4;", 1, "2333", 0 },
	{ "o 300 1/4 | 305/4 306/4; d 300 1 6 1;", 1, "1167", 0 },
	{ "o 300 1/4 | 306/4 305/4; d 300 1 3 2;", 1, "2500", 0 },
	{ "o 300 1/4 | 306/4; d 300 1 9;", 1, "10000", 0 },
	{ "o 300 1/4 | 305/4 306/4; d 300 1 1 0;", 1, "1000", 0 },
	{ "o 300 1/4 | 305/4 306/4; d 300 1 0 99;", 1, "1000", 0 },
	{ "o 300 1/4 | 305/4; d 300 1 5;", 1, "1000", 0 },
	{ "o 300 1/4 | 305/4 306/4 34/4; d 300 1 1 99 7;", 1, "7000", 0 },
	{ "o 300 1/4 | 305/4 306/4 34/4; d 300 1 1 99 0;", 1, "100000", 0 },
	/* what cannot be */
	{ "o 300 1/4 | 34/4; d 300 1 0;", 1, "1000", 0 },
	{ "o 300 1/4 | 34/4; d 300 1 16777216;", 1, "16777216000", 0 },
	{ "o 300 1/4 | 34/4; d 300 1 16777217;", 1, "1000", 0 },
	{ "o 300 1/4 | 34/8; d 300 1 0x100000064;", 1, "1000", 0 },
	{ "o 300 1/4 | 34/0; d 300 1;", 1, "1000", 0 },
	{ "o 300 1/4 | 34/9; d 300 1 100;", 1, "1000", 0 },
	{ "o 300 1/4 | 305/4 306/4; d 300 1 16777217 16777216;", 1, "1000", 0 },
	{ "o 300 1/4 | 305/4 306/4; d 300 1 1 16777217;", 1, "1000", 0 },
	{ "o 300 1/4 | 305/8 306/8; d 300 1 1 0xffffffffffffffff;", 1, "1000", 0 },
	/* never byte-swapped, and nothing but options data */
	{ "o 300 1/4 | 34/4; d 300 1 0x64000000;", 1, "1000", 0 },
	{ "t 300 1/4 34/4 6/1; d 300 1 100;", 0, "1 1000", 0 },
	{ "o 300 1/4 | 41/4 36/2; d 300 1 100 5, 1 2 3;", 2, "1000", 0 },
	/* several records, padding */
	{ "o 300 1/4 | 34/4; d 300 1 100, 2 200 +3;", 2, "200000", 0 },
	/* of variable length */
	{ "o 300 1/4 | 34/4 82/v; d 300 1 100 *7, 1 200 **9 +2;", 2, "200000", 0 },
	{ "o 300 1/4 | 34/v; d 300 1 *2=100;", 1, "100000", 0 },
	/* scope fields: elements in IPFIX, and numbers of their own in v9 */
	{ "o 300 34/4 | 41/4; d 300 100 1;", 1, "100000", 10 },
	{ "o 300 34/4 | 41/4; d 300 100 1;", 1, "1000", 9 },
	{ "o 300 | 34/4; d 300 100;", 1, "100000", 9 },
};

static void what_is_announced(void **state)
{
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(announced); i++)
		FOR_VERSIONS(v) {
			const char *last;
			char text[256];

			if (announced[i].only && v != announced[i].only)
				continue;
			/* in the same datagram, and in a later one */
			fresh();
			snprintf(text, sizeof(text), T "%s" D, announced[i].options);
			take(v, text);
			if (strcmp(factors(), announced[i].bytes) ||
			    got.options != announced[i].records)
				fail_msg("row %zu v%u: %s", i, v, factors());
			assert_int_equal(decoder.flow[got.count - 1].packets,
					 (decoder.flow[got.count - 1].bytes + 50) / 100);
			take(v, D);
			last = strrchr(announced[i].bytes, ' ');
			assert_string_equal(factors(), last ? last + 1 : announced[i].bytes);
		}
}

static void bad_options_data(void **state)
{
	static const char *const rows[] = {
		"x 012c 0005 00;",
		"x 012c 000b 00000001 000000;",
		"x 012d 0009 00000001 00;",
		"x 012d 000d 00000001 00000001 05;",
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		FOR_VERSIONS(v) {
			fresh();
			take(v, "o 300 1/4 | 34/4, 301 1/4 | 34/4 82/v;");
			assert_int_equal(decode(v, rows[i]), NFM_REASON_BAD_DATA);
			assert_int_equal(got.options, 0);
		}
}

/* ---- whose ---- */

#define O "o 300 1/4 | 34/4; "			/* without an id */
#define OS "o 301 1/4 | 48/1 34/4; "		/* with one */
#define OS302 "o 302 1/4 | 302/8 305/4 306/4; " /* with the other one */

static void which_sampler(void **state)
{
	static const struct {
		const char *before, *sent;
		const char *bytes;
		uint32_t only;
	} rows[] = {
		/* a record with an id: its own, that of all, the only one, none */
		{ OS "d 301 1 1 10, 1 2 20;", WITH(1) WITH(2), "10000 20000", 0 },
		{ OS "d 301 1 1 10, 1 2 20;", WITH(3), "1000", 0 },
		{ O OS "d 300 1 30; d 301 1 1 10;", WITH(1) WITH(2), "10000 30000", 0 },
		{ O "d 300 1 30;", WITH(1), "30000", 0 },
		{ OS "d 301 1 1 10;", WITH(2), "10000", 0 },
		{ OS302 "d 302 1 1 1 9, 1 0x100000002 1 19;", WITH(1) WITH(2), "10000 1000", 0 },
		/* without one */
		{ OS "d 301 1 1 10;", D, "10000", 0 },
		{ OS "d 301 1 1 10, 1 2 20;", D, "1000", 0 },
		{ O OS "d 301 1 1 10; d 300 1 30;", D, "30000", 0 },
		{ "", D WITH(0), "1000 1000", 0 },
		/* announced in the same datagram, over what the store has */
		{ "", OS "d 301 1 1 10;" D WITH(1) WITH(2), "10000 10000 10000", 0 },
		{ "", OS "d 301 1 1 10, 1 2 20;" D WITH(1) WITH(2) WITH(3), "1000 10000 20000 1000",
		  0 },
		{ OS "d 301 1 1 10;", OS "d 301 1 1 15;" D WITH(1) WITH(2), "15000 15000 15000",
		  0 },
		{ OS "d 301 1 1 10;", OS "d 301 1 2 20;" D WITH(1) WITH(2), "1000 10000 20000", 0 },
		{ O "d 300 1 30;", OS "d 301 1 2 20;" D WITH(1) WITH(2), "30000 30000 20000", 0 },
		{ OS "d 301 1 1 10;", O "d 300 1 30;" D WITH(1) WITH(2), "30000 10000 30000", 0 },
		{ OS "d 301 1 1 10, 1 2 20;", OS "d 301 1 1 15;" D WITH(1) WITH(2) WITH(3),
		  "1000 15000 20000 1000", 0 },
		{ O "d 300 1 30;", O "d 300 1 40;" D WITH(1), "40000 40000", 0 },
		/* by their place in the datagram */
		{ "", OS D WITH(1) "d 301 1 1 10;" D WITH(1) "d 301 1 1 20;" D WITH(1),
		  "1000 1000 10000 10000 20000 20000", 0 },
		{ "", OS WITH(1) "d 301 1 1 10;" WITH(1) "d 301 1 1 20;" WITH(1),
		  "1000 10000 20000", 0 },
		/* as a scope field */
		{ "o 300 302/4 | 34/4; d 300 1 10, 2 20;", WITH(1) WITH(2), "10000 20000", 10 },
		{ "o 300 2/4 | 302/4 34/4; d 300 9 1 10, 9 2 20;", WITH(1) WITH(2), "10000 20000",
		  0 },
		{ "o 300 48/4 | 34/4; d 300 1 10, 2 20;", D WITH(1) WITH(2), "20000 20000 20000",
		  9 },
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		FOR_VERSIONS(v) {
			if (rows[i].only && v != rows[i].only)
				continue;
			fresh();
			take(v, T TS);
			take(v, rows[i].before);
			take(v, rows[i].sent);
			if (strcmp(factors(), rows[i].bytes))
				fail_msg("row %zu v%u: %s", i, v, factors());
		}
}

static void of_one_stream(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		fresh();
		take(v, O "d 300 1 30;");
		take(v == 9 ? 10 : 9, T D);
		assert_string_equal(factors(), "1000");
		sets_build(v, T D);
		sets_byte[v == 9 ? 19 : 15]++; /* the domain */
		assert_int_equal(sets_decode_built(sets_bytes), NFM_REASON_NONE);
		assert_string_equal(factors(), "1000");
		source.exporter.byte[15]++;
		take(v, T D);
		assert_string_equal(factors(), "1000");
		source.exporter.byte[15]--;
		take(v, T D);
		assert_string_equal(factors(), "30000");
	}
}

/* A withdrawn or redefined options template takes nothing back. */
static void sampling_outlives_its_template(void **state)
{
	(void)state;
	fresh();
	take(10, T O "d 300 1 30; wo 300;" D);
	assert_string_equal(factors(), "30000");
	take(10, "t 300 1/4 34/4; d 300 1000 40;" D);
	assert_string_equal(factors(), "30000 30000");
}

/* ---- in data records ---- */

static void in_data(void **state)
{
	static const struct {
		const char *fields;
		const char *values; /* behind bytes and packets */
		const char *trusted, *not_trusted;
	} rows[] = {
		{ "34/4", "100", "100000", "7000" },
		{ "50/4", "100", "100000", "7000" },
		{ "34/1", "100", "100000", "7000" },
		{ "305/4 306/4", "1 99", "100000", "7000" },
		{ "305/4 306/4", "2 3", "2500", "7000" },
		{ "306/4", "9", "10000", "7000" },
		/* little-endian, from RouterOS 6 */
		{ "34/4", "0x64000000", "100000", "7000" },
		{ "34/4", "0x01000000", "1000", "7000" },
		{ "34/4", "0x00000001", "1000", "7000" },
		{ "34/4", "16777215", "16777215000", "7000" },
		{ "34/4", "0x01000001", "7000", "7000" }, /* both ways round too much */
		{ "305/4 306/4", "0x01000000 0x63000000", "100000", "7000" },
		/* not believed */
		{ "34/4", "0", "7000", "7000" },
		{ "34/4", "0xffffffff", "7000", "7000" },
		{ "34/8", "0x64000000", "7000", "7000" },
		{ "34/3", "0", "7000", "7000" },
		{ "305/4 306/4", "0 5", "7000", "7000" },
		{ "305/4", "5", "7000", "7000" },
		{ "34/0", "", "7000", "7000" },
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++)
		FOR_VERSIONS(v)
			for (uint32_t trust = 0; trust < 2; trust++) {
				const char *want = trust ? rows[i].trusted : rows[i].not_trusted;
				char text[256];

				fresh();
				source.flags = trust ? NFM_EXPORTER_TRUST_DATA : 0;
				snprintf(text, sizeof(text),
					 O "d 300 1 7; t 256 8/4 12/4 1/4 2/4 %s;"
					   "d 256 1.1.1.1 2.2.2.2 1000 10 %s;",
					 rows[i].fields, rows[i].values);
				take(v, text);
				if (strcmp(factors(), want))
					fail_msg("row %zu v%u trust %u: %s", i, v, trust,
						 factors());
			}
}

/* ---- configured ---- */

static void configured(void **state)
{
	static const struct nfm_sampling ratios[] = {
		{ 1, 1 }, { 5, 1 }, { 5, 2 }, { 1, 3 }, { 2000, 3 },
	};
	static const char *const bytes[] = {
		"1000 1000 1000", "5000 5000 5000",	  "2500 2500 2500",
		"333 333 333",	  "666667 666667 666667",
	};
	uint16_t v;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(ratios); i++)
		FOR_VERSIONS(v) {
			fresh();
			source.sampling = ratios[i];
			source.flags = NFM_EXPORTER_TRUST_DATA;
			take(v, T TS O OS "d 300 1 30; d 301 1 1 10;"
					  "t 258 8/4 12/4 1/4 2/4 34/4;" D WITH(
						  1) "d 258 1.1.1.1 2.2.2.2 1000 10 50;");
			assert_string_equal(factors(), bytes[i]);
			/* num 0: not configured, whatever den says */
			source.sampling = (struct nfm_sampling){ 0, 9 };
			take(v, D WITH(1) "d 258 1.1.1.1 2.2.2.2 1000 10 50;");
			assert_string_equal(factors(), "30000 10000 50000");
		}
}

static void sums_wrap(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v) {
		fresh();
		source.sampling = (struct nfm_sampling){ 3, 1 };
		take(v, "t 256 8/4 12/4 1/8 2/8; d 256 1.1.1.1 2.2.2.2 0xffffffffffffffff 1;");
		assert_true(decoder.flow[0].bytes == 3 * 0xffffffffffffffffULL);
		assert_int_equal(decoder.flow[0].packets, 3);
	}
}

/* As many samplers as changes, and one more; each announced twice takes no more room. */
static void most_samplers(void **state)
{
	uint16_t v;

	(void)state;
	FOR_VERSIONS(v)
		for (uint32_t more = 0; more < 2; more++) {
			struct nfm_template_name stream = name_of(v, 0);
			uint32_t set;

			fresh();
			take(v, "o 300 1/4 | 302/2 34/4;");
			sets_begin(v);
			set = sets_open(300);
			for (uint32_t i = 0; i < 2 * (NFM_DECODE_CHANGES + more); i++) {
				sets_put(0, 4);
				sets_put(i / 2 * 37 % 1000, 2);
				sets_put(i + 1, 4);
			}
			sets_close(set);
			sets_end();
			assert_int_equal(sets_decode_built(sets_bytes),
					 more ? NFM_REASON_TOO_MANY : NFM_REASON_NONE);
			nfm_flow_accept(&decoder, &source);
			assert_int_equal(nfm_store_sampling(store, &stream, 37).num, more ? 1 : 4);
			assert_int_equal(nfm_store_sampling(store, &stream, 511 * 37 % 1000).num,
					 more ? 1 : 1024);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_announced),
		cmocka_unit_test(bad_options_data),
		cmocka_unit_test(which_sampler),
		cmocka_unit_test(of_one_stream),
		cmocka_unit_test(sampling_outlives_its_template),
		cmocka_unit_test(in_data),
		cmocka_unit_test(configured),
		cmocka_unit_test(sums_wrap),
		cmocka_unit_test(most_samplers),
	};

	return cmocka_run_group_tests(tests, sets_set_up, sets_tear_down);
}
