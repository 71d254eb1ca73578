// SPDX-License-Identifier: GPL-2.0-only
/* `top`: the live view; plain blocks where stdout is no terminal, or for another format. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "cli/cli.h"
#include "view/document.h"
#include "view/output.h"
#include "view/source.h"
#include "cli/top_view.h"
#include "view/top.h"

struct request {
	uint32_t interval_s;
	uint64_t count; /* blocks; 0: until interrupted */
	bool count_given;
};

static int read_request(int argc, char **argv, struct request *request)
{
	uint64_t number;
	int option;

	*request = (struct request){ .interval_s = 1 };
	optind = 0;
	while ((option = getopt(argc, argv, "i:n:")) != -1) {
		if ((option == 'i' && nfm_units_parse_u64(optarg, 1, 86400, &number)) ||
		    (option == 'n' && nfm_units_parse_u64(optarg, 1, UINT64_MAX, &number))) {
			fprintf(stderr, "nfmeter: -%c '%s': %s\n", option, optarg,
				option == 'i' ? "seconds, 1 to 86400" : "a number from 1 on");
			return -EINVAL;
		}
		if (option == 'i') {
			request->interval_s = (uint32_t)number;
		} else if (option == 'n') {
			request->count = number;
			request->count_given = true;
		} else {
			return -EINVAL;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

/* ---- plain ---- */

static int write_block(const struct nfm_cli *cli, const struct nfm_top *top)
{
	struct nfm_output *out = nfm_cli_output(cli);
	int err;

	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	err = nfm_document_top(out, top);
	if (err) {
		nfm_output_free(out);
		return nfm_cli_fail(&(struct nfm_error){ "out of memory" });
	}
	nfm_output_end(out);
	nfm_output_line(out, "%s", "");
	return nfm_cli_output_done(out);
}

static int run_plain(const struct nfm_cli *cli, struct nfm_top *top,
		     const struct request *request)
{
	uint64_t left = request->count_given ? request->count : UINT64_MAX;
	struct timespec next;
	struct nfm_error error;

	clock_gettime(CLOCK_MONOTONIC, &next);
	if (nfm_top_read(top, &error))
		return nfm_cli_fail(&error);
	for (; left; left--) {
		next.tv_sec += request->interval_s;
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
			;
		if (nfm_top_read(top, &error))
			return nfm_cli_fail(&error);
		if (write_block(cli, top))
			return 1;
	}
	return 0;
}

int nfm_cmd_top(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_top_clear) struct nfm_top top = { 0 };
	struct request request;
	struct nfm_error error;
	uint32_t interval_s;
	int err;

	if (read_request(argc, argv, &request))
		return 2;
	if (nfm_source_open(&cli->config, &t, &error))
		return nfm_cli_fail(&error);
	interval_s = nfm_view_interval_s(&t, cli->config.interval_s);
	if (nfm_top_init(&top, &t, interval_s, &error))
		return nfm_cli_fail(&error);
	if (cli->format != NFM_FORMAT_TEXT || request.count_given || !isatty(STDOUT_FILENO) ||
	    !isatty(STDIN_FILENO))
		return run_plain(cli, &top, &request);
	err = nfm_top_screen(&top, request.interval_s, cli->exact_bytes, &error);
	if (err == -ENOTTY)
		return run_plain(cli, &top, &request);
	return err ? nfm_cli_fail(&error) : 0;
}
