/* SPDX-License-Identifier: GPL-2.0-only */
/* A table has one writer, also where two agents found it by different ways. */
#ifndef NFM_AGENT_CLAIM_H
#define NFM_AGENT_CLAIM_H

#include "xdp/xdp.h"

/**
 * Notes in the table that this process is its agent. The lock on the pins (nfm_nics_lock) keeps
 * those off who come by the pins; this one those who adopt the program from its NIC, with pins of
 * their own. -EWOULDBLOCK: another agent lives; the text names its process.
 */
int nfm_claim_table(const struct nfm_xdp *xdp, struct nfm_error *error);

#endif
