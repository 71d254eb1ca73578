// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/nfdump.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "snapshot/nfdump_file.h"
#include "snapshot/snapshot.h"

#define NAME_OURS "nfmeter"
#define NAME_THEIRS "nfcapd" /* both are followed by ".YYYYmmddHHMM" */

static void free_reader(struct nfm_snapshot_reader **reader)
{
	nfm_snapshot_reader_free(*reader);
}

/* Splits off the folder; "." and "/" where the path has none before its name. */
static int split(const char *path, char folder[PATH_MAX], const char **name)
{
	const char *slash = strrchr(path, '/');
	int size = slash ? (int)NFM_MAX(slash - path, 1) : 1;

	if (size >= PATH_MAX)
		return -ENAMETOOLONG;
	*name = slash ? slash + 1 : path;
	snprintf(folder, PATH_MAX, "%.*s", size, slash ? path : ".");
	return **name ? 0 : -EISDIR;
}

static int add_customers(struct nfm_nfdump_file *file, struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_customer c;
	int more;

	while ((more = nfm_snapshot_reader_customer(reader, &c)) == 1) {
		const struct nfm_prefix *first = c.prefix_count ? c.prefixes : NULL;
		int code = nfm_nfdump_file_add(file, first, false, &c.up);

		if (!code)
			code = nfm_nfdump_file_add(file, first, true, &c.down);
		if (code)
			return code;
	}
	return more;
}

/* What we do not need is read all the same: damage anywhere is told. */
static int read_rest(struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;
	int more;

	while ((more = nfm_snapshot_reader_exporter(reader, &exporter)) == 1)
		;
	while (!more && (more = nfm_snapshot_reader_reason(reader, &reason)) == 1)
		more = 0;
	return more;
}

/* Whole, or with a damaged snapshot not at all: its name comes last. */
static int copy(struct nfm_nfdump_file *file, struct nfm_snapshot_reader *reader, const char *name)
{
	struct nfm_snapshot_count unmatched, local, total;
	int code = add_customers(file, reader);

	if (!code)
		code = read_rest(reader);
	if (code)
		return code;
	nfm_snapshot_reader_totals(reader, &unmatched, &local, &total);
	code = nfm_nfdump_file_add(file, NULL, false, &unmatched);
	return code ? code : nfm_nfdump_file_commit(file, name);
}

int nfm_nfdump_write(const char *snapshot_path, const char *path, int compression,
		     struct nfm_error *error)
{
	_cleanup_(nfm_nfdump_file_close) struct nfm_nfdump_file file = {
		.place = { .dir_fd = -1, .fd = -1 },
	};
	_cleanup_(free_reader) struct nfm_snapshot_reader *reader = NULL;
	char folder[PATH_MAX];
	const char *name;
	int code = split(path, folder, &name);

	if (code)
		return nfm_error_set(error, code, "%s: %s: name a file", path, strerror(-code));
	code = nfm_snapshot_stream_open(snapshot_path, &reader, error);
	if (!code)
		code = nfm_nfdump_file_open(&file, folder, compression,
					    nfm_snapshot_reader_meta(reader), error);
	if (code)
		return code;
	code = copy(&file, reader, name);
	if (code == -EBADMSG)
		return nfm_error_set(error, code, "%s: the file is damaged", snapshot_path);
	return code ? nfm_error_set(error, code,
				    "cannot write the nfdump file %s: %s; free space there, or let "
				    "nothing else stand in its place", path, strerror(-code)) :
		      0;
}

int nfm_nfdump_path(const char *snapshot_path, char *path, size_t size)
{
	const char *slash = strrchr(snapshot_path, '/');
	const char *name = slash ? slash + 1 : snapshot_path;
	uint64_t unix_s;

	if (nfm_snapshot_name_parse(name, &unix_s) < 0)
		return -EINVAL;
	if ((size_t)(name - snapshot_path) + sizeof(NAME_THEIRS) + strlen(name) -
		    strlen(NAME_OURS) > size)
		return -ENAMETOOLONG;
	snprintf(path, size, "%.*s" NAME_THEIRS "%s", (int)(name - snapshot_path), snapshot_path,
		 name + strlen(NAME_OURS));
	return 0;
}
