/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshot files: the counters of one interval. A fixed header, blocks of compressed entries, and a
 * foot that leads to them, each with a checksum. Written to a temporary name, fsync'd, renamed,
 * folder fsync'd. The layout is in snapshot/format.h.
 */
#ifndef NFM_SNAPSHOT_H
#define NFM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "abi.h"
#include "base/error.h"

/** Time in the interval in which nobody counted: socket mode without an agent. */
struct nfm_snapshot_gap {
	uint64_t from_unix_ns;
	uint64_t to_unix_ns;
};

#define NFM_SNAPSHOT_GAPS 8U
#define NFM_SNAPSHOT_ID_SIZE 256U /* of ids and names, with the terminating NUL */

struct nfm_snapshot_meta {
	uint8_t identity[16]; /* the table's */
	uint64_t epoch;
	uint64_t from_unix_ns;
	uint64_t to_unix_ns;
	uint64_t slot_unix_ns; /* start of the slot in which it began; of version 1: from */
	uint32_t interval_s;   /* of a slot */
	uint32_t flags; /* NFM_SNAPSHOT_… */
	uint32_t earlier_slots; /* that were kept; 0: all bytes stand where they were reported */
	uint32_t gap_count;
	struct nfm_snapshot_gap gap[NFM_SNAPSHOT_GAPS];
};

#define NFM_SNAPSHOT_PARTIAL 0x1U /* shorter than the interval: first, last, or cut by a stop */
#define NFM_SNAPSHOT_MERGED 0x4U /* of several slots: it could not be closed or written in time */
#define NFM_SNAPSHOT_UNBALANCED 0x2U /* up + down + unmatched - local is not the total: a bug */

/** COUNT of CONTRACT. */
struct nfm_snapshot_count {
	uint64_t bytes, packets, flows;
};

static inline void nfm_snapshot_count_add(struct nfm_snapshot_count *to,
					  const struct nfm_snapshot_count *from)
{
	to->bytes += from->bytes;
	to->packets += from->packets;
	to->flows += from->flows;
}

/**
 * Of an entry's bytes those that were sent in the slot `back` slots before the one in which the
 * interval began (1: from slot_unix_ns - interval_s to slot_unix_ns). All others were sent since.
 */
struct nfm_snapshot_earlier {
	uint32_t back; /* ascending, 1 to meta.earlier_slots */
	uint64_t up_bytes;
	uint64_t down_bytes;
};

struct nfm_snapshot_customer {
	const char *id;
	const char *name;
	const struct nfm_prefix *prefixes;
	uint32_t prefix_count;
	struct nfm_snapshot_count up, down;
	const struct nfm_snapshot_earlier *earlier; /* only slots with bytes */
	uint32_t earlier_count;
};

struct nfm_snapshot_stream {
	uint32_t version, domain, unit; /* NFM_UNIT_… */
	uint64_t received, lost, resets; /* since the table was made, as in `exporters` */
};

struct nfm_snapshot_exporter {
	struct nfm_addr addr;
	const char *name;
	uint64_t datagrams, records, bytes, packets; /* of the interval, counted */
	uint64_t rejected_datagrams, rejected_records;
	uint64_t lost; /* units, since the table was made: sum of its streams */
	const struct nfm_snapshot_stream *streams;
	uint32_t stream_count;
};

struct nfm_snapshot_reason {
	uint32_t reason; /* number of reasons.h */
	uint64_t datagrams, records;
};

/* ---- write: sections in the order customers, exporters, reasons ---- */

struct nfm_snapshot_writer;

/** Starts a file in `directory` under a temporary name. */
int nfm_snapshot_writer_open(const char *directory, const struct nfm_snapshot_meta *meta,
			     struct nfm_snapshot_writer **out, struct nfm_error *error);
/**
 * In the order of strcmp(id), each id once (-EINVAL), so that a reader finds one; those with all
 * counts zero may be left out by the caller. -EINVAL: an entry of an earlier
 * section, or a string of more than 255 bytes. After a failure the writer can only be freed.
 */
int nfm_snapshot_writer_customer(struct nfm_snapshot_writer *w,
				 const struct nfm_snapshot_customer *customer);
int nfm_snapshot_writer_exporter(struct nfm_snapshot_writer *w,
				 const struct nfm_snapshot_exporter *exporter);
int nfm_snapshot_writer_reason(struct nfm_snapshot_writer *w,
			       const struct nfm_snapshot_reason *reason);
/** Bytes of `unmatched` or `local` that belong to earlier slots, at any time before the commit. */
void nfm_snapshot_writer_earlier(struct nfm_snapshot_writer *w, uint32_t row,
				 const struct nfm_snapshot_earlier *earlier, uint32_t count);
/** Sets further flags of the file's meta, at any time before the commit. */
void nfm_snapshot_writer_add_flags(struct nfm_snapshot_writer *w, uint32_t flags);
/**
 * Ends the file: totals, compression, checksums, fsync, rename to its final name (never over an
 * existing file: see nfm_snapshot_name), fsync of the folder. `path` gets the final path.
 * Where an entry could not be written, its -errno comes again here, with the text.
 */
