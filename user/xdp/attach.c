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
#include "base/link.h"
#include "xdp/xdp.h"

static int query_program(const char *interface, int *ifindex, uint32_t *program_id,
			 enum nfm_link_xdp *mode, struct nfm_error *error)
{
	int r;

	*ifindex = (int)if_nametoindex(interface);
	if (!*ifindex)
		return nfm_error_set(error, -ENODEV, "%s: no such interface; `ip link` lists them",
				     interface);
	r = nfm_link_xdp_query(interface, mode, program_id);
	if (r < 0)
		return nfm_error_set(error, r, "%s: cannot ask for its XDP program: %s", interface,
				     strerror(-r));
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

/* Whose a program is. What is not ours and not readable: `error` says why. */
static enum nfm_xdp_attachment judge(uint32_t program_id, const struct nfm_xdp *xdp,
				     struct nfm_error *error)
{
	struct nfm_xdp other = NFM_XDP_NONE;
	int r;

	if (xdp && xdp->program_id == program_id)
		return NFM_ATTACHED_OURS;
	r = nfm_xdp_adopt(program_id, &other, error);
	nfm_xdp_close(&other);
	if (r < 0)
		return r == -EPROTONOSUPPORT ? NFM_ATTACHED_OTHER_ABI : NFM_ATTACHED_FOREIGN;
	return xdp && xdp->table_id == other.table_id ? NFM_ATTACHED_SIBLING :
							NFM_ATTACHED_NFMETER;
}

int nfm_xdp_query(const char *interface, const struct nfm_xdp *xdp, struct nfm_xdp_state *out,
		  struct nfm_error *error)
{
	struct nfm_xdp_state state = {};
	enum nfm_link_xdp mode;
	int ifindex;
	int r = query_program(interface, &ifindex, &state.program_id, &mode, error);

	if (r < 0)
		return r;
	state.mode = nfm_link_xdp_name(mode);
	if (state.program_id) {
		name_program(state.program_id, state.program_name);
		state.attachment = judge(state.program_id, xdp, error);
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
		return nfm_error_set(error, -ENODEV, "%s: no such interface; `ip link` lists them",
				     interface);
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

static uint32_t mode_flag(enum nfm_link_xdp mode)
{
	return mode == NFM_LINK_XDP_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

int nfm_xdp_detach(const char *interface, struct nfm_error *error)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, attach);
	struct nfm_xdp attached = NFM_XDP_NONE;
	struct nfm_error why = {};
	enum nfm_link_xdp mode;
	uint32_t program_id;
	int ifindex;
	int r = query_program(interface, &ifindex, &program_id, &mode, error);

	if (r < 0)
		return r;
	if (!program_id)
		return nfm_error_set(error, -ENOENT,
				     "%s: no XDP program is attached; `nfmeter status` shows "
				     "where one is",
				     interface);
	r = nfm_xdp_adopt(program_id, &attached, &why);
	if (r == -EPROTONOSUPPORT)
		return nfm_error_set(error, -EPERM, "%s: left alone: %s", interface, why.text);
	if (r < 0)
		return nfm_error_set(error, -EPERM,
				     "%s: its XDP program %u is not nfmeter's (%s): left alone",
				     interface, program_id, why.text);
	attach.old_prog_fd = attached.program_fd; /* not what somebody puts there meanwhile */
	r = bpf_xdp_detach(ifindex, XDP_FLAGS_REPLACE | mode_flag(mode), &attach);
	nfm_xdp_close(&attached);
	return r < 0 ? nfm_error_set(error, r, "%s: cannot detach: %s", interface, strerror(-r)) :
		       0;
}

int nfm_xdp_replace(const struct nfm_xdp *xdp, const char *interface, const struct nfm_xdp *old,
		    struct nfm_error *error)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, attach, .old_prog_fd = old->program_fd);
	enum nfm_link_xdp mode;
	uint32_t program_id;
	int ifindex;
	int r = query_program(interface, &ifindex, &program_id, &mode, error);

	if (r < 0)
		return r;
	r = bpf_xdp_attach(ifindex, xdp->program_fd, XDP_FLAGS_REPLACE | mode_flag(mode), &attach);
	return r < 0 ? nfm_error_set(error, r, "%s: cannot replace its XDP program %u: %s",
				     interface, program_id, strerror(-r)) :
		       0;
}
