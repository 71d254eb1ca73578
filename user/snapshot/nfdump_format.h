/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of nfdump 1.7's files (version 2), as far as we write it. Host byte order, no padding:
 *
 *   nfm_nfdump_header | blocks of data | block of the appendix
 *   block = nfm_nfdump_block | payload, compressed as the header says
 *   payload = records; of data: nfm_nfdump_record | elements; of the appendix: ident, stat
 *
 * A compressed payload is one raw LZ4 block, or one zstd frame.
 */
#ifndef NFM_SNAPSHOT_NFDUMP_FORMAT_H
#define NFM_SNAPSHOT_NFDUMP_FORMAT_H

#include <stdint.h>

#define NFM_NFDUMP_MAGIC 0xA50CU
#define NFM_NFDUMP_LAYOUT 2U
#define NFM_NFDUMP_VERSION 0x01070100U /* of the nfdump whose layout this is */
#define NFM_NFDUMP_CREATOR 1U /* nfcapd: readers take others for foreign */
#define NFM_NFDUMP_DATA_BLOCK 3U
#define NFM_NFDUMP_PAYLOAD_BYTES (1U << 20) /* of a block, at most; readers take five times that */

#define NFM_NFDUMP_NAME "nfmeter" /* who wrote it: the ident */

#define NFM_NFDUMP_RECORD 11U
#define NFM_NFDUMP_IDENT 0x8001U
#define NFM_NFDUMP_STAT 0x8002U

#define NFM_NFDUMP_GENERIC 1U
#define NFM_NFDUMP_IPV4 2U
#define NFM_NFDUMP_IPV6 3U
#define NFM_NFDUMP_MISC 4U
#define NFM_NFDUMP_COUNT 5U

struct nfm_nfdump_header {
	uint16_t magic, layout;
	uint32_t version;
	int64_t created_unix_s;
	uint8_t compression, encryption;
	uint16_t appendix_blocks;
	uint32_t creator;
	int64_t appendix_at; /* in the file */
	uint32_t block_size; /* 0 */
	uint32_t blocks;     /* of data */
} __attribute__((packed));

struct nfm_nfdump_block {
	uint32_t records;
	uint32_t size; /* of the payload as it stands in the file */
	uint16_t type, flags;
} __attribute__((packed));

struct nfm_nfdump_record {
	uint16_t type, size; /* of the whole record */
	uint16_t elements;
	uint8_t engine_type, engine_id;
	uint16_t exporter;
	uint8_t flags;
	uint8_t netflow_version;
} __attribute__((packed));

struct nfm_nfdump_element {
	uint16_t type, size; /* with these four bytes */
} __attribute__((packed));

struct nfm_nfdump_generic {
	struct nfm_nfdump_element element;
	uint64_t first_unix_ms, last_unix_ms, received_unix_ms;
	uint64_t packets, bytes;
	uint16_t src_port, dst_port;
	uint8_t protocol, tcp_flags, forwarding, src_tos;
} __attribute__((packed));

struct nfm_nfdump_ipv4 {
	struct nfm_nfdump_element element;
	uint32_t src, dst; /* host order, as all here */
} __attribute__((packed));

struct nfm_nfdump_ipv6 {
	struct nfm_nfdump_element element;
	uint64_t src_high, src_low, dst_high, dst_low;
} __attribute__((packed));

struct nfm_nfdump_misc {
	struct nfm_nfdump_element element;
	uint32_t input, output;
	uint8_t src_bits, dst_bits, direction, dst_tos, biflow, end_reason;
	uint16_t unused;
} __attribute__((packed));

struct nfm_nfdump_count {
	struct nfm_nfdump_element element;
	uint64_t flows, out_packets, out_bytes;
} __attribute__((packed));

/* Records of the appendix. */

struct nfm_nfdump_ident {
	struct nfm_nfdump_element element;
	char text[sizeof(NFM_NFDUMP_NAME)];
} __attribute__((packed));

/* By protocol: TCP, UDP, ICMP, others. */
struct nfm_nfdump_stat {
	struct nfm_nfdump_element element;
	uint64_t flows, bytes, packets;
	uint64_t flows_of[4], bytes_of[4], packets_of[4];
	uint64_t first_unix_ms, last_unix_ms;
	uint64_t lost; /* gaps of sequences */
} __attribute__((packed));

_Static_assert(sizeof(struct nfm_nfdump_header) == 40, "nfdump's header");
_Static_assert(sizeof(struct nfm_nfdump_block) == 12, "nfdump's block");
_Static_assert(sizeof(struct nfm_nfdump_record) == 12, "nfdump's record");
_Static_assert(sizeof(struct nfm_nfdump_generic) == 52, "nfdump's element 1");
_Static_assert(sizeof(struct nfm_nfdump_ipv4) == 12, "nfdump's element 2");
_Static_assert(sizeof(struct nfm_nfdump_ipv6) == 36, "nfdump's element 3");
_Static_assert(sizeof(struct nfm_nfdump_misc) == 20, "nfdump's element 4");
_Static_assert(sizeof(struct nfm_nfdump_count) == 28, "nfdump's element 5");
_Static_assert(sizeof(struct nfm_nfdump_stat) == 148, "nfdump's record 0x8002");

#endif
