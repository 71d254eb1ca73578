// SPDX-License-Identifier: GPL-2.0-only
/* The cells that a plan's files hold: of one customer, and of what is known beside the amounts. */
#include "history/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "base/cleanup.h"

#define LOOK_BACK 4U /* files among which the one before is looked for */
/* The same, by their headers, on either side: two hours have one name when summer time ends. */
#define LOOK_AROUND 256

static void close_reader(struct nfm_snapshot_reader **reader)
{
	nfm_snapshot_reader_free(*reader);
}

int nfm_plan_rollup_cells(const struct nfm_plan_rollup *rollup,
			  const struct nfm_series_entry *entry, uint64_t *column,
			  nfm_plan_take take, void *cookie)
{
	const struct nfm_grid *grid = &rollup->head->grid;
	uint32_t points = rollup->head->points;
	uint64_t *columns[NFM_CELL_COLUMNS];
	int err;

	for (int c = 0; c < NFM_CELL_COLUMNS; c++)
		columns[c] = column + (size_t)c * points;
	err = nfm_series_reader_columns(rollup->reader, entry, columns);
	if (err)
		return err;
	for (uint32_t i = 0; i < points; i++) {
		struct nfm_cell cell = { .from_unix_ms = grid->from_unix_ms + i * grid->step_ms };

		cell.to_unix_ms = NFM_MIN(cell.from_unix_ms + grid->step_ms, grid->to_unix_ms);
		if (cell.to_unix_ms <= rollup->window.from_unix_ms ||
		    cell.from_unix_ms >= rollup->window.to_unix_ms)
			continue;
		for (int c = 0; c < NFM_CELL_COLUMNS; c++)
			cell.column[c] = columns[c][i];
		take(cookie, &cell, &rollup->window);
	}
	return 0;
}

void nfm_plan_snapshot_cell(const struct nfm_plan *plan, const struct nfm_plan_snapshot *snapshot,
			    const struct nfm_cell *cell, nfm_plan_take take, void *cookie)
{
	for (uint32_t i = 0; i < snapshot->pieces; i++)
		take(cookie, cell, &plan->piece[snapshot->first_piece + i]);
}

/* Room for the columns of any of the rollups. */
static uint64_t *column_room(const struct nfm_plan *plan)
{
	size_t most = 1;

	for (uint32_t i = 0; i < plan->rollup_count; i++)
		most = NFM_MAX(most, plan->rollup[i].head->points);
	return malloc(most * NFM_CELL_COLUMNS * sizeof(uint64_t));
}

/* ---- one customer ---- */

struct customer {
	struct nfm_plan *plan;
	enum nfm_history_kind kind;
	const char *id;
	nfm_plan_take take;
	void *cookie;
	char *name;
	bool found;
};

static void note_name(struct customer *customer, const char *name)
{
	customer->found = true;
	if (name && *name)
		snprintf(customer->name, NFM_SNAPSHOT_ID_SIZE, "%s", name);
}

static enum nfm_series_kind series_kind(enum nfm_history_kind kind)
{
	switch (kind) {
	case NFM_HISTORY_UNMATCHED:
		return NFM_SERIES_UNMATCHED;
	case NFM_HISTORY_LOCAL:
		return NFM_SERIES_LOCAL;
	case NFM_HISTORY_CUSTOMER:
		break;
	}
	return NFM_SERIES_CUSTOMER;
}

static int walk_rollups(struct customer *customer, uint64_t *column)
{
	struct nfm_plan *plan = customer->plan;

	for (uint32_t i = 0; i < plan->rollup_count; i++) {
		struct nfm_plan_rollup *rollup = &plan->rollup[i];
		struct nfm_series_entry entry;
		struct nfm_error error;
		int err = nfm_series_reader_find(rollup->reader, series_kind(customer->kind),
						 customer->id, &entry);

		if (err == 1) {
			note_name(customer, entry.name);
			err = nfm_plan_rollup_cells(rollup, &entry, column, customer->take,
						    customer->cookie);
		}
		if (err) { /* also of a line of the index on the way to it */
			nfm_error_set(&error, err,
				      "%s: the entry of %s is damaged: its bytes of that day are "
				      "missing",
				      rollup->path, customer->id);
			nfm_plan_damaged(plan, &rollup->damaged, &error);
		}
		err = nfm_plan_progress(plan, plan->rollup_count + 2ULL * plan->snapshot_count);
		if (err)
			return err;
	}
	return 0;
}

static void take_entry(struct customer *customer, const struct nfm_plan_snapshot *snapshot,
		       const struct nfm_snapshot_customer *entry, struct nfm_cell *cells)
{
	uint32_t count = nfm_cells_of_entry(&snapshot->meta, &entry->up, &entry->down,
					    entry->earlier, entry->earlier_count, cells);

	for (uint32_t i = 0; i < count; i++)
		nfm_plan_snapshot_cell(customer->plan, snapshot, &cells[i], customer->take,
				       customer->cookie);
}

