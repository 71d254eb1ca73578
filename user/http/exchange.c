// SPDX-License-Identifier: GPL-2.0-only
#include "http/exchange.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/events.h"
#include "http/files.h"
#include "view/metrics.h"

#define BLOCK (32U << 10)
#define JSON "application/json"

enum stage {
	STAGE_BODY,    /* the request's body comes */
	STAGE_WAITING, /* suspended, until the answer is made */
	STAGE_ANSWERED,
};

struct exchange {
	struct nfm_waiter waiter; /* first: the waiter is the exchange */
	struct nfm_http *http;
	struct MHD_Connection *connection;
	enum stage stage;
	const struct nfm_web_file *file; /* asked for; NULL: an answer is */
	struct nfm_request *request;	 /* until it is asked for */
	int err;		     /* of the request, found before its body came */
	unsigned int status;	     /* and what that is in HTTP */
	const char *allow;	     /* methods that the path has; of status 405 */
	struct nfm_error error;
};

/* ---- answers ---- */

/* What the page may do: load its own scripts and styles, talk to us, and nothing else. */
static const char *const headers[][2] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
	  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=()" },
};

static void add_headers(struct MHD_Response *response)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(headers); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

/* Hands a response over and lets it go; NULL: the connection is closed. */
static enum MHD_Result queue(struct exchange *exchange, unsigned int status,
			     struct MHD_Response *response)
{
	enum MHD_Result result;

