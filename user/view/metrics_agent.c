// SPDX-License-Identifier: GPL-2.0-only
/* What the agent says of itself (agent/control.h), as metrics; without an agent there are none. */
#include "view/metrics_parts.h"

#include <string.h>

#include "view/ask.h"

static bool has(yajl_val object, const char *key)
{
	return nfm_ask_member(object, key, yajl_t_number) != NULL;
}

static void put(struct nfm_metrics_text *m, enum nfm_metric metric, yajl_val object,
		const char *key)
{
	if (has(object, key))
		nfm_metrics_put(m, metric, nfm_ask_u64(object, key, 0));
}

static void put_ns(struct nfm_metrics_text *m, enum nfm_metric metric, yajl_val object,
		   const char *key)
{
	if (has(object, key))
		nfm_metrics_put_ns(m, metric, nfm_ask_u64(object, key, 0));
}

static size_t list_of(yajl_val agent, const char *key, yajl_val *list)
{
	*list = nfm_ask_member(agent, key, yajl_t_array);
	return *list ? YAJL_GET_ARRAY(*list)->len : 0;
}

uint64_t nfm_metrics_agent_started(yajl_val agent)
{
	return nfm_ask_u64(nfm_ask_member(agent, "process", yajl_t_object), "started_unix_ns", 0);
}

static void put_interfaces(struct nfm_metrics_text *m, yajl_val agent)
{
	yajl_val list;
	size_t i, count = list_of(agent, "interfaces", &list);

	for (i = 0; i < count; i++) {
		yajl_val entry = YAJL_GET_ARRAY(list)->values[i];
		const char *mode = nfm_ask_string(entry, "mode", "none");

		nfm_metrics_begin(m, NFM_METRIC_INTERFACE);
		nfm_metrics_label(m, "interface", nfm_ask_string(entry, "name", "?"));
		nfm_metrics_label(m, "mode", mode);
		nfm_metrics_u64(m, strcmp(mode, "none") != 0);
	}
}

static void put_cpu(struct nfm_metrics_text *m, yajl_val process, const char *mode,
		    const char *key)
{
	if (!has(process, key))
		return;
	nfm_metrics_begin(m, NFM_METRIC_AGENT_CPU);
	nfm_metrics_label(m, "mode", mode);
	nfm_metrics_ns(m, nfm_ask_u64(process, key, 0));
}

void nfm_metrics_process(struct nfm_metrics_text *m, yajl_val agent)
{
	yajl_val process = nfm_ask_member(agent, "process", yajl_t_object);

	nfm_metrics_put(m, NFM_METRIC_AGENT_UP, agent != NULL);
	put_ns(m, NFM_METRIC_AGENT_START, process, "started_unix_ns");
	put_cpu(m, process, "user", "user_ns");
	put_cpu(m, process, "system", "system_ns");
	put(m, NFM_METRIC_AGENT_MEMORY, process, "resident_bytes");
	put(m, NFM_METRIC_AGENT_FILES, process, "open_files");
	put_interfaces(m, agent);
}

/* ---- ring, sockets, programs ---- */

static void put_sockets(struct nfm_metrics_text *m, yajl_val agent, enum nfm_metric metric,
			const char *key)
{
	yajl_val list;
	size_t i, count = list_of(agent, "sockets", &list);

	for (i = 0; i < count; i++) {
		yajl_val entry = YAJL_GET_ARRAY(list)->values[i];

		if (!has(entry, key))
			continue;
		nfm_metrics_begin(m, metric);
		nfm_metrics_label(m, "address", nfm_ask_string(entry, "address", "?"));
		nfm_metrics_label_u64(m, "port", nfm_ask_u64(entry, "port", 0));
		nfm_metrics_u64(m, nfm_ask_u64(entry, key, 0));
	}
}

static void put_programs(struct nfm_metrics_text *m, yajl_val agent, enum nfm_metric metric,
			 const char *key)
{
	yajl_val list;
	size_t i, count = list_of(agent, "programs", &list);

	for (i = 0; i < count; i++) {
		yajl_val entry = YAJL_GET_ARRAY(list)->values[i];

		if (!has(entry, key))
			continue;
		nfm_metrics_begin(m, metric);
		nfm_metrics_label_u64(m, "program", nfm_ask_u64(entry, "id", 0));
		if (metric == NFM_METRIC_XDP_TIME)
			nfm_metrics_ns(m, nfm_ask_u64(entry, key, 0));
		else
			nfm_metrics_u64(m, nfm_ask_u64(entry, key, 0));
	}
}

