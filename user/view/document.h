/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The documents: what a command prints and the API answers, of the shapes in docs/json.md. One
 * function writes each, in text, JSON and CSV; nothing is written if it fails, unless it says so.
 * Requests are made of names and texts: a command's options, an URL's parameters.
 */
#ifndef NFM_VIEW_DOCUMENT_H
#define NFM_VIEW_DOCUMENT_H

#include <yajl/yajl_tree.h>

#include "base/error.h"
#include "config/config.h"
#include "history/history.h"
#include "table/table.h"
#include "view/exporters.h"
#include "view/output.h"
#include "view/slice.h"
#include "view/period.h"
#include "view/templates.h"
#include "view/view.h"

struct nfm_config_sources;
struct nfm_top;

/**
 * `agent`: its answer to "status"; NULL: none runs, and the NICs of `config` are asked themselves,
 * unless that is NULL.
 */
void nfm_document_status(struct nfm_output *out, const struct nfm_config *config,
			 const struct nfm_table *t, yajl_val agent);

/** Members of an object that is open: what `top` shows of the last interval. -ENOMEM. */
int nfm_document_top(struct nfm_output *out, const struct nfm_top *top);

/** `agent` as above: what waits for its restart. Values that may hold passwords are left out. */
void nfm_document_config(struct nfm_output *out, const struct nfm_config *config,
			 const struct nfm_config_sources *sources, yajl_val agent);

/* ---- show ---- */

enum nfm_show_sort {
	NFM_SHOW_BY_ROW,
	NFM_SHOW_BY_ID,
	NFM_SHOW_BY_NAME,
	NFM_SHOW_BY_UP,
	NFM_SHOW_BY_DOWN,
	NFM_SHOW_BY_TOTAL,
	NFM_SHOW_BY_UP_RATE,
	NFM_SHOW_BY_DOWN_RATE,
	NFM_SHOW_BY_RATE,
	NFM_SHOW_BY_LAST_SEEN,
};

struct nfm_document_show {
	char **argument; /* ids, names and addresses; each must lead to somebody */
	int count;	 /* 0: all customers */
	const char *only; /* the one who may be seen, without the sums; NULL: all */
	struct nfm_slice slice;
	enum nfm_show_sort sort;
	const struct nfm_top *rates; /* NULL: without rates */
};

/** sort, and what nfm_slice_take() takes. */
int nfm_document_show_take(struct nfm_document_show *request, const char *name, const char *text,
			   struct nfm_error *error);

/** -ENOENT: an argument leads to nobody; -ENOMEM. */
int nfm_document_show(struct nfm_output *out, const struct nfm_document_show *request,
		      const struct nfm_table *t, const struct nfm_view_sums *sums,
		      struct nfm_error *error);

/* ---- exporters, templates ---- */

/** `templates`: NULL: the file cannot be read. */
void nfm_document_exporters(struct nfm_output *out, const struct nfm_table *t,
			    const struct nfm_exporters_view *view,
			    const struct nfm_templates_view *templates,
			    const struct nfm_view_clock *now);

struct nfm_document_templates {
	const struct nfm_config *config; /* whose exporters have the names */
	char **argument;		 /* names and addresses of exporters */
	int count;			 /* 0: all */
	bool verbose;
};

/** -ENOENT: an argument that is neither an address nor an exporter's name. */
int nfm_document_templates_check(const struct nfm_document_templates *selection,
				 struct nfm_error *error);
void nfm_document_templates(struct nfm_output *out, const struct nfm_document_templates *selection,
			    const struct nfm_templates_view *view);

/* ---- files ---- */

/**
 * One snapshot file: rows in CSV. -errno with the text; a file that contradicts itself is found
 * only when a part of it has been written.
 */
int nfm_document_read(struct nfm_output *out, const char *path, struct nfm_error *error);

struct nfm_document_history {
	struct nfm_period period;
	bool from_exact; /* given as a time or a day: the first step begins there */
	enum nfm_history_unit unit;
	uint32_t step;
	enum nfm_history_kind kind;
	const char *id;
};

/** The last day by 5 minutes. */
void nfm_document_history_init(struct nfm_document_history *request);

/** step, and what nfm_period_take() takes. */
int nfm_document_history_take(struct nfm_document_history *request, const char *name,
			      const char *text, struct nfm_error *error);

/**
 * -EINVAL: the range is empty. What begins so long ago begins with a step of the local clock, if
 * steps are of seconds: -40m by 5 minutes at 18:20 or 18:25, not at 18:22:37.
 */
int nfm_document_history_check(struct nfm_document_history *request, struct nfm_error *error);

/** Of `options` the folder and the callbacks are used. As nfm_history_read(). */
int nfm_document_history_read(const struct nfm_document_history *request,
			      const struct nfm_history_options *options, struct nfm_history *out,
			      struct nfm_error *error);

/**
 * Whether there is such a customer, in files, table (NULL: none) or registry. In a range without
 * any data nobody is known: that is no error of the one who asks, and true.
 */
bool nfm_document_history_known(const struct nfm_config *config, const struct nfm_table *t,
				const struct nfm_document_history *request,
				const struct nfm_history *history);
void nfm_document_history(struct nfm_output *out, const struct nfm_document_history *request,
			  const struct nfm_history *history);

enum nfm_report_sort {
	NFM_REPORT_BY_ID,
	NFM_REPORT_BY_UP,
	NFM_REPORT_BY_DOWN,
	NFM_REPORT_BY_TOTAL,
	NFM_REPORT_BY_PERCENTILE,
};

struct nfm_document_report {
	struct nfm_period period;
	struct nfm_slice slice;
	enum nfm_report_sort sort;
};

/** The month until now, by id. */
void nfm_document_report_init(struct nfm_document_report *request);

/** sort, and what nfm_slice_take() and nfm_period_take() take. */
int nfm_document_report_take(struct nfm_document_report *request, const char *name,
			     const char *text, struct nfm_error *error);
int nfm_document_report_check(struct nfm_document_report *request, struct nfm_error *error);

/**
 * Reads and writes; lines by id are written as they come, others are kept to be sorted. As
 * nfm_report_read(); a part may have been written then.
 */
int nfm_document_report(struct nfm_output *out, const struct nfm_document_report *request,
			const struct nfm_history_options *options, struct nfm_error *error);

#endif
