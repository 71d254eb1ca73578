// SPDX-License-Identifier: GPL-2.0-only
#include "agent/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"
#include "config/tokens.h"
#include "customers/customers.h"

#define CHANGES_MAX 64U
#define DENIED_LOG_S 60

/* ---- who asks ---- */

struct asker {
	char name[NFM_TOKEN_NAME_SIZE];
	char peer[64];
};

static const char *get_string(yajl_val body, const char *key)
{
	const char *path[] = { key, NULL };

	return YAJL_GET_STRING(yajl_tree_get(body, path, yajl_t_string));
}

/* As a word for the log, whatever a child has put there. */
static void copy_word(char *to, size_t size, const char *from)
{
	size_t used = 0;

	for (; from && *from && used + 1 < size; from++)
		to[used++] = isgraph((unsigned char)*from) ? *from : '?';
	to[used] = '\0';
}

/* `more`: for the log alone. */
static int deny(const struct asker *asker, const char *why, const char *more,
		struct nfm_error *error)
{
	static struct nfm_log_limit limit = NFM_LOG_LIMIT(DENIED_LOG_S, 5);

	nfm_log_limited(&limit, nfm_clock_monotonic_ns(), LOG_WARNING,
			"settings: refused to %s: %s%s%s", asker->peer, why, *more ? ": " : "",
			more);
	return nfm_error_set(error, -EACCES, "%s", why);
}

/* Verified here and not by the child: it may have been taken over. The file is read each time. */
static int identify(const struct nfm_agent *agent, const struct nfm_control_request *request,
		    struct asker *asker, struct nfm_error *error)
{
	_cleanup_(nfm_tokens_clear) struct nfm_tokens tokens = {};
	const char *text = get_string(request->body, "token");
	const struct nfm_token *token;
	struct nfm_error why;
	int r;

	*asker = (struct asker){ .name = "root", .peer = NFM_CONTROL_SOCKET };
	if (request->local)
		return 0;
	copy_word(asker->peer, sizeof(asker->peer), get_string(request->body, "peer"));
	r = nfm_tokens_read(agent->config->http_tokens, &tokens, &why);
	if (r < 0)
		return deny(asker, "the tokens cannot be read, the agent's log says why",
			    why.text, error);
	token = text ? nfm_tokens_find(&tokens, text) : NULL;
	if (!token || token->role != NFM_TOKEN_ADMIN)
		return deny(asker,
			    token ? "the token is not an administrator's" :
				    "no valid token: `nfmeter token add admin NAME` makes one",
			    "", error);
	strcpy(asker->name, token->name);
	return 0;
}

/* ---- settings ---- */

struct setting {
	const char *section, *key;
	const char *value; /* NULL: back to what the files have */
	int index;	   /* of the key */
};

static int take_setting(const struct nfm_control_request *request, yajl_val from,
			struct setting *out, struct nfm_error *error)
{
	const char *path[] = { "value", NULL };
	yajl_val value = yajl_tree_get(from, path, yajl_t_any);

	*out = (struct setting){ get_string(from, "section"), get_string(from, "key"),
				 YAJL_GET_STRING(value), -ENOENT };
	if (!out->section || !out->key || (!out->value && !YAJL_IS_NULL(value)))
		return nfm_error_set(error, -EINVAL,
				     "a change needs \"section\", \"key\" and \"value\", texts");
	out->index = nfm_config_find_key(out->section, out->key);
	if (out->index >= 0 && !request->local && !nfm_config_keys[out->index].page)
		return nfm_error_set(error, -EINVAL,
				     "%s.%s: not to be set from here: `nfmeter config set` on the "
				     "collector does", out->section, out->key);
	return 0;
}

/* All changes of a request, into `settings`. Returns how many. */
static int take_settings(const struct nfm_control_request *request, struct nfm_settings *settings,
			 struct setting *list, struct nfm_error *error)
{
	const char *path[] = { "changes", NULL };
	yajl_val changes = yajl_tree_get(request->body, path, yajl_t_array);

	if (!changes || !changes->u.array.len || changes->u.array.len > CHANGES_MAX)
		return nfm_error_set(error, -EINVAL, "\"changes\": a list of 1 to %u changes",
				     CHANGES_MAX);
	for (size_t i = 0; i < changes->u.array.len; i++) {
		struct setting *s = &list[i];
		int r = take_setting(request, changes->u.array.values[i], s, error);

		if (r == 0)
			r = nfm_settings_set(settings, s->section, s->key, s->value, error);
		if (r < 0)
			return r;
	}
	return (int)changes->u.array.len;
}

