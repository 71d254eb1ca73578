/* SPDX-License-Identifier: GPL-2.0-only */
/* Times and steps as people give them to commands. */
#ifndef NFM_VIEW_WHEN_H
#define NFM_VIEW_WHEN_H

#include <stdint.h>

#include "history/history.h"

#define NFM_WHEN_FORM                                                                             \
	"a time such as 2026-10-05, 2026-10, 2026-10-05T18:00, 2026-10-05T18:00:00Z, now, today, " \
	"yesterday, or -7d (w d h m s) for that long ago"
#define NFM_WHEN_STEP_FORM "a step such as 5m, 1h, 1d or 1mo (s m h d w mo)"

/**
 * A moment in s since 1970. RFC 3339 with its zone, the same without one in local time, a local
 * day or month (its begin), "now", "today", "yesterday", or a span before `now` ("-1d12h").
 * -EINVAL: none of them; -ERANGE: before 1970 or after 9999. `out` stays on failure.
 */
int nfm_when_parse(const char *text, uint64_t now_unix_s, uint64_t *unix_s);

/** A local day "2026-10-05", also "today" and "yesterday": from its begin to the next one's. */
int nfm_when_parse_day(const char *text, uint64_t now_unix_s, uint64_t *from_unix_s,
		       uint64_t *to_unix_s);

/** A local month "2026-10": from its begin to the next one's. */
int nfm_when_parse_month(const char *text, uint64_t *from_unix_s, uint64_t *to_unix_s);

/** Begin of the local month in which a moment lies. */
int nfm_when_month_begin(uint64_t unix_s, uint64_t *begin_unix_s);

/** "5m", "1h": seconds; "1d", "1w": local days; "1mo": local months. At least 1 second. */
int nfm_when_parse_step(const char *text, enum nfm_history_unit *unit, uint32_t *step);

#endif
