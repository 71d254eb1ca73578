// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/expire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "snapshot/expire_scan.h"

/* A folder that was found empty may have been made for a file that is about to come. */
#define EMPTY_S 3600U

struct sweep {
	struct nfm_expire_scan *scan;
	int root_fd; /* -1: dry run */
	uint64_t now_s;
	void (*each)(void *cookie, const char *path, uint64_t bytes);
	void *cookie;
	struct nfm_expire_result result;
	uint64_t left; /* bytes */
};

/* Opens the folder of a path below `root_fd`, step by step, so that no link is ever followed. */
static int open_above(int root_fd, const char *path, const char **name)
{
	int folder_fd = root_fd;
	const char *slash;
	char step[NAME_MAX + 1];

	while ((slash = strchr(path, '/'))) {
		int next;

		snprintf(step, sizeof(step), "%.*s", (int)(slash - path), path);
		next = openat(folder_fd, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			next = -errno;
		if (folder_fd != root_fd)
			close(folder_fd);
		if (next < 0)
			return next;
		folder_fd = next;
		path = slash + 1;
	}
	*name = path;
	return folder_fd;
}

static int delete_below(int root_fd, const char *path, int flags)
{
	const char *name;
	int folder_fd = open_above(root_fd, path, &name);
	int code;

	if (folder_fd < 0)
		return folder_fd;
	code = unlinkat(folder_fd, name, flags) ? -errno : 0;
	if (folder_fd != root_fd)
		close(folder_fd);
	return code;
}

static void tell(const struct sweep *sweep, const char *path, const char *end, uint64_t bytes)
{
	char full[2 * PATH_MAX];

	if (!sweep->each)
		return;
	snprintf(full, sizeof(full), "%s/%s%s", sweep->scan->directory, path, end);
	sweep->each(sweep->cookie, full, bytes);
}

static void entry_gone(struct sweep *sweep, uint32_t number)
{
	struct nfm_expire_folder *folder = &sweep->scan->folders[number];

	folder->entries--;
	folder->emptied = true;
}

static void sweep_file(struct sweep *sweep, const struct nfm_expire_file *file)
{
	int code = sweep->root_fd < 0 ? 0 : delete_below(sweep->root_fd, file->path, 0);

	if (code && code != -ENOENT) {
		nfm_expire_scan_note(sweep->scan, code, "delete the file", file->path);
		return; /* it still takes its room: the next ones go instead */
	}
	sweep->left -= file->bytes;
	entry_gone(sweep, file->folder);
	if (code)
		return;
	sweep->result.files_gone++;
	sweep->result.bytes_gone += file->bytes;
	tell(sweep, file->path, "", file->bytes);
}

static uint64_t percent_of(uint64_t value, unsigned int percent)
{
	return value / 100 * percent + value % 100 * percent / 100;
}

static bool is_older(uint64_t unix_s, uint64_t now_s, uint64_t age_s)
{
	return unix_s < now_s && now_s - unix_s > age_s;
}

/* Age takes the files from the front; size takes more of them if what is left is too much. */
static void sweep_files(struct sweep *sweep, const struct nfm_expire_limits *limits)
{
	const struct nfm_expire_scan *scan = sweep->scan;
	uint64_t goal = percent_of(limits->size_bytes, limits->watermark);
	size_t i = 0;

	for (; limits->lifetime_s && i < scan->count; i++) {
		if (!is_older(scan->files[i].unix_s, sweep->now_s, limits->lifetime_s))
			break;
		sweep_file(sweep, &scan->files[i]);
	}
	if (!limits->size_bytes || sweep->left <= limits->size_bytes)
		return;
	for (; i < scan->count && sweep->left > goal; i++)
		sweep_file(sweep, &scan->files[i]);
}

/*
 * Of those that were found empty only the ones named by a date: another one, such as a router's,
 * may be what a collector is told to write to, and would be missed.
 */
static bool folder_goes(const struct sweep *sweep, const struct nfm_expire_folder *folder)
{
	const char *slash = strrchr(folder->path, '/');

	if (folder->stays || folder->entries)
		return false;
	return folder->emptied ||
	       (nfm_expire_folder_is_date(slash ? slash + 1 : folder->path) &&
		is_older(folder->changed_s, sweep->now_s, EMPTY_S));
}

static void sweep_folder(struct sweep *sweep, const struct nfm_expire_folder *folder)
{
	int code = sweep->root_fd < 0 ? 0 :
					delete_below(sweep->root_fd, folder->path, AT_REMOVEDIR);

	if (code == -ENOTEMPTY || code == -EEXIST || code == -EBUSY)
		return; /* a writer was faster */
	if (code && code != -ENOENT) {
		nfm_expire_scan_note(sweep->scan, code, "delete the empty folder", folder->path);
		return;
	}
	entry_gone(sweep, folder->parent);
	if (code)
		return;
	sweep->result.folders_gone++;
	tell(sweep, folder->path, "/", 0);
}

/* From the last one: what is in a folder stands behind it. */
static void sweep_folders(struct sweep *sweep)
{
	const struct nfm_expire_scan *scan = sweep->scan;

	for (uint32_t i = scan->folder_count; i-- > 1;)
		if (folder_goes(sweep, &scan->folders[i]))
			sweep_folder(sweep, &scan->folders[i]);
}

static int check_arguments(const char *directory, const struct nfm_expire_limits *limits,
			   struct nfm_error *error)
{
	if (limits->size_bytes && (limits->watermark < 1 || limits->watermark > 100))
		return nfm_error_set(error, -EINVAL,
				     "watermark %u: not a percentage; give 1 to 100",
				     limits->watermark);
	if (strlen(directory) >= PATH_MAX)
		return nfm_error_set(error, -ENAMETOOLONG,
				     "%.60s…: the path is too long; give a shorter one", directory);
	return 0;
}

static void sweep_all(struct sweep *sweep, const struct nfm_expire_limits *limits)
{
	sweep->left = sweep->scan->bytes;
	sweep->result.files_before = sweep->scan->count;
	sweep->result.bytes_before = sweep->scan->bytes;
	sweep_files(sweep, limits);
	if (limits->size_bytes || limits->lifetime_s)
		sweep_folders(sweep);
}

int nfm_expire_run(const char *directory, const struct nfm_expire_limits *limits,
		   uint64_t now_unix_s, bool dry_run,
		   void (*each)(void *cookie, const char *path, uint64_t bytes), void *cookie,
		   struct nfm_expire_result *result, struct nfm_error *error)
{
	_cleanup_(nfm_expire_scan_clear) struct nfm_expire_scan scan = { .directory = directory,
									 .error = error };
	struct sweep sweep = { .scan = &scan, .now_s = now_unix_s, .each = each,
			       .cookie = cookie };
	_cleanup_close_ int root_fd = -1;
	int code = check_arguments(directory, limits, error);

	if (code)
		return code;
	root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return nfm_error_set(error, -errno,
				     "%s: cannot open the folder of snapshots: %s; check "
				     "`directory`",
				     directory, strerror(errno));
	code = nfm_expire_scan_read(&scan, root_fd);
	if (code)
		return nfm_error_set(error, code, "%s: cannot list the snapshots: %s; try again",
				     directory, strerror(-code));
	sweep.root_fd = dry_run ? -1 : root_fd;
	sweep_all(&sweep, limits);
	if (!scan.code)
		*result = sweep.result;
	return scan.code;
}
