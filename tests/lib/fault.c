// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests, linked into build/nfmeter-fault only: an agent that ends itself by SIGKILL.
 *
 *   NFM_FAULT=POINT[:TIMES][+INSTRUCTIONS]
 *
 * When a thread comes to POINT for the TIMESth time (1), and has then gone so many instructions on
 * (0). Points are the steps of a rotation (user/snapshot/step.h) and the functions that
 * fault_wrap.c has wrapped, by the name it gives them. Instructions are counted by a child that
 * traces the thread; all other threads go on meanwhile.
 */
#include "fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snapshot/step.h"

static char wanted[64]; /* the point; empty: none */
static atomic_uint left; /* times that it still comes */
static unsigned int instructions;

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* a log that nobody reads */
}

/* The child: lets the thread go so many instructions on, then ends the agent. */
static void trace(pid_t agent, pid_t thread, atomic_bool *attached)
{
	int status;

	/* the agent's locks are its fds: they must be gone with it */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) < 0 ||
	    waitpid(thread, &status, __WALL) != thread)
		say("fault: cannot trace\n");
	atomic_store(attached, true);
	for (unsigned int i = 0; i < instructions; i++)
		if (ptrace(PTRACE_SINGLESTEP, thread, NULL, NULL) < 0 ||
		    waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status))
			break;
	kill(agent, SIGKILL);
	_exit(0);
}

static void die_further_on(void)
{
	pid_t agent = getpid();
	pid_t thread = gettid();
	atomic_bool *attached = mmap(NULL, sizeof(*attached), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = attached == MAP_FAILED ? -1 : fork();

	if (child < 0) {
		say("fault: no tracer\n");
		kill(agent, SIGKILL);
	}
	if (child == 0)
		trace(agent, thread, attached);
	while (!atomic_load(attached))
		;
}

void fault_point(const char *point)
{
	char text[128];

	if (strcmp(point, wanted) != 0 || atomic_fetch_sub(&left, 1) != 1)
		return;
	snprintf(text, sizeof(text), "fault: %s+%u\n", point, instructions);
	say(text);
	if (instructions)
		die_further_on();
	else
		kill(getpid(), SIGKILL);
}

static int at_step(enum nfm_rotate_step step)
{
	fault_point(nfm_rotate_step_name(step));
	return 0;
}

__attribute__((constructor)) static void arm(void)
{
	const char *fault = getenv("NFM_FAULT");
	unsigned int times = 1;
	size_t length;

	if (!fault)
		return;
	length = strcspn(fault, ":+");
	if (length >= sizeof(wanted))
		return;
	memcpy(wanted, fault, length);
	fault += length;
	if (*fault == ':')
		times = (unsigned int)strtoul(fault + 1, (char **)&fault, 10);
	if (*fault == '+')
		instructions = (unsigned int)strtoul(fault + 1, NULL, 10);
	atomic_store(&left, times);
	unsetenv("NFM_FAULT"); /* it is not for the hook */
	nfm_rotate_step_hook = at_step;
}
