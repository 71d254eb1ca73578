/* SPDX-License-Identifier: GPL-2.0-only */
/* From a hash to small numbers (rows, places in a list): open addressing, grows by itself. */
#ifndef NFM_INDEX_H
#define NFM_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define NFM_INDEX_NONE UINT32_MAX

struct nfm_index_slot {
	uint32_t hash;
	uint32_t value; /* NFM_INDEX_NONE: free */
};

struct nfm_index {
	struct nfm_index_slot *slot;
	uint32_t mask; /* slots - 1, a power of two less one */
	uint32_t count;
	uint64_t seed;
};

/** An empty index with room for `expected` values; grows beyond. 0 or -ENOMEM. */
int nfm_index_open(struct nfm_index *index, uint32_t expected);
void nfm_index_close(struct nfm_index *index);

/** Hash of some bytes, under the index's own seed. */
uint32_t nfm_index_hash(const struct nfm_index *index, const void *bytes, size_t len);

/** Makes room, so that the next `more` calls of nfm_index_add() succeed. 0 or -ENOMEM. */
int nfm_index_reserve(struct nfm_index *index, uint32_t more);

/** Adds a value without asking whether it is there. Needs room: see nfm_index_reserve(). */
void nfm_index_add(struct nfm_index *index, uint32_t hash, uint32_t value);

/**
 * The values under a hash, one a call, for the caller to compare: starts with *at = 0 and ends
 * with NFM_INDEX_NONE.
 */
static inline uint32_t nfm_index_next(const struct nfm_index *index, uint32_t hash, uint32_t *at)
{
	for (;;) {
		const struct nfm_index_slot *slot = &index->slot[(hash + (*at)++) & index->mask];

		if (slot->value == NFM_INDEX_NONE || slot->hash == hash)
			return slot->value;
	}
}

#endif
