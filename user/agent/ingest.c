// SPDX-License-Identifier: GPL-2.0-only
/*
 * A datagram's way through the agent: admit → decode → look up → add, the same passes from
 * the same source as in the datapath. Every row that changes, changes through the journal.
 */
#include <errno.h>
#include <string.h>

#include "agent/meter.h"
#include "base/clock.h"
#include "base/units.h"

static inline const struct nfm_page *nfm_stride_page(const void *env, __u32 number)
{
	const struct nfm_meter *meter = env;

	return number < meter->table.geometry.pages ? &meter->table.pages[number] : NULL;
}

static inline struct nfm_row *nfm_batch_row(const void *env, __u32 row)
{
	const struct nfm_meter *meter = env;

	return nfm_journal_row(meter->log, row);
}

#define NFM_BATCH_LIMIT NFM_DECODE_FLOWS
#define NFM_BATCH_V6
#define NFM_BATCH_PASSES
#include "batch.h"

static void count_reason(struct nfm_meter *meter, uint32_t reason, uint64_t datagrams,
			 uint64_t records, uint64_t now_ns)
{
	struct nfm_row *row = nfm_journal_row(meter->log,
					      nfm_table_reason_row(&meter->table, reason));

	row->reason.datagrams += datagrams;
	row->reason.records += records;
	row->reason.seen_ns = now_ns;
}

/* Row of an admitted exporter; else the reason, negated. */
static int admit(struct nfm_meter *meter, const struct nfm_arrival *a)
{
	int exporter = nfm_meter_exporter_find(meter, &a->source);
	char text[64];

	if (exporter >= 0 && meter->table.exporters[exporter].state != NFM_EXPORTER_REMOVED)
		return exporter;
	if (!meter->config->any_exporter) {
		nfm_meter_refuse(meter, &a->source, a->time_ns);
		return -NFM_REASON_REFUSED;
	}
	exporter = nfm_meter_exporter_add(meter, &a->source, NFM_EXPORTER_DISCOVERED);
	nfm_units_format_addr(&a->source, text, sizeof(text));
	if (exporter >= 0) {
		nfm_log(LOG_NOTICE, "exporter %s: first datagram: added", text);
		return exporter;
	}
	nfm_log_limited(&meter->full_limit, a->time_ns, LOG_WARNING,
			"exporter %s: no row left (max-exporters %u): its datagrams are not counted",
			text, meter->table.geometry.exporters);
	return -NFM_REASON_EXPORTERS_FULL;
}

/* Makes the rows that the batch lacks; what finds none stays a leaf that counts as unmatched. */
static void discover(struct nfm_meter *meter, const struct nfm_arrival *a, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_flow *f = &meter->flow[i];
		int r = 0;

		if (f->up & NFM_LEAF_DISCOVER)
			r = nfm_customers_discover(&meter->customers, f->src, f->family);
		if (r >= 0 && f->down & NFM_LEAF_DISCOVER)
			r = nfm_customers_discover(&meter->customers, f->dst, f->family);
		if (r >= 0)
			continue;
		nfm_log_limited(&meter->full_limit, a->time_ns, LOG_WARNING,
				"no row left for a further customer (capacity %u): it counts as "
				"unmatched, under customers-full",
				nfm_table_customers(&meter->table.geometry));
		if (r == -ENOSPC)
			return;
	}
}

static void count_batch(struct nfm_meter *meter, const struct nfm_arrival *a, uint32_t exporter,
			uint32_t count)
{
	uint32_t kinds = nfm_batch_look_up(meter, meter->flow, count);
	struct nfm_batch_sum sum;
	struct nfm_row *row;

	if (kinds & NFM_LEAF_DISCOVER) {
		discover(meter, a, count);
		kinds = nfm_batch_look_up(meter, meter->flow, count);
	}
	nfm_batch_add(meter, meter->flow, count, a->time_ns, kinds);
	nfm_batch_add_up(meter->flow, count, &sum);
	row = nfm_journal_row(meter->log, nfm_table_exporter_row(&meter->table, exporter));
	row->exporter.bytes += sum.bytes;
	row->exporter.packets += sum.packets;
	row->exporter.records += count;
	row->exporter.datagrams++;
	row->exporter.seen_ns = a->time_ns;
	if (kinds & NFM_LEAF_FULL)
		count_reason(meter, NFM_REASON_CUSTOMERS_FULL, 1,
			     nfm_batch_count_full(meter->flow, count), a->time_ns);
}

