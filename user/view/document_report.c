// SPDX-License-Identifier: GPL-2.0-only
/* `report`: every customer of a range, with totals and rates. */
#include "view/document.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "view/when.h"

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

/* A report on its way from the files to the writer. */
struct report {
	const struct nfm_document_report *request;
	struct nfm_output *out;
	bool stream; /* lines are written as they come; else they are kept, to be sorted */
	bool begun;  /* the document */
	struct nfm_history_head head;
	struct line *line;
	size_t count, room;
	uint64_t matched; /* customers that the request asks for, before paging */
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

static const char *const sort_names[] = {
	[NFM_REPORT_BY_ID] = "id",
	[NFM_REPORT_BY_UP] = "up",
	[NFM_REPORT_BY_DOWN] = "down",
	[NFM_REPORT_BY_TOTAL] = "total",
	[NFM_REPORT_BY_PERCENTILE] = "percentile",
};

void nfm_document_report_init(struct nfm_document_report *request)
{
	*request = (struct nfm_document_report){ .sort = NFM_REPORT_BY_ID };
	nfm_period_init(&request->period);
}

int nfm_document_report_take(struct nfm_document_report *request, const char *name,
			     const char *text, struct nfm_error *error)
{
	int err;

	if (strcmp(name, "sort") != 0) {
		err = nfm_slice_take(&request->slice, name, text, error);
		return err == -ENOENT ? nfm_period_take(&request->period, name, text, error) : err;
	}
	for (size_t i = 0; i < NFM_ARRAY_SIZE(sort_names); i++) {
		if (!strcmp(text, sort_names[i])) {
			request->sort = (enum nfm_report_sort)i;
			return 0;
		}
	}
	return nfm_error_set(error, -EINVAL, "sort %s: up, down, total, percentile or id", text);
}

int nfm_document_report_check(struct nfm_document_report *request, struct nfm_error *error)
{
	struct nfm_period *period = &request->period;
	int err = 0;

	if (!period->from_given)
		err = nfm_when_month_begin(period->to_unix_s - !!period->to_unix_s,
					   &period->from_unix_s);
	if (err)
		return nfm_error_set(error, err, "the range has no month to begin in");
	return nfm_period_check(period, error);
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
	nfm_output_line(out, "%s to %s",
			nfm_units_format_local(head->from_unix_s * NFM_NS_PER_S, from,
					       sizeof(from)),
			nfm_units_format_local(head->to_unix_s * NFM_NS_PER_S, to, sizeof(to)));
	nfm_period_write_warnings(out, head);
	nfm_output_line(out, "%s", "");
}

static void write_line(struct nfm_output *out, const struct nfm_document_report *request,
		       const struct nfm_report_line *line)
{
	nfm_output_object(out, NULL);
	nfm_output_string(out, "id", line->id);
	nfm_output_string(out, "name", *line->name ? line->name : NULL);
	nfm_view_write_count(out, "up", &line->up);
	nfm_view_write_count(out, "down", &line->down);
	nfm_period_write_rates(out, &line->rates, request->period.percentile);
	nfm_output_end(out);
}

static void write_sums(struct nfm_output *out, const struct report *report)
{
	const struct nfm_document_report *request = report->request;
	struct nfm_snapshot_count total = report->customers;
	uint64_t limit = request->slice.limit;
	char samples[NFM_PERIOD_SAMPLES_TEXT];

	nfm_snapshot_count_add(&total, &report->unmatched);
	total.bytes -= report->local.bytes;
	total.packets -= report->local.packets;
	total.flows -= report->local.flows;
	nfm_view_write_count(out, "unmatched", &report->unmatched);
	nfm_view_write_count(out, "local", &report->local);
	nfm_view_write_count(out, "total", &total);
	nfm_output_line(out, "%s", "");
	if (limit && limit < report->matched)
		nfm_output_line(out, "%" PRIu64 " of %" PRIu64 " customers", limit,
				report->matched);
	nfm_view_write_total(out, "unmatched", &report->unmatched);
	nfm_view_write_total(out, "local", &report->local);
	nfm_view_write_total(out, "total", &total);
	nfm_output_line(out, "%s", nfm_period_format_samples(&report->rates,
							     request->period.percentile, samples));
}

/* Coverage comes last: a damaged file may be found while its lines are written. */
static void write_end(struct nfm_output *out, const struct report *report)
{
	nfm_slice_write(out, report->matched);
	write_sums(out, report);
	nfm_period_write_coverage(out, &report->head);
	nfm_output_end(out);
}

static void begin(struct report *report)
{
	if (report->begun)
		return;
	report->begun = true;
	nfm_output_object(report->out, NULL);
	write_head(report->out, report);
	nfm_output_table(report->out, "customers", columns);
}

/* ---- lines ---- */

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
	return 0;
}

