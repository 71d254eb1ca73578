// SPDX-License-Identifier: GPL-2.0-only
#include "table/journal.h"

#include <string.h>

void nfm_journal_begin(struct nfm_batch_log *log, struct nfm_table *table)
{
	for (uint32_t i = 0; i < log->count; i++)
		log->slot[log->used[i]] = 0;
	log->count = 0;
	log->table = table;
}

static uint32_t slot_of(uint32_t index)
{
	return (uint32_t)(index * 0x9e3779b97f4a7c15ULL >> 40) & (NFM_JOURNAL_SLOTS - 1);
}

struct nfm_row *nfm_journal_row(struct nfm_batch_log *log, uint32_t row)
{
	const struct nfm_table *t = log->table;
	uint32_t index = nfm_row_index(&t->geometry, t->ctl->epoch & 1, nfm_table_agent_column(t),
				       row);
	uint32_t slot = slot_of(index);

	while (log->slot[slot]) {
		uint32_t entry = log->slot[slot] - 1;

		if (log->index[entry] == index)
			return &log->shadow[entry];
		slot = (slot + 1) & (NFM_JOURNAL_SLOTS - 1);
	}
	if (log->count == NFM_JOURNAL_ENTRIES)
		return &log->overflow;
	log->shadow[log->count] = t->rows[index];
	log->index[log->count] = index;
	log->used[log->count] = (uint16_t)slot;
	log->slot[slot] = (uint16_t)++log->count;
	return &log->shadow[log->count - 1];
}

/* Whole words, so that a reader never sees half of one. */
static void copy_rows(struct nfm_table *t)
{
	const struct nfm_journal *j = t->journal;

	for (uint64_t i = 0; i < j->count; i++) {
		struct nfm_row *row = &t->rows[j->entry[i].index];

		for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
			__atomic_store_n(&row->word[w], j->entry[i].word[w], __ATOMIC_RELAXED);
	}
}

static void finish(struct nfm_table *t, uint64_t *consumer_pos)
{
	copy_rows(t);
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
	j->ring_pos = ring_pos;
	__atomic_store_n(&j->state, NFM_JOURNAL_SET, __ATOMIC_RELEASE);
	finish(log->table, consumer_pos);
}

int nfm_journal_recover(struct nfm_table *t, uint64_t *consumer_pos)
{
	uint64_t rows = nfm_table_row_count(&t->geometry);

	if (__atomic_load_n(&t->journal->state, __ATOMIC_ACQUIRE) != NFM_JOURNAL_SET)
		return 0;
	if (t->journal->count > NFM_JOURNAL_ENTRIES)
		t->journal->count = 0; /* nobody but us writes it: never believed all the same */
	for (uint64_t i = 0; i < t->journal->count; i++)
		if (t->journal->entry[i].index >= rows)
			t->journal->count = 0;
	finish(t, consumer_pos);
	return 1;
}
