/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that make answers, so that the thread that serves connections never waits. Few, with a
 * short queue: what does not fit is refused at once. The last of them is kept free of what may
 * take long (nfm_route_is_slow). Who asks what somebody else has just asked
 * gets the same answer: a thousand clients cost as much as one.
 */
#ifndef NFM_HTTP_JOBS_H
#define NFM_HTTP_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/answer.h"
#include "http/request.h"

struct nfm_jobs;

/** Who waits for an answer. */
struct nfm_waiter {
	struct nfm_waiter *next;
	struct nfm_answer *answer; /* a reference, once it is there; NULL: out of memory */
	/* Called by a worker, once: the answer is there. */
	void (*wake)(struct nfm_waiter *waiter);
};

/** Makes the answer of a request; called by a worker. NULL: out of memory. */
typedef struct nfm_answer *nfm_jobs_make(void *cookie, const struct nfm_request *request);

/** -errno of a thread that could not start. */
int nfm_jobs_start(struct nfm_jobs **jobs, unsigned int workers, unsigned int queue,
		   nfm_jobs_make *make, void *cookie, struct nfm_error *error);

/** Lets workers end what they do; answers that wait are made an error, and woken. */
void nfm_jobs_stop(struct nfm_jobs *jobs);

/**
 * Asks: the request is the jobs' from now on, also on failure. 0: the waiter will be woken; a GET
 * whose answer is at hand wakes it at once. -EAGAIN: the queue is full; -ENOMEM.
 */
int nfm_jobs_ask(struct nfm_jobs *jobs, struct nfm_request *request, struct nfm_waiter *waiter);

/** Forgets all answers: what they say has changed. */
void nfm_jobs_forget(struct nfm_jobs *jobs);

#endif
