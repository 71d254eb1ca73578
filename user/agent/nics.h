/* SPDX-License-Identifier: GPL-2.0-only */
/* Which datapath the agent works with, and on which NICs it stands. */
#ifndef NFM_NICS_H
#define NFM_NICS_H

#include "config/config.h"
#include "xdp/xdp.h"

struct nfm_meter;

struct nfm_nic {
	char name[IF_NAMESIZE];
	const char *mode; /* "native", "generic", "none" */
	uint32_t program_id;
	unsigned int ifindex; /* 0: there is no such NIC; another one once it was made anew */
	bool attached_now;    /* by the last nfm_nics_attach(), to a NIC without a program */
};

/** Opens (with open(2)'s flags) and locks a file or folder. -EWOULDBLOCK: somebody has it. */
int nfm_lock_file(const char *path, int flags, int *out, struct nfm_error *error);

/**
 * Locks the pin folder (made if it is missing): who holds it is the only writer of the table that
 * is pinned there. The lock goes with the fd. -EWOULDBLOCK: an agent is running on it.
 */
int nfm_nics_lock(const struct nfm_config *config, int *fd, struct nfm_error *error);

/**
 * Finds the datapath to go on with (pinned, or attached by somebody), else loads one. `xdp` gets
 * program_fd -1 where there is none to be had and the configuration allows to go without
 * (xdp = auto: said in the log). Attaches nothing yet. -EBUSY: the UDP socket shall serve, but an
 * nfmeter on a NIC would take its datagrams.
 */
int nfm_nics_open(const struct nfm_config *config, struct nfm_xdp *xdp, struct nfm_error *error);

/**
 * A datapath that another build has loaded gives way to this build's, on the same maps, which
 * nfm_nics_attach() then pins and attaches in its place. Where that cannot be loaded the old one
 * goes on, and the log says so; one that was loaded by hand stays. For who holds nfm_nics_lock().
 */
void nfm_nics_renew(struct nfm_xdp *xdp);

/**
 * Pins `xdp` and attaches it to every configured NIC that has no program. Foreign programs are left
 * alone: an error with xdp = native or generic; with auto said in the log, and the socket serves.
 * An nfmeter that no agent had is replaced; what waits in its ring is counted into `meter`, or
 * (NULL) left pinned for the agent that runs beside us.
 * On an error NICs and pins are as before, but for an nfmeter that was replaced. Programs of other
 * builds that count into the same table are replaced on every NIC that there is.
 */
int nfm_nics_attach(const struct nfm_config *config, const struct nfm_xdp *xdp,
		    struct nfm_meter *meter, struct nfm_nic *nics, struct nfm_error *error);

/**
 * To be called now and then: attaches to a NIC that has come, or was made anew under its name. One
 * that somebody detached by hand is left so.
 */
void nfm_nics_look(const struct nfm_config *config, const struct nfm_xdp *xdp,
		   struct nfm_meter *meter, struct nfm_nic *nics);

#endif
