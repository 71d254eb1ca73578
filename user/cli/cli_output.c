// SPDX-License-Identifier: GPL-2.0-only
/* What a command prints, to stdout. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"

#define BUFFER_SIZE (256U << 10)

struct nfm_output *nfm_cli_output(const struct nfm_cli *cli)
{
	struct nfm_output *out;

	signal(SIGPIPE, SIG_IGN);
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, NULL, _IOFBF, BUFFER_SIZE);
	out = nfm_output_new(stdout, cli->format, cli->exact_bytes);
	if (!out)
		nfm_cli_fail(&(struct nfm_error){ "out of memory" });
	return out;
}

int nfm_cli_output_done(struct nfm_output *out)
{
	struct nfm_error error;
	int err = nfm_output_finish(out, &error);

	nfm_output_free(out);
	return err ? nfm_cli_fail(&error) : 0;
}
