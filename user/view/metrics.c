// SPDX-License-Identifier: GPL-2.0-only
/* All metrics, in the order of view/metrics_table.h: what the table has, what the agent says. */
#include "view/metrics.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "table/waiting.h"
#include "view/metrics_parts.h"
#include "view/version.h"
#include "xdp/build.h"

/* ---- the table as a whole ---- */

static void put_build(struct nfm_metrics_text *m, const struct nfm_table *t)
{
	uint64_t build = nfm_build_of(&t->geometry);
	char text[NFM_BUILD_TEXT] = "";

	if (build)
		nfm_build_text(build, text);
	nfm_metrics_begin(m, NFM_METRIC_BUILD);
	nfm_metrics_label(m, "version", NFM_VERSION);
	nfm_metrics_label_u64(m, "abi", t->geometry.abi_version);
	nfm_metrics_label(m, "datapath", text);
	nfm_metrics_label(m, "current", build == nfm_xdp_build() ? "true" : "false");
	nfm_metrics_u64(m, 1);
}

static void put_use(struct nfm_metrics_text *m, const struct nfm_table *t,
		    const struct nfm_accounts *accounts)
{
	const struct {
		const char *part;
		uint64_t used, capacity;
	} parts[] = {
		{ "customers", nfm_view_names(t) - NFM_ROW_FIRST,
		  nfm_table_customers(&t->geometry) },
		{ "prefixes", t->ctl->prefix_count, t->geometry.prefixes },
		{ "pages", t->ctl->page_count, t->geometry.pages },
		{ "exporters", nfm_view_exporters(t), t->geometry.exporters },
		{ "streams", t->ctl->stream_count, t->geometry.streams },
	};
	size_t i;

	nfm_metrics_put_ns(m, NFM_METRIC_TABLE_CREATED, t->ctl->created_unix_ns);
	for (i = 0; i < NFM_ARRAY_SIZE(parts); i++)
		nfm_metrics_put_by(m, NFM_METRIC_TABLE_USED, "part", parts[i].part, parts[i].used);
	for (i = 0; i < NFM_ARRAY_SIZE(parts); i++)
		nfm_metrics_put_by(m, NFM_METRIC_TABLE_CAPACITY, "part", parts[i].part,
				   parts[i].capacity);
	nfm_metrics_put_by(m, NFM_METRIC_CUSTOMERS, "state", "listed",
			   accounts->customers - accounts->discovered);
	nfm_metrics_put_by(m, NFM_METRIC_CUSTOMERS, "state", "discovered", accounts->discovered);
	nfm_metrics_put_by(m, NFM_METRIC_CUSTOMERS, "state", "removed", accounts->removed);
	nfm_metrics_put(m, NFM_METRIC_CUSTOMERS_FULL, t->ctl->customers_full);
}

static void put_verdicts(struct nfm_metrics_text *m, enum nfm_metric metric,
			 const struct nfm_verdicts *verdicts, bool rejected)
{
	nfm_metrics_put_by(m, metric, "verdict", "kernel", verdicts->kernel);
	nfm_metrics_put_by(m, metric, "verdict", "agent", verdicts->agent);
	if (rejected)
		nfm_metrics_put_by(m, metric, "verdict", "rejected", verdicts->rejected);
}

/* Rows that are nobody's: both use the up half. */
static void put_rows(struct nfm_metrics_text *m, const struct nfm_table *t)
{
	struct nfm_row row;

	nfm_table_sum(t, NFM_ROW_UNMATCHED, &row);
	nfm_metrics_put(m, NFM_METRIC_UNMATCHED_BYTES, row.up_bytes);
	nfm_metrics_put(m, NFM_METRIC_UNMATCHED_PACKETS, row.up_packets);
	nfm_metrics_put(m, NFM_METRIC_UNMATCHED_RECORDS, row.up_flows);
	nfm_table_sum(t, NFM_ROW_LOCAL, &row);
	nfm_metrics_put(m, NFM_METRIC_LOCAL_BYTES, row.up_bytes);
	nfm_metrics_put(m, NFM_METRIC_LOCAL_PACKETS, row.up_packets);
	nfm_metrics_put(m, NFM_METRIC_LOCAL_RECORDS, row.up_flows);
}

