// SPDX-License-Identifier: GPL-2.0-only
/* `token`: who may ask the web page and the API. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "config/tokens.h"
#include "view/ask.h"
#include "view/output.h"

static const struct nfm_column columns[] = {
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "role", "ROLE", NFM_COLUMN_LEFT },
	{ "customer", "CUSTOMER", NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static int no_file(void)
{
	return nfm_cli_fail(&(struct nfm_error){ "[http] tokens is empty: set it to a path" });
}

static void write_token(struct nfm_output *out, const struct nfm_token *token)
{
	bool of_one = token->role == NFM_TOKEN_CUSTOMER;

	nfm_output_string(out, "name", token->name);
	nfm_output_string(out, "role", nfm_token_role_name(token->role));
	nfm_output_string(out, "customer", of_one ? token->customer : NULL);
}

static int list(struct nfm_cli *cli, int argc, char **argv)
{
	_cleanup_(nfm_tokens_clear) struct nfm_tokens tokens = {};
	struct nfm_output *out;
	struct nfm_error error;

	(void)argv;
	if (argc != 1)
		return 2;
	if (nfm_tokens_read(cli->config.http_tokens, &tokens, &error))
		return nfm_cli_fail(&error);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_output_table(out, NULL, columns);
	for (size_t i = 0; i < tokens.count; i++) {
		nfm_output_object(out, NULL);
		write_token(out, &tokens.entries[i]);
		nfm_output_end(out);
	}
	nfm_output_end(out);
	return nfm_cli_output_done(out);
}

/* The server reads the file when it starts: the agent starts it anew. */
static bool tell_agent(const struct nfm_cli *cli)
{
	const struct nfm_ask ask = { .command = "tokens-reload" };
	_cleanup_(nfm_ask_free) yajl_val answer = NULL;
	struct nfm_error error;
	int code = nfm_ask(cli->config.runtime, &ask, &answer, &error);

	if (code && code != -ECONNREFUSED)
		fprintf(stderr, "nfmeter: the file is changed, but the agent was not told: %s\n",
			error.text);
	return !code;
}

static int add(struct nfm_cli *cli, int argc, char **argv)
{
	char text[NFM_TOKEN_SIZE] = "";
	struct nfm_token token = {};
	struct nfm_output *out;
	struct nfm_error error;
	bool applied;

	if (argc != 3)
		return 2;
	if (!cli->config.http_tokens[0])
		return no_file();
	if (nfm_token_role_parse(argv[1], &token, &error))
		return nfm_cli_fail(&error);
	if (snprintf(token.name, sizeof(token.name), "%s", argv[2]) >= (int)sizeof(token.name)) {
		nfm_error_set(&error, -EINVAL, "\"%.60s\" is too long a name: up to %zu bytes",
			      argv[2], sizeof(token.name) - 1);
		return nfm_cli_fail(&error);
	}
	if (nfm_tokens_add(cli->config.http_tokens, &token, text, &error))
		return nfm_cli_fail(&error);
	applied = tell_agent(cli);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	nfm_output_string(out, "token", text);
	write_token(out, &token);
	nfm_output_string(out, "file", cli->config.http_tokens);
	nfm_output_bool(out, "applied", applied);
	nfm_output_end(out);
	nfm_output_line(out, "%s", text);
	if (nfm_cli_output_done(out))
		return 1;
	if (cli->format == NFM_FORMAT_TEXT)
		fprintf(stderr, "nfmeter: keep it: it is shown this once, %s has only its hash\n",
			cli->config.http_tokens);
	return 0;
}

static int remove_token(struct nfm_cli *cli, int argc, char **argv)
{
	struct nfm_output *out;
	struct nfm_error error;
	bool applied;

	if (argc != 2)
		return 2;
	if (!cli->config.http_tokens[0])
		return no_file();
	if (nfm_tokens_remove(cli->config.http_tokens, argv[1], &error))
		return nfm_cli_fail(&error);
	applied = tell_agent(cli);
	out = nfm_cli_output(cli);
	if (!out)
		return 1;
	nfm_output_object(out, NULL);
	nfm_output_string(out, "name", argv[1]);
	nfm_output_string(out, "file", cli->config.http_tokens);
	nfm_output_bool(out, "applied", applied);
	nfm_output_end(out);
	nfm_output_line(out, "%s: \"%s\" is out", cli->config.http_tokens, argv[1]);
	return nfm_cli_output_done(out);
}

static const struct {
	const char *name;
	int (*run)(struct nfm_cli *cli, int argc, char **argv);
} actions[] = {
	{ "list", list },
	{ "add", add },
	{ "remove", remove_token },
};

int nfm_cmd_token(struct nfm_cli *cli, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < NFM_ARRAY_SIZE(actions); i++)
		if (!strcmp(argv[1], actions[i].name))
			return actions[i].run(cli, argc - 1, argv + 1);
	return 2;
}
