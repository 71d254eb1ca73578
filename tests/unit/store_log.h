/* SPDX-License-Identifier: GPL-2.0-only */
/* A store with its log on disk, and what is in a store as lines of text. After cmocka.h. */
#ifndef NFM_TEST_STORE_LOG_H
#define NFM_TEST_STORE_LOG_H

#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "flow/store_file.h"
#include "flow/store_format.h"
#include "folder.h"
#include "made_template.h"

#define S_NS 1000000000ULL
#define LINES_MAX 64U
#define LINE_MAX_BYTES 512U

struct lines {
	uint32_t count;
	char line[LINES_MAX][LINE_MAX_BYTES];
};

static struct nfm_store *store; /* that the log is of */
static struct nfm_store_file file;

static inline void add_line(void *cookie, const struct nfm_store_change *change)
{
	struct lines *lines = cookie;
	const struct nfm_template *t = change->template;
	const struct nfm_template_name *name = t ? &t->name : &change->sampler->stream;
	char *line = lines->line[lines->count++];
	int n;

	assert_true(lines->count <= LINES_MAX);
	n = snprintf(line, LINE_MAX_BYTES, "%u/%u/%u/%u ", name->exporter.byte[15], name->version,
		     name->domain, name->id);
	if (!t) {
		snprintf(line + n, LINE_MAX_BYTES - (size_t)n, "sampler %llx %u/%u",
			 (unsigned long long)change->sampler->id, change->sampler->sampling.num,
			 change->sampler->sampling.den);
		return;
	}
	n += snprintf(line + n, LINE_MAX_BYTES - (size_t)n, "%s %llu %llu ",
		      t->options ? "options" : "data",
		      (unsigned long long)t->learned_unix_ns, (unsigned long long)t->seen_unix_ns);
	for (uint32_t i = 0; i < t->raw_bytes && n + 2U < LINE_MAX_BYTES; i++)
		n += snprintf(line + n, LINE_MAX_BYTES - (size_t)n, "%02x", t->raw[i]);
}

static inline struct lines lines_of(const struct nfm_store *s)
{
	struct lines lines = { .count = 0 };

	nfm_store_each(s, add_line, &lines);
	return lines;
}

static inline bool has_line(const struct lines *lines, const char *line)
{
	for (uint32_t i = 0; i < lines->count; i++)
		if (!strcmp(lines->line[i], line))
			return true;
	return false;
}

/* Nothing in `got` that is not in `want`; how many are missing. */
static inline uint32_t assert_subset(const struct lines *got, const struct lines *want)
{
	for (uint32_t i = 0; i < got->count; i++)
		assert_true(has_line(want, got->line[i]));
	return want->count - got->count;
}

/* The same in the same order. */
static inline void assert_same_lines(const struct lines *got, const struct lines *want)
{
	assert_int_equal(got->count, want->count);
	for (uint32_t i = 0; i < want->count; i++)
		assert_string_equal(got->line[i], want->line[i]);
}

/* What the log at `path` makes of an empty store. */
static inline struct lines load_lines(const char *path, uint32_t *damaged)
{
	_cleanup_(nfm_store_free_p) struct nfm_store *loaded = NULL;
	struct nfm_error error = { "" };

	*damaged = 77777;
	assert_int_equal(nfm_store_new(NULL, &loaded), 0);
	assert_int_equal(nfm_store_file_load(path, loaded, damaged, &error), 0);
	return lines_of(loaded);
}

static inline const char *log_path(void)
{
	return in_folder(NFM_STORE_FILE);
}

static inline void assert_log_is_the_store(void)
{
	uint32_t damaged;
	struct lines got = load_lines(log_path(), &damaged);
	struct lines want = lines_of(store);

	assert_int_equal(damaged, 0);
	assert_int_equal(assert_subset(&got, &want), 0);
}

static inline void hear(void *cookie, const struct nfm_store_change *change)
{
	nfm_store_file_append(cookie, change);
}

