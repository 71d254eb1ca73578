// SPDX-License-Identifier: GPL-2.0-only
/* `config`: every setting with its value, what it means, and where the value is from. */
#include "view/document.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "config/settings.h"
#include "view/ask.h"

static const struct nfm_column columns[] = {
	{ "section", "SECTION", NFM_COLUMN_LEFT },
	{ "key", "KEY", NFM_COLUMN_LEFT },
	{ "value", "VALUE", NFM_COLUMN_LEFT },
	{ "default", NULL, NFM_COLUMN_LEFT },
	{ "form", NULL, NFM_COLUMN_LEFT },
	{ "help", NULL, NFM_COLUMN_LEFT },
	{ "origin", "FROM", NFM_COLUMN_LEFT },
	{ "live", NULL, NFM_COLUMN_LEFT },
	{ "page", NULL, NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static const struct nfm_column exporter_columns[] = {
	{ "name", "EXPORTER", NFM_COLUMN_LEFT },
	{ "addresses", "ADDRESSES", NFM_COLUMN_LEFT },
	{ "sampling", "SAMPLING", NFM_COLUMN_LEFT },
	{ "nat", "NAT", NFM_COLUMN_LEFT },
	{ "repair_wraps", "REPAIR-WRAPS", NFM_COLUMN_LEFT },
	{ "origin", "FROM", NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

/* What may hold a password is not shown, only whether it is set. */
static const char *shown_value(const struct nfm_config_sources *sources, size_t key)
{
	const char *value = nfm_config_value(sources, key);

	return nfm_config_keys[key].secret && *value ? "***" : value;
}

static void write_settings(struct nfm_output *out, const struct nfm_config_sources *sources)
{
	nfm_output_table(out, "settings", columns);
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];

		if (!key->size)
			continue; /* of exporters */
		nfm_output_object(out, NULL);
		nfm_output_string(out, "section", key->section);
		nfm_output_string(out, "key", key->name);
		nfm_output_string(out, "value", shown_value(sources, i));
		nfm_output_string(out, "default", key->fallback);
		nfm_output_string(out, "form", key->form);
		nfm_output_string(out, "help", key->help);
		nfm_output_string(out, "origin", nfm_config_origin(sources->from[i]));
		nfm_output_bool(out, "live", key->live);
		nfm_output_bool(out, "page", key->page);
		nfm_output_end(out);
	}
	nfm_output_end(out);
}

/* One section; returns how many entries, of an address each, it has. */
static unsigned int write_exporter(struct nfm_output *out, const struct nfm_config *config,
				   unsigned int first)
{
	const struct nfm_config_exporter *e = &config->exporters[first];
	unsigned int count = 0;
	char text[64];

	nfm_output_object(out, NULL);
	nfm_output_string(out, "name", e->name);
	nfm_output_array(out, "addresses");
	for (; first + count < config->exporter_count && !strcmp(e[count].name, e->name); count++)
		nfm_output_string(out, NULL,
				  nfm_units_format_addr(&e[count].addr, text, sizeof(text)));
	nfm_output_end(out);
	nfm_output_string(out, "sampling", nfm_settings_format_sampling(e, text, sizeof(text)));
	nfm_output_bool(out, "nat", !e->no_nat);
	nfm_output_bool(out, "repair_wraps", e->repair_wraps);
	nfm_output_string(out, "origin", nfm_config_origin(e->file));
	nfm_output_end(out);
	return count;
}

static void write_exporters(struct nfm_output *out, const struct nfm_config *config)
{
	if (nfm_output_format(out) == NFM_FORMAT_CSV)
		return;
	if (nfm_output_format(out) == NFM_FORMAT_JSON)
		nfm_output_array(out, "exporters");
	else
		nfm_output_table(out, "exporters", exporter_columns);
	for (unsigned int i = 0; i < config->exporter_count;)
		i += write_exporter(out, config, i);
	nfm_output_end(out);
}

static void write_pending(struct nfm_output *out, yajl_val agent)
{
	yajl_val pending = nfm_ask_member(agent, "pending", yajl_t_array);

	if (nfm_output_format(out) == NFM_FORMAT_CSV)
		return;
	nfm_output_array(out, "pending");
	for (size_t i = 0; pending && i < pending->u.array.len; i++) {
		const char *key = YAJL_GET_STRING(pending->u.array.values[i]);

		nfm_output_string(out, NULL, key);
		nfm_output_line(out, "%s has changed: it takes effect when the agent starts", key);
	}
	nfm_output_end(out);
}

void nfm_document_config(struct nfm_output *out, const struct nfm_config *config,
			 const struct nfm_config_sources *sources, yajl_val agent)
{
	char settings[PATH_MAX] = "";

	if (sources->file_count)
		nfm_config_settings_path(sources->file[0], settings, sizeof(settings));
	nfm_output_object(out, NULL);
	if (nfm_output_format(out) != NFM_FORMAT_CSV) {
		nfm_output_string(out, "file", sources->file_count ? sources->file[0] : "");
		nfm_output_string(out, "drop_in", settings);
	}
	write_settings(out, sources);
	write_exporters(out, config);
	write_pending(out, agent);
	nfm_output_end(out);
}
