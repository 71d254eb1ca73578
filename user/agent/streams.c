// SPDX-License-Identifier: GPL-2.0-only
/*
 * The streams' accounts, fed by the datapath's sequence log. Each CPU writes its own column of the
 * log; here they are merged by time, so that a stream that wanders between CPUs is one again.
 */
#include <string.h>

#include "agent/meter.h"
#include "flow/sequence.h"

static struct nfm_stream *find_stream(struct nfm_meter *meter, const struct nfm_seqlog *entry)
{
	struct nfm_table *t = &meter->table;
	uint32_t count = t->ctl->stream_count;
	struct nfm_stream *s;

	for (uint32_t i = 0; i < count; i++) {
		s = &t->streams[i];
		if (s->exporter == entry->exporter && s->version == entry->version &&
		    s->domain == entry->domain)
			return s;
	}
	if (count >= t->geometry.streams)
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

void nfm_meter_sequence(struct nfm_meter *meter, const struct nfm_seqlog *entry)
{
	struct nfm_stream *s;

	if (entry->exporter >= meter->table.geometry.exporters)
		return;
	s = find_stream(meter, entry);
	if (s)
		nfm_sequence_take(s, entry, &meter->table.exporters[entry->exporter].units_unseen);
}

/* ---- merging the columns ---- */

struct column {
	const struct nfm_seqlog *line; /* entry 0 of the ring behind the head */
	uint64_t next;
	uint64_t end;
};

/*
 * The agent came too late for some lines. What they told is lost, but not how many records they
 * stood for: the exporters' rows say how many the kernel counted.
 */
static void credit_overrun(struct nfm_meter *meter)
{
	struct nfm_table *t = &meter->table;

	for (uint32_t i = 0; i < t->ctl->exporter_count; i++) {
		struct nfm_exporter *e = &t->exporters[i];
		struct nfm_row row;

		nfm_table_sum_kernel(t, nfm_table_exporter_row(t, i), &row);
		if (row.exporter.records > e->units_seen) {
			e->units_unseen += row.exporter.records - e->units_seen;
			e->units_seen = row.exporter.records;
		}
	}
}

/* Opens a column at its tail; lines that were overwritten meanwhile are skipped and counted. */
static bool open_column(struct nfm_meter *meter, uint32_t number, struct column *c)
{
	struct nfm_table *t = &meter->table;
	uint32_t entries = t->geometry.seqlog_entries;
	const struct nfm_seqlog *first = &t->seqlog[(uint64_t)number * (entries + 1)];
	uint64_t *tail = &t->ctl->seqlog_tail[number];
	/* a line that is being overwritten while we read: keep clear of the oldest ones */
	uint64_t usable = entries - entries / 8;

	c->end = __atomic_load_n(&first->head, __ATOMIC_ACQUIRE);
	c->line = first + 1;
	c->next = *tail;
	if (c->end - c->next <= usable)
		return false;
	t->ctl->seqlog_overruns += c->end - c->next - usable;
	c->next = c->end - usable;
	return true;
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

void nfm_meter_fold(struct nfm_meter *meter)
{
	struct nfm_table *t = &meter->table;
	uint32_t mask = t->geometry.seqlog_entries - 1;
	uint32_t count = nfm_table_agent_column(t);
	struct column columns[NFM_MAX_COLUMNS];
	struct column *c;
	bool overrun = false;

	for (uint32_t i = 0; i < count; i++)
		overrun |= open_column(meter, i, &columns[i]);
	while ((c = oldest(columns, count, mask))) {
		struct nfm_seqlog entry = c->line[c->next & mask];

		if (entry.exporter < t->geometry.exporters)
			t->exporters[entry.exporter].units_seen += entry.units;
		nfm_meter_sequence(meter, &entry);
		c->next++;
		t->ctl->seqlog_tail[c - columns] = c->next;
	}
	if (overrun)
		credit_overrun(meter);
}
