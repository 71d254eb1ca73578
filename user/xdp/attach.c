// SPDX-License-Identifier: GPL-2.0-only
/* Attaching by netlink, as `ip link` does: what is attached stays when the agent goes. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "xdp/xdp.h"

static int query_program(const char *interface, int *ifindex, uint32_t *program_id,
			 const char **mode, struct nfm_error *error)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int r;

	*ifindex = (int)if_nametoindex(interface);
	if (!*ifindex)
		return nfm_error_set(error, -ENODEV, "%s: no such interface", interface);
	r = bpf_xdp_query(*ifindex, 0, &query);
	if (r < 0)
		return nfm_error_set(error, r, "%s: cannot ask for its XDP program: %s", interface,
				     strerror(-r));
	*program_id = query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id;
	if (!*program_id)
		*program_id = query.hw_prog_id;
	*mode = !*program_id ? "none" : query.skb_prog_id == *program_id ? "generic" : "native";
	return 0;
}

static void name_program(uint32_t program_id, char name[16])
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program_id);

	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0)
		snprintf(name, 16, "%s", info.name);
}

int nfm_xdp_query(const char *interface, const struct nfm_xdp *xdp, struct nfm_xdp_state *out,
		  struct nfm_error *error)
{
	struct nfm_xdp_state state = {};
	struct nfm_xdp other = NFM_XDP_NONE;
	int ifindex;
	int r = query_program(interface, &ifindex, &state.program_id, &state.mode, error);

	if (r < 0)
		return r;
	if (state.program_id) {
		name_program(state.program_id, state.program_name);
		if (xdp && xdp->program_id == state.program_id) {
			state.attachment = NFM_ATTACHED_OURS;
		} else if (nfm_xdp_adopt(state.program_id, &other, error) == 0) {
			state.attachment = NFM_ATTACHED_NFMETER;
			nfm_xdp_close(&other);
		} else {
			state.attachment = NFM_ATTACHED_FOREIGN;
		}
	}
	*out = state;
	return 0;
}

int nfm_xdp_attach(const struct nfm_xdp *xdp, const char *interface, enum nfm_xdp_mode want,
		   const char **mode, struct nfm_error *error)
{
	static const struct {
		enum nfm_xdp_mode mode;
		uint32_t flags;
		const char *name;
	} tries[] = {
		{ NFM_XDP_NATIVE, XDP_FLAGS_DRV_MODE, "native" },
		{ NFM_XDP_GENERIC, XDP_FLAGS_SKB_MODE, "generic" },
	};
	int ifindex = (int)if_nametoindex(interface);
	int r = -EOPNOTSUPP;

	if (!ifindex)
		return nfm_error_set(error, -ENODEV, "%s: no such interface", interface);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(tries); i++) {
		if (want != NFM_XDP_AUTO && want != tries[i].mode)
			continue;
		r = bpf_xdp_attach(ifindex, xdp->program_fd,
				   tries[i].flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
		if (r == 0) {
			*mode = tries[i].name;
			return 0;
		}
		nfm_error_set(error, r, "%s: cannot attach XDP in %s mode: %s", interface,
			      tries[i].name, strerror(-r));
		if (r == -EBUSY || r == -EPERM)
			return r;
	}
	return r;
}

int nfm_xdp_detach(const char *interface, struct nfm_error *error)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, attach);
	struct nfm_xdp attached = NFM_XDP_NONE;
	struct nfm_error why = {};
	uint32_t program_id;
	const char *mode;
	int ifindex;
	int r = query_program(interface, &ifindex, &program_id, &mode, error);

	if (r < 0)
		return r;
	if (!program_id)
		return nfm_error_set(error, -ENOENT, "%s: no XDP program is attached", interface);
	r = nfm_xdp_adopt(program_id, &attached, &why);
	if (r < 0)
		return nfm_error_set(error, -EPERM,
				     "%s: its XDP program %u is not nfmeter's (%s): left alone",
				     interface, program_id, why.text);
	attach.old_prog_fd = attached.program_fd; /* not what somebody puts there meanwhile */
	r = bpf_xdp_detach(ifindex,
			   XDP_FLAGS_REPLACE |
				   (mode[0] == 'g' ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE),
			   &attach);
	nfm_xdp_close(&attached);
	return r < 0 ? nfm_error_set(error, r, "%s: cannot detach: %s", interface, strerror(-r)) :
		       0;
}
