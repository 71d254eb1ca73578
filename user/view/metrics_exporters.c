// SPDX-License-Identifier: GPL-2.0-only
/* Series of exporters: what each sent, what was lost of it, and who was refused. */
#include "view/metrics_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"

/* ---- reading ---- */

static int compare_sequences(const void *a, const void *b)
{
	const struct nfm_metrics_sequence *x = a, *y = b;

	if (x->exporter != y->exporter)
		return x->exporter < y->exporter ? -1 : 1;
	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	return (x->unit > y->unit) - (x->unit < y->unit);
}

static void add_sequence(struct nfm_metrics_sequence *to, const struct nfm_metrics_sequence *from)
{
	to->datagrams += from->datagrams;
	to->received += from->received;
	to->lost += from->lost;
	to->resets += from->resets;
	to->duplicates += from->duplicates;
	to->reordered += from->reordered;
}

/* Streams become sums by exporter, version and unit: routers choose their domains as they like. */
static int read_sequences(const struct nfm_table *t, struct nfm_metrics_exporters *out)
{
	uint32_t count = NFM_MIN(__atomic_load_n(&t->ctl->stream_count, __ATOMIC_ACQUIRE),
				 t->geometry.streams);
	struct nfm_metrics_sequence *list = calloc(count + 1, sizeof(*list));
	uint32_t used = 0, kept = 0;
	uint32_t i;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		const struct nfm_stream *s = &t->streams[i];

		if (!s->used || s->exporter >= out->rows)
			continue;
		list[used++] = (struct nfm_metrics_sequence){
			s->exporter, s->version, s->unit, s->datagrams, s->received, s->lost,
			s->resets, s->duplicates, s->reordered,
		};
	}
	qsort(list, used, sizeof(*list), compare_sequences);
	for (i = 0; i < used; i++) {
		if (kept && !compare_sequences(&list[kept - 1], &list[i]))
			add_sequence(&list[kept - 1], &list[i]);
		else
			list[kept++] = list[i];
	}
	out->sequence = list;
	out->sequence_count = kept;
	return 0;
}

static int read_rows(const struct nfm_table *t, struct nfm_metrics_exporters *out)
{
	uint32_t i;

	out->rows = nfm_view_exporters(t);
	out->list = calloc(out->view.count + 1, sizeof(*out->list));
	out->place = malloc((out->rows + 1) * sizeof(*out->place));
	if (!out->list || !out->place)
		return -ENOMEM;
	for (i = 0; i < out->rows; i++)
		out->place[i] = UINT32_MAX;
	for (i = 0; i < out->view.count; i++) {
		const struct nfm_exporter_view *view = &out->view.list[i];
		struct nfm_metrics_exporter *e = &out->list[out->count];

		if (view->exporter >= out->rows) /* a refused source, which has no row */
			continue;
		e->view = view;
		nfm_table_sum(t, nfm_table_exporter_row(t, view->exporter), &e->row);
		nfm_units_format_addr(&view->addr, e->address, sizeof(e->address));
		snprintf(e->label, sizeof(e->label), "%s", view->name ?: e->address);
		out->place[view->exporter] = out->count++;
	}
	return 0;
}

static struct nfm_metrics_exporter *exporter_of(const struct nfm_metrics_exporters *exporters,
						uint32_t row)
{
	uint32_t place = row < exporters->rows ? exporters->place[row] : UINT32_MAX;

	return place < exporters->count ? &exporters->list[place] : NULL;
}

static void read_templates(const struct nfm_metrics_source *source,
			   struct nfm_metrics_exporters *out)
{
	struct nfm_templates_view view = { 0 };
	struct nfm_error ignored;
	uint32_t i;

	if (nfm_templates_read(source->config->directory, source->table, &source->now, &view,
			       &ignored))
		return;
	out->has_templates = true;
	for (i = 0; i < view.count; i++) {
		struct nfm_metrics_exporter *e = exporter_of(out, view.list[i].exporter);

		if (e && view.list[i].why)
			e->templates_agent++;
		else if (e)
			e->templates_kernel++;
	}
	nfm_templates_clear(&view);
}

int nfm_metrics_exporters_read(const struct nfm_metrics_source *source,
			       struct nfm_metrics_exporters *out, struct nfm_error *error)
{
	const struct nfm_table *t = source->table;
	uint32_t interval_s = nfm_view_interval_s(t, source->config->interval_s);
	struct nfm_metrics_exporters read = { 0 };
	int err = nfm_exporters_read(t, interval_s, &source->now, &read.view, error);

	if (err)
		return err;
	if (read_rows(t, &read) || read_sequences(t, &read)) {
		nfm_metrics_exporters_clear(&read);
		return nfm_error_set(error, -ENOMEM, "out of memory");
	}
	read_templates(source, &read);
	*out = read;
	return 0;
}

void nfm_metrics_exporters_clear(struct nfm_metrics_exporters *exporters)
{
	nfm_exporters_clear(&exporters->view);
	free(exporters->list);
	free(exporters->place);
	free(exporters->sequence);
	*exporters = (struct nfm_metrics_exporters){ 0 };
}

