// SPDX-License-Identifier: GPL-2.0-only
/* Reads and checks a customers file. Ids and names stay where they stand in the file's text. */
#include "customers/registry.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/units.h"
#include "customers/index.h"
#include "customers/text.h"

#define PROBLEM_BYTES 320U
#define LEAST_LINE_BYTES 16U /* of a common line; shorter ones only cost time */
#define MORE_BYTES 48U /* room for the line that says how many more */

struct reader {
	const char *path;
	struct nfm_csv csv;
	struct nfm_registry_columns columns;
	struct nfm_registry registry;
	uint32_t *line; /* of each customer */
	uint32_t customer_room;
	uint32_t prefix_room;
	struct nfm_index ids;
	struct nfm_index prefixes;
	struct nfm_error problems;
	uint32_t problem_count;
	uint32_t untold; /* problems that did not fit the text */
	nfm_registry_tell tell;
	void *cookie;
};

static void reader_close(struct reader *r)
{
	nfm_registry_clear(&r->registry);
	nfm_index_close(&r->ids);
	nfm_index_close(&r->prefixes);
	free(r->line);
}

static void __attribute__((format(printf, 3, 4)))
complain(struct reader *r, uint32_t line, const char *format, ...)
{
	size_t used = strlen(r->problems.text);
	char text[PROBLEM_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (r->tell)
		r->tell(r->cookie, line, text);
	if (r->problem_count++ &&
	    used + strlen(r->path) + strlen(text) + 16 + MORE_BYTES > sizeof(r->problems.text))
		r->untold++;
	else
		nfm_error_add(&r->problems, "%s:%u: %s", r->path, line, text);
}

/* ---- the header ---- */

static int find_columns(const struct nfm_csv_record *record, const char *path,
			struct nfm_registry_columns *out, struct nfm_error *error)
{
	struct nfm_registry_columns found = { NFM_COLUMN_NONE, NFM_COLUMN_NONE, NFM_COLUMN_NONE,
					      record->field_count };
	const struct {
		const char *name;
		uint32_t *at;
		bool required;
	} columns[] = {
		{ "id", &found.id, true },
		{ "name", &found.name, false },
		{ "prefixes", &found.prefixes, true },
	};

	for (size_t i = 0; i < NFM_ARRAY_SIZE(columns); i++) {
		size_t len = strlen(columns[i].name);

		for (uint32_t f = 0; f < record->field_count; f++) {
			const struct nfm_csv_field *field = &record->field[f];

			if (field->len != len || strncasecmp(field->text, columns[i].name, len))
				continue;
			if (*columns[i].at != NFM_COLUMN_NONE)
				return nfm_error_set(error, -EINVAL,
						     "%s:%u: the header has column '%s' twice",
						     path, record->line, columns[i].name);
			*columns[i].at = f;
		}
		if (columns[i].required && *columns[i].at == NFM_COLUMN_NONE)
			return nfm_error_set(error, -EINVAL,
					     "%s:%u: the header has no column '%s': the first line "
					     "names the columns, such as id,name,prefixes",
					     path, record->line, columns[i].name);
	}
	*out = found;
	return 0;
}

int nfm_registry_read_header(struct nfm_csv *csv, const char *path,
			     struct nfm_registry_columns *out, struct nfm_error *error)
{
	struct nfm_csv_record record;
	int code = nfm_csv_next(csv, &record);

	if (code < 0)
		return nfm_error_set(error, code, "%s:%u: %s", path, csv->problem_line,
				     csv->problem);
	if (!code)
		return nfm_error_set(error, -EINVAL,
				     "%s:1: no header: the first line names the columns, such as "
				     "id,name,prefixes",
				     path);
	return find_columns(&record, path, out, error);
}

/* ---- room ---- */

static int grow(void *array, uint32_t *room, size_t size, uint32_t count)
{
	void *bigger;
	uint32_t want;

	if (count < *room)
		return 0;
	want = *room ? 2 * *room : 1024;
	bigger = realloc(*(void **)array, want * size);
	if (!bigger)
		return -ENOMEM;
	*(void **)array = bigger;
	*room = want;
	return 0;
}

static int make_customer_room(struct reader *r)
{
	uint32_t lines = r->customer_room;
	uint32_t count = r->registry.customer_count;

	if (grow(&r->line, &lines, sizeof(*r->line), count) ||
	    grow(&r->registry.customers, &r->customer_room, sizeof(*r->registry.customers), count))
		return -ENOMEM;
	return nfm_index_reserve(&r->ids, 1);
}

static int make_prefix_room(struct reader *r)
{
	if (grow(&r->registry.prefixes, &r->prefix_room, sizeof(*r->registry.prefixes),
		 r->registry.prefix_count))
		return -ENOMEM;
	return nfm_index_reserve(&r->prefixes, 1);
}

/* ---- lines ---- */

static void take_prefix(struct reader *r, const struct nfm_prefix *prefix, uint32_t line)
{
	uint32_t hash = nfm_index_hash(&r->prefixes, prefix->addr, sizeof(prefix->addr)) +
			prefix->bits * 0x9e3779b1U + prefix->family;
	struct nfm_registry *reg = &r->registry;
	uint32_t at = 0;
	uint32_t other;

	while ((other = nfm_index_next(&r->prefixes, hash, &at)) != NFM_INDEX_NONE) {
		const struct nfm_prefix *p = &reg->prefixes[other];
		char text[64], owner[64];

		if (memcmp(p->addr, prefix->addr, sizeof(p->addr)) || p->bits != prefix->bits ||
		    p->family != prefix->family)
			continue;
		nfm_units_format_prefix(p->addr, p->family, p->bits, text, sizeof(text));
		nfm_text_quote(reg->customers[p->row].id, strlen(reg->customers[p->row].id),
			       owner, sizeof(owner));
		complain(r, line, "prefix %s is already on line %u (customer '%s')", text,
			 r->line[p->row], owner);
		return;
	}
	nfm_index_add(&r->prefixes, hash, reg->prefix_count);
	reg->prefixes[reg->prefix_count++] = *prefix;
}

static bool is_separator(char c)
{
	return c == ' ' || c == ';' || c == '\t' || c == '\n' || c == '\r';
}

/* All prefixes of a field; they belong to the customer that is being read. */
static int take_prefixes(struct reader *r, const struct nfm_csv_field *field, uint32_t line)
{
	struct nfm_prefix prefix = { .row = r->registry.customer_count };
	const char *end = field->text + field->len;
	const char *p = field->text;
	uint32_t words = 0;

	for (;; words++) {
		const char *start;
		char why[PROBLEM_BYTES];

		while (p < end && is_separator(*p))
			p++;
		if (p == end)
			break;
		for (start = p; p < end && !is_separator(*p); p++)
			;
		if (make_prefix_room(r))
			return -ENOMEM;
		if (nfm_text_parse_prefix(start, (size_t)(p - start), &prefix))
			complain(r, line, "%s",
				 nfm_text_explain_prefix(start, (size_t)(p - start), why,
							 sizeof(why)));
		else
			take_prefix(r, &prefix, line);
	}
	if (!words)
		complain(r, line, "no prefix: give the customer one, or remove the line");
	return 0;
}

static void take_id(struct reader *r, char *id, size_t len, uint32_t line)
{
	const char *wrong = nfm_text_check_id(id, len);
	struct nfm_registry *reg = &r->registry;
	char shown[64];
	uint32_t hash;
	uint32_t at = 0;
	uint32_t other;

	if (wrong) {
		complain(r, line, "%s", wrong);
		return;
	}
	hash = nfm_index_hash(&r->ids, id, len);
	while ((other = nfm_index_next(&r->ids, hash, &at)) != NFM_INDEX_NONE)
		if (!strcmp(reg->customers[other].id, id)) {
			nfm_text_quote(id, len, shown, sizeof(shown));
			complain(r, line, "id '%s' is already on line %u: one line a customer",
				 shown, r->line[other]);
			return;
		}
	nfm_index_add(&r->ids, hash, reg->customer_count);
}

/* The file's text belongs to us: fields are unquoted in their own places. */
static size_t unquote_in_place(const struct nfm_csv_record *record, uint32_t column, char **out)
{
	static char nothing[] = "";
	const struct nfm_csv_field *field;

	if (column >= record->field_count) {
		*out = nothing;
		return 0;
	}
	field = &record->field[column];
	*out = (char *)(uintptr_t)field->text;
	return nfm_csv_unquote(field, *out);
}

static int take_record(struct reader *r, const struct nfm_csv_record *record)
{
	struct nfm_registry *reg = &r->registry;
	struct nfm_customer *customer;
	uint32_t line = record->line;
	size_t id_len;

	if (record->field_count > r->columns.count) {
		complain(r, line, "%u fields, but the header has %u: put quotes around a comma",
			 record->field_count, r->columns.count);
		return 0;
	}
	if (record->field_count <= NFM_MAX(r->columns.id, r->columns.prefixes)) {
		complain(r, line, "only %u of %u fields: the line has no %s", record->field_count,
			 r->columns.count,
			 record->field_count <= r->columns.id ? "id" : "prefixes");
		return 0;
	}
	if (make_customer_room(r))
		return -ENOMEM;
	customer = &reg->customers[reg->customer_count];
	r->line[reg->customer_count] = line;
	customer->first_prefix = reg->prefix_count;
	id_len = unquote_in_place(record, r->columns.id, &customer->id);
	unquote_in_place(record, r->columns.name, &customer->name);
	nfm_text_clean_name(customer->name);
	take_id(r, customer->id, id_len, line);
	if (take_prefixes(r, &record->field[r->columns.prefixes], line))
		return -ENOMEM;
	customer->prefix_count = reg->prefix_count - customer->first_prefix;
	reg->customer_count++;
	return 0;
}

/* Room for as many customers as there may be, so that a million does not grow it 15 times. */
static int open_indexes(struct reader *r)
{
	size_t left = (size_t)(r->csv.end - r->csv.at);
	uint32_t most = (uint32_t)(left / LEAST_LINE_BYTES);
	uint32_t lines = 0;

	for (const char *p = r->csv.at; lines < most; p++, lines++) {
		p = memchr(p, '\n', (size_t)(r->csv.end - p));
		if (!p)
			break;
	}
	if (nfm_index_open(&r->ids, lines))
		return -ENOMEM;
	return nfm_index_open(&r->prefixes, lines);
}

static int read_records(struct reader *r)
{
	struct nfm_csv_record record;

	for (;;) {
		int code = nfm_csv_next(&r->csv, &record);

		if (!code)
			return 0;
		if (code < 0)
			complain(r, r->csv.problem_line, "%s", r->csv.problem);
		else if (take_record(r, &record))
			return -ENOMEM;
	}
}

static int report(const struct reader *r, struct nfm_error *error)
{
	if (!error)
		return -EINVAL;
	*error = r->problems;
	if (r->untold)
		nfm_error_add(error, "and %u more problems in this file", r->untold);
	return -EINVAL;
}

static int parse(char *text, size_t len, const char *path, nfm_registry_tell tell, void *cookie,
		 struct nfm_registry *out, struct nfm_error *error)
{
	_cleanup_(reader_close) struct reader r = {
		.path = path,
		.registry.text = text,
		.tell = tell,
		.cookie = cookie,
	};
	int code;

	nfm_csv_open(&r.csv, text, len);
	code = nfm_registry_read_header(&r.csv, path, &r.columns, error);
	if (code)
		return code;
	if (open_indexes(&r) || read_records(&r))
		return nfm_error_set(error, -ENOMEM, "%s: not enough memory to read it", path);
	if (r.problem_count)
		return report(&r, error);
	*out = r.registry;
	r.registry = (struct nfm_registry){ 0 };
	return 0;
}

int nfm_registry_parse(char *text, size_t len, const char *path, struct nfm_registry *out,
		       struct nfm_error *error)
{
	return parse(text, len, path, NULL, NULL, out, error);
}

int nfm_registry_check(const char *path, nfm_registry_tell tell, void *cookie,
		       struct nfm_registry *out, struct nfm_error *error)
{
	char *text;
	size_t len;
	int code;

	code = nfm_io_read_file(path, NFM_REGISTRY_MOST_BYTES, &text, &len);
	if (code)
		return nfm_error_set(error, code,
				     "cannot read the customers file %s: %s; check name and rights",
				     path, strerror(-code));
	return parse(text, len, path, tell, cookie, out, error);
}

int nfm_registry_read(const char *path, struct nfm_registry *out, struct nfm_error *error)
{
	return nfm_registry_check(path, NULL, NULL, out, error);
}

void nfm_registry_clear(struct nfm_registry *registry)
{
	free(registry->customers);
	free(registry->prefixes);
	free(registry->text);
	*registry = (struct nfm_registry){ 0 };
}
