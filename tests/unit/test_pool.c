// SPDX-License-Identifier: GPL-2.0-only
/* The pool of templates as a reader finds it: whole, half-linked, damaged. */
#include "table/pool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define STREAM_SLOT 4095U /* the last one there is */
#define DATA_SLOT 0U	  /* the first */

static struct nfm_template_pool *pool;
static const struct nfm_template_key stream = { .domain = 7, .exporter = 3, .version = 9 };
static const struct nfm_template_key data = { .domain = 7, .exporter = 3, .version = 9,
					       .id = 256 };
static const uint8_t raw[] = { 1, 0, 0, 1, 0, 1, 0, 4 };

static uint32_t *link_slot(const struct nfm_template_key *key, uint32_t slot)
{
	uint32_t hash = nfm_template_hash(key);
	uint32_t *way = &pool->way[nfm_template_bucket(hash)];

	for (uint32_t i = 0; i < NFM_TEMPLATE_WAYS; i++) {
		if (way[i])
			continue;
		way[i] = (hash & 0xffff0000U) | (slot + 1);
		return &way[i];
	}
	fail_msg("the bucket is full");
	return NULL;
}

static uint32_t *add(const struct nfm_template_key *key, uint32_t slot, uint16_t kind)
{
	pool->slot[slot].key = *key;
	pool->slot[slot].kind = kind;
	pool->slot[slot].stream = STREAM_SLOT;
	return link_slot(key, slot);
}

static int set_up(void **state)
{
	(void)state;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -1;
	add(&stream, STREAM_SLOT, NFM_SLOT_STREAM);
	add(&data, DATA_SLOT, NFM_SLOT_DATA);
	memcpy(pool->slot[DATA_SLOT].raw, raw, sizeof(raw));
	pool->slot[DATA_SLOT].raw_bytes = sizeof(raw);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(pool);
	return 0;
}

static bool decodes(void)
{
	return nfm_pool_decodes(pool, &data, raw, sizeof(raw));
}

static void what_is_linked_is_found(void **state)
{
	static const struct nfm_template_key others[] = {
		{ .domain = 8, .exporter = 3, .version = 9, .id = 256 },
		{ .domain = 7, .exporter = 4, .version = 9, .id = 256 },
		{ .domain = 7, .exporter = 3, .version = 10, .id = 256 },
		{ .domain = 7, .exporter = 3, .version = 9, .id = 257 },
	};

	(void)state;
	assert_int_equal(nfm_pool_find(pool, &data), DATA_SLOT);
	assert_int_equal(nfm_pool_find(pool, &stream), STREAM_SLOT);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(others); i++)
		assert_int_equal(nfm_pool_find(pool, &others[i]), -ENOENT);
}

/* All ways of one bucket, the last of them alone too. */
static void a_full_bucket_is_searched_to_its_end(void **state)
{
	struct nfm_template_key key[NFM_TEMPLATE_WAYS];
	uint32_t found = 0;

	(void)state;
	memset(pool, 0, sizeof(*pool));
	for (uint32_t domain = 0; found < NFM_TEMPLATE_WAYS; domain++) {
		struct nfm_template_key k = { .domain = domain, .version = 10, .id = 300 };

		if (nfm_template_bucket(nfm_template_hash(&k)))
			continue;
		add(&k, 100 + found, NFM_SLOT_DATA);
		key[found++] = k;
	}
	for (uint32_t i = 0; i < NFM_TEMPLATE_WAYS; i++)
		assert_int_equal(nfm_pool_find(pool, &key[i]), 100 + i);
	memset(pool->way, 0, (NFM_TEMPLATE_WAYS - 1) * sizeof(pool->way[0]));
	assert_int_equal(nfm_pool_find(pool, &key[NFM_TEMPLATE_WAYS - 1]),
			 100 + NFM_TEMPLATE_WAYS - 1);
	assert_int_equal(nfm_pool_find(pool, &key[0]), -ENOENT);
}

