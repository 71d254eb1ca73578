// SPDX-License-Identifier: GPL-2.0-only
/* The control socket's server: whatever a client sends, in whatever pieces, and when. */
#include "control_client.h"

static unsigned int connections(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < NFM_CONTROL_CONNECTIONS; i++)
		count += control.connection[i].fd >= 0;
	return count;
}

/* ---- requests ---- */

static void request_and_answer(void **state)
{
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);

	(void)state;
	say(fd,
	    "{\"command\":\"customers-set\",\"id\":\"a\",\"prefixes\":[\"10.0.0.0/8\",\"::1\"]}\n");
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 1);
	assert_string_equal(served.command, "customers-set");
	assert_string_equal(served.id, "a");
	assert_int_equal(served.prefix_count, 2);
	assert_string_equal(served.last_prefix, "::1");
	assert_answer(fd, "{\"ok\":true,\"pid\":42}\n");
	assert_int_equal(connections(), 0);
}

static void request_in_single_bytes(void **state)
{
	static const char request[] = "{\"command\":\"status\"}\n";
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);

	(void)state;
	for (size_t i = 0; i < strlen(request); i++) {
		assert_int_equal(served.calls, 0);
		assert_int_equal(send(fd, request + i, 1, 0), 1);
		nfm_control_read(&control, server);
	}
	assert_int_equal(served.calls, 1);
	assert_string_equal(served.command, "status");
	assert_string_equal(served.id, "(none)");
	assert_answer(fd, "{\"ok\":true,\"pid\":42}\n");
}

static void failure_is_told(void **state)
{
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);

	(void)state;
	served.result = -ENOENT;
	say(fd, "{\"command\":\"customers-remove\",\"id\":\"x\"}\n");
	nfm_control_read(&control, server);
	assert_answer(fd, "{\"ok\":false,\"error\":\"no \\\"luck\\\"\"}\n");
}

static void wrong_requests_are_answered(void **state)
{
	static const char *const requests[] = {
		"\n",
		"hello\n",
		"{\n",
		"[]\n",
		"null\n",
		"{}\n",
		"{\"command\":5}\n",
		"{\"command\":null}\n",
		"{\"command\":\"a\",\"prefixes\":[5]}\n",
		"{\"command\":\"a\",\"prefixes\":[\"10.0.0.0/8\",null]}\n",
		"{\"command\":\"a\"} trailing\n",
		"\x80\xff\xfe\n",
		"{\"command\":\"\xff\xfe\"}\n",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(requests); i++) {
		char text[1024];
		int server;
		_cleanup_close_ int fd = dial_and_accept(&server);

		say(fd, requests[i]);
		nfm_control_read(&control, server);
		assert_int_equal(served.calls, 0);
		assert_true(hear(fd, text, sizeof(text)) > 0);
		assert_memory_equal(text, "{\"ok\":false,\"error\":\"request: ", 30);
		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_int_equal(connections(), 0);
	}
}

/* A zero byte ends the text that is read; what is before it decides. */
static void zero_bytes(void **state)
{
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);
	char text[256];

	(void)state;
	assert_int_equal(send(fd, "{\0}\n", 4, 0), 4);
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 0);
	assert_true(hear(fd, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\"ok\":false"));
}

/* Sends `length` bytes, the last of them a newline, as the socket's buffer allows. */
static void say_long(int fd, int server, size_t length)
{
	_cleanup_free_ char *text = malloc(length);
	size_t sent = 0;

	memset(text, ' ', length);
	memcpy(text, "{\"command\":\"status\"}", 20);
	text[length - 1] = '\n';
	while (sent < length) {
		ssize_t n = send(fd, text + sent, length - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EPIPE)
			return;
		if (n > 0)
			sent += (size_t)n;
		nfm_control_read(&control, server);
	}
	nfm_control_read(&control, server);
}

static void longest_request(void **state)
{
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);

	(void)state;
	say_long(fd, server, NFM_CONTROL_MAX - 2);
	assert_int_equal(served.calls, 1);
	assert_answer(fd, "{\"ok\":true,\"pid\":42}\n");
}

static void too_long_a_request_is_dropped(void **state)
{
	static const size_t lengths[] = { NFM_CONTROL_MAX - 1, NFM_CONTROL_MAX,
					  4 * NFM_CONTROL_MAX };

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(lengths); i++) {
		int server;
		_cleanup_close_ int fd = dial_and_accept(&server);

		say_long(fd, server, lengths[i]);
		assert_int_equal(served.calls, 0);
		assert_int_equal(connections(), 0);
	}
}

static void too_many_prefixes(void **state)
{
	_cleanup_free_ char *text = malloc(NFM_CONTROL_MAX);
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);
	size_t used = (size_t)sprintf(text, "{\"command\":\"a\",\"prefixes\":[\"\"");
	char answer[256];

	(void)state;
	for (int i = 0; i < 4096; i++)
		used += (size_t)sprintf(text + used, ",\"\"");
	sprintf(text + used, "]}\n");
	say(fd, text);
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 0);
	assert_true(hear(fd, answer, sizeof(answer)) > 0);
	assert_non_null(strstr(answer, "4096"));
}

static void clients_that_leave(void **state)
{
	(void)state;
	for (int said = 0; said < 3; said++) {
		int server;
		int fd = dial_and_accept(&server);

		if (said)
			say(fd, said == 1 ? "{\"comm" : "{\"command\":\"status\"}\n");
		close(fd);
		nfm_control_read(&control, server);
		if (said == 1)
			nfm_control_read(&control, server);
		assert_int_equal(connections(), 0); /* and no SIGPIPE */
	}
	assert_int_equal(served.calls, 1);
}