static inline struct stat log_stat(void)
{
	struct stat st;

	assert_int_equal(stat(log_path(), &st), 0);
	return st;
}

static inline void open_log(void)
{
	struct nfm_error error = { "" };

	assert_int_equal(nfm_store_file_open(&file, log_path(), store, &error), 0);
	nfm_store_listen(store, hear, &file);
}

static inline int log_setup(void **state)
{
	struct nfm_store_limits limits = { .per_exporter = 6 };

	(void)state;
	file = (struct nfm_store_file){ .fd = -1 };
	if (folder_make() || nfm_store_new(&limits, &store))
		return -1;
	return 0;
}

static inline int log_teardown(void **state)
{
	(void)state;
	nfm_store_file_close(&file);
	nfm_store_free_p(&store);
	return folder_remove();
}

static inline void put(uint8_t exporter, uint16_t version, uint16_t id, bool options,
		       uint32_t fields, uint32_t first)
{
	struct nfm_template_name name = made_name(exporter, version, 7, id);
	struct nfm_template *template = made_template(&name, options, fields, first);

	template->learned_unix_ns = (1000 + first) * S_NS;
	template->seen_unix_ns = (1000 + first) * S_NS;
	assert_int_equal(nfm_store_put(store, template), 0);
}

static inline void put_sampler(uint8_t exporter, uint64_t id, uint32_t num, uint32_t den)
{
	struct nfm_sampler sampler = {
		.stream = made_name(exporter, 9, 7, 0),
		.id = id,
		.sampling = { num, den },
	};

	assert_int_equal(nfm_store_put_sampler(store, &sampler), 0);
}

static inline void withdraw(uint8_t exporter, uint16_t version, uint16_t id)
{
	struct nfm_template_name name = made_name(exporter, version, 7, id);

	nfm_store_withdraw(store, &name);
}

static inline void see(uint8_t exporter, uint16_t version, uint16_t id, uint64_t at_s)
{
	struct nfm_template_name name = made_name(exporter, version, 7, id);

	nfm_store_see(store, nfm_store_find(store, &name), at_s * S_NS);
}

#define STORY_STEPS 18U

/* Of everything that is kept, something; after all steps there is something in the store. */
static inline void story(uint32_t step)
{
	struct nfm_template_name stream = made_name(3, 9, 7, 0);

	switch (step) {
	case 0:
		put(1, 9, 256, false, 3, 1);
		break;
	case 1:
		put(1, 9, 257, true, 2, 34);
		break;
	case 2:
		put(2, 10, 256, false, 2, 1);
		break;
	case 3:
		put_sampler(3, 1, 100, 1);
		break;
	case 4:
		put(1, 9, 256, false, 4, 8); /* another meaning */
		break;
	case 5:
		put_sampler(3, NFM_SAMPLER_ANY, 10, 3);
		break;
	case 6:
		put(2, 10, 300, true, 3, 302);
		break;
	case 7:
		see(1, 9, 257, 5000);
		break;
	case 8:
		withdraw(2, 10, 256);
		break;
	case 9:
		put_sampler(3, 1, 200, 1); /* another rate */
		break;
	case 10:
		put(2, 10, 256, true, 2, 50); /* there again, as another kind */
		break;
	case 11:
		put_sampler(3, 2, 5, 1);
		break;
	case 12:
		nfm_store_withdraw_sampler(store, &stream, 2);
		break;
	case 13:
		put(1, 9, 300, false, 1, 1);
		break;
	case 14:
		put(1, 9, 301, false, 1, 2);
		break;
	case 15:
		put(1, 9, 302, false, 1, 3);
		break;
	case 16:
		put(1, 9, 303, false, 1, 4);
		break;
	case 17:
		put(1, 9, 304, false, 1, 5); /* one too many: 257 is forgotten */
		break;
	}
}

#endif
