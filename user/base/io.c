// SPDX-License-Identifier: GPL-2.0-only
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FIRST_READ_BYTES 4096U

int nfm_io_join(char *path, size_t size, const char *folder, const char *name)
{
	if (strlen(folder) + strlen(name) + sizeof("/") > size)
		return -ENAMETOOLONG;
	snprintf(path, size, "%s/%s", folder, name);
	return 0;
}

int nfm_io_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO; /* would loop for ever */
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The fd's content up to max + 1 bytes, so that the caller sees when it is too long. */
static int read_bounded(int fd, size_t max, char **buf, size_t *len)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0;
	size_t used = 0;

	for (;;) {
		ssize_t n;

		if (used == size) {
			size_t want = size ? size * 2 : FIRST_READ_BYTES;
			char *bigger;

			want = NFM_MIN(want, max + 1);
			bigger = realloc(data, want + 1);
			if (!bigger)
				return -ENOMEM;
			data = bigger;
			size = want;
		}
		n = read(fd, data + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
		if (used > max)
			return -EFBIG;
	}
	data[used] = '\0';
	*buf = NFM_STEAL_PTR(data);
	*len = used;
	return 0;
}

int nfm_io_read_file(const char *path, size_t max, char **buf, size_t *len)
{
	_cleanup_close_ int fd = -1;

	if (max > SSIZE_MAX / 2)
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return read_bounded(fd, max, buf, len);
}

static int mkdir_one(const char *path, mode_t mode)
{
	struct stat st;
	int code;

	if (!mkdir(path, mode))
		return 0;
	code = -errno;
	/* A read-only or foreign parent gives EROFS or EACCES even for what is there. */
	if (stat(path, &st))
		return code;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int nfm_io_mkdir_p(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int code;

	if (!len)
		return -ENOENT;
	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, len + 1);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		code = mkdir_one(part, mode);
		*p = '/';
		if (code)
			return code;
	}
	return mkdir_one(part, mode);
}

int nfm_io_fsync_dir(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) ? -errno : 0;
}

/* Splits a path into its folder ("." if it names none) and the file's name within `path`. */
static int split_path(const char *path, char *folder, size_t size, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	if (!**name)
		return -EISDIR;
	if (len >= size)
		return -ENAMETOOLONG;
	if (!slash)
		strcpy(folder, ".");
	else if (!len)
		strcpy(folder, "/");
	else
		snprintf(folder, size, "%.*s", (int)len, path);
	return 0;
}

static int write_temporary(int fd, const void *buf, size_t len, mode_t mode)
{
	int code = nfm_io_write_all(fd, buf, len);

	if (code)
		return code;
	if (fchmod(fd, mode))
		return -errno;
	return fsync(fd) ? -errno : 0;
}

/* True if `path` is what `fd` has open: else another writer renamed it while we waited. */
static bool is_named(int fd, const char *path)
{
	struct stat opened, named;

	return !fstat(fd, &opened) && !lstat(path, &named) && opened.st_ino == named.st_ino &&
	       opened.st_dev == named.st_dev;
}

/*
 * One name, so that what killed writers leave is used again and does not add up; its lock makes
 * writers wait for each other (where the file system has none, there is one writer: the agent).
 */
static int open_temporary(const char *path, int *out)
{
	for (;;) {
		const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
		_cleanup_close_ int fd = open(path, flags, 0600);

		if (fd < 0 && errno == EACCES && !unlink(path))
			continue; /* another user's, who does not live any more */
		if (fd < 0)
			return -errno;
		while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
			;
		if (!is_named(fd, path))
			continue;
		if (ftruncate(fd, 0))
			return -errno;
		*out = NFM_STEAL_FD(fd);
		return 0;
	}
}

int nfm_io_replace_file(const char *path, const void *buf, size_t len, mode_t mode)
{
	_cleanup_close_ int fd = -1;
	char folder[PATH_MAX];
	char temporary[PATH_MAX];
	const char *name;
	int code;

	code = split_path(path, folder, sizeof(folder), &name);
	if (code)
		return code;
	if (snprintf(temporary, sizeof(temporary), "%s/~%s.new", folder, name) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	code = open_temporary(temporary, &fd);
	if (code)
		return code;
	code = write_temporary(fd, buf, len, mode);
	if (!code && rename(temporary, path))
		code = -errno;
	if (code) {
		unlink(temporary);
		return code;
	}
	return nfm_io_fsync_dir(folder);
}
