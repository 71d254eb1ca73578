/* SPDX-License-Identifier: GPL-2.0-only */
/* Handing a whole datagram to the agent, through the punt ring. */
#ifndef NFM_PUNT_H
#define NFM_PUNT_H

#include "rx.h"

/* A reservation's size has to be a constant: an Ethernet frame's, a jumbo frame's, any. */
#define NFM_PUNT_SMALL 2048U
#define NFM_PUNT_JUMBO 10240U
#define NFM_PUNT_ANY (65536U + 64U)

NFM_INLINE int punt_sized(const struct nfm_rx *rx, __u32 reason, const __u32 size)
{
	struct nfm_punt *punt = bpf_ringbuf_reserve(&nfm_punts, size, 0);
	__u32 length = rx->length;

	if (!punt)
		return NFM_REASON_RING_FULL;
	punt->time_ns = rx->now_ns;
	punt->length = length;
	punt->reason = reason;
	punt->source_port_be = rx->source_port_be;
	punt->source = rx->source;
	/*
	 * 1 to the room that there is, so that all verifiers can follow: of two comparisons clang
	 * makes one of a difference (not for 6.12), and "is not 0" is no bound to 6.1.
	 */
	if (length && bpf_xdp_load_bytes(rx->md, rx->offset, punt + 1,
					 (__u32)bounded(length - 1, size - sizeof(*punt)) + 1)) {
		bpf_ringbuf_discard(punt, 0);
		return NFM_REASON_UDP_LENGTH; /* cannot be: the length was checked */
	}
	bpf_ringbuf_submit(punt, 0);
	return (int)reason;
}

/* Returns the reason under which the datagram went, or that for which it could not. */
NFM_INLINE int punt(const struct nfm_rx *rx, __u32 reason)
{
	if (rx->length <= NFM_PUNT_SMALL - sizeof(struct nfm_punt))
		return punt_sized(rx, reason, NFM_PUNT_SMALL);
	if (rx->length <= NFM_PUNT_JUMBO - sizeof(struct nfm_punt))
		return punt_sized(rx, reason, NFM_PUNT_JUMBO);
	return punt_sized(rx, reason, NFM_PUNT_ANY);
}

#endif
