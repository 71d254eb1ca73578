/* SPDX-License-Identifier: GPL-2.0-only */
/* Some days of snapshots, random ones, and what each customer had in any range: by their cells. */
#ifndef NFM_TEST_PAST_H
#define NFM_TEST_PAST_H

#include "made_history.h"

#include "history/cells.h"
#include "history/history.h"
#include "history/rollup.h"

#define PAST_INTERVAL_S 1800U
#define PAST_DAYS 3U
#define PAST_FILES 160U /* of three days, of the longest with 25 hours, and some behind them */
#define PAST_CUSTOMERS 5U

static const char *const past_ids[PAST_CUSTOMERS] = { "anna", "bert", "carl", "dora",
						      "dora-the-second" };

static struct made_file past[PAST_FILES];
static struct made_entry past_entry[PAST_FILES][PAST_CUSTOMERS];
static char past_path[PAST_FILES][64]; /* names */
static uint32_t past_files;
static uint64_t past_from_s, past_to_s; /* local midnights around the days */
static uint64_t past_now_s;

static inline struct nfm_snapshot_count past_count(void)
{
	return (struct nfm_snapshot_count){ (uint64_t)random() << (random() % 12),
					    (uint64_t)random() % 100000,
					    (uint64_t)random() % 1000 };
}

static inline void past_make_file(uint32_t number, uint64_t from_unix_s)
{
	struct made_file *file = &past[number];
	uint32_t entries = 0;

	*file = (struct made_file){
		.meta = made_meta(number + 2, from_unix_s, PAST_INTERVAL_S),
		.unmatched = past_count(),
		.local = past_count(),
		.entries = past_entry[number],
		.lost_records = 3ULL * number,
		.lost_datagrams = number / 10,
		.rejected_datagrams = number % 2,
		.rejected_records = 2,
	};
	for (uint32_t c = 0; c < PAST_CUSTOMERS; c++) {
		struct made_entry *entry = &past_entry[number][entries];

		if (random() % 4 == 0)
			continue;
		*entry = (struct made_entry){ .id = past_ids[c], .name = "Somebody" };
		entry->up = past_count();
		entry->down = past_count();
		if (random() % 2) { /* a part of the bytes was sent one or two slots before */
			entry->earlier.back = 1 + (uint32_t)random() % 2;
			entry->earlier.up_bytes = entry->up.bytes / 3;
			entry->earlier.down_bytes = entry->down.bytes / 5;
		}
		entries++;
	}
	file->entry_count = entries;
}

/* One folder of the files for each place, which tests get copies of: without all the fsyncs. */
static char past_store[] = "/tmp/nfm-past.XXXXXX";
static char past_stored[64]; /* whose files stand there */

static inline void past_shell(const char *format, const char *a, const char *b)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command), format, a, b);
	assert_int_equal(system(command), 0);
}

static inline void past_forget(void)
{
	if (past_stored[0])
		past_shell("rm -rf %s", past_store, NULL);
	past_stored[0] = '\0';
	strcpy(past_store, "/tmp/nfm-past.XXXXXX");
}

static inline void past_write(const char *zone)
{
	if (!strcmp(past_stored, zone)) {
		past_shell("cp %s/nfmeter.* %s", past_store, folder);
	} else {
		past_forget();
		for (uint32_t i = 0; i < past_files; i++)
			strcpy(past_path[i], strrchr(make_snapshot(&past[i]), '/') + 1);
		assert_non_null(mkdtemp(past_store));
		snprintf(past_stored, sizeof(past_stored), "%s", zone);
		past_shell("cp %s/nfmeter.* %s", folder, past_store);
	}
}

/* Days from the local noon's day on, and four hours of the next one. */
static inline void past_make(const char *zone, uint64_t noon_unix_s)
{
	use_zone(zone);
	past_from_s = nfm_snapshot_slot_start(noon_unix_s, 86400);
	past_to_s = past_from_s;
	for (uint32_t day = 0; day < PAST_DAYS; day++)
		past_to_s = nfm_snapshot_slot_next(past_to_s, 86400);
	past_files = (uint32_t)((past_to_s - past_from_s) / PAST_INTERVAL_S) + 8;
	assert_true(past_files <= PAST_FILES);
	for (uint32_t i = 0; i < past_files; i++)
		past_make_file(i, past_from_s + (uint64_t)i * PAST_INTERVAL_S);
	past_write(zone);
	past_now_s = past_from_s + (uint64_t)past_files * PAST_INTERVAL_S + 10;
}

static inline void past_roll_up(void)
{
	struct nfm_rollup_limits limits = { 0 };
	struct nfm_rollup_result result;
	struct nfm_error error = { .text = "" };

	assert_int_equal(nfm_rollup_run(folder, &limits, past_now_s, NULL, NULL, &result, &error),
			 0);
	assert_in_range(result.days, PAST_DAYS, PAST_DAYS + 1); /* bytes of the day before */
}

/* Removes the rollups of a tier ("samples"), of one day or (NULL) of all. */
static inline void past_remove(const char *tier, const char *day)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -f %s/rollup/%s.%s*", folder, tier, day ? day : "");
	assert_int_equal(system(command), 0);
}

