/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP server: `nfmeter http` as a child, which drops its privileges. It is started anew when
 * it dies, after ever longer pauses, and when what it has read at its start has changed. Its end of
 * a channel (fd 3) leads to our control protocol: see agent/control.h.
 */
#ifndef NFM_AGENT_HTTP_H
#define NFM_AGENT_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"

struct nfm_agent_http {
	const struct nfm_config *config; /* http_listen is empty: there is to be none */
	const char *config_path;
	const char *executable;
	pid_t pid;	     /* 0: none is running */
	uint64_t started_ns; /* monotonic, as all of these */
	uint64_t next_ns;    /* no start before */
	uint64_t renew_ns;   /* to be ended, for a new one, from then on; 0: not */
	uint64_t ended_ns;   /* when it was asked to end; 0: it was not */
	uint32_t pause_s;    /* before the next start, should it die */
	bool failed;	     /* the last one did, which was said */
	uint64_t restarts;   /* after it had died by itself */
};

/** Nothing is started yet. `executable` is what is running: another one for tests. */
void nfm_agent_http_open(struct nfm_agent_http *http, const char *executable,
			 const struct nfm_config *config, const char *config_path);

/**
 * To be called a few times a second: starts, renews and ends it. Returns our end of the channel of
 * one that was started, which is the caller's, or -1. `connected`: the earlier one's is open: a
 * child without is of no use and is ended.
 */
int nfm_agent_http_tick(struct nfm_agent_http *http, bool connected, uint64_t now_ns);

/** What it has read has changed: configuration or tokens. In a moment, so that it can answer. */
void nfm_agent_http_renew(struct nfm_agent_http *http, uint64_t now_ns);

/** On SIGCHLD: takes note of its end. */
void nfm_agent_http_reap(struct nfm_agent_http *http, uint64_t now_ns);

/** Ends it, and waits until it is gone. */
void nfm_agent_http_stop(struct nfm_agent_http *http);

#endif
