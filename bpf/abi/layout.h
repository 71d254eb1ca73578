/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Templates as the datapath has them: compiled to offsets, in a pool that the agent alone writes
 * (but for three words), found by an index of buckets. A slot is filled before it is linked, does
 * not change while it is linked, and is used anew only after a grace period: the datapath
 * never sees a half-written template, and takes no lock.
 *
 * Arming. A stream has a slot of its own (id 0). Its `token` is 0 while its templates may be used.
 * A template set that differs from what is installed makes the datapath store a token that
 * was never there before; all of the stream's data then go to the agent, until the agent has
 * installed what it learned and finds the token unchanged (user/agent/install.c). If that template
 * set is lost because the punt ring is full, the token becomes NFM_TOKEN_LOST and stays.
 */
#ifndef NFM_LAYOUT_H
#define NFM_LAYOUT_H

#include "abi.h"
#include "times.h"

#define NFM_TEMPLATE_SLOTS 4096U
#define NFM_TEMPLATE_WAYS 8U
#define NFM_TEMPLATE_BUCKETS 2048U
#define NFM_TEMPLATE_RAW 448U /* bytes of a template record: 111 fields of NetFlow v9 */

/** What a template is known by (RFC 7011 section 8; RFC 3954 section 5.1). */
struct nfm_template_key {
	__u32 domain;
	__u16 exporter; /* row */
	__u16 version;	/* 9 or 10 */
	__u16 id;	/* 0: the stream itself */
	__u16 reserved;
};

#define NFM_AT_NONE 0xffffU


/**
 * A template of fixed length as offsets in bytes from the record's begin. Counters are told by the
 * byte behind them: they are read as the last bytes of a 64-bit word, whatever their size.
 */
struct nfm_layout {
	__u16 record_bytes; /* 0: not compiled, only the agent's walk decodes it */
	__u16 src_at;	    /* 4 or 16 bytes, by family */
	__u16 dst_at;
	__u16 post_src_at; /* after NAT; NFM_AT_NONE */
	__u16 post_dst_at;
	__u16 bytes_end;
	__u16 packets_end;
	__u16 first_at; /* NFM_AT_NONE without times */
	__u16 last_at;
	__u8 bytes_size; /* 1 to 8 */
	__u8 packets_size;
	__u8 family; /* 4 or 6 */
	__u8 times;  /* NFM_TIMES_… */
	__u16 init_at; /* systemInitTimeMilliseconds, 8 bytes; NFM_AT_NONE */
	__u32 sampling_num; /* announced by options data; 1/1 else */
	__u32 sampling_den;
};

/* Tokens: the datapath's have the highest bit clear, the agent's own have it set. */
#define NFM_TOKEN_ARMED 0ULL
#define NFM_TOKEN_AGENT 0x8000000000000000ULL
#define NFM_TOKEN_LOST 0xffffffffffffffffULL

#define NFM_SLOT_FREE 0U
#define NFM_SLOT_STREAM 1U
#define NFM_SLOT_DATA 2U     /* the datapath decodes its data */
#define NFM_SLOT_AGENT 3U    /* known, but only the agent decodes its data */
#define NFM_SLOT_OPTIONS 4U  /* options data: to the agent */
#define NFM_SLOT_SAMPLING 5U /* the same; new things that they say disarm the stream */

struct nfm_template_slot {
	/* does not change while the slot is linked */
	struct nfm_template_key key;
	__u32 stream; /* slot of the stream; a stream's own slot names itself */
	struct nfm_layout layout;
	__u16 kind; /* NFM_SLOT_… */
	__u16 raw_bytes;
	__u32 reserved0[3];
	/* written by the datapath, too */
	__u64 token;   /* of a stream: 0: armed */
	__u64 seen_ns; /* when the template was announced, to the second */
	__u64 used_ns; /* when data came, to the second */
	__u64 said;    /* of NFM_SLOT_SAMPLING: hash of the newest options data; 0: none yet */
	__u64 reserved1[4];
	__u8 raw[NFM_TEMPLATE_RAW]; /* the template record as it was sent, its id first */
};

struct nfm_template_pool {
	/* 0: empty; else 16 bits of the key's hash, then slot + 1 */
	__u32 way[NFM_TEMPLATE_BUCKETS * NFM_TEMPLATE_WAYS];
	struct nfm_template_slot slot[NFM_TEMPLATE_SLOTS];
};

_Static_assert(sizeof(struct nfm_template_key) == 12, "template key");
_Static_assert(sizeof(struct nfm_layout) == 32, "layout");
_Static_assert(offsetof(struct nfm_template_slot, token) == 64, "slot: token");
_Static_assert(sizeof(struct nfm_template_slot) == 576, "slot");
_Static_assert(sizeof(struct nfm_template_pool) == 65536 + 576 * 4096, "pool");

/** Hash of a key: its upper 16 bits stand in the index, its lower bits choose the bucket. */
static inline __attribute__((always_inline)) __u32
nfm_template_hash(const struct nfm_template_key *key)
{
	__u64 h = ((__u64)key->domain << 32 | (__u32)key->exporter << 16 | key->id) +
		  ((__u64)key->version << 56);

	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ULL;
	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ULL;
	return (__u32)(h >> 32);
}

static inline __attribute__((always_inline)) int
nfm_template_same_key(const struct nfm_template_key *a, const struct nfm_template_key *b)
{
	return a->domain == b->domain && a->exporter == b->exporter && a->version == b->version &&
	       a->id == b->id;
}

/* First way of a key's bucket. */
static inline __attribute__((always_inline)) __u32 nfm_template_bucket(__u32 hash)
{
	return (hash & (NFM_TEMPLATE_BUCKETS - 1)) * NFM_TEMPLATE_WAYS;
}

#endif
