// SPDX-License-Identifier: GPL-2.0-only
/* Routes, arguments, and what makes two requests the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "http/api.h"

static void test_routes(void **state)
{
	const struct nfm_route *route;

	(void)state;
	route = nfm_route_find("/api/v1/show", NFM_METHOD_GET);
	assert_non_null(route);
	assert_ptr_equal(route->write, nfm_api_show);
	assert_null(nfm_route_find("/api/v1/show", NFM_METHOD_PUT));
	assert_null(nfm_route_find("/api/v1/show/", NFM_METHOD_GET));
	assert_null(nfm_route_find("/api/v1/sho", NFM_METHOD_GET));
	assert_null(nfm_route_find("", NFM_METHOD_GET));
	assert_null(nfm_route_find("/api/v1/customers/", NFM_METHOD_PUT)); /* without a name */
	route = nfm_route_find("/api/v1/customers/a/b", NFM_METHOD_PUT);
	assert_ptr_equal(route->write, nfm_api_customer_put);
	route = nfm_route_find("/api/v1/exporters", NFM_METHOD_GET);
	assert_ptr_equal(route->write, nfm_api_exporters);
	assert_string_equal(nfm_route_allow("/api/v1/show"), "GET, HEAD");
	assert_string_equal(nfm_route_allow("/api/v1/settings"), "PUT");
	assert_string_equal(nfm_route_allow("/api/v1/customers/a"), "PUT, DELETE");
	assert_string_equal(nfm_route_allow("/nothing"), "");
}

/* Whatever changes something needs an administrator; nothing that shows all is for a customer. */
static void test_roles(void **state)
{
	static const char *const own[] = { "/api/v1/whoami", "/api/v1/show", "/api/v1/history",
					   "/api/v1/sparklines" };

	(void)state;
	for (const struct nfm_route *route = nfm_routes; route->path; route++) {
		bool is_own = false;

		for (size_t i = 0; i < NFM_ARRAY_SIZE(own); i++)
			is_own = is_own || !strcmp(own[i], route->path);
		assert_int_equal(route->least, route->method != NFM_METHOD_GET ? NFM_TOKEN_ADMIN :
				 is_own ? NFM_TOKEN_CUSTOMER : NFM_TOKEN_READ);
	}
	assert_true(nfm_role_reaches(NFM_TOKEN_ADMIN, NFM_TOKEN_CUSTOMER));
	assert_true(nfm_role_reaches(NFM_TOKEN_READ, NFM_TOKEN_READ));
	assert_false(nfm_role_reaches(NFM_TOKEN_CUSTOMER, NFM_TOKEN_READ));
	assert_false(nfm_role_reaches(NFM_TOKEN_READ, NFM_TOKEN_ADMIN));
}

static struct nfm_request *request_of(const char *path)
{
	struct nfm_request *request = nfm_request_new(
		NFM_METHOD_GET, nfm_route_find(path, NFM_METHOD_GET), path);

	assert_non_null(request);
	return request;
}

static void test_arguments(void **state)
{
	static const char *const wrong[] = { "x", "", " ", "so", "sorts", "q order", "rder",
					     "step" };
	struct nfm_request *request = request_of("/api/v1/show");
	struct nfm_error error = { .text = "" };

	(void)state;
	assert_string_equal(request->rest, "");
	assert_int_equal(nfm_request_argument(request, "q", "a b", &error), 0);
	assert_int_equal(nfm_request_argument(request, "q", "later", &error), 0);
	assert_string_equal(nfm_request_get(request, "q"), "a b");
	assert_null(nfm_request_get(request, "sort"));
	for (size_t i = 0; i < NFM_ARRAY_SIZE(wrong); i++) {
		assert_int_equal(nfm_request_argument(request, wrong[i], "1", &error), -EINVAL);
		assert_non_null(strstr(error.text, "known are: q order"));
	}
	assert_int_equal(nfm_request_argument(request, "format", "csv", &error), 0);
	assert_true(request->csv);
	assert_int_equal(nfm_request_argument(request, "format", "xml", &error), -EINVAL);
	assert_int_equal(nfm_request_argument(request, "format", "json", &error), 0);
	assert_false(request->csv);
	while (request->argument_count < NFM_REQUEST_ARGUMENTS)
		assert_int_equal(nfm_request_argument(request, "id", "x", &error), 0);
	assert_int_equal(nfm_request_argument(request, "id", "x", &error), -E2BIG);
	nfm_request_free(request);
	request = request_of("/api/v1/whoami");
	assert_int_equal(nfm_request_argument(request, "q", "x", &error), -EINVAL);
	assert_non_null(strstr(error.text, "known are: none"));
	nfm_request_free(request);
	nfm_request_free(NULL);
}

