// SPDX-License-Identifier: GPL-2.0-only
/* What history and report say beside their numbers, and when they show how far they are. */
#include "view/period.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/progress.h"

#define NOON_S 1795348800ULL /* 2026-11-22 12:00:00 UTC */

/* What `write` wrote in a format; the caller frees it. */
static char *written(enum nfm_format format, const struct nfm_history_head *head,
		     void (*write)(struct nfm_output *out, const struct nfm_history_head *head))
{
	struct nfm_error error = { .text = "" };
	struct nfm_output *out;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	out = nfm_output_new(to, format, true);
	nfm_output_object(out, NULL);
	write(out, head);
	nfm_output_end(out);
	assert_int_equal(nfm_output_finish(out, &error), 0);
	nfm_output_free(out);
	fclose(to);
	return text;
}

static struct nfm_history_head whole(void)
{
	return (struct nfm_history_head){
		.from_unix_s = NOON_S,
		.to_unix_s = NOON_S + 86400,
		.finest_s = 300,
		.elapsed_ms = 86400000,
		.quality = { .covered_ms = 86400000 },
	};
}

static void says(const struct nfm_history_head *head, const char *words, bool expected)
{
	_cleanup_free_ char *text = written(NFM_FORMAT_TEXT, head, nfm_period_write_warnings);

	if (!!strstr(text, words) != expected)
		fail_msg("%s \"%s\" in: %s", expected ? "no" : "there is", words, text);
}

static void whole_ranges_warn_of_nothing(void **state)
{
	struct nfm_history_head head = whole();

	(void)state;
	says(&head, "coverage 100 %\n", true);
	says(&head, "INCOMPLETE", false);
	head.finest_s = 0;
	says(&head, "no data", true);
}

/* A millisecond is enough, and is never rounded to the whole. */
static void whatever_is_missing_is_said(void **state)
{
	struct nfm_history_head head = whole();

	(void)state;
	head.quality.covered_ms--;
	says(&head, "INCOMPLETE: coverage 99.99 %: 1 ms missing", true);
	head.quality.covered_ms = 0;
	says(&head, "INCOMPLETE: coverage 0.00 %: 1 d missing", true);
	head = whole();
	head.quality.lost_records = 7;
	says(&head, "INCOMPLETE: 7 records and 0 datagrams were lost", true);
	says(&head, "rejected", false);
	head = whole();
	head.quality.rejected_datagrams = 8;
	says(&head, "INCOMPLETE: 8 datagrams and 0 records were rejected", true);
	says(&head, "lost", false);
	head = whole();
	head.damaged = 1;
	says(&head, "INCOMPLETE: 1 files are damaged", true);
	head = whole();
	head.quality.unbalanced = 1;
	says(&head, "DOUBTFUL", true);
}

static void ten_gaps_are_listed(void **state)
{
	struct nfm_history_head head = whole();

	(void)state;
	for (head.gap_count = 0; head.gap_count < 12; head.gap_count++)
		head.gap[head.gap_count] = (struct nfm_history_gap){
			NOON_S + head.gap_count * 3600, NOON_S + head.gap_count * 3600 + 65
		};
	says(&head, "nothing counted from 2026-11-22 21:00:00 to 2026-11-22 21:01:05 (1 min 5 s)",
	     true);
	says(&head, "2026-11-22 22:00:00", false);
	says(&head, "and 2 more gaps", true);
	head.gap_count = 10;
	says(&head, "more gaps", false);
}

static void coverage_is_a_share_in_json(void **state)
{
	struct nfm_history_head head = whole();
	_cleanup_free_ char *full = written(NFM_FORMAT_JSON, &head, nfm_period_write_coverage);
	_cleanup_free_ char *less = NULL, *none = NULL;

	(void)state;
	assert_non_null(strstr(full, "\"seconds\":86400,\"elapsed_seconds\":86400,\"share\":1,"));
	assert_non_null(strstr(full, "\"gaps\":[],\"gap_count\":0"));
	head.quality.covered_ms = 43199500;
	head.gap_count = 70; /* more than are listed */
	less = written(NFM_FORMAT_JSON, &head, nfm_period_write_coverage);
	assert_non_null(strstr(less, "\"seconds\":43199.5,\"elapsed_seconds\":86400,"
				     "\"share\":0.499994,"));
	assert_non_null(strstr(less, "\"gap_count\":70"));
	head.elapsed_ms = head.quality.covered_ms = 0;
	none = written(NFM_FORMAT_JSON, &head, nfm_period_write_coverage);
	assert_non_null(strstr(none, "\"share\":0,"));
}

