// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup_input.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int nfm_rollup_input_open_snapshot(struct nfm_rollup_input *input, const char *path,
				   struct nfm_error *error)
{
	struct nfm_rollup_input made = { .path = strdup(path) };
	int code;

	if (!made.path)
		return nfm_error_set(error, -ENOMEM, "cannot read %s: free memory", path);
	code = nfm_snapshot_stream_open(path, &made.snapshot, error);
	if (code) {
		free(made.path);
		return code;
	}
	made.entries = nfm_snapshot_reader_customer_count(made.snapshot);
	*input = made;
	return 0;
}

int nfm_rollup_input_open_run(struct nfm_rollup_input *input, const char *path,
			      struct nfm_error *error)
{
	struct nfm_rollup_input made = { .path = strdup(path) };
	int code;

	if (!made.path)
		return nfm_error_set(error, -ENOMEM, "cannot read %s: free memory", path);
	code = nfm_series_reader_open(path, &made.run, error);
	if (code) {
		free(made.path);
		return code;
	}
	made.entries = nfm_series_reader_head(made.run)->entries;
	*input = made;
	return 0;
}

void nfm_rollup_input_close(struct nfm_rollup_input *input)
{
	nfm_snapshot_reader_free(input->snapshot);
	nfm_series_reader_free(input->run);
	free(input->path);
	*input = (struct nfm_rollup_input){ .path = NULL };
}

/*
 * That ids come in order is not asked here: whoever merges has read the snapshot once, and has seen
 * it. If they do not, the writer of the merge's result refuses them.
 */
int nfm_rollup_input_next(struct nfm_rollup_input *input)
{
	int more;

	if (input->run) {
		more = nfm_series_reader_entry(input->run, input->taken, &input->entry);
		input->id = input->entry.id;
		input->name = input->entry.name;
	} else {
		more = nfm_snapshot_reader_customer(input->snapshot, &input->customer);
		input->id = input->customer.id;
		input->name = input->customer.name;
	}
	input->taken += more == 1;
	return more;
}

int nfm_rollup_input_add(const struct nfm_rollup_input *input, struct nfm_rollup_points *points,
			 uint64_t *const scratch[NFM_CELL_COLUMNS])
{
	const struct nfm_snapshot_customer *customer = &input->customer;
	int code;

	if (!input->run)
		return nfm_rollup_points_add(points, nfm_snapshot_reader_meta(input->snapshot),
					     &customer->up, &customer->down, customer->earlier,
					     customer->earlier_count);
	code = nfm_series_reader_columns(input->run, &input->entry, scratch);
	if (!code)
		nfm_rollup_points_add_all(points, scratch);
	return code;
}

/* ---- sorting a file ---- */

struct held {
	char *id, *name;
	struct nfm_snapshot_count up, down;
};

struct holder {
	struct held *entry;
	uint32_t count, room;
};

static void holder_clear(struct holder *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		free(h->entry[i].id);
		free(h->entry[i].name);
	}
	free(h->entry);
}

static int hold(struct holder *h, const struct nfm_snapshot_customer *customer)
{
	struct held *entry;

	if (h->count == h->room) {
		uint32_t room = h->room ? h->room * 2 : 1024;
		struct held *bigger = reallocarray(h->entry, room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		h->entry = bigger;
		h->room = room;
	}
	entry = &h->entry[h->count++];
	*entry = (struct held){ strdup(customer->id), strdup(customer->name), customer->up,
				customer->down };
	return entry->id && entry->name ? 0 : -ENOMEM;
}

static int hold_all(struct holder *h, struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_customer customer;
	int more;

	while ((more = nfm_snapshot_reader_customer(reader, &customer)) == 1) {
		int code = hold(h, &customer);

		if (code)
			return code;
	}
	return more;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct held *)a)->id, ((const struct held *)b)->id);
}

/* Entries of one id become one: a file has each id once. */
static void join_equal(struct holder *h)
{
	uint32_t kept = 0;

	for (uint32_t i = 1; i < h->count; i++) {
		struct held *last = &h->entry[kept];

		if (strcmp(last->id, h->entry[i].id) != 0) {
			struct held moved = h->entry[i];

			h->entry[i] = h->entry[++kept];
			h->entry[kept] = moved;
			continue;
		}
		nfm_snapshot_count_add(&last->up, &h->entry[i].up);
		nfm_snapshot_count_add(&last->down, &h->entry[i].down);
	}
	for (uint32_t i = kept + 1; i < h->count; i++) {
		free(h->entry[i].id);
		free(h->entry[i].name);
	}
	h->count = h->count ? kept + 1 : 0;
}

static int write_sorted(const struct holder *h, const struct nfm_snapshot_meta *meta,
			const char *folder, char *path, size_t size, struct nfm_error *error)
{
	const struct nfm_snapshot_count none = { 0, 0, 0 };
	struct nfm_snapshot_writer *w;
	int code = nfm_snapshot_writer_open(folder, meta, &w, error);

	if (code)
		return code;
	for (uint32_t i = 0; i < h->count; i++) { /* a failure comes again with the commit */
		const struct held *entry = &h->entry[i];
		const struct nfm_snapshot_customer customer = {
			.id = entry->id, .name = entry->name, .up = entry->up, .down = entry->down
		};

		nfm_snapshot_writer_customer(w, &customer);
	}
	code = nfm_snapshot_writer_commit(w, &none, &none, &none, path, size, error);
	nfm_snapshot_writer_free(w);
	return code;
}

int nfm_rollup_input_sort(const char *path, const char *folder, char **sorted_path,
			  struct nfm_error *error)
{
	_cleanup_(holder_clear) struct holder holder = { .count = 0 };
	_cleanup_free_ char *made = malloc(PATH_MAX + 128);
	struct nfm_snapshot_reader *reader = NULL;
	int code = nfm_snapshot_stream_open(path, &reader, error);

	if (code)
		return code;
	code = made ? hold_all(&holder, reader) : -ENOMEM;
	if (code) {
		nfm_error_set(error, code, "cannot sort %s: %s", path, strerror(-code));
	} else {
		if (holder.count)
			qsort(holder.entry, holder.count, sizeof(*holder.entry), by_id);
		join_equal(&holder);
		code = write_sorted(&holder, nfm_snapshot_reader_meta(reader), folder, made,
				    PATH_MAX + 128, error);
	}
	nfm_snapshot_reader_free(reader);
	if (!code)
		*sorted_path = NFM_STEAL_PTR(made);
	return code;
}