/* ---- each exporter ---- */

static void begin(struct nfm_metrics_text *m, enum nfm_metric metric,
		  const struct nfm_metrics_exporter *e)
{
	nfm_metrics_begin(m, metric);
	nfm_metrics_label(m, "exporter", e->label);
	nfm_metrics_label(m, "address", e->address);
}

static void put_states(struct nfm_metrics_text *m, const struct nfm_metrics_exporters *exporters)
{
	static const char *const states[] = { "ok", "stale", "never", "refused" };
	uint32_t i;
	size_t s;

	for (i = 0; i < exporters->count; i++) {
		for (s = 0; s < NFM_ARRAY_SIZE(states); s++) {
			begin(m, NFM_METRIC_EXPORTER_STATE, &exporters->list[i]);
			nfm_metrics_label(m, "state", states[s]);
			nfm_metrics_u64(m, !strcmp(exporters->list[i].view->state, states[s]));
		}
	}
}

static void put_seen(struct nfm_metrics_text *m, const struct nfm_metrics_source *source,
		     const struct nfm_metrics_exporters *exporters)
{
	uint32_t i;

	for (i = 0; i < exporters->count; i++) {
		if (!exporters->list[i].view->last_seen_ns)
			continue;
		begin(m, NFM_METRIC_EXPORTER_SEEN, &exporters->list[i]);
		nfm_metrics_ns(m, nfm_view_unix_ns(&source->now,
						   exporters->list[i].view->last_seen_ns));
	}
}

#define WORD(member) (offsetof(struct nfm_row, member) / sizeof(__u64))

static const struct {
	enum nfm_metric metric;
	const char *label, *value; /* NULL: none */
	unsigned int word;	   /* of the exporter's row, or of its notes */
	bool notes;
} counts[] = {
	{ NFM_METRIC_EXPORTER_DATAGRAMS, "verdict", "counted", WORD(exporter.datagrams), false },
	{ NFM_METRIC_EXPORTER_DATAGRAMS, "verdict", "rejected", WORD(exporter.rejected_datagrams),
	  false },
	{ NFM_METRIC_EXPORTER_RECORDS, "verdict", "counted", WORD(exporter.records), false },
	{ NFM_METRIC_EXPORTER_RECORDS, "verdict", "rejected", WORD(exporter.rejected_records),
	  false },
	{ NFM_METRIC_EXPORTER_BYTES, NULL, NULL, WORD(exporter.bytes), false },
	{ NFM_METRIC_EXPORTER_PACKETS, NULL, NULL, WORD(exporter.packets), false },
	{ NFM_METRIC_EXPORTER_NOTES, "reason", "wrapped", WORD(notes.wrapped), true },
	{ NFM_METRIC_EXPORTER_NOTES, "reason", "wrap-repaired", WORD(notes.repaired), true },
	{ NFM_METRIC_EXPORTER_NOTES, "reason", "empty-record", WORD(notes.empty), true },
	{ NFM_METRIC_EXPORTER_NOTES, "reason", "same-address", WORD(notes.same), true },
	{ NFM_METRIC_EXPORTER_NOTES, "reason", "implausible", WORD(notes.implausible), true },
	{ NFM_METRIC_EXPORTER_OPTIONS, NULL, NULL, WORD(notes.options), true },
	{ NFM_METRIC_EXPORTER_LOST_SETS, NULL, NULL, WORD(notes.given_up), true },
};

/* All of one family, exporter by exporter: a family's samples stand together. */
static void put_family(struct nfm_metrics_text *m, const struct nfm_metrics_exporters *exporters,
		       size_t first, size_t end)
{
	uint32_t i;
	size_t c;

	for (i = 0; i < exporters->count; i++) {
		const struct nfm_metrics_exporter *e = &exporters->list[i];

		for (c = first; c < end; c++) {
			begin(m, counts[c].metric, e);
			if (counts[c].label)
				nfm_metrics_label(m, counts[c].label, counts[c].value);
			nfm_metrics_u64(m, counts[c].notes ? e->view->notes.word[counts[c].word] :
							     e->row.word[counts[c].word]);
		}
	}
}

static void put_counts(struct nfm_metrics_text *m, const struct nfm_metrics_exporters *exporters)
{
	size_t first = 0, end;

	for (; first < NFM_ARRAY_SIZE(counts); first = end) {
		for (end = first + 1; end < NFM_ARRAY_SIZE(counts); end++)
			if (counts[end].metric != counts[first].metric)
				break;
		put_family(m, exporters, first, end);
	}
}

static void put_templates(struct nfm_metrics_text *m,
			  const struct nfm_metrics_exporters *exporters)
{
	uint32_t i;

	for (i = 0; exporters->has_templates && i < exporters->count; i++) {
		const struct nfm_metrics_exporter *e = &exporters->list[i];

		begin(m, NFM_METRIC_EXPORTER_TEMPLATES, e);
		nfm_metrics_label(m, "decoder", "kernel");
		nfm_metrics_u64(m, e->templates_kernel);
		begin(m, NFM_METRIC_EXPORTER_TEMPLATES, e);
		nfm_metrics_label(m, "decoder", "agent");
		nfm_metrics_u64(m, e->templates_agent);
	}
}

