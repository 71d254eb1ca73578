// SPDX-License-Identifier: GPL-2.0-only
/* `rollup`: days that are over, turned round by customer, now. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "view/output.h"
#include "history/rollup.h"

/* One that is done sooner says nothing on its way. */
#define QUIET_NS NFM_NS_PER_S
#define BETWEEN_NS (NFM_NS_PER_S / 5)

struct progress {
	uint64_t next_ns; /* not before */
	bool wanted;
	bool shown;
};

static int show_progress(void *cookie, uint64_t done, uint64_t all)
{
	struct progress *p = cookie;
	uint64_t now_ns = nfm_clock_monotonic_ns();

	if (!p->wanted || now_ns < p->next_ns)
		return 0;
	p->next_ns = now_ns + BETWEEN_NS;
	p->shown = true;
	fprintf(stderr, "\rrolling up: %3" PRIu64 " %%", all ? done * 100 / all : 0);
	return 0;
}

/* A day's snapshots are open all at once. */
static void raise_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int write_result(const struct nfm_cli *cli, const char *directory,
			const struct nfm_rollup_result *result)
{
	struct nfm_output *out = nfm_cli_output(cli);

	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	nfm_output_string(out, "directory", directory);
	nfm_output_u64(out, "days", result->days);
	nfm_output_u64(out, "customers", result->customers);
	nfm_output_u64(out, "expired", result->expired);
	if (result->days)
		nfm_output_line(out,
				"%s: days rolled up: %u, with %" PRIu64 " customers in the newest",
				directory, result->days, result->customers);
	else
		nfm_output_line(out, "%s: no day is over that was not rolled up", directory);
	if (result->expired)
		nfm_output_line(out, "%s: old rollups removed: %u", directory, result->expired);
	nfm_output_end(out);
	return nfm_cli_output_done(out);
}

int nfm_cmd_rollup(struct nfm_cli *cli, int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : cli->config.directory;
	const struct nfm_rollup_limits limits = {
		.hours_s = cli->config.expire_hours_s,
		.days_s = cli->config.expire_days_s,
	};
	struct progress progress = {
		.next_ns = nfm_clock_monotonic_ns() + QUIET_NS,
		/* the agent's child, whose log may be a terminal, has no other end of it */
		.wanted = isatty(STDIN_FILENO) && isatty(STDERR_FILENO),
	};
	struct nfm_rollup_result result;
	struct nfm_error error;
	int code;

	if (argc > 2)
		return 2;
	raise_open_files();
	code = nfm_rollup_run(directory, &limits, nfm_clock_unix_ns() / NFM_NS_PER_S, show_progress,
			      &progress, &result, &error);
	if (progress.shown)
		fprintf(stderr, "\r%20s\r", "");
	return code ? nfm_cli_fail(&error) : write_result(cli, directory, &result);
}
