/* SPDX-License-Identifier: GPL-2.0-only */
/* What `history` and `report` have in common: the range asked for, coverage, rates, progress. */
#ifndef NFM_CLI_PERIOD_H
#define NFM_CLI_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/output.h"
#include "history/history.h"

/** Usage of the options that both take. */
#define NFM_PERIOD_USAGE "[--from T] [--to T] [--month YYYY-MM] [--day DAY] [--percentile P]"
#define NFM_PERIOD_HELP                                                                           \
	"T: 2026-10-05, 2026-10-05T18:00 (local), 2026-10-05T18:00:00Z, now, today, yesterday, "  \
	"-7d; DAY: 2026-10-05, today, yesterday"

struct nfm_period {
	uint64_t now_unix_s;
	uint64_t from_unix_s, to_unix_s;
	bool from_given, to_given;
	unsigned int percentile;
};

/* Codes that getopt_long(3) gives for them. */
#define NFM_PERIOD_OPTIONS                              \
	{ "from", required_argument, NULL, 'f' },     \
	{ "to", required_argument, NULL, 't' },       \
	{ "month", required_argument, NULL, 'm' },    \
	{ "day", required_argument, NULL, 'd' },      \
	{ "percentile", required_argument, NULL, 'p' }

/** Now, rounded up to the end of the second. */
uint64_t nfm_period_now_unix_s(void);

/** Takes one of those options. 0, or -EINVAL: not understood, and said so on stderr. */
int nfm_period_option(struct nfm_period *period, int code, const char *text);

/** -EINVAL, said on stderr, if the range ends before it begins. */
int nfm_period_check(const struct nfm_period *period);

/** A line of progress on stderr, if that is a terminal and it takes long. Zero the rest first. */
struct nfm_period_progress {
	const char *what;
	uint64_t begin_ns, shown_ns;
};

/** As nfm_history_options has them; the cookie is a struct nfm_period_progress. */
int nfm_period_progress(void *cookie, uint64_t done, uint64_t all);
void nfm_period_damaged(void *cookie, const struct nfm_error *error);

/** Takes the line of progress away. */
void nfm_period_progress_end(struct nfm_period_progress *progress);

/** "coverage": {…}. */
void nfm_period_write_coverage(struct nfm_output *out, const struct nfm_history_head *head);

/** The same for people: whole, or what is missing of it. */
void nfm_period_write_warnings(struct nfm_output *out, const struct nfm_history_head *head);

/** True if there is no file at all in the range. */
bool nfm_period_is_empty(const struct nfm_history_head *head);

/** A rate in bit/s, with a unit in text unless exact numbers are asked for. */
void nfm_period_write_rate(struct nfm_output *out, const struct nfm_cli *cli, const char *key,
			 uint64_t bps);
char *nfm_period_format_rate(const struct nfm_cli *cli, uint64_t bps, char *buf, size_t size);

/** What maximum and percentile are of, as a line for people; or why there are none. Returns buf. */
#define NFM_PERIOD_SAMPLES_TEXT 160
char *nfm_period_format_samples(const struct nfm_history_rates *rates, unsigned int percentile,
				char buf[NFM_PERIOD_SAMPLES_TEXT]);

/** "average", "maximum" and "percentile". */
void nfm_period_write_rates(struct nfm_output *out, const struct nfm_cli *cli,
			  const struct nfm_history_rates *rates, unsigned int percentile);

#endif
