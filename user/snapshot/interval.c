// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/interval.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "snapshot/interval_work.h"

#define BLOCK_ROWS 128U /* their sums stay in the nearest cache */
#define NO_STREAM UINT32_MAX

struct nfm_interval_rows nfm_interval_rows_in_use(const struct nfm_table *t)
{
	const struct nfm_geometry *g = &t->geometry;
	/* a row that is being appended is not seen: what it counts is in the open bank */
	uint32_t names = __atomic_load_n(&t->ctl->names, __ATOMIC_ACQUIRE);
	uint32_t exporters = __atomic_load_n(&t->ctl->exporter_count, __ATOMIC_ACQUIRE);

	return (struct nfm_interval_rows){
		.customers = NFM_MIN(NFM_MAX(names, NFM_ROW_FIRST), g->capacity),
		.exporters = NFM_MIN(exporters, g->exporters),
		.reasons = NFM_REASON_ROWS,
	};
}

static void sum_block(const struct nfm_table *t, uint32_t bank, uint32_t first, uint32_t count,
		      struct nfm_row *sum)
{
	memset(sum, 0, count * sizeof(*sum));
	for (uint32_t column = 0; column < t->geometry.columns; column++) {
		const struct nfm_row *rows = nfm_table_row(t, bank, column, first);

		for (uint32_t i = 0; i < count; i++)
			nfm_row_add(&sum[i], &rows[i]);
	}
}

int nfm_interval_walk(const struct nfm_table *t, uint32_t bank, uint32_t first, uint32_t count,
		      int (*block)(void *cookie, uint32_t row, const struct nfm_row *sum,
				   uint32_t count),
		      void *cookie)
{
	struct nfm_row sum[BLOCK_ROWS];

	while (count) {
		uint32_t n = NFM_MIN(count, BLOCK_ROWS);
		int code;

		sum_block(t, bank, first, n, sum);
		code = block(cookie, first, sum, n);
		if (code)
			return code;
		first += n;
		count -= n;
	}
	return 0;
}

struct nfm_row nfm_interval_difference(struct nfm_interval_work *w, uint32_t row,
				       const struct nfm_row *sum)
{
	const struct nfm_row *base = nfm_table_base(w->table, w->bank, row);
	struct nfm_row delta = {};

	for (uint32_t i = 0; i < NFM_ROW_WORDS; i++) {
		if (i == NFM_WORD_LAST_SEEN)
			continue;
		if (sum->word[i] < base->word[i])
			w->shrunk = true;
		else
			delta.word[i] = sum->word[i] - base->word[i];
	}
	return delta;
}

/* A text of the table's memory that need not end in NUL. */
static void copy_text(char *to, size_t size, const char *from, size_t from_size)
{
	size_t len = strnlen(from, NFM_MIN(size - 1, from_size));

	memcpy(to, from, len);
	to[len] = '\0';
}

void nfm_interval_note_exporter(struct nfm_rotate_result *out,
				const struct nfm_snapshot_exporter *exporter)
{
	out->datagrams += exporter->datagrams;
	out->records += exporter->records;
	out->lost += exporter->lost;
}

/* Gathers an exporter's streams, and their loss. */
static void take_streams(struct nfm_interval_work *w, uint32_t number,
			 struct nfm_snapshot_exporter *exporter)
{
	uint32_t i = w->stream_head[number];

	exporter->streams = w->streams;
	for (; i != NO_STREAM; i = w->stream_next[i]) {
		const struct nfm_stream *s = &w->table->streams[i];
		struct nfm_snapshot_stream *to = &w->streams[exporter->stream_count++];

		*to = (struct nfm_snapshot_stream){
			.version = s->version,
			.domain = s->domain,
			.unit = s->unit,
			.received = __atomic_load_n(&s->received, __ATOMIC_RELAXED),
			.lost = __atomic_load_n(&s->lost, __ATOMIC_RELAXED),
			.resets = __atomic_load_n(&s->resets, __ATOMIC_RELAXED),
		};
		exporter->lost += to->lost;
	}
}

static int write_exporter(struct nfm_interval_work *w, uint32_t number, const struct nfm_row *delta)
{
	const struct nfm_exporter *e = &w->table->exporters[number];
	char name[sizeof(e->name) + 1];
	struct nfm_snapshot_exporter exporter = {
		.addr = e->addr,
		.name = name,
		.datagrams = delta->exporter.datagrams,
		.records = delta->exporter.records,
		.bytes = delta->exporter.bytes,
		.packets = delta->exporter.packets,
		.rejected_datagrams = delta->exporter.rejected_datagrams,
		.rejected_records = delta->exporter.rejected_records,
	};
	struct nfm_snapshot_count total = { exporter.bytes, exporter.packets, exporter.records };

	copy_text(name, sizeof(name), e->name, sizeof(e->name));
	take_streams(w, number, &exporter);
	nfm_snapshot_count_add(&w->out->total, &total);
	nfm_interval_note_exporter(w->out, &exporter);
	return nfm_snapshot_writer_exporter(w->writer, &exporter);
}

/* An exporter's row without an exporter is in the file only for the sake of its counts. */
static bool exporter_known(const struct nfm_interval_work *w, uint32_t number,
			   const struct nfm_row *delta)
{
	const struct nfm_row zero = {};

	return w->table->exporters[number].state != NFM_EXPORTER_FREE ||
	       memcmp(delta, &zero, sizeof(zero)) != 0;
}

