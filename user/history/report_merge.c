// SPDX-License-Identifier: GPL-2.0-only
/* All customers of a plan's files, in the order of their ids, each with its entries. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi.h"
#include "base/cleanup.h"
#include "history/report_spill.h"
#include "history/report_work.h"
#include "history/rollup_input.h"
#include "snapshot/format.h"

#define STREAMS_MOST 1000U /* open at once: each takes some 300 KB */
#define FILES_BESIDE 64U   /* open files that are not streams */

/* Where the walk through a file stands. */
struct source {
	uint64_t key; /* the id's first eight bytes: in nearly all comparisons that is enough */
	const char *id, *name;
	uint32_t number; /* of the rollup or snapshot */
	bool is_rollup;
	struct nfm_series_entry entry;
	struct nfm_snapshot_reader *reader; /* of a snapshot */
	struct nfm_snapshot_customer customer;
	struct nfm_report_spill *spill; /* of many */
};

struct nfm_report_merge {
	struct nfm_plan *plan;
	struct source *source; /* those that have customers left; rollups before snapshots */
	uint32_t sources;
	uint32_t rollups; /* of them */
	char *newest_name;
	struct nfm_report_amount *pseudo[2]; /* `unmatched` and `local`, by snapshot */
	struct nfm_snapshot_earlier *earlier;
	uint32_t earliers, earlier_room;
	uint64_t entries, taken; /* of all files */
	uint32_t pseudos_done;
	int err; /* of a spill: nothing can be said without it */
};

/* ---- lists ---- */

/* Makes room for `more` behind `count` entries. */
static int grow(void **list, uint32_t count, uint32_t more, uint32_t *room, size_t size)
{
	uint64_t wanted = (uint64_t)count + more;
	void *bigger;

	if (wanted <= *room)
		return 0;
	wanted = NFM_MAX(wanted, 2ULL * *room + 64);
	if (wanted > UINT32_MAX)
		return -ENOMEM;
	bigger = reallocarray(*list, wanted, size);
	if (!bigger)
		return -ENOMEM;
	*list = bigger;
	*room = (uint32_t)wanted;
	return 0;
}

static int add_part(struct nfm_report_batch *batch, uint32_t rollup,
		    const struct nfm_series_entry *entry)
{
	if (grow((void **)&batch->part, batch->parts, 1, &batch->part_room, sizeof(*batch->part)))
		return -ENOMEM;
	batch->part[batch->parts++] = (struct nfm_report_part){ rollup, *entry };
	batch->job[batch->jobs].parts++;
	return 0;
}

int nfm_report_batch_add(struct nfm_report_batch *batch, const struct nfm_report_amount *amount,
			 const struct nfm_snapshot_earlier *earlier)
{
	struct nfm_report_amount *to;

	if (grow((void **)&batch->amount, batch->amounts, 1, &batch->amount_room,
		 sizeof(*batch->amount)) ||
	    grow((void **)&batch->earlier, batch->earliers, amount->earlier, &batch->earlier_room,
		 sizeof(*batch->earlier)))
		return -ENOMEM;
	to = &batch->amount[batch->amounts++];
	*to = *amount;
	to->first_earlier = batch->earliers;
	if (amount->earlier)
		memcpy(batch->earlier + batch->earliers, earlier,
		       amount->earlier * sizeof(*earlier));
	batch->earliers += amount->earlier;
	batch->job[batch->jobs].amounts++;
	return 0;
}

/* ---- sources ---- */

static uint64_t key_of(const char *id)
{
	char first[8] = { 0 };
	uint64_t key;

	memcpy(first, id, strnlen(id, sizeof(first)));
	memcpy(&key, first, sizeof(key));
	return be64toh(key);
}

