/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a configuration comes from: the file, and the drop-ins beside it, FILE.d/NAME.conf in order
 * of their names. A key of a later one replaces that of an earlier one, an [exporter NAME] section
 * the section of the same name as a whole. FILE.d/settings.conf is the one that the agent writes:
 * see config/settings.h.
 */
#ifndef NFM_CONFIG_SOURCES_H
#define NFM_CONFIG_SOURCES_H

#include "config/config.h"
#include "config/config_values.h"

#define NFM_CONFIG_DROP_IN ".d"
#define NFM_CONFIG_SETTINGS "settings.conf"
#define NFM_CONFIG_MAX_FILES 256
#define NFM_CONFIG_DEFAULT (-1)

/** What was read: of each key its text, and the file that had it last. */
struct nfm_config_sources {
	char *file[NFM_CONFIG_MAX_FILES]; /* paths; [0] is the one that was named */
	int file_count;
	int settings; /* index of settings.conf; NFM_CONFIG_DEFAULT: there is none */
	int from[NFM_CONFIG_KEYS]; /* index of the file; NFM_CONFIG_DEFAULT */
	char *value[NFM_CONFIG_KEYS]; /* NULL: the default */
};

struct nfm_config_place {
	const char *path;     /* NULL: the defaults alone */
	bool may_be_missing;  /* the file: then the drop-ins stand over the defaults */
	const char *settings; /* read as the content of settings.conf; NULL: what the file has */
};

/** As nfm_config_read(). `sources` may be NULL. */
int nfm_config_read_place(const struct nfm_config_place *place, struct nfm_config *out,
			  struct nfm_config_sources *sources, struct nfm_error *error);

void nfm_config_sources_clear(struct nfm_config_sources *sources);

/** A key's text as it was given, or the default's. */
const char *nfm_config_value(const struct nfm_config_sources *sources, size_t key);

/** "default", "file", "drop-in". */
const char *nfm_config_origin(int from);

/** Index in nfm_config_keys, or -ENOENT; an exporter's keys are not among them. */
int nfm_config_find_key(const char *section, const char *name);

/** Path of settings.conf, whether it is there or not. -ENAMETOOLONG. */
int nfm_config_settings_path(const char *path, char *out, size_t size);

/* ---- config.c ---- */

/**
 * Takes one file's text, named `path` in errors, over what `to` has; `file` is its index. Returns
 * 0, -EINVAL with every wrong line added to `error`, or -ENOMEM.
 */
int nfm_config_take_text(struct nfm_config_target *to, int file, const char *path,
			 const char *text, size_t len, struct nfm_error *error);

#endif
