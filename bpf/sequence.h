/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sequence log: one line per counted datagram for the agent, which judges loss with
 * all CPUs' lines before it. A plain store into this CPU's column; it never waits.
 */
#ifndef NFM_SEQUENCE_H
#define NFM_SEQUENCE_H

#include "rx.h"

NFM_INLINE void sequence_log(const struct nfm_scratch *batch)
{
	__u32 first = batch->column * (nfm_geometry.seqlog_entries + NFM_SEQLOG_HEAD);
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
	line->time_ns = batch->now_ns;
	line->domain = batch->domain;
	line->sequence = batch->sequence;
	line->uptime_ms = batch->uptime_ms;
	line->unix_s = batch->unix_s;
	line->exporter = batch->exporter;
	line->version = batch->version;
	line->units = batch->count;
	nfm_barrier(); /* the line before the head; x86 keeps the order of stores */
	head->head++;
}

#endif
