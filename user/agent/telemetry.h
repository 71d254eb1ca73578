/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent tells of itself in its answer to "status" (agent/control.h), for metrics. */
#ifndef NFM_TELEMETRY_H
#define NFM_TELEMETRY_H

#include <stdint.h>
#include <yajl/yajl_gen.h>

struct nfm_agent;
struct nfm_rotation;

/** Since this agent started, but for what is of the last rotation. */
struct nfm_telemetry {
	uint64_t started_unix_ns;
	uint64_t due_unix_ns; /* when the last interval that was closed was to end; 0: not known */
	uint64_t snapshots;
	uint64_t failures; /* of rotations */
	uint64_t duration_ns, lag_ns, bytes; /* of the newest snapshot */
	uint64_t expire_runs, expire_failures;
	uint64_t files_gone, bytes_gone;
	uint64_t files, bytes_kept; /* that the last expiry left */
};

void nfm_telemetry_begin(struct nfm_telemetry *t);

/** A rotation's job is done: its outcome is in `r`. */
void nfm_telemetry_rotation(struct nfm_telemetry *t, const struct nfm_rotation *r,
			    uint64_t now_unix_ns);

/** The members "process", "ring", "sockets", "programs", "rotation", "expiry", "disk", "rollup". */
void nfm_telemetry_put(const struct nfm_agent *agent, yajl_gen out);

#endif
