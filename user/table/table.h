/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table: rows, names, pages and accounts, mapped into memory. It stands in BPF maps (XDP
 * mode) or in one shared file (socket mode); who reads it sees no difference.
 */
#ifndef NFM_TABLE_H
#define NFM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "base/error.h"
#include "layout.h"
#include "reasons.h"

/*
 * X(member, map name, element type, elements): every mapped part of the table.
 * The map names are those of bpf/maps.h; a table file holds the parts in this order.
 */
#define NFM_TABLE_PARTS(X)                                                                        \
	X(ctl, "nfm_ctl", struct nfm_ctl, 1)                                                      \
	X(rows, "nfm_rows", struct nfm_row, nfm_table_row_count(g))                               \
	X(pages, "nfm_pages", struct nfm_page, (g)->pages)                                        \
	X(names, "nfm_names", struct nfm_name, (g)->capacity)                                     \
	X(prefixes, "nfm_prefixes", struct nfm_prefix, (g)->prefixes)                             \
	X(exporters, "nfm_exporters", struct nfm_exporter, (g)->exporters)                        \
	X(streams, "nfm_streams", struct nfm_stream, (g)->streams)                                \
	X(seqlog, "nfm_seqlog", struct nfm_seqlog,                                                \
	  (g)->columns *((g)->seqlog_entries + NFM_SEQLOG_HEAD))                                  \
	X(templates, "nfm_templates", struct nfm_template_pool, 1)                                \
	X(waiting, "nfm_waiting", struct nfm_waiting_page, (g)->waiting_pages)                    \
	X(refused, "nfm_refused", struct nfm_refused, NFM_REFUSED_ENTRIES)                        \
	X(earlier, "nfm_earlier", struct nfm_row, nfm_table_earlier_count(g))                     \
	X(journal, "nfm_journal", struct nfm_journal, 1)

struct nfm_table {
	struct nfm_geometry geometry;
	struct nfm_ctl *ctl;
	struct nfm_row *rows;
	struct nfm_page *pages;
	struct nfm_name *names;
	struct nfm_prefix *prefixes;
	struct nfm_exporter *exporters;
	struct nfm_stream *streams;
	struct nfm_seqlog *seqlog;
	struct nfm_template_pool *templates;
	struct nfm_waiting_page *waiting;
	struct nfm_refused *refused;
	struct nfm_row *earlier; /* columns as those of rows; see nfm_table_earlier() */
	struct nfm_journal *journal;
	bool in_maps;	   /* BPF maps, else one file */
	bool writable;
	int refusals_fd;   /* the datapath's LRU map of refused sources; -1 in a file */
	void *file_memory; /* the whole mapping of a table file */
	uint64_t file_size;
};

static inline uint32_t nfm_table_row_count(const struct nfm_geometry *g)
{
	return (NFM_BANKS * g->columns + NFM_BANKS) * g->stride;
}

/** Rows of the part `earlier`; of a table that keeps no earlier slots one for each column. */
static inline uint64_t nfm_table_earlier_count(const struct nfm_geometry *g)
{
	uint64_t rows = (uint64_t)g->capacity * nfm_earlier_rows(g);

	return (NFM_BANKS * g->columns + NFM_BANKS) * (rows ? rows : 1);
}

/** How many customers have room: rows less those that are no customers. */
static inline uint32_t nfm_table_customers(const struct nfm_geometry *g)
{
	return g->capacity - NFM_ROW_FIRST;
}

static inline uint32_t nfm_table_agent_column(const struct nfm_table *t)
{
	return t->geometry.columns - 1;
}

static inline struct nfm_row *nfm_table_row(const struct nfm_table *t, uint32_t bank,
					    uint32_t column, uint32_t row)
{
	return &t->rows[nfm_row_index(&t->geometry, bank, column, row)];
}

static inline struct nfm_row *nfm_table_base(const struct nfm_table *t, uint32_t bank, uint32_t row)
{
	return &t->rows[nfm_base_index(&t->geometry, bank, row)];
}

/**
 * A customer row's earlier slots: nfm_earlier_rows() rows with slot[], of a column in a bank. Only
 * where geometry.earlier_slots is not 0.
 */
static inline struct nfm_row *nfm_table_earlier(const struct nfm_table *t, uint32_t bank,
						uint32_t column, uint32_t row)
{
	return &t->earlier[nfm_earlier_index(&t->geometry, bank * t->geometry.columns + column,
					     row)];
}

static inline struct nfm_row *nfm_table_earlier_base(const struct nfm_table *t, uint32_t bank,
						     uint32_t row)
{
	return &t->earlier[nfm_earlier_index(&t->geometry,
					     NFM_BANKS * t->geometry.columns + bank, row)];
}