/* The entry that is due, or the next one whose line of the index is not damaged: 1; 0: none is. */
static int find_entry(struct nfm_report_merge *merge, struct source *source)
{
	struct nfm_plan_rollup *rollup = &merge->plan->rollup[source->number];
	uint64_t number = source->entry.number;
	struct nfm_error error;
	int more;

	while ((more = nfm_series_reader_entry(rollup->reader, number, &source->entry)) < 0) {
		nfm_error_set(&error, more,
			      "%s: its index is damaged: customers of that day are missing",
			      rollup->path);
		nfm_plan_damaged(merge->plan, &rollup->damaged, &error);
		number++;
	}
	if (!more || source->entry.kind != NFM_SERIES_CUSTOMER)
		return 0;
	source->id = source->entry.id;
	source->name = source->entry.name;
	return 1;
}

/* On to the next customer: 1; 0: there is none, also where the rest is damaged. */
static int advance(struct nfm_report_merge *merge, struct source *source)
{
	struct nfm_plan_snapshot *snapshot;
	struct nfm_error error;
	int more;

	merge->taken++;
	if (source->spill) {
		merge->err = nfm_report_spill_next(source->spill, &source->id, &source->name);
		if (merge->err != 1)
			return 0;
		merge->err = 0;
	} else if (source->is_rollup) {
		source->entry.number++;
		if (!find_entry(merge, source))
			return 0;
	} else {
		more = nfm_snapshot_reader_customer(source->reader, &source->customer);
		if (more < 0) {
			snapshot = &merge->plan->snapshot[source->number];
			nfm_error_set(&error, more, "%s/%s: damaged: the rest of its customers is "
						    "missing",
				      merge->plan->options->directory, snapshot->name);
			nfm_plan_damaged(merge->plan, &snapshot->damaged, &error);
		}
		if (more != 1)
			return 0;
		source->id = source->customer.id;
		source->name = source->customer.name;
	}
	source->key = key_of(source->id);
	return 1;
}

static void drop(struct nfm_report_merge *merge, uint32_t i)
{
	nfm_snapshot_reader_free(merge->source[i].reader);
	nfm_report_spill_free(merge->source[i].spill);
	merge->sources--;
	memmove(&merge->source[i], &merge->source[i + 1],
		(merge->sources - i) * sizeof(*merge->source));
}

/* Of version 1, whose customers are not in order? */
static bool is_version_1(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint32_t version_le;

	return fd >= 0 &&
	       pread(fd, &version_le, sizeof(version_le),
		     offsetof(struct nfm_snapshot_header, version_le)) == sizeof(version_le) &&
	       le32toh(version_le) == 1;
}

/* A stream through a sorted copy, which is gone from its folder when this returns. */
static int open_sorted(const char *path, struct nfm_snapshot_reader **out,
		       struct nfm_error *error)
{
	const char *folder = getenv("TMPDIR");
	_cleanup_free_ char *copy = NULL;
	char place[PATH_MAX];
	int n = snprintf(place, sizeof(place), "%s/nfmeter.XXXXXX",
			 folder && *folder ? folder : "/tmp");
	int err;

	if (n < 0 || (size_t)n >= sizeof(place) || !mkdtemp(place))
		return nfm_error_set(error, -EIO, "cannot make a folder in %s: set TMPDIR",
				     folder ? folder : "/tmp");
	err = nfm_rollup_input_sort(path, place, &copy, error);
	if (!err) {
		err = nfm_snapshot_stream_open(copy, out, error);
		unlink(copy);
	}
	rmdir(place);
	return err;
}

