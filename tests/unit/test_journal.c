// SPDX-License-Identifier: GPL-2.0-only
/* The journal: a batch is in the rows wholly and once, wherever its writer dies. */
#include "table/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COLUMNS 3U
#define EXPORTERS 4U
#define OTHERS (2 * EXPORTERS + NFM_REASON_ROWS) /* rows that are no customers */
#define SMALL 20U
#define LARGE 9200U /* with the other rows: as many as a datagram may touch */
#define MOST_ROWS ((NFM_BANKS * COLUMNS + NFM_BANKS) * (LARGE + OTHERS))
#define ROWS ((NFM_BANKS * COLUMNS + NFM_BANKS) * stride)
#define OLD_POS 4096U
#define NEW_POS 6144U

struct memory {
	struct nfm_row rows[MOST_ROWS];
	struct nfm_ctl ctl;
	struct nfm_journal journal;
	uint64_t consumer_pos;
	uint64_t old_consumer_pos; /* of the ring that gives way */
};

static uint32_t stride;	      /* rows of a column */
static struct memory *live;   /* shared with a child */
static struct memory *before; /* as it was before the batch */
static struct memory *after;  /* as it has to be after it */
static struct memory *copy;   /* what a crash left, for the next agent */
static struct nfm_batch_log *log_;
static uint64_t ring; /* NFM_JOURNAL_RING_…: where the batches come from */

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

static struct nfm_table table_of(struct memory *m)
{
	return (struct nfm_table){
		.ctl = &m->ctl,
		.rows = m->rows,
		.journal = &m->journal,
		.writable = true,
		.refusals_fd = -1,
		.geometry = {
			.columns = COLUMNS,
			.capacity = stride - OTHERS,
			.exporters = EXPORTERS,
			.stride = stride,
		},
	};
}

