/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loss by sequence: what a stream's numbers span minus what was received of them, right under
 * reordering, duplicates, the counter's wrap and a restart of the router (RFC 3954 section 5.1,
 * RFC 7011 section 3.1, Cisco's v5: flow_sequence counts records). Pure: time is the entry's.
 */
#ifndef NFM_SEQUENCE_H
#define NFM_SEQUENCE_H

#include <stdint.h>

#include "abi.h"

/** What a sequence of this NetFlow version counts: NFM_UNIT_… */
uint32_t nfm_sequence_unit(uint32_t version);

/**
 * Takes one datagram's word into its stream. `unseen`: units that the exporter's datagrams brought
 * without a word in the log (it was overrun); a gap is filled from them first, and they sink.
 */
void nfm_sequence_take(struct nfm_stream *stream, const struct nfm_seqlog *entry,
		       __u64 *unseen);

#endif
