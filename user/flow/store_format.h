/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of the template store's log. A head, then entries, each of them
 *
 *   struct nfm_store_entry, raw_bytes of template record (event 'T' only), struct nfm_store_tail
 *
 * Little-endian, no alignment. Sums are XXH3-64, seeded with the head's seed plus the entry's
 * offset in the log (the head's own: 0): who sends templates does not know it, so bytes in a
 * template record cannot pass for an entry, nor can an entry that came to stand elsewhere.
 *
 * The name stands twice, with sums of their own: whichever place is damaged, it is known whose
 * template may not be believed any more.
 */
#ifndef NFM_STORE_FORMAT_H
#define NFM_STORE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define NFM_STORE_MAGIC "NFMTMPL\n"
#define NFM_STORE_ENTRY_MAGIC "NFMentry"
#define NFM_STORE_VERSION 1U
#define NFM_STORE_RAW_MAX 65535U /* bytes of a template record: a datagram has no more */

#define NFM_STORE_ENTRY_SET 'T'
#define NFM_STORE_ENTRY_SEEN 't'
#define NFM_STORE_ENTRY_WITHDRAWN 'W'
#define NFM_STORE_ENTRY_FORGOTTEN 'F'
#define NFM_STORE_ENTRY_SAMPLER 'S'

struct nfm_store_head {
	char magic[8];
	uint32_t version_le;
	uint32_t reserved_le;
	uint64_t seed_le;
	uint64_t sum_le; /* of the head before it */
} __attribute__((packed));

/** A template, or (id 0) a sampler of a stream. */
struct nfm_store_name {
	uint8_t exporter[16];
	uint32_t domain_le;
	uint16_t netflow_le; /* 9 or 10 */
	uint16_t id_le;
	uint64_t sampler_le; /* all ones: announced for the whole stream */
} __attribute__((packed));

struct nfm_store_entry {
	char magic[8];
	uint32_t raw_bytes_le;
	uint8_t event;	 /* NFM_STORE_ENTRY_… */
	uint8_t options; /* 1: an options template */
	uint16_t reserved_le;
	struct nfm_store_name name;
	uint64_t learned_unix_ns_le; /* of a template */
	uint64_t seen_unix_ns_le;
	uint32_t sampling_num_le; /* of a sampler */
	uint32_t sampling_den_le;
} __attribute__((packed));

struct nfm_store_tail {
	uint64_t entry_sum_le; /* of the entry and the raw bytes */
	struct nfm_store_name name;
	uint32_t bytes_le; /* of all three */
	uint32_t reserved_le;
	uint64_t sum_le; /* of the tail from `name` to here */
} __attribute__((packed));

#define NFM_STORE_FIXED_BYTES (sizeof(struct nfm_store_entry) + sizeof(struct nfm_store_tail))

_Static_assert(sizeof(struct nfm_store_head) == 32, "head");
_Static_assert(offsetof(struct nfm_store_head, version_le) == 8, "head: version");
_Static_assert(offsetof(struct nfm_store_head, seed_le) == 16, "head: seed");
_Static_assert(offsetof(struct nfm_store_head, sum_le) == 24, "head: sum");
_Static_assert(sizeof(struct nfm_store_name) == 32, "name");
_Static_assert(offsetof(struct nfm_store_name, sampler_le) == 24, "name: sampler");
_Static_assert(sizeof(struct nfm_store_entry) == 72, "entry");
_Static_assert(offsetof(struct nfm_store_entry, event) == 12, "entry: event");
_Static_assert(offsetof(struct nfm_store_entry, name) == 16, "entry: name");
_Static_assert(offsetof(struct nfm_store_entry, learned_unix_ns_le) == 48, "entry: learned");
_Static_assert(offsetof(struct nfm_store_entry, sampling_num_le) == 64, "entry: sampling");
_Static_assert(sizeof(struct nfm_store_tail) == 56, "tail");
_Static_assert(offsetof(struct nfm_store_tail, name) == 8, "tail: name");
_Static_assert(offsetof(struct nfm_store_tail, bytes_le) == 40, "tail: bytes");
_Static_assert(offsetof(struct nfm_store_tail, sum_le) == 48, "tail: sum");

#endif
