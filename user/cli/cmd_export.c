// SPDX-License-Identifier: GPL-2.0-only
/* `export`: snapshots as files of other tools. A file is whole, or it is not there. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/units.h"
#include "cli/cli.h"
#include "snapshot/nfdump.h"
#include "view/document.h"
#include "view/output.h"

#define FILE_MODE 0644

enum kind { NONE, NFDUMP, CSV, JSON };

static const struct {
	const char *name;
	int value;
} kinds[] = { { "nfdump", NFDUMP }, { "csv", CSV }, { "json", JSON } };

struct request {
	enum kind kind;
	enum nfm_compression compression;
	bool compression_given;
	const char *out;
	char **files;
	int count;
};

/* ---- what is asked for ---- */

static int read_kind(struct request *request, const char *text)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(kinds); i++) {
		if (!strcmp(text, kinds[i].name)) {
			request->kind = (enum kind)kinds[i].value;
			return 0;
		}
	}
	fprintf(stderr, "nfmeter: --format %s: the formats are nfdump, csv and json\n", text);
	return -EINVAL;
}

static int read_compression(struct request *request, const char *text)
{
	request->compression_given = true;
	if (!nfm_units_parse_compression(text, &request->compression))
		return 0;
	fprintf(stderr, "nfmeter: --compress %s: none, lz4 or zstd (nfdump 1.7.4 or newer)\n",
		text);
	return -EINVAL;
}

static int check_request(const struct request *request)
{
	if (!request->kind)
		fprintf(stderr, "nfmeter: export: --format nfdump, csv or json is missing\n");
	else if (!request->out)
		fprintf(stderr, "nfmeter: export: -w OUT is missing\n");
	else if (!request->count)
		fprintf(stderr, "nfmeter: export: name the snapshot's file\n");
	else if (request->compression_given && request->kind != NFDUMP)
		fprintf(stderr, "nfmeter: --compress is for --format nfdump\n");
	else if (request->kind == NFDUMP && !strcmp(request->out, "-"))
		fprintf(stderr, "nfmeter: -w -: nfdump's files need a name: a file, or a folder\n");
	else
		return 0;
	return -EINVAL;
}

static int read_request(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "compress", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	int option;
	int err = 0;

	*request = (struct request){ .compression = NFM_COMPRESSION_NONE };
	optind = 0;
	while (!err && (option = getopt_long(argc, argv, "w:", options, NULL)) != -1) {
		if (option == 'f')
			err = read_kind(request, optarg);
		else if (option == 'c')
			err = read_compression(request, optarg);
		else if (option == 'w')
			request->out = optarg;
		else
			err = -EINVAL;
	}
	request->files = argv + optind;
	request->count = argc - optind;
	return err ? err : check_request(request);
}

/* ---- where it goes ---- */

/* Folder of a path that may have none. */
static int folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int size = slash ? (int)NFM_MAX(slash - path, 1) : 1;

	return snprintf(folder, PATH_MAX, "%.*s", size, slash ? path : ".") < PATH_MAX ?
		       0 :
		       -ENAMETOOLONG;
}

/*
 * Follows a link to what it stands for, so that the file is replaced and not the link. 1: a device
 * or a pipe is there, which is written to as it is.
 */
