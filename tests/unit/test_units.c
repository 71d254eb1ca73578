// SPDX-License-Identifier: GPL-2.0-only
/* Sizes, lifetimes, numbers, addresses and times: what is read, what is refused, what is shown. */
#include "base/units.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define GIB (1ULL << 30)

struct span_case {
	const char *input;
	int code;
	uint64_t expected;
};

/* What nfexpire's users write, and what must not pass as "no limit". */
static const struct span_case size_cases[] = {
	{ "100M", 0, 104857600 },
	{ "100MB", 0, 104857600 },
	{ "100m", 0, 104857600 },
	{ "1.5G", 0, 1610612736 },
	{ "1.5GB", 0, 1610612736 },
	{ "1.5g", 0, 1610612736 },
	{ ".5G", 0, 536870912 },
	{ "5", 0, 5 },
	{ "5B", 0, 5 },
	{ "5b", 0, 5 },
	{ "2T", 0, 2199023255552 },
	{ "2TB", 0, 2199023255552 },
	{ "10K", 0, 10240 },
	{ "10KB", 0, 10240 },
	{ "0", 0, 0 },
	{ "0.5", -EINVAL, 0 },
	{ ".", -EINVAL, 0 },
	{ "99999999999T", -ERANGE, 0 },
	{ "5BB", -EINVAL, 0 },
	{ "5X", -EINVAL, 0 },
	{ "1e9", -EINVAL, 0 },
	{ "1 G", -EINVAL, 0 },
	{ "1,5G", -EINVAL, 0 },
	{ "1.5.5G", -EINVAL, 0 },
	{ "-5", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	/* further ones of ours */
	{ "0G", 0, 0 },
	{ "0.0", 0, 0 },
	{ "5.0", 0, 5 },
	{ "1.1K", 0, 1126 },
	{ "0.1G", 0, 107374182 },
	{ "0.000000000931322574615478515625G", -EINVAL, 0 },
	{ "0.0001K", -EINVAL, 0 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "16777215.999999999999999999T", 0, UINT64_MAX },
	{ "16777216T", -ERANGE, 0 },
	{ "99999999999999999999999999999999999999X", -EINVAL, 0 },
	{ "5.", -EINVAL, 0 },
	{ "5.G", -EINVAL, 0 },
	{ "G", -EINVAL, 0 },
	{ "+5", -EINVAL, 0 },
	{ " 5", -EINVAL, 0 },
	{ "5G ", -EINVAL, 0 },
	{ "5P", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
	{ "inf", -EINVAL, 0 },
	{ "nan", -EINVAL, 0 },
	{ "1G1M", -EINVAL, 0 },
};

static const struct span_case lifetime_cases[] = {
	{ "31d", 0, 2678400 },
	{ "240H", 0, 864000 },
	{ "1.5d", 0, 129600 },
	{ "24", 0, 86400 },
	{ "1.5", 0, 5400 },
	{ "1w2d", 0, 777600 },
	{ "1d12H", 0, 129600 },
	{ "30M", 0, 1800 },
	{ "31D", -EINVAL, 0 },
	{ "240h", -EINVAL, 0 },
	{ "2W", -EINVAL, 0 },
	{ "90m", -EINVAL, 0 },
	{ "5s", -EINVAL, 0 },
	{ "1y", -EINVAL, 0 },
	{ "5 d", -EINVAL, 0 },
	{ "-3d", -EINVAL, 0 },
	{ "1d1d", -EINVAL, 0 },
	{ "1H30", -EINVAL, 0 },
	{ "0", 0, 0 },
	/* further ones of ours */
	{ "", -EINVAL, 0 },
	{ "d", -EINVAL, 0 },
	{ ".", -EINVAL, 0 },
	{ "1w1d1H1M", 0, 604800 + 86400 + 3600 + 60 },
	{ "0.5w0.5d.5H.5M", 0, 302400 + 43200 + 1800 + 30 },
	{ "1H1d", -EINVAL, 0 },
	{ "1d12", -EINVAL, 0 },
	{ "12 H", -EINVAL, 0 },
	{ "1d 12H", -EINVAL, 0 },
	{ "1dH", -EINVAL, 0 },
	{ "0d", 0, 0 },
	{ "0.001M", -EINVAL, 0 },
	{ "18446744073709551615", -ERANGE, 0 },
	{ "99999999999999999999w", -ERANGE, 0 },
	{ "30500568904943w", 0, 30500568904943ULL * 604800 },
	{ "30500568904943w7d", -ERANGE, 0 },
	{ "99999999999999999999w1y", -EINVAL, 0 },
};

static void check_spans(const struct span_case *cases, size_t count,
			int (*parse)(const char *text, uint64_t *out))
{
	for (size_t i = 0; i < count; i++) {
		const struct span_case *c = &cases[i];
		uint64_t got = 4711;
		int code = parse(c->input, &got);

		if (code != c->code || got != (code ? 4711 : c->expected))
			fail_msg("\"%s\": code %d, value %llu; not %d, %llu", c->input, code,
				 (unsigned long long)got, c->code,
				 (unsigned long long)c->expected);
	}
}

static void sizes(void **state)
{
	(void)state;
	check_spans(size_cases, NFM_ARRAY_SIZE(size_cases), nfm_units_parse_size);
}

static void lifetimes(void **state)
{
	(void)state;
	check_spans(lifetime_cases, NFM_ARRAY_SIZE(lifetime_cases), nfm_units_parse_lifetime);
}

static void numbers(void **state)
{
	static const struct {
		const char *input;
		int code;
	} cases[] = {
		{ "1", 0 },	  { "65535", 0 },   { "007", 0 },     { "0", -ERANGE },
		{ "65536", -ERANGE }, { "18446744073709551617", -ERANGE },
		{ "", -EINVAL },  { "-1", -EINVAL }, { "+1", -EINVAL }, { " 1", -EINVAL },
		{ "1 ", -EINVAL }, { "1.0", -EINVAL }, { "0x1", -EINVAL }, { "1k", -EINVAL },
		{ "99999999999999999999x", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		uint64_t got = 4711;
		int code = nfm_units_parse_u64(cases[i].input, 1, 65535, &got);

		if (code != cases[i].code)
			fail_msg("\"%s\": %d", cases[i].input, code);
		assert_int_equal(got, code ? 4711 : strtoull(cases[i].input, NULL, 10));
	}
}

static void addresses_come_back_as_written(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "192.0.2.1", "255.255.255.255", "::",
					     "2001:db8::1", "fe80::1" };
	char buf[46];
	struct nfm_addr addr;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(texts); i++) {
		assert_int_equal(nfm_units_parse_addr(texts[i], &addr), 0);
		assert_string_equal(nfm_units_format_addr(&addr, buf, sizeof(buf)), texts[i]);
	}
	assert_int_equal(nfm_units_parse_addr("::ffff:192.0.2.1", &addr), 0);
	assert_string_equal(nfm_units_format_addr(&addr, buf, sizeof(buf)), "192.0.2.1");
	assert_int_equal(nfm_units_parse_addr("192.0.2.1", &addr), 0);
	assert_int_equal(addr.byte[9], 0);
	assert_int_equal(addr.byte[10], 0xff);
	assert_int_equal(addr.byte[11], 0xff);
	assert_int_equal(addr.byte[12], 192);
	assert_int_equal(addr.byte[15], 1);
}

static void addresses_refused(void **state)
{
	static const char *const texts[] = { "", "192.0.2", "192.0.2.1.5", "192.0.2.256",
					     "192.0.2.1/32", "192.0.2.1 ", "fe80::1%lo", "2001:db8",
					     "router" };
	struct nfm_addr addr = { .byte = { 1, 2, 3 } };

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(texts); i++)
		assert_int_equal(nfm_units_parse_addr(texts[i], &addr), -EINVAL);
	assert_int_equal(addr.byte[2], 3);
}