/* ---- rates ---- */

static struct nfm_history_rates rates;

static void write_rates(struct nfm_output *out, const struct nfm_history_head *head)
{
	static const struct nfm_column columns[] = {
		{ "average_up_bps", "A", NFM_COLUMN_RIGHT },
		{ "maximum_up_bps", "M", NFM_COLUMN_RIGHT },
		{ "percentile_larger_bps", "P", NFM_COLUMN_RIGHT },
		{ NULL, NULL, NFM_COLUMN_LEFT },
	};

	(void)head;
	nfm_output_table(out, "customers", columns);
	nfm_output_object(out, NULL);
	nfm_period_write_rates(out, &rates, 95);
	nfm_output_end(out);
	nfm_output_end(out);
}

/* Programs get numbers whatever there is, people nothing that looks like a measurement. */
static void without_samples_there_is_no_maximum(void **state)
{
	_cleanup_free_ char *none = NULL, *json = NULL, *some = NULL;
	char text[NFM_PERIOD_SAMPLES_TEXT];

	(void)state;
	rates = (struct nfm_history_rates){ .sample_s = 300, .up_average_bps = 5 };
	none = written(NFM_FORMAT_TEXT, NULL, write_rates);
	assert_string_equal(none, "A  M  P\n5  -  -\n");
	json = written(NFM_FORMAT_JSON, NULL, write_rates);
	assert_non_null(strstr(json, "\"maximum\":{\"up_bps\":0,\"down_bps\":0}"));
	assert_string_equal(nfm_period_format_samples(&rates, 95, text),
			    "no maximum and no percentile: no sample of 300 s is covered by half");
	rates.samples = 12;
	rates.larger_percentile_bps = 7;
	some = written(NFM_FORMAT_TEXT, NULL, write_rates);
	assert_string_equal(some, "A  M  P\n5  0  7\n");
	assert_string_equal(nfm_period_format_samples(&rates, 99, text),
			    "maximum and percentile 99 are of 12 samples of 300 s");
}

/* ---- progress ---- */

/* Runs `progress` with stderr at `fd`. */
static int shown_on(int fd, struct nfm_progress *progress, uint64_t done)
{
	int saved = dup(STDERR_FILENO), code;

	assert_true(saved >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	code = nfm_progress_show(progress, done, 200);
	dup2(saved, STDERR_FILENO);
	close(saved);
	return code;
}

/* What came on the other side, without waiting for more. */
static const char *came(int fd)
{
	static char text[256];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void progress_is_for_terminals_and_long_work(void **state)
{
	struct nfm_progress progress = { .what = "report" };
	_cleanup_close_ int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	_cleanup_close_ int terminal = -1;
	uint64_t now_ns = nfm_clock_monotonic_ns();

	(void)state;
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(terminal >= 0);
	assert_int_equal(shown_on(terminal, &progress, 10), 0);
	assert_string_equal(came(master), ""); /* it has just begun */
	assert_true(progress.begin_ns >= now_ns);
	progress.begin_ns = now_ns - 2 * NFM_NS_PER_S;
	assert_int_equal(shown_on(terminal, &progress, 90), 0);
	assert_string_equal(came(master), "\rreport: 45 %");
	assert_int_equal(shown_on(terminal, &progress, 91), 0);
	assert_string_equal(came(master), ""); /* not so often */
}

static void progress_is_not_for_files(void **state)
{
	struct nfm_progress progress = { .what = "report", .begin_ns = 1 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(shown_on(ends[1], &progress, 90), 0);
	assert_string_equal(came(ends[0]), "");
	assert_int_equal(progress.shown_ns, 0);
	close(ends[0]);
	close(ends[1]);
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_ranges_warn_of_nothing),
		cmocka_unit_test(whatever_is_missing_is_said),
		cmocka_unit_test(ten_gaps_are_listed),
		cmocka_unit_test(coverage_is_a_share_in_json),
		cmocka_unit_test(without_samples_there_is_no_maximum),
		cmocka_unit_test(progress_is_for_terminals_and_long_work),
		cmocka_unit_test(progress_is_not_for_files),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
