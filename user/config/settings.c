// SPDX-License-Identifier: GPL-2.0-only
#include "config/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/units.h"

#define FILE_BYTES_MAX (1U << 20)
#define HEADER                                                                                    \
	"# Written by nfmeter: what was set by the page or by `nfmeter config set`. It is\n"      \
	"# written anew at each change; remarks do not stay.\n"

static int no_memory(struct nfm_error *error)
{
	return nfm_error_set(error, -ENOMEM, "settings: out of memory");
}

/* ---- exporters ---- */

char *nfm_settings_format_sampling(const struct nfm_config_exporter *exporter, char *buf,
				   size_t size)
{
	if (exporter->trust_data)
		snprintf(buf, size, "trust-data");
	else if (!exporter->sampling_num)
		snprintf(buf, size, "auto");
	else if (exporter->sampling_den == 1)
		snprintf(buf, size, "%u", exporter->sampling_num);
	else
		snprintf(buf, size, "%u/%u", exporter->sampling_num, exporter->sampling_den);
	return buf;
}

static void clear_exporter(struct nfm_settings_exporter *e)
{
	free((char *)e->name);
	free((char *)e->addresses);
	free((char *)e->sampling);
}

static int append_exporter(struct nfm_settings *s, const struct nfm_settings_exporter *from)
{
	struct nfm_settings_exporter copy = {
		.name = strdup(from->name),
		.addresses = strdup(from->addresses),
		.sampling = strdup(from->sampling ? from->sampling : "auto"),
		.no_nat = from->no_nat,
		.repair_wraps = from->repair_wraps,
	};
	struct nfm_settings_exporter *all =
		reallocarray(s->exporters, s->exporter_count + 1, sizeof(*all));

	if (all)
		s->exporters = all;
	if (!all || !copy.name || !copy.addresses || !copy.sampling) {
		clear_exporter(&copy);
		return -ENOMEM;
	}
	s->exporters[s->exporter_count++] = copy;
	return 0;
}

/* The addresses of one section: entries of one name stand side by side. */
static char *join_addresses(const struct nfm_config_exporter *first, size_t count)
{
	char *text = calloc(count, 48);
	size_t used = 0;

	for (size_t i = 0; text && i < count; i++) {
		char addr[48];

		used += (size_t)sprintf(text + used, "%s%s", i ? " " : "",
					nfm_units_format_addr(&first[i].addr, addr, sizeof(addr)));
	}
	return text;
}

static int take_exporters(struct nfm_settings *s, const struct nfm_config_exporters *all)
{
	size_t next;

	for (size_t i = 0; i < all->count; i = next) {
		const struct nfm_config_exporter *e = &all->entries[i];
		_cleanup_free_ char *addresses = NULL;
		char sampling[32];

		for (next = i + 1; next < all->count; next++)
			if (strcmp(all->entries[next].name, e->name) != 0)
				break;
		addresses = join_addresses(e, next - i);
		if (!addresses ||
		    append_exporter(s, &(struct nfm_settings_exporter){
					       .name = e->name,
					       .addresses = addresses,
					       .sampling = nfm_settings_format_sampling(
						       e, sampling, sizeof(sampling)),
					       .no_nat = e->no_nat,
					       .repair_wraps = e->repair_wraps,
				       }))
			return -ENOMEM;
	}
	return 0;
}

/* ---- reading ---- */

static int take_text(struct nfm_settings *s, const char *path, const char *text, size_t len,
		     struct nfm_error *error)
{
	_cleanup_free_ struct nfm_config *config = calloc(1, sizeof(*config));
	_cleanup_(nfm_config_sources_clear) struct nfm_config_sources sources = {};
	struct nfm_config_target to = { .config = config, .sources = &sources };
	int code;

	if (!config)
		return no_memory(error);
	nfm_error_set(error, 0, "%s", "");
	code = nfm_config_take_text(&to, 0, path, text, len, error);
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		s->value[i] = NFM_STEAL_PTR(sources.value[i]);
	if (!code)
		code = take_exporters(s, &to.exporters);
	nfm_config_exporters_clear(&to.exporters);
	return code == -ENOMEM ? no_memory(error) : code;
}