/* Tries, saves and takes over. */
static int apply(struct nfm_agent *agent, const struct nfm_settings *settings,
		 struct nfm_error *error)
{
	_cleanup_(nfm_config_sources_clear) struct nfm_config_sources sources = {};
	_cleanup_(nfm_config_clear) struct nfm_config fresh = {};
	const struct nfm_config_place place = nfm_agent_place(agent);
	_cleanup_free_ char *text = NULL;
	int r = nfm_settings_try(settings, &place, &text, &fresh, &sources, error);

	return r < 0 ? r : nfm_agent_take_config(agent, &fresh, &sources, text, error);
}

static void put_text(yajl_gen out, const char *text)
{
	yajl_gen_string(out, (const unsigned char *)text, strlen(text));
}

static void put_names(yajl_gen out, const char *key, const struct nfm_agent *agent, bool pending,
		      const struct setting *list, int count)
{
	put_text(out, key);
	yajl_gen_array_open(out);
	for (int i = 0; i < count; i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s.%s", list[i].section, list[i].key);
		if (agent->pending[list[i].index] == pending)
			put_text(out, name);
	}
	yajl_gen_array_close(out);
}

static int set_settings(struct nfm_agent *agent, const struct nfm_control_request *request,
			const struct asker *asker, yajl_gen out, struct nfm_error *error)
{
	_cleanup_(nfm_settings_clear) struct nfm_settings settings = {};
	struct setting list[CHANGES_MAX];
	char *old[CHANGES_MAX] = {};
	int r = nfm_settings_load(agent->config_path, &settings, error);
	int count = r < 0 ? r : take_settings(request, &settings, list, error);

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++)
		old[i] = strdup(nfm_config_value(&agent->sources, (size_t)list[i].index));
	r = apply(agent, &settings, error);
	for (int i = 0; i < count; i++) {
		const char *value = nfm_config_value(&agent->sources, (size_t)list[i].index);
		bool secret = nfm_config_keys[list[i].index].secret;

		if (r == 0)
			nfm_log(LOG_NOTICE, "settings: %s (%s) set %s.%s from \"%s\" to \"%s\"",
				asker->name, asker->peer, list[i].section, list[i].key,
				secret ? "***" : old[i] ?: "?", secret ? "***" : value);
		free(old[i]);
	}
	if (r < 0)
		return r;
	put_names(out, "applied", agent, false, list, count);
	put_names(out, "pending", agent, true, list, count);
	return 0;
}

/* Whoever is refused is told so at once; whoever is not waits for the rotation. */
static int begin(const struct nfm_agent *agent, const struct nfm_control_request *request,
		 struct asker *asker, struct nfm_error *error)
{
	int r = identify(agent, request, asker, error);

	return r < 0 ? r : nfm_rotation_busy((struct nfm_rotation *)&agent->rotation) ? -EAGAIN : 0;
}

int nfm_agent_settings_set(struct nfm_agent *agent, const struct nfm_control_request *request,
			   yajl_gen out, struct nfm_error *error)
{
	struct asker asker;
	int r = begin(agent, request, &asker, error);

	return r < 0 ? r : set_settings(agent, request, &asker, out, error);
}

/* ---- exporters ---- */

/* A list of texts as one, with blanks between them; NULL: no such list, or out of memory. */
static char *join(yajl_val list)
{
	char *text = NULL;
	size_t len;
	FILE *to = YAJL_IS_ARRAY(list) ? open_memstream(&text, &len) : NULL;
	bool good = to != NULL;

	for (size_t i = 0; good && i < list->u.array.len; i++) {
		const char *word = YAJL_GET_STRING(list->u.array.values[i]);

		good = word && *word && !strpbrk(word, " \t\r\n#");
		if (good)
			fprintf(to, "%s%s", i ? " " : "", word);
	}
	if (to && fclose(to))
		good = false;
	if (good)
		return text;
	free(text);
	return NULL;
}

static int get_flag(yajl_val body, const char *key, bool fallback, bool *out,
		    struct nfm_error *error)
{
	const char *path[] = { key, NULL };
	yajl_val value = yajl_tree_get(body, path, yajl_t_any);

