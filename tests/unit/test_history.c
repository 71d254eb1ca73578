// SPDX-License-Identifier: GPL-2.0-only
/* One customer over time: out of snapshots, rollups and any mixture of them, to the byte. */
#include "past.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

#define NOON_S 1795348800ULL /* 2026-11-22 12:00:00 UTC */
#define SPRING_S 1774699200ULL /* 2026-03-28 12:00:00 UTC, the day before Berlin's change */

static uint64_t random_in(uint64_t from, uint64_t to)
{
	return from + (uint64_t)random() % (to - from);
}

/* A slot's begin within the days. */
static uint64_t random_slot(void)
{
	return past_from_s + (uint64_t)random() % past_files * PAST_INTERVAL_S;
}

/* Ranges whose ends are slots: every customer, `unmatched` and `local`. */
static void assert_ranges(int turns)
{
	while (turns--) {
		uint64_t a = random_slot(), b = random_slot();
		uint64_t from = NFM_MIN(a, b), to = NFM_MAX(a, b) + PAST_INTERVAL_S;
		uint32_t step = (uint32_t)(random() % 4) * PAST_INTERVAL_S;

		past_assert(NFM_HISTORY_CUSTOMER, past_ids[turns % PAST_CUSTOMERS], from, to,
			    step);
		past_assert(turns % 2 ? NFM_HISTORY_UNMATCHED : NFM_HISTORY_LOCAL, NULL, from, to,
			    step);
	}
}

static void snapshots_alone_are_exact(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	assert_ranges(20);
	for (int turn = 0; turn < 40; turn++) { /* any second: what a cell has there is cut */
		uint64_t from = random_in(past_from_s - 5000, past_now_s);
		uint64_t to = random_in(from + 1, past_now_s + 5000);

		past_assert(NFM_HISTORY_CUSTOMER, "dora", from, to, 777);
	}
}

static void rollups_say_the_same(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	assert_ranges(40);
}

static void rolled_up_days_of_a_changing_clock(void **state)
{
	(void)state;
	past_make("Europe/Berlin", SPRING_S);
	past_roll_up();
	assert_ranges(20);
}

static void rollups_need_no_snapshots(void **state)
{
	(void)state;
	past_make("America/St_Johns", NOON_S);
	past_roll_up();
	/* all that lie in the days; the last ones' earlier bytes may reach back into them */
	for (uint32_t i = 0; i + 10 < past_files; i++)
		assert_int_equal(unlink(in_folder(past_path[i])), 0);
	assert_ranges(20);
}

static void days_without_a_rollup_come_from_snapshots(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	past_remove("*", "20261123");
	assert_ranges(40);
	past_remove("*", "20261122");
	assert_ranges(20);
}

static void late_snapshots_are_not_lost(void **state)
{
	char path[PATH_MAX];

	(void)state;
	past_make("UTC0", NOON_S);
	snprintf(path, sizeof(path), "%s/away", folder);
	assert_int_equal(rename(in_folder(past_path[60]), path), 0);
	past_roll_up();
	assert_int_equal(rename(path, in_folder(past_path[60])), 0);
	assert_ranges(40);
}

/* A rollup that stands there twice, as after the zone's change it may for some hours. */
static void rollups_that_overlap_count_once(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	past_shell("cp %s %s/rollup/samples.20261125", in_folder("rollup/samples.20261123"),
		   folder);
	assert_ranges(10);
}

/* Several days that were closed as one file: its name is far before what is in it. */
static void long_files_are_found(void **state)
{
	static const struct made_entry entry = { .id = "anna", .up = { 8640000, 864, 864 } };
	struct made_file file = { .meta = made_meta(2, NOON_S, 300), .entries = &entry,
				  .entry_count = 1 };
	struct nfm_history history = { 0 };

	(void)state;
	use_zone("UTC0");
	file.meta.to_unix_ns = (NOON_S + 10 * 86400) * NFM_NS_PER_S;
	file.meta.flags = NFM_SNAPSHOT_MERGED;
	make_snapshot(&file);
	file.meta = made_meta(3, NOON_S + 10 * 86400, 300);
	make_snapshot(&file);
	past_now_s = NOON_S + 11 * 86400;
	past_read(NFM_HISTORY_CUSTOMER, "anna", NOON_S + 8 * 86400, NOON_S + 9 * 86400, 0,
		  &history);
	assert_int_equal(history.point[0].up.bytes, 864000);
	assert_int_equal(history.head.quality.covered_ms, 86400000);
	nfm_history_clear(&history);
}