static void reading_nobody(void **state)
{
	(void)state;
	nfm_control_read(&control, 999);
	assert_int_equal(served.calls, 0);
}

/* ---- connections ---- */

static void too_many_connections(void **state)
{
	int client[NFM_CONTROL_CONNECTIONS + 1];
	int server;

	(void)state;
	for (unsigned int i = 0; i < NFM_CONTROL_CONNECTIONS; i++)
		client[i] = dial_and_accept(&server);
	client[NFM_CONTROL_CONNECTIONS] = dial();
	assert_int_equal(nfm_control_accept(&control, 0), -EMFILE);
	assert_dropped(client[NFM_CONTROL_CONNECTIONS]);
	/* those who are in are served, and make room */
	say(client[NFM_CONTROL_CONNECTIONS - 1], "{\"command\":\"status\"}\n");
	nfm_control_read(&control, server);
	assert_answer(client[NFM_CONTROL_CONNECTIONS - 1], "{\"ok\":true,\"pid\":42}\n");
	close(client[NFM_CONTROL_CONNECTIONS]);
	client[NFM_CONTROL_CONNECTIONS] = dial_and_accept(&server);
	for (unsigned int i = 0; i <= NFM_CONTROL_CONNECTIONS; i++)
		close(client[i]);
	assert_int_equal(nfm_control_accept(&control, 0), -EAGAIN);
}

static void not_now_is_asked_again(void **state)
{
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);

	(void)state;
	served.result = -EAGAIN;
	say(fd, "{\"command\":\"customers-reload\"}\n");
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 1);
	assert_silence(fd);
	nfm_control_retry(&control, NFM_NS_PER_S);
	assert_int_equal(served.calls, 2);
	assert_silence(fd);
	/* it waits for as long as it takes */
	served.result = 0;
	nfm_control_retry(&control, 3600 * NFM_NS_PER_S);
	assert_int_equal(served.calls, 3);
	assert_string_equal(served.command, "customers-reload");
	assert_answer(fd, "{\"ok\":true,\"pid\":42}\n");
	nfm_control_retry(&control, 3601 * NFM_NS_PER_S);
	assert_int_equal(served.calls, 3);
}

/* What a client says behind its request, while that one waits, is no request. */
static void further_bytes_while_waiting(void **state)
{
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);
	char text[256];

	(void)state;
	served.result = -EAGAIN;
	say(fd, "{\"command\":\"customers-reload\"}\n");
	nfm_control_read(&control, server);
	say(fd, "{\"command\":\"status\"}\n");
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 1);
	served.result = 0;
	nfm_control_retry(&control, 1);
	assert_string_equal(served.command, "customers-reload");
	assert_true(hear(fd, text, sizeof(text)) > 0);
	assert_string_equal(text, "{\"ok\":true,\"pid\":42}\n");
	assert_int_equal(served.calls, 2);
}

static void silent_client_is_dropped(void **state)
{
	int server;
	_cleanup_close_ int fd = dial_and_accept(&server);

	(void)state;
	say(fd, "{\"command\"");
	nfm_control_read(&control, server);
	nfm_control_retry(&control, 10 * NFM_NS_PER_S);
	assert_silence(fd);
	nfm_control_retry(&control, 10 * NFM_NS_PER_S + 1);
	assert_dropped(fd);
	assert_int_equal(connections(), 0);
}

/* ---- the socket ---- */

static void dead_agents_socket_is_replaced(void **state)
{
	struct nfm_control second = { .listen_fd = -1, .serve = serve, .cookie = &served };
	struct nfm_error error;
	struct stat st;
	int server;

	(void)state;
	assert_int_equal(nfm_control_open(&second, folder, &error), 0);
	assert_int_equal(stat(second.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	{
		_cleanup_close_ int fd = dial();

		assert_int_equal(nfm_control_accept(&control, 0), -EAGAIN);
		server = nfm_control_accept(&second, 0);
		assert_true(server >= 0);
	}
	nfm_control_close(&second);
	assert_int_equal(access(control.path, F_OK), -1);
	nfm_control_close(&second); /* twice does no harm */
}

static void path_that_is_too_long(void **state)
{
	struct nfm_control long_one = { .listen_fd = -1 };
	struct nfm_error error = {};
	char runtime[200];

	(void)state;
	memset(runtime, 'x', sizeof(runtime) - 1);
	runtime[0] = '/';
	runtime[sizeof(runtime) - 1] = '\0';
	assert_int_equal(nfm_control_open(&long_one, runtime, &error), -ENAMETOOLONG);
	assert_non_null(strstr(error.text, "shorter"));
	assert_int_equal(long_one.listen_fd, -1);
	assert_int_equal(nfm_control_open(&long_one, "/tmp/nfm-no-such-folder", &error), -ENOENT);
	nfm_control_close(&long_one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_and_answer),
		TEST(request_in_single_bytes),
		TEST(failure_is_told),
		TEST(wrong_requests_are_answered),
		TEST(zero_bytes),
		TEST(longest_request),
		TEST(too_long_a_request_is_dropped),
		TEST(too_many_prefixes),
		TEST(clients_that_leave),
		TEST(reading_nobody),
		TEST(too_many_connections),
		TEST(not_now_is_asked_again),
		TEST(further_bytes_while_waiting),
		TEST(silent_client_is_dropped),
		TEST(dead_agents_socket_is_replaced),
		TEST(path_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
