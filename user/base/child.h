/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts another program, as a process that has nothing of ours but what it is given. */
#ifndef NFM_CHILD_H
#define NFM_CHILD_H

#include <sys/types.h>

#define NFM_CHILD_QUIET_STDOUT 1U /* to /dev/null instead of to where ours goes */
#define NFM_CHILD_QUIET_STDERR 2U

#define NFM_CHILD_FD 3 /* the number that a passed fd has in the child */

/**
 * Starts `path` with `argv` (ended by NULL) and our environment: stdin is /dev/null, no signal is
 * blocked or ignored, a process group of its own. `pass_fd` (-1: none) is its fd 3, whatever flags
 * it has here. *pid is the one to wait for. 0 or -errno: then there is none.
 */
int nfm_child_spawn(const char *path, char *const argv[], unsigned int flags, int pass_fd,
		    pid_t *pid);

#endif
