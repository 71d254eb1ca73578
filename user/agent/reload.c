// SPDX-License-Identifier: GPL-2.0-only
/* What of a new configuration a running agent takes over, and in what order. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/loop.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"

static void put_text(yajl_gen out, const char *text)
{
	yajl_gen_string(out, (const unsigned char *)text, strlen(text));
}

static void put_number(yajl_gen out, const char *key, uint64_t value)
{
	put_text(out, key);
	yajl_gen_integer(out, (long long)value);
}

void nfm_agent_put_pending(const struct nfm_agent *agent, yajl_gen out)
{
	put_text(out, "pending");
	yajl_gen_array_open(out);
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s.%s", nfm_config_keys[i].section,
			 nfm_config_keys[i].name);
		if (agent->pending[i])
			put_text(out, name);
	}
	yajl_gen_array_close(out);
}

struct nfm_config_place nfm_agent_place(const struct nfm_agent *agent)
{
	return (struct nfm_config_place){
		.path = agent->config_path,
		/* one may start without, on the defaults */
		.may_be_missing = !strcmp(agent->config_path, NFM_CONFIG_DEFAULT_FILE),
	};
}

/* ---- which keys ---- */

static bool differs(const struct nfm_config_key *key, const struct nfm_config *a,
		    const struct nfm_config *b)
{
	return memcmp((const char *)a + key->offset, (const char *)b + key->offset, key->size);
}

/* One change on its way; large. */
struct change {
	struct nfm_config old; /* its exporters are not ours to free */
	struct nfm_config running; /* what is to run */
	struct nfm_sockets next;
};

static void say_changes(const struct nfm_agent *agent, const struct nfm_config *old,
			const struct nfm_config *fresh, const struct nfm_config_sources *sources)
{
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];

		if (!key->size || !differs(key, old, fresh))
			continue;
		if (key->live && !key->secret)
			nfm_log(LOG_NOTICE, "%s.%s was \"%s\", is now \"%s\"", key->section,
				key->name, nfm_config_value(&agent->sources, i),
				nfm_config_value(sources, i));
		else if (!agent->pending[i])
			nfm_log(LOG_WARNING,
				"%s.%s has changed: it takes effect when the agent starts",
				key->section, key->name);
	}
}

/* What is to run: the new values of live keys, the old ones of all others. */
static void merge(const struct nfm_config *running, const struct nfm_config *fresh,
		  struct nfm_config *out)
{
	*out = *fresh; /* its exporters, too */
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];

		if (!key->live)
			memcpy((char *)out + key->offset, (const char *)running + key->offset,
			       key->size);
	}
}

static void note_pending(struct nfm_agent *agent, const struct nfm_config *fresh)
{
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];

		agent->pending[i] = key->size && !key->live && differs(key, agent->config, fresh);
	}
}

/* ---- taking over ---- */

static void set_exporters(struct nfm_config *config, const struct nfm_config *from)
{
	config->exporters = from->exporters;
	config->exporter_count = from->exporter_count;
	config->any_exporter = from->any_exporter;
}

/* Sockets come before the datapath's list: what it leaves to the stack finds one at any moment. */
static void replace_ports(struct nfm_agent *agent, struct nfm_sockets *next)
{
	struct nfm_sockets *sockets = &agent->sockets;

	nfm_meter_ports_apply(&agent->meter);
	if (!sockets->count)
		return; /* tee: the stack is another collector's */
	for (unsigned int i = 0; i < sockets->count; i++)
		epoll_ctl(agent->epoll_fd, EPOLL_CTL_DEL, sockets->fd[i], NULL);
	nfm_sockets_replace(sockets, next, &agent->meter);
	for (unsigned int i = 0; i < sockets->count; i++)
		if (nfm_agent_watch(agent, sockets->fd[i], NFM_EVENT_SOCKET, i) < 0)
			nfm_log(LOG_ERR, "port %u: epoll: %m", sockets->port[i]);
}

/*
 * The open interval ends at the next boundary of the old grid or the new one, the first of them: it
 * is never longer than its own slot, which would make it `merged`, and when intervals become
 * shorter they do so at once. The file says the slot that it was opened with; it, or the one behind
 * it, which begins within a slot of the new grid, is `partial`. Nothing else moves: the slots of
 * the bank that is written to stay what they were (slot_ms), those of the next one are set when it
 * is opened.
 */
