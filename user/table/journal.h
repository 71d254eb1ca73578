/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's way of adding to its column: a batch is collected in shadow rows, written to the
 * table's journal with absolute values, and only then copied to the rows. After a crash the
 * journal is copied again: nothing is lost, nothing counts twice.
 */
#ifndef NFM_JOURNAL_H
#define NFM_JOURNAL_H

#include "table/table.h"

#define NFM_JOURNAL_NO_RING UINT64_MAX /* the batch came from the socket */

#define NFM_JOURNAL_SLOTS 32768U /* a power of two, well above the entries */

/** Large: keep it static or allocate it with aligned_alloc(64, …). Zeroed at first. */
struct nfm_batch_log {
	struct nfm_row shadow[NFM_JOURNAL_ENTRIES];
	struct nfm_row overflow; /* never reached: NFM_JOURNAL_ENTRIES covers any datagram */
	uint32_t index[NFM_JOURNAL_ENTRIES]; /* as nfm_table_row_at() has it */
	uint16_t used[NFM_JOURNAL_ENTRIES];  /* its slot */
	uint16_t slot[NFM_JOURNAL_SLOTS];    /* hash of the row's index → entry + 1 */
	uint32_t count;
	uint64_t ring; /* NFM_JOURNAL_RING_…: where the batch comes from */
	uint64_t waiting_head; /* as the batch leaves them: see table/waiting.h */
	uint64_t waiting_tail;
	uint64_t waiting_done; /* position, or NFM_WAITING_NONE */
	struct nfm_table *table;
};

/** Clears the shadow rows: the batch begins; if its ring is not the table's, log->ring says so. */
void nfm_journal_begin(struct nfm_batch_log *log, struct nfm_table *table);

/** The shadow of one of the agent's rows in the open bank; `row` counts within the column. */
struct nfm_row *nfm_journal_row(struct nfm_batch_log *log, uint32_t row);

/** The same of the row's earlier slots: `index` below nfm_earlier_rows(). */
struct nfm_row *nfm_journal_earlier(struct nfm_batch_log *log, uint32_t row, uint32_t index);

/** Rows that a batch may still take, those kept free for reasons and notes left out. */
uint32_t nfm_journal_room(const struct nfm_batch_log *log);

/**
 * Journal, rows, then `*consumer_pos = ring_pos` (unless NFM_JOURNAL_NO_RING), then the journal's
 * end, in this order as seen by a later agent. `consumer_pos` is that of log->ring.
 */
void nfm_journal_commit(struct nfm_batch_log *log, uint64_t ring_pos, uint64_t *consumer_pos);

/**
 * After a crash: finishes a batch under way, and moves the position of the ring that it came from:
 * the table's, or the old one's (each may be NULL). Returns 1 if there was one, else 0.
 */
int nfm_journal_recover(struct nfm_table *table, uint64_t *consumer_pos,
			uint64_t *old_consumer_pos);

#endif
