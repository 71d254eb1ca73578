// SPDX-License-Identifier: GPL-2.0-only
/* The table's memory: its geometry, and its parts mapped out of one shared file. */
#include "table/table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define DEFAULT_STREAMS 4096U
#define DEFAULT_SEQLOG 65536U
#define DEFAULT_WAITING 4096U
#define MAX_WAITING 65536U /* pages: 256 MiB */
#define MIN_PAGES (512U + 16384U)
#define PART_ALIGN 4096U
#define EARLIER_REACH_S 1860U /* a router's 30 minutes, and how late it may report them */
#define EARLIER_MOST 4096U    /* slots */
#define EARLIER_COLUMN_MOST (1ULL << 29) /* bytes of a column: what the verifier addresses */

void nfm_table_geometry_init(struct nfm_geometry *g, uint32_t columns, uint32_t customers,
			     uint32_t exporters, uint32_t pages)
{
	uint32_t capacity = customers + NFM_ROW_FIRST;

	memset(g, 0, sizeof(*g));
	g->magic = NFM_ABI_MAGIC;
	g->abi_version = NFM_ABI_VERSION;
	g->columns = columns;
	g->capacity = capacity;
	g->exporters = exporters;
	g->stride = capacity + 2 * exporters + NFM_REASON_ROWS;
	/* a page for each /24 with hosts: customers mostly sit close together */
	g->pages = pages ? pages : MIN_PAGES + capacity / 4;
	g->prefixes = 2 * capacity + 1024;
	g->streams = DEFAULT_STREAMS;
	g->seqlog_entries = DEFAULT_SEQLOG;
	g->waiting_pages = DEFAULT_WAITING;
}

/* Bytes of a column with so many slots. */
static uint64_t earlier_column(const struct nfm_geometry *g, uint32_t slots)
{
	return (uint64_t)g->capacity * (slots / NFM_EARLIER_PER_ROW) * sizeof(struct nfm_row);
}

uint32_t nfm_table_geometry_earlier(struct nfm_geometry *g, uint32_t interval_s,
				    uint64_t memory_bytes)
{
	uint32_t columns = NFM_BANKS * g->columns + NFM_BANKS;
	uint32_t wanted = (EARLIER_REACH_S + interval_s - 1) / interval_s;
	uint64_t rows_most, column_most;
	uint32_t slots;

	wanted = (wanted + NFM_EARLIER_PER_ROW - 1) / NFM_EARLIER_PER_ROW * NFM_EARLIER_PER_ROW;
	slots = wanted < EARLIER_MOST ? wanted : EARLIER_MOST;
	/* an index of the journal has 32 bits, for the table's rows and these */
	rows_most = UINT32_MAX / columns - (uint64_t)g->stride;
	column_most = NFM_MIN(EARLIER_COLUMN_MOST, memory_bytes / columns);
	column_most = NFM_MIN(column_most, (rows_most < UINT32_MAX ? rows_most : 0) *
						   sizeof(struct nfm_row));
	while (slots && earlier_column(g, slots) > column_most)
		slots -= NFM_EARLIER_PER_ROW;
	g->earlier_slots = slots;
	return wanted;
}

int nfm_table_geometry_check(const struct nfm_geometry *g, struct nfm_error *error)
{
	if (g->magic != NFM_ABI_MAGIC)
		return nfm_error_set(error, -EPROTO, "not a table of nfmeter (magic %#x)",
				     g->magic);
	if (g->abi_version != NFM_ABI_VERSION)
		return nfm_error_set(error, -EPROTO,
				     "the table has ABI version %u, this build has %u: use the "
				     "build that made it",
				     g->abi_version, NFM_ABI_VERSION);
	if (g->columns < 1 || g->columns > NFM_MAX_COLUMNS || g->capacity < NFM_ROW_FIRST ||
	    g->exporters > UINT16_MAX + 1U || g->pages < 512 || !g->seqlog_entries ||
	    g->seqlog_entries & (g->seqlog_entries - 1) ||
	    g->stride != (uint64_t)g->capacity + 2ULL * g->exporters + NFM_REASON_ROWS ||
	    !g->waiting_pages || g->waiting_pages > MAX_WAITING ||
	    g->earlier_slots % NFM_EARLIER_PER_ROW || g->earlier_slots > EARLIER_MOST ||
	    earlier_column(g, g->earlier_slots) > EARLIER_COLUMN_MOST ||
	    g->columns * (g->seqlog_entries + (uint64_t)NFM_SEQLOG_HEAD) > UINT32_MAX ||
	    (uint64_t)(NFM_BANKS * g->columns + NFM_BANKS) * g->stride +
			    nfm_table_earlier_count(g) >
		    UINT32_MAX)
		return nfm_error_set(error, -EPROTO, "the table's sizes contradict each other");
	return 0;
}

/* ---- one file ---- */

