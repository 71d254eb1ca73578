// SPDX-License-Identifier: GPL-2.0-only
/* Values under hashes: all of a hash, none of another, and growth. */
#include "customers/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static bool has(const struct nfm_index *index, uint32_t hash, uint32_t value)
{
	uint32_t at = 0;
	uint32_t found;

	while ((found = nfm_index_next(index, hash, &at)) != NFM_INDEX_NONE)
		if (found == value)
			return true;
	return false;
}

static void test_same_hash(void **state)
{
	struct nfm_index index;

	(void)state;
	assert_int_equal(nfm_index_open(&index, 0), 0);
	assert_false(has(&index, 5, 0));
	for (uint32_t i = 0; i < 10; i++)
		nfm_index_add(&index, UINT32_MAX, i); /* wraps around the table's end */
	for (uint32_t i = 0; i < 10; i++)
		assert_true(has(&index, UINT32_MAX, i));
	assert_false(has(&index, UINT32_MAX, 10));
	assert_false(has(&index, 0, 1)); /* in the same run of slots */
	nfm_index_close(&index);
}

static void test_growth(void **state)
{
	struct nfm_index index;
	uint32_t hash;

	(void)state;
	assert_int_equal(nfm_index_open(&index, 0), 0);
	for (uint32_t i = 0; i < 10000; i++) {
		assert_int_equal(nfm_index_reserve(&index, 1), 0);
		nfm_index_add(&index, nfm_index_hash(&index, &i, sizeof(i)), i);
	}
	assert_int_equal(index.count, 10000);
	for (uint32_t i = 0; i < 20000; i++) {
		hash = nfm_index_hash(&index, &i, sizeof(i));
		assert_int_equal(has(&index, hash, i), i < 10000);
	}
	nfm_index_close(&index);
}

static void test_room(void **state)
{
	struct nfm_index index;
	const struct nfm_index_slot *slots;

	(void)state;
	assert_int_equal(nfm_index_open(&index, 1000), 0);
	slots = index.slot;
	assert_int_equal(nfm_index_reserve(&index, 1000), 0);
	assert_ptr_equal(index.slot, slots);
	assert_int_equal(nfm_index_reserve(&index, 5000), 0);
	assert_true(index.mask >= 9999);
	assert_true(nfm_index_reserve(&index, UINT32_MAX) < 0);
	assert_int_equal(index.count, 0);
	nfm_index_close(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_hash),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
