/* SPDX-License-Identifier: GPL-2.0-only */
/* Giving up every right that serving needs no more, once all is open. */
#ifndef NFM_HTTP_CONFINE_H
#define NFM_HTTP_CONFINE_H

#include "base/error.h"

/**
 * Becomes `user` (if we are root; else we stay who we are), without capabilities, without a way to
 * get any, and without system calls that a server of files and counters does not make: no other
 * program, no process, no connection of our own, no BPF but reading maps. -errno: nothing may be
 * served then.
 */
int nfm_confine(const char *user, struct nfm_error *error);

#endif