static void coarser_rollups_serve_where_finer_ones_expired(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	for (uint32_t i = 0; i + 10 < past_files; i++)
		assert_int_equal(unlink(in_folder(past_path[i])), 0);
	past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_to_s, 0, &history);
	assert_int_equal(history.head.finest_s, PAST_INTERVAL_S);
	nfm_history_clear(&history);
	past_remove("samples", NULL);
	for (int hour = 0; hour < 72; hour += 7)
		past_assert(NFM_HISTORY_CUSTOMER, "bert", past_from_s + 3600ULL * (uint64_t)hour,
			    past_to_s, 3600);
	past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_to_s, 0, &history);
	assert_int_equal(history.head.finest_s, 3600);
	assert_int_equal(history.rates.sample_s, 3600);
	assert_int_equal(history.rates.samples, 72);
	nfm_history_clear(&history);
	past_remove("hours", "20261122");
	past_assert(NFM_HISTORY_CUSTOMER, "bert", past_from_s, past_to_s, 86400);
	past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_to_s, 86400, &history);
	assert_int_equal(history.head.finest_s, 86400);
	nfm_history_clear(&history);
}

/* Any seconds, also within cells: the parts of a range are together what the whole is. */
static void splits_add_up(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	past_remove("samples", "20261122");
	past_remove("*", "20261124");
	for (int turn = 0; turn < 60; turn++) {
		struct nfm_history part[2] = { 0 }, whole = { 0 };
		struct nfm_history_point sum[3];
		uint64_t a = random_in(past_from_s, past_now_s - 2);
		uint64_t c = random_in(a + 2, past_now_s + 1), b = random_in(a + 1, c);

		past_read(NFM_HISTORY_CUSTOMER, "carl", a, b, 1000, &part[0]);
		past_read(NFM_HISTORY_CUSTOMER, "carl", b, c, 0, &part[1]);
		past_read(NFM_HISTORY_CUSTOMER, "carl", a, c, 3001, &whole);
		sum[0] = past_total(&part[0]);
		sum[1] = past_total(&part[1]);
		sum[2] = past_total(&whole);
		assert_true(sum[2].up.bytes == sum[0].up.bytes + sum[1].up.bytes);
		assert_true(sum[2].down.bytes == sum[0].down.bytes + sum[1].down.bytes);
		assert_true(sum[2].up.flows == sum[0].up.flows + sum[1].up.flows);
		assert_true(sum[2].down.packets == sum[0].down.packets + sum[1].down.packets);
		assert_int_equal(whole.head.quality.lost_records,
				 part[0].head.quality.lost_records +
					 part[1].head.quality.lost_records);
		nfm_history_clear(&part[0]);
		nfm_history_clear(&part[1]);
		nfm_history_clear(&whole);
	}
}

/* ---- what stands beside ---- */

static void assert_head(uint64_t covered_s, uint64_t elapsed_s, uint32_t gaps,
			struct nfm_history *history)
{
	past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_now_s, 7200, history);
	assert_int_equal(history->head.quality.covered_ms, covered_s * 1000);
	assert_int_equal(history->head.elapsed_ms, elapsed_s * 1000);
	assert_int_equal(history->head.gap_count, gaps);
}

static void coverage_and_loss_are_told(void **state)
{
	struct nfm_history history = { 0 };
	uint64_t all_s, covered_ms = 0;

	(void)state;
	past_make("UTC0", NOON_S);
	all_s = (uint64_t)past_files * PAST_INTERVAL_S;
	for (int rolled_up = 0; rolled_up < 2; rolled_up++) {
		/* the open interval is not due, so nothing is missing */
		assert_head(all_s, all_s, 0, &history);
		assert_int_equal(history.head.quality.lost_records, 3 * (past_files - 1));
		assert_int_equal(history.head.quality.lost_datagrams, (past_files - 1) / 10);
		assert_int_equal(history.head.quality.rejected_datagrams, past_files / 2);
		assert_int_equal(history.head.quality.rejected_records, 2 * past_files);
		for (uint32_t i = 0; i < history.point_count; i++)
			covered_ms += history.point[i].quality.covered_ms;
		assert_int_equal(covered_ms, all_s * 1000 * (1 + (uint64_t)rolled_up));
		nfm_history_clear(&history);
		if (!rolled_up)
			past_roll_up();
	}
}

