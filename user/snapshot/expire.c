// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/expire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "snapshot/snapshot.h"

/* Folders below each other; what lies deeper was not made by us and stays. */
#define DEPTH_MAX 16

struct file {
	uint64_t start_s; /* of its interval: the time in its name */
	uint64_t bytes;	  /* allocated */
	char *path;	  /* below the directory */
};

struct scan {
	const char *directory;
	struct file *files;
	size_t count, size;
	uint64_t bytes;
	int code; /* the first failure that did not end the scan */
	struct nfm_error *error;
};

static void scan_clear(struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->files[i].path);
	free(scan->files);
}

/* Remembers a failure and goes on: one bad folder must not fill the disk. */
static void scan_note(struct scan *scan, int code, const char *what, const char *path)
{
	if (scan->code)
		return;
	scan->code = nfm_error_set(scan->error, code,
				   "%s/%s: cannot %s: %s; check the owner and the rights of the "
				   "folder",
				   scan->directory, path, what, strerror(-code));
}

static int scan_add(struct scan *scan, const char *path, uint64_t start_s, uint64_t bytes)
{
	struct file *file;

	if (scan->count == scan->size) {
		size_t size = scan->size ? scan->size * 2 : 256;
		struct file *bigger = reallocarray(scan->files, size, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		scan->files = bigger;
		scan->size = size;
	}
	file = &scan->files[scan->count];
	file->path = strdup(path);
	if (!file->path)
		return -ENOMEM;
	file->start_s = start_s;
	file->bytes = bytes;
	scan->bytes += bytes;
	scan->count++;
	return 0;
}

static int scan_folder(struct scan *scan, int parent_fd, const char *name, const char *path,
		       unsigned int depth);

static int scan_entry(struct scan *scan, int folder_fd, const char *name, const char *folder,
		      unsigned int depth)
{
	char path[PATH_MAX];
	uint64_t start_s;
	struct stat st;

	if (name[0] == '.')
		return 0;
	if (snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name) >=
	    (int)sizeof(path))
		return 0; /* not made by us */
	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			scan_note(scan, -errno, "look at the file", path);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? scan_folder(scan, folder_fd, name, path, depth + 1) : 0;
	if (!S_ISREG(st.st_mode) || nfm_snapshot_name_parse(name, &start_s))
		return 0;
	return scan_add(scan, path, start_s, (uint64_t)st.st_blocks * 512);
}

static int scan_entries(struct scan *scan, DIR *dir, const char *path, unsigned int depth)
{
	const struct dirent *entry;
	int code;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		code = scan_entry(scan, dirfd(dir), entry->d_name, path, depth);
		if (code)
			return code;
	}
	if (errno)
		scan_note(scan, -errno, "read the folder", path);
	return 0;
}

static int scan_folder(struct scan *scan, int parent_fd, const char *name, const char *path,
		       unsigned int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int fd = -1;

	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			scan_note(scan, -errno, "open the folder", path);
		return 0; /* gone, or replaced by what is not ours */
	}
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	NFM_STEAL_FD(fd);
	return scan_entries(scan, dir, path, depth);
}

/* The directory itself may be a link that the administrator made; nothing below it. */
static int scan_directory(struct scan *scan, int root_fd)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	NFM_STEAL_FD(fd);
	return scan_entries(scan, dir, "", 0);
}

static int by_time(const void *a, const void *b)
{
	const struct file *x = a;
	const struct file *y = b;

	if (x->start_s != y->start_s)
		return x->start_s < y->start_s ? -1 : 1;
	return strverscmp(x->path, y->path);
}

/* Unlinks a path below `root_fd`, step by step, so that no link is ever followed. */
static int unlink_below(int root_fd, const char *path)
{
	_cleanup_close_ int folder_fd = -1;
	const char *slash;
	char name[NAME_MAX + 1];

	while ((slash = strchr(path, '/'))) {
		int next;

		snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
		next = openat(folder_fd < 0 ? root_fd : folder_fd, name,
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		nfm_cleanup_close(&folder_fd);
		folder_fd = next;
		path = slash + 1;
	}
	return unlinkat(folder_fd < 0 ? root_fd : folder_fd, path, 0) ? -errno : 0;
}

struct sweep {
	struct scan *scan;
	int root_fd; /* -1: dry run */
	void (*each)(void *cookie, const char *path, uint64_t bytes);
	void *cookie;
	struct nfm_expire_result result;
	uint64_t left; /* bytes */
};

static void sweep_file(struct sweep *sweep, const struct file *file)
{
	char path[2 * PATH_MAX];
	int code = sweep->root_fd < 0 ? 0 : unlink_below(sweep->root_fd, file->path);

	if (code && code != -ENOENT) {
		scan_note(sweep->scan, code, "delete the file", file->path);
		return; /* it still takes its room: the next ones go instead */
	}
	sweep->left -= file->bytes;
	if (code)
		return;
	sweep->result.files_gone++;
	sweep->result.bytes_gone += file->bytes;
	if (!sweep->each)
		return;
	snprintf(path, sizeof(path), "%s/%s", sweep->scan->directory, file->path);
	sweep->each(sweep->cookie, path, file->bytes);
}

static uint64_t percent_of(uint64_t value, unsigned int percent)
{
	return value / 100 * percent + value % 100 * percent / 100;
}

/* Age takes the files from the front; size takes more of them if what is left is too much. */
static void sweep_files(struct sweep *sweep, const struct nfm_expire_limits *limits,
			uint64_t now_s)
{
	const struct scan *scan = sweep->scan;
	uint64_t goal = percent_of(limits->size_bytes, limits->watermark);
	size_t i = 0;

	for (; limits->lifetime_s && i < scan->count; i++) {
		const struct file *file = &scan->files[i];

		if (file->start_s > now_s || now_s - file->start_s <= limits->lifetime_s)
			break;
		sweep_file(sweep, file);
	}
	if (!limits->size_bytes || sweep->left <= limits->size_bytes)
		return;
	for (; i < scan->count && sweep->left > goal; i++)
		sweep_file(sweep, &scan->files[i]);
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

int nfm_expire_run(const char *directory, const struct nfm_expire_limits *limits,
		   uint64_t now_unix_s, bool dry_run,
		   void (*each)(void *cookie, const char *path, uint64_t bytes), void *cookie,
		   struct nfm_expire_result *result, struct nfm_error *error)
{
	_cleanup_(scan_clear) struct scan scan = { .directory = directory, .error = error };
	struct sweep sweep = { .scan = &scan, .each = each, .cookie = cookie };
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
	code = scan_directory(&scan, root_fd);
	if (code)
		return nfm_error_set(error, code, "%s: cannot list the snapshots: %s; try again",
				     directory, strerror(-code));
	if (scan.count)
		qsort(scan.files, scan.count, sizeof(*scan.files), by_time);
	sweep.root_fd = dry_run ? -1 : root_fd;
	sweep.left = scan.bytes;
	sweep.result.files_before = scan.count;
	sweep.result.bytes_before = scan.bytes;
	sweep_files(&sweep, limits, now_unix_s);
	if (!scan.code)
		*result = sweep.result;
	return scan.code;
}
