/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reader of CSV in memory (RFC 4180): comma, double quotes, "" for a quote within quotes, lines
 * that end in LF or CRLF, the last one with or without. It copies nothing.
 */
#ifndef NFM_CSV_H
#define NFM_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFM_CSV_MAX_FIELDS 64U

/** A field as it stands in the file, blanks around it and quotes left out. */
struct nfm_csv_field {
	const char *text;
	uint32_t len;
	bool quoted;  /* stood in quotes */
	bool escaped; /* has "" that stand for " */
};

struct nfm_csv_record {
	struct nfm_csv_field field[NFM_CSV_MAX_FIELDS];
	uint32_t field_count;
	uint32_t line;	   /* of its first byte, from 1 */
	const char *start; /* of its first byte */
	const char *end;   /* past its line's end */
};

struct nfm_csv {
	const char *at;
	const char *end;
	uint32_t line;	     /* of `at` */
	const char *problem; /* after -EINVAL: what is wrong, a constant text */
	uint32_t problem_line;
};

/** Starts at the head of `text`; a UTF-8 byte order mark is skipped. */
void nfm_csv_open(struct nfm_csv *csv, const char *text, size_t len);

/**
 * The next record that is not an empty line: 1, 0 at the end, or -EINVAL where quoting is broken,
 * a byte is NUL or the fields are too many; the call after an error goes on with the next line.
 */
int nfm_csv_next(struct nfm_csv *csv, struct nfm_csv_record *record);

/**
 * Writes a field's meaning and a NUL to `to` (field->len + 1 bytes suffice; it may be the field's
 * own place, where the byte after the field may be overwritten). Returns its length.
 */
size_t nfm_csv_unquote(const struct nfm_csv_field *field, char *to);

#endif
