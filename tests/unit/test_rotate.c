// SPDX-License-Identifier: GPL-2.0-only
/* Rotation: every byte in exactly one file, whatever is counted when, and wherever it is cut. */
#include "snapshot/rotate.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"

#define NOON_NS 1795348800000000000ULL /* 2026-11-22 12:00:00 UTC */
#define INTERVAL_S 300U
#define INTERVAL_NS (INTERVAL_S * NFM_NS_PER_S)

#define COLUMNS 3U
#define CAPACITY 300U /* more than two blocks of rows */
#define EXPORTERS 8U
#define STREAMS 4U
#define PREFIXES 512U

struct memory {
	struct nfm_ctl ctl;
	struct nfm_name names[CAPACITY];
	struct nfm_prefix prefixes[PREFIXES];
	struct nfm_exporter exporters[EXPORTERS];
	struct nfm_stream streams[STREAMS];
	struct nfm_row rows[(NFM_BANKS * COLUMNS + NFM_BANKS) *
			    (CAPACITY + EXPORTERS + NFM_REASON_ROWS)];
};

/* What was added or read, by customer; the exporters' side apart. */
struct account {
	struct nfm_row row[CAPACITY];
	struct nfm_snapshot_count total;
	uint64_t reason_datagrams;
};

static char folder[] = "/tmp/nfm-test-rotate.XXXXXX";
static struct nfm_table table;
static struct memory *memory; /* shared, so that it outlives a child that is killed */
static struct account added;
static uint64_t now_ns;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void name_rows(void)
{
	for (uint32_t row = NFM_ROW_FIRST; row < CAPACITY; row++) {
		struct nfm_name *name = &memory->names[row];
		struct nfm_prefix *prefix = &memory->prefixes[row];

		name->state = NFM_NAME_LISTED;
		name->first_prefix = row;
		name->prefix_count = 1;
		snprintf(name->id, sizeof(name->id), "c%u", row);
		snprintf(name->name, sizeof(name->name), "Customer %u", row);
		*prefix = (struct nfm_prefix){
			.addr = { 10, 0, (uint8_t)(row >> 8), (uint8_t)row },
			.row = row,
			.family = 4,
			.bits = 32,
		};
	}
}