	exchange->stage = STAGE_ANSWERED;
	if (!response)
		return MHD_NO;
	add_headers(response);
	atomic_fetch_add(&exchange->http->counts.answers[NFM_MIN(status / 100, 5U)], 1);
	result = MHD_queue_response(exchange->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* A list of quoted hashes, weak ones too ("W/"), or "*". */
static bool has_already(struct MHD_Connection *connection, const char *etag)
{
	const char *known = header(connection, "If-None-Match");

	return known && (strstr(known, etag) || !strcmp(known, "*"));
}

static ssize_t read_answer(void *cookie, uint64_t position, char *to, size_t most)
{
	const struct nfm_answer *answer = cookie;
	ssize_t n = nfm_body_read(&answer->body, position, to, most);

	if (n > 0)
		return n;
	return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_answer(void *cookie)
{
	nfm_answer_unref(cookie);
}

/* Who has the text already (304) is not told again what it is, only that it is the same. */
static void describe(struct MHD_Response *response, const struct nfm_answer *answer, bool same)
{
	char text[160];

	MHD_add_response_header(response, "Vary", "Accept-Encoding, Authorization");
	if (answer->status == 200)
		MHD_add_response_header(response, "ETag", answer->body.etag);
	if (answer->age_s)
		snprintf(text, sizeof(text), "private, max-age=%u", answer->age_s);
	else
		snprintf(text, sizeof(text), "no-store");
	MHD_add_response_header(response, "Cache-Control", text);
	if (same)
		return;
	MHD_add_response_header(response, "Content-Type", answer->type);
	if (answer->body.gzip)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (!answer->file_name[0])
		return;
	snprintf(text, sizeof(text), "attachment; filename=\"%s\"", answer->file_name);
	MHD_add_response_header(response, "Content-Disposition", text);
}

/* With 304, too, the length is that of the answer (RFC 9110, 8.6); its body is left out for us. */
static enum MHD_Result queue_answer(struct exchange *exchange, struct nfm_answer *answer)
{
	bool same = answer->status == 200 && has_already(exchange->connection, answer->body.etag);
	struct MHD_Response *response = MHD_create_response_from_callback(
		answer->body.size, BLOCK, read_answer, nfm_answer_ref(answer), free_answer);

	if (response)
		describe(response, answer, same);
	else
		nfm_answer_unref(answer);
	if (response && !same)
		atomic_fetch_add(&exchange->http->counts.sent_bytes, answer->body.size);
	if (response && answer->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"nfmeter\"");
	if (response && answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", exchange->allow);
	if (response && (answer->status == MHD_HTTP_TOO_MANY_REQUESTS ||
			 answer->status == MHD_HTTP_SERVICE_UNAVAILABLE))
		MHD_add_response_header(response, "Retry-After",
					answer->status == MHD_HTTP_SERVICE_UNAVAILABLE ? "2"
										       : "60");
	return queue(exchange, same ? MHD_HTTP_NOT_MODIFIED : answer->status, response);
}

static enum MHD_Result queue_error(struct exchange *exchange, unsigned int status,
				   const char *text)
{
	struct nfm_answer *answer = nfm_answer_error(status, text);
	enum MHD_Result result = answer ? queue_answer(exchange, answer) : MHD_NO;

	exchange->stage = STAGE_ANSWERED;
	nfm_answer_unref(answer);
	return result;
}

static unsigned int status_of(int err)
{
	switch (err) {
	case 0:
		return MHD_HTTP_OK;
	case -EINVAL:
	case -EREMOTEIO: /* the agent says what is wrong with it */
		return MHD_HTTP_BAD_REQUEST;
	case -EACCES:
		return MHD_HTTP_UNAUTHORIZED;
	case -EPERM:
		return MHD_HTTP_FORBIDDEN;
	case -ENOENT:
		return MHD_HTTP_NOT_FOUND;
	case -E2BIG:
		return MHD_HTTP_CONTENT_TOO_LARGE;
	case -EDQUOT:
		return MHD_HTTP_TOO_MANY_REQUESTS;
	case -EAGAIN:
	case -ENOMEM:
	case -ENOSPC:
	case -ECANCELED:
	case -ETIMEDOUT:
	case -ECONNREFUSED:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* ---- by a worker ---- */

static struct nfm_answer *answer_of(struct nfm_body *body, const struct nfm_request *request,
				    const struct nfm_reply *reply)
{
	struct nfm_answer *answer = nfm_answer_new(MHD_HTTP_OK, reply->type, body);

	if (!answer) {
		nfm_body_clear(body);
		return NULL;
	}
	answer->age_s = request->route->age_s;
	if (reply->name)
		snprintf(answer->file_name, sizeof(answer->file_name), "%s", reply->name);
	return answer;
}

struct nfm_answer *nfm_exchange_answer(void *cookie, const struct nfm_request *request)
{
	struct nfm_http *http = cookie;
	struct nfm_reply reply = { .type = JSON };
	struct nfm_error error = { .text = "" };
	struct nfm_body body = { .fd = -1 };
	struct nfm_body_writer *writer;
	int err = nfm_body_open(request->gzip, &writer, &reply.to);

	if (err)
		return NULL;
	err = request->route->write(http, request, &reply, &error);
	if (err) {
		nfm_body_abort(writer);
		return nfm_answer_error(status_of(err), error.text);
	}
	err = nfm_body_finish(writer, &body);
	if (err)
		return nfm_answer_error(status_of(err),
					"the answer is too long for the room that is "
					"left for answers: ask for a part of it (limit, offset)");
	return answer_of(&body, request, &reply);
}

static void wake(struct nfm_waiter *waiter)
{
	struct exchange *exchange = (struct exchange *)waiter;

	MHD_resume_connection(exchange->connection);
}

/* ---- files ---- */

static enum MHD_Result queue_file(struct exchange *exchange)
{
	const struct nfm_web_file *file = exchange->file;
	bool gzip = nfm_request_takes_gzip(header(exchange->connection, "Accept-Encoding"));
	bool same = has_already(exchange->connection, file->etag);
	const uint8_t *begin = gzip ? file->gzip : file->plain;
	const uint8_t *end = gzip ? file->gzip_end : file->plain_end;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		(size_t)(end - begin), (void *)begin, MHD_RESPMEM_PERSISTENT);

	if (response) {
		if (!same)
			MHD_add_response_header(response, "Content-Type", file->type);
		MHD_add_response_header(response, "Cache-Control", "no-cache");
		MHD_add_response_header(response, "Vary", "Accept-Encoding");
		MHD_add_response_header(response, "ETag", file->etag);
		if (gzip && !same)
			MHD_add_response_header(response, "Content-Encoding", "gzip");
	}
	return queue(exchange, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}

/* ---- the request ---- */

static int method_of(const char *text, enum nfm_method *method)
{
	static const struct {
		const char *text;
		enum nfm_method method;
	} methods[] = {
		{ MHD_HTTP_METHOD_GET, NFM_METHOD_GET },
		{ MHD_HTTP_METHOD_HEAD, NFM_METHOD_GET },
		{ MHD_HTTP_METHOD_PUT, NFM_METHOD_PUT },
		{ MHD_HTTP_METHOD_DELETE, NFM_METHOD_DELETE },
	};

	for (size_t i = 0; i < NFM_ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].text, text) != 0)
			continue;
		*method = methods[i].method;
		return 0;
	}
	return -EOPNOTSUPP;
}

static enum MHD_Result take_argument(void *cookie, enum MHD_ValueKind kind, const char *name,
				     const char *value)
{
	struct exchange *exchange = cookie;

	(void)kind;
	exchange->err = nfm_request_argument(exchange->request, name, value ?: "",
					     &exchange->error);
	return exchange->err ? MHD_NO : MHD_YES;
}

static int refuse(struct exchange *exchange, unsigned int status, int err)
{
	exchange->status = status;
	exchange->err = err;
	return err;
}

/* By which of many names ever proxies tell that they are one. */
static bool is_forwarded(struct MHD_Connection *connection)
{
	static const char *const names[] = {
		"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
		"X-Real-IP",
	};

	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++)
		if (header(connection, names[i]))
			return true;
	return false;
}

static int check_access(struct exchange *exchange)
{
	struct MHD_Connection *connection = exchange->connection;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct nfm_access_claim claim = {
		.peer = info ? info->client_addr : NULL,
		.authorization = header(connection, "Authorization"),
		.host = header(connection, "Host"),
		.forwarded = is_forwarded(connection),
		.now_s = nfm_clock_monotonic_ns() / NFM_NS_PER_S,
	};
	struct nfm_request *request = exchange->request;
	int err = nfm_access_check(&exchange->http->access, &claim, &request->who, &request->token,
				   &exchange->error);

	if (!err && !nfm_role_reaches(request->who.role, request->route->least))
		err = nfm_error_set(&exchange->error, -EPERM,
				    "this token may not do that: %s needs "
				    "one of role %s",
				    request->route->path,
				    nfm_token_role_name(request->route->least));
	return err ? refuse(exchange, status_of(err), err) : 0;
}

static int refuse_path(struct exchange *exchange, const char *url)
{
	exchange->allow = nfm_web_file_find(url) ? "GET, HEAD" : nfm_route_allow(url);
	if (!*exchange->allow) {
		nfm_error_set(&exchange->error, 0, "there is no such thing: "
			      "/api/v1/openapi.json lists what there is");
		return refuse(exchange, MHD_HTTP_NOT_FOUND, -ENOENT);
	}
	nfm_error_set(&exchange->error, 0, "another method is needed here: %s", exchange->allow);
	return refuse(exchange, MHD_HTTP_METHOD_NOT_ALLOWED, -EOPNOTSUPP);
}

/* What is wrong is said once the body has come: libmicrohttpd wants it so. */
static int take_request(struct exchange *exchange, const char *url, const char *method)
{
	struct MHD_Connection *connection = exchange->connection;
	const struct nfm_route *route;
	enum nfm_method wanted;

	route = method_of(method, &wanted) ? NULL : nfm_route_find(url, wanted);
	if (!route)
		return refuse_path(exchange, url);
	exchange->request = nfm_request_new(wanted, route, url);
	if (!exchange->request)
		return refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, -ENOMEM);
	exchange->request->gzip = nfm_request_takes_gzip(header(connection, "Accept-Encoding"));
	exchange->request->plain = nfm_metrics_accepted(header(connection, "Accept")) ==
				   NFM_METRICS_PROMETHEUS;
	if (check_access(exchange))
		return exchange->err;
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument, exchange);
	if (exchange->err)
		exchange->status = status_of(exchange->err);
	return exchange->err;
}

