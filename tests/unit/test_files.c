// SPDX-License-Identifier: GPL-2.0-only
/* Which files a history finds, and what a snapshot says of its own quality. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/files.h"
#include "made_history.h"

#define FROM_S 1763812800ULL /* 2025-11-22 12:00:00 UTC */
#define FROM_MS (FROM_S * 1000)

static int setup(void **state)
{
	(void)state;
	use_zone("UTC0");
	return folder_make();
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove();
}

static void touch(const char *name)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void snapshots_come_by_time_and_name(void **state)
{
	const char *const names[] = {
		"nfmeter.202511221205",	     "nfmeter.202511221200",
		"nfmeter.20251122120000.10", "nfmeter.20251122120000.2",
		"nfmeter.20251122120000",    "nfmeter.2025112212",
		"~nfmeter.tmp-202511221200", "other",
		"nfcapd.202511221200",
	};
	const char *const want[] = {
		"nfmeter.202511221200",	     "nfmeter.20251122120000", "nfmeter.20251122120000.2",
		"nfmeter.20251122120000.10", "nfmeter.202511221205",
	};
	struct nfm_snapshot_file *files;
	uint32_t count;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++)
		touch(names[i]);
	assert_int_equal(mkdir(in_folder("nfmeter.202511221210"), 0700), 0);
	assert_int_equal(nfm_files_snapshots(folder, &files, &count, NULL), 0);
	assert_int_equal(count, NFM_ARRAY_SIZE(want));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(files[i].name, want[i]);
	assert_int_equal(files[0].unix_s, FROM_S);
	assert_int_equal(files[4].unix_s, FROM_S + 300);
	free(files);
}

static void a_folder_that_is_not_there(void **state)
{
	struct nfm_snapshot_file *snapshots = NULL;
	struct nfm_rollup_file *rollups = NULL;
	struct nfm_error error = { .text = "" };
	uint32_t count = 7;

	(void)state;
	assert_int_equal(nfm_files_snapshots(in_folder("no"), &snapshots, &count, &error), -ENOENT);
	assert_non_null(strstr(error.text, in_folder("no")));
	assert_int_equal(count, 7);
	assert_null(snapshots);
	assert_int_equal(nfm_files_rollups(folder, NFM_TIER_DAYS, &rollups, &count, &error), 0);
	assert_int_equal(count, 0);
	free(rollups);
	touch("rollup");
	assert_int_equal(nfm_files_rollups(folder, NFM_TIER_DAYS, &rollups, &count, &error),
			 -ENOTDIR);
}

