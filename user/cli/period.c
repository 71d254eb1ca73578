// SPDX-License-Identifier: GPL-2.0-only
#include "cli/period.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/when.h"

#define GAPS_SHOWN 10U
#define PROGRESS_AFTER_NS NFM_NS_PER_S
#define PROGRESS_EVERY_NS (NFM_NS_PER_S / 5)
#define SHARE_DECIMALS 6U
#define SHARE_WHOLE 1000000ULL

/* ---- the range ---- */

static int refuse(const char *option, const char *text, int err, const char *form)
{
	fprintf(stderr, "nfmeter: --%s %s: %s: %s\n", option, text,
		err == -ERANGE ? "out of range" : "not understood", form);
	return -EINVAL;
}

static int take_percentile(struct nfm_period *period, const char *text)
{
	uint64_t percentile;
	int err = nfm_units_parse_u64(text, 1, 100, &percentile);

	if (err)
		return refuse("percentile", text, err, "a whole number, 1 to 100");
	period->percentile = (unsigned int)percentile;
	return 0;
}

static int take_both(struct nfm_period *period, const char *option, const char *text)
{
	bool month = !strcmp(option, "month");
	int err = month ? nfm_when_parse_month(text, &period->from_unix_s, &period->to_unix_s) :
			  nfm_when_parse_day(text, period->now_unix_s, &period->from_unix_s,
					     &period->to_unix_s);

	if (err)
		return refuse(option, text, err,
			      month ? "a month such as 2026-10" :
				      "a day such as 2026-10-05, today or yesterday");
	period->from_given = period->to_given = true;
	return 0;
}

/* The second that has begun is in it whole: an interval that has just ended is not cut. */
uint64_t nfm_period_now_unix_s(void)
{
	return (nfm_clock_unix_ns() + NFM_NS_PER_S - 1) / NFM_NS_PER_S;
}

int nfm_period_option(struct nfm_period *period, int code, const char *text)
{
	int err;

	switch (code) {
	case 'f':
		err = nfm_when_parse(text, period->now_unix_s, &period->from_unix_s);
		period->from_given = true;
		return err ? refuse("from", text, err, NFM_WHEN_FORM) : 0;
	case 't':
		err = nfm_when_parse(text, period->now_unix_s, &period->to_unix_s);
		period->to_given = true;
		return err ? refuse("to", text, err, NFM_WHEN_FORM) : 0;
	case 'm':
		return take_both(period, "month", text);
	case 'd':
		return take_both(period, "day", text);
	case 'p':
		return take_percentile(period, text);
	}
	return -EINVAL;
}

int nfm_period_check(const struct nfm_period *period)
{
	char from[64], to[64];

	if (period->from_unix_s < period->to_unix_s)
		return 0;
	fprintf(stderr, "nfmeter: the range from %s to %s is empty: --to must come after --from\n",
		nfm_units_format_local(period->from_unix_s * NFM_NS_PER_S, from, sizeof(from)),
		nfm_units_format_local(period->to_unix_s * NFM_NS_PER_S, to, sizeof(to)));
	return -EINVAL;
}

/* ---- progress ---- */

int nfm_period_progress(void *cookie, uint64_t done, uint64_t all)
{
	struct nfm_period_progress *progress = cookie;
	uint64_t now_ns = nfm_clock_monotonic_ns();

	if (!progress->begin_ns)
		progress->begin_ns = now_ns;
	if (!all || now_ns < progress->begin_ns + PROGRESS_AFTER_NS ||
	    now_ns < progress->shown_ns + PROGRESS_EVERY_NS || !isatty(STDERR_FILENO))
		return 0;
	progress->shown_ns = now_ns;
	fprintf(stderr, "\r%s: %" PRIu64 " %%", progress->what, 100 * NFM_MIN(done, all) / all);
	return 0;
}

void nfm_period_progress_end(struct nfm_period_progress *progress)
{
	if (progress->shown_ns)
		fprintf(stderr, "\r\033[K");
	progress->shown_ns = 0;
}

void nfm_period_damaged(void *cookie, const struct nfm_error *error)
{
	nfm_period_progress_end(cookie);
	fprintf(stderr, "nfmeter: %s\n", error->text);
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

char *nfm_period_format_rate(const struct nfm_cli *cli, uint64_t bps, char *buf, size_t size)
{
	if (cli->exact_bytes)
		snprintf(buf, size, "%" PRIu64 " b/s", bps);
	else
		nfm_units_format_count(bps, "b/s", buf, size);
	return buf;
}

void nfm_period_write_rate(struct nfm_output *out, const struct nfm_cli *cli, const char *key,
			 uint64_t bps)
{
	char text[32];

	if (cli->format == NFM_FORMAT_TEXT && !cli->exact_bytes)
		nfm_output_string(out, key, nfm_period_format_rate(cli, bps, text, sizeof(text)));
	else
		nfm_output_u64(out, key, bps);
}

/* Without a sample there is neither a maximum nor a percentile: 0 to programs, "-" to people. */
static void write_of_samples(struct nfm_output *out, const struct nfm_cli *cli, const char *key,
			     const struct nfm_history_rates *rates, uint64_t bps)
{
	if (!rates->samples && cli->format == NFM_FORMAT_TEXT)
		nfm_output_null(out, key);
	else
		nfm_period_write_rate(out, cli, key, bps);
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

void nfm_period_write_rates(struct nfm_output *out, const struct nfm_cli *cli,
			  const struct nfm_history_rates *rates, unsigned int percentile)
{
	nfm_output_object(out, "average");
	nfm_period_write_rate(out, cli, "up_bps", rates->up_average_bps);
	nfm_period_write_rate(out, cli, "down_bps", rates->down_average_bps);
	nfm_output_end(out);
	nfm_output_object(out, "maximum");
	write_of_samples(out, cli, "up_bps", rates, rates->up_most_bps);
	write_of_samples(out, cli, "down_bps", rates, rates->down_most_bps);
	nfm_output_end(out);
	nfm_output_object(out, "percentile");
	nfm_output_u64(out, "p", percentile);
	write_of_samples(out, cli, "up_bps", rates, rates->up_percentile_bps);
	write_of_samples(out, cli, "down_bps", rates, rates->down_percentile_bps);
	write_of_samples(out, cli, "larger_bps", rates, rates->larger_percentile_bps);
	nfm_output_end(out);
}