/* `unmatched` and `local` of a snapshot, kept for the end. */
static int keep_pseudos(struct nfm_report_merge *merge, uint32_t number,
			const struct nfm_snapshot_reader *reader)
{
	static const uint32_t row[] = { NFM_ROW_UNMATCHED, NFM_ROW_LOCAL };
	struct nfm_snapshot_count count[2], total;

	nfm_snapshot_reader_totals(reader, &count[0], &count[1], &total);
	for (int i = 0; i < 2; i++) {
		uint32_t earlier;
		const struct nfm_snapshot_earlier *list =
			nfm_snapshot_reader_earlier(reader, row[i], &earlier);

		if (grow((void **)&merge->earlier, merge->earliers, earlier, &merge->earlier_room,
			 sizeof(*merge->earlier)))
			return -ENOMEM;
		if (earlier)
			memcpy(merge->earlier + merge->earliers, list, earlier * sizeof(*list));
		merge->pseudo[i][number] = (struct nfm_report_amount){
			.snapshot = number,
			.up = count[i],
			.first_earlier = merge->earliers,
			.earlier = earlier,
		};
		merge->earliers += earlier;
	}
	return 0;
}

static int open_snapshot(struct nfm_report_merge *merge, uint32_t number, struct nfm_error *error)
{
	struct nfm_plan_snapshot *snapshot = &merge->plan->snapshot[number];
	struct source *source = &merge->source[merge->sources];
	struct nfm_snapshot_reader *reader = NULL;
	char path[PATH_MAX];
	int err = nfm_plan_path(merge->plan, snapshot->name, path, sizeof(path));

	if (!err)
		err = nfm_snapshot_stream_open(path, &reader, error);
	if (!err)
		err = keep_pseudos(merge, number, reader);
	if (!err && is_version_1(path)) {
		nfm_snapshot_reader_free(NFM_STEAL_PTR(reader));
		err = open_sorted(path, &reader, error);
	}
	if (err == -ENOMEM || err == -EMFILE || err == -ENFILE) {
		nfm_snapshot_reader_free(reader);
		return err;
	}
	if (err) {
		nfm_plan_damaged(merge->plan, &snapshot->damaged, error);
		error->text[0] = '\0';
		return 0;
	}
	*source = (struct source){ .number = number, .reader = reader };
	merge->entries += nfm_snapshot_reader_customer_count(reader);
	merge->sources++;
	if (!advance(merge, source))
		drop(merge, merge->sources - 1);
	return 0;
}

static void open_rollup(struct nfm_report_merge *merge, uint32_t number)
{
	const struct nfm_plan_rollup *rollup = &merge->plan->rollup[number];
	struct source *source = &merge->source[merge->sources];

	*source = (struct source){ .number = number, .is_rollup = true };
	merge->entries += rollup->head->entries;
	if (!find_entry(merge, source))
		return;
	source->key = key_of(source->id);
	merge->sources++;
}

/* ---- one customer ---- */

static const struct source *least(const struct nfm_report_merge *merge)
{
	const struct source *least = &merge->source[0];

	for (uint32_t i = 1; i < merge->sources; i++) {
		const struct source *source = &merge->source[i];

		if (source->key < least->key ||
		    (source->key == least->key && strcmp(source->id, least->id) < 0))
			least = source;
	}
	return least;
}

/* The entry at which a source stands, to the open job. */
static int take(struct nfm_report_batch *batch, const struct source *source)
{
	struct nfm_report_job *job = &batch->job[batch->jobs];
	const struct nfm_snapshot_customer *customer = &source->customer;
	struct nfm_report_amount amount = {
		.snapshot = source->number,
		.up = customer->up,
		.down = customer->down,
		.earlier = customer->earlier_count,
	};

	/* the newest one's comes last; nearly all are alike */
	if (source->name && *source->name && strcmp(source->name, job->name) != 0)
		snprintf(job->name, sizeof(job->name), "%s", source->name);
	if (source->spill)
		return nfm_report_spill_take(source->spill, batch);
	return source->is_rollup ? add_part(batch, source->number, &source->entry) :
				   nfm_report_batch_add(batch, &amount, customer->earlier);
}

static void begin_job(struct nfm_report_batch *batch, enum nfm_history_kind kind, const char *id)
{
	struct nfm_report_job *job = &batch->job[batch->jobs];

	memset(job, 0, sizeof(*job));
	job->kind = kind;
	snprintf(job->id, sizeof(job->id), "%s", id);
	job->first_part = batch->parts;
	job->first_amount = batch->amounts;
}

