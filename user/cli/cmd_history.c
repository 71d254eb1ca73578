// SPDX-License-Identifier: GPL-2.0-only
/* `history`: one customer over time. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/period.h"
#include "cli/view.h"
#include "cli/when.h"
#include "customers/customers.h"
#include "history/history.h"

#define PERCENTILE 95U
#define STEP_S 300U
#define SPAN_S 86400U

static const struct nfm_column columns[] = {
	{ "time", "TIME", NFM_COLUMN_LEFT },
	{ "up_bytes", "UP", NFM_COLUMN_RIGHT },
	{ "up_packets", "UP PACKETS", NFM_COLUMN_RIGHT },
	{ "up_flows", NULL, NFM_COLUMN_RIGHT },
	{ "up_bps", "UP RATE", NFM_COLUMN_RIGHT },
	{ "down_bytes", "DOWN", NFM_COLUMN_RIGHT },
	{ "down_packets", "DOWN PACKETS", NFM_COLUMN_RIGHT },
	{ "down_flows", NULL, NFM_COLUMN_RIGHT },
	{ "down_bps", "DOWN RATE", NFM_COLUMN_RIGHT },
	{ "covered_seconds", "COVERED s", NFM_COLUMN_RIGHT },
	{ "lost_records", "LOST RECORDS", NFM_COLUMN_RIGHT },
	{ "lost_datagrams", "DATAGRAMS", NFM_COLUMN_RIGHT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

struct request {
	struct nfm_period period;
	enum nfm_history_unit unit;
	uint32_t step;
	enum nfm_history_kind kind;
	const char *id;
};

/* ---- what is asked for ---- */

static int take_option(struct request *request, int code)
{
	int err;

	switch (code) {
	case 's':
		err = nfm_when_parse_step(optarg, &request->unit, &request->step);
		if (err)
			fprintf(stderr, "nfmeter: --step %s: not understood: %s\n", optarg,
				NFM_WHEN_STEP_FORM);
		return err;
	case 'u':
		request->kind = NFM_HISTORY_UNMATCHED;
		request->id = "unmatched";
		return 0;
	case 'l':
		request->kind = NFM_HISTORY_LOCAL;
		request->id = "local";
		return 0;
	}
	return nfm_period_option(&request->period, code, optarg);
}

static int take_customer(struct request *request, int argc, char **argv)
{
	if (optind < argc && request->id) {
		fprintf(stderr, "nfmeter: history: one customer at a time\n");
		return -EINVAL;
	}
	if (optind < argc)
		request->id = argv[optind++];
	if (!request->id)
		fprintf(stderr, "nfmeter: history: name a customer's id, --unmatched or --local\n");
	return request->id && optind == argc ? 0 : -EINVAL;
}

static int read_request(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		NFM_PERIOD_OPTIONS,
		{ "step", required_argument, NULL, 's' },
		{ "unmatched", no_argument, NULL, 'u' },
		{ "local", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct nfm_period *period = &request->period;
	int code, err = 0;

	*request = (struct request){ .unit = NFM_STEP_SECONDS, .step = STEP_S };
	period->now_unix_s = nfm_period_now_unix_s();
	period->to_unix_s = period->now_unix_s;
	period->percentile = PERCENTILE;
	optind = 0;
	while (!err && (code = getopt_long(argc, argv, "", options, NULL)) != -1)
		err = take_option(request, code);
	if (!err)
		err = take_customer(request, argc, argv);
	if (err)
		return err;
	if (!period->from_given)
		period->from_unix_s = nfm_snapshot_slot_start(
			period->to_unix_s - NFM_MIN(SPAN_S, period->to_unix_s), STEP_S);
	return nfm_period_check(period);
}

/* ---- is there such a customer ---- */

static bool is_in_table(const struct nfm_config *config, const char *id)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	struct nfm_error ignored;
	uint32_t rows;

	if (nfm_source_open(config, &t, &ignored))
		return false;
	rows = nfm_view_names(&t);
	for (uint32_t row = NFM_ROW_FIRST; row < rows; row++) {
		if (nfm_view_customer_read(&t, row, &customer))
			return false;
		if (customer.state != NFM_NAME_FREE && !strcmp(customer.id, id))
			return true;
	}
	return false;
}