/* A new table as the agent makes it: epoch 1 is open. */
static void make_table(void)
{
	memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	table = (struct nfm_table){
		.ctl = &memory->ctl,
		.rows = memory->rows,
		.names = memory->names,
		.prefixes = memory->prefixes,
		.exporters = memory->exporters,
		.streams = memory->streams,
		.writable = true,
		.geometry = {
			.columns = COLUMNS,
			.capacity = CAPACITY,
			.exporters = EXPORTERS,
			.stride = CAPACITY + EXPORTERS + NFM_REASON_ROWS,
			.prefixes = PREFIXES,
			.streams = STREAMS,
		},
	};
	memory->ctl.epoch = 1;
	memory->ctl.names = CAPACITY;
	memory->ctl.exporter_count = 2;
	memory->ctl.stream_count = 2;
	memory->ctl.from_unix_ns[1] = NOON_NS;
	memcpy(memory->ctl.identity, "0123456789abcdef", 16);
	for (uint32_t i = 0; i < 2; i++) {
		memory->exporters[i].state = NFM_EXPORTER_LISTED;
		snprintf(memory->exporters[i].name, sizeof(memory->exporters[i].name), "r%u", i);
		memory->streams[i] = (struct nfm_stream){
			.exporter = 1, .domain = i, .version = 5, .used = 1, .lost = 10 + i,
		};
	}
	name_rows();
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	make_table();
	memset(&added, 0, sizeof(added));
	now_ns = NOON_NS;
	nfm_rotate_step_hook = NULL;
	nfm_log_set_level(LOG_CRIT);
	srandom(3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nfm_rotate_step_hook = NULL;
	munmap(memory, sizeof(*memory));
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct nfm_row *open_row(uint32_t row)
{
	uint32_t column = (uint32_t)random() % COLUMNS;

	return nfm_table_row(&table, memory->ctl.epoch & 1, column, row);
}

static void add_half(uint32_t row, bool down, uint64_t bytes, uint64_t packets)
{
	struct nfm_row *rows[] = { open_row(row), &added.row[row] };

	for (int i = 0; i < 2; i++) {
		__u64 *word = &rows[i]->word[down ? 3 : 0];

		word[0] += bytes;
		word[1] += packets;
		word[2]++;
	}
	open_row(row)->last_seen_ns = (uint64_t)random();
}

static uint32_t random_row(void)
{
	return random() % 4 ? NFM_ROW_FIRST + (uint32_t)random() % (CAPACITY - NFM_ROW_FIRST) :
			      NFM_ROW_UNMATCHED;
}

/* One record, as a writer counts it. */
static void add_record(void)
{
	uint64_t bytes = (uint64_t)random() << (random() % 16), packets = (uint64_t)random() % 99;
	uint32_t up = random_row(), down = random_row();
	struct nfm_row *exporter = open_row(nfm_table_exporter_row(&table, random() % 2));

	if (up)
		add_half(up, false, bytes, packets);
	if (down)
		add_half(down, true, bytes, packets);
	if (!up && !down)
		add_half(NFM_ROW_UNMATCHED, false, bytes, packets);
	if (up && down)
		add_half(NFM_ROW_LOCAL, false, bytes, packets);
	exporter->exporter.bytes += bytes;
	exporter->exporter.packets += packets;
	exporter->exporter.records++;
	exporter->exporter.datagrams++;
	open_row(nfm_table_reason_row(&table, NFM_REASON_SHORT))->reason.datagrams++;
	added.total.bytes += bytes;
	added.total.packets += packets;
	added.total.flows++;
	added.reason_datagrams++;
}

static void add_records(int count)
{
	while (count--)
		add_record();
}

static void flip(void)
{
	now_ns += INTERVAL_NS;
	assert_int_equal(nfm_rotate_flip(&table, now_ns), 0);
}

static int finish(struct nfm_rotate_result *out)
{
	struct nfm_error error = {};
	int code = nfm_rotate_finish(&table, folder, INTERVAL_S, NULL, out, &error);

	if (code == -ECANCELED)
		return code; /* by the hook */
	assert_true(!code == !error.text[0]);
	return code;
}

static void rotate(struct nfm_rotate_result *out)
{
	flip();
	assert_int_equal(finish(out), 0);
}

/* ---- what the files say, all together ---- */

static void add_count(__u64 *word, const struct nfm_snapshot_count *count)
{
	word[0] += count->bytes;
	word[1] += count->packets;
	word[2] += count->flows;
}

static void read_into(const char *path, struct account *sum)
{
	struct nfm_snapshot_count unmatched, local, total;
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_reason reason;
	struct nfm_snapshot_reader *r;

	assert_int_equal(nfm_snapshot_reader_open(path, &r, NULL), 0);
	assert_false(nfm_snapshot_reader_meta(r)->flags & NFM_SNAPSHOT_UNBALANCED);
	while (nfm_snapshot_reader_customer(r, &customer) == 1) {
		uint32_t row = (uint32_t)strtoul(customer.id + 1, NULL, 10);

		assert_in_range(row, NFM_ROW_FIRST, CAPACITY - 1);
		assert_int_equal(customer.prefix_count, 1);
		assert_int_equal(customer.prefixes[0].addr[3], row & 255);
		add_count(&sum->row[row].word[0], &customer.up);
		add_count(&sum->row[row].word[3], &customer.down);
	}
	while (nfm_snapshot_reader_reason(r, &reason) == 1)
		sum->reason_datagrams += reason.datagrams;
	nfm_snapshot_reader_totals(r, &unmatched, &local, &total);
	add_count(&sum->row[NFM_ROW_UNMATCHED].word[0], &unmatched);
	add_count(&sum->row[NFM_ROW_LOCAL].word[0], &local);
	sum->total.bytes += total.bytes;
	sum->total.packets += total.packets;
	sum->total.flows += total.flows;
	nfm_snapshot_reader_free(r);
}

/* Returns how many files there are; temporary ones do not count. */
static int read_all(struct account *sum)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	const struct dirent *entry;
	int files = 0;

	assert_non_null(dir);
	memset(sum, 0, sizeof(*sum));
	while ((entry = readdir(dir))) {
		char path[PATH_MAX];

		if (strncmp(entry->d_name, "nfmeter.", 8) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		read_into(path, sum);
		files++;
	}
	return files;
}

static void assert_files_hold_everything(int files)
{
	static struct account sum;

	assert_int_equal(read_all(&sum), files);
	assert_memory_equal(&sum, &added, sizeof(sum));
}

/* ---- tests ---- */

static void files_sum_to_what_was_added(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	for (int interval = 0; interval < 12; interval++) {
		add_records(random() % 400);
		flip();
		assert_true(nfm_rotate_pending(&table));
		add_records(random() % 100); /* into the bank that is open now */
		assert_int_equal(finish(&result), 0);
		assert_false(nfm_rotate_pending(&table));
		assert_int_equal(memory->ctl.committed, interval + 1);
		assert_int_equal(result.meta.epoch, interval + 1);
		assert_string_equal(memory->ctl.last_snapshot, result.path);
	}
	rotate(&result);
	assert_files_hold_everything(13);
}

static void the_result_says_what_the_file_says(void **state)
{
	struct nfm_rotate_result result;
	char path[PATH_MAX];

	(void)state;
	add_records(100);
	rotate(&result);
	snprintf(path, sizeof(path), "%s/nfmeter.202611221200", folder);
	assert_string_equal(result.path, path);
	assert_int_equal(result.meta.from_unix_ns, NOON_NS);
	assert_int_equal(result.meta.to_unix_ns, NOON_NS + INTERVAL_NS);
	assert_int_equal(result.meta.flags, 0);
	assert_memory_equal(&result.total, &added.total, sizeof(result.total));
	assert_int_equal(result.unmatched.flows, added.row[NFM_ROW_UNMATCHED].up_flows);
	assert_int_equal(result.local.flows, added.row[NFM_ROW_LOCAL].up_flows);
	assert_int_equal(result.records, 100);
	assert_int_equal(result.datagrams, 100);
	assert_int_equal(result.rejected_datagrams, 100);
	assert_int_equal(result.reason_datagrams[NFM_REASON_SHORT], 100);
	assert_int_equal(result.lost, 21);
	assert_in_range(result.customers, 1, 200);
}

static void exporters_carry_their_streams(void **state)
{
	struct nfm_rotate_result result;
	struct nfm_snapshot_reader *r;
	struct nfm_snapshot_exporter e;

	(void)state;
	rotate(&result);
	assert_int_equal(nfm_snapshot_reader_open(result.path, &r, NULL), 0);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 1);
	assert_string_equal(e.name, "r0");
	assert_int_equal(e.stream_count, 0);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 1);
	assert_string_equal(e.name, "r1");
	assert_int_equal(e.stream_count, 2);
	assert_int_equal(e.streams[1].domain, 1);
	assert_int_equal(e.lost, 21);
	assert_int_equal(nfm_snapshot_reader_exporter(r, &e), 0);
	nfm_snapshot_reader_free(r);
}