/** A row by the index that the journal has: behind the table's rows come those of `earlier`. */
static inline struct nfm_row *nfm_table_row_at(const struct nfm_table *t, uint64_t index)
{
	uint32_t rows = nfm_table_row_count(&t->geometry);

	return index < rows ? &t->rows[index] : &t->earlier[index - rows];
}

/** Row number of an exporter, and of a reason, within a column. */
static inline uint32_t nfm_table_exporter_row(const struct nfm_table *t, uint32_t exporter)
{
	return t->geometry.capacity + exporter;
}

static inline uint32_t nfm_table_reason_row(const struct nfm_table *t, uint32_t reason)
{
	return t->geometry.capacity + t->geometry.exporters + reason;
}

/** Row number of an exporter's notes. */
static inline uint32_t nfm_table_notes_row(const struct nfm_table *t, uint32_t exporter)
{
	return t->geometry.capacity + t->geometry.exporters + NFM_REASON_ROWS + exporter;
}

/**
 * A geometry with room for `customers`; `pages` 0: as many as they mostly need. See abi.h. The
 * waiting room has its default size, 16 MiB.
 */
void nfm_table_geometry_init(struct nfm_geometry *g, uint32_t columns, uint32_t customers,
			     uint32_t exporters, uint32_t pages);

/**
 * Gives the geometry as many earlier slots as 30 minutes need at this interval, or as
 * `memory_bytes` hold. Returns how many are needed.
 */
uint32_t nfm_table_geometry_earlier(struct nfm_geometry *g, uint32_t interval_s,
				    uint64_t memory_bytes);

/** 0 if magic, ABI version and sizes are those of this build, else -EPROTO with the reason. */
int nfm_table_geometry_check(const struct nfm_geometry *g, struct nfm_error *error);

/**
 * Makes (or opens, if one of this geometry is there) the table file `path` for writing.
 * -EPROTO if the file is not a table of this build and geometry.
 */
int nfm_table_file_create(const char *path, const struct nfm_geometry *g, struct nfm_table *out,
			  struct nfm_error *error);

/** Opens an existing table file; read-only unless `writable`. */
int nfm_table_file_open(const char *path, bool writable, struct nfm_table *out,
			struct nfm_error *error);

/**
 * Maps the table out of BPF maps. `map_fd(cookie, map name)` returns a new fd, which this
 * function closes, or -errno; the geometry comes from the .rodata map: "nfmeter.rodata".
 */
int nfm_table_maps_open(int (*map_fd)(void *cookie, const char *name), void *cookie, bool writable,
			struct nfm_table *out, struct nfm_error *error);

/** What nfm_table_maps_open() checks, without mapping: that takes long where a table is large. */
int nfm_table_maps_check(int (*map_fd)(void *cookie, const char *name), void *cookie,
			 struct nfm_geometry *out, struct nfm_error *error);

/**
 * As nfm_table_maps_open() from the pins under `directory`. -ENOENT: nothing is pinned. Unless
 * `writable`, neither the mappings nor refusals_fd can be made so.
 */
int nfm_table_pins_open(const char *directory, bool writable, struct nfm_table *out,
			struct nfm_error *error);

/** The id of the program pinned beside them; 0: none, or not to be told. */
uint32_t nfm_table_pins_program(const char *directory);

void nfm_table_close(struct nfm_table *t);

/** Adds `from`'s counters to `to`; times merge by maximum. */
void nfm_row_add(struct nfm_row *to, const struct nfm_row *from);

/** Counters of a row since the table was made: all columns of both banks. */
void nfm_table_sum(const struct nfm_table *t, uint32_t row, struct nfm_row *out);

/** The same, of the kernel's columns only, or of the agent's only. */
void nfm_table_sum_kernel(const struct nfm_table *t, uint32_t row, struct nfm_row *out);
void nfm_table_sum_agent(const struct nfm_table *t, uint32_t row, struct nfm_row *out);

/** Counters of a row in one bank, all columns: what a rotation sums. */
void nfm_table_sum_bank(const struct nfm_table *t, uint32_t bank, uint32_t row,
			struct nfm_row *out);

/** Sources that were refused, merged from map and list, newest first; at most `size`. */
int nfm_table_refused(const struct nfm_table *t, struct nfm_refused *out, uint32_t size);

/** Name and kind of a reason; NULL and -1 where the number is unused. */
const char *nfm_reason_name(uint32_t reason);
int nfm_reason_kind(uint32_t reason);
const char *nfm_reason_help(uint32_t reason);

#endif
