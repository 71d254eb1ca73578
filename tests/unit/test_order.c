// SPDX-License-Identifier: GPL-2.0-only
/* The order of rows by their ids: whatever it was before, and whatever the names are now. */
#include "snapshot/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 500U

static struct nfm_name names[ROWS];

static void name(uint32_t row, const char *id)
{
	memset(names[row].id, 0, sizeof(names[row].id));
	memcpy(names[row].id, id, strnlen(id, NFM_ID_SIZE));
}

static void name_all(const char *format)
{
	for (uint32_t row = 0; row < ROWS; row++) {
		char id[NFM_ID_SIZE];

		snprintf(id, sizeof(id), format, (row * 7919) % ROWS);
		name(row, id);
	}
}

/* Every row once, and each behind the one before it. */
static void assert_ordered(const struct nfm_order *order, uint32_t end)
{
	bool seen[ROWS] = {};
	char a[NFM_ID_SIZE], b[NFM_ID_SIZE];

	assert_int_equal(order->count, end > NFM_ROW_FIRST ? end - NFM_ROW_FIRST : 0);
	for (uint32_t i = 0; i < order->count; i++) {
		int way;

		assert_in_range(order->row[i], NFM_ROW_FIRST, end - 1);
		assert_false(seen[order->row[i]]);
		seen[order->row[i]] = true;
		if (!i)
			continue;
		way = strcmp(nfm_order_id(names, order->row[i - 1], a),
			     nfm_order_id(names, order->row[i], b));
		assert_true(way < 0 || (!way && order->row[i - 1] < order->row[i]));
	}
}

static void update(struct nfm_order *order, uint32_t end)
{
	assert_int_equal(nfm_order_update(order, names, end), 0);
	assert_ordered(order, end);
}

static void rows_are_in_the_order_of_their_ids(void **state)
{
	static const char *const formats[] = { "%u", "customer-%u", "%05u", "%u-and-a-long-tail",
					       "the same first bytes in all %u", "the same" };

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct nfm_order order = {};

		name_all(formats[i]);
		update(&order, ROWS);
		update(&order, ROWS);
		nfm_order_free(&order);
	}
}

static void rows_come_and_go(void **state)
{
	static const uint32_t ends[] = { 0, 1, 2, 3, 4, 100, 101, 90, 400, 2, 500, 0, 500 };
	struct nfm_order order = {};

	(void)state;
	name_all("customer-%u");
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		update(&order, ends[i]);
	nfm_order_free(&order);
}

static void names_change_in_between(void **state)
{
	struct nfm_order order = {};

	(void)state;
	srandom(1);
	name_all("customer-%u");
	for (uint32_t round = 0; round < 300; round++) {
		for (uint32_t i = 0; i < round % 30; i++) {
			char id[NFM_ID_SIZE];

			snprintf(id, sizeof(id), "%s%lu", random() % 2 ? "customer-" : "",
				 random() % 1000);
			name((uint32_t)random() % ROWS, id);
		}
		update(&order, NFM_ROW_FIRST + (uint32_t)random() % (ROWS - NFM_ROW_FIRST));
	}
	name_all("%05u");
	update(&order, ROWS);
	nfm_order_free(&order);
}

static void rows_without_a_name_have_an_id(void **state)
{
	char buffer[NFM_ID_SIZE];
	struct nfm_order order = {};

	(void)state;
	name_all("customer-%u");
	name(17, "");
	name(18, "");
	memset(names[19].id, 'x', NFM_ID_SIZE);
	memset(names[20].id, 0xff, NFM_ID_SIZE);
	assert_string_equal(nfm_order_id(names, 17, buffer), "row-17");
	assert_int_equal(strlen(nfm_order_id(names, 19, buffer)), NFM_ID_SIZE - 1);
	assert_ptr_equal(nfm_order_id(names, 21, buffer), names[21].id);
	update(&order, ROWS);
	assert_int_equal(order.row[ROWS - NFM_ROW_FIRST - 1], 20);
	name(2, "\xff\xff\xff");
	name(3, "!");
	update(&order, ROWS);
	assert_int_equal(order.row[0], 3);
	nfm_order_free(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_in_the_order_of_their_ids),
		cmocka_unit_test(rows_come_and_go),
		cmocka_unit_test(names_change_in_between),
		cmocka_unit_test(rows_without_a_name_have_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
