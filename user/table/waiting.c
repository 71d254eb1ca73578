// SPDX-License-Identifier: GPL-2.0-only
#include "table/waiting.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* An entry as it was read, once: a reader of another process sees the room change. */
struct entry {
	uint32_t state;
	uint32_t length; /* of the set; 0: FILL */
	uint64_t bytes;	 /* to the next entry */
};

static uint64_t entry_bytes(uint32_t length)
{
	return sizeof(struct nfm_waiting) + (length + 7ULL) / 8 * 8;
}

/* The entry at a position below `end`, where the entries end. False: it is damaged. */
static bool read_entry(const struct nfm_table *t, uint64_t position, uint64_t end,
		       struct entry *out)
{
	const struct nfm_waiting *w = nfm_waiting_at(t, position);
	uint64_t left = nfm_waiting_size(t) - position % nfm_waiting_size(t);
	struct entry e = { .state = __atomic_load_n(&w->state, __ATOMIC_RELAXED) };

	if (e.state == NFM_WAITING_FILL) {
		e.bytes = left;
	} else {
		if ((e.state != NFM_WAITING_SET && e.state != NFM_WAITING_DONE) ||
		    !nfm_waiting_head_fits(t, position))
			return false;
		e.length = __atomic_load_n(&w->length, __ATOMIC_RELAXED);
		if (e.length < NFM_WAITING_MIN_SET || e.length > NFM_WAITING_MAX_SET)
			return false;
		e.bytes = entry_bytes(e.length);
	}
	if (e.bytes > left || e.bytes > end - position)
		return false;
	*out = e;
	return true;
}

/* ---- the batch ---- */

/* Gives up the oldest ones until the next batch has its reserve; the batch's own ones stay. */
static void make_room(struct nfm_batch_log *log,
		      void (*given_up)(void *cookie, const struct nfm_waiting *waiting),
		      void *cookie)
{
	const struct nfm_table *t = log->table;
	uint64_t size = nfm_waiting_size(t);
	uint64_t reserve = NFM_MIN(NFM_WAITING_RESERVE, size / 2);
	uint64_t own = t->ctl->waiting_head;
	struct entry e;

	while (log->waiting_tail < own && log->waiting_head + reserve - log->waiting_tail > size) {
		if (!read_entry(t, log->waiting_tail, own, &e)) {
			log->waiting_tail = own; /* nobody can say what stood there */
			return;
		}
		if (e.state == NFM_WAITING_SET && log->waiting_tail != log->waiting_done &&
		    given_up)
			given_up(cookie, nfm_waiting_at(t, log->waiting_tail));
		log->waiting_tail += e.bytes;
	}
}

int nfm_waiting_put(struct nfm_batch_log *log, const struct nfm_waiting *head, const uint8_t *set,
		    void (*given_up)(void *cookie, const struct nfm_waiting *waiting), void *cookie)
{
	const struct nfm_table *t = log->table;
	uint64_t size = nfm_waiting_size(t);
	uint64_t need = entry_bytes(head->length);
	uint64_t fill = 0;
	struct nfm_waiting *w;

	if (head->length < NFM_WAITING_MIN_SET || head->length > NFM_WAITING_MAX_SET)
		return -EINVAL;
	if (need > size)
		return -ENOSPC;
	if (need > size - log->waiting_head % size)
		fill = size - log->waiting_head % size;
	/* up to the committed tail: see the header file */
	if (log->waiting_head + fill + need - t->ctl->waiting_tail > size)
		return -ENOSPC;
	if (fill)
		nfm_waiting_at(t, log->waiting_head)->state = NFM_WAITING_FILL;
	w = nfm_waiting_at(t, log->waiting_head + fill);
	*w = *head;
	w->state = NFM_WAITING_SET;
	memcpy(w + 1, set, head->length);
	memset((uint8_t *)(w + 1) + head->length, 0, need - sizeof(*w) - head->length);
	log->waiting_head += fill + need;
	make_room(log, given_up, cookie);
	return 0;
}

