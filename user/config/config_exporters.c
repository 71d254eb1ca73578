// SPDX-License-Identifier: GPL-2.0-only
/* The [exporter NAME] sections: names, addresses, and how their records are read. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "config/config_values.h"

#define SAMPLING_MAX 16777216U

void nfm_config_exporters_clear(struct nfm_config_exporters *exporters)
{
	free(exporters->entries);
	free(exporters->lines);
	memset(exporters, 0, sizeof(*exporters));
}

static bool name_is_good(const char *name)
{
	if (!*name || strlen(name) >= sizeof(((struct nfm_config_exporter *)NULL)->name))
		return false;
	for (; *name; name++)
		if (iscntrl((unsigned char)*name))
			return false;
	return true;
}

/* Drops the section of an earlier file: that of a later one takes its place as a whole. */
static void forget(struct nfm_config_exporters *all, const char *name)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < all->count; i++) {
		if (!strcmp(all->entries[i].name, name))
			continue;
		all->entries[kept] = all->entries[i];
		all->lines[kept++] = all->lines[i];
	}
	all->count = kept;
}

int nfm_config_exporter_begin(struct nfm_config_target *to, const char *name, unsigned int line)
{
	struct nfm_config_exporters *all = &to->exporters;

	if (!name_is_good(name))
		return -EINVAL;
	for (unsigned int i = 0; i < all->count; i++) {
		if (!strcmp(all->entries[i].name, name) && all->entries[i].file == all->file) {
			to->first_line = all->lines[i];
			to->first_file = all->file;
			return -EEXIST;
		}
	}
	forget(all, name);
	all->first = all->count;
	all->line = line;
	memset(&all->open, 0, sizeof(all->open));
	all->open.sampling_den = 1;
	all->open.file = all->file;
	strcpy(all->open.name, name);
	return 0;
}

/* Settings may stand before the addresses or behind them: they are set when all is known. */
int nfm_config_exporter_end(struct nfm_config_target *to)
{
	struct nfm_config_exporters *all = &to->exporters;

	if (!all->line)
		return 0;
	all->line = 0;
	for (unsigned int i = all->first; i < all->count; i++) {
		struct nfm_addr addr = all->entries[i].addr;

		all->entries[i] = all->open;
		all->entries[i].addr = addr;
	}
	return all->first < all->count ? 0 : -ENODATA;
}

static int reserve(struct nfm_config_exporters *all)
{
	unsigned int size = all->size ? all->size * 2 : 16;
	struct nfm_config_exporter *entries;
	unsigned int *lines;

	if (all->count < all->size)
		return 0;
	entries = reallocarray(all->entries, size, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	all->entries = entries;
	lines = reallocarray(all->lines, size, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	all->lines = lines;
	all->size = size;
	return 0;
}

static int take_address(struct nfm_config_target *to, const char *word, unsigned int index)
{
	struct nfm_config_exporters *all = &to->exporters;
	struct nfm_config_exporter entry = all->open;

	(void)index;
	if (nfm_units_parse_addr(word, &entry.addr))
		return -EINVAL;
	for (unsigned int i = 0; i < all->count; i++) {
		if (!memcmp(&all->entries[i].addr, &entry.addr, sizeof(entry.addr))) {
			to->first_line = all->lines[i];
			to->first_file = all->entries[i].file;
			return -EEXIST;
		}
	}
	if (all->count >= NFM_CONFIG_EXPORTERS_LIMIT)
		return -E2BIG;
	if (reserve(all))
		return -ENOMEM;
	all->entries[all->count] = entry;
	all->lines[all->count++] = all->line;
	return 0;
}

int nfm_config_parse_address(const struct nfm_config_key *key, struct nfm_config_target *to,
			     const char *value)
{
	int n = nfm_config_each_word(to, value, NFM_CONFIG_EXPORTERS_LIMIT, take_address);

	(void)key;
	return n > 0 ? 0 : n ?: -EINVAL;
}

/*
 * The factor that bytes and packets are multiplied with. Below 1 it would be a sampling rate
 * written the wrong way round (1/1000), which would bill a millionth.
 */
static int parse_factor(const char *value, uint64_t *num, uint64_t *den)
{
	const char *slash = strchr(value, '/');
	char head[16];
	int code;

	*den = 1;
	if (!slash)
		return nfm_units_parse_u64(value, 1, SAMPLING_MAX, num);
	if ((size_t)(slash - value) >= sizeof(head))
		return -EINVAL;
	snprintf(head, sizeof(head), "%.*s", (int)(slash - value), value);
	code = nfm_units_parse_u64(head, 1, SAMPLING_MAX, num);
	if (!code)
		code = nfm_units_parse_u64(slash + 1, 1, SAMPLING_MAX, den);
	if (code)
		return code;
	return *num < *den ? -ERANGE : 0;
}

int nfm_config_parse_sampling(const struct nfm_config_key *key, struct nfm_config_target *to,
			      const char *value)
{
	struct nfm_config_exporter *open = &to->exporters.open;
	bool trust_data = !strcmp(value, "trust-data");
	uint64_t num = 0;
	uint64_t den = 1;
	int code;

	(void)key;
	if (!trust_data && strcmp(value, "auto") != 0) {
		code = parse_factor(value, &num, &den);
		if (code)
			return code;
	}
	open->sampling_num = (uint32_t)num;
	open->sampling_den = (uint32_t)den;
	open->trust_data = trust_data;
	return 0;
}

static int parse_yes(const char *value, bool *yes)
{
	*yes = !strcmp(value, "yes");
	return *yes || !strcmp(value, "no") ? 0 : -EINVAL;
}

int nfm_config_parse_nat(const struct nfm_config_key *key, struct nfm_config_target *to,
			 const char *value)
{
	bool yes;

	(void)key;
	if (parse_yes(value, &yes))
		return -EINVAL;
	to->exporters.open.no_nat = !yes;
	return 0;
}

int nfm_config_parse_repair_wraps(const struct nfm_config_key *key, struct nfm_config_target *to,
				  const char *value)
{
	bool yes;

	(void)key;
	if (parse_yes(value, &yes))
		return -EINVAL;
	to->exporters.open.repair_wraps = yes;
	return 0;
}
