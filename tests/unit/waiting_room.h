/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the waiting room: a table whose room stands between two pages that nobody may touch,
 * sets that can be told apart, and a list of those that should be in it.
 */
#ifndef NFM_TEST_WAITING_ROOM_H
#define NFM_TEST_WAITING_ROOM_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "table/waiting.h"

#define COLUMNS 1U
#define CAPACITY 4U
#define EXPORTERS 2U
#define STRIDE (CAPACITY + 2 * EXPORTERS + NFM_REASON_ROWS)
#define MOST_PAGES 80U /* a room that has the whole reserve */
#define MOST_SETS 6000U
#define ACCOUNT 2U /* the row in which the batches count what they do: see struct model */
#define OLD_POS 4096U
#define NEW_POS 6144U

struct memory {
	struct nfm_row rows[(NFM_BANKS * COLUMNS + NFM_BANKS) * STRIDE];
	struct nfm_ctl ctl;
	uint64_t consumer_pos;
	uint8_t *room;
	struct nfm_journal journal;
};

/* What should be in the room, oldest first, and what was done so far. */
struct model {
	uint32_t serial[MOST_SETS];
	uint32_t length[MOST_SETS];
	uint32_t count;
	uint64_t put, taken, given_up;
};

static uint32_t pages = 16;
static struct memory *live;   /* shared with a child */
static struct memory *before; /* as it was before the batch */
static struct memory *after;  /* as it has to be after it */
static struct memory *copy;   /* what a crash left, for the next agent */
static struct nfm_batch_log *log_;
static struct model model;
static uint32_t serial; /* of the newest set */
static uint32_t seed = 1;

static inline uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

static inline struct nfm_table table_of(struct memory *m)
{
	return (struct nfm_table){
		.ctl = &m->ctl,
		.rows = m->rows,
		.journal = &m->journal,
		.waiting = (struct nfm_waiting_page *)m->room,
		.writable = true,
		.refusals_fd = -1,
		.geometry = {
			.columns = COLUMNS,
			.capacity = CAPACITY,
			.exporters = EXPORTERS,
			.stride = STRIDE,
			.waiting_pages = pages,
		},
	};
}

static inline struct memory *map_memory(void)
{
	size_t room = (size_t)pages * NFM_WAITING_PAGE;
	const int how = MAP_SHARED | MAP_ANONYMOUS;
	struct memory *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, how, -1, 0);
	uint8_t *at = mmap(NULL, room + 2 * NFM_WAITING_PAGE, PROT_NONE, how, -1, 0);

	assert_ptr_not_equal(m, MAP_FAILED);
	assert_ptr_not_equal(at, MAP_FAILED);
	m->room = at + NFM_WAITING_PAGE;
	assert_int_equal(mprotect(m->room, room, PROT_READ | PROT_WRITE), 0);
	m->ctl.epoch = 2;
	m->consumer_pos = OLD_POS;
	return m;
}

static inline void unmap_memory(struct memory *m)
{
	munmap(m->room - NFM_WAITING_PAGE, (pages + 2UL) * NFM_WAITING_PAGE);
	munmap(m, sizeof(*m));
}

static inline void close_room(void)
{
	unmap_memory(live);
	unmap_memory(before);
	unmap_memory(after);
	unmap_memory(copy);
	free(log_);
}

static inline void open_room(uint32_t room_pages)
{
	pages = room_pages;
	live = map_memory();
	before = map_memory();
	after = map_memory();
	copy = map_memory();
	log_ = aligned_alloc(64, (sizeof(*log_) + 63) / 64 * 64);
	assert_non_null(log_);
	memset(log_, 0, sizeof(*log_));
	memset(&model, 0, sizeof(model));
}

/* Another room for the rest of the test. */
static inline void reopen_room(uint32_t room_pages)
{
	close_room();
	open_room(room_pages);
}

static inline int set_up(void **state)
{
	(void)state;
	open_room(16);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	close_room();
	return 0;
}

static inline void copy_memory(struct memory *to, const struct memory *from)
{
	memcpy(to->rows, from->rows, sizeof(to->rows));
	memcpy(&to->journal, &from->journal, offsetof(struct nfm_journal, entry[STRIDE]));
	memcpy(to->room, from->room, (size_t)pages * NFM_WAITING_PAGE);
	to->ctl = from->ctl;
	to->consumer_pos = from->consumer_pos;
}

