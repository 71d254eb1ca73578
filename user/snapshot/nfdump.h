/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that nfdump 1.7 reads (layout version 2), out of a snapshot: for each customer with traffic
 * one record from its first prefix's address (up) and one to it (down), the other side 0.0.0.0 or
 * ::, one for `unmatched` between two such, so that `nfdump -A srcip` gives upload and
 * `-A dstip` download. Records with a customer on both sides stand in both customers' rows, as in
 * the snapshot.
 */
#ifndef NFM_SNAPSHOT_NFDUMP_H
#define NFM_SNAPSHOT_NFDUMP_H

#include <stddef.h>

#include "base/error.h"

#define NFM_NFDUMP_NONE 0
#define NFM_NFDUMP_LZ4 3
#define NFM_NFDUMP_ZSTD 4 /* nfdump 1.7.4 or newer */

/** Writes the snapshot's interval to `path`: temporary name, fsync, rename over what is there. */
int nfm_nfdump_write(const char *snapshot_path, const char *path, int compression,
		     struct nfm_error *error);

/**
 * The name that nfcapd would have given it, in the snapshot's folder: nfcapd.YYYYmmddHHMM, with
 * seconds or ".1" exactly where the snapshot's own name has them. -EINVAL: no snapshot's name.
 */
int nfm_nfdump_path(const char *snapshot_path, char *path, size_t size);

#endif
