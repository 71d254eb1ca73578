/* SPDX-License-Identifier: GPL-2.0-only */
/* What a snapshot file holds, as `read` and `export` write it. */
#ifndef NFM_CLI_READ_H
#define NFM_CLI_READ_H

#include "base/error.h"
#include "cli/output.h"

/** One file: an object of the shape `read` in CONTRACT, rows in CSV. -errno with the text. */
int nfm_read_write_file(struct nfm_output *out, const char *path, struct nfm_error *error);

#endif
