// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/rotate.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "snapshot/earlier.h"
#include "snapshot/interval.h"
#include "snapshot/place.h"

#define SLACK_NS NFM_NS_PER_S /* by which an end may miss the slot's */
#define SETTLE_ROWS 128U

bool nfm_rotate_pending(const struct nfm_table *t)
{
	uint64_t epoch = __atomic_load_n(&t->ctl->epoch, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&t->ctl->committed, __ATOMIC_ACQUIRE) + 1 < epoch;
}

void nfm_rotate_set_slot(struct nfm_table *t, uint64_t epoch, uint64_t now_unix_ns,
			 uint64_t now_ns, uint32_t interval_s)
{
	struct nfm_ctl *ctl = t->ctl;
	uint32_t bank = epoch & 1;
	uint64_t start_unix_ns, elapsed_ns;

	ctl->slot_ms[bank] = interval_s * 1000;
	ctl->slot_start_ns[bank] = 0;
	ctl->slot_unix_ns[bank] = now_unix_ns;
	if (!interval_s)
		return;
	start_unix_ns = NFM_NS_PER_S *
			nfm_snapshot_slot_start(now_unix_ns / NFM_NS_PER_S, interval_s);
	elapsed_ns = now_unix_ns - start_unix_ns;
	ctl->slot_unix_ns[bank] = start_unix_ns;
	/* wraps if the machine is younger than the slot; readers subtract it: it wraps back */
	ctl->slot_start_ns[bank] = now_ns - elapsed_ns ?: 1;
}

int nfm_rotate_flip(struct nfm_table *t, uint64_t now_unix_ns, uint64_t now_ns,
		    uint32_t interval_s)
{
	struct nfm_ctl *ctl = t->ctl;
	uint64_t next = ctl->epoch + 1;

	if (nfm_rotate_pending(t))
		return -EBUSY;
	ctl->from_unix_ns[next & 1] = now_unix_ns;
	ctl->gap_count[next & 1] = 0;
	nfm_rotate_set_slot(t, next, now_unix_ns, now_ns, interval_s);
	/* whoever sees the new epoch sees its start */
	__atomic_store_n(&ctl->epoch, next, __ATOMIC_RELEASE);
	return 0;
}

/* A slot's length: calendar days are not all of one. Of a start that is none: the interval's. */
static uint64_t slot_length_ns(uint64_t slot_unix_ns, uint32_t interval_s)
{
	uint64_t start_s = slot_unix_ns / NFM_NS_PER_S;

	if (nfm_snapshot_slot_start(start_s, interval_s) != start_s)
		return interval_s * NFM_NS_PER_S;
	return (nfm_snapshot_slot_next(start_s, interval_s) - start_s) * NFM_NS_PER_S;
}

/* Whether the interval is less than its slot, or more. */
static uint32_t extent_flags(const struct nfm_snapshot_meta *meta)
{
	uint64_t length_ns = slot_length_ns(meta->slot_unix_ns, meta->interval_s);
	uint32_t flags = 0;

	if (!meta->interval_s)
		return 0;
	if (meta->to_unix_ns - meta->from_unix_ns + SLACK_NS < length_ns ||
	    meta->from_unix_ns - meta->slot_unix_ns > SLACK_NS)
		flags |= NFM_SNAPSHOT_PARTIAL;
	if (meta->to_unix_ns - meta->slot_unix_ns > length_ns + 2 * SLACK_NS)
		flags |= NFM_SNAPSHOT_MERGED;
	return flags;
}

/* The bank's gaps, as far as they lie in the interval. */
static void take_gaps(const struct nfm_ctl *ctl, uint32_t bank, struct nfm_snapshot_meta *meta)
{
	uint32_t count = NFM_MIN(ctl->gap_count[bank], NFM_GAPS);

	for (uint32_t i = 0; i < count; i++) {
		const struct nfm_gap *gap = &ctl->gap[bank][i];
		struct nfm_snapshot_gap cut = {
			.from_unix_ns = NFM_MAX(gap->from_unix_ns, meta->from_unix_ns),
			.to_unix_ns = NFM_MIN(gap->to_unix_ns, meta->to_unix_ns),
		};

		if (cut.from_unix_ns < cut.to_unix_ns)
			meta->gap[meta->gap_count++] = cut;
	}
}

static void describe(const struct nfm_table *t, uint32_t interval_s,
		     struct nfm_snapshot_meta *meta)
{
	const struct nfm_ctl *ctl = t->ctl;
	uint64_t closed = __atomic_load_n(&ctl->epoch, __ATOMIC_ACQUIRE) - 1;
	uint32_t bank = closed & 1;
	uint64_t from = ctl->from_unix_ns[bank];
	uint64_t to = ctl->from_unix_ns[(closed + 1) & 1];
	uint64_t slot = ctl->slot_unix_ns[bank];
	uint32_t slot_s = ctl->slot_ms[bank] / 1000;

	if (to < from)
		to = from; /* the wall clock was set back */
	*meta = (struct nfm_snapshot_meta){
		.epoch = closed,
		.from_unix_ns = from,
		.to_unix_ns = to,
		.slot_unix_ns = slot && slot <= from ? slot : from,
		/* the one that was in force when the slot was opened */
		.interval_s = slot_s ? slot_s : interval_s,
		.earlier_slots = nfm_earlier_slots(t),
	};
	meta->flags = extent_flags(meta);
	take_gaps(ctl, bank, meta);
	memcpy(meta->identity, ctl->identity, sizeof(meta->identity));
}

