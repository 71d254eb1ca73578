// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "history/series_format.h"
#include "snapshot/place.h"

#define SPOOL_BYTES (256U << 10)
#define MODE 0644

/*
 * One part of the file on its way: what comes after the bytes is only known to stand where when
 * all is there, so it waits in files without names.
 */
struct spool {
	int fd;
	uint8_t *waiting;
	size_t used;
	uint64_t size; /* bytes put in so far */
};

enum part { PART_BYTES, PART_OTHERS, PART_STRINGS, PART_INDEX, PARTS };

struct nfm_series_writer {
	struct spool part[PARTS]; /* that of the bytes is the file itself */
	struct nfm_series_header header;
	struct nfm_grid grid;
	uint32_t points;
	uint64_t entries;
	enum nfm_series_kind kind; /* of the last entry */
	char id[NFM_SNAPSHOT_ID_SIZE];
	uint8_t *block;
	char *directory;
	char *name;
	char *temporary; /* path; NULL: published, or not made */
	int code;	 /* the first failure: everything after it does nothing */
};

/* ---- spools ---- */

static int spool_flush(struct spool *s)
{
	int code = nfm_io_write_all(s->fd, s->waiting, s->used);

	s->used = 0;
	return code;
}

static int spool_put(struct spool *s, const void *bytes, size_t len)
{
	int code = 0;

	s->size += len;
	if (s->used + len > SPOOL_BYTES)
		code = spool_flush(s);
	if (!code && len > SPOOL_BYTES)
		return nfm_io_write_all(s->fd, bytes, len);
	if (code)
		return code;
	memcpy(s->waiting + s->used, bytes, len);
	s->used += len;
	return 0;
}

