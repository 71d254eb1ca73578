// SPDX-License-Identifier: GPL-2.0-only
/* The log's limit: what the network provokes fills no disk. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ULL

static FILE *written;
static int stderr_fd;

static int set_up(void **state)
{
	(void)state;
	written = tmpfile();
	stderr_fd = dup(STDERR_FILENO);
	return !written || stderr_fd < 0 || dup2(fileno(written), STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	return fclose(written);
}

static unsigned int count_lines(void)
{
	unsigned int lines = 0;
	int c;

	rewind(written);
	while ((c = fgetc(written)) != EOF)
		lines += c == '\n';
	return lines;
}

static void held_back_until_the_interval_is_over(void **state)
{
	struct nfm_log_limit limit = NFM_LOG_LIMIT(60, 2);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		nfm_log_limited(&limit, 1000 * SECOND_NS + i, LOG_WARNING, "line %u", i);
	assert_int_equal(count_lines(), 2);
	nfm_log_limited(&limit, 1060 * SECOND_NS, LOG_WARNING, "again");
	assert_int_equal(count_lines(), 4); /* and one that tells of those held back */
}

static void older_times_begin_no_interval(void **state)
{
	struct nfm_log_limit limit = NFM_LOG_LIMIT(60, 2);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		nfm_log_limited(&limit, (1000 - i % 2) * SECOND_NS, LOG_WARNING, "line %u", i);
	assert_int_equal(count_lines(), 2);
}

static void no_line_can_be_forged(void **state)
{
	(void)state;
	nfm_log(LOG_WARNING, "a name\n<3>another line");
	assert_int_equal(count_lines(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(held_back_until_the_interval_is_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(older_times_begin_no_interval, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_line_can_be_forged, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
