// SPDX-License-Identifier: GPL-2.0-only
#include "view/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

int nfm_top_init(struct nfm_top *top, const struct nfm_table *table, uint32_t interval_s,
		 struct nfm_error *error)
{
	uint32_t capacity = table->geometry.capacity;

	/* pages of these that no customer needs are never touched, so they cost nothing */
	*top = (struct nfm_top){
		.table = table,
		.interval_s = interval_s,
		.quiet = calloc(capacity, sizeof(*top->quiet)),
		.sum = calloc(capacity, sizeof(*top->sum)),
		.since = calloc(capacity, sizeof(*top->since)),
		.exporter = calloc(table->geometry.exporters + 1U, sizeof(*top->exporter)),
	};
	if (top->quiet && top->sum && top->since && top->exporter)
		return 0;
	nfm_top_clear(top);
	return nfm_error_set(error, -ENOMEM, "out of memory for %u rows", capacity);
}

void nfm_top_clear(struct nfm_top *top)
{
	free(top->quiet);
	free(top->sum);
	free(top->since);
	free(top->exporter);
	nfm_exporters_clear(&top->exporters);
	*top = (struct nfm_top){ 0 };
}

/* ---- reading ---- */

static uint64_t added(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static struct nfm_top_bytes sum_bank(const struct nfm_table *t, uint32_t bank, uint32_t row)
{
	struct nfm_top_bytes sum = { 0 };
	uint32_t column;

	for (column = 0; column < t->geometry.columns; column++) {
		const struct nfm_row *r = nfm_table_row(t, bank, column, row);

		sum.up += __atomic_load_n(&r->up_bytes, __ATOMIC_RELAXED);
		sum.down += __atomic_load_n(&r->down_bytes, __ATOMIC_RELAXED);
	}
	return sum;
}

/*
 * The bank that is not counted into changes only around a rotation: so it is read only then, and
 * a reading costs half.
 */
static void read_quiet(struct nfm_top *top, uint32_t bank)
{
	uint32_t row;

	for (row = 0; row < top->names; row++)
		top->quiet[row] = sum_bank(top->table, bank, row);
}

static void read_customers(struct nfm_top *top, uint32_t bank, bool first)
{
	uint32_t row;

	top->customers_since = (struct nfm_top_bytes){ 0 };
	for (row = 0; row < top->names; row++) {
		struct nfm_top_bytes sum = sum_bank(top->table, bank, row);
		struct nfm_top_bytes *since = &top->since[row];

		sum.up += top->quiet[row].up;
		sum.down += top->quiet[row].down;
		since->up = first ? 0 : added(sum.up, top->sum[row].up);
		since->down = first ? 0 : added(sum.down, top->sum[row].down);
		top->sum[row] = sum;
		if (row >= NFM_ROW_FIRST) {
			top->customers_since.up += since->up;
			top->customers_since.down += since->down;
		}
	}
}

static void read_exporters(struct nfm_top *top, struct nfm_top_sums *sums, bool first)
{
	uint32_t i;

	for (i = 0; i < top->exporters.count; i++) {
		const struct nfm_exporter_view *view = &top->exporters.list[i];
		struct nfm_top_exporter *known;

		if (view->exporter >= top->table->geometry.exporters)
			continue;
		known = &top->exporter[view->exporter];
		known->bytes_since = first ? 0 : added(view->bytes, known->bytes);
		known->datagrams_since = first ? 0 : added(view->datagrams, known->datagrams);
		known->bytes = view->bytes;
		known->datagrams = view->datagrams;
		sums->bytes += view->bytes;
		sums->lost += view->lost;
		sums->received += view->received;
	}
}

static void read_sums(struct nfm_top *top, bool first)
{
	struct nfm_top_sums sums = { .unmatched_bytes = top->sum[NFM_ROW_UNMATCHED].up };
	const struct nfm_top_sums *before = &top->sums;
	struct nfm_row received;

	read_exporters(top, &sums, first);
	nfm_table_sum(top->table, nfm_table_reason_row(top->table, NFM_REASON_RECEIVED),
		      &received);
	sums.datagrams = received.reason.datagrams;
	top->sums_since = (struct nfm_top_sums){ 0 };
	if (!first)
		top->sums_since = (struct nfm_top_sums){
			.bytes = added(sums.bytes, before->bytes),
			.datagrams = added(sums.datagrams, before->datagrams),
			.lost = added(sums.lost, before->lost),
			.received = added(sums.received, before->received),
			.unmatched_bytes = added(sums.unmatched_bytes, before->unmatched_bytes),
		};
	top->sums = sums;
}

int nfm_top_read(struct nfm_top *top, struct nfm_error *error)
{
	uint64_t epoch = __atomic_load_n(&top->table->ctl->epoch, __ATOMIC_ACQUIRE);
	struct nfm_view_clock now = nfm_view_clock_now();
	struct nfm_exporters_view exporters;
	bool first = !top->now.unix_ns;
	int err = nfm_exporters_read(top->table, top->interval_s, &now, &exporters, error);

	if (err)
		return err;
	nfm_exporters_clear(&top->exporters);
	top->exporters = exporters;
	top->interval_ns = first ? 0 : now.monotonic_ns - top->now.monotonic_ns;
	top->now = now;
	top->names = nfm_view_names(top->table);
	if (first || top->settling || epoch != top->epoch)
		read_quiet(top, (epoch & 1) ^ 1);
	top->settling = epoch != top->epoch;
	top->epoch = epoch;
	read_customers(top, epoch & 1, first);
	read_sums(top, first);
	return 0;
}

/* ---- who leads ---- */

static int compare_names(const struct nfm_top *top, uint32_t a, uint32_t b)
{
	return strncmp(top->table->names[a].id, top->table->names[b].id, NFM_ID_SIZE);
}

/* True if row `a` stands above row `b`. */
static bool above(const struct nfm_top *top, enum nfm_top_order order, uint32_t a, uint32_t b)
{
	const struct nfm_top_bytes *x = &top->since[a];
	const struct nfm_top_bytes *y = &top->since[b];
	uint64_t p = x->up + x->down, q = y->up + y->down;

	if (order == NFM_TOP_UP && x->up != y->up)
		return x->up > y->up;
	if (order == NFM_TOP_DOWN && x->down != y->down)
		return x->down > y->down;
	if (order == NFM_TOP_NAME) {
		int difference = compare_names(top, a, b);

		return difference ? difference < 0 : a < b;
	}
	return p != q ? p > q : a < b;
}

/* A heap whose root is the lowest of those kept. */
static void sift_down(const struct nfm_top *top, enum nfm_top_order order, uint32_t *heap,
		      uint32_t count, uint32_t at)
{
	for (;;) {
		uint32_t child = 2 * at + 1;
		uint32_t row;

		if (child >= count)
			return;
		if (child + 1 < count && above(top, order, heap[child], heap[child + 1]))
			child++;
		if (!above(top, order, heap[at], heap[child]))
			return;
		row = heap[at];
		heap[at] = heap[child];
		heap[child] = row;
		at = child;
	}
}

static void sift_up(const struct nfm_top *top, enum nfm_top_order order, uint32_t *heap,
		    uint32_t at)
{
	while (at) {
		uint32_t parent = (at - 1) / 2;
		uint32_t row = heap[at];

		if (!above(top, order, heap[parent], row))
			return;
		heap[at] = heap[parent];
		heap[parent] = row;
		at = parent;
	}
}

static bool is_customer(const struct nfm_top *top, uint32_t row)
{
	uint32_t state = top->table->names[row].state;

	return state == NFM_NAME_LISTED || state == NFM_NAME_DISCOVERED ||
	       (state == NFM_NAME_REMOVED && (top->since[row].up || top->since[row].down));
}

uint32_t nfm_top_leaders(const struct nfm_top *top, enum nfm_top_order order, uint32_t *rows,
			 uint32_t limit)
{
	uint32_t count = 0;
	uint32_t row, left;

	for (row = NFM_ROW_FIRST; row < top->names && limit; row++) {
		if (count == limit && !above(top, order, row, rows[0]))
			continue; /* most rows: nothing else of them is read */
		if (!is_customer(top, row))
			continue;
		if (count < limit) {
			rows[count] = row;
			sift_up(top, order, rows, count++);
		} else {
			rows[0] = row;
			sift_down(top, order, rows, count, 0);
		}
	}
	for (left = count; left > 1; left--) { /* the lowest goes to the end */
		row = rows[0];
		rows[0] = rows[left - 1];
		rows[left - 1] = row;
		sift_down(top, order, rows, left - 1, 0);
	}
	return count;
}

/* ---- rates ---- */

uint64_t nfm_top_per_second(const struct nfm_top *top, uint64_t count)
{
	if (!top->interval_ns)
		return 0;
	return (uint64_t)((double)count * (double)NFM_NS_PER_S / (double)top->interval_ns + 0.5);
}

uint64_t nfm_top_bps(const struct nfm_top *top, uint64_t bytes)
{
	return nfm_top_per_second(top, 8 * bytes);
}

double nfm_top_percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

uint32_t nfm_top_active(const struct nfm_top *top)
{
	uint32_t active = 0;
	uint32_t i;

	for (i = 0; i < top->exporters.count; i++)
		active += !strcmp(top->exporters.list[i].state, "ok");
	return active;
}