static enum MHD_Result begin(struct nfm_http *http, struct MHD_Connection *connection,
			     const char *url, const char *method, void **state)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return MHD_NO;
	exchange->http = http;
	exchange->connection = connection;
	exchange->waiter.wake = wake;
	atomic_fetch_add(&http->counts.in_flight, 1);
	*state = exchange;
	if (!strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD))
		exchange->file = nfm_web_file_find(url);
	if (!exchange->file)
		take_request(exchange, url, method);
	return MHD_YES; /* an answer at this point would end the connection behind it */
}

/* A body that is not wanted, or too long, is taken and thrown away. */
static enum MHD_Result take_body(struct exchange *exchange, const char *bytes, size_t *size)
{
	struct nfm_request *request = exchange->request;
	char *more;

	if (!request) { /* the request was refused, or asks for a file */
		*size = 0;
		return MHD_YES;
	}
	if (!exchange->err && request->body_size + *size > NFM_REQUEST_BODY) {
		nfm_error_set(&exchange->error, 0, "more than %u bytes", NFM_REQUEST_BODY);
		refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE, -E2BIG);
	}
	if (!exchange->err) {
		more = realloc(request->body, request->body_size + *size + 1);
		if (!more)
			return MHD_NO;
		memcpy(more + request->body_size, bytes, *size);
		request->body = more;
		request->body_size += *size;
		request->body[request->body_size] = '\0';
	}
	*size = 0;
	return MHD_YES;
}

