// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/expire_scan.h"

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

/* Folders below each other; what lies deeper was not made by us and stays. */
#define DEPTH_MAX 16

#define BLOCK_BYTES 512 /* of st_blocks, whatever the file system's are */

void nfm_expire_scan_clear(struct nfm_expire_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->files[i].path);
	for (uint32_t i = 0; i < scan->folder_count; i++)
		free(scan->folders[i].path);
	free(scan->files);
	free(scan->folders);
}

void nfm_expire_scan_note(struct nfm_expire_scan *scan, int code, const char *what,
			  const char *path)
{
	if (scan->code)
		return;
	scan->code = nfm_error_set(scan->error, code,
				   "%s/%s: cannot %s: %s; check the owner and the rights of the "
				   "folder",
				   scan->directory, path, what, strerror(-code));
}

static int add_file(struct nfm_expire_scan *scan, const struct nfm_expire_file *file)
{
	if (scan->count == scan->size) {
		size_t size = scan->size ? scan->size * 2 : 256;
		struct nfm_expire_file *bigger =
			reallocarray(scan->files, size, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		scan->files = bigger;
		scan->size = size;
	}
	scan->files[scan->count] = *file;
	scan->files[scan->count].path = strdup(file->path);
	if (!scan->files[scan->count].path)
		return -ENOMEM;
	scan->count++;
	scan->bytes += file->bytes;
	return 0;
}

static int add_folder(struct nfm_expire_scan *scan, uint32_t parent, const char *path,
		      const struct stat *st)
{
	struct nfm_expire_folder *folder;

	if (scan->folder_count == scan->folder_size) {
		uint32_t size = scan->folder_size ? scan->folder_size * 2 : 16;
		struct nfm_expire_folder *bigger =
			reallocarray(scan->folders, size, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		scan->folders = bigger;
		scan->folder_size = size;
	}
	folder = &scan->folders[scan->folder_count];
	*folder = (struct nfm_expire_folder){
		.path = strdup(path),
		.parent = parent,
		.device = st->st_dev,
		.changed_s = st->st_mtime > 0 ? (uint64_t)st->st_mtime : 0,
	};
	if (!folder->path)
		return -ENOMEM;
	scan->folder_count++;
	return 0;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int scan_folder(struct nfm_expire_scan *scan, int parent_fd, uint32_t number,
		       unsigned int depth);

/* A mount point stays, too: rmdir(2) refuses it, and a dry run must not name it. */
static int scan_sub_folder(struct nfm_expire_scan *scan, int folder_fd, uint32_t parent,
			   const char *path, const struct stat *st, unsigned int depth)
{
	uint32_t number = scan->folder_count;
	int code;

	if (depth == DEPTH_MAX)
		return 0;
	code = add_folder(scan, parent, path, st);
	if (code)
		return code;
	scan->folders[number].stays = nfm_expire_folder_stays(last_name(path)) ||
				      st->st_dev != scan->folders[parent].device;
	return scan_folder(scan, folder_fd, number, depth + 1);
}

static int scan_entry(struct nfm_expire_scan *scan, int folder_fd, uint32_t folder,
		      const char *name, unsigned int depth)
{
	const char *above = scan->folders[folder].path;
	struct nfm_expire_file file = { .folder = folder };
	char path[PATH_MAX];
	struct stat st;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	scan->folders[folder].entries++;
	if (name[0] == '.')
		return 0;
	if (snprintf(path, sizeof(path), "%s%s%s", above, *above ? "/" : "", name) >=
	    (int)sizeof(path))
		return 0; /* not made by us */
	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			nfm_expire_scan_note(scan, -errno, "look at the file", path);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return scan_sub_folder(scan, folder_fd, folder, path, &st, depth);
	if (!S_ISREG(st.st_mode) || nfm_expire_time(last_name(above), name, &file.unix_s))
		return 0;
	file.path = path;
	file.bytes = (uint64_t)st.st_blocks * BLOCK_BYTES;
	return add_file(scan, &file);
}

static int scan_entries(struct nfm_expire_scan *scan, DIR *dir, uint32_t folder,
			unsigned int depth)
{
	const struct dirent *entry;
	int code;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		code = scan_entry(scan, dirfd(dir), folder, entry->d_name, depth);
		if (code)
			return code;
	}
	if (errno) {
		scan->folders[folder].stays = true; /* nobody knows what else is in it */
		nfm_expire_scan_note(scan, -errno, "read the folder", scan->folders[folder].path);
	}
	return 0;
}

static int scan_folder(struct nfm_expire_scan *scan, int parent_fd, uint32_t number,
		       unsigned int depth)
{
	const char *path = scan->folders[number].path;
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int fd = -1;

	fd = openat(parent_fd, last_name(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		scan->folders[number].stays = true;
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			nfm_expire_scan_note(scan, -errno, "open the folder", path);
		return 0; /* gone, or replaced by what is not ours */
	}
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	NFM_STEAL_FD(fd);
	return scan_entries(scan, dir, number, depth);
}

static int by_time(const void *a, const void *b)
{
	const struct nfm_expire_file *x = a;
	const struct nfm_expire_file *y = b;

	if (x->unix_s != y->unix_s)
		return x->unix_s < y->unix_s ? -1 : 1;
	return strverscmp(x->path, y->path);
}

/* The directory itself may be a link that the administrator made; nothing below it. */
int nfm_expire_scan_read(struct nfm_expire_scan *scan, int root_fd)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int code;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	code = add_folder(scan, 0, "", &st);
	if (code)
		return code;
	scan->folders[0].stays = true;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	NFM_STEAL_FD(fd);
	code = scan_entries(scan, dir, 0, 0);
	if (!code && scan->count)
		qsort(scan->files, scan->count, sizeof(*scan->files), by_time);
	return code;
}
