/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * settings.conf, the drop-in that nfmeter writes for whoever changes a setting by the page or by
 * `nfmeter config set`. A change is made in memory, tried with the whole configuration, and only
 * then saved: what is wrong leaves no trace.
 */
#ifndef NFM_CONFIG_SETTINGS_H
#define NFM_CONFIG_SETTINGS_H

#include "config/sources.h"

/** One [exporter NAME] section, as texts. */
struct nfm_settings_exporter {
	const char *name;
	const char *addresses; /* with blanks between them */
	const char *sampling;  /* NULL: the default */
	bool no_nat;
	bool repair_wraps;
};

/** What settings.conf has, or is to have. */
struct nfm_settings {
	char *value[NFM_CONFIG_KEYS]; /* NULL: not in it */
	bool changed[NFM_CONFIG_KEYS];
	struct nfm_settings_exporter *exporters; /* texts malloc'd */
	size_t exporter_count;
	char *changed_exporter; /* name of the one that was set */
};

/** Reads settings.conf, that of the file `path`; none is an empty one. As nfm_config_read(). */
int nfm_settings_load(const char *path, struct nfm_settings *out, struct nfm_error *error);
void nfm_settings_clear(struct nfm_settings *settings);

/** NULL for `value`: the key goes out, so that the other files' value or the default holds. */
int nfm_settings_set(struct nfm_settings *settings, const char *section, const char *name,
		     const char *value, struct nfm_error *error);

/** Adds the section, or puts it in the place of the one of the same name. */
int nfm_settings_set_exporter(struct nfm_settings *settings,
			      const struct nfm_settings_exporter *exporter,
			      struct nfm_error *error);

/** -ENOENT: no such section in settings.conf; those of other files are not ours. */
int nfm_settings_remove_exporter(struct nfm_settings *settings, const char *name,
				 struct nfm_error *error);

/**
 * Reads the whole configuration as it would be with these settings. *text (malloc'd) is what to
 * save then. -EINVAL: a wrong value, or one that a drop-in of a later name would hide.
 */
int nfm_settings_try(const struct nfm_settings *settings, const struct nfm_config_place *place,
		     char **text, struct nfm_config *config, struct nfm_config_sources *sources,
		     struct nfm_error *error);

/** Puts the text in the place of settings.conf, at once; makes the folder if it is missing. */
int nfm_settings_save(const char *path, const char *text, struct nfm_error *error);

/** "auto", "trust-data", "N" or "N/M". Returns buf (>= 32 bytes). */
char *nfm_settings_format_sampling(const struct nfm_config_exporter *exporter, char *buf,
				   size_t size);

#endif
