// SPDX-License-Identifier: GPL-2.0-only
/* What the agent answers on its control socket. Changes: settings.c; the reload: reload.c. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/settings.h"
#include "base/cleanup.h"
#include "base/clock.h"
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

static void put_http(const struct nfm_agent *agent, yajl_gen out)
{
	const struct nfm_agent_http *http = &agent->http;

	put_key(out, "http");
	yajl_gen_map_open(out);
	put_key(out, "listen");
	if (agent->config->http_listen[0])
		put_key(out, agent->config->http_listen);
	else
		yajl_gen_null(out);
	put_key(out, "pid");
	if (http->pid)
		yajl_gen_integer(out, http->pid);
	else
		yajl_gen_null(out);
	put_number(out, "restarts", http->restarts);
	yajl_gen_map_close(out);
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
	put_http(agent, out);
	nfm_agent_put_pending(agent, out);
	return 0;
}

static int serve_reload(struct nfm_agent *agent, const struct nfm_control_request *request,
			yajl_gen out, struct nfm_error *error)
{
	(void)request;
	return nfm_rotation_busy(&agent->rotation) ? -EAGAIN :
						     nfm_agent_reload_customers(agent, out, error);
}

static int serve_tokens(struct nfm_agent *agent, const struct nfm_control_request *request,
			yajl_gen out, struct nfm_error *error)
{
	(void)request;
	(void)out;
	(void)error;
	nfm_agent_http_renew(&agent->http, nfm_clock_monotonic_ns());
	return 0;
}

/* What a child on a channel may ask: reads; changes, if it has an administrator's token with it. */
static const struct {
	const char *name;
	bool local; /* by the control socket alone */
	int (*serve)(struct nfm_agent *agent, const struct nfm_control_request *request,
		     yajl_gen out, struct nfm_error *error);
} requests[] = {
	{ "status", false, serve_status },
	{ "customers-reload", true, serve_reload },
	{ "tokens-reload", true, serve_tokens },
	{ "customers-set", false, nfm_agent_customers_set },
	{ "customers-remove", false, nfm_agent_customers_remove },
	{ "settings-set", false, nfm_agent_settings_set },
	{ "exporter-set", false, nfm_agent_exporter_set },
	{ "exporter-remove", false, nfm_agent_exporter_remove },
};

int nfm_agent_serve(void *cookie, const struct nfm_control_request *request, yajl_gen out,
		    struct nfm_error *error)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(requests); i++) {
		if (strcmp(requests[i].name, request->command) != 0)
			continue;
		if (requests[i].local && !request->local)
			return nfm_error_set(error, -EACCES, "%s: by the control socket alone",
					     requests[i].name);
		return requests[i].serve(cookie, request, out, error);
	}
	return nfm_error_set(error, -EINVAL, "unknown command \"%.64s\"", request->command);
}
