// SPDX-License-Identifier: GPL-2.0-only
/* The control socket's client against agents that answer, refuse, babble, or are not there. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "view/ask.h"

struct fixture {
	char directory[64];
	char path[100];
	int fd; /* listens */
	pthread_t thread;
	const char *answer;
	size_t answer_size;
	size_t answer_repeat; /* times */
	char request[256];
};

static void *serve(void *cookie)
{
	struct fixture *f = cookie;
	_cleanup_close_ int fd = accept(f->fd, NULL, NULL);
	size_t used = 0;
	size_t i;

	while (used < sizeof(f->request) - 1 && !memchr(f->request, '\n', used)) {
		ssize_t n = recv(fd, f->request + used, sizeof(f->request) - 1 - used, 0);

		if (n <= 0)
			return NULL;
		used += (size_t)n;
	}
	for (i = 0; i < f->answer_repeat; i++)
		if (send(fd, f->answer, f->answer_size, MSG_NOSIGNAL) < 0)
			break;
	return NULL;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->fd = -1;
	strcpy(f->directory, "/tmp/nfmeter-test-control-XXXXXX");
	if (!mkdtemp(f->directory)) {
		free(f);
		return -1;
	}
	snprintf(f->path, sizeof(f->path), "%s/%s", f->directory, NFM_CONTROL_SOCKET);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->fd >= 0)
		close(f->fd);
	unlink(f->path);
	rmdir(f->directory);
	free(f);
	return 0;
}

static void listen_there(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, f->path);
	f->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(f->fd >= 0);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(f->fd, 1), 0);
}

/* Answers the next call with `answer`, `repeat` times over. */
static void answer_with(struct fixture *f, const char *answer, size_t repeat)
{
	f->answer = answer;
	f->answer_size = strlen(answer);
	f->answer_repeat = repeat;
	memset(f->request, 0, sizeof(f->request));
	if (f->fd < 0)
		listen_there(f);
	assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

static void a_line_is_answered_by_a_line(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *answer = NULL;
	struct nfm_error error = { .text = "" };

	answer_with(f, "{\"ok\":true}\n", 1);
	assert_int_equal(nfm_control_call(f->directory, "{\"command\":\"status\"}", &answer,
					  &error), 0);
	pthread_join(f->thread, NULL);
	assert_string_equal(answer, "{\"ok\":true}");
	assert_string_equal(f->request, "{\"command\":\"status\"}\n");
}

static void no_agent_is_told(void **state)
{
	struct fixture *f = *state;
	struct nfm_error error = { .text = "" };
	char *answer = NULL;

	assert_int_equal(nfm_control_call(f->directory, "{}", &answer, &error), -ECONNREFUSED);
	assert_non_null(strstr(error.text, "nfmeter run"));
	listen_there(f);
	close(f->fd); /* a socket that a dead agent left */
	f->fd = -1;
	assert_int_equal(nfm_control_call(f->directory, "{}", &answer, &error), -ECONNREFUSED);
	assert_null(answer);
}

static void a_broken_answer_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct nfm_error error = { .text = "" };
	char *answer = NULL;

	answer_with(f, "{\"ok\":tr", 1); /* and the agent is gone */
	assert_int_equal(nfm_control_call(f->directory, "{}", &answer, &error), -EPIPE);
	pthread_join(f->thread, NULL);
	answer_with(f, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NFM_CONTROL_MAX); /* without end */
	assert_int_equal(nfm_control_call(f->directory, "{}", &answer, &error), -EMSGSIZE);
	pthread_join(f->thread, NULL);
	assert_null(answer);
}

static void what_is_too_long_is_not_sent(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *request = calloc(1, NFM_CONTROL_MAX + 1);
	struct nfm_error error = { .text = "" };
	char directory[200];
	char *answer = NULL;

	assert_non_null(request);
	memset(request, 'x', NFM_CONTROL_MAX);
	assert_int_equal(nfm_control_call(f->directory, request, &answer, &error), -E2BIG);
	memset(directory, 'd', sizeof(directory));
	directory[sizeof(directory) - 1] = '\0';
	assert_int_equal(nfm_control_call(directory, "{}", &answer, &error), -ENAMETOOLONG);
}

static void ask_reads_answers(void **state)
{
	static const char *const prefixes[] = { "10.0.0.0/8", "2001:db8::/32" };
	const struct nfm_ask ask = {
		.command = "customers-set", .id = "al\"ice", .prefixes = prefixes,
		.prefix_count = 2,
	};
	struct fixture *f = *state;
	struct nfm_error error = { .text = "" };
	yajl_val answer = NULL;

	answer_with(f, "{\"ok\":true,\"added\":18446744073709551615,\"x\":-1,\"s\":\"t\"}\n", 1);
	assert_int_equal(nfm_ask(f->directory, &ask, &answer, &error), 0);
	pthread_join(f->thread, NULL);
	assert_string_equal(f->request, "{\"command\":\"customers-set\",\"id\":\"al\\\"ice\","
					"\"prefixes\":[\"10.0.0.0/8\",\"2001:db8::/32\"]}\n");
	assert_true(nfm_ask_u64(answer, "added", 0) == UINT64_MAX);
	assert_int_equal(nfm_ask_u64(answer, "x", 7), 7);
	assert_int_equal(nfm_ask_u64(answer, "missing", 7), 7);
	assert_string_equal(nfm_ask_string(answer, "s", "-"), "t");
	assert_string_equal(nfm_ask_string(answer, "added", "-"), "-");
	assert_int_equal(nfm_ask_u64(NULL, "x", 3), 3);
	nfm_ask_free(&answer);
}

static void ask_tells_refusals(void **state)
{
	static const struct {
		const char *answer;
		int code;
		const char *says;
	} cases[] = {
		{ "{\"ok\":false,\"error\":\"no such customer\"}\n", -EREMOTEIO,
		  "no such customer" },
		{ "{}\n", -EREMOTEIO, "refused" },
		{ "[1,2\n", -EPROTO, "not understood" },
		{ "\n", -EPROTO, "not understood" },
		{ "\"text\"\n", -EPROTO, "not understood" },
	};
	const struct nfm_ask ask = { .command = "customers-reload" };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		struct nfm_error error = { .text = "" };
		yajl_val answer = NULL;

		answer_with(f, cases[i].answer, 1);
		assert_int_equal(nfm_ask(f->directory, &ask, &answer, &error), cases[i].code);
		pthread_join(f->thread, NULL);
		assert_non_null(strstr(error.text, cases[i].says));
		assert_null(answer);
	}
}

static void ask_sends_no_broken_text(void **state)
{
	const struct nfm_ask ask = { .command = "customers-remove", .id = "\xff" };
	struct fixture *f = *state;
	struct nfm_error error = { .text = "" };
	yajl_val answer = NULL;

	assert_int_equal(nfm_ask(f->directory, &ask, &answer, &error), -EINVAL);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_line_is_answered_by_a_line),
		WITH_FOLDER(no_agent_is_told),
		WITH_FOLDER(a_broken_answer_is_an_error),
		WITH_FOLDER(what_is_too_long_is_not_sent),
		WITH_FOLDER(ask_reads_answers),
		WITH_FOLDER(ask_tells_refusals),
		WITH_FOLDER(ask_sends_no_broken_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