static void prefixes_come_back(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "192.0.2.128/25", "192.0.2.128/25" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "::/0", "::/0" },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8" },
		{ "::ffff:192.0.2.1", "192.0.2.1/32" },
		{ "2001:0db8:0000:0000:0000:0000:0000:0000/33", "2001:db8::/33" },
	};
	uint8_t addr[16], family, bits;
	char buf[50];

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		memset(addr, 0xaa, sizeof(addr));
		assert_int_equal(nfm_units_parse_prefix(cases[i].text, addr, &family, &bits), 0);
		nfm_units_format_prefix(addr, family, bits, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].shown);
		if (family == 4)
			assert_memory_equal(addr + 4, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
	}
}

static void prefixes_refused(void **state)
{
	static const char *const texts[] = {
		"",		"/8",		"10.0.0.0/",	"10.0.0.0/33",	   "10.0.0.1/8",
		"10.0.0.0/8/8", "10.0.0.0/ 8",	"10.0.0.0/-1",	"10.0.0.0/255.0.0.0", "10/8",
		"::1/127",	"2001:db8::/129", "::1/0",	"2001:db8::1/64",
		"10.0.0.0/99999999999999999999",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/3",
	};
	uint8_t addr[16] = { 9 }, family = 9, bits = 9;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(texts); i++)
		if (nfm_units_parse_prefix(texts[i], addr, &family, &bits) != -EINVAL)
			fail_msg("\"%s\" passed", texts[i]);
	assert_int_equal(addr[0], 9);
	assert_int_equal(family, 9);
	assert_int_equal(bits, 9);
}

