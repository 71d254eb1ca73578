// SPDX-License-Identifier: GPL-2.0-only
/* After a crash: was the file of a closed interval written already? */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "snapshot/interval.h"

#define NEWEST_FILES 64U     /* of a folder, whose headers are read */
#define NAME_ATTEMPTS 10000U /* names that the writer may have taken for the interval */
#define NAME_BYTES 64U

struct newest {
	uint64_t unix_s;
	char name[NAME_BYTES];
};

/*
 * 1: the file is the one, and whole; 0: it is not; -errno: it cannot be told. A damaged file
 * is none: nobody can read it, so writing the interval again doubles nothing.
 */
static int is_the_one(const char *path, const struct nfm_snapshot_meta *wanted,
		      struct nfm_snapshot_reader **reader, struct nfm_error *error)
{
	struct nfm_error why = {};
	struct nfm_snapshot_meta meta;
	int code = nfm_snapshot_header_read(path, &meta, &why);

	if (!code && (meta.epoch != wanted->epoch ||
		      memcmp(meta.identity, wanted->identity, sizeof(meta.identity))))
		return 0;
	if (!code)
		code = nfm_snapshot_reader_open(path, reader, &why);
	if (!code)
		return 1;
	if (code == -ENOENT || code == -ENOTDIR)
		return -ENOENT; /* a file in the folder's place: the next look tells of it */
	if (code == -EBADMSG || code == -EPROTONOSUPPORT || code == -EACCES || code == -EISDIR)
		return 0;
	return nfm_error_set(error, code, "%s", why.text);
}

/* The names that a writer tries, until one is free. */
static int find_by_name(const char *directory, struct nfm_rotate_result *out,
			struct nfm_snapshot_reader **reader, struct nfm_error *error)
{
	for (unsigned int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		char name[NAME_BYTES];
		int code;

		code = nfm_snapshot_name(out->meta.from_unix_ns / NFM_NS_PER_S,
					 out->meta.interval_s, attempt, name, sizeof(name));
		if (!code)
			code = nfm_io_join(out->path, sizeof(out->path), directory, name);
		if (code)
			return nfm_error_set(error, code, "cannot name a file in %s: %s; name a "
					     "shorter [collector] directory", directory,
					     strerror(-code));
		code = is_the_one(out->path, &out->meta, reader, error);
		if (code == -ENOENT)
			return 0;
		if (code)
			return code;
	}
	return 0;
}

/* Keeps the newest names, the oldest of them first. */
static void newest_add(struct newest *list, unsigned int *count, const char *name,
		       uint64_t unix_s)
{
	unsigned int at;

	if (*count == NEWEST_FILES) {
		if (unix_s <= list[0].unix_s)
			return;
		memmove(&list[0], &list[1], (NEWEST_FILES - 1) * sizeof(*list));
		--*count;
	}
	for (at = *count; at > 0 && list[at - 1].unix_s > unix_s; at--)
		list[at] = list[at - 1];
	list[at].unix_s = unix_s;
	snprintf(list[at].name, sizeof(list[at].name), "%s", name);
	++*count;
}

static int list_newest(const char *directory, struct newest *list, unsigned int *count)
{
	_cleanup_closedir_ DIR *dir = opendir(directory);
	const struct dirent *entry;

	*count = 0;
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((errno = 0, entry = readdir(dir))) {
		uint64_t unix_s;

		if (strlen(entry->d_name) < NAME_BYTES &&
		    !nfm_snapshot_name_parse(entry->d_name, &unix_s))
			newest_add(list, count, entry->d_name, unix_s);
	}
	return -errno;
}

/* For a file that was named under another time zone or another interval. */
static int find_by_header(const char *directory, struct nfm_rotate_result *out,
			  struct nfm_snapshot_reader **reader, struct nfm_error *error)
{
	struct newest list[NEWEST_FILES];
	unsigned int count;
	int code = list_newest(directory, list, &count);

	if (code)
		return nfm_error_set(error, code, "cannot read the folder %s: %s; check "
				     "[collector] directory and its rights", directory,
				     strerror(-code));
	while (count-- > 0) {
		code = nfm_io_join(out->path, sizeof(out->path), directory, list[count].name);
		if (!code)
			code = is_the_one(out->path, &out->meta, reader, error);
		if (code && code != -ENOENT)
			return code;
	}
	return 0;
}

/* What the writer would have told of the file. */
static int take_result(struct nfm_snapshot_reader *reader, struct nfm_rotate_result *out)
{
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;
	int more;

	out->meta = *nfm_snapshot_reader_meta(reader);
	out->customers = nfm_snapshot_reader_customer_count(reader);
	nfm_snapshot_reader_totals(reader, &out->unmatched, &out->local, &out->total);
	while ((more = nfm_snapshot_reader_exporter(reader, &exporter)) == 1)
		nfm_interval_note_exporter(out, &exporter);
	if (more)
		return more;
	while ((more = nfm_snapshot_reader_reason(reader, &reason)) == 1)
		nfm_interval_note_reason(out, &reason);
	return more;
}

int nfm_interval_find(const char *directory, struct nfm_rotate_result *out,
		      struct nfm_error *error)
{
	struct nfm_snapshot_reader *reader = NULL;
	int code = find_by_name(directory, out, &reader, error);

	if (!code)
		code = find_by_header(directory, out, &reader, error);
	if (code == 1 && take_result(reader, out))
		code = nfm_error_set(error, -EIO, "cannot read %s: look at the disk", out->path);
	nfm_snapshot_reader_free(reader);
	if (code != 1)
		out->path[0] = '\0';
	return code;
}
