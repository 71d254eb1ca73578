/* SPDX-License-Identifier: GPL-2.0-only */
/* A loaded program and its maps, by their names: within this module. */
#ifndef NFM_XDP_PROGRAM_H
#define NFM_XDP_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "xdp/xdp.h"

#define NFM_XDP_MAX_MAPS 32

struct nfm_program_maps {
	int program_fd;
	uint32_t count;
	uint32_t id[NFM_XDP_MAX_MAPS];
};

/** Asks the program for its maps' ids. */
int nfm_program_maps_list(int program_fd, struct nfm_program_maps *out);

/**
 * A new fd of the map `name`; -ENOENT: the program has none of it. "nfmeter.rodata" is the
 * read-only data, whose name depends on the object's file. `maps` is a struct nfm_program_maps.
 */
int nfm_program_map_fd(void *maps, const char *name);

/** As nfm_xdp_adopt(), of an fd: taken over on success, and then -1. */
int nfm_program_take(int *program_fd, struct nfm_xdp *out, struct nfm_error *error);

/** Id of a map, 0 if the kernel does not tell. */
uint32_t nfm_program_map_id(int map_fd);

/** Whether `map_fd` is one of the program's. */
bool nfm_program_has_map(const struct nfm_program_maps *maps, int map_fd);

#endif
