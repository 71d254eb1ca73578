/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands that act on the machine: the agent itself, and attaching without it. */
#ifndef NFM_AGENT_H
#define NFM_AGENT_H

#include "config/config.h"

/** Runs the agent in the foreground until SIGTERM or SIGINT. Returns the exit status. */
int nfm_agent_run(const struct nfm_config *config, const char *config_path);

/** Loads (or takes what is pinned) and attaches to one NIC. Returns the exit status. */
int nfm_agent_attach(const struct nfm_config *config, const char *interface);

/** Detaches from one NIC; from the last one, the pins go too. Returns the exit status. */
int nfm_agent_detach(const struct nfm_config *config, const char *interface);

#endif
