// SPDX-License-Identifier: GPL-2.0-only
#include "view/exporters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"

#define STALE_INTERVALS 2U

const struct nfm_stream *nfm_exporters_next_stream(const struct nfm_table *t, uint32_t exporter,
						   uint32_t *at)
{
	uint32_t count = NFM_MIN(__atomic_load_n(&t->ctl->stream_count, __ATOMIC_ACQUIRE),
				 t->geometry.streams);

	while (*at < count) {
		const struct nfm_stream *stream = &t->streams[(*at)++];

		if (stream->used && stream->exporter == exporter)
			return stream;
	}
	return NULL;
}

/* Adds each stream's account to its exporter: one pass over the streams for all exporters. */
static void add_streams(const struct nfm_table *t, const struct nfm_exporters_view *view,
			const uint32_t *place)
{
	uint32_t exporters = nfm_view_exporters(t);
	uint32_t count = NFM_MIN(t->ctl->stream_count, t->geometry.streams);
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct nfm_stream *stream = &t->streams[i];
		struct nfm_exporter_view *exporter;

		if (!stream->used || stream->exporter >= exporters ||
		    place[stream->exporter] >= view->count)
			continue;
		exporter = &view->list[place[stream->exporter]];
		exporter->lost += stream->lost;
		exporter->received += stream->received;
	}
}

static const char *state_of(const struct nfm_exporter_view *view, uint32_t interval_s,
			    const struct nfm_view_clock *now)
{
	uint64_t limit_ns = STALE_INTERVALS * (uint64_t)interval_s * NFM_NS_PER_S;

	if (!view->datagrams)
		return "never";
	if (now->monotonic_ns > view->last_seen_ns &&
	    now->monotonic_ns - view->last_seen_ns > limit_ns)
		return "stale";
	return "ok";
}

/* False for a row that tells nothing: free, or of an exporter removed before it ever sent. */
static bool read_exporter(const struct nfm_table *t, uint32_t exporter,
			  struct nfm_exporter_view *out)
{
	const struct nfm_exporter *known = &t->exporters[exporter];
	struct nfm_row row;

	if (known->state == NFM_EXPORTER_FREE)
		return false;
	nfm_table_sum(t, nfm_table_exporter_row(t, exporter), &row);
	*out = (struct nfm_exporter_view){
		.addr = known->addr,
		.name = known->name[0] && memchr(known->name, 0, sizeof(known->name)) ? known->name
										      : NULL,
		.exporter = exporter,
		.datagrams = row.exporter.datagrams + row.exporter.rejected_datagrams,
		.records = row.exporter.records,
		.bytes = row.exporter.bytes,
		.last_seen_ns = row.exporter.seen_ns,
	};
	nfm_table_sum(t, nfm_table_notes_row(t, exporter), &out->notes);
	return known->state != NFM_EXPORTER_REMOVED || out->datagrams;
}

/*
 * A refused source: one that was an exporter is shown once, as refused; one that has become an
 * exporter since is none any more.
 */
static void add_refused(const struct nfm_table *t, struct nfm_exporters_view *view, uint32_t known,
			const struct nfm_refused *refused)
{
	uint32_t i;

	for (i = 0; i < known; i++) {
		struct nfm_exporter_view *exporter = &view->list[i];

		if (memcmp(&exporter->addr, &refused->addr, sizeof(refused->addr)))
			continue;
		if (t->exporters[exporter->exporter].state != NFM_EXPORTER_REMOVED)
			return;
		exporter->state = "refused";
		exporter->datagrams += refused->refusal.datagrams;
		exporter->last_seen_ns = NFM_MAX(exporter->last_seen_ns,
						 refused->refusal.last_seen_ns);
		return;
	}
	view->list[view->count++] = (struct nfm_exporter_view){
		.addr = refused->addr,
		.state = "refused",
		.exporter = UINT32_MAX,
		.datagrams = refused->refusal.datagrams,
		.last_seen_ns = refused->refusal.last_seen_ns,
	};
}

int nfm_exporters_read(const struct nfm_table *t, uint32_t interval_s,
		       const struct nfm_view_clock *now, struct nfm_exporters_view *out,
		       struct nfm_error *error)
{
	_cleanup_free_ struct nfm_refused *refused =
		calloc(2 * NFM_REFUSED_ENTRIES, sizeof(*refused));
	uint32_t exporters = nfm_view_exporters(t);
	_cleanup_free_ uint32_t *place = calloc(exporters + 1, sizeof(*place));
	struct nfm_exporters_view view = {
		.list = calloc(exporters + 2 * NFM_REFUSED_ENTRIES, sizeof(*view.list)),
	};
	uint32_t i, known;
	int n;

	if (!refused || !place || !view.list) {
		free(view.list);
		return nfm_error_set(error, -ENOMEM, "out of memory");
	}
	for (i = 0; i < exporters; i++) {
		place[i] = UINT32_MAX;
		if (read_exporter(t, i, &view.list[view.count]))
			place[i] = view.count++;
	}
	add_streams(t, &view, place);
	for (i = 0; i < view.count; i++)
		view.list[i].state = state_of(&view.list[i], interval_s, now);
	known = view.count;
	n = nfm_table_refused(t, refused, 2 * NFM_REFUSED_ENTRIES);
	if (n < 0) {
		free(view.list);
		return nfm_error_set(error, n, "cannot read the refused sources: %s", strerror(-n));
	}
	for (i = 0; i < (uint32_t)n; i++)
		add_refused(t, &view, known, &refused[i]);
	*out = view;
	return 0;
}

void nfm_exporters_clear(struct nfm_exporters_view *view)
{
	free(view->list);
	*view = (struct nfm_exporters_view){ 0 };
}

char *nfm_exporters_label(const struct nfm_exporter_view *exporter, char *buf, size_t size)
{
	char addr[46];

	nfm_units_format_addr(&exporter->addr, addr, sizeof(addr));
	if (exporter->name)
		snprintf(buf, size, "%s (%s)", exporter->name, addr);
	else
		snprintf(buf, size, "%s", addr);
	return buf;
}

bool nfm_exporters_is_unspecified(const struct nfm_addr *addr)
{
	static const struct nfm_addr v4 = { .byte = { [10] = 0xff, [11] = 0xff } };
	static const struct nfm_addr v6;

	return !memcmp(addr, &v4, sizeof(v4)) || !memcmp(addr, &v6, sizeof(v6));
}
