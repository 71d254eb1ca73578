/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one writer of what commands print. A command tells what it has as events, in the order and
 * under the keys of its JSON shape; they become
 *   JSON  a document, written as it comes
 *   CSV   a header and the rows of its table; keys are joined by "_" ("up_bytes"). A document
 *         without a table is one row.
 *   text  the rows of its table, aligned; nfm_output_line() says the rest
 * Memory does not grow with the number of rows. Errors are kept until nfm_output_finish().
 */
#ifndef NFM_VIEW_OUTPUT_H
#define NFM_VIEW_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum nfm_format { NFM_FORMAT_TEXT, NFM_FORMAT_JSON, NFM_FORMAT_CSV };

enum nfm_column_kind {
	NFM_COLUMN_LEFT,
	NFM_COLUMN_RIGHT,     /* numbers */
	NFM_COLUMN_TEXT_ONLY, /* left, and no column of CSV */
};

/** A column of a table; tables end with a NULL name. */
struct nfm_column {
	const char *name;    /* in CSV: the element's keys, joined by "_" */
	const char *heading; /* in text; NULL: not shown there */
	enum nfm_column_kind kind;
};

struct nfm_output;

/** A writer to `to`, which stays the caller's. NULL: out of memory. */
struct nfm_output *nfm_output_new(FILE *to, enum nfm_format format, bool exact_bytes);
void nfm_output_free(struct nfm_output *out);

/** Ends the document and flushes. 0, or -errno of the first error, -EPIPE and -ENOSPC with it. */
int nfm_output_finish(struct nfm_output *out, struct nfm_error *error);

/** True after an error: a long list may be ended early. */
bool nfm_output_failed(const struct nfm_output *out);

enum nfm_format nfm_output_format(const struct nfm_output *out);

/* `key` is NULL for elements of an array and for the document itself. */
void nfm_output_object(struct nfm_output *out, const char *key);
void nfm_output_array(struct nfm_output *out, const char *key);
/**
 * An array whose elements are objects: the rows of a table. `columns` outlive the writer. A second
 * table with the same columns goes on under the first one's header in CSV.
 */
void nfm_output_table(struct nfm_output *out, const char *key, const struct nfm_column *columns);
void nfm_output_end(struct nfm_output *out); /* of the innermost object, array or table */

void nfm_output_u64(struct nfm_output *out, const char *key, uint64_t value);
/** value / 10^decimals, as a number with a point; zeroes at its end are left out. */
void nfm_output_decimal(struct nfm_output *out, const char *key, uint64_t value,
			unsigned int decimals);
/** With a unit ("1.5 GB") in text, unless exact bytes are asked for. */
void nfm_output_bytes(struct nfm_output *out, const char *key, uint64_t value);
void nfm_output_bool(struct nfm_output *out, const char *key, bool value);
void nfm_output_null(struct nfm_output *out, const char *key);
/** NULL is written as null. */
void nfm_output_string(struct nfm_output *out, const char *key, const char *value);
/** UTC in JSON and CSV, local in text; 0 is null, "never" in text. */
void nfm_output_time(struct nfm_output *out, const char *key, uint64_t unix_ns);
/** COUNT: {"bytes", "packets", "flows"}. */
void nfm_output_count(struct nfm_output *out, const char *key, uint64_t bytes, uint64_t packets,
		      uint64_t flows);

/** A cell of the open row that JSON does not have. */
void nfm_output_cell(struct nfm_output *out, const char *name, const char *value);

/** A line of text; nothing in JSON and CSV. Control characters are made harmless. */
void nfm_output_line(struct nfm_output *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Text of a number of bytes as the user wants to see them. Returns buf (>= 32 bytes). */
char *nfm_output_format_bytes(const struct nfm_output *out, uint64_t value, char *buf,
			      size_t size);

/** "48 Mb/s" in text, unless exact numbers are asked for; bit/s. */
void nfm_output_rate(struct nfm_output *out, const char *key, uint64_t bps);
char *nfm_output_format_rate(const struct nfm_output *out, uint64_t bps, char *buf, size_t size);

#endif
