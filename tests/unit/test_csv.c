// SPDX-License-Identifier: GPL-2.0-only
/* Records and fields of CSV, and what comes after a broken one. */
#include "customers/csv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FUZZ_ROUNDS 20000U

/* Fields as "a|b|c"; every field unquoted. */
static char *joined(const struct nfm_csv_record *record, char *buf)
{
	char *at = buf;

	for (uint32_t i = 0; i < record->field_count; i++) {
		if (i)
			*at++ = '|';
		at += nfm_csv_unquote(&record->field[i], at);
	}
	*at = '\0';
	return buf;
}

static void check_next(struct nfm_csv *csv, uint32_t line, const char *fields)
{
	struct nfm_csv_record record;
	char text[256];

	assert_int_equal(nfm_csv_next(csv, &record), 1);
	assert_int_equal(record.line, line);
	assert_string_equal(joined(&record, text), fields);
}

static void check_end(struct nfm_csv *csv)
{
	struct nfm_csv_record record;

	assert_int_equal(nfm_csv_next(csv, &record), 0);
	assert_int_equal(nfm_csv_next(csv, &record), 0);
}

static void check_problem(struct nfm_csv *csv, uint32_t line, const char *word)
{
	struct nfm_csv_record record;

	assert_int_equal(nfm_csv_next(csv, &record), -EINVAL);
	assert_int_equal(csv->problem_line, line);
	assert_non_null(strstr(csv->problem, word));
}

static struct nfm_csv opened(const char *text)
{
	struct nfm_csv csv;

	nfm_csv_open(&csv, text, strlen(text));
	return csv;
}

static void test_plain(void **state)
{
	struct nfm_csv csv = opened("id,name\nalice,Alice A.\n,\n");

	(void)state;
	check_next(&csv, 1, "id|name");
	check_next(&csv, 2, "alice|Alice A.");
	check_next(&csv, 3, "|");
	check_end(&csv);
}

static void test_line_ends(void **state)
{
	struct nfm_csv csv = opened("a,b\r\nc,d\n\r\n\n  \ne,f");

	(void)state;
	check_next(&csv, 1, "a|b");
	check_next(&csv, 2, "c|d");
	check_next(&csv, 6, "e|f");
	check_end(&csv);

	csv = opened("a,b\r");
	check_next(&csv, 1, "a|b");
	check_end(&csv);

	csv = opened("a\rb,c\n"); /* no line end of its own */
	check_next(&csv, 1, "a\rb|c");
	check_end(&csv);
}

static void test_byte_order_mark(void **state)
{
	struct nfm_csv csv = opened("\xef\xbb\xbfid\nx\n");

	(void)state;
	check_next(&csv, 1, "id");
	check_next(&csv, 2, "x");
	check_end(&csv);

	csv = opened("\xef\xbbid\n"); /* half of one is text */
	check_next(&csv, 1, "\xef\xbbid");
}

static void test_nothing(void **state)
{
	struct nfm_csv csv = opened("");

	(void)state;
	check_end(&csv);
	csv = opened("\n\r\n \t\n");
	check_end(&csv);
	csv = opened("\xef\xbb\xbf");
	check_end(&csv);
}

static void test_quoted(void **state)
{
	struct nfm_csv csv = opened("\"a,b\" , \"say \"\"hi\"\"\",\"two\nlines\",\"\"\nx\n\"\"\n");

	(void)state;
	check_next(&csv, 1, "a,b|say \"hi\"|two\nlines|");
	check_next(&csv, 3, "x");
	check_next(&csv, 4, ""); /* quoted nothing is a record */
	check_end(&csv);
}

static void test_blanks_around(void **state)
{
	struct nfm_csv csv = opened(" a b \t, \" c \" ,d\n");

	(void)state;
	check_next(&csv, 1, "a b| c |d");
}

