// SPDX-License-Identifier: GPL-2.0-only
/* Every row of expire_cases.tsv, as a key of the configuration and as an option of `expire`. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/cli.h"
#include "config/config.h"
#include "expire_tree.h"

#define CASES "tests/unit/expire_cases.tsv"
#define SIZE_CASES 26
#define LIFETIME_CASES 19
#define FILE_KIB 64U
#define NEAR_S 120U /* beside a lifetime: what passes until the command reads the clock is less */

struct row {
	bool size; /* else a lifetime */
	char input[32];
	bool error;
	uint64_t limit; /* 0: none */
};

static struct row rows[64];
static size_t row_count;

static uint64_t number_of(const char *text, const char *line)
{
	uint64_t value;

	if (!strcmp(text, "no limit"))
		return 0;
	if (nfm_units_parse_u64(text, 1, UINT64_MAX, &value))
		fail_msg("%s: neither a number nor a word: %s", CASES, line);
	return value;
}

/* kind, input, nfexpire, nfmeter, why */
static void take_line(char *line)
{
	struct row row = { 0 };
	char *cell[5] = { 0 };
	char *rest = line;
	size_t count = 0;

	while (count < 5 && (cell[count] = strsep(&rest, "\t")))
		count++;
	if (count < 4)
		fail_msg("%s: %zu columns: %s", CASES, count, line);
	if (!strcmp(cell[2], cell[3]) != !(count == 5 && *cell[4]))
		fail_msg("%s: %s \"%s\": a reason for each difference and for nothing else", CASES,
			 cell[0], cell[1]);
	row.size = !strcmp(cell[0], "size");
	if (!row.size && strcmp(cell[0], "lifetime") != 0)
		fail_msg("%s: unknown kind %s", CASES, cell[0]);
	assert_true(strlen(cell[1]) < sizeof(row.input));
	strcpy(row.input, cell[1]);
	row.error = !strcmp(cell[3], "error");
	if (!row.error)
		row.limit = number_of(cell[3], cell[0]);
	assert_true(row_count < NFM_ARRAY_SIZE(rows));
	rows[row_count++] = row;
}

static int read_cases(void **state)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	size_t length;

	(void)state;
	if (nfm_io_read_file(CASES, 1 << 16, &text, &length)) {
		fprintf(stderr, CASES ": cannot read: run this at the top of the source\n");
		return -1;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line && *line != '#' && strncmp(line, "kind\t", 5) != 0)
			take_line(line);
	return 0;
}

static void the_table_is_whole(void **state)
{
	size_t sizes = 0;

	(void)state;
	for (size_t i = 0; i < row_count; i++)
		sizes += rows[i].size;
	assert_int_equal(sizes, SIZE_CASES);
	assert_int_equal(row_count - sizes, LIFETIME_CASES);
}

/* ---- as a key ---- */

static void check_key(const struct row *row)
{
	struct nfm_error error = { .text = "" };
	struct nfm_config config;
	char text[128], path[64];
	uint64_t got;
	int code;

	snprintf(path, sizeof(path), "%s/nfmeter.conf", folder);
	snprintf(text, sizeof(text), "[expire]\n%s = %s\n", row->size ? "size" : "lifetime",
		 row->input);
	assert_int_equal(nfm_io_replace_file(path, text, strlen(text), 0600), 0);
	code = nfm_config_read(path, &config, &error);
	if (row->error) {
		if (!code || !strstr(error.text, "nfmeter.conf:2:"))
			fail_msg("\"%s\": %d, %s", row->input, code, error.text);
		return;
	}
	if (code)
		fail_msg("\"%s\": %s", row->input, error.text);
	got = row->size ? config.expire_size_bytes : config.expire_lifetime_s;
	if (got != row->limit)
		fail_msg("\"%s\": %" PRIu64 ", not %" PRIu64, row->input, got, row->limit);
	nfm_config_clear(&config);
}

static void as_keys_of_the_configuration(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++)
		check_key(&rows[i]);
}

/* ---- as an option ---- */

/* Runs `expire`; its exit status, and what it wrote, in `text`. */
static int run_expire(const struct row *row, const char *directory, char *text, size_t size)
{
	char option[] = "-s", name[] = "expire", dry[] = "-n", input[32], where[64];
	char *argv[] = { name, option, input, dry, where, NULL };
	struct nfm_cli cli = { .format = NFM_FORMAT_JSON, .config.expire_watermark = 100 };
	_cleanup_fclose_ FILE *said = tmpfile();
	_cleanup_fclose_ FILE *nowhere = fopen("/dev/null", "w");
	int saved[2] = { dup(1), dup(2) };
	int status;
	size_t length;

	option[1] = row->size ? 's' : 't';
	strcpy(input, row->input);
	snprintf(where, sizeof(where), "%s", directory);
	fflush(NULL);
	dup2(fileno(said), 1);
	dup2(fileno(nowhere), 2);
	status = nfm_cmd_expire(&cli, 5, argv);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	rewind(said);
	length = fread(text, 1, size - 1, said);
	text[length] = '\0';
	return status;
}

static void put_aged(const char *where, uint64_t age_s, char *name, size_t size)
{
	time_t then = (time_t)(nfm_clock_unix_ns() / NFM_NS_PER_S - age_s);
	char path[96];
	struct tm tm;

	strftime(name, size, "nfmeter.%Y%m%d%H%M%S", gmtime_r(&then, &tm));
	snprintf(path, sizeof(path), "%s/%s", where, name);
	put(path, FILE_KIB);
}

/* What goes of a file that is just older than the lifetime and one that is just younger. */
static void check_lifetime(const struct row *row, const char *where)
{
	char older[64], younger[64], text[4096], path[96];

	put_aged(where, row->limit + NEAR_S, older, sizeof(older));
	put_aged(where, row->limit - NEAR_S, younger, sizeof(younger));
	snprintf(path, sizeof(path), "%s/%s", folder, where);
	assert_int_equal(run_expire(row, path, text, sizeof(text)), 0);
	if (!strstr(text, older) || strstr(text, younger))
		fail_msg("-t \"%s\": %s", row->input, text);
}

/* A file of 64 KiB goes if the limit is below that. */
static void check_size(const struct row *row, const char *where)
{
	bool goes = row->limit && row->limit < FILE_KIB * 1024;
	char name[64], text[4096], path[96];

	put_aged(where, 86400, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s", folder, where);
	assert_int_equal(run_expire(row, path, text, sizeof(text)), 0);
	if (goes != !!strstr(text, name))
		fail_msg("-%c \"%s\": %s", row->size ? 's' : 't', row->input, text);
}

static void as_options_of_the_command(void **state)
{
	char text[4096], where[32];

	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];

		snprintf(where, sizeof(where), "case-%zu", i);
		if (row->error || !*row->input) /* empty: an error here, unlike in a file */
			assert_int_equal(run_expire(row, folder, text, sizeof(text)), 2);
		else if (row->size || !row->limit)
			check_size(row, where);
		else
			check_lifetime(row, where);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_whole),
		WITH_FOLDER(as_keys_of_the_configuration),
		WITH_FOLDER(as_options_of_the_command),
	};

	return cmocka_run_group_tests(tests, read_cases, NULL);
}
