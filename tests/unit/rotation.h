/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of rotation: a table in memory, records counted into it as writers would, and a second
 * account of them to which the files must come.
 */
#ifndef NFM_TEST_ROTATION_H
#define NFM_TEST_ROTATION_H

#include "snapshot/rotate.h"

#include <errno.h>
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "folder.h"

#define NOON_NS 1795348800000000000ULL /* 2026-11-22 12:00:00 UTC */
#define INTERVAL_S 300U
#define INTERVAL_NS (INTERVAL_S * NFM_NS_PER_S)

#define COLUMNS 3U
#define CAPACITY 300U /* more than two blocks of rows */
#define EXPORTERS 8U
#define STREAMS 4U
#define PREFIXES 512U
#define EARLIER_SLOTS 8U
#define EARLIER_ROWS (EARLIER_SLOTS / NFM_EARLIER_PER_ROW)
#define STRIDE (CAPACITY + 2 * EXPORTERS + NFM_REASON_ROWS)

struct memory {
	struct nfm_ctl ctl;
	struct nfm_name names[CAPACITY];
	struct nfm_prefix prefixes[PREFIXES];
	struct nfm_exporter exporters[EXPORTERS];
	struct nfm_stream streams[STREAMS];
	struct nfm_row rows[(NFM_BANKS * COLUMNS + NFM_BANKS) * STRIDE];
	struct nfm_row earlier[(NFM_BANKS * COLUMNS + NFM_BANKS) * CAPACITY * EARLIER_ROWS];
};

/* What was added or read, by customer; the exporters' side apart. */
struct account {
	struct nfm_row row[CAPACITY];
	struct nfm_row earlier[CAPACITY][EARLIER_ROWS];
	struct nfm_snapshot_count total;
	uint64_t reason_datagrams;
};

static struct nfm_table table;
static struct memory *memory; /* shared, so that it outlives a child that is killed */
static struct account added;
static uint64_t now_ns;

