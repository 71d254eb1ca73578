/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames for the datapath: Ethernet down to UDP with every oddity, and NetFlow payloads. */
#ifndef NFM_TEST_FRAME_H
#define NFM_TEST_FRAME_H

#include <stdint.h>

#include "abi.h"

#define NFM_FRAME_MAX 4096U
#define NFM_FRAME_EXTENSIONS 6U
#define NFM_FRAME_TAGS 3U

#define NFM_SOURCE "192.0.2.1"
#define NFM_SOURCE6 "2001:db8::1"
#define NFM_DESTINATION "198.51.100.9"
#define NFM_DESTINATION6 "2001:db8::9"
#define NFM_SOURCE_PORT 2055U

struct nfm_frame {
	uint8_t byte[NFM_FRAME_MAX];
	uint32_t length;
	uint32_t payload; /* offset of the UDP payload */
};

/** A packet around a payload; all zero is a plain IPv4 one from NFM_SOURCE to our port. */
struct nfm_packet {
	const char *source;
	const char *destination;
	uint16_t port; /* 0: NFM_DEFAULT_PORT */
	uint16_t tags[NFM_FRAME_TAGS]; /* EtherType of each VLAN tag, outermost first; 0 ends */
	uint16_t ether_type;	       /* 0: by the address family */
	uint8_t ip_version;	       /* 0: true */
	uint8_t ihl;		       /* in the header; options fill it; 0: 5 */
	uint8_t false_ihl;	       /* written instead of the true one; 0: none */
	uint8_t protocol;	       /* 0: UDP */
	uint16_t fragment;	       /* frag_off of IPv4, of IPv6's fragment header */
	uint8_t extensions[NFM_FRAME_EXTENSIONS]; /* IPv6, protocol number + 1 each; 0 ends */
	uint8_t extension_units;	/* length of each beyond 8 bytes, in 8 bytes */
	int udp_length_error;		/* added to the true length */
	uint32_t padding;		/* bytes behind the datagram */
	uint32_t cut;			/* bytes taken off the frame's end */
};

/** A record as the tests write it: host order. */
struct nfm_record {
	uint32_t src;
	uint32_t dst;
	uint32_t packets;
	uint32_t bytes;
};

/** What a NetFlow payload of version 1, 5 or 7 says of itself. */
struct nfm_export {
	uint16_t version; /* 0: 5 */
	uint16_t count;	  /* in the header */
	uint16_t sampling;
	uint32_t first_ms; /* of all records: sysUpTime */
	uint32_t last_ms;
	uint32_t sequence;
	uint8_t engine_type;
	uint8_t engine_id;
	uint32_t uptime_ms;
	uint32_t unix_s;
};

/** Writes header and `records` records; returns the payload's length in bytes. */
uint32_t nfm_export_build(uint8_t *payload, const struct nfm_export *header,
			  const struct nfm_record *record, uint32_t records);

/** Writes the whole frame. The payload must fit. */
void nfm_frame_build(struct nfm_frame *frame, const struct nfm_packet *packet,
		     const uint8_t *payload, uint32_t length);

#endif
