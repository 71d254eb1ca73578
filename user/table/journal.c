// SPDX-License-Identifier: GPL-2.0-only
#include "table/journal.h"

#include <string.h>

#include "table/waiting.h"

void nfm_journal_begin(struct nfm_batch_log *log, struct nfm_table *table)
{
	for (uint32_t i = 0; i < log->count; i++)
		log->slot[log->used[i]] = 0;
	log->count = 0;
	log->table = table;
	log->ring = NFM_JOURNAL_RING_TABLE;
	log->waiting_head = table->ctl->waiting_head;
	log->waiting_tail = table->ctl->waiting_tail;
	log->waiting_done = NFM_WAITING_NONE;
}

static uint32_t slot_of(uint32_t index)
{
	return (uint32_t)(index * 0x9e3779b97f4a7c15ULL >> 40) & (NFM_JOURNAL_SLOTS - 1);
}

/* The shadow of the row with this index: see nfm_table_row_at(). */
static struct nfm_row *shadow_of(struct nfm_batch_log *log, uint32_t index)
{
	uint32_t slot = slot_of(index);

	while (log->slot[slot]) {
		uint32_t entry = log->slot[slot] - 1;

		if (log->index[entry] == index)
			return &log->shadow[entry];
		slot = (slot + 1) & (NFM_JOURNAL_SLOTS - 1);
	}
	if (log->count == NFM_JOURNAL_ENTRIES)
		return &log->overflow;
	log->shadow[log->count] = *nfm_table_row_at(log->table, index);
	log->index[log->count] = index;
	log->used[log->count] = (uint16_t)slot;
	log->slot[slot] = (uint16_t)++log->count;
	return &log->shadow[log->count - 1];
}

struct nfm_row *nfm_journal_row(struct nfm_batch_log *log, uint32_t row)
{
	const struct nfm_table *t = log->table;

	return shadow_of(log, nfm_row_index(&t->geometry, t->ctl->epoch & 1,
					    nfm_table_agent_column(t), row));
}

struct nfm_row *nfm_journal_earlier(struct nfm_batch_log *log, uint32_t row, uint32_t index)
{
	const struct nfm_table *t = log->table;
	uint32_t column = (uint32_t)(t->ctl->epoch & 1) * t->geometry.columns +
			  nfm_table_agent_column(t);

	return shadow_of(log, nfm_table_row_count(&t->geometry) +
				      (uint32_t)nfm_earlier_index(&t->geometry, column, row) +
				      index);
}

uint32_t nfm_journal_room(const struct nfm_batch_log *log)
{
	uint32_t most = NFM_JOURNAL_ENTRIES - NFM_JOURNAL_OTHERS;

	return log->count < most ? most - log->count : 0;
}

/* Whole words, so that a reader never sees half of one. */
static void copy_rows(struct nfm_table *t)
{
	const struct nfm_journal *j = t->journal;

	for (uint64_t i = 0; i < j->count; i++) {
		struct nfm_row *row = nfm_table_row_at(t, j->entry[i].index);

		for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
			__atomic_store_n(&row->word[w], j->entry[i].word[w], __ATOMIC_RELAXED);
	}
}

/* A reader that sees the new head sees what stands below it. */
static void move_waiting(struct nfm_table *t)
{
	const struct nfm_journal *j = t->journal;

	if (j->waiting_done != NFM_WAITING_NONE)
		__atomic_store_n(&nfm_waiting_at(t, j->waiting_done)->state, NFM_WAITING_DONE,
				 __ATOMIC_RELAXED);
	__atomic_store_n(&t->ctl->waiting_tail, j->waiting_tail, __ATOMIC_RELAXED);
	__atomic_store_n(&t->ctl->waiting_head, j->waiting_head, __ATOMIC_RELEASE);
}

static void finish(struct nfm_table *t, uint64_t *consumer_pos)
{
	copy_rows(t);
	move_waiting(t);
	if (t->journal->ring_pos != NFM_JOURNAL_NO_RING && consumer_pos)
		__atomic_store_n(consumer_pos, t->journal->ring_pos, __ATOMIC_RELEASE);
	__atomic_store_n(&t->journal->state, NFM_JOURNAL_EMPTY, __ATOMIC_RELEASE);
}

void nfm_journal_commit(struct nfm_batch_log *log, uint64_t ring_pos, uint64_t *consumer_pos)
{
	struct nfm_journal *j = log->table->journal;

	for (uint32_t i = 0; i < log->count; i++) {
		j->entry[i].index = log->index[i];
		memcpy(j->entry[i].word, log->shadow[i].word, sizeof(j->entry[i].word));
	}
	j->count = log->count;
	j->ring = log->ring;
	j->ring_pos = ring_pos;
	j->waiting_head = log->waiting_head;
	j->waiting_tail = log->waiting_tail;
	/* what the tail has left behind need not be marked */
	j->waiting_done = log->waiting_done < log->waiting_tail ? NFM_WAITING_NONE :
								  log->waiting_done;
	__atomic_store_n(&j->state, NFM_JOURNAL_SET, __ATOMIC_RELEASE);
	finish(log->table, consumer_pos);
}

static bool rows_make_sense(const struct nfm_table *t)
{
	const struct nfm_journal *j = t->journal;
	uint64_t rows = nfm_table_row_count(&t->geometry) + nfm_table_earlier_count(&t->geometry);

	if (j->count > NFM_JOURNAL_ENTRIES)
		return false;
	for (uint64_t i = 0; i < j->count; i++)
		if (j->entry[i].index >= rows)
			return false;
	return true;
}

/* The room may be damaged, too: so the control words are no measure, and it is checked later. */
static bool waiting_makes_sense(const struct nfm_table *t)
{
	const struct nfm_journal *j = t->journal;
	uint32_t state;

	if (!nfm_waiting_span_fits(t, j->waiting_tail, j->waiting_head))
		return false;
	if (j->waiting_done == NFM_WAITING_NONE)
		return true;
	if (j->waiting_done < j->waiting_tail || j->waiting_done >= j->waiting_head ||
	    !nfm_waiting_head_fits(t, j->waiting_done))
		return false;
	state = nfm_waiting_at(t, j->waiting_done)->state;
	return state == NFM_WAITING_SET || state == NFM_WAITING_DONE;
}

int nfm_journal_recover(struct nfm_table *t, uint64_t *consumer_pos, uint64_t *old_consumer_pos)
{
	struct nfm_journal *j = t->journal;

	if (__atomic_load_n(&j->state, __ATOMIC_ACQUIRE) != NFM_JOURNAL_SET)
		return 0;
	/* nobody but us writes it: never believed all the same, and then no part of it */
	if (j->ring > NFM_JOURNAL_RING_OLD || !rows_make_sense(t) || !waiting_makes_sense(t)) {
		j->ring_pos = NFM_JOURNAL_NO_RING;
		j->count = 0;
		j->waiting_head = t->ctl->waiting_head;
		j->waiting_tail = t->ctl->waiting_tail;
		j->waiting_done = NFM_WAITING_NONE;
	}
	finish(t, j->ring == NFM_JOURNAL_RING_OLD ? old_consumer_pos : consumer_pos);
	return 1;
}