/* Where the parts stand behind the geometry; returns the file's size. */
static uint64_t file_layout(struct nfm_table *t, uint8_t *memory)
{
	const struct nfm_geometry *g = &t->geometry;
	uint64_t at = PART_ALIGN;

#define PLACE_PART(member, map, type, count)                                                      \
	if (memory)                                                                               \
		t->member = (type *)(memory + at);                                                \
	at += ((uint64_t)(count) * sizeof(type) + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;
	NFM_TABLE_PARTS(PLACE_PART)
#undef PLACE_PART
	return at;
}

static int file_map(int fd, const struct nfm_geometry *g, bool writable, struct nfm_table *out)
{
	struct nfm_table t = { .geometry = *g, .writable = writable, .refusals_fd = -1 };

	t.file_size = file_layout(&t, NULL);
	t.file_memory = mmap(NULL, t.file_size, PROT_READ | (writable ? PROT_WRITE : 0),
			     MAP_SHARED, fd, 0);
	if (t.file_memory == MAP_FAILED)
		return -errno;
	file_layout(&t, t.file_memory);
	*out = t;
	return 0;
}

static int file_check(int fd, const char *path, struct nfm_geometry *g, struct nfm_error *error)
{
	struct nfm_table t = {};
	struct nfm_error why = {};
	struct stat st;
	int r;

	if (pread(fd, g, sizeof(*g), 0) != sizeof(*g))
		return nfm_error_set(error, -EPROTO, "%s: no table: too short: remove it", path);
	r = nfm_table_geometry_check(g, &why);
	if (r < 0)
		return nfm_error_set(error, r, "%s: %s; to begin anew, remove it: snapshots and "
					       "history go on",
				     path, why.text);
	t.geometry = *g;
	if (fstat(fd, &st) < 0)
		return nfm_error_set(error, -errno, "%s: %m", path);
	if ((uint64_t)st.st_size != file_layout(&t, NULL))
		return nfm_error_set(error, -EPROTO, "%s: size does not fit the table: remove it",
				     path);
	return 0;
}

/* All of its space now: a full disk must not end us by SIGBUS when a row is first written. */
static int file_fill(int fd, const struct nfm_geometry *g)
{
	struct nfm_table t = { .geometry = *g };
	int r = -posix_fallocate(fd, 0, (off_t)file_layout(&t, NULL));

	if (r < 0)
		return r;
	return pwrite(fd, g, sizeof(*g), 0) == sizeof(*g) ? 0 : -EIO;
}

/* Makes the whole file under a temporary name, so that a half-made one is never opened. */
static int file_make(const char *path, const struct nfm_geometry *g, struct nfm_error *error)
{
	char temporary[4096 + 8];
	_cleanup_close_ int fd = -1;
	int r;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return nfm_error_set(error, -errno, "%s: %m", temporary);
	r = file_fill(fd, g);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return nfm_error_set(error, r, "%s: %s%s", temporary, strerror(-r),
				     r == -ENOSPC ? ": free space there, or choose another "
						    "[collector] runtime or a lower capacity" :
						    "");
	}
	return 0;
}

int nfm_table_file_create(const char *path, const struct nfm_geometry *g, struct nfm_table *out,
			  struct nfm_error *error)
{
	struct nfm_geometry found, wanted = *g;
	_cleanup_close_ int fd = -1;
	int r;

	if (access(path, F_OK) < 0) {
		r = file_make(path, g, error);
		if (r < 0)
			return r;
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return nfm_error_set(error, -errno, "%s: %m", path);
	r = file_check(fd, path, &found, error);
	if (r < 0)
		return r;
	/* it has those of the interval it was made with: another one is no reason not to count */
	wanted.earlier_slots = found.earlier_slots;
	if (memcmp(&found, &wanted, sizeof(found)))
		return nfm_error_set(error, -EPROTO,
				     "%s has other sizes than configured (capacity %u, not %u; "
				     "or max-exporters, pages, template-buffer): keep the old "
				     "ones, or remove the file to begin anew",
				     path, nfm_table_customers(&found), nfm_table_customers(g));
	r = file_map(fd, &found, true, out);
	return r < 0 ? nfm_error_set(error, r, "%s: %s", path, strerror(-r)) : 0;
}

int nfm_table_file_open(const char *path, bool writable, struct nfm_table *out,
			struct nfm_error *error)
{
	struct nfm_geometry g;
	_cleanup_close_ int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	int r;

	if (fd < 0)
		return nfm_error_set(error, -errno, "%s: %m", path);
	r = file_check(fd, path, &g, error);
	if (r < 0)
		return r;
	r = file_map(fd, &g, writable, out);
	return r < 0 ? nfm_error_set(error, r, "%s: %s", path, strerror(-r)) : 0;
}

static void unmap_parts(struct nfm_table *t)
{
	const struct nfm_geometry *g = &t->geometry;

#define UNMAP_PART(member, map, type, count)                                                      \
	if (t->member)                                                                            \
		munmap(t->member, (uint64_t)(count) * sizeof(type));
	NFM_TABLE_PARTS(UNMAP_PART)
#undef UNMAP_PART
}

void nfm_table_close(struct nfm_table *t)
{
	if (t->in_maps)
		unmap_parts(t);
	else if (t->file_memory)
		munmap(t->file_memory, t->file_size);
	if (t->refusals_fd >= 0)
		close(t->refusals_fd);
	memset(t, 0, sizeof(*t));
	t->refusals_fd = -1;
}
