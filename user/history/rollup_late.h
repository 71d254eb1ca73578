/* SPDX-License-Identifier: GPL-2.0-only */
/* Days that were rolled up before all of their snapshots had come. */
#ifndef NFM_ROLLUP_LATE_H
#define NFM_ROLLUP_LATE_H

#include "history/rollup_plan.h"

/**
 * Whether the rollup at `path`, the one by day, does not name a snapshot that has something of its
 * day and is whole, though those that it names are all still there: then the day can be made again.
 * `day` gets the rollup's own times, also where the TZ has changed since, and their sources.
 */
bool nfm_rollup_is_late(const struct nfm_rollup_plan *plan, const char *path,
			struct nfm_rollup_day *day);

#endif