static void *map_memory(void)
{
	void *m = mmap(NULL, sizeof(struct memory), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

static int set_up(void **state)
{
	(void)state;
	live = map_memory();
	before = map_memory();
	after = map_memory();
	copy = map_memory();
	log_ = aligned_alloc(64, (sizeof(*log_) + 63) / 64 * 64);
	if (!live || !before || !after || !copy || !log_)
		return -1;
	memset(log_, 0, sizeof(*log_));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	munmap(live, sizeof(*live));
	munmap(before, sizeof(*before));
	munmap(after, sizeof(*after));
	munmap(copy, sizeof(*copy));
	free(log_);
	return 0;
}

/* Rows with counts of their own everywhere. */
static void fill_table(uint32_t capacity)
{
	stride = capacity + OTHERS;
	memset(&live->journal, 0, sizeof(live->journal));
	live->journal.waiting_done = NFM_WAITING_NONE; /* else that is what is not believed */
	for (uint32_t i = 0; i < ROWS; i++)
		for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
			live->rows[i].word[w] = 1000 + rnd(1000000);
	live->ctl.epoch = 7;
	live->consumer_pos = OLD_POS;
	live->old_consumer_pos = OLD_POS;
}

static int fill(void **state)
{
	(void)state;
	ring = NFM_JOURNAL_RING_TABLE;
	fill_table(SMALL);
	return 0;
}

static int fill_from_old_ring(void **state)
{
	fill(state);
	ring = NFM_JOURNAL_RING_OLD;
	return 0;
}

static int fill_large(void **state)
{
	(void)state;
	fill_table(LARGE);
	return 0;
}

static void copy_memory(struct memory *to, const struct memory *from)
{
	memcpy(to->rows, from->rows, ROWS * sizeof(to->rows[0]));
	memcpy(&to->journal, &from->journal, offsetof(struct nfm_journal, entry[stride]));
	to->ctl = from->ctl;
	to->consumer_pos = from->consumer_pos;
	to->old_consumer_pos = from->old_consumer_pos;
}

/* The position of the ring that the batch comes from; the other one's must stay. */
static uint64_t *position(struct memory *m)
{
	return ring == NFM_JOURNAL_RING_OLD ? &m->old_consumer_pos : &m->consumer_pos;
}

static void assert_other_ring_stays(const struct memory *m)
{
	assert_int_equal(ring == NFM_JOURNAL_RING_OLD ? m->consumer_pos : m->old_consumer_pos,
			 OLD_POS);
}

static void commit(void)
{
	nfm_journal_commit(log_, NEW_POS, position(live));
}

static int recover(struct memory *m)
{
	struct nfm_table t = table_of(m);

	return nfm_journal_recover(&t, &m->consumer_pos, &m->old_consumer_pos);
}

static void assert_rows(const struct memory *m, const struct memory *want)
{
	assert_memory_equal(m->rows, want->rows, ROWS * sizeof(m->rows[0]));
}

/* Changes `count` random rows through the shadow; `after` gets what must come of it. */
static void make_batch(struct nfm_table *t, uint32_t count)
{
	copy_memory(before, live);
	copy_memory(after, live);
	nfm_journal_begin(log_, t);
	log_->ring = ring;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = rnd(stride);
		uint32_t word = rnd(NFM_ROW_WORDS);
		uint32_t index = nfm_row_index(&t->geometry, t->ctl->epoch & 1,
					       nfm_table_agent_column(t), row);
		uint64_t add = 1 + rnd(1000);

		nfm_journal_row(log_, row)->word[word] += add;
		after->rows[index].word[word] += add;
	}
	assert_rows(live, before); /* nothing shows before the commit */
}

/* ---- the batch ---- */

static void commit_adds_once(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	for (uint32_t turn = 0; turn < 200; turn++) {
		fill_table(SMALL);
		live->ctl.epoch = turn;
		make_batch(&t, rnd(300));
		commit();
		assert_rows(live, after);
		assert_int_equal(*position(live), NEW_POS);
		assert_other_ring_stays(live);
		assert_int_equal(recover(live), 0);
		assert_rows(live, after);
	}
}

static void socket_batch_moves_no_ring(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	make_batch(&t, 10);
	nfm_journal_commit(log_, NFM_JOURNAL_NO_RING, NULL);
	assert_rows(live, after);
	make_batch(&t, 10);
	nfm_journal_commit(log_, NFM_JOURNAL_NO_RING, &live->consumer_pos);
	assert_rows(live, after);
	assert_int_equal(live->consumer_pos, OLD_POS);
}

static void same_row_same_shadow(void **state)
{
	struct nfm_table t = table_of(live);
	struct nfm_row *row;

	(void)state;
	nfm_journal_begin(log_, &t);
	row = nfm_journal_row(log_, 5);
	assert_ptr_equal(nfm_journal_row(log_, 5), row);
	assert_ptr_not_equal(nfm_journal_row(log_, 6), row);
	assert_ptr_equal(nfm_journal_row(log_, 5), row);
	assert_int_equal(log_->count, 2);
	/* of the open bank, the agent's column */
	assert_int_equal(row->word[0], live->rows[(COLUMNS + COLUMNS - 1) * stride + 5].word[0]);
}

static void given_up_batch_is_forgotten(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	make_batch(&t, 100);
	nfm_journal_begin(log_, &t);
	commit();
	assert_rows(live, before);
}

static void every_row_of_the_largest_batch(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	copy_memory(after, live);
	nfm_journal_begin(log_, &t);
	for (uint32_t row = 0; row < stride; row++) {
		nfm_journal_row(log_, row)->word[1]++;
		after->rows[(COLUMNS + COLUMNS - 1) * stride + row].word[1]++;
	}
	nfm_journal_commit(log_, NFM_JOURNAL_NO_RING, NULL);
	assert_rows(live, after);
}

/* More rows than the journal has entries: nothing beside it is written. */
static void too_many_rows(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	nfm_journal_begin(log_, &t);
	for (uint32_t epoch = 0; epoch < 2; epoch++) {
		live->ctl.epoch = epoch;
		for (uint32_t row = 0; row < stride; row++)
			assert_non_null(nfm_journal_row(log_, row));
	}
	assert_int_equal(log_->count, NFM_JOURNAL_ENTRIES);
	nfm_journal_commit(log_, NFM_JOURNAL_NO_RING, NULL);
	assert_int_equal(live->journal.state, NFM_JOURNAL_EMPTY);
}

/* ---- the crash ---- */

/* What the next agent makes of memory as it is found: the batch is in, or none of it is. */
static void assert_recovers(const struct memory *found)
{
	copy_memory(copy, found);
	recover(copy);
	assert_int_equal(copy->journal.state, NFM_JOURNAL_EMPTY);
	assert_other_ring_stays(copy);
	if (*position(copy) == OLD_POS) {
		assert_rows(copy, before);
	} else {
		assert_int_equal(*position(copy), NEW_POS);
		assert_rows(copy, after);
	}
}

/* Some words of the rows are written already, others are not. */
static void crash_among_the_rows(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	make_batch(&t, 200);
	commit();
	for (int turn = 0; turn < 100; turn++) {
		live->journal.state = NFM_JOURNAL_SET;
		*position(live) = OLD_POS;
		for (uint32_t i = 0; i < ROWS; i++)
			for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
				live->rows[i].word[w] = (rnd(2) ? before : after)->rows[i].word[w];
		assert_int_equal(recover(live), 1);
		assert_rows(live, after);
		assert_int_equal(*position(live), NEW_POS);
		assert_other_ring_stays(live);
		assert_int_equal(recover(live), 0);
		assert_rows(live, after);
	}
}

/* The agent that recovers dies as well, and so does the one after it. */
static void crash_while_recovering(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	make_batch(&t, 200);
	commit();
	for (int turn = 0; turn < 3; turn++) {
		live->journal.state = NFM_JOURNAL_SET;
		assert_int_equal(recover(live), 1);
		assert_rows(live, after);
	}
}

static void crash_before_the_journal_is_set(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	make_batch(&t, 200);
	live->journal.count = 7; /* half written */
	live->journal.entry[3].index = 12;
	live->journal.ring_pos = NEW_POS;
	assert_int_equal(recover(live), 0);
	assert_rows(live, before);
	assert_int_equal(live->consumer_pos, OLD_POS);
}

static void run_child(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	raise(SIGSTOP);
	commit();
	_exit(0);
}

/* The writer is stopped after every single instruction, and what it left so far is recovered. */
static void crash_at_every_instruction(void **state)
{
	struct nfm_table t = table_of(live);
	unsigned int old = 0;
	unsigned int new = 0;
	int status;
	pid_t child;

	(void)state;
	make_batch(&t, 4);
	child = fork();
	if (child == 0)
		run_child();
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		skip(); /* no ptrace here */
	for (;;) {
		assert_recovers(live);
		old += *position(copy) == OLD_POS;
		new += *position(copy) != OLD_POS;
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) < 0 ||
		    waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
			break;
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_in_range(old, 20, 1000000);
	assert_in_range(new, 20, 1000000);
}

/* Its batch is finished, and no other ring moves in its place. */
static void batch_of_gone_ring(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	make_batch(&t, 10);
	commit();
	live->journal.state = NFM_JOURNAL_SET;
	copy_memory(copy, live);
	t = table_of(copy);
	assert_int_equal(nfm_journal_recover(&t, &copy->consumer_pos, NULL), 1);
	assert_rows(copy, after);
	assert_int_equal(copy->consumer_pos, OLD_POS);
}

/* One that is not believed moves no ring, so that its datagram is taken again. */
static void corrupt_journal_moves_no_ring(void **state)
{
	static const struct {
		uint64_t ring, index;
	} rows[] = {
		{ NFM_JOURNAL_RING_OLD + 1, 0 },
		{ UINT64_MAX, 0 },
		{ NFM_JOURNAL_RING_TABLE, MOST_ROWS },
		{ NFM_JOURNAL_RING_OLD, MOST_ROWS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill(NULL);
		copy_memory(before, live);
		live->journal.state = NFM_JOURNAL_SET;
		live->journal.ring = rows[i].ring;
		live->journal.ring_pos = NEW_POS;
		live->journal.count = 1;
		live->journal.entry[0].index = rows[i].index;
		assert_int_equal(recover(live), 1);
		assert_rows(live, before);
		assert_int_equal(live->consumer_pos, OLD_POS);
		assert_int_equal(live->old_consumer_pos, OLD_POS);
		assert_int_equal(live->journal.state, NFM_JOURNAL_EMPTY);
	}
}

static void corrupt_journal_is_ignored(void **state)
{
	static const struct {
		uint64_t state, count, index;
		int found;
	} rows[] = {
		{ NFM_JOURNAL_SET, NFM_JOURNAL_ENTRIES + 1ULL, 0, 1 },
		{ NFM_JOURNAL_SET, UINT64_MAX, 0, 1 },
		{ NFM_JOURNAL_SET, 2, MOST_ROWS, 1 },
		{ NFM_JOURNAL_SET, 2, UINT64_MAX, 1 },
		{ 2, 2, 0, 0 },
		{ UINT64_MAX, 2, 0, 0 },
	};
	struct nfm_table t = table_of(live);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill(NULL);
		copy_memory(before, live);
		live->consumer_pos = 0; /* what stands behind the entries passes for one */
		live->journal.state = rows[i].state;
		live->journal.count = rows[i].count;
		live->journal.ring_pos = NFM_JOURNAL_NO_RING;
		live->journal.entry[1].index = rows[i].index;
		assert_int_equal(nfm_journal_recover(&t, NULL, NULL), rows[i].found);
		assert_rows(live, before);
	}
}

#define FROM_OLD_RING(test)                                                                       \
	{                                                                                         \
		#test "_from_old_ring", test, fill_from_old_ring, NULL, NULL                      \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(commit_adds_once, fill),
		FROM_OLD_RING(commit_adds_once),
		cmocka_unit_test_setup(socket_batch_moves_no_ring, fill),
		cmocka_unit_test_setup(same_row_same_shadow, fill),
		cmocka_unit_test_setup(given_up_batch_is_forgotten, fill),
		cmocka_unit_test_setup(every_row_of_the_largest_batch, fill_large),
		cmocka_unit_test_setup(too_many_rows, fill_large),
		cmocka_unit_test_setup(crash_among_the_rows, fill),
		FROM_OLD_RING(crash_among_the_rows),
		cmocka_unit_test_setup(crash_while_recovering, fill),
		cmocka_unit_test_setup(crash_before_the_journal_is_set, fill),
		cmocka_unit_test_setup(crash_at_every_instruction, fill),
		FROM_OLD_RING(crash_at_every_instruction),
		FROM_OLD_RING(batch_of_gone_ring),
		cmocka_unit_test_setup(corrupt_journal_moves_no_ring, fill),
		cmocka_unit_test_setup(corrupt_journal_is_ignored, fill),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