void nfm_metrics_datapath(struct nfm_metrics_text *m, yajl_val agent)
{
	yajl_val ring = nfm_ask_member(agent, "ring", yajl_t_object);

	put(m, NFM_METRIC_RING_BYTES, ring, "bytes");
	put(m, NFM_METRIC_RING_SIZE, ring, "size_bytes");
	put_sockets(m, agent, NFM_METRIC_SOCKET_DROPS, "drops");
	put_sockets(m, agent, NFM_METRIC_SOCKET_QUEUE, "queue_bytes");
	put_sockets(m, agent, NFM_METRIC_SOCKET_BUFFER, "buffer_bytes");
	put_programs(m, agent, NFM_METRIC_XDP_TIME, "run_time_ns");
	put_programs(m, agent, NFM_METRIC_XDP_RUNS, "runs");
}

/* ---- snapshots, hook, expiry, disk, rollup ---- */

/* Of the table, so that it is seen also where no agent runs. */
static void put_committed(struct nfm_metrics_text *m, const struct nfm_metrics_source *source)
{
	const struct nfm_ctl *ctl = source->table->ctl;
	uint64_t committed = __atomic_load_n(&ctl->committed, __ATOMIC_ACQUIRE);

	nfm_metrics_put(m, NFM_METRIC_SNAPSHOT_INTERVAL, ctl->interval_s);
	/* a new table's first interval is not number 1 */
	nfm_metrics_put(m, NFM_METRIC_SNAPSHOT_EPOCH, ctl->last_snapshot[0] ? committed : 0);
	nfm_metrics_put_ns(m, NFM_METRIC_SNAPSHOT_UNTIL,
			   ctl->from_unix_ns[(committed + 1) & 1]);
}

static void put_expiry(struct nfm_metrics_text *m, const struct nfm_config *config, yajl_val agent)
{
	yajl_val expiry = nfm_ask_member(agent, "expiry", yajl_t_object);
	yajl_val disk = nfm_ask_member(agent, "disk", yajl_t_object);

	put(m, NFM_METRIC_EXPIRE_RUNS, expiry, "runs");
	put(m, NFM_METRIC_EXPIRE_FAILURES, expiry, "failures");
	put(m, NFM_METRIC_EXPIRED_FILES, expiry, "files_gone");
	put(m, NFM_METRIC_EXPIRED_BYTES, expiry, "bytes_gone");
	put(m, NFM_METRIC_KEPT_FILES, expiry, "files");
	put(m, NFM_METRIC_KEPT_BYTES, expiry, "bytes");
	if (config->expire_size_bytes)
		nfm_metrics_put(m, NFM_METRIC_LIMIT_BYTES, config->expire_size_bytes);
	if (config->expire_lifetime_s)
		nfm_metrics_put(m, NFM_METRIC_LIMIT_SECONDS, config->expire_lifetime_s);
	put(m, NFM_METRIC_DISK_FREE, disk, "free_bytes");
	put(m, NFM_METRIC_DISK_SIZE, disk, "size_bytes");
}

void nfm_metrics_snapshots(struct nfm_metrics_text *m, const struct nfm_metrics_source *source)
{
	yajl_val agent = source->agent;
	yajl_val rotation = nfm_ask_member(agent, "rotation", yajl_t_object);
	yajl_val rollup = nfm_ask_member(agent, "rollup", yajl_t_object);

	put_committed(m, source);
	put(m, NFM_METRIC_SNAPSHOTS, rotation, "snapshots");
	put(m, NFM_METRIC_SNAPSHOT_FAILURES, rotation, "failures");
	if (agent)
		nfm_metrics_put(m, NFM_METRIC_SNAPSHOT_FAILING,
				nfm_ask_string(agent, "snapshot_error", NULL) != NULL);
	if (agent && source->config->nfdump)
		nfm_metrics_put(m, NFM_METRIC_NFDUMP_FAILING,
				nfm_ask_string(agent, "nfdump_error", NULL) != NULL);
	put_ns(m, NFM_METRIC_SNAPSHOT_DURATION, rotation, "duration_ns");
	put_ns(m, NFM_METRIC_SNAPSHOT_LAG, rotation, "lag_ns");
	put(m, NFM_METRIC_SNAPSHOT_SIZE, rotation, "bytes");
	put(m, NFM_METRIC_HOOK_BACKLOG, nfm_ask_member(agent, "hook", yajl_t_object), "backlog");
	nfm_metrics_put(m, NFM_METRIC_HOOK_FAILURES, source->table->ctl->hook_failures);
	put_expiry(m, source->config, agent);
	put(m, NFM_METRIC_ROLLUP_RUNS, rollup, "runs");
	put(m, NFM_METRIC_ROLLUP_FAILURES, rollup, "failures");
	put_ns(m, NFM_METRIC_ROLLUP_SUCCESS, rollup, "succeeded_unix_ns");
}
