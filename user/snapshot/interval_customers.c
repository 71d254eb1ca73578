// SPDX-License-Identifier: GPL-2.0-only
/*
 * The customers of an interval. Rows are read and encoded in their own order, as memory has them,
 * and the entries written in that of their ids.
 */
#include "snapshot/interval_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "snapshot/decode.h"
#include "snapshot/earlier.h"
#include "snapshot/encode.h"
#include "snapshot/order.h"
#include "snapshot/writer.h"

#define AHEAD 8U /* entries that are fetched before they are written */

struct gather {
	struct nfm_interval_work *work;
	struct nfm_encoder entries;
	uint64_t *at; /* of a row's entry; it ends where the next row's begins */
	struct nfm_snapshot_earlier *earlier; /* of the row at hand */
	/* of entries with one id */
	struct nfm_encoder merged;
	struct nfm_entry_lists lists;
};

/* Between rotations: names mostly grow, and sorting a million of them takes as long as the file. */
static struct nfm_order order;

static struct nfm_snapshot_count up_of(const struct nfm_row *row)
{
	return (struct nfm_snapshot_count){ row->up_bytes, row->up_packets, row->up_flows };
}

static struct nfm_snapshot_count down_of(const struct nfm_row *row)
{
	return (struct nfm_snapshot_count){ row->down_bytes, row->down_packets, row->down_flows };
}

/* Takes a row's earlier bytes, also into the sums of their slots; returns of how many slots. */
static uint32_t take_earlier(struct gather *g, uint32_t row, const struct nfm_row *delta)
{
	struct nfm_interval_work *w = g->work;
	uint64_t up = 0, down = 0;
	uint32_t count;

	if (!nfm_earlier_slots(w->table))
		return 0;
	count = nfm_earlier_take(w->table, w->bank, row, g->earlier, &w->shrunk);
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_snapshot_earlier *e = &g->earlier[i];
		struct nfm_interval_slot *slot = &w->slots[e->back - 1];

		up += e->up_bytes;
		down += e->down_bytes;
		if (row == NFM_ROW_UNMATCHED)
			slot->unmatched += e->up_bytes;
		else if (row == NFM_ROW_LOCAL)
			slot->local += e->up_bytes;
		else
			slot->customers += e->up_bytes + e->down_bytes;
	}
	if (up > delta->up_bytes || down > delta->down_bytes)
		w->too_late = true;
	return count;
}

static void encode_customer(struct gather *g, uint32_t row, const struct nfm_row *delta,
			    uint32_t earlier_count)
{
	struct nfm_interval_work *w = g->work;
	const struct nfm_name *name = &w->table->names[row];
	uint32_t prefix_limit = w->table->geometry.prefixes;
	char id[NFM_ID_SIZE], text[NFM_NAME_SIZE + 1] = "";
	struct nfm_snapshot_customer customer = {
		.id = nfm_order_id(w->table->names, row, id),
		.name = text,
		.up = up_of(delta),
		.down = down_of(delta),
		.earlier = g->earlier,
		.earlier_count = earlier_count,
	};

	memcpy(text, name->name, NFM_NAME_SIZE);
	if (name->first_prefix < prefix_limit) {
		customer.prefixes = &w->table->prefixes[name->first_prefix];
		customer.prefix_count =
			NFM_MIN(name->prefix_count, prefix_limit - name->first_prefix);
	}
	nfm_snapshot_count_add(&w->customers, &customer.up);
	nfm_snapshot_count_add(&w->customers, &customer.down);
	nfm_encode_customer(&g->entries, &customer);
}

static int gather_rows(void *cookie, uint32_t row, const struct nfm_row *sum, uint32_t count)
{
	struct gather *g = cookie;
	struct nfm_interval_work *w = g->work;

	for (uint32_t i = 0; i < count; i++, row++) {
		struct nfm_row delta = nfm_interval_difference(w, row, &sum[i]);
		uint32_t slots = take_earlier(g, row, &delta);

		g->at[row] = g->entries.used;
		if (row == NFM_ROW_UNMATCHED)
			w->out->unmatched = up_of(&delta);
		else if (row == NFM_ROW_LOCAL)
			w->out->local = up_of(&delta);
		else if (slots || delta.up_bytes | delta.up_packets | delta.up_flows |
			 delta.down_bytes | delta.down_packets | delta.down_flows)
			encode_customer(g, row, &delta, slots);
		if (row < NFM_ROW_FIRST)
			nfm_snapshot_writer_earlier(w->writer, row, g->earlier, slots);
		if (g->entries.code)
			return g->entries.code;
	}
	return 0;
}

/* An entry as it stands among the others, or as it was made of several. */
struct piece {
	const uint8_t *bytes;
	size_t size;
};

