// SPDX-License-Identifier: GPL-2.0-only
/* `customers`: the registry: check a file, list, reload, set, remove. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "view/ask.h"
#include "cli/cli.h"
#include "view/output.h"
#include "view/source.h"
#include "view/view.h"
#include "customers/customers.h"

static const struct nfm_column columns[] = {
	{ "id", "ID", NFM_COLUMN_LEFT },
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "state", "STATE", NFM_COLUMN_LEFT },
	{ "prefixes", "PREFIXES", NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

struct checked {
	const char *path;
	uint32_t wrong;
};

static void tell_wrong(void *cookie, uint32_t line, const char *problem)
{
	struct checked *checked = cookie;

	checked->wrong++;
	fprintf(stderr, "nfmeter: %s:%" PRIu32 ": %s\n", checked->path, line, problem);
}

static int check(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_registry_clear) struct nfm_registry registry = { 0 };
	const char *path = argc == 2 ? argv[1] : cli->config.customers_file;
	struct checked checked = { .path = path };
	struct nfm_output *out;
	struct nfm_error error;

	if (argc > 2)
		return 2;
	if (nfm_registry_check(path, tell_wrong, &checked, &registry, &error))
		return checked.wrong ? 1 : nfm_cli_fail(&error);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	nfm_output_string(out, "file", path);
	nfm_output_u64(out, "customers", registry.customer_count);
	nfm_output_u64(out, "prefixes", registry.prefix_count);
	nfm_output_end(out);
	nfm_output_line(out, "%s: correct: %" PRIu32 " customers, %" PRIu32 " prefixes", path,
			registry.customer_count, registry.prefix_count);
	return nfm_cli_output_done(out);
}

static void write_customer(struct nfm_output *out, const struct nfm_view_customer *customer)
{
	nfm_output_object(out, NULL);
	nfm_view_write_identity(out, customer->id, customer->name, customer->prefixes,
				customer->prefix_count);
	nfm_output_string(out, "state",
			  customer->state == NFM_NAME_LISTED ? "listed" : "discovered");
	nfm_output_end(out);
}

static int list(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_view_customer_clear) struct nfm_view_customer customer = { 0 };
	_cleanup_(nfm_table_close) struct nfm_table t = { .refusals_fd = -1 };
	struct nfm_output *out;
	struct nfm_error error;
	uint32_t row;

	(void)argv;
	if (argc != 1)
		return 2;
	if (nfm_source_open(&cli->config, &t, &error))
		return nfm_cli_fail(&error);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_output_table(out, NULL, columns);
	for (row = NFM_ROW_FIRST; row < nfm_view_names(&t) && !nfm_output_failed(out); row++) {
		if (nfm_view_customer_read(&t, row, &customer)) {
			nfm_output_free(out);
			return nfm_cli_fail(&(struct nfm_error){ "out of memory" });
		}
		if (customer.state == NFM_NAME_LISTED || customer.state == NFM_NAME_DISCOVERED)
			write_customer(out, &customer);
	}
	nfm_output_end(out);
	return nfm_cli_output_done(out);
}

/* What the agent made of a change. */
static int write_change(struct nfm_cli *cli, yajl_val answer)
{
	static const char *const keys[] = { "listed", "added", "removed", "changed",
					    "without_row" };
	struct nfm_output *out = nfm_cli_output(cli);
	uint64_t without_row = nfm_ask_u64(answer, "without_row", 0);
	size_t i;

	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	nfm_output_bool(out, "applied", true);
	for (i = 0; i < NFM_ARRAY_SIZE(keys); i++)
		nfm_output_u64(out, keys[i], nfm_ask_u64(answer, keys[i], 0));
	nfm_output_end(out);
	nfm_output_line(out,
			"%" PRIu64 " customers listed: %" PRIu64 " added, %" PRIu64
			" removed, %" PRIu64 " changed",
			nfm_ask_u64(answer, "listed", 0), nfm_ask_u64(answer, "added", 0),
			nfm_ask_u64(answer, "removed", 0), nfm_ask_u64(answer, "changed", 0));
	if (without_row)
		nfm_output_line(out,
				"%" PRIu64 " of them found no row and count as unmatched: raise "
				"[collector] capacity",
				without_row);
	return nfm_cli_output_done(out);
}

static int write_edited(struct nfm_cli *cli)
{
	struct nfm_output *out = nfm_cli_output(cli);

	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	nfm_output_bool(out, "applied", false);
	nfm_output_string(out, "file", cli->config.customers_file);
	nfm_output_end(out);
	nfm_output_line(out, "%s is changed; no agent is running: it takes effect when one starts",
			cli->config.customers_file);
	return nfm_cli_output_done(out);
}

static int reload(struct nfm_cli *cli, int argc, char **argv)
{
	const struct nfm_ask ask = { .command = "customers-reload" };
	_cleanup_(nfm_ask_free) yajl_val answer = NULL;
	struct nfm_error error;

	(void)argv;
	if (argc != 1)
		return 2;
	if (nfm_ask(cli->config.runtime, &ask, &answer, &error))
		return nfm_cli_fail(&error);
	return write_change(cli, answer);
}

static int set(struct nfm_cli *cli, int argc, char **argv)
{
	struct nfm_ask ask = { .command = "customers-set" };
	_cleanup_(nfm_ask_free) yajl_val answer = NULL;
	struct nfm_error error;
	int err;

	if (argc < 3)
		return 2;
	ask.id = argv[1];
	ask.prefixes = (const char *const *)&argv[2];
	ask.prefix_count = (size_t)argc - 2;
	err = nfm_ask(cli->config.runtime, &ask, &answer, &error);
	if (!err)
		return write_change(cli, answer);
	if (err != -ECONNREFUSED ||
	    nfm_registry_file_set(cli->config.customers_file, ask.id, ask.prefixes,
				  ask.prefix_count, &error))
		return nfm_cli_fail(&error);
	return write_edited(cli);
}

static int remove_customer(struct nfm_cli *cli, int argc, char **argv)
{
	struct nfm_ask ask = { .command = "customers-remove" };
	_cleanup_(nfm_ask_free) yajl_val answer = NULL;
	struct nfm_error error;
	int err;

	if (argc != 2)
		return 2;
	ask.id = argv[1];
	err = nfm_ask(cli->config.runtime, &ask, &answer, &error);
	if (!err)
		return write_change(cli, answer);
	if (err != -ECONNREFUSED ||
	    nfm_registry_file_remove(cli->config.customers_file, ask.id, &error))
		return nfm_cli_fail(&error);
	return write_edited(cli);
}

static const struct {
	const char *name;
	int (*run)(struct nfm_cli *cli, int argc, char **argv);
} actions[] = {
	{ "check", check },
	{ "list", list },
	{ "reload", reload },
	{ "set", set },
	{ "remove", remove_customer },
};

int nfm_cmd_customers(struct nfm_cli *cli, int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < NFM_ARRAY_SIZE(actions); i++) {
		if (!strcmp(argv[1], actions[i].name))
			return actions[i].run(cli, argc - 1, argv + 1);
	}
	return 2;
}
