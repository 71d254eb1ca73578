// SPDX-License-Identifier: GPL-2.0-only
/*
 * A datagram's way through the agent: admit → decode → look up → add, the same passes from
 * the same source as in the datapath. Every row that changes, changes through the journal.
 */
#include <errno.h>
#include <string.h>

#include "agent/meter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "table/waiting.h"

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

static inline struct nfm_row *nfm_batch_earlier(const void *env, __u32 row, __u32 index)
{
	const struct nfm_meter *meter = env;

	return nfm_journal_earlier(meter->log, row, index);
}

#define NFM_BATCH_LIMIT NFM_DECODE_FLOWS
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
			"exporter %s: no row left (max-exporters %u): its datagrams are not "
			"counted",
			text, meter->table.geometry.exporters);
	return -NFM_REASON_EXPORTERS_FULL;
}

/* Makes the rows that the batch lacks; what finds none stays a leaf that counts as unmatched. */
static void discover(struct nfm_meter *meter, const struct nfm_arrival *a, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_flow *f = &meter->templates.decoder.flow[i];
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

/* Pass 2, and rows for those who have none yet. */
static uint32_t look_up(struct nfm_meter *meter, const struct nfm_arrival *a)
{
	const struct nfm_datagram *d = &meter->datagram;
	struct nfm_flow *flow = meter->templates.decoder.flow;
	const struct nfm_alt *alt = meter->templates.decoder.alt;
	uint32_t kinds = 0;

	for (int turn = 0; turn < 2; turn++) {
		uint64_t local = 0;

		kinds = nfm_batch_look_up(meter, flow, d->count, 1);
		for (uint32_t i = 0; d->has_alt && i < d->count; i++)
			if (flow[i].alt)
				local |= nfm_batch_look_up_other(meter, &flow[i], &alt[i], &kinds);
		kinds = nfm_batch_kinds(kinds, local) | (kinds & NFM_BATCH_LOCAL);
		if (!(kinds & NFM_LEAF_DISCOVER))
			break;
		if (turn == 0)
			discover(meter, a, d->count);
	}
	return kinds;
}

/* What was counted with a remark: under its reasons, and in the exporter's notes. */
static void count_notes(struct nfm_meter *meter, const struct nfm_arrival *a, uint32_t exporter)
{
	const struct nfm_datagram *d = &meter->datagram;
	struct nfm_row *row;
	uint32_t any = d->options;

	for (uint32_t i = 0; i < NFM_NOTES; i++) {
		any |= d->note[i];
		if (d->note[i])
			count_reason(meter, NFM_REASON_WRAPPED + i, 1, d->note[i], a->time_ns);
	}
	if (d->options)
		count_reason(meter, NFM_REASON_OPTIONS_RECORDS, 1, d->options, a->time_ns);
	if (!any)
		return;
	row = nfm_journal_row(meter->log, nfm_table_notes_row(&meter->table, exporter));
	row->notes.wrapped += d->note[NFM_NOTE_WRAPPED];
	row->notes.repaired += d->note[NFM_NOTE_REPAIRED];
	row->notes.empty += d->note[NFM_NOTE_EMPTY];
	row->notes.same += d->note[NFM_NOTE_SAME];
	row->notes.implausible += d->note[NFM_NOTE_IMPLAUSIBLE];
	row->notes.options += d->options;
	row->notes.seen_ns = a->time_ns;
}

/* A flow that began before the open slot. Returns the reason to count, or NFM_REASON_NONE. */
static uint32_t spread_flow(struct nfm_meter *meter, uint32_t i, const struct nfm_slots *slots)
{
	const struct nfm_decoder *decoder = &meter->templates.decoder;
	uint32_t rows = 3 * nfm_earlier_rows(&meter->table.geometry);
	struct nfm_spread spread;
	uint32_t answer;

	answer = nfm_batch_spread_open(&spread, &decoder->flow[i], decoder->span[i], slots);
	if (!answer)
		return NFM_REASON_NONE;
	if (nfm_journal_room(meter->log) < rows)
		return NFM_REASON_EARLIER_ROOM;
	while (!nfm_batch_spread_step(meter, &spread, slots))
		;
	return answer > 1 ? NFM_REASON_EARLIER_OLDEST : NFM_REASON_EARLIER;
}

/* Pass 6: bytes that were sent before the open slot began, also to the slots in which they were. */
static void spread(struct nfm_meter *meter, const struct nfm_arrival *a)
{
	const struct nfm_ctl *ctl = meter->table.ctl;
	const struct nfm_slots slots = {
		.elapsed_ms = (int64_t)(a->time_ns - ctl->slot_start_ns[ctl->epoch & 1]) /
			      (int64_t)NFM_NS_PER_MS,
		.slot_ms = ctl->slot_ms[ctl->epoch & 1],
		.count = meter->table.geometry.earlier_slots,
	};
	const struct nfm_span *span = meter->templates.decoder.span;
	uint32_t earlier = 0, oldest = 0, room = 0;

	if (!slots.count || !slots.slot_ms)
		return;
	for (uint32_t i = 0; i < meter->datagram.count; i++) {
		uint32_t reason;

		if ((int64_t)nfm_span_lateness(span[i], slots.elapsed_ms) >= 0)
			continue;
		reason = spread_flow(meter, i, &slots);
		earlier += reason == NFM_REASON_EARLIER || reason == NFM_REASON_EARLIER_OLDEST;
		oldest += reason == NFM_REASON_EARLIER_OLDEST;
		room += reason == NFM_REASON_EARLIER_ROOM;
	}
	if (earlier)
		count_reason(meter, NFM_REASON_EARLIER, 1, earlier, a->time_ns);
	if (oldest)
		count_reason(meter, NFM_REASON_EARLIER_OLDEST, 1, oldest, a->time_ns);
	if (room)
		count_reason(meter, NFM_REASON_EARLIER_ROOM, 1, room, a->time_ns);
}

/* Adds the decoded flows. `datagrams`: 1, or 0 for a set: its datagram was counted when it came. */
static void count_batch(struct nfm_meter *meter, const struct nfm_arrival *a, uint32_t exporter,
			uint32_t datagrams)
{
	const struct nfm_flow *flow = meter->templates.decoder.flow;
	uint32_t count = meter->datagram.count;
	uint32_t kinds = look_up(meter, a);
	struct nfm_batch_sum sum;
	struct nfm_row *row;

	nfm_batch_add(meter, flow, count, a->time_ns, kinds);
	spread(meter, a);
	nfm_batch_add_up(flow, count, &sum);
	row = nfm_journal_row(meter->log, nfm_table_exporter_row(&meter->table, exporter));
	row->exporter.bytes += sum.bytes;
	row->exporter.packets += sum.packets;
	row->exporter.records += count;
	row->exporter.datagrams += datagrams;
	row->exporter.seen_ns = NFM_MAX(row->exporter.seen_ns, a->time_ns);
	if (kinds & NFM_LEAF_FULL)
		count_reason(meter, NFM_REASON_CUSTOMERS_FULL, 1, nfm_batch_count_full(flow, count),
			     a->time_ns);
	count_notes(meter, a, exporter);
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
	uint32_t units = d->count + d->options;
	const struct nfm_seqlog entry = {
		.time_ns = a->time_ns,
		.domain = d->domain,
		.sequence = d->sequence,
		.uptime_ms = d->uptime_ms,
		.unix_s = d->unix_s,
		.exporter = (uint16_t)exporter,
		.version = (uint16_t)d->version,
		.units = (uint16_t)NFM_MIN(units, (uint32_t)UINT16_MAX),
		.open = (uint16_t)NFM_MIN(d->open, (uint32_t)UINT16_MAX),
	};

	nfm_meter_sequence(meter, &entry);
}

/* ---- sets that wait ---- */

struct giving_up {
	struct nfm_meter *meter;
	uint32_t reason;
	uint64_t now_ns;
};

static void count_given_up(void *cookie, const struct nfm_waiting *waiting)
{
	const struct giving_up *g = cookie;
	struct nfm_meter *meter = g->meter;
	int exporter = nfm_meter_exporter_find(meter, &waiting->source);
	struct nfm_row *row = nfm_journal_row(meter->log,
					      nfm_table_reason_row(&meter->table, g->reason));
	char text[64];

	row->reason.datagrams++;
	row->reason.bytes += waiting->length;
	row->reason.seen_ns = g->now_ns;
	if (exporter >= 0) {
		row = nfm_journal_row(meter->log,
				      nfm_table_notes_row(&meter->table, (uint32_t)exporter));
		row->notes.given_up++;
		row->notes.seen_ns = g->now_ns;
	}
	nfm_log_limited(&meter->wire_limit, g->now_ns, LOG_WARNING,
			"data set %u of %u bytes from %s lost: %s: %s", waiting->id,
			waiting->length,
			nfm_units_format_addr(&waiting->source, text, sizeof(text)),
			nfm_reason_name(g->reason), nfm_reason_help(g->reason));
}

static void keep_waiting(struct nfm_meter *meter, const struct nfm_arrival *a)
{
	const struct nfm_datagram *d = &meter->datagram;
	struct giving_up full = { meter, NFM_REASON_WAIT_FULL, a->time_ns };

	for (uint32_t i = 0; i < d->waiting_count; i++) {
		const struct nfm_waiting head = {
			.state = NFM_WAITING_SET,
			.length = d->waiting[i].length,
			.source = a->source,
			.time_ns = a->time_ns,
			.domain = d->domain,
			.version = (uint16_t)d->version,
			.id = d->waiting[i].id,
			.uptime_ms = d->uptime_ms,
			.unix_s = d->unix_s,
		};

		if (nfm_waiting_put(meter->log, &head, d->waiting[i].at, count_given_up, &full) < 0)
			count_given_up(&full, &head);
	}
}

void nfm_meter_give_up(struct nfm_meter *meter, const struct nfm_waiting *waiting, uint32_t reason,
		       uint64_t now_ns)
{
	struct giving_up g = { meter, reason, now_ns };

	nfm_journal_begin(meter->log, &meter->table);
	count_given_up(&g, waiting);
	nfm_waiting_take(meter->log, waiting);
	nfm_waiting_trim(meter->log);
	nfm_journal_commit(meter->log, NFM_JOURNAL_NO_RING, NULL);
}

static struct nfm_decode_source source_of(const struct nfm_meter *meter, uint32_t exporter,
					  uint64_t now_ns)
{
	const struct nfm_exporter *e = &meter->table.exporters[exporter];

	return (struct nfm_decode_source){
		.exporter = e->addr,
		.sampling = { e->sampling_num, e->sampling_den },
		.flags = e->flags,
		.now_ns = now_ns,
		.now_unix_ns = nfm_clock_unix_ns(),
	};
}

void nfm_meter_take_waiting(struct nfm_meter *meter, const struct nfm_waiting *waiting)
{
	const struct nfm_arrival a = { .source = waiting->source, .time_ns = waiting->time_ns };
	struct nfm_decoder *decoder = &meter->templates.decoder;
	struct nfm_decode_source source;
	int exporter = nfm_meter_exporter_find(meter, &a.source);
	uint32_t reason;

	if (exporter < 0)
		return; /* it expires */
	source = source_of(meter, (uint32_t)exporter, nfm_clock_monotonic_ns());
	reason = nfm_flow_decode_waiting(decoder, &source, waiting, &meter->datagram);
	if (reason == NFM_REASON_NO_TEMPLATE)
		return;
	if (reason != NFM_REASON_NONE) {
		nfm_meter_give_up(meter, waiting, NFM_REASON_WAIT_BAD, source.now_ns);
		return;
	}
	nfm_journal_begin(meter->log, &meter->table);
	count_batch(meter, &a, (uint32_t)exporter, 0);
	count_reason(meter, NFM_REASON_WAITED, 1, meter->datagram.count, source.now_ns);
	nfm_waiting_take(meter->log, waiting);
	nfm_waiting_trim(meter->log);
	nfm_flow_accept(decoder, &source);
	nfm_journal_commit(meter->log, NFM_JOURNAL_NO_RING, NULL);
}

/* ---- a datagram ---- */

/*
 * All that it brings. Stream and store hear first: if we die before the commit, the datagram comes
 * out of the ring once more, and is a second copy to the stream and says nothing new to the store.
 * The other way round it would show as lost, and its templates would be. One price: data that stand
 * before a redefinition of their own template in one datagram are then decoded by the new one.
 */
static void take_decoded(struct nfm_meter *meter, const struct nfm_arrival *a, uint32_t exporter,
			 const struct nfm_decode_source *source)
{
	struct nfm_templates *templates = &meter->templates;
	uint32_t changed;

	count_batch(meter, a, exporter, 1);
	keep_waiting(meter, a);
	if (templates->decoder.change_count) {
		struct nfm_store_count count;

		changed = nfm_flow_accept(&templates->decoder, source);
		nfm_store_count(templates->store, &count);
		if (changed)
			count_reason(meter, NFM_REASON_TEMPLATES, 1, changed, a->time_ns);
		if (count.forgotten != templates->forgotten)
			count_reason(meter, NFM_REASON_TEMPLATES_FULL, 1,
				     count.forgotten - templates->forgotten, a->time_ns);
		templates->forgotten = count.forgotten;
	}
	tell_stream(meter, a, exporter, &meter->datagram);
}

uint32_t nfm_meter_take(struct nfm_meter *meter, const struct nfm_arrival *a)
{
	struct nfm_decode_source source;
	uint32_t reason;
	int exporter;

	nfm_journal_begin(meter->log, &meter->table);
	meter->log->ring = a->ring;
	if (a->uncounted)
		count_reason(meter, NFM_REASON_RECEIVED, 1, 0, a->time_ns);
	exporter = admit(meter, a);
	if (exporter < 0) {
		meter->datagram.rejected = 0;
		reason = (uint32_t)-exporter;
	} else {
		source = source_of(meter, (uint32_t)exporter, a->time_ns);
		reason = nfm_flow_decode(&meter->templates.decoder, &source, a->payload, a->length,
					 &meter->datagram);
	}
	if (reason == NFM_REASON_NONE)
		take_decoded(meter, a, (uint32_t)exporter, &source);
	else
		reject(meter, a, exporter, reason, meter->datagram.rejected);
	if (reason != NFM_REASON_NONE && exporter >= 0)
		nfm_flow_accept(&meter->templates.decoder, &source); /* what it has redefined */
	nfm_journal_commit(meter->log, a->ring_pos,
			   a->ring == NFM_JOURNAL_RING_OLD ? meter->old_ring.consumer_pos :
							     meter->ring.consumer_pos);
	return reason;
}

/* A datagram that the datapath handed over. */
static void take_punt(struct nfm_meter *meter, const struct nfm_punt *punt, bool uncounted,
		      uint64_t ring, uint64_t ring_pos)
{
	const struct nfm_arrival arrival = {
		.source = punt->source,
		.payload = (const uint8_t *)(punt + 1),
		.length = punt->length,
		.time_ns = punt->time_ns,
		.uncounted = uncounted,
		.ring = ring,
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
		take_punt(meter, punt, punt->reason == NFM_REASON_NO_COLUMN,
			  NFM_JOURNAL_RING_TABLE, next);
	return taken;
}

/* No further than it is filled now: its program may go on filling it. */
unsigned int nfm_meter_drain_old(struct nfm_meter *meter)
{
	struct nfm_ring *ring = &meter->old_ring;
	uint64_t end = __atomic_load_n(ring->producer_pos, __ATOMIC_ACQUIRE);
	const struct nfm_punt *punt;
	unsigned int taken = 0;
	uint64_t next;

	for (; *ring->consumer_pos < end && nfm_ring_peek(ring, &punt, &next); taken++)
		take_punt(meter, punt, true, NFM_JOURNAL_RING_OLD, next);
	return taken;
}

void nfm_meter_socket_drops(struct nfm_meter *meter, uint64_t datagrams, uint64_t now_ns)
{
	nfm_journal_begin(meter->log, &meter->table);
	count_reason(meter, NFM_REASON_RECEIVED, datagrams, 0, now_ns);
	count_reason(meter, NFM_REASON_SOCKET_FULL, datagrams, 0, now_ns);
	nfm_journal_commit(meter->log, NFM_JOURNAL_NO_RING, NULL);
}
