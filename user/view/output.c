// SPDX-License-Identifier: GPL-2.0-only
#include "view/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_gen.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "view/cells.h"
#include "view/text.h"

#define MAX_DEPTH 16U

struct level {
	bool is_array;
	size_t path_used; /* of the path, outside this level */
};

struct nfm_output {
	FILE *to;
	enum nfm_format format;
	bool exact_bytes;
	int failed; /* -errno of the first error */
	yajl_gen json;

	/* CSV and text */
	struct level level[MAX_DEPTH];
	unsigned int depth;
	char path[256]; /* keys from the row down, joined */
	size_t path_used;
	unsigned int table_depth; /* depth outside the open table + 1; 0: none is open */
	unsigned int list_depth;  /* the same of the outermost array that is a cell */
	bool element_begun;	  /* further values belong to the same element of that array */
	bool had_table;
	struct nfm_cells *table;
	const struct nfm_column *columns; /* of `table` */
	struct nfm_cells *record;	  /* CSV: the document as one row */
};

static void fail(struct nfm_output *out, int err)
{
	if (!out->failed)
		out->failed = err;
}

static void print_json(void *cookie, const char *text, size_t size)
{
	struct nfm_output *out = cookie;

	if (!out->failed && fwrite_unlocked(text, 1, size, out->to) != size)
		fail(out, errno ? -errno : -EIO);
}

struct nfm_output *nfm_output_new(FILE *to, enum nfm_format format, bool exact_bytes)
{
	struct nfm_output *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->to = to;
	out->format = format;
	out->exact_bytes = exact_bytes;
	if (format == NFM_FORMAT_JSON) {
		out->json = yajl_gen_alloc(NULL);
		if (!out->json)
			goto failed;
		yajl_gen_config(out->json, yajl_gen_print_callback, print_json, out);
		yajl_gen_config(out->json, yajl_gen_beautify, isatty(fileno(to)));
		yajl_gen_config(out->json, yajl_gen_indent_string, "  ");
	} else if (format == NFM_FORMAT_CSV) {
		out->record = nfm_cells_new(to, true, NULL);
		if (!out->record)
			goto failed;
	}
	return out;
failed:
	nfm_output_free(out);
	return NULL;
}

void nfm_output_free(struct nfm_output *out)
{
	if (!out)
		return;
	if (out->json)
		yajl_gen_free(out->json);
	nfm_cells_free(out->table);
	nfm_cells_free(out->record);
	free(out);
}

bool nfm_output_failed(const struct nfm_output *out)
{
	return out->failed || ferror(out->to);
}

enum nfm_format nfm_output_format(const struct nfm_output *out)
{
	return out->format;
}

/* ---- JSON ---- */

static void check_json(struct nfm_output *out, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		fail(out, -EPROTO); /* a command's events make no document */
}

static void json_text(struct nfm_output *out, const char *text)
{
	_cleanup_free_ char *scratch = NULL;
	const char *clean = nfm_text_clean(text, false, &scratch);

	if (!clean)
		fail(out, -ENOMEM);
	else
		check_json(out, yajl_gen_string(out->json, (const unsigned char *)clean,
						strlen(clean)));
}

static void json_key(struct nfm_output *out, const char *key)
{
	if (key)
		json_text(out, key);
}

/* ---- CSV and text: where in the document, and so in which cell ---- */

static struct nfm_cells *open_cells(struct nfm_output *out)
{
	return out->table_depth ? out->table : out->record;
}

static void push_key(struct nfm_output *out, const char *key)
{
	int n;

	if (!key)
		return;
	n = snprintf(out->path + out->path_used, sizeof(out->path) - out->path_used, "%s%s",
		     out->path_used ? "_" : "", key);
	if (n < 0 || out->path_used + (size_t)n >= sizeof(out->path))
		fail(out, -ENAMETOOLONG);
	else
		out->path_used += (size_t)n;
}

static void pop_key(struct nfm_output *out, size_t path_used)
{
	out->path_used = path_used;
	out->path[path_used] = '\0';
}

static void enter(struct nfm_output *out, const char *key, bool is_array)
{
	struct level *level = &out->level[out->depth];

	if (out->depth == MAX_DEPTH) {
		fail(out, -E2BIG);
		return;
	}
	level->is_array = is_array;
	level->path_used = out->path_used;
	out->depth++;
	if (out->json)
		return;
	if (!out->list_depth) {
		push_key(out, key);
		out->list_depth = is_array ? out->depth : 0;
		out->element_begun = false;
		if (is_array && !out->table_depth && out->record && key)
			fail(out, nfm_cells_put(out->record, out->path, "", false)); /* if empty */
	} else if (out->level[out->depth - 2].is_array) {
		out->element_begun = false; /* keys within a list's elements name no cell */
	}
}

