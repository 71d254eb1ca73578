// SPDX-License-Identifier: GPL-2.0-only
/* What the agent notes of its rotations: snapshots, failures, lag, what expired. */
#include "agent/telemetry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/rotation.h"
#include "base/clock.h"

#define S NFM_NS_PER_S
#define END_NS (1000 * S) /* of the interval */

static struct nfm_telemetry telemetry;
static struct nfm_rotation *rotation;

static int set_up(void **state)
{
	(void)state;
	telemetry = (struct nfm_telemetry){};
	rotation = calloc(1, sizeof(*rotation));
	if (!rotation)
		return -1;
	strcpy(rotation->result.path, "/snapshot");
	rotation->result.meta.to_unix_ns = END_NS;
	rotation->result.duration_ns = 3 * S;
	rotation->file_bytes = 4096;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(rotation);
	return 0;
}

static void a_snapshot_is_noted(void **state)
{
	(void)state;
	telemetry.due_unix_ns = END_NS - 2 * S; /* the loop came late */
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 4 * S);
	assert_int_equal(telemetry.snapshots, 1);
	assert_int_equal(telemetry.failures, 0);
	assert_int_equal(telemetry.duration_ns, 3 * S);
	assert_int_equal(telemetry.lag_ns, 6 * S);
	assert_int_equal(telemetry.bytes, 4096);
	assert_int_equal(telemetry.expire_runs, 0);
}

/* One that was closed by an earlier agent, or by a stop: its own end is all that is known. */
static void without_a_due_time_its_end_counts(void **state)
{
	(void)state;
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 4 * S);
	assert_int_equal(telemetry.lag_ns, 4 * S);
	telemetry.due_unix_ns = END_NS - 2 * S;
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 4 * S);
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 5 * S);
	assert_int_equal(telemetry.lag_ns, 5 * S); /* the due time was the snapshot's before it */
	assert_int_equal(telemetry.snapshots, 3);
}

static void a_clock_that_was_set_gives_no_lag(void **state)
{
	(void)state;
	telemetry.due_unix_ns = END_NS + 5000 * S; /* set back: the boundary lay ahead */
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 4 * S);
	assert_int_equal(telemetry.lag_ns, 4 * S);
	nfm_telemetry_rotation(&telemetry, rotation, END_NS - 100 * S);
	assert_int_equal(telemetry.lag_ns, 0);
}

static void a_failure_changes_no_snapshot(void **state)
{
	(void)state;
	telemetry.due_unix_ns = END_NS;
	rotation->outcome = -ENOSPC;
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 4 * S);
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 9 * S);
	assert_int_equal(telemetry.failures, 2);
	assert_int_equal(telemetry.snapshots, 0);
	assert_int_equal(telemetry.lag_ns, 0);
	rotation->outcome = 0;
	nfm_telemetry_rotation(&telemetry, rotation, END_NS + 14 * S);
	assert_int_equal(telemetry.snapshots, 1);
	assert_int_equal(telemetry.lag_ns, 14 * S); /* with the time of the failures */
}

static void nothing_to_write_is_no_snapshot(void **state)
{
	(void)state;
	rotation->result.path[0] = '\0';
	nfm_telemetry_rotation(&telemetry, rotation, END_NS);
	assert_int_equal(telemetry.snapshots, 0);
	assert_int_equal(telemetry.failures, 0);
}

static void expiry_adds_up(void **state)
{
	(void)state;
	rotation->expire_ran = true;
	rotation->expired = (struct nfm_expire_result){ 10, 1000, 2, 200, 0 };
	nfm_telemetry_rotation(&telemetry, rotation, END_NS);
	rotation->expired = (struct nfm_expire_result){ 9, 900, 1, 100, 0 };
	nfm_telemetry_rotation(&telemetry, rotation, END_NS);
	assert_int_equal(telemetry.expire_runs, 2);
	assert_int_equal(telemetry.files_gone, 3);
	assert_int_equal(telemetry.bytes_gone, 300);
	assert_int_equal(telemetry.files, 8);
	assert_int_equal(telemetry.bytes_kept, 800);
	/* of a run that failed what it left is not known */
	rotation->expire_outcome = -EACCES;
	rotation->expired = (struct nfm_expire_result){ 0 };
	nfm_telemetry_rotation(&telemetry, rotation, END_NS);
	assert_int_equal(telemetry.expire_failures, 1);
	assert_int_equal(telemetry.files, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_snapshot_is_noted),
		TEST(without_a_due_time_its_end_counts),
		TEST(a_clock_that_was_set_gives_no_lag),
		TEST(a_failure_changes_no_snapshot),
		TEST(nothing_to_write_is_no_snapshot),
		TEST(expiry_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
