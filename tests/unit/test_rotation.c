// SPDX-License-Identifier: GPL-2.0-only
/* When an interval ends, also if the wall clock is set. */
#include "agent/rotation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#define INTERVAL_S 300U
#define BOUNDARY_NS (1700000100 * NFM_NS_PER_S)

static bool is_due(uint64_t now_ns)
{
	return nfm_rotation_is_due(now_ns, BOUNDARY_NS, INTERVAL_S);
}

static void ends_at_its_boundary(void **state)
{
	(void)state;
	assert_int_equal(nfm_rotation_boundary_ns(BOUNDARY_NS - 1, INTERVAL_S), BOUNDARY_NS);
	assert_int_equal(nfm_rotation_boundary_ns(BOUNDARY_NS, INTERVAL_S),
			 BOUNDARY_NS + INTERVAL_S * NFM_NS_PER_S);
	assert_false(is_due(BOUNDARY_NS - INTERVAL_S * NFM_NS_PER_S));
	assert_false(is_due(BOUNDARY_NS - 1));
	assert_true(is_due(BOUNDARY_NS));
}

static void ends_once_the_clock_is_set_forward(void **state)
{
	(void)state;
	assert_true(is_due(BOUNDARY_NS + 86400 * NFM_NS_PER_S));
}

static void ends_once_the_clock_is_set_back(void **state)
{
	(void)state;
	assert_true(is_due(BOUNDARY_NS - INTERVAL_S * NFM_NS_PER_S - 1));
	assert_true(is_due(BOUNDARY_NS - 86400 * NFM_NS_PER_S));
	assert_true(is_due(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_at_its_boundary),
		cmocka_unit_test(ends_once_the_clock_is_set_forward),
		cmocka_unit_test(ends_once_the_clock_is_set_back),
	};

	return cmocka_run_group_tests_name("rotation", tests, NULL, NULL);
}
