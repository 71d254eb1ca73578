/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The meter: a table with its customers and exporters, as the configuration wants them, and the
 * way of a datagram into it. No event loop in here: `attach` uses it, and so does the agent.
 */
#ifndef NFM_METER_H
#define NFM_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/templates.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "customers/customers.h"
#include "flow/decode.h"
#include "table/journal.h"
#include "table/table.h"
#include "xdp/xdp.h"

#define NFM_METER_STREAMS 4096U /* a power of two; what a table has */

struct nfm_meter {
	const struct nfm_config *config;
	struct nfm_table table;
	struct nfm_xdp xdp; /* program_fd -1: socket mode */
	struct nfm_ring ring; /* consumer_pos NULL: socket mode */
	struct nfm_ring old_ring; /* see nfm_meter_take_over(); consumer_pos NULL: there is none */
	struct nfm_customers customers;
	struct nfm_batch_log *log;
	struct nfm_templates templates;
	struct nfm_datagram datagram; /* under way; large */
	uint32_t *exporter_slot; /* hash of address → exporter + 1 */
	uint32_t exporter_slots; /* a power of two */
	uint16_t stream_first[NFM_METER_STREAMS]; /* hash of a stream's key → stream + 1 */
	uint16_t stream_next[NFM_METER_STREAMS];  /* of a stream: the next one of its hash, + 1 */
	uint32_t stream_indexed; /* streams that these know */
	uint32_t refused_next; /* where the agent's list of refused sources goes on */
	void (*read_sockets)(void *cookie); /* takes what waits in our sockets; NULL: none */
	void *read_sockets_cookie;
	struct nfm_log_limit wire_limit;
	struct nfm_log_limit full_limit;
};

/**
 * Opens the meter. `xdp` (handed over on success) has the table in its maps; NULL: the table is the
 * file RUNTIME/table. A table left by an earlier agent goes on: its journal is finished first.
 */
int nfm_meter_open(struct nfm_meter *meter, const struct nfm_config *config, struct nfm_xdp *xdp,
		   struct nfm_error *error);
void nfm_meter_close(struct nfm_meter *meter);

/** Reads the customers file and makes the table follow. Nothing is changed on an error. */
int nfm_meter_reload(struct nfm_meter *meter, struct nfm_customers_change *change,
		     struct nfm_error *error);

/**
 * What waits in the ring of a program that no agent had, and that gives way to ours, is counted,
 * and the ring unpinned. While the program is still on its NIC more may come: to be called again.
 * Does nothing where no such ring is pinned.
 */
void nfm_meter_take_over(struct nfm_meter *meter);

/** What of a new table's sizes only the agent's configuration says: the waiting room. */
void nfm_meter_geometry(const struct nfm_config *config, struct nfm_geometry *g);

/** Makes the datapath take the configuration's ports; those that stay are taken all the time. */
void nfm_meter_ports_apply(struct nfm_meter *meter);

/** The configuration's interval: for readers; the next rotation opens a slot of that length. */
void nfm_meter_interval_apply(struct nfm_meter *meter);

/** We are there: from the last time on until the next start nobody was. */
void nfm_meter_alive(struct nfm_meter *meter, uint64_t now_unix_ns);

/** Waits until every datagram that the datapath had begun is counted. */
void nfm_meter_grace(void);

/* ---- exporters.c ---- */

/** Makes the exporters' list and the datapath's admission what the configuration says. */
int nfm_meter_exporters_apply(struct nfm_meter *meter, struct nfm_error *error);

/** Row of the exporter at `addr`, or -ENOENT. */
int nfm_meter_exporter_find(const struct nfm_meter *meter, const struct nfm_addr *addr);

/** Adds an exporter in state NFM_EXPORTER_…; its row, or -ENOSPC. */
int nfm_meter_exporter_add(struct nfm_meter *meter, const struct nfm_addr *addr, uint32_t state);

/** Remembers a refused source in the table's list; the oldest makes room. */
void nfm_meter_refuse(struct nfm_meter *meter, const struct nfm_addr *addr, uint64_t now_ns);

/* ---- ingest.c ---- */

/** A datagram as it came: from the socket, or out of the punt ring. */
struct nfm_arrival {
	struct nfm_addr source;
	const uint8_t *payload;
	uint32_t length;
	uint64_t time_ns; /* CLOCK_MONOTONIC, coarse */
	bool uncounted;	  /* nobody has counted it as received yet */
	uint64_t ring;	   /* NFM_JOURNAL_RING_… */
	uint64_t ring_pos; /* NFM_JOURNAL_NO_RING: from the socket */
};

/** Counts or rejects one datagram, whole. Returns NFM_REASON_NONE or the reason. */
uint32_t nfm_meter_take(struct nfm_meter *meter, const struct nfm_arrival *arrival);

/** Takes up to `limit` datagrams out of the punt ring; returns how many. */
unsigned int nfm_meter_drain(struct nfm_meter *meter, unsigned int limit);

/** Takes what stands in the old ring, which nobody counted; returns how many. */
unsigned int nfm_meter_drain_old(struct nfm_meter *meter);

/** Counts a set that waited, if its template has come. */
void nfm_meter_take_waiting(struct nfm_meter *meter, const struct nfm_waiting *waiting);

/** Gives up a set that waited, under a reason of kind LOST. */
void nfm_meter_give_up(struct nfm_meter *meter, const struct nfm_waiting *waiting, uint32_t reason,
		       uint64_t now_ns);

/** Counts datagrams that the kernel dropped before our socket. */
void nfm_meter_socket_drops(struct nfm_meter *meter, uint64_t datagrams, uint64_t now_ns);

/* ---- streams.c ---- */

/** Takes the word of a datagram of the agent's into its stream, behind the log's older lines. */
void nfm_meter_sequence(struct nfm_meter *meter, const struct nfm_seqlog *entry);

/**
 * Takes what the datapath has written to the sequence log, all columns merged by time; lines that
 * are younger than a datagram in the punt ring wait for it.
 */
void nfm_meter_fold(struct nfm_meter *meter);

#endif
