// SPDX-License-Identifier: GPL-2.0-only
#include "view/accounts.h"

#include "table/waiting.h"
#include "view/view.h"

static void read_exporters(const struct nfm_table *t, struct nfm_accounts *out)
{
	uint32_t count = nfm_view_exporters(t);
	struct nfm_row row;
	uint32_t i;

	for (i = 0; i < count; i++) {
		nfm_table_sum_kernel(t, nfm_table_exporter_row(t, i), &row);
		out->datagrams.kernel += row.exporter.datagrams;
		out->records.kernel += row.exporter.records;
		out->bytes.kernel += row.exporter.bytes;
		out->packets.kernel += row.exporter.packets;
		nfm_table_sum_agent(t, nfm_table_exporter_row(t, i), &row);
		out->datagrams.agent += row.exporter.datagrams;
		out->records.agent += row.exporter.records;
		out->bytes.agent += row.exporter.bytes;
		out->packets.agent += row.exporter.packets;
	}
}

static void read_reasons(const struct nfm_table *t, struct nfm_accounts *out)
{
	struct nfm_row row;
	uint32_t i;

	for (i = 0; i < NFM_REASON_ROWS; i++) {
		nfm_table_sum(t, nfm_table_reason_row(t, i), &row);
		out->reason[i].datagrams = row.reason.datagrams;
		out->reason[i].records = row.reason.records;
		out->reason[i].bytes = row.reason.bytes;
		if (nfm_reason_kind(i) != NFM_KIND_REJECT)
			continue;
		out->datagrams.rejected += row.reason.datagrams;
		out->records.rejected += row.reason.records;
	}
}

static void count_customers(const struct nfm_table *t, struct nfm_accounts *out)
{
	uint32_t names = nfm_view_names(t);
	uint64_t state[NFM_NAME_REMOVED + 1] = { 0 };
	uint32_t i;

	for (i = NFM_ROW_FIRST; i < names; i++) {
		uint32_t its = __atomic_load_n(&t->names[i].state, __ATOMIC_RELAXED);

		if (its <= NFM_NAME_REMOVED)
			state[its]++;
	}
	out->customers = state[NFM_NAME_LISTED] + state[NFM_NAME_DISCOVERED];
	out->discovered = state[NFM_NAME_DISCOVERED];
	out->removed = state[NFM_NAME_REMOVED];
}

void nfm_accounts_read(const struct nfm_table *t, struct nfm_accounts *out)
{
	struct nfm_row row;
	uint64_t decided;

	*out = (struct nfm_accounts){ 0 };
	count_customers(t, out);
	read_exporters(t, out);
	read_reasons(t, out);
	nfm_table_sum(t, nfm_table_reason_row(t, NFM_REASON_RECEIVED), &row);
	out->datagrams.received = row.reason.datagrams;
	out->records.received = out->records.kernel + out->records.agent + out->records.rejected;
	out->bytes.received = out->bytes.kernel + out->bytes.agent;
	out->packets.received = out->packets.kernel + out->packets.agent;
	decided = out->datagrams.kernel + out->datagrams.agent + out->datagrams.rejected;
	if (out->datagrams.received > decided)
		out->undecided = out->datagrams.received - decided;
	nfm_waiting_count(t, &out->waiting_sets, &out->waiting_bytes, &out->waiting_oldest_ns);
}

uint64_t nfm_accounts_reason(const struct nfm_accounts *accounts, uint32_t reason)
{
	switch (nfm_reason_kind(reason)) {
	case NFM_KIND_REJECT:
	case NFM_KIND_PUNT:
	case NFM_KIND_PASS:
	case NFM_KIND_LOST: /* sets of datagrams that were taken: none is rejected */
	case NFM_KIND_RETIRED:
		return accounts->reason[reason].datagrams;
	case NFM_KIND_NOTE:
		return accounts->reason[reason].records;
	}
	return 0;
}
