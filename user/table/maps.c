// SPDX-License-Identifier: GPL-2.0-only
/* The table's parts mapped out of BPF maps. */
#include "table/table.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

#define REFUSALS "nfm_refusals"

/* A part's value size and length must be what this build computes from the geometry. */
static int check_part(int fd, const char *name, size_t size, uint64_t count,
		      struct nfm_error *error)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return nfm_error_set(error, -errno, "map %s: %m", name);
	/* values stand in steps of eight bytes; rows and pages, many in one entry (bpf/maps.h) */
	if (((uint64_t)info.value_size + 7) / 8 * info.max_entries != (size + 7) / 8 * count)
		return nfm_error_set(error, -EPROTO,
				     "map %s has %u entries of %u bytes, expected %llu of %zu",
				     name, info.max_entries, info.value_size,
				     (unsigned long long)count, size);
	return 0;
}

/* mmap(2) of an array map: kernel's Documentation/bpf/map_array.rst, BPF_F_MMAPABLE. */
static int map_part(int fd, const char *name, size_t size, uint64_t count, bool writable,
		    void **out, struct nfm_error *error)
{
	void *memory;
	int r = check_part(fd, name, size, count, error);

	if (r < 0)
		return r;
	memory = mmap(NULL, size * count, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd,
		      0);
	if (memory == MAP_FAILED)
		return nfm_error_set(error, -errno, "map %s: mmap: %m", name);
	*out = memory;
	return 0;
}

static int read_geometry(int fd, struct nfm_geometry *out, struct nfm_error *error)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);
	uint32_t key = 0;

	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return nfm_error_set(error, -errno, ".rodata: %m");
	if (info.value_size != sizeof(*out))
		return nfm_error_set(error, -EPROTO, ".rodata has %u bytes, expected %zu",
				     info.value_size, sizeof(*out));
	if (bpf_map_lookup_elem(fd, &key, out) < 0)
		return nfm_error_set(error, -errno, ".rodata: %m");
	return nfm_table_geometry_check(out, error);
}

static int open_geometry(int (*map_fd)(void *cookie, const char *name), void *cookie,
			 struct nfm_geometry *out, struct nfm_error *error)
{
	_cleanup_close_ int fd = map_fd(cookie, "nfmeter.rodata");

	if (fd < 0)
		return nfm_error_set(error, fd, "map nfmeter.rodata: %s", strerror(-fd));
	return read_geometry(fd, out, error);
}

int nfm_table_maps_check(int (*map_fd)(void *cookie, const char *name), void *cookie,
			 struct nfm_geometry *out, struct nfm_error *error)
{
	struct nfm_geometry geometry;
	const struct nfm_geometry *g = &geometry;
	int r = open_geometry(map_fd, cookie, &geometry, error);

	if (r < 0)
		return r;
#define CHECK_PART(member, name, type, count)                                                     \
	{                                                                                         \
		_cleanup_close_ int fd = map_fd(cookie, name);                                    \
                                                                                                  \
		r = fd < 0 ? nfm_error_set(error, fd, "map %s: %s", name, strerror(-fd)) :        \
			     check_part(fd, name, sizeof(type), count, error);                    \
		if (r < 0)                                                                        \
			return r;                                                                 \
	}
	NFM_TABLE_PARTS(CHECK_PART)
#undef CHECK_PART
	r = map_fd(cookie, REFUSALS);
	if (r < 0)
		return nfm_error_set(error, r, "map " REFUSALS ": %s", strerror(-r));
	close(r);
	*out = geometry;
	return 0;
}

int nfm_table_maps_open(int (*map_fd)(void *cookie, const char *name), void *cookie, bool writable,
			struct nfm_table *out, struct nfm_error *error)
{
	struct nfm_table t = { .in_maps = true, .writable = writable, .refusals_fd = -1 };
	const struct nfm_geometry *g = &t.geometry;
	int r = open_geometry(map_fd, cookie, &t.geometry, error);

	if (r < 0)
		return r;
#define MAP_PART(member, name, type, count)                                                       \
	{                                                                                         \
		_cleanup_close_ int fd = map_fd(cookie, name);                                    \
                                                                                                  \
		r = fd < 0 ? nfm_error_set(error, fd, "map %s: %s", name, strerror(-fd)) :        \
			     map_part(fd, name, sizeof(type), count, writable,                    \
				      (void **)&t.member, error);                                 \
		if (r < 0)                                                                        \
			goto fail;                                                                \
	}
	NFM_TABLE_PARTS(MAP_PART)
#undef MAP_PART
	t.refusals_fd = map_fd(cookie, REFUSALS);
	if (t.refusals_fd < 0) {
		r = nfm_error_set(error, t.refusals_fd, "map " REFUSALS ": %s",
				  strerror(-t.refusals_fd));
		goto fail;
	}
	*out = t;
	return 0;
fail:
	nfm_table_close(&t);
	return r;
}

static int pinned_fd(const char *directory, const char *name, uint32_t flags)
{
	LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = flags);
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	/* bpffs refuses names with a dot (kernel/bpf/inode.c): the pin has none */
	for (char *p = strrchr(path, '/'); *p; p++)
		if (*p == '.')
			*p = '_';
	fd = bpf_obj_get_opts(path, &options);
	return fd < 0 ? -errno : fd;
}

static int writers_fd(void *cookie, const char *name)
{
	return pinned_fd(cookie, name, 0);
}

/*
 * What stays open of a reader's is read-only. The parts' fds are not, since the kernel shares a
 * mapping of such alone as can be written (mm/mmap.c); they are closed once the part is mapped, and
 * what was mapped for reading never becomes writable (bpf_map_mmap() in kernel/bpf/syscall.c).
 */
static int readers_fd(void *cookie, const char *name)
{
	return pinned_fd(cookie, name, strcmp(name, REFUSALS) ? 0 : BPF_F_RDONLY);
}

int nfm_table_pins_open(const char *directory, bool writable, struct nfm_table *out,
			struct nfm_error *error)
{
	return nfm_table_maps_open(writable ? writers_fd : readers_fd, (void *)directory, writable,
				   out, error);
}

uint32_t nfm_table_pins_program(const char *directory)
{
	_cleanup_close_ int fd = pinned_fd(directory, "program", 0);
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info.id : 0;
}
