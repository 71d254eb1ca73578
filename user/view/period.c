// SPDX-License-Identifier: GPL-2.0-only
#include "view/period.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "view/when.h"

#define GAPS_SHOWN 10U
#define SHARE_DECIMALS 6U
#define SHARE_WHOLE 1000000ULL

/* ---- the range ---- */

/* The second that has begun is in it whole: an interval that has just ended is not cut. */
void nfm_period_init(struct nfm_period *period)
{
	uint64_t now_unix_s = (nfm_clock_unix_ns() + NFM_NS_PER_S - 1) / NFM_NS_PER_S;

	*period = (struct nfm_period){
		.now_unix_s = now_unix_s,
		.to_unix_s = now_unix_s,
		.percentile = NFM_PERIOD_PERCENTILE,
	};
}

static int take_from(struct nfm_period *period, const char *text)
{
	period->from_given = true;
	return nfm_when_parse(text, period->now_unix_s, &period->from_unix_s);
}

static int take_to(struct nfm_period *period, const char *text)
{
	period->to_given = true;
	return nfm_when_parse(text, period->now_unix_s, &period->to_unix_s);
}

static int take_month(struct nfm_period *period, const char *text)
{
	period->from_given = period->to_given = true;
	return nfm_when_parse_month(text, &period->from_unix_s, &period->to_unix_s);
}

static int take_day(struct nfm_period *period, const char *text)
{
	period->from_given = period->to_given = true;
	return nfm_when_parse_day(text, period->now_unix_s, &period->from_unix_s,
				  &period->to_unix_s);
}

static int take_percentile(struct nfm_period *period, const char *text)
{
	uint64_t percentile;
	int err = nfm_units_parse_u64(text, 1, 100, &percentile);

	if (!err)
		period->percentile = (unsigned int)percentile;
	return err;
}

static const struct {
	const char *name;
	int (*take)(struct nfm_period *period, const char *text);
	const char *form;
} parts[] = {
	{ "from", take_from, NFM_WHEN_FORM },
	{ "to", take_to, NFM_WHEN_FORM },
	{ "month", take_month, "a month such as 2026-10" },
	{ "day", take_day, "a day such as 2026-10-05, today or yesterday" },
	{ "percentile", take_percentile, "a whole number, 1 to 100" },
};

int nfm_period_take(struct nfm_period *period, const char *name, const char *text,
		    struct nfm_error *error)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(parts); i++) {
		struct nfm_period taken = *period;
		int err;

		if (strcmp(parts[i].name, name) != 0)
			continue;
		err = parts[i].take(&taken, text);
		if (err)
			return nfm_error_set(error, -EINVAL, "%s %s: %s: %s", name, text,
					     err == -ERANGE ? "out of range" : "not understood",
					     parts[i].form);
		*period = taken;
		return 0;
	}
	return -ENOENT;
}

int nfm_period_check(const struct nfm_period *period, struct nfm_error *error)
{
	char from[64], to[64];

	if (period->from_unix_s < period->to_unix_s)
		return 0;
	return nfm_error_set(error, -EINVAL,
			     "the range from %s to %s is empty: its end must come after its begin",
			     nfm_units_format_local(period->from_unix_s * NFM_NS_PER_S, from,
						    sizeof(from)),
			     nfm_units_format_local(period->to_unix_s * NFM_NS_PER_S, to,
						    sizeof(to)));
}

/* ---- coverage ---- */

bool nfm_period_is_empty(const struct nfm_history_head *head)
{
	return !head->finest_s;
}

void nfm_period_write_coverage(struct nfm_output *out, const struct nfm_history_head *head)
{
	const struct nfm_history_quality *quality = &head->quality;

	nfm_output_object(out, "coverage");
	nfm_output_decimal(out, "seconds", quality->covered_ms, 3);
	nfm_output_decimal(out, "elapsed_seconds", head->elapsed_ms, 3);
	nfm_output_decimal(out, "share",
			   head->elapsed_ms ? (uint64_t)((unsigned __int128)quality->covered_ms *
							 SHARE_WHOLE / head->elapsed_ms) : 0,
			   SHARE_DECIMALS);
	nfm_output_u64(out, "lost_records", quality->lost_records);
	nfm_output_u64(out, "lost_datagrams", quality->lost_datagrams);
	nfm_output_u64(out, "rejected_records", quality->rejected_records);
	nfm_output_u64(out, "rejected_datagrams", quality->rejected_datagrams);
	nfm_output_u64(out, "unbalanced_snapshots", quality->unbalanced);
	nfm_output_u64(out, "damaged_files", head->damaged);
	nfm_output_array(out, "gaps");
	for (uint32_t i = 0; i < NFM_MIN(head->gap_count, NFM_HISTORY_GAPS); i++) {
		nfm_output_object(out, NULL);
		nfm_output_time(out, "from", head->gap[i].from_unix_s * NFM_NS_PER_S);
		nfm_output_time(out, "to", head->gap[i].to_unix_s * NFM_NS_PER_S);
		nfm_output_end(out);
	}
	nfm_output_end(out);
	nfm_output_u64(out, "gap_count", head->gap_count);
	nfm_output_end(out);
}

