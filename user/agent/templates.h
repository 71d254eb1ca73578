/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Templates in the running agent: the store with its log on disk, and what of it stands in the
 * datapath. Pieces: templates.c (store, log, waiting room), install.c (the datapath's pool).
 */
#ifndef NFM_AGENT_TEMPLATES_H
#define NFM_AGENT_TEMPLATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "flow/decode.h"
#include "flow/store_file.h"
#include "table/table.h"

struct nfm_meter;

/** What we know of the pool's slots beside what stands in them. */
struct nfm_install {
	uint16_t stream[NFM_TEMPLATE_SLOTS]; /* of a linked slot: its stream's slot + 1; else 0 */
	uint8_t used[NFM_TEMPLATE_SLOTS];    /* linked, or unlinked in the round under way */
	uint8_t dirty[NFM_TEMPLATE_SLOTS];   /* of a stream: the store may have another state */
	uint8_t keep[NFM_TEMPLATE_SLOTS];    /* in a round: the store has it */
	uint32_t turn[NFM_TEMPLATE_SLOTS];   /* of a stream: its changes, to see further ones */
	uint32_t next;	   /* where the search for a free slot goes on */
	bool full;	   /* there is none */
	uint64_t token;	   /* our newest one: never the datapath's */
	uint64_t round_ns; /* when the last round ended */
	uint64_t pause_ns; /* and how long it is left alone then */
	uint64_t no_room;  /* templates that found no slot in the last round */
	bool freed;	   /* slots, since it was last looked who found none */
	bool lacks_room;   /* some template found none since then */
	bool any_dirty;
	bool rescan; /* every stream is to be looked at */
};

struct nfm_templates {
	struct nfm_store *store;
	struct nfm_store_file file;
	struct nfm_decoder decoder;
	struct nfm_install install;
	bool waiting_wanted;	   /* a template came: sets may be decoded that waited */
	uint64_t waiting_position; /* how far the look at them has come */
	bool waiting_again;	   /* another template came meanwhile: and then from the begin */
	uint64_t forgotten;	   /* of the store, as counted in the table already */
	uint64_t tidy_ns;	   /* when the log was last looked after */
	struct nfm_log_limit limit;
};

/* ---- templates.c ---- */

/** Store, log and decoder; what the pool of an earlier agent has; the waiting room. */
int nfm_meter_templates_open(struct nfm_meter *meter, struct nfm_error *error);
void nfm_meter_templates_close(struct nfm_meter *meter);

/**
 * Forgets templates and samplers of exporters that are not admitted: what they say otherwise
 * meanwhile nobody hears.
 */
void nfm_meter_templates_forget_removed(struct nfm_meter *meter);

/**
 * Five times a second: counts what has waited and can be decoded now, gives up what has waited too
 * long, brings the log to the disk.
 */
void nfm_meter_templates_tick(struct nfm_meter *meter, uint64_t now_ns);

/* ---- install.c ---- */

/** Reads the pool as an earlier agent left it; one that contradicts itself is emptied. */
void nfm_install_open(struct nfm_meter *meter);

/** What a slot is known by outside of this table; a stream's own has id 0. */
struct nfm_template_name nfm_install_name(const struct nfm_meter *meter,
					  const struct nfm_template_key *key);

/** A stream's templates or samplers have changed: from now on we decode it, until a round. */
void nfm_install_changed(struct nfm_meter *meter, const struct nfm_template_name *name);

/** An exporter was added, or is set otherwise: the next round looks at every stream. */
void nfm_install_changed_all(struct nfm_meter *meter);

/** Now and then: if there is room again, those templates get it that found none. */
void nfm_install_use_room(struct nfm_meter *meter);

/** Whether a round is wanted: then the event loop should not sleep for long. */
bool nfm_install_wanted(const struct nfm_meter *meter);

/**
 * If something is dirty and the last round is long enough ago: a round. Installs, waits for a grace
 * period, takes from the punt ring what came before its end, and arms what is still the same.
 */
void nfm_install_round(struct nfm_meter *meter, uint64_t now_ns);

#endif
