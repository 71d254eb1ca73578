// SPDX-License-Identifier: GPL-2.0-only
/* The text of metrics: heads, labels whatever is in them, values, in both formats. */
#include "view/metrics_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static struct nfm_metrics_text text;
static char *written;
static size_t length;

static void begin(enum nfm_metrics_format format)
{
	text = (struct nfm_metrics_text){ .format = format };
	text.to = open_memstream(&written, &length);
	assert_non_null(text.to);
}

/* Ends and compares. */
static void expect(const char *expected)
{
	nfm_metrics_end(&text);
	assert_int_equal(fclose(text.to), 0);
	assert_string_equal(written, expected);
	free(written);
}

/* ---- heads ---- */

static void a_head_comes_once_before_its_samples(void **state)
{
	(void)state;
	begin(NFM_METRICS_OPENMETRICS);
	nfm_metrics_put(&text, NFM_METRIC_WAITING_SETS, 7);
	nfm_metrics_put_by(&text, NFM_METRIC_DATAGRAMS, "verdict", "kernel", 1);
	nfm_metrics_put_by(&text, NFM_METRIC_DATAGRAMS, "verdict", "agent", 2);
	expect("# TYPE nfmeter_waiting_sets gauge\n"
	       "# HELP nfmeter_waiting_sets data sets that wait for their template\n"
	       "nfmeter_waiting_sets 7\n"
	       "# TYPE nfmeter_datagrams counter\n"
	       "# HELP nfmeter_datagrams datagrams counted by the XDP program (kernel) or by the "
	       "agent, or rejected; rejected_datagrams says why\n"
	       "nfmeter_datagrams_total{verdict=\"kernel\"} 1\n"
	       "nfmeter_datagrams_total{verdict=\"agent\"} 2\n"
	       "# EOF\n");
}

static void units_and_creation_times_are_openmetrics(void **state)
{
	(void)state;
	begin(NFM_METRICS_OPENMETRICS);
	text.created_ns[NFM_METRIC_AGENT] = 1700000000250000000ULL;
	nfm_metrics_put(&text, NFM_METRIC_EXPIRED_BYTES, 5);
	nfm_metrics_put(&text, NFM_METRIC_RING_BYTES, 6); /* a gauge was not created */
	expect("# TYPE nfmeter_expired_bytes counter\n"
	       "# UNIT nfmeter_expired_bytes bytes\n"
	       "# HELP nfmeter_expired_bytes room on the disk of the files that the expiry "
	       "removed\n"
	       "nfmeter_expired_bytes_total 5\n"
	       "nfmeter_expired_bytes_created 1700000000.25\n"
	       "# TYPE nfmeter_ring_bytes gauge\n"
	       "# UNIT nfmeter_ring_bytes bytes\n"
	       "# HELP nfmeter_ring_bytes bytes in the ring from the XDP program to the agent; "
	       "when it is full, datagrams are rejected as ring-full\n"
	       "nfmeter_ring_bytes 6\n"
	       "# EOF\n");
}

static void the_older_format_names_samples(void **state)
{
	(void)state;
	begin(NFM_METRICS_PROMETHEUS);
	text.created_ns[NFM_METRIC_AGENT] = 1700000000250000000ULL;
	nfm_metrics_put(&text, NFM_METRIC_EXPIRED_BYTES, 5);
	nfm_metrics_put_by(&text, NFM_METRIC_BUILD, "version", "1", 1);
	expect("# HELP nfmeter_expired_bytes_total room on the disk of the files that the expiry "
	       "removed\n"
	       "# TYPE nfmeter_expired_bytes_total counter\n"
	       "nfmeter_expired_bytes_total 5\n"
	       "# HELP nfmeter_build_info what runs: current says whether the datapath is of the "
	       "same build as this nfmeter\n"
	       "# TYPE nfmeter_build_info gauge\n"
	       "nfmeter_build_info{version=\"1\"} 1\n");
}

static void nothing_is_written_of_nothing(void **state)
{
	(void)state;
	begin(NFM_METRICS_OPENMETRICS);
	expect("# EOF\n");
	begin(NFM_METRICS_PROMETHEUS);
	expect("");
}

