// SPDX-License-Identifier: GPL-2.0-only
/* The waiting room: what goes in comes out, in order; the oldest make room; damage is seen. */
#include "waiting_room.h"

#define HEAD ((uint32_t)sizeof(struct nfm_waiting))
#define ROOM (16U * NFM_WAITING_PAGE)

/* ---- in and out ---- */

static void sets_come_out_as_they_went_in(void **state)
{
	static const uint32_t lengths[] = { 4, 5, 11, 12, 13, 1400, 9000 };
	struct nfm_table t = table_of(live);

	(void)state;
	assert_room(live, &model);
	nfm_journal_begin(log_, &t);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(lengths); i++)
		assert_int_equal(put(lengths[i]), 0);
	commit();
	assert_int_equal(live->ctl.waiting_head % 8, 0);
	assert_room(live, &model);
	put_one(&t, 100);
	assert_room(live, &model);
}

static void nothing_shows_before_the_commit(void **state)
{
	struct nfm_table t = table_of(live);
	struct model old;

	(void)state;
	put_one(&t, 100);
	put_one(&t, 101);
	old = model;
	nfm_journal_begin(log_, &t);
	take(&t, 0);
	assert_int_equal(put(200), 0);
	nfm_waiting_trim(log_);
	assert_room(live, &old);
	nfm_journal_begin(log_, &t); /* that batch is given up */
	commit();
	assert_room(live, &old);
	assert_int_equal(old.count, 2);
}

static void lengths_that_no_set_has(void **state)
{
	static const struct {
		uint32_t pages, length;
		int r;
	} rows[] = {
		{ 80, 0, -EINVAL },
		{ 80, 3, -EINVAL },
		{ 80, 4, 0 },
		{ 80, 65535, 0 },
		{ 80, 65536, -EINVAL },
		{ 80, UINT32_MAX, -EINVAL },
		{ 1, NFM_WAITING_PAGE - HEAD, 0 },
		{ 1, NFM_WAITING_PAGE - HEAD + 1, -ENOSPC },
		{ 16, ROOM - HEAD, 0 },
		{ 16, ROOM - HEAD + 1, -ENOSPC },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		static const uint8_t set[NFM_WAITING_MAX_SET];
		const struct nfm_waiting head = { .length = rows[i].length };
		struct nfm_table t;

		reopen_room(rows[i].pages);
		t = table_of(live);
		nfm_journal_begin(log_, &t);
		assert_int_equal(nfm_waiting_put(log_, &head, set, NULL, NULL), rows[i].r);
		assert_int_equal(log_->waiting_head != 0, rows[i].r == 0);
	}
}

/* The table of a test, or of a batch of another kind, may have no room at all. */
static void a_table_without_a_room(void **state)
{
	struct nfm_table t = table_of(live);
	uint64_t position = 0, sets, bytes, oldest_ns;

	(void)state;
	t.geometry.waiting_pages = 0;
	t.waiting = NULL;
	nfm_journal_begin(log_, &t);
	assert_int_equal(put(10), -ENOSPC);
	nfm_waiting_trim(log_);
	commit();
	live->journal.state = NFM_JOURNAL_SET;
	assert_int_equal(nfm_journal_recover(&t, NULL, NULL), 1);
	assert_null(nfm_waiting_next(&t, &position));
	nfm_waiting_count(&t, &sets, &bytes, &oldest_ns);
	assert_int_equal(sets | bytes | oldest_ns, 0);
	assert_int_equal(nfm_waiting_check(&t), 0);
}

/* ---- taking ---- */

static void taken_ones_hold_their_place_until_the_tail_comes(void **state)
{
	struct nfm_table t = table_of(live);
	const uint32_t each = HEAD + 104;

	(void)state;
	for (int i = 0; i < 4; i++)
		put_one(&t, 100);
	nfm_journal_begin(log_, &t);
	take(&t, 1);
	nfm_waiting_trim(log_);
	commit();
	assert_int_equal(live->ctl.waiting_tail, 0);
	assert_room(live, &model);
	nfm_journal_begin(log_, &t);
	take(&t, 0);
	nfm_waiting_trim(log_); /* over this batch's own one, and the one behind it */
	commit();
	assert_int_equal(live->ctl.waiting_tail, 2 * each);
	assert_room(live, &model);
	nfm_journal_begin(log_, &t);
	take(&t, 0); /* without a trim */
	commit();
	assert_int_equal(live->ctl.waiting_tail, 2 * each);
	nfm_journal_begin(log_, &t);
	take(&t, 0);
	nfm_waiting_trim(log_);
	commit();
	assert_int_equal(live->ctl.waiting_tail, live->ctl.waiting_head);
	assert_room(live, &model);
}

