// SPDX-License-Identifier: GPL-2.0-only
/* `doctor`: looks at machine, files, agent and exporters; says what to do. 0: nothing failed. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/doctor.h"
#include "view/output.h"

static const struct nfm_column columns[] = {
	{ "state", "STATE", NFM_COLUMN_LEFT },
	{ "check", "CHECK", NFM_COLUMN_LEFT },
	{ "text", "FINDING", NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static const char *const health_names[] = {
	[NFM_HEALTH_OK] = "ok",
	[NFM_HEALTH_WARN] = "warn",
	[NFM_HEALTH_FAIL] = "fail",
};

/* Returns the worst that was found. */
static enum nfm_health run_checks(const struct nfm_doctor *doctor, const struct nfm_check *check,
				  struct nfm_output *out)
{
	unsigned int has = (doctor->config_error ? 0 : NFM_NEEDS_CONFIG) |
			   (doctor->table_error ? 0 : NFM_NEEDS_TABLE);
	enum nfm_health worst = NFM_HEALTH_OK;

	for (; check->name && !nfm_output_failed(out); check++) {
		struct nfm_finding finding = { .health = NFM_HEALTH_OK };

		if (check->needs & ~has)
			continue;
		check->run(doctor, &finding);
		nfm_output_object(out, NULL);
		nfm_output_string(out, "check", check->name);
		nfm_output_string(out, "state", health_names[finding.health]);
		nfm_output_string(out, "text", finding.text);
		nfm_output_end(out);
		worst = NFM_MAX(worst, finding.health);
	}
	return worst;
}

int nfm_cmd_doctor(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_doctor_close) struct nfm_doctor doctor = { .table.refusals_fd = -1 };
	enum nfm_health machine, traffic;
	struct nfm_error error = { .text = "" };
	struct nfm_output *out;
	int failed;

	(void)argv;
	if (argc != 1)
		return 2;
	if (nfm_doctor_open(cli, &doctor, &error))
		return nfm_cli_fail(&error);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_output_table(out, NULL, columns);
	machine = run_checks(&doctor, nfm_doctor_machine, out);
	traffic = run_checks(&doctor, nfm_doctor_traffic, out);
	nfm_output_end(out);
	failed = nfm_cli_output_done(out);
	return failed || NFM_MAX(machine, traffic) == NFM_HEALTH_FAIL ? 1 : 0;
}
