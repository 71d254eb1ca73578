// SPDX-License-Identifier: GPL-2.0-only
#include "table/pool.h"

#include <errno.h>
#include <string.h>

int nfm_pool_find(const struct nfm_template_pool *pool, const struct nfm_template_key *key)
{
	uint32_t hash = nfm_template_hash(key);
	const __u32 *way = &pool->way[nfm_template_bucket(hash)];

	for (uint32_t i = 0; i < NFM_TEMPLATE_WAYS; i++) {
		uint32_t entry = __atomic_load_n(&way[i], __ATOMIC_ACQUIRE);
		uint32_t slot = (entry & 0xffff) - 1;

		if (slot >= NFM_TEMPLATE_SLOTS || (entry ^ hash) >> 16)
			continue;
		if (nfm_template_same_key(&pool->slot[slot].key, key))
			return (int)slot;
	}
	return -ENOENT;
}

static bool is_armed(const struct nfm_template_pool *pool, const struct nfm_template_key *key,
		     uint32_t slot)
{
	struct nfm_template_key stream = *key;

	stream.id = 0;
	return nfm_pool_find(pool, &stream) == (int)slot &&
	       pool->slot[slot].kind == NFM_SLOT_STREAM &&
	       !__atomic_load_n(&pool->slot[slot].token, __ATOMIC_ACQUIRE);
}

bool nfm_pool_decodes(const struct nfm_template_pool *pool, const struct nfm_template_key *key,
		      const uint8_t *raw, uint32_t raw_bytes)
{
	int number = nfm_pool_find(pool, key);
	const struct nfm_template_slot *slot;

	if (number < 0)
		return false;
	slot = &pool->slot[number];
	return slot->kind == NFM_SLOT_DATA && raw_bytes <= sizeof(slot->raw) &&
	       slot->raw_bytes == raw_bytes && !memcmp(slot->raw, raw, raw_bytes) &&
	       slot->stream < NFM_TEMPLATE_SLOTS && is_armed(pool, key, slot->stream);
}
