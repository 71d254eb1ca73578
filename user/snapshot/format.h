/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of a snapshot file, version 2. All little-endian:
 *
 *   header     of fixed size: what the interval is, and where the foot stands
 *   blocks     customers, then exporters, then reasons; each is a block head and one zstd frame
 *   foot       totals, and what leads to a customer's block; the file ends with it
 *
 *   block      entries of one kind, one after another, NFM_SNAPSHOT_BLOCK_RAW bytes of them or one
 *              entry that is larger; customers in the order of strcmp(id), each id once
 *   customer   id, name, number of prefixes, prefixes, up COUNT, down COUNT, EARLIER
 *   prefix     family byte (4, 6), length byte in bits, the bytes that the length covers
 *   exporter   16 bytes of address, name, datagrams, records, bytes, packets, rejected datagrams,
 *              rejected records, lost, number of streams, streams
 *   stream     version, domain, unit, received, lost, resets
 *   reason     number, datagrams, records
 *   COUNT      bytes, packets, flows
 *   EARLIER    number of slots, and for each: slots back, up bytes, down bytes; ascending
 *   foot       unmatched COUNT, local COUNT, total COUNT, EARLIER of unmatched and of local, and
 *              for each block of customers: id of the first, bytes of the block with its head
 *
 * Integers are LEB128 varints of at most 64 bits, strings at most 255 bytes and a NUL.
 *
 * Checksums are XXH3-64: the header's own, of the foot in the header, and of each block in its
 * head. A block's is seeded with its place and file, so that no other block passes for it.
 *
 * Version 1 had one zstd frame behind a shorter header, customers in the order of their rows:
 *
 *   section    tag byte, entries, NFM_SNAPSHOT_END, number of entries
 *   entry      NFM_SNAPSHOT_ENTRY, then the fields as above, without EARLIER
 *   sections   'C' customers, 'E' exporters, 'R' reasons, then 'T' with the totals
 *   strings    a varint length and bytes without NUL
 *
 * For every version, also later ones: magic, version and header_size stand where they are, and
 * the header's last 8 bytes are XXH3-64 of the header before them. So a newer file is told
 * from a damaged one.
 */
#ifndef NFM_SNAPSHOT_FORMAT_H
#define NFM_SNAPSHOT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "snapshot/snapshot.h"

#define NFM_SNAPSHOT_MAGIC "NFMSNAP\n"
#define NFM_SNAPSHOT_VERSION 2U
#define NFM_SNAPSHOT_HEADER_MAX 4096U /* bytes, of any version */

/* Kinds of blocks; tags of the sections of version 1. */
#define NFM_SNAPSHOT_CUSTOMERS 'C'
#define NFM_SNAPSHOT_EXPORTERS 'E'
#define NFM_SNAPSHOT_REASONS 'R'

/* Bounds on what a reader holds of one entry; a writer cuts the lists and refuses the strings. */
#define NFM_SNAPSHOT_MAX_STRING 255U
#define NFM_SNAPSHOT_MAX_PREFIXES (1U << 20)
#define NFM_SNAPSHOT_MAX_STREAMS (1U << 16)
#define NFM_SNAPSHOT_MAX_EARLIER (1U << 16)
#define NFM_SNAPSHOT_MAX_ENTRIES (1U << 28) /* of a section */

#define NFM_SNAPSHOT_BLOCK_RAW (32U << 10)
/* Above the largest entry: prefixes of 18 bytes, earlier slots of 23. */
#define NFM_SNAPSHOT_BLOCK_RAW_MAX (32U << 20)
#define NFM_SNAPSHOT_FOOT_MAX (64U << 20)

#define NFM_VARINT_MAX 10U /* bytes */

struct nfm_snapshot_header {
	char magic[8];
	uint32_t version_le;
	uint32_t header_size_le;
	uint8_t identity[16];
	uint64_t epoch_le;
	uint64_t from_unix_ns_le;
	uint64_t to_unix_ns_le;
	uint32_t interval_s_le;
	uint32_t flags_le;
	uint64_t slot_unix_ns_le;
	uint32_t earlier_slots_le;
	uint32_t gap_count_le;
	uint64_t customers_le; /* entries of their blocks */
	uint64_t exporters_le;
	uint64_t reasons_le;
	uint64_t others_at_le; /* in the file: the first block that is not of customers */
	uint64_t foot_at_le;   /* in the file: behind the last block */
	uint64_t foot_size_le;
	uint64_t foot_xxh3_le;
	struct {
		uint64_t from_unix_ns_le;
		uint64_t to_unix_ns_le;
	} gap[NFM_SNAPSHOT_GAPS];
	uint64_t reserved_le[4];
	uint64_t header_xxh3_le; /* XXH3-64 of the header up to here */
} __attribute__((packed));