/* Suspended before it is asked for: the answer may be there at once. */
static enum MHD_Result ask(struct exchange *exchange)
{
	int err;

	if (!exchange->request->route->write)
		return queue(exchange, MHD_HTTP_OK,
			     nfm_events_response(exchange->http->events, exchange->connection));
	exchange->stage = STAGE_WAITING;
	MHD_suspend_connection(exchange->connection);
	err = nfm_jobs_ask(exchange->http->jobs, NFM_STEAL_PTR(exchange->request),
			   &exchange->waiter);
	if (err) {
		exchange->waiter.answer = nfm_answer_error(
			status_of(err), "too many questions at once: ask again in a moment");
		MHD_resume_connection(exchange->connection);
	}
	return MHD_YES;
}

enum MHD_Result nfm_exchange_handle(void *cookie, struct MHD_Connection *connection,
				    const char *url, const char *method, const char *version,
				    const char *upload, size_t *upload_size, void **state)
{
	struct exchange *exchange = *state;

	(void)version;
	if (!exchange)
		return begin(cookie, connection, url, method, state);
	if (exchange->file && exchange->stage == STAGE_BODY && !*upload_size)
		return queue_file(exchange);
	if (exchange->stage == STAGE_BODY && *upload_size)
		return take_body(exchange, upload, upload_size);
	if (exchange->stage == STAGE_BODY && exchange->err)
		return queue_error(exchange, exchange->status, exchange->error.text);
	if (exchange->stage == STAGE_BODY)
		return ask(exchange);
	if (exchange->stage == STAGE_WAITING)
		return exchange->waiter.answer ?
			       queue_answer(exchange, exchange->waiter.answer) :
			       queue_error(exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
					   "the server ends, or is out of memory: ask again");
	return MHD_YES;
}

void nfm_exchange_completed(void *cookie, struct MHD_Connection *connection, void **state,
			    enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	(void)cookie;
	(void)connection;
	(void)code;
	*state = NULL;
	if (!exchange)
		return;
	atomic_fetch_sub(&exchange->http->counts.in_flight, 1);
	nfm_request_free(exchange->request);
	nfm_answer_unref(exchange->waiter.answer);
	free(exchange);
}
