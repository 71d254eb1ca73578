/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a datagram or a record went another way than "counted in the kernel": the one list for
 * the datapath, the agent, the CLI and the docs. Numbers are for ever: a retired one stays
 * in the list, marked so, and is not given again.
 *
 * Kinds:
 *   STAT    no reason but a count that the accounts need
 *   PUNT    the kernel handed the whole datagram to the agent
 *   REJECT  the datagram was not counted
 *   NOTE    the record was counted, with a remark (counts records or templates, not datagrams)
 *   PASS    left to the network stack: it comes back through the UDP socket
 *   LOST    given up after its datagram had been taken (counts sets, and their bytes)
 *   RETIRED no longer used
 */
#ifndef NFM_REASONS_H
#define NFM_REASONS_H

/* X(NAME, number, kind, "name in output", "what it means and what to do") */
#define NFM_REASONS(X)                                                                            \
	X(NONE, 0, STAT, "none", "counted; no reason applies")                                    \
	X(RECEIVED, 1, STAT, "received", "datagrams that arrived at a port of ours")              \
	X(OPTIONS_RECORDS, 2, STAT, "options-records",                                            \
	  "options records: read for sampling, not counted as flows")                             \
	X(TEMPLATES, 3, STAT, "templates", "templates that were new or had changed")              \
	X(WAITED, 4, STAT, "waited",                                                              \
	  "records that waited for their template, counted when it came")                         \
	X(EARLIER, 5, STAT, "earlier",                                                            \
	  "records with bytes that were sent before the interval: they stand in their own time")   \
	X(NEW_EXPORTER, 8, PUNT, "new-exporter",                                                  \
	  "first datagrams of an exporter: the agent decides and adds it")                        \
	X(NEW_CUSTOMER, 9, PUNT, "new-customer",                                                  \
	  "an address of an auto range seen for the first time: the agent makes its row")         \
	X(VERSION_9, 10, RETIRED, "version-9", "retired: the kernel decodes v9")                  \
	X(VERSION_IPFIX, 11, RETIRED, "version-ipfix", "retired: the kernel decodes IPFIX")       \
	X(NO_COLUMN, 12, PUNT, "no-column",                                                       \
	  "received on a CPU without a column: load through the agent to get one for each CPU")   \
	X(LARGE, 13, PUNT, "large", "more records than the kernel's batch holds")                 \
	X(TEMPLATE, 14, PUNT, "template",                                                         \
	  "a template that the kernel does not know, or that has changed: the agent learns it")   \
	X(NO_TEMPLATE, 15, PUNT, "no-template",                                                   \
	  "data of a template that only the agent decodes, or that has not come yet")             \
	X(SHORT, 16, REJECT, "short", "shorter than the header of its version, or empty")         \
	X(EMPTY, 17, REJECT, "empty", "a header that announces no record")                        \
	X(VERSION, 18, REJECT, "version", "not NetFlow v1, v5, v7, v9 or IPFIX")                  \
	X(TRUNCATED, 19, REJECT, "truncated", "ends before the records that its header counts")   \
	X(COUNT, 20, REJECT, "count",                                                             \
	  "announces more records than its version allows and than it holds")                    \
	X(REFUSED, 21, REJECT, "refused",                                                         \
	  "source is no known exporter: add an [exporter] section, or exporters = any")           \
	X(RING_FULL, 22, REJECT, "ring-full",                                                     \
	  "the punt ring was full: no agent is running, or it does not keep up")                  \
	X(UNDECODED_9, 23, RETIRED, "undecoded-v9", "retired: v9 is decoded")                     \
	X(UNDECODED_IPFIX, 24, RETIRED, "undecoded-ipfix", "retired: IPFIX is decoded")           \
	X(EXPORTERS_FULL, 25, REJECT, "exporters-full",                                           \
	  "no row is left for a further exporter: raise [collector] max-exporters")               \
	X(UDP_LENGTH, 26, REJECT, "udp-length", "UDP length does not fit the packet")             \
	X(FRAGMENT_TEE, 28, REJECT, "fragment-tee",                                               \
	  "an IP fragment in tee mode, where the agent has no socket: avoid fragments")           \
	X(SOCKET_FULL, 29, REJECT, "socket-full",                                                 \
	  "the UDP socket's buffer was full: raise net.core.rmem_max, or use XDP")                \
	X(OPTIONS, 30, PUNT, "options", "options data: the agent reads sampling from them")       \
	X(UNARMED, 31, PUNT, "unarmed",                                                           \
	  "the stream's templates have changed: the agent decodes until the kernel has the new "  \
	  "ones")                                                                                 \
	X(ODD, 32, PUNT, "odd-record",                                                            \
	  "a record that wrapped, is empty or cannot be: the agent takes a second look")          \
	X(ODD_SET, 33, PUNT, "odd-set", "a set that does not fit: the agent says what is wrong")  \
	X(SET_LENGTH, 34, REJECT, "set-length",                                                   \
	  "a set shorter than its header, or longer than the datagram")                           \
	X(BAD_TEMPLATE, 35, REJECT, "bad-template",                                               \
	  "a template that does not fit its set, has a number below 256, or has no field")        \
	X(BAD_DATA, 36, REJECT, "bad-data",                                                       \
	  "a data set that does not fit its template: shorter than a record, or a field runs "    \
	  "over")                                                                                 \
	X(TOO_MANY, 37, REJECT, "too-many",                                                       \
	  "more records or templates than one datagram may have here: 4,096 and 512")             \
	X(CUSTOMERS_FULL, 40, NOTE, "customers-full",                                             \
	  "no row is left for a customer: counted as unmatched; raise [collector] capacity")      \
	X(WRAPPED, 41, NOTE, "wrapped",                                                           \
	  "a 32-bit byte counter wrapped: export 64-bit counters (v9, IPFIX), or set the "        \
	  "router's active timeout to 1 minute; [exporter] repair-wraps repairs")                 \
	X(REPAIRED, 42, NOTE, "wrap-repaired", "a wrapped 32-bit byte counter, repaired")         \
	X(EMPTY_RECORD, 43, NOTE, "empty-record", "no packets and no bytes")                      \
	X(SAME_ADDRESS, 44, NOTE, "same-address", "destination and source are the same address")  \
	X(IMPLAUSIBLE, 45, NOTE, "implausible",                                                   \
	  "a rate or a packet size that cannot be: counted as sent; look at the router")          \
	X(TOTAL_COUNTER, 46, NOTE, "total-counter",                                               \
	  "no delta counter: the flow's total was counted; right if the router sends a flow once") \
	X(REVERSE, 47, NOTE, "reverse-left-out",                                                  \
	  "the record also has counters of the other direction, which are not counted")           \
	X(FRAGMENT, 48, PASS, "fragment", "first IP fragments, left to the stack to reassemble")  \
	X(WAIT_EXPIRED, 49, LOST, "wait-expired",                                                 \
	  "data whose template did not come in [collector] template-wait: its records are lost")  \
	X(WAIT_FULL, 50, LOST, "wait-full",                                                       \
	  "data that waited for a template and made room: raise [collector] template-buffer")     \
	X(WAIT_BAD, 52, LOST, "wait-bad",                                                         \
	  "data that waited and do not fit the template that came: their records are lost")       \
	X(EARLIER_OLDEST, 53, NOTE, "earlier-oldest",                                             \
	  "records of flows that began before all slots that are kept: those bytes went to the "   \
	  "oldest; set the router's active timeout to 1 minute, or raise earlier-memory")         \
	X(EARLIER_ROOM, 54, NOTE, "earlier-room",                                                 \
	  "records for which one datagram had too many slots: their bytes stay where reported")    \
	X(TEMPLATES_FULL, 51, NOTE, "templates-full",                                             \
	  "templates forgotten because the exporter has too many: raise [collector] templates")

#define NFM_REASON_ENUM(name, number, kind, text, help) NFM_REASON_##name = number,
enum nfm_reason { NFM_REASONS(NFM_REASON_ENUM) };
#undef NFM_REASON_ENUM

enum nfm_reason_kind {
	NFM_KIND_STAT,
	NFM_KIND_PUNT,
	NFM_KIND_REJECT,
	NFM_KIND_NOTE,
	NFM_KIND_PASS,
	NFM_KIND_LOST,
	NFM_KIND_RETIRED,
};

#endif
