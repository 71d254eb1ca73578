// SPDX-License-Identifier: GPL-2.0-only
/*
 * `expire`: oldest files first, by size and by age, now. The limits of the configuration are those
 * of its own directory; to another one, which may hold another collector's files, apply the given
 * ones alone.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/cli.h"
#include "view/output.h"
#include "snapshot/expire.h"

static const struct nfm_column columns[] = {
	{ "file", "FILE", NFM_COLUMN_LEFT },
	{ "bytes", "SIZE", NFM_COLUMN_RIGHT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

struct request {
	const char *directory;
	struct nfm_expire_limits limits;
	bool size_given, lifetime_given;
	bool dry_run;
};

static int refuse(char option, const char *text, int err, const char *form)
{
	fprintf(stderr, "nfmeter: -%c '%s': %s: write %s\n", option, text,
		!*text		? "empty" :
		err == -ERANGE	? "out of range" :
				  "not understood",
		form);
	return err;
}

static int read_option(struct request *request, int option)
{
	uint64_t watermark;
	int err;

	switch (option) {
	case 's':
		request->size_given = true;
		err = nfm_units_parse_size(optarg, &request->limits.size_bytes);
		return err ? refuse('s', optarg, err, NFM_SIZE_FORM) : 0;
	case 't':
		request->lifetime_given = true;
		err = nfm_units_parse_lifetime(optarg, &request->limits.lifetime_s);
		return err ? refuse('t', optarg, err, NFM_LIFETIME_FORM) : 0;
	case 'w':
		err = nfm_units_parse_u64(optarg, 1, 100, &watermark);
		if (err)
			return refuse('w', optarg, err, "a percentage, 1 to 100");
		request->limits.watermark = (unsigned int)watermark;
		return 0;
	case 'n':
		request->dry_run = true;
		return 0;
	}
	return -EINVAL;
}

/* However it is written: by a link, relative, with a slash behind it. */
static bool is_same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int fill_in(struct request *request, const struct nfm_config *config)
{
	if (!request->directory)
		request->directory = config->directory;
	if (is_same_folder(request->directory, config->directory) ||
	    !strcmp(request->directory, config->directory)) {
		if (!request->size_given)
			request->limits.size_bytes = config->expire_size_bytes;
		if (!request->lifetime_given)
			request->limits.lifetime_s = config->expire_lifetime_s;
	} else if (!request->size_given && !request->lifetime_given) {
		fprintf(stderr,
			"nfmeter: %s: no limit: give -s SIZE or -t LIFETIME (those of the "
			"configuration are for %s)\n",
			request->directory, config->directory);
		return -EINVAL;
	}
	return 0;
}

static int read_request(const struct nfm_config *config, int argc, char **argv,
			struct request *request)
{
	int option;

	*request = (struct request){ .limits.watermark = config->expire_watermark };
	optind = 0;
	while ((option = getopt(argc, argv, "s:t:w:n")) != -1) {
		int err = read_option(request, option);

		if (err)
			return err;
	}
	if (argc - optind > 1)
		return -EINVAL;
	request->directory = argv[optind]; /* NULL: none is given */
	return fill_in(request, config);
}

struct listing {
	struct nfm_output *out;
	bool in_text;
};

static void write_gone(void *cookie, const char *path, uint64_t bytes)
{
	const struct listing *listing = cookie;

	if (nfm_output_format(listing->out) == NFM_FORMAT_TEXT && !listing->in_text)
		return;
	nfm_output_object(listing->out, NULL);
	nfm_output_string(listing->out, "file", path);
	nfm_output_bytes(listing->out, "bytes", bytes);
	nfm_output_end(listing->out);
}

static void write_summary(struct nfm_output *out, const struct request *request,
			  const struct nfm_expire_result *result)
{
	char gone[32], left[32], folders[48] = "";

	nfm_output_u64(out, "files_before", result->files_before);
	nfm_output_u64(out, "bytes_before", result->bytes_before);
	nfm_output_u64(out, "files_gone", result->files_gone);
	nfm_output_u64(out, "bytes_gone", result->bytes_gone);
	nfm_output_u64(out, "folders_gone", result->folders_gone);
	if (!request->limits.size_bytes && !request->limits.lifetime_s)
		nfm_output_line(out, "neither a size nor a lifetime limit is set: nothing expires");
	if (result->folders_gone)
		snprintf(folders, sizeof(folders), ", %" PRIu64 " empty folder%s",
			 result->folders_gone, result->folders_gone == 1 ? "" : "s");
	nfm_output_line(out, "%s: %" PRIu64 " of %" PRIu64 " files %s (%s)%s, %s stay",
			request->directory, result->files_gone, result->files_before,
			request->dry_run ? "would be removed" : "removed",
			nfm_output_format_bytes(out, result->bytes_gone, gone, sizeof(gone)),
			folders,
			nfm_output_format_bytes(out, result->bytes_before - result->bytes_gone,
						left, sizeof(left)));
}

static int expire(struct nfm_cli *cli, const struct request *request)
{
	struct listing listing = { .in_text = request->dry_run };
	struct nfm_expire_result result = { 0 };
	struct nfm_error error;
	int err, failed;

	listing.out = nfm_cli_output(cli);
	if (!listing.out)
		return 1;
	nfm_output_object(listing.out, NULL);
	nfm_output_string(listing.out, "directory", request->directory);
	nfm_output_bool(listing.out, "dry_run", request->dry_run);
	nfm_output_table(listing.out, "gone", columns);
	err = nfm_expire_run(request->directory, &request->limits,
			     nfm_clock_unix_ns() / NFM_NS_PER_S, request->dry_run, write_gone,
			     &listing, &result, &error);
	nfm_output_end(listing.out);
	if (err)
		nfm_cli_fail(&error);
	else
		write_summary(listing.out, request, &result);
	nfm_output_end(listing.out);
	failed = nfm_cli_output_done(listing.out);
	return err || failed ? 1 : 0;
}

int nfm_cmd_expire(struct nfm_cli *cli, int argc, char **argv)
{
	struct request request;

	if (read_request(&cli->config, argc, argv, &request))
		return 2;
	return expire(cli, &request);
}
