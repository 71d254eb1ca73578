// SPDX-License-Identifier: GPL-2.0-only
/* The agent's event loop: one thread that counts, and one beside it that writes snapshots. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/control_serve.h"
#include "agent/hook.h"
#include "agent/http.h"
#include "agent/loop.h"
#include "agent/meter.h"
#include "agent/nics.h"
#include "agent/rollup.h"
#include "agent/rotation.h"
#include "agent/socket.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"

#define TICK_MS 200
#define INSTALL_MS 50 /* while the datapath waits for templates */
#define LOOK_NS NFM_NS_PER_S
#define TAKE_AT_ONCE 1024U
#define RETRY_NS (5 * NFM_NS_PER_S)
#define HOOK_PATIENCE_NS (10 * NFM_NS_PER_S)
#define ROLLUP_PATIENCE_NS (3 * NFM_NS_PER_S)
/* More than the ring or a socket's buffer holds: what comes while we stop is not waited for. */
#define TAKE_AT_STOP (1U << 17)

/* ---- rotation ---- */

/* The thread of rotations also brings the log of templates to the disk: it may wait, we may not. */
static void start_job(struct nfm_agent *agent)
{
	agent->rotation.sync_fd = nfm_store_file_to_sync(&agent->meter.templates.file);
	nfm_rotation_start(&agent->rotation);
}

/* Closes the interval and starts its job, or starts over the job of one that failed. */
static void rotate(struct nfm_agent *agent, uint64_t now_unix_ns)
{
	struct nfm_table *table = &agent->meter.table;
	uint64_t now_ns = nfm_clock_monotonic_ns();
	uint32_t interval_s = agent->config->interval_s;

	if (nfm_rotation_busy(&agent->rotation))
		return;
	if (nfm_rotate_pending(table)) {
		if (now_ns >= agent->retry_ns)
			start_job(agent);
		return;
	}
	if (!nfm_rotation_is_due(now_unix_ns, agent->next_rotation_ns, interval_s))
		return;
	agent->telemetry.due_unix_ns = agent->next_rotation_ns;
	agent->next_rotation_ns = nfm_rotation_boundary_ns(now_unix_ns, interval_s);
	if (nfm_rotate_flip(table, now_unix_ns, now_ns, interval_s) == 0)
		start_job(agent);
}

static void rotation_done(struct nfm_agent *agent)
{
	struct nfm_rotation *r = &agent->rotation;

	if (!nfm_rotation_fetch(&agent->rotation))
		return;
	nfm_rotation_log(r);
	nfm_telemetry_rotation(&agent->telemetry, r, nfm_clock_unix_ns());
	snprintf(agent->snapshot_error, sizeof(agent->snapshot_error), "%.*s",
		 (int)sizeof(agent->snapshot_error) - 1, r->outcome < 0 ? r->error.text : "");
	snprintf(agent->nfdump_error, sizeof(agent->nfdump_error), "%.*s",
		 (int)sizeof(agent->nfdump_error) - 1,
		 r->nfdump_outcome < 0 ? r->nfdump_error.text : "");
	if (r->outcome < 0)
		agent->retry_ns = nfm_clock_monotonic_ns() + RETRY_NS;
	else if (r->result.path[0])
		nfm_hook_add(&agent->hook, r->result.path, r->result.meta.epoch);
	if (r->outcome == 0 && r->result.path[0] && !agent->stop)
		nfm_agent_rollup_newest(&agent->rollup, &r->result.meta);
	if (agent->reload_wanted) {
		agent->reload_wanted = false;
		nfm_agent_reload(agent);
	}
	nfm_control_retry(&agent->control, nfm_clock_monotonic_ns());
}

/* ---- events ---- */

