/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands on a network interface. */
#ifndef NFM_LINK_H
#define NFM_LINK_H

#include <stdint.h>

enum nfm_link_xdp {
	NFM_LINK_XDP_NONE,
	NFM_LINK_XDP_NATIVE, /* in the driver, or below it in the NIC */
	NFM_LINK_XDP_GENERIC,
};

/**
 * Asks the kernel which XDP program stands on the interface `name`, and how. `*program_id` is 0
 * where there is none. Needs no privilege. -ENODEV: no such interface; else netlink's -errno.
 */
int nfm_link_xdp_query(const char *name, enum nfm_link_xdp *mode, uint32_t *program_id);

/** "native", "generic", "none". */
const char *nfm_link_xdp_name(enum nfm_link_xdp mode);

#endif
