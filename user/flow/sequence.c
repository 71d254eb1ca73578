// SPDX-License-Identifier: GPL-2.0-only
#include "flow/sequence.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "wire.h"

/* A header's clock against ours: queues and coarse clocks move it, a restart moves it more. */
#define UPTIME_TOLERANCE_MS 5000
#define UPTIME_JITTER_MS 1000

/*
 * So many datagrams in a row that say the same of the numbers prove it. No loss lets records look
 * like datagrams: the next number after two records or more is two or more away, a late one is
 * behind. Datagrams look like records only if, each time, exactly as many were lost as one of the
 * two has records, less one, and none came in order: seldom once, hardly five times; and then five
 * datagrams in order undo it without a trace, because the other account has gone on as well.
 */
#define VOTES_NEEDED 5U

struct rule {
	uint32_t unit;
	uint32_t reorder;    /* how far behind the newest a late datagram may be, in units */
	uint64_t per_second; /* more than any exporter sends: such a leap is a new count, no loss */
};

/* Indexed by NFM_COUNTING_…; datagrams of 32 records. In order of likelihood. */
static const struct rule rules[NFM_COUNTINGS] = {
	[NFM_COUNTING_RECORDS] = { NFM_UNIT_RECORDS, NFM_STREAM_RECENT * 32, 1000000 },
	[NFM_COUNTING_DATAGRAMS] = { NFM_UNIT_DATAGRAMS, NFM_STREAM_RECENT, 100000 },
	[NFM_COUNTING_RECORDS_END] = { NFM_UNIT_RECORDS, NFM_STREAM_RECENT * 32, 1000000 },
};

/* A word, as one way of counting reads it. */
struct reading {
	uint32_t start; /* number of its first unit */
	uint32_t units;
};

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

/* ---- one account ---- */

static struct reading read_word(uint32_t counting, const struct nfm_seqlog *e)
{
	if (counting == NFM_COUNTING_DATAGRAMS)
		return (struct reading){ e->sequence, 1 };
	if (counting == NFM_COUNTING_RECORDS_END)
		return (struct reading){ e->sequence - e->units, e->units };
	return (struct reading){ e->sequence, e->units };
}

/* What counts nothing has no number of its own: the next datagram's is the same. */
static void remember(struct nfm_account *a, const struct nfm_seqlog *e, const struct reading *r)
{
	if (r->units)
		a->recent[a->recent_count++ % NFM_STREAM_RECENT] = e->sequence;
}

static bool is_recent(const struct nfm_account *a, uint32_t sequence)
{
	uint32_t count = NFM_MIN(a->recent_count, NFM_STREAM_RECENT);

	for (uint32_t i = 0; i < count; i++)
		if (a->recent[i] == sequence)
			return true;
	return false;
}

static void update_lost(struct nfm_account *a)
{
	a->lost = a->lost_closed + (a->span > a->span_received ? a->span - a->span_received : 0);
}

static void begin_run(struct nfm_account *a, const struct nfm_seqlog *e, const struct reading *r)
{
	update_lost(a);
	a->lost_closed = a->lost;
	a->span = r->units;
	a->span_received = r->units;
	a->received += r->units;
	a->next = r->start + r->units;
	a->open = e->open;
	a->recent_count = 0;
	remember(a, e, r);
}

static int64_t elapsed_ms(const struct nfm_stream *s, const struct nfm_seqlog *e)
{
	return (int64_t)(e->time_ns - s->time_ns) / (int64_t)NFM_NS_PER_MS;
}

/* The header's clock does not keep pace with ours, modulo its 32 bits. */
static bool is_off_pace(const struct nfm_stream *s, const struct nfm_seqlog *e)
{
	int64_t elapsed = elapsed_ms(s, e);
	int32_t deviation = (int32_t)(e->uptime_ms - s->uptime_ms - (uint32_t)elapsed);

	return llabs((long long)deviation) > UPTIME_TOLERANCE_MS + llabs(elapsed) / 1000;
}

/*
 * The router's uptime fell, and not because its 32 bits wrapped: then it would still keep pace
 * with our clock. The router's wall clock is not asked, NTP steps it; and IPFIX has nothing else.
 * A word that is judged after a later one (it waited in the punt ring) is held against its own
 * arrival.
 */
static bool has_restarted(const struct nfm_stream *s, const struct nfm_seqlog *e)
{
	return e->version != NFM_IPFIX && e->uptime_ms < s->uptime_ms &&
	       s->uptime_ms - e->uptime_ms > UPTIME_JITTER_MS && is_off_pace(s, e);
}