/* Appends all of a spool to `to`, which has nothing waiting; the spool's buffer is the carrier. */
static int spool_append(struct spool *s, int to_fd)
{
	int code = spool_flush(s);
	off_t at = 0;

	while (!code && (uint64_t)at < s->size) {
		ssize_t n = pread(s->fd, s->waiting, SPOOL_BYTES, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		code = nfm_io_write_all(to_fd, s->waiting, (size_t)n);
		at += n;
	}
	return code;
}

/* ---- open ---- */

/* A file ".NAME.XXXXXX" in the folder; *path is malloc'd. */
static int make_temporary(const char *directory, const char *name, char **path, int *fd)
{
	_cleanup_free_ char *made = NULL;

	if (asprintf(&made, "%s/.%s.XXXXXX", directory, name) < 0) {
		made = NULL;
		return -ENOMEM;
	}
	*fd = mkostemp(made, O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	*path = NFM_STEAL_PTR(made);
	return 0;
}

static int open_part(struct nfm_series_writer *w, enum part part)
{
	char *path = NULL;
	int code;

	w->part[part].waiting = malloc(SPOOL_BYTES);
	if (!w->part[part].waiting)
		return -ENOMEM;
	code = make_temporary(w->directory, w->name, &path, &w->part[part].fd);
	if (code)
		return code;
	if (part == PART_BYTES) {
		w->temporary = path;
		return fchmod(w->part[part].fd, MODE) ? -errno : 0;
	}
	unlink(path);
	free(path);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names, sorted, in one piece; *out is malloc'd. */
static int join_sources(const char *const *sources, uint32_t count, char **out, size_t *size)
{
	_cleanup_free_ const char **sorted = calloc(count + 1UL, sizeof(*sorted));
	size_t used = 0;
	char *joined;

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		sorted[i] = sources[i];
		used += strlen(sources[i]) + 1;
	}
	if (used > NFM_SERIES_SOURCES_BYTES)
		return -EOVERFLOW;
	joined = malloc(used + 1);
	if (!joined)
		return -ENOMEM;
	if (count)
		qsort(sorted, count, sizeof(*sorted), by_text);
	*out = joined;
	*size = used;
	for (uint32_t i = 0; i < count; i++)
		joined = stpcpy(joined, sorted[i]) + 1;
	return 0;
}

/* The header's place, and the sources behind it. */
static int write_front(struct nfm_series_writer *w, const char *const *sources, uint32_t count)
{
	_cleanup_free_ char *joined = NULL;
	struct spool *file = &w->part[PART_BYTES];
	size_t size;
	int code = join_sources(sources, count, &joined, &size);

	if (code)
		return code;
	w->header.sources_le = htole32(count);
	w->header.sources_size_le = htole64(size);
	w->header.sources_xxh3_le = htole64(XXH3_64bits(joined, size));
	code = nfm_io_write_all(file->fd, &w->header, sizeof(w->header));
	return code ? code : nfm_io_write_all(file->fd, joined, size);
}

static struct nfm_series_writer *writer_new(const char *directory, const char *name,
					    const struct nfm_grid *grid)
{
	struct nfm_series_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	for (unsigned int i = 0; i < PARTS; i++)
		w->part[i].fd = -1;
	w->grid = *grid;
	w->points = nfm_grid_points(grid);
	w->directory = strdup(directory);
	w->name = strdup(name);
	if (w->points <= NFM_SERIES_POINTS_MOST)
		w->block = malloc(NFM_CELL_COLUMNS * nfm_series_column_most(w->points));
	return w;
}

int nfm_series_writer_open(const char *directory, const char *name, const struct nfm_grid *grid,
			   const char *const *sources, uint32_t source_count,
			   struct nfm_series_writer **out, struct nfm_error *error)
{
	struct nfm_series_writer *w = writer_new(directory, name, grid);
	int code = !w || !w->directory || !w->name ? -ENOMEM : 0;

	if (!code && (!w->points || w->points > NFM_SERIES_POINTS_MOST || !grid->step_ms ||
		      source_count > NFM_SERIES_SOURCES_MOST))
		code = -EINVAL;
	if (!code && !w->block)
		code = -ENOMEM;
	for (unsigned int i = 0; !code && i < PARTS; i++)
		code = open_part(w, i);
	if (!code)
		code = write_front(w, sources, source_count);
	if (code) {
		nfm_series_writer_free(w);
		return nfm_place_error(error, code, "write a rollup in", directory);
	}
	*out = w;
	return 0;
}

/* ---- entries ---- */

static int check_entry(const struct nfm_series_writer *w, enum nfm_series_kind kind, const char *id,
		       const char *name)
{
	if (kind >= NFM_SERIES_KINDS || strnlen(id, NFM_SNAPSHOT_ID_SIZE) == NFM_SNAPSHOT_ID_SIZE ||
	    strnlen(name, NFM_SNAPSHOT_ID_SIZE) == NFM_SNAPSHOT_ID_SIZE)
		return -EINVAL;
	if (!w->entries || kind > w->kind)
		return 0;
	return kind == w->kind && strcmp(id, w->id) > 0 ? 0 : -EINVAL;
}

/* Packs columns to a part; says where they stand, how long they are, and their checksum. */
static int put_block(struct nfm_series_writer *w, enum part part, uint64_t *const *column,
		     unsigned int count, struct nfm_series_line *line)
{
	struct spool *s = &w->part[part];
	uint64_t at = s->size;
	size_t size = 0;
	uint64_t sum;

	for (unsigned int c = 0; c < count; c++)
		size += nfm_series_pack(column[c], w->points, w->block + size);
	sum = XXH3_64bits(w->block, size);
	if (part == PART_BYTES) {
		line->bytes_at_le = htole64(at);
		line->bytes_size_le = htole32((uint32_t)size);
		line->bytes_xxh3_le = htole64(sum);
	} else {
		line->others_at_le = htole64(at);
		line->others_size_le = htole32((uint32_t)size);
		line->others_xxh3_le = htole64(sum);
	}
	return spool_put(s, w->block, size);
}

static int put_line(struct nfm_series_writer *w, struct nfm_series_line *line, const char *id,
		    const char *name)
{
	char strings[2 * NFM_SNAPSHOT_ID_SIZE];
	size_t id_len = strlen(id), name_len = strlen(name);
	size_t size = id_len + name_len + 2;
	int code;

	memcpy(strings, id, id_len + 1);
	memcpy(strings + id_len + 1, name, name_len + 1);
	line->strings_at_le = htole64(w->part[PART_STRINGS].size);
	line->id_len_le = htole16((uint16_t)id_len);
	line->name_len_le = htole16((uint16_t)name_len);
	line->line_xxh3_le = htole64(nfm_series_line_sum(line, w->entries, strings, size));
	code = spool_put(&w->part[PART_STRINGS], strings, size);
	return code ? code : spool_put(&w->part[PART_INDEX], line, sizeof(*line));
}

int nfm_series_writer_add(struct nfm_series_writer *w, enum nfm_series_kind kind, const char *id,
			  const char *name, uint64_t *const column[NFM_CELL_COLUMNS])
{
	struct nfm_series_line line = { .kind_le = htole32(kind) };

	if (!w->code)
		w->code = check_entry(w, kind, id, name);
	if (!w->code)
		w->code = put_block(w, PART_BYTES, column, NFM_SERIES_BYTE_COLUMNS, &line);
	if (!w->code)
		w->code = put_block(w, PART_OTHERS, column + NFM_SERIES_BYTE_COLUMNS,
				    NFM_CELL_COLUMNS - NFM_SERIES_BYTE_COLUMNS, &line);
	if (!w->code)
		w->code = put_line(w, &line, id, name);
	if (w->code)
		return w->code;
	w->kind = kind;
	strcpy(w->id, id);
	w->entries++;
	return 0;
}

/* ---- commit ---- */

static int write_header(struct nfm_series_writer *w)
{
	struct nfm_series_header *h = &w->header;
	int fd = w->part[PART_BYTES].fd;

	memcpy(h->magic, NFM_SERIES_MAGIC, sizeof(h->magic));
	h->version_le = htole32(NFM_SERIES_VERSION);
	h->header_size_le = htole32(sizeof(*h));
	h->from_unix_ms_le = htole64(w->grid.from_unix_ms);
	h->to_unix_ms_le = htole64(w->grid.to_unix_ms);
	h->step_ms_le = htole64(w->grid.step_ms);
	h->points_le = htole32(w->points);
	h->entries_le = htole64(w->entries);
	h->bytes_size_le = htole64(w->part[PART_BYTES].size);
	h->others_size_le = htole64(w->part[PART_OTHERS].size);
	h->strings_size_le = htole64(w->part[PART_STRINGS].size);
	h->header_xxh3_le =
		htole64(XXH3_64bits(h, offsetof(struct nfm_series_header, header_xxh3_le)));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return nfm_io_write_all(fd, h, sizeof(*h));
}

static int publish(struct nfm_series_writer *w)
{
	_cleanup_free_ char *path = NULL;

	if (fsync(w->part[PART_BYTES].fd))
		return -errno;
	if (asprintf(&path, "%s/%s", w->directory, w->name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (rename(w->temporary, path))
		return -errno;
	free(NFM_STEAL_PTR(w->temporary));
	return nfm_io_fsync_dir(w->directory);
}

int nfm_series_writer_commit(struct nfm_series_writer *w, struct nfm_error *error)
{
	if (!w->code)
		w->code = spool_flush(&w->part[PART_BYTES]);
	for (unsigned int i = PART_BYTES + 1; !w->code && i < PARTS; i++)
		w->code = spool_append(&w->part[i], w->part[PART_BYTES].fd);
	if (!w->code)
		w->code = write_header(w);
	if (!w->code)
		w->code = publish(w);
	if (w->code)
		return nfm_place_error(error, w->code, "write a rollup in", w->directory);
	w->code = -EALREADY; /* nothing more goes into a file that is published */
	return 0;
}

void nfm_series_writer_free(struct nfm_series_writer *w)
{
	if (!w)
		return;
	for (unsigned int i = 0; i < PARTS; i++) {
		nfm_cleanup_close(&w->part[i].fd);
		free(w->part[i].waiting);
	}
	if (w->temporary)
		unlink(w->temporary);
	free(w->temporary);
	free(w->directory);
	free(w->name);
	free(w->block);
	free(w);
}
