// SPDX-License-Identifier: GPL-2.0-only
#include "cli/doctor.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "config/sources.h"
#include "view/ask.h"
#include "view/source.h"

#define NAMES_SHOWN 3U

/* By trying: distributions' kernels have what their version does not tell. */
static int probe_xdp(void)
{
	static const enum bpf_func_id helpers[] = { BPF_FUNC_loop, BPF_FUNC_xdp_load_bytes,
						    BPF_FUNC_ringbuf_reserve };
	int has;

	libbpf_set_print(NULL);
	has = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL);
	for (size_t i = 0; has == 1 && i < NFM_ARRAY_SIZE(helpers); i++)
		has = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, helpers[i], NULL);
	return has;
}

static int open_config(const struct nfm_cli *cli, struct nfm_doctor *doctor,
		       struct nfm_error *error)
{
	/* As for every command: the default file may be missing. */
	const struct nfm_config_place place = {
		.path = cli->config_path,
		.may_be_missing = !strcmp(cli->config_path, NFM_CONFIG_DEFAULT_FILE),
	};

	doctor->config_path = cli->config_path;
	doctor->config_error = nfm_config_read_place(&place, &doctor->config, NULL,
						     &doctor->config_reason);
	if (!doctor->config_error)
		return 0;
	return nfm_config_read(NULL, &doctor->config, error);
}

static void ask_agent(struct nfm_doctor *doctor)
{
	const struct nfm_ask ask = { .command = "status" };
	_cleanup_(nfm_ask_free) yajl_val agent = NULL;

	doctor->agent_error = nfm_ask(doctor->config.runtime, &ask, &agent, &doctor->agent_reason);
	doctor->agent_pid = nfm_ask_u64(agent, "pid", 0);
	snprintf(doctor->snapshot_error, sizeof(doctor->snapshot_error), "%s",
		 nfm_ask_string(agent, "snapshot_error", ""));
}

static void ask_directory(struct nfm_doctor *doctor)
{
	struct statvfs fs;

	if (statvfs(doctor->config.directory, &fs) < 0)
		doctor->directory_error = -errno;
	else if (access(doctor->config.directory, W_OK | X_OK) < 0)
		doctor->directory_error = -errno;
	else
		doctor->directory_free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
}

static int read_table(struct nfm_doctor *doctor, struct nfm_error *error)
{
	struct nfm_table *t = NULL;

	doctor->table_error = nfm_source_open(&doctor->config, &doctor->table,
					      &doctor->table_reason);
	if (!doctor->table_error) {
		int err;

		t = &doctor->table;
		err = nfm_exporters_read(t, nfm_view_interval_s(t, doctor->config.interval_s),
					 &doctor->now, &doctor->exporters, error);
		if (err)
			return err;
	}
	doctor->templates_error = nfm_templates_read(doctor->config.directory, t, &doctor->now,
						     &doctor->templates,
						     &doctor->templates_reason);
	return 0;
}

int nfm_doctor_open(const struct nfm_cli *cli, struct nfm_doctor *doctor, struct nfm_error *error)
{
	int err;

	*doctor = (struct nfm_doctor){
		.root = "",
		.table.refusals_fd = -1,
		.now = nfm_view_clock_now(),
	};
	err = open_config(cli, doctor, error);
	if (err)
		return err;
	doctor->xdp = probe_xdp();
	ask_directory(doctor);
	ask_agent(doctor);
	return read_table(doctor, error);
}

void nfm_doctor_close(struct nfm_doctor *doctor)
{
	nfm_templates_clear(&doctor->templates);
	nfm_exporters_clear(&doctor->exporters);
	nfm_table_close(&doctor->table);
	nfm_config_clear(&doctor->config);
}

/* ---- findings ---- */

void nfm_finding_say(struct nfm_finding *finding, enum nfm_health health, const char *format, ...)
{
	size_t used = strlen(finding->text);
	va_list args;

	if (used)
		used += (size_t)snprintf(finding->text + used, sizeof(finding->text) - used, "; ");
	if (used < sizeof(finding->text)) {
		va_start(args, format);
		vsnprintf(finding->text + used, sizeof(finding->text) - used, format, args);
		va_end(args);
	}
	for (char *p = finding->text; (p = strchr(p, '\n'));)
		*p = ' ';
	finding->health = NFM_MAX(finding->health, health);
}

void nfm_finding_name(struct nfm_finding_names *names, const char *name)
{
	size_t used = strlen(names->text);

	names->count++;
	if (names->count <= NAMES_SHOWN) {
		snprintf(names->text + used, sizeof(names->text) - used, "%s%.72s",
			 used ? ", " : "", name);
		return;
	}
	if (names->count > NAMES_SHOWN + 1) /* the number stands there already */
		used = (size_t)(strrchr(names->text, '+') - names->text) - 1;
	snprintf(names->text + used, sizeof(names->text) - used, " +%u more",
		 names->count - NAMES_SHOWN);
}