int nfm_settings_load(const char *path, struct nfm_settings *out, struct nfm_error *error)
{
	_cleanup_(nfm_settings_clear) struct nfm_settings s = {};
	_cleanup_free_ char *text = NULL;
	char file[PATH_MAX];
	size_t len = 0;
	int code = nfm_config_settings_path(path, file, sizeof(file));

	if (!code)
		code = nfm_io_read_file(file, FILE_BYTES_MAX, &text, &len);
	if (code == -ENOENT || code == -ENOTDIR) {
		*out = (struct nfm_settings){};
		return 0;
	}
	if (code)
		return nfm_error_set(error, code, "%s: cannot read it: %s", file, strerror(-code));
	code = take_text(&s, file, text, len, error);
	if (code)
		return code;
	*out = s;
	s = (struct nfm_settings){};
	return 0;
}

void nfm_settings_clear(struct nfm_settings *s)
{
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		free(s->value[i]);
	for (size_t i = 0; i < s->exporter_count; i++)
		clear_exporter(&s->exporters[i]);
	free(s->exporters);
	free(s->changed_exporter);
	*s = (struct nfm_settings){};
}

/* ---- changing ---- */

/* What would end a line, or begin a remark, says in the file something else than it does here. */
static bool is_one_line(const char *text)
{
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p) || (*p == '#' && (p == text || p[-1] == ' ')))
			return false;
	return true;
}

static int check_text(const char *what, const char *text, struct nfm_error *error)
{
	return is_one_line(text) ?
		       0 :
		       nfm_error_set(error, -EINVAL,
				     "%s: control characters, and # behind a blank, cannot stand "
				     "in a value; take them out", what);
}

int nfm_settings_set(struct nfm_settings *s, const char *section, const char *name,
		     const char *value, struct nfm_error *error)
{
	int key = nfm_config_find_key(section, name);
	char *copy = NULL;
	char what[128];
	size_t len;

	if (key < 0)
		return nfm_error_set(error, -EINVAL,
				     "%.40s.%.40s: no such setting; `nfmeter config` lists all",
				     section, name);
	snprintf(what, sizeof(what), "[%s] %s", section, name);
	if (value && check_text(what, value, error))
		return -EINVAL;
	if (value) {
		value += strspn(value, " ");
		len = strlen(value);
		while (len && value[len - 1] == ' ')
			len--;
		copy = strndup(value, len);
		if (!copy)
			return no_memory(error);
	}
	free(s->value[key]);
	s->value[key] = copy;
	s->changed[key] = copy != NULL;
	return 0;
}

static bool drop_exporter(struct nfm_settings *s, const char *name)
{
	for (size_t i = 0; i < s->exporter_count; i++) {
		if (strcmp(s->exporters[i].name, name) != 0)
			continue;
		clear_exporter(&s->exporters[i]);
		memmove(&s->exporters[i], &s->exporters[i + 1],
			(--s->exporter_count - i) * sizeof(*s->exporters));
		return true;
	}
	return false;
}

static bool is_exporter_name(const char *name)
{
	size_t len = strlen(name);

	return len && is_one_line(name) && !strchr(name, ']') && name[0] != ' ' &&
	       name[len - 1] != ' ';
}

int nfm_settings_set_exporter(struct nfm_settings *s, const struct nfm_settings_exporter *exporter,
			      struct nfm_error *error)
{
	char *name;

	if (!is_exporter_name(exporter->name))
		return nfm_error_set(error, -EINVAL,
				     "an exporter's name has 1 to 47 bytes, no ], no control "
				     "characters, no blanks at its ends");
	if (check_text("addresses", exporter->addresses, error) ||
	    (exporter->sampling && check_text("sampling", exporter->sampling, error)))
		return -EINVAL;
	name = strdup(exporter->name);
	if (!name)
		return no_memory(error);
	drop_exporter(s, name);
	free(s->changed_exporter);
	s->changed_exporter = name;
	return append_exporter(s, exporter) ? no_memory(error) : 0;
}

