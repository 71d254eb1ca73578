/* SPDX-License-Identifier: GPL-2.0-only */
/* What the reader and the editor of the customers file share. */
#ifndef NFM_REGISTRY_H
#define NFM_REGISTRY_H

#include "base/error.h"
#include "customers/csv.h"
#include "customers/customers.h"

#define NFM_REGISTRY_MOST_BYTES (1UL << 28) /* of a file */

/** Where the columns stand in a record. */
struct nfm_registry_columns {
	uint32_t id, name, prefixes; /* `name`: NFM_COLUMN_NONE if there is none */
	uint32_t count;		     /* of all columns */
};

#define NFM_COLUMN_NONE UINT32_MAX

/** Reads the header line. -EINVAL with file:line if a column is missing or there twice. */
int nfm_registry_read_header(struct nfm_csv *csv, const char *path,
			     struct nfm_registry_columns *out, struct nfm_error *error);

/**
 * As nfm_registry_read() on text in memory; `path` is for messages. `text` is malloc'd, `len`
 * bytes and a NUL; it is taken over in any case.
 */
int nfm_registry_parse(char *text, size_t len, const char *path, struct nfm_registry *out,
		       struct nfm_error *error);

#endif
