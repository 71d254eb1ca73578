// SPDX-License-Identifier: GPL-2.0-only
#include "base/link.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>

int nfm_link_xdp_query(const char *name, enum nfm_link_xdp *mode, uint32_t *program_id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	unsigned int index = if_nametoindex(name);
	int err;

	if (!index)
		return -ENODEV;
	err = bpf_xdp_query((int)index, 0, &query);
	if (err)
		return err;
	if (query.hw_prog_id || query.drv_prog_id) {
		*mode = NFM_LINK_XDP_NATIVE;
		*program_id = query.drv_prog_id ? query.drv_prog_id : query.hw_prog_id;
	} else if (query.skb_prog_id) {
		*mode = NFM_LINK_XDP_GENERIC;
		*program_id = query.skb_prog_id;
	} else {
		*mode = NFM_LINK_XDP_NONE;
		*program_id = 0;
	}
	return 0;
}

const char *nfm_link_xdp_name(enum nfm_link_xdp mode)
{
	switch (mode) {
	case NFM_LINK_XDP_NATIVE:
		return "native";
	case NFM_LINK_XDP_GENERIC:
		return "generic";
	case NFM_LINK_XDP_NONE:
		break;
	}
	return "none";
}
