// SPDX-License-Identifier: GPL-2.0-only
/* The agent's HTTP child: started, renewed, started anew after ever longer pauses, and ended. */
#include "agent/http.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "folder.h"

#define PATIENCE_S 20
#define S NFM_NS_PER_S

static struct nfm_config *config;
static struct nfm_agent_http http;
static char executable[PATH_MAX];
static int channel = -1;
static int saved_stderr = -1;

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

/* What the child is: a script; its arguments and what it says go into the folder. */
static void child_does(const char *what)
{
	char text[1024];

	snprintf(text, sizeof(text), "#!/bin/sh\ncd %s\necho \"$*\" >>arguments\n%s\n", folder,
		 what);
	assert_int_equal(nfm_io_replace_file(executable, text, strlen(text), 0755), 0);
}

static void capture_stderr(void)
{
	int fd = open(in_folder("stderr"), O_RDWR | O_CREAT | O_APPEND, 0600);

	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	config = calloc(1, sizeof(*config));
	if (!config || folder_make())
		return -1;
	strcpy(config->http_listen, "127.0.0.1:1");
	snprintf(executable, sizeof(executable), "%s/child", folder);
	nfm_agent_http_open(&http, executable, config, "/c.conf");
	channel = -1;
	capture_stderr();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	nfm_agent_http_stop(&http);
	nfm_cleanup_close(&channel);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	free(config);
	return folder_remove();
}

static void tick(uint64_t now_ns)
{
	int fd = nfm_agent_http_tick(&http, true, now_ns);

	if (fd < 0)
		return;
	nfm_cleanup_close(&channel);
	channel = fd;
}

static void wait_for_end(uint64_t now_ns)
{
	time_t end = time(NULL) + PATIENCE_S;

	assert_int_not_equal(http.pid, 0);
	while (http.pid && time(NULL) < end) {
		nap();
		nfm_agent_http_reap(&http, now_ns);
	}
	assert_int_equal(http.pid, 0);
}

