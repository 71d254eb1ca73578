/* SPDX-License-Identifier: GPL-2.0-only */
/* Which datapath this binary brings along. */
#ifndef NFM_XDP_BUILD_H
#define NFM_XDP_BUILD_H

#include <inttypes.h>
#include <stdio.h>

#include "abi.h"

#define NFM_BUILD_TEXT 17

/**
 * XXH3 of the embedded object's bytes, never 0: what nfm_geometry.build of a program is that this
 * build has loaded. Another object, another build, whatever it is that differs.
 */
uint64_t nfm_xdp_build(void);

/** The build that has loaded a table's program; 0: loaded by hand, or the table is a file. */
static inline uint64_t nfm_build_of(const struct nfm_geometry *geometry)
{
	return (uint64_t)geometry->build[1] << 32 | geometry->build[0];
}

/** As people read it: 16 hexadecimal digits. */
static inline void nfm_build_text(uint64_t build, char text[NFM_BUILD_TEXT])
{
	snprintf(text, NFM_BUILD_TEXT, "%016" PRIx64, build);
}

#endif
