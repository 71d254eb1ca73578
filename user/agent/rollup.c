// SPDX-License-Identifier: GPL-2.0-only
#include "agent/rollup.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"

#define DAY_S 86400U
#define LOWEST_PRIORITY 19

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
	/* why it failed was said once */
	unsigned int quiet = NFM_CHILD_QUIET_STDOUT | (r->failed ? NFM_CHILD_QUIET_STDERR : 0);

	return nfm_child_spawn("/proc/self/exe", argv, quiet, -1, pid);
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
	uint64_t reach_s = nfm_snapshot_reach_ns(meta, meta->slot_unix_ns) / NFM_NS_PER_S;

	if (reach_s)
		r->asked_s = nfm_snapshot_slot_start(reach_s, DAY_S);
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
