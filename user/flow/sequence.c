// SPDX-License-Identifier: GPL-2.0-only
#include "flow/sequence.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "wire.h"

/* How far behind the newest a late datagram may be, in datagrams of 32 units. */
#define REORDER_UNITS (NFM_STREAM_RECENT * 32)
/* A header's clock against ours: queues and coarse clocks move it, a restart moves it more. */
#define UPTIME_TOLERANCE_MS 5000
#define UPTIME_JITTER_MS 1000
/* More units a second than any exporter sends: such a leap is a new count, not a loss. */
#define UNITS_PER_SECOND 1000000ULL

uint32_t nfm_sequence_unit(uint32_t version)
{
	switch (version) {
	case NFM_NETFLOW_V5:
	case NFM_NETFLOW_V7:
	case NFM_IPFIX:
		return NFM_UNIT_RECORDS;
	case NFM_NETFLOW_V9:
		return NFM_UNIT_DATAGRAMS;
	default:
		return NFM_UNIT_NONE;
	}
}

static void remember(struct nfm_stream *s, uint32_t sequence)
{
	s->recent[s->recent_count++ % NFM_STREAM_RECENT] = sequence;
}

static bool is_recent(const struct nfm_stream *s, uint32_t sequence)
{
	uint32_t count = s->recent_count < NFM_STREAM_RECENT ? s->recent_count : NFM_STREAM_RECENT;

	for (uint32_t i = 0; i < count; i++)
		if (s->recent[i] == sequence)
			return true;
	return false;
}

static void update_lost(struct nfm_stream *s)
{
	s->lost = s->lost_closed + (s->span > s->span_received ? s->span - s->span_received : 0);
}

static void begin_run(struct nfm_stream *s, const struct nfm_seqlog *e)
{
	update_lost(s);
	s->lost_closed = s->lost;
	s->span = e->units;
	s->span_received = e->units;
	s->next = e->sequence + e->units;
	s->recent_count = 0;
	remember(s, e->sequence);
}

/*
 * The router's uptime fell, and not because its 32 bits wrapped: then it would still keep pace
 * with our clock, modulo 2^32. The router's wall clock is not asked: NTP steps it. A word that
 * is judged after a later one (it waited in the punt ring) is held against its own arrival.
 */
static bool has_restarted(const struct nfm_stream *s, const struct nfm_seqlog *e)
{
	int64_t elapsed_ms = (int64_t)(e->time_ns - s->time_ns) / (int64_t)NFM_NS_PER_MS;
	int32_t deviation = (int32_t)(e->uptime_ms - s->uptime_ms - (uint32_t)elapsed_ms);
	int64_t tolerance = UPTIME_TOLERANCE_MS + llabs(elapsed_ms) / 1000;

	return e->uptime_ms < s->uptime_ms && s->uptime_ms - e->uptime_ms > UPTIME_JITTER_MS &&
	       llabs((long long)deviation) > tolerance;
}

/* Behind the newest: late, a second copy, or (newer all the same) a count begun anew. */
static bool take_behind(struct nfm_stream *s, const struct nfm_seqlog *e)
{
	uint32_t behind = s->next - e->sequence;
	int32_t newer_ms = (int32_t)(e->uptime_ms - s->uptime_ms);

	if (newer_ms > UPTIME_JITTER_MS || (newer_ms >= 0 && behind > REORDER_UNITS))
		return false;
	/* too late to be told from a second copy: to begin anew here would make loss of nothing */
	if (is_recent(s, e->sequence) || behind > REORDER_UNITS) {
		s->duplicates++;
		return true;
	}
	if (behind > s->span)
		s->span = behind; /* sent before the first that arrived */
	s->reordered++;
	s->received += e->units;
	s->span_received += e->units;
	remember(s, e->sequence);
	return true;
}

static bool take_ahead(struct nfm_stream *s, const struct nfm_seqlog *e, __u64 *unseen)
{
	uint32_t gap = e->sequence - s->next;
	uint64_t elapsed_s = e->time_ns > s->time_ns ? (e->time_ns - s->time_ns) / NFM_NS_PER_S : 0;
	uint64_t filled = gap < *unseen ? gap : *unseen;

	if (gap > UNITS_PER_SECOND * (elapsed_s + 1))
		return false;
	*unseen -= filled;
	s->span += (uint64_t)gap + e->units;
	s->received += filled + e->units;
	s->span_received += filled + e->units;
	s->next = e->sequence + e->units;
	remember(s, e->sequence);
	return true;
}

static void set_clock(struct nfm_stream *s, const struct nfm_seqlog *e)
{
	s->uptime_ms = e->uptime_ms;
	s->time_ns = e->time_ns;
}

void nfm_sequence_take(struct nfm_stream *s, const struct nfm_seqlog *e, __u64 *unseen)
{
	bool first = !s->datagrams;
	bool restarted = !first && has_restarted(s, e);
	bool ahead = (int32_t)(e->sequence - s->next) >= 0;

	s->datagrams++;
	if (e->time_ns > s->last_seen_ns)
		s->last_seen_ns = e->time_ns;
	if (s->unit == NFM_UNIT_NONE) {
		s->received += e->units;
		return;
	}
	if (first || restarted || (ahead && !take_ahead(s, e, unseen)) ||
	    (!ahead && !take_behind(s, e))) {
		begin_run(s, e);
		s->received += e->units;
		s->resets += !first;
		ahead = true;
	}
	/* a late datagram's clock is no news */
	if (ahead || (int32_t)(e->uptime_ms - s->uptime_ms) > 0)
		set_clock(s, e);
	update_lost(s);
}
