// SPDX-License-Identifier: GPL-2.0-only
#include "base/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

/* The passed fd first: it may have a number that is opened anew after it. */
static int add_files(posix_spawn_file_actions_t *actions, unsigned int flags, int pass_fd)
{
	int r = 0;

	if (pass_fd >= 0)
		r = posix_spawn_file_actions_adddup2(actions, pass_fd, NFM_CHILD_FD);
	if (!r)
		r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0);
	if (!r && (flags & NFM_CHILD_QUIET_STDOUT))
		r = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
						     0);
	if (!r && (flags & NFM_CHILD_QUIET_STDERR))
		r = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY,
						     0);
	return r;
}

int nfm_child_spawn(const char *path, char *const argv[], unsigned int flags, int pass_fd,
		    pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	pid_t child;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETPGROUP);
	r = add_files(&actions, flags, pass_fd);
	if (!r)
		r = posix_spawn(&child, path, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!r)
		*pid = child;
	return -r;
}
