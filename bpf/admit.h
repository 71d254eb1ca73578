/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may send: decided by the source address before anything is decoded. */
#ifndef NFM_ADMIT_H
#define NFM_ADMIT_H

#include "rx.h"

/* Remembers a refused source; the map forgets the oldest, so a flood costs nothing but that. */
NFM_INLINE void admit_refuse(const struct nfm_rx *rx)
{
	struct nfm_refusal *refusal = bpf_map_lookup_elem(&nfm_refusals, &rx->source);
	struct nfm_refusal first = { .datagrams = 1, .last_seen_ns = rx->now_ns };

	if (refusal) {
		refusal->datagrams++;
		refusal->last_seen_ns = rx->now_ns;
	} else {
		bpf_map_update_elem(&nfm_refusals, &rx->source, &first, 0);
	}
}

NFM_INLINE void admit_as(struct nfm_rx *rx, const struct nfm_admission *admission)
{
	rx->exporter = admission->exporter;
	rx->sampling_num = admission->sampling_num;
	rx->sampling_den = admission->sampling_den;
}

NFM_INLINE int admit(struct nfm_rx *rx)
{
	const struct nfm_admission *admission;

	admission = bpf_map_lookup_elem(&nfm_admission, &rx->source);
	if (admission) {
		admit_as(rx, admission);
		rx->admitted = 1;
		return NFM_CONTINUE;
	}
	if (rx->ctl->flags & NFM_CTL_REFUSE) {
		admit_refuse(rx);
		return NFM_REASON_REFUSED;
	}
	return NFM_REASON_NEW_EXPORTER; /* also while no agent has said who may */
}

#endif
