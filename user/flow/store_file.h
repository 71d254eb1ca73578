/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The template store on disk: DIRECTORY/templates, a log (store_format.h). Each change is appended
 * by one write(2) before the datagram that brought it is done with, so that `kill -9` loses none;
 * an entry that was cut short or damaged is left out. The log is written anew, to a temporary name,
 * once it is mostly history. Pieces: store_file.c (writing), store_load.c (reading).
 */
#ifndef NFM_STORE_FILE_H
#define NFM_STORE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/store.h"

#define NFM_STORE_FILE "templates" /* its name in [collector] directory */

struct nfm_store_file {
	int fd;		 /* -1: closed; nothing is kept then */
	char path[4112]; /* "": never opened */
	uint64_t seed;	     /* of the log's sums */
	uint64_t bytes;	     /* of the log */
	uint64_t live_bytes; /* that a new log would have, when last looked at */
	int last_error;	     /* 0 or -errno: why the log lacks something */
	bool unsynced;
};

/**
 * Reads `path` into the store, which should be empty and have no listener; a missing file is an
 * empty one. Damaged entries are left out and counted in *damaged, and what they may have replaced
 * goes with them; one cut short at the end, as while the agent appends, is counted, too. -errno of
 * open(2) and read(2) or -ENOMEM with the reason, never for what the file holds.
 */
int nfm_store_file_load(const char *path, struct nfm_store *store, uint32_t *damaged,
			struct nfm_error *error);

/**
 * Opens the log for appending, written anew from the store. -errno with the reason; *file is closed
 * then, and all below may still be called.
 */
int nfm_store_file_open(struct nfm_store_file *file, const char *path,
			const struct nfm_store *store, struct nfm_error *error);

/** Appends one change: call it from nfm_store_listen()'s. Errors stand in file->last_error. */
void nfm_store_file_append(struct nfm_store_file *file, const struct nfm_store_change *change);

/**
 * Now and then: writes the log anew if most of it is history, something could not be appended, or
 * it is gone from its place. 0, or -errno: file->last_error, too; the next call tries again.
 */
int nfm_store_file_tidy(struct nfm_store_file *file, const struct nfm_store *store);

/**
 * What was appended and may not be on the disk yet: an fd for another thread to fsync and close, so
 * that a slow disk delays no datagram; -1: nothing. `kill -9` needs no fsync, power loss does.
 */
int nfm_store_file_to_sync(struct nfm_store_file *file);

void nfm_store_file_close(struct nfm_store_file *file);

#endif
