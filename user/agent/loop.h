/* SPDX-License-Identifier: GPL-2.0-only */
/* The running agent, for the parts of its event loop. */
#ifndef NFM_LOOP_H
#define NFM_LOOP_H

#include "agent/clock_step.h"
#include "agent/control_serve.h"
#include "agent/hook.h"
#include "agent/http.h"
#include "agent/meter.h"
#include "agent/nics.h"
#include "agent/rollup.h"
#include "agent/rotation.h"
#include "agent/socket.h"
#include "agent/telemetry.h"
#include "config/sources.h"

enum nfm_agent_event {
	NFM_EVENT_SIGNAL,
	NFM_EVENT_RING,
	NFM_EVENT_SOCKET,
	NFM_EVENT_ROTATION,
	NFM_EVENT_CONTROL,
	NFM_EVENT_CONNECTION,
};

struct nfm_agent {
	struct nfm_config *config; /* our own: SIGHUP takes over what can change live */
	const char *config_path;
	struct nfm_config_sources sources; /* of what was read last */
	bool pending[NFM_CONFIG_KEYS]; /* has changed, but is in force only with the next start */
	struct nfm_meter meter;
	bool meter_open;
	struct nfm_nic nics[NFM_CONFIG_MAX_INTERFACES];
	struct nfm_sockets sockets;
	struct nfm_rotation rotation;
	struct nfm_hook hook;
	struct nfm_agent_rollup rollup;
	struct nfm_agent_http http;
	struct nfm_control control;
	struct nfm_telemetry telemetry;
	int epoll_fd;
	int signal_fd;
	int lock_fd;
	int pin_lock_fd;
	uint64_t next_rotation_ns; /* wall clock */
	struct nfm_clock_step clock;
	uint64_t retry_ns;	   /* monotonic: a failed rotation's next try */
	char snapshot_error[256];  /* why the last rotation failed; empty: it did not */
	char nfdump_error[256];	   /* why its nfdump file was not written */
	uint64_t tick_ns;	   /* monotonic */
	uint64_t look_ns;	   /* monotonic: when the NICs were looked at */
	bool reload_wanted;	   /* SIGHUP while a rotation read the names */
	bool stop;
};

/** Answers one control request: see agent/control.h. */
int nfm_agent_serve(void *cookie, const struct nfm_control_request *request, yajl_gen out,
		    struct nfm_error *error);

/**
 * SIGHUP: the configuration, drop-ins included, and the customers file, again; put off while a
 * rotation is under way. A file with an error changes nothing.
 */
void nfm_agent_reload(struct nfm_agent *agent);

/** The customers file alone. `out` (may be NULL) gets what changed. Not during a rotation. */
int nfm_agent_reload_customers(struct nfm_agent *agent, yajl_gen out, struct nfm_error *error);

/**
 * Takes over of `fresh` what can change while we run, after `settings` (NULL: none) was saved as
 * settings.conf; notes what waits for the next start. `fresh` and `sources` are the caller's to
 * clear, whatever stands in them then. On an error all is as it was. Not during a rotation.
 */
int nfm_agent_take_config(struct nfm_agent *agent, struct nfm_config *fresh,
			  struct nfm_config_sources *sources, const char *settings,
			  struct nfm_error *error);

/** Where the configuration is read from. */
struct nfm_config_place nfm_agent_place(const struct nfm_agent *agent);

/** Writes "pending":[…] into the open object. */
void nfm_agent_put_pending(const struct nfm_agent *agent, yajl_gen out);

/** Has the loop watch an fd, until that is closed. */
int nfm_agent_watch(const struct nfm_agent *agent, int fd, enum nfm_agent_event kind,
		    uint32_t index);

#endif