int nfm_agent_watch(const struct nfm_agent *agent, int fd, enum nfm_agent_event kind,
		    uint32_t index)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u64 = (uint64_t)kind << 32 | index,
	};

	return epoll_ctl(agent->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void on_signal(struct nfm_agent *agent)
{
	struct signalfd_siginfo info;

	while (read(agent->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			nfm_agent_reload(agent);
			break;
		case SIGCHLD:
			nfm_hook_reap(&agent->hook);
			nfm_agent_rollup_reap(&agent->rollup);
			nfm_agent_http_reap(&agent->http, nfm_clock_monotonic_ns());
			break;
		default:
			agent->stop = true;
		}
	}
}

static void on_control(struct nfm_agent *agent)
{
	int fd = nfm_control_accept(&agent->control, nfm_clock_monotonic_ns());

	if (fd >= 0)
		nfm_agent_watch(agent, fd, NFM_EVENT_CONNECTION, (uint32_t)fd);
}

static void on_event(struct nfm_agent *agent, const struct epoll_event *event)
{
	uint32_t index = (uint32_t)event->data.u64;

	switch ((enum nfm_agent_event)(event->data.u64 >> 32)) {
	case NFM_EVENT_SIGNAL:
		on_signal(agent);
		break;
	case NFM_EVENT_RING:
		break; /* drained on every turn */
	case NFM_EVENT_SOCKET:
		if (index < agent->sockets.count) /* else of a port that has just gone */
			nfm_sockets_read(&agent->sockets, index, &agent->meter,
					 TAKE_AT_ONCE);
		break;
	case NFM_EVENT_ROTATION:
		rotation_done(agent);
		break;
	case NFM_EVENT_CONTROL:
		on_control(agent);
		break;
	case NFM_EVENT_CONNECTION:
		if (nfm_control_read(&agent->control, (int)index))
			epoll_ctl(agent->epoll_fd, EPOLL_CTL_DEL, (int)index, NULL);
		break;
	}
}

static int timeout_ms(struct nfm_agent *agent, bool more)
{
	uint64_t now_unix_ns = nfm_clock_unix_ns();
	uint64_t left_ms;

	if (more)
		return 0;
	if (nfm_install_wanted(&agent->meter))
		return INSTALL_MS;
	/* a boundary that has to wait for the interval before it is no reason to hurry */
	if (nfm_rotation_busy(&agent->rotation) || nfm_rotate_pending(&agent->meter.table))
		return TICK_MS;
	if (now_unix_ns >= agent->next_rotation_ns)
		return 1;
	left_ms = (agent->next_rotation_ns - now_unix_ns) / NFM_NS_PER_MS + 1;
	return left_ms < TICK_MS ? (int)left_ms : TICK_MS;
}

static void read_sockets(void *cookie)
{
	struct nfm_agent *agent = cookie;

	for (unsigned int i = 0; i < agent->sockets.count; i++)
		nfm_sockets_read(&agent->sockets, i, &agent->meter, TAKE_AT_ONCE);
}

static void tend_http(struct nfm_agent *agent, uint64_t now_ns)
{
	bool connected = nfm_control_has_channel(&agent->control);
	int fd = nfm_agent_http_tick(&agent->http, connected, now_ns);

	/* without a channel it is started anew */
	if (fd >= 0 && nfm_control_channel(&agent->control, fd) == 0)
		nfm_agent_watch(agent, fd, NFM_EVENT_CONNECTION, (uint32_t)fd);
}

static void tick(struct nfm_agent *agent)
{
	uint64_t now_ns = nfm_clock_monotonic_ns();

	if (now_ns - agent->tick_ns < TICK_MS * NFM_NS_PER_MS)
		return;
	agent->tick_ns = now_ns;
	nfm_meter_alive(&agent->meter, nfm_clock_unix_ns());
	nfm_meter_fold(&agent->meter);
	nfm_meter_templates_tick(&agent->meter, now_ns);
	nfm_control_retry(&agent->control, now_ns);
	tend_http(agent, now_ns);
	if (now_ns - agent->look_ns < LOOK_NS)
		return;
	agent->look_ns = now_ns;
	if (agent->meter.table.in_maps)
		nfm_nics_look(agent->config, &agent->meter.xdp, &agent->meter, agent->nics);
}

/* What time it is: the same reading that the rotation goes by, so that no step comes between. */
static uint64_t look_at_clock(struct nfm_agent *agent)
{
	uint64_t before_ns = nfm_clock_monotonic_ns();
	uint64_t now_unix_ns = nfm_clock_unix_ns();
	int64_t step_ns = nfm_clock_step_look(&agent->clock, before_ns, now_unix_ns,
					      nfm_clock_monotonic_ns());

	if (step_ns)
		nfm_log(LOG_NOTICE, "the wall clock was set %s by %.0f s: the open interval goes "
			"with it", step_ns < 0 ? "back" : "forward",
			(double)llabs(step_ns) / NFM_NS_PER_S);
	nfm_clock_step_apply(&agent->clock, &agent->meter.table);
	return now_unix_ns;
}

static void loop(struct nfm_agent *agent)
{
	struct epoll_event events[64];

	while (!agent->stop) {
		bool more = nfm_meter_drain(&agent->meter, TAKE_AT_ONCE) == TAKE_AT_ONCE;
		int n = epoll_wait(agent->epoll_fd, events, NFM_ARRAY_SIZE(events),
				   timeout_ms(agent, more));

		for (int i = 0; i < n; i++)
			on_event(agent, &events[i]);
		nfm_install_round(&agent->meter, nfm_clock_monotonic_ns());
		rotate(agent, look_at_clock(agent));
		tick(agent);
	}
}

/* ---- start and stop ---- */

/* Whatever our parent has left us of signals: none ends us in the middle of something. */
static int set_signals(sigset_t *ours)
{
	sigset_t blocked;

	sigemptyset(ours);
	sigaddset(ours, SIGTERM);
	sigaddset(ours, SIGINT);
	sigaddset(ours, SIGHUP);
	sigaddset(ours, SIGCHLD);
	blocked = *ours;
	/* a log that nobody reads, a file that may not grow: these are errors of write(2) */
	sigaddset(&blocked, SIGPIPE);
	sigaddset(&blocked, SIGXFSZ);
	/* ignored, it would keep from us how hooks end */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -errno;
	return sigprocmask(SIG_BLOCK, &blocked, NULL) < 0 ? -errno : 0;
}

static int open_events(struct nfm_agent *agent, struct nfm_error *error)
{
	sigset_t signals;
	int r = set_signals(&signals);

	if (r < 0)
		return nfm_error_set(error, r, "signals: %s", strerror(-r));
	agent->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	agent->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (agent->signal_fd < 0 || agent->epoll_fd < 0)
		return nfm_error_set(error, -errno, "event loop: %m");
	r = nfm_agent_watch(agent, agent->signal_fd, NFM_EVENT_SIGNAL, 0);
	return r < 0 ? nfm_error_set(error, r, "event loop: %s", strerror(-r)) : 0;
}

static int watch_all(struct nfm_agent *agent, struct nfm_error *error)
{
	int r = nfm_agent_watch(agent, agent->rotation.event_fd, NFM_EVENT_ROTATION, 0);

	if (r == 0)
		r = nfm_agent_watch(agent, agent->control.listen_fd, NFM_EVENT_CONTROL, 0);
	if (r == 0 && agent->meter.xdp.punts_fd >= 0)
		r = nfm_agent_watch(agent, agent->meter.xdp.punts_fd, NFM_EVENT_RING, 0);
	for (unsigned int i = 0; r == 0 && i < agent->sockets.count; i++)
		r = nfm_agent_watch(agent, agent->sockets.fd[i], NFM_EVENT_SOCKET, i);
	return r < 0 ? nfm_error_set(error, r, "event loop: %s", strerror(-r)) : 0;
}

/* One agent for a runtime folder, and (nfm_nics_lock) one for the pins: the second one refuses. */
static int take_runtime(struct nfm_agent *agent, struct nfm_error *error)
{
	char path[PATH_MAX + 32];
	int r = nfm_io_mkdir_p(agent->config->runtime, 0755);

	if (r < 0)
		return nfm_error_set(error, r, "%s: %s (set [collector] runtime)",
				     agent->config->runtime, strerror(-r));
	snprintf(path, sizeof(path), "%s/agent.lock", agent->config->runtime);
	return nfm_lock_file(path, O_RDWR | O_CREAT, &agent->lock_fd, error);
}

/* Tells the CLI where the table stands; it stays true when we are gone. */
static int write_source(const struct nfm_agent *agent, struct nfm_error *error)
{
	const struct nfm_config *config = agent->config;
	char path[PATH_MAX + 32];
	char text[PATH_MAX + 32];
	int n = agent->meter.table.in_maps ?
			snprintf(text, sizeof(text), "pins %s\n", config->pin) :
			snprintf(text, sizeof(text), "file %s/table\n", config->runtime);
	int r;

	snprintf(path, sizeof(path), "%s/" NFM_CONTROL_TABLE, config->runtime);
	r = nfm_io_replace_file(path, text, (size_t)n, 0644);
	return r < 0 ? nfm_error_set(error, r, "%s: %s", path, strerror(-r)) : 0;
}

static int open_meter(struct nfm_agent *agent, struct nfm_error *error)
{
	const struct nfm_config *config = agent->config;
	_cleanup_(nfm_xdp_close) struct nfm_xdp xdp = NFM_XDP_NONE;
	bool has_xdp;
	int r = nfm_nics_open(config, &xdp, error);

	if (r < 0)
		return r;
	has_xdp = xdp.program_fd >= 0;
	if (config->tee && !has_xdp)
		return nfm_error_set(error, -EINVAL, "tee = yes needs XDP: set interfaces, and xdp "
						     "other than off");
	if (has_xdp) /* before we write to the table */
		r = nfm_nics_lock(config, &agent->pin_lock_fd, error);
	if (r == 0 && has_xdp)
		r = nfm_xdp_claim(&xdp, error);
	if (r == 0)
		nfm_nics_renew(&xdp);
	if (r == 0 && !config->tee)
		r = nfm_sockets_open(&agent->sockets, config, error);
	if (r == 0)
		r = nfm_meter_open(&agent->meter, config, has_xdp ? &xdp : NULL, error);
	if (r < 0)
		return r;
	agent->meter_open = true;
	agent->meter.read_sockets = read_sockets;
	agent->meter.read_sockets_cookie = agent;
	if (nfm_table_customers(&agent->meter.table.geometry) != config->capacity)
		nfm_log(LOG_NOTICE,
			"the table was made with capacity %u; the configured %u is for the next "
			"one, after `nfmeter detach`",
			nfm_table_customers(&agent->meter.table.geometry), config->capacity);
	return 0;
}

/*
 * When the open interval is over: at once if its slot was over before we came, so that what comes
 * from now on does not share a cell with the time in which nobody was there.
 */
static uint64_t first_rotation_ns(const struct nfm_agent *agent)
{
	const struct nfm_ctl *ctl = agent->meter.table.ctl;
	uint32_t bank = ctl->epoch & 1, slot_s = ctl->slot_ms[bank] / 1000;
	uint64_t slot_unix_ns = ctl->slot_unix_ns[bank];
	uint64_t now_unix_ns = nfm_clock_unix_ns();

	if (!slot_s || slot_unix_ns > now_unix_ns)
		slot_unix_ns = now_unix_ns;
	return NFM_MIN(nfm_rotation_boundary_ns(slot_unix_ns, slot_s ?: 1),
		       nfm_rotation_boundary_ns(now_unix_ns, agent->config->interval_s));
}

/* NICs come last: from then on the datapath takes datagrams, and we must be there to serve it. */
static int start(struct nfm_agent *agent, struct nfm_error *error)
{
	int r = open_events(agent, error);

	if (r == 0)
		r = take_runtime(agent, error);
	if (r == 0)
		r = open_meter(agent, error);
	if (r == 0)
		r = nfm_rotation_open(&agent->rotation, agent->config, &agent->meter.table, error);
	if (r == 0)
		r = nfm_hook_open(&agent->hook, agent->config, &agent->meter.table, error);
	agent->control.serve = nfm_agent_serve;
	agent->control.cookie = agent;
	if (r == 0)
		r = nfm_control_open(&agent->control, agent->config->runtime, error);
	if (r == 0)
		r = watch_all(agent, error);
	if (r == 0)
		r = write_source(agent, error);
	if (r == 0)
		r = nfm_nics_attach(agent->config, &agent->meter.xdp, &agent->meter, agent->nics,
				    error);
	if (r == 0)
		agent->next_rotation_ns = first_rotation_ns(agent);
	return r;
}

/* The loop's other events are not read any more: epoll would answer at once, for ever. */
static void wait_readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	poll(&poller, 1, TICK_MS);
}

