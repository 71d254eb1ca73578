// SPDX-License-Identifier: GPL-2.0-only
/* Options before and after the command, options of its own, help, wrong usage. */
#include "cli/cli.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* What the fake command was called with. */
static struct {
	int calls;
	int status; /* to return */
	char arguments[256];
	enum nfm_format format;
	bool exact_bytes;
	char config_path[64];
	uint32_t interval_s;
} seen;

static int remember(struct nfm_cli *cli, int argc, char **argv)
{
	int i;

	seen.calls++;
	seen.format = cli->format;
	seen.exact_bytes = cli->exact_bytes;
	seen.interval_s = cli->config.interval_s;
	snprintf(seen.config_path, sizeof(seen.config_path), "%s", cli->config_path);
	for (i = 0; i < argc; i++) {
		size_t used = strlen(seen.arguments);

		snprintf(seen.arguments + used, sizeof(seen.arguments) - used, "%s%s",
			 i ? "|" : "", argv[i]);
	}
	return seen.status;
}

static const struct nfm_command commands[] = {
	{ "plain", "[NAME]...", "takes names", false, remember },
	{ "own", "[DIR] [-s SIZE] [-n]", "has options of its own", false, remember },
	{ "long", "CUSTOMER [--from T] [--no-data] [-p P]", "has long ones", false, remember },
	{ "configured", "", "needs the configuration", true, remember },
	{ NULL, NULL, NULL, false, NULL },
};

static char config_file[] = "/tmp/nfmeter-test-cli-XXXXXX";
static char output_file[] = "/tmp/nfmeter-test-cli-XXXXXX";
static int output_fd = -1;

/* Runs a line of space-separated arguments; stdout and stderr go to output_file. */
static int run(const char *line)
{
	_cleanup_free_ char *copy = strdup(line);
	int saved[2] = { dup(1), dup(2) };
	char *argv[16] = { (char *)"nfmeter" };
	char *rest = copy;
	char *word;
	int argc = 1;
	int status;

	while ((word = strsep(&rest, " ")))
		if (*word)
			argv[argc++] = word;
	seen.calls = 0;
	seen.arguments[0] = '\0';
	fflush(NULL);
	assert_int_equal(ftruncate(output_fd, 0), 0);
	lseek(output_fd, 0, SEEK_SET);
	dup2(output_fd, 1);
	dup2(output_fd, 2);
	status = nfm_cli_main(commands, argc, argv);
	fflush(NULL);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	close(saved[0]);
	close(saved[1]);
	return status;
}

static bool said(const char *text)
{
	char buf[8192];
	ssize_t n = pread(output_fd, buf, sizeof(buf) - 1, 0);

	if (n < 0)
		return false;
	buf[n] = '\0';
	return strstr(buf, text) != NULL;
}

static int reset(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static void shared_options_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"-o json -b -c x.conf plain one two",
		"plain one -o json two -b -c x.conf",
		"plain --output=json one --bytes two --config x.conf",
		"-b plain -ojson one -cx.conf two",
	};
	size_t i;

	(void)state;
	for (i = 0; i < NFM_ARRAY_SIZE(lines); i++) {
		reset(NULL);
		assert_int_equal(run(lines[i]), 0);
		assert_int_equal(seen.calls, 1);
		assert_string_equal(seen.arguments, "plain|one|two");
		assert_int_equal(seen.format, NFM_FORMAT_JSON);
		assert_true(seen.exact_bytes);
		assert_string_equal(seen.config_path, "x.conf");
	}
	assert_int_equal(run("plain"), 0);
	assert_int_equal(seen.format, NFM_FORMAT_TEXT);
	assert_false(seen.exact_bytes);
	assert_string_equal(seen.config_path, NFM_CONFIG_DEFAULT_FILE);
}

static void own_options_are_handed_on(void **state)
{
	(void)state;
	assert_int_equal(run("own dir -s 1G -o csv -n"), 0);
	assert_string_equal(seen.arguments, "own|-s|1G|-n|--|dir");
	assert_int_equal(seen.format, NFM_FORMAT_CSV);
	assert_int_equal(run("own -nbs5"), 0);
	assert_string_equal(seen.arguments, "own|-n|-s|5|--");
	assert_true(seen.exact_bytes);
	assert_int_equal(run("own -s -1 -- -n"), 0); /* a value, and a folder of that name */
	assert_string_equal(seen.arguments, "own|-s|-1|--|-n");
	assert_int_equal(run("plain -- -b"), 0);
	assert_string_equal(seen.arguments, "plain|-b");
}