/* "3 days 4 h 5 min 6 s", of the parts that are not zero. */
static char *format_span(uint64_t span_ms, char *buf, size_t size)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = { { "d", 86400000 }, { "h", 3600000 }, { "min", 60000 }, { "s", 1000 } };
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NFM_ARRAY_SIZE(units); i++) {
		uint64_t number = span_ms / units[i].ms;

		if (!number || used + 32 > size)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%" PRIu64 " %s",
					 used ? " " : "", number, units[i].name);
		span_ms %= units[i].ms;
	}
	if (!used)
		snprintf(buf, size, "%" PRIu64 " ms", span_ms);
	return buf;
}

static void write_gaps(struct nfm_output *out, const struct nfm_history_head *head)
{
	uint32_t shown = NFM_MIN(head->gap_count, GAPS_SHOWN);

	for (uint32_t i = 0; i < shown; i++) {
		const struct nfm_history_gap *gap = &head->gap[i];
		char from[64], to[64], length[128];

		nfm_output_line(out, "  nothing counted from %s to %s (%s)",
				nfm_units_format_local(gap->from_unix_s * NFM_NS_PER_S, from,
						       sizeof(from)),
				nfm_units_format_local(gap->to_unix_s * NFM_NS_PER_S, to,
						       sizeof(to)),
				format_span((gap->to_unix_s - gap->from_unix_s) * 1000, length,
					    sizeof(length)));
	}
	if (head->gap_count > shown)
		nfm_output_line(out, "  and %" PRIu32 " more gaps (-o json lists them)",
				head->gap_count - shown);
}

static void write_loss(struct nfm_output *out, const struct nfm_history_quality *quality)
{
	if (quality->lost_records || quality->lost_datagrams)
		nfm_output_line(out,
				"INCOMPLETE: %" PRIu64 " records and %" PRIu64 " datagrams were "
				"lost on their way here: their bytes are missing below",
				quality->lost_records, quality->lost_datagrams);
	if (quality->rejected_records || quality->rejected_datagrams)
		nfm_output_line(out,
				"INCOMPLETE: %" PRIu64 " datagrams and %" PRIu64 " records were "
				"rejected: `nfmeter status` says why",
				quality->rejected_datagrams, quality->rejected_records);
	if (quality->unbalanced)
		nfm_output_line(out, "DOUBTFUL: %" PRIu64 " snapshots do not add up: please "
				     "report this", quality->unbalanced);
}

void nfm_period_write_warnings(struct nfm_output *out, const struct nfm_history_head *head)
{
	uint64_t missing_ms = head->elapsed_ms - head->quality.covered_ms;
	unsigned int hundredths; /* of a percent, never rounded up to the whole */
	char missing[128];

	if (nfm_period_is_empty(head)) {
		nfm_output_line(out, "no data: no snapshot and no rollup lies in this range");
		return;
	}
	hundredths = head->elapsed_ms ? (unsigned int)((unsigned __int128)head->quality.covered_ms *
						       10000 / head->elapsed_ms) : 0;
	if (!missing_ms)
		nfm_output_line(out, "coverage 100 %%");
	else
		nfm_output_line(out, "INCOMPLETE: coverage %u.%02u %%: %s missing",
				hundredths / 100, hundredths % 100,
				format_span(missing_ms, missing, sizeof(missing)));
	write_gaps(out, head);
	write_loss(out, &head->quality);
	if (head->damaged)
		nfm_output_line(out, "INCOMPLETE: %" PRIu32 " files are damaged: what they held is "
				     "missing below", head->damaged);
}

/* ---- rates ---- */

/* Without a sample there is neither a maximum nor a percentile: 0 to programs, "-" to people. */
static void write_of_samples(struct nfm_output *out, const char *key,
			     const struct nfm_history_rates *rates, uint64_t bps)
{
	if (!rates->samples && nfm_output_format(out) == NFM_FORMAT_TEXT)
		nfm_output_null(out, key);
	else
		nfm_output_rate(out, key, bps);
}

char *nfm_period_format_samples(const struct nfm_history_rates *rates, unsigned int percentile,
				char buf[NFM_PERIOD_SAMPLES_TEXT])
{
	if (rates->samples)
		snprintf(buf, NFM_PERIOD_SAMPLES_TEXT,
			 "maximum and percentile %u are of %" PRIu32 " samples of %" PRIu32 " s",
			 percentile, rates->samples, rates->sample_s);
	else
		snprintf(buf, NFM_PERIOD_SAMPLES_TEXT,
			 "no maximum and no percentile: no sample of %" PRIu32
			 " s is covered by half", rates->sample_s);
	return buf;
}

void nfm_period_write_rates(struct nfm_output *out, const struct nfm_history_rates *rates,
			    unsigned int percentile)
{
	nfm_output_object(out, "average");
	nfm_output_rate(out, "up_bps", rates->up_average_bps);
	nfm_output_rate(out, "down_bps", rates->down_average_bps);
	nfm_output_end(out);
	nfm_output_object(out, "maximum");
	write_of_samples(out, "up_bps", rates, rates->up_most_bps);
	write_of_samples(out, "down_bps", rates, rates->down_most_bps);
	nfm_output_end(out);
	nfm_output_object(out, "percentile");
	nfm_output_u64(out, "p", percentile);
	write_of_samples(out, "up_bps", rates, rates->up_percentile_bps);
	write_of_samples(out, "down_bps", rates, rates->down_percentile_bps);
	write_of_samples(out, "larger_bps", rates, rates->larger_percentile_bps);
	nfm_output_end(out);
}
