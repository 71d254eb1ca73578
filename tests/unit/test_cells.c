// SPDX-License-Identifier: GPL-2.0-only
/* Parts of amounts: exact for every split, whatever the sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "history/cells.h"

#define POINTS_MOST 512U
#define ROUNDS 20000U

static uint64_t seed;

static uint64_t random_u64(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Of any size: as many small ones as large ones. */
static uint64_t random_sized(unsigned int bits)
{
	unsigned int size = (unsigned int)(random_u64() % (bits + 1));

	return size ? random_u64() >> (64 - size) : 0;
}

static int setup(void **state)
{
	(void)state;
	seed = 2026;
	return 0;
}

static uint64_t part_of(uint64_t value, const uint64_t *edge, uint64_t a, uint64_t b)
{
	return nfm_cell_part(value, edge[0], edge[1], a, b);
}

static void parts_are_floors(void **state)
{
	const uint64_t most[2] = { 0, UINT64_MAX };

	(void)state;
	assert_int_equal(nfm_cell_part(100, 0, 300, 0, 100), 33);
	assert_int_equal(nfm_cell_part(100, 0, 300, 100, 200), 33);
	assert_int_equal(nfm_cell_part(100, 0, 300, 200, 300), 34);
	assert_int_equal(nfm_cell_part(100, 50, 350, 0, 150), 33); /* cut to the cell */
	assert_int_equal(nfm_cell_part(100, 0, 300, 250, 900), 17);
	assert_int_equal(nfm_cell_part(100, 0, 300, 300, 900), 0);
	assert_int_equal(nfm_cell_part(100, 200, 300, 0, 200), 0);
	assert_int_equal(nfm_cell_part(100, 0, 300, 200, 100), 0); /* no range */
	assert_int_equal(part_of(UINT64_MAX, most, 0, UINT64_MAX / 2), UINT64_MAX / 2);
	assert_int_equal(part_of(UINT64_MAX, most, 1, UINT64_MAX), UINT64_MAX - 1);
	assert_int_equal(nfm_cell_part(UINT64_MAX, 7, 7 + (1ULL << 42), 7, 7 + (1ULL << 41)),
			 UINT64_MAX / 2);
}

static void a_moment_lies_in_one_part(void **state)
{
	(void)state;
	assert_int_equal(nfm_cell_part(9, 100, 100, 0, 100), 0);
	assert_int_equal(nfm_cell_part(9, 100, 100, 100, 101), 9);
	assert_int_equal(nfm_cell_part(9, 100, 100, 100, 100), 0);
	assert_int_equal(nfm_cell_part(9, 100, 100, 101, 200), 0);
	assert_int_equal(nfm_cell_part(9, 100, 100, 0, UINT64_MAX), 9);
	assert_int_equal(nfm_cell_part(9, 100, 90, 100, 101), 9); /* ends before it begins */
	assert_int_equal(nfm_cell_part(9, 100, 90, 90, 100), 0);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Any split of any range: the parts add up to that of the range, and grow with it. */
static void splits_add_up(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t value = random_sized(64), sum = 0, before = 0;
		uint64_t edge[2], at[8];

		edge[0] = random_sized(42);
		edge[1] = edge[0] + random_sized(round % 2 ? 42 : 20);
		for (size_t i = 0; i < NFM_ARRAY_SIZE(at); i++)
			at[i] = edge[0] + random_sized(42) - random_u64() % (edge[0] + 1);
		qsort(at, NFM_ARRAY_SIZE(at), sizeof(*at), by_size);
		for (size_t i = 1; i < NFM_ARRAY_SIZE(at); i++) {
			uint64_t whole = part_of(value, edge, at[0], at[i]);

			sum += part_of(value, edge, at[i - 1], at[i]);
			assert_int_equal(sum, whole);
			assert_true(whole >= before && whole <= value);
			before = whole;
		}
		assert_int_equal(part_of(value, edge, edge[0], edge[1] + 1), value);
	}
}

