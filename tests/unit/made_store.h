/* SPDX-License-Identifier: GPL-2.0-only */
/* A store for a test, what was heard of it, and what is put in by number. After cmocka.h. */
#ifndef NFM_TEST_MADE_STORE_H
#define NFM_TEST_MADE_STORE_H

#include <stdio.h>

#include "flow/store.h"
#include "made_template.h"

static struct nfm_store *store;

/* What was heard, a letter each: Set, sEen, Withdrawn, Forgotten, sAmpler; then the id. */
static char heard[512];

static inline void hear(void *cookie, const struct nfm_store_change *change)
{
	static const char letter[] = {
		[NFM_STORE_SET] = 'S',	     [NFM_STORE_SEEN] = 'E',	[NFM_STORE_WITHDRAWN] = 'W',
		[NFM_STORE_FORGOTTEN] = 'F', [NFM_STORE_SAMPLER] = 'A',
	};
	size_t len = strlen(heard);

	assert_ptr_equal(cookie, heard);
	assert_true(!change->template != !change->sampler);
	if (change->template)
		snprintf(heard + len, sizeof(heard) - len, "%c%u ", letter[change->event],
			 change->template->name.id);
	else
		snprintf(heard + len, sizeof(heard) - len, "%cp%u ", letter[change->event],
			 (unsigned int)change->sampler->id);
}

static inline void assert_heard(const char *what)
{
	assert_string_equal(heard, what);
	heard[0] = '\0';
}

static inline void make_store(uint32_t per_exporter, uint64_t bytes)
{
	struct nfm_store_limits limits = { .per_exporter = per_exporter, .bytes = bytes };

	nfm_store_free(store);
	store = NULL;
	assert_int_equal(nfm_store_new(&limits, &store), 0);
	heard[0] = '\0';
	nfm_store_listen(store, hear, heard);
}

static inline int store_setup(void **state)
{
	(void)state;
	make_store(0, 0);
	return 0;
}

static inline int store_teardown(void **state)
{
	(void)state;
	nfm_store_free_p(&store);
	store = NULL;
	return 0;
}

static inline struct nfm_template *put_as(const struct nfm_template_name *name, bool options,
				   uint32_t fields)
{
	struct nfm_template *template = made_template(name, options, fields, 1);

	assert_int_equal(nfm_store_put(store, template), 0);
	return template;
}

/* Into stream (exporter, 9, 0). */
static inline struct nfm_template *put(uint8_t exporter, uint16_t id)
{
	struct nfm_template_name name = made_name(exporter, 9, 0, id);

	return put_as(&name, false, 2);
}

static inline struct nfm_template *find(uint8_t exporter, uint16_t id)
{
	struct nfm_template_name name = made_name(exporter, 9, 0, id);

	return nfm_store_find(store, &name);
}

static inline int put_sampler(uint8_t exporter, uint64_t id, uint32_t num, uint32_t den)
{
	struct nfm_sampler sampler = {
		.stream = made_name(exporter, 9, 0, 999), /* its id is not looked at */
		.id = id,
		.sampling = { num, den },
	};

	return nfm_store_put_sampler(store, &sampler);
}

static inline struct nfm_store_count count(void)
{
	struct nfm_store_count count;

	nfm_store_count(store, &count);
	return count;
}

#endif
