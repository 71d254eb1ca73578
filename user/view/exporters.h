/* SPDX-License-Identifier: GPL-2.0-only */
/* Exporters as `exporters` and `top` show them. */
#ifndef NFM_VIEW_EXPORTERS_H
#define NFM_VIEW_EXPORTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/view.h"
#include "table/table.h"

struct nfm_exporter_view {
	struct nfm_addr addr;
	const char *name;  /* NULL: none */
	const char *state; /* ok, stale, never, refused */
	uint32_t exporter; /* its index in the table; UINT32_MAX: a refused source */
	uint64_t datagrams; /* counted and rejected */
	uint64_t records;
	uint64_t bytes;
	uint64_t lost;	   /* units, of all its streams */
	uint64_t received; /* units */
	uint64_t last_seen_ns; /* CLOCK_MONOTONIC */
	struct nfm_row notes;  /* the member of this name; a refused source has none */
};

struct nfm_exporters_view {
	struct nfm_exporter_view *list; /* malloc'd; refused sources come last, newest first */
	uint32_t count;
};

/** Reads all exporters and refused sources. Names point into the table. -ENOMEM. */
int nfm_exporters_read(const struct nfm_table *t, uint32_t interval_s,
		       const struct nfm_view_clock *now, struct nfm_exporters_view *out,
		       struct nfm_error *error);
void nfm_exporters_clear(struct nfm_exporters_view *view);

/** The next stream in use of an exporter, from *at on, which moves; NULL: no further one. */
const struct nfm_stream *nfm_exporters_next_stream(const struct nfm_table *t, uint32_t exporter,
						   uint32_t *at);

/** "NAME (ADDRESS)" or "ADDRESS"; `buf` of at least 104 bytes. Returns buf. */
char *nfm_exporters_label(const struct nfm_exporter_view *exporter, char *buf, size_t size);

/** 0.0.0.0 or ::, from which a router sends that was given no src-address. */
bool nfm_exporters_is_unspecified(const struct nfm_addr *addr);

#endif
