// SPDX-License-Identifier: GPL-2.0-only
/* nfmeter: the agent and the command line in one binary. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>

#include "agent/agent.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "http/http.h"

static int cmd_run(struct nfm_cli *cli, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return 2;
	return nfm_agent_run(&cli->config, cli->config_path);
}

static int cmd_attach(struct nfm_cli *cli, int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return nfm_agent_attach(&cli->config, argv[1]);
}

static int cmd_detach(struct nfm_cli *cli, int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return nfm_agent_detach(&cli->config, argv[1]);
}

static int cmd_http(struct nfm_cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "channel", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct nfm_config_place place;
	uint64_t channel_fd = 0;
	int code;

	optind = 0;
	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (code != 'c' || nfm_units_parse_u64(optarg, 3, INT_MAX, &channel_fd))
			return 2;
	if (optind != argc)
		return 2;
	place = (struct nfm_config_place){ .path = cli->config_path, .may_be_missing = true };
	return nfm_http_run(&place, channel_fd ? (int)channel_fd : -1);
}

static const struct nfm_command commands[] = {
	{ "run", "", "meter, in the foreground, until SIGTERM or SIGINT", true, cmd_run },
	{ "http", "[--channel FD]",
	  "serve page, API and metrics; `run` does it beside itself, with FD to ask it by", true,
	  cmd_http },
	{ "attach", "NIC", "load and attach without the agent", true, cmd_attach },
	{ "detach", "NIC", "detach; counting on that NIC ends", true, cmd_detach },
	{ "status", "", "what runs, what is attached, what was received", true, nfm_cmd_status },
	{ "show", "[CUSTOMER or ADDRESS]...", "counters since the table was made", true,
	  nfm_cmd_show },
	{ "top", "[-i SECONDS] [-n COUNT]", "live view by rate", true, nfm_cmd_top },
	{ "exporters", "", "routers: state, loss, streams", true, nfm_cmd_exporters },
	{ "templates", "[-v] [EXPORTER]...", "v9 and IPFIX templates, and who decodes their data",
	  true, nfm_cmd_templates },
	{ "metrics", "[--prometheus] [--customer ID]...",
	  "for Prometheus, as /metrics of the HTTP server: OpenMetrics; --prometheus: as "
	  "node_exporter's textfile collector reads it", true, nfm_cmd_metrics },
	{ "customers", "check [FILE] | list | reload | set ID PREFIX... | remove ID",
	  "the registry, live", true, nfm_cmd_customers },
	{ "config", "[set SECTION.KEY VALUE | reset SECTION.KEY]",
	  "every setting, and where it is from; set: live where that can be, and kept", true,
	  nfm_cmd_config },
	{ "token", "list | add ROLE NAME | remove NAME",
	  "who may ask the web page and API; ROLE: admin, read or customer:ID", true,
	  nfm_cmd_token },
	{ "read", "FILE...", "what a snapshot holds", false, nfm_cmd_read },
	{ "export", "FILE... --format FORMAT -w OUT [--compress METHOD]",
	  "snapshots as nfdump, csv or json; OUT: a file, a folder (nfdump), - (csv, json); "
	  "METHOD: none, lz4, or zstd, which needs nfdump 1.7.4", false, nfm_cmd_export },
	{ "history", "CUSTOMER | --unmatched | --local [--step STEP] " NFM_CLI_RANGE_USAGE,
	  "a customer over time; by default the last 24 hours by 5m; STEP: 5m, 1h, 1d, 1mo; "
	  NFM_CLI_RANGE_HELP, true, nfm_cmd_history },
	{ "report", "[--sort KEY] [--top N] " NFM_CLI_RANGE_USAGE,
	  "every customer: totals, average, maximum, percentile; by default this month so far; "
	  "KEY: up, down, total, percentile or id; " NFM_CLI_RANGE_HELP, true, nfm_cmd_report },
	{ "rollup", "[DIR]", "roll up now the days that are over: the agent does so after midnight",
	  true, nfm_cmd_rollup },
	{ "expire", "[DIR] [-s SIZE] [-t LIFETIME] [-w PERCENT] [-n]", "expire snapshots now", true,
	  nfm_cmd_expire },
	{ "doctor", "", "checks machine, configuration and exporters; says what to do", false,
	  nfm_cmd_doctor },
	{ "version", "", "version, ABI, build, libbpf, kernel", false, nfm_cmd_version },
	{ NULL, NULL, NULL, false, NULL },
};

int main(int argc, char **argv)
{
	return nfm_cli_main(commands, argc, argv);
}
