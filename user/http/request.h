/* SPDX-License-Identifier: GPL-2.0-only */
/* What a client asks for, copied: it outlives the connection's own memory. */
#ifndef NFM_HTTP_REQUEST_H
#define NFM_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "config/tokens.h"

#define NFM_REQUEST_ARGUMENTS 256U  /* of an URL, ids of sparklines included */
#define NFM_EVENTS_PATH "/api/v1/events" /* not an answer, but a stream: events.h */
#define NFM_REQUEST_BODY (64U << 10) /* bytes */

enum nfm_method { NFM_METHOD_GET, NFM_METHOD_PUT, NFM_METHOD_DELETE };

/** Who asks, and what for he may. */
struct nfm_who {
	enum nfm_token_role role;
	char customer[NFM_ID_SIZE]; /* of role NFM_TOKEN_CUSTOMER: the only one he may see */
	char name[64];		    /* of his token; empty: there are no tokens */
	char peer[64];		    /* address */
};

struct nfm_argument {
	char *name, *value;
};

struct nfm_request {
	enum nfm_method method;
	const struct nfm_route *route;
	char *rest;  /* of the path behind a route that ends in "/"; else "" */
	char *token; /* as it came; NULL: none */
	struct nfm_who who;
	struct nfm_argument *argument;
	uint32_t argument_count;
	char *body;
	size_t body_size;
	bool gzip;  /* the client takes it */
	bool plain; /* and wants text/plain, of metrics */
	bool csv;
};

/** What a route writes. */
struct nfm_reply {
	FILE *to;
	const char *type;	/* Content-Type; application/json unless the route says otherwise */
	const char *name;	/* of the file, where it is a download; CSV */
};

struct nfm_http;

/** The table of what there is: user/http/routes.c. */
struct nfm_route {
	const char *path;      /* one that ends in "/" has a name behind it */
	enum nfm_method method;
	enum nfm_token_role least; /* who may */
	unsigned int age_s;    /* for so long an answer may be used again */
	const char *arguments; /* names, with spaces between them; "" none */
	/*
	 * Writes the answer. -EINVAL: what was asked for is wrong; -ENOENT: there is no such thing;
	 * -ECONNREFUSED: no agent; -ECANCELED: it took too long. What was written is thrown away
	 * then.
	 */
	int (*write)(struct nfm_http *http, const struct nfm_request *request,
		     struct nfm_reply *reply, struct nfm_error *error);
	const char *help;
};

/**
 * What is made of files may take a minute; it changes with the interval, and so its answer is kept
 * for this time or longer: that is how such routes are known.
 */
#define NFM_ROUTE_FILES_S 5U

static inline bool nfm_route_is_slow(const struct nfm_route *route)
{
	return route->age_s >= NFM_ROUTE_FILES_S;
}

extern const struct nfm_route nfm_routes[]; /* ends with a NULL path */

/** The route of a path; NULL: none. */
const struct nfm_route *nfm_route_find(const char *path, enum nfm_method method);

/** Methods of a path, as the header Allow lists them; empty: there is no such path. */
const char *nfm_route_allow(const char *path);

/** Whether a role is at least another: a customer sees least. */
bool nfm_role_reaches(enum nfm_token_role role, enum nfm_token_role least);

struct nfm_request *nfm_request_new(enum nfm_method method, const struct nfm_route *route,
				    const char *path);
void nfm_request_free(struct nfm_request *request);

/** Adds an argument. -EINVAL with the text: the route has none of this name; -E2BIG; -ENOMEM. */
int nfm_request_argument(struct nfm_request *request, const char *name, const char *value,
			 struct nfm_error *error);

/** Value of the first argument of a name; NULL: none. */
const char *nfm_request_get(const struct nfm_request *request, const char *name);

/** Whether a header Accept-Encoding (NULL: there is none) wants gzip: RFC 9110, 12.5.3. */
bool nfm_request_takes_gzip(const char *accepted);

/** What makes two requests the same question to the same answer; malloc'd, NULL: out of memory. */
char *nfm_request_key(const struct nfm_request *request);

#endif
