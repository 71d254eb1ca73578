/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: one table of commands serves parsing, help and the man page. */
#ifndef NFM_CLI_H
#define NFM_CLI_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "view/output.h"

/** What every command gets: the options that all share, already read. */
struct nfm_cli {
	struct nfm_config config;
	const char *config_path;
	enum nfm_format format;
	bool exact_bytes; /* -b */
};

struct nfm_command {
	const char *name;
	const char *arguments; /* "[CUSTOMER or ADDRESS…]" */
	const char *help;      /* one line */
	bool needs_config;     /* read the configuration first; its errors end the command */
	/* argv[0] is the command's name; returns the exit status: 0, 1 (said why), 2 (usage) */
	int (*run)(struct nfm_cli *cli, int argc, char **argv);
};

/* One file per command, user/cli/cmd_….c */
int nfm_cmd_status(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_show(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_top(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_exporters(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_templates(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_metrics(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_customers(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_config(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_token(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_read(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_export(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_history(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_report(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_rollup(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_expire(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_doctor(struct nfm_cli *cli, int argc, char **argv);
int nfm_cmd_version(struct nfm_cli *cli, int argc, char **argv);

/**
 * Reads the shared options (-c FILE, -o text|json|csv, -b, -h; before or after the command's name),
 * finds the command in `commands` (ended by a NULL name) and runs it. Returns the exit status.
 */
int nfm_cli_main(const struct nfm_command *commands, int argc, char **argv);

/** One line on stderr, "nfmeter: …", and 1. */
int nfm_cli_fail(const struct nfm_error *error);

/** A writer to stdout as the user asked for; a closed pipe is an error of its own, no signal. */
struct nfm_output *nfm_cli_output(const struct nfm_cli *cli);

/** Finishes and frees. Returns the exit status: 0, or 1 with the reason said on stderr. */
int nfm_cli_output_done(struct nfm_output *out);

#endif