int nfm_settings_remove_exporter(struct nfm_settings *s, const char *name, struct nfm_error *error)
{
	if (!drop_exporter(s, name))
		return nfm_error_set(error, -ENOENT,
				     "[exporter %.60s] is not in " NFM_CONFIG_SETTINGS ": take it "
				     "out of the file that has it", name);
	return 0;
}

/* ---- trying and saving ---- */

static void write_keys(FILE *to, const struct nfm_settings *s)
{
	const char *section = "";

	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];

		if (!s->value[i])
			continue;
		if (strcmp(section, key->section) != 0)
			fprintf(to, "\n[%s]\n", key->section);
		section = key->section;
		fprintf(to, "%s = %s\n", key->name, s->value[i]);
	}
}

static void write_exporters(FILE *to, const struct nfm_settings *s)
{
	for (size_t i = 0; i < s->exporter_count; i++) {
		const struct nfm_settings_exporter *e = &s->exporters[i];

		fprintf(to, "\n[exporter %s]\naddress = %s\nsampling = %s\nnat = %s\n"
			    "repair-wraps = %s\n",
			e->name, e->addresses, e->sampling, e->no_nat ? "no" : "yes",
			e->repair_wraps ? "yes" : "no");
	}
}

static char *write_text(const struct nfm_settings *s)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	fputs(HEADER, to);
	write_keys(to, s);
	write_exporters(to, s);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}

static int hidden(const char *what, const char *file, struct nfm_error *error)
{
	return nfm_error_set(error, -EINVAL,
			     "%s: %s, which is read after " NFM_CONFIG_SETTINGS ", sets it, too: "
			     "change it there", what, file);
}

/* That the file says what was meant, and that nothing behind it says otherwise. */
static int check_effect(const struct nfm_settings *s, const struct nfm_config *config,
			const struct nfm_config_sources *sources, struct nfm_error *error)
{
	char what[128];

	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		snprintf(what, sizeof(what), "[%s] %s", nfm_config_keys[i].section,
			 nfm_config_keys[i].name);
		if (!s->changed[i])
			continue;
		if (sources->from[i] != sources->settings)
			return hidden(what, sources->file[sources->from[i]], error);
		if (strcmp(s->value[i], sources->value[i]) != 0)
			return nfm_error_set(error, -EINVAL,
					     "%s: \"%.60s\" cannot be written into a file", what,
					     s->value[i]);
	}
	for (unsigned int i = 0; s->changed_exporter && i < config->exporter_count; i++) {
		const struct nfm_config_exporter *e = &config->exporters[i];

		snprintf(what, sizeof(what), "[exporter %s]", e->name);
		if (!strcmp(e->name, s->changed_exporter) && e->file != sources->settings)
			return hidden(what, sources->file[e->file], error);
	}
	return 0;
}

int nfm_settings_try(const struct nfm_settings *s, const struct nfm_config_place *place,
		     char **text, struct nfm_config *config, struct nfm_config_sources *sources,
		     struct nfm_error *error)
{
	_cleanup_(nfm_config_sources_clear) struct nfm_config_sources from = {};
	_cleanup_free_ struct nfm_config *fresh = calloc(1, sizeof(*fresh));
	_cleanup_free_ char *made = write_text(s);
	struct nfm_config_place tried = *place;
	int code;

	if (!made || !fresh)
		return no_memory(error);
	tried.settings = made;
	code = nfm_config_read_place(&tried, fresh, &from, error);
	if (code)
		return code;
	code = check_effect(s, fresh, &from, error);
	if (code) {
		nfm_config_clear(fresh);
		return code;
	}
	*config = *fresh;
	*sources = from;
	from = (struct nfm_config_sources){};
	*text = NFM_STEAL_PTR(made);
	return 0;
}

int nfm_settings_save(const char *path, const char *text, struct nfm_error *error)
{
	char file[PATH_MAX], folder[PATH_MAX];
	int code = nfm_config_settings_path(path, file, sizeof(file));

	if (!code) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(file, '/') - file), file);
		code = nfm_io_mkdir_p(folder, 0755);
	}
	if (!code)
		code = nfm_io_replace_file(file, text, strlen(text), 0644);
	return code ? nfm_error_set(error, code, "%s: cannot be written: %s", file,
				    strerror(-code)) :
		      0;
}
