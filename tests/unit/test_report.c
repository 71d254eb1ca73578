// SPDX-License-Identifier: GPL-2.0-only
/* A report says of every customer what a history of each says. */
#include "damage.h"
#include "old_snapshot.h"
#include "past.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

#define NOON_S 1795348800ULL /* 2026-11-22 12:00:00 UTC */
#define SPRING_S 1774699200ULL /* 2026-03-28 12:00:00 UTC, the day before Berlin's change */
#define LINES 16

struct seen {
	struct {
		enum nfm_history_kind kind;
		char id[NFM_SNAPSHOT_ID_SIZE], name[NFM_SNAPSHOT_ID_SIZE];
		struct nfm_snapshot_count up, down;
		struct nfm_history_rates rates;
	} line[LINES];
	uint32_t lines;
	uint32_t end_at; /* this many lines end the walk; 0: none do */
	struct nfm_history_head head;
};

static int see(void *cookie, const struct nfm_report_line *line)
{
	struct seen *seen = cookie;

	assert_true(seen->lines < LINES);
	seen->line[seen->lines].kind = line->kind;
	strcpy(seen->line[seen->lines].id, line->id);
	strcpy(seen->line[seen->lines].name, line->name);
	seen->line[seen->lines].up = line->up;
	seen->line[seen->lines].down = line->down;
	seen->line[seen->lines].rates = line->rates;
	seen->lines++;
	return seen->lines == seen->end_at ? 7 : 0;
}

static void report(uint64_t from_s, uint64_t to_s, struct seen *seen)
{
	struct nfm_history_options options = past_options();
	struct nfm_error error = { .text = "" };

	memset(seen, 0, sizeof(*seen));
	if (nfm_report_read(&options, from_s, to_s, &seen->head, see, seen, &error))
		fail_msg("%s", error.text);
}

static void assert_count(const struct nfm_snapshot_count *a, const struct nfm_snapshot_count *b)
{
	assert_true(a->bytes == b->bytes);
	assert_true(a->packets == b->packets);
	assert_true(a->flows == b->flows);
}

static void assert_line(const struct seen *seen, uint32_t i, uint64_t from_s, uint64_t to_s)
{
	struct nfm_history history = { 0 };
	struct nfm_history_point total;

	past_read(seen->line[i].kind, seen->line[i].id, from_s, to_s, 0, &history);
	total = past_total(&history);
	assert_count(&seen->line[i].up, &total.up);
	assert_count(&seen->line[i].down, &total.down);
	assert_string_equal(seen->line[i].name, history.name);
	assert_memory_equal(&seen->line[i].rates, &history.rates, sizeof(history.rates));
	assert_memory_equal(&seen->head, &history.head, sizeof(history.head));
	nfm_history_clear(&history);
}

/* Every line is its customer's history, in the order of ids; who is missing has nothing. */
static void assert_report(uint64_t from_s, uint64_t to_s)
{
	static struct seen seen;
	uint32_t customers = 0;

	report(from_s, to_s, &seen);
	for (uint32_t c = 0; c < PAST_CUSTOMERS; c++) {
		struct nfm_history history = { 0 };
		struct nfm_history_point total;

		past_read(NFM_HISTORY_CUSTOMER, past_ids[c], from_s, to_s, 0, &history);
		total = past_total(&history);
		nfm_history_clear(&history);
		if (!(total.up.bytes | total.up.packets | total.up.flows | total.down.bytes |
		      total.down.packets | total.down.flows))
			continue;
		assert_string_equal(seen.line[customers].id, past_ids[c]);
		assert_line(&seen, customers++, from_s, to_s);
	}
	assert_int_equal(seen.lines, customers + 2);
	assert_int_equal(seen.line[customers].kind, NFM_HISTORY_UNMATCHED);
	assert_int_equal(seen.line[customers + 1].kind, NFM_HISTORY_LOCAL);
	assert_line(&seen, customers, from_s, to_s);
	assert_line(&seen, customers + 1, from_s, to_s);
}

static void assert_reports(int turns)
{
	assert_report(past_from_s, past_to_s);
	assert_report(past_from_s, past_now_s);
	while (turns--) {
		uint64_t from_s = past_from_s + (uint64_t)random() % 200000;

		assert_report(from_s, from_s + 1 + (uint64_t)random() % 200000);
	}
}

static void snapshots_alone(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	assert_reports(10);
}

