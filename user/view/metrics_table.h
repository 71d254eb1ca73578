/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every metric, in the order in which they are written: the one list for the writer and for
 * docs/metrics.md (scripts/gen-docs). Texts have no quotes, backslashes or line ends: they are HELP
 * texts as they stand.
 */
#ifndef NFM_VIEW_METRICS_TABLE_H
#define NFM_VIEW_METRICS_TABLE_H

/*
 * X(ID, name, TYPE, UNIT, SOURCE, "labels", "what it is")
 *   name    without "nfmeter_", and without the "_total" or "_info" that its samples end with
 *   TYPE    GAUGE, COUNTER, INFO
 *   UNIT    NONE, SECONDS, BYTES: the name ends with it
 *   SOURCE  who counts, and since when:
 *           TABLE   since the table was made; over restarts of the agent; _created says when
 *           ROW     the same, of one exporter or customer: no _created of its own
 *           AGENT   since the agent started; _created says when; only while it answers
 *           KERNEL  since the XDP program was loaded; only while the agent answers
 *           SERVER  since the HTTP server started; _created says when; only from /metrics
 *           CONFIG  of the configuration
 */
#define NFM_METRICS(X)                                                                             \
	X(BUILD, build, INFO, NONE, TABLE, "version abi datapath current",                         \
	  "what runs: current says whether the datapath is of the same build as this nfmeter")     \
	X(AGENT_UP, agent_up, GAUGE, NONE, TABLE, "",                                              \
	  "1: an agent runs and answers; 0: none does, and what only it knows is left out")        \
	X(AGENT_START, agent_start_timestamp_seconds, GAUGE, SECONDS, AGENT, "",                   \
	  "when the agent started")                                                                \
	X(AGENT_CPU, agent_cpu_seconds, COUNTER, SECONDS, AGENT, "mode",                           \
	  "processor time of the agent; the time in which the XDP program runs is not in it")      \
	X(AGENT_MEMORY, agent_resident_memory_bytes, GAUGE, BYTES, AGENT, "",                      \
	  "memory that the agent has in use; most of the table is maps of the kernel")             \
	X(AGENT_FILES, agent_open_fds, GAUGE, NONE, AGENT, "",                                     \
	  "file descriptors that the agent has open")                                              \
	X(INTERFACE, interface_attached, GAUGE, NONE, AGENT, "interface mode",                     \
	  "1: our XDP program is attached to this NIC; generic is slow, none: the UDP socket "     \
	  "takes what arrives there")                                                              \
	X(TABLE_CREATED, table_created_timestamp_seconds, GAUGE, SECONDS, TABLE, "",               \
	  "when the table was made: its counters began with 0")                                    \
	X(TABLE_USED, table_used, GAUGE, NONE, TABLE, "part",                                      \
	  "entries of the table that are in use: of customers removed ones, too; compare with "    \
	  "table_capacity")                                                                        \
	X(TABLE_CAPACITY, table_capacity, GAUGE, NONE, TABLE, "part",                              \
	  "entries that the table has: capacity, max-exporters and pages of the configuration "    \
	  "that it was made with")                                                                 \
	X(CUSTOMERS, customers, GAUGE, NONE, TABLE, "state",                                       \
	  "customers that are listed in the customers file, discovered in auto ranges, or "        \
	  "removed but still with counts")                                                         \
	X(CUSTOMERS_FULL, customers_without_row, GAUGE, NONE, TABLE, "",                           \
	  "customers that found no room: counted as unmatched; raise capacity")                    \
	X(RECEIVED, received_datagrams, COUNTER, NONE, TABLE, "",                                  \
	  "datagrams that arrived at a port of ours")                                              \
	X(UNDECIDED, undecided_datagrams, GAUGE, NONE, TABLE, "",                                  \
	  "datagrams handed to the agent that it has not decided yet: received less all verdicts") \
	X(DATAGRAMS, datagrams, COUNTER, NONE, TABLE, "verdict",                                   \
	  "datagrams counted by the XDP program (kernel) or by the agent, or rejected; "           \
	  "rejected_datagrams says why")                                                           \
	X(RECORDS, records, COUNTER, NONE, TABLE, "verdict",                                       \
	  "flow records, as datagrams; of rejected datagrams as many as their headers tell")       \
	X(FLOW_BYTES, flow_bytes, COUNTER, BYTES, TABLE, "verdict",                                \
	  "bytes of traffic that the records report; of rejected ones they are not known")         \
	X(FLOW_PACKETS, flow_packets, COUNTER, NONE, TABLE, "verdict",                             \
	  "packets of traffic that the records report")                                            \
	X(UNMATCHED_BYTES, unmatched_bytes, COUNTER, BYTES, TABLE, "",                             \
	  "bytes of records with no customer on either side")                                      \
	X(UNMATCHED_PACKETS, unmatched_packets, COUNTER, NONE, TABLE, "",                          \
	  "packets of records with no customer on either side")                                    \
	X(UNMATCHED_RECORDS, unmatched_records, COUNTER, NONE, TABLE, "",                          \
	  "records with no customer on either side")                                               \
	X(LOCAL_BYTES, local_bytes, COUNTER, BYTES, TABLE, "",                                     \
	  "bytes of records with a customer on both sides: they stand in both ones' counters")     \
	X(LOCAL_PACKETS, local_packets, COUNTER, NONE, TABLE, "",                                  \
	  "packets of records with a customer on both sides")                                      \
	X(LOCAL_RECORDS, local_records, COUNTER, NONE, TABLE, "",                                  \
	  "records with a customer on both sides")                                                 \
	X(VERSION_DATAGRAMS, version_datagrams, COUNTER, NONE, TABLE, "version",                   \
	  "datagrams by NetFlow version (10: IPFIX) in the sequence accounts: of all streams "     \
	  "that have one, without those whose line the agent came too late for")                   \
	X(REJECTED_DATAGRAMS, rejected_datagrams, COUNTER, NONE, TABLE, "reason",                  \
	  "datagrams that were not counted, by reason; docs/reasons.md says what to do")           \
	X(REJECTED_RECORDS, rejected_records, COUNTER, NONE, TABLE, "reason",                      \
	  "records of datagrams that were not counted, as many as their headers tell")             \
	X(PUNTED_DATAGRAMS, punted_datagrams, COUNTER, NONE, TABLE, "reason",                      \
	  "datagrams that the XDP program handed to the agent, and why: no error")                 \
	X(PASSED_DATAGRAMS, passed_datagrams, COUNTER, NONE, TABLE, "reason",                      \
	  "packets that were left to the network stack, and why")                                  \
	X(NOTED_RECORDS, noted_records, COUNTER, NONE, TABLE, "reason",                            \
	  "records that were counted with a remark; templates-full counts templates")              \
	X(LOST_SETS, lost_sets, COUNTER, NONE, TABLE, "reason",                                    \
	  "data sets given up for want of their template: their records are lost")                 \
	X(LOST_SET_BYTES, lost_set_bytes, COUNTER, BYTES, TABLE, "reason",                         \
	  "length of the data sets that were given up; no bytes of traffic")                       \
	X(OPTIONS_RECORDS, options_records, COUNTER, NONE, TABLE, "",                              \
	  "options records: read for sampling, not counted as flows")                              \
	X(TEMPLATES_LEARNED, templates_learned, COUNTER, NONE, TABLE, "",                          \
	  "templates that were new or had changed")                                                \
	X(WAITED_RECORDS, waited_records, COUNTER, NONE, TABLE, "",                                \
	  "records that waited for their template and were counted when it came")                  \
	X(EARLIER_RECORDS, earlier_records, COUNTER, NONE, TABLE, "",                              \
	  "records with bytes that were sent before the open interval: they stand in their own "   \
	  "time")                                                                                  \
	X(EARLIER_REACH, earlier_reach_seconds, GAUGE, SECONDS, TABLE, "",                         \
	  "how far back bytes find the time in which they were sent")                              \
	X(SEQUENCE_OVERRUNS, sequence_log_overruns, COUNTER, NONE, TABLE, "",                      \
	  "lines of the sequence log that the agent came too late for: loss is then less exact")   \
	X(WAITING_SETS, waiting_sets, GAUGE, NONE, TABLE, "",                                      \
	  "data sets that wait for their template")                                                \
	X(WAITING_BYTES, waiting_bytes, GAUGE, BYTES, TABLE, "",                                   \
	  "length of the data sets that wait for their template")                                  \
	X(WAITING_SIZE, waiting_capacity_bytes, GAUGE, BYTES, TABLE, "",                           \
	  "room for data sets that wait for their template: template-buffer")                      \
	X(WAITING_AGE, waiting_oldest_seconds, GAUGE, SECONDS, TABLE, "",                          \
	  "for how long the oldest data set has waited; 0: none waits")                            \
	X(RING_BYTES, ring_bytes, GAUGE, BYTES, AGENT, "",                                         \
	  "bytes in the ring from the XDP program to the agent; when it is full, datagrams are "   \
	  "rejected as ring-full")                                                                 \
	X(RING_SIZE, ring_capacity_bytes, GAUGE, BYTES, AGENT, "",                                 \
	  "bytes that the ring from the XDP program to the agent has")                             \
	X(SOCKET_DROPS, socket_dropped_datagrams, COUNTER, NONE, AGENT, "address port",            \
	  "datagrams that the kernel dropped before this UDP socket, for want of room mostly; "    \
	  "rejected_datagrams has them as socket-full when the next datagram has come")            \
	X(SOCKET_QUEUE, socket_queue_bytes, GAUGE, BYTES, AGENT, "address port",                   \
	  "memory of the datagrams that wait in this UDP socket")                                  \
	X(SOCKET_BUFFER, socket_buffer_bytes, GAUGE, BYTES, AGENT, "address port",                 \
	  "memory that datagrams in this UDP socket may take: net.core.rmem_max")                  \
	X(XDP_TIME, xdp_run_time_seconds, COUNTER, SECONDS, KERNEL, "program",                     \
	  "time in which this XDP program ran, all packets of its NICs; only with sysctl "         \
	  "kernel.bpf_stats_enabled=1")                                                            \
	X(XDP_RUNS, xdp_runs, COUNTER, NONE, KERNEL, "program",                                    \
	  "runs of this XDP program: packets of its NICs; only with sysctl "                       \
	  "kernel.bpf_stats_enabled=1")                                                            \
	X(SNAPSHOT_INTERVAL, snapshot_interval_seconds, GAUGE, SECONDS, TABLE, "",                 \
	  "length of an interval, as the agent runs it: a snapshot is due after each")             \
	X(SNAPSHOT_EPOCH, snapshot_epoch, GAUGE, NONE, TABLE, "",                                  \
	  "number of the newest snapshot, rising from file to file; 0: there is none yet")         \
	X(SNAPSHOT_UNTIL, snapshot_until_timestamp_seconds, GAUGE, SECONDS, TABLE, "",             \
	  "up to here all counts stand in snapshots: the end of the newest one")                   \
	X(SNAPSHOTS, snapshots, COUNTER, NONE, AGENT, "",                                          \
	  "snapshots that this agent has written")                                                 \
	X(SNAPSHOT_FAILURES, snapshot_failures, COUNTER, NONE, AGENT, "",                          \
	  "attempts to write a snapshot that failed: each is tried again, nothing is lost")        \
	X(SNAPSHOT_FAILING, snapshot_failing, GAUGE, NONE, AGENT, "",                              \
	  "1: the last attempt failed; nfmeter status says why")                                   \
	X(NFDUMP_FAILING, nfdump_failing, GAUGE, NONE, AGENT, "",                                  \
	  "1: the last snapshot has no nfcapd file beside it; nfmeter status says why; only with " \
	  "nfdump = yes")                                                                          \
	X(SNAPSHOT_DURATION, snapshot_duration_seconds, GAUGE, SECONDS, AGENT, "",                 \
	  "how long the last snapshot took, from the end of its interval to its rename")           \
	X(SNAPSHOT_LAG, snapshot_lag_seconds, GAUGE, SECONDS, AGENT, "",                           \
	  "how long after its interval was due to end the last snapshot was in place")             \
	X(SNAPSHOT_SIZE, snapshot_size_bytes, GAUGE, BYTES, AGENT, "",                             \
	  "length of the last snapshot")                                                           \
	X(HOOK_BACKLOG, hook_backlog, GAUGE, NONE, AGENT, "",                                      \
	  "snapshots for which the hook has not ended")                                            \
	X(HOOK_FAILURES, hook_failures, COUNTER, NONE, TABLE, "",                                  \
	  "hooks that ended with a status other than 0, or could not start")                       \
	X(EXPIRE_RUNS, expire_runs, COUNTER, NONE, AGENT, "",                                      \
	  "runs of the expiry; only with a size or a lifetime")                                    \
	X(EXPIRE_FAILURES, expire_failures, COUNTER, NONE, AGENT, "",                              \
	  "runs of the expiry that could not remove what is due; the log says why")                \
	X(EXPIRED_FILES, expired_files, COUNTER, NONE, AGENT, "", "files that the expiry removed") \
	X(EXPIRED_BYTES, expired_bytes, COUNTER, BYTES, AGENT, "",                                 \
	  "room on the disk of the files that the expiry removed")                                 \
	X(KEPT_FILES, kept_files, GAUGE, NONE, AGENT, "",                                          \
	  "files that can expire and were left by the last run")                                   \
	X(KEPT_BYTES, kept_bytes, GAUGE, BYTES, AGENT, "",                                         \
	  "room on the disk of the files that can expire and were left by the last run")           \
	X(LIMIT_BYTES, expire_limit_bytes, GAUGE, BYTES, CONFIG, "",                               \
	  "[expire] size; left out where there is none")                                           \
	X(LIMIT_SECONDS, expire_limit_seconds, GAUGE, SECONDS, CONFIG, "",                         \
	  "[expire] lifetime; left out where there is none")                                       \
	X(DISK_FREE, disk_free_bytes, GAUGE, BYTES, AGENT, "",                                     \
	  "room that is free in the file system of the snapshots, for the agent, after the last "  \
	  "one")                                                                                   \
	X(DISK_SIZE, disk_size_bytes, GAUGE, BYTES, AGENT, "",                                     \
	  "size of the file system of the snapshots")                                              \
	X(ROLLUP_RUNS, rollup_runs, COUNTER, NONE, AGENT, "",                                      \
	  "rollups that this agent has started and that have ended")                               \
	X(ROLLUP_FAILURES, rollup_failures, COUNTER, NONE, AGENT, "",                              \
	  "rollups that failed; each is tried again after the next snapshot")                      \
	X(ROLLUP_SUCCESS, rollup_success_timestamp_seconds, GAUGE, SECONDS, AGENT, "",             \
	  "when the last rollup of this agent succeeded; left out if none has yet")                \
	X(EXPORTER_STATE, exporter_state, GAUGE, NONE, TABLE, "exporter address state",            \
	  "1 for the state that it is in, 0 for the others: ok, stale (nothing for two "           \
	  "intervals), never, refused (no longer listed, but it sends)")                           \
	X(EXPORTER_SEEN, exporter_last_seen_timestamp_seconds, GAUGE, SECONDS, TABLE,              \
	  "exporter address", "when its last datagram came; left out if none has")                 \
	X(EXPORTER_DATAGRAMS, exporter_datagrams, COUNTER, NONE, ROW, "exporter address verdict",  \
	  "its datagrams, counted or rejected")                                                    \
	X(EXPORTER_RECORDS, exporter_records, COUNTER, NONE, ROW, "exporter address verdict",      \
	  "its records, counted or rejected (as many as headers tell)")                            \
	X(EXPORTER_BYTES, exporter_flow_bytes, COUNTER, BYTES, ROW, "exporter address",            \
	  "bytes of traffic that its records report")                                              \
	X(EXPORTER_PACKETS, exporter_flow_packets, COUNTER, NONE, ROW, "exporter address",         \
	  "packets of traffic that its records report")                                            \
	X(EXPORTER_NOTES, exporter_noted_records, COUNTER, NONE, ROW, "exporter address reason",   \
	  "its records that were counted with a remark")                                           \
	X(EXPORTER_OPTIONS, exporter_options_records, COUNTER, NONE, ROW, "exporter address",      \
	  "its options records")                                                                   \
	X(EXPORTER_LOST_SETS, exporter_lost_sets, COUNTER, NONE, ROW, "exporter address",          \
	  "its data sets given up for want of their template")                                     \
	X(EXPORTER_TEMPLATES, exporter_templates, GAUGE, NONE, TABLE, "exporter address decoder",  \
	  "templates that are known of it, by who decodes their data; left out where the file "    \
	  "cannot be read")                                                                        \
	X(STREAM_DATAGRAMS, exporter_stream_datagrams, COUNTER, NONE, ROW,                         \
	  "exporter address version", "datagrams in its sequence accounts")                        \
	X(SEQUENCE_RECEIVED, exporter_sequence_received, GAUGE, NONE, TABLE,                       \
	  "exporter address version unit",                                                         \
	  "units that its sequence numbers counted and that arrived; a gauge because of "          \
	  "exporter_sequence_lost: use delta()")                                                   \
	X(SEQUENCE_LOST, exporter_sequence_lost, GAUGE, NONE, TABLE,                               \
	  "exporter address version unit",                                                         \
	  "units that its sequence numbers counted and that did not arrive; sinks when they come " \
	  "late, or what is counted is understood: use delta(), not rate()")                       \
	X(SEQUENCE_RESETS, exporter_sequence_resets, GAUGE, NONE, TABLE,                           \
	  "exporter address version unit",                                                         \
	  "how often its numbers began anew: restarts of the router; a gauge as "                  \
	  "exporter_sequence_lost")                                                                \
	X(SEQUENCE_DUPLICATES, exporter_sequence_duplicates, GAUGE, NONE, TABLE,                   \
	  "exporter address version unit",                                                         \
	  "datagrams that came twice, which were counted twice; a gauge as "                       \
	  "exporter_sequence_lost")                                                                \
	X(SEQUENCE_REORDERED, exporter_sequence_reordered, GAUGE, NONE, TABLE,                     \
	  "exporter address version unit",                                                         \
	  "datagrams that came late; a gauge as exporter_sequence_lost")                           \
	X(REFUSED_SOURCES, refused_sources, GAUGE, NONE, TABLE, "",                                \
	  "sources that are no exporters and sent nevertheless: the newest about 1024")            \
	X(REFUSED_DATAGRAMS, refused_source_datagrams, GAUGE, NONE, TABLE, "address",              \
	  "datagrams of each of the 32 refused sources seen last, and of all others together; a "  \
	  "gauge, since old ones are forgotten: rejected_datagrams counts them all")               \
	X(CUSTOMER_BYTES, customer_bytes, COUNTER, BYTES, ROW, "customer direction",               \
	  "bytes of a customer, up: from it, down: to it, when they were reported; only of "       \
	  "[http] metrics-customers")                                                              \
	X(CUSTOMER_PACKETS, customer_packets, COUNTER, NONE, ROW, "customer direction",            \
	  "packets of a customer")                                                                 \
	X(CUSTOMER_RECORDS, customer_records, COUNTER, NONE, ROW, "customer direction",            \
	  "records of a customer")                                                                 \
	X(CUSTOMER_SEEN, customer_last_seen_timestamp_seconds, GAUGE, SECONDS, TABLE, "customer",  \
	  "when the last record of a customer came; left out if none has")                         \
	X(HTTP_REQUESTS, http_requests, COUNTER, NONE, SERVER, "status",                           \
	  "requests to the HTTP server by class of their answer: 2xx, 3xx, 4xx, 5xx")              \
	X(HTTP_IN_FLIGHT, http_requests_in_flight, GAUGE, NONE, SERVER, "",                        \
	  "requests that are being answered, this one and event streams among them")               \
	X(HTTP_REFUSED, http_refused_connections, COUNTER, NONE, SERVER, "",                       \
	  "connections that were refused: more than [http] connections at once")                   \
	X(HTTP_BYTES, http_sent_bytes, COUNTER, BYTES, SERVER, "", "bytes of answers")

#endif
