/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of cells, as CSV or as an aligned table: what output.c makes of its events there. */
#ifndef NFM_VIEW_CELLS_H
#define NFM_VIEW_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "view/output.h"

#define NFM_CELLS_MAX 128U     /* columns */
#define NFM_CELLS_PREVIEW 256U /* rows of a text table by which its widths are chosen */
#define NFM_CELLS_SHOWN 2U     /* elements of a list that a text table shows */

struct nfm_cells;

/**
 * `columns` are those of a table; NULL: every name that comes is a column (one row, CSV only).
 * NULL: out of memory.
 */
struct nfm_cells *nfm_cells_new(FILE *to, bool csv, const struct nfm_column *columns);
void nfm_cells_free(struct nfm_cells *cells);

/**
 * Adds `text` to the cell of the open row. A second one makes the cell a list: elements are
 * separated by a space, and what `joined` goes on with its element after a colon.
 * Names that are no column are ignored. 0 or -ENOMEM.
 */
int nfm_cells_put(struct nfm_cells *cells, const char *name, const char *text, bool joined);

/** Ends the row. 0 or -ENOMEM; write errors stay in the FILE. */
int nfm_cells_end_row(struct nfm_cells *cells);

/** Ends the table: writes what was held back, at least the header. */
void nfm_cells_end(struct nfm_cells *cells);

#endif
