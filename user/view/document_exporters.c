// SPDX-License-Identifier: GPL-2.0-only
/* `exporters`: who sends, who should, who is refused; loss per stream. */
#include "view/document.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "view/advice.h"

/* Word of a row that a count of the notes is. */
#define WORD(member) (offsetof(struct nfm_row, notes.member) / sizeof(__u64))

static const struct nfm_column columns[] = {
	{ "address", "ADDRESS", NFM_COLUMN_LEFT },
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "state", "STATE", NFM_COLUMN_LEFT },
	{ "datagrams", "DATAGRAMS", NFM_COLUMN_RIGHT },
	{ "records", "RECORDS", NFM_COLUMN_RIGHT },
	{ "lost", "LOST", NFM_COLUMN_RIGHT },
	{ "lost_percent", "LOSS", NFM_COLUMN_TEXT_ONLY },
	{ "streams", NULL, NFM_COLUMN_LEFT },
	{ "last_seen", "LAST SEEN", NFM_COLUMN_LEFT },
	{ "notes_wrapped", NULL, NFM_COLUMN_RIGHT },
	{ "notes_repaired", NULL, NFM_COLUMN_RIGHT },
	{ "notes_empty", NULL, NFM_COLUMN_RIGHT },
	{ "notes_same_address", NULL, NFM_COLUMN_RIGHT },
	{ "notes_implausible", NULL, NFM_COLUMN_RIGHT },
	{ "notes_options", NULL, NFM_COLUMN_RIGHT },
	{ "notes_given_up", NULL, NFM_COLUMN_RIGHT },
	{ "templates", NULL, NFM_COLUMN_RIGHT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static void write_stream(struct nfm_output *out, const struct nfm_stream *stream)
{
	nfm_view_write_stream(out, &(struct nfm_snapshot_stream){
					   .version = stream->version,
					   .domain = stream->domain,
					   .unit = stream->unit,
					   .received = stream->received,
					   .lost = stream->lost,
					   .resets = stream->resets,
				   });
}

/* Share of what was sent that did not arrive. */
static void write_loss(struct nfm_output *out, const struct nfm_exporter_view *exporter)
{
	double sent = (double)exporter->lost + (double)exporter->received;
	char text[16] = "-";

	if (sent > 0)
		snprintf(text, sizeof(text), "%.2f%%", 100 * (double)exporter->lost / sent);
	nfm_output_cell(out, "lost_percent", text);
}

static void write_notes(struct nfm_output *out, const struct nfm_row *row)
{
	nfm_output_object(out, "notes");
	nfm_output_u64(out, "wrapped", row->notes.wrapped);
	nfm_output_u64(out, "repaired", row->notes.repaired);
	nfm_output_u64(out, "empty", row->notes.empty);
	nfm_output_u64(out, "same_address", row->notes.same);
	nfm_output_u64(out, "implausible", row->notes.implausible);
	nfm_output_u64(out, "options", row->notes.options);
	nfm_output_u64(out, "given_up", row->notes.given_up);
	nfm_output_end(out);
}

/* In JSON; to people it is said once for all exporters, below the table. */
static void write_own_advice(struct nfm_output *out, const struct nfm_advice_of *of,
			     const struct nfm_exporter_view *exporter)
{
	char text[NFM_ADVICE_MOST][NFM_ADVICE_TEXT];
	uint32_t count;

	if (nfm_output_format(out) != NFM_FORMAT_JSON)
		return;
	count = nfm_advice_read(of, exporter, text);
	nfm_output_array(out, "advice");
	for (uint32_t i = 0; i < count; i++)
		nfm_output_string(out, NULL, text[i]);
	nfm_output_end(out);
}

/* `templates` of `of` is NULL where the file cannot be read. */
static void write_exporter(struct nfm_output *out, const struct nfm_advice_of *of,
			   const struct nfm_exporter_view *exporter,
			   const struct nfm_view_clock *now)
{
	const struct nfm_stream *stream;
	uint32_t at = 0;
	char text[64];

	nfm_output_object(out, NULL);
	nfm_output_string(out, "address",
			  nfm_units_format_addr(&exporter->addr, text, sizeof(text)));
	nfm_output_string(out, "name", exporter->name);
	nfm_output_string(out, "state", exporter->state);
	nfm_output_u64(out, "datagrams", exporter->datagrams);
	nfm_output_u64(out, "records", exporter->records);
	nfm_output_u64(out, "lost", exporter->lost);
	write_loss(out, exporter);
	nfm_output_array(out, "streams");
	while (exporter->exporter != UINT32_MAX &&
	       (stream = nfm_exporters_next_stream(of->table, exporter->exporter, &at)))
		write_stream(out, stream);
	nfm_output_end(out);
	nfm_output_time(out, "last_seen", nfm_view_unix_ns(now, exporter->last_seen_ns));
	write_notes(out, &exporter->notes);
	if (of->templates)
		nfm_output_u64(out, "templates", nfm_templates_of(of->templates, &exporter->addr));
	else
		nfm_output_null(out, "templates");
	write_own_advice(out, of, exporter);
	nfm_output_end(out);
}

/* What an operator does about refused sources. */
static void advise_refused(struct nfm_output *out, const struct nfm_exporters_view *view)
{
	uint32_t i, refused = 0;

	for (i = 0; i < view->count; i++)
		refused += view->list[i].state[0] == 'r';
	if (!view->count)
		nfm_output_line(out, "no exporter is known: add [exporter NAME] sections, or "
				     "[collector] exporters = any");
	if (!refused)
		return;
	nfm_output_line(out, "%s", "");
	nfm_output_line(out,
			"%" PRIu32 " refused: to count one, add [exporter NAME] with its address, "
			"or set [collector] exporters = any",
			refused);
}

/* A line for each kind of trouble; `word` of the notes' row counts it. */
static void advise_note(struct nfm_output *out, const struct nfm_exporters_view *view,
			unsigned int word, const char *advice)
{
	const struct nfm_exporter_view *first = NULL;
	uint32_t exporters = 0;
	uint64_t count = 0;
	char label[128];
	char more[48] = "";
	uint32_t i;

	for (i = 0; i < view->count; i++) {
		if (!view->list[i].notes.word[word])
			continue;
		first = first ?: &view->list[i];
		exporters++;
		count += view->list[i].notes.word[word];
	}
	if (!first)
		return;
	if (exporters > 1)
		snprintf(more, sizeof(more), " and %" PRIu32 " more", exporters - 1);
	nfm_output_line(out, "%s", "");
	nfm_output_line(out, "%s%s: %" PRIu64 " %s",
			nfm_exporters_label(first, label, sizeof(label)), more, count, advice);
}

static void write_advice(struct nfm_output *out, const struct nfm_exporters_view *view)
{
	uint32_t i;

	advise_refused(out, view);
	for (i = 0; i < view->count; i++)
		if (nfm_exporters_is_unspecified(&view->list[i].addr))
			break;
	if (i < view->count) {
		nfm_output_line(out, "%s", "");
		nfm_output_line(out, "%s", NFM_ADVICE_UNSPECIFIED);
	}
	advise_note(out, view, WORD(wrapped), NFM_ADVICE_WRAPPED);
	advise_note(out, view, WORD(given_up), NFM_ADVICE_GIVEN_UP);
	advise_note(out, view, WORD(implausible), NFM_ADVICE_IMPLAUSIBLE);
}

void nfm_document_exporters(struct nfm_output *out, const struct nfm_table *t,
			    const struct nfm_exporters_view *view,
			    const struct nfm_templates_view *templates,
			    const struct nfm_view_clock *now)
{
	const struct nfm_advice_of of = {
		.table = t,
		.templates = templates,
		.interval_s = (uint32_t)t->ctl->interval_s,
	};
	uint32_t i;

	nfm_output_table(out, NULL, columns);
	for (i = 0; i < view->count && !nfm_output_failed(out); i++)
		write_exporter(out, &of, &view->list[i], now);
	nfm_output_end(out);
	write_advice(out, view);
}
