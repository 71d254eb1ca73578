/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Templates in the running agent: the store with its log on disk, and what of it stands in the datapath.
 * Pieces: templates.c (store, log, waiting room), install.c (the datapath's pool).
 */
#ifndef NFM_AGENT_TEMPLATES_H
#define NFM_AGENT_TEMPLATES_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/decode.h"
#include "flow/store_file.h"
#include "table/table.h"

struct nfm_meter;

/** One stream as the datapath's pool has it, or shall. */
struct nfm_install_stream {
	struct nfm_template_key key; /* id 0 */
	uint32_t slot;		     /* UINT32_MAX: none yet */
	bool dirty;		     /* what is installed is not what the store has */
	uint64_t token;		     /* as read at the round's begin */
	uint32_t turn;		     /* changes of its templates, to see one that comes meanwhile */
	uint32_t turn_installed;
};

struct nfm_install {
	struct nfm_install_stream *stream; /* malloc'd */
	uint32_t stream_count, stream_size;
	uint64_t token_next;	/* our own tokens: never the datapath's */
	uint64_t round_ns;	/* when the last round ended */
	uint8_t used[NFM_TEMPLATE_SLOTS]; /* slots in use: linked, or not yet free again */
	uint64_t full;		/* templates that found no slot */
	bool any_dirty;
};

struct nfm_templates {
	struct nfm_store *store;
	struct nfm_store_file file;
	struct nfm_decoder decoder;
	struct nfm_install install;
	bool waiting_wanted;	/* a template came, and sets wait: nfm_meter_waiting() */
	uint64_t waiting_sets;	/* in the room */
	uint64_t forgotten;	/* of the store, as counted in the table already */
};

/** Store, log and decoder; reads back what the table's pool still knows. In XDP mode everything is dirty. */
int nfm_meter_templates_open(struct nfm_meter *meter, struct nfm_error *error);
void nfm_meter_templates_close(struct nfm_meter *meter);

/** Counts what has waited and can be decoded now, gives up what has waited too long; logs, tidies. */
void nfm_meter_waiting(struct nfm_meter *meter, uint64_t now_ns);

/** ---- install.c ---- */

/** Reads the pool of a table that an earlier agent left: which slots are used, and by whom. */
int nfm_install_open(struct nfm_meter *meter);
void nfm_install_close(struct nfm_install *install);

/** A stream's templates have changed, or how its exporter is set: at once it is decoded by us. */
void nfm_install_changed(struct nfm_meter *meter, const struct nfm_template_name *name);

/** The configuration may have changed any exporter. */
void nfm_install_changed_all(struct nfm_meter *meter);

/**
 * If something is dirty and the last round is long enough ago: a round. Installs, waits for a grace period, takes
 * from the punt ring what came before its end, and arms what has not changed meanwhile.
 */
void nfm_install_round(struct nfm_meter *meter, uint64_t now_ns);

/** Whether the datapath decodes this template's data at the moment; for `templates`, from the table alone. */
bool nfm_install_is_in_kernel(const struct nfm_table *t, const struct nfm_template_key *key,
			      const uint8_t *raw, uint32_t raw_bytes);

#endif
