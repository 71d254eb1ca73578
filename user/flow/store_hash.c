// SPDX-License-Identifier: GPL-2.0-only
#include "flow/store_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FEWEST_BUCKETS 64ULL
#define MOST_BUCKETS (1ULL << 24)

int nfm_store_hash_open(struct nfm_store_hash *hash)
{
	struct nfm_store_hash made = { .buckets = FEWEST_BUCKETS };

	/* Names come from the network: who cannot know the seed cannot make them collide. */
	if (getrandom(&made.seed, sizeof(made.seed), GRND_NONBLOCK) < 0)
		made.seed = (uintptr_t)hash;
	made.bucket = calloc(made.buckets, sizeof(struct nfm_store_node *));
	if (!made.bucket)
		return -ENOMEM;
	*hash = made;
	return 0;
}

void nfm_store_hash_close(struct nfm_store_hash *hash)
{
	free(hash->bucket);
	hash->bucket = NULL;
}

static uint64_t hash_of(const struct nfm_store_hash *hash, const struct nfm_store_key *key)
{
	return XXH3_64bits_withSeed(key, sizeof(*key), hash->seed);
}

static struct nfm_store_node **bucket_of(const struct nfm_store_hash *hash, uint64_t value)
{
	return &hash->bucket[value & (hash->buckets - 1)];
}

struct nfm_store_node *nfm_store_hash_find(const struct nfm_store_hash *hash,
					   const struct nfm_store_key *key)
{
	uint64_t value = hash_of(hash, key);
	struct nfm_store_node *node = *bucket_of(hash, value);

	while (node && (node->hash != value || memcmp(&node->key, key, sizeof(*key)) != 0))
		node = node->next;
	return node;
}

static void link_node(struct nfm_store_hash *hash, struct nfm_store_node *node)
{
	struct nfm_store_node **at = bucket_of(hash, node->hash);

	node->next = *at;
	*at = node;
}

/* Where there is no memory for more buckets, the chains grow instead. */
static void grow(struct nfm_store_hash *hash)
{
	struct nfm_store_hash old = *hash;
	struct nfm_store_node **bucket;

	if (hash->nodes < hash->buckets || hash->buckets == MOST_BUCKETS)
		return;
	bucket = calloc(2 * hash->buckets, sizeof(struct nfm_store_node *));
	if (!bucket)
		return;
	hash->bucket = bucket;
	hash->buckets *= 2;
	for (uint64_t i = 0; i < old.buckets; i++) {
		struct nfm_store_node *next;

		for (struct nfm_store_node *node = old.bucket[i]; node; node = next) {
			next = node->next;
			link_node(hash, node);
		}
	}
	free(old.bucket);
}

void nfm_store_hash_add(struct nfm_store_hash *hash, struct nfm_store_node *node,
			const struct nfm_store_key *key)
{
	grow(hash);
	node->key = *key;
	node->hash = hash_of(hash, key);
	link_node(hash, node);
	hash->nodes++;
}

void nfm_store_hash_remove(struct nfm_store_hash *hash, struct nfm_store_node *node)
{
	struct nfm_store_node **at = bucket_of(hash, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	hash->nodes--;
}