static inline void name_rows(void)
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
static inline void make_table(void)
{
	memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	table = (struct nfm_table){
		.ctl = &memory->ctl,
		.rows = memory->rows,
		.earlier = memory->earlier,
		.names = memory->names,
		.prefixes = memory->prefixes,
		.exporters = memory->exporters,
		.streams = memory->streams,
		.writable = true,
		.geometry = {
			.columns = COLUMNS,
			.capacity = CAPACITY,
			.exporters = EXPORTERS,
			.stride = STRIDE,
			.prefixes = PREFIXES,
			.streams = STREAMS,
			.earlier_slots = EARLIER_SLOTS,
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

static inline int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	if (folder_make())
		return -1;
	make_table();
	memset(&added, 0, sizeof(added));
	now_ns = NOON_NS;
	nfm_rotate_step_hook = NULL;
	nfm_log_set_level(LOG_CRIT);
	srandom(3);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	nfm_rotate_step_hook = NULL;
	munmap(memory, sizeof(*memory));
	return folder_remove();
}

static inline struct nfm_row *open_row(uint32_t row)
{
	uint32_t column = (uint32_t)random() % COLUMNS;

	return nfm_table_row(&table, memory->ctl.epoch & 1, column, row);
}

static inline void add_half(uint32_t row, bool down, uint64_t bytes, uint64_t packets)
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

static inline uint32_t random_row(void)
{
	return random() % 4 ? NFM_ROW_FIRST + (uint32_t)random() % (CAPACITY - NFM_ROW_FIRST) :
			      NFM_ROW_UNMATCHED;
}

/* Bytes of the half of a row that were sent `back` slots ago. */
static inline void add_earlier(uint32_t row, bool down, uint32_t back, uint64_t bytes)
{
	uint32_t column = (uint32_t)random() % COLUMNS, index = (back - 1) / NFM_EARLIER_PER_ROW;
	uint32_t word = NFM_EARLIER_WORD(back) + down;

	nfm_table_earlier(&table, memory->ctl.epoch & 1, column, row)[index].word[word] += bytes;
	added.earlier[row][index].word[word] += bytes;
}

/* A record of which a part was sent earlier: all rows that it touches say so alike. */
static inline void add_record_earlier(uint32_t up, uint32_t down, uint64_t bytes)
{
	uint32_t back = 1 + (uint32_t)random() % EARLIER_SLOTS;

	if (up)
		add_earlier(up, false, back, bytes);
	if (down)
		add_earlier(down, true, back, bytes);
	if (!up && !down)
		add_earlier(NFM_ROW_UNMATCHED, false, back, bytes);
	if (up && down)
		add_earlier(NFM_ROW_LOCAL, false, back, bytes);
}

/* One record, as a writer counts it. */
static inline void add_record(void)
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
	if (random() % 8 == 0)
		add_record_earlier(up, down, bytes / (1 + (uint64_t)random() % 3));
	exporter->exporter.bytes += bytes;
	exporter->exporter.packets += packets;
	exporter->exporter.records++;
	exporter->exporter.datagrams++;
	open_row(nfm_table_reason_row(&table, NFM_REASON_SHORT))->reason.datagrams++;
	open_row(nfm_table_notes_row(&table, random() % 2))->notes.empty++;
	added.total.bytes += bytes;
	added.total.packets += packets;
	added.total.flows++;
	added.reason_datagrams++;
}

static inline void add_records(int count)
{
	while (count--)
		add_record();
}

static inline void flip(void)
{
	now_ns += INTERVAL_NS;
	assert_int_equal(nfm_rotate_flip(&table, now_ns, 0, 0), 0);
}

static inline int finish(struct nfm_rotate_result *out)
{
	struct nfm_error error = {};
	int code = nfm_rotate_finish(&table, folder, INTERVAL_S, NULL, out, &error);

	if (code == -ECANCELED)
		return code; /* by the hook */
	assert_true(!code == !error.text[0]);
	return code;
}

static inline void rotate(struct nfm_rotate_result *out)
{
	flip();
	assert_int_equal(finish(out), 0);
}

/* ---- what the files say, all together ---- */

static inline void add_count(__u64 *word, const struct nfm_snapshot_count *count)
{
	word[0] += count->bytes;
	word[1] += count->packets;
	word[2] += count->flows;
}

static inline void add_slots(struct nfm_row *rows, const struct nfm_snapshot_earlier *earlier,
			     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct nfm_row *row = &rows[(earlier[i].back - 1) / NFM_EARLIER_PER_ROW];

		assert_int_not_equal(earlier[i].up_bytes + earlier[i].down_bytes, 0);
		row->word[NFM_EARLIER_WORD(earlier[i].back)] += earlier[i].up_bytes;
		row->word[NFM_EARLIER_WORD(earlier[i].back) + 1] += earlier[i].down_bytes;
	}
}

static inline void read_totals(const struct nfm_snapshot_reader *r, struct account *sum)
{
	struct nfm_snapshot_count unmatched, local, total;

	nfm_snapshot_reader_totals(r, &unmatched, &local, &total);
	add_count(&sum->row[NFM_ROW_UNMATCHED].word[0], &unmatched);
	add_count(&sum->row[NFM_ROW_LOCAL].word[0], &local);
	sum->total.bytes += total.bytes;
	sum->total.packets += total.packets;
	sum->total.flows += total.flows;
	for (uint32_t row = 0; row < NFM_ROW_FIRST; row++) {
		const struct nfm_snapshot_earlier *earlier;
		uint32_t count;

		earlier = nfm_snapshot_reader_earlier(r, row, &count);
		add_slots(sum->earlier[row], earlier, count);
	}
}

static inline void read_into(const char *path, struct account *sum)
{
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
		add_slots(sum->earlier[row], customer.earlier, customer.earlier_count);
	}
	while (nfm_snapshot_reader_reason(r, &reason) == 1)
		sum->reason_datagrams += reason.datagrams;
	read_totals(r, sum);
	nfm_snapshot_reader_free(r);
}

/* Returns how many files there are; temporary ones do not count. */
static inline int read_all(struct account *sum)
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

static inline void assert_files_hold_everything(int files)
{
	static struct account sum;

	assert_int_equal(read_all(&sum), files);
	assert_memory_equal(&sum, &added, sizeof(sum));
}

#endif
