// SPDX-License-Identifier: GPL-2.0-only
/* `templates`: what each stream's records look like, and who decodes them; no agent is asked. */
#include <errno.h>
#include <getopt.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "view/document.h"
#include "view/source.h"

static int read_arguments(int argc, char **argv, struct nfm_document_templates *selection)
{
	int option;

	optind = 0;
	while ((option = getopt(argc, argv, "v")) != -1) {
		if (option != 'v')
			return -EINVAL;
		selection->verbose = true;
	}
	selection->argument = argv + optind;
	selection->count = argc - optind;
	return 0;
}

int nfm_cmd_templates(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_templates_clear) struct nfm_templates_view view = { 0 };
	struct nfm_document_templates selection = { .config = &cli->config };
	struct nfm_view_clock now = nfm_view_clock_now();
	struct nfm_error error = { .text = "" };
	struct nfm_output *out;
	int err;

	if (read_arguments(argc, argv, &selection))
		return 2;
	if (nfm_document_templates_check(&selection, &error))
		return nfm_cli_fail(&error);
	err = nfm_source_open(&cli->config, &t, &error);
	if (err && err != -ENOENT)
		return nfm_cli_fail(&error);
	if (nfm_templates_read(cli->config.directory, err ? NULL : &t, &now, &view, &error))
		return nfm_cli_fail(&error);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_document_templates(out, &selection, &view);
	return nfm_cli_output_done(out);
}
