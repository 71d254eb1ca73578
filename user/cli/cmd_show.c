// SPDX-License-Identifier: GPL-2.0-only
/* `show`: counters since the table was made. */
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "view/document.h"
#include "view/source.h"

int nfm_cmd_show(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_view_sums_clear) struct nfm_view_sums sums = { 0 };
	const struct nfm_document_show request = { .argument = argv + 1, .count = argc - 1 };
	struct nfm_output *out;
	struct nfm_error error;

	if (nfm_source_open(&cli->config, &t, &error) || nfm_view_sums_read(&t, &sums, &error))
		return nfm_cli_fail(&error);
	if (!sums.exact)
		fprintf(stderr, "nfmeter: the customers' counters do not add up to the exporters': "
				"please report this, with `nfmeter status -o json`\n");
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	if (!nfm_document_show(out, &request, &t, &sums, &error))
		return nfm_cli_output_done(out);
	nfm_output_free(out);
	return nfm_cli_fail(&error);
}
