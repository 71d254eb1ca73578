// SPDX-License-Identifier: GPL-2.0-only
/* `history`: one customer over time. */
#include "view/document.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "customers/customers.h"
#include "view/when.h"

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

/* ---- what is asked for ---- */

void nfm_document_history_init(struct nfm_document_history *request)
{
	*request = (struct nfm_document_history){ .unit = NFM_STEP_SECONDS, .step = STEP_S };
	nfm_period_init(&request->period);
}

/* A range's begin that is told as its distance from now. */
static bool is_relative(const char *text)
{
	return text[0] == '-' || !strcmp(text, "now");
}

static int take_period(struct nfm_document_history *request, const char *name, const char *text,
		       struct nfm_error *error)
{
	int err = nfm_period_take(&request->period, name, text, error);

	if (err)
		return err;
	if (!strcmp(name, "from"))
		request->from_exact = !is_relative(text);
	else if (!strcmp(name, "month") || !strcmp(name, "day"))
		request->from_exact = true;
	return 0;
}

int nfm_document_history_take(struct nfm_document_history *request, const char *name,
			      const char *text, struct nfm_error *error)
{
	if (strcmp(name, "step") != 0)
		return take_period(request, name, text, error);
	if (nfm_when_parse_step(text, &request->unit, &request->step))
		return nfm_error_set(error, -EINVAL, "step %s: not understood: %s", text,
				     NFM_WHEN_STEP_FORM);
	return 0;
}

/* Of the clock's step in which a moment lies; the moment itself where that begins before 1970. */
static uint64_t step_begin(uint64_t unix_s, uint32_t step_s)
{
	return NFM_MIN(nfm_snapshot_slot_start(unix_s, step_s), unix_s);
}

int nfm_document_history_check(struct nfm_document_history *request, struct nfm_error *error)
{
	struct nfm_period *period = &request->period;
	int err;

	if (!period->from_given)
		period->from_unix_s = nfm_snapshot_slot_start(
			period->to_unix_s - NFM_MIN(SPAN_S, period->to_unix_s), STEP_S);
	err = nfm_period_check(period, error);
	if (!err && !request->from_exact && request->unit == NFM_STEP_SECONDS)
		period->from_unix_s = step_begin(period->from_unix_s, request->step);
	return err;
}

int nfm_document_history_read(const struct nfm_document_history *request,
			      const struct nfm_history_options *options, struct nfm_history *out,
			      struct nfm_error *error)
{
	struct nfm_history_options ours = *options;
	const struct nfm_history_range range = {
		.from_unix_s = request->period.from_unix_s,
		.to_unix_s = request->period.to_unix_s,
		.unit = request->unit,
		.step = request->step,
	};

	ours.now_unix_s = request->period.now_unix_s;
	ours.percentile = request->period.percentile;
	return nfm_history_read(&ours, request->kind, request->id, &range, out, error);
}

/* ---- is there such a customer ---- */

static bool is_in_table(const struct nfm_table *t, const char *id)
{
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	uint32_t rows = t ? nfm_view_names(t) : 0;

	for (uint32_t row = NFM_ROW_FIRST; row < rows; row++) {
		if (nfm_view_customer_read(t, row, &customer))
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
bool nfm_document_history_known(const struct nfm_config *config, const struct nfm_table *t,
				const struct nfm_document_history *request,
				const struct nfm_history *history)
{
	return history->found || request->kind != NFM_HISTORY_CUSTOMER ||
	       nfm_period_is_empty(&history->head) || is_in_table(t, request->id) ||
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

static void write_step_rate(struct nfm_output *out, const char *key,
			    const struct nfm_history_point *point, uint64_t bytes)
{
	if (point->quality.covered_ms)
		nfm_output_rate(out, key, step_rate(point, bytes));
	else
		nfm_output_null(out, key);
}

static void write_point(struct nfm_output *out, const struct nfm_history_point *point)
{
	nfm_output_object(out, NULL);
	nfm_output_time(out, "time", point->from_unix_s * NFM_NS_PER_S);
	write_amount(out, "up", point, &point->up);
	write_amount(out, "down", point, &point->down);
	write_step_rate(out, "up_bps", point, point->up.bytes);
	write_step_rate(out, "down_bps", point, point->down.bytes);
	nfm_output_decimal(out, "covered_seconds", point->quality.covered_ms, 3);
	nfm_output_u64(out, "lost_records", point->quality.lost_records);
	nfm_output_u64(out, "lost_datagrams", point->quality.lost_datagrams);
	nfm_output_end(out);
}

static void write_head(struct nfm_output *out, const struct nfm_document_history *request,
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

static void write_rate_line(struct nfm_output *out, const char *label,
			    uint64_t up_bps, uint64_t down_bps)
{
	char up[32], down[32];

	nfm_output_line(out, "%-16s up %12s  down %12s", label,
			nfm_output_format_rate(out, up_bps, up, sizeof(up)),
			nfm_output_format_rate(out, down_bps, down, sizeof(down)));
}

static void write_rate_lines(struct nfm_output *out, unsigned int percentile,
			     const struct nfm_history_rates *rates)
{
	char label[64], samples[NFM_PERIOD_SAMPLES_TEXT];

	write_rate_line(out, "average", rates->up_average_bps, rates->down_average_bps);
	if (rates->samples) {
		write_rate_line(out, "maximum", rates->up_most_bps, rates->down_most_bps);
		snprintf(label, sizeof(label), "percentile %u", percentile);
		write_rate_line(out, label, rates->up_percentile_bps,
				rates->down_percentile_bps);
	}
	nfm_output_line(out, "%s", nfm_period_format_samples(rates, percentile, samples));
}

static void write_sums(struct nfm_output *out, const struct nfm_document_history *request,
		       const struct nfm_history *history)
{
	const struct nfm_history_rates *rates = &history->rates;
	struct nfm_snapshot_count up = { 0 }, down = { 0 };

	for (uint32_t i = 0; i < history->point_count; i++) {
		nfm_snapshot_count_add(&up, &history->point[i].up);
		nfm_snapshot_count_add(&down, &history->point[i].down);
	}
	nfm_output_object(out, "total");
	nfm_view_write_count(out, "up", &up);
	nfm_view_write_count(out, "down", &down);
	nfm_output_end(out);
	nfm_output_u64(out, "sample_seconds", rates->sample_s);
	nfm_output_u64(out, "samples", rates->samples);
	nfm_period_write_rates(out, rates, request->period.percentile);
	nfm_output_line(out, "%s", "");
	nfm_view_write_total(out, "up", &up);
	nfm_view_write_total(out, "down", &down);
	write_rate_lines(out, request->period.percentile, rates);
}

void nfm_document_history(struct nfm_output *out, const struct nfm_document_history *request,
			  const struct nfm_history *history)
{
	nfm_output_object(out, NULL);
	write_head(out, request, history);
	if (!nfm_period_is_empty(&history->head) || nfm_output_format(out) != NFM_FORMAT_TEXT) {
		nfm_output_table(out, "points", columns);
		for (uint32_t i = 0; i < history->point_count && !nfm_output_failed(out); i++)
			write_point(out, &history->point[i]);
		nfm_output_end(out);
		write_sums(out, request, history);
	}
	nfm_output_end(out);
}
