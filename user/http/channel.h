/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions to the agent that has started us: lines of JSON over a socket that it gave us, since we
 * have no right to its control socket (agent/control.h has the protocol).
 */
#ifndef NFM_HTTP_CHANNEL_H
#define NFM_HTTP_CHANNEL_H

#include <pthread.h>
#include <yajl/yajl_tree.h>

#include "base/error.h"

struct nfm_channel {
	int fd; /* -1: we were started by hand, and have nobody to ask */
	pthread_mutex_t mutex; /* one question at a time */
};

void nfm_channel_init(struct nfm_channel *channel, int fd);

/**
 * Sends `request`, one line without its end, and waits for the answer, which yajl_tree_free()
 * frees. -ECONNREFUSED: there is no agent; -ETIMEDOUT; -E2BIG: longer than the agent takes;
 * -EREMOTEIO: the agent refused, its text is in `error`; -EACCES: it refused because of who asks.
 */
int nfm_channel_ask(struct nfm_channel *channel, const char *request, yajl_val *answer,
		    struct nfm_error *error);

#endif
