/* SPDX-License-Identifier: GPL-2.0-only */
/* What lies below a folder and may expire: files with the time that they are ordered by. */
#ifndef NFM_EXPIRE_SCAN_H
#define NFM_EXPIRE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct nfm_expire_file {
	uint64_t unix_s; /* see nfm_expire_time() */
	uint64_t bytes;	 /* allocated */
	char *path;	 /* below the directory */
	uint32_t folder; /* its number */
};

struct nfm_expire_folder {
	char *path;	    /* below the directory; of the first one, itself: "" */
	uint64_t entries;   /* of any kind; each goes on counting until it is deleted */
	uint64_t changed_s; /* when an entry came or went */
	dev_t device;
	uint32_t parent;
	bool emptied; /* something in it has gone now */
	bool stays;   /* whether it is empty or not */
};

struct nfm_expire_scan {
	const char *directory;
	struct nfm_expire_file *files; /* by time, then path, once the scan is done */
	size_t count, size;
	struct nfm_expire_folder *folders; /* each behind the one that it is in */
	uint32_t folder_count, folder_size;
	uint64_t bytes;
	int code; /* the first failure that did not end the scan */
	struct nfm_error *error;
};

/**
 * Reads the tree below `root_fd`. -errno: nothing can be said of it. What concerns a part alone,
 * such as a folder without rights, is noted: the rest can be expired. Links are not followed.
 */
int nfm_expire_scan_read(struct nfm_expire_scan *scan, int root_fd);

/** Remembers the first failure: one bad folder must not fill the disk. */
void nfm_expire_scan_note(struct nfm_expire_scan *scan, int code, const char *what,
			  const char *path);

void nfm_expire_scan_clear(struct nfm_expire_scan *scan);

/**
 * The time by which a file expires, from its name and that of the folder it is in ("": the
 * directory itself); -EINVAL: not ours, it stays.
 *   nfmeter.YYYYmmddHHMM…, nfcapd.YYYYmmddHHMM…   start of the interval
 *   rollup/samples.YYYYmmdd                        end of that day, local time: it is made of the
 *                                                  day's snapshots, and outlives all of them
 * Rollups by hour and by day have lifetimes of their own: nfm_rollup_run() removes them.
 */
int nfm_expire_time(const char *folder, const char *name, uint64_t *unix_s);

/** True for what a folder may be named by a collector that sorts files by date: 2026, 2026-11. */
bool nfm_expire_folder_is_date(const char *name);

/** True for folders that are never deleted, such as `rollup`. */
bool nfm_expire_folder_stays(const char *name);

#endif
