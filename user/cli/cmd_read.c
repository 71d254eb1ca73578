// SPDX-License-Identifier: GPL-2.0-only
/* `read`: what snapshot files hold. */
#include "cli/cli.h"
#include "view/document.h"

int nfm_cmd_read(struct nfm_cli *cli, int argc, char **argv)
{
	struct nfm_output *out;
	struct nfm_error error;
	bool several = argc > 2;
	int status = 0;
	int i;

	if (argc < 2)
		return 2;
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	if (several && cli->format == NFM_FORMAT_JSON)
		nfm_output_array(out, NULL);
	for (i = 1; i < argc; i++) {
		if (i > 1)
			nfm_output_line(out, "%s", "");
		if (nfm_document_read(out, argv[i], &error))
			status = nfm_cli_fail(&error);
	}
	if (several && cli->format == NFM_FORMAT_JSON)
		nfm_output_end(out);
	if (status && !several) { /* of a damaged file, nothing at all */
		nfm_output_free(out);
		return status;
	}
	return nfm_cli_output_done(out) ? 1 : status;
}