/* Waits for hooks under way, but not for ever: what is left is the next agent's. */
static void finish_hooks(struct nfm_agent *agent)
{
	uint64_t end_ns = nfm_clock_monotonic_ns() + HOOK_PATIENCE_NS;

	while (nfm_hook_backlog(&agent->hook) && nfm_clock_monotonic_ns() < end_ns) {
		wait_readable(agent->signal_fd);
		on_signal(agent);
	}
}

/* A rollup may come to its end; else its work is for the next one. */
static void finish_rollup(struct nfm_agent *agent)
{
	uint64_t end_ns = nfm_clock_monotonic_ns() + ROLLUP_PATIENCE_NS;

	while (agent->rollup.pid && nfm_clock_monotonic_ns() < end_ns) {
		wait_readable(agent->signal_fd);
		on_signal(agent);
	}
	nfm_agent_rollup_stop(&agent->rollup);
}

/* The last snapshot: what has come so far; the kernel goes on counting into the next interval. */
static void finish(struct nfm_agent *agent)
{
	struct nfm_table *table = &agent->meter.table;

	for (unsigned int i = 0; i < agent->sockets.count; i++)
		nfm_sockets_read(&agent->sockets, i, &agent->meter, TAKE_AT_STOP);
	nfm_meter_drain(&agent->meter, TAKE_AT_STOP);
	nfm_meter_alive(&agent->meter, nfm_clock_unix_ns());
	nfm_meter_fold(&agent->meter);
	for (int turn = 0; turn < 2; turn++) { /* one that was under way, and the last */
		while (nfm_rotation_busy(&agent->rotation)) {
			wait_readable(agent->rotation.event_fd);
			rotation_done(agent);
		}
		if (turn == 0 && (nfm_rotate_pending(table) ||
				  nfm_rotate_flip(table, nfm_clock_unix_ns(),
						  nfm_clock_monotonic_ns(),
						  agent->config->interval_s) == 0))
			start_job(agent);
	}
	finish_hooks(agent);
	finish_rollup(agent);
}

