// SPDX-License-Identifier: GPL-2.0-only
/* One series of events, three formats; what is hostile in it stays harmless; errors are told. */
#include "view/output.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "base/cleanup.h"

static const struct nfm_column columns[] = {
	{ "id", "ID", NFM_COLUMN_LEFT },
	{ "up_bytes", "UP", NFM_COLUMN_RIGHT },
	{ "prefixes", "PREFIXES", NFM_COLUMN_LEFT },
	{ "streams", NULL, NFM_COLUMN_LEFT },
	{ "note", "NOTE", NFM_COLUMN_TEXT_ONLY },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

struct capture {
	FILE *file;
	char *text;
	size_t size;
	struct nfm_output *out;
};

static void begin(struct capture *capture, enum nfm_format format, bool exact)
{
	capture->file = open_memstream(&capture->text, &capture->size);
	assert_non_null(capture->file);
	capture->out = nfm_output_new(capture->file, format, exact);
	assert_non_null(capture->out);
}

/* Ends the document; the caller frees the text. */
static char *end(struct capture *capture)
{
	struct nfm_error error = { .text = "" };

	assert_int_equal(nfm_output_finish(capture->out, &error), 0);
	nfm_output_free(capture->out);
	fclose(capture->file);
	return capture->text;
}

static void write_row(struct nfm_output *out, const char *id, uint64_t bytes, int prefixes)
{
	int i;

	nfm_output_object(out, NULL);
	nfm_output_string(out, "id", id);
	nfm_output_array(out, "prefixes");
	for (i = 0; i < prefixes; i++)
		nfm_output_string(out, NULL, i % 2 ? "2001:db8::/48" : "10.0.0.0/24");
	nfm_output_end(out);
	nfm_output_count(out, "up", bytes, 2, 1);
	nfm_output_array(out, "streams");
	for (i = 0; i < 2; i++) {
		nfm_output_object(out, NULL);
		nfm_output_u64(out, "version", 5 + 4 * (uint64_t)i);
		nfm_output_null(out, "unit");
		nfm_output_u64(out, "lost", 7);
		nfm_output_end(out);
	}
	nfm_output_end(out);
	nfm_output_cell(out, "note", "cell");
	nfm_output_end(out);
}

static void write_document(struct nfm_output *out)
{
	nfm_output_object(out, NULL);
	nfm_output_time(out, "since", 1700000000ULL * 1000000000ULL);
	nfm_output_table(out, "customers", columns);
	write_row(out, "alice", UINT64_MAX, 1);
	write_row(out, "bob, \"the\" 2nd", 1500, 4);
	nfm_output_end(out);
	nfm_output_count(out, "total", 1, 2, 3);
	nfm_output_line(out, "the %s", "end");
	nfm_output_end(out);
}

static void json_has_the_shape_and_every_digit(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;

	(void)state;
	begin(&capture, NFM_FORMAT_JSON, false);
	write_document(capture.out);
	text = end(&capture);
	assert_string_equal(
		text,
		"{\"since\":\"2023-11-14T22:13:20Z\",\"customers\":["
		"{\"id\":\"alice\",\"prefixes\":[\"10.0.0.0/24\"],"
		"\"up\":{\"bytes\":18446744073709551615,\"packets\":2,\"flows\":1},"
		"\"streams\":[{\"version\":5,\"unit\":null,\"lost\":7},"
		"{\"version\":9,\"unit\":null,\"lost\":7}]},"
		"{\"id\":\"bob, \\\"the\\\" 2nd\",\"prefixes\":[\"10.0.0.0/24\",\"2001:db8::/48\","
		"\"10.0.0.0/24\",\"2001:db8::/48\"],"
		"\"up\":{\"bytes\":1500,\"packets\":2,\"flows\":1},"
		"\"streams\":[{\"version\":5,\"unit\":null,\"lost\":7},"
		"{\"version\":9,\"unit\":null,\"lost\":7}]}],"
		"\"total\":{\"bytes\":1,\"packets\":2,\"flows\":3}}\n");
}

static void csv_has_a_header_and_the_rows_alone(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;

	(void)state;
	begin(&capture, NFM_FORMAT_CSV, false);
	write_document(capture.out);
	text = end(&capture);
	assert_string_equal(text, "id,up_bytes,prefixes,streams\n"
				  "alice,18446744073709551615,10.0.0.0/24,5::7 9::7\n"
				  "\"bob, \"\"the\"\" 2nd\",1500,10.0.0.0/24 2001:db8::/48 "
				  "10.0.0.0/24 2001:db8::/48,5::7 9::7\n");
}

static void csv_of_no_rows_is_a_header(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;

	(void)state;
	begin(&capture, NFM_FORMAT_CSV, false);
	nfm_output_table(capture.out, NULL, columns);
	nfm_output_end(capture.out);
	text = end(&capture);
	assert_string_equal(text, "id,up_bytes,prefixes,streams\n");
}

static void csv_of_two_documents_has_one_header(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;
	int i;

	(void)state;
	begin(&capture, NFM_FORMAT_CSV, false);
	for (i = 0; i < 2; i++) {
		nfm_output_object(capture.out, NULL);
		nfm_output_string(capture.out, "file", "f");
		nfm_output_table(capture.out, "customers", columns);
		write_row(capture.out, "a", 1, 1);
		nfm_output_end(capture.out);
		nfm_output_end(capture.out);
	}
	text = end(&capture);
	assert_string_equal(text, "id,up_bytes,prefixes,streams\na,1,10.0.0.0/24,5::7 9::7\n"
				  "a,1,10.0.0.0/24,5::7 9::7\n");
}

static void csv_without_a_table_is_one_row(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;

	(void)state;
	begin(&capture, NFM_FORMAT_CSV, false);
	nfm_output_object(capture.out, NULL);
	nfm_output_string(capture.out, "version", "1");
	nfm_output_object(capture.out, "agent");
	nfm_output_bool(capture.out, "running", false);
	nfm_output_null(capture.out, "pid");
	nfm_output_end(capture.out);
	nfm_output_array(capture.out, "interfaces");
	nfm_output_end(capture.out);
	nfm_output_u64(capture.out, "n", 3);
	nfm_output_end(capture.out);
	text = end(&capture);
	assert_string_equal(text, "version,agent_running,agent_pid,interfaces,n\n1,false,,,3\n");
}

static void text_is_aligned_and_short(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;

	(void)state;
	begin(&capture, NFM_FORMAT_TEXT, false);
	write_document(capture.out);
	text = end(&capture);
	assert_string_equal(
		text, "ID                   UP  PREFIXES                      NOTE\n"
		      "alice           18.4 EB  10.0.0.0/24                   cell\n"
		      "bob, \"the\" 2nd  1.50 kB  10.0.0.0/24 2001:db8::/48 +2  cell\n"
		      "the end\n");
}

static void text_has_exact_bytes_on_request(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;

	(void)state;
	begin(&capture, NFM_FORMAT_TEXT, true);
	write_document(capture.out);
	text = end(&capture);
	assert_non_null(strstr(text, " 18446744073709551615 "));
	assert_null(strstr(text, "kB"));
}

static void a_long_table_loses_no_row(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct capture capture;
	size_t lines = 0;
	char id[32];
	char *at;
	int i;

	(void)state;
	begin(&capture, NFM_FORMAT_TEXT, false);
	nfm_output_table(capture.out, NULL, columns);
	for (i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "customer-%d", i);
		write_row(capture.out, id, 1, 1);
	}
	nfm_output_end(capture.out);
	text = end(&capture);
	for (at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 1001);
	assert_non_null(strstr(text, "customer-999"));
}