static int next_customer(struct nfm_report_merge *merge, struct nfm_report_batch *batch)
{
	const struct source *first = least(merge);
	uint64_t key = first->key;
	const char *id = batch->job[batch->jobs].id;
	int err = 0;

	begin_job(batch, NFM_HISTORY_CUSTOMER, first->id);
	for (uint32_t i = 0; i < merge->sources && !err;) {
		struct source *source = &merge->source[i];

		if (source->key != key || strcmp(source->id, id) != 0) {
			i++;
			continue;
		}
		err = take(batch, source);
		if (!err && advance(merge, source))
			i++;
		else
			drop(merge, i);
	}
	batch->jobs++;
	return err ? err : merge->err;
}

/* ---- open ---- */

/* How many streams may be open at once. */
static uint32_t streams_most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return STREAMS_MOST;
	if (limit.rlim_cur < STREAMS_MOST + FILES_BESIDE) {
		limit.rlim_cur = NFM_MIN(limit.rlim_max, (rlim_t)(STREAMS_MOST + FILES_BESIDE));
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur <= 2 * FILES_BESIDE)
		return FILES_BESIDE;
	return (uint32_t)NFM_MIN(limit.rlim_cur - FILES_BESIDE, (rlim_t)STREAMS_MOST);
}

static struct nfm_report_merge *merge_new(struct nfm_plan *plan)
{
	struct nfm_report_merge *merge = calloc(1, sizeof(*merge));
	size_t all = (size_t)plan->rollup_count + plan->snapshot_count + 1;

	if (!merge)
		return NULL;
	merge->plan = plan;
	merge->source = calloc(all, sizeof(*merge->source));
	merge->pseudo[0] = calloc((size_t)plan->snapshot_count + 1, sizeof(*merge->pseudo[0]));
	merge->pseudo[1] = calloc((size_t)plan->snapshot_count + 1, sizeof(*merge->pseudo[1]));
	if (merge->source && merge->pseudo[0] && merge->pseudo[1])
		return merge;
	nfm_report_merge_free(merge);
	return NULL;
}

/* What a merge of some snapshots has kept of `unmatched` and `local`. */
static int take_pseudos(struct nfm_report_merge *merge, const struct nfm_report_merge *part,
			uint32_t first, uint32_t count)
{
	if (grow((void **)&merge->earlier, merge->earliers, part->earliers, &merge->earlier_room,
		 sizeof(*merge->earlier)))
		return -ENOMEM;
	if (part->earliers)
		memcpy(merge->earlier + merge->earliers, part->earlier,
		       part->earliers * sizeof(*part->earlier));
	for (uint32_t i = first; i < first + count; i++) {
		for (int which = 0; which < 2; which++) {
			merge->pseudo[which][i] = part->pseudo[which][i];
			merge->pseudo[which][i].first_earlier += merge->earliers;
		}
	}
	merge->earliers += part->earliers;
	return 0;
}

/* Some snapshots, `first` on, merged into a file that is read as one. */
static int spill(struct nfm_report_merge *merge, uint32_t first, uint32_t count,
		 struct nfm_error *error)
{
	_cleanup_(nfm_report_batch_clear) struct nfm_report_batch batch = { .jobs = 0 };
	struct source *source = &merge->source[merge->sources];
	struct nfm_report_merge *part = merge_new(merge->plan);
	struct nfm_report_spill *made = NULL;
	int err = part ? nfm_report_spill_new(&made, error) : -ENOMEM;