static void rollups_come_by_day(void **state)
{
	struct nfm_rollup_file *files;
	uint32_t count;

	(void)state;
	assert_int_equal(mkdir(in_folder("rollup"), 0700), 0);
	touch("rollup/samples.20251122");
	touch("rollup/samples.20251121");
	touch("rollup/samples.20251131");
	touch("rollup/samples.2025112");
	touch("rollup/samples.202511211");
	touch("rollup/samples.20251121.1");
	touch("rollup/samplesx20251121");
	touch("rollup/.samples.20251121.x");
	touch("rollup/hours.20251020");
	assert_int_equal(nfm_files_rollups(folder, NFM_TIER_SAMPLES, &files, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(files[0].name, "samples.20251121");
	assert_string_equal(files[1].name, "samples.20251122");
	assert_int_equal(files[1].day_unix_s, FROM_S - 12 * 3600);
	free(files);
	use_zone("Europe/Berlin");
	assert_int_equal(nfm_files_rollups(folder, NFM_TIER_HOURS, &files, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(files[0].day_unix_s, 1760918400 - 2 * 3600); /* in summer time */
	free(files);
	assert_int_equal(nfm_files_rollups(folder, NFM_TIER_DAYS, &files, &count, NULL), 0);
	assert_int_equal(count, 0);
	free(files);
}

/* ---- quality ---- */

struct quality {
	struct nfm_cell cell[NFM_SNAPSHOT_GAPS + 2];
	struct nfm_loss loss;
	uint32_t count;
};

static void read_quality(const struct made_file *file, const struct nfm_loss *before,
			 struct quality *q)
{
	struct nfm_snapshot_reader *reader;

	assert_int_equal(nfm_snapshot_reader_open(make_snapshot(file), &reader, NULL), 0);
	assert_int_equal(nfm_files_quality(reader, before, &q->loss, q->cell, &q->count), 0);
	nfm_snapshot_reader_free(reader);
}

static void assert_covered(const struct nfm_cell *cell, uint64_t from_s, uint64_t to_s)
{
	assert_int_equal(cell->from_unix_ms, FROM_MS + from_s * 1000);
	assert_int_equal(cell->to_unix_ms, FROM_MS + to_s * 1000);
	assert_int_equal(cell->column[NFM_CELL_COVERED_MS], (to_s - from_s) * 1000);
	for (unsigned int c = 1; c < NFM_CELL_COLUMNS; c++)
		assert_int_equal(cell->column[c], 0);
}

static void loss_is_what_is_new(void **state)
{
	const struct nfm_loss before = { .records = 60, .datagrams = 9 };
	struct made_file file = { .meta = made_meta(7, FROM_S, 300) };
	struct quality q;

	(void)state;
	file.lost_records = 100;
	file.lost_datagrams = 7; /* less than before: late arrivals */
	file.rejected_datagrams = 5;
	file.rejected_records = 6;
	file.meta.flags = NFM_SNAPSHOT_UNBALANCED;
	read_quality(&file, &before, &q);
	assert_int_equal(q.loss.records, 100);
	assert_int_equal(q.loss.datagrams, 7);
	assert_int_equal(q.count, 2);
	assert_covered(&q.cell[0], 0, 300);
	assert_int_equal(q.cell[1].from_unix_ms, FROM_MS);
	assert_int_equal(q.cell[1].to_unix_ms, FROM_MS + 300000);
	assert_int_equal(q.cell[1].column[NFM_CELL_COVERED_MS], 0);
	assert_int_equal(q.cell[1].column[NFM_CELL_LOST_RECORDS], 40);
	assert_int_equal(q.cell[1].column[NFM_CELL_LOST_DATAGRAMS], 0);
	assert_int_equal(q.cell[1].column[NFM_CELL_REJECTED_RECORDS], 6);
	assert_int_equal(q.cell[1].column[NFM_CELL_REJECTED_DATAGRAMS], 5);
	assert_int_equal(q.cell[1].column[NFM_CELL_UNBALANCED], 1);
	file.meta.from_unix_ns += NFM_NS_PER_S;
	read_quality(&file, NULL, &q); /* what came before is not known */
	assert_int_equal(q.loss.records, 100);
	assert_int_equal(q.cell[1].column[NFM_CELL_LOST_RECORDS], 0);
	file.meta.epoch = 2; /* nothing came before */
	file.meta.flags = 0;
	read_quality(&file, NULL, &q);
	assert_int_equal(q.cell[1].column[NFM_CELL_LOST_RECORDS], 100);
	assert_int_equal(q.cell[1].column[NFM_CELL_LOST_DATAGRAMS], 7);
	assert_int_equal(q.cell[1].column[NFM_CELL_UNBALANCED], 0);
}

static void add_gap(struct nfm_snapshot_meta *meta, int64_t from_s, int64_t to_s)
{
	meta->gap[meta->gap_count++] = (struct nfm_snapshot_gap){
		.from_unix_ns = (uint64_t)((int64_t)FROM_S + from_s) * NFM_NS_PER_S,
		.to_unix_ns = (uint64_t)((int64_t)FROM_S + to_s) * NFM_NS_PER_S,
	};
}

static void gaps_are_not_covered(void **state)
{
	struct made_file file = { .meta = made_meta(7, FROM_S, 300) };
	struct quality q;

	(void)state;
	add_gap(&file.meta, 100, 120);
	add_gap(&file.meta, 110, 150);
	add_gap(&file.meta, 20, 20);
	add_gap(&file.meta, 200, 210);
	read_quality(&file, NULL, &q);
	assert_int_equal(q.count, 5);
	assert_covered(&q.cell[0], 0, 20);
	assert_covered(&q.cell[1], 20, 100);
	assert_covered(&q.cell[2], 150, 200);
	assert_covered(&q.cell[3], 210, 300);
}

static void a_gap_may_be_everything(void **state)
{
	struct made_file file = { .meta = made_meta(7, FROM_S, 300) };
	struct quality q;

	(void)state;
	add_gap(&file.meta, 0, 300);
	read_quality(&file, NULL, &q);
	assert_int_equal(q.count, 1); /* that of loss */
	assert_int_equal(q.cell[0].column[NFM_CELL_COVERED_MS], 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(snapshots_come_by_time_and_name),
		TEST(a_folder_that_is_not_there),
		TEST(rollups_come_by_day),
		TEST(loss_is_what_is_new),
		TEST(gaps_are_not_covered),
		TEST(a_gap_may_be_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
