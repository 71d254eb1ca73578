// SPDX-License-Identifier: GPL-2.0-only
/* Exporter sections: addresses, names, sampling factors and flags. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/config_values.h"

static struct nfm_config config;
static struct nfm_config_target to;

static int setup(void **state)
{
	(void)state;
	memset(&to, 0, sizeof(to));
	to.config = &config;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nfm_config_exporters_clear(&to.exporters);
	return 0;
}

static void sampling_factors(void **state)
{
	static const struct {
		const char *value;
		int code;
		uint32_t num, den;
		bool trust_data;
	} cases[] = {
		{ "auto", 0, 0, 1, false },
		{ "trust-data", 0, 0, 1, true },
		{ "1", 0, 1, 1, false },
		{ "1000", 0, 1000, 1, false },
		{ "12/10", 0, 12, 10, false },
		{ "5/5", 0, 5, 5, false },
		{ "16777216", 0, 16777216, 1, false },
		{ "16777217", -ERANGE, 0, 0, false },
		{ "0", -ERANGE, 0, 0, false },
		{ "1/1000", -ERANGE, 0, 0, false },
		{ "5/0", -ERANGE, 0, 0, false },
		{ "1:1000", -EINVAL, 0, 0, false },
		{ "5/", -EINVAL, 0, 0, false },
		{ "/5", -EINVAL, 0, 0, false },
		{ "5/5/5", -EINVAL, 0, 0, false },
		{ "1.2", -EINVAL, 0, 0, false },
		{ "00000000000000000001/1", -EINVAL, 0, 0, false },
		{ "Auto", -EINVAL, 0, 0, false },
		{ "", -EINVAL, 0, 0, false },
	};

	(void)state;
	assert_int_equal(nfm_config_exporter_begin(&to, "r", 1), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		struct nfm_config_exporter before = to.exporters.open;
		int code = nfm_config_parse_sampling(NULL, &to, cases[i].value);

		if (code != cases[i].code)
			fail_msg("\"%s\": %d", cases[i].value, code);
		if (code) {
			assert_memory_equal(&before, &to.exporters.open, sizeof(before));
			continue;
		}
		assert_int_equal(to.exporters.open.sampling_num, cases[i].num);
		assert_int_equal(to.exporters.open.sampling_den, cases[i].den);
		assert_int_equal(to.exporters.open.trust_data, cases[i].trust_data);
	}
}

static void sampling_holds_for_all_addresses_of_its_section(void **state)
{
	(void)state;
	assert_int_equal(nfm_config_exporter_begin(&to, "a", 1), 0);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "192.0.2.1 ::1"), 0);
	assert_int_equal(nfm_config_parse_sampling(NULL, &to, "7"), 0);
	assert_int_equal(nfm_config_exporter_end(&to), 0);
	assert_int_equal(nfm_config_exporter_begin(&to, "b", 5), 0);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "192.0.2.2"), 0);
	assert_int_equal(nfm_config_exporter_end(&to), 0);
	assert_int_equal(to.exporters.count, 3);
	assert_int_equal(to.exporters.entries[0].sampling_num, 7);
	assert_int_equal(to.exporters.entries[1].sampling_num, 7);
	assert_int_equal(to.exporters.entries[2].sampling_num, 0);
	assert_int_equal(to.exporters.entries[2].sampling_den, 1);
	assert_string_equal(to.exporters.entries[1].name, "a");
	assert_string_equal(to.exporters.entries[2].name, "b");
}

static void yes_and_no(void **state)
{
	static const struct {
		const char *value;
		int code;
		bool yes;
	} cases[] = {
		{ "yes", 0, true }, { "no", 0, false },	    { "", -EINVAL, false },
		{ "1", -EINVAL, false }, { "Yes", -EINVAL, false }, { "no ", -EINVAL, false },
	};
	struct nfm_config_exporter *open = &to.exporters.open;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		open->no_nat = cases[i].yes;
		open->repair_wraps = !cases[i].yes;
		if (nfm_config_parse_nat(NULL, &to, cases[i].value) != cases[i].code ||
		    nfm_config_parse_repair_wraps(NULL, &to, cases[i].value) != cases[i].code)
			fail_msg("\"%s\"", cases[i].value);
		/* a good value turns both round, a wrong one leaves them */
		assert_int_equal(open->no_nat, cases[i].code ? cases[i].yes : !cases[i].yes);
		assert_int_equal(open->repair_wraps, cases[i].code ? !cases[i].yes : cases[i].yes);
	}
}

