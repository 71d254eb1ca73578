/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests' exporter: sends NetFlow of which every number is known. Pieces: what to send
 * (nfsend_build.c), what it sums up to (nfsend_tally.c), how it leaves (nfsend_out.c).
 */
#ifndef NFSEND_H
#define NFSEND_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi.h"
#include "base/error.h"

#define SEND_MAX_PAYLOAD 65507U
#define SEND_MAX_RECORDS 2000U
#define SEND_MAX_CUSTOMERS 4096U
#define SEND_MAX_TAGS 3U
#define SEND_MAX_IP_OPTIONS 40U

/** What may be wrong with a datagram. X(NAME, "name in --bad", "what it is") */
#define SEND_BAD(X)                                                  \
	X(NONE, "none", "nothing")                                   \
	X(NOTHING, "nothing", "no payload at all")                   \
	X(SHORT, "short", "one byte less than the header")           \
	X(EMPTY, "empty", "a header that announces no record")       \
	X(VERSION, "version", "version 6")                           \
	X(TRUNCATED, "truncated", "the last record lacks a byte")    \
	X(COUNT, "count", "announces 31 records, holds 30 or fewer") \
	X(GARBAGE, "garbage", "random bytes that are no version")

#define SEND_BAD_ENUM(name, text, help) SEND_BAD_##name,
enum send_bad { SEND_BAD(SEND_BAD_ENUM) };
#undef SEND_BAD_ENUM

/** One flow record as it goes on the wire. */
struct send_flow {
	uint32_t src_be, dst_be;
	uint32_t packets, bytes;
};

struct send_datagram {
	uint8_t payload[SEND_MAX_PAYLOAD];
	size_t size;
	struct send_flow flow[SEND_MAX_RECORDS];
	uint32_t count; /* of flow */
	uint32_t units; /* that its stream's sequence goes on by */
};

struct send_customer {
	char id[64];
	uint32_t addr; /* host order */
	uint32_t bits;
	uint32_t owner; /* index of the first entry with this id: it has the counts */
};

struct send_count {
	uint64_t bytes, packets, flows;
};

/** Sums of what was sent, by the collector's rules. */
struct send_tally {
	struct send_count up[SEND_MAX_CUSTOMERS], down[SEND_MAX_CUSTOMERS];
	struct send_count unmatched, local, total;
	uint64_t datagrams; /* sent and whole */
	uint64_t bad;	    /* sent and wrong */
	uint64_t left_out_datagrams, left_out_units;
	uint64_t twice, swapped;
};

struct send_options {
	struct sockaddr_in6 to, from; /* IPv4 as mapped addresses */
	bool from_set;
	uint32_t version, datagrams, records;
	uint64_t seed;
	uint32_t rate;			 /* datagrams per second */
	uint32_t sampling;		 /* of v5's header; 0: none */
	uint32_t expect_num, expect_den; /* factor that the collector is set to; 0: as announced */
	uint32_t engine;
	uint32_t sequence;
	uint32_t uptime_ms;		     /* 0: this machine's */
	uint32_t lose, swap, twice, restart; /* every so many datagrams; 0: never */
	enum send_bad bad;
	const char *save; /* file for a copy of each payload, its length first (32 bits, BE) */
	/* raw frames, where `interface` is set */
	const char *interface;
	uint8_t to_mac[6];
	uint16_t tag[SEND_MAX_TAGS];
	uint32_t tag_count;
	uint32_t ip_options; /* bytes, a multiple of 4 */
	struct send_customer customer[SEND_MAX_CUSTOMERS];
	uint32_t customer_count;
};

/* ---- nfsend_build.c ---- */

struct send_builder {
	const struct send_options *options;
	uint64_t random;
	uint32_t sequence;
	uint32_t uptime_base_ms; /* of a router that restarted; else 0 */
};

void send_builder_init(struct send_builder *builder, const struct send_options *options);

/** The next datagram of the stream; all its content follows from the seed (not its times). */
void send_build(struct send_builder *builder, struct send_datagram *out);

/** The router restarts: sequence and uptime begin anew. */
void send_builder_restart(struct send_builder *builder);

/* ---- nfsend_tally.c ---- */

/** Reads "ID=PREFIX,PREFIX,…" (without ID= the prefix is the id). -EINVAL. */
int send_customers_parse(struct send_options *options, const char *text, struct nfm_error *error);

void send_tally_add(struct send_tally *tally, const struct send_options *options,
		    const struct send_datagram *datagram);

void send_tally_print(const struct send_tally *tally, const struct send_options *options,
		      uint32_t next_sequence, FILE *to);

/* ---- nfsend_out.c ---- */

struct send_out {
	int fd;
	const struct send_options *options;
	int interface_index;
	uint64_t next_ns; /* when the next datagram may leave */
	uint64_t gap_ns;
};

int send_out_open(struct send_out *out, const struct send_options *options,
		  struct nfm_error *error);

/** Sends one payload at the pace of `rate`. 0 or -errno. */
int send_out_put(struct send_out *out, const void *payload, size_t size);

void send_out_close(struct send_out *out);

/* ---- nfsend_pcap.c ---- */

/**
 * Sends the UDP payloads of a classic pcap (Ethernet, IPv4) in its order. Returns how many, or
 * -errno. Frames without UDP are left out; a file that ends within a frame is -EBADMSG.
 */
int64_t send_pcap(struct send_out *out, const char *path, struct nfm_error *error);

#endif