static void put(struct nfm_output *out, const char *key, const char *text)
{
	struct nfm_cells *cells = open_cells(out);
	size_t path_used = out->path_used;
	int err;

	if (!cells)
		return;
	if (!out->list_depth)
		push_key(out, key);
	err = nfm_cells_put(cells, out->path, text, out->list_depth && out->element_begun);
	if (out->list_depth)
		out->element_begun = out->depth > out->list_depth;
	else
		pop_key(out, path_used);
	if (err)
		fail(out, err);
}

/* ---- events ---- */

void nfm_output_object(struct nfm_output *out, const char *key)
{
	if (out->json) {
		json_key(out, key);
		check_json(out, yajl_gen_map_open(out->json));
	}
	enter(out, key, false);
}

void nfm_output_array(struct nfm_output *out, const char *key)
{
	if (out->json) {
		json_key(out, key);
		check_json(out, yajl_gen_array_open(out->json));
	}
	enter(out, key, true);
}

static void close_table(struct nfm_output *out)
{
	if (out->table)
		nfm_cells_end(out->table);
	nfm_cells_free(out->table);
	out->table = NULL;
}

void nfm_output_table(struct nfm_output *out, const char *key, const struct nfm_column *columns)
{
	if (out->json) {
		nfm_output_array(out, key);
		return;
	}
	enter(out, NULL, true);
	out->list_depth = 0; /* its elements are rows, no list in a cell */
	out->table_depth = out->depth;
	out->had_table = true;
	pop_key(out, 0);
	if (out->format == NFM_FORMAT_CSV && out->table && out->columns == columns)
		return;
	close_table(out);
	out->columns = columns;
	out->table = nfm_cells_new(out->to, out->format == NFM_FORMAT_CSV, columns);
	if (!out->table)
		fail(out, -ENOMEM);
}

/* The level that was just left was a row, a table or the whole document. */
static void end_cells(struct nfm_output *out)
{
	if (out->depth == out->table_depth && out->table_depth) {
		int err = out->table ? nfm_cells_end_row(out->table) : 0;

		if (err)
			fail(out, err);
	} else if (out->depth + 1 == out->table_depth) {
		out->table_depth = 0;
		if (out->format == NFM_FORMAT_TEXT)
			close_table(out);
	}
	if (!out->depth && out->record && !out->had_table)
		fail(out, nfm_cells_end_row(out->record));
}

void nfm_output_end(struct nfm_output *out)
{
	struct level *level;

	if (!out->depth) {
		fail(out, -EPROTO);
		return;
	}
	level = &out->level[--out->depth];
	if (out->json) {
		check_json(out, level->is_array ? yajl_gen_array_close(out->json)
						: yajl_gen_map_close(out->json));
		return;
	}
	pop_key(out, level->path_used);
	if (out->list_depth == out->depth + 1)
		out->list_depth = 0;
	if (!out->list_depth)
		end_cells(out);
	else if (out->level[out->depth - 1].is_array)
		out->element_begun = false;
}

/* ---- values ---- */

static void put_number(struct nfm_output *out, const char *key, const char *text)
{
	if (out->json) {
		json_key(out, key);
		check_json(out, yajl_gen_number(out->json, text, strlen(text)));
	} else {
		put(out, key, text);
	}
}

void nfm_output_u64(struct nfm_output *out, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_number(out, key, text);
}

void nfm_output_decimal(struct nfm_output *out, const char *key, uint64_t value,
			unsigned int decimals)
{
	uint64_t whole = 1;
	char text[48];
	size_t end;

	for (unsigned int i = 0; i < decimals; i++)
		whole *= 10;
	snprintf(text, sizeof(text), "%" PRIu64 ".%0*" PRIu64, value / whole, (int)decimals,
		 value % whole);
	for (end = strlen(text); end && text[end - 1] == '0'; end--)
		text[end - 1] = '\0';
	if (end && text[end - 1] == '.')
		text[end - 1] = '\0';
	put_number(out, key, text);
}

char *nfm_output_format_bytes(const struct nfm_output *out, uint64_t value, char *buf,
			      size_t size)
{
	if (out->exact_bytes)
		snprintf(buf, size, "%" PRIu64, value);
	else
		nfm_units_format_count(value, "B", buf, size);
	return buf;
}

