/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rotation's thread: sums, compression, fsync and expiry beside the event loop, so that a slow
 * disk delays no datagram. One job at a time.
 */
#ifndef NFM_ROTATION_H
#define NFM_ROTATION_H

#include <pthread.h>
#include <stdbool.h>

#include "base/log.h"
#include "config/config.h"
#include "snapshot/expire.h"
#include "snapshot/rotate.h"

enum nfm_rotation_state {
	NFM_ROTATION_IDLE,
	NFM_ROTATION_WORK,
	NFM_ROTATION_DONE,
	NFM_ROTATION_STOP,
};

struct nfm_rotation {
	const struct nfm_config *config;
	struct nfm_table *table;
	int event_fd; /* readable once a job is done */
	pthread_t thread;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	enum nfm_rotation_state state;
	int sync_fd; /* a file that the next job brings to the disk, and closes; -1: none */
	/* the job's outcome, valid in NFM_ROTATION_DONE */
	int outcome;
	struct nfm_rotate_result result;
	int expire_outcome;
	struct nfm_expire_result expired;
	struct nfm_error error;
	struct nfm_error expire_error;
	struct nfm_log_limit failed_limit, expire_limit;
	int nfdump_outcome; /* of the interval's nfdump file, if one is wanted */
	struct nfm_error nfdump_error;
	struct nfm_log_limit nfdump_limit;
	uint64_t file_bytes; /* of the snapshot */
	bool expire_ran;
	/* of the folder's file system, as the last job has left it; read at any time */
	uint64_t disk_free_bytes, disk_size_bytes;
};

int nfm_rotation_open(struct nfm_rotation *r, const struct nfm_config *config,
		      struct nfm_table *table, struct nfm_error *error);

/** The wall clock's next boundary of intervals. */
uint64_t nfm_rotation_boundary_ns(uint64_t now_unix_ns, uint32_t interval_s);

/**
 * True if the open interval, which was to end at `boundary_ns`, ends now: at its boundary, or at
 * once if the wall clock was set back, or else nothing would end until the clock is there again.
 */
bool nfm_rotation_is_due(uint64_t now_unix_ns, uint64_t boundary_ns, uint32_t interval_s);

/** True if a job is under way, or done and not yet fetched. */
bool nfm_rotation_busy(struct nfm_rotation *r);

/** Starts the job for the interval that was closed (nfm_rotate_flip). */
void nfm_rotation_start(struct nfm_rotation *r);

/** True once, when the job is done: its outcome is in `r` until the next start. */
bool nfm_rotation_fetch(struct nfm_rotation *r);

/** Waits for a job under way, and ends the thread. */
void nfm_rotation_close(struct nfm_rotation *r);

/** The log's line of a rotation: totals, loss, reasons, in fields that grep finds. */
void nfm_rotation_log(struct nfm_rotation *r);

#endif