static void grids_count_their_points(void **state)
{
	(void)state;
	assert_int_equal(nfm_grid_points(&(struct nfm_grid){ 0, 86400000, 300000 }), 288);
	assert_int_equal(nfm_grid_points(&(struct nfm_grid){ 0, 86400001, 300000 }), 289);
	assert_int_equal(nfm_grid_points(&(struct nfm_grid){ 5, 6, 300000 }), 1);
	assert_int_equal(nfm_grid_points(&(struct nfm_grid){ 5, 5, 300000 }), 0);
	assert_int_equal(nfm_grid_points(&(struct nfm_grid){ 6, 5, 300000 }), 0);
	assert_int_equal(nfm_grid_points(&(struct nfm_grid){ 5, 90, 0 }), 1);
	assert_int_equal(nfm_grid_points(&(struct nfm_grid){ 0, UINT64_MAX, 1 }), UINT32_MAX);
}

struct spread {
	struct nfm_grid grid;
	uint64_t point[NFM_CELL_COLUMNS][POINTS_MOST];
	uint64_t *column[NFM_CELL_COLUMNS];
};

static void spread_open(struct spread *s, uint64_t from_ms, uint64_t to_ms, uint64_t step_ms)
{
	memset(s, 0, sizeof(*s));
	s->grid = (struct nfm_grid){ from_ms, to_ms, step_ms };
	assert_true(nfm_grid_points(&s->grid) <= POINTS_MOST);
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		s->column[c] = s->point[c];
}

/* Each point has what nfm_cell_part() says, and what is behind the last one is left alone. */
static void assert_spread(const struct spread *s, const struct nfm_cell *cell)
{
	uint32_t points = nfm_grid_points(&s->grid);

	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++) {
		for (uint32_t i = 0; i < POINTS_MOST; i++) {
			uint64_t a = s->grid.from_unix_ms + i * s->grid.step_ms;
			uint64_t b = NFM_MIN(a + s->grid.step_ms, s->grid.to_unix_ms);

			assert_int_equal(s->point[c][i],
					 i >= points ? 0
						     : nfm_cell_part(cell->column[c],
								     cell->from_unix_ms,
								     cell->to_unix_ms, a, b));
		}
	}
}

static void spreading_is_taking_parts(void **state)
{
	static struct spread s;

	(void)state;
	for (unsigned int round = 0; round < ROUNDS / 20; round++) {
		uint64_t from_ms = 1000000 + random_u64() % 1000;
		uint64_t step_ms = 1 + random_u64() % 100;
		struct nfm_cell cell = { .from_unix_ms = 999000 + random_u64() % 4000 };

		cell.to_unix_ms = cell.from_unix_ms + random_sized(13);
		for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
			cell.column[c] = random_sized(64);
		spread_open(&s, from_ms, from_ms + random_u64() % (step_ms * 30), step_ms);
		nfm_cell_spread(&cell, &s.grid, s.column);
		assert_spread(&s, &cell);
	}
}

static void spreading_keeps_to_the_grid(void **state)
{
	static struct spread s;
	struct nfm_cell cell = { 500, 2500, { 2000, 0, 0, 0, 0, 20 } };

	(void)state;
	spread_open(&s, 1000, 1950, 100);
	s.column[NFM_CELL_UP_BYTES] = NULL;
	nfm_cell_spread(&cell, &s.grid, s.column);
	cell.column[NFM_CELL_UP_BYTES] = 0;
	assert_spread(&s, &cell);
	for (uint64_t at = 999; at <= 1950; at += 951) { /* moments outside */
		spread_open(&s, 1000, 1950, 100);
		cell.from_unix_ms = cell.to_unix_ms = at;
		nfm_cell_spread(&cell, &s.grid, s.column);
		assert_spread(&s, &(struct nfm_cell){ 0 });
	}
	spread_open(&s, 1000, 1950, 100);
	cell.from_unix_ms = cell.to_unix_ms = 1949;
	nfm_cell_spread(&cell, &s.grid, s.column);
	assert_int_equal(s.point[NFM_CELL_DOWN_FLOWS][9], 20);
}

