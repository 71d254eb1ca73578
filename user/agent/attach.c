// SPDX-License-Identifier: GPL-2.0-only
/* `attach` and `detach`: the datapath on a NIC, without an agent. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/meter.h"
#include "agent/nics.h"
#include "base/cleanup.h"

static int complain(const struct nfm_error *error)
{
	fprintf(stderr, "nfmeter: %s\n", error->text);
	return 1;
}

/* Asked before anything is made: with xdp = auto, attaching goes on without this NIC. */
static int check_nic(const char *interface, struct nfm_error *error)
{
	struct nfm_xdp_state state;
	struct nfm_error why = {};
	int r = nfm_xdp_query(interface, NULL, &state, &why);

	if (r < 0)
		return nfm_error_set(error, r, "%s", why.text);
	if (state.attachment == NFM_ATTACHED_OTHER_ABI)
		return nfm_error_set(error, -EBUSY, "%s: %s", interface, why.text);
	if (state.attachment != NFM_ATTACHED_FOREIGN)
		return 0;
	return nfm_error_set(error, -EBUSY,
			     "%s: XDP program \"%s\" (id %u) is not nfmeter's: left alone; "
			     "to meter here: ip link set dev %s xdp off",
			     interface, state.program_name, state.program_id, interface);
}

/* The configuration, cut down to one NIC that must get its XDP program. */
static int narrow(const struct nfm_config *config, const char *interface, struct nfm_config *out,
		  struct nfm_error *error)
{
	*out = *config;
	if (strlen(interface) >= sizeof(out->interfaces[0]))
		return nfm_error_set(error, -ENODEV, "%s: no such interface; `ip link` lists them",
				     interface);
	strcpy(out->interfaces[0], interface);
	out->interface_count = 1;
	if (out->xdp == NFM_XDP_OFF)
		return nfm_error_set(error, -EINVAL,
				     "%s: the configuration says xdp = off; set [collector] xdp",
				     interface);
	return check_nic(interface, error);
}

/* Sets the table up as an agent would, and attaches. */
static int attach_with_table(const struct nfm_config *config, struct nfm_xdp *xdp,
			     struct nfm_nic *nic, struct nfm_error *error)
{
	struct nfm_meter meter;
	int r = nfm_meter_open(&meter, config, xdp, error);

	if (r < 0)
		return r;
	r = nfm_nics_attach(config, &meter.xdp, &meter, nic, error);
	nfm_meter_close(&meter);
	return r;
}

int nfm_agent_attach(const struct nfm_config *config, const char *interface)
{
	_cleanup_(nfm_xdp_close) struct nfm_xdp xdp = NFM_XDP_NONE;
	_cleanup_close_ int lock_fd = -1;
	struct nfm_error error = {};
	struct nfm_config one;
	struct nfm_nic nic = {};
	int r = narrow(config, interface, &one, &error);

	if (r == 0)
		r = nfm_nics_open(&one, &xdp, &error);
	if (r == 0 && xdp.program_fd < 0)
		r = nfm_error_set(&error, -EOPNOTSUPP,
				  "%s: no XDP here; the agent meters by its UDP socket", interface);
	if (r < 0)
		return complain(&error);
	r = nfm_nics_lock(&one, &lock_fd, &error);
	if (r == 0)
		r = nfm_xdp_claim(&xdp, &error);
	if (r == 0)
		r = attach_with_table(&one, &xdp, &nic, &error);
	else if (r == -EWOULDBLOCK) /* the running agent has set the table up, and keeps it so */
		r = nfm_nics_attach(&one, &xdp, NULL, &nic, &error);
	if (r == 0 && !nic.program_id)
		r = nfm_error_set(&error, -EBUSY, "%s: not attached; the lines above say why",
				  interface);
	if (r < 0)
		return complain(&error);
	printf("%s: XDP program %u, %s\n", interface, nic.program_id, nic.mode);
	return 0;
}

static bool counts_into(const char *interface, const struct nfm_xdp *pinned)
{
	struct nfm_xdp_state state;

	return nfm_xdp_query(interface, pinned, &state, NULL) == 0 &&
	       (state.attachment == NFM_ATTACHED_OURS ||
		state.attachment == NFM_ATTACHED_SIBLING);
}

/*
 * True if another NIC counts into the pinned table, also by a program that `ip link` gave it, or
 * another build's.
 */
static bool is_used_elsewhere(const char *interface, const struct nfm_xdp *pinned)
{
	struct if_nameindex *all = if_nameindex();
	bool used = !all; /* not known: then the table stays */

	for (struct if_nameindex *nic = all; nic && nic->if_index && !used; nic++)
		used = strcmp(nic->if_name, interface) && counts_into(nic->if_name, pinned);
	if (all)
		if_freenameindex(all);
	return used;
}

static bool is_configured(const struct nfm_config *config, const char *interface)
{
	for (unsigned int i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i], interface))
			return true;
	return false;
}

int nfm_agent_detach(const struct nfm_config *config, const char *interface)
{
	_cleanup_(nfm_xdp_close) struct nfm_xdp pinned = NFM_XDP_NONE;
	_cleanup_close_ int lock_fd = -1;
	struct nfm_error error = {};
	bool was_pinned = nfm_xdp_open_pins(config->pin, &pinned, NULL) == 0;
	int r = nfm_xdp_detach(interface, &error);

	/* pins without a program on the NIC go as well, but not by a slip of the fingers */
	if (r == -ENOENT && was_pinned && is_configured(config, interface) &&
	    !is_used_elsewhere(interface, &pinned))
		r = 0;
	if (r < 0)
		return complain(&error);
	if (!was_pinned || is_used_elsewhere(interface, &pinned)) {
		printf("%s: detached\n", interface);
		return 0;
	}
	if (nfm_nics_lock(config, &lock_fd, &error) == -EWOULDBLOCK) {
		printf("%s: detached; the agent keeps the table, datagrams come by its UDP "
		       "socket\n",
		       interface);
		return 0;
	}
	r = nfm_xdp_unpin(config->pin, &error);
	if (r < 0)
		return complain(&error);
	printf("%s: detached; the table is gone with its last NIC\n", interface);
	return 0;
}
