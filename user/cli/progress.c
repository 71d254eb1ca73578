// SPDX-License-Identifier: GPL-2.0-only
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PROGRESS_AFTER_NS NFM_NS_PER_S
#define PROGRESS_EVERY_NS (NFM_NS_PER_S / 5)

int nfm_progress_show(void *cookie, uint64_t done, uint64_t all)
{
	struct nfm_progress *progress = cookie;
	uint64_t now_ns = nfm_clock_monotonic_ns();

	if (!progress->begin_ns)
		progress->begin_ns = now_ns;
	if (!all || now_ns < progress->begin_ns + PROGRESS_AFTER_NS ||
	    now_ns < progress->shown_ns + PROGRESS_EVERY_NS || !isatty(STDERR_FILENO))
		return 0;
	progress->shown_ns = now_ns;
	fprintf(stderr, "\r%s: %" PRIu64 " %%", progress->what, 100 * NFM_MIN(done, all) / all);
	return 0;
}

void nfm_progress_end(struct nfm_progress *progress)
{
	if (progress->shown_ns)
		fprintf(stderr, "\r\033[K");
	progress->shown_ns = 0;
}

void nfm_progress_damaged(void *cookie, const struct nfm_error *error)
{
	nfm_progress_end(cookie);
	fprintf(stderr, "nfmeter: %s\n", error->text);
}