_Static_assert(sizeof(struct nfm_snapshot_header) == 304, "header");
_Static_assert(offsetof(struct nfm_snapshot_header, slot_unix_ns_le) == 64, "header: slot");
_Static_assert(offsetof(struct nfm_snapshot_header, customers_le) == 80, "header: customers");
_Static_assert(offsetof(struct nfm_snapshot_header, others_at_le) == 104, "header: others");
_Static_assert(offsetof(struct nfm_snapshot_header, foot_xxh3_le) == 128, "header: foot");
_Static_assert(offsetof(struct nfm_snapshot_header, gap) == 136, "header: gaps");
_Static_assert(offsetof(struct nfm_snapshot_header, header_xxh3_le) == 296, "header: own sum");

struct nfm_snapshot_block {
	uint64_t xxh3_le;	 /* of what follows, to the frame's end; seed: nfm_block_seed() */
	uint32_t packed_size_le; /* of the frame */
	uint32_t raw_size_le;	 /* of its content */
	uint32_t entries_le;
	uint8_t kind; /* NFM_SNAPSHOT_CUSTOMERS … */
	uint8_t reserved[3];
} __attribute__((packed));

_Static_assert(sizeof(struct nfm_snapshot_block) == 24, "block head");
_Static_assert(offsetof(struct nfm_snapshot_block, packed_size_le) == 8, "block: size");

/* ---- version 1 ---- */

#define NFM_SNAPSHOT_TOTALS 'T'
#define NFM_SNAPSHOT_END 0U
#define NFM_SNAPSHOT_ENTRY 1U

#define NFM_SNAPSHOT_WINDOW_LOG_MAX 23U /* what a reader allows: 8 MiB */
/* Far above what distinct ids compress to: a frame that grows by more is a trap. */
#define NFM_SNAPSHOT_MAX_RATIO 1024U
#define NFM_SNAPSHOT_RATIO_FREE (16U << 20) /* bytes that need no ratio */

struct nfm_snapshot_header_v1 {
	char magic[8];
	uint32_t version_le;
	uint32_t header_size_le;
	uint8_t identity[16];
	uint64_t epoch_le;
	uint64_t from_unix_ns_le;
	uint64_t to_unix_ns_le;
	uint32_t interval_s_le;
	uint32_t flags_le;
	uint64_t payload_size_le; /* compressed; the file ends with it */
	uint64_t raw_size_le;	  /* decompressed */
	uint64_t customers_le;	  /* entries of the sections */
	uint64_t exporters_le;
	uint64_t reasons_le;
	uint64_t reserved_le;
	uint64_t payload_xxh3_le; /* XXH3-64 of the compressed bytes */
	uint64_t header_xxh3_le;  /* XXH3-64 of the header up to here */
} __attribute__((packed));

_Static_assert(sizeof(struct nfm_snapshot_header_v1) == 128, "header 1");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, version_le) == 8, "header 1: version");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, header_size_le) == 12, "header 1: size");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, identity) == 16, "header 1: identity");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, epoch_le) == 32, "header 1: epoch");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, from_unix_ns_le) == 40, "header 1: from");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, to_unix_ns_le) == 48, "header 1: to");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, interval_s_le) == 56, "header 1: interval");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, flags_le) == 60, "header 1: flags");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, payload_size_le) == 64, "header 1: payload");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, raw_size_le) == 72, "header 1: raw size");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, customers_le) == 80, "header 1: customers");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, exporters_le) == 88, "header 1: exporters");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, reasons_le) == 96, "header 1: reasons");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, payload_xxh3_le) == 112, "header 1: sum");
_Static_assert(offsetof(struct nfm_snapshot_header_v1, header_xxh3_le) == 120, "header 1: own sum");

/* What both versions have in the same place: see take_common() of snapshot/header.c. */
#define NFM_SNAPSHOT_COMMON(member)                                                               \
	_Static_assert(offsetof(struct nfm_snapshot_header, member) ==                            \
		       offsetof(struct nfm_snapshot_header_v1, member), "both headers: " #member)
NFM_SNAPSHOT_COMMON(magic);
NFM_SNAPSHOT_COMMON(version_le);
NFM_SNAPSHOT_COMMON(header_size_le);
NFM_SNAPSHOT_COMMON(identity);
NFM_SNAPSHOT_COMMON(epoch_le);
NFM_SNAPSHOT_COMMON(from_unix_ns_le);
NFM_SNAPSHOT_COMMON(to_unix_ns_le);
NFM_SNAPSHOT_COMMON(interval_s_le);
NFM_SNAPSHOT_COMMON(flags_le);
#undef NFM_SNAPSHOT_COMMON

#endif
