// SPDX-License-Identifier: GPL-2.0-only
#include "view/cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "view/text.h"

struct cell {
	char *text; /* of the open row; malloc'd, kept from row to row */
	size_t used, size;
	uint32_t elements;
	uint32_t left_out; /* of them, by NFM_CELLS_SHOWN */
	char *name;	   /* malloc'd where columns are as they come */
	size_t width;
};

struct nfm_cells {
	FILE *to;
	bool csv;
	const struct nfm_column *columns; /* NULL: as they come */
	struct cell cell[NFM_CELLS_MAX];
	unsigned int count;
	unsigned int next; /* where the next name is looked for first */
	bool header_done;
	char **preview; /* texts of the first rows, count each */
	uint32_t preview_rows;
};

struct nfm_cells *nfm_cells_new(FILE *to, bool csv, const struct nfm_column *columns)
{
	struct nfm_cells *cells = calloc(1, sizeof(*cells));

	if (!cells)
		return NULL;
	cells->to = to;
	cells->csv = csv;
	cells->columns = columns;
	while (columns && cells->count < NFM_CELLS_MAX && columns[cells->count].name)
		cells->count++;
	if (columns && !csv) {
		cells->preview = calloc((size_t)NFM_CELLS_PREVIEW * cells->count, sizeof(char *));
		if (!cells->preview) {
			free(cells);
			return NULL;
		}
	}
	return cells;
}

static void free_preview(struct nfm_cells *cells)
{
	size_t i;

	for (i = 0; cells->preview && i < (size_t)cells->preview_rows * cells->count; i++)
		free(cells->preview[i]);
	free(cells->preview);
	cells->preview = NULL;
	cells->preview_rows = 0;
}

void nfm_cells_free(struct nfm_cells *cells)
{
	unsigned int i;

	if (!cells)
		return;
	free_preview(cells);
	for (i = 0; i < cells->count; i++) {
		free(cells->cell[i].text);
		free(cells->cell[i].name);
	}
	free(cells);
}

/* ---- collecting a row ---- */

static const char *column_name(const struct nfm_cells *cells, unsigned int i)
{
	return cells->columns ? cells->columns[i].name : cells->cell[i].name;
}

/* Events come in the columns' order, mostly: so the search begins at the last one found. */
static struct cell *find_cell(struct nfm_cells *cells, const char *name)
{
	unsigned int i, at;

	for (i = 0; i < cells->count; i++) {
		at = (cells->next + i) % cells->count;
		if (!strcmp(column_name(cells, at), name)) {
			cells->next = at;
			return &cells->cell[at];
		}
	}
	return NULL;
}

static struct cell *add_column(struct nfm_cells *cells, const char *name)
{
	struct cell *cell;

	if (cells->count == NFM_CELLS_MAX)
		return NULL;
	cell = &cells->cell[cells->count];
	cell->name = strdup(name);
	if (!cell->name)
		return NULL;
	cells->next = cells->count++;
	return cell;
}

static int append(struct cell *cell, const char *text, size_t len)
{
	if (cell->used + len + 1 > cell->size) {
		size_t size = NFM_MAX(2 * cell->size, cell->used + len + 1);
		char *grown = realloc(cell->text, size);

		if (!grown)
			return -ENOMEM;
		cell->text = grown;
		cell->size = size;
	}
	memcpy(cell->text + cell->used, text, len);
	cell->used += len;
	cell->text[cell->used] = '\0';
	return 0;
}

int nfm_cells_put(struct nfm_cells *cells, const char *name, const char *text, bool joined)
{
	struct cell *cell = find_cell(cells, name);
	int err = 0;

	if (!cell && !cells->columns) {
		cell = add_column(cells, name);
		if (!cell)
			return -ENOMEM;
	}
	if (!cell)
		return 0;
	if (!joined)
		cell->elements++;
	if (!cells->csv && cell->elements > NFM_CELLS_SHOWN) {
		cell->left_out += !joined;
		return 0;
	}
	if (cell->used)
		err = append(cell, joined ? ":" : " ", 1);
	return err ? err : append(cell, text, strlen(text));
}

static void clear_row(struct nfm_cells *cells)
{
	unsigned int i;

	for (i = 0; i < cells->count; i++) {
		cells->cell[i].used = 0;
		cells->cell[i].elements = 0;
		cells->cell[i].left_out = 0;
		if (cells->cell[i].text)
			cells->cell[i].text[0] = '\0';
	}
	cells->next = 0;
}

