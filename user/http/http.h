/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP server: page, API and metrics, in a process of its own without rights. It reads what
 * the command line reads: the table, mapped read-only, and the files; what it wants to change it
 * asks of the agent.
 *
 *   server.c   connections: libmicrohttpd's thread, which never waits
 *   access.c   who asks, and what for
 *   request.c, routes.c, api_….c   what is asked for, and the answers
 *   jobs.c     the few threads that make answers, and share them
 *   events.c   what is pushed, once a second
 *   confine.c  the rights that are given up
 */
#ifndef NFM_HTTP_H
#define NFM_HTTP_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "base/error.h"
#include "config/config.h"
#include "config/sources.h"
#include "config/tokens.h"
#include "http/access.h"
#include "http/channel.h"
#include "http/jobs.h"
#include "http/live.h"
#include "table/table.h"

struct nfm_events;

/** What the server counts of itself. */
struct nfm_http_counts {
	atomic_uint_fast64_t connections; /* now */
	atomic_uint_fast64_t refused;	  /* connections above the limit */
	atomic_uint_fast64_t cut;	  /* connections that took too long */
	atomic_uint_fast64_t answers[6];  /* by the first digit of their status */
	atomic_uint_fast64_t in_flight;	  /* requests without an answer yet */
	atomic_uint_fast64_t sent_bytes;  /* of bodies handed over */
};

struct nfm_http {
	struct nfm_config config;
	struct nfm_config_sources sources; /* where its values are from */
	struct nfm_tokens tokens;
	struct nfm_table table;
	struct nfm_live live;
	struct nfm_channel channel;
	struct nfm_access access;
	struct nfm_jobs *jobs;
	struct nfm_events *events;
	struct nfm_server *server;
	struct nfm_http_counts counts;
	uint64_t started_unix_s;
};

/**
 * Serves until SIGTERM, or until the agent at the other end of `channel_fd` is gone (-1: there is
 * none; started by hand). Returns the exit status.
 */
int nfm_http_run(const struct nfm_config_place *place, int channel_fd);

#endif
