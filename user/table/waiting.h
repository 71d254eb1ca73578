/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The waiting room: data sets whose template has not come yet, in a ring of bytes in the table, so
 * that they outlive the agent. It changes with the batch: what a batch puts in, takes out or gives up
 * takes effect with its journal, once, also after a crash.
 */
#ifndef NFM_WAITING_H
#define NFM_WAITING_H

#include "table/journal.h"

/** Bytes of the room. */
static inline uint64_t nfm_waiting_size(const struct nfm_table *t)
{
	return (uint64_t)t->geometry.waiting_pages * NFM_WAITING_PAGE;
}

/**
 * Puts a set (its `length` bytes at `set`) in as part of the batch. `given_up` hears of each set that
 * makes room for it. -ENOSPC: larger than the whole room, or the batch itself fills it: not put in.
 */
int nfm_waiting_put(struct nfm_batch_log *log, const struct nfm_waiting *head, const uint8_t *set,
		    void (*given_up)(void *cookie, const struct nfm_waiting *waiting),
		    void *cookie);

/**
 * Sets that still wait, oldest first: *position is 0 at first and moves. NULL: no further one. What a
 * batch under way has put in is not among them.
 */
const struct nfm_waiting *nfm_waiting_next(const struct nfm_table *t, uint64_t *position);

/** The set that nfm_waiting_next() gave before it moved to `position` is done with, as of this batch. */
void nfm_waiting_take(struct nfm_batch_log *log, const struct nfm_waiting *waiting);

/** Steps over what is done with at the tail, as part of this batch. */
void nfm_waiting_trim(struct nfm_batch_log *log);

/** Sets that wait, their bytes, and the oldest one's arrival (0: none). One pass over the room. */
void nfm_waiting_count(const struct nfm_table *t, uint64_t *sets, uint64_t *bytes,
		       uint64_t *oldest_ns);

/** The control words and entries are believed only if they make sense; else the room is emptied. 1: it was. */
int nfm_waiting_check(struct nfm_table *t);

#endif
