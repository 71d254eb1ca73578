// SPDX-License-Identifier: GPL-2.0-only
/* The pins: program and maps under one folder of a bpffs, by which the next agent finds them. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "xdp/program.h"

#define PROGRAM_PIN "program"
#define RODATA_PIN "nfmeter.rodata"
#define OLD_RING_PIN "nfm_punts_old" /* of a program that gives way, until it is empty */
#define NEW ".new" /* until it takes the place of what was pinned before */

/* Every name under the pin directory: the program, the maps of the table, and the other maps. */
static const char *const pin_names[] = {
	PROGRAM_PIN,
	RODATA_PIN,
	"nfm_admission",
	"nfm_refusals",
	"nfm_punts",
#define PIN_NAME(member, name, type, count) name,
	NFM_TABLE_PARTS(PIN_NAME)
#undef PIN_NAME
};

/* What another program on the same table has of its own. The program last: it is what counts. */
static const char *const renewed_names[] = { RODATA_PIN, PROGRAM_PIN };

static void pin_path(const char *directory, const char *name, const char *suffix, char *path,
		     size_t size)
{
	snprintf(path, size, "%s/%s%s", directory, name, suffix);
	for (char *p = path + strlen(directory); *p; p++)
		if (*p == '.')
			*p = '_'; /* bpffs refuses dots */
}

/* An fd of what is pinned there, or -errno. */
static int open_pin(const char *directory, const char *name, struct nfm_error *error)
{
	char path[PATH_MAX + 32];
	int fd;

	pin_path(directory, name, "", path, sizeof(path));
	fd = bpf_obj_get(path);
	return fd < 0 ? nfm_error_set(error, -errno, "%s: %m", path) : fd;
}

int nfm_xdp_open_pins(const char *directory, struct nfm_xdp *out, struct nfm_error *error)
{
	_cleanup_close_ int fd = open_pin(directory, PROGRAM_PIN, error);

	return fd < 0 ? fd : nfm_program_take(&fd, out, error);
}

static int remove_pin(const char *directory, const char *name, const char *suffix,
		      struct nfm_error *error)
{
	char path[PATH_MAX + 32];

	pin_path(directory, name, suffix, path, sizeof(path));
	if (unlink(path) < 0 && errno != ENOENT)
		return nfm_error_set(error, -errno, "%s: %m", path);
	return 0;
}

/* What a start left that was killed in renew_pins(). */
static int remove_new_pins(const char *directory, struct nfm_error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < NFM_ARRAY_SIZE(renewed_names); i++)
		r = remove_pin(directory, renewed_names[i], NEW, error);
	return r;
}

static int remove_pins(const char *directory, struct nfm_error *error)
{
	int r = remove_new_pins(directory, error);

	if (r == 0)
		r = nfm_xdp_unpin_old_ring(directory, error);
	for (size_t i = 0; r == 0 && i < NFM_ARRAY_SIZE(pin_names); i++)
		r = remove_pin(directory, pin_names[i], "", error);
	return r;
}

int nfm_xdp_unpin_old_ring(const char *directory, struct nfm_error *error)
{
	return remove_pin(directory, OLD_RING_PIN, "", error);
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

static int pin_one(struct nfm_program_maps *maps, const char *directory, const char *name,
		   const char *suffix, struct nfm_error *error)
{
	bool is_program = !strcmp(name, PROGRAM_PIN);
	_cleanup_close_ int fd = is_program ? dup(maps->program_fd) :
					      nfm_program_map_fd(maps, name);
	char path[PATH_MAX + 32];

	pin_path(directory, name, suffix, path, sizeof(path));
	if (fd < 0)
		return nfm_error_set(error, fd, "map %s is missing", name);
	if (bpf_obj_pin(fd, path) < 0)
		return nfm_error_set(error, -errno,
				     "cannot pin %s: %m (a bpffs has to be mounted there, and "
				     "takes no names with a dot)",
				     path);
	return 0;
}

/* The program last: who finds its pin finds the maps'. */
static int pin_all(struct nfm_program_maps *maps, const char *directory, struct nfm_error *error)
{
	int r = 0;

	for (size_t i = NFM_ARRAY_SIZE(pin_names); r == 0 && i-- > 0;)
		r = pin_one(maps, directory, pin_names[i], "", error);
	return r;
}

/* By renaming, so that at every moment a program is pinned that holds the table. */
static int renew_pins(struct nfm_program_maps *maps, const char *directory,
		      struct nfm_error *error)
{
	int r = remove_new_pins(directory, error);

	for (size_t i = 0; r == 0 && i < NFM_ARRAY_SIZE(renewed_names); i++) {
		char from[PATH_MAX + 32], to[PATH_MAX + 32];

		r = pin_one(maps, directory, renewed_names[i], NEW, error);
		if (r < 0)
			return r;
		pin_path(directory, renewed_names[i], NEW, from, sizeof(from));
		pin_path(directory, renewed_names[i], "", to, sizeof(to));
		if (rename(from, to) < 0)
			return nfm_error_set(error, -errno, "%s: %m", to);
	}
	return r;
}

static bool is_rodata_pinned(const struct nfm_program_maps *maps, const char *directory)
{
	_cleanup_close_ int fd = open_pin(directory, RODATA_PIN, NULL);

	return nfm_program_has_map(maps, fd);
}

int nfm_xdp_pin(const struct nfm_xdp *xdp, const char *directory, struct nfm_error *error)
{
	_cleanup_(nfm_xdp_close) struct nfm_xdp pinned = NFM_XDP_NONE;
	struct nfm_program_maps maps;
	int r = nfm_program_maps_list(xdp->program_fd, &maps);

	if (r < 0)
		return nfm_error_set(error, r, "program %u: %s", xdp->program_id, strerror(-r));
	if (nfm_xdp_open_pins(directory, &pinned, NULL) == 0 && pinned.table_id == xdp->table_id)
		return pinned.program_id == xdp->program_id && is_rodata_pinned(&maps, directory) ?
			       remove_new_pins(directory, error) :
			       renew_pins(&maps, directory, error);
	r = remove_pins(directory, error); /* the folder stays: it carries the agent's lock */
	if (r < 0)
		return r;
	r = nfm_io_mkdir_p(directory, 0755);
	if (r < 0)
		return nfm_error_set(error, r, "%s: %s", directory, strerror(-r));
	r = pin_all(&maps, directory, error);
	if (r < 0)
		remove_pins(directory, NULL);
	return r < 0 ? r : 1;
}

int nfm_xdp_open_old_ring(const char *directory, struct nfm_ring *out, struct nfm_error *error)
{
	_cleanup_close_ int fd = open_pin(directory, OLD_RING_PIN, error);

	return fd < 0 ? fd : nfm_ring_open(fd, out, error);
}

int nfm_xdp_pin_old_ring(const struct nfm_xdp *old, const char *directory, struct nfm_error *error)
{
	char path[PATH_MAX + 32];
	_cleanup_close_ int fd = -1;
	int r;

	pin_path(directory, OLD_RING_PIN, "", path, sizeof(path));
	if (bpf_obj_pin(old->punts_fd, path) == 0)
		return 0;
	r = -errno;
	fd = open_pin(directory, OLD_RING_PIN, NULL);
	if (fd >= 0 && nfm_program_map_id(fd) == nfm_program_map_id(old->punts_fd))
		return 0;
	return nfm_error_set(error, r,
			     "cannot pin %s: %s (let the agent run: it takes what waits there)",
			     path, strerror(-r));
}