int nfm_snapshot_writer_commit(struct nfm_snapshot_writer *w,
			       const struct nfm_snapshot_count *unmatched,
			       const struct nfm_snapshot_count *local,
			       const struct nfm_snapshot_count *total, char *path,
			       size_t path_size, struct nfm_error *error);
/** Frees the writer; an uncommitted temporary file is unlinked. NULL is fine. */
void nfm_snapshot_writer_free(struct nfm_snapshot_writer *w);

/* ---- read ---- */

struct nfm_snapshot_reader;

/**
 * Opens and verifies a whole file (both checksums, lengths, version). -EBADMSG: damaged or
 * truncated; -EPROTONOSUPPORT: a newer version; `error` names the file and what is wrong.
 * Nothing of a damaged file can be read.
 */
int nfm_snapshot_reader_open(const char *path, struct nfm_snapshot_reader **out,
			     struct nfm_error *error);
const struct nfm_snapshot_meta *nfm_snapshot_reader_meta(const struct nfm_snapshot_reader *r);
/** Bytes of `unmatched` (row NFM_ROW_UNMATCHED) or `local` that belong to earlier slots; all up. */
const struct nfm_snapshot_earlier *nfm_snapshot_reader_earlier(const struct nfm_snapshot_reader *r,
							       uint32_t row, uint32_t *count);
/** Entries of the customers' section. */
uint64_t nfm_snapshot_reader_customer_count(const struct nfm_snapshot_reader *r);
void nfm_snapshot_reader_totals(const struct nfm_snapshot_reader *r,
				struct nfm_snapshot_count *unmatched,
				struct nfm_snapshot_count *local,
				struct nfm_snapshot_count *total);
/**
 * Next entry of a section: 1 and *out (its pointers live as long as the reader, until the next
 * call for prefixes, streams and earlier slots), 0 at the end, -EBADMSG. Customers come in the
 * order of strcmp(id) (version 1: of their rows, an id perhaps more than once). Sections come in
 * the order of the file: asking for a later one passes over what is left of the earlier, which then
 * has ended.
 */
int nfm_snapshot_reader_customer(struct nfm_snapshot_reader *r, struct nfm_snapshot_customer *out);
int nfm_snapshot_reader_exporter(struct nfm_snapshot_reader *r, struct nfm_snapshot_exporter *out);
int nfm_snapshot_reader_reason(struct nfm_snapshot_reader *r, struct nfm_snapshot_reason *out);
void nfm_snapshot_reader_free(struct nfm_snapshot_reader *r);

/**
 * Opens a file as nfm_snapshot_reader_open(), but to be read once and front to back: the content is
 * verified as it is read, block by block (version 2; version 1 as a whole, at once). An entry that
 * comes out has been verified; -EBADMSG ends the reading. Strings and lists of an entry live until
 * the next call of any section. Needs about 130 KiB (version 1: 1.5 MiB), whatever the file's size.
 */
int nfm_snapshot_stream_open(const char *path, struct nfm_snapshot_reader **out,
			     struct nfm_error *error);

/**
 * One customer of a file, without reading the others (version 2: header, foot and its block alone,
 * verified). 1 and *reader, which the pointers of *out live by; 0: no traffic in it, and no reader;
 * -errno as nfm_snapshot_reader_open(). The reader also gives meta and totals, and no other entry.
 */
int nfm_snapshot_find_customer(const char *path, const char *id,
			       struct nfm_snapshot_reader **reader,
			       struct nfm_snapshot_customer *out, struct nfm_error *error);

/** Reads and verifies the header only (cheap: for scans of a folder). */
int nfm_snapshot_header_read(const char *path, struct nfm_snapshot_meta *out,
			     struct nfm_error *error);

/* ---- names and slots ---- */

/**
 * Start of the interval that `unix_s` belongs to: `interval_s` seconds each, aligned to local
 * midnight (tm_gmtoff of that moment), so that 86400 gives calendar days.
 */
uint64_t nfm_snapshot_slot_start(uint64_t unix_s, uint32_t interval_s);

/** Start of the next interval, strictly after `unix_s`. */
uint64_t nfm_snapshot_slot_next(uint64_t unix_s, uint32_t interval_s);

/**
 * The oldest moment of which a snapshot may hold bytes, if its own slot is taken to begin at
 * `begin_unix_ns`: its earlier slots before that; 0 where they reach beyond 1970.
 */
uint64_t nfm_snapshot_reach_ns(const struct nfm_snapshot_meta *meta, uint64_t begin_unix_ns);

/**
 * The `attempt`-th name to try for an interval: attempt 0 is "nfmeter.YYYYmmddHHMM" of the slot's
 * start in local time (14 digits if the slot does not start on a minute), attempt 1 the 14
 * digits of `from` itself, then that with ".1", ".2", …
 */
int nfm_snapshot_name(uint64_t from_unix_s, uint32_t interval_s, unsigned int attempt, char *name,
		      size_t size);

/** The time in a snapshot file's name (12 or 14 digits, optional .N), or -EINVAL: not ours. */
int nfm_snapshot_name_parse(const char *name, uint64_t *unix_s);

#endif
