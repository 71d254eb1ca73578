// SPDX-License-Identifier: GPL-2.0-only
#include "config/sources.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"

#define FILE_BYTES_MAX (1U << 20)
#define SUFFIX ".conf"

/* A configuration on its way in, file by file. */
struct reading {
	const struct nfm_config_place *place;
	struct nfm_config_sources sources;
	struct nfm_config_target target;
	struct nfm_error *error;
	bool wrong; /* lines: all files are read nevertheless, so that all are told */
};

static int parse_default(struct nfm_config_target *to, const struct nfm_config_key *key)
{
	return key->size ? key->parse(key, to, key->fallback) : 0;
}

static int set_defaults(struct nfm_config_target *to)
{
	memset(to->config, 0, sizeof(*to->config));
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		int code = parse_default(to, &nfm_config_keys[i]);

		if (code)
			return code;
	}
	to->config->customers_file_set = false;
	return 0;
}

/* A file's content; what cannot be read is an error of its own, and nothing is taken. */
static int take_text(struct reading *r, const char *path, const char *text, size_t len)
{
	struct nfm_config_sources *sources = &r->sources;
	int code;

	if (sources->file_count == NFM_CONFIG_MAX_FILES)
		return nfm_error_set(r->error, -E2BIG, "%s: more than %d files; put some together",
				     path, NFM_CONFIG_MAX_FILES);
	sources->file[sources->file_count] = strdup(path);
	if (!sources->file[sources->file_count])
		return nfm_error_set(r->error, -ENOMEM, "%s: out of memory", path);
	code = nfm_config_take_text(&r->target, sources->file_count++, path, text, len, r->error);
	if (code == -ENOMEM)
		return nfm_error_set(r->error, code, "%s: out of memory", path);
	r->wrong |= code != 0;
	return 0;
}

static int take_file(struct reading *r, const char *path, bool may_be_missing)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int code = nfm_io_read_file(path, FILE_BYTES_MAX, &text, &len);

	if (code == -ENOENT && may_be_missing)
		return take_text(r, path, "", 0);
	if (code == -ENOENT)
		return nfm_error_set(r->error, code,
				     "%s: there is no such file; copy nfmeter.conf.example there, "
				     "or name another with -c",
				     path);
	if (code)
		return nfm_error_set(r->error, code,
				     "%s: cannot read the configuration: %s; check the file",
				     path, strerror(-code));
	return take_text(r, path, text, len);
}

/* ---- the drop-ins ---- */

int nfm_config_settings_path(const char *path, char *out, size_t size)
{
	return snprintf(out, size, "%s" NFM_CONFIG_DROP_IN "/" NFM_CONFIG_SETTINGS, path) >=
			       (int)size ?
		       -ENAMETOOLONG :
		       0;
}

static int is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

/* By bytes: the same order whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int take_settings(struct reading *r, const char *path)
{
	const char *text = r->place->settings;

	r->sources.settings = r->sources.file_count;
	return text ? take_text(r, path, text, strlen(text)) : take_file(r, path, false);
}

/* One name of the folder; the settings that are to be tried stand where their name would be. */
static int take_drop_in(struct reading *r, const char *name, const char *settings)
{
	bool is_settings = !strcmp(name, NFM_CONFIG_SETTINGS);
	char path[PATH_MAX];
	int code = 0;

	if (r->place->settings && r->sources.settings < 0 &&
	    strcmp(name, NFM_CONFIG_SETTINGS) > 0)
		code = take_settings(r, settings);
	if (code)
		return code;
	if (is_settings)
		return take_settings(r, settings);
	if (snprintf(path, sizeof(path), "%s" NFM_CONFIG_DROP_IN "/%s", r->place->path, name) >=
	    (int)sizeof(path))
		return nfm_error_set(r->error, -ENAMETOOLONG, "%s: too long a path", name);
	return take_file(r, path, false);
}

