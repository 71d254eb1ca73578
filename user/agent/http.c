// SPDX-License-Identifier: GPL-2.0-only
#include "agent/http.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define PAUSE_LEAST_S 1U
#define PAUSE_MOST_S 60U
#define STABLE_NS (60 * NFM_NS_PER_S) /* who lives as long did not fail at its start */
#define RENEW_NS (NFM_NS_PER_S / 2)   /* the answer to the change that is the reason goes out */
#define PATIENCE_NS (3 * NFM_NS_PER_S)
#define NAP_NS (10 * NFM_NS_PER_MS)

void nfm_agent_http_open(struct nfm_agent_http *http, const char *executable,
			 const struct nfm_config *config, const char *config_path)
{
	*http = (struct nfm_agent_http){
		.config = config,
		.config_path = config_path,
		.executable = executable,
		.pause_s = PAUSE_LEAST_S,
	};
}

/* What is wrong is said once; then in silence until one has stayed. */
static void fail(struct nfm_agent_http *http, const char *what, int value, uint64_t now_ns)
{
	if (!http->failed)
		nfm_log(LOG_ERR,
			"http: %s %d; it is tried again, at first after %u s, at last every %u s",
			what, value, PAUSE_LEAST_S, PAUSE_MOST_S);
	http->failed = true;
	http->next_ns = now_ns + http->pause_s * NFM_NS_PER_S;
	http->pause_s = NFM_MIN(2 * http->pause_s, PAUSE_MOST_S);
}

/* The default configuration need not be there, one that is named must be. */
static int spawn(struct nfm_agent_http *http, int fd)
{
	bool named = strcmp(http->config_path, NFM_CONFIG_DEFAULT_FILE) != 0;
	unsigned int quiet = NFM_CHILD_QUIET_STDOUT | (http->failed ? NFM_CHILD_QUIET_STDERR : 0);
	char *argv[7] = { "nfmeter" };
	unsigned int count = 1;

	if (named) {
		argv[count++] = "-c";
		argv[count++] = (char *)http->config_path;
	}
	argv[count++] = "http";
	argv[count++] = "--channel";
	argv[count++] = "3";
	return nfm_child_spawn(http->executable, argv, quiet, fd, &http->pid);
}

static int start(struct nfm_agent_http *http, uint64_t now_ns)
{
	int pair[2] = { -1, -1 };
	int r = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		r = -errno;
	if (r == 0)
		r = spawn(http, pair[1]);
	nfm_cleanup_close(&pair[1]);
	if (r < 0) {
		nfm_cleanup_close(&pair[0]);
		http->pid = 0;
		fail(http, "cannot be started, error", -r, now_ns);
		return -1;
	}
	http->started_ns = now_ns;
	http->renew_ns = http->ended_ns = 0;
	return pair[0];
}

static void end(struct nfm_agent_http *http, uint64_t now_ns)
{
	kill(http->pid, SIGTERM);
	http->renew_ns = 0;
	http->ended_ns = now_ns;
}

int nfm_agent_http_tick(struct nfm_agent_http *http, bool connected, uint64_t now_ns)
{
	bool wanted = http->config->http_listen[0];

	if (!http->pid)
		return wanted && now_ns >= http->next_ns ? start(http, now_ns) : -1;
	if (http->ended_ns) {
		if (now_ns - http->ended_ns > PATIENCE_NS)
			kill(http->pid, SIGKILL);
		return -1;
	}
	if (!wanted || (http->renew_ns && now_ns >= http->renew_ns)) {
		end(http, now_ns);
	} else if (!connected) {
		/* it said what no server says, or is about to be gone; as if it had died */
		kill(http->pid, SIGKILL);
	} else if (now_ns - http->started_ns > STABLE_NS) {
		if (http->failed)
			nfm_log(LOG_NOTICE, "http: runs again");
		http->failed = false;
		http->pause_s = PAUSE_LEAST_S;
	}
	return -1;
}

void nfm_agent_http_renew(struct nfm_agent_http *http, uint64_t now_ns)
{
	if (http->pid && !http->renew_ns)
		http->renew_ns = now_ns + RENEW_NS;
	http->next_ns = 0; /* what has changed may be what was wrong */
	http->pause_s = PAUSE_LEAST_S;
	http->failed = false;
}

void nfm_agent_http_reap(struct nfm_agent_http *http, uint64_t now_ns)
{
	int status;

	if (!http->pid || waitpid(http->pid, &status, WNOHANG) != http->pid)
		return;
	http->pid = 0;
	if (http->ended_ns)
		return; /* at our word */
	http->restarts++;
	if (WIFSIGNALED(status))
		fail(http, "ended by signal", WTERMSIG(status), now_ns);
	else
		fail(http, "ended with exit status", WEXITSTATUS(status), now_ns);
}

void nfm_agent_http_stop(struct nfm_agent_http *http)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t waited_ns = 0;

	if (!http->pid)
		return;
	kill(http->pid, SIGTERM);
	while (waitpid(http->pid, NULL, WNOHANG) == 0) {
		if (waited_ns > PATIENCE_NS)
			kill(http->pid, SIGKILL);
		nanosleep(&nap, NULL);
		waited_ns += NAP_NS;
	}
	http->pid = 0;
}
