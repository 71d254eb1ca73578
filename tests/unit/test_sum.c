// SPDX-License-Identifier: GPL-2.0-only
/* Sums of rows over columns and banks: counters add up, times merge by maximum. */
#include "table/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS 3U
#define CAPACITY 10U
#define EXPORTERS 4U
#define STRIDE (CAPACITY + 2 * EXPORTERS + NFM_REASON_ROWS)

static struct nfm_row rows[(NFM_BANKS * COLUMNS + NFM_BANKS) * STRIDE];
static struct nfm_table table = {
	.rows = rows,
	.geometry = {
		.columns = COLUMNS,
		.capacity = CAPACITY,
		.exporters = EXPORTERS,
		.stride = STRIDE,
	},
};

/* Every word of every row holds a number of its own; a column's and a bank's digit. */
static int set_up(void **state)
{
	(void)state;
	memset(rows, 0, sizeof(rows));
	for (uint32_t bank = 0; bank < NFM_BANKS; bank++) {
		for (uint32_t column = 0; column < COLUMNS; column++)
			for (uint32_t row = 0; row < STRIDE; row++)
				for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
					nfm_table_row(&table, bank, column, row)->word[w] =
						(row * 8 + w + 1)
						<< (4 * (bank * COLUMNS + column));
		for (uint32_t row = 0; row < STRIDE; row++) /* bases are no part of any sum */
			memset(nfm_table_base(&table, bank, row), 0xff, sizeof(*rows));
	}
	return 0;
}

/* What the writers in `mask` (bit bank * COLUMNS + column) have together. */
static void assert_sum(const struct nfm_row *sum, uint32_t row, uint32_t mask)
{
	for (uint32_t w = 0; w < NFM_ROW_WORDS; w++) {
		uint64_t want = 0;

		for (uint32_t writer = 0; writer < NFM_BANKS * COLUMNS; writer++) {
			uint64_t word = (row * 8ULL + w + 1) << (4 * writer);

			if (!(mask & 1U << writer))
				continue;
			if (w == NFM_WORD_LAST_SEEN)
				want = word > want ? word : want;
			else
				want += word;
		}
		assert_int_equal(sum->word[w], want);
	}
}

static void sums_by_writer(void **state)
{
	(void)state;
	for (uint32_t row = 0; row < STRIDE; row++) {
		struct nfm_row sum;

		nfm_table_sum(&table, row, &sum);
		assert_sum(&sum, row, 0x3f);
		nfm_table_sum_kernel(&table, row, &sum);
		assert_sum(&sum, row, 0x1b);
		nfm_table_sum_agent(&table, row, &sum);
		assert_sum(&sum, row, 0x24);
		nfm_table_sum_bank(&table, 0, row, &sum);
		assert_sum(&sum, row, 0x07);
		nfm_table_sum_bank(&table, 1, row, &sum);
		assert_sum(&sum, row, 0x38);
	}
}

static void latest_time_wins(void **state)
{
	struct nfm_row a = { .last_seen_ns = 7, .up_bytes = 1 };
	const struct nfm_row earlier = { .last_seen_ns = 6, .up_bytes = 2 };
	const struct nfm_row later = { .last_seen_ns = 8, .up_bytes = 4, .spare = 5 };

	(void)state;
	nfm_row_add(&a, &earlier);
	assert_int_equal(a.last_seen_ns, 7);
	assert_int_equal(a.up_bytes, 3);
	nfm_row_add(&a, &later);
	assert_int_equal(a.last_seen_ns, 8);
	assert_int_equal(a.up_bytes, 7);
	assert_int_equal(a.spare, 5);
}

static void sections_of_a_column(void **state)
{
	(void)state;
	assert_int_equal(nfm_table_exporter_row(&table, 0), CAPACITY);
	assert_int_equal(nfm_table_exporter_row(&table, EXPORTERS - 1), CAPACITY + EXPORTERS - 1);
	assert_int_equal(nfm_table_reason_row(&table, 0), CAPACITY + EXPORTERS);
	assert_int_equal(nfm_table_notes_row(&table, 0), CAPACITY + EXPORTERS + NFM_REASON_ROWS);
	assert_int_equal(nfm_table_reason_row(&table, NFM_REASON_ROWS - 1),
			 nfm_table_notes_row(&table, 0) - 1);
	assert_int_equal(nfm_table_notes_row(&table, EXPORTERS - 1), STRIDE - 1);
	assert_int_equal(nfm_table_agent_column(&table), COLUMNS - 1);
	/* no two rows share a place, and all places are used */
	assert_ptr_equal(nfm_table_row(&table, 0, 0, 0), rows);
	assert_ptr_equal(nfm_table_row(&table, 0, 1, 0), rows + STRIDE);
	assert_ptr_equal(nfm_table_row(&table, 1, 0, 0), rows + COLUMNS * STRIDE);
	assert_ptr_equal(nfm_table_base(&table, 0, 0), rows + 2 * COLUMNS * STRIDE);
	assert_ptr_equal(nfm_table_base(&table, 1, STRIDE - 1),
			 rows + sizeof(rows) / sizeof(rows[0]) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sums_by_writer, set_up),
		cmocka_unit_test(latest_time_wins),
		cmocka_unit_test(sections_of_a_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
