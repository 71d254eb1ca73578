/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics for Prometheus and what reads its formats: those of view/metrics_table.h, which is also
 * docs/metrics.md. How many series there are is bounded by max-exporters and the limits below, not
 * by what is received.
 */
#ifndef NFM_VIEW_METRICS_H
#define NFM_VIEW_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <yajl/yajl_tree.h>

#include "base/error.h"
#include "config/config.h"
#include "table/table.h"
#include "view/view.h"

#define NFM_METRICS_CUSTOMERS 100U /* that have series of their own, at most */
#define NFM_METRICS_REFUSED 32U	   /* refused sources with a series of their own */

enum nfm_metrics_format {
	NFM_METRICS_OPENMETRICS, /* 1.0.0 */
	NFM_METRICS_PROMETHEUS,	 /* text 0.0.4, as node_exporter's textfile collector reads it */
};

/** What the HTTP server counts of itself. */
struct nfm_metrics_http {
	uint64_t started_unix_ns;
	uint64_t requests[6]; /* answered, by the first digit of their status, 2 to 5 */
	uint64_t in_flight;
	uint64_t refused; /* connections */
	uint64_t sent_bytes;
};

struct nfm_metrics_source {
	const struct nfm_config *config;
	const struct nfm_table *table;
	yajl_val agent; /* its answer to "status"; NULL: none runs */
	struct nfm_view_clock now;
	const char *const *customers; /* ids; those behind the 100th are left out */
	size_t customer_count;
	const struct nfm_metrics_http *http; /* NULL: this is no HTTP server */
	enum nfm_metrics_format format;
};

/**
 * Writes all metrics. -ENOMEM, or the refused sources' error: nothing is written; -errno of a
 * write. A file of templates that cannot be read is no error: exporter_templates is left out.
 */
int nfm_metrics_write(FILE *to, const struct nfm_metrics_source *source, struct nfm_error *error);

/** "application/openmetrics-text; version=1.0.0; charset=utf-8", or that of the other format. */
const char *nfm_metrics_content_type(enum nfm_metrics_format format);

/**
 * What to answer a request with this Accept header (NULL: it has none): OpenMetrics, unless it
 * names text/plain and not OpenMetrics.
 */
enum nfm_metrics_format nfm_metrics_accepted(const char *accept);

#endif
