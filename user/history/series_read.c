// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "history/series_format.h"

/* A part of the mapped file. */
struct part {
	const uint8_t *at;
	uint64_t size;
};

struct nfm_series_reader {
	const uint8_t *map;
	size_t size;
	struct nfm_series_head head;
	struct part sources, bytes, others, strings, index;
	const char **source;
};

static int damaged(struct nfm_error *error, const char *path, const char *what)
{
	return nfm_error_set(error, -EBADMSG,
			     "%s: %s: the file is damaged; remove samples, hours and days of that "
			     "date: `nfmeter rollup` makes them again if its snapshots are still "
			     "there",
			     path, what);
}

/* ---- open ---- */

static int map_file(const char *path, struct nfm_series_reader *r, struct nfm_error *error)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *map;

	if (fd < 0)
		return nfm_error_set(error, -errno, "cannot open %s: %m; check name and rights",
				     path);
	if (fstat(fd, &st))
		return nfm_error_set(error, -errno, "cannot read %s: %m", path);
	if (!S_ISREG(st.st_mode))
		return damaged(error, path, "it is no regular file");
	if ((uint64_t)st.st_size < sizeof(struct nfm_series_header))
		return damaged(error, path, "it is shorter than a header");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return nfm_error_set(error, -errno, "cannot map %s: %m; free memory", path);
	r->map = map;
	r->size = (size_t)st.st_size;
	return 0;
}

/* Magic, length, checksum, version: what stands in the header of every version. */
static int verify_frame(const struct nfm_series_reader *r, const char *path,
			struct nfm_error *error)
{
	const struct nfm_series_header *h = (const void *)r->map;
	uint32_t size = le32toh(h->header_size_le);
	uint64_t sum_le;

	if (memcmp(h->magic, NFM_SERIES_MAGIC, sizeof(h->magic)) != 0)
		return damaged(error, path, "it is no rollup");
	if (size < sizeof(*h) || size > NFM_SERIES_HEADER_MAX || size > r->size)
		return damaged(error, path, "the header's length is wrong");
	memcpy(&sum_le, r->map + size - sizeof(sum_le), sizeof(sum_le));
	if (XXH3_64bits(r->map, size - sizeof(sum_le)) != le64toh(sum_le))
		return damaged(error, path, "the header's checksum is wrong");
	if (le32toh(h->version_le) != NFM_SERIES_VERSION)
		return nfm_error_set(error, -EPROTONOSUPPORT,
				     "%s: written by a newer nfmeter (version %u of the format, "
				     "this one reads %u): read it with that one",
				     path, le32toh(h->version_le), NFM_SERIES_VERSION);
	if (size != sizeof(*h))
		return damaged(error, path, "the header's length is wrong");
	return 0;
}

static bool take_part(struct part *part, uint64_t size_le, const uint8_t **at, uint64_t *left)
{
	part->at = *at;
	part->size = le64toh(size_le);
	if (part->size > *left)
		return false;
	*at += part->size;
	*left -= part->size;
	return true;
}

static int verify_values(struct nfm_series_reader *r, const char *path, struct nfm_error *error)
{
	const struct nfm_series_header *h = (const void *)r->map;
	const uint8_t *at = r->map + sizeof(*h);
	uint64_t left = r->size - sizeof(*h);
	struct nfm_series_head *head = &r->head;

	head->grid = (struct nfm_grid){ le64toh(h->from_unix_ms_le), le64toh(h->to_unix_ms_le),
					le64toh(h->step_ms_le) };
	head->points = le32toh(h->points_le);
	head->entries = le64toh(h->entries_le);
	head->sources = le32toh(h->sources_le);
	if (!head->grid.step_ms || !head->points || head->points > NFM_SERIES_POINTS_MOST ||
	    head->points != nfm_grid_points(&head->grid))
		return damaged(error, path, "its points do not fit its times");
	if (!take_part(&r->sources, h->sources_size_le, &at, &left) ||
	    !take_part(&r->bytes, h->bytes_size_le, &at, &left) ||
	    !take_part(&r->others, h->others_size_le, &at, &left) ||
	    !take_part(&r->strings, h->strings_size_le, &at, &left) ||
	    left % sizeof(struct nfm_series_line) ||
	    left / sizeof(struct nfm_series_line) != head->entries)
		return damaged(error, path, "its length is not what the header tells of");
	r->index = (struct part){ at, left };
	return 0;
}

static int open_sources(struct nfm_series_reader *r, const char *path, struct nfm_error *error)
{
	const struct nfm_series_header *h = (const void *)r->map;
	const char *at = (const char *)r->sources.at;
	const char *end = at + r->sources.size;

	if (XXH3_64bits(r->sources.at, r->sources.size) != le64toh(h->sources_xxh3_le))
		return damaged(error, path, "the checksum of its sources is wrong");
	/* each takes a byte at least: the list is not longer than the file */
	if (r->head.sources > r->sources.size || (r->sources.size && end[-1]))
		return damaged(error, path, "its sources are not as many as the header tells of");
	r->source = calloc(r->head.sources + 1UL, sizeof(*r->source));
	if (!r->source)
		return nfm_error_set(error, -ENOMEM, "cannot read %s: free memory", path);
	for (uint32_t i = 0; i < r->head.sources && at < end; i++) {
		r->source[i] = at;
		at += strlen(at) + 1;
	}
	if (at != end || (r->head.sources && !r->source[r->head.sources - 1]))
		return damaged(error, path, "its sources are not as many as the header tells of");
	return 0;
}

