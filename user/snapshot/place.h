/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a snapshot file comes to stand: first under a temporary name, then under its own. */
#ifndef NFM_SNAPSHOT_PLACE_H
#define NFM_SNAPSHOT_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * How temporary names begin. `nfdump -R FOLDER` ends at the first file that is not its own, in the
 * order of names: these come behind nfcapd.*.
 */
#define NFM_PLACE_TEMPORARY "~nfmeter.tmp-"

struct nfm_place {
	int dir_fd;
	int fd;		    /* the temporary file, open for writing */
	char *directory;
	char temporary[64]; /* its name in the directory; empty once it has its own */
};

/**
 * Makes the directory where it is missing, removes temporary files whose writers are gone (a
 * living one holds a lock on its own), and makes a new one. -errno.
 */
int nfm_place_open(struct nfm_place *place, const char *directory, struct nfm_error *error);

/**
 * Makes the file durable: fsync, the first name of nfm_snapshot_name() that is not taken, fsync
 * of the folder. `path` (66 bytes more than the directory's) gets the final path. If only the
 * folder's fsync fails, -errno comes back although the file has its name.
 */
int nfm_place_publish(struct nfm_place *place, uint64_t from_unix_s, uint32_t interval_s,
		      char *path, size_t path_size, struct nfm_error *error);

/** Closes, and unlinks what was not published. Also after a failed open. */
void nfm_place_close(struct nfm_place *place);

/** Fills `error` with what failed where, why, and what helps against `code`; returns `code`. */
int nfm_place_error(struct nfm_error *error, int code, const char *what, const char *where);

#endif
