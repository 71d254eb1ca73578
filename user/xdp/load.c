// SPDX-License-Identifier: GPL-2.0-only
/* Loading the embedded datapath, with the sizes that the configuration asks for. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "xdp/build.h"
#include "xdp/program.h"

#include "nfmeter.skel.h" /* after abi.h: it knows the types of .rodata by name only */

uint64_t nfm_xdp_build(void)
{
	size_t size;
	const void *bytes = nfmeter__elf_bytes(&size);

	return XXH3_64bits(bytes, size) ?: 1;
}

static void destroy_skeleton(struct nfmeter **skeleton)
{
	nfmeter__destroy(*skeleton);
}

/* libbpf's warnings go to our log; its chatter does not. */
static int print_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[1024];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	nfm_log(LOG_WARNING, "%s", text);
	return 0;
}

#define NFM_MAX_MAP_VALUE (1ULL << 29) /* what the verifier lets a pointer cover */

static int set_sizes(struct nfmeter *s, const struct nfm_geometry *g)
{
	const struct {
		struct bpf_map *map;
		uint32_t entries;
		uint64_t value_size; /* 0: as compiled */
	} sizes[] = {
		{ s->maps.nfm_rows, NFM_BANKS * g->columns + NFM_BANKS,
		  sizeof(struct nfm_row) * g->stride },
		{ s->maps.nfm_earlier, NFM_BANKS * g->columns + NFM_BANKS,
		  sizeof(struct nfm_row) * nfm_table_earlier_count(g) /
			  (NFM_BANKS * g->columns + NFM_BANKS) },
		{ s->maps.nfm_pages, 1, sizeof(struct nfm_page) * g->pages },
		{ s->maps.nfm_names, g->capacity, 0 },
		{ s->maps.nfm_prefixes, g->prefixes, 0 },
		{ s->maps.nfm_exporters, g->exporters, 0 },
		{ s->maps.nfm_admission, g->exporters, 0 },
		{ s->maps.nfm_streams, g->streams, 0 },
		{ s->maps.nfm_seqlog, g->columns * (g->seqlog_entries + NFM_SEQLOG_HEAD), 0 },
		{ s->maps.nfm_waiting, g->waiting_pages, 0 },
	};

	for (size_t i = 0; i < NFM_ARRAY_SIZE(sizes); i++) {
		int r = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);

		if (r < 0)
			return r;
		if (sizes[i].value_size > NFM_MAX_MAP_VALUE)
			return -E2BIG;
		if (sizes[i].value_size)
			r = bpf_map__set_value_size(sizes[i].map, (uint32_t)sizes[i].value_size);
		if (r < 0)
			return r;
	}
	return 0;
}

static void set_geometry(struct nfmeter *s, const struct nfm_geometry *geometry)
{
	struct nfm_geometry g = *geometry;
	uint64_t build = nfm_xdp_build();

	g.build[0] = (uint32_t)build;
	g.build[1] = (uint32_t)(build >> 32);
	memcpy((void *)&s->rodata->nfm_geometry, &g, sizeof(g));
}

static int open_datapath(const struct nfm_geometry *geometry, struct nfmeter **out,
			 struct nfm_error *error)
{
	_cleanup_(destroy_skeleton) struct nfmeter *skeleton = NULL;
	int r;

	libbpf_set_print(print_warning);
	skeleton = nfmeter__open();
	if (!skeleton)
		return nfm_error_set(error, -errno, "cannot open the embedded datapath: %m");
	r = set_sizes(skeleton, geometry);
	if (r < 0)
		return nfm_error_set(error, r, "cannot size the datapath's maps: %s",
				     strerror(-r));
	set_geometry(skeleton, geometry);
	*out = NFM_STEAL_PTR(skeleton);
	return 0;
}

static int load_datapath(struct nfmeter *skeleton, struct nfm_xdp *out, struct nfm_error *error)
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);
	int r = nfmeter__load(skeleton);

	if (r < 0)
		return nfm_error_set(error, r,
				     "cannot load the datapath: %s%s", strerror(-r),
				     r == -EPERM ?
					     " (root, or CAP_BPF and CAP_NET_ADMIN, is needed)" :
					     "");
	if (bpf_obj_get_info_by_fd(bpf_program__fd(skeleton->progs.nfmeter), &info, &length) < 0)
		return nfm_error_set(error, -errno, "the loaded datapath: %m");
	return nfm_xdp_adopt(info.id, out, error);
}

int nfm_xdp_load(const struct nfm_geometry *geometry, struct nfm_xdp *out,
		 struct nfm_error *error)
{
	_cleanup_(destroy_skeleton) struct nfmeter *skeleton = NULL;
	int r = open_datapath(geometry, &skeleton, error);

	return r < 0 ? r : load_datapath(skeleton, out, error);
}

/* ---- onto the maps of another program ---- */

/*
 * The per-CPU scratch is no part of the ABI: where its size has changed, each program has its own.
 * All that one run leaves in it for the next is the count of datagrams within a clock's tick.
 */
static bool is_fit(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (strcmp(bpf_map__name(map), "nfm_scratch"))
		return true;
	return bpf_obj_get_info_by_fd(fd, &info, &length) == 0 &&
	       info.value_size == bpf_map__value_size(map);
}

/* All but .rodata, which says of which build its program is; a map that is new is made. */
static int reuse_maps(struct nfmeter *s, struct nfm_program_maps *maps, struct nfm_error *error)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, s->obj) {
		_cleanup_close_ int fd = -1;
		int r;

		if (bpf_map__is_internal(map))
			continue;
		fd = nfm_program_map_fd(maps, bpf_map__name(map));
		if (fd == -ENOENT || (fd >= 0 && !is_fit(map, fd)))
			continue;
		r = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
		if (r < 0)
			return nfm_error_set(error, r, "map %s: %s", bpf_map__name(map),
					     strerror(-r));
	}
	return 0;
}

int nfm_xdp_renew(const struct nfm_xdp *old, struct nfm_xdp *out, struct nfm_error *error)
{
	_cleanup_(destroy_skeleton) struct nfmeter *skeleton = NULL;
	_cleanup_(nfm_table_close) struct nfm_table table = { .refusals_fd = -1 };
	struct nfm_program_maps maps;
	int r = nfm_program_maps_list(old->program_fd, &maps);

	if (r < 0)
		return nfm_error_set(error, r, "program %u: %s", old->program_id, strerror(-r));
	r = nfm_table_maps_open(nfm_program_map_fd, &maps, false, &table, error);
	if (r == 0)
		r = open_datapath(&table.geometry, &skeleton, error);
	if (r == 0)
		r = reuse_maps(skeleton, &maps, error);
	return r < 0 ? r : load_datapath(skeleton, out, error);
}
