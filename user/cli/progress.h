/* SPDX-License-Identifier: GPL-2.0-only */
/* A line of progress on stderr, if that is a terminal and it takes long. */
#ifndef NFM_CLI_PROGRESS_H
#define NFM_CLI_PROGRESS_H

#include <stdint.h>

#include "base/error.h"

/** Zero all but `what` first. */
struct nfm_progress {
	const char *what;
	uint64_t begin_ns, shown_ns;
};

/** As nfm_history_options has them; the cookie is a struct nfm_progress. */
int nfm_progress_show(void *cookie, uint64_t done, uint64_t all);
void nfm_progress_damaged(void *cookie, const struct nfm_error *error);

/** Takes the line of progress away. */
void nfm_progress_end(struct nfm_progress *progress);

#endif