/*
 * A number behind the newest, from a datagram that was sent after it. With IPFIX also from a clock
 * that was set: routers without a battery start with an old one.
 */
static bool is_new_count(const struct nfm_stream *s, const struct nfm_seqlog *e, bool is_far)
{
	int32_t newer_ms = (int32_t)(e->uptime_ms - s->uptime_ms);

	return newer_ms > UPTIME_JITTER_MS || (newer_ms > 0 && is_far) ||
	       elapsed_ms(s, e) > INT32_MAX || (e->version == NFM_IPFIX && is_off_pace(s, e));
}

/* Behind the newest: late, a second copy, or (newer all the same) a count begun anew: false. */
static bool take_behind(const struct nfm_stream *s, struct nfm_account *a, const struct rule *rule,
			const struct nfm_seqlog *e, const struct reading *r)
{
	uint32_t behind = a->next - r->start;
	bool is_far = behind > rule->reorder;

	if (is_new_count(s, e, is_far))
		return false;
	/* too late to be told from a second copy: to begin anew here would make loss of nothing */
	if (r->units && (is_far || is_recent(a, e->sequence))) {
		a->duplicates++;
		return true;
	}
	if (!is_far && behind > a->span)
		a->span = behind; /* sent before the first that arrived */
	a->reordered++;
	a->received += r->units;
	a->span_received += r->units;
	remember(a, e, r);
	return true;
}

/* Both credits are of the same datagrams: they sink in proportion, rounded to the smaller rest. */
static uint64_t take_credit(struct nfm_sequence_credit *unseen, uint32_t unit, uint64_t gap)
{
	uint64_t *own = unit == NFM_UNIT_RECORDS ? &unseen->records : &unseen->datagrams;
	uint64_t *other = unit == NFM_UNIT_RECORDS ? &unseen->datagrams : &unseen->records;
	uint64_t filled = NFM_MIN(gap, *own);

	if (filled) {
		*other = (uint64_t)((unsigned __int128)*other * (*own - filled) / *own);
		*own -= filled;
	}
	return filled;
}

/*
 * The next in order, or the next but for a gap. What the datagram before it (or, where numbers are
 * of the end, itself) holds in sets without a template has numbers, too, and waits in the agent: so
 * much of the gap is not lost.
 */
static bool take_ahead(const struct nfm_stream *s, struct nfm_account *a, const struct rule *rule,
		       const struct nfm_seqlog *e, const struct reading *r,
		       struct nfm_sequence_credit *unseen)
{
	uint32_t gap = r->start - a->next;
	uint64_t elapsed_s = e->time_ns > s->time_ns ? (e->time_ns - s->time_ns) / NFM_NS_PER_S : 0;
	uint32_t open = rule == &rules[NFM_COUNTING_RECORDS_END] ? e->open : a->open;
	uint64_t filled;

	if (gap > rule->per_second * (elapsed_s + 1))
		return false;
	filled = take_credit(unseen, rule->unit, gap);
	if (rule->unit == NFM_UNIT_RECORDS)
		filled += NFM_MIN(gap - filled, open);
	a->span += (uint64_t)gap + r->units;
	a->received += filled + r->units;
	a->span_received += filled + r->units;
	a->next = r->start + r->units;
	a->open = e->open;
	remember(a, e, r);
	return true;
}

/* Returns whether the word is the newest. */
static bool take_word(const struct nfm_stream *s, uint32_t counting, const struct nfm_seqlog *e,
		      bool restarted, struct nfm_account *a, struct nfm_sequence_credit *unseen)
{
	const struct rule *rule = &rules[counting];
	struct reading r = read_word(counting, e);
	bool ahead = (int32_t)(r.start - a->next) >= 0;
	bool first = !s->datagrams;
	bool begins = first || restarted;

	/* softflowd does not count its options records: the numbers go on by less than we saw */
	if (counting == NFM_COUNTING_RECORDS_END && !begins && !ahead &&
	    (int32_t)(e->sequence - a->next) > 0) {
		r = (struct reading){ a->next, e->sequence - a->next };
		ahead = true;
	}
	if (begins || (ahead && !take_ahead(s, a, rule, e, &r, unseen)) ||
	    (!ahead && !take_behind(s, a, rule, e, &r))) {
		begin_run(a, e, &r);
		a->resets += !first;
		ahead = true;
	}
	update_lost(a);
	return ahead;
}

/* ---- what the numbers count ---- */

/*
 * Which ways of counting the step from the word before explains, a bit for each; -1: a step that
 * says nothing, because that one's records are not known. The same number twice is a second copy,
 * unless the first one counted nothing.
 */
