/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes by request. On the control socket root asks. On a channel a child asks that may have been
 * taken over: so it has to bring an administrator's token, which we verify, each time; what the
 * table of keys does not give to the page it cannot set.
 */
#ifndef NFM_AGENT_SETTINGS_H
#define NFM_AGENT_SETTINGS_H

#include "agent/loop.h"

/* Answers of agent/control.h. -EACCES: the token is not an administrator's. */
int nfm_agent_settings_set(struct nfm_agent *agent, const struct nfm_control_request *request,
			   yajl_gen out, struct nfm_error *error);
int nfm_agent_exporter_set(struct nfm_agent *agent, const struct nfm_control_request *request,
			   yajl_gen out, struct nfm_error *error);
int nfm_agent_exporter_remove(struct nfm_agent *agent, const struct nfm_control_request *request,
			      yajl_gen out, struct nfm_error *error);
int nfm_agent_customers_set(struct nfm_agent *agent, const struct nfm_control_request *request,
			    yajl_gen out, struct nfm_error *error);
int nfm_agent_customers_remove(struct nfm_agent *agent, const struct nfm_control_request *request,
			       yajl_gen out, struct nfm_error *error);

#endif
