/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet, VLAN, IPv4, IPv6 and UDP, down to a payload for one of our ports. */
#ifndef NFM_PARSE_H
#define NFM_PARSE_H

#include "rx.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define IPPROTO_HOPOPTS 0
#define IPPROTO_UDP 17
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_DSTOPTS 60
#define NFM_IP_MORE_FRAGMENTS 0x2000
#define NFM_IP_FRAGMENT_OFFSET 0x1fff
#define NFM_IP6_FRAGMENT_OFFSET 0xfff8
#define NFM_VLAN_TAGS 2
#define NFM_IP6_EXTENSIONS 4

struct nfm_cursor {
	const __u8 *at;
	const __u8 *end;
};

/* Steps over `size` bytes; NULL if the packet ends before. */
NFM_INLINE const void *parse_bytes(struct nfm_cursor *c, __u32 size)
{
	const __u8 *at = c->at;

	if (at + size > c->end)
		return NULL;
	c->at = at + size;
	return at;
}

/* Returns the EtherType behind up to two VLAN tags, or 0. */
NFM_INLINE __u16 parse_ethernet(struct nfm_cursor *c)
{
	const struct ethhdr *ethernet = parse_bytes(c, sizeof(*ethernet));
	__u16 type_be;
	int i;

	if (!ethernet)
		return 0;
	type_be = ethernet->h_proto;
	for (i = 0; i < NFM_VLAN_TAGS; i++) {
		const struct vlan_hdr *vlan;

		if (type_be != bpf_htons(ETH_P_8021Q) && type_be != bpf_htons(ETH_P_8021AD))
			break;
		vlan = parse_bytes(c, sizeof(*vlan));
		if (!vlan)
			return 0;
		type_be = vlan->h_vlan_encapsulated_proto;
	}
	return bpf_ntohs(type_be);
}

NFM_INLINE void addr_from_v4(struct nfm_addr *addr, __u32 v4_be)
{
	addr->half_be[0] = 0;
	addr->word_be[2] = bpf_htonl(0xffff);
	addr->word_be[3] = v4_be;
}

/* `listen`: an empty list takes every destination. */
NFM_INLINE int listens_on(const struct nfm_ctl *ctl, const struct nfm_addr *addr)
{
	__u32 i;

	if (!ctl->listen_count)
		return 1;
	for (i = 0; i < NFM_MAX_LISTEN; i++) {
		if (i >= ctl->listen_count)
			break;
		if (ctl->listen[i].half_be[0] == addr->half_be[0] &&
		    ctl->listen[i].half_be[1] == addr->half_be[1])
			return 1;
	}
	return 0;
}

NFM_INLINE int parse_ipv4(struct nfm_cursor *c, struct nfm_rx *rx)
{
	const struct iphdr *ip = parse_bytes(c, sizeof(*ip));
	struct nfm_addr destination;
	__u32 options;
	__u16 fragment;

	if (!ip || ip->protocol != IPPROTO_UDP || ip->version != 4 || ip->ihl < 5)
		return NFM_NOT_OURS;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & NFM_IP_FRAGMENT_OFFSET)
		return NFM_NOT_OURS; /* no UDP header in here: the stack reassembles it */
	rx->fragment = !!(fragment & NFM_IP_MORE_FRAGMENTS);
	addr_from_v4(&rx->source, ip->saddr);
	addr_from_v4(&destination, ip->daddr);
	if (!listens_on(rx->ctl, &destination))
		return NFM_NOT_OURS;
	options = ip->ihl * 4U - sizeof(*ip);
	/* the verifier (6.18) does not tie ihl's two reads together: bound it where it is used */
	__asm__ volatile("" : "+r"(options));
	options &= 0x3f;
	if (options && !parse_bytes(c, options))
		return NFM_NOT_OURS;
	return NFM_CONTINUE;
}

/* Steps over the extension headers; what else than UDP follows is left to the stack. */
NFM_INLINE int parse_extensions(struct nfm_cursor *c, struct nfm_rx *rx, __u8 next)
{
	int i;

	for (i = 0; i < NFM_IP6_EXTENSIONS; i++) {
		const struct ipv6_opt_hdr *option;

		if (next == IPPROTO_UDP)
			return NFM_CONTINUE;
		if (next == IPPROTO_FRAGMENT) {
			const struct frag_hdr *fragment = parse_bytes(c, sizeof(*fragment));

			if (!fragment || bpf_ntohs(fragment->frag_off) & NFM_IP6_FRAGMENT_OFFSET)
				return NFM_NOT_OURS;
			rx->fragment = !!fragment->frag_off; /* else atomic: RFC 6946 */
			next = fragment->nexthdr;
			continue;
		}
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
			return NFM_NOT_OURS;
		option = parse_bytes(c, sizeof(*option));
		if (!option)
			return NFM_NOT_OURS;
		next = option->nexthdr;
		if (!parse_bytes(c, option->hdrlen * 8U + 8U - sizeof(*option)))
			return NFM_NOT_OURS;
	}
	return next == IPPROTO_UDP ? NFM_CONTINUE : NFM_NOT_OURS;
}

NFM_INLINE int parse_ipv6(struct nfm_cursor *c, struct nfm_rx *rx)
{
	const struct ipv6hdr *ip = parse_bytes(c, sizeof(*ip));
	struct nfm_addr destination;

	if (!ip || ip->version != 6)
		return NFM_NOT_OURS;
	__builtin_memcpy(&rx->source, &ip->saddr, sizeof(rx->source));
	__builtin_memcpy(&destination, &ip->daddr, sizeof(destination));
	if (!listens_on(rx->ctl, &destination))
		return NFM_NOT_OURS;
	return parse_extensions(c, rx, ip->nexthdr);
}

NFM_INLINE int is_our_port(const struct nfm_ctl *ctl, __u16 port_be)
{
	__u32 i;

	if (!ctl->ports_be[0])
		return port_be == bpf_htons(NFM_DEFAULT_PORT);
	for (i = 0; i < NFM_MAX_PORTS; i++)
		if (ctl->ports_be[i] == port_be)
			return port_be != 0;
	return 0;
}

/* Fills source, payload and length. A UDP length that does not fit is NFM_REASON_UDP_LENGTH. */
NFM_INLINE int parse_packet(struct nfm_rx *rx)
{
	const __u8 *data = (const void *)(long)rx->md->data;
	struct nfm_cursor c = {
		.at = data,
		.end = (const void *)(long)rx->md->data_end,
	};
	const struct udphdr *udp;
	int answer;

	switch (parse_ethernet(&c)) {
	case ETH_P_IP:
		answer = parse_ipv4(&c, rx);
		break;
	case ETH_P_IPV6:
		answer = parse_ipv6(&c, rx);
		break;
	default:
		return NFM_NOT_OURS;
	}
	if (answer != NFM_CONTINUE)
		return answer;
	udp = parse_bytes(&c, sizeof(*udp));
	if (!udp || !is_our_port(rx->ctl, udp->dest))
		return NFM_NOT_OURS;
	rx->source_port_be = udp->source;
	rx->payload = c.at;
	rx->end = c.end;
	rx->offset = (__u32)(c.at - data);
	rx->length = bpf_ntohs(udp->len) - (__u32)sizeof(*udp);
	if (rx->fragment)
		return NFM_CONTINUE;
	if (bpf_ntohs(udp->len) < sizeof(*udp) || rx->length > (__u32)(c.end - c.at))
		return NFM_REASON_UDP_LENGTH;
	return NFM_CONTINUE;
}

#endif
