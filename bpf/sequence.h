/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sequence log: one line per counted datagram for the agent, which judges loss with
 * all CPUs' lines before it. A plain store into this CPU's column; it never waits.
 */
#ifndef NFM_SEQUENCE_H
#define NFM_SEQUENCE_H

#include "rx.h"

NFM_INLINE void sequence_log(const struct nfm_rx *rx)
{
	__u32 first = rx->column * (nfm_geometry.seqlog_entries + NFM_SEQLOG_HEAD);
	struct nfm_seqlog *head = bpf_map_lookup_elem(&nfm_seqlog, &first);
	struct nfm_seqlog *line;
	__u32 index;

	if (!head)
		return;
	index = first + NFM_SEQLOG_HEAD +
		(__u32)(head->head & (nfm_geometry.seqlog_entries - 1));
	line = bpf_map_lookup_elem(&nfm_seqlog, &index);
	if (!line)
		return;
	line->time_ns = rx->now_ns;
	line->domain = rx->domain;
	line->sequence = rx->sequence;
	line->uptime_ms = rx->uptime_ms;
	line->unix_s = rx->unix_s;
	line->exporter = rx->admission.exporter;
	line->version = rx->version;
	line->units = rx->count;
	nfm_barrier(); /* the line before the head; x86 keeps the order of stores */
	head->head++;
}

#endif