static void test_unquote_in_place(void **state)
{
	char text[] = "\"a\"\"b\"\"\",c\n";
	struct nfm_csv_record record;
	struct nfm_csv csv;

	(void)state;
	nfm_csv_open(&csv, text, strlen(text));
	assert_int_equal(nfm_csv_next(&csv, &record), 1);
	assert_int_equal(nfm_csv_unquote(&record.field[0], text + 1), 4);
	assert_string_equal(text + 1, "a\"b\"");
	assert_memory_equal(record.field[1].text, "c", 1);
}

static void test_record_bytes(void **state)
{
	const char *text = "a\n\n \"b\",c\r\nd";
	struct nfm_csv csv = opened(text);
	struct nfm_csv_record record;

	(void)state;
	assert_int_equal(nfm_csv_next(&csv, &record), 1);
	assert_int_equal(nfm_csv_next(&csv, &record), 1);
	assert_ptr_equal(record.start, text + 3);
	assert_ptr_equal(record.end, strchr(text, 'd'));
	assert_int_equal(nfm_csv_next(&csv, &record), 1);
	assert_ptr_equal(record.end, text + strlen(text));
}

static void test_broken_quotes(void **state)
{
	struct nfm_csv csv = opened("\"a\"b,c\nx,y\"z\nok\n1,\"open\nok2\n");

	(void)state;
	check_problem(&csv, 1, "after a closing quote");
	check_problem(&csv, 2, "within an unquoted field");
	check_next(&csv, 3, "ok");
	check_problem(&csv, 4, "never closed");
	check_next(&csv, 5, "ok2");
	check_end(&csv);
}

static void test_nul(void **state)
{
	static const char text[] = "a\0b\nc\n\"d\0\"\ne\n";
	struct nfm_csv csv;

	(void)state;
	nfm_csv_open(&csv, text, sizeof(text) - 1);
	check_problem(&csv, 1, "NUL");
	check_next(&csv, 2, "c");
	check_problem(&csv, 3, "NUL");
	check_next(&csv, 4, "e");
	check_end(&csv);
}

static void test_many_fields(void **state)
{
	char text[2 * NFM_CSV_MAX_FIELDS + 8];
	struct nfm_csv_record record;
	struct nfm_csv csv;

	(void)state;
	memset(text, ',', sizeof(text));
	strcpy(text + NFM_CSV_MAX_FIELDS - 1, "\nb\n");
	csv = opened(text);
	assert_int_equal(nfm_csv_next(&csv, &record), 1);
	assert_int_equal(record.field_count, NFM_CSV_MAX_FIELDS);
	memset(text, ',', sizeof(text));
	strcpy(text + NFM_CSV_MAX_FIELDS, "\nb\n");
	csv = opened(text);
	check_problem(&csv, 1, "64 fields");
	check_next(&csv, 2, "b");
	check_end(&csv);
}

/* Any bytes: every call moves on, every field lies in the text (ASan sees the rest). */
static void test_random_bytes(void **state)
{
	static const char alphabet[] = "\"\"\",,\n\r\n ab\0\xef\xbb\xbf";
	uint32_t seed = 1;

	(void)state;
	for (uint32_t round = 0; round < FUZZ_ROUNDS; round++) {
		size_t len = round % 40;
		char *text = malloc(len + 1); /* exact, for ASan */
		struct nfm_csv_record record;
		struct nfm_csv csv;
		int code;

		assert_non_null(text);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		nfm_csv_open(&csv, text, len);
		do {
			const char *before = csv.at;

			code = nfm_csv_next(&csv, &record);
			assert_true(!code || csv.at > before);
			assert_true(csv.at <= text + len);
			for (uint32_t i = 0; code > 0 && i < record.field_count; i++)
				assert_true(record.field[i].text >= text &&
					    record.field[i].text + record.field[i].len <=
						    text + len);
		} while (code);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_blanks_around),
		cmocka_unit_test(test_unquote_in_place),
		cmocka_unit_test(test_record_bytes),
		cmocka_unit_test(test_broken_quotes),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_many_fields),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
