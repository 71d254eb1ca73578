/* SPDX-License-Identifier: GPL-2.0-only */
/* What `history` and `report` have in common: the range asked for, coverage, rates. */
#ifndef NFM_VIEW_PERIOD_H
#define NFM_VIEW_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "history/history.h"
#include "view/output.h"

#define NFM_PERIOD_PERCENTILE 95U

struct nfm_period {
	uint64_t now_unix_s; /* rounded up to the end of the second */
	uint64_t from_unix_s, to_unix_s;
	bool from_given, to_given;
	unsigned int percentile;
};

/** Until now, from: not given. */
void nfm_period_init(struct nfm_period *period);

/**
 * Takes a part of a range by its name: from, to, month, day, percentile. -ENOENT: no such name;
 * -EINVAL with the text: not understood.
 */
int nfm_period_take(struct nfm_period *period, const char *name, const char *text,
		    struct nfm_error *error);

/** -EINVAL if the range ends before it begins. */
int nfm_period_check(const struct nfm_period *period, struct nfm_error *error);

/** "coverage": {…}. */
void nfm_period_write_coverage(struct nfm_output *out, const struct nfm_history_head *head);

/** The same for people: whole, or what is missing of it. */
void nfm_period_write_warnings(struct nfm_output *out, const struct nfm_history_head *head);

/** True if there is no file at all in the range. */
bool nfm_period_is_empty(const struct nfm_history_head *head);

/** What maximum and percentile are of, as a line for people; or why there are none. Returns buf. */
#define NFM_PERIOD_SAMPLES_TEXT 160
char *nfm_period_format_samples(const struct nfm_history_rates *rates, unsigned int percentile,
				char buf[NFM_PERIOD_SAMPLES_TEXT]);

/** "average", "maximum" and "percentile". */
void nfm_period_write_rates(struct nfm_output *out, const struct nfm_history_rates *rates,
			    unsigned int percentile);

#endif
