// SPDX-License-Identifier: GPL-2.0-only
#include "http/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

bool nfm_role_reaches(enum nfm_token_role role, enum nfm_token_role least)
{
	static const unsigned int rank[] = {
		[NFM_TOKEN_CUSTOMER] = 0,
		[NFM_TOKEN_READ] = 1,
		[NFM_TOKEN_ADMIN] = 2,
	};

	return rank[role] >= rank[least];
}

static bool is_at(const struct nfm_route *route, const char *path)
{
	size_t length = strlen(route->path);

	if (route->path[length - 1] != '/' || length == 1)
		return !strcmp(route->path, path);
	return !strncmp(route->path, path, length) && path[length];
}

const struct nfm_route *nfm_route_find(const char *path, enum nfm_method method)
{
	for (const struct nfm_route *route = nfm_routes; route->path; route++)
		if (route->method == method && is_at(route, path))
			return route;
	return NULL;
}

const char *nfm_route_allow(const char *path)
{
	static const char *const lists[] = {
		"", "GET, HEAD", "PUT", "GET, HEAD, PUT", "DELETE", "GET, HEAD, DELETE",
		"PUT, DELETE", "GET, HEAD, PUT, DELETE",
	};
	unsigned int methods = 0; /* a bit for each */

	for (const struct nfm_route *route = nfm_routes; route->path; route++)
		if (is_at(route, path))
			methods |= 1U << route->method;
	return lists[methods];
}

struct nfm_request *nfm_request_new(enum nfm_method method, const struct nfm_route *route,
				    const char *path)
{
	struct nfm_request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->method = method;
	request->route = route;
	request->rest = strdup(path + NFM_MIN(strlen(path), strlen(route->path)));
	if (!request->rest) {
		free(request);
		return NULL;
	}
	return request;
}

void nfm_request_free(struct nfm_request *request)
{
	if (!request)
		return;
	for (uint32_t i = 0; i < request->argument_count; i++) {
		free(request->argument[i].name);
		free(request->argument[i].value);
	}
	free(request->argument);
	free(request->rest);
	free(request->token);
	free(request->body);
	free(request);
}

/* A word of a list with spaces between them. */
static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	if (!length || strchr(name, ' ')) /* two of them are none */
		return false;
	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

static int take_format(struct nfm_request *request, const char *value, struct nfm_error *error)
{
	request->csv = !strcmp(value, "csv");
	if (request->csv || !strcmp(value, "json"))
		return 0;
	return nfm_error_set(error, -EINVAL, "format %.60s: json or csv", value);
}

int nfm_request_argument(struct nfm_request *request, const char *name, const char *value,
			 struct nfm_error *error)
{
	const char *known = request->route->arguments;
	struct nfm_argument *more;

	if (!is_listed(known, name))
		return nfm_error_set(error, -EINVAL, "%.60s: no such parameter here; known are: %s",
				     name, *known ? known : "none");
	if (!strcmp(name, "format"))
		return take_format(request, value, error);
	if (request->argument_count == NFM_REQUEST_ARGUMENTS)
		return nfm_error_set(error, -E2BIG, "more than %u parameters",
				     NFM_REQUEST_ARGUMENTS);
	more = reallocarray(request->argument, request->argument_count + 1, sizeof(*more));
	if (!more)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	request->argument = more;
	more += request->argument_count;
	more->name = strdup(name);
	more->value = strdup(value);
	request->argument_count++;
	return more->name && more->value ? 0 : nfm_error_set(error, -ENOMEM, "out of memory");
}

const char *nfm_request_get(const struct nfm_request *request, const char *name)
{
	for (uint32_t i = 0; i < request->argument_count; i++)
		if (!strcmp(request->argument[i].name, name))
			return request->argument[i].value;
	return NULL;
}

/* A weight, ";q=0.5", behind a coding; without one it is 1. */
static bool has_weight(const char *parameters, const char *end)
{
	static const char blank[] = " \t;";

	parameters += strspn(parameters, blank);
	if (parameters >= end || strncasecmp(parameters, "q=", 2) != 0)
		return true;
	for (parameters += 2; parameters < end; parameters++)
		if (*parameters >= '1' && *parameters <= '9')
			return true;
	return false;
}

bool nfm_request_takes_gzip(const char *accepted)
{
	while (accepted && *accepted) {
		const char *end;
		size_t length;

		accepted += strspn(accepted, " \t,");
		end = strchrnul(accepted, ',');
		length = strcspn(accepted, " \t;,");
		if (length == 4 && !strncasecmp(accepted, "gzip", length))
			return has_weight(accepted + length, end);
		accepted = end;
	}
	return false;
}

/* Lengths stand before the texts, so that no text can look like two. */
static void put(FILE *to, const char *text)
{
	fprintf(to, "%zu:%s,", strlen(text), text);
}

char *nfm_request_key(const struct nfm_request *request)
{
	char *key = NULL;
	size_t size;
	FILE *to = open_memstream(&key, &size);

	if (!to)
		return NULL;
	put(to, request->route->path);
	put(to, request->rest);
	fprintf(to, "%d%d%d%d", request->who.role, request->csv, request->gzip, request->plain);
	put(to, request->who.customer);
	put(to, request->who.name); /* whoami says it */
	for (uint32_t i = 0; i < request->argument_count; i++) {
		put(to, request->argument[i].name);
		put(to, request->argument[i].value);
	}
	if (fclose(to)) {
		free(key);
		return NULL;
	}
	return key;
}
