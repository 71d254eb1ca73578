/* SPDX-License-Identifier: GPL-2.0-only */
/* Days of snapshots of made-up customers, and what their rollups have to say, cell by cell. */
#ifndef NFM_TEST_ROLLUP_DAY_H
#define NFM_TEST_ROLLUP_DAY_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "history/files.h"
#include "history/rollup.h"
#include "history/series.h"
#include "made_history.h"

#define DAY_S 86400ULL
#define MIDNIGHT_S 1763769600ULL /* 2025-11-22 00:00 UTC */
#define INTERVAL_S 3600U	 /* few files, of which some reach over midnight */
#define CUSTOMERS 9U
#define POINTS_MOST 4096U

static const struct nfm_rollup_limits no_limits;

static inline int setup(void **state)
{
	(void)state;
	use_zone("UTC0");
	return folder_make();
}

static inline int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

static inline uint64_t mixed(uint64_t a, uint64_t b)
{
	uint64_t z = a * 0x9e3779b97f4a7c15ULL + b * 0xbf58476d1ce4e5b9ULL;

	z = (z ^ (z >> 29)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 32);
}

static inline struct nfm_snapshot_count made_count(uint64_t a, uint64_t b)
{
	return (struct nfm_snapshot_count){ mixed(a, b) >> 20, mixed(a, b + 1) >> 40,
					    mixed(a, b + 2) >> 50 };
}

/* The customers of a file: some are in each, some in a few; `entry` and `id` hold them. */
static inline uint32_t made_customers(uint64_t from_s, struct made_entry *entry,
				      char id[CUSTOMERS][16])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		struct made_entry *e = &entry[count];

		if (i % 3 == 2 && mixed(from_s, i) % 4)
			continue;
		snprintf(id[count], 16, "c%u", i);
		*e = (struct made_entry){
			.id = id[count],
			.name = from_s % DAY_S >= DAY_S / 2 ? "afternoon" : "morning",
			.up = made_count(from_s, i * 10),
			.down = made_count(from_s, i * 10 + 5),
		};
		if (mixed(from_s, i + 100) % 8 < 6)
			e->earlier = (struct nfm_snapshot_earlier){
				.back = 1 + (uint32_t)(mixed(from_s, i + 200) % 2),
				.up_bytes = e->up.bytes / 3,
				.down_bytes = e->down.bytes / 5,
			};
		count++;
	}
	return count;
}

/* The snapshot of an interval: its path. */
static inline const char *make_interval(uint64_t epoch, uint64_t from_s, uint32_t interval_s)
{
	struct made_entry entry[CUSTOMERS];
	char id[CUSTOMERS][16];
	struct made_file file = {
		.meta = made_meta(epoch, from_s, interval_s),
		.entries = entry,
		.unmatched = made_count(from_s, 1000),
		.local = made_count(from_s, 2000),
		.lost_records = epoch * 10,
		.lost_datagrams = epoch * 3,
		.rejected_records = 5,
		.rejected_datagrams = 2,
	};

	file.entry_count = made_customers(from_s, entry, id);
	file.unmatched_earlier = (struct nfm_snapshot_earlier){ 1 + (uint32_t)(epoch % 2),
								file.unmatched.bytes / 7, 0 };
	return make_snapshot(&file);
}

/* Snapshots of [from, to), with epochs from 2 on. */
static inline void make_intervals(uint64_t from_s, uint64_t to_s, uint32_t interval_s)
{
	uint64_t epoch = 2;

	for (; from_s < to_s; from_s += interval_s)
		make_interval(epoch++, from_s, interval_s);
}

static inline int run_rollup(uint64_t now_s, struct nfm_rollup_result *result)
{
	struct nfm_error error = { .text = "" };
	int code = nfm_rollup_run(folder, &no_limits, now_s, NULL, NULL, result, &error);

	if (code && code != -EBUSY)
		print_message("%s\n", error.text);
	return code;
}

static inline bool exists(const char *name)
{
	return access(in_folder(name), F_OK) == 0;
}

static inline struct nfm_series_reader *open_rollup(const char *name)
{
	struct nfm_series_reader *r;
	char path[64];

	snprintf(path, sizeof(path), "rollup/%s", name);
	assert_int_equal(nfm_series_reader_open(in_folder(path), &r, NULL), 0);
	return r;
}

/* ---- what ought to be there ---- */

struct expected {
	struct nfm_grid grid;
	uint64_t point[NFM_CELL_COLUMNS][POINTS_MOST];
	uint64_t *column[NFM_CELL_COLUMNS];
	char name[64];
};