/* ---- sequences ---- */

static const struct {
	enum nfm_metric metric;
	size_t at;
} sequence_counts[] = {
	{ NFM_METRIC_SEQUENCE_RECEIVED, offsetof(struct nfm_metrics_sequence, received) },
	{ NFM_METRIC_SEQUENCE_LOST, offsetof(struct nfm_metrics_sequence, lost) },
	{ NFM_METRIC_SEQUENCE_RESETS, offsetof(struct nfm_metrics_sequence, resets) },
	{ NFM_METRIC_SEQUENCE_DUPLICATES, offsetof(struct nfm_metrics_sequence, duplicates) },
	{ NFM_METRIC_SEQUENCE_REORDERED, offsetof(struct nfm_metrics_sequence, reordered) },
};

/* Units are summed: which of them a stream's numbers count may be learned later. */
static void put_stream_datagrams(struct nfm_metrics_text *m,
				 const struct nfm_metrics_exporters *exporters)
{
	const struct nfm_metrics_sequence *s = exporters->sequence;
	const struct nfm_metrics_sequence *end = s + exporters->sequence_count;

	while (s < end) {
		const struct nfm_metrics_sequence *first = s;
		const struct nfm_metrics_exporter *e = exporter_of(exporters, first->exporter);
		uint64_t datagrams = 0;

		for (; s < end && s->exporter == first->exporter && s->version == first->version;
		     s++)
			datagrams += s->datagrams;
		if (!e)
			continue;
		begin(m, NFM_METRIC_STREAM_DATAGRAMS, e);
		nfm_metrics_label_u64(m, "version", first->version);
		nfm_metrics_u64(m, datagrams);
	}
}

/* NetFlow v1 has no sequence: what came of it is known, in records, and what did not is not. */
static void put_sequence(struct nfm_metrics_text *m, const struct nfm_metrics_exporters *exporters,
			 enum nfm_metric metric, size_t at)
{
	uint32_t i;

	for (i = 0; i < exporters->sequence_count; i++) {
		const struct nfm_metrics_sequence *s = &exporters->sequence[i];
		const struct nfm_metrics_exporter *e = exporter_of(exporters, s->exporter);

		if (!e || (s->unit == NFM_UNIT_NONE && metric != NFM_METRIC_SEQUENCE_RECEIVED))
			continue;
		begin(m, metric, e);
		nfm_metrics_label_u64(m, "version", s->version);
		nfm_metrics_label(m, "unit", nfm_view_unit(s->unit) ?: "records");
		nfm_metrics_u64(m, *(const uint64_t *)((const char *)s + at));
	}
}

#define VERSIONS 11U

void nfm_metrics_versions(struct nfm_metrics_text *m,
			  const struct nfm_metrics_exporters *exporters)
{
	uint64_t datagrams[VERSIONS] = { 0 };
	uint32_t i;

	for (i = 0; i < exporters->sequence_count; i++)
		if (exporters->sequence[i].version < VERSIONS)
			datagrams[exporters->sequence[i].version] +=
				exporters->sequence[i].datagrams;
	for (i = 0; i < VERSIONS; i++) {
		if (!datagrams[i])
			continue;
		nfm_metrics_begin(m, NFM_METRIC_VERSION_DATAGRAMS);
		nfm_metrics_label_u64(m, "version", i);
		nfm_metrics_u64(m, datagrams[i]);
	}
}

/* ---- who was refused ---- */

/* They come newest first, behind those that have a row. */
static void put_refused(struct nfm_metrics_text *m, const struct nfm_exporters_view *view)
{
	uint32_t refused = 0;
	uint64_t others = 0;
	char address[64];
	uint32_t i;

	for (i = 0; i < view->count; i++)
		refused += view->list[i].exporter == UINT32_MAX;
	nfm_metrics_put(m, NFM_METRIC_REFUSED_SOURCES, refused);
	for (i = view->count - refused; i < view->count; i++) {
		if (i >= view->count - refused + NFM_METRICS_REFUSED) {
			others += view->list[i].datagrams;
			continue;
		}
		nfm_units_format_addr(&view->list[i].addr, address, sizeof(address));
		nfm_metrics_put_by(m, NFM_METRIC_REFUSED_DATAGRAMS, "address", address,
				   view->list[i].datagrams);
	}
	if (refused > NFM_METRICS_REFUSED)
		nfm_metrics_put_by(m, NFM_METRIC_REFUSED_DATAGRAMS, "address", "others", others);
}

void nfm_metrics_exporters(struct nfm_metrics_text *m,
			   const struct nfm_metrics_source *source,
			   const struct nfm_metrics_exporters *exporters)
{
	size_t i;

	put_states(m, exporters);
	put_seen(m, source, exporters);
	put_counts(m, exporters);
	put_templates(m, exporters);
	put_stream_datagrams(m, exporters);
	for (i = 0; i < NFM_ARRAY_SIZE(sequence_counts); i++)
		put_sequence(m, exporters, sequence_counts[i].metric, sequence_counts[i].at);
	put_refused(m, &exporters->view);
}