/* Step 3, unless a rotation before this one came as far. */
static int write_once(const struct nfm_table *t, const char *directory,
		      struct nfm_rotate_result *out, struct nfm_error *error)
{
	int code = nfm_interval_find(directory, out, error);

	if (code < 0)
		return code;
	if (!code)
		return nfm_interval_write(t, directory, out, error);
	/* its writer may have ended between the rename and the folder's fsync */
	code = nfm_io_fsync_dir(directory);
	if (code && code != -EINVAL)
		return nfm_place_error(error, code, "write to disk the folder", directory);
	return 0;
}

struct settle {
	const struct nfm_table *table;
	uint32_t bank;
};

static int settle_block(void *cookie, uint32_t row, const struct nfm_row *sum, uint32_t count)
{
	const struct settle *s = cookie;

	memcpy(nfm_table_base(s->table, s->bank, row), sum, count * sizeof(*sum));
	return nfm_rotate_step_done(NFM_ROTATE_SETTLING);
}

/* The bases of earlier slots: the more rows, the more moments to be cut at. */
static int settle_earlier(const struct nfm_table *t, uint32_t bank, uint32_t rows)
{
	int code = 0;

	if (!nfm_earlier_slots(t))
		return 0;
	for (uint32_t row = 0; row < rows && !code; row += SETTLE_ROWS) {
		nfm_earlier_settle(t, bank, row, NFM_MIN(SETTLE_ROWS, rows - row));
		code = nfm_rotate_step_done(NFM_ROTATE_SETTLING);
	}
	return code;
}

/* Step 4: from here on the bank's next interval starts at nothing. */
static int settle(const struct nfm_table *t, uint32_t bank)
{
	struct nfm_interval_rows rows = nfm_interval_rows_in_use(t);
	struct settle s = { .table = t, .bank = bank };
	int code;

	code = nfm_interval_walk(t, bank, 0, rows.customers, settle_block, &s);
	if (!code)
		code = nfm_interval_walk(t, bank, nfm_table_exporter_row(t, 0), rows.exporters,
					 settle_block, &s);
	if (!code)
		code = nfm_interval_walk(t, bank, nfm_table_reason_row(t, 0), rows.reasons,
					 settle_block, &s);
	if (!code)
		code = settle_earlier(t, bank, rows.customers);
	/* no file has the notes yet: their bases are kept for one that will */
	if (!code)
		code = nfm_interval_walk(t, bank, nfm_table_notes_row(t, 0), rows.exporters,
					 settle_block, &s);
	return code;
}

/* Step 5. A path that is too long for the control block leaves its file's name there. */
static void commit(struct nfm_ctl *ctl, const struct nfm_rotate_result *result)
{
	const char *path = result->path;
	size_t size = strlen(path) + 1;

	if (size > sizeof(ctl->last_snapshot)) {
		path = strrchr(path, '/') + 1;
		size = strlen(path) + 1;
	}
	memcpy(ctl->last_snapshot, path, size);
	/* the base column is whole before anyone counts from it */
	__atomic_store_n(&ctl->committed, result->meta.epoch, __ATOMIC_RELEASE);
}

/* What the caller wants to be told of. */
struct told {
	void (*written)(void *cookie, const char *path);
	void *cookie;
};

static int finish(struct nfm_table *t, const char *directory, const struct told *told,
		  struct nfm_rotate_result *result, struct nfm_error *error)
{
	uint64_t epoch = result->meta.epoch;
	int code = nfm_rotate_step_done(NFM_ROTATE_QUIET);

	if (!code)
		code = write_once(t, directory, result, error);
	if (!code)
		code = nfm_rotate_step_done(NFM_ROTATE_WRITTEN);
	if (!code && told->written)
		told->written(told->cookie, result->path);
	if (!code)
		code = settle(t, epoch & 1);
	if (!code)
		code = nfm_rotate_step_done(NFM_ROTATE_SETTLED);
	if (code)
		return code;
	commit(t->ctl, result);
	return nfm_rotate_step_done(NFM_ROTATE_COMMITTED);
}

int nfm_rotate_finish_with(struct nfm_table *t, const char *directory, uint32_t interval_s,
			   void (*grace)(void), void (*written)(void *cookie, const char *path),
			   void *cookie, struct nfm_rotate_result *out, struct nfm_error *error)
{
	const struct told told = { .written = written, .cookie = cookie };
	uint64_t start_ns = nfm_clock_monotonic_ns();
	struct nfm_rotate_result result = {};
	int code;

	if (nfm_rotate_pending(t)) {
		if (grace)
			grace();
		describe(t, interval_s, &result.meta);
		code = finish(t, directory, &told, &result, error);
		if (code)
			return code;
	}
	result.duration_ns = nfm_clock_monotonic_ns() - start_ns;
	*out = result;
	return 0;
}

int nfm_rotate_finish(struct nfm_table *t, const char *directory, uint32_t interval_s,
		      void (*grace)(void), struct nfm_rotate_result *out, struct nfm_error *error)
{
	return nfm_rotate_finish_with(t, directory, interval_s, grace, NULL, NULL, out, error);
}
