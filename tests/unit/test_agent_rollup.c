// SPDX-License-Identifier: GPL-2.0-only
/* When the agent starts a rollup, and as what. The child is this program: see child(). */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/rollup.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "folder.h"

#define NOON_S 1763812800ULL /* 2025-11-22 12:00 UTC */
#define PATIENCE_S 20
#define CHILD_ENDS "NFM_TEST_CHILD_ENDS" /* its exit status; "never" */

static struct nfm_config config;
static struct nfm_agent_rollup rollup;
static int saved_stderr = -1;

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

/* As the child: writes what it was given to DIR/arguments, speaks once, and ends as it is told. */
static int child(int argc, char **argv)
{
	const char *ends = getenv(CHILD_ENDS);
	char text[4096];
	int used = 0;

	for (int i = 0; i < 4000 && getpriority(PRIO_PROCESS, 0) != 19; i++)
		nap();
	for (int i = 1; i < argc; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s ", argv[i]);
	used += snprintf(text + used, sizeof(text) - (size_t)used, "nice %d group %d",
			 getpriority(PRIO_PROCESS, 0), getpgrp() == getpid());
	if (chdir(argv[2]) || nfm_io_replace_file("arguments", text, (size_t)used, 0600))
		return 9;
	fprintf(stderr, "the child speaks\n");
	while (!strcmp(ends, "never"))
		pause();
	return atoi(ends);
}

static void capture_stderr(void)
{
	int fd = open(in_folder("stderr"), O_RDWR | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	if (folder_make())
		return -1;
	snprintf(config.directory, sizeof(config.directory), "%s", folder);
	setenv(CHILD_ENDS, "0", 1);
	capture_stderr();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nfm_agent_rollup_stop(&rollup);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	return folder_remove();
}

/* How often a text stands in what was logged. */
static unsigned int logged(const char *text)
{
	_cleanup_free_ char *all = NULL;
	unsigned int count = 0;
	size_t size;

	assert_int_equal(nfm_io_read_file(in_folder("stderr"), 1 << 20, &all, &size), 0);
	for (const char *at = all; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static void assert_arguments(const char *want)
{
	_cleanup_free_ char *all = NULL;
	size_t size;

	assert_int_equal(nfm_io_read_file(in_folder("arguments"), 1 << 20, &all, &size), 0);
	assert_string_equal(all, want);
	assert_int_equal(remove(in_folder("arguments")), 0);
}

static void wait_for_end(void)
{
	time_t end = time(NULL) + PATIENCE_S;

	assert_int_not_equal(rollup.pid, 0);
	while (rollup.pid && time(NULL) < end) {
		nap();
		nfm_agent_rollup_reap(&rollup);
	}
	assert_int_equal(rollup.pid, 0);
}

/* A snapshot of this slot was written, which may reach back two hours. */
static void newest(uint64_t slot_s)
{
	const struct nfm_snapshot_meta meta = {
		.slot_unix_ns = slot_s * NFM_NS_PER_S,
		.interval_s = 300,
		.earlier_slots = 24,
	};

	nfm_agent_rollup_newest(&rollup, &meta);
}

static void begin_and_end(void)
{
	nfm_agent_rollup_begin(&rollup, &config, "/some/nfmeter.conf");
	wait_for_end();
}

static void it_is_this_program_and_gives_way(void **state)
{
	char want[256];

	(void)state;
	begin_and_end();
	snprintf(want, sizeof(want), "rollup %s -c /some/nfmeter.conf nice 19 group 1", folder);
	assert_arguments(want);
	nfm_agent_rollup_begin(&rollup, &config, NFM_CONFIG_DEFAULT_FILE);
	wait_for_end();
	snprintf(want, sizeof(want), "rollup %s nice 19 group 1", folder);
	assert_arguments(want);
	assert_int_equal(logged("rollup:"), 0);
	assert_int_equal(logged("the child speaks"), 2);
}

static void without_a_folder_there_is_none(void **state)
{
	(void)state;
	snprintf(config.directory, sizeof(config.directory), "%s/no", folder);
	nfm_agent_rollup_begin(&rollup, &config, "/some/nfmeter.conf");
	assert_int_equal(rollup.pid, 0);
}

static void each_day_has_one(void **state)
{
	const uint64_t midnight_s = NOON_S + 12 * 3600;

	(void)state;
	begin_and_end();
	newest(NOON_S); /* what the first one did not know of may be over by this */
	wait_for_end();
	newest(NOON_S + 300);
	assert_int_equal(rollup.pid, 0);
	newest(midnight_s); /* late bytes may still come */
	assert_int_equal(rollup.pid, 0);
	newest(midnight_s + 7200 - 300);
	assert_int_equal(rollup.pid, 0);
	newest(midnight_s + 7200);
	wait_for_end();
	newest(midnight_s + 7500);
	assert_int_equal(rollup.pid, 0);
}

/* After a day far ahead, those of the right clock have theirs, too. */
static void a_clock_that_ran_ahead_ends_nothing(void **state)
{
	(void)state;
	begin_and_end();
	newest(NOON_S + 365 * 86400ULL);
	wait_for_end();
	newest(NOON_S);
	wait_for_end();
	newest(NOON_S + 300);
	assert_int_equal(rollup.pid, 0);
	newest(NOON_S + 86400);
	wait_for_end();
}

static void there_is_one_at_a_time(void **state)
{
	pid_t pid;

	(void)state;
	setenv(CHILD_ENDS, "never", 1);
	nfm_agent_rollup_begin(&rollup, &config, "/some/nfmeter.conf");
	pid = rollup.pid;
	newest(NOON_S);
	assert_int_equal(rollup.pid, pid);
	nfm_agent_rollup_reap(&rollup); /* another child's signal, it may be */
	assert_int_equal(rollup.pid, pid);
	setenv(CHILD_ENDS, "0", 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	wait_for_end();
	assert_int_equal(logged("rollup: ended by signal 15"), 1);
	newest(NOON_S + 300); /* the day was asked for meanwhile */
	wait_for_end();
}

static void a_failure_is_said_once_and_made_up_for(void **state)
{
	(void)state;
	setenv(CHILD_ENDS, "1", 1);
	begin_and_end();
	for (unsigned int i = 0; i < 3; i++) {
		newest(NOON_S + i * 300);
		wait_for_end();
	}
	assert_int_equal(logged("rollup: exit status 1"), 1);
	assert_int_equal(logged("the child speaks"), 1);
	assert_int_equal(logged("after it had failed"), 0);
	setenv(CHILD_ENDS, "0", 1);
	newest(NOON_S + 900);
	wait_for_end();
	assert_int_equal(logged("after it had failed"), 1);
	newest(NOON_S + 1200);
	assert_int_equal(rollup.pid, 0);
	setenv(CHILD_ENDS, "1", 1);
	newest(NOON_S + 86400);
	wait_for_end();
	assert_int_equal(logged("rollup: exit status 1"), 2); /* another one */
	assert_int_equal(logged("the child speaks"), 2);
}

static void a_stop_ends_it(void **state)
{
	time_t end = time(NULL) + PATIENCE_S;
	pid_t pid;

	(void)state;
	setenv(CHILD_ENDS, "never", 1);
	nfm_agent_rollup_begin(&rollup, &config, "/some/nfmeter.conf");
	pid = rollup.pid;
	assert_true(pid > 0);
	nfm_agent_rollup_stop(&rollup);
	assert_int_equal(rollup.pid, 0);
	rollup.pid = pid; /* to take note of its end */
	while (rollup.pid && time(NULL) < end) {
		nap();
		nfm_agent_rollup_reap(&rollup);
	}
	assert_int_equal(rollup.pid, 0);
	assert_int_equal(logged("ended by signal 15"), 1);
	nfm_agent_rollup_stop(&rollup); /* nothing to do */
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_is_this_program_and_gives_way),
		TEST(without_a_folder_there_is_none),
		TEST(each_day_has_one),
		TEST(a_clock_that_ran_ahead_ends_nothing),
		TEST(there_is_one_at_a_time),
		TEST(a_failure_is_said_once_and_made_up_for),
		TEST(a_stop_ends_it),
	};

	if (argc > 2 && !strcmp(argv[1], "rollup"))
		return child(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
