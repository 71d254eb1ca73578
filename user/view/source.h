/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the table stands that a command reads. */
#ifndef NFM_VIEW_SOURCE_H
#define NFM_VIEW_SOURCE_H

#include "base/error.h"
#include "config/config.h"
#include "table/table.h"

/**
 * Opens the table for reading: where the agent said last that it stands (agent/control.h), else
 * under the configured pins, else RUNTIME/table. -ENOENT: at none of them, and `error` says
 * where was looked. What is there but cannot be read is an error, not passed over.
 */
int nfm_source_open(const struct nfm_config *config, struct nfm_table *out,
		    struct nfm_error *error);

#endif
