// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopting by identity: a program is ours if its own maps say so (magic, ABI version, sizes), by
 * whatever path it was loaded. Its maps are found by the program's map ids.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "xdp/xdp.h"

#define MAX_MAPS 32
#define PROGRAM_PIN "program"

struct map_list {
	int program_fd;
	uint32_t count;
	uint32_t id[MAX_MAPS];
};

static int list_maps(int program_fd, struct map_list *out)
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	out->program_fd = program_fd;
	info.nr_map_ids = MAX_MAPS;
	info.map_ids = (uint64_t)(uintptr_t)out->id;
	if (bpf_obj_get_info_by_fd(program_fd, &info, &length) < 0)
		return -errno;
	out->count = NFM_MIN(info.nr_map_ids, (uint32_t)MAX_MAPS);
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

static int program_map_fd(void *cookie, const char *name)
{
	const struct map_list *list = cookie;

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
	struct map_list list;
	int r = list_maps(xdp->program_fd, &list);

	if (r < 0)
		return nfm_error_set(error, r, "program %u: %s", xdp->program_id, strerror(-r));
	return nfm_table_maps_open(program_map_fd, &list, true, out, error);
}

static int take_program(int *program_fd, struct nfm_xdp *out, struct nfm_error *error)
{
	struct nfm_xdp xdp = { .program_fd = *program_fd, .admission_fd = -1, .punts_fd = -1 };
	struct nfm_table table = { .refusals_fd = -1 };
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);
	struct map_list list;
	int r;

	if (bpf_obj_get_info_by_fd(*program_fd, &info, &length) < 0)
		return nfm_error_set(error, -errno, "program: %m");
	xdp.program_id = info.id;
	r = list_maps(*program_fd, &list);
	if (r < 0)
		return nfm_error_set(error, r, "program %u: %s", info.id, strerror(-r));
	r = nfm_table_maps_open(program_map_fd, &list, false, &table, error);
	if (r < 0)
		return -EPROTO;
	nfm_table_close(&table);
	xdp.admission_fd = program_map_fd(&list, "nfm_admission");
	xdp.punts_fd = program_map_fd(&list, "nfm_punts");
	if (xdp.admission_fd < 0 || xdp.punts_fd < 0) {
		xdp.program_fd = -1;
		nfm_xdp_close(&xdp);
		return nfm_error_set(error, -EPROTO, "program %u lacks maps of nfmeter", info.id);
	}
	*program_fd = -1;
	*out = xdp;
	return 0;
}

int nfm_xdp_adopt(uint32_t program_id, struct nfm_xdp *out, struct nfm_error *error)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program_id);

	if (fd < 0)
		return nfm_error_set(error, -errno, "program %u: %m", program_id);
	return take_program(&fd, out, error);
}

int nfm_xdp_open_pins(const char *directory, struct nfm_xdp *out, struct nfm_error *error)
{
	char path[PATH_MAX + 32];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%s/" PROGRAM_PIN, directory);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return nfm_error_set(error, -errno, "%s: %m", path);
	return take_program(&fd, out, error);
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

/* ---- pins ---- */

/* Every name under the pin directory: the program, the maps of the table, and the other maps. */
static const char *const pin_names[] = {
	PROGRAM_PIN,
	"nfmeter.rodata",
	"nfm_admission",
	"nfm_refusals",
	"nfm_punts",
#define PIN_NAME(member, name, type, count) name,
	NFM_TABLE_PARTS(PIN_NAME)
#undef PIN_NAME
};

static void pin_path(const char *directory, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", directory, name);
	for (char *p = path + strlen(directory); *p; p++)
		if (*p == '.')
			*p = '_'; /* bpffs refuses dots */
}

static int remove_pins(const char *directory, struct nfm_error *error)
{
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < NFM_ARRAY_SIZE(pin_names); i++) {
		pin_path(directory, pin_names[i], path, sizeof(path));
		if (unlink(path) < 0 && errno != ENOENT)
			return nfm_error_set(error, -errno, "%s: %m", path);
	}
	return 0;
}

int nfm_xdp_unpin(const char *directory, struct nfm_error *error)
{
	int r = remove_pins(directory, error);

	if (r < 0)
		return r;
	if (rmdir(directory) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return nfm_error_set(error, -errno, "%s: %m", directory);
	return 0;
}

static int pin_all(const struct nfm_xdp *xdp, const char *directory, struct nfm_error *error)
{
	char path[PATH_MAX + 32];
	struct map_list list;
	int r = list_maps(xdp->program_fd, &list);

	if (r < 0)
		return nfm_error_set(error, r, "program %u: %s", xdp->program_id, strerror(-r));
	/* the program last: who finds its pin finds the maps' */
	for (size_t i = NFM_ARRAY_SIZE(pin_names); i-- > 0;) {
		bool is_program = !strcmp(pin_names[i], PROGRAM_PIN);
		_cleanup_close_ int fd = is_program ? dup(xdp->program_fd) :
						      program_map_fd(&list, pin_names[i]);

		pin_path(directory, pin_names[i], path, sizeof(path));
		if (fd < 0)
			return nfm_error_set(error, fd, "map %s is missing", pin_names[i]);
		if (bpf_obj_pin(fd, path) < 0)
			return nfm_error_set(error, -errno,
					     "cannot pin %s: %m (a bpffs has to be mounted there, "
					     "and takes no names with a dot)",
					     path);
	}
	return 0;
}

int nfm_xdp_pin(const struct nfm_xdp *xdp, const char *directory, struct nfm_error *error)
{
	struct nfm_xdp pinned = NFM_XDP_NONE;
	bool same;
	int r;

	if (nfm_xdp_open_pins(directory, &pinned, NULL) == 0) {
		same = pinned.program_id == xdp->program_id;
		nfm_xdp_close(&pinned);
		if (same)
			return 0;
	}
	r = remove_pins(directory, error); /* the folder stays: it carries the agent's lock */
	if (r < 0)
		return r;
	r = nfm_io_mkdir_p(directory, 0755);
	if (r < 0)
		return nfm_error_set(error, r, "%s: %s", directory, strerror(-r));
	r = pin_all(xdp, directory, error);
	if (r < 0)
		remove_pins(directory, NULL);
	return r < 0 ? r : 1;
}