static void an_empty_interval_is_written(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	rotate(&result);
	assert_int_equal(result.customers, 0);
	assert_int_equal(result.total.flows, 0);
	assert_files_hold_everything(1);
	assert_int_equal(finish(&result), 0); /* nothing is pending */
	assert_string_equal(result.path, "");
	assert_files_hold_everything(1);
}

static void one_interval_at_a_time(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(10);
	flip();
	assert_int_equal(nfm_rotate_flip(&table, now_ns + INTERVAL_NS), -EBUSY);
	assert_int_equal(memory->ctl.epoch, 2);
	assert_int_equal(memory->ctl.from_unix_ns[0], now_ns);
	assert_int_equal(finish(&result), 0);
	rotate(&result);
	assert_files_hold_everything(2);
}

static void short_intervals_are_partial(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	assert_int_equal(nfm_rotate_flip(&table, NOON_NS + INTERVAL_NS - NFM_NS_PER_S), 0);
	assert_int_equal(finish(&result), 0);
	assert_int_equal(result.meta.flags, 0);
	assert_int_equal(nfm_rotate_flip(&table, NOON_NS + 2 * INTERVAL_NS - 3 * NFM_NS_PER_S), 0);
	assert_int_equal(finish(&result), 0);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_PARTIAL);
	/* the wall clock was set back */
	assert_int_equal(nfm_rotate_flip(&table, NOON_NS), 0);
	assert_int_equal(finish(&result), 0);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_PARTIAL);
	assert_int_equal(result.meta.to_unix_ns, result.meta.from_unix_ns);
	assert_files_hold_everything(3);
}

static void what_does_not_balance_is_marked(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(10);
	open_row(NFM_ROW_UNMATCHED)->up_packets++;
	rotate(&result);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_UNBALANCED);
	rotate(&result);
	assert_int_equal(result.meta.flags, 0);
	nfm_table_base(&table, 1, 5)->up_bytes += 1000; /* a counter that went backwards */
	rotate(&result);
	assert_int_equal(result.meta.flags, NFM_SNAPSHOT_UNBALANCED);
	assert_int_equal(result.total.bytes, 0);
}

