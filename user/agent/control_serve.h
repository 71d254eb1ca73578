/* SPDX-License-Identifier: GPL-2.0-only */
/* The control socket's server side: see control.h for the protocol. */
#ifndef NFM_CONTROL_SERVE_H
#define NFM_CONTROL_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_tree.h>

#include "base/error.h"

#define NFM_CONTROL_CONNECTIONS 16U

struct nfm_control_request {
	const char *command;
	const char *id;		     /* or NULL */
	const char *const *prefixes; /* prefix_count of them */
	size_t prefix_count;
	yajl_val body; /* the whole request */
	bool local;    /* by the control socket: root asks, or who has its group */
};

struct nfm_control_connection {
	int fd; /* -1: free */
	bool complete; /* the request is in; it waits for its turn */
	bool channel;  /* of a child of ours, for many requests; it is not trusted */
	bool paused;   /* a channel that was denied something: until the next retry */
	size_t used;
	uint64_t since_ns;
	char *request; /* NFM_CONTROL_MAX bytes */
};

struct nfm_control {
	int listen_fd;
	char path[108];
	struct nfm_control_connection connection[NFM_CONTROL_CONNECTIONS + 1]; /* last: channel */
	/*
	 * Answers a request by writing members into the open JSON object `out`; if negative, the
	 * answer is {"ok":false,"error":error.text}, of -EACCES with "denied":true. -EAGAIN: not
	 * now, see nfm_control_retry().
	 */
	int (*serve)(void *cookie, const struct nfm_control_request *request, yajl_gen out,
		     struct nfm_error *error);
	void *cookie;
};

/** Binds RUNTIME/control.sock (mode 0660); one left by a dead agent is replaced. */
int nfm_control_open(struct nfm_control *control, const char *runtime, struct nfm_error *error);
void nfm_control_close(struct nfm_control *control);

/** Takes a connection: its fd to watch, or -errno (-EMFILE: all are in use). */
int nfm_control_accept(struct nfm_control *control, uint64_t now_ns);

/**
 * Takes over `fd`, our end of a child's channel, which is to be watched: requests in lines, one
 * after the other, answers in their order. One that breaks the protocol is closed. An earlier
 * channel gives way.
 */
int nfm_control_channel(struct nfm_control *control, int fd);

/** True while a channel is open. */
bool nfm_control_has_channel(const struct nfm_control *control);

/**
 * Reads from the connection on `fd`, and answers once its request is whole. True: the other side
 * has ended its half while its request waits: do not watch it any more.
 */
bool nfm_control_read(struct nfm_control *control, int fd);

/** Asks again for those that -EAGAIN put off; drops connections that say nothing for long. */
void nfm_control_retry(struct nfm_control *control, uint64_t now_ns);

#endif
