// SPDX-License-Identifier: GPL-2.0-only
/* `report`: every customer of a range, with totals and rates. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/period.h"
#include "cli/view.h"
#include "cli/when.h"
#include "history/history.h"

#define PERCENTILE 95U

static const struct nfm_column columns[] = {
	{ "id", "ID", NFM_COLUMN_LEFT },
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "up_bytes", "UP", NFM_COLUMN_RIGHT },
	{ "up_packets", NULL, NFM_COLUMN_RIGHT },
	{ "up_flows", NULL, NFM_COLUMN_RIGHT },
	{ "down_bytes", "DOWN", NFM_COLUMN_RIGHT },
	{ "down_packets", NULL, NFM_COLUMN_RIGHT },
	{ "down_flows", NULL, NFM_COLUMN_RIGHT },
	{ "average_up_bps", "AVERAGE UP", NFM_COLUMN_RIGHT },
	{ "average_down_bps", "DOWN", NFM_COLUMN_RIGHT },
	{ "maximum_up_bps", "MAXIMUM UP", NFM_COLUMN_RIGHT },
	{ "maximum_down_bps", "DOWN", NFM_COLUMN_RIGHT },
	{ "percentile_p", NULL, NFM_COLUMN_RIGHT },
	{ "percentile_up_bps", "PERCENTILE UP", NFM_COLUMN_RIGHT },
	{ "percentile_down_bps", "DOWN", NFM_COLUMN_RIGHT },
	{ "percentile_larger_bps", NULL, NFM_COLUMN_RIGHT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

struct line {
	char *id, *name;
	struct nfm_snapshot_count up, down;
	struct nfm_history_rates rates;
};

enum sort { SORT_UP, SORT_DOWN, SORT_TOTAL, SORT_PERCENTILE, SORT_ID };

static const char *const sort_names[] = {
	[SORT_UP] = "up",
	[SORT_DOWN] = "down",
	[SORT_TOTAL] = "total",
	[SORT_PERCENTILE] = "percentile",
	[SORT_ID] = "id",
};

struct request {
	struct nfm_period period;
	enum sort sort;
	uint64_t top; /* lines; 0: all */
};

struct report {
	struct nfm_history_head head;
	struct line *line;
	size_t count, room;
	struct nfm_snapshot_count customers; /* all ups and downs */
	struct nfm_snapshot_count unmatched, local;
	struct nfm_history_rates rates; /* of the last line; all have the same samples */
};

static void report_clear(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->line[i].id);
		free(report->line[i].name);
	}
	free(report->line);
}

/* ---- what is asked for ---- */

static int take_sort(struct request *request, const char *text)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(sort_names); i++) {
		if (!strcmp(text, sort_names[i])) {
			request->sort = (enum sort)i;
			return 0;
		}
	}
	fprintf(stderr, "nfmeter: --sort %s: up, down, total, percentile or id\n", text);
	return -EINVAL;
}

static int take_option(struct request *request, int code)
{
	if (code == 's')
		return take_sort(request, optarg);
	if (code == 'n') {
		if (!nfm_units_parse_u64(optarg, 1, UINT64_MAX, &request->top))
			return 0;
		fprintf(stderr, "nfmeter: --top %s: a number of customers, from 1 on\n", optarg);
		return -EINVAL;
	}
	return nfm_period_option(&request->period, code, optarg);
}

