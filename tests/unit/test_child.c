// SPDX-License-Identifier: GPL-2.0-only
/* What a started process has of ours: files, signals, its group. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "folder.h"

static int set_up(void **state)
{
	(void)state;
	return folder_make();
}

static int tear_down(void **state)
{
	(void)state;
	return folder_remove();
}

/* Runs a shell in the folder; its exit status. */
static int run(const char *script, unsigned int flags, int pass_fd)
{
	char *const argv[] = { "sh", "-c", (char *)script, NULL };
	pid_t pid;
	int status;

	assert_int_equal(nfm_child_spawn("/bin/sh", argv, flags, pass_fd, &pid), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_file(const char *name, const char *want)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	assert_int_equal(nfm_io_read_file(in_folder(name), 1 << 16, &text, &len), 0);
	assert_string_equal(text, want);
}

static void ends_with_its_own_status(void **state)
{
	(void)state;
	assert_int_equal(run("exit 7", 0, -1), 7);
	assert_int_equal(run("read line && exit 1; exit 3", 0, -1), 3); /* stdin is empty */
}

static void no_such_program(void **state)
{
	char *const argv[] = { "none", NULL };
	pid_t pid = 77;

	(void)state;
	assert_int_equal(nfm_child_spawn("/nowhere/none", argv, 0, -1, &pid), -ENOENT);
	assert_int_equal(pid, 77);
}

/* stdout and stderr are ours, unless they are to be silent. */
static void outputs(void **state)
{
	static const struct {
		unsigned int flags;
		const char *want;
	} rows[] = {
		{ 0, "out\nerr\n" },
		{ NFM_CHILD_QUIET_STDOUT, "err\n" },
		{ NFM_CHILD_QUIET_STDERR, "out\n" },
		{ NFM_CHILD_QUIET_STDOUT | NFM_CHILD_QUIET_STDERR, "" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		int saved[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
		int fd = open(in_folder("said"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
		int status;

		fflush(stdout);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		status = run("echo out; echo err >&2", rows[i].flags, -1);
		dup2(saved[0], STDOUT_FILENO);
		dup2(saved[1], STDERR_FILENO);
		close(saved[0]);
		close(saved[1]);
		close(fd);
		assert_int_equal(status, 0);
		assert_file("said", rows[i].want);
	}
}

/* Whatever number and flags the fd has here: also the one that it gets there. */
static void passed_fd(void **state)
{
	(void)state;
	for (int number = 0; number < 6; number++) {
		int fd = open(in_folder("passed"), O_RDWR | O_CREAT | O_TRUNC, 0600);
		int saved = fcntl(number, F_DUPFD_CLOEXEC, 100);

		assert_true(fd >= 0);
		if (fd != number)
			assert_int_equal(dup3(fd, number, O_CLOEXEC), number);
		else
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		run("echo told >&3", NFM_CHILD_QUIET_STDOUT | NFM_CHILD_QUIET_STDERR, number);
		if (saved >= 0)
			dup2(saved, number);
		else
			close(number);
		close(saved);
		if (fd != number)
			close(fd);
		assert_file("passed", "told\n");
	}
}

static void no_signal_is_blocked_or_ignored(void **state)
{
	sigset_t all, before;

	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* 32 and 33 are the C library's own */
	assert_int_equal(run("grep -q '^SigBlk:.0*$' /proc/self/status &&"
			     "grep -qE '^SigIgn:.0*([01]80000000)?$' /proc/self/status", 0, -1), 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void a_group_of_its_own(void **state)
{
	char *const argv[] = { "sleep", "100", NULL };
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(nfm_child_spawn("/bin/sleep", argv, 0, -1, &pid), 0);
	assert_int_equal(getpgid(pid), pid);
	assert_int_equal(kill(-pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ends_with_its_own_status, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_such_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(outputs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(passed_fd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_signal_is_blocked_or_ignored, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_group_of_its_own, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