	if (value && !YAJL_IS_TRUE(value) && !YAJL_IS_FALSE(value) && !YAJL_IS_NULL(value))
		return nfm_error_set(error, -EINVAL, "\"%s\" is neither true nor false", key);
	*out = !value || YAJL_IS_NULL(value) ? fallback : YAJL_IS_TRUE(value);
	return 0;
}

static int take_exporter(const struct nfm_control_request *request, struct nfm_settings *settings,
			 struct nfm_error *error)
{
	const char *path[] = { "addresses", NULL };
	_cleanup_free_ char *addresses =
		join(yajl_tree_get(request->body, path, yajl_t_array));
	struct nfm_settings_exporter exporter = {
		.name = get_string(request->body, "name"),
		.addresses = addresses,
		.sampling = get_string(request->body, "sampling"),
	};
	bool nat = true;
	int r;

	if (!exporter.name || !addresses)
		return nfm_error_set(error, -EINVAL,
				     "an exporter needs a \"name\", and \"addresses\": a list of "
				     "texts");
	r = get_flag(request->body, "nat", true, &nat, error);
	if (r == 0)
		r = get_flag(request->body, "repair_wraps", false, &exporter.repair_wraps, error);
	exporter.no_nat = !nat;
	return r < 0 ? r : nfm_settings_set_exporter(settings, &exporter, error);
}

static int change_exporter(struct nfm_agent *agent, const struct nfm_control_request *request,
			   bool set, struct nfm_error *error)
{
	_cleanup_(nfm_settings_clear) struct nfm_settings settings = {};
	const char *name = get_string(request->body, "name");
	struct asker asker;
	int r = begin(agent, request, &asker, error);

	if (r == 0 && !name)
		r = nfm_error_set(error, -EINVAL, "an exporter needs a \"name\"");
	if (r == 0)
		r = nfm_settings_load(agent->config_path, &settings, error);
	if (r == 0)
		r = set ? take_exporter(request, &settings, error) :
			  nfm_settings_remove_exporter(&settings, name, error);
	if (r == 0)
		r = apply(agent, &settings, error);
	if (r == 0)
		nfm_log(LOG_NOTICE, "settings: %s (%s) %s [exporter %s]%s%s", asker.name,
			asker.peer, set ? "set" : "removed", name, set ? ": address = " : "",
			set ? settings.exporters[settings.exporter_count - 1].addresses : "");
	return r;
}

int nfm_agent_exporter_set(struct nfm_agent *agent, const struct nfm_control_request *request,
			   yajl_gen out, struct nfm_error *error)
{
	(void)out;
	return change_exporter(agent, request, true, error);
}

int nfm_agent_exporter_remove(struct nfm_agent *agent, const struct nfm_control_request *request,
			      yajl_gen out, struct nfm_error *error)
{
	(void)out;
	return change_exporter(agent, request, false, error);
}

/* ---- customers ---- */

int nfm_agent_customers_set(struct nfm_agent *agent, const struct nfm_control_request *request,
			    yajl_gen out, struct nfm_error *error)
{
	const char *path = agent->config->customers_file;
	struct asker asker;
	int r = begin(agent, request, &asker, error);

	if (r < 0)
		return r;
	if (!request->id || !request->prefix_count)
		return nfm_error_set(error, -EINVAL,
				     "customers set: an id and prefixes are needed");
	r = nfm_registry_file_set_named(path, request->id, get_string(request->body, "name"),
					request->prefixes, request->prefix_count, error);
	if (r < 0)
		return r;
	nfm_log(LOG_NOTICE, "settings: %s (%s) set customer %s: %zu prefixes, the first %s",
		asker.name, asker.peer, request->id, request->prefix_count, request->prefixes[0]);
	return nfm_agent_reload_customers(agent, out, error);
}

int nfm_agent_customers_remove(struct nfm_agent *agent, const struct nfm_control_request *request,
			       yajl_gen out, struct nfm_error *error)
{
	const char *path = agent->config->customers_file;
	struct asker asker;
	int r = begin(agent, request, &asker, error);

	if (r < 0)
		return r;
	if (!request->id)
		return nfm_error_set(error, -EINVAL, "customers remove: an id is needed");
	r = nfm_registry_file_remove(path, request->id, error);
	if (r < 0)
		return r;
	nfm_log(LOG_NOTICE, "settings: %s (%s) removed customer %s", asker.name, asker.peer,
		request->id);
	return nfm_agent_reload_customers(agent, out, error);
}