/* A walk goes on where it was, whatever the batches between two steps do to the tail. */
static void a_walk_outlives_batches(void **state)
{
	const struct nfm_waiting *w;
	struct nfm_table t = table_of(live);
	uint64_t position = 0;
	uint32_t seen = 0;

	(void)state;
	for (int i = 0; i < 30; i++)
		put_one(&t, 1000);
	while ((w = nfm_waiting_next(&t, &position))) {
		assert_int_equal(w->domain, serial - 30 + ++seen);
		nfm_journal_begin(log_, &t);
		nfm_waiting_take(log_, w);
		nfm_waiting_trim(log_);
		commit();
		forget(0);
	}
	assert_int_equal(seen, 30);
	assert_int_equal(live->ctl.waiting_tail, live->ctl.waiting_head);
	/* and one whose place was given up meanwhile goes on at the oldest one left */
	for (int i = 0; i < 25; i++)
		put_one(&t, 1000);
	position = 0;
	assert_non_null(nfm_waiting_next(&t, &position));
	for (int i = 0; i < 100; i++)
		put_one(&t, 1000);
	w = nfm_waiting_next(&t, &position);
	assert_non_null(w);
	assert_ptr_equal(w, nfm_waiting_at(&t, live->ctl.waiting_tail));
}

/* ---- making room ---- */

static void only_the_oldest_make_room_and_only_when_they_must(void **state)
{
	struct nfm_table t = table_of(live);
	const uint32_t each = HEAD + 80, half = ROOM / 2 / each;

	(void)state;
	for (uint32_t i = 0; i < half; i++)
		put_one(&t, 80);
	assert_int_equal(model.given_up, 0);
	put_one(&t, 80);
	assert_int_equal(model.given_up, 1);
	put_one(&t, 80 + 2 * each);
	assert_int_equal(model.given_up, 4);
	assert_room(live, &model);
	/* what is done with is passed, and heard of by nobody; what this batch took neither */
	nfm_journal_begin(log_, &t);
	take(&t, 1);
	commit();
	nfm_journal_begin(log_, &t);
	take(&t, 0);
	assert_int_equal(put(80 + each), 0);
	commit();
	assert_int_equal(model.given_up, 4);
	assert_room(live, &model);
}

/* Entries do not wrap, whatever is left at the end: also less than the head of one. */
static void the_end_of_the_room(void **state)
{
	(void)state;
	for (uint32_t left = 0; left <= 160; left += 8) {
		struct nfm_table t;

		reopen_room(16);
		t = table_of(live);
		for (uint32_t i = 0; i < 7; i++)
			put_one(&t, ROOM / 8 - HEAD);
		put_one(&t, ROOM / 8 - HEAD - left);
		assert_int_equal(live->ctl.waiting_head, ROOM - left);
		put_one(&t, 100);
		if (left < HEAD + 104)
			assert_int_equal(live->ctl.waiting_head, ROOM + HEAD + 104);
		else
			assert_int_equal(live->ctl.waiting_head, ROOM - left + HEAD + 104);
		assert_room(live, &model);
		for (uint32_t i = 0; i < 5; i++)
			put_one(&t, 8000);
		assert_room(live, &model);
	}
}

/* Puts sets until the next one comes to stand `left` bytes before the end of the room. */
static void come_near_the_end(struct nfm_table *t, uint64_t left)
{
	uint64_t size = nfm_waiting_size(t);

	while (live->ctl.waiting_head % size != size - left) {
		uint64_t step = (2 * size - left - live->ctl.waiting_head % size) % size;

		put_one(t, (uint32_t)(step <= 60000 ? step : 30000) - HEAD);
	}
}