static void long_options_are_handed_on(void **state)
{
	(void)state;
	assert_int_equal(run("long alice --from -2d -o csv --no-data"), 0);
	assert_string_equal(seen.arguments, "long|--from|-2d|--no-data|--|alice");
	assert_int_equal(run("long --from=now -p3 alice --bytes"), 0);
	assert_string_equal(seen.arguments, "long|--from|now|-p|3|--|alice");
	assert_true(seen.exact_bytes);
	assert_int_equal(run("long -- --from"), 0); /* a customer of that name */
	assert_string_equal(seen.arguments, "long|--|--from");
}

static void wrong_usage_is_2_and_runs_nothing(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "", "usage: nfmeter" },
		{ "nonsense", "unknown command nonsense" },
		{ "-x plain", "unknown option -x" },
		{ "plain -s 5", "unknown option -s" },
		{ "plain --nothing", "unknown option --nothing" },
		{ "own -s", "a value is missing" },
		{ "own --from now", "unknown option --from" },
		{ "long --from", "--from: a value is missing" },
		{ "long --no-data=1", "unknown option --no-data=1" },
		{ "plain -c", "a value is missing" },
		{ "-o xml plain", "formats are text, json and csv" },
		{ "plain -o xml", "usage: nfmeter plain" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		assert_int_equal(run(cases[i].line), 2);
		assert_true(said(cases[i].says));
		assert_int_equal(seen.calls, 0);
	}
}

static void help_runs_nothing_and_is_0(void **state)
{
	(void)state;
	assert_int_equal(run("--help"), 0);
	assert_true(said("own [DIR] [-s SIZE] [-n]"));
	assert_true(said("has options of its own"));
	assert_int_equal(run("own -h"), 0);
	assert_true(said("usage: nfmeter own"));
	assert_int_equal(run("--version"), 0);
	assert_true(said("nfmeter "));
	assert_int_equal(seen.calls, 0);
}

static void the_status_of_a_command_is_returned(void **state)
{
	(void)state;
	seen.status = 1;
	assert_int_equal(run("plain"), 1);
	assert_false(said("usage"));
	seen.status = 2;
	assert_int_equal(run("plain"), 2);
	assert_true(said("usage: nfmeter plain [OPTION]... [NAME]..."));
}

static void write_config(const char *text)
{
	_cleanup_fclose_ FILE *file = fopen(config_file, "w");

	assert_non_null(file);
	fputs(text, file);
}

static void the_configuration_is_read_first(void **state)
{
	char line[128];

	(void)state;
	snprintf(line, sizeof(line), "configured -c %s", config_file);
	write_config("[collector]\ninterval = 77\n");
	assert_int_equal(run(line), 0);
	assert_int_equal(seen.interval_s, 77);
	write_config("[collector]\ninterval = soon\n");
	assert_int_equal(run(line), 1);
	assert_int_equal(seen.calls, 0);
	assert_true(said(config_file));
	assert_int_equal(run("configured -c /nonexistent/nfmeter.conf"), 1);
	assert_int_equal(seen.calls, 0);
	assert_int_equal(run("plain -c /nonexistent/nfmeter.conf"), 0);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(config_file);
	unlink(output_file);
	return 0;
}

static int make_files(void **state)
{
	int fd = mkstemp(config_file);

	(void)state;
	output_fd = mkstemp(output_file);
	if (fd < 0 || output_fd < 0)
		return -1;
	close(fd);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shared_options_stand_anywhere, reset),
		cmocka_unit_test_setup(own_options_are_handed_on, reset),
		cmocka_unit_test_setup(long_options_are_handed_on, reset),
		cmocka_unit_test_setup(wrong_usage_is_2_and_runs_nothing, reset),
		cmocka_unit_test_setup(help_runs_nothing_and_is_0, reset),
		cmocka_unit_test_setup(the_status_of_a_command_is_returned, reset),
		cmocka_unit_test_setup(the_configuration_is_read_first, reset),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