/* A clock that was set back: the time that was counted twice is covered once. */
static void time_that_comes_twice_is_covered_once(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	past[10].meta.epoch = 1000;
	past[10].meta.identity[0] ^= 1;
	make_snapshot(&past[10]);
	assert_head(past_files * PAST_INTERVAL_S, past_files * PAST_INTERVAL_S, 0, &history);
	for (uint32_t i = 0; i < history.point_count; i++)
		assert_true(history.point[i].quality.covered_ms <=
			    (history.point[i].to_unix_s - history.point[i].from_unix_s) * 1000);
	nfm_history_clear(&history);
}

static void missing_files_are_gaps(void **state)
{
	uint64_t all_s, gap_s;
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	all_s = (uint64_t)past_files * PAST_INTERVAL_S;
	gap_s = past_from_s + 10 * PAST_INTERVAL_S;
	unlink(in_folder(past_path[10]));
	unlink(in_folder(past_path[11]));
	for (int rolled_up = 0; rolled_up < 2; rolled_up++) {
		assert_head(all_s - 2 * PAST_INTERVAL_S, all_s, 1, &history);
		assert_int_equal(history.head.gap[0].from_unix_s, gap_s);
		assert_int_equal(history.head.gap[0].to_unix_s, gap_s + 2 * PAST_INTERVAL_S);
		nfm_history_clear(&history);
		if (!rolled_up)
			past_roll_up();
	}
	past_now_s += 2 * PAST_INTERVAL_S; /* nobody has written the last one */
	assert_head(all_s - 2 * PAST_INTERVAL_S, all_s + 2 * PAST_INTERVAL_S + 10, 2, &history);
	nfm_history_clear(&history);
}

static void gaps_of_a_file_are_gaps(void **state)
{
	struct nfm_history history = { 0 };
	uint64_t all_s;

	(void)state;
	past_make("UTC0", NOON_S);
	all_s = (uint64_t)past_files * PAST_INTERVAL_S;
	unlink(in_folder(past_path[20]));
	past[20].meta.gap_count = 1;
	past[20].meta.gap[0] = (struct nfm_snapshot_gap){
		past[20].meta.from_unix_ns + 100 * NFM_NS_PER_S,
		past[20].meta.from_unix_ns + 160 * NFM_NS_PER_S,
	};
	make_snapshot(&past[20]);
	assert_head(all_s - 60, all_s, 1, &history);
	assert_int_equal(history.head.gap[0].from_unix_s,
			 past_from_s + 20 * PAST_INTERVAL_S + 100);
	assert_int_equal(history.head.gap[0].to_unix_s,
			 past_from_s + 20 * PAST_INTERVAL_S + 160);
	nfm_history_clear(&history);
	past_roll_up(); /* where in the slot it was is not known any more, but how long */
	assert_head(all_s - 60, all_s, 1, &history);
	assert_int_equal(history.head.gap[0].to_unix_s - history.head.gap[0].from_unix_s, 60);
	nfm_history_clear(&history);
}

/* Over the end of a slot: in a rollup two slots are covered in part, and that is where it was. */
static void gaps_over_slots_keep_their_place(void **state)
{
	uint64_t slot_s, slot_ns;
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	slot_s = past_from_s + 21 * PAST_INTERVAL_S;
	slot_ns = slot_s * NFM_NS_PER_S;
	for (uint32_t i = 20; i < 22; i++) {
		unlink(in_folder(past_path[i]));
		past[i].meta.gap_count = 1;
		past[i].meta.gap[0].from_unix_ns = i == 20 ? slot_ns - 100 * NFM_NS_PER_S : slot_ns;
		past[i].meta.gap[0].to_unix_ns = i == 20 ? slot_ns : slot_ns + 50 * NFM_NS_PER_S;
		make_snapshot(&past[i]);
	}
	for (int rolled_up = 0; rolled_up < 2; rolled_up++) {
		past_read(NFM_HISTORY_CUSTOMER, "anna", past_from_s, past_to_s, 0, &history);
		assert_int_equal(history.head.gap_count, 1);
		assert_int_equal(history.head.gap[0].from_unix_s, slot_s - 100);
		assert_int_equal(history.head.gap[0].to_unix_s, slot_s + 50);
		nfm_history_clear(&history);
		if (!rolled_up)
			past_roll_up();
	}
}