static inline void expect_entry(struct expected *e, const struct nfm_snapshot_meta *meta,
				const struct nfm_snapshot_customer *customer)
{
	struct nfm_grid day = { e->grid.from_unix_ms, e->grid.to_unix_ms, 0 };
	uint64_t sum[NFM_CELL_COLUMNS] = { 0 };
	uint64_t *const column[] = { &sum[0], &sum[1], &sum[2], &sum[3], &sum[4], &sum[5] };
	struct nfm_cell cell[8];
	uint32_t count = nfm_cells_of_entry(meta, &customer->up, &customer->down, customer->earlier,
					    customer->earlier_count, cell);

	for (uint32_t i = 0; i < count; i++) {
		nfm_cell_spread(&cell[i], &e->grid, e->column);
		nfm_cell_spread(&cell[i], &day, column);
	}
	if (sum[0] || sum[1] || sum[2] || sum[3] || sum[4] || sum[5]) /* the latest name holds */
		snprintf(e->name, sizeof(e->name), "%s", customer->name);
}

/* Reads one file after the other for one customer: slow and simple. */
static inline void expect(struct expected *e, const struct nfm_grid *grid,
			  enum nfm_series_kind kind, const char *id)
{
	struct nfm_snapshot_file *files;
	uint32_t count;

	memset(e, 0, sizeof(*e));
	e->grid = *grid;
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		e->column[c] = e->point[c];
	assert_int_equal(nfm_files_snapshots(folder, &files, &count, NULL), 0);
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_snapshot_count unmatched, local, total;
		struct nfm_snapshot_customer customer = { .id = "", .name = "" };
		struct nfm_snapshot_reader *r;

		if (nfm_snapshot_reader_open(in_folder(files[i].name), &r, NULL))
			continue; /* damaged: left out */
		nfm_snapshot_reader_totals(r, &unmatched, &local, &total);
		if (kind != NFM_SERIES_CUSTOMER) {
			bool is_local = kind == NFM_SERIES_LOCAL;

			customer.up = is_local ? local : unmatched;
			customer.earlier = nfm_snapshot_reader_earlier(
				r, is_local ? NFM_ROW_LOCAL : NFM_ROW_UNMATCHED,
				&customer.earlier_count);
			expect_entry(e, nfm_snapshot_reader_meta(r), &customer);
		}
		while (nfm_snapshot_reader_customer(r, &customer) == 1)
			if (kind == NFM_SERIES_CUSTOMER && !strcmp(customer.id, id))
				expect_entry(e, nfm_snapshot_reader_meta(r), &customer);
		nfm_snapshot_reader_free(r);
	}
	free(files);
}

static inline void assert_entry(const struct nfm_series_reader *r,
				const struct nfm_series_entry *entry, const struct expected *e)
{
	static uint64_t point[NFM_CELL_COLUMNS][POINTS_MOST];
	uint32_t points = nfm_series_reader_head(r)->points;
	uint64_t *column[NFM_CELL_COLUMNS];

	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		column[c] = point[c];
	assert_int_equal(nfm_series_reader_columns(r, entry, column), 0);
	assert_string_equal(entry->name, e->name);
	for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
		assert_memory_equal(point[c], e->point[c], points * sizeof(uint64_t));
}

/* Whether all entries but the quality are in the file, and as they ought to be. */
static inline void assert_rollup(const char *name)
{
	static struct expected e;
	struct nfm_series_reader *r = open_rollup(name);
	struct nfm_series_entry entry;
	uint64_t found = 0;

	assert_true(nfm_series_reader_head(r)->points <= POINTS_MOST);
	for (unsigned int i = 0; i < CUSTOMERS + 2; i++) {
		enum nfm_series_kind kind = i < CUSTOMERS    ? NFM_SERIES_CUSTOMER
					    : i == CUSTOMERS ? NFM_SERIES_UNMATCHED
							     : NFM_SERIES_LOCAL;
		char id[16] = "";
		uint64_t all = 0;

		if (kind == NFM_SERIES_CUSTOMER)
			snprintf(id, sizeof(id), "c%u", i);
		expect(&e, &nfm_series_reader_head(r)->grid, kind, id);
		for (unsigned int c = 0; c < NFM_CELL_COLUMNS; c++)
			for (uint32_t k = 0; k < nfm_series_reader_head(r)->points; k++)
				all |= e.point[c][k];
		assert_int_equal(nfm_series_reader_find(r, kind, id, &entry), all != 0);
		if (!all)
			continue;
		assert_entry(r, &entry, &e);
		found++;
	}
	assert_int_equal(nfm_series_reader_head(r)->entries, found + 1);
	nfm_series_reader_free(r);
}

/* Sum of a column of the quality entry. */
static inline uint64_t quality_sum(const char *name, enum nfm_cell_quality c)
{
	static uint64_t point[POINTS_MOST];
	uint64_t *column[NFM_CELL_COLUMNS] = { NULL };
	struct nfm_series_reader *r = open_rollup(name);
	struct nfm_series_entry entry;
	uint64_t sum = 0;

	column[c] = point;
	assert_int_equal(nfm_series_reader_find(r, NFM_SERIES_QUALITY, "", &entry), 1);
	assert_int_equal(nfm_series_reader_columns(r, &entry, column), 0);
	for (uint32_t i = 0; i < nfm_series_reader_head(r)->points; i++)
		sum += point[i];
	nfm_series_reader_free(r);
	return sum;
}

#endif
