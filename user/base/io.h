/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole reads, whole writes, and files that are replaced at once or not at all. */
#ifndef NFM_IO_H
#define NFM_IO_H

#include <stddef.h>
#include <sys/types.h>

/** "FOLDER/NAME" into `path`. -ENAMETOOLONG: it does not fit, and `path` stays. */
int nfm_io_join(char *path, size_t size, const char *folder, const char *name);

/** Writes all `len` bytes, through short writes and signals. 0 or -errno. */
int nfm_io_write_all(int fd, const void *buf, size_t len);

/**
 * Reads a whole file of at most `max` bytes; *buf is malloc'd, the caller frees it, and a NUL
 * that *len does not count follows the content. -EFBIG if the file is longer, -errno of open(2)
 * and read(2).
 */
int nfm_io_read_file(const char *path, size_t max, char **buf, size_t *len);

/** Makes a folder and those above it; one that is there already is no error (-ENOTDIR: a file). */
int nfm_io_mkdir_p(const char *path, mode_t mode);

/** Makes renames and new names in a folder survive a power loss. */
int nfm_io_fsync_dir(const char *path);

/**
 * Puts `len` bytes in the place of the file `path`: a temporary file beside it ("~NAME.new"),
 * fsync, rename, fsync of the folder. A reader sees the old content or the new, whole. On a
 * failure before the rename the old file stays and the temporary one is gone; where only the
 * folder's fsync fails, its -errno comes back although the new content is in place.
 */
int nfm_io_replace_file(const char *path, const void *buf, size_t len, mode_t mode);

#endif
