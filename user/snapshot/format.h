/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of a snapshot file. A header of fixed size, little-endian, then one zstd frame:
 *
 *   section    tag byte, entries, NFM_SNAPSHOT_END, number of entries (varint)
 *   entry      NFM_SNAPSHOT_ENTRY, then the fields of its kind
 *   sections   'C' customers, 'E' exporters, 'R' reasons, in this order, each of them once;
 *              then 'T' with the totals, and nothing after it
 *   customer   id, name, number of prefixes, prefixes, up COUNT, down COUNT
 *   prefix     family byte (4, 6), length byte in bits, the bytes that the length covers
 *   exporter   16 bytes of address, name, datagrams, records, bytes, packets, rejected datagrams,
 *              rejected records, lost, number of streams, streams
 *   stream     version, domain, unit, received, lost, resets
 *   reason     number, datagrams, records
 *   totals     unmatched COUNT, local COUNT, total COUNT
 *   COUNT      bytes, packets, flows
 *
 * Integers are LEB128 varints of at most 64 bits, strings a varint length and bytes without NUL.
 *
 * For every version, also later ones: magic, version and header_size stand where they are, and
 * the header's last 8 bytes are XXH3-64 of the header before them. So a newer file is told
 * from a damaged one.
 */
#ifndef NFM_SNAPSHOT_FORMAT_H
#define NFM_SNAPSHOT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define NFM_SNAPSHOT_MAGIC "NFMSNAP\n"
#define NFM_SNAPSHOT_VERSION 1U
#define NFM_SNAPSHOT_HEADER_MAX 4096U /* bytes, of any version */

#define NFM_SNAPSHOT_CUSTOMERS 'C'
#define NFM_SNAPSHOT_EXPORTERS 'E'
#define NFM_SNAPSHOT_REASONS 'R'
#define NFM_SNAPSHOT_TOTALS 'T'

#define NFM_SNAPSHOT_END 0U
#define NFM_SNAPSHOT_ENTRY 1U

/* Bounds on what a reader holds of one entry; a writer cuts the lists and refuses the strings. */
#define NFM_SNAPSHOT_MAX_STRING 255U
#define NFM_SNAPSHOT_MAX_PREFIXES (1U << 20)
#define NFM_SNAPSHOT_MAX_STREAMS (1U << 16)
#define NFM_SNAPSHOT_MAX_ENTRIES (1U << 28) /* of a section */

#define NFM_SNAPSHOT_WINDOW_LOG 20	/* of the writer's frames: 1 MiB */
#define NFM_SNAPSHOT_WINDOW_LOG_MAX 23	/* what a reader allows: 8 MiB */
/* Far above what distinct ids compress to: a frame that grows by more is a trap. */
#define NFM_SNAPSHOT_MAX_RATIO 1024U
#define NFM_SNAPSHOT_RATIO_FREE (16U << 20) /* bytes that need no ratio */

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
	uint64_t payload_size_le; /* compressed; the file ends with it */
	uint64_t raw_size_le;	  /* decompressed */
	uint64_t customers_le;	  /* entries of the sections */
	uint64_t exporters_le;
	uint64_t reasons_le;
	uint64_t reserved_le;
	uint64_t payload_xxh3_le; /* XXH3-64 of the compressed bytes */
	uint64_t header_xxh3_le;  /* XXH3-64 of the header up to here */
} __attribute__((packed));

_Static_assert(sizeof(struct nfm_snapshot_header) == 128, "header");
_Static_assert(offsetof(struct nfm_snapshot_header, version_le) == 8, "header: version");
_Static_assert(offsetof(struct nfm_snapshot_header, header_size_le) == 12, "header: size");
_Static_assert(offsetof(struct nfm_snapshot_header, identity) == 16, "header: identity");
_Static_assert(offsetof(struct nfm_snapshot_header, epoch_le) == 32, "header: epoch");
_Static_assert(offsetof(struct nfm_snapshot_header, from_unix_ns_le) == 40, "header: from");
_Static_assert(offsetof(struct nfm_snapshot_header, to_unix_ns_le) == 48, "header: to");
_Static_assert(offsetof(struct nfm_snapshot_header, interval_s_le) == 56, "header: interval");
_Static_assert(offsetof(struct nfm_snapshot_header, flags_le) == 60, "header: flags");
_Static_assert(offsetof(struct nfm_snapshot_header, payload_size_le) == 64, "header: payload");
_Static_assert(offsetof(struct nfm_snapshot_header, raw_size_le) == 72, "header: raw size");
_Static_assert(offsetof(struct nfm_snapshot_header, customers_le) == 80, "header: customers");
_Static_assert(offsetof(struct nfm_snapshot_header, exporters_le) == 88, "header: exporters");
_Static_assert(offsetof(struct nfm_snapshot_header, reasons_le) == 96, "header: reasons");
_Static_assert(offsetof(struct nfm_snapshot_header, payload_xxh3_le) == 112, "header: payload sum");
_Static_assert(offsetof(struct nfm_snapshot_header, header_xxh3_le) == 120, "header: own sum");

#endif
