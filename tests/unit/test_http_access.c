// SPDX-License-Identifier: GPL-2.0-only
/* Who may ask: with tokens, without, and after too many wrong ones. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/tokens.h"
#include "http/access.h"

struct fixture {
	char path[64];
	char text[3][NFM_TOKEN_SIZE]; /* of each role */
	struct nfm_tokens tokens;
	struct nfm_access access;
	struct nfm_who who;
	char *token;
	struct nfm_error error;
	uint64_t now_s;
};

static int setup(void **state)
{
	static const char *const roles[] = { "admin", "read", "customer:alice" };
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	assert_non_null(f);
	f->now_s = 5; /* soon after the machine has started */
	snprintf(f->path, sizeof(f->path), "/tmp/nfm-tokens.XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(roles); i++) {
		struct nfm_token token = { 0 };

		assert_int_equal(nfm_token_role_parse(roles[i], &token, &f->error), 0);
		snprintf(token.name, sizeof(token.name), "name %zu", i);
		assert_int_equal(nfm_tokens_add(f->path, &token, f->text[i], &f->error), 0);
	}
	nfm_access_init(&f->access, &f->tokens);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nfm_tokens_clear(&f->tokens);
	unlink(f->path);
	free(f);
	return 0;
}

static void with_tokens(struct fixture *f)
{
	assert_int_equal(nfm_tokens_read(f->path, &f->tokens, &f->error), 0);
	assert_int_equal(f->tokens.count, 3);
}

static void address(const char *text, struct sockaddr_in6 *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;

	*out = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET6, text, &out->sin6_addr) == 1)
		return;
	*v4 = (struct sockaddr_in){ .sin_family = AF_INET };
	assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
}

static int check(struct fixture *f, const char *peer, const char *host, const char *authorization,
		 bool forwarded)
{
	struct sockaddr_in6 from;
	const struct nfm_access_claim claim = {
		.peer = (struct sockaddr *)&from,
		.authorization = authorization,
		.host = host,
		.forwarded = forwarded,
		.now_s = f->now_s,
	};
	int err;

	address(peer, &from);
	err = nfm_access_check(&f->access, &claim, &f->who, &f->token, &f->error);
	if (err) {
		assert_null(f->token);
		assert_true(strlen(f->error.text) > 10);
	}
	return err;
}

static int check_token(struct fixture *f, const char *peer, const char *scheme, const char *text)
{
	char header[128];
	int err;

	snprintf(header, sizeof(header), "%s %s", scheme, text);
	err = check(f, peer, "collector.example", header, true);
	if (!err) {
		assert_string_equal(f->token, text);
		free(f->token);
	}
	return err;
}

static void test_place(void **state)
{
	static const char *const here[] = { "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1" };
	static const char *const elsewhere[] = { "192.0.2.1", "128.0.0.1", "::", "::2", "fe80::1",
						 "::ffff:192.0.2.1", "2001:db8::1", "0.0.0.0" };
	struct fixture *f = *state;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(here); i++) {
		assert_int_equal(check(f, here[i], "localhost", NULL, false), 0);
		assert_int_equal(f->who.role, NFM_TOKEN_READ);
		assert_string_equal(f->who.name, "");
		assert_null(f->token);
		assert_int_equal(check(f, here[i], "localhost", NULL, true), -EPERM);
	}
	assert_string_equal(f->who.peer, "127.0.0.1"); /* as people write it */
	for (size_t i = 0; i < NFM_ARRAY_SIZE(elsewhere); i++)
		assert_int_equal(check(f, elsewhere[i], "localhost", NULL, false), -EPERM);
}

