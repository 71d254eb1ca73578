// SPDX-License-Identifier: GPL-2.0-only
/* Metrics, and the configuration. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/api.h"
#include "view/ask.h"
#include "view/document.h"
#include "view/metrics.h"

static void read_counts(struct nfm_http *http, struct nfm_metrics_http *out)
{
	*out = (struct nfm_metrics_http){
		.started_unix_ns = http->started_unix_s * NFM_NS_PER_S,
		.in_flight = atomic_load(&http->counts.in_flight),
		.refused = atomic_load(&http->counts.refused),
		.sent_bytes = atomic_load(&http->counts.sent_bytes),
	};
	for (size_t i = 0; i < NFM_ARRAY_SIZE(out->requests); i++)
		out->requests[i] = atomic_load(&http->counts.answers[i]);
}

NFM_API(metrics)
{
	_cleanup_(nfm_ask_free) yajl_val agent = nfm_api_agent(http);
	const char *customers[NFM_CONFIG_MAX_METRICS];
	struct nfm_metrics_http counts;
	struct nfm_metrics_source source = {
		.config = &http->config,
		.table = &http->table,
		.agent = agent,
		.now = nfm_view_clock_now(),
		.customers = customers,
		.customer_count = http->config.metrics_customer_count,
		.http = &counts,
		.format = request->plain ? NFM_METRICS_PROMETHEUS : NFM_METRICS_OPENMETRICS,
	};

	for (unsigned int i = 0; i < http->config.metrics_customer_count; i++)
		customers[i] = http->config.metrics_customers[i];
	read_counts(http, &counts);
	reply->type = nfm_metrics_content_type(source.format);
	return nfm_metrics_write(reply->to, &source, error);
}

NFM_API(config)
{
	_cleanup_(nfm_ask_free) yajl_val agent = nfm_api_agent(http);
	struct nfm_output *out = nfm_api_begin(request, reply, "config.csv", error);

	if (!out)
		return -ENOMEM;
	nfm_document_config(out, &http->config, &http->sources, agent);
	return nfm_api_end(out, 0, error);
}