static void put_traffic(struct nfm_metrics_text *m, const struct nfm_table *t,
			const struct nfm_accounts *accounts)
{
	nfm_metrics_put(m, NFM_METRIC_RECEIVED, accounts->datagrams.received);
	nfm_metrics_put(m, NFM_METRIC_UNDECIDED, accounts->undecided);
	put_verdicts(m, NFM_METRIC_DATAGRAMS, &accounts->datagrams, true);
	put_verdicts(m, NFM_METRIC_RECORDS, &accounts->records, true);
	put_verdicts(m, NFM_METRIC_FLOW_BYTES, &accounts->bytes, false);
	put_verdicts(m, NFM_METRIC_FLOW_PACKETS, &accounts->packets, false);
	put_rows(m, t);
}

/* ---- reasons ---- */

enum count { COUNT_DATAGRAMS, COUNT_RECORDS, COUNT_BYTES };

/* All of a kind, also those that have not occurred: a rate needs the 0 before the first one. */
static void put_kind(struct nfm_metrics_text *m, const struct nfm_accounts *accounts,
		     enum nfm_reason_kind kind, enum nfm_metric metric, enum count count)
{
	uint32_t i;

	for (i = 0; i < NFM_REASON_ROWS; i++) {
		const uint64_t counts[] = {
			[COUNT_DATAGRAMS] = accounts->reason[i].datagrams,
			[COUNT_RECORDS] = accounts->reason[i].records,
			[COUNT_BYTES] = accounts->reason[i].bytes,
		};

		if (nfm_reason_kind(i) == (int)kind)
			nfm_metrics_put_by(m, metric, "reason", nfm_reason_name(i), counts[count]);
	}
}

static void put_reasons(struct nfm_metrics_text *m, const struct nfm_table *t,
			const struct nfm_accounts *a)
{
	uint64_t slot_s = t->ctl->slot_ms[t->ctl->epoch & 1] / 1000;

	put_kind(m, a, NFM_KIND_REJECT, NFM_METRIC_REJECTED_DATAGRAMS, COUNT_DATAGRAMS);
	put_kind(m, a, NFM_KIND_REJECT, NFM_METRIC_REJECTED_RECORDS, COUNT_RECORDS);
	put_kind(m, a, NFM_KIND_PUNT, NFM_METRIC_PUNTED_DATAGRAMS, COUNT_DATAGRAMS);
	put_kind(m, a, NFM_KIND_PASS, NFM_METRIC_PASSED_DATAGRAMS, COUNT_DATAGRAMS);
	put_kind(m, a, NFM_KIND_NOTE, NFM_METRIC_NOTED_RECORDS, COUNT_RECORDS);
	put_kind(m, a, NFM_KIND_LOST, NFM_METRIC_LOST_SETS, COUNT_DATAGRAMS);
	put_kind(m, a, NFM_KIND_LOST, NFM_METRIC_LOST_SET_BYTES, COUNT_BYTES);
	nfm_metrics_put(m, NFM_METRIC_OPTIONS_RECORDS,
			a->reason[NFM_REASON_OPTIONS_RECORDS].records);
	nfm_metrics_put(m, NFM_METRIC_TEMPLATES_LEARNED, a->reason[NFM_REASON_TEMPLATES].records);
	nfm_metrics_put(m, NFM_METRIC_WAITED_RECORDS, a->reason[NFM_REASON_WAITED].records);
	nfm_metrics_put(m, NFM_METRIC_EARLIER_RECORDS, a->reason[NFM_REASON_EARLIER].records);
	nfm_metrics_put(m, NFM_METRIC_EARLIER_REACH, slot_s * t->geometry.earlier_slots);
	nfm_metrics_put(m, NFM_METRIC_SEQUENCE_OVERRUNS, t->ctl->seqlog_overruns);
}