static inline void past_add_entry(struct nfm_history_point *sum,
				  const struct nfm_snapshot_meta *meta,
				  const struct made_entry *entry, uint64_t from_s, uint64_t to_s)
{
	struct nfm_cell cells[2];
	uint32_t count = nfm_cells_of_entry(meta, &entry->up, &entry->down, &entry->earlier,
					    entry->earlier.back != 0, cells);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t *to[NFM_CELL_COLUMNS] = {
			[NFM_CELL_UP_BYTES] = &sum->up.bytes,
			[NFM_CELL_DOWN_BYTES] = &sum->down.bytes,
			[NFM_CELL_UP_PACKETS] = &sum->up.packets,
			[NFM_CELL_DOWN_PACKETS] = &sum->down.packets,
			[NFM_CELL_UP_FLOWS] = &sum->up.flows,
			[NFM_CELL_DOWN_FLOWS] = &sum->down.flows,
		};

		for (int c = 0; c < NFM_CELL_COLUMNS; c++)
			*to[c] += nfm_cell_part(cells[i].column[c], cells[i].from_unix_ms,
						cells[i].to_unix_ms, from_s * 1000, to_s * 1000);
	}
}

/* What a customer had, after all that the files were made of. */
static inline struct nfm_history_point past_sum(enum nfm_history_kind kind, const char *id,
						uint64_t from_s, uint64_t to_s)
{
	struct nfm_history_point sum = { .from_unix_s = from_s };

	for (uint32_t i = 0; i < past_files; i++) {
		struct made_entry pseudo = { .up = kind == NFM_HISTORY_UNMATCHED ?
							   past[i].unmatched : past[i].local };

		if (kind != NFM_HISTORY_CUSTOMER)
			past_add_entry(&sum, &past[i].meta, &pseudo, from_s, to_s);
		for (uint32_t k = 0; kind == NFM_HISTORY_CUSTOMER && k < past[i].entry_count; k++)
			if (!strcmp(past[i].entries[k].id, id))
				past_add_entry(&sum, &past[i].meta, &past[i].entries[k], from_s,
					       to_s);
	}
	return sum;
}

static uint32_t past_damaged;

static inline void past_note_damaged(void *cookie, const struct nfm_error *error)
{
	(void)cookie;
	assert_true(error->text[0]);
	past_damaged++;
}

static inline struct nfm_history_options past_options(void)
{
	past_damaged = 0;
	return (struct nfm_history_options){
		.directory = folder, .now_unix_s = past_now_s, .damaged = past_note_damaged,
	};
}

static inline void past_read(enum nfm_history_kind kind, const char *id, uint64_t from_s,
			     uint64_t to_s, uint32_t step_s, struct nfm_history *out)
{
	const struct nfm_history_range range = { from_s, to_s, NFM_STEP_SECONDS, step_s };
	struct nfm_history_options options = past_options();
	struct nfm_error error = { .text = "" };

	if (nfm_history_read(&options, kind, id, &range, out, &error))
		fail_msg("%s", error.text);
}

/* The amounts of a history's points together. */
static inline struct nfm_history_point past_total(const struct nfm_history *history)
{
	struct nfm_history_point sum = { .from_unix_s = history->head.from_unix_s };

	for (uint32_t i = 0; i < history->point_count; i++) {
		const struct nfm_history_point *point = &history->point[i];

		sum.up.bytes += point->up.bytes;
		sum.up.packets += point->up.packets;
		sum.up.flows += point->up.flows;
		sum.down.bytes += point->down.bytes;
		sum.down.packets += point->down.packets;
		sum.down.flows += point->down.flows;
	}
	return sum;
}

static inline void past_assert_equal(const struct nfm_history_point *a,
				     const struct nfm_history_point *b)
{
	assert_true(a->up.bytes == b->up.bytes);
	assert_true(a->up.packets == b->up.packets);
	assert_true(a->up.flows == b->up.flows);
	assert_true(a->down.bytes == b->down.bytes);
	assert_true(a->down.packets == b->down.packets);
	assert_true(a->down.flows == b->down.flows);
}

/* A range's history is what the files were made of. */
static inline void past_assert(enum nfm_history_kind kind, const char *id, uint64_t from_s,
			       uint64_t to_s, uint32_t step_s)
{
	struct nfm_history_point expected = past_sum(kind, id, from_s, to_s), found;
	struct nfm_history history = { 0 };

	past_read(kind, id, from_s, to_s, step_s, &history);
	found = past_total(&history);
	past_assert_equal(&expected, &found);
	for (uint32_t i = 0; i < history.point_count && i < 3; i++) {
		expected = past_sum(kind, id, history.point[i].from_unix_s,
				    history.point[i].to_unix_s);
		if (step_s % PAST_INTERVAL_S == 0)
			past_assert_equal(&expected, &history.point[i]);
	}
	nfm_history_clear(&history);
}

static inline int past_setup(void **state)
{
	(void)state;
	srandom(11);
	return folder_make();
}

static inline int past_group_teardown(void **state)
{
	(void)state;
	past_forget();
	return 0;
}

static inline int past_teardown(void **state)
{
	(void)state;
	use_zone("UTC0");
	return folder_remove();
}

#endif