/* Two keys whose hashes agree in what the index has of them: the slot's key decides. */
static void an_entry_that_leads_to_another_key(void **state)
{
	(void)state;
	pool->slot[DATA_SLOT].key.id = 999;
	assert_int_equal(nfm_pool_find(pool, &data), -ENOENT);
	assert_false(decodes());
}

static void entries_that_lead_nowhere(void **state)
{
	static const uint32_t slots[] = { NFM_TEMPLATE_SLOTS, 0xfffe, 0xffff /* + 1: none */ };
	uint32_t hash = nfm_template_hash(&data);
	uint32_t first = nfm_template_bucket(hash);

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(slots); i++) {
		for (uint32_t w = 0; w < NFM_TEMPLATE_WAYS; w++)
			pool->way[first + w] =
				(hash & 0xffff0000U) | ((slots[i] + 1) & 0xffff);
		assert_int_equal(nfm_pool_find(pool, &data), -ENOENT);
	}
}

static void the_kernel_decodes_what_is_armed(void **state)
{
	(void)state;
	assert_true(decodes());
	pool->slot[STREAM_SLOT].token = 1;
	assert_false(decodes());
	pool->slot[STREAM_SLOT].token = 0;
	assert_true(decodes());
}

static void only_in_the_same_bytes(void **state)
{
	uint8_t other[sizeof(pool->slot[0].raw) + 1];

	(void)state;
	memcpy(other, raw, sizeof(raw));
	assert_true(nfm_pool_decodes(pool, &data, other, sizeof(raw)));
	assert_false(nfm_pool_decodes(pool, &data, other, sizeof(raw) - 1));
	other[sizeof(raw) - 1]++;
	assert_false(nfm_pool_decodes(pool, &data, other, sizeof(raw)));
	/* a slot that says it has more than a slot can have */
	memset(other, 0, sizeof(other));
	memset(pool->slot[DATA_SLOT].raw, 0, sizeof(pool->slot[0].raw));
	pool->slot[DATA_SLOT].raw_bytes = sizeof(other);
	assert_false(nfm_pool_decodes(pool, &data, other, sizeof(other)));
	pool->slot[DATA_SLOT].raw_bytes = sizeof(other) - 1;
	assert_true(nfm_pool_decodes(pool, &data, other, sizeof(other) - 1));
}

static void other_kinds_are_the_agents(void **state)
{
	(void)state;
	for (uint16_t kind = NFM_SLOT_FREE; kind <= NFM_SLOT_SAMPLING + 1; kind++) {
		pool->slot[DATA_SLOT].kind = kind;
		assert_int_equal(decodes(), kind == NFM_SLOT_DATA);
	}
}

static void a_stream_that_is_none(void **state)
{
	struct nfm_template_slot *slot = &pool->slot[DATA_SLOT];

	(void)state;
	slot->stream = NFM_TEMPLATE_SLOTS;
	assert_false(decodes());
	slot->stream = UINT32_MAX;
	assert_false(decodes());
	slot->stream = DATA_SLOT; /* linked, but another key's */
	assert_false(decodes());
	slot->stream = 17; /* armed, but not linked */
	pool->slot[17] = pool->slot[STREAM_SLOT];
	assert_false(decodes());
	slot->stream = STREAM_SLOT;
	assert_true(decodes());
	pool->slot[STREAM_SLOT].kind = NFM_SLOT_FREE;
	assert_false(decodes());
	pool->slot[STREAM_SLOT].kind = NFM_SLOT_STREAM;
	pool->slot[STREAM_SLOT].key.domain++;
	assert_false(decodes());
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_POOL(what_is_linked_is_found),
		WITH_POOL(a_full_bucket_is_searched_to_its_end),
		WITH_POOL(an_entry_that_leads_to_another_key),
		WITH_POOL(entries_that_lead_nowhere),
		WITH_POOL(the_kernel_decodes_what_is_armed),
		WITH_POOL(only_in_the_same_bytes),
		WITH_POOL(other_kinds_are_the_agents),
		WITH_POOL(a_stream_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
