// SPDX-License-Identifier: GPL-2.0-only
/* `attach` and `detach`: the datapath on a NIC, without an agent. */
#include <errno.h>
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

/* The configuration, cut down to one NIC that must get its XDP program. */
static int narrow(const struct nfm_config *config, const char *interface, struct nfm_config *out,
		  struct nfm_error *error)
{
	*out = *config;
	if (strlen(interface) >= sizeof(out->interfaces[0]))
		return nfm_error_set(error, -ENODEV, "%s: no such interface", interface);
	strcpy(out->interfaces[0], interface);
	out->interface_count = 1;
	if (out->xdp == NFM_XDP_OFF)
		return nfm_error_set(error, -EINVAL, "the configuration says xdp = off");
	return 0;
}

/* Sets the table up as an agent would, and attaches. */
static int attach_with_table(const struct nfm_config *config, struct nfm_xdp *xdp,
			     struct nfm_nic *nic, struct nfm_error *error)
{
	struct nfm_meter meter;
	int r = nfm_meter_open(&meter, config, xdp, error);

	if (r < 0)
		return r;
	r = nfm_nics_attach(config, &meter.xdp, NULL, NULL, nic, error);
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
		r = nfm_error_set(&error, -EOPNOTSUPP, "%s: no XDP here", interface);
	if (r < 0)
		return complain(&error);
	r = nfm_nics_lock(&one, &lock_fd, &error);
	if (r == 0)
		r = attach_with_table(&one, &xdp, &nic, &error);
	else if (r == -EWOULDBLOCK) /* the running agent has set the table up, and keeps it so */
		r = nfm_nics_attach(&one, &xdp, NULL, NULL, &nic, &error);
	if (r == 0 && !nic.program_id)
		r = nfm_error_set(&error, -EBUSY, "%s: not attached", interface);
	if (r < 0)
		return complain(&error);
	printf("%s: XDP program %u, %s\n", interface, nic.program_id, nic.mode);
	return 0;
}

/* True if another configured NIC still has the pinned program. */
static bool is_used_elsewhere(const struct nfm_config *config, const char *interface,
			      const struct nfm_xdp *pinned)
{
	for (unsigned int i = 0; i < config->interface_count; i++) {
		struct nfm_xdp_state state;

		if (strcmp(config->interfaces[i], interface) &&
		    nfm_xdp_query(config->interfaces[i], pinned, &state, NULL) == 0 &&
		    state.attachment == NFM_ATTACHED_OURS)
			return true;
	}
	return false;
}

int nfm_agent_detach(const struct nfm_config *config, const char *interface)
{
	_cleanup_(nfm_xdp_close) struct nfm_xdp pinned = NFM_XDP_NONE;
	_cleanup_close_ int lock_fd = -1;
	struct nfm_error error = {};
	bool was_pinned = nfm_xdp_open_pins(config->pin, &pinned, NULL) == 0;
	int r = nfm_xdp_detach(interface, &error);

	if (r < 0 && !(r == -ENOENT && was_pinned))
		return complain(&error);
	if (!was_pinned || is_used_elsewhere(config, interface, &pinned)) {
		printf("%s: detached\n", interface);
		return 0;
	}
	if (nfm_nics_lock(config, &lock_fd, &error) == -EWOULDBLOCK) {
		printf("%s: detached; the agent keeps the table, datagrams come by its UDP socket\n",
		       interface);
		return 0;
	}
	r = nfm_xdp_unpin(config->pin, &error);
	if (r < 0)
		return complain(&error);
	printf("%s: detached; the table is gone with its last NIC\n", interface);
	return 0;
}