void nfm_output_bytes(struct nfm_output *out, const char *key, uint64_t value)
{
	char text[32];

	if (out->format == NFM_FORMAT_TEXT)
		put(out, key, nfm_output_format_bytes(out, value, text, sizeof(text)));
	else
		nfm_output_u64(out, key, value);
}

char *nfm_output_format_rate(const struct nfm_output *out, uint64_t bps, char *buf, size_t size)
{
	if (out->exact_bytes)
		snprintf(buf, size, "%" PRIu64 " b/s", bps);
	else
		nfm_units_format_count(bps, "b/s", buf, size);
	return buf;
}

void nfm_output_rate(struct nfm_output *out, const char *key, uint64_t bps)
{
	char text[32];

	if (out->format == NFM_FORMAT_TEXT && !out->exact_bytes)
		nfm_output_string(out, key, nfm_output_format_rate(out, bps, text, sizeof(text)));
	else
		nfm_output_u64(out, key, bps);
}

void nfm_output_bool(struct nfm_output *out, const char *key, bool value)
{
	if (out->json) {
		json_key(out, key);
		check_json(out, yajl_gen_bool(out->json, value));
	} else if (out->format == NFM_FORMAT_CSV) {
		put(out, key, value ? "true" : "false");
	} else {
		put(out, key, value ? "yes" : "no");
	}
}

void nfm_output_null(struct nfm_output *out, const char *key)
{
	if (out->json) {
		json_key(out, key);
		check_json(out, yajl_gen_null(out->json));
	} else {
		put(out, key, out->format == NFM_FORMAT_CSV ? "" : "-");
	}
}

void nfm_output_string(struct nfm_output *out, const char *key, const char *value)
{
	_cleanup_free_ char *scratch = NULL;
	const char *clean;

	if (!value) {
		nfm_output_null(out, key);
		return;
	}
	if (out->json) {
		json_key(out, key);
		json_text(out, value);
		return;
	}
	clean = nfm_text_clean(value, out->format == NFM_FORMAT_TEXT, &scratch);
	if (clean)
		put(out, key, clean);
	else
		fail(out, -ENOMEM);
}

void nfm_output_time(struct nfm_output *out, const char *key, uint64_t unix_ns)
{
	char text[64];

	if (!unix_ns && out->format == NFM_FORMAT_TEXT)
		put(out, key, "never");
	else if (!unix_ns)
		nfm_output_null(out, key);
	else if (out->format == NFM_FORMAT_TEXT)
		put(out, key, nfm_units_format_local(unix_ns, text, sizeof(text)));
	else
		nfm_output_string(out, key, nfm_units_format_time(unix_ns, text, sizeof(text)));
}

void nfm_output_count(struct nfm_output *out, const char *key, uint64_t bytes, uint64_t packets,
		      uint64_t flows)
{
	nfm_output_object(out, key);
	nfm_output_bytes(out, "bytes", bytes);
	nfm_output_u64(out, "packets", packets);
	nfm_output_u64(out, "flows", flows);
	nfm_output_end(out);
}

void nfm_output_cell(struct nfm_output *out, const char *name, const char *value)
{
	if (!out->json)
		nfm_output_string(out, name, value);
}

void nfm_output_line(struct nfm_output *out, const char *format, ...)
{
	_cleanup_free_ char *scratch = NULL;
	_cleanup_free_ char *line = NULL;
	const char *clean;
	va_list args;
	int n;

	if (out->format != NFM_FORMAT_TEXT)
		return;
	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0) {
		line = NULL;
		fail(out, -ENOMEM);
		return;
	}
	clean = nfm_text_clean(line, true, &scratch);
	if (!clean || fprintf(out->to, "%s\n", clean) < 0)
		fail(out, clean ? -errno : -ENOMEM);
}

/* ---- the end ---- */

int nfm_output_finish(struct nfm_output *out, struct nfm_error *error)
{
	if (out->depth)
		fail(out, -EPROTO);
	close_table(out);
	if (out->json && !out->failed && !isatty(fileno(out->to)))
		putc('\n', out->to);
	errno = 0;
	if (fflush(out->to) || ferror(out->to))
		fail(out, errno ? -errno : -EIO);
	if (!out->failed)
		return 0;
	return nfm_error_set(error, out->failed, "cannot write the output: %s%s",
			     strerror(-out->failed),
			     out->failed == -ENOSPC ? ": make room and run it again" : "");
}