static bool is_in_file(const struct nfm_config *config, const char *id)
{
	struct nfm_registry registry;
	struct nfm_error ignored;
	bool found = false;

	if (nfm_registry_read(config->customers_file, &registry, &ignored))
		return false;
	for (uint32_t i = 0; i < registry.customer_count && !found; i++)
		found = !strcmp(registry.customers[i].id, id);
	nfm_registry_clear(&registry);
	return found;
}

/* In a range without any data nobody is known: that is no error of the one who asks. */
static bool is_known(const struct nfm_config *config, const struct request *request,
		     const struct nfm_history *history)
{
	return history->found || request->kind != NFM_HISTORY_CUSTOMER ||
	       nfm_period_is_empty(&history->head) || is_in_table(config, request->id) ||
	       is_in_file(config, request->id);
}

/* ---- output ---- */

static uint64_t step_rate(const struct nfm_history_point *point, uint64_t bytes)
{
	uint64_t ms = point->quality.covered_ms;

	return (uint64_t)(((unsigned __int128)bytes * 8000 + ms / 2) / ms);
}

/* To people, time in which nobody counted must not look like silence. */
static void write_amount(struct nfm_output *out, const char *key,
			 const struct nfm_history_point *point,
			 const struct nfm_snapshot_count *count)
{
	if (point->quality.covered_ms || count->bytes || count->flows ||
	    nfm_output_format(out) != NFM_FORMAT_TEXT) {
		nfm_view_write_count(out, key, count);
		return;
	}
	nfm_output_object(out, key);
	nfm_output_null(out, "bytes");
	nfm_output_null(out, "packets");
	nfm_output_end(out);
}

static void write_step_rate(struct nfm_output *out, const struct nfm_cli *cli, const char *key,
			    const struct nfm_history_point *point, uint64_t bytes)
{
	if (point->quality.covered_ms)
		nfm_period_write_rate(out, cli, key, step_rate(point, bytes));
	else
		nfm_output_null(out, key);
}

static void write_point(struct nfm_output *out, const struct nfm_cli *cli,
			const struct nfm_history_point *point)
{
	nfm_output_object(out, NULL);
	nfm_output_time(out, "time", point->from_unix_s * NFM_NS_PER_S);
	write_amount(out, "up", point, &point->up);
	write_amount(out, "down", point, &point->down);
	write_step_rate(out, cli, "up_bps", point, point->up.bytes);
	write_step_rate(out, cli, "down_bps", point, point->down.bytes);
	nfm_output_decimal(out, "covered_seconds", point->quality.covered_ms, 3);
	nfm_output_u64(out, "lost_records", point->quality.lost_records);
	nfm_output_u64(out, "lost_datagrams", point->quality.lost_datagrams);
	nfm_output_end(out);
}

static void write_head(struct nfm_output *out, const struct request *request,
		       const struct nfm_history *history)
{
	const struct nfm_history_head *head = &history->head;
	char from[64], to[64];

	nfm_output_string(out, "id", request->id);
	nfm_output_string(out, "name", *history->name ? history->name : NULL);
	nfm_output_time(out, "from", head->from_unix_s * NFM_NS_PER_S);
	nfm_output_time(out, "to", head->to_unix_s * NFM_NS_PER_S);
	if (request->unit == NFM_STEP_MONTHS) /* they are not of one length */
		nfm_output_null(out, "step_seconds");
	else
		nfm_output_u64(out, "step_seconds", request->unit == NFM_STEP_DAYS ?
			       request->step * 86400ULL : request->step);
	nfm_output_u64(out, "resolution_seconds", head->finest_s);
	nfm_period_write_coverage(out, head);
	nfm_output_line(out, "%s%s%s%s: %s to %s", request->id, *history->name ? " (" : "",
			history->name, *history->name ? ")" : "",
			nfm_units_format_local(head->from_unix_s * NFM_NS_PER_S, from,
					       sizeof(from)),
			nfm_units_format_local(head->to_unix_s * NFM_NS_PER_S, to, sizeof(to)));
	nfm_period_write_warnings(out, head);
	nfm_output_line(out, "%s", "");
}

static void write_rate_line(struct nfm_output *out, const struct nfm_cli *cli, const char *label,
			    uint64_t up_bps, uint64_t down_bps)
{
	char up[32], down[32];

	nfm_output_line(out, "%-16s up %12s  down %12s", label,
			nfm_period_format_rate(cli, up_bps, up, sizeof(up)),
			nfm_period_format_rate(cli, down_bps, down, sizeof(down)));
}

