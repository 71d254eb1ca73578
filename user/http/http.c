// SPDX-License-Identifier: GPL-2.0-only
#include "http/http.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "http/confine.h"
#include "http/events.h"
#include "http/exchange.h"
#include "http/server.h"
#include "view/source.h"

#define WORKERS 3U    /* answers made at once, one of them a quick one in any case */
#define QUEUE 256U    /* and that wait for their turn */
#define NICENESS 5
#define PEM_BYTES (256U << 10)
#define TICK_MS 1000
#define FINISH_NS (2 * NFM_NS_PER_S) /* for answers that are being sent at the end */
#define FINISH_POLL_MS 5
#define SPARE_FILES 256U /* beside connections: answers, snapshots under reading */

static void tls_clear(struct nfm_server_tls *tls)
{
	if (tls->key)
		explicit_bzero(tls->key, strlen(tls->key));
	free(tls->certificate);
	free(tls->key);
}

static int read_pem(const char *key, const char *path, char **text, struct nfm_error *error)
{
	size_t length;
	int err = nfm_io_read_file(path, PEM_BYTES, text, &length);

	return err ? nfm_error_set(error, err, "[http] %s = %s: %s", key, path, strerror(-err)) : 0;
}

static int read_tls(const struct nfm_config *config, struct nfm_server_tls *tls,
		    struct nfm_error *error)
{
	int err;

	if (!config->http_certificate[0] != !config->http_key[0])
		return nfm_error_set(error, -EINVAL, "[http]: certificate and key go together");
	if (!config->http_certificate[0])
		return 0;
	err = read_pem("certificate", config->http_certificate, &tls->certificate, error);
	return err ?: read_pem("key", config->http_key, &tls->key, error);
}

/* Signals are for the main thread, which asks for them; the others are not disturbed. */
static int open_signals(struct nfm_error *error)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return nfm_error_set(error, -errno, "signals: %m");
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? nfm_error_set(error, -errno, "signals: %m") : fd;
}

static void set_limits(const struct nfm_config *config)
{
	struct rlimit files;

	errno = 0;
	if (nice(NICENESS) < 0 && errno)
		nfm_log(LOG_DEBUG, "nice: %m");
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = NFM_MIN((rlim_t)config->http_connections + SPARE_FILES, files.rlim_max);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		nfm_log(LOG_WARNING, "the HTTP server keeps its limit of open files: %m");
}

/* What root alone can open. */
static int open_all(struct nfm_http *http, struct nfm_server_tls *tls, int *listen_fd,
		    struct nfm_error *error)
{
	const struct nfm_config *config = &http->config;
	int err = nfm_tokens_read(config->http_tokens, &http->tokens, error);

	if (!err)
		err = read_tls(config, tls, error);
	if (!err)
		err = nfm_source_open(config, &http->table, error);
	if (!err)
		err = nfm_live_open(&http->live, &http->table, config->interval_s, error);
	if (err)
		return err;
	*listen_fd = nfm_server_bind(config->http_listen, error);
	return *listen_fd < 0 ? *listen_fd : 0;
}

static int start(struct nfm_http *http, const struct nfm_server_tls *tls, int *listen_fd,
		 struct nfm_error *error)
{
	int err = nfm_confine(http->config.http_user, error);

	if (!err)
		err = nfm_jobs_start(&http->jobs, WORKERS, QUEUE, nfm_exchange_answer, http, error);
	if (!err)
		err = nfm_events_open(&http->events, http, error);
	if (!err)
		err = nfm_server_start(http, NFM_STEAL_FD(*listen_fd), tls, error);
	return err;
}

/* Until we are told to end, or the agent is gone: the next one starts another. */
static void loop(struct nfm_http *http, int signal_fd)
{
	struct pollfd polled[2] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = http->channel.fd, .events = POLLRDHUP }, /* -1 is passed over */
	};
	uint64_t next_ns = nfm_clock_monotonic_ns();

	for (;;) {
		uint64_t now_ns = nfm_clock_monotonic_ns();
		int wait_ms;

		if (now_ns >= next_ns) {
			nfm_events_tick(http->events);
			nfm_server_tick(http);
			next_ns = NFM_MAX(next_ns + TICK_MS * NFM_NS_PER_MS,
					  nfm_clock_monotonic_ns());
		}
		now_ns = nfm_clock_monotonic_ns();
		wait_ms = next_ns > now_ns ? (int)((next_ns - now_ns) / NFM_NS_PER_MS) + 1 : 0;
		if (poll(polled, 2, wait_ms) > 0 && (polled[0].revents || polled[1].revents))
			return;
	}
}

/* Answers on their way, that of the change for which we are to be started anew among them. */
static void finish_answers(const struct nfm_http *http)
{
	uint64_t end_ns = nfm_clock_monotonic_ns() + FINISH_NS;

	while (atomic_load(&http->counts.in_flight) && nfm_clock_monotonic_ns() < end_ns)
		poll(NULL, 0, FINISH_POLL_MS);
}

/* Whoever waits is woken first, workers and listeners: see nfm_server_stop(). */
static void stop(struct nfm_http *http)
{
	nfm_server_quiesce(http);
	if (http->events)
		nfm_events_end(http->events);
	nfm_jobs_stop(http->jobs);
	finish_answers(http);
	nfm_server_stop(http);
	nfm_events_free(http->events);
	nfm_live_close(&http->live);
	nfm_table_close(&http->table);
	nfm_tokens_clear(&http->tokens);
	nfm_config_sources_clear(&http->sources);
	nfm_config_clear(&http->config);
}

int nfm_http_run(const struct nfm_config_place *place, int channel_fd)
{
	_cleanup_(tls_clear) struct nfm_server_tls tls = { 0 };
	_cleanup_close_ int listen_fd = -1, signal_fd = -1;
	static struct nfm_http http; /* answers may be under way when main returns an error */
	struct nfm_error error = { .text = "" };
	int err;

	http = (struct nfm_http){
		.table = { .refusals_fd = -1 },
		.started_unix_s = nfm_clock_unix_ns() / NFM_NS_PER_S,
	};
	nfm_channel_init(&http.channel, channel_fd);
	nfm_access_init(&http.access, &http.tokens);
	err = nfm_config_read_place(place, &http.config, &http.sources, &error);
	if (!err) {
		set_limits(&http.config);
		signal_fd = open_signals(&error);
		err = signal_fd < 0 ? signal_fd : open_all(&http, &tls, &listen_fd, &error);
	}
	if (!err)
		err = start(&http, &tls, &listen_fd, &error);
	/* behind the change of user, which would take it back: prctl(2) */
	if (!err && channel_fd >= 0)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (err) {
		nfm_log(LOG_ERR, "http: %s", error.text);
	} else {
		nfm_log(LOG_INFO, "http: %s, %zu tokens%s", http.config.http_listen,
			http.tokens.count, tls.certificate ? ", TLS" : "");
		loop(&http, signal_fd);
	}
	stop(&http);
	return err ? 1 : 0;
}