static void counts_have_three_digits(void **state)
{
	static const struct {
		uint64_t value;
		const char *unit, *shown;
	} cases[] = {
		{ 0, "B", "0 B" },
		{ 999, "", "999" },
		{ 1000, "B", "1.00 kB" },
		{ 1004, "B", "1.00 kB" },
		{ 1005, "B", "1.01 kB" },
		{ 9994, "B", "9.99 kB" },
		{ 9995, "B", "10.0 kB" },
		{ 99950, "B", "100 kB" },
		{ 999499, "B", "999 kB" },
		{ 999500, "B", "1.00 MB" },
		{ 1500000000, "B", "1.50 GB" },
		{ 15000000, "bit/s", "15.0 Mbit/s" },
		{ 2000, "", "2.00 k" },
		{ UINT64_MAX, "B", "18.4 EB" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++)
		assert_string_equal(nfm_units_format_count(cases[i].value, cases[i].unit, buf,
							   sizeof(buf)),
				    cases[i].shown);
}

static void times_in_utc_and_local(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(nfm_units_format_time(1795388700999999999ULL, buf, sizeof(buf)),
			    "2026-11-22T23:05:00Z");
	assert_string_equal(nfm_units_format_time(0, buf, sizeof(buf)), "1970-01-01T00:00:00Z");
	assert_string_equal(nfm_units_format_time(UINT64_MAX, buf, sizeof(buf)),
			    "2554-07-21T23:34:33Z");
	setenv("TZ", "CET-1", 1);
	tzset();
	assert_string_equal(nfm_units_format_local(1795388700ULL * 1000000000, buf, sizeof(buf)),
			    "2026-11-23 00:05:00");
	assert_string_equal(nfm_units_format_time(1795388700ULL * 1000000000, buf, sizeof(buf)),
			    "2026-11-22T23:05:00Z");
	assert_string_equal(nfm_units_format_local(0, buf, 5), "");
}

static void one_and_a_half_gib_is_exact(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(nfm_units_parse_size("1.5G", &bytes), 0);
	assert_int_equal(bytes, GIB + GIB / 2);
	assert_int_equal(nfm_units_parse_size("0.3T", &bytes), 0);
	assert_int_equal(bytes, (1ULL << 40) * 3 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(numbers),
		cmocka_unit_test(addresses_come_back_as_written),
		cmocka_unit_test(addresses_refused),
		cmocka_unit_test(prefixes_come_back),
		cmocka_unit_test(prefixes_refused),
		cmocka_unit_test(counts_have_three_digits),
		cmocka_unit_test(times_in_utc_and_local),
		cmocka_unit_test(one_and_a_half_gib_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