static void close_agent(struct nfm_agent *agent)
{
	nfm_control_close(&agent->control);
	nfm_agent_http_stop(&agent->http);
	nfm_rotation_close(&agent->rotation);
	nfm_hook_close(&agent->hook);
	nfm_sockets_close(&agent->sockets);
	if (agent->meter_open)
		nfm_meter_close(&agent->meter);
	for (size_t i = 0; i < 4; i++) {
		int fd = (const int[]){ agent->signal_fd, agent->epoll_fd, agent->lock_fd,
					agent->pin_lock_fd }[i];

		if (fd >= 0)
			close(fd);
	}
}

/* Our own copy: SIGHUP changes it. */
static struct nfm_config *copy_config(const struct nfm_config *config)
{
	struct nfm_config *copy = malloc(sizeof(*copy));
	size_t size = config->exporter_count * sizeof(*config->exporters);

	if (!copy)
		return NULL;
	*copy = *config;
	copy->exporters = malloc(size + 1);
	if (!copy->exporters) {
		free(copy);
		return NULL;
	}
	if (size)
		memcpy(copy->exporters, config->exporters, size);
	return copy;
}

/* The texts of what we run on, to tell what a change changes. */
static void read_sources(struct nfm_agent *agent)
{
	_cleanup_(nfm_config_clear) struct nfm_config config = {};
	const struct nfm_config_place place = nfm_agent_place(agent);

	if (nfm_config_read_place(&place, &config, &agent->sources, NULL) < 0)
		nfm_config_sources_clear(&agent->sources); /* changed just now: the defaults' */
}