/* 65,535 bytes in 512 sets at most: mostly one large set and many small ones, in either order. */
static void the_largest_datagram_always_fits(void **state)
{
	const uint32_t most = NFM_WAITING_MAX_SET - 511 * 5;
	struct nfm_table t;

	(void)state;
	reopen_room(MOST_PAGES);
	t = table_of(live);
	for (uint32_t turn = 0; turn < 200; turn++) {
		uint32_t large = turn % 2 ? 0 : rnd(512);

		come_near_the_end(&t, rnd(4) ? (HEAD + most) / 8 * 8 : 8 + 8 * rnd(9000));
		nfm_journal_begin(log_, &t);
		for (uint32_t i = 0; i < 512; i++)
			assert_int_equal(put(i == large ? most : 5), 0);
		commit();
		if (turn % 20 == 0)
			assert_room(live, &model);
	}
	assert_true(model.given_up > 1000);
}

/* In a small room a batch may fill it: what stood there is not written over before the commit. */
static void a_batch_that_fills_a_small_room(void **state)
{
	struct nfm_table t = table_of(live);
	struct model old;
	uint32_t own;
	int r;

	(void)state;
	for (int i = 0; i < 30; i++)
		put_one(&t, 1000);
	old = model;
	nfm_journal_begin(log_, &t);
	while ((r = put(1000)) == 0)
		;
	assert_int_equal(r, -ENOSPC);
	own = model.count;
	assert_int_equal(own, ROOM / (HEAD + 1000) - 30);
	assert_int_equal(put(4), 0); /* a small one still does */
	assert_room(live, &old);
	commit();
	assert_room(live, &model);
}

/* ---- damage ---- */

static void fill_some(struct nfm_table *t)
{
	for (int i = 0; i < 20; i++)
		put_one(t, 500);
	nfm_journal_begin(log_, t);
	take(t, 3);
	commit();
}

static void damaged_control_words(void **state)
{
	static const struct {
		uint64_t tail, head;
		int emptied;
	} rows[] = {
		{ 0, 20 * (HEAD + 504), 0 }, /* as they are */
		{ HEAD + 504, 20 * (HEAD + 504), 0 },
		{ 0, 0, 0 },
		{ 8, 8, 0 },
		{ 4, 4, 1 },
		{ 0, 20 * (HEAD + 504) + 4, 1 },
		{ 0, 20 * (HEAD + 504) + 8, 1 },
		{ 0, 20 * (HEAD + 504) - 8, 1 },
		{ 8, 20 * (HEAD + 504), 1 },
		{ 0, ROOM + 8, 1 },
		{ 8, 0, 1 },
		{ UINT64_MAX - 7, 0, 1 },
		{ 0, UINT64_MAX - 7, 1 },
		{ UINT64_MAX - 15, UINT64_MAX - 7, 1 },
		{ UINT64_MAX, UINT64_MAX, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint64_t position = 0, sets, bytes, oldest_ns;
		struct nfm_table t;

		reopen_room(16);
		t = table_of(live);
		fill_some(&t);
		live->ctl.waiting_tail = rows[i].tail;
		live->ctl.waiting_head = rows[i].head;
		nfm_waiting_count(&t, &sets, &bytes, &oldest_ns); /* another process, at any time */
		assert_true(sets <= 20);
		while (nfm_waiting_next(&t, &position))
			;
		if (nfm_waiting_check(&t) != rows[i].emptied)
			fail_msg("row %zu", i);
		assert_int_equal(nfm_waiting_check(&t), 0);
		if (!rows[i].emptied)
			continue;
		memset(&model, 0, sizeof(model));
		memset(live->rows, 0, sizeof(live->rows));
		assert_room(live, &model);
		put_one(&t, 77);
		assert_room(live, &model);
	}
}

static void damaged_entries(void **state)
{
	static const struct {
		uint32_t state, length, seen;
		int emptied;
	} rows[] = {
		{ NFM_WAITING_SET, 500, 19, 0 },
		{ NFM_WAITING_DONE, 500, 18, 0 },
		{ 0, 500, 9, 1 },
		{ 4, 500, 9, 1 },
		{ UINT32_MAX, 500, 9, 1 },
		{ NFM_WAITING_SET, 0, 9, 1 },
		{ NFM_WAITING_SET, 3, 9, 1 },
		{ NFM_WAITING_SET, 65536, 9, 1 },
		{ NFM_WAITING_SET, UINT32_MAX, 9, 1 },
		{ NFM_WAITING_DONE, UINT32_MAX - 6, 9, 1 },
		{ NFM_WAITING_SET, 6000, 9, 1 }, /* beyond the head */
		{ NFM_WAITING_SET, 505, 10, 1 }, /* what follows is none, then */
		{ NFM_WAITING_FILL, 500, 9, 1 }, /* beyond the head */
	};

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(rows); i++) {
		uint64_t position = 0, sets, bytes, oldest_ns;
		struct nfm_waiting *w;
		struct nfm_table t;

		reopen_room(16);
		t = table_of(live);
		fill_some(&t);
		w = nfm_waiting_at(&t, 10 * (HEAD + 504));
		w->state = rows[i].state;
		w->length = rows[i].length;
		nfm_waiting_count(&t, &sets, &bytes, &oldest_ns);
		assert_int_equal(sets, rows[i].seen);
		for (uint32_t n = 0; n < rows[i].seen; n++)
			assert_non_null(nfm_waiting_next(&t, &position));
		assert_null(nfm_waiting_next(&t, &position));
		if (nfm_waiting_check(&t) != rows[i].emptied)
			fail_msg("row %zu", i);
		if (rows[i].emptied)
			assert_int_equal(live->ctl.waiting_head, 0);
	}
}

