// SPDX-License-Identifier: GPL-2.0-only
/* A child's channel: many requests, in their order, and nothing that it could do harm with. */
#include "control_client.h"

/* The child's end; ours is *server. */
static int open_channel(int *server)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
			 0);
	assert_int_equal(nfm_control_channel(&control, pair[0]), 0);
	assert_true(nfm_control_has_channel(&control));
	*server = pair[0];
	return pair[1];
}

static void assert_line(int fd, const char *want)
{
	char text[1024];

	assert_true(hear(fd, text, sizeof(text)) > 0);
	assert_string_equal(text, want);
}

#define GOOD "{\"ok\":true,\"pid\":42}\n"

static void a_channel_has_many_requests(void **state)
{
	int server, fd = open_channel(&server);

	(void)state;
	for (unsigned int i = 1; i < 20; i++) {
		say(fd, "{\"command\":\"a\"}\n");
		assert_false(nfm_control_read(&control, server));
		assert_line(fd, GOOD);
		assert_int_equal(served.calls, i);
	}
	say(fd, "{\"command\":\"b\"}\n{\"command\":\"c\"}\nnonsense\n{\"command\":");
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 21);
	assert_string_equal(served.command, "c");
	{
		char text[1024];

		assert_true(hear(fd, text, sizeof(text)) > 0);
		assert_memory_equal(text, GOOD GOOD "{\"ok\":false,", strlen(GOOD GOOD) + 11);
	}
	say(fd, "\"d\"}\n");
	nfm_control_read(&control, server);
	assert_string_equal(served.command, "d");
	assert_line(fd, GOOD);
	nfm_control_retry(&control, 1000 * NFM_NS_PER_S); /* silence is no fault */
	assert_true(nfm_control_has_channel(&control));
	close(fd);
	nfm_control_read(&control, server);
	assert_false(nfm_control_has_channel(&control));
}

/* Requests that have to wait stay in their order, and none is lost. */
static void a_channel_waits_in_order(void **state)
{
	int server, fd = open_channel(&server);

	(void)state;
	served.result = -EAGAIN;
	say(fd, "{\"command\":\"a\"}\n{\"command\":\"b\"}\n");
	nfm_control_read(&control, server);
	say(fd, "{\"command\":\"c\"}\n");
	nfm_control_read(&control, server);
	assert_string_equal(served.command, "a");
	assert_silence(fd);
	served.result = 0;
	nfm_control_retry(&control, 0);
	assert_string_equal(served.command, "c");
	assert_line(fd, GOOD GOOD GOOD);
	close(fd);
}

/* Who is denied once has the next request looked at only in the next round. */
static void a_channel_that_guesses_is_slowed_down(void **state)
{
	int server, fd = open_channel(&server);

	(void)state;
	served.result = -EACCES;
	for (unsigned int i = 0; i < 10; i++)
		say(fd, "{\"command\":\"a\"}\n");
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 1);
	assert_line(fd, "{\"ok\":false,\"error\":\"no \\\"luck\\\"\","
			"\"denied\":true}\n");
	nfm_control_read(&control, server);
	assert_int_equal(served.calls, 1);
	nfm_control_retry(&control, 0);
	assert_int_equal(served.calls, 2);
	close(fd);
}

static void a_channel_that_breaks_the_protocol_is_closed(void **state)
{
	static char text[NFM_CONTROL_MAX];
	int server, fd = open_channel(&server);
	int size = 4 * NFM_CONTROL_MAX;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memset(text, 'x', sizeof(text));
	assert_int_equal(send(fd, text, sizeof(text), 0), sizeof(text));
	nfm_control_read(&control, server);
	assert_false(nfm_control_has_channel(&control));
	close(fd);
}

static void a_new_channel_takes_the_old_ones_place(void **state)
{
	int server, other, fd = open_channel(&server), again = open_channel(&other);

	(void)state;
	assert_dropped(fd);
	say(again, "{\"command\":\"a\"}\n");
	nfm_control_read(&control, other);
	assert_line(again, GOOD);
	close(fd);
	close(again);
}

static void deep_nesting_is_refused(void **state)
{
	static char text[60000];
	int server, fd = open_channel(&server);

	(void)state;
	memset(text, '[', sizeof(text) - 2);
	text[sizeof(text) - 2] = '\n';
	say(fd, text);
	nfm_control_read(&control, server);
	assert_line(fd, "{\"ok\":false,\"error\":\"request: not JSON: too deep\"}\n");
	say(fd, "{\"command\":\"a\",\"id\":\"[[[[[[[[[[[[[[[[[[[[\\\"[\"}\n");
	nfm_control_read(&control, server);
	assert_line(fd, GOOD);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_channel_has_many_requests),
		TEST(a_channel_waits_in_order),
		TEST(a_channel_that_guesses_is_slowed_down),
		TEST(a_channel_that_breaks_the_protocol_is_closed),
		TEST(a_new_channel_takes_the_old_ones_place),
		TEST(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
