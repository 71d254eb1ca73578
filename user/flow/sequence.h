/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loss by sequence: what a stream's numbers span minus what was received of them, right under
 * reordering, duplicates, the counter's wrap and a restart of the router (Cisco's v5: flow_sequence
 * counts records; RFC 3954 section 5.1: datagrams; RFC 7011 section 3.1: data records). Exporters
 * that count otherwise are told by what they send. Pure: time is the entry's.
 */
#ifndef NFM_SEQUENCE_H
#define NFM_SEQUENCE_H

#include <stdint.h>

#include "abi.h"

/** What an exporter's datagrams brought without a word in the log: it was overrun. */
struct nfm_sequence_credit {
	uint64_t records;
	uint64_t datagrams;
};

/** What a sequence of this NetFlow version counts by its rule: NFM_UNIT_… */
uint32_t nfm_sequence_unit(uint32_t version);

/**
 * Takes one datagram's word into its stream; a new stream is all zero but for who it is and `unit`.
 * A gap is filled from `unseen` first, in the stream's unit, and both credits sink in proportion.
 */
void nfm_sequence_take(struct nfm_stream *stream, const struct nfm_seqlog *entry,
		       struct nfm_sequence_credit *unseen);

#endif
