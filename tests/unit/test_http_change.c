// SPDX-License-Identifier: GPL-2.0-only
/* Changes: what of a body becomes a question to the agent, and what of its answer an answer. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/api.h"

/* The agent's end: answers every line with `reply`, and keeps the last one. */
struct fixture {
	struct nfm_http http;
	int fd;
	pthread_t thread;
	const char *reply;
	char asked[NFM_CONTROL_MAX];
	unsigned int questions;
	struct nfm_error error;
	char answer[256];
};

static void *agent(void *cookie)
{
	struct fixture *f = cookie;
	size_t used = 0;
	ssize_t n;

	while ((n = recv(f->fd, f->asked + used, sizeof(f->asked) - used, 0)) > 0) {
		used += (size_t)n;
		if (f->asked[used - 1] != '\n')
			continue;
		f->asked[used - 1] = '\0';
		used = 0;
		f->questions++;
		if (!f->reply)
			break;
		send(f->fd, f->reply, strlen(f->reply), MSG_NOSIGNAL);
	}
	shutdown(f->fd, SHUT_RDWR);
	return NULL;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	assert_non_null(f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	nfm_channel_init(&f->http.channel, pair[0]);
	f->fd = pair[1];
	f->reply = "{\"ok\":true,\"listed\":1,\"names\":[\"a\\\"\\u00e9\",null,1.50,false,{}]}\n";
	assert_int_equal(nfm_jobs_start(&f->http.jobs, 1, 1, NULL, NULL, &f->error), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, agent, f), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	shutdown(f->http.channel.fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->http.channel.fd);
	close(f->fd);
	nfm_jobs_stop(f->http.jobs);
	free(f);
	return 0;
}

static int change_bytes(struct fixture *f, enum nfm_method method, const char *path,
			const char *body, size_t size)
{
	struct nfm_request *request = nfm_request_new(method, nfm_route_find(path, method), path);
	struct nfm_reply reply = { 0 };
	int err;

	assert_non_null(request);
	request->token = strdup("nfm_secret");
	snprintf(request->who.peer, sizeof(request->who.peer), "192.0.2.7");
	if (body) {
		request->body = calloc(1, size + 1);
		assert_non_null(request->body);
		memcpy(request->body, body, size);
		request->body_size = size;
	}
	memset(f->answer, 0, sizeof(f->answer));
	reply.to = fmemopen(f->answer, sizeof(f->answer), "w");
	err = request->route->write(&f->http, request, &reply, &f->error);
	fclose(reply.to);
	nfm_request_free(request);
	return err;
}

static int put(struct fixture *f, const char *path, const char *body)
{
	return change_bytes(f, NFM_METHOD_PUT, path, body, body ? strlen(body) : 0);
}

#define CUSTOMER "/api/v1/customers/a\"b"
#define WHO ",\"token\":\"nfm_secret\",\"peer\":\"192.0.2.7\""

static void test_question(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(f, CUSTOMER, " {\"prefixes\" : [\"::/0\"],\"name\":\"\\u00e4\\n\"} "),
			 0);
	assert_string_equal(f->asked, "{\"command\":\"customers-set\"" WHO ",\"id\":\"a\\\"b\","
			    "\"prefixes\":[\"::/0\"],\"name\":\"ä\\n\"}");
	assert_string_equal(f->answer,
			    "{\"listed\":1,\"names\":[\"a\\\"é\",null,1.50,false,{}]}\n");
	assert_int_equal(put(f, "/api/v1/exporters/r", "{\"nat\":false,\"repair_wraps\":true}"), 0);
	assert_string_equal(f->asked, "{\"command\":\"exporter-set\"" WHO ",\"name\":\"r\","
			    "\"nat\":false,\"repair_wraps\":true}");
	assert_int_equal(put(f, "/api/v1/settings", "{\"changes\":[{\"value\":null}]}"), 0);
	assert_string_equal(f->asked, "{\"command\":\"settings-set\"" WHO ","
			    "\"changes\":[{\"value\":null}]}");
	/* a body is not asked for */
	assert_int_equal(change_bytes(f, NFM_METHOD_DELETE, CUSTOMER, "x", 1), 0);
	assert_string_equal(f->asked, "{\"command\":\"customers-remove\"" WHO
			    ",\"id\":\"a\\\"b\"}");
}

