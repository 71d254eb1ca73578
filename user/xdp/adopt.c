// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopting by identity: a program is ours if its own maps say so (magic, ABI version, sizes), by
 * whatever path it was loaded. Its maps are found by the program's map ids.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "xdp/build.h"
#include "xdp/program.h"
#include "xdp/xdp.h"

/* What an operator does whose table is of another ABI; tests/net/upgrade_abi.sh goes this way. */
#define CHANGE_OVER                                                                               \
	"; to go over to this build: with that build `nfmeter detach` each NIC while its agent "  \
	"runs (its UDP socket takes over; not with tee = yes), stop the agent (its last "         \
	"snapshot has all counts), `nfmeter detach` again (that ends the table), start this "     \
	"build's: only from stop to start, seconds, nothing is counted; snapshots and history "   \
	"go on"

int nfm_program_maps_list(int program_fd, struct nfm_program_maps *out)
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	out->program_fd = program_fd;
	info.nr_map_ids = NFM_XDP_MAX_MAPS;
	info.map_ids = (uint64_t)(uintptr_t)out->id;
	if (bpf_obj_get_info_by_fd(program_fd, &info, &length) < 0)
		return -errno;
	out->count = NFM_MIN(info.nr_map_ids, (uint32_t)NFM_XDP_MAX_MAPS);
	return 0;
}

/* A map by its name; ".rodata" is named after the object's file, so its end decides. */
static bool is_named(const char *have, const char *want)
{
	size_t length = strlen(have);
	static const char rodata[] = ".rodata";

	if (!strcmp(want, "nfmeter.rodata"))
		return length >= strlen(rodata) && !strcmp(have + length - strlen(rodata), rodata);
	return !strcmp(have, want);
}

int nfm_program_map_fd(void *maps, const char *name)
{
	const struct nfm_program_maps *list = maps;

	for (uint32_t i = 0; i < list->count; i++) {
		struct bpf_map_info info = {};
		uint32_t length = sizeof(info);
		_cleanup_close_ int fd = bpf_map_get_fd_by_id(list->id[i]);

		if (fd < 0)
			return -errno;
		if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
			return -errno;
		if (is_named(info.name, name))
			return NFM_STEAL_FD(fd);
	}
	return -ENOENT;
}

int nfm_xdp_table(const struct nfm_xdp *xdp, struct nfm_table *out, struct nfm_error *error)
{
	struct nfm_program_maps list;
	int r = nfm_program_maps_list(xdp->program_fd, &list);

	if (r < 0)
		return nfm_error_set(error, r, "program %u: %s", xdp->program_id, strerror(-r));
	return nfm_table_maps_open(nfm_program_map_fd, &list, true, out, error);
}

uint32_t nfm_program_map_id(int map_fd)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	return map_fd >= 0 && bpf_obj_get_info_by_fd(map_fd, &info, &length) == 0 ? info.id : 0;
}

bool nfm_program_has_map(const struct nfm_program_maps *maps, int map_fd)
{
	uint32_t id = nfm_program_map_id(map_fd);

	for (uint32_t i = 0; i < maps->count; i++)
		if (id && maps->id[i] == id)
			return true;
	return false;
}

/* Whether this is nfmeter's, but of another ABI: only magic and version stand where we know. */
static bool has_other_abi(struct nfm_program_maps *maps)
{
	_cleanup_close_ int fd = nfm_program_map_fd(maps, "nfmeter.rodata");
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);
	uint32_t word[1024] = {};
	uint32_t key = 0;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) < 0 ||
	    info.type != BPF_MAP_TYPE_ARRAY || info.value_size < 2 * sizeof(word[0]) ||
	    info.value_size > sizeof(word) || bpf_map_lookup_elem(fd, &key, word) < 0)
		return false;
	return word[0] == NFM_ABI_MAGIC && word[1] != NFM_ABI_VERSION;
}

/* What the program's own maps say of it, into `xdp`. */
static int identify(struct nfm_program_maps *maps, struct nfm_xdp *xdp, struct nfm_error *error)
{
	struct nfm_geometry geometry;
	struct nfm_error why = {};
	_cleanup_close_ int ctl_fd = -1;

	if (nfm_table_maps_check(nfm_program_map_fd, maps, &geometry, &why) < 0)
		return has_other_abi(maps) ?
			       nfm_error_set(error, -EPROTONOSUPPORT, "program %u: %s" CHANGE_OVER,
					     xdp->program_id, why.text) :
			       nfm_error_set(error, -EPROTO, "%s", why.text);
	xdp->build = nfm_build_of(&geometry);
	ctl_fd = nfm_program_map_fd(maps, "nfm_ctl");
	xdp->table_id = nfm_program_map_id(ctl_fd);
	return 0;
}

int nfm_program_take(int *program_fd, struct nfm_xdp *out, struct nfm_error *error)
{
	struct nfm_xdp xdp = NFM_XDP_NONE;
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);
	struct nfm_program_maps maps;
	int r;

	if (bpf_obj_get_info_by_fd(*program_fd, &info, &length) < 0)
		return nfm_error_set(error, -errno, "program: %m");
	xdp.program_id = info.id;
	r = nfm_program_maps_list(*program_fd, &maps);
	if (r < 0)
		return nfm_error_set(error, r, "program %u: %s", info.id, strerror(-r));
	r = identify(&maps, &xdp, error);
	if (r < 0)
		return r;
	xdp.admission_fd = nfm_program_map_fd(&maps, "nfm_admission");
	xdp.punts_fd = nfm_program_map_fd(&maps, "nfm_punts");
	if (xdp.admission_fd < 0 || xdp.punts_fd < 0) {
		nfm_xdp_close(&xdp);
		return nfm_error_set(error, -EPROTO, "program %u lacks maps of nfmeter", info.id);
	}
	xdp.program_fd = NFM_STEAL_FD(*program_fd);
	*out = xdp;
	return 0;
}

int nfm_xdp_adopt(uint32_t program_id, struct nfm_xdp *out, struct nfm_error *error)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program_id);

	if (fd < 0)
		return nfm_error_set(error, -errno, "program %u: %m", program_id);
	return nfm_program_take(&fd, out, error);
}

void nfm_xdp_close(struct nfm_xdp *xdp)
{
	int *const fds[] = { &xdp->program_fd, &xdp->admission_fd, &xdp->punts_fd };

	for (size_t i = 0; i < NFM_ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