static void rollups(void **state)
{
	(void)state;
	past_make("Asia/Kolkata", NOON_S);
	past_roll_up();
	assert_reports(10);
}

static void rollups_of_all_tiers_and_snapshots(void **state)
{
	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	past_remove("samples", "20261122");
	assert_reports(5);
	past_remove("hours", "20261122");
	assert_reports(5);
	past_remove("days", "20261123"); /* packets and flows come from the samples then */
	assert_reports(5);
	past_remove("*", "20261123");
	assert_reports(5);
}

/* Days of 23 hours: those behind the change are no multiples of 24 hours after the first one. */
/* Lines of the index that are damaged, the first one, too: all others come. */
static void damaged_lines_are_passed_over(void **state)
{
	static const uint64_t lines[] = { 0, 2, 3 };
	static struct seen seen;

	(void)state;
	past_make("UTC0", NOON_S);
	past_roll_up();
	for (uint32_t i = 0; i < past_files; i++)
		unlink(in_folder(past_path[i]));
	for (size_t i = 0; i < NFM_ARRAY_SIZE(lines); i++)
		damage_line("samples.20261123", lines[i]);
	report(past_from_s + 86400, past_from_s + 2 * 86400, &seen);
	assert_int_equal(seen.lines, 4);
	assert_string_equal(seen.line[0].id, past_ids[1]);
	assert_string_equal(seen.line[1].id, past_ids[4]);
	assert_int_equal(past_damaged, 1);
	assert_int_equal(seen.head.damaged, 1);
	report(past_from_s, past_from_s + 86400, &seen);
	assert_int_equal(past_damaged, 0);
}

static void days_that_are_not_of_one_length(void **state)
{
	(void)state;
	past_make("Europe/Berlin", SPRING_S);
	past_roll_up();
	assert_reports(3);
	past_remove("samples", NULL);
	assert_reports(3);
	past_remove("hours", NULL);
	assert_reports(3);
}

/* Fewer files may be open than there are snapshots: they are merged through temporary ones. */
static void more_snapshots_than_can_be_open(void **state)
{
	const struct rlimit few = { 128, 128 }; /* for good: these tests are the last ones */

	(void)state;
	past_make("UTC0", NOON_S);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_true(past_files > few.rlim_cur);
	assert_reports(5);
}

static void temporary_files_that_cannot_be(void **state)
{
	static struct seen seen;
	const struct rlimit few = { 128, 128 };
	struct nfm_history_options options;
	struct nfm_error error = { .text = "" };

	(void)state;
	past_make("UTC0", NOON_S);
	options = past_options();
	setrlimit(RLIMIT_NOFILE, &few);
	setenv("TMPDIR", "/nonexistent/folder", 1);
	assert_int_equal(nfm_report_read(&options, past_from_s, past_to_s, &seen.head, see, &seen,
					 &error), -ENOENT);
	unsetenv("TMPDIR");
	assert_non_null(strstr(error.text, "TMPDIR"));
}

static void nothing_there(void **state)
{
	static struct seen seen;

	(void)state;
	past_make("UTC0", NOON_S);
	report(1000, 100000, &seen);
	assert_int_equal(seen.lines, 2); /* `unmatched` and `local` */
	assert_int_equal(seen.line[0].up.bytes, 0);
	assert_int_equal(seen.head.finest_s, 0);
	assert_int_equal(seen.head.gap_count, 1);
}

static int stop(void *cookie, uint64_t done, uint64_t all)
{
	(void)cookie;
	return done * 2 > all;
}

static void walks_can_be_ended(void **state)
{
	static struct seen seen;
	struct nfm_history_options options;
	struct nfm_error error;

	(void)state;
	past_make("UTC0", NOON_S);
	options = past_options();
	for (seen.end_at = 1; seen.end_at <= PAST_CUSTOMERS; seen.end_at++) {
		seen.lines = 0;
		assert_int_equal(nfm_report_read(&options, past_from_s, past_to_s, &seen.head, see,
						 &seen, &error), 7);
		assert_int_equal(seen.lines, seen.end_at);
	}
	options.progress = stop;
	assert_int_equal(nfm_report_read(&options, past_from_s, past_to_s, &seen.head, see, &seen,
					 &error), -ECANCELED);
	assert_int_equal(nfm_report_read(&options, past_to_s, past_from_s, &seen.head, see, &seen,
					 &error), -EINVAL);
	options.directory = "/nonexistent/folder";
	assert_int_equal(nfm_report_read(&options, past_from_s, past_to_s, &seen.head, see, &seen,
					 &error), -ENOENT);
}

