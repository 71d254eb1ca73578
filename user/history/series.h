/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A rollup's file: points of equal steps, by customer. Header, the names of its sources, each
 * entry's columns: the bytes of all customers together (what a report reads), then all other
 * columns; last the ids and an index that is sorted by (kind, id) and searched without reading the
 * rest. A column is packed: which points are not zero, and those in as few bytes each as the
 * largest needs. Everything has a checksum: header, sources, and of each entry its line of the
 * index, its bytes and its other columns. The layout is in history/series_format.h.
 */
#ifndef NFM_SERIES_H
#define NFM_SERIES_H

#include <stdint.h>

#include "base/error.h"
#include "history/cells.h"
#include "snapshot/snapshot.h"

#define NFM_SERIES_POINTS_MOST 100000U

/* Kinds of entries, in the order of the file; three are those of enum nfm_history_kind. */
enum nfm_series_kind {
	NFM_SERIES_CUSTOMER,
	NFM_SERIES_UNMATCHED,
	NFM_SERIES_LOCAL,
	NFM_SERIES_QUALITY, /* columns: enum nfm_cell_quality */
	NFM_SERIES_KINDS,
};

struct nfm_series_head {
	struct nfm_grid grid;
	uint32_t points;
	uint64_t entries;
	uint32_t sources; /* snapshot files that are in it */
};

struct nfm_series_entry {
	enum nfm_series_kind kind;
	const char *id; /* these live as long as the reader */
	const char *name;
	uint64_t number; /* in the index */
};

/* ---- write ---- */

struct nfm_series_writer;

/** Starts `directory`/`name` under a temporary name. `sources`: names of files, any order. */
int nfm_series_writer_open(const char *directory, const char *name, const struct nfm_grid *grid,
			   const char *const *sources, uint32_t source_count,
			   struct nfm_series_writer **out, struct nfm_error *error);

/**
 * In the order of (kind, strcmp(id)), each once (-EINVAL); an entry of zeroes may be left out. A
 * column that is NULL is all zero. After a failure the writer can only be freed; commit says it
 * again.
 */
int nfm_series_writer_add(struct nfm_series_writer *w, enum nfm_series_kind kind, const char *id,
			  const char *name, uint64_t *const column[NFM_CELL_COLUMNS]);

/** fsync, rename, fsync of the folder. */
int nfm_series_writer_commit(struct nfm_series_writer *w, struct nfm_error *error);
void nfm_series_writer_free(struct nfm_series_writer *w);

/* ---- read ---- */

struct nfm_series_reader;

/**
 * Opens and verifies header and sources; cheap, whatever the number of entries (mapped, not
 * copied). -EBADMSG, -EPROTONOSUPPORT.
 */
int nfm_series_reader_open(const char *path, struct nfm_series_reader **out,
			   struct nfm_error *error);
const struct nfm_series_head *nfm_series_reader_head(const struct nfm_series_reader *r);

/** The `number`-th source's file name, in the order of strcmp; NULL behind the last one. */
const char *nfm_series_reader_source(const struct nfm_series_reader *r, uint32_t number);

/**
 * 1 and the entry, 0: none of this kind and id, or -EBADMSG: a line of the index on the way there
 * is damaged (each is verified when it is looked at). By binary search. `id` matters for customers
 * only; of the other kinds there is one entry each.
 */
int nfm_series_reader_find(const struct nfm_series_reader *r, enum nfm_series_kind kind,
			   const char *id, struct nfm_series_entry *out);

/** The entry with this number, for walks in order: 1, 0 behind the last one, or -EBADMSG. */
int nfm_series_reader_entry(const struct nfm_series_reader *r, uint64_t number,
			    struct nfm_series_entry *out);

/**
 * Unpacks columns of an entry into arrays of head.points; those that are NULL are left out. Bytes
 * alone (a report's need) are read without touching the rest. -EBADMSG: damaged. Threads may read
 * from one reader at once.
 */
int nfm_series_reader_columns(const struct nfm_series_reader *r,
			      const struct nfm_series_entry *entry,
			      uint64_t *const column[NFM_CELL_COLUMNS]);

void nfm_series_reader_free(struct nfm_series_reader *r);

#endif
