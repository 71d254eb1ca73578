// SPDX-License-Identifier: GPL-2.0-only
/* `metrics`: what /metrics answers, for the textfile collector of node_exporter and for people. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "view/ask.h"
#include "view/metrics.h"
#include "view/source.h"

static const struct option options[] = {
	{ "prometheus", no_argument, NULL, 'p' },
	{ "customer", required_argument, NULL, 'c' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	enum nfm_metrics_format format;
	const char *customers[NFM_METRICS_CUSTOMERS];
	size_t customer_count;
};

static int read_arguments(int argc, char **argv, struct request *request)
{
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'p') {
			request->format = NFM_METRICS_PROMETHEUS;
		} else if (option == 'c' && request->customer_count < NFM_METRICS_CUSTOMERS) {
			request->customers[request->customer_count++] = optarg;
		} else {
			if (option == 'c')
				fprintf(stderr, "nfmeter: --customer: at most %u\n",
					NFM_METRICS_CUSTOMERS);
			return -EINVAL;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

/* Without --customer those of the configuration, as the HTTP server does. */
static void take_configured(const struct nfm_config *config, struct request *request)
{
	for (unsigned int i = 0; i < config->metrics_customer_count; i++)
		request->customers[request->customer_count++] = config->metrics_customers[i];
}

int nfm_cmd_metrics(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	_cleanup_(nfm_ask_free) yajl_val agent = NULL;
	const struct nfm_ask ask = { .command = "status" };
	struct request request = { .format = NFM_METRICS_OPENMETRICS };
	struct nfm_error error;
	int err;

	if (read_arguments(argc, argv, &request))
		return 2;
	if (!request.customer_count)
		take_configured(&cli->config, &request);
	signal(SIGPIPE, SIG_IGN);
	err = nfm_ask(cli->config.runtime, &ask, &agent, &error);
	if (err && err != -ECONNREFUSED)
		nfm_cli_fail(&error); /* said; the table can be read all the same */
	if (nfm_source_open(&cli->config, &t, &error))
		return nfm_cli_fail(&error);
	err = nfm_metrics_write(stdout,
				&(struct nfm_metrics_source){
					.config = &cli->config,
					.table = &t,
					.agent = agent,
					.now = nfm_view_clock_now(),
					.customers = request.customers,
					.customer_count = request.customer_count,
					.format = request.format,
				},
				&error);
	return err ? nfm_cli_fail(&error) : 0;
}