static const char *cell_text(const struct nfm_cells *cells, unsigned int i)
{
	return cells->cell[i].text ? cells->cell[i].text : "";
}

/* ---- CSV: RFC 4180, with LF ---- */

static void write_csv_field(FILE *to, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs_unlocked(text, to);
		return;
	}
	putc_unlocked('"', to);
	for (; *text; text++) {
		if (*text == '"')
			putc_unlocked('"', to);
		putc_unlocked(*text, to);
	}
	putc_unlocked('"', to);
}

static void write_csv(const struct nfm_cells *cells, bool header)
{
	unsigned int i, written = 0;

	for (i = 0; i < cells->count; i++) {
		if (cells->columns && cells->columns[i].kind == NFM_COLUMN_TEXT_ONLY)
			continue;
		if (written++)
			putc_unlocked(',', cells->to);
		write_csv_field(cells->to, header ? column_name(cells, i) : cell_text(cells, i));
	}
	putc_unlocked('\n', cells->to);
}

static void end_row_csv(struct nfm_cells *cells)
{
	if (!cells->header_done)
		write_csv(cells, true);
	cells->header_done = true;
	write_csv(cells, false);
	clear_row(cells);
}

/* ---- text ---- */

/* The headings, a row that was held back, or (NULL) the open row. */
static void write_text(const struct nfm_cells *cells, char *const *row, bool headings)
{
	size_t owed = 0; /* spaces that only a further text makes necessary */
	unsigned int i;

	for (i = 0; i < cells->count; i++) {
		const struct nfm_column *column = &cells->columns[i];
		bool right = column->kind == NFM_COLUMN_RIGHT;
		const char *text;
		size_t used, slack;

		if (!column->heading)
			continue;
		text = headings ? column->heading : row ? row[i] : cell_text(cells, i);
		used = nfm_text_width(text);
		slack = used < cells->cell[i].width ? cells->cell[i].width - used : 0;
		owed += right ? slack : 0;
		if (*text) {
			fprintf(cells->to, "%*s%s", (int)owed, "", text);
			owed = 0;
		}
		owed += (right ? 0 : slack) + 2;
	}
	putc_unlocked('\n', cells->to);
}

/* Chooses the widths by the rows held back, writes them, and holds nothing back from now on. */
static void release_preview(struct nfm_cells *cells)
{
	unsigned int i;
	uint32_t row;

	for (i = 0; i < cells->count; i++) {
		const char *heading = cells->columns[i].heading;
		size_t width = heading ? nfm_text_width(heading) : 0;

		for (row = 0; row < cells->preview_rows; row++)
			width = NFM_MAX(width,
					nfm_text_width(cells->preview[row * cells->count + i]));
		cells->cell[i].width = width;
	}
	write_text(cells, NULL, true);
	for (row = 0; row < cells->preview_rows; row++)
		write_text(cells, &cells->preview[row * cells->count], false);
	free_preview(cells);
	cells->header_done = true;
}

static int hold_back(struct nfm_cells *cells)
{
	char **row = &cells->preview[(size_t)cells->preview_rows * cells->count];
	unsigned int i;

	cells->preview_rows++; /* from here on free_preview() knows of it */
	for (i = 0; i < cells->count; i++) {
		row[i] = strdup(cell_text(cells, i));
		if (!row[i])
			return -ENOMEM;
	}
	return 0;
}

static int end_row_text(struct nfm_cells *cells)
{
	unsigned int i;
	char more[32];
	int err = 0;

	for (i = 0; i < cells->count && !err; i++) {
		struct cell *cell = &cells->cell[i];

		if (!cell->left_out)
			continue;
		snprintf(more, sizeof(more), " +%u", cell->left_out);
		err = append(cell, more, strlen(more));
	}
	if (!err && !cells->header_done) {
		err = hold_back(cells);
		if (!err && cells->preview_rows == NFM_CELLS_PREVIEW)
			release_preview(cells);
	} else if (!err) {
		write_text(cells, NULL, false);
	}
	clear_row(cells);
	return err;
}

int nfm_cells_end_row(struct nfm_cells *cells)
{
	if (!cells->csv)
		return end_row_text(cells);
	end_row_csv(cells);
	return 0;
}

void nfm_cells_end(struct nfm_cells *cells)
{
	if (cells->header_done)
		return;
	if (cells->csv)
		write_csv(cells, true);
	else if (cells->preview_rows)
		release_preview(cells);
	cells->header_done = true;
}
