// SPDX-License-Identifier: GPL-2.0-only
/* Rates between two readings, across a rotation; who leads in each order. */
#include "view/top.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define CUSTOMERS 500U
#define CAPACITY (NFM_ROW_FIRST + CUSTOMERS)

struct fixture {
	char path[64];
	struct nfm_table table;
	struct nfm_top top;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct nfm_geometry geometry;
	struct nfm_error error;
	uint32_t row;
	int fd;

	if (!f)
		return -1;
	strcpy(f->path, "/tmp/nfmeter-test-top-XXXXXX");
	fd = mkstemp(f->path); /* for the name: the table is made under a fresh one */
	close(fd);
	unlink(f->path);
	nfm_table_geometry_init(&geometry, 2, CAPACITY, 4, 600);
	if (fd < 0 || nfm_table_file_create(f->path, &geometry, &f->table, &error) ||
	    nfm_top_init(&f->top, &f->table, 300, &error)) {
		free(f);
		return -1;
	}
	f->table.ctl->epoch = 2;
	f->table.ctl->names = CAPACITY;
	for (row = NFM_ROW_FIRST; row < CAPACITY; row++) {
		f->table.names[row].state = NFM_NAME_LISTED;
		snprintf(f->table.names[row].id, NFM_ID_SIZE, "c%04u", (row * 7919U) % 9973U);
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	nfm_top_clear(&f->top);
	nfm_table_close(&f->table);
	unlink(f->path);
	free(f);
	return 0;
}

static void count(struct fixture *f, uint32_t row, uint64_t up, uint64_t down)
{
	uint32_t bank = f->table.ctl->epoch & 1;
	struct nfm_row *r = nfm_table_row(&f->table, bank, row & 1, row);

	r->up_bytes += up;
	r->down_bytes += down;
}

static void read_top(struct fixture *f)
{
	struct nfm_error error;

	assert_int_equal(nfm_top_read(&f->top, &error), 0);
	f->top.interval_ns = 2 * NFM_NS_PER_S; /* as if so much time had passed */
}

static void the_first_reading_has_no_rates(void **state)
{
	struct fixture *f = *state;
	struct nfm_error error;

	count(f, 2, 1000, 2000);
	assert_int_equal(nfm_top_read(&f->top, &error), 0);
	assert_int_equal(f->top.since[2].up, 0);
	assert_int_equal(nfm_top_bps(&f->top, 1000), 0);
	assert_int_equal(f->top.sum[2].down, 2000);
}

static void rates_survive_rotations(void **state)
{
	struct fixture *f = *state;
	int i;

	count(f, 2, 1000, 2000);
	read_top(f);
	for (i = 0; i < 5; i++) {
		count(f, 2, 100, 0); /* the end of the old interval */
		f->table.ctl->epoch++;
		count(f, 2, 150, 500);
		read_top(f);
		assert_int_equal(f->top.since[2].up, 250);
		assert_int_equal(f->top.since[2].down, 500);
		assert_int_equal(nfm_top_bps(&f->top, f->top.since[2].up), 1000);
		assert_int_equal(f->top.customers_since.down, 500);
		/* a datagram that began before the rotation ends in the old bank */
		nfm_table_row(&f->table, (f->table.ctl->epoch & 1) ^ 1, 0, 2)->up_bytes += 7;
		read_top(f);
		assert_int_equal(f->top.since[2].up, 7);
		read_top(f);
		assert_int_equal(f->top.since[2].up, 0);
	}
}

static uint64_t key(const struct fixture *f, enum nfm_top_order order, uint32_t row)
{
	const struct nfm_top_bytes *since = &f->top.since[row];

	return order == NFM_TOP_UP ? since->up
	       : order == NFM_TOP_DOWN ? since->down : since->up + since->down;
}

/* The leaders are those that a count of everybody would name. */
static void leaders_lead(void **state)
{
	static const uint32_t limits[] = { 1, 2, 20, 499, 500, 1000 };
	static const enum nfm_top_order orders[] = { NFM_TOP_TOTAL, NFM_TOP_UP, NFM_TOP_DOWN };
	struct fixture *f = *state;
	uint32_t rows[1000];
	uint32_t row, i, o, n;

	read_top(f);
	srand(42);
	for (row = NFM_ROW_FIRST; row < CAPACITY; row++)
		count(f, row, (uint64_t)(rand() % 100), (uint64_t)(rand() % 100));
	read_top(f);
	for (o = 0; o < NFM_ARRAY_SIZE(orders); o++) {
		for (n = 0; n < NFM_ARRAY_SIZE(limits); n++) {
			uint32_t found = nfm_top_leaders(&f->top, orders[o], rows, limits[n]);
			uint32_t better = 0;

			assert_int_equal(found, NFM_MIN(limits[n], CUSTOMERS));
			for (i = 1; i < found; i++)
				assert_true(key(f, orders[o], rows[i - 1]) >=
					    key(f, orders[o], rows[i]));
			for (row = NFM_ROW_FIRST; row < CAPACITY; row++)
				better += key(f, orders[o], row) >
					  key(f, orders[o], rows[found - 1]);
			assert_true(better < found);
		}
	}
}

static void names_are_sorted(void **state)
{
	struct fixture *f = *state;
	uint32_t rows[50];
	uint32_t i;

	read_top(f);
	assert_int_equal(nfm_top_leaders(&f->top, NFM_TOP_NAME, rows, 50), 50);
	for (i = 1; i < 50; i++)
		assert_true(strcmp(f->table.names[rows[i - 1]].id, f->table.names[rows[i]].id) < 0);
}

static void the_removed_show_only_while_they_count(void **state)
{
	struct fixture *f = *state;
	uint32_t rows[CUSTOMERS];

	read_top(f);
	f->table.names[5].state = NFM_NAME_REMOVED;
	f->table.names[6].state = NFM_NAME_REMOVED;
	f->table.names[7].state = NFM_NAME_FREE;
	count(f, 6, 1, 0);
	read_top(f);
	assert_int_equal(nfm_top_leaders(&f->top, NFM_TOP_TOTAL, rows, CUSTOMERS), CUSTOMERS - 2);
	assert_int_equal(rows[0], 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_reading_has_no_rates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rates_survive_rotations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaders_lead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_sorted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_removed_show_only_while_they_count, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
