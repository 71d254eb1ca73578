/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rotation: closes the open interval and writes it. The rows stand twice, in two banks; the
 * epoch's lowest bit says which one is counted into. Steps, and what a crash after each finds:
 *
 *   1. from_unix_ns[other bank] = now; epoch + 1 by one 8-byte store: writers turn to that bank
 *   2. grace: wait until no datagram that began before is still being counted (caller's callback)
 *   3. the quiet bank's sums minus its base column = the interval; write the file, fsync, rename
 *   4. base columns of the quiet bank, rows and earlier slots = its sums (may be repeated)
 *   5. committed = the closed epoch, by one 8-byte store
 *
 * Unfinished means committed + 1 < epoch: before step 3's rename it is done again, after it
 * (a file with this identity and epoch exists) it goes on with step 4.
 */
#ifndef NFM_ROTATE_H
#define NFM_ROTATE_H

#include <stdbool.h>

#include "snapshot/snapshot.h"
#include "snapshot/step.h"
#include "table/table.h"

struct nfm_rotate_result {
	char path[4096];     /* the file; empty if there was nothing to write */
	struct nfm_snapshot_meta meta;
	struct nfm_snapshot_count unmatched, local, total;
	uint64_t customers;  /* with traffic in the interval: entries of the file */
	uint64_t lost;	     /* units lost, since the table was made, all streams */
	uint64_t datagrams, records; /* counted in the interval: sums of the exporters' rows */
	uint64_t rejected_datagrams, rejected_records; /* under reasons of kind REJECT */
	uint64_t reason_datagrams[NFM_REASON_ROWS]; /* of the interval; LOST: sets */
	uint64_t reason_records[NFM_REASON_ROWS];
	uint64_t duration_ns;
};

/** True if an interval was closed (step 1) but not committed. */
bool nfm_rotate_pending(const struct nfm_table *t);

/**
 * The slot in which an epoch's interval begins, for its bank: the one of `interval_s` seconds that
 * now_unix_ns lies in, which is now_ns on CLOCK_MONOTONIC. Before that epoch is opened; 0: no slot.
 */
void nfm_rotate_set_slot(struct nfm_table *t, uint64_t epoch, uint64_t now_unix_ns, uint64_t now_ns,
			 uint32_t interval_s);

/**
 * Step 1, in the writer's thread, between two datagrams of its own. -EBUSY if one is pending. The
 * other arguments: of nfm_rotate_set_slot().
 */
int nfm_rotate_flip(struct nfm_table *t, uint64_t now_unix_ns, uint64_t now_ns,
		    uint32_t interval_s);

/**
 * Steps 2 to 5 for the closed epoch, in any thread, one at a time. On an error (disk full …)
 * nothing is lost: call it again. `grace` may be NULL where nothing but the caller writes.
 * No reload of the customers may run meanwhile. With nothing pending: 0 and an empty path.
 */
int nfm_rotate_finish(struct nfm_table *t, const char *directory, uint32_t interval_s,
		      void (*grace)(void), struct nfm_rotate_result *out,
		      struct nfm_error *error);

/**
 * The same; `written` (not NULL) gets the file's path between steps 3 and 4, in this thread. After
 * a crash it comes again: what it makes of the file is there when the interval is committed.
 */
int nfm_rotate_finish_with(struct nfm_table *t, const char *directory, uint32_t interval_s,
			   void (*grace)(void), void (*written)(void *cookie, const char *path),
			   void *cookie, struct nfm_rotate_result *out, struct nfm_error *error);

#endif
