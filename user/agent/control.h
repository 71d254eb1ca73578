/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: RUNTIME/control.sock, a stream socket. One request, a JSON object in one
 * line, one answer in one line:
 *   {"command":"status"}            → {"ok":true,"pid":N,"xdp":BOOL,
 *                                      "interfaces":[{"name":S,"mode":S,"program_id":N}…],
 *                                      "hook":{"backlog":N,"failures":N},"next_rotation":T,
 *                                      "http":{"listen":S|null,"pid":N|null,"restarts":N},
 *                                      "pending":[SECTION.KEY…] (await a start of the agent),
 *                                      "snapshot_error":S (only while snapshots cannot be written)
 *                                      "nfdump_error":S (only if the last nfdump file was not)
 *                                      "process":{"started_unix_ns":N,"user_ns":N,"system_ns":N,
 *                                        "resident_bytes":N,"open_files":N},
 *                                      "ring":{"bytes":N,"size_bytes":N} (with XDP),
 *                                      "sockets":[{"address":S,"port":N,"drops":N,
 *                                        "queue_bytes":N,"buffer_bytes":N}…],
 *                                      "programs":[{"id":N,"run_time_ns":N,"runs":N}…] (these two
 *                                        only where the kernel counts them),
 *                                      "rotation":{"snapshots":N,"failures":N,"duration_ns":N,
 *                                        "lag_ns":N,"bytes":N} (the last three of the newest one),
 *                                      "expiry":{"runs":N,"failures":N,"files_gone":N,
 *                                        "bytes_gone":N,"files":N,"bytes":N} (the last two: left),
 *                                      "disk":{"free_bytes":N,"size_bytes":N},
 *                                      "rollup":{"runs":N,"failures":N,"succeeded_unix_ns":N}}
 *                                      counters: since this agent started
 *   {"command":"customers-reload"}  → {"ok":true,"listed":N,"added":N,"removed":N,
 *                                      "changed":N,"without_row":N}
 *   {"command":"tokens-reload"}     → {"ok":true}
 *   {"command":"customers-set","id":S,"name":S?,"prefixes":[S…]}   → as reload
 *   {"command":"customers-remove","id":S}                          → as reload
 *   {"command":"settings-set","changes":[{"section":S,"key":S,"value":S|null}…]}
 *                                   → {"ok":true,"applied":[SECTION.KEY…],"pending":[…]}
 *                                     null: back to what the other files have; all or none
 *   {"command":"exporter-set","name":S,"addresses":[S…],"sampling":S?,"nat":B?,"repair_wraps":B?}
 *   {"command":"exporter-remove","name":S}      → {"ok":true}; only those of settings.conf
 *   anything that fails             → {"ok":false,"error":S}
 *
 * The child that serves HTTP has a channel (its fd 3): the same, but many requests, one after the
 * other, each a line of less than NFM_CONTROL_MAX bytes; answers in their order. It may ask for the
 * status; for a change each request has "token":S, an administrator's, and "peer":S, for the log;
 * other than that → {"ok":false,"error":S,"denied":true}. It cannot set what the page may not, and
 * cannot reload. A line too long ends the channel, and with it the child.
 *
 * Beside it the agent leaves RUNTIME/agent.table: one line, "pins DIRECTORY" or "file PATH": where
 * its table stands, so that the CLI reads the right one also when no agent runs.
 */
#ifndef NFM_CONTROL_H
#define NFM_CONTROL_H

#include <stddef.h>

#include "base/error.h"

#define NFM_CONTROL_SOCKET "control.sock"
#define NFM_CONTROL_TABLE "agent.table"
#define NFM_CONTROL_MAX 65536 /* bytes of a request or an answer */

/**
 * Sends `request` to the agent at `runtime` and waits for its answer (malloc'd, no newline).
 * -ECONNREFUSED: no agent is running there; -ETIMEDOUT: it did not answer in 60 s.
 */
int nfm_control_call(const char *runtime, const char *request, char **answer,
		     struct nfm_error *error);

#endif