static int take_customer(struct report *report, const struct nfm_report_line *line)
{
	const struct nfm_slice *slice = &report->request->slice;

	nfm_snapshot_count_add(&report->customers, &line->up);
	nfm_snapshot_count_add(&report->customers, &line->down);
	if (!nfm_slice_matches(slice, line->id, line->name))
		return 0;
	report->matched++;
	if (!report->stream)
		return keep_line(report, line);
	begin(report);
	if (nfm_slice_has(slice, report->matched - 1))
		write_line(report->out, report->request, line);
	return nfm_output_failed(report->out) ? -EPIPE : 0;
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
	return take_customer(report, line);
}

static uint64_t sort_value(const struct line *line, enum nfm_report_sort sort)
{
	switch (sort) {
	case NFM_REPORT_BY_UP:
		return line->up.bytes;
	case NFM_REPORT_BY_DOWN:
		return line->down.bytes;
	case NFM_REPORT_BY_TOTAL:
		return line->up.bytes + line->down.bytes;
	case NFM_REPORT_BY_PERCENTILE:
		return line->rates.larger_percentile_bps;
	case NFM_REPORT_BY_ID:
		break;
	}
	return 0;
}

/* Largest first; of equal ones the ids decide. */
static int compare(const void *a, const void *b, void *cookie)
{
	const struct nfm_document_report *request = cookie;
	uint64_t left = sort_value(a, request->sort), right = sort_value(b, request->sort);
	int order = left != right ? (left > right ? -1 : 1) :
				    strcmp(((const struct line *)a)->id,
					   ((const struct line *)b)->id);
	bool usual = (request->sort == NFM_REPORT_BY_ID) == !request->slice.descending;

	return request->slice.order_given && !usual ? -order : order;
}

static void write_kept(struct report *report)
{
	if (report->count)
		qsort_r(report->line, report->count, sizeof(*report->line), compare,
			(void *)report->request);
	for (size_t i = 0; i < report->count && !nfm_output_failed(report->out); i++) {
		const struct line *line = &report->line[i];

		if (nfm_slice_has(&report->request->slice, i))
			write_line(report->out, report->request,
				   &(struct nfm_report_line){
					   .id = line->id,
					   .name = line->name,
					   .up = line->up,
					   .down = line->down,
					   .rates = line->rates,
				   });
	}
}

static bool is_streamed(const struct nfm_document_report *request, const struct nfm_output *out)
{
	return request->sort == NFM_REPORT_BY_ID &&
	       !(request->slice.order_given && request->slice.descending) &&
	       nfm_output_format(out) != NFM_FORMAT_TEXT;
}

int nfm_document_report(struct nfm_output *out, const struct nfm_document_report *request,
			const struct nfm_history_options *options, struct nfm_error *error)
{
	struct report report = {
		.request = request,
		.out = out,
		.stream = is_streamed(request, out),
	};
	struct nfm_history_options ours = *options;
	int err;

	ours.now_unix_s = request->period.now_unix_s;
	ours.percentile = request->period.percentile;
	err = nfm_report_read(&ours, request->period.from_unix_s, request->period.to_unix_s,
			      &report.head, take_line, &report, error);
	if (!err && nfm_output_format(out) == NFM_FORMAT_TEXT &&
	    nfm_period_is_empty(&report.head)) {
		nfm_output_object(out, NULL);
		write_head(out, &report);
		nfm_output_end(out);
	} else if (!err) {
		begin(&report);
		write_kept(&report);
		nfm_output_end(out);
		write_end(out, &report);
	}
	report_clear(&report);
	return err;
}
