// SPDX-License-Identifier: GPL-2.0-only
/*
 * The streams' accounts, fed by the datapath's sequence log. Each CPU writes its own column of the
 * log; here they are merged by time, so that a stream that wanders between CPUs is one again. The
 * agent's own datagrams take their place among them by the same time.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/meter.h"
#include "base/cleanup.h"
#include "flow/sequence.h"

static bool is_stream(const struct nfm_stream *s, const struct nfm_seqlog *entry)
{
	return s->exporter == entry->exporter && s->version == entry->version &&
	       s->domain == entry->domain;
}

static struct nfm_stream *add_stream(struct nfm_table *t, const struct nfm_seqlog *entry)
{
	uint32_t count = t->ctl->stream_count;
	struct nfm_stream *s;

	if (count >= NFM_MIN(t->geometry.streams, NFM_METER_STREAMS))
		return NULL;
	s = &t->streams[count];
	memset(s, 0, sizeof(*s));
	s->exporter = entry->exporter;
	s->version = entry->version;
	s->domain = entry->domain;
	s->unit = nfm_sequence_unit(entry->version);
	s->used = 1;
	__atomic_store_n(&t->ctl->stream_count, count + 1, __ATOMIC_RELEASE);
	return s;
}

static uint16_t *first_of(struct nfm_meter *meter, uint32_t exporter, uint32_t version,
			  uint32_t domain)
{
	uint64_t key = ((uint64_t)exporter << 48 ^ (uint64_t)version << 32 ^ domain) *
		       0x9e3779b97f4a7c15ULL;

	return &meter->stream_first[key >> 40 & (NFM_METER_STREAMS - 1)];
}

/*
 * An index, because the domain is the sender's word: one that makes up new ones must not cost a
 * walk through all streams for each of its datagrams.
 */
static void index_streams(struct nfm_meter *meter)
{
	const struct nfm_table *t = &meter->table;
	uint32_t count = NFM_MIN(t->ctl->stream_count,
				 NFM_MIN(t->geometry.streams, NFM_METER_STREAMS));

	for (; meter->stream_indexed < count; meter->stream_indexed++) {
		const struct nfm_stream *s = &t->streams[meter->stream_indexed];
		uint16_t *first = first_of(meter, s->exporter, s->version, s->domain);

		meter->stream_next[meter->stream_indexed] = *first;
		*first = (uint16_t)(meter->stream_indexed + 1);
	}
}

static struct nfm_stream *find_stream(struct nfm_meter *meter, const struct nfm_seqlog *entry)
{
	struct nfm_table *t = &meter->table;
	uint16_t at = *first_of(meter, entry->exporter, entry->version, entry->domain);

	for (; at; at = meter->stream_next[at - 1])
		if (is_stream(&t->streams[at - 1], entry))
			return &t->streams[at - 1];
	return add_stream(t, entry);
}

static void take_word(struct nfm_meter *meter, const struct nfm_seqlog *entry)
{
	struct nfm_sequence_credit unseen;
	struct nfm_exporter *e;
	struct nfm_stream *s;

	if (entry->exporter >= meter->table.geometry.exporters)
		return;
	index_streams(meter);
	s = find_stream(meter, entry);
	if (!s)
		return;
	e = &meter->table.exporters[entry->exporter];
	unseen = (struct nfm_sequence_credit){ e->units_unseen, e->datagrams_unseen };
	nfm_sequence_take(s, entry, &unseen);
	e->units_unseen = unseen.records;
	e->datagrams_unseen = unseen.datagrams;
}

/* ---- merging the columns ---- */

struct column {
	const struct nfm_seqlog *line; /* entry 0 of the ring behind the head */
	uint64_t next;
	uint64_t end;
};

/*
 * Opens a column at its tail; returns how many lines were overwritten since and are skipped. A line
 * that is overwritten while we read would be garbage: the oldest eighth is left alone.
 */
static uint64_t open_column(const struct nfm_table *t, uint32_t number, struct column *c)
{
	uint32_t entries = t->geometry.seqlog_entries;
	const struct nfm_seqlog *first = &t->seqlog[(uint64_t)number * (entries + NFM_SEQLOG_HEAD)];
	uint64_t usable = entries - entries / 8;
	uint64_t skipped = 0;

	c->end = __atomic_load_n(&first->head, __ATOMIC_ACQUIRE);
	c->line = first + NFM_SEQLOG_HEAD;
	c->next = t->ctl->seqlog_tail[number];
	if (c->end - c->next > usable) {
		skipped = c->end - c->next - usable;
		c->next = c->end - usable;
	}
	return skipped;
}