/* ---- sets ---- */

static inline const uint8_t *bytes_of(uint32_t number, uint32_t length)
{
	static uint8_t set[NFM_WAITING_MAX_SET];
	uint32_t word = number;

	for (uint32_t i = 0; i < length; i++) {
		word = word * 1664525 + 1013904223;
		set[i] = (uint8_t)(word >> 24);
	}
	return set;
}

static inline struct nfm_waiting head_of(uint32_t number, uint32_t length)
{
	return (struct nfm_waiting){
		.length = length,
		.source = { .byte = { [10] = 0xff, [11] = 0xff, [15] = (uint8_t)number } },
		.time_ns = 1000000ULL + number,
		.domain = number,
		.version = 9,
		.id = (uint16_t)(256 + number % 1000),
		.uptime_ms = number * 3,
		.unix_s = number * 7,
	};
}

static inline void assert_set(const struct nfm_waiting *w, uint32_t number, uint32_t length)
{
	struct nfm_waiting want = head_of(number, length);

	want.state = NFM_WAITING_SET;
	assert_non_null(w);
	assert_memory_equal(w, &want, sizeof(want));
	assert_memory_equal(w + 1, bytes_of(number, length), length);
}

/* ---- what a batch does, to the room and to the model ---- */

static inline struct nfm_row *account(void)
{
	return nfm_journal_row(log_, ACCOUNT);
}

static inline void forget(uint32_t i)
{
	memmove(&model.serial[i], &model.serial[i + 1], (model.count - i) * sizeof(uint32_t));
	memmove(&model.length[i], &model.length[i + 1], (model.count - i) * sizeof(uint32_t));
	model.count--;
}

/* It is the oldest one that makes room. */
static inline void given_up(void *cookie, const struct nfm_waiting *w)
{
	(void)cookie;
	assert_true(model.count > 0);
	assert_set(w, model.serial[0], model.length[0]);
	forget(0);
	model.given_up++;
	account()->up_bytes++;
}

static inline int put(uint32_t length)
{
	struct nfm_waiting head = head_of(serial + 1, length);
	int r = nfm_waiting_put(log_, &head, bytes_of(serial + 1, length), given_up, NULL);

	if (r)
		return r;
	serial++;
	assert_true(model.count < MOST_SETS - 1);
	model.serial[model.count] = serial;
	model.length[model.count++] = length;
	model.put++;
	account()->up_flows++;
	return 0;
}

/* Takes the n-th that waits. */
static inline void take(const struct nfm_table *t, uint32_t n)
{
	const struct nfm_waiting *w = NULL;
	uint64_t position = 0;

	assert_true(n < model.count);
	for (uint32_t i = 0; i <= n; i++)
		w = nfm_waiting_next(t, &position);
	assert_set(w, model.serial[n], model.length[n]);
	nfm_waiting_take(log_, w);
	forget(n);
	model.taken++;
	account()->up_packets++;
}

static inline void commit(void)
{
	nfm_journal_commit(log_, NFM_JOURNAL_NO_RING, NULL);
}

static inline void put_one(struct nfm_table *t, uint32_t length)
{
	nfm_journal_begin(log_, t);
	assert_int_equal(put(length), 0);
	commit();
}

/* The room has exactly what the model has, in its order, and the account says the same. */
static inline void assert_room(struct memory *m, const struct model *want)
{
	struct nfm_table t = table_of(m);
	const struct nfm_row *row = nfm_table_row(&t, 0, 0, ACCOUNT);
	uint64_t position = 0, sets, bytes, oldest_ns, length = 0;

	assert_int_equal(nfm_waiting_check(&t), 0);
	for (uint32_t i = 0; i < want->count; i++) {
		assert_set(nfm_waiting_next(&t, &position), want->serial[i], want->length[i]);
		length += want->length[i];
	}
	assert_null(nfm_waiting_next(&t, &position));
	nfm_waiting_count(&t, &sets, &bytes, &oldest_ns);
	assert_int_equal(sets, want->count);
	assert_int_equal(bytes, length);
	assert_int_equal(oldest_ns, want->count ? 1000000ULL + want->serial[0] : 0);
	assert_int_equal(row->up_flows, want->put);
	assert_int_equal(row->up_packets, want->taken);
	assert_int_equal(row->up_bytes, want->given_up);
	assert_int_equal(want->put, want->taken + want->given_up + want->count);
}

#endif
