/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFM_CLI_TOP_VIEW_H
#define NFM_CLI_TOP_VIEW_H

#include "view/top.h"

/** The full-screen view, until the user leaves it. -ENOTTY: this terminal cannot; or -errno. */
int nfm_top_screen(struct nfm_top *top, uint32_t interval_s, bool exact,
		   struct nfm_error *error);

#endif
