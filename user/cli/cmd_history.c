// SPDX-License-Identifier: GPL-2.0-only
/* `history`: one customer over time. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "view/document.h"
#include "view/source.h"

static int take_option(struct nfm_document_history *request, const struct option *option)
{
	struct nfm_error error;

	switch (option->val) {
	case 'u':
		request->kind = NFM_HISTORY_UNMATCHED;
		request->id = "unmatched";
		return 0;
	case 'l':
		request->kind = NFM_HISTORY_LOCAL;
		request->id = "local";
		return 0;
	}
	return nfm_cli_option(nfm_document_history_take(request, option->name, optarg, &error),
			      &error);
}

static int take_customer(struct nfm_document_history *request, int argc, char **argv)
{
	if (optind < argc && request->id) {
		fprintf(stderr, "nfmeter: history: one customer at a time\n");
		return -EINVAL;
	}
	if (optind < argc)
		request->id = argv[optind++];
	if (!request->id)
		fprintf(stderr, "nfmeter: history: name a customer's id, --unmatched or --local\n");
	return request->id && optind == argc ? 0 : -EINVAL;
}

static int read_request(int argc, char **argv, struct nfm_document_history *request)
{
	static const struct option options[] = {
		NFM_CLI_RANGE_OPTIONS,
		{ "step", required_argument, NULL, 's' },
		{ "unmatched", no_argument, NULL, 'u' },
		{ "local", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct nfm_error error;
	int code, at, err = 0;

	nfm_document_history_init(request);
	optind = 0;
	while (!err && (code = getopt_long(argc, argv, "", options, &at)) != -1)
		err = code == '?' ? -EINVAL : take_option(request, &options[at]);
	if (!err)
		err = take_customer(request, argc, argv);
	if (err)
		return err;
	err = nfm_document_history_check(request, &error);
	if (err)
		nfm_cli_fail(&error);
	return err;
}

static bool is_known(const struct nfm_config *config, const struct nfm_document_history *request,
		     const struct nfm_history *history)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	struct nfm_error ignored;

	if (history->found) /* without looking for a table */
		return true;
	return nfm_document_history_known(config, nfm_source_open(config, &t, &ignored) ? NULL : &t,
					  request, history);
}

static int unknown(const struct nfm_config *config, const struct nfm_document_history *request)
{
	struct nfm_error error;

	nfm_error_set(&error, -ENOENT,
		      "%s: no customer has this id, neither in the files of this range in %s nor "
		      "now: `nfmeter customers list` shows the ids, `nfmeter report` those with "
		      "traffic",
		      request->id, config->directory);
	return nfm_cli_fail(&error);
}

int nfm_cmd_history(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_history_clear) struct nfm_history history = { 0 };
	struct nfm_progress progress = { .what = "history" };
	struct nfm_history_options options = {
		.directory = cli->config.directory,
		.progress = nfm_progress_show,
		.damaged = nfm_progress_damaged,
		.cookie = &progress,
	};
	struct nfm_document_history request;
	struct nfm_output *out;
	struct nfm_error error;
	int err;

	if (read_request(argc, argv, &request))
		return 2;
	err = nfm_document_history_read(&request, &options, &history, &error);
	nfm_progress_end(&progress);
	if (err)
		return nfm_cli_fail(&error);
	if (!is_known(&cli->config, &request, &history))
		return unknown(&cli->config, &request);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_document_history(out, &request, &history);
	return nfm_cli_output_done(out);
}