void nfm_waiting_take(struct nfm_batch_log *log, const struct nfm_waiting *waiting)
{
	const struct nfm_table *t = log->table;
	uint64_t size = nfm_waiting_size(t);
	uint64_t at = (uint64_t)((const uint8_t *)waiting - (const uint8_t *)t->waiting);
	uint64_t tail = t->ctl->waiting_tail;

	log->waiting_done = tail + (at + size - tail % size) % size;
}

void nfm_waiting_trim(struct nfm_batch_log *log)
{
	const struct nfm_table *t = log->table;
	uint64_t own = t->ctl->waiting_head;
	struct entry e;

	while (log->waiting_tail < own) {
		if (!read_entry(t, log->waiting_tail, own, &e)) {
			log->waiting_tail = own;
			return;
		}
		if (e.state == NFM_WAITING_SET && log->waiting_tail != log->waiting_done)
			return;
		log->waiting_tail += e.bytes;
	}
}

/* ---- reading ---- */

const struct nfm_waiting *nfm_waiting_next(const struct nfm_table *t, uint64_t *position)
{
	uint64_t tail = t->ctl->waiting_tail;
	uint64_t head = t->ctl->waiting_head;
	uint64_t at = NFM_MAX(*position, tail);
	struct entry e;

	if (!nfm_waiting_span_fits(t, tail, head))
		return NULL;
	while (at < head && read_entry(t, at, head, &e)) {
		const struct nfm_waiting *w = nfm_waiting_at(t, at);

		at += e.bytes;
		*position = at;
		if (e.state == NFM_WAITING_SET)
			return w;
	}
	return NULL;
}

/* One pass over what stood there when it began. */
static void count(const struct nfm_table *t, uint64_t tail, uint64_t *sets, uint64_t *bytes,
		  uint64_t *oldest_ns)
{
	uint64_t head = __atomic_load_n(&t->ctl->waiting_head, __ATOMIC_ACQUIRE);
	struct entry e;

	*sets = *bytes = *oldest_ns = 0;
	if (!nfm_waiting_span_fits(t, tail, head))
		return;
	for (uint64_t at = tail; at < head && read_entry(t, at, head, &e); at += e.bytes) {
		uint64_t time_ns;

		if (e.state != NFM_WAITING_SET)
			continue;
		time_ns = nfm_waiting_at(t, at)->time_ns;
		if (!*sets || time_ns < *oldest_ns)
			*oldest_ns = time_ns;
		*sets += 1;
		*bytes += e.length;
	}
}

void nfm_waiting_count(const struct nfm_table *t, uint64_t *sets, uint64_t *bytes,
		       uint64_t *oldest_ns)
{
	uint64_t tail = __atomic_load_n(&t->ctl->waiting_tail, __ATOMIC_ACQUIRE);

	/* another process reads without a lock: what was overwritten meanwhile is read again */
	for (int turn = 0; turn < 3; turn++) {
		uint64_t before = tail;

		count(t, tail, sets, bytes, oldest_ns);
		tail = __atomic_load_n(&t->ctl->waiting_tail, __ATOMIC_ACQUIRE);
		if (tail == before)
			return;
	}
}

int nfm_waiting_check(struct nfm_table *t)
{
	uint64_t tail = t->ctl->waiting_tail;
	uint64_t head = t->ctl->waiting_head;
	struct entry e;

	if (nfm_waiting_span_fits(t, tail, head)) {
		while (tail < head && read_entry(t, tail, head, &e))
			tail += e.bytes;
		if (tail == head)
			return 0;
	}
	/* in this order: if we die between them, the words contradict each other again */
	__atomic_store_n(&t->ctl->waiting_head, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->ctl->waiting_tail, 0, __ATOMIC_RELEASE);
	return 1;
}