static struct column *oldest(struct column *columns, uint32_t count, uint32_t mask)
{
	struct column *found = NULL;
	uint64_t time_ns = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct column *c = &columns[i];
		uint64_t at;

		if (c->next == c->end)
			continue;
		at = c->line[c->next & mask].time_ns;
		if (!found || at < time_ns) {
			found = c;
			time_ns = at;
		}
	}
	return found;
}

/* Records and datagrams that the lines still in the log tell of one exporter each. */
static void sum_pending(const struct nfm_table *t, struct nfm_sequence_credit *pending,
			uint32_t exporters)
{
	uint32_t mask = t->geometry.seqlog_entries - 1;

	for (uint32_t i = 0; i < nfm_table_agent_column(t); i++) {
		struct column c;

		open_column(t, i, &c);
		for (; c.next != c.end; c.next++) {
			const struct nfm_seqlog *line = &c.line[c.next & mask];

			if (line->exporter >= exporters)
				continue;
			pending[line->exporter].records += line->units;
			pending[line->exporter].datagrams++;
		}
	}
}

/* What the rows have counted beyond the lines, those not yet read among them, has no line. */
static void credit(uint64_t counted, uint64_t pending, __u64 *seen, __u64 *unseen)
{
	if (counted <= *seen + pending)
		return;
	*unseen += counted - *seen - pending;
	*seen = counted - pending;
}

/*
 * The agent came too late for some lines. What they told is lost, but not how much they stood for:
 * that is what the exporters' rows have counted in the kernel beyond the lines. Neither has options
 * records: the kernel leaves those to the agent. The rows are read first, so that a datagram which
 * comes meanwhile is not credited as well.
 */
static void credit_overrun(struct nfm_meter *meter, uint64_t skipped)
{
	struct nfm_table *t = &meter->table;
	uint32_t count = t->ctl->exporter_count;
	_cleanup_free_ struct nfm_sequence_credit *counted = calloc(count + 1, sizeof(*counted));
	_cleanup_free_ struct nfm_sequence_credit *pending = calloc(count + 1, sizeof(*pending));

	t->ctl->seqlog_overruns += skipped;
	if (!counted || !pending)
		return; /* the gap then counts as lost: too much said rather than too little */
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_row row;

		nfm_table_sum_kernel(t, nfm_table_exporter_row(t, i), &row);
		counted[i].records = row.exporter.records;
		counted[i].datagrams = row.exporter.datagrams;
	}
	sum_pending(t, pending, count);
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_exporter *e = &t->exporters[i];

		credit(counted[i].records, pending[i].records, &e->units_seen, &e->units_unseen);
		credit(counted[i].datagrams, pending[i].datagrams, &e->datagrams_seen,
		       &e->datagrams_unseen);
	}
}

/* Takes the log's lines up to a time; what is younger stays in the log. */
static void fold_until(struct nfm_meter *meter, uint64_t time_ns)
{
	struct nfm_table *t = &meter->table;
	uint32_t mask = t->geometry.seqlog_entries - 1;
	uint32_t count = nfm_table_agent_column(t);
	struct column columns[NFM_MAX_COLUMNS];
	struct column *c;
	uint64_t skipped = 0;

	for (uint32_t i = 0; i < count; i++)
		skipped += open_column(t, i, &columns[i]);
	if (skipped)
		credit_overrun(meter, skipped);
	for (uint32_t i = 0; i < count; i++)
		t->ctl->seqlog_tail[i] = columns[i].next;
	while ((c = oldest(columns, count, mask))) {
		struct nfm_seqlog entry = c->line[c->next & mask];

		if (entry.time_ns > time_ns)
			break;
		if (entry.exporter < t->geometry.exporters) {
			t->exporters[entry.exporter].units_seen += entry.units;
			t->exporters[entry.exporter].datagrams_seen++;
		}
		take_word(meter, &entry);
		c->next++;
		t->ctl->seqlog_tail[c - columns] = c->next;
	}
}

void nfm_meter_sequence(struct nfm_meter *meter, const struct nfm_seqlog *entry)
{
	fold_until(meter, entry->time_ns);
	take_word(meter, entry);
}

void nfm_meter_fold(struct nfm_meter *meter)
{
	const struct nfm_punt *punt;
	uint64_t next;
	bool waits = meter->ring.consumer_pos && nfm_ring_peek(&meter->ring, &punt, &next);

	fold_until(meter, waits ? punt->time_ns : UINT64_MAX);
}