static int explain(const struct nfm_stream *s, const struct nfm_seqlog *e)
{
	uint32_t step = e->sequence - s->sequence;
	int fits = 0;

	if (s->open || (!step && (s->records || !e->units)))
		return -1;
	if (step == s->records)
		fits |= 1 << NFM_COUNTING_RECORDS;
	if (step == 1)
		fits |= 1 << NFM_COUNTING_DATAGRAMS;
	if (step == e->units)
		fits |= 1 << NFM_COUNTING_RECORDS_END;
	return fits;
}

/* A step that several ways explain is a vote for none against another; its own: for it alone. */
static void count_votes(struct nfm_stream *s, int fits)
{
	int believed = 1 << s->counting;

	for (uint32_t i = 0; i < NFM_COUNTINGS; i++) {
		if (!(fits & (1 << i)))
			s->votes[i] = 0;
		else if (i == s->counting ? fits == believed : !(fits & believed))
			s->votes[i]++;
	}
}

/* The way of counting that has enough votes, more than each likelier one; or the believed one. */
static uint32_t elect(const struct nfm_stream *s)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < NFM_COUNTINGS; i++) {
		if (i == s->counting)
			continue;
		if (s->votes[i] >= most + VOTES_NEEDED)
			return i;
		most = NFM_MAX(most, s->votes[i]);
	}
	return s->counting;
}

/* The believed account is right up to this word: what the others make up is void. */
static void align_accounts(struct nfm_stream *s, const struct nfm_seqlog *e)
{
	const struct nfm_account *believed = &s->account[s->counting];

	for (uint32_t i = 0; i < NFM_COUNTINGS; i++) {
		struct nfm_account *a = &s->account[i];
		struct reading r = read_word(i, e);

		if (i == s->counting)
			continue;
		*a = *believed;
		a->lost_closed = a->lost;
		a->span = 0;
		a->span_received = 0;
		a->next = r.start + r.units;
	}
}

static void learn(struct nfm_stream *s, const struct nfm_seqlog *e)
{
	int fits = explain(s, e);
	uint32_t elected;

	if (fits < 0)
		return;
	count_votes(s, fits);
	elected = elect(s);
	if (elected != s->counting) {
		s->counting = elected;
		s->unit = rules[elected].unit;
		memset(s->votes, 0, sizeof(s->votes));
	} else if (s->votes[elected] >= VOTES_NEEDED) {
		align_accounts(s, e);
		s->votes[elected] = VOTES_NEEDED; /* a later one in order does, too */
	}
}

/* ---- a stream ---- */

static void show_account(struct nfm_stream *s)
{
	const struct nfm_account *a = &s->account[s->counting];

	s->received = a->received;
	s->lost = a->lost;
	s->resets = a->resets;
	s->duplicates = a->duplicates;
	s->reordered = a->reordered;
}

/* Every account takes the word, so that what was lost is known once it is known what counts. */
static bool take_all(struct nfm_stream *s, const struct nfm_seqlog *e,
		     struct nfm_sequence_credit *unseen)
{
	bool restarted = s->datagrams && has_restarted(s, e);
	struct nfm_sequence_credit before = *unseen;
	bool is_newest = false;

	for (uint32_t i = 0; i < NFM_COUNTINGS; i++) {
		struct nfm_sequence_credit copy = before;
		bool believed = i == s->counting;
		bool ahead = take_word(s, i, e, restarted, &s->account[i],
				       believed ? unseen : &copy);

		if (believed)
			is_newest = ahead;
	}
	return is_newest;
}

void nfm_sequence_take(struct nfm_stream *s, const struct nfm_seqlog *e,
		       struct nfm_sequence_credit *unseen)
{
	bool ahead;

	if (e->time_ns > s->last_seen_ns)
		s->last_seen_ns = e->time_ns;
	if (s->unit == NFM_UNIT_NONE) {
		s->datagrams++;
		s->received += e->units;
		return;
	}
	if (!s->datagrams)
		s->counting = s->unit == NFM_UNIT_DATAGRAMS ? NFM_COUNTING_DATAGRAMS :
							      NFM_COUNTING_RECORDS;
	ahead = take_all(s, e, unseen);
	if (s->datagrams)
		learn(s, e);
	s->datagrams++;
	show_account(s);
	s->sequence = e->sequence;
	s->records = e->units;
	s->open = e->open;
	/* a late datagram's clock is no news */
	if (ahead || (int32_t)(e->uptime_ms - s->uptime_ms) > 0) {
		s->uptime_ms = e->uptime_ms;
		s->time_ns = e->time_ns;
	}
}
