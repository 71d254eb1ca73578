/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests' exporter: sends NetFlow of which every number is known. Pieces: what it is told
 * (nfsend_options.c), what flows there are (nfsend_flow.c), how they are packed (nfsend_build.c,
 * nfsend_template.c), what they sum up to (nfsend_tally.c), how they leave (nfsend_out.c).
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
#define SEND_MAX_LAYOUTS 4U
#define SEND_MAX_FIELDS 32U
#define SEND_USUAL_PAYLOAD 1400U /* without --records: what RouterOS puts into a datagram */

/** What may be wrong with a datagram. X(NAME, "name in --bad", "what it is") */
#define SEND_BAD(X)                                                  \
	X(NONE, "none", "nothing")                                   \
	X(NOTHING, "nothing", "no payload at all")                   \
	X(SHORT, "short", "one byte less than the header")           \
	X(EMPTY, "empty", "a header that announces no record")       \
	X(VERSION, "version", "version 6")                           \
	X(TRUNCATED, "truncated", "the last record lacks a byte")    \
	X(COUNT, "count", "announces 31 records, holds 30 or fewer") \
	X(GARBAGE, "garbage", "random bytes that are no version")    \
	X(SET, "set", "v9, IPFIX: the first set is 3 bytes long")    \
	X(TEMPLATE, "template", "v9, IPFIX: template 255")           \
	X(DATA, "data", "v9, IPFIX: a further set, too short for a record")

#define SEND_BAD_ENUM(name, text, help) SEND_BAD_##name,
enum send_bad { SEND_BAD(SEND_BAD_ENUM) };
#undef SEND_BAD_ENUM

/** A field of a template. */
struct send_field {
	uint16_t id;
	uint16_t length; /* bytes; SEND_VARIABLE */
	uint32_t enterprise;
};

#define SEND_VARIABLE 65535U
#define SEND_VARIABLE_MOST 24U /* bytes that a variable field of ours has */
#define SEND_SAMPLER_MOST 8U   /* bytes of a sampler's id */

struct send_layout {
	const char *name;
	uint16_t id;
	uint8_t family; /* of its addresses: 4 or 6 */
	uint8_t count;
	struct send_field field[SEND_MAX_FIELDS];
};

/** One flow record. Addresses: IPv4 in the first four bytes, the rest zero. */
struct send_flow {
	uint8_t src[16], dst[16];	    /* as the record's own addresses say it */
	uint8_t post_src[16], post_dst[16]; /* after NAT; the same without */
	bool has_post;			    /* the record can say it */
	uint8_t family;
	uint8_t bytes_size; /* of the byte counter on the wire */
	bool has_times;
	uint64_t bytes, packets; /* what passed the router */
	uint64_t wire_bytes;	 /* what its counter says: less, where it wrapped */
	uint32_t age_ms;	 /* since the last packet */
	uint32_t duration_ms;
};

struct send_datagram {
	uint8_t payload[SEND_MAX_PAYLOAD];
	size_t size;
	struct send_flow flow[SEND_MAX_RECORDS];
	uint32_t count;		/* of flow */
	uint32_t units;		/* that its stream's sequence goes on by */
	uint32_t options;	/* options records */
	bool has_templates;	/* or options: it keeps its place, and is never left out */
	bool is_redefinition;
};

struct send_customer {
	char id[64];
	uint8_t addr[16]; /* IPv4 in the first four bytes */
	uint64_t half[2], mask[2]; /* the same in host order, to compare */
	uint8_t family, bits;
	uint32_t owner; /* index of the first entry with this id: it has the counts */
};

struct send_count {
	uint64_t bytes, packets, flows;
};

/** Remarks on records that a collector should make. */
struct send_notes {
	uint64_t wrapped, repaired, empty, same, implausible;
};

/** Sums of what was sent, by the collector's rules. */
struct send_tally {
	struct send_count up[SEND_MAX_CUSTOMERS], down[SEND_MAX_CUSTOMERS];
	struct send_count unmatched, local, total;
	struct send_notes notes;
	uint64_t datagrams; /* sent and whole */
	uint64_t bad;	    /* sent and wrong */
	uint64_t left_out_datagrams, left_out_units;
	uint64_t twice, swapped;
	uint64_t with_templates, redefinitions, options; /* of the datagrams that were sent */
};