static void put_waiting(struct nfm_metrics_text *m, const struct nfm_metrics_source *source,
			const struct nfm_accounts *accounts)
{
	uint64_t now_ns = source->now.monotonic_ns, oldest_ns = accounts->waiting_oldest_ns;
	bool waits = accounts->waiting_sets && now_ns > oldest_ns;

	nfm_metrics_put(m, NFM_METRIC_WAITING_SETS, accounts->waiting_sets);
	nfm_metrics_put(m, NFM_METRIC_WAITING_BYTES, accounts->waiting_bytes);
	nfm_metrics_put(m, NFM_METRIC_WAITING_SIZE, nfm_waiting_size(source->table));
	nfm_metrics_put_ns(m, NFM_METRIC_WAITING_AGE, waits ? now_ns - oldest_ns : 0);
}

/* ---- the HTTP server ---- */

static void put_http(struct nfm_metrics_text *m, const struct nfm_metrics_http *http)
{
	static const char *const classes[] = { [2] = "2xx", "3xx", "4xx", "5xx" };
	size_t i;

	if (!http)
		return;
	for (i = 2; i < NFM_ARRAY_SIZE(classes); i++)
		nfm_metrics_put_by(m, NFM_METRIC_HTTP_REQUESTS, "status", classes[i],
				   http->requests[i]);
	nfm_metrics_put(m, NFM_METRIC_HTTP_IN_FLIGHT, http->in_flight);
	nfm_metrics_put(m, NFM_METRIC_HTTP_REFUSED, http->refused);
	nfm_metrics_put(m, NFM_METRIC_HTTP_BYTES, http->sent_bytes);
}

/* ---- all ---- */

static int finish(FILE *to, struct nfm_error *error)
{
	int err = 0;

	errno = 0;
	if (fflush(to) || ferror(to))
		err = errno ? -errno : -EIO;
	return err ? nfm_error_set(error, err, "cannot write the metrics: %s", strerror(-err)) : 0;
}

int nfm_metrics_write(FILE *to, const struct nfm_metrics_source *source, struct nfm_error *error)
{
	_cleanup_(nfm_metrics_exporters_clear) struct nfm_metrics_exporters exporters = { 0 };
	_cleanup_(nfm_metrics_customers_clear) struct nfm_metrics_customers customers = { 0 };
	const struct nfm_table *t = source->table;
	struct nfm_metrics_text m = {
		.to = to,
		.format = source->format,
		.created_ns[NFM_METRIC_TABLE] = t->ctl->created_unix_ns,
		.created_ns[NFM_METRIC_AGENT] = nfm_metrics_agent_started(source->agent),
	};
	struct nfm_accounts accounts;
	int err = nfm_metrics_exporters_read(source, &exporters, error);

	if (err)
		return err;
	err = nfm_metrics_customers_read(source, &customers, error);
	if (err)
		return err;
	if (source->http)
		m.created_ns[NFM_METRIC_SERVER] = source->http->started_unix_ns;
	nfm_accounts_read(t, &accounts);
	put_build(&m, t);
	nfm_metrics_process(&m, source->agent);
	put_use(&m, t, &accounts);
	put_traffic(&m, t, &accounts);
	nfm_metrics_versions(&m, &exporters);
	put_reasons(&m, t, &accounts);
	put_waiting(&m, source, &accounts);
	nfm_metrics_datapath(&m, source->agent);
	nfm_metrics_snapshots(&m, source);
	nfm_metrics_exporters(&m, source, &exporters);
	nfm_metrics_customers(&m, source, &customers);
	put_http(&m, source->http);
	nfm_metrics_end(&m);
	return finish(to, error);
}

const char *nfm_metrics_content_type(enum nfm_metrics_format format)
{
	return format == NFM_METRICS_OPENMETRICS ?
		       "application/openmetrics-text; version=1.0.0; charset=utf-8" :
		       "text/plain; version=0.0.4; charset=utf-8";
}

enum nfm_metrics_format nfm_metrics_accepted(const char *accept)
{
	if (!accept || strstr(accept, "application/openmetrics-text") ||
	    !strstr(accept, "text/plain"))
		return NFM_METRICS_OPENMETRICS;
	return NFM_METRICS_PROMETHEUS;
}
