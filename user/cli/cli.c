// SPDX-License-Identifier: GPL-2.0-only
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/sources.h"
#include "view/version.h"

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "output", required_argument, NULL, 'o' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

#define SHARED_OPTIONS "c:o:bh"

static const struct {
	const char *option, *help;
} option_help[] = {
	{ "-c, --config FILE", "configuration; default " NFM_CONFIG_DEFAULT_FILE },
	{ "-o, --output FORMAT", "text, json or csv; default text" },
	{ "-b, --bytes", "exact bytes in text, no units" },
	{ "-h, --help", "this, or a command's arguments" },
	{ "    --version", "the version" },
};

static const char *const format_names[] = {
	[NFM_FORMAT_TEXT] = "text",
	[NFM_FORMAT_JSON] = "json",
	[NFM_FORMAT_CSV] = "csv",
};

#define OWN_LONG_MAX 12 /* of one command */
#define OWN_LONG_CODE 0x100 /* what getopt_long(3) gives for the first of them */

/* A command's own options, as its usage line has them. */
struct own {
	int count;
	char shorts[64]; /* in getopt(3)'s form, after the shared ones */
	int long_count;
	char name[OWN_LONG_MAX][32]; /* "--from" */
	struct option longs[NFM_ARRAY_SIZE(long_options) + OWN_LONG_MAX];
};

/* What one reading of the arguments found. */
struct arguments {
	struct own own;
	bool config_given;
	bool help;
	bool version;
	/* for the command: its name, its own options, "--" if it has any, its arguments */
	char **argv;
	int argc;
	char (*flag)[3]; /* "-x" of each of its options */
};

static void arguments_clear(struct arguments *arguments)
{
	free(arguments->argv);
	free(arguments->flag);
}

int nfm_cli_fail(const struct nfm_error *error)
{
	fflush(stdout);
	fprintf(stderr, "nfmeter: %s\n", error->text);
	return 1;
}

static void print_usage(FILE *to, const struct nfm_command *command)
{
	if (command)
		fprintf(to, "usage: nfmeter %s [OPTION]...%s%s\n", command->name,
			*command->arguments ? " " : "", command->arguments);
	else
		fprintf(to, "usage: nfmeter [OPTION]... COMMAND [ARGUMENT]...\n"
			    "`nfmeter --help` lists the commands\n");
}

static void print_options(void)
{
	size_t i;

	printf("\noptions:\n");
	for (i = 0; i < NFM_ARRAY_SIZE(option_help); i++)
		printf("  %-20s  %s\n", option_help[i].option, option_help[i].help);
}

static int print_help(const struct nfm_command *commands, const struct nfm_command *command)
{
	if (command) {
		print_usage(stdout, command);
		printf("%s\n", command->help);
	} else {
		printf("usage: nfmeter [OPTION]... COMMAND [ARGUMENT]...\n\ncommands:\n");
		for (command = commands; command->name; command++)
			printf("  %s%s%s\n        %s\n", command->name,
			       *command->arguments ? " " : "", command->arguments, command->help);
	}
	print_options();
	return fflush(stdout) ? 1 : 0;
}

static int set_format(struct nfm_cli *cli, const char *text)
{
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(format_names); i++) {
		if (!strcmp(text, format_names[i])) {
			cli->format = (enum nfm_format)i;
			return 0;
		}
	}
	fprintf(stderr, "nfmeter: -o %s: the formats are text, json and csv\n", text);
	return -EINVAL;
}

static int unknown_option(char *const *argv, int code)
{
	if (code == ':')
		fprintf(stderr, "nfmeter: %s: a value is missing\n", argv[optind - 1]);
	else if (optopt && optopt < 0x100)
		fprintf(stderr, "nfmeter: unknown option -%c\n", optopt);
	else
		fprintf(stderr, "nfmeter: unknown option %s\n", argv[optind - 1]);
	return -EINVAL;
}

/* An option that all commands share: 1 if `code` was one, 0 if not, -EINVAL. */
static int take_shared(struct nfm_cli *cli, struct arguments *arguments, int code)
{
	switch (code) {
	case 'c':
		cli->config_path = optarg;
		arguments->config_given = true;
		return 1;
	case 'o':
		return set_format(cli, optarg) ? -EINVAL : 1;
	case 'b':
		cli->exact_bytes = true;
		return 1;
	case 'h':
		arguments->help = true;
		return 1;
	case 'V':
		arguments->version = true;
		return 1;
	}
	return 0;
}

/* The options before the command's name. Returns its place in argv (argc: none) or -EINVAL. */
static int read_leading(struct nfm_cli *cli, struct arguments *arguments, int argc, char **argv)
{
	int code;

	optind = 0; /* glibc: begin anew */
	while ((code = getopt_long(argc, argv, "+:" SHARED_OPTIONS, long_options, NULL)) != -1) {
		if (code == '?' || code == ':')
			return unknown_option(argv, code);
		if (take_shared(cli, arguments, code) < 0)
			return -EINVAL;
	}
	return optind;
}

/* Takes "--from T" at `at` (with a value) or "--no-data". */
static void own_long(struct own *own, const char *at)
{
	size_t size = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
	char *name = own->name[own->long_count];

	if (own->long_count == OWN_LONG_MAX || size == 2 || size >= sizeof(own->name[0]))
		return;
	snprintf(name, sizeof(own->name[0]), "%.*s", (int)size, at);
	own->longs[own->long_count] = (struct option){
		.name = name + 2,
		.has_arg = at[size] == ' ' && isupper((unsigned char)at[size + 1]),
		.val = OWN_LONG_CODE + own->long_count,
	};
	own->long_count++;
	own->count++;
}

