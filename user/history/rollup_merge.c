// SPDX-License-Identifier: GPL-2.0-only
/*
 * A heap of inputs by the id at which they stand. Mostly all inputs have the same customers: those
 * that come to the same id one after another form a chain, of which the heap knows the first only.
 */
#include "history/rollup_merge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define PROGRESS_ENTRIES 65536U /* taken from all inputs, between two calls */

struct heap {
	struct nfm_rollup_input **leader;
	uint32_t count;
	struct nfm_rollup_input *last; /* placed since the last one was taken */
};

static bool before(const struct nfm_rollup_input *a, const struct nfm_rollup_input *b)
{
	return strcmp(a->id, b->id) < 0;
}

static void swap(struct heap *h, uint32_t i, uint32_t k)
{
	struct nfm_rollup_input *moved = h->leader[i];

	h->leader[i] = h->leader[k];
	h->leader[k] = moved;
}

static void push(struct heap *h, struct nfm_rollup_input *input)
{
	uint32_t i = h->count++;

	h->leader[i] = input;
	for (; i && before(h->leader[i], h->leader[(i - 1) / 2]); i = (i - 1) / 2)
		swap(h, i, (i - 1) / 2);
}

static struct nfm_rollup_input *pop(struct heap *h)
{
	struct nfm_rollup_input *first = h->leader[0];
	uint32_t i = 0;

	h->leader[0] = h->leader[--h->count];
	for (;;) {
		uint32_t least = i, child = 2 * i + 1;

		if (child < h->count && before(h->leader[child], h->leader[least]))
			least = child;
		if (child + 1 < h->count && before(h->leader[child + 1], h->leader[least]))
			least = child + 1;
		if (least == i)
			return first;
		swap(h, i, least);
		i = least;
	}
}

/* Moves an input on, and puts it where its new id belongs. 0 or its -errno. */
static int place(struct heap *h, struct nfm_rollup_input *input)
{
	int more = nfm_rollup_input_next(input);

	if (more != 1)
		return more;
	input->follower = NULL;
	if (h->last && !strcmp(h->last->id, input->id)) {
		input->follower = h->last->follower;
		h->last->follower = input;
		return 0;
	}
	push(h, input);
	h->last = input;
	return 0;
}

/* All inputs that stand at the lowest id, as one chain. */
static struct nfm_rollup_input *take_lowest(struct heap *h)
{
	struct nfm_rollup_input *chain = pop(h);
	struct nfm_rollup_input *end = chain;

	while (h->count && !strcmp(h->leader[0]->id, chain->id)) {
		while (end->follower)
			end = end->follower;
		end->follower = pop(h);
	}
	h->last = NULL;
	return chain;
}

static int read_error(const struct nfm_rollup_input *input, int code, struct nfm_error *error)
{
	return nfm_error_set(error, code,
			     "%s: cannot be read any more: %s; the rollup is tried again",
			     input->path, strerror(-code));
}

/*
 * Grows with whatever is added. Only those that add something give a name: what has nothing in this
 * day would not come through a run either.
 */
static uint64_t amount(const struct nfm_rollup_points *points)
{
	uint64_t sum = 0;

	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		sum += points->column[NFM_TIER_DAYS][c][0];
	return sum;
}

/* Sums a chain up, and gives it out. */
static int merge_chain(const struct nfm_rollup_merge *m, const struct nfm_rollup_input *chain,
		       uint64_t *const scratch[NFM_CELL_COLUMNS], struct nfm_error *error)
{
	const struct nfm_rollup_input *latest = NULL;

	nfm_rollup_points_zero(m->points);
	for (const struct nfm_rollup_input *input = chain; input; input = input->follower) {
		uint64_t before = amount(m->points);
		int code = nfm_rollup_input_add(input, m->points, scratch);

		if (code)
			return read_error(input, code, error);
		if (amount(m->points) != before && (!latest || input->order > latest->order))
			latest = input;
	}
	if (!latest)
		return 0;
	return m->entry(m->cookie, chain->id, latest->name);
}

/* Moves all inputs of a chain on; returns how many there were, or -errno. */
static int64_t advance_chain(struct heap *h, struct nfm_rollup_input *chain,
			     struct nfm_error *error)
{
	int64_t count = 0;

	while (chain) {
		struct nfm_rollup_input *next = chain->follower;
		int code = place(h, chain);

		if (code)
			return read_error(chain, code, error);
		chain = next;
		count++;
	}
	return count;
}

static int merge_all(const struct nfm_rollup_merge *m, struct heap *h, uint64_t entries,
		     uint64_t *const scratch[NFM_CELL_COLUMNS], struct nfm_error *error)
{
	uint64_t taken = 0, told = 0;

	while (h->count) {
		struct nfm_rollup_input *chain = take_lowest(h);
		int code = merge_chain(m, chain, scratch, error);
		int64_t count = code ? code : advance_chain(h, chain, error);

		if (count < 0)
			return (int)count;
		taken += (uint64_t)count;
		if (!m->progress || taken - told < PROGRESS_ENTRIES)
			continue;
		told = taken;
		if (m->progress(m->cookie, taken, entries))
			return -ECANCELED;
	}
	return 0;
}

int nfm_rollup_merge_run(const struct nfm_rollup_merge *merge, struct nfm_rollup_input *input,
			 uint32_t count, struct nfm_error *error)
{
	uint32_t points = merge->points->all_points;
	_cleanup_free_ uint64_t *memory = calloc((size_t)NFM_CELL_COLUMNS * points, 8);
	_cleanup_free_ struct nfm_rollup_input **leader = calloc(count + 1UL, sizeof(*leader));
	struct heap heap = { .leader = leader };
	uint64_t *scratch[NFM_CELL_COLUMNS];
	uint64_t entries = 0;
	int code = 0;

	if (!memory || !leader)
		return nfm_error_set(error, -ENOMEM, "cannot merge snapshots: free memory");
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		scratch[c] = memory + (size_t)c * points;
	for (uint32_t i = 0; !code && i < count; i++) {
		entries += input[i].entries;
		code = place(&heap, &input[i]);
		if (code)
			read_error(&input[i], code, error);
	}
	return code ? code : merge_all(merge, &heap, entries, scratch, error);
}
