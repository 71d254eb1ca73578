/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of nfm_metrics_write(): each writes its families, in the order of the table. */
#ifndef NFM_VIEW_METRICS_PARTS_H
#define NFM_VIEW_METRICS_PARTS_H

#include "view/accounts.h"
#include "view/exporters.h"
#include "view/metrics.h"
#include "view/metrics_text.h"
#include "view/templates.h"

/* ---- metrics_agent.c: what the agent says of itself ---- */

void nfm_metrics_process(struct nfm_metrics_text *m, yajl_val agent);
void nfm_metrics_datapath(struct nfm_metrics_text *m, yajl_val agent);
void nfm_metrics_snapshots(struct nfm_metrics_text *m, const struct nfm_metrics_source *source);

/** When the agent started, ns since 1970; 0: there is none. */
uint64_t nfm_metrics_agent_started(yajl_val agent);

/* ---- metrics_exporters.c ---- */

/** What is known of one exporter; `view` and the rows are of the same reading. */
struct nfm_metrics_exporter {
	const struct nfm_exporter_view *view;
	struct nfm_row row;
	uint32_t templates_kernel, templates_agent; /* by who decodes their data */
	char label[64]; /* its name, or its address */
	char address[64];
};

/** A stream's account, or the sum of an exporter's of one version and unit. */
struct nfm_metrics_sequence {
	uint32_t exporter; /* row in the table */
	uint32_t version, unit;
	uint64_t datagrams, received, lost, resets, duplicates, reordered;
};

struct nfm_metrics_exporters {
	struct nfm_exporters_view view;
	struct nfm_metrics_exporter *list; /* those with a row */
	uint32_t count;
	uint32_t *place; /* of a row: its entry in the list; UINT32_MAX: none */
	uint32_t rows;
	struct nfm_metrics_sequence *sequence; /* by exporter, version, unit */
	uint32_t sequence_count;
	bool has_templates; /* their file could be read */
};

/** Reads all that the families need. -ENOMEM, or the refused sources' error. */
int nfm_metrics_exporters_read(const struct nfm_metrics_source *source,
			       struct nfm_metrics_exporters *out, struct nfm_error *error);
void nfm_metrics_exporters_clear(struct nfm_metrics_exporters *exporters);

/** Datagrams by version, of all exporters. */
void nfm_metrics_versions(struct nfm_metrics_text *m,
			  const struct nfm_metrics_exporters *exporters);
void nfm_metrics_exporters(struct nfm_metrics_text *m,
			   const struct nfm_metrics_source *source,
			   const struct nfm_metrics_exporters *exporters);

/* ---- metrics_customers.c ---- */

struct nfm_metrics_customers {
	uint32_t *row; /* of each one listed, in the list's order; UINT32_MAX: there is none */
	uint32_t count;
};

/** Finds the listed customers' rows. -ENOMEM. */
int nfm_metrics_customers_read(const struct nfm_metrics_source *source,
			       struct nfm_metrics_customers *out, struct nfm_error *error);
void nfm_metrics_customers_clear(struct nfm_metrics_customers *customers);
void nfm_metrics_customers(struct nfm_metrics_text *m, const struct nfm_metrics_source *source,
			   const struct nfm_metrics_customers *customers);

#endif