static void write_rate_lines(struct nfm_output *out, const struct nfm_cli *cli,
			     unsigned int percentile, const struct nfm_history_rates *rates)
{
	char label[64], samples[NFM_PERIOD_SAMPLES_TEXT];

	write_rate_line(out, cli, "average", rates->up_average_bps, rates->down_average_bps);
	if (rates->samples) {
		write_rate_line(out, cli, "maximum", rates->up_most_bps, rates->down_most_bps);
		snprintf(label, sizeof(label), "percentile %u", percentile);
		write_rate_line(out, cli, label, rates->up_percentile_bps,
				rates->down_percentile_bps);
	}
	nfm_output_line(out, "%s", nfm_period_format_samples(rates, percentile, samples));
}

static void write_sums(struct nfm_output *out, const struct nfm_cli *cli,
		       const struct request *request, const struct nfm_history *history)
{
	const struct nfm_history_rates *rates = &history->rates;
	struct nfm_snapshot_count up = { 0 }, down = { 0 };

	for (uint32_t i = 0; i < history->point_count; i++) {
		const struct nfm_history_point *point = &history->point[i];

		up.bytes += point->up.bytes;
		up.packets += point->up.packets;
		up.flows += point->up.flows;
		down.bytes += point->down.bytes;
		down.packets += point->down.packets;
		down.flows += point->down.flows;
	}
	nfm_output_object(out, "total");
	nfm_view_write_count(out, "up", &up);
	nfm_view_write_count(out, "down", &down);
	nfm_output_end(out);
	nfm_output_u64(out, "sample_seconds", rates->sample_s);
	nfm_output_u64(out, "samples", rates->samples);
	nfm_period_write_rates(out, cli, rates, request->period.percentile);
	nfm_output_line(out, "%s", "");
	nfm_view_write_total(out, "up", &up);
	nfm_view_write_total(out, "down", &down);
	write_rate_lines(out, cli, request->period.percentile, rates);
}

static int write_history(const struct nfm_cli *cli, const struct request *request,
			 const struct nfm_history *history)
{
	struct nfm_output *out = nfm_output_stdout(cli);

	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	write_head(out, request, history);
	if (!nfm_period_is_empty(&history->head) || cli->format != NFM_FORMAT_TEXT) {
		nfm_output_table(out, "points", columns);
		for (uint32_t i = 0; i < history->point_count && !nfm_output_failed(out); i++)
			write_point(out, cli, &history->point[i]);
		nfm_output_end(out);
		write_sums(out, cli, request, history);
	}
	nfm_output_end(out);
	return nfm_output_done(out);
}

static int unknown(const struct nfm_config *config, const struct request *request)
{
	struct nfm_error error;

	nfm_error_set(&error, -ENOENT,
		      "%s: no customer has this id, neither in the files of this range in %s nor "
		      "now: `nfmeter customers list` shows the ids, `nfmeter report` those with "
		      "traffic",
		      request->id, config->directory);
	return nfm_cli_fail(&error);
}

int nfm_cmd_history(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_history_clear) struct nfm_history history = { 0 };
	struct nfm_period_progress progress = { .what = "history" };
	struct nfm_history_options options = {
		.directory = cli->config.directory,
		.progress = nfm_period_progress,
		.damaged = nfm_period_damaged,
		.cookie = &progress,
	};
	struct nfm_history_range range;
	struct nfm_error error;
	struct request request;
	int err;

	if (read_request(argc, argv, &request))
		return 2;
	options.now_unix_s = request.period.now_unix_s;
	options.percentile = request.period.percentile;
	range = (struct nfm_history_range){
		.from_unix_s = request.period.from_unix_s,
		.to_unix_s = request.period.to_unix_s,
		.unit = request.unit,
		.step = request.step,
	};
	err = nfm_history_read(&options, request.kind, request.id, &range, &history, &error);
	nfm_period_progress_end(&progress);
	if (err)
		return nfm_cli_fail(&error);
	if (!is_known(&cli->config, &request, &history))
		return unknown(&cli->config, &request);
	return write_history(cli, &request, &history);
}