/* HELP texts are written as they stand, and units are as names end. */
static void the_table_is_right(void **state)
{
#define ROW(id, name, type, unit, source, labels, help) { #name, #type, #unit, labels, help },
	static const struct {
		const char *name, *type, *unit, *labels, *help;
	} rows[] = { NFM_METRICS(ROW) };
#undef ROW
	(void)state;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		const char *name = rows[i].name;
		size_t len = strlen(name);
		bool seconds = len > 8 && !strcmp(name + len - 8, "_seconds");
		bool bytes = len > 6 && !strcmp(name + len - 6, "_bytes");

		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), len);
		assert_int_equal(strcspn(rows[i].help, "\\\"\n"), strlen(rows[i].help));
		assert_true(*rows[i].help);
		assert_int_equal(seconds, !strcmp(rows[i].unit, "SECONDS"));
		assert_int_equal(bytes, !strcmp(rows[i].unit, "BYTES"));
		assert_false(strstr(name, "_total") || strstr(name, "_count"));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(name, rows[j].name);
	}
}

/* ---- labels ---- */

static const struct {
	const char *value, *expected;
} label_cases[] = {
	{ "", "" },
	{ "core-1", "core-1" },
	{ "a\"b\\c\nd", "a\\\"b\\\\c\\nd" },
	{ "\\n", "\\\\n" },
	{ "{x=\"y\"} 1 # 2", "{x=\\\"y\\\"} 1 # 2" },
	{ "Köln \xe2\x82\xac \xf0\x9f\x98\x80", "Köln \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "K\xf6ln", "K\xef\xbf\xbdln" },		   /* Latin-1 */
	{ "cut\xe2\x82", "cut\xef\xbf\xbd\xef\xbf\xbd" },  /* within a character */
	{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },	   /* longer than need be */
	{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* half of a pair */
	{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xff\"", "\xef\xbf\xbd\\\"" },
	{ "\t\x01", "\t\x01" }, /* no character that the format forbids */
};

static void labels_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(label_cases); i++) {
		char expected[256];

		snprintf(expected, sizeof(expected), "{a=\"%s\",b=\"2\"", label_cases[i].expected);
		begin(NFM_METRICS_PROMETHEUS);
		nfm_metrics_begin(&text, NFM_METRIC_WAITING_SETS);
		nfm_metrics_label(&text, "a", label_cases[i].value);
		nfm_metrics_label_u64(&text, "b", 2);
		assert_string_equal(text.labels, expected);
		fclose(text.to);
		free(written);
	}
}

static void a_label_without_room_is_left_out(void **state)
{
	char value[sizeof(text.labels)];

	(void)state;
	for (size_t len = sizeof(value) - 20; len < sizeof(value); len++) {
		memset(value, 'x', len);
		value[len] = '\0';
		begin(NFM_METRICS_PROMETHEUS);
		nfm_metrics_begin(&text, NFM_METRIC_WAITING_SETS);
		nfm_metrics_label(&text, "a", "1");
		nfm_metrics_label(&text, "b", value);
		nfm_metrics_label(&text, "c", "3");
		nfm_metrics_u64(&text, 4);
		fclose(text.to);
		assert_memory_equal(text.labels, "{a=\"1\"", 6);
		assert_true(!text.labels[6] || !strncmp(text.labels + 6, ",b=\"xx", 6) ||
			    !strcmp(text.labels + 6, ",c=\"3\""));
		assert_int_equal(text.labels[text.used - 1], '"');
		assert_non_null(strstr(written, "\"} 4\n"));
		free(written);
	}
}

/* ---- values ---- */

static void values_are_exact(void **state)
{
	static const struct {
		uint64_t ns;
		const char *expected;
	} cases[] = {
		{ 0, " 0\n" },
		{ 1, " 0.000000001\n" },
		{ 1000000000, " 1\n" },
		{ 10000000000ULL, " 10\n" },
		{ 1500000000, " 1.5\n" },
		{ UINT64_MAX, " 18446744073.709551615\n" },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		begin(NFM_METRICS_PROMETHEUS);
		nfm_metrics_put_ns(&text, NFM_METRIC_WAITING_AGE, cases[i].ns);
		fclose(text.to);
		assert_non_null(strstr(written, cases[i].expected));
		free(written);
	}
	begin(NFM_METRICS_PROMETHEUS);
	nfm_metrics_put(&text, NFM_METRIC_WAITING_SETS, UINT64_MAX);
	fclose(text.to);
	assert_non_null(strstr(written, "nfmeter_waiting_sets 18446744073709551615\n"));
	free(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_comes_once_before_its_samples),
		cmocka_unit_test(units_and_creation_times_are_openmetrics),
		cmocka_unit_test(the_older_format_names_samples),
		cmocka_unit_test(nothing_is_written_of_nothing),
		cmocka_unit_test(the_table_is_right),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(a_label_without_room_is_left_out),
		cmocka_unit_test(values_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