static void change_interval(struct nfm_agent *agent)
{
	uint64_t boundary_ns = nfm_rotation_boundary_ns(nfm_clock_unix_ns(),
							agent->config->interval_s);

	agent->next_rotation_ns = NFM_MIN(agent->next_rotation_ns, boundary_ns);
	nfm_meter_interval_apply(&agent->meter);
}

/* From here on nothing can fail. */
static void commit(struct nfm_agent *agent, struct change *change)
{
	const struct nfm_config *old = &change->old;
	struct nfm_config *config = agent->config;

	*config = change->running;
	if (config->port_count != old->port_count ||
	    memcmp(config->ports, old->ports, sizeof(config->ports)) != 0)
		replace_ports(agent, &change->next);
	if (config->interval_s != old->interval_s)
		change_interval(agent);
	nfm_agent_http_renew(&agent->http, nfm_clock_monotonic_ns());
}

/* What can fail; all is as it was if it does. */
static int try_change(struct nfm_agent *agent, struct change *change, const char *settings,
		      struct nfm_error *error)
{
	struct nfm_error ignored;
	int r = 0;

	if (agent->sockets.count)
		r = nfm_sockets_prepare(&agent->sockets, &change->running, &change->next, error);
	if (r < 0)
		return r;
	set_exporters(agent->config, &change->running);
	r = nfm_meter_exporters_apply(&agent->meter, error);
	if (r == 0 && settings)
		r = nfm_settings_save(agent->config_path, settings, error);
	if (r == 0)
		return 0;
	set_exporters(agent->config, &change->old);
	nfm_meter_exporters_apply(&agent->meter, &ignored);
	nfm_sockets_abandon(&agent->sockets, &change->next);
	return r;
}

int nfm_agent_take_config(struct nfm_agent *agent, struct nfm_config *fresh,
			  struct nfm_config_sources *sources, const char *settings,
			  struct nfm_error *error)
{
	_cleanup_free_ struct change *change = calloc(1, sizeof(*change));
	struct nfm_config_sources old;
	int r;

	if (!change)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	change->old = *agent->config;
	merge(agent->config, fresh, &change->running);
	r = try_change(agent, change, settings, error);
	if (r < 0)
		return r;
	say_changes(agent, &change->old, fresh, sources);
	note_pending(agent, fresh);
	commit(agent, change);
	set_exporters(fresh, &change->old); /* theirs are ours now */
	nfm_log(LOG_INFO, "exporters: %u listed%s", agent->config->exporter_count,
		agent->config->any_exporter ? ", any is taken" : "");
	old = agent->sources;
	agent->sources = *sources;
	*sources = old;
	return 0;
}

/* ---- reload ---- */

static int reload_config(struct nfm_agent *agent, struct nfm_error *error)
{
	_cleanup_(nfm_config_sources_clear) struct nfm_config_sources sources = {};
	_cleanup_(nfm_config_clear) struct nfm_config fresh = {};
	const struct nfm_config_place place = nfm_agent_place(agent);
	int r = nfm_config_read_place(&place, &fresh, &sources, error);

	return r < 0 ? r : nfm_agent_take_config(agent, &fresh, &sources, NULL, error);
}

int nfm_agent_reload_customers(struct nfm_agent *agent, yajl_gen out, struct nfm_error *error)
{
	struct nfm_customers_change change = {};
	int r = nfm_meter_reload(&agent->meter, &change, error);

	if (r < 0) {
		nfm_log(LOG_ERR, "customers not reloaded, the old ones stay: %s", error->text);
		return r;
	}
	nfm_log(LOG_INFO, "customers: %u listed, %u new, %u removed, %u changed, %u without a row",
		change.listed, change.added, change.removed, change.changed, change.without_row);
	if (!out)
		return 0;
	put_number(out, "listed", change.listed);
	put_number(out, "added", change.added);
	put_number(out, "removed", change.removed);
	put_number(out, "changed", change.changed);
	put_number(out, "without_row", change.without_row);
	return 0;
}

void nfm_agent_reload(struct nfm_agent *agent)
{
	struct nfm_error error = {};

	if (nfm_rotation_busy(&agent->rotation)) {
		agent->reload_wanted = true;
		return;
	}
	if (reload_config(agent, &error) < 0)
		nfm_log(LOG_ERR, "configuration not reloaded, the old one stays: %s", error.text);
	nfm_agent_reload_customers(agent, NULL, &error);
}
