// SPDX-License-Identifier: GPL-2.0-only
/* How deep a text of JSON goes, before anybody makes a tree of it. */
#include "base/json_depth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void depths(void **state)
{
	static const struct {
		const char *text;
		unsigned int depth;
	} cases[] = {
		{ "", 0 }, { "1", 0 }, { "{}", 1 }, { "[{}]", 2 }, { "[{},{}]", 2 },
		{ "[[],[[]]]", 3 }, { "\"[[[[\"", 0 }, { "[\"]\",[\"\\\"[[\"]]", 2 },
		{ "[\"\\\\\",[]]", 2 }, { "]]][", 1 }, { "\"\\", 0 }, { "{\"a\":[", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(nfm_json_is_deeper(cases[i].text, cases[i].depth));
		if (cases[i].depth)
			assert_true(nfm_json_is_deeper(cases[i].text, cases[i].depth - 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(depths) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