static void hostile_names_are_harmless(void **state)
{
	static const char name[] = "\x1b[2J\xc2\x9b\xff\n\xc3\xb6";
	_cleanup_free_ char *json = NULL;
	_cleanup_free_ char *text = NULL;
	struct capture capture;
	yajl_val tree;

	(void)state;
	begin(&capture, NFM_FORMAT_JSON, false);
	nfm_output_array(capture.out, NULL);
	nfm_output_string(capture.out, NULL, name);
	nfm_output_end(capture.out);
	json = end(&capture);
	tree = yajl_tree_parse(json, NULL, 0);
	assert_true(YAJL_IS_ARRAY(tree));
	assert_string_equal(YAJL_GET_STRING(YAJL_GET_ARRAY(tree)->values[0]),
			    "\x1b[2J\xc2\x9b\xef\xbf\xbd\n\xc3\xb6");
	yajl_tree_free(tree);
	begin(&capture, NFM_FORMAT_TEXT, false);
	nfm_output_line(capture.out, "%s", name);
	text = end(&capture);
	assert_string_equal(text, "?[2J?\xef\xbf\xbd?\xc3\xb6\n");
}

static void a_full_disk_is_an_error_in_every_format(void **state)
{
	static const enum nfm_format formats[] = { NFM_FORMAT_TEXT, NFM_FORMAT_JSON,
						   NFM_FORMAT_CSV };
	size_t i;

	(void)state;
	for (i = 0; i < NFM_ARRAY_SIZE(formats); i++) {
		_cleanup_fclose_ FILE *full = fopen("/dev/full", "w");
		struct nfm_error error = { .text = "" };
		struct nfm_output *out;

		assert_non_null(full);
		out = nfm_output_new(full, formats[i], false);
		assert_non_null(out);
		write_document(out);
		assert_int_equal(nfm_output_finish(out, &error), -ENOSPC);
		assert_non_null(strstr(error.text, "No space left"));
		nfm_output_free(out);
	}
}

static void an_unfinished_document_is_an_error(void **state)
{
	struct nfm_error error;
	struct capture capture;

	(void)state;
	begin(&capture, NFM_FORMAT_JSON, false);
	nfm_output_object(capture.out, NULL);
	assert_int_equal(nfm_output_finish(capture.out, &error), -EPROTO);
	nfm_output_free(capture.out);
	fclose(capture.file);
	free(capture.text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_the_shape_and_every_digit),
		cmocka_unit_test(csv_has_a_header_and_the_rows_alone),
		cmocka_unit_test(csv_of_no_rows_is_a_header),
		cmocka_unit_test(csv_of_two_documents_has_one_header),
		cmocka_unit_test(csv_without_a_table_is_one_row),
		cmocka_unit_test(text_is_aligned_and_short),
		cmocka_unit_test(text_has_exact_bytes_on_request),
		cmocka_unit_test(a_long_table_loses_no_row),
		cmocka_unit_test(hostile_names_are_harmless),
		cmocka_unit_test(a_full_disk_is_an_error_in_every_format),
		cmocka_unit_test(an_unfinished_document_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