static void test_rest(void **state)
{
	static const char path[] = "/api/v1/customers/a/b c";
	struct nfm_request *request = nfm_request_new(
		NFM_METHOD_PUT, nfm_route_find(path, NFM_METHOD_PUT), path);

	(void)state;
	assert_string_equal(request->rest, "a/b c");
	nfm_request_free(request);
}

/* Requests of which each has another answer: none may have the key of another. */
static struct nfm_request *nth(unsigned int n)
{
	static const char *const arguments[][5] = {
		{ NULL }, { "q", "" }, { "q", "a" }, { "q", "1:a" }, { "id", "a" },
		{ "q", "a", "id", "b" }, { "id", "b", "q", "a" }, { "q", "a,2:id,1:b" },
		{ "q", "a", "q", "b" }, { "q", "b", "q", "a" }, { "q", "ab" },
		{ "limit", "1", "offset", "0" }, { "limit", "10", "offset", "" },
	};
	struct nfm_request *request = request_of(n == 13 ? "/api/v1/history" : "/api/v1/show");
	struct nfm_error error;

	for (unsigned int i = 0; n < NFM_ARRAY_SIZE(arguments) && arguments[n][i]; i += 2)
		assert_int_equal(nfm_request_argument(request, arguments[n][i],
						      arguments[n][i + 1], &error), 0);
	request->who.role = n == 14 ? NFM_TOKEN_ADMIN : NFM_TOKEN_READ;
	request->csv = n == 15;
	request->gzip = n == 16;
	if (n == 17 || n == 18)
		request->who.role = NFM_TOKEN_CUSTOMER;
	snprintf(request->who.customer, sizeof(request->who.customer), "%s",
		 n == 17 ? "alice" : n == 18 ? "bob" : "");
	snprintf(request->who.name, sizeof(request->who.name), "%s", n == 19 ? "office" : "");
	request->plain = n == 20;
	return request;
}
#define REQUESTS 21U

static void test_keys(void **state)
{
	char *keys[REQUESTS];

	(void)state;
	for (unsigned int i = 0; i < REQUESTS; i++) {
		struct nfm_request *request = nth(i), *again = nth(i);
		_cleanup_free_ char *same = nfm_request_key(again);

		keys[i] = nfm_request_key(request);
		assert_non_null(keys[i]);
		assert_string_equal(keys[i], same);
		nfm_request_free(request);
		nfm_request_free(again);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(keys[i], keys[j]);
	}
	for (unsigned int i = 0; i < REQUESTS; i++)
		free(keys[i]);
}

static void test_gzip(void **state)
{
	static const char *const wanted[] = { "gzip", "GZip", "deflate, gzip", "gzip;q=1", ",,gzip",
					      "br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip ; q=0.001" };
	static const char *const not[] = { NULL, "", "identity", "gzip;q=0", "gzip; q=0.000", "br",
					   "gzip ;q=0, br", "x-gzip", "gzipped", "br;gzip", "," };

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(wanted); i++)
		assert_true(nfm_request_takes_gzip(wanted[i]));
	for (size_t i = 0; i < NFM_ARRAY_SIZE(not); i++)
		assert_false(nfm_request_takes_gzip(not[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),	  cmocka_unit_test(test_roles),
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_rest),
		cmocka_unit_test(test_keys),	  cmocka_unit_test(test_gzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