static int resolve(const char *out, char path[PATH_MAX], struct nfm_error *error)
{
	char folder[PATH_MAX];
	struct stat st;

	if (stat(out, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return nfm_error_set(error, -EISDIR, "%s: is a folder: name a file", out);
		if (!S_ISREG(st.st_mode))
			return snprintf(path, PATH_MAX, "%s", out) < PATH_MAX ? 1 : -ENAMETOOLONG;
		return realpath(out, path) ? 0 : nfm_error_set(error, -errno, "%s: %m", out);
	}
	if (folder_of(out, folder) || stat(folder, &st) || !S_ISDIR(st.st_mode))
		return nfm_error_set(error, -ENOENT, "%s: there is no such folder: make it first",
				     out);
	return snprintf(path, PATH_MAX, "%s", out) < PATH_MAX ?
		       0 :
		       nfm_error_set(error, -ENAMETOOLONG, "%s: %s", out, strerror(ENAMETOOLONG));
}

/* ---- nfdump ---- */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where the file for a snapshot goes: OUT, or in the folder OUT the name that nfcapd gives. */
static int nfdump_target(const struct request *request, const char *file, bool folder,
			 char path[PATH_MAX], struct nfm_error *error)
{
	char out[PATH_MAX], theirs[PATH_MAX];
	int code;

	if (!folder)
		code = snprintf(out, sizeof(out), "%s", request->out);
	else if (nfm_nfdump_path(name_of(file), theirs, sizeof(theirs)))
		return nfm_error_set(error, -EINVAL,
				     "%s: is not named like a snapshot, nfmeter.YYYYmmddHHMM: name "
				     "the file to write, not a folder", file);
	else
		code = snprintf(out, sizeof(out), "%s/%s", request->out, theirs);
	if (code >= (int)sizeof(out))
		return nfm_error_set(error, -ENAMETOOLONG, "%s: the name is too long",
				     request->out);
	code = resolve(out, path, error);
	return code == 1 ? nfm_error_set(error, -EINVAL, "%s: no file: nfdump reads files", out) :
			   code;
}

/* One written over the other would be traffic lost without a word. */
static bool named_before(const struct request *request, int at)
{
	for (int i = 0; i < at; i++)
		if (!strcmp(name_of(request->files[i]), name_of(request->files[at])))
			return true;
	return false;
}

static int export_nfdump(const struct request *request)
{
	struct nfm_error error;
	struct stat st;
	bool folder = stat(request->out, &st) == 0 && S_ISDIR(st.st_mode);
	int status = 0;

	if (request->count > 1 && !folder) {
		nfm_error_set(&error, -ENOTDIR, "%s: for several snapshots, name a folder",
			      request->out);
		return nfm_cli_fail(&error);
	}
	for (int i = 0; i < request->count; i++) {
		const char *file = request->files[i];
		char path[PATH_MAX];
		int code;

		if (named_before(request, i))
			code = nfm_error_set(&error, -EEXIST, "%s: the second of this name: export "
					     "it to another folder", file);
		else
			code = nfdump_target(request, file, folder, path, &error);
		if (!code)
			code = nfm_nfdump_write(file, path, request->compression, &error);
		if (code)
			status = nfm_cli_fail(&error);
	}
	return status;
}

/* ---- one document ---- */

/* The file that OUT becomes. */
struct target {
	char path[PATH_MAX];
	char temporary[PATH_MAX]; /* empty: nothing to rename or to remove */
	FILE *file;
};

static void target_close(struct target *target)
{
	nfm_cleanup_fclose(&target->file);
	target->file = NULL;
	if (target->temporary[0])
		unlink(target->temporary);
}

static int target_open(struct target *target, const char *out, struct nfm_error *error)
{
	_cleanup_close_ int fd = -1;
	char folder[PATH_MAX];
	int code = resolve(out, target->path, error);

	if (code < 0)
		return code;
	if (code == 1) {
		fd = open(target->path, O_WRONLY | O_CLOEXEC);
	} else {
		if (folder_of(target->path, folder) ||
		    snprintf(target->temporary, PATH_MAX, "%s/.%s.XXXXXX", folder,
			     name_of(target->path)) >= PATH_MAX) {
			target->temporary[0] = '\0';
			return nfm_error_set(error, -ENAMETOOLONG, "%s: the name is too long", out);
		}
		fd = mkostemp(target->temporary, O_CLOEXEC);
	}
	if (fd < 0) {
		target->temporary[0] = '\0';
		return nfm_error_set(error, -errno, "%s: %m: name a file that you may write", out);
	}
	target->file = fdopen(fd, "w");
	if (!target->file)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	fd = -1; /* the stream's */
	return 0;
}

static int target_commit(struct target *target, const char *out, struct nfm_error *error)
{
	char folder[PATH_MAX];
	int fd = fileno(target->file);

	if (!target->temporary[0])
		return fflush(target->file) ? nfm_error_set(error, -errno, "%s: %m", out) : 0;
	if (fflush(target->file) || fchmod(fd, FILE_MODE) || fsync(fd) ||
	    rename(target->temporary, target->path))
		return nfm_error_set(error, -errno, "%s: %m: free space there, or name another "
				     "file", out);
	target->temporary[0] = '\0';
	return folder_of(target->path, folder) ? 0 : nfm_io_fsync_dir(folder);
}

static int write_document(struct nfm_output *out, const struct request *request,
			  struct nfm_error *error)
{
	bool list = request->count > 1 && request->kind == JSON;
	int code = 0;

	if (list)
		nfm_output_array(out, NULL);
	for (int i = 0; !code && i < request->count; i++)
		code = nfm_document_read(out, request->files[i], error);
	if (list)
		nfm_output_end(out);
	return code;
}

static int export_to_stdout(struct nfm_cli *cli, const struct request *request)
{
	struct nfm_output *out = nfm_cli_output(cli);
	struct nfm_error error;

	if (!out)
		return 1;
	if (write_document(out, request, &error)) {
		nfm_output_free(out);
		return nfm_cli_fail(&error);
	}
	return nfm_cli_output_done(out);
}

static int export_document(struct nfm_cli *cli, const struct request *request)
{
	_cleanup_(target_close) struct target target = { .file = NULL };
	struct nfm_error error = { .text = "out of memory" };
	struct nfm_output *out;
	int code;

	cli->format = request->kind == CSV ? NFM_FORMAT_CSV : NFM_FORMAT_JSON;
	if (!strcmp(request->out, "-"))
		return export_to_stdout(cli, request);
	if (target_open(&target, request->out, &error))
		return nfm_cli_fail(&error);
	out = nfm_output_new(target.file, cli->format, true);
	if (!out)
		return nfm_cli_fail(&error);
	code = write_document(out, request, &error);
	if (!code)
		code = nfm_output_finish(out, &error);
	nfm_output_free(out);
	if (!code)
		code = target_commit(&target, request->out, &error);
	return code ? nfm_cli_fail(&error) : 0;
}

int nfm_cmd_export(struct nfm_cli *cli, int argc, char **argv)
{
	struct request request;

	if (read_request(argc, argv, &request))
		return 2;
	return request.kind == NFDUMP ? export_nfdump(&request) : export_document(cli, &request);
}