/* Lengths that lead to the next entry all the same. */
static void entries_that_are_too_long(void **state)
{
	struct nfm_table t = table_of(live);

	(void)state;
	come_near_the_end(&t, HEAD + 504);
	put_one(&t, 500);
	put_one(&t, 500);
	assert_int_equal(nfm_waiting_check(&t), 0);
	nfm_waiting_at(&t, ROOM - HEAD - 504)->length += HEAD + 504; /* over the room's end */
	assert_int_equal(nfm_waiting_check(&t), 1);
	reopen_room(MOST_PAGES);
	t = table_of(live);
	put_one(&t, NFM_WAITING_MAX_SET);
	put_one(&t, 500);
	assert_int_equal(nfm_waiting_check(&t), 0);
	nfm_waiting_at(&t, 0)->length++; /* longer than a set may be: into its padding */
	assert_int_equal(nfm_waiting_check(&t), 1);
}

static void count_given_up(void *cookie, const struct nfm_waiting *waiting)
{
	(void)waiting;
	++*(uint32_t *)cookie;
}

/* Damage that comes while the agent runs: nothing is touched beside the room, and it goes on. */
static void damage_at_run_time(void **state)
{
	(void)state;
	for (uint32_t turn = 0; turn < 300; turn++) {
		uint32_t gone = 0;
		struct nfm_table t;

		reopen_room(1 + rnd(4));
		t = table_of(live);
		for (uint32_t i = 0; i < 400; i++) {
			const struct nfm_waiting head = head_of(i, 4 + rnd(300));
			const struct nfm_waiting *w;
			uint64_t position = 0, sets, bytes, oldest_ns;

			nfm_journal_begin(log_, &t);
			nfm_waiting_put(log_, &head, bytes_of(i, head.length), count_given_up,
					&gone);
			w = rnd(2) ? nfm_waiting_next(&t, &position) : NULL;
			if (w)
				nfm_waiting_take(log_, w);
			nfm_waiting_trim(log_);
			commit();
			if (i > 300)
				live->room[rnd(pages * NFM_WAITING_PAGE)] = (uint8_t)rnd(256);
			nfm_waiting_count(&t, &sets, &bytes, &oldest_ns);
			assert_true(bytes <= pages * NFM_WAITING_PAGE);
			assert_true(live->ctl.waiting_head - live->ctl.waiting_tail <=
				    pages * NFM_WAITING_PAGE);
		}
		nfm_waiting_check(&t);
		assert_int_equal(nfm_waiting_check(&t), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sets_come_out_as_they_went_in),
		TEST(nothing_shows_before_the_commit),
		TEST(lengths_that_no_set_has),
		TEST(a_table_without_a_room),
		TEST(taken_ones_hold_their_place_until_the_tail_comes),
		TEST(a_walk_outlives_batches),
		TEST(only_the_oldest_make_room_and_only_when_they_must),
		TEST(the_end_of_the_room),
		TEST(the_largest_datagram_always_fits),
		TEST(a_batch_that_fills_a_small_room),
		TEST(damaged_control_words),
		TEST(damaged_entries),
		TEST(entries_that_are_too_long),
		TEST(damage_at_run_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
