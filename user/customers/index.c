// SPDX-License-Identifier: GPL-2.0-only
#include "customers/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FEWEST_SLOTS 64ULL
#define MOST_VALUES (1U << 30)

static int allocate(struct nfm_index *index, uint64_t values)
{
	uint64_t slots = FEWEST_SLOTS;

	if (values > MOST_VALUES)
		return -ENOMEM;
	while (slots < 2 * values)
		slots *= 2;
	index->slot = malloc(slots * sizeof(*index->slot));
	if (!index->slot)
		return -ENOMEM;
	memset(index->slot, 0xff, slots * sizeof(*index->slot));
	index->mask = (uint32_t)(slots - 1);
	index->count = 0;
	return 0;
}

int nfm_index_open(struct nfm_index *index, uint32_t expected)
{
	struct nfm_index made = { 0 };
	int code;

	/* Ids come from the network, too: who cannot know the seed cannot make them collide. */
	if (getrandom(&made.seed, sizeof(made.seed), GRND_NONBLOCK) < 0)
		made.seed = (uintptr_t)index;
	code = allocate(&made, expected);
	if (!code)
		*index = made;
	return code;
}

void nfm_index_close(struct nfm_index *index)
{
	free(index->slot);
	index->slot = NULL;
}

uint32_t nfm_index_hash(const struct nfm_index *index, const void *bytes, size_t len)
{
	return (uint32_t)XXH3_64bits_withSeed(bytes, len, index->seed);
}

int nfm_index_reserve(struct nfm_index *index, uint32_t more)
{
	struct nfm_index old = *index;
	int code;

	if (2 * ((uint64_t)index->count + more) <= (uint64_t)index->mask + 1)
		return 0;
	code = allocate(index, 2 * (uint64_t)old.count + more);
	if (code) {
		*index = old;
		return code;
	}
	for (uint64_t i = 0; i <= old.mask; i++)
		if (old.slot[i].value != NFM_INDEX_NONE)
			nfm_index_add(index, old.slot[i].hash, old.slot[i].value);
	free(old.slot);
	return 0;
}

void nfm_index_add(struct nfm_index *index, uint32_t hash, uint32_t value)
{
	uint32_t at = hash & index->mask;

	while (index->slot[at].value != NFM_INDEX_NONE)
		at = (at + 1) & index->mask;
	index->slot[at] = (struct nfm_index_slot){ .hash = hash, .value = value };
	index->count++;
}