static void free_list(struct dirent **list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static int take_drop_ins(struct reading *r)
{
	char settings[PATH_MAX], folder[PATH_MAX];
	struct dirent **list = NULL;
	int count, code = nfm_config_settings_path(r->place->path, settings, sizeof(settings));

	if (code)
		return nfm_error_set(r->error, code, "%s: too long a path", r->place->path);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(settings, '/') - settings),
		 settings);
	count = scandir(folder, &list, is_drop_in, by_name);
	if (count < 0 && errno != ENOENT && errno != ENOTDIR)
		return nfm_error_set(r->error, -errno, "%s: cannot read the drop-ins: %m", folder);
	for (int i = 0; i < count && !code; i++)
		code = take_drop_in(r, list[i]->d_name, settings);
	free_list(list, NFM_MAX(count, 0));
	if (!code && r->place->settings && r->sources.settings < 0)
		code = take_settings(r, settings);
	return code;
}

/* ---- the whole ---- */

/* What no line is wrong in by itself. */
static void check_whole(struct reading *r)
{
	const struct nfm_config *config = r->target.config;
	const char *path = r->sources.file[r->sources.file_count - 1];
	unsigned int count = r->target.exporters.count;

	if (count > config->max_exporters) {
		r->wrong = true;
		nfm_error_add(r->error,
			      "%s:%u: %u exporters' addresses, but max-exporters is %u; raise it "
			      "in [collector]",
			      path, r->target.last_line, count, config->max_exporters);
	}
	if (!config->http_certificate[0] != !config->http_key[0]) {
		r->wrong = true;
		nfm_error_add(r->error,
			      "%s:%u: [http] certificate and key go together; set both, or none",
			      path, r->target.last_line);
	}
}

static int read_files(struct reading *r)
{
	int code;

	if (!r->place->path)
		return 0;
	nfm_error_set(r->error, 0, "%s", "");
	code = take_file(r, r->place->path, r->place->may_be_missing);
	if (!code)
		code = take_drop_ins(r);
	if (code)
		return code;
	check_whole(r);
	return r->wrong ? -EINVAL : 0;
}

int nfm_config_read_place(const struct nfm_config_place *place, struct nfm_config *out,
			  struct nfm_config_sources *sources, struct nfm_error *error)
{
	_cleanup_free_ struct nfm_config *config = malloc(sizeof(*config));
	struct reading r = { .place = place, .target.config = config, .error = error };
	int code = config ? set_defaults(&r.target) : -ENOMEM;

	r.target.sources = &r.sources;
	r.sources.settings = NFM_CONFIG_DEFAULT;
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		r.sources.from[i] = NFM_CONFIG_DEFAULT;
	if (code)
		return nfm_error_set(error, code, "configuration: cannot set the defaults: %s",
				     strerror(-code));
	code = read_files(&r);
	if (!code) {
		config->exporters = NFM_STEAL_PTR(r.target.exporters.entries);
		config->exporter_count = r.target.exporters.count;
		*out = *config;
	}
	nfm_config_exporters_clear(&r.target.exporters);
	if (!code && sources)
		*sources = r.sources;
	else
		nfm_config_sources_clear(&r.sources);
	return code;
}

int nfm_config_read(const char *path, struct nfm_config *out, struct nfm_error *error)
{
	const struct nfm_config_place place = { .path = path };

	return nfm_config_read_place(&place, out, NULL, error);
}

void nfm_config_clear(struct nfm_config *config)
{
	free(config->exporters);
	config->exporters = NULL;
	config->exporter_count = 0;
}

void nfm_config_sources_clear(struct nfm_config_sources *sources)
{
	for (int i = 0; i < sources->file_count; i++)
		free(sources->file[i]);
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		free(sources->value[i]);
	*sources = (struct nfm_config_sources){ .settings = NFM_CONFIG_DEFAULT };
}

const char *nfm_config_value(const struct nfm_config_sources *sources, size_t key)
{
	return sources->value[key] ? sources->value[key] : nfm_config_keys[key].fallback;
}

const char *nfm_config_origin(int from)
{
	return from < 0 ? "default" : from == 0 ? "file" : "drop-in";
}

int nfm_config_find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		if (nfm_config_keys[i].size && !strcmp(nfm_config_keys[i].section, section) &&
		    !strcmp(nfm_config_keys[i].name, name))
			return (int)i;
	return -ENOENT;
}