static void test_host(void **state)
{
	static const char *const good[] = { "localhost", "LocalHost:1", "127.0.0.1", "[::1]",
					    "127.0.0.1:9996", "127.255.0.1", "[::1]:9996" };
	static const char *const bad[] = { "", "evil", "localhost.evil", "127.0.0.1.evil", "::1",
					   "[::1", "[::1].evil", "evil:127.0.0.1", "10.0.0.1",
					   "127.1", "0x7f.0.0.1", "localhost ", " localhost",
					   "[::2]", "[::1]evil", "2130706433" };
	struct fixture *f = *state;
	char text[200];

	for (size_t i = 0; i < NFM_ARRAY_SIZE(good); i++)
		assert_int_equal(check(f, "127.0.0.1", good[i], NULL, false), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(bad); i++)
		assert_int_equal(check(f, "127.0.0.1", bad[i], NULL, false), -EPERM);
	assert_int_equal(check(f, "127.0.0.1", NULL, NULL, false), -EPERM);
	memset(text, '1', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(check(f, "127.0.0.1", text, NULL, false), -EPERM);
}

static void test_tokens(void **state)
{
	struct fixture *f = *state;
	char wrong[NFM_TOKEN_SIZE + 1];

	with_tokens(f);
	assert_int_equal(check_token(f, "192.0.2.1", "Bearer", f->text[0]), 0);
	assert_int_equal(f->who.role, NFM_TOKEN_ADMIN);
	assert_string_equal(f->who.name, "name 0");
	assert_string_equal(f->who.customer, "");
	assert_string_equal(f->who.peer, "192.0.2.1");
	assert_int_equal(check_token(f, "2001:db8::1", "bearer", f->text[1]), 0);
	assert_int_equal(f->who.role, NFM_TOKEN_READ);
	assert_string_equal(f->who.peer, "2001:db8::1");
	assert_int_equal(check_token(f, "127.0.0.1", "BEARER", f->text[2]), 0);
	assert_int_equal(f->who.role, NFM_TOKEN_CUSTOMER);
	assert_string_equal(f->who.customer, "alice");

	assert_int_equal(check(f, "127.0.0.1", "localhost", NULL, false), -EACCES);
	assert_int_equal(check(f, "127.0.0.1", "localhost", "Bearer", false), -EACCES);
	assert_int_equal(check(f, "127.0.0.1", "localhost", "Bearer ", false), -EACCES);
	assert_int_equal(check_token(f, "127.0.0.1", "Basic", f->text[0]), -EACCES);
	assert_int_equal(check_token(f, "127.0.0.1", "Bearer ", f->text[0]), -EACCES);
	snprintf(wrong, sizeof(wrong), "%sx", f->text[0]);
	assert_int_equal(check_token(f, "127.0.0.1", "Bearer", wrong), -EACCES);
	wrong[10] ^= 1;
	wrong[NFM_TOKEN_SIZE - 1] = '\0';
	assert_int_equal(check_token(f, "127.0.0.1", "Bearer", wrong), -EACCES);
	assert_int_equal(f->who.role, NFM_TOKEN_CUSTOMER); /* who is nobody has the least */
	assert_string_equal(f->who.customer, "");
}

/* So many wrong ones, then nobody from there; nobody else is hindered. */
static void test_too_many(void **state)
{
	struct fixture *f = *state;

	with_tokens(f);
	for (unsigned int i = 0; i < 100; i++) /* without one: no guess */
		assert_int_equal(check(f, "2001:db8::1", "x", NULL, false), -EACCES);
	for (unsigned int i = 0; i < NFM_ACCESS_FAILURES; i++)
		assert_int_equal(check_token(f, "2001:db8::1", "Bearer", "nfm_x"), -EACCES);
	assert_int_equal(check_token(f, "2001:db8::1", "Bearer", "nfm_x"), -EDQUOT);
	assert_int_equal(check_token(f, "2001:db8::1", "Bearer", f->text[0]), -EDQUOT);
	assert_int_equal(check_token(f, "2001:db8::ffff:2", "Bearer", f->text[0]), -EDQUOT);
	assert_int_equal(check_token(f, "2001:db8:0:1::1", "Bearer", f->text[0]), 0);
	assert_int_equal(check_token(f, "192.0.2.1", "Bearer", f->text[0]), 0);
	f->now_s += NFM_ACCESS_WINDOW_S - 1;
	assert_int_equal(check_token(f, "2001:db8::1", "Bearer", f->text[0]), -EDQUOT);
	f->now_s++;
	assert_int_equal(check_token(f, "2001:db8::1", "Bearer", f->text[0]), 0);
	assert_int_equal(check_token(f, "2001:db8::1", "Bearer", "nfm_x"), -EACCES);
}

static void test_too_many_v4(void **state)
{
	struct fixture *f = *state;

	with_tokens(f);
	for (unsigned int i = 0; i < NFM_ACCESS_FAILURES; i++)
		assert_int_equal(check_token(f, i % 2 ? "192.0.2.1" : "::ffff:192.0.2.1", "Bearer",
					     "nfm_x"), -EACCES);
	assert_int_equal(check_token(f, "192.0.2.1", "Bearer", f->text[0]), -EDQUOT);
	assert_int_equal(check_token(f, "192.0.2.2", "Bearer", f->text[0]), 0);
	assert_int_equal(check_token(f, "127.0.0.1", "Bearer", f->text[0]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_v4, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
