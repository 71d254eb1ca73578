/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions to the agent that has started us: lines of JSON over a socket that it gave us, since we
 * have no right to its control socket (agent/control.h has the protocol).
 */
#ifndef NFM_HTTP_CHANNEL_H
#define NFM_HTTP_CHANNEL_H

#include <pthread.h>
#include <yajl/yajl_tree.h>

#include "agent/control.h"
#include "base/error.h"

struct nfm_channel {
	int fd;		       /* -1: we were started by hand, and have nobody to ask */
	pthread_mutex_t mutex; /* one question at a time */
	unsigned int owed;     /* answers to come to questions that nobody waits for any more */
	size_t used;	       /* of the buffer: what has come of the next answer */
	char buffer[NFM_CONTROL_MAX];
};

void nfm_channel_init(struct nfm_channel *channel, int fd);

/**
 * Asks the agent for its status. Waits for some seconds, but not again as long as an agent that did
 * not answer is still silent: whoever looks at the counters must not wait for it. The answer is
 * the caller's to free, by yajl_tree_free(). -ECONNREFUSED: there is no agent; -ETIMEDOUT.
 */
int nfm_channel_status(struct nfm_channel *channel, yajl_val *answer, struct nfm_error *error);

/**
 * Sends a change, one line without its end, and waits for the answer, as above. -ECONNREFUSED,
 * -ETIMEDOUT: it may still be made; -E2BIG: longer than the agent takes; -EREMOTEIO: the agent
 * refused, its text is in `error`; -EACCES: it refused because of who asks.
 */
int nfm_channel_change(struct nfm_channel *channel, const char *request, yajl_val *answer,
		       struct nfm_error *error);

#endif