static void flip_byte(const char *path, off_t at)
{
	_cleanup_close_ int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	if (at < 0)
		at += lseek(fd, 0, SEEK_END);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void damaged_files_are_told_and_left_out(void **state)
{
	struct nfm_history history = { 0 };
	uint64_t all_s;

	(void)state;
	past_make("UTC0", NOON_S);
	all_s = (uint64_t)past_files * PAST_INTERVAL_S;
	flip_byte(in_folder(past_path[30]), 20); /* of the header */
	assert_head(all_s - PAST_INTERVAL_S, all_s, 1, &history);
	assert_int_equal(history.head.damaged, 1);
	assert_int_equal(past_damaged, 1);
	nfm_history_clear(&history);
	past[30].entry_count = 0;
	past[30].unmatched = past[30].local = (struct nfm_snapshot_count){ 0 };
	assert_ranges(10);
}

/* Where a snapshot's first block stands: the customers'. */
static off_t behind_header(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY);
	uint32_t size_le;

	assert_int_equal(pread(fd, &size_le, sizeof(size_le), 12), sizeof(size_le));
	return (off_t)le32toh(size_le);
}

/* The header is whole, the block with the customer is not: the time does not count as covered. */
static void damaged_customers_are_not_covered(void **state)
{
	struct nfm_history history = { 0 };
	uint64_t all_s;

	(void)state;
	past_make("UTC0", NOON_S);
	all_s = (uint64_t)past_files * PAST_INTERVAL_S;
	flip_byte(in_folder(past_path[30]), behind_header(in_folder(past_path[30])) + 40);
	assert_head(all_s - PAST_INTERVAL_S, all_s, 1, &history);
	assert_int_equal(past_damaged, 1);
	nfm_history_clear(&history);
}

static void damaged_rollups_give_way_to_coarser_ones(void **state)
{
	static const char *const tiers[] = { "samples", "hours", "days" };

	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	for (size_t i = 0; i < NFM_ARRAY_SIZE(tiers); i++) {
		char name[64];

		snprintf(name, sizeof(name), "rollup/%s.20261123", tiers[i]);
		flip_byte(in_folder(name), 20);
		past_assert(NFM_HISTORY_CUSTOMER, "dora", past_from_s, past_to_s, 86400);
		assert_true(past_damaged > 0);
	}
	assert_ranges(10); /* now the snapshots, exactly */
}

static void files_of_others_are_passed_over(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = { "nfcapd.202611221200", ".nfmeter.x",
						     "rollup/weeks.20261122", "rollup/.samples" };
		_cleanup_fclose_ FILE *file = fopen(in_folder(names[i]), "w");

		assert_non_null(file);
		fputs("nothing of ours", file);
	}
	assert_ranges(5);
	assert_int_equal(past_damaged, 0);
}

/* ---- who and when ---- */

static void unknown_customers_are_no_error(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	for (int rolled_up = 0; rolled_up < 2; rolled_up++) {
		past_read(NFM_HISTORY_CUSTOMER, "nobody", past_from_s, past_now_s, 0, &history);
		assert_false(history.found);
		assert_int_equal(history.point[0].up.bytes, 0);
		nfm_history_clear(&history);
		past_read(NFM_HISTORY_CUSTOMER, "dora", past_from_s, past_now_s, 0, &history);
		assert_true(history.found);
		assert_string_equal(history.name, "Somebody");
		nfm_history_clear(&history);
		if (!rolled_up)
			past_roll_up();
	}
}

static void ranges_without_files_are_empty(void **state)
{
	struct nfm_history history = { 0 };

	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	past_read(NFM_HISTORY_CUSTOMER, "anna", 1000, 2000000, 100000, &history);
	assert_false(history.found);
	assert_int_equal(history.head.finest_s, 0);
	assert_int_equal(history.head.quality.covered_ms, 0);
	assert_int_equal(history.head.elapsed_ms, 1999000000);
	assert_int_equal(history.rates.samples, 0);
	nfm_history_clear(&history);
}

