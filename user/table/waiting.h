/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The waiting room: data sets whose template has not come yet, in a ring of bytes in the table,
 * so that they outlive the agent. It changes with the batch: what a batch puts in, takes out or
 * gives up takes effect with its journal, once, also after a crash.
 *
 * A batch writes only where nothing stood when it began: what it gives up to make room is read
 * again if it is not committed. So a piece of the room is kept free for the next batch.
 */
#ifndef NFM_WAITING_H
#define NFM_WAITING_H

#include "table/journal.h"

/*
 * Kept free for the next batch, or half of a smaller room: a datagram's 512 sets of 65,535 bytes
 * in all, their heads and padding, and the end of the room that its largest one did not fit.
 */
#define NFM_WAITING_RESERVE (160ULL << 10)

#define NFM_WAITING_MIN_SET 4U /* bytes: a set header */
#define NFM_WAITING_MAX_SET 65535U

/** Bytes of the room. */
static inline uint64_t nfm_waiting_size(const struct nfm_table *t)
{
	return (uint64_t)t->geometry.waiting_pages * NFM_WAITING_PAGE;
}

/** What stands at a position; the room must have a size. */
static inline struct nfm_waiting *nfm_waiting_at(const struct nfm_table *t, uint64_t position)
{
	return (struct nfm_waiting *)((uint8_t *)t->waiting + position % nfm_waiting_size(t));
}

/** Whether these can be the room's control words. */
static inline bool nfm_waiting_span_fits(const struct nfm_table *t, uint64_t tail, uint64_t head)
{
	return !(tail % 8) && !(head % 8) && tail <= head && head <= UINT64_MAX / 4 &&
	       head - tail <= nfm_waiting_size(t);
}

/** Whether an entry's head fits between a position and the end of the room. */
static inline bool nfm_waiting_head_fits(const struct nfm_table *t, uint64_t position)
{
	uint64_t size = nfm_waiting_size(t);

	return !(position % 8) && size && position % size + sizeof(struct nfm_waiting) <= size;
}

/**
 * Puts a set (its head->length bytes at `set`, set header first) in as part of the batch.
 * `given_up` (may be NULL) hears of each older set that makes room. -EINVAL: no length of a set.
 * -ENOSPC: larger than what is free, which only happens in a room below 2 × NFM_WAITING_RESERVE:
 * not put in.
 */
int nfm_waiting_put(struct nfm_batch_log *log, const struct nfm_waiting *head, const uint8_t *set,
		    void (*given_up)(void *cookie, const struct nfm_waiting *waiting),
		    void *cookie);

/**
 * Sets that still wait, oldest first: *position is 0 at first and moves. NULL: no further one.
 * What a batch under way has put in is not among them, what it has taken is. Batches may be
 * committed between two calls.
 */
const struct nfm_waiting *nfm_waiting_next(const struct nfm_table *t, uint64_t *position);

/** A set that nfm_waiting_next() gave is done with, as of this batch. One in a batch. */
void nfm_waiting_take(struct nfm_batch_log *log, const struct nfm_waiting *waiting);

/** Steps over what is done with at the tail, as part of this batch. */
void nfm_waiting_trim(struct nfm_batch_log *log);

/** Sets that wait, their bytes, and the oldest one's arrival (0: none). One pass over the room. */
void nfm_waiting_count(const struct nfm_table *t, uint64_t *sets, uint64_t *bytes,
		       uint64_t *oldest_ns);

/**
 * After nfm_journal_recover(): the control words and entries are believed only if they make
 * sense; else the room is emptied. 1: it was.
 */
int nfm_waiting_check(struct nfm_table *t);

#endif