static void a_wild_table_does_no_harm(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(2000);
	memory->ctl.names = UINT32_MAX;
	memory->ctl.exporter_count = UINT32_MAX;
	memory->ctl.stream_count = UINT32_MAX;
	memory->streams[0].exporter = UINT32_MAX;
	memset(&memory->names[7], 0xff, sizeof(memory->names[7]));
	memory->names[8].first_prefix = PREFIXES - 1;
	memory->names[8].prefix_count = UINT32_MAX;
	memset(memory->exporters[0].name, 'x', sizeof(memory->exporters[0].name));
	memset(&memory->names[9], 0, sizeof(memory->names[9]));
	rotate(&result);
	assert_int_equal(result.meta.flags, 0);
	assert_memory_equal(&result.total, &added.total, sizeof(result.total));
}

static void a_row_that_is_being_appended_is_left_alone(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	memory->ctl.names = 50;
	memset(&memory->names[50], 0xff, sizeof(memory->names[50]));
	nfm_table_row(&table, 0, 0, 50)->up_bytes = 1; /* of the bank that opens next */
	rotate(&result);
	assert_int_equal(result.customers, 0);
	assert_int_equal(nfm_table_base(&table, 0, 50)->up_bytes, 0);
}

static unsigned int graces;

static void count_grace(void)
{
	graces++;
	assert_true(nfm_rotate_pending(&table));
}

static void grace_comes_before_the_sums(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	graces = 0;
	flip();
	assert_int_equal(nfm_rotate_finish(&table, folder, INTERVAL_S, count_grace, &result, NULL),
			 0);
	assert_int_equal(graces, 1);
}

/* ---- cut short ---- */

static enum nfm_rotate_step cut_step;
static int cut_after; /* times that the step is let pass */

static int cut_by_error(enum nfm_rotate_step step)
{
	return step == cut_step && !cut_after-- ? -ECANCELED : 0;
}

static int cut_by_kill(enum nfm_rotate_step step)
{
	if (step == cut_step && !cut_after--)
		_exit(7); /* nothing is cleaned up, as after kill -9 */
	return 0;
}

static const struct {
	enum nfm_rotate_step step;
	int after;
} cuts[] = {
	{ NFM_ROTATE_QUIET, 0 },    { NFM_ROTATE_WRITTEN, 0 },	{ NFM_ROTATE_SETTLING, 0 },
	{ NFM_ROTATE_SETTLING, 1 }, { NFM_ROTATE_SETTLING, 3 }, { NFM_ROTATE_SETTLED, 0 },
	{ NFM_ROTATE_COMMITTED, 0 },
};

static void an_error_after_any_step_is_made_good(void **state)
{
	struct nfm_rotate_result result = {};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cuts); i++) {
		add_records(200);
		flip();
		cut_step = cuts[i].step;
		cut_after = cuts[i].after;
		nfm_rotate_step_hook = cut_by_error;
		result.customers = 12345;
		assert_int_equal(finish(&result), -ECANCELED);
		assert_int_equal(result.customers, 12345);
		nfm_rotate_step_hook = NULL;
		add_records(50);
		assert_int_equal(finish(&result), 0);
		assert_false(nfm_rotate_pending(&table));
	}
	rotate(&result);
	assert_files_hold_everything(NFM_ARRAY_SIZE(cuts) + 1);
}

static void finish_in_a_child_that_dies(enum nfm_rotate_step step, int after)
{
	struct nfm_rotate_result result;
	int status;
	pid_t child;

	cut_step = step;
	cut_after = after;
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		nfm_rotate_step_hook = cut_by_kill;
		nfm_rotate_finish(&table, folder, INTERVAL_S, NULL, &result, NULL);
		_exit(8);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_death_after_any_step_is_made_good(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cuts); i++) {
		add_records(200);
		flip();
		finish_in_a_child_that_dies(cuts[i].step, cuts[i].after);
		if (nfm_rotate_pending(&table)) /* and the one that would mend it dies as well */
			finish_in_a_child_that_dies(cuts[i].step, cuts[i].after);
		add_records(50);
		assert_int_equal(finish(&result), 0);
	}
	rotate(&result);
	assert_files_hold_everything(NFM_ARRAY_SIZE(cuts) + 1);
}