static unsigned int count_in(const char *file, const char *text)
{
	_cleanup_free_ char *all = NULL;
	unsigned int count = 0;
	size_t size;

	if (nfm_io_read_file(in_folder(file), 1 << 20, &all, &size))
		return 0;
	for (const char *at = all; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static void wait_for(const char *file, const char *text)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (!count_in(file, text) && time(NULL) < end)
		nap();
	assert_true(count_in(file, text));
}

static void arguments_and_channel(void **state)
{
	char text[32];
	ssize_t n;

	(void)state;
	child_does("read line <&3; echo \"heard $line\" >&3; sleep 100");
	tick(1 * S);
	assert_true(channel >= 0);
	assert_int_equal(send(channel, "hello\n", 6, MSG_NOSIGNAL), 6);
	n = recv(channel, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "heard hello\n");
	assert_true(count_in("arguments", "-c /c.conf http --channel 3\n"));
	tick(2 * S);
	tick(100 * S);
	assert_int_equal(count_in("arguments", "http"), 1); /* one at a time */
	assert_int_equal(http.restarts, 0);
}

static void the_default_file_is_not_named(void **state)
{
	(void)state;
	child_does("sleep 100");
	nfm_agent_http_open(&http, executable, config, NFM_CONFIG_DEFAULT_FILE);
	tick(1 * S);
	wait_for("arguments", "http --channel 3\n");
	assert_int_equal(count_in("arguments", "-c /"), 0);
}

static void off(void **state)
{
	(void)state;
	child_does("sleep 100");
	config->http_listen[0] = '\0';
	tick(1 * S);
	assert_int_equal(http.pid, 0);
	strcpy(config->http_listen, "*:1");
	tick(2 * S);
	assert_int_not_equal(http.pid, 0);
	config->http_listen[0] = '\0'; /* a reload took it out */
	tick(3 * S);
	wait_for_end(3 * S);
	tick(100 * S);
	assert_int_equal(http.pid, 0);
	assert_int_equal(http.restarts, 0);
	assert_int_equal(count_in("stderr", "http:"), 0);
}

/* 1 s, 2 s, 4 s … 60 s; one line for all of them. */
static void pauses_grow(void **state)
{
	static const unsigned int pauses_s[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	uint64_t now_ns = 1000 * S;

	(void)state;
	child_does("echo why >&2; exit 3");
	for (size_t i = 0; i < NFM_ARRAY_SIZE(pauses_s); i++) {
		tick(now_ns);
		wait_for_end(now_ns);
		assert_int_equal(http.restarts, i + 1);
		tick(now_ns + pauses_s[i] * S - 1);
		assert_int_equal(http.pid, 0);
		now_ns += pauses_s[i] * S;
	}
	assert_int_equal(count_in("stderr", "http: ended with exit status 3"), 1);
	assert_int_equal(count_in("stderr", "why"), 1);
	child_does("sleep 100");
	tick(now_ns);
	assert_int_not_equal(http.pid, 0);
	tick(now_ns + 59 * S);
	assert_int_equal(count_in("stderr", "http: runs again"), 0);
	tick(now_ns + 61 * S);
	assert_int_equal(count_in("stderr", "http: runs again"), 1);
	kill(http.pid, SIGKILL);
	wait_for_end(now_ns + 70 * S);
	assert_int_equal(count_in("stderr", "http: ended by signal 9"), 1);
	tick(now_ns + 71 * S);
	assert_int_not_equal(http.pid, 0); /* after 1 s, as at first */
}

static void cannot_be_started(void **state)
{
	(void)state;
	tick(1 * S);
	assert_int_equal(http.pid, 0);
	assert_int_equal(channel, -1);
	assert_int_equal(count_in("stderr", "http: cannot be started, error 2"), 1);
	child_does("sleep 100");
	tick(1 * S + 1);
	assert_int_equal(http.pid, 0);
	tick(2 * S);
	assert_int_not_equal(http.pid, 0);
}

static void renewed_after_a_change(void **state)
{
	pid_t first;

	(void)state;
	child_does("sleep 100 & wait");
	tick(10 * S);
	wait_for("arguments", "http");
	first = http.pid;
	nfm_agent_http_renew(&http, 20 * S);
	tick(20 * S + S / 4); /* it still answers the request that was the reason */
	assert_int_equal(http.ended_ns, 0);
	nfm_agent_http_renew(&http, 20 * S + S / 4);
	tick(20 * S + S / 2);
	assert_int_not_equal(http.ended_ns, 0);
	wait_for_end(21 * S);
	tick(21 * S);
	assert_int_not_equal(http.pid, 0);
	assert_int_not_equal(http.pid, first);
	assert_int_equal(http.restarts, 0);
	assert_int_equal(count_in("stderr", "http:"), 0);
}

/* A change may be the cure: it is tried at once, and what fails then is said again. */
static void a_change_ends_the_pause(void **state)
{
	(void)state;
	child_does("exit 1");
	for (uint64_t now_s = 100; now_s < 200; now_s += 30) {
		tick(now_s * S);
		wait_for_end(now_s * S);
	}
	nfm_agent_http_renew(&http, 200 * S);
	tick(200 * S);
	wait_for_end(200 * S);
	assert_int_equal(count_in("stderr", "exit status 1"), 2);
	assert_int_equal(http.next_ns, 201 * S);
}

static void one_that_does_not_end_is_killed(void **state)
{
	(void)state;
	child_does("trap '' TERM; echo deaf >deaf; while :; do sleep 1; done");
	tick(10 * S);
	wait_for("deaf", "deaf");
	nfm_agent_http_renew(&http, 11 * S);
	tick(12 * S);
	tick(14 * S);
	nfm_agent_http_reap(&http, 14 * S);
	assert_int_not_equal(http.pid, 0);
	tick(16 * S);
	wait_for_end(16 * S);
}

static void without_a_channel_it_is_of_no_use(void **state)
{
	(void)state;
	child_does("sleep 100");
	tick(10 * S);
	assert_int_equal(nfm_agent_http_tick(&http, false, 11 * S), -1);
	wait_for_end(11 * S);
	assert_int_equal(http.restarts, 1);
	assert_int_equal(http.next_ns, 12 * S);
}

static void stop_waits(void **state)
{
	pid_t pid;

	(void)state;
	child_does("sleep 100 & wait");
	tick(10 * S);
	pid = http.pid;
	nfm_agent_http_stop(&http);
	assert_int_equal(http.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	nfm_agent_http_stop(&http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(arguments_and_channel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_default_file_is_not_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pauses_grow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cannot_be_started, set_up, tear_down),
		cmocka_unit_test_setup_teardown(renewed_after_a_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_change_ends_the_pause, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_does_not_end_is_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_channel_it_is_of_no_use, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(stop_waits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
