// SPDX-License-Identifier: GPL-2.0-only
/* Steps of the wall clock: what is one, and what becomes of the open interval. */
#include "agent/clock_step.h"

#include "rotation.h"

#define S ((int64_t)NFM_NS_PER_S)

static struct nfm_clock_step clock_step;

/* A look at wall and monotonic clock, in seconds, which takes `took_ns`. */
static int64_t look(uint64_t unix_s, uint64_t monotonic_s, uint64_t took_ns)
{
	return nfm_clock_step_look(&clock_step, monotonic_s * NFM_NS_PER_S, unix_s * NFM_NS_PER_S,
				   monotonic_s * NFM_NS_PER_S + took_ns);
}

static int forget(void **state)
{
	(void)state;
	clock_step = (struct nfm_clock_step){ 0 };
	return 0;
}

static void time_that_passes_is_no_step(void **state)
{
	(void)state;
	assert_int_equal(look(1000000, 50, 0), 0);
	assert_int_equal(look(1000001, 51, 1000), 0);
	assert_int_equal(look(1086401, 86451, 0), 0);
	assert_int_equal(look(1086402, 86451, 0), 0); /* a leap second */
	assert_int_equal(clock_step.step_ns, 0);
}

static void steps_are_told_once_and_add_up(void **state)
{
	(void)state;
	look(1000000, 50, 0);
	assert_int_equal(look(1003601, 51, 0), 3600 * S);
	assert_int_equal(look(1003602, 52, 0), 0);
	assert_int_equal(look(1003593, 53, 0), -10 * S);
	assert_int_equal(clock_step.step_ns, 3590 * S);
}

static void a_look_that_was_interrupted_says_nothing(void **state)
{
	(void)state;
	look(1000000, 50, 0);
	assert_int_equal(look(1003601, 51, NFM_NS_PER_S), 0);
	assert_int_equal(clock_step.step_ns, 0);
	assert_int_equal(look(1003602, 52, 0), 3600 * S);
}

/* ---- the open interval ---- */

static struct nfm_ctl ctl;
static struct nfm_table open_table = { .ctl = &ctl };

static void open_interval(uint64_t epoch, uint64_t committed)
{
	ctl = (struct nfm_ctl){ .epoch = epoch, .committed = committed };
	for (uint32_t bank = 0; bank < NFM_BANKS; bank++) {
		ctl.from_unix_ns[bank] = (1000 + bank) * NFM_NS_PER_S;
		ctl.slot_unix_ns[bank] = (900 + bank) * NFM_NS_PER_S;
		ctl.gap[bank][0] = (struct nfm_gap){ 1010 * NFM_NS_PER_S, 1020 * NFM_NS_PER_S };
		ctl.gap_count[bank] = 1;
	}
	ctl.created_unix_ns = 77;
}

static void the_open_interval_goes_with_the_clock(void **state)
{
	(void)state;
	open_interval(5, 4);
	clock_step.step_ns = 3600 * S;
	nfm_clock_step_apply(&clock_step, &open_table);
	assert_int_equal(ctl.from_unix_ns[1], 4601 * NFM_NS_PER_S);
	assert_int_equal(ctl.slot_unix_ns[1], 4501 * NFM_NS_PER_S);
	assert_int_equal(ctl.gap[1][0].from_unix_ns, 4610 * NFM_NS_PER_S);
	assert_int_equal(ctl.gap[1][0].to_unix_ns, 4620 * NFM_NS_PER_S);
	assert_int_equal(ctl.from_unix_ns[0], 1000 * NFM_NS_PER_S);
	assert_int_equal(ctl.gap[0][0].from_unix_ns, 1010 * NFM_NS_PER_S);
	assert_int_equal(ctl.created_unix_ns, 77);
	nfm_clock_step_apply(&clock_step, &open_table); /* once */
	assert_int_equal(ctl.from_unix_ns[1], 4601 * NFM_NS_PER_S);
}

static void back_but_not_before_there_was_time(void **state)
{
	(void)state;
	open_interval(4, 3);
	clock_step.step_ns = -950 * S;
	nfm_clock_step_apply(&clock_step, &open_table);
	assert_int_equal(ctl.from_unix_ns[0], 50 * NFM_NS_PER_S);
	assert_int_equal(ctl.slot_unix_ns[0], 900 * NFM_NS_PER_S);
}

/* A closed one ends where the open one begins: that must not move until it is written. */
static void an_interval_that_waits_is_waited_for(void **state)
{
	(void)state;
	open_interval(5, 3);
	clock_step.step_ns = 60 * S;
	nfm_clock_step_apply(&clock_step, &open_table);
	assert_int_equal(ctl.from_unix_ns[1], 1001 * NFM_NS_PER_S);
	ctl.committed = 4;
	nfm_clock_step_apply(&clock_step, &open_table);
	assert_int_equal(ctl.from_unix_ns[1], 1061 * NFM_NS_PER_S);
}

static void a_table_made_by_the_wrong_clock_is_made_by_the_right_one(void **state)
{
	(void)state;
	open_interval(2, 1);
	ctl.created_unix_ns = ctl.from_unix_ns[0];
	clock_step.step_ns = 60 * S;
	nfm_clock_step_apply(&clock_step, &open_table);
	assert_int_equal(ctl.created_unix_ns, 1060 * NFM_NS_PER_S);
}

#define FORGETFUL(test) cmocka_unit_test_setup(test, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGETFUL(time_that_passes_is_no_step),
		FORGETFUL(steps_are_told_once_and_add_up),
		FORGETFUL(a_look_that_was_interrupted_says_nothing),
		FORGETFUL(the_open_interval_goes_with_the_clock),
		FORGETFUL(back_but_not_before_there_was_time),
		FORGETFUL(an_interval_that_waits_is_waited_for),
		FORGETFUL(a_table_made_by_the_wrong_clock_is_made_by_the_right_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
