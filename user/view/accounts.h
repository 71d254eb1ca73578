/* SPDX-License-Identifier: GPL-2.0-only */
/* What arrived and what became of it, of all exporters together. */
#ifndef NFM_VIEW_ACCOUNTS_H
#define NFM_VIEW_ACCOUNTS_H

#include <stdint.h>

#include "table/table.h"

struct nfm_verdicts {
	uint64_t received, kernel, agent, rejected;
};

struct nfm_accounts {
	struct nfm_verdicts datagrams, records;
	struct nfm_verdicts bytes, packets; /* of records: `rejected` is not known, 0 */
	uint64_t undecided; /* datagrams handed over that nobody has decided yet */
	uint64_t waiting_sets, waiting_bytes, waiting_oldest_ns; /* for their template */
	struct {
		uint64_t datagrams, records, bytes;
	} reason[NFM_REASON_ROWS];
	uint64_t customers;	       /* listed and discovered */
	uint64_t discovered, removed;  /* of these; besides these */
};

/**
 * Reads the table while it counts: `received` last, so that nothing seems to have been decided
 * before it arrived.
 */
void nfm_accounts_read(const struct nfm_table *t, struct nfm_accounts *out);

/** What a reason counts: datagrams; NOTE: records; LOST: sets. 0 of kind STAT. */
uint64_t nfm_accounts_reason(const struct nfm_accounts *accounts, uint32_t reason);

#endif
