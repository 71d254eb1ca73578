// SPDX-License-Identifier: GPL-2.0-only
/* The waiting room and crashes: no set is lost or comes twice, wherever a batch is cut off. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waiting_room.h"

static struct model old; /* before the batch */

static uint32_t some_length(void)
{
	uint32_t most = NFM_MIN(pages * NFM_WAITING_PAGE, 20000U);

	return 4 + (rnd(10) ? rnd(300) : rnd(most));
}

/* What an agent may do with a datagram: sets go in; or with one that waited: it comes out. */
static void make_batch(struct nfm_table *t)
{
	copy_memory(before, live);
	old = model;
	nfm_journal_begin(log_, t);
	if (rnd(3) && model.count) {
		take(t, rnd(2) ? 0 : rnd(model.count));
		if (rnd(4))
			nfm_waiting_trim(log_);
		if (rnd(8))
			return;
	}
	for (uint32_t n = rnd(6); n--;) {
		int r = put(some_length());

		if (pages == MOST_PAGES || r != -ENOSPC)
			assert_int_equal(r, 0);
	}
}

static void commit_to_ring(void)
{
	live->consumer_pos = OLD_POS;
	nfm_journal_commit(log_, NEW_POS, &live->consumer_pos);
}

static void assert_same(const struct memory *m, const struct memory *want)
{
	assert_memory_equal(m->rows, want->rows, sizeof(m->rows));
	assert_memory_equal(&m->ctl, &want->ctl, sizeof(m->ctl));
	assert_memory_equal(m->room, want->room, (size_t)pages * NFM_WAITING_PAGE);
}

/* Of what a commit writes behind the journal, some is written and some is not. */
static void unfinish(void)
{
	uint64_t done = live->journal.waiting_done;
	struct nfm_table t = table_of(live);

	copy_memory(after, live);
	live->journal.state = NFM_JOURNAL_SET;
	if (rnd(2))
		live->consumer_pos = OLD_POS;
	if (rnd(2))
		live->ctl.waiting_tail = before->ctl.waiting_tail;
	if (rnd(2))
		live->ctl.waiting_head = before->ctl.waiting_head;
	if (done != NFM_WAITING_NONE && rnd(2))
		nfm_waiting_at(&t, done)->state = NFM_WAITING_SET;
	for (uint32_t i = 0; i < NFM_ARRAY_SIZE(live->rows); i++)
		for (uint32_t w = 0; w < NFM_ROW_WORDS; w++)
			if (rnd(2))
				live->rows[i].word[w] = before->rows[i].word[w];
}

static void crash_before_the_journal_is_set(struct nfm_table *t)
{
	live->journal.count = rnd(5); /* half written */
	live->journal.waiting_head = rnd(1U << 20) * 8ULL;
	live->journal.waiting_done = rnd(1U << 20) * 8ULL;
	assert_int_equal(nfm_journal_recover(t, &live->consumer_pos, NULL), 0);
	model = old;
}

static void crash_after_it(struct nfm_table *t)
{
	commit_to_ring();
	for (uint32_t agents = 1 + rnd(3); agents--;) { /* who recovers may die as well */
		unfinish();
		assert_int_equal(nfm_journal_recover(t, &live->consumer_pos, NULL), 1);
		assert_same(live, after);
		assert_int_equal(live->consumer_pos, NEW_POS);
	}
	assert_int_equal(nfm_journal_recover(t, &live->consumer_pos, NULL), 0);
}

/* Random batches against a list, most of them cut off somewhere. */
static void nothing_is_lost_and_nothing_comes_twice(void **state)
{
	static const uint32_t rooms[] = { 1, 2, 16, 17, MOST_PAGES };
	uint64_t taken = 0, gone = 0;

	(void)state;
	for (uint32_t turn = 0; turn < 40; turn++) {
		struct nfm_table t;

		reopen_room(rooms[turn % NFM_ARRAY_SIZE(rooms)]);
		t = table_of(live);
		for (uint32_t step = 0; step < 300; step++) {
			make_batch(&t);
			switch (rnd(4)) {
			case 0:
				model = old; /* the batch is given up by who began it */
				break;
			case 1:
				crash_before_the_journal_is_set(&t);
				break;
			case 2:
				crash_after_it(&t);
				break;
			default:
				commit_to_ring();
			}
			assert_room(live, &model);
		}
		taken += model.taken;
		gone += model.given_up;
	}
	assert_in_range(taken, 1000, 1000000);
	assert_in_range(gone, 1000, 1000000);
}

