/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples as text. A family's TYPE, UNIT and HELP come before its first sample; so a family's
 * samples are written in a row, and one without samples does not show. A sample is
 *   nfm_metrics_begin(); nfm_metrics_label()…; one of the values
 */
#ifndef NFM_VIEW_METRICS_TEXT_H
#define NFM_VIEW_METRICS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "view/metrics.h"
#include "view/metrics_table.h"

#define NFM_METRIC_ID(id, ...) NFM_METRIC_##id,
enum nfm_metric { NFM_METRICS(NFM_METRIC_ID) NFM_METRIC_COUNT };
#undef NFM_METRIC_ID

enum nfm_metric_source {
	NFM_METRIC_TABLE,
	NFM_METRIC_ROW,
	NFM_METRIC_AGENT,
	NFM_METRIC_KERNEL,
	NFM_METRIC_SERVER,
	NFM_METRIC_CONFIG,
	NFM_METRIC_SOURCES,
};

struct nfm_metrics_text {
	FILE *to;
	enum nfm_metrics_format format;
	uint64_t created_ns[NFM_METRIC_SOURCES]; /* by source; 0: counters have no _created */
	enum nfm_metric open; /* the family that is being written */
	bool any;	      /* there is one */
	size_t used;
	char labels[1024]; /* of the open sample; one that does not fit is left out */
};

void nfm_metrics_begin(struct nfm_metrics_text *m, enum nfm_metric metric);

/** Quotes, backslashes and line ends are escaped, what is no UTF-8 is replaced. */
void nfm_metrics_label(struct nfm_metrics_text *m, const char *name, const char *value);
void nfm_metrics_label_u64(struct nfm_metrics_text *m, const char *name, uint64_t value);

/* Ends the sample; a counter with a creation time gets it behind. */
void nfm_metrics_u64(struct nfm_metrics_text *m, uint64_t value);
void nfm_metrics_ns(struct nfm_metrics_text *m, uint64_t ns); /* as seconds, exactly */

/** A sample without labels, or with one. */
void nfm_metrics_put(struct nfm_metrics_text *m, enum nfm_metric metric, uint64_t value);
void nfm_metrics_put_ns(struct nfm_metrics_text *m, enum nfm_metric metric, uint64_t ns);
void nfm_metrics_put_by(struct nfm_metrics_text *m, enum nfm_metric metric, const char *name,
			const char *value, uint64_t count);

/** The text's end. */
void nfm_metrics_end(struct nfm_metrics_text *m);

#endif