/* Every known exporter, also one that was silent: its loss and its streams are told. */
static int write_exporters(void *cookie, uint32_t row, const struct nfm_row *sum, uint32_t count)
{
	struct nfm_interval_work *w = cookie;
	uint32_t number = row - nfm_table_exporter_row(w->table, 0);

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_row delta = nfm_interval_difference(w, row + i, &sum[i]);
		int code = 0;

		if (exporter_known(w, number + i, &delta))
			code = write_exporter(w, number + i, &delta);
		if (code)
			return code;
	}
	return 0;
}

void nfm_interval_note_reason(struct nfm_rotate_result *out,
			      const struct nfm_snapshot_reason *reason)
{
	if (reason->reason >= NFM_REASON_ROWS)
		return;
	out->reason_datagrams[reason->reason] = reason->datagrams;
	out->reason_records[reason->reason] = reason->records;
	if (nfm_reason_kind(reason->reason) != NFM_KIND_REJECT)
		return;
	out->rejected_datagrams += reason->datagrams;
	out->rejected_records += reason->records;
}

static int write_reasons(void *cookie, uint32_t row, const struct nfm_row *sum, uint32_t count)
{
	struct nfm_interval_work *w = cookie;
	uint32_t number = row - nfm_table_reason_row(w->table, 0);

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_row delta = nfm_interval_difference(w, row + i, &sum[i]);
		struct nfm_snapshot_reason reason = {
			.reason = number + i,
			.datagrams = delta.reason.datagrams,
			.records = delta.reason.records,
		};
		int code;

		if (!reason.datagrams && !reason.records)
			continue;
		nfm_interval_note_reason(w->out, &reason);
		code = nfm_snapshot_writer_reason(w->writer, &reason);
		if (code)
			return code;
	}
	return 0;
}

static int list_streams(struct nfm_interval_work *w, uint32_t exporters)
{
	const struct nfm_table *t = w->table;
	uint32_t count = __atomic_load_n(&t->ctl->stream_count, __ATOMIC_ACQUIRE);

	count = NFM_MIN(count, t->geometry.streams);
	w->stream_head = malloc((exporters + 1ULL) * sizeof(*w->stream_head));
	w->stream_next = malloc((count + 1ULL) * sizeof(*w->stream_next));
	w->streams = malloc((count + 1ULL) * sizeof(*w->streams));
	if (!w->stream_head || !w->stream_next || !w->streams)
		return -ENOMEM;
	memset(w->stream_head, 0xff, (exporters + 1ULL) * sizeof(*w->stream_head));
	for (uint32_t i = count; i-- > 0;) {
		const struct nfm_stream *s = &t->streams[i];

		if (!s->used || s->exporter >= exporters)
			continue;
		w->stream_next[i] = w->stream_head[s->exporter];
		w->stream_head[s->exporter] = i;
	}
	return 0;
}

/* Everything counted is somebody's: if it is not, the file says so, and so does the log. */
static void check_balance(struct nfm_interval_work *w)
{
	const struct nfm_snapshot_count *unmatched = &w->out->unmatched, *local = &w->out->local;
	const struct nfm_snapshot_count *total = &w->out->total;
	struct nfm_snapshot_count sum = w->customers;
	bool late = !nfm_interval_earlier_plausible(w);

	nfm_snapshot_count_add(&sum, unmatched);
	sum.bytes -= local->bytes;
	sum.packets -= local->packets;
	sum.flows -= local->flows;
	if (!w->shrunk && !late && !memcmp(&sum, total, sizeof(sum)))
		return;
	w->out->meta.flags |= NFM_SNAPSHOT_UNBALANCED;
	nfm_snapshot_writer_add_flags(w->writer, NFM_SNAPSHOT_UNBALANCED);
	nfm_log(LOG_ERR,
		"interval %" PRIu64 ": customers, unmatched and local make %" PRIu64 " bytes, "
		"%" PRIu64 " packets, %" PRIu64 " flows, but the exporters' rows %" PRIu64
		", %" PRIu64 ", %" PRIu64 "%s%s; the file is marked unbalanced: please report this",
		w->out->meta.epoch, sum.bytes, sum.packets, sum.flows, total->bytes, total->packets,
		total->flows, w->shrunk ? ", and a counter went backwards" : "",
		late ? ", and more bytes are said to be late than there are" : "");
}

static int write_rows(struct nfm_interval_work *w)
{
	const struct nfm_table *t = w->table;
	struct nfm_interval_rows rows = nfm_interval_rows_in_use(t);
	int code = list_streams(w, rows.exporters);

	if (!code)
		code = nfm_interval_write_customers(w, rows.customers);
	if (!code)
		code = nfm_interval_walk(t, w->bank, nfm_table_exporter_row(t, 0), rows.exporters,
					 write_exporters, w);
	if (!code)
		code = nfm_interval_walk(t, w->bank, nfm_table_reason_row(t, 0), rows.reasons,
					 write_reasons, w);
	return code;
}

int nfm_interval_write(const struct nfm_table *t, const char *directory,
		       struct nfm_rotate_result *out, struct nfm_error *error)
{
	struct nfm_interval_work w = { .table = t, .bank = out->meta.epoch & 1, .out = out };
	int code;

	code = nfm_snapshot_writer_open(directory, &out->meta, &w.writer, error);
	if (code)
		return code;
	code = write_rows(&w);
	if (code == -ENOMEM) {
		nfm_error_set(error, code, "cannot write a snapshot file in %s: free memory",
			      directory);
	} else {
		if (!code)
			check_balance(&w);
		/* where an entry failed, the commit fails as well, and says why */
		code = nfm_snapshot_writer_commit(w.writer, &out->unmatched, &out->local,
						  &out->total, out->path, sizeof(out->path),
						  error);
	}
	nfm_snapshot_writer_free(w.writer);
	free(w.stream_head);
	free(w.stream_next);
	free(w.streams);
	free(w.slots);
	return code;
}