static int take_customer(struct customer *customer, const struct nfm_plan_snapshot *snapshot,
			 const char *path, struct nfm_error *error)
{
	_cleanup_(close_reader) struct nfm_snapshot_reader *reader = NULL;
	_cleanup_free_ struct nfm_cell *cells = NULL;
	struct nfm_snapshot_customer entry;
	int found = nfm_snapshot_find_customer(path, customer->id, &reader, &entry, error);

	if (found <= 0)
		return found;
	cells = malloc((entry.earlier_count + 1ULL) * sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	note_name(customer, entry.name);
	take_entry(customer, snapshot, &entry, cells);
	return 0;
}

/* `unmatched` and `local`: counted as up. */
static int take_pseudo(struct customer *customer, const struct nfm_plan_snapshot *snapshot,
		       const char *path, struct nfm_error *error)
{
	_cleanup_(close_reader) struct nfm_snapshot_reader *reader = NULL;
	_cleanup_free_ struct nfm_cell *cells = NULL;
	bool local = customer->kind == NFM_HISTORY_LOCAL;
	struct nfm_snapshot_customer entry = { .id = customer->id };
	struct nfm_snapshot_count unmatched, total, pseudo;
	int err = nfm_snapshot_stream_open(path, &reader, error);

	if (err)
		return err;
	nfm_snapshot_reader_totals(reader, &unmatched, &pseudo, &total);
	entry.up = local ? pseudo : unmatched;
	entry.earlier = nfm_snapshot_reader_earlier(reader,
						    local ? NFM_ROW_LOCAL : NFM_ROW_UNMATCHED,
						    &entry.earlier_count);
	cells = malloc((entry.earlier_count + 1ULL) * sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	customer->found = true;
	take_entry(customer, snapshot, &entry, cells);
	return 0;
}

static int walk_snapshots(struct customer *customer)
{
	struct nfm_plan *plan = customer->plan;

	for (uint32_t i = 0; i < plan->snapshot_count; i++) {
		struct nfm_error error = { .text = "" };
		char path[PATH_MAX];
		int err = nfm_plan_path(plan, plan->snapshot[i].name, path, sizeof(path));

		if (err)
			return err;
		err = customer->kind == NFM_HISTORY_CUSTOMER ?
			take_customer(customer, &plan->snapshot[i], path, &error) :
			take_pseudo(customer, &plan->snapshot[i], path, &error);
		if (err == -ENOMEM)
			return err;
		if (err)
			nfm_plan_damaged(plan, &plan->snapshot[i].damaged, &error);
		err = nfm_plan_progress(plan, plan->rollup_count + 2ULL * plan->snapshot_count);
		if (err)
			return err;
	}
	return 0;
}

int nfm_plan_walk_customer(struct nfm_plan *plan, enum nfm_history_kind kind, const char *id,
			   nfm_plan_take take, void *cookie, char name[NFM_SNAPSHOT_ID_SIZE],
			   bool *found)
{
	_cleanup_free_ uint64_t *column = column_room(plan);
	struct customer customer = {
		.plan = plan,
		.kind = kind,
		.id = kind == NFM_HISTORY_CUSTOMER ? id : "",
		.take = take,
		.cookie = cookie,
		.name = name,
	};
	int err;

	if (!column)
		return -ENOMEM;
	name[0] = '\0';
	err = walk_rollups(&customer, column);
	if (!err)
		err = walk_snapshots(&customer);
	*found = customer.found;
	return err;
}

/* ---- quality ---- */

/* What the streams of a table had lost when one of its epochs ended. */
struct account {
	uint8_t identity[16];
	uint64_t epoch; /* 0: of nothing */
	struct nfm_loss loss;
};

static bool is_before(const uint8_t identity[16], uint64_t epoch,
		      const struct nfm_snapshot_meta *meta)
{
	return epoch && epoch + 1 == meta->epoch && !memcmp(identity, meta->identity, 16);
}

static int read_quality(const char *path, const struct nfm_loss *before, struct nfm_loss *loss,
			struct nfm_cell *cells, uint32_t *count, struct nfm_error *error)
{
	_cleanup_(close_reader) struct nfm_snapshot_reader *reader = NULL;
	int err = nfm_snapshot_stream_open(path, &reader, error);

	if (err)
		return err;
	err = nfm_files_quality(reader, before, loss, cells, count);
	if (err)
		return nfm_error_set(error, err, "%s: its account of loss cannot be read: %s",
				     path, strerror(-err));
	return 0;
}

/* What a file says that its table had lost; -errno. */
static int read_account(const struct nfm_plan *plan, const char *name,
			const struct nfm_snapshot_meta *meta, struct account *account)
{
	struct nfm_cell cells[NFM_SNAPSHOT_GAPS + 2];
	struct nfm_error ignored;
	struct nfm_loss loss;
	char path[PATH_MAX];
	uint32_t count;
	int err = nfm_plan_path(plan, name, path, sizeof(path));

	if (!err)
		err = read_quality(path, NULL, &loss, cells, &count, &ignored);
	if (err)
		return err;
	memcpy(account->identity, meta->identity, sizeof(account->identity));
	account->epoch = meta->epoch;
	account->loss = loss;
	return 0;
}

/* Looks for the file of the same table's last epoch. */
static void find_before(const struct nfm_plan *plan, const struct nfm_plan_snapshot *snapshot,
			struct account *account)
{
	int64_t at = snapshot - plan->snapshot;
	struct nfm_error ignored;

	for (uint32_t back = 1; back <= LOOK_BACK && back <= snapshot->file; back++) {
		struct nfm_snapshot_meta meta;
		char path[PATH_MAX];

		const char *name = plan->file[snapshot->file - back].name;

		if (!nfm_plan_path(plan, name, path, sizeof(path)) &&
		    !nfm_snapshot_header_read(path, &meta, &ignored) &&
		    is_before(meta.identity, meta.epoch, &snapshot->meta) &&
		    !read_account(plan, name, &meta, account))
			return;
	}
	for (int64_t i = NFM_MAX(at - LOOK_AROUND, 0);
	     i < NFM_MIN(at + LOOK_AROUND, (int64_t)plan->snapshot_count); i++) {
		const struct nfm_plan_snapshot *other = &plan->snapshot[i];

		if (is_before(other->meta.identity, other->meta.epoch, &snapshot->meta) &&
		    !read_account(plan, other->name, &other->meta, account))
			return;
	}
}

static int take_quality(struct nfm_plan *plan, struct nfm_plan_snapshot *snapshot,
			struct account *account, nfm_plan_take take, void *cookie)
{
	struct nfm_cell cells[NFM_SNAPSHOT_GAPS + 2];
	struct nfm_error error = { .text = "" };
	struct nfm_loss loss = { 0 };
	bool before;
	char path[PATH_MAX];
	uint32_t count;
	int err = nfm_plan_path(plan, snapshot->name, path, sizeof(path));

	if (err)
		return err;
	if (!is_before(account->identity, account->epoch, &snapshot->meta))
		find_before(plan, snapshot, account);
	before = is_before(account->identity, account->epoch, &snapshot->meta);
	err = read_quality(path, before ? &account->loss : NULL, &loss, cells, &count, &error);
	if (err == -ENOMEM)
		return err;
	if (err) {
		nfm_plan_damaged(plan, &snapshot->damaged, &error);
		return 0;
	}
	memcpy(account->identity, snapshot->meta.identity, sizeof(account->identity));
	account->epoch = snapshot->meta.epoch;
	account->loss = loss;
	for (uint32_t i = 0; i < count; i++)
		nfm_plan_snapshot_cell(plan, snapshot, &cells[i], take, cookie);
	return 0;
}

static void take_rollup_quality(struct nfm_plan *plan, struct nfm_plan_rollup *rollup,
				uint64_t *column, nfm_plan_take take, void *cookie)
{
	struct nfm_series_entry entry;
	struct nfm_error error;
	int err;

	if (rollup->damaged)
		return;
	err = nfm_series_reader_find(rollup->reader, NFM_SERIES_QUALITY, "", &entry);
	if (err == 1)
		err = nfm_plan_rollup_cells(rollup, &entry, column, take, cookie);
	if (!err)
		return;
	nfm_error_set(&error, -EBADMSG, "%s: its account of coverage and loss is damaged: the "
					"day counts as not covered", rollup->path);
	nfm_plan_damaged(plan, &rollup->damaged, &error);
}

int nfm_plan_walk_quality(struct nfm_plan *plan, nfm_plan_take take, void *cookie)
{
	_cleanup_free_ uint64_t *column = column_room(plan);
	struct account account = { .epoch = 0 };
	int err = 0;

	if (!column)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->rollup_count; i++)
		take_rollup_quality(plan, &plan->rollup[i], column, take, cookie);
	for (uint32_t i = 0; i < plan->snapshot_count && !err; i++) {
		if (!plan->snapshot[i].damaged)
			err = take_quality(plan, &plan->snapshot[i], &account, take, cookie);
		if (!err)
			err = nfm_plan_progress(plan, plan->rollup_count +
							      2ULL * plan->snapshot_count);
	}
	return err;
}
