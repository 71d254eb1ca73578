// SPDX-License-Identifier: GPL-2.0-only
/* `templates`: what each stream's records look like, and who decodes them; no agent is asked. */
#include "view/document.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"

static const struct nfm_column columns[] = {
	{ "exporter", "EXPORTER", NFM_COLUMN_LEFT },
	{ "domain", "DOMAIN", NFM_COLUMN_RIGHT },
	{ "id", "ID", NFM_COLUMN_RIGHT },
	{ "version", "VERSION", NFM_COLUMN_RIGHT },
	{ "where", "WHERE", NFM_COLUMN_LEFT },
	{ "field_count", "FIELDS", NFM_COLUMN_TEXT_ONLY },
	{ "fields", NULL, NFM_COLUMN_LEFT },
	{ "age_seconds", NULL, NFM_COLUMN_RIGHT },
	{ "options", NULL, NFM_COLUMN_LEFT },
	{ "scope_fields", NULL, NFM_COLUMN_RIGHT },
	{ "record_bytes", "BYTES", NFM_COLUMN_RIGHT },
	{ "age", "AGE", NFM_COLUMN_TEXT_ONLY },
	{ "why", "WHY", NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static bool is_of(const struct nfm_config *config, const char *argument,
		  const struct nfm_addr *exporter)
{
	struct nfm_addr addr;
	unsigned int i;

	if (!nfm_units_parse_addr(argument, &addr))
		return !memcmp(&addr, exporter, sizeof(addr));
	for (i = 0; i < config->exporter_count; i++)
		if (!strcmp(config->exporters[i].name, argument) &&
		    !memcmp(&config->exporters[i].addr, exporter, sizeof(*exporter)))
			return true;
	return false;
}

static bool selected(const struct nfm_document_templates *selection,
		     const struct nfm_template_view *view)
{
	int i;

	for (i = 0; i < selection->count; i++)
		if (is_of(selection->config, selection->argument[i],
			  &view->template->name.exporter))
			return true;
	return !selection->count;
}

int nfm_document_templates_check(const struct nfm_document_templates *selection,
				 struct nfm_error *error)
{
	const struct nfm_config *config = selection->config;
	struct nfm_addr addr;
	unsigned int k;
	int i;

	for (i = 0; i < selection->count; i++) {
		if (!nfm_units_parse_addr(selection->argument[i], &addr))
			continue;
		for (k = 0; k < config->exporter_count; k++)
			if (!strcmp(config->exporters[k].name, selection->argument[i]))
				break;
		if (k == config->exporter_count)
			return nfm_error_set(error, -ENOENT,
					     "%s: neither an address nor an [exporter NAME] of the "
					     "configuration: `nfmeter exporters` lists them",
					     selection->argument[i]);
	}
	return 0;
}

/* ---- writing ---- */

static void write_field(struct nfm_output *out, const struct nfm_template *template, uint32_t i)
{
	const struct nfm_field *field = &template->field[i];

	nfm_output_object(out, NULL);
	nfm_output_u64(out, "id", field->id);
	nfm_output_u64(out, "enterprise", field->enterprise);
	nfm_output_u64(out, "length", field->length);
	nfm_output_string(out, "name", nfm_templates_field_name(template, i));
	nfm_output_end(out);
}

static const char *format_age(uint64_t age_s, char *buf, size_t size)
{
	static const struct {
		uint64_t below_s, unit_s;
		char letter;
	} units[] = { { 120, 1, 's' }, { 7200, 60, 'm' }, { 172800, 3600, 'h' },
		      { UINT64_MAX, 86400, 'd' } };
	size_t i = 0;

	while (age_s >= units[i].below_s && i + 1 < NFM_ARRAY_SIZE(units))
		i++;
	snprintf(buf, size, "%" PRIu64 "%c", age_s / units[i].unit_s, units[i].letter);
	return buf;
}

static void write_template(struct nfm_output *out, const struct nfm_template_view *view)
{
	const struct nfm_template *template = view->template;
	char text[64];
	uint32_t i;

	nfm_output_object(out, NULL);
	nfm_output_string(out, "exporter",
			  nfm_units_format_addr(&template->name.exporter, text, sizeof(text)));
	nfm_output_u64(out, "domain", template->name.domain);
	nfm_output_u64(out, "id", template->name.id);
	nfm_output_u64(out, "version", template->name.version);
	nfm_output_string(out, "where", view->why ? "agent" : "kernel");
	nfm_output_array(out, "fields");
	for (i = 0; i < template->field_count; i++)
		write_field(out, template, i);
	nfm_output_end(out);
	snprintf(text, sizeof(text), "%u", template->field_count);
	nfm_output_cell(out, "field_count", text);
	nfm_output_u64(out, "age_seconds", view->age_s);
	nfm_output_cell(out, "age", format_age(view->age_s, text, sizeof(text)));
	nfm_output_bool(out, "options", template->options);
	nfm_output_u64(out, "scope_fields", template->scope_count);
	nfm_output_u64(out, "record_bytes", template->record_bytes);
	nfm_output_string(out, "why", view->why);
	nfm_output_end(out);
}

/* In text, the fields of each template below the table. */
static void write_fields(struct nfm_output *out, const struct nfm_template_view *view)
{
	const struct nfm_template *template = view->template;
	char length[16], enterprise[32], text[64];
	uint32_t i;

	nfm_output_line(out, "%s", "");
	nfm_output_line(out, "%s domain %" PRIu32 " %s %u, version %u:",
			nfm_units_format_addr(&template->name.exporter, text, sizeof(text)),
			template->name.domain, template->options ? "options template" : "template",
			template->name.id, template->name.version);
	for (i = 0; i < template->field_count; i++) {
		const struct nfm_field *field = &template->field[i];

		snprintf(length, sizeof(length), "%u", field->length);
		snprintf(enterprise, sizeof(enterprise), " of enterprise %" PRIu32,
			 field->enterprise);
		nfm_output_line(out, "  %5u %8s  %s%s%s", field->id,
				field->length == NFM_LENGTH_VARIABLE ? "variable" : length,
				nfm_templates_field_name(template, i),
				field->enterprise ? enterprise : "",
				i < template->scope_count ? " (scope)" : "");
	}
}

static void write_remarks(struct nfm_output *out, const struct nfm_templates_view *view,
			  uint32_t shown)
{
	if (!shown)
		nfm_output_line(out, "no template %s",
				view->count ? "of these" : "has come yet: v1, v5 and v7 have none");
	if (view->damaged)
		nfm_output_line(out,
				"%" PRIu32 " entries of the file are damaged and left out: their "
				"templates come again from the router",
				view->damaged);
}

void nfm_document_templates(struct nfm_output *out, const struct nfm_document_templates *selection,
			    const struct nfm_templates_view *view)
{
	bool fields = selection->verbose || selection->count;
	uint32_t shown = 0;
	uint32_t i;

	nfm_output_table(out, NULL, columns);
	for (i = 0; i < view->count && !nfm_output_failed(out); i++) {
		if (!selected(selection, &view->list[i]))
			continue;
		write_template(out, &view->list[i]);
		shown++;
	}
	nfm_output_end(out);
	fields = fields && nfm_output_format(out) == NFM_FORMAT_TEXT;
	for (i = 0; fields && i < view->count && !nfm_output_failed(out); i++)
		if (selected(selection, &view->list[i]))
			write_fields(out, &view->list[i]);
	write_remarks(out, view, shown);
}