static void flags_hold_for_all_addresses_of_their_section(void **state)
{
	(void)state;
	assert_int_equal(nfm_config_exporter_begin(&to, "a", 1), 0);
	assert_int_equal(nfm_config_parse_nat(NULL, &to, "no"), 0);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "192.0.2.1 ::1"), 0);
	assert_int_equal(nfm_config_parse_repair_wraps(NULL, &to, "yes"), 0);
	assert_int_equal(nfm_config_exporter_end(&to), 0);
	assert_int_equal(nfm_config_exporter_begin(&to, "b", 5), 0);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "192.0.2.2"), 0);
	assert_int_equal(nfm_config_exporter_end(&to), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(to.exporters.entries[i].no_nat);
		assert_true(to.exporters.entries[i].repair_wraps);
	}
	assert_false(to.exporters.entries[2].no_nat);
	assert_false(to.exporters.entries[2].repair_wraps);
	assert_memory_not_equal(&to.exporters.entries[0].addr, &to.exporters.entries[1].addr,
				sizeof(struct nfm_addr));
}

static void an_address_belongs_to_one_section_once(void **state)
{
	(void)state;
	assert_int_equal(nfm_config_exporter_begin(&to, "a", 3), 0);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "192.0.2.1"), 0);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "192.0.2.2 192.0.2.1"), -EEXIST);
	assert_string_equal(to.at_fault, "192.0.2.1");
	assert_int_equal(to.first_line, 3);
	assert_int_equal(nfm_config_exporter_end(&to), 0);
	assert_int_equal(nfm_config_exporter_begin(&to, "a", 9), -EEXIST);
	assert_int_equal(to.first_line, 3);
	assert_int_equal(nfm_config_exporter_begin(&to, "A", 9), 0);
}

static void wrong_names_and_addresses(void **state)
{
	(void)state;
	assert_int_equal(nfm_config_exporter_begin(&to, "", 1), -EINVAL);
	assert_int_equal(nfm_config_exporter_begin(&to, "a\tb", 1), -EINVAL);
	assert_int_equal(nfm_config_exporter_end(&to), 0); /* none is open */
	assert_int_equal(nfm_config_exporter_begin(&to, "a b", 1), 0);
	assert_int_equal(nfm_config_parse_address(NULL, &to, ""), -EINVAL);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "router.example"), -EINVAL);
	assert_int_equal(nfm_config_parse_address(NULL, &to, "192.0.2.1/32"), -EINVAL);
	assert_int_equal(nfm_config_exporter_end(&to), -ENODATA);
}

static void many_addresses(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(nfm_config_exporter_begin(&to, "a", 1), 0);
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250);
		assert_int_equal(nfm_config_parse_address(NULL, &to, text), 0);
	}
	assert_int_equal(to.exporters.count, 2000);
	assert_int_equal(nfm_config_exporter_end(&to), 0);
	assert_string_equal(to.exporters.entries[1999].name, "a");
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(sampling_factors),
		FRESH(sampling_holds_for_all_addresses_of_its_section),
		FRESH(yes_and_no),
		FRESH(flags_hold_for_all_addresses_of_their_section),
		FRESH(an_address_belongs_to_one_section_once),
		FRESH(wrong_names_and_addresses),
		FRESH(many_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
