// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes: asked of the agent, which looks at the token itself, so that a server that was taken
 * over can change nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/cleanup.h"
#include "base/json_depth.h"
#include "http/api.h"
#include "view/ask.h"

#define MEMBERS_MOST 64U
#define DEPTH_MOST 8U

static void free_gen(yajl_gen *gen)
{
	if (*gen)
		yajl_gen_free(*gen);
}

/* ---- JSON that we were given, written again: nothing of the client's text passes as it is ---- */

static void put_text(yajl_gen gen, const char *text)
{
	yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static void put_value(yajl_gen gen, yajl_val value)
{
	if (YAJL_IS_STRING(value)) {
		put_text(gen, YAJL_GET_STRING(value));
	} else if (YAJL_IS_NUMBER(value)) {
		yajl_gen_number(gen, YAJL_GET_NUMBER(value), strlen(YAJL_GET_NUMBER(value)));
	} else if (YAJL_IS_TRUE(value) || YAJL_IS_FALSE(value)) {
		yajl_gen_bool(gen, YAJL_IS_TRUE(value));
	} else if (YAJL_IS_ARRAY(value)) {
		yajl_gen_array_open(gen);
		for (size_t i = 0; i < YAJL_GET_ARRAY(value)->len; i++)
			put_value(gen, YAJL_GET_ARRAY(value)->values[i]);
		yajl_gen_array_close(gen);
	} else if (YAJL_IS_OBJECT(value)) {
		yajl_gen_map_open(gen);
		for (size_t i = 0; i < YAJL_GET_OBJECT(value)->len; i++) {
			put_text(gen, YAJL_GET_OBJECT(value)->keys[i]);
			put_value(gen, YAJL_GET_OBJECT(value)->values[i]);
		}
		yajl_gen_map_close(gen);
	} else {
		yajl_gen_null(gen);
	}
}

static int parse_body(const struct nfm_request *request, yajl_val *tree, struct nfm_error *error)
{
	char reason[128] = "";

	*tree = NULL;
	if (request->method == NFM_METHOD_DELETE)
		return 0;
	if (request->body && strlen(request->body) == request->body_size &&
	    !nfm_json_is_deeper(request->body, DEPTH_MOST))
		*tree = yajl_tree_parse(request->body, reason, sizeof(reason));
	if (!YAJL_IS_OBJECT(*tree) || YAJL_GET_OBJECT(*tree)->len > MEMBERS_MOST)
		return nfm_error_set(error, -EINVAL, "the body must be an object of JSON: "
				     "/api/v1/openapi.json shows which");
	return 0;
}

/*
 * What a body may have, so that a slip is not passed over; the client must not name the command, or
 * another's token. What stands in arrays the agent looks at.
 */
static const struct {
	const char *command, *key;
	yajl_type type; /* yajl_t_true: a boolean */
	const char *form;
} members[] = {
	{ "settings-set", "changes", yajl_t_array, "an array of {section, key, value}" },
	{ "exporter-set", "addresses", yajl_t_array, "an array of addresses" },
	{ "exporter-set", "sampling", yajl_t_string, "a string, as in the file" },
	{ "exporter-set", "nat", yajl_t_true, "true or false" },
	{ "exporter-set", "repair_wraps", yajl_t_true, "true or false" },
	{ "customers-set", "name", yajl_t_string, "a string" },
	{ "customers-set", "prefixes", yajl_t_array, "an array of prefixes" },
};

static int check_member(const char *command, const char *key, yajl_val value,
			struct nfm_error *error)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(members); i++) {
		if (strcmp(members[i].command, command) || strcmp(members[i].key, key))
			continue;
		if (members[i].type == value->type ||
		    (members[i].type == yajl_t_true && value->type == yajl_t_false))
			return 0;
		return nfm_error_set(error, -EINVAL, "\"%s\": %s", key, members[i].form);
	}
	return nfm_error_set(error, -EINVAL, "\"%.60s\" does not belong into the body: "
			     "/api/v1/openapi.json shows what does", key);
}

/* {"command":…,"token":…,"peer":…, NAME_KEY: the path's name, and what the body has} */
static int make_question(const struct nfm_request *request, const char *command,
			 const char *name_key, yajl_val body, yajl_gen gen,
			 struct nfm_error *error)
{
	yajl_gen_map_open(gen);
	put_text(gen, "command");
	put_text(gen, command);
	put_text(gen, "token");
	put_text(gen, request->token ?: "");
	put_text(gen, "peer");
	put_text(gen, request->who.peer);
	if (name_key) {
		put_text(gen, name_key);
		put_text(gen, request->rest);
	}
	for (size_t i = 0; body && i < YAJL_GET_OBJECT(body)->len; i++) {
		const char *key = YAJL_GET_OBJECT(body)->keys[i];
		yajl_val value = YAJL_GET_OBJECT(body)->values[i];
		int err = check_member(command, key, value, error);

		if (err)
			return err;
		put_text(gen, key);
		put_value(gen, value);
	}
	yajl_gen_map_close(gen);
	return 0;
}

/* The agent's answer, without its "ok". */
static int write_answer(struct nfm_reply *reply, yajl_val answer)
{
	_cleanup_(free_gen) yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t length;

	if (!gen)
		return -ENOMEM;
	yajl_gen_map_open(gen);
	for (size_t i = 0; i < YAJL_GET_OBJECT(answer)->len; i++) {
		if (!strcmp(YAJL_GET_OBJECT(answer)->keys[i], "ok"))
			continue;
		put_text(gen, YAJL_GET_OBJECT(answer)->keys[i]);
		put_value(gen, YAJL_GET_OBJECT(answer)->values[i]);
	}
	yajl_gen_map_close(gen);
	if (yajl_gen_get_buf(gen, &text, &length) != yajl_gen_status_ok)
		return -ENOMEM;
	fwrite(text, 1, length, reply->to);
	fputc('\n', reply->to);
	return 0;
}

static int change(struct nfm_http *http, const struct nfm_request *request,
		  struct nfm_reply *reply, const char *command, const char *name_key,
		  struct nfm_error *error)
{
	_cleanup_(nfm_ask_free) yajl_val body = NULL, answer = NULL;
	_cleanup_(free_gen) yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t length;
	int err;

	if (!gen)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	err = parse_body(request, &body, error);
	if (!err)
		err = make_question(request, command, name_key, body, gen, error);
	if (err)
		return err;
	if (yajl_gen_get_buf(gen, &text, &length) != yajl_gen_status_ok)
		return nfm_error_set(error, -EINVAL, "the body is no UTF-8");
	err = nfm_channel_change(&http->channel, (const char *)text, &answer, error);
	if (err)
		return err;
	nfm_jobs_forget(http->jobs);
	return write_answer(reply, answer);
}

NFM_API(settings)
{
	return change(http, request, reply, "settings-set", NULL, error);
}

NFM_API(exporter_put)
{
	return change(http, request, reply, "exporter-set", "name", error);
}

NFM_API(exporter_delete)
{
	return change(http, request, reply, "exporter-remove", "name", error);
}

NFM_API(customer_put)
{
	return change(http, request, reply, "customers-set", "id", error);
}

NFM_API(customer_delete)
{
	return change(http, request, reply, "customers-remove", "id", error);
}