/* ---- at every instruction ---- */

static void run_child(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	raise(SIGSTOP);
	nfm_journal_commit(log_, NEW_POS, &live->consumer_pos);
	_exit(0);
}

/* What the next agent makes of memory as it is found: the batch is in, or none of it is. */
static bool recovers_to_new(void)
{
	struct nfm_table t = table_of(copy);
	bool is_new;

	copy_memory(copy, live);
	nfm_journal_recover(&t, &copy->consumer_pos, NULL);
	assert_int_equal(copy->journal.state, NFM_JOURNAL_EMPTY);
	is_new = copy->consumer_pos == NEW_POS;
	assert_room(copy, is_new ? &model : &old);
	return is_new;
}

static void crash_at_every_instruction(void **state)
{
	struct nfm_table t = table_of(live);
	unsigned int seen[2] = {};
	int status;
	pid_t child;

	(void)state;
	for (int i = 0; i < 30; i++)
		put_one(&t, 1000);
	old = model;
	nfm_journal_begin(log_, &t);
	take(&t, 20);
	assert_int_equal(put(3000), 0);
	assert_int_equal(put(40), 0);
	assert_true(model.given_up > 0);
	child = fork();
	if (child == 0)
		run_child();
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		skip(); /* no ptrace here */
	for (;;) {
		seen[recovers_to_new()]++;
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) < 0 ||
		    waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
			break;
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_in_range(seen[0], 20, 1000000);
	assert_in_range(seen[1], 20, 1000000);
}

/* ---- a damaged journal ---- */

/* Its words about the room are believed wholly or not at all, and with them its rows. */
static void damaged_journal_words(void **state)
{
	enum { EACH = 552, END = 10 * EACH };
	static const struct {
		uint64_t tail, head, done;
		bool believed;
	} rows[] = {
		{ 0, END, NFM_WAITING_NONE, true },
		{ 0, END, 0, true },
		{ EACH, END, EACH, true },
		{ END, END, NFM_WAITING_NONE, true },
		{ 4, END, NFM_WAITING_NONE, false },
		{ 0, END + 4, NFM_WAITING_NONE, false },
		{ 8, 0, NFM_WAITING_NONE, false },
		{ 0, 16 * NFM_WAITING_PAGE + 8, NFM_WAITING_NONE, false },
		{ UINT64_MAX - 7, UINT64_MAX - 7, NFM_WAITING_NONE, false },
		{ 0, UINT64_MAX - 7, NFM_WAITING_NONE, false },
		{ EACH, END, 0, false },
		{ 0, END, END, false },
		{ 0, END, 4, false },
		{ 0, END, 1, false },
		{ 0, END, EACH + 8, false }, /* no entry begins there */
		{ 0, END, UINT64_MAX - 7, false },
		{ 0, 16 * NFM_WAITING_PAGE, 16 * NFM_WAITING_PAGE - 8, false }, /* over the end */
		{ 0, 16 * NFM_WAITING_PAGE, 16 * NFM_WAITING_PAGE - 40, false },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		struct nfm_table t;

		reopen_room(16);
		t = table_of(live);
		for (int n = 0; n < 10; n++)
			put_one(&t, EACH - (uint32_t)sizeof(struct nfm_waiting) - 4);
		copy_memory(before, live);
		live->journal.state = NFM_JOURNAL_SET;
		live->journal.count = 1;
		live->journal.ring_pos = NFM_JOURNAL_NO_RING;
		live->journal.entry[0] = (struct nfm_journal_entry){ .index = 3, .word = { 9 } };
		live->journal.waiting_tail = rows[i].tail;
		live->journal.waiting_head = rows[i].head;
		live->journal.waiting_done = rows[i].done;
		assert_int_equal(nfm_journal_recover(&t, NULL, NULL), 1);
		if (live->rows[3].word[0] != (rows[i].believed ? 9 : 0))
			fail_msg("row %zu", i);
		if (!rows[i].believed)
			assert_same(live, before);
		else
			assert_int_equal(live->ctl.waiting_tail, rows[i].tail);
		assert_int_equal(nfm_waiting_check(&t), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_lost_and_nothing_comes_twice),
		TEST(crash_at_every_instruction),
		TEST(damaged_journal_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