static void say_start(const struct nfm_agent *agent)
{
	const struct nfm_config *config = agent->config;

	nfm_log(LOG_INFO, "nfmeter %s runs: port %u, %s, interval %u s, snapshots in %s",
		NFM_VERSION, config->ports[0], agent->meter.table.in_maps ? "XDP" : "UDP socket",
		config->interval_s, config->directory);
	if (config->clickhouse_url[0])
		nfm_log(LOG_WARNING, "[clickhouse] url: this version does not send there yet");
}

int nfm_agent_run(const struct nfm_config *config, const char *config_path)
{
	struct nfm_error error = {};
	struct nfm_agent *agent = calloc(1, sizeof(*agent));
	int r;

	if (!agent)
		return 1;
	agent->config = copy_config(config);
	if (!agent->config) {
		free(agent);
		return 1;
	}
	agent->config_path = config_path;
	agent->signal_fd = agent->epoll_fd = agent->lock_fd = agent->pin_lock_fd = -1;
	agent->control.listen_fd = -1;
	nfm_telemetry_begin(&agent->telemetry);
	read_sources(agent);
	nfm_agent_http_open(&agent->http, "/proc/self/exe", agent->config, config_path);
	r = start(agent, &error);
	if (r < 0) {
		nfm_log(LOG_ERR, "cannot start: %s", error.text);
	} else {
		say_start(agent);
		nfm_agent_rollup_begin(&agent->rollup, agent->config, config_path);
		loop(agent);
		nfm_log(LOG_INFO, "stopping; %s",
			agent->meter.table.in_maps ? "the kernel goes on counting" :
						     "what arrives from now on is not counted");
		finish(agent);
	}
	close_agent(agent);
	nfm_config_sources_clear(&agent->sources);
	nfm_config_clear(agent->config);
	free(agent->config);
	free(agent);
	return r < 0 ? 1 : 0;
}
