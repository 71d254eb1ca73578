// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "snapshot/snapshot.h"
#include "snapshot/step.h"

#define FILE_MODE 0644
#define DIRECTORY_MODE 0755
#define NAME_ATTEMPTS 10000U	 /* names to try for one interval */
#define TEMPORARY_ATTEMPTS 1000U /* temporary names to try */

static const struct {
	int code;
	const char *advice;
} advices[] = {
	{ -ENOSPC, "free space there, or lower size or lifetime under [expire]" },
	{ -EDQUOT, "raise the quota, or lower size or lifetime under [expire]" },
	{ -EROFS, "mount it writable, or name another folder under [collector] directory" },
	{ -EACCES, "let the agent's user write there" },
	{ -EPERM, "let the agent's user write there" },
	{ -ENOENT, "create the folder, or correct [collector] directory" },
	{ -ENOTDIR, "a file stands in the way: correct [collector] directory" },
	{ -ENAMETOOLONG, "name a shorter [collector] directory" },
	{ -EMFILE, "raise the agent's limit of open files" },
	{ -ENFILE, "raise the machine's limit of open files" },
	{ -ENOMEM, "free memory" },
	{ -EIO, "look at the kernel log and at the disk" },
};

int nfm_place_error(struct nfm_error *error, int code, const char *what, const char *where)
{
	const char *advice = "nothing is lost, it is tried again";

	for (size_t i = 0; i < NFM_ARRAY_SIZE(advices); i++)
		if (advices[i].code == code)
			advice = advices[i].advice;
	return nfm_error_set(error, code, "cannot %s %s: %s; %s", what, where, strerror(-code),
			     advice);
}

static int open_directory(struct nfm_place *place)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int code;

	place->dir_fd = open(place->directory, flags);
	if (place->dir_fd < 0 && errno == ENOENT) {
		code = nfm_io_mkdir_p(place->directory, DIRECTORY_MODE);
		if (code)
			return code;
		place->dir_fd = open(place->directory, flags);
	}
	return place->dir_fd < 0 ? -errno : 0;
}

/* Unlinks a temporary file unless its writer lives: the lock goes with the process. */
static void remove_if_stale(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(dir_fd, name, 0);
}

/* What cannot be removed stays: it costs space, but no count. */
static void remove_stale(int dir_fd)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	fd = -1; /* the stream closes it */
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, NFM_PLACE_TEMPORARY, strlen(NFM_PLACE_TEMPORARY)))
			remove_if_stale(dir_fd, entry->d_name);
}

/* Another writer's remove_stale() may come between open and lock: then the name is gone. */
static bool lock_own(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno != EWOULDBLOCK; /* a file system without locks */
	return !fstat(fd, &st) && st.st_nlink > 0;
}

static int make_temporary(struct nfm_place *place)
{
	for (unsigned int i = 0; i < TEMPORARY_ATTEMPTS; i++) {
		char name[sizeof(place->temporary)];
		int fd;

		snprintf(name, sizeof(name), NFM_PLACE_TEMPORARY "%d-%u", (int)getpid(), i);
		fd = openat(place->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return -errno;
		if (lock_own(fd)) {
			place->fd = fd;
			memcpy(place->temporary, name, sizeof(name));
			return 0;
		}
		close(fd);
	}
	return -EEXIST;
}

int nfm_place_open(struct nfm_place *place, const char *directory, struct nfm_error *error)
{
	int code;

	*place = (struct nfm_place){ .dir_fd = -1, .fd = -1 };
	place->directory = strdup(directory);
	if (!place->directory)
		return nfm_place_error(error, -ENOMEM, "open the snapshot folder", directory);
	code = open_directory(place);
	if (code)
		return nfm_place_error(error, code, "open the snapshot folder", directory);
	remove_stale(place->dir_fd);
	code = make_temporary(place);
	if (code)
		return nfm_place_error(error, code, "make a snapshot file in", directory);
	return nfm_rotate_step_done(NFM_ROTATE_FILE_OPENED);
}

/* Gives the file its name, never over another file. */
static int rename_new(const struct nfm_place *place, const char *name)
{
	if (!renameat2(place->dir_fd, place->temporary, place->dir_fd, name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A file system without RENAME_NOREPLACE: a link is refused as well where a name is. */
	if (linkat(place->dir_fd, place->temporary, place->dir_fd, name, 0))
		return -errno;
	unlinkat(place->dir_fd, place->temporary, 0);
	return 0;
}

/* Tries the names in their order; `name` gets the one that was free. */
static int take_name(struct nfm_place *place, uint64_t from_unix_s, uint32_t interval_s,
		     char *name, size_t size)
{
	for (unsigned int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		int code = nfm_snapshot_name(from_unix_s, interval_s, attempt, name, size);

		if (!code)
			code = rename_new(place, name);
		if (!code)
			place->temporary[0] = '\0';
		if (code != -EEXIST)
			return code;
	}
	return -EEXIST;
}

/* fsync of the file, its name, fsync of the folder; `name` gets the one that was free. */
static int publish(struct nfm_place *place, uint64_t from_unix_s, uint32_t interval_s, char *name,
		   size_t size, struct nfm_error *error)
{
	const char *directory = place->directory;
	int code;

	if (fsync(place->fd))
		return nfm_place_error(error, -errno, "write a file to disk in", directory);
	code = nfm_rotate_step_done(NFM_ROTATE_FILE_SYNCED);
	if (code)
		return code;
	code = take_name(place, from_unix_s, interval_s, name, size);
	if (code)
		return nfm_place_error(error, code, "name a snapshot file in", directory);
	code = nfm_rotate_step_done(NFM_ROTATE_FILE_RENAMED);
	if (code)
		return code;
	if (fsync(place->dir_fd) && errno != EINVAL)
		return nfm_place_error(error, -errno, "write to disk the folder", directory);
	return nfm_rotate_step_done(NFM_ROTATE_FOLDER_SYNCED);
}

int nfm_place_publish(struct nfm_place *place, uint64_t from_unix_s, uint32_t interval_s,
		      char *path, size_t path_size, struct nfm_error *error)
{
	const char *directory = place->directory;
	char name[64];
	int code;

	if (strlen(directory) + 1 + sizeof(name) > path_size)
		return nfm_place_error(error, -ENAMETOOLONG, "name a file in", directory);
	code = publish(place, from_unix_s, interval_s, name, sizeof(name), error);
	if (code)
		return code;
	snprintf(path, path_size, "%s/%s", directory, name);
	return 0;
}

void nfm_place_close(struct nfm_place *place)
{
	if (place->temporary[0])
		unlinkat(place->dir_fd, place->temporary, 0);
	if (place->fd >= 0)
		close(place->fd);
	if (place->dir_fd >= 0)
		close(place->dir_fd);
	free(place->directory);
	*place = (struct nfm_place){ .dir_fd = -1, .fd = -1 };
}
