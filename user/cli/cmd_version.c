// SPDX-License-Identifier: GPL-2.0-only
/* `version`: what this is, and what it runs on. */
#include <bpf/libbpf.h>
#include <sys/utsname.h>

#include "abi.h"
#include "cli/cli.h"
#include "view/output.h"
#include "view/version.h"
#include "xdp/build.h"

/* libbpf says "v1.1" */
static const char *libbpf_version(void)
{
	const char *text = libbpf_version_string();

	return *text == 'v' ? text + 1 : text;
}

int nfm_cmd_version(struct nfm_cli *cli, int argc, char **argv)
{
	struct utsname system = { 0 };
	struct nfm_output *out;
	char build[NFM_BUILD_TEXT];

	(void)argv;
	if (argc != 1)
		return 2;
	nfm_build_text(nfm_xdp_build(), build);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	uname(&system);
	nfm_output_object(out, NULL);
	nfm_output_string(out, "version", NFM_VERSION);
	nfm_output_u64(out, "abi", NFM_ABI_VERSION);
	nfm_output_string(out, "build", build);
	nfm_output_string(out, "libbpf", libbpf_version());
	nfm_output_string(out, "kernel", system.release);
	nfm_output_end(out);
	nfm_output_line(out, "nfmeter %s, ABI %u, build %s, libbpf %s, kernel %s", NFM_VERSION,
			NFM_ABI_VERSION, build, libbpf_version(), system.release);
	return nfm_cli_output_done(out);
}
