// SPDX-License-Identifier: GPL-2.0-only
/* `report`: every customer of a range, with totals and rates. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "view/document.h"

static int take_option(struct nfm_document_report *request, const char *name)
{
	const char *known_as = !strcmp(name, "top") ? "limit" : name;
	struct nfm_error error;

	return nfm_cli_option(nfm_document_report_take(request, known_as, optarg, &error), &error);
}

static int read_request(int argc, char **argv, struct nfm_document_report *request)
{
	static const struct option options[] = {
		NFM_CLI_RANGE_OPTIONS,
		{ "sort", required_argument, NULL, 's' },
		{ "top", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct nfm_error error;
	int code, at, err = 0;

	nfm_document_report_init(request);
	optind = 0;
	while (!err && (code = getopt_long(argc, argv, "", options, &at)) != -1)
		err = code == '?' ? -EINVAL : take_option(request, options[at].name);
	if (!err && optind < argc) {
		fprintf(stderr, "nfmeter: report %s: it is of all customers: `nfmeter history %s` "
				"is of one\n", argv[optind], argv[optind]);
		err = -EINVAL;
	}
	if (err)
		return err;
	err = nfm_document_report_check(request, &error);
	if (err)
		nfm_cli_fail(&error);
	return err;
}

int nfm_cmd_report(struct nfm_cli *cli, int argc, char **argv)
{
	struct nfm_progress progress = { .what = "report" };
	struct nfm_history_options options = {
		.directory = cli->config.directory,
		.progress = nfm_progress_show,
		.damaged = nfm_progress_damaged,
		.cookie = &progress,
	};
	struct nfm_document_report request;
	struct nfm_output *out;
	struct nfm_error error;
	int err;

	if (read_request(argc, argv, &request))
		return 2;
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	err = nfm_document_report(out, &request, &options, &error);
	nfm_progress_end(&progress);
	if (!err || nfm_output_failed(out))
		return nfm_cli_output_done(out);
	nfm_output_free(out);
	return nfm_cli_fail(&error);
}
