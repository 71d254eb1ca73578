// SPDX-License-Identifier: GPL-2.0-only
#include "agent/rollup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define DAY_S 86400U
#define LOWEST_PRIORITY 19

extern char **environ;

/*
 * What is running, also where its file was replaced since. The default configuration need not be
 * there, one that is named must be.
 */
static int spawn(const struct nfm_agent_rollup *r, pid_t *pid)
{
	bool named = strcmp(r->config_path, NFM_CONFIG_DEFAULT_FILE) != 0;
	char *const argv[] = { "nfmeter",
			       "rollup",
			       (char *)r->config->directory,
			       named ? "-c" : NULL,
			       (char *)r->config_path,
			       NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int code;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	if (r->failed) /* it has said why once */
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	code = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -code;
}

static void fail(struct nfm_agent_rollup *r, const char *what, int value)
{
	if (!r->failed)
		nfm_log(LOG_ERR,
			"rollup: %s %d; it is tried again after each snapshot: `nfmeter rollup` "
			"says more",
			what, value);
	r->failed = true;
	r->failures++;
}

static void start(struct nfm_agent_rollup *r)
{
	int code = spawn(r, &r->pid);

	if (code) {
		r->pid = 0;
		fail(r, "cannot be started, error", -code);
		return;
	}
	r->running_s = r->asked_s;
	setpriority(PRIO_PROCESS, (id_t)r->pid, LOWEST_PRIORITY);
}

void nfm_agent_rollup_begin(struct nfm_agent_rollup *r, const struct nfm_config *config,
			    const char *config_path)
{
	*r = (struct nfm_agent_rollup){ .config = config, .config_path = config_path };
	if (access(config->directory, F_OK) == 0)
		start(r);
}

void nfm_agent_rollup_newest(struct nfm_agent_rollup *r, const struct nfm_snapshot_meta *meta)
{
	uint64_t slot_s = meta->slot_unix_ns / NFM_NS_PER_S;
	uint64_t back_s = (uint64_t)meta->earlier_slots * meta->interval_s;

	if (back_s < slot_s)
		r->asked_s = nfm_snapshot_slot_start(slot_s - back_s, DAY_S);
	/* also where it is less: a clock that was set back has its own days to come */
	if (!r->pid && r->asked_s != r->done_s)
		start(r);
}

void nfm_agent_rollup_reap(struct nfm_agent_rollup *r)
{
	int status;

	if (!r->pid || waitpid(r->pid, &status, WNOHANG) != r->pid)
		return;
	r->pid = 0;
	r->runs++;
	if (WIFSIGNALED(status)) {
		fail(r, "ended by signal", WTERMSIG(status));
	} else if (WEXITSTATUS(status)) {
		fail(r, "exit status", WEXITSTATUS(status));
	} else {
		r->done_s = r->running_s;
		r->succeeded_unix_ns = nfm_clock_unix_ns();
		if (r->failed)
			nfm_log(LOG_NOTICE, "rollup: done, after it had failed");
		r->failed = false;
	}
}

void nfm_agent_rollup_stop(struct nfm_agent_rollup *r)
{
	if (r->pid)
		kill(r->pid, SIGTERM);
	r->pid = 0;
}
