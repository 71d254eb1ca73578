// SPDX-License-Identifier: GPL-2.0-only
#include "frame.h"

#include <arpa/inet.h>
#include <assert.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "base/units.h"
#include "wire.h"

/* A place in a frame to which fields are appended in network order. */
struct pen {
	uint8_t *at;
};

static void put8(struct pen *pen, uint8_t value)
{
	*pen->at++ = value;
}

static void put16(struct pen *pen, uint16_t value)
{
	put8(pen, (uint8_t)(value >> 8));
	put8(pen, (uint8_t)value);
}

static void put32(struct pen *pen, uint32_t value)
{
	put16(pen, (uint16_t)(value >> 16));
	put16(pen, (uint16_t)value);
}

static void put_bytes(struct pen *pen, const void *bytes, size_t length)
{
	memcpy(pen->at, bytes, length);
	pen->at += length;
}

static void put_fill(struct pen *pen, uint8_t value, size_t length)
{
	memset(pen->at, value, length);
	pen->at += length;
}

/* Lengths by version; 0: none. */
static const struct {
	uint32_t header, record;
} layout[] = {
#define LAYOUT(version, header, record, most, sequence) [version] = { header, record },
	NFM_WIRE_FIXED(LAYOUT)
#undef LAYOUT
};

uint32_t nfm_export_build(uint8_t *payload, const struct nfm_export *header,
			  const struct nfm_record *record, uint32_t records)
{
	uint16_t version = header->version ? header->version : NFM_NETFLOW_V5;
	struct pen pen = { payload };

	assert(version < sizeof(layout) / sizeof(layout[0]) && layout[version].header);
	put16(&pen, version);
	put16(&pen, header->count);
	put32(&pen, header->uptime_ms);
	put32(&pen, header->unix_s);
	put32(&pen, 0);
	if (version != NFM_NETFLOW_V1) {
		put32(&pen, header->sequence);
		put8(&pen, header->engine_type);
		put8(&pen, header->engine_id);
		put16(&pen, header->sampling);
	}
	for (uint32_t i = 0; i < records; i++) {
		put32(&pen, record[i].src);
		put32(&pen, record[i].dst);
		put_fill(&pen, 0xee, 8); /* next hop and interfaces: nobody's */
		put32(&pen, record[i].packets);
		put32(&pen, record[i].bytes);
		put32(&pen, header->first_ms);
		put32(&pen, header->last_ms);
		put_fill(&pen, 0xdd, layout[version].record - 32);
	}
	return (uint32_t)(pen.at - payload);
}

static void put_ethernet(struct pen *pen, const struct nfm_packet *packet, int is_v6)
{
	uint16_t type = packet->ether_type;

	if (!type)
		type = is_v6 ? ETH_P_IPV6 : ETH_P_IP;
	put_fill(pen, 0x02, 2 * ETH_ALEN);
	for (uint32_t i = 0; i < NFM_FRAME_TAGS && packet->tags[i]; i++) {
		put16(pen, packet->tags[i]);
		put16(pen, 100);
	}
	put16(pen, type);
}

static void put_ipv4(struct pen *pen, const struct nfm_packet *packet, const struct nfm_addr *src,
		     const struct nfm_addr *dst, uint32_t below)
{
	uint8_t ihl = packet->ihl ? packet->ihl : 5;
	uint8_t version = packet->ip_version ? packet->ip_version : 4;

	put8(pen, (uint8_t)(version << 4 | (packet->false_ihl ? packet->false_ihl - 1 : ihl)));
	put8(pen, 0);
	put16(pen, (uint16_t)(ihl * 4 + below));
	put16(pen, 1);
	put16(pen, packet->fragment);
	put8(pen, 64);
	put8(pen, packet->protocol ? packet->protocol : IPPROTO_UDP);
	put16(pen, 0);
	put_bytes(pen, &src->word_be[3], 4);
	put_bytes(pen, &dst->word_be[3], 4);
	put_fill(pen, 1, (ihl - 5U) * 4U); /* option: no operation */
}

static void put_extension(struct pen *pen, const struct nfm_packet *packet, uint8_t kind,
			  uint8_t next)
{
	if (kind == IPPROTO_FRAGMENT) {
		put8(pen, next);
		put8(pen, 0);
		put16(pen, packet->fragment);
		put32(pen, 7);
		return;
	}
	put8(pen, next);
	put8(pen, packet->extension_units);
	put_fill(pen, 0, 6 + 8U * packet->extension_units);
}

static void put_ipv6(struct pen *pen, const struct nfm_packet *packet, const struct nfm_addr *src,
		     const struct nfm_addr *dst, uint32_t below)
{
	uint8_t version = packet->ip_version ? packet->ip_version : 6;
	uint8_t kind[NFM_FRAME_EXTENSIONS + 1];
	uint32_t n = 0;

	while (n < NFM_FRAME_EXTENSIONS && packet->extensions[n]) {
		kind[n] = (uint8_t)(packet->extensions[n] - 1);
		below += 8 + (kind[n] == IPPROTO_FRAGMENT ? 0 : 8U * packet->extension_units);
		n++;
	}
	kind[n] = packet->protocol ? packet->protocol : IPPROTO_UDP;
	put32(pen, (uint32_t)version << 28);
	put16(pen, (uint16_t)below);
	put8(pen, kind[0]);
	put8(pen, 64);
	put_bytes(pen, src, 16);
	put_bytes(pen, dst, 16);
	for (uint32_t i = 0; i < n; i++)
		put_extension(pen, packet, kind[i], kind[i + 1]);
}

void nfm_frame_build(struct nfm_frame *frame, const struct nfm_packet *packet,
		     const uint8_t *payload, uint32_t length)
{
	struct pen pen = { frame->byte };
	struct nfm_addr src;
	struct nfm_addr dst;
	int is_v6;
	int r;

	r = nfm_units_parse_addr(packet->source ? packet->source : NFM_SOURCE, &src);
	assert(!r);
	is_v6 = src.half_be[0] || src.word_be[2] != htonl(0xffff);
	r = nfm_units_parse_addr(packet->destination ? packet->destination :
				 is_v6		     ? NFM_DESTINATION6 :
						       NFM_DESTINATION,
				 &dst);
	assert(!r);
	(void)r;
	assert(length + 256 + packet->padding <= NFM_FRAME_MAX);
	put_ethernet(&pen, packet, is_v6);
	(is_v6 ? put_ipv6 : put_ipv4)(&pen, packet, &src, &dst, 8 + length);
	put16(&pen, NFM_SOURCE_PORT);
	put16(&pen, packet->port ? packet->port : NFM_DEFAULT_PORT);
	put16(&pen, (uint16_t)((int)length + 8 + packet->udp_length_error));
	put16(&pen, 0);
	frame->payload = (uint32_t)(pen.at - frame->byte);
	put_bytes(&pen, payload, length);
	put_fill(&pen, 0xcc, packet->padding);
	frame->length = (uint32_t)(pen.at - frame->byte) - packet->cut;
}
