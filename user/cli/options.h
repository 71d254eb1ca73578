/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that several commands take. */
#ifndef NFM_CLI_OPTIONS_H
#define NFM_CLI_OPTIONS_H

#include <getopt.h>
#include <stdio.h>

#include "base/error.h"

/** Usage of the options of a range, which `history` and `report` take. */
#define NFM_CLI_RANGE_USAGE \
	"[--from T] [--to T] [--month YYYY-MM] [--day DAY] [--percentile P]"
#define NFM_CLI_RANGE_HELP                                                                        \
	"T: 2026-10-05, 2026-10-05T18:00 (local), 2026-10-05T18:00:00Z, now, today, yesterday, "  \
	"-7d; DAY: 2026-10-05, today, yesterday"

/* Their names are those of nfm_period_take(). */
#define NFM_CLI_RANGE_OPTIONS                              \
	{ "from", required_argument, NULL, 'f' },     \
	{ "to", required_argument, NULL, 't' },       \
	{ "month", required_argument, NULL, 'm' },    \
	{ "day", required_argument, NULL, 'd' },      \
	{ "percentile", required_argument, NULL, 'p' }

/** Says what was wrong with an option, if `err` says that something was; returns it. */
static inline int nfm_cli_option(int err, const struct nfm_error *error)
{
	if (err)
		fprintf(stderr, "nfmeter: --%s\n", error->text);
	return err;
}

#endif