/* What is read of several at once is what is read of each alone. */
static void assert_together(const char *const *ids, uint32_t count)
{
	const struct nfm_history_options options = past_options();
	const struct nfm_history_range range = { past_from_s + 100, past_now_s, NFM_STEP_SECONDS,
						 777 };
	struct nfm_history together[8], alone = { 0 };
	struct nfm_error error;

	assert_int_equal(nfm_history_read_points(&options, ids, count, &range, together, &error),
			 0);
	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_history *one = &together[i];

		assert_int_equal(nfm_history_read(&options, NFM_HISTORY_CUSTOMER, ids[i], &range,
						  &alone, &error), 0);
		assert_string_equal(one->id, ids[i]);
		assert_string_equal(one->name, alone.name);
		assert_int_equal(one->found, alone.found);
		assert_int_equal(one->point_count, alone.point_count);
		assert_memory_equal(one->point, alone.point,
				    alone.point_count * sizeof(*alone.point));
		assert_int_equal(one->head.quality.covered_ms, alone.head.quality.covered_ms);
		nfm_history_clear(&alone);
		nfm_history_clear(&together[i]);
	}
}

static void several_at_once_are_as_one_by_one(void **state)
{
	static const char *const any[] = { "dora", "nobody", "anna", "bert", "dora", "" };
	static const char *const real[] = { "carl", "anna", "dora" };
	struct nfm_history_options options;
	const struct nfm_history_range range = { NOON_S, NOON_S + 1000, NFM_STEP_SECONDS, 0 };
	struct nfm_history kept = { .point_count = 77 };
	struct nfm_error error;

	(void)state;
	past_make("UTC0", NOON_S);
	assert_together(any, NFM_ARRAY_SIZE(any));
	past_roll_up();
	assert_together(any, NFM_ARRAY_SIZE(any));
	past_remove("*", "2026112*");
	flip_byte(in_folder(past_path[30]), behind_header(in_folder(past_path[30])) + 40);
	assert_together(real, NFM_ARRAY_SIZE(real));
	options = past_options();
	options.directory = "/nonexistent/folder";
	assert_int_equal(nfm_history_read_points(&options, any, 1, &range, &kept, &error), -ENOENT);
	assert_int_equal(kept.point_count, 77);
}

static int refuse(void *cookie, uint64_t done, uint64_t all)
{
	(void)cookie;
	assert_true(done <= all);
	return 1;
}

static void failures_leave_the_answer_alone(void **state)
{
	const struct nfm_history_range range = { NOON_S, NOON_S + 1000, NFM_STEP_SECONDS, 0 };
	const struct nfm_history_range none = { NOON_S, NOON_S, NFM_STEP_SECONDS, 0 };
	struct nfm_history_options options;
	struct nfm_history history = { .point_count = 77 };
	struct nfm_error error = { .text = "" };

	(void)state;
	past_make("UTC0", NOON_S);
	options = past_options();
	assert_int_equal(nfm_history_read(&options, NFM_HISTORY_CUSTOMER, "anna", &none, &history,
					  &error), -EINVAL);
	options.progress = refuse;
	assert_int_equal(nfm_history_read(&options, NFM_HISTORY_CUSTOMER, "anna", &range,
					  &history, &error), -ECANCELED);
	options.directory = "/nonexistent/folder";
	error.text[0] = '\0';
	assert_int_equal(nfm_history_read(&options, NFM_HISTORY_CUSTOMER, "anna", &range,
					  &history, &error), -ENOENT);
	assert_true(error.text[0]);
	assert_int_equal(history.point_count, 77);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, past_setup, past_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(snapshots_alone_are_exact),
		TEST(rollups_say_the_same),
		TEST(rolled_up_days_of_a_changing_clock),
		TEST(rollups_need_no_snapshots),
		TEST(days_without_a_rollup_come_from_snapshots),
		TEST(late_snapshots_are_not_lost),
		TEST(rollups_that_overlap_count_once),
		TEST(long_files_are_found),
		TEST(coarser_rollups_serve_where_finer_ones_expired),
		TEST(splits_add_up),
		TEST(coverage_and_loss_are_told),
		TEST(time_that_comes_twice_is_covered_once),
		TEST(missing_files_are_gaps),
		TEST(gaps_of_a_file_are_gaps),
		TEST(gaps_over_slots_keep_their_place),
		TEST(damaged_customers_are_not_covered),
		TEST(damaged_files_are_told_and_left_out),
		TEST(damaged_rollups_give_way_to_coarser_ones),
		TEST(files_of_others_are_passed_over),
		TEST(unknown_customers_are_no_error),
		TEST(ranges_without_files_are_empty),
		TEST(several_at_once_are_as_one_by_one),
		TEST(failures_leave_the_answer_alone),
	};

	nfm_log_set_level(LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, past_group_teardown);
}
