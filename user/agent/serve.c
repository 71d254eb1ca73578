// SPDX-License-Identifier: GPL-2.0-only
/* What the agent answers on its control socket, and the reload. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "agent/loop.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/units.h"

static void put_key(yajl_gen out, const char *key)
{
	yajl_gen_string(out, (const unsigned char *)key, strlen(key));
}

static void put_string(yajl_gen out, const char *key, const char *value)
{
	put_key(out, key);
	put_key(out, value);
}

static void put_number(yajl_gen out, const char *key, uint64_t value)
{
	put_key(out, key);
	yajl_gen_integer(out, (long long)value);
}

static int serve_status(struct nfm_agent *agent, const struct nfm_control_request *request,
			yajl_gen out, struct nfm_error *error)
{
	char text[64];

	(void)request;
	(void)error;
	put_number(out, "pid", (uint64_t)getpid());
	put_key(out, "xdp");
	yajl_gen_bool(out, agent->meter.table.in_maps);
	put_key(out, "interfaces");
	yajl_gen_array_open(out);
	for (unsigned int i = 0; i < agent->config->interface_count; i++) {
		yajl_gen_map_open(out);
		put_string(out, "name", agent->nics[i].name);
		put_string(out, "mode", agent->nics[i].mode);
		put_number(out, "program_id", agent->nics[i].program_id);
		yajl_gen_map_close(out);
	}
	yajl_gen_array_close(out);
	put_key(out, "hook");
	yajl_gen_map_open(out);
	put_number(out, "backlog", nfm_hook_backlog(&agent->hook));
	put_number(out, "failures", agent->meter.table.ctl->hook_failures);
	yajl_gen_map_close(out);
	put_number(out, "waiting_bytes",
		   agent->meter.ring.consumer_pos ? nfm_ring_backlog(&agent->meter.ring) : 0);
	if (agent->snapshot_error[0])
		put_string(out, "snapshot_error", agent->snapshot_error);
	if (agent->nfdump_error[0])
		put_string(out, "nfdump_error", agent->nfdump_error);
	nfm_telemetry_put(agent, out);
	put_string(out, "next_rotation",
		   nfm_units_format_time(agent->next_rotation_ns, text, sizeof(text)));
	return 0;
}

static int reload(struct nfm_agent *agent, yajl_gen out, struct nfm_error *error)
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

static int serve_reload(struct nfm_agent *agent, const struct nfm_control_request *request,
			yajl_gen out, struct nfm_error *error)
{
	(void)request;
	return nfm_rotation_busy(&agent->rotation) ? -EAGAIN : reload(agent, out, error);
}

static int serve_set(struct nfm_agent *agent, const struct nfm_control_request *request,
		     yajl_gen out, struct nfm_error *error)
{
	int r;

	if (nfm_rotation_busy(&agent->rotation))
		return -EAGAIN;
	if (!request->id || !request->prefix_count)
		return nfm_error_set(error, -EINVAL,
				     "customers set: an id and prefixes are needed");
	r = nfm_registry_file_set(agent->config->customers_file, request->id, request->prefixes,
				  request->prefix_count, error);
	return r < 0 ? r : reload(agent, out, error);
}

static int serve_remove(struct nfm_agent *agent, const struct nfm_control_request *request,
			yajl_gen out, struct nfm_error *error)
{
	int r;

	if (nfm_rotation_busy(&agent->rotation))
		return -EAGAIN;
	if (!request->id)
		return nfm_error_set(error, -EINVAL, "customers remove: an id is needed");
	r = nfm_registry_file_remove(agent->config->customers_file, request->id, error);
	return r < 0 ? r : reload(agent, out, error);
}

static const struct {
	const char *name;
	int (*serve)(struct nfm_agent *agent, const struct nfm_control_request *request,
		     yajl_gen out, struct nfm_error *error);
} requests[] = {
	{ "status", serve_status },
	{ "customers-reload", serve_reload },
	{ "customers-set", serve_set },
	{ "customers-remove", serve_remove },
};

int nfm_agent_serve(void *cookie, const struct nfm_control_request *request, yajl_gen out,
		    struct nfm_error *error)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (!strcmp(requests[i].name, request->command))
			return requests[i].serve(cookie, request, out, error);
	return nfm_error_set(error, -EINVAL, "unknown command \"%.64s\"", request->command);
}

#define KEPT(key, member)                                                                          \
	{                                                                                          \
		key, offsetof(struct nfm_config, member), sizeof(((struct nfm_config *)0)->member) \
	}

/* What only a start takes over. */
static const struct {
	const char *key;
	size_t at, size;
} kept[] = {
	KEPT("interfaces", interfaces),
	KEPT("xdp", xdp),
	KEPT("tee", tee),
	KEPT("listen", listen),
	KEPT("port", ports),
	KEPT("interval", interval_s),
	KEPT("directory", directory),
	KEPT("runtime", runtime),
	KEPT("pin", pin),
	KEPT("capacity", capacity),
	KEPT("max-exporters", max_exporters),
	KEPT("pages", pages),
	KEPT("templates", templates_per_exporter),
	KEPT("template-memory", template_memory_bytes),
	KEPT("template-buffer", template_buffer_bytes),
	KEPT("nfdump", nfdump),
	KEPT("file", customers_file),
	KEPT("auto", autos),
};

static void log_kept(const struct nfm_config *config, const struct nfm_config *fresh)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(kept); i++)
		if (memcmp((const char *)config + kept[i].at, (const char *)fresh + kept[i].at,
			   kept[i].size))
			nfm_log(LOG_WARNING,
				"%s has changed: it takes effect when the agent starts",
				kept[i].key);
	if (!config->hook[0] != !fresh->hook[0])
		nfm_log(LOG_WARNING, "hook has changed: it takes effect when the agent starts");
}

/* What may change while we run; everything else is the next start's. */
static void take_over(struct nfm_config *config, struct nfm_config *fresh)
{
	struct nfm_config_exporter *old = config->exporters;

	config->exporters = fresh->exporters;
	config->exporter_count = fresh->exporter_count;
	fresh->exporters = old; /* freed with it */
	config->any_exporter = fresh->any_exporter;
	config->template_wait_s = fresh->template_wait_s;
	config->expire_size_bytes = fresh->expire_size_bytes;
	config->expire_lifetime_s = fresh->expire_lifetime_s;
	config->expire_watermark = fresh->expire_watermark;
	if (config->hook[0] && fresh->hook[0]) /* a hook's queue is made at the start */
		memcpy(config->hook, fresh->hook, sizeof(config->hook));
}

static int reload_config(struct nfm_agent *agent, struct nfm_error *error)
{
	_cleanup_(nfm_config_clear) struct nfm_config fresh = {};
	int r;

	if (!agent->config_path)
		return 0;
	r = nfm_config_read(agent->config_path, &fresh, error);
	if (r == -ENOENT && !strcmp(agent->config_path, NFM_CONFIG_DEFAULT_FILE))
		return 0; /* started without a file, on the defaults */
	if (r < 0)
		return r;
	log_kept(agent->config, &fresh);
	take_over(agent->config, &fresh);
	r = nfm_meter_exporters_apply(&agent->meter, error);
	nfm_log(LOG_INFO, "exporters: %u listed%s", agent->config->exporter_count,
		agent->config->any_exporter ? ", any is taken" : "");
	return r;
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
	reload(agent, NULL, &error);
}
