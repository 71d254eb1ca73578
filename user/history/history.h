/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What customers had over time, out of snapshot files and rollups. Pure: folders of files, `now` as
 * an argument; no table, no agent. Used by the CLI and by the agent's API.
 *
 * A cell is an amount of bytes (packets, flows) over a time [from, to). Cells come from
 *   - rollups (history/series.h): one file per day and resolution, by customer;
 *   - snapshots that no rollup names as its source: an entry's earlier bytes over their slots, its
 *     other bytes, packets and flows over [slot_unix_ns, to_unix_ns).
 * A cell is spread evenly over the steps that it touches, by differences of floors, so that the
 * parts of any split of any range add up to it, exactly.
 */
#ifndef NFM_HISTORY_H
#define NFM_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "snapshot/snapshot.h"

/** A whole history's bounds: what one answer may hold. */
#define NFM_HISTORY_POINTS_MOST 1000000U

/**
 * Steps are seconds of a regular grid from `from` on, or calendar days and months of local time
 * (the TZ of the process), which are not all of one length.
 */
enum nfm_history_unit { NFM_STEP_SECONDS, NFM_STEP_DAYS, NFM_STEP_MONTHS };

struct nfm_history_range {
	uint64_t from_unix_s;
	uint64_t to_unix_s; /* excluded */
	enum nfm_history_unit unit;
	uint32_t step; /* seconds, days or months to a step; 0: one step, the range */
};

/** What is known of a step or a range, beside the amounts. */
struct nfm_history_quality {
	uint64_t covered_ms; /* time in which counting went on: of it nothing is missing but loss */
	uint64_t lost_records; /* missed by streams whose sequence counts records */
	uint64_t lost_datagrams; /* and by those whose sequence counts datagrams */
	uint64_t rejected_records;
	uint64_t rejected_datagrams;
	uint64_t unbalanced; /* snapshots that were marked so */
};

struct nfm_history_point {
	uint64_t from_unix_s;
	uint64_t to_unix_s;
	struct nfm_snapshot_count up, down;
	struct nfm_history_quality quality;
};

/**
 * Rates over samples of `sample_s` seconds that are covered at least by half; of one that is not
 * covered wholly, over its covered time.
 */
struct nfm_history_rates {
	/* 300, or the interval if that is longer; coarser where only coarse rollups are left */
	uint32_t sample_s;
	uint32_t samples;
	uint64_t up_average_bps, down_average_bps; /* over the covered time */
	uint64_t up_most_bps, down_most_bps;
	uint64_t up_percentile_bps, down_percentile_bps; /* nearest rank */
	uint64_t larger_percentile_bps; /* of these two */
};

struct nfm_history_gap {
	uint64_t from_unix_s;
	uint64_t to_unix_s;
};

#define NFM_HISTORY_GAPS 64U /* listed; more are counted */

/** What stands beside every answer. */
struct nfm_history_head {
	uint64_t from_unix_s, to_unix_s;
	struct nfm_history_quality quality;
	/*
	 * Of the range what is over, and covered_ms a part of it: until now, or to the end of the
	 * newest snapshot if the next one is not due yet.
	 */
	uint64_t elapsed_ms;
	uint32_t finest_s;   /* resolution of the data: the coarsest of what was used */
	uint32_t gap_count;  /* all of them, of a tenth of a second or more */
	struct nfm_history_gap gap[NFM_HISTORY_GAPS];
	uint32_t damaged; /* files that could not be read: named in the log or on stderr */
};

/** Whose: a customer's id, or one of the pseudo-customers. */
enum nfm_history_kind { NFM_HISTORY_CUSTOMER, NFM_HISTORY_UNMATCHED, NFM_HISTORY_LOCAL };

struct nfm_history_options {
	const char *directory; /* of the snapshots; rollups are in its folder `rollup` */
	uint64_t now_unix_s;
	unsigned int percentile; /* 1 to 100; 0: 95 */
	/* Called now and then, `done` of `all` (files); not 0 ends the work with -ECANCELED. */
	int (*progress)(void *cookie, uint64_t done, uint64_t all);
	/* A file that could not be read; the answer is made of the others. May be NULL. */
	void (*damaged)(void *cookie, const struct nfm_error *error);
	void *cookie;
};

/** One customer over time. Everything is malloc'd; zero it first. */
struct nfm_history {
	struct nfm_history_head head;
	char id[NFM_SNAPSHOT_ID_SIZE];
	char name[NFM_SNAPSHOT_ID_SIZE];
	struct nfm_history_point *point;
	uint32_t point_count;
	struct nfm_history_rates rates;
	bool found; /* some file knows this customer */
};

/**
 * -EINVAL: the range is empty or has too many points; -ENOENT: no folder. A customer that no file
 * knows is no error: `found` is false.
 */
int nfm_history_read(const struct nfm_history_options *options, enum nfm_history_kind kind,
		     const char *id, const struct nfm_history_range *range,
		     struct nfm_history *out, struct nfm_error *error);
void nfm_history_clear(struct nfm_history *history);

/**
 * Points of several customers, read together: `out` has room for `count`, and stays on failure.
 * They have no rates. Errors as nfm_history_read().
 */
int nfm_history_read_points(const struct nfm_history_options *options, const char *const *ids,
			    uint32_t count, const struct nfm_history_range *range,
			    struct nfm_history *out, struct nfm_error *error);

/** One customer's line of a report. Strings live until the next line. */
struct nfm_report_line {
	enum nfm_history_kind kind;
	const char *id;
	const char *name;
	struct nfm_snapshot_count up, down;
	struct nfm_history_rates rates;
};

/**
 * All customers that had traffic in the range, in the order of strcmp(id), `unmatched` and `local`
 * last: `line` is called for each (not 0 ends the walk and comes back). Memory does not grow
 * with the number of customers times that of samples. `head` is filled before the first line;
 * head->damaged may grow until the end. Many snapshots that are not rolled up are merged
 * through temporary files in TMPDIR.
 * More threads than one may be used inside; `line` is called by the caller's.
 */
int nfm_report_read(const struct nfm_history_options *options, uint64_t from_unix_s,
		    uint64_t to_unix_s, struct nfm_history_head *head,
		    int (*line)(void *cookie, const struct nfm_report_line *line), void *cookie,
		    struct nfm_error *error);

#endif