/* Sums over whole hours agree with those of the samples, wherever a cell is cut. */
static void coarse_points_are_sums_of_fine_ones(void **state)
{
	static struct spread fine, coarse;
	const uint64_t day_ms = 24 * 3600 * 1000;

	(void)state;
	spread_open(&fine, 0, day_ms, 300 * 1000);
	spread_open(&coarse, 0, day_ms, 3600 * 1000);
	for (unsigned int round = 0; round < ROUNDS / 20; round++) {
		struct nfm_cell cell = { .from_unix_ms = random_u64() % day_ms };

		cell.to_unix_ms = cell.from_unix_ms + random_sized(27);
		for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
			cell.column[c] = random_sized(40);
		nfm_cell_spread(&cell, &fine.grid, fine.column);
		nfm_cell_spread(&cell, &coarse.grid, coarse.column);
	}
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++) {
		for (uint32_t i = 0; i < 24; i++) {
			for (uint32_t k = 0; k < 12; k++)
				coarse.point[c][i] -= fine.point[c][i * 12 + k];
			assert_int_equal(coarse.point[c][i], 0);
		}
	}
}

#define SLOT_MS 1763856000000ULL

static const struct nfm_snapshot_meta meta = {
	.slot_unix_ns = SLOT_MS * NFM_NS_PER_MS,
	.from_unix_ns = (SLOT_MS + 10) * NFM_NS_PER_MS,
	.to_unix_ns = (SLOT_MS + 300020) * NFM_NS_PER_MS,
	.interval_s = 300,
	.earlier_slots = 24,
};

static void entries_become_cells(void **state)
{
	const struct nfm_snapshot_count up = { 1000, 10, 1 }, down = { 5000, 50, 5 };
	const struct nfm_snapshot_earlier earlier[] = { { 1, 100, 2000 },
							{ 6, 0, 1 },
							{ 7, 0, 0 } };
	const struct nfm_cell want[] = {
		{ SLOT_MS - 300000, SLOT_MS, { 100, 2000 } },
		{ SLOT_MS - 1800000, SLOT_MS - 1500000, { 0, 1 } },
		{ SLOT_MS, SLOT_MS + 300020, { 900, 2999, 10, 50, 1, 5 } },
	};
	struct nfm_cell cell[4];

	(void)state;
	assert_int_equal(nfm_cells_of_entry(&meta, &up, &down, earlier, 3, cell), 3);
	assert_memory_equal(cell, want, sizeof(want));
	assert_int_equal(nfm_cells_of_entry(&meta, &up, &down, NULL, 0, cell), 1);
	assert_int_equal(cell[0].column[NFM_CELL_DOWN_BYTES], 5000);
}

static void odd_entries_add_up_too(void **state)
{
	const struct nfm_snapshot_count up = { 1000, 0, 0 }, down = { 0, 0, 0 };
	const struct nfm_snapshot_earlier earlier[] = { { 1, 900, 3 }, { UINT32_MAX, 900, 0 } };
	struct nfm_snapshot_meta odd = meta;
	struct nfm_cell cell[3];

	(void)state;
	odd.interval_s = UINT32_MAX;
	assert_int_equal(nfm_cells_of_entry(&odd, &up, &down, earlier, 2, cell), 2);
	assert_int_equal(cell[0].column[NFM_CELL_UP_BYTES], 900);
	assert_int_equal(cell[0].column[NFM_CELL_DOWN_BYTES], 0);
	assert_int_equal(cell[1].column[NFM_CELL_UP_BYTES], 100);
	assert_int_equal(cell[1].from_unix_ms, 0);
	assert_int_equal(nfm_cells_of_entry(&meta, &down, &down, NULL, 0, cell), 0);
	odd = meta;
	odd.to_unix_ns = odd.slot_unix_ns - 1; /* a clock that was put back */
	assert_int_equal(nfm_cells_of_entry(&odd, &up, &down, NULL, 0, cell), 1);
	assert_int_equal(cell[0].from_unix_ms, SLOT_MS);
	assert_int_equal(cell[0].to_unix_ms, SLOT_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(parts_are_floors, setup),
		cmocka_unit_test_setup(a_moment_lies_in_one_part, setup),
		cmocka_unit_test_setup(splits_add_up, setup),
		cmocka_unit_test_setup(grids_count_their_points, setup),
		cmocka_unit_test_setup(spreading_is_taking_parts, setup),
		cmocka_unit_test_setup(spreading_keeps_to_the_grid, setup),
		cmocka_unit_test_setup(coarse_points_are_sums_of_fine_ones, setup),
		cmocka_unit_test_setup(entries_become_cells, setup),
		cmocka_unit_test_setup(odd_entries_add_up_too, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