static bool same_id(const struct piece *a, const struct piece *b)
{
	return a->size && !strcmp((const char *)a->bytes, (const char *)b->bytes);
}

/* Adds the slots of `from` to those of `to`, which has room for all; returns how many it has. */
static uint32_t add_slots(struct nfm_snapshot_earlier *to, uint32_t count,
			  const struct nfm_snapshot_earlier *from, uint32_t from_count)
{
	for (uint32_t i = 0; i < from_count; i++) {
		uint32_t at = 0;

		while (at < count && to[at].back < from[i].back)
			at++;
		if (at < count && to[at].back == from[i].back) {
			to[at].up_bytes += from[i].up_bytes;
			to[at].down_bytes += from[i].down_bytes;
			continue;
		}
		memmove(&to[at + 1], &to[at], (count++ - at) * sizeof(*to));
		to[at] = from[i];
	}
	return count;
}

/* Makes one entry of two with the same id: name and prefixes are those of the later row. */
static int merge(struct gather *g, struct piece *first, const struct piece *second)
{
	uint32_t slots = nfm_earlier_slots(g->work->table), count;
	struct nfm_entry_cursor a = { first->bytes, first->bytes + first->size, 0 };
	struct nfm_entry_cursor b = { second->bytes, second->bytes + second->size, 0 };
	struct nfm_snapshot_customer one, other;
	struct nfm_encoder made = {};

	nfm_decode_customer(&a, &g->lists, slots, &one);
	count = add_slots(g->earlier, 0, one.earlier, one.earlier_count);
	nfm_decode_customer(&b, &g->lists, slots, &other);
	if (a.code || b.code)
		return a.code ? a.code : b.code;
	nfm_snapshot_count_add(&other.up, &one.up);
	nfm_snapshot_count_add(&other.down, &one.down);
	other.earlier_count = add_slots(g->earlier, count, other.earlier, other.earlier_count);
	other.earlier = g->earlier;
	nfm_encode_customer(&made, &other);
	if (made.code) {
		nfm_encoder_free(&made);
		return made.code;
	}
	nfm_encoder_free(&g->merged); /* `first`, if it was made here */
	g->merged = made;
	*first = (struct piece){ made.bytes, made.used };
	return 0;
}

static int write_piece(struct gather *g, const struct piece *piece)
{
	if (!piece->size)
		return 0;
	g->work->out->customers++;
	return nfm_snapshot_writer_encoded(g->work->writer, piece->bytes, piece->size);
}

static int write_in_order(struct gather *g)
{
	struct piece last = {};
	int code = 0;

	for (uint32_t i = 0; i < order.count && !code; i++) {
		uint32_t row = order.row[i];
		struct piece piece = {
			.bytes = g->entries.bytes + g->at[row],
			.size = g->at[row + 1] - g->at[row],
		};

		if (i + 2 * AHEAD < order.count)
			__builtin_prefetch(&g->at[order.row[i + 2 * AHEAD]]);
		if (i + AHEAD < order.count)
			__builtin_prefetch(g->entries.bytes + g->at[order.row[i + AHEAD]]);
		if (!piece.size)
			continue;
		if (same_id(&last, &piece)) {
			code = merge(g, &last, &piece);
			continue;
		}
		code = write_piece(g, &last);
		last = piece;
	}
	return code ? code : write_piece(g, &last);
}

static int allocate(struct gather *g, uint32_t rows)
{
	uint32_t slots = nfm_earlier_slots(g->work->table);

	g->at = malloc((rows + 1ULL) * sizeof(*g->at));
	g->earlier = malloc((slots + 1ULL) * sizeof(*g->earlier));
	g->work->slots = calloc(slots + 1ULL, sizeof(*g->work->slots));
	return g->at && g->earlier && g->work->slots ? 0 : -ENOMEM;
}

int nfm_interval_write_customers(struct nfm_interval_work *w, uint32_t rows)
{
	struct gather g = { .work = w };
	int code = allocate(&g, rows);

	if (!code)
		code = nfm_interval_walk(w->table, w->bank, 0, rows, gather_rows, &g);
	if (!code)
		code = nfm_order_update(&order, w->table->names, rows);
	if (!code) {
		g.at[rows] = g.entries.used;
		code = write_in_order(&g);
	}
	nfm_encoder_free(&g.entries);
	nfm_encoder_free(&g.merged);
	nfm_entry_lists_free(&g.lists);
	free(g.at);
	free(g.earlier);
	return code;
}

bool nfm_interval_earlier_plausible(const struct nfm_interval_work *w)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < nfm_earlier_slots(w->table); i++) {
		const struct nfm_interval_slot *slot = &w->slots[i];

		if (slot->local > slot->customers + slot->unmatched)
			return false;
		sum += slot->customers + slot->unmatched - slot->local;
	}
	return !w->too_late && sum <= w->out->total.bytes;
}