static void reject(struct nfm_meter *meter, const struct nfm_arrival *a, int exporter,
		   uint32_t reason, uint32_t records)
{
	char text[64];

	count_reason(meter, reason, 1, records, a->time_ns);
	if (exporter >= 0) {
		struct nfm_row *row = nfm_journal_row(
			meter->log, nfm_table_exporter_row(&meter->table, (uint32_t)exporter));

		row->exporter.rejected_datagrams++;
		row->exporter.rejected_records += records;
		row->exporter.seen_ns = a->time_ns;
	}
	nfm_log_limited(&meter->wire_limit, a->time_ns, LOG_WARNING,
			"datagram of %u bytes from %s not counted: %s: %s", a->length,
			nfm_units_format_addr(&a->source, text, sizeof(text)),
			nfm_reason_name(reason), nfm_reason_help(reason));
}

static void tell_stream(struct nfm_meter *meter, const struct nfm_arrival *a, uint32_t exporter,
			const struct nfm_datagram *d)
{
	const struct nfm_seqlog entry = {
		.time_ns = a->time_ns,
		.domain = d->domain,
		.sequence = d->sequence,
		.uptime_ms = d->uptime_ms,
		.unix_s = d->unix_s,
		.exporter = (uint16_t)exporter,
		.version = (uint16_t)d->version,
		.units = (uint16_t)d->count,
	};

	nfm_meter_sequence(meter, &entry);
}

uint32_t nfm_meter_take(struct nfm_meter *meter, const struct nfm_arrival *a)
{
	struct nfm_datagram d = {};
	uint32_t reason;
	int exporter;

	nfm_journal_begin(meter->log, &meter->table);
	if (a->uncounted)
		count_reason(meter, NFM_REASON_RECEIVED, 1, 0, a->time_ns);
	exporter = admit(meter, a);
	if (exporter < 0) {
		reason = (uint32_t)-exporter;
	} else {
		const struct nfm_exporter *e = &meter->table.exporters[exporter];
		struct nfm_sampling sampling = { e->sampling_num, e->sampling_den };

		reason = nfm_flow_decode(a->payload, a->length, sampling, meter->flow, &d);
	}
	if (reason == NFM_REASON_NONE)
		count_batch(meter, a, (uint32_t)exporter, d.count);
	else
		reject(meter, a, exporter, reason, d.rejected);
	/*
	 * The stream hears first: if we die before the commit, the datagram comes out of the ring once
	 * more and is a second copy to the stream. The other way round it would show as lost.
	 */
	if (reason == NFM_REASON_NONE)
		tell_stream(meter, a, (uint32_t)exporter, &d);
	nfm_journal_commit(meter->log, a->ring_pos, meter->ring.consumer_pos);
	return reason;
}

/* A datagram that the datapath handed over. */
static void take_punt(struct nfm_meter *meter, const struct nfm_punt *punt, bool uncounted,
		      uint64_t ring_pos)
{
	const struct nfm_arrival arrival = {
		.source = punt->source,
		.payload = (const uint8_t *)(punt + 1),
		.length = punt->length,
		.time_ns = punt->time_ns,
		.uncounted = uncounted,
		.ring_pos = ring_pos,
	};

	nfm_meter_take(meter, &arrival);
}

unsigned int nfm_meter_drain(struct nfm_meter *meter, unsigned int limit)
{
	const struct nfm_punt *punt;
	unsigned int taken = 0;
	uint64_t next;

	if (!meter->ring.consumer_pos)
		return 0;
	for (; taken < limit && nfm_ring_peek(&meter->ring, &punt, &next); taken++)
		take_punt(meter, punt, punt->reason == NFM_REASON_NO_COLUMN, next);
	return taken;
}

unsigned int nfm_meter_take_over(struct nfm_meter *meter, struct nfm_ring *ring)
{
	const struct nfm_punt *punt;
	unsigned int taken = 0;
	uint64_t next;

	for (; nfm_ring_peek(ring, &punt, &next); taken++) {
		take_punt(meter, punt, true, NFM_JOURNAL_NO_RING);
		__atomic_store_n(ring->consumer_pos, next, __ATOMIC_RELEASE);
	}
	return taken;
}

void nfm_meter_socket_drops(struct nfm_meter *meter, uint64_t datagrams, uint64_t now_ns)
{
	nfm_journal_begin(meter->log, &meter->table);
	count_reason(meter, NFM_REASON_RECEIVED, datagrams, 0, now_ns);
	count_reason(meter, NFM_REASON_SOCKET_FULL, datagrams, 0, now_ns);
	nfm_journal_commit(meter->log, NFM_JOURNAL_NO_RING, NULL);
}
