// SPDX-License-Identifier: GPL-2.0-only
/* The lock that keeps agents apart; all else of this source needs NICs: tests/net. */
#include "agent/nics.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
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

static void a_held_lock_is_refused(void **state)
{
	_cleanup_close_ int first = -1;
	struct nfm_error error = {};
	int second = -7;

	(void)state;
	assert_int_equal(nfm_lock_file(folder, O_RDONLY | O_DIRECTORY, &first, &error), 0);
	assert_int_equal(nfm_lock_file(folder, O_RDONLY | O_DIRECTORY, &second, &error),
			 -EWOULDBLOCK);
	assert_int_equal(second, -7);
	assert_non_null(strstr(error.text, folder));
	assert_non_null(strstr(error.text, "is locked: another agent is running"));
}

static int refused_end = -1; /* closed once the lock has been refused */

/* In libc's place, so that the test knows that the lock is waited for. */
int flock(int fd, int operation)
{
	int r = (int)syscall(SYS_flock, fd, operation);
	int code = errno;

	if (r < 0 && refused_end >= 0) {
		close(refused_end);
		refused_end = -1;
	}
	errno = code;
	return r;
}

/* Holds its parent's locks until `end` says nothing more. */
static void hold_until(int end)
{
	char byte;

	_exit(read(end, &byte, 1) ? 1 : 0);
}

/* As by the child that a killed agent leaves: its fds go when it comes to its exec. */
static void a_lock_that_goes_in_a_moment_is_waited_for(void **state)
{
	_cleanup_close_ int second = -1;
	struct nfm_error error = {};
	int first, status, ends[2];
	pid_t child;

	(void)state;
	assert_int_equal(nfm_lock_file(folder, O_RDONLY | O_DIRECTORY, &first, &error), 0);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[1]);
		hold_until(ends[0]);
	}
	close(ends[0]);
	refused_end = ends[1];
	close(first); /* ours: the child has it still */
	assert_int_equal(nfm_lock_file(folder, O_RDONLY | O_DIRECTORY, &second, &error), 0);
	assert_int_equal(refused_end, -1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_held_lock_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lock_that_goes_in_a_moment_is_waited_for, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