struct send_options {
	struct sockaddr_in6 to, from; /* IPv4 as mapped addresses */
	bool from_set;
	uint32_t version, datagrams; /* with data; those of templates come on top */
	uint32_t records;	     /* of a datagram; 0: as many as routers do */
	uint64_t seed;
	uint32_t rate;			 /* datagrams per second */
	uint32_t sampling;		 /* of v5's header; 0: none */
	uint32_t expect_num, expect_den; /* factor that the collector is set to; 0: as announced */
	uint32_t engine;
	uint32_t sequence;
	uint32_t uptime_ms;		     /* 0: this machine's */
	uint32_t lose, swap, twice, restart; /* every so many datagrams; 0: never */
	/* v9 and IPFIX */
	struct send_layout layout[SEND_MAX_LAYOUTS]; /* taken in turn */
	uint32_t layout_count;
	uint32_t template_every; /* datagrams with data; 0: once */
	bool template_in_data;
	bool template_late;   /* not before the first datagram */
	uint32_t redefine;    /* every so many datagrams with data; 0: never */
	uint32_t announce;    /* sampling 1:N by options data; 0: none */
	uint32_t announce_id; /* of the sampler; 0: for the whole stream */
	uint32_t unit;	      /* NFM_UNIT_…; NONE: as the version's standard has it */
	/* flows */
	uint8_t nat[16]; /* the router's public address */
	uint8_t nat_family; /* 0: none */
	uint32_t wrap_every, odd_every; /* records */
	uint32_t age_ms, duration_ms;	/* of each flow; duration 0: random, both */
	uint32_t bytes;			/* of each flow; 0: random */
	bool ignore_nat, repair_wraps;	/* what the collector is told to do */
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

/* ---- nfsend_options.c ---- */

/** Reads "--name value" pairs over `options`, which has the defaults. -EINVAL with the reason. */
int send_options_read(struct send_options *options, int argc, char **argv,
		      struct nfm_error *error);

/* ---- nfsend_build.c ---- */

struct send_builder {
	const struct send_options *options;
	uint64_t random;	/* of the flows */
	uint64_t layout_random; /* of redefinitions */
	uint32_t sequence;
	uint32_t uptime_base_ms; /* of a router that restarted; else 0 */
	uint32_t built;		 /* datagrams with data */
	uint64_t flows;
	bool announced; /* the datagram that is next has had its templates */
	bool restarted; /* templates have to be announced again */
	struct send_layout layout[SEND_MAX_LAYOUTS]; /* as they are now */
};

void send_builder_init(struct send_builder *builder, const struct send_options *options);

/** The next datagram of the stream; all its content follows from the seed (not its times). */
void send_build(struct send_builder *builder, struct send_datagram *out);

/** The router restarts: sequence and uptime begin anew, templates are announced anew. */
void send_builder_restart(struct send_builder *builder);

uint64_t send_random(uint64_t *state);
void send_random_bytes(struct send_builder *builder, uint8_t *to, size_t size);
uint32_t send_uptime_ms(const struct send_builder *builder);
uint8_t *send_put16(uint8_t *at, uint32_t value);
uint8_t *send_put32(uint8_t *at, uint32_t value);

/* ---- nfsend_flow.c ---- */

/** What a record can say: limits of its fields. */
struct send_form {
	uint8_t family;
	uint8_t bytes_size; /* of the byte counter */
	bool has_post;
	bool has_times;
};

void send_random_flow(struct send_builder *builder, const struct send_form *form,
		      struct send_flow *flow);

/* ---- nfsend_template.c ---- */

/** The layout of this name; NULL. */
const struct send_layout *send_layout_find(const char *name);

/** Bytes of a layout's longest record. */
uint32_t send_layout_most(const struct send_layout *layout);
struct send_form send_layout_form(const struct send_layout *layout);

/** Whether a datagram of templates alone is next. */
bool send_template_is_due(const struct send_builder *builder);

/** v9 or IPFIX: templates alone, or data (with their templates in front if told so). */
void send_template_build(struct send_builder *builder, bool templates_alone,
			 struct send_datagram *out);

/* ---- nfsend_tally.c ---- */

/** Reads "ID=PREFIX,PREFIX,…" (without ID= the prefix is the id). -EINVAL. */
int send_customers_parse(struct send_options *options, const char *text, struct nfm_error *error);

void send_tally_add(struct send_tally *tally, const struct send_options *options,
		    const struct send_datagram *datagram);

/** The sums as one line of JSON. */
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