static int read_request(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		NFM_PERIOD_OPTIONS,
		{ "sort", required_argument, NULL, 's' },
		{ "top", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct nfm_period *period = &request->period;
	int code, err = 0;

	*request = (struct request){ .sort = SORT_ID };
	period->now_unix_s = nfm_period_now_unix_s();
	period->to_unix_s = period->now_unix_s;
	period->percentile = PERCENTILE;
	optind = 0;
	while (!err && (code = getopt_long(argc, argv, "", options, NULL)) != -1)
		err = take_option(request, code);
	if (!err && optind < argc) {
		fprintf(stderr, "nfmeter: report %s: it is of all customers: `nfmeter history %s` "
				"is of one\n", argv[optind], argv[optind]);
		err = -EINVAL;
	}
	if (!err && !period->from_given)
		err = nfm_when_month_begin(period->to_unix_s - !!period->to_unix_s,
					   &period->from_unix_s);
	return err ? err : nfm_period_check(period);
}

/* ---- lines ---- */

static void add_count(struct nfm_snapshot_count *sum, const struct nfm_snapshot_count *count)
{
	sum->bytes += count->bytes;
	sum->packets += count->packets;
	sum->flows += count->flows;
}

static int keep_line(struct report *report, const struct nfm_report_line *line)
{
	struct line kept = {
		.id = strdup(line->id),
		.name = strdup(line->name),
		.up = line->up,
		.down = line->down,
		.rates = line->rates,
	};

	if (report->count == report->room) {
		size_t room = report->room ? 2 * report->room : 256;
		struct line *more = reallocarray(report->line, room, sizeof(*more));

		if (more) {
			report->line = more;
			report->room = room;
		}
	}
	if (!kept.id || !kept.name || report->count == report->room) {
		free(kept.id);
		free(kept.name);
		return -ENOMEM;
	}
	report->line[report->count++] = kept;
	add_count(&report->customers, &line->up);
	add_count(&report->customers, &line->down);
	return 0;
}

static int take_line(void *cookie, const struct nfm_report_line *line)
{
	struct report *report = cookie;

	report->rates = line->rates;
	switch (line->kind) {
	case NFM_HISTORY_UNMATCHED:
		report->unmatched = line->up;
		return 0;
	case NFM_HISTORY_LOCAL:
		report->local = line->up;
		return 0;
	case NFM_HISTORY_CUSTOMER:
		break;
	}
	return keep_line(report, line);
}

static uint64_t sort_value(const struct line *line, enum sort sort)
{
	switch (sort) {
	case SORT_UP:
		return line->up.bytes;
	case SORT_DOWN:
		return line->down.bytes;
	case SORT_TOTAL:
		return line->up.bytes + line->down.bytes;
	case SORT_PERCENTILE:
		return line->rates.larger_percentile_bps;
	case SORT_ID:
		break;
	}
	return 0;
}

/* Largest first; of equal ones the ids decide. */
static int compare(const void *a, const void *b, void *cookie)
{
	enum sort sort = *(const enum sort *)cookie;
	uint64_t left = sort_value(a, sort), right = sort_value(b, sort);

	if (left != right)
		return left > right ? -1 : 1;
	return strcmp(((const struct line *)a)->id, ((const struct line *)b)->id);
}

/* ---- output ---- */

static void write_head(struct nfm_output *out, const struct report *report)
{
	const struct nfm_history_head *head = &report->head;
	char from[64], to[64];

	nfm_output_time(out, "from", head->from_unix_s * NFM_NS_PER_S);
	nfm_output_time(out, "to", head->to_unix_s * NFM_NS_PER_S);
	nfm_output_u64(out, "sample_seconds", report->rates.sample_s);
	nfm_output_u64(out, "samples", report->rates.samples);
	nfm_output_u64(out, "resolution_seconds", head->finest_s);
	nfm_period_write_coverage(out, head);
	nfm_output_line(out, "%s to %s",
			nfm_units_format_local(head->from_unix_s * NFM_NS_PER_S, from,
					       sizeof(from)),
			nfm_units_format_local(head->to_unix_s * NFM_NS_PER_S, to, sizeof(to)));
	nfm_period_write_warnings(out, head);
	nfm_output_line(out, "%s", "");
}

static void write_line(struct nfm_output *out, const struct nfm_cli *cli,
		       const struct request *request, const struct line *line)
{
	nfm_output_object(out, NULL);
	nfm_output_string(out, "id", line->id);
	nfm_output_string(out, "name", *line->name ? line->name : NULL);
	nfm_view_write_count(out, "up", &line->up);
	nfm_view_write_count(out, "down", &line->down);
	nfm_period_write_rates(out, cli, &line->rates, request->period.percentile);
	nfm_output_end(out);
}

static void write_sums(struct nfm_output *out, const struct request *request,
		       const struct report *report)
{
	struct nfm_snapshot_count total = report->customers;
	char samples[NFM_PERIOD_SAMPLES_TEXT];

	add_count(&total, &report->unmatched);
	total.bytes -= report->local.bytes;
	total.packets -= report->local.packets;
	total.flows -= report->local.flows;
	nfm_view_write_count(out, "unmatched", &report->unmatched);
	nfm_view_write_count(out, "local", &report->local);
	nfm_view_write_count(out, "total", &total);
	nfm_output_line(out, "%s", "");
	if (request->top && request->top < report->count)
		nfm_output_line(out, "%" PRIu64 " of %zu customers", request->top, report->count);
	nfm_view_write_total(out, "unmatched", &report->unmatched);
	nfm_view_write_total(out, "local", &report->local);
	nfm_view_write_total(out, "total", &total);
	nfm_output_line(out, "%s", nfm_period_format_samples(&report->rates,
							     request->period.percentile, samples));
}

static int write_report(const struct nfm_cli *cli, const struct request *request,
			const struct report *report)
{
	struct nfm_output *out = nfm_output_stdout(cli);
	size_t count = report->count;

	if (!out)
		return 1;
	if (request->top && request->top < count)
		count = request->top;
	nfm_output_object(out, NULL);
	write_head(out, report);
	if (!nfm_period_is_empty(&report->head) || cli->format != NFM_FORMAT_TEXT) {
		nfm_output_table(out, "customers", columns);
		for (size_t i = 0; i < count && !nfm_output_failed(out); i++)
			write_line(out, cli, request, &report->line[i]);
		nfm_output_end(out);
		write_sums(out, request, report);
	}
	nfm_output_end(out);
	return nfm_output_done(out);
}

int nfm_cmd_report(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(report_clear) struct report report = { .count = 0 };
	struct nfm_period_progress progress = { .what = "report" };
	struct nfm_history_options options = {
		.directory = cli->config.directory,
		.progress = nfm_period_progress,
		.damaged = nfm_period_damaged,
		.cookie = &progress,
	};
	struct nfm_error error;
	struct request request;
	int err;

	if (read_request(argc, argv, &request))
		return 2;
	options.now_unix_s = request.period.now_unix_s;
	options.percentile = request.period.percentile;
	err = nfm_report_read(&options, request.period.from_unix_s, request.period.to_unix_s,
			      &report.head, take_line, &report, &error);
	nfm_period_progress_end(&progress);
	if (err)
		return nfm_cli_fail(&error);
	if (request.sort != SORT_ID && report.count)
		qsort_r(report.line, report.count, sizeof(*report.line), compare, &request.sort);
	return write_report(cli, &request, &report);
}
