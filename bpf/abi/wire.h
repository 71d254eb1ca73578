/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NetFlow and IPFIX as they stand on the wire: all fields big-endian, each aligned within its
 * structure (hence not packed: the datapath loads whole words; the agent copies before it reads).
 * Source: Cisco, "NetFlow Export Datagram Format", tables for versions 1, 5 and 7; RFC 3954 section
 * 5.1; RFC 7011 sections 3.1 and 3.3.2.
 */
#ifndef NFM_WIRE_H
#define NFM_WIRE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#include <stddef.h>
#endif

#define NFM_NETFLOW_V1 1U
#define NFM_NETFLOW_V5 5U
#define NFM_NETFLOW_V7 7U
#define NFM_NETFLOW_V9 9U
#define NFM_IPFIX 10U

/** Head of all three fixed versions; it is the whole header of v1. */
struct nfm_wire_header {
	__u16 version_be;
	__u16 count_be;
	__u32 uptime_ms_be;
	__u32 unix_s_be;
	__u32 unix_ns_be;
};

/** Header of v5; v7 has the sequence at the same place and four reserved bytes after it. */
struct nfm_wire_header_v5 {
	struct nfm_wire_header head;
	__u32 sequence_be;
	__u8 engine_type;
	__u8 engine_id;
	__u16 sampling_be; /* two bits of mode, 14 of interval */
};

/** What the records of v1, v5 and v7 have in common: their first 32 bytes. */
struct nfm_wire_record {
	__u32 src_be;
	__u32 dst_be;
	__u32 next_hop_be;
	__u16 input_be;
	__u16 output_be;
	__u32 packets_be;
	__u32 bytes_be;
	__u32 first_ms_be; /* sysUpTime of the flow's first packet */
	__u32 last_ms_be;  /* and of its last */
};

/** Header of NetFlow v9. */
struct nfm_wire_header_v9 {
	__u16 version_be;
	__u16 count_be; /* not believed: exporters count otherwise, or wrongly */
	__u32 uptime_ms_be;
	__u32 unix_s_be;
	__u32 sequence_be;
	__u32 domain_be; /* source id */
};

/** Header of an IPFIX message. */
struct nfm_wire_header_ipfix {
	__u16 version_be;
	__u16 length_be;
	__u32 unix_s_be;
	__u32 sequence_be;
	__u32 domain_be;
};

/** Head of a set, in v9 (there a FlowSet) and IPFIX alike. */
struct nfm_wire_set {
	__u16 id_be;
	__u16 length_be; /* with this head */
};

#define NFM_WIRE_SAMPLING_MASK 0x3fffU

/* X(version, header bytes, record bytes, most records, sequence?) */
#define NFM_WIRE_FIXED(X)                                                                         \
	X(1, 16, 48, 30, 0)                                                                       \
	X(5, 24, 48, 30, 1)                                                                       \
	X(7, 24, 52, 28, 1)

_Static_assert(sizeof(struct nfm_wire_header) == 16, "header");
_Static_assert(sizeof(struct nfm_wire_header_v5) == 24, "v5 header");
_Static_assert(sizeof(struct nfm_wire_record) == 32, "record");
_Static_assert(sizeof(struct nfm_wire_header_v9) == 20, "v9 header");
_Static_assert(sizeof(struct nfm_wire_header_ipfix) == 16, "IPFIX header");
_Static_assert(sizeof(struct nfm_wire_set) == 4, "set");

#endif
