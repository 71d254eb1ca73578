// SPDX-License-Identifier: GPL-2.0-only
#include "view/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "base/units.h"

static bool write_string(yajl_gen json, const char *text)
{
	return yajl_gen_string(json, (const unsigned char *)text, strlen(text)) ==
	       yajl_gen_status_ok;
}

static bool write_setting(yajl_gen json, const struct nfm_ask_setting *setting)
{
	bool ok = write_string(json, "changes");

	yajl_gen_array_open(json);
	yajl_gen_map_open(json);
	ok = write_string(json, "section") && write_string(json, setting->section) && ok;
	ok = write_string(json, "key") && write_string(json, setting->key) && ok;
	ok = write_string(json, "value") && ok;
	if (setting->value)
		ok = write_string(json, setting->value) && ok;
	else
		yajl_gen_null(json);
	yajl_gen_map_close(json);
	yajl_gen_array_close(json);
	return ok;
}

/* The request as a line, malloc'd; NULL: out of memory, or no UTF-8. */
static char *make_request(const struct nfm_ask *ask)
{
	yajl_gen json = yajl_gen_alloc(NULL);
	const unsigned char *text;
	char *request = NULL;
	bool ok = true;
	size_t len, i;

	if (!json)
		return NULL;
	yajl_gen_config(json, yajl_gen_validate_utf8, 1);
	yajl_gen_map_open(json);
	write_string(json, "command");
	write_string(json, ask->command);
	if (ask->id) {
		write_string(json, "id");
		ok = write_string(json, ask->id);
	}
	if (ask->prefixes) {
		write_string(json, "prefixes");
		yajl_gen_array_open(json);
		for (i = 0; i < ask->prefix_count; i++)
			ok = write_string(json, ask->prefixes[i]) && ok;
		yajl_gen_array_close(json);
	}
	if (ask->setting)
		ok = write_setting(json, ask->setting) && ok;
	if (ok && yajl_gen_map_close(json) == yajl_gen_status_ok &&
	    yajl_gen_get_buf(json, &text, &len) == yajl_gen_status_ok)
		request = strndup((const char *)text, len);
	yajl_gen_free(json);
	return request;
}

int nfm_ask(const char *runtime, const struct nfm_ask *ask, yajl_val *answer,
	    struct nfm_error *error)
{
	_cleanup_free_ char *request = make_request(ask);
	_cleanup_free_ char *text = NULL;
	_cleanup_(nfm_ask_free) yajl_val tree = NULL;
	int err;

	if (!request)
		return nfm_error_set(error, -EINVAL, "the arguments are no UTF-8 text");
	err = nfm_control_call(runtime, request, &text, error);
	if (err)
		return err;
	tree = yajl_tree_parse(text, NULL, 0);
	if (!YAJL_IS_OBJECT(tree))
		return nfm_error_set(error, -EPROTO, "the agent's answer is not understood: is it "
						     "of this version? restart it");
	if (!nfm_ask_bool(tree, "ok"))
		return nfm_error_set(error, -EREMOTEIO, "%s",
				     nfm_ask_string(tree, "error",
						    "the agent refused, and said not why"));
	*answer = NFM_STEAL_PTR(tree);
	return 0;
}

yajl_val nfm_ask_member(yajl_val object, const char *key, yajl_type type)
{
	const char *path[] = { key, NULL };

	return object ? yajl_tree_get(object, path, type) : NULL;
}

uint64_t nfm_ask_u64(yajl_val object, const char *key, uint64_t fallback)
{
	yajl_val value = nfm_ask_member(object, key, yajl_t_number);
	uint64_t number;

	if (!value || nfm_units_parse_u64(YAJL_GET_NUMBER(value), 0, UINT64_MAX, &number))
		return fallback;
	return number;
}

bool nfm_ask_bool(yajl_val object, const char *key)
{
	return nfm_ask_member(object, key, yajl_t_true) != NULL;
}

const char *nfm_ask_string(yajl_val object, const char *key, const char *fallback)
{
	yajl_val value = nfm_ask_member(object, key, yajl_t_string);

	return value ? YAJL_GET_STRING(value) : fallback;
}

void nfm_ask_free(yajl_val *answer)
{
	if (*answer)
		yajl_tree_free(*answer);
}
