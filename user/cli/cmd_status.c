// SPDX-License-Identifier: GPL-2.0-only
/* `status`: what runs, what is attached where, what arrived and what became of it. */
#include <errno.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "view/ask.h"
#include "view/document.h"
#include "view/source.h"

int nfm_cmd_status(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_ask_free) yajl_val agent = NULL;
	const struct nfm_ask ask = { .command = "status" };
	struct nfm_output *out;
	struct nfm_error error;
	int err;

	(void)argv;
	if (argc != 1)
		return 2;
	err = nfm_ask(cli->config.runtime, &ask, &agent, &error);
	if (err && err != -ECONNREFUSED)
		nfm_cli_fail(&error); /* said; the table can be read all the same */
	if (nfm_source_open(&cli->config, &t, &error))
		return nfm_cli_fail(&error);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_document_status(out, &cli->config, &t, agent);
	return nfm_cli_output_done(out);
}
