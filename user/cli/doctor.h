/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `doctor` looks at. What needs the agent, the table or the kernel is read first; the checks
 * are functions of that, and of a few files below /proc and /sys and the customers file.
 */
#ifndef NFM_CLI_DOCTOR_H
#define NFM_CLI_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/cli.h"
#include "view/exporters.h"
#include "view/templates.h"
#include "table/table.h"

enum nfm_health { NFM_HEALTH_OK, NFM_HEALTH_WARN, NFM_HEALTH_FAIL };

struct nfm_doctor {
	const char *config_path;
	struct nfm_config config; /* the defaults where the file cannot be read */
	int config_error;	  /* 0, or -errno with the reason */
	struct nfm_error config_reason; /* with config_error 0: the default file is missing */
	const char *root; /* stands before /proc and /sys; "" but in tests */
	int xdp;	  /* 1: the kernel has what the datapath needs, 0: not; -errno: not told */
	int directory_error;
	uint64_t directory_free_bytes;
	struct nfm_table table;
	int table_error; /* -ENOENT: there is none yet */
	struct nfm_error table_reason;
	int agent_error; /* -ECONNREFUSED: none is running */
	struct nfm_error agent_reason;
	uint64_t agent_pid;
	char snapshot_error[512]; /* empty: none */
	struct nfm_view_clock now;
	struct nfm_exporters_view exporters;
	struct nfm_templates_view templates;
	int templates_error;
	struct nfm_error templates_reason;
};

/** Reads all that; what cannot be read is a finding, no error. -ENOMEM. */
int nfm_doctor_open(const struct nfm_cli *cli, struct nfm_doctor *doctor, struct nfm_error *error);
void nfm_doctor_close(struct nfm_doctor *doctor);

/** What a check says: one line. */
struct nfm_finding {
	enum nfm_health health;
	char text[1024];
};

/** Says something more; the finding is as bad as the worst that was said. */
void nfm_finding_say(struct nfm_finding *finding, enum nfm_health health, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Names in a line: a few of them, and how many more there are. */
struct nfm_finding_names {
	char text[256];
	uint32_t count;
};
void nfm_finding_name(struct nfm_finding_names *names, const char *name);

#define NFM_NEEDS_CONFIG 1U /* a configuration without errors */
#define NFM_NEEDS_TABLE 2U

struct nfm_check {
	const char *name;
	unsigned int needs; /* without it the check is left out */
	void (*run)(const struct nfm_doctor *doctor, struct nfm_finding *finding);
};

/* doctor_http.c */
void nfm_doctor_http(const struct nfm_doctor *doctor, struct nfm_finding *finding);

/* Both end with a NULL name. */
extern const struct nfm_check nfm_doctor_machine[]; /* machine, files, agent */
extern const struct nfm_check nfm_doctor_traffic[]; /* exporters and what they send */

#endif