	for (uint32_t i = first; i < first + count && !err; i++)
		err = open_snapshot(part, i, error);
	while (!err && part->sources) {
		batch.jobs = batch.parts = batch.amounts = batch.earliers = 0;
		while (!err && part->sources && batch.jobs < NFM_REPORT_JOBS)
			err = next_customer(part, &batch);
		if (!err)
			err = nfm_report_spill_write(made, &batch, error);
	}
	if (!err)
		err = nfm_report_spill_rewind(made, error);
	if (!err)
		err = take_pseudos(merge, part, first, count);
	nfm_report_merge_free(part);
	if (err) {
		nfm_report_spill_free(made);
		return err;
	}
	*source = (struct source){ .spill = made };
	merge->entries += nfm_report_spill_entries(made);
	merge->sources++;
	if (!advance(merge, source))
		drop(merge, merge->sources - 1);
	return merge->err;
}

static int open_snapshots(struct nfm_report_merge *merge, struct nfm_error *error)
{
	uint32_t most = streams_most(), count = merge->plan->snapshot_count;
	int err = 0;

	for (uint32_t i = 0; i < count && !err; i += most) {
		uint32_t some = NFM_MIN(count - i, most);

		if (count > most)
			err = spill(merge, i, some, error);
		for (uint32_t k = i; k < i + some && count <= most && !err; k++)
			err = open_snapshot(merge, k, error);
	}
	return err;
}

int nfm_report_merge_open(struct nfm_plan *plan, struct nfm_report_merge **out,
			  struct nfm_error *error)
{
	struct nfm_report_merge *merge = merge_new(plan);
	struct nfm_error why = { .text = "" };
	int err;

	if (!merge)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < plan->rollup_count; i++)
		open_rollup(merge, i);
	err = open_snapshots(merge, &why);
	if (err) {
		nfm_report_merge_free(merge);
		return nfm_error_set(error, err, "cannot merge the snapshots: %s",
				     why.text[0] ? why.text : strerror(-err));
	}
	*out = merge;
	return 0;
}

void nfm_report_merge_free(struct nfm_report_merge *merge)
{
	if (!merge)
		return;
	while (merge->sources)
		drop(merge, merge->sources - 1);
	free(merge->source);
	free(merge->pseudo[0]);
	free(merge->pseudo[1]);
	free(merge->earlier);
	free(merge);
}

/* ---- the walk ---- */

static int next_pseudo(struct nfm_report_merge *merge, struct nfm_report_batch *batch)
{
	static const enum nfm_history_kind kinds[] = { NFM_HISTORY_UNMATCHED, NFM_HISTORY_LOCAL };
	static const enum nfm_series_kind series[] = { NFM_SERIES_UNMATCHED, NFM_SERIES_LOCAL };
	struct nfm_plan *plan = merge->plan;
	uint32_t which = merge->pseudos_done++;
	int err = 0;

	begin_job(batch, kinds[which], "");
	for (uint32_t i = 0; i < plan->rollup_count && !err; i++) {
		struct nfm_series_entry entry;

		if (nfm_series_reader_find(plan->rollup[i].reader, series[which], "", &entry) == 1)
			err = add_part(batch, i, &entry);
	}
	for (uint32_t i = 0; i < plan->snapshot_count && !err; i++) {
		const struct nfm_report_amount *amount = &merge->pseudo[which][i];

		if (amount->up.bytes || amount->up.packets || amount->up.flows)
			err = nfm_report_batch_add(batch, amount,
						   merge->earlier + amount->first_earlier);
	}
	batch->jobs++;
	return err;
}

int nfm_report_merge_next(struct nfm_report_merge *merge, struct nfm_report_batch *batch)
{
	int err = 0;

	batch->jobs = batch->parts = batch->amounts = batch->earliers = 0;
	while (!err && batch->jobs < NFM_REPORT_JOBS && merge->sources)
		err = next_customer(merge, batch);
	while (!err && batch->jobs < NFM_REPORT_JOBS && merge->pseudos_done < 2)
		err = next_pseudo(merge, batch);
	return err;
}

uint32_t nfm_report_merge_done(const struct nfm_report_merge *merge)
{
	return merge->entries ? (uint32_t)(1000 * NFM_MIN(merge->taken, merge->entries) /
					   merge->entries) : 1000;
}