/* None of these reaches the agent. */
static void test_bodies(void **state)
{
	static const char *const wrong[] = {
		NULL, "", " ", "x", "[]", "\"\"", "7", "null", "{", "{\"prefixes\":[}", "{}{}",
		"{}x",
		"{\"prefixes\":\"::/0\"}", "{\"prefixes\":null}", "{\"name\":1}",
		"{\"name\":null}", "{\"id\":\"c\"}", "{\"command\":\"status\"}",
		"{\"token\":\"x\"}", "{\"peer\":\"x\"}", "{\"Name\":\"x\"}",
		"{\"changes\":[]}", "{\"\":1}", "{\"name\":\"\xff\"}",
		"{\"name\":\"\xc3\x28\"}", "\xef\xbb\xbf{}", "{\"prefixes\":[[[[[[[[]]]]]]]]}",
		"{\"prefixes\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}",
	};
	static const char nul[] = "{\"name\":\"x\"}\0{}";
	struct fixture *f = *state;
	_cleanup_free_ char *many = calloc(1, 2000);
	char *at = many;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(wrong); i++) {
		f->error.text[0] = '\0';
		assert_int_equal(put(f, CUSTOMER, wrong[i]), -EINVAL);
		assert_true(strlen(f->error.text) > 10);
		assert_string_equal(f->answer, "");
	}
	assert_int_equal(change_bytes(f, NFM_METHOD_PUT, CUSTOMER, nul, sizeof(nul) - 1),
			 -EINVAL);
	assert_non_null(many);
	for (int i = 0; i < 65; i++)
		at += sprintf(at, "%c\"name\":\"%d\"", i ? ',' : '{', i);
	strcpy(at, "}");
	assert_int_equal(put(f, CUSTOMER, many), -EINVAL);
	assert_int_equal(f->questions, 0);
	/* brackets in texts are no depth */
	assert_int_equal(put(f, CUSTOMER, "{\"name\":\"[[[[[[[[[[\\\"[[\"}"), 0);
}

static void test_answers(void **state)
{
	static const struct {
		const char *reply;
		int err;
		const char *text;
	} cases[] = {
		{ "{\"ok\":true}\n", 0, "" },
		{ "{\"ok\":false,\"error\":\"no %s\"}\n", -EREMOTEIO, "no %s" },
		{ "{\"ok\":false,\"error\":\"who?\",\"denied\":true}\n", -EACCES, "who?" },
		{ "{\"ok\":false}\n", -EREMOTEIO, "refused" },
		{ "{\"error\":\"x\"}\n", -EREMOTEIO, "x" },
		{ "[]\n", -EREMOTEIO, "refused" },
		{ "{\n", -EPROTO, "no JSON" },
		{ NULL, -ECONNREFUSED, "does not answer" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		f->reply = cases[i].reply;
		f->error.text[0] = '\0';
		assert_int_equal(put(f, CUSTOMER, "{\"prefixes\":[]}"), cases[i].err);
		assert_non_null(strstr(f->error.text, cases[i].text));
		if (!cases[i].err)
			assert_string_equal(f->answer, "{}\n");
	}
	assert_int_equal(put(f, CUSTOMER, "{\"prefixes\":[]}"), -ECONNREFUSED); /* from now on */
}

/* What fits goes; what the agent would end the channel for does not. */
static void test_length(void **state)
{
	struct fixture *f = *state;
	char body[NFM_CONTROL_MAX + 64] = "{\"name\":\"";
	size_t head = strlen(body), most = 0;

	for (size_t length = NFM_CONTROL_MAX - 200; length < NFM_CONTROL_MAX; length++) {
		unsigned int before = f->questions;
		int err;

		memset(body + head, 'x', length);
		strcpy(body + head + length, "\"}");
		err = put(f, CUSTOMER, body);
		if (!err)
			most = strlen(f->asked);
		else
			assert_int_equal(err, -E2BIG);
		assert_int_equal(f->questions, before + !err);
	}
	assert_int_equal(most, NFM_CONTROL_MAX - 3); /* its end makes it one less than too long */
}

/* An agent that is silent is waited for once; what it says later is nobody else's answer. */
static void test_silent(void **state)
{
	struct fixture *f = *state;
	yajl_val answer = NULL;
	uint64_t began_ns;

	f->reply = ""; /* it has taken the question, and says nothing */
	assert_int_equal(nfm_channel_status(&f->http.channel, &answer, &f->error), -ETIMEDOUT);
	began_ns = nfm_clock_monotonic_ns();
	for (int i = 0; i < 10; i++)
		assert_int_equal(nfm_channel_status(&f->http.channel, &answer, &f->error),
				 -ETIMEDOUT);
	assert_true(nfm_clock_monotonic_ns() - began_ns < NFM_NS_PER_S);
	assert_int_equal(f->questions, 1);
	assert_null(answer);
	send(f->fd, "{\"ok\":", 6, 0);
	assert_int_equal(nfm_channel_status(&f->http.channel, &answer, &f->error), -ETIMEDOUT);
	f->reply = "{\"ok\":true,\"pid\":2}\n";
	send(f->fd, "true,\"pid\":1}\n", 14, 0);
	assert_int_equal(nfm_channel_status(&f->http.channel, &answer, &f->error), 0);
	assert_string_equal(YAJL_GET_NUMBER(YAJL_GET_OBJECT(answer)->values[1]), "2");
	yajl_tree_free(answer);
	assert_int_equal(put(f, CUSTOMER, "{\"prefixes\":[]}"), 0);
}

static void test_nobody(void **state)
{
	struct nfm_channel *channel = calloc(1, sizeof(*channel));
	struct nfm_error error;
	yajl_val answer;

	(void)state;
	assert_non_null(channel);
	nfm_channel_init(channel, -1);
	assert_int_equal(nfm_channel_status(channel, &answer, &error), -ECONNREFUSED);
	free(channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_question, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_length, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