int nfm_series_reader_open(const char *path, struct nfm_series_reader **out,
			   struct nfm_error *error)
{
	struct nfm_series_reader *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return nfm_error_set(error, -ENOMEM, "cannot read %s: free memory", path);
	code = map_file(path, r, error);
	if (!code)
		code = verify_frame(r, path, error);
	if (!code)
		code = verify_values(r, path, error);
	if (!code)
		code = open_sources(r, path, error);
	if (code) {
		nfm_series_reader_free(r);
		return code;
	}
	*out = r;
	return 0;
}

void nfm_series_reader_free(struct nfm_series_reader *r)
{
	if (!r)
		return;
	if (r->map)
		munmap((void *)r->map, r->size);
	free(r->source);
	free(r);
}

const struct nfm_series_head *nfm_series_reader_head(const struct nfm_series_reader *r)
{
	return &r->head;
}

const char *nfm_series_reader_source(const struct nfm_series_reader *r, uint32_t number)
{
	return number < r->head.sources ? r->source[number] : NULL;
}

/* ---- the index ---- */

/* The strings of a line, or NULL: they are not where they can be. */
static const char *strings_of(const struct nfm_series_reader *r, const struct nfm_series_line *line,
			      size_t *size)
{
	uint64_t at = le64toh(line->strings_at_le);
	size_t id_len = le16toh(line->id_len_le), name_len = le16toh(line->name_len_le);

	if (id_len >= NFM_SNAPSHOT_ID_SIZE || name_len >= NFM_SNAPSHOT_ID_SIZE)
		return NULL;
	*size = id_len + name_len + 2;
	if (at > r->strings.size || *size > r->strings.size - at)
		return NULL;
	return (const char *)r->strings.at + at;
}

/* A line of the index, verified. 0 or -EBADMSG. */
static int take_line(const struct nfm_series_reader *r, uint64_t number,
		     struct nfm_series_line *line, struct nfm_series_entry *out)
{
	const char *strings;
	size_t size, id_len;

	memcpy(line, r->index.at + number * sizeof(*line), sizeof(*line));
	strings = strings_of(r, line, &size);
	if (!strings ||
	    nfm_series_line_sum(line, number, strings, size) != le64toh(line->line_xxh3_le))
		return -EBADMSG;
	id_len = le16toh(line->id_len_le);
	if (strings[id_len] || strings[size - 1] || le32toh(line->kind_le) >= NFM_SERIES_KINDS)
		return -EBADMSG;
	*out = (struct nfm_series_entry){
		.kind = le32toh(line->kind_le),
		.id = strings,
		.name = strings + id_len + 1,
		.number = number,
	};
	return 0;
}

int nfm_series_reader_entry(const struct nfm_series_reader *r, uint64_t number,
			    struct nfm_series_entry *out)
{
	struct nfm_series_line line;
	int code;

	if (number >= r->head.entries)
		return 0;
	code = take_line(r, number, &line, out);
	return code ? code : 1;
}

static int compare(enum nfm_series_kind kind, const char *id, const struct nfm_series_entry *entry)
{
	if (kind != entry->kind)
		return kind < entry->kind ? -1 : 1;
	return kind == NFM_SERIES_CUSTOMER ? strcmp(id, entry->id) : 0;
}

int nfm_series_reader_find(const struct nfm_series_reader *r, enum nfm_series_kind kind,
			   const char *id, struct nfm_series_entry *out)
{
	uint64_t first = 0, end = r->head.entries;

	while (first < end) {
		uint64_t middle = first + (end - first) / 2;
		struct nfm_series_line line;
		struct nfm_series_entry entry;
		int order, code = take_line(r, middle, &line, &entry);

		if (code)
			return code;
		order = compare(kind, id, &entry);
		if (!order) {
			*out = entry;
			return 1;
		}
		if (order < 0)
			end = middle;
		else
			first = middle + 1;
	}
	return 0;
}

/* ---- columns ---- */

static int take_block(const struct nfm_series_reader *r, const struct part *part, uint64_t at,
		      uint32_t size, uint64_t sum, uint64_t *const *column, unsigned int count)
{
	const uint8_t *from;
	size_t used = 0;

	if (at > part->size || size > part->size - at)
		return -EBADMSG;
	from = part->at + at;
	if (XXH3_64bits(from, size) != sum)
		return -EBADMSG;
	for (unsigned int c = 0; c < count; c++) {
		ssize_t n = nfm_series_unpack(from + used, size - used, r->head.points, column[c]);

		if (n < 0)
			return (int)n;
		used += (size_t)n;
	}
	return used == size ? 0 : -EBADMSG;
}

static bool wanted(uint64_t *const *column, unsigned int count)
{
	while (count--)
		if (column[count])
			return true;
	return false;
}

int nfm_series_reader_columns(const struct nfm_series_reader *r,
			      const struct nfm_series_entry *entry,
			      uint64_t *const column[NFM_CELL_COLUMNS])
{
	uint64_t *const *others = column + NFM_SERIES_BYTE_COLUMNS;
	unsigned int other_count = NFM_CELL_COLUMNS - NFM_SERIES_BYTE_COLUMNS;
	struct nfm_series_entry same;
	struct nfm_series_line line;
	int code;

	if (entry->number >= r->head.entries)
		return -EINVAL;
	code = take_line(r, entry->number, &line, &same);
	if (!code && wanted(column, NFM_SERIES_BYTE_COLUMNS))
		code = take_block(r, &r->bytes, le64toh(line.bytes_at_le),
				  le32toh(line.bytes_size_le), le64toh(line.bytes_xxh3_le), column,
				  NFM_SERIES_BYTE_COLUMNS);
	if (!code && wanted(others, other_count))
		code = take_block(r, &r->others, le64toh(line.others_at_le),
				  le32toh(line.others_size_le), le64toh(line.others_xxh3_le),
				  others, other_count);
	return code;
}
