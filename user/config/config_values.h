/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of the configuration file: what config.c's table of keys is made of. */
#ifndef NFM_CONFIG_VALUES_H
#define NFM_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* Rows of exporters are 16-bit numbers in the sequence log. */
#define NFM_CONFIG_EXPORTERS_LIMIT 65535U

/** All [exporter NAME] sections read so far, and the open one. */
struct nfm_config_exporters {
	struct nfm_config_exporter *entries; /* one per address */
	unsigned int *lines;		     /* same index: where the section begins */
	unsigned int count, size;
	uint16_t file;	    /* that is being read */
	unsigned int first; /* of the open section */
	unsigned int line;  /* of the open section; 0: none is open */
	struct nfm_config_exporter open; /* its name and sampling */
};

struct nfm_config_sources;

/** Where a value goes, and what was wrong with it. */
struct nfm_config_target {
	struct nfm_config *config;
	struct nfm_config_sources *sources;
	struct nfm_config_exporters exporters;
	char at_fault[64];	  /* the word of a list that is wrong; empty: the whole value */
	unsigned int first_line; /* -EEXIST: where it was given first; 0: in the same value */
	uint16_t first_file;
	unsigned int last_line; /* of the file that was read last */
};

struct nfm_config_key {
	const char *section;
	const char *name;
	/* -EINVAL, -ERANGE, -E2BIG (too many), -EEXIST (twice), -ENAMETOOLONG, -ENOMEM */
	int (*parse)(const struct nfm_config_key *key, struct nfm_config_target *to,
		     const char *value);
	const char *fallback;
	const char *form; /* what is accepted: "write …" */
	const char *help;
	size_t offset;	   /* of the member that a general parser fills */
	size_t size;	   /* of all that the key fills, from `offset` on; 0: of an exporter */
	uint64_t min, max; /* numbers: the range; texts: bytes, the NUL of `max` included */
	bool shown_off;	   /* the reference shows it as a comment */
	bool live;	   /* a running agent takes a new value over; else the next start does */
	bool page;	   /* may be set by the page: no paths, no users, nothing that is run */
	bool secret;	   /* may hold a password: its value is not shown */
};

/* The section "[exporter NAME]": the only one that repeats. */
#define NFM_CONFIG_EXPORTER "exporter"

#define NFM_CONFIG_KEYS 40U
extern const struct nfm_config_key nfm_config_keys[NFM_CONFIG_KEYS];

#define NFM_CONFIG_PARSER(name)                                                                   \
	int nfm_config_parse_##name(const struct nfm_config_key *key,                             \
				    struct nfm_config_target *to, const char *value)

/* General: a yes or no, a number, a text, bytes (64 bits), seconds (32 bits) at `offset`. */
NFM_CONFIG_PARSER(flag);
NFM_CONFIG_PARSER(u32);
NFM_CONFIG_PARSER(text);
NFM_CONFIG_PARSER(compression);
NFM_CONFIG_PARSER(bytes);
NFM_CONFIG_PARSER(span);

/* Of one key each. */
NFM_CONFIG_PARSER(interfaces);
NFM_CONFIG_PARSER(xdp);
NFM_CONFIG_PARSER(listen);
NFM_CONFIG_PARSER(ports);
NFM_CONFIG_PARSER(pages);
NFM_CONFIG_PARSER(any_exporter);
NFM_CONFIG_PARSER(size);
NFM_CONFIG_PARSER(lifetime);
NFM_CONFIG_PARSER(customers_file);
NFM_CONFIG_PARSER(autos);
NFM_CONFIG_PARSER(http);
NFM_CONFIG_PARSER(metrics_customers);
NFM_CONFIG_PARSER(url);

/* Of the open [exporter NAME] section: config_exporters.c. */
NFM_CONFIG_PARSER(address);
NFM_CONFIG_PARSER(sampling);
NFM_CONFIG_PARSER(nat);
NFM_CONFIG_PARSER(repair_wraps);

/**
 * Calls `one` for each word of `value`; a failing word stands in to->at_fault afterwards.
 * Returns the number of words or what `one` returned; -E2BIG above `max` words.
 */
int nfm_config_each_word(struct nfm_config_target *to, const char *value, unsigned int max,
			 int (*one)(struct nfm_config_target *to, const char *word,
				    unsigned int index));

/**
 * Opens a section. -EINVAL: a bad name; -EEXIST: a name that was there in this file
 * (to->first_line); an earlier file's section of the name goes.
 */
int nfm_config_exporter_begin(struct nfm_config_target *to, const char *name, unsigned int line);

/** Ends the open section, if one is open: -ENODATA if it gave no address. */
int nfm_config_exporter_end(struct nfm_config_target *to);

void nfm_config_exporters_clear(struct nfm_config_exporters *exporters);

#endif
