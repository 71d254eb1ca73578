// SPDX-License-Identifier: GPL-2.0-only
/* `exporters`: who sends, who should, who is refused; loss per stream. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "view/document.h"
#include "view/source.h"

int nfm_cmd_exporters(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_exporters_clear) struct nfm_exporters_view view = { 0 };
	_cleanup_(nfm_templates_clear) struct nfm_templates_view templates = { 0 };
	struct nfm_view_clock now = nfm_view_clock_now();
	struct nfm_output *out;
	struct nfm_error error;
	uint32_t interval_s;
	int err;

	(void)argv;
	if (argc != 1)
		return 2;
	if (nfm_source_open(&cli->config, &t, &error))
		return nfm_cli_fail(&error);
	interval_s = nfm_view_interval_s(&t, cli->config.interval_s);
	if (nfm_exporters_read(&t, interval_s, &now, &view, &error))
		return nfm_cli_fail(&error);
	err = nfm_templates_read(cli->config.directory, &t, &now, &templates, &error);
	if (err)
		nfm_cli_fail(&error); /* said; the rest can be shown all the same */
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_document_exporters(out, &t, &view, err ? NULL : &templates, &now);
	return nfm_cli_output_done(out);
}
