/* SPDX-License-Identifier: GPL-2.0-only */
/* The store's hash: exporters, streams, templates and samplers by their names. Private to it. */
#ifndef NFM_STORE_HASH_H
#define NFM_STORE_HASH_H

#include <stdint.h>

#include "flow/store.h"

enum nfm_store_kind {
	NFM_STORE_KIND_EXPORTER,
	NFM_STORE_KIND_STREAM,
	NFM_STORE_KIND_TEMPLATE,
	NFM_STORE_KIND_SAMPLER,
};

/** Hashed and compared as bytes; what a kind has no use for is 0. */
struct nfm_store_key {
	struct nfm_template_name name;
	uint64_t sampler;
	uint64_t kind; /* enum nfm_store_kind */
};

_Static_assert(sizeof(struct nfm_template_name) == 24, "a name has no padding");
_Static_assert(sizeof(struct nfm_store_key) == 40, "a key has no padding");

/** Begins what is hashed. */
struct nfm_store_node {
	struct nfm_store_node *next;
	uint64_t hash;
	struct nfm_store_key key;
};

struct nfm_store_hash {
	uint64_t seed;
	uint64_t buckets; /* a power of two */
	uint64_t nodes;
	struct nfm_store_node **bucket;
};

/** 0, -ENOMEM. */
int nfm_store_hash_open(struct nfm_store_hash *hash);

/** Frees the buckets; nodes are their owners'. */
void nfm_store_hash_close(struct nfm_store_hash *hash);

/** The node, or NULL. */
struct nfm_store_node *nfm_store_hash_find(const struct nfm_store_hash *hash,
					   const struct nfm_store_key *key);

/** Grows as needed. No node of this key may be in it. */
void nfm_store_hash_add(struct nfm_store_hash *hash, struct nfm_store_node *node,
			const struct nfm_store_key *key);

void nfm_store_hash_remove(struct nfm_store_hash *hash, struct nfm_store_node *node);

#endif
