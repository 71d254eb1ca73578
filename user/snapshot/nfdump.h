/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that nfdump 1.7 reads (layout version 2), out of a snapshot. For each customer with traffic
 * a record from its first prefix's network address (up) and one to it (down), of the interval's
 * length, the other side 0.0.0.0 or ::; last `unmatched`, between two such. So `nfdump -A srcip`
 * gives upload and `-A dstip` download. Customers without prefixes (removed in the interval) stand
 * between two such addresses, too: with both aggregations 0.0.0.0 is the rest.
 *
 * All records' sum is up + down + unmatched = the snapshot's total + local: a record with a
 * customer on both sides stands in both customers' rows. Bytes that were sent in earlier slots
 * stand where they were reported, as nfcapd has them. The same snapshot gives the same bytes.
 *
 * nfdump 1.7 ends a list of files (-R) at the first that it cannot read, without an error: beside
 * snapshots, name the first and the last one, "-R FOLDER/nfcapd.FIRST:nfcapd.LAST".
 */
#ifndef NFM_SNAPSHOT_NFDUMP_H
#define NFM_SNAPSHOT_NFDUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/units.h"

/**
 * Writes the snapshot's interval to `path`: temporary name, fsync, rename over what is there. On a
 * failure nothing is there, or what was before. Errors of nfm_snapshot_stream_open(), open(2) and
 * write(2); -EINVAL: no such compression.
 */
int nfm_nfdump_write(const char *snapshot_path, const char *path, int compression,
		     struct nfm_error *error);

/**
 * The name that nfcapd would have given it, in the snapshot's folder: nfcapd.YYYYmmddHHMM, with
 * seconds or ".1" exactly where the snapshot's own name has them. -EINVAL: no snapshot's name,
 * -ENAMETOOLONG.
 */
int nfm_nfdump_path(const char *snapshot_path, char *path, size_t size);

/** True if nfm_nfdump_write() made the file at `path`, and no other collector. */
bool nfm_nfdump_is_ours(const char *path);

#endif