/* The file is found although its name is one that would not be tried today. */
static void a_file_is_found_under_another_name(void **state)
{
	struct nfm_rotate_result before, after;

	(void)state;
	add_records(200);
	flip();
	nfm_rotate_step_hook = cut_by_error;
	cut_step = NFM_ROTATE_SETTLING;
	cut_after = 0;
	assert_int_equal(finish(&before), -ECANCELED);
	nfm_rotate_step_hook = NULL;
	setenv("TZ", "NPT-5:45", 1);
	tzset();
	assert_int_equal(nfm_rotate_finish(&table, folder, 60, NULL, &after, NULL), 0);
	assert_non_null(strstr(after.path, "/nfmeter.202611221200"));
	assert_int_equal(after.meta.interval_s, INTERVAL_S);
	assert_memory_equal(&after.total, &added.total, sizeof(after.total));
	assert_int_equal(after.records, 200);
	assert_int_equal(after.lost, 21);
	assert_int_equal(after.rejected_datagrams, 200);
	assert_files_hold_everything(1);
}

/* A damaged file is no file: the interval is written again beside it. */
static void a_damaged_file_is_written_again(void **state)
{
	struct nfm_rotate_result result;
	char path[PATH_MAX];
	_cleanup_free_ char *data = NULL;
	size_t len;

	(void)state;
	add_records(200);
	flip();
	nfm_rotate_step_hook = cut_by_error;
	cut_step = NFM_ROTATE_WRITTEN;
	cut_after = 0;
	assert_int_equal(finish(&result), -ECANCELED);
	nfm_rotate_step_hook = NULL;
	snprintf(path, sizeof(path), "%s/nfmeter.202611221200", folder);
	assert_int_equal(nfm_io_read_file(path, 1 << 20, &data, &len), 0);
	data[len - 1] ^= 1;
	assert_int_equal(nfm_io_replace_file(path, data, len, 0644), 0);
	assert_int_equal(finish(&result), 0);
	assert_non_null(strstr(result.path, "/nfmeter.20261122120000"));
	assert_int_equal(remove(path), 0);
	assert_files_hold_everything(1);
}

/* A folder that cannot be had: the interval waits, and counting goes on. */
static void a_failing_folder_loses_nothing(void **state)
{
	struct nfm_rotate_result result = { .customers = 12345 };
	struct nfm_error error = {};
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(nfm_io_replace_file(path, "x", 1, 0600), 0);
	strcat(path, "/below");
	add_records(200);
	flip();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(nfm_rotate_finish(&table, path, INTERVAL_S, NULL, &result, &error),
				 -ENOTDIR);
		assert_non_null(strstr(error.text, path));
		assert_int_equal(result.customers, 12345);
		assert_true(nfm_rotate_pending(&table));
		assert_int_equal(nfm_rotate_flip(&table, now_ns), -EBUSY);
		add_records(20);
	}
	assert_int_equal(finish(&result), 0);
	rotate(&result);
	assert_files_hold_everything(2);
}

/* Another table's file of the same interval is not ours. */
static void another_table_has_its_own_files(void **state)
{
	struct nfm_rotate_result result;

	(void)state;
	add_records(10);
	rotate(&result);
	memory->ctl.identity[0] ^= 1;
	memory->ctl.epoch = 1;
	memory->ctl.committed = 0;
	memory->ctl.from_unix_ns[1] = NOON_NS;
	now_ns = NOON_NS;
	add_records(10);
	rotate(&result);
	assert_int_equal(result.meta.epoch, 1);
	assert_files_hold_everything(2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(files_sum_to_what_was_added),
		TEST(the_result_says_what_the_file_says),
		TEST(exporters_carry_their_streams),
		TEST(an_empty_interval_is_written),
		TEST(one_interval_at_a_time),
		TEST(short_intervals_are_partial),
		TEST(what_does_not_balance_is_marked),
		TEST(a_wild_table_does_no_harm),
		TEST(a_row_that_is_being_appended_is_left_alone),
		TEST(grace_comes_before_the_sums),
		TEST(an_error_after_any_step_is_made_good),
		TEST(a_death_after_any_step_is_made_good),
		TEST(a_file_is_found_under_another_name),
		TEST(a_damaged_file_is_written_again),
		TEST(a_failing_folder_loses_nothing),
		TEST(another_table_has_its_own_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
