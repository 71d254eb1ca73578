// SPDX-License-Identifier: GPL-2.0-only
#include "customers/csv.h"

#include <errno.h>
#include <string.h>

static const char byte_order_mark[] = "\xef\xbb\xbf";

void nfm_csv_open(struct nfm_csv *csv, const char *text, size_t len)
{
	size_t mark = sizeof(byte_order_mark) - 1;

	*csv = (struct nfm_csv){ .at = text, .end = text + len, .line = 1 };
	if (len >= mark && !memcmp(text, byte_order_mark, mark))
		csv->at += mark;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool at_line_end(const struct nfm_csv *csv)
{
	if (csv->at == csv->end || *csv->at == '\n')
		return true;
	return *csv->at == '\r' && (csv->at + 1 == csv->end || csv->at[1] == '\n');
}

static void skip_line_end(struct nfm_csv *csv)
{
	if (csv->at < csv->end && *csv->at == '\r')
		csv->at++;
	if (csv->at < csv->end && *csv->at == '\n') {
		csv->at++;
		csv->line++;
	}
}

static void skip_blanks(struct nfm_csv *csv)
{
	while (csv->at < csv->end && is_blank(*csv->at))
		csv->at++;
}

/* Notes the problem and goes on to the next line, so that the next record has a chance. */
static int fail(struct nfm_csv *csv, const char *from, uint32_t line, const char *problem)
{
	const char *newline = memchr(from, '\n', (size_t)(csv->end - from));

	csv->problem = problem;
	csv->problem_line = line;
	csv->at = newline ? newline + 1 : csv->end;
	csv->line = line + !!newline;
	return -EINVAL;
}

static int next_quoted(struct nfm_csv *csv, struct nfm_csv_field *field)
{
	uint32_t line = csv->line;
	const char *open = csv->at++;

	field->quoted = true;
	field->text = csv->at;
	for (; csv->at < csv->end; csv->at++) {
		if (!*csv->at)
			return fail(csv, csv->at, csv->line, "a NUL byte");
		if (*csv->at == '\n')
			csv->line++;
		if (*csv->at != '"')
			continue;
		if (csv->at + 1 == csv->end || csv->at[1] != '"')
			break;
		field->escaped = true;
		csv->at++;
	}
	if (csv->at == csv->end)
		return fail(csv, open, line, "a quote is opened and never closed");
	field->len = (uint32_t)(csv->at - field->text);
	csv->at++;
	skip_blanks(csv);
	if (!at_line_end(csv) && *csv->at != ',')
		return fail(csv, csv->at, csv->line, "text after a closing quote");
	return 0;
}

static int next_plain(struct nfm_csv *csv, struct nfm_csv_field *field)
{
	const char *end;

	field->text = csv->at;
	for (; !at_line_end(csv) && *csv->at != ','; csv->at++) {
		if (!*csv->at)
			return fail(csv, csv->at, csv->line, "a NUL byte");
		if (*csv->at == '"')
			return fail(csv, csv->at, csv->line, "a quote within an unquoted field");
	}
	for (end = csv->at; end > field->text && is_blank(end[-1]); end--)
		;
	field->len = (uint32_t)(end - field->text);
	return 0;
}

static int next_field(struct nfm_csv *csv, struct nfm_csv_field *field)
{
	*field = (struct nfm_csv_field){ 0 };
	skip_blanks(csv);
	if (csv->at < csv->end && *csv->at == '"')
		return next_quoted(csv, field);
	return next_plain(csv, field);
}

/* Fields up to the line's end. */
static int next_fields(struct nfm_csv *csv, struct nfm_csv_record *record)
{
	int code;

	for (;;) {
		if (record->field_count == NFM_CSV_MAX_FIELDS)
			return fail(csv, csv->at, csv->line, "more than 64 fields");
		code = next_field(csv, &record->field[record->field_count]);
		if (code)
			return code;
		record->field_count++;
		if (at_line_end(csv))
			break;
		csv->at++; /* the comma */
	}
	skip_line_end(csv);
	return 1;
}

int nfm_csv_next(struct nfm_csv *csv, struct nfm_csv_record *record)
{
	const struct nfm_csv_field *first = &record->field[0];
	int code;

	while (csv->at < csv->end) {
		record->field_count = 0;
		record->line = csv->line;
		record->start = csv->at;
		code = next_fields(csv, record);
		record->end = csv->at;
		if (code < 0 || record->field_count > 1 || first->len || first->quoted)
			return code;
	}
	return 0;
}

size_t nfm_csv_unquote(const struct nfm_csv_field *field, char *to)
{
	size_t len = 0;

	if (!field->escaped) {
		memmove(to, field->text, field->len);
		to[field->len] = '\0';
		return field->len;
	}
	for (uint32_t i = 0; i < field->len; i++) {
		to[len++] = field->text[i];
		i += field->text[i] == '"';
	}
	to[len] = '\0';
	return len;
}