static void own_short(struct own *own, const char *at)
{
	size_t used = strlen(own->shorts);

	if (used + 3 > sizeof(own->shorts))
		return;
	snprintf(own->shorts + used, 3, "%c%s", at[1],
		 at[2] == ' ' && isupper((unsigned char)at[3]) ? ":" : "");
	own->count++;
}

/*
 * A command's own options stand in its usage line: "-n" is a switch, "-s SIZE" and "--from T" have
 * a value.
 */
static void own_options(const struct nfm_command *command, struct own *own)
{
	const char *at = command->arguments;

	snprintf(own->shorts, sizeof(own->shorts), "-:%s", SHARED_OPTIONS);
	for (; (at = strchr(at, '-')) != NULL; at += strspn(at, "-")) {
		if (at != command->arguments && !strchr(" [|", at[-1]))
			continue;
		if (at[1] == '-')
			own_long(own, at);
		else if (isalnum((unsigned char)at[1]))
			own_short(own, at);
	}
	memcpy(&own->longs[own->long_count], long_options, sizeof(long_options));
}

static void keep_own(struct arguments *arguments, int code)
{
	char *flag = arguments->flag[arguments->argc];

	flag[0] = '-';
	flag[1] = (char)code;
	if (code >= OWN_LONG_CODE)
		flag = arguments->own.name[code - OWN_LONG_CODE];
	arguments->argv[arguments->argc++] = flag;
	if (optarg)
		arguments->argv[arguments->argc++] = optarg;
}

/* argv[0] is the command's name: shared options are taken, the rest is put in getopt's order. */
static int read_trailing(struct nfm_cli *cli, struct arguments *arguments,
			 const struct nfm_command *command, int argc, char **argv)
{
	_cleanup_free_ char **plain = calloc((size_t)argc + 1, sizeof(*plain));
	struct own *own = &arguments->own;
	int plain_count = 0;
	int code;

	own_options(command, own);
	arguments->argv = calloc(2 * (size_t)argc + 3, sizeof(*arguments->argv));
	arguments->flag = calloc(2 * (size_t)argc + 3, sizeof(*arguments->flag));
	if (!plain || !arguments->argv || !arguments->flag)
		return -ENOMEM;
	arguments->argv[arguments->argc++] = argv[0];
	optind = 0;
	while ((code = getopt_long(argc, argv, own->shorts, own->longs, NULL)) != -1) {
		int taken;

		if (code == '?' || code == ':')
			return unknown_option(argv, code);
		if (code == 1) {
			plain[plain_count++] = optarg;
			continue;
		}
		taken = take_shared(cli, arguments, code);
		if (taken < 0)
			return taken;
		if (!taken)
			keep_own(arguments, code);
	}
	while (optind < argc) /* after "--" */
		plain[plain_count++] = argv[optind++];
	if (own->count)
		arguments->argv[arguments->argc++] = (char *)"--";
	memcpy(&arguments->argv[arguments->argc], plain, (size_t)plain_count * sizeof(*plain));
	arguments->argc += plain_count;
	return 0;
}

static const struct nfm_command *find_command(const struct nfm_command *commands, const char *name)
{
	for (; commands->name; commands++) {
		if (!strcmp(commands->name, name))
			return commands;
	}
	return NULL;
}

/* The default file may be missing: then the defaults hold. One that was named must be there. */
static int read_config(struct nfm_cli *cli, bool given)
{
	const struct nfm_config_place place = { .path = cli->config_path,
						.may_be_missing = !given };
	struct nfm_error error = { .text = "" };
	int err = nfm_config_read_place(&place, &cli->config, NULL, &error);

	if (!err)
		return 0;
	if (!error.text[0])
		nfm_error_set(&error, err, "%s: %s", cli->config_path, strerror(-err));
	nfm_cli_fail(&error);
	return err;
}

static int run_command(struct nfm_cli *cli, const struct nfm_command *command,
		       struct arguments *arguments)
{
	int status;

	if (command->needs_config && read_config(cli, arguments->config_given))
		return 1;
	status = command->run(cli, arguments->argc, arguments->argv);
	if (status == 2)
		print_usage(stderr, command);
	if (command->needs_config)
		nfm_config_clear(&cli->config);
	return status;
}

int nfm_cli_main(const struct nfm_command *commands, int argc, char **argv)
{
	struct nfm_cli cli = { .config_path = NFM_CONFIG_DEFAULT_FILE };
	_cleanup_(arguments_clear) struct arguments arguments = { 0 };
	const struct nfm_command *command = NULL;
	int at = read_leading(&cli, &arguments, argc, argv);
	int err = at < 0 ? at : 0;

	if (!err && at < argc) {
		command = find_command(commands, argv[at]);
		if (!command)
			fprintf(stderr, "nfmeter: unknown command %s\n", argv[at]);
		else
			err = read_trailing(&cli, &arguments, command, argc - at, argv + at);
	}
	if (err == -ENOMEM)
		return nfm_cli_fail(&(struct nfm_error){ "out of memory" });
	if (!err && arguments.version)
		return printf("nfmeter %s\n", NFM_VERSION) < 0 || fflush(stdout) ? 1 : 0;
	if (!err && arguments.help)
		return print_help(commands, command);
	if (err || !command) {
		print_usage(stderr, command);
		return 2;
	}
	return run_command(&cli, command, &arguments);
}
