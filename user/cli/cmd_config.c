// SPDX-License-Identifier: GPL-2.0-only
/* `config`: what the configuration says, and changes to single settings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "view/ask.h"
#include "view/document.h"

/* The default file may be missing; one that was named has been read already. */
static struct nfm_config_place place_of(const struct nfm_cli *cli)
{
	return (struct nfm_config_place){ .path = cli->config_path, .may_be_missing = true };
}

static int show(struct nfm_cli *cli)
{
	_cleanup_(nfm_config_sources_clear) struct nfm_config_sources sources = {};
	_cleanup_(nfm_config_clear) struct nfm_config config = {};
	_cleanup_(nfm_ask_free) yajl_val agent = NULL;
	const struct nfm_config_place place = place_of(cli);
	const struct nfm_ask ask = { .command = "status" };
	struct nfm_output *out;
	struct nfm_error error;
	int code;

	if (nfm_config_read_place(&place, &config, &sources, &error))
		return nfm_cli_fail(&error);
	code = nfm_ask(cli->config.runtime, &ask, &agent, &error);
	if (code && code != -ECONNREFUSED)
		nfm_cli_fail(&error); /* said; the files can be told of all the same */
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_document_config(out, &config, &sources, agent);
	return nfm_cli_output_done(out);
}

/* The names under `key` of the agent's answer; `alone`: without one. */
static void write_names(struct nfm_output *out, const char *key, yajl_val answer,
			const char *alone)
{
	yajl_val names = nfm_ask_member(answer, key, yajl_t_array);

	nfm_output_array(out, key);
	for (size_t i = 0; names && i < names->u.array.len; i++)
		nfm_output_string(out, NULL, YAJL_GET_STRING(names->u.array.values[i]));
	if (alone)
		nfm_output_string(out, NULL, alone);
	nfm_output_end(out);
}

static int write_change(struct nfm_cli *cli, const char *name, yajl_val answer)
{
	struct nfm_output *out = nfm_cli_output(cli);
	yajl_val applied = nfm_ask_member(answer, "applied", yajl_t_array);
	char file[PATH_MAX] = "";

	if (!out)
		return 1;
	nfm_config_settings_path(cli->config_path, file, sizeof(file));
	nfm_output_object(out, NULL);
	write_names(out, "applied", answer, NULL);
	write_names(out, "pending", answer, answer ? NULL : name);
	nfm_output_string(out, "file", file);
	nfm_output_end(out);
	if (applied && applied->u.array.len)
		nfm_output_line(out, "%s: in force, and kept in %s", name, file);
	else
		nfm_output_line(out, "%s: kept in %s; it takes effect when the agent starts", name,
				file);
	return nfm_cli_output_done(out);
}

/* Without an agent: the file alone. */
static int edit(struct nfm_cli *cli, const struct nfm_ask_setting *setting)
{
	_cleanup_(nfm_config_sources_clear) struct nfm_config_sources sources = {};
	_cleanup_(nfm_settings_clear) struct nfm_settings settings = {};
	_cleanup_(nfm_config_clear) struct nfm_config config = {};
	const struct nfm_config_place place = place_of(cli);
	_cleanup_free_ char *text = NULL;
	struct nfm_error error;

	if (nfm_settings_load(cli->config_path, &settings, &error) ||
	    nfm_settings_set(&settings, setting->section, setting->key, setting->value, &error) ||
	    nfm_settings_try(&settings, &place, &text, &config, &sources, &error) ||
	    nfm_settings_save(cli->config_path, text, &error))
		return nfm_cli_fail(&error);
	return 0;
}

static int change(struct nfm_cli *cli, const char *name, const char *value)
{
	const char *dot = strchr(name, '.');
	_cleanup_free_ char *section = dot ? strndup(name, (size_t)(dot - name)) : NULL;
	const struct nfm_ask_setting setting = { section, dot ? dot + 1 : NULL, value };
	const struct nfm_ask ask = { .command = "settings-set", .setting = &setting };
	_cleanup_(nfm_ask_free) yajl_val answer = NULL;
	struct nfm_error error;
	int code;

	if (!section)
		return nfm_cli_fail(&(struct nfm_error){
			"name a setting with its section, such as collector.interval" });
	code = nfm_ask(cli->config.runtime, &ask, &answer, &error);
	if (code && code != -ECONNREFUSED)
		return nfm_cli_fail(&error);
	if (code && edit(cli, &setting))
		return 1;
	return write_change(cli, name, answer);
}

int nfm_cmd_config(struct nfm_cli *cli, int argc, char **argv)
{
	if (argc == 1)
		return show(cli);
	if (argc == 4 && !strcmp(argv[1], "set"))
		return change(cli, argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "reset"))
		return change(cli, argv[2], NULL);
	return 2;
}