/* Files of version 1, in the order of rows, beside others. */
static void old_files_are_sorted(void **state)
{
	const struct made_entry entries[] = {
		{ .id = "dora", .name = "Dora", .up = { 5000, 5, 5 }, .down = { 600, 6, 6 } },
		{ .id = "anna", .name = "Somebody", .up = { 70000, 7, 7 } },
		{ .id = "zoe", .name = "Zoe", .down = { 80, 8, 8 } },
	};
	static struct seen seen;

	(void)state;
	past_make("UTC0", NOON_S);
	past_now_s += 4 * PAST_INTERVAL_S;
	make_old_snapshot("nfmeter.202611250400", entries, 3, past_now_s - 7210, 1800);
	make_old_snapshot("nfmeter.202611250430", entries, 2, past_now_s - 5410, 1800);
	report(past_now_s - 7210, past_now_s, &seen);
	assert_int_equal(seen.lines, 5);
	assert_string_equal(seen.line[0].id, "anna");
	assert_int_equal(seen.line[0].up.bytes, 140000);
	assert_string_equal(seen.line[1].id, "dora");
	assert_string_equal(seen.line[1].name, "Dora");
	assert_int_equal(seen.line[1].down.packets, 12);
	assert_string_equal(seen.line[2].id, "zoe");
	assert_int_equal(seen.line[2].down.bytes, 80);
	assert_line(&seen, 1, past_now_s - 7210, past_now_s);
	report(past_from_s, past_now_s, &seen);
	assert_int_equal(seen.lines, PAST_CUSTOMERS + 3);
}

/* ---- more customers than a batch, from files and rollups ---- */

#define MANY 1000U

static void make_many(void)
{
	static struct made_entry entry[MANY];
	static char id[MANY][32];
	struct made_file file = { .entries = entry, .entry_count = MANY };

	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(id[i], sizeof(id[i]), "customer-%04u", i);
		entry[i] = (struct made_entry){ .id = id[i], .up = { i, 1, 1 } };
	}
	use_zone("UTC0");
	past_now_s = NOON_S + 3 * 86400;
	for (uint32_t i = 0; i < 4; i++) {
		file.meta = made_meta(i + 2, NOON_S + i * 43200, 43200);
		make_snapshot(&file);
	}
}

struct many {
	uint32_t next;
	uint64_t bytes;
};

static int see_many(void *cookie, const struct nfm_report_line *line)
{
	struct many *many = cookie;
	char id[32];

	if (line->kind != NFM_HISTORY_CUSTOMER)
		return 0;
	if (!many->next)
		many->next = 1; /* the first one has packets, and no bytes */
	else
		many->next++;
	snprintf(id, sizeof(id), "customer-%04u", many->next - 1);
	assert_string_equal(line->id, id);
	assert_int_equal(line->up.bytes, 4 * (many->next - 1));
	assert_int_equal(line->up.packets, 4);
	many->bytes += line->up.bytes;
	return 0;
}

static void many_customers_come_in_order(void **state)
{
	struct nfm_rollup_limits limits = { 0 };
	struct nfm_rollup_result result;
	struct nfm_history_head head;
	struct nfm_error error;

	(void)state;
	make_many();
	for (int rolled_up = 0; rolled_up < 2; rolled_up++) {
		struct nfm_history_options options = past_options();
		struct many many = { 0 };

		assert_int_equal(nfm_report_read(&options, NOON_S, past_now_s, &head, see_many,
						 &many, &error), 0);
		assert_int_equal(many.next, MANY);
		assert_int_equal(many.bytes, 4ULL * MANY * (MANY - 1) / 2);
		if (!rolled_up)
			assert_int_equal(nfm_rollup_run(folder, &limits, past_now_s, NULL, NULL,
							&result, &error), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, past_setup, past_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(snapshots_alone),
		TEST(rollups),
		TEST(rollups_of_all_tiers_and_snapshots),
		TEST(old_files_are_sorted),
		TEST(nothing_there),
		TEST(walks_can_be_ended),
		TEST(many_customers_come_in_order),
		TEST(damaged_lines_are_passed_over),
		TEST(days_that_are_not_of_one_length),
		TEST(more_snapshots_than_can_be_open),
		TEST(temporary_files_that_cannot_be),
	};

	nfm_log_set_level(LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, past_group_teardown);
}
