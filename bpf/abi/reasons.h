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
 *   NOTE    the record was counted, with a remark (counts records, not datagrams)
 *   PASS    left to the network stack: it comes back through the UDP socket
 */
#ifndef NFM_REASONS_H
#define NFM_REASONS_H

/* X(NAME, number, kind, "name in output", "what it means and what to do") */
#define NFM_REASONS(X)                                                                            \
	X(NONE, 0, STAT, "none", "counted; no reason applies")                                    \
	X(RECEIVED, 1, STAT, "received", "datagrams that arrived at a port of ours")              \
	X(NEW_EXPORTER, 8, PUNT, "new-exporter",                                                  \
	  "first datagrams of an exporter: the agent decides and adds it")                        \
	X(NEW_CUSTOMER, 9, PUNT, "new-customer",                                                  \
	  "an address of an auto range seen for the first time: the agent makes its row")         \
	X(VERSION_9, 10, PUNT, "version-9", "NetFlow v9: handed to the agent")                   \
	X(VERSION_IPFIX, 11, PUNT, "version-ipfix", "IPFIX: handed to the agent")                \
	X(NO_COLUMN, 12, PUNT, "no-column",                                                       \
	  "received on a CPU without a column: load through the agent to get one for each CPU")   \
	X(LARGE, 13, PUNT, "large", "more records than the kernel's batch holds")                 \
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
	X(UNDECODED_9, 23, REJECT, "undecoded-v9", "NetFlow v9 is not decoded yet: export v5")    \
	X(UNDECODED_IPFIX, 24, REJECT, "undecoded-ipfix", "IPFIX is not decoded yet: export v5")  \
	X(EXPORTERS_FULL, 25, REJECT, "exporters-full",                                           \
	  "no row is left for a further exporter: raise [collector] max-exporters")               \
	X(UDP_LENGTH, 26, REJECT, "udp-length", "UDP length does not fit the packet")             \
	X(FRAGMENT_TEE, 28, REJECT, "fragment-tee",                                               \
	  "an IP fragment in tee mode, where the agent has no socket: avoid fragments")           \
	X(SOCKET_FULL, 29, REJECT, "socket-full",                                                 \
	  "the UDP socket's buffer was full: raise net.core.rmem_max, or use XDP")                \
	X(CUSTOMERS_FULL, 40, NOTE, "customers-full",                                             \
	  "no row is left for a customer: counted as unmatched; raise [collector] capacity")      \
	X(FRAGMENT, 48, PASS, "fragment", "first IP fragments, left to the stack to reassemble")

#define NFM_REASON_ENUM(name, number, kind, text, help) NFM_REASON_##name = number,
enum nfm_reason { NFM_REASONS(NFM_REASON_ENUM) };
#undef NFM_REASON_ENUM

enum nfm_reason_kind {
	NFM_KIND_STAT,
	NFM_KIND_PUNT,
	NFM_KIND_REJECT,
	NFM_KIND_NOTE,
	NFM_KIND_PASS,
};

#endif
