// SPDX-License-Identifier: GPL-2.0-only
/* Which files a range is made of. */
#include "history/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"

#define DAY_S 86400U
#define MARGIN_S (2U * DAY_S) /* by which a name's time may miss what is in the file */
#define FILES_BEFORE 4U /* may reach far forwards: several slots that were closed as one */
#define GRACE_S 60U /* that a snapshot may take to be written */

/* A source that a rollup names; sorted by name. */
struct source {
	const char *name;
	uint32_t rollup;
};

int nfm_plan_path(const struct nfm_plan *plan, const char *name, char *path, size_t size)
{
	return nfm_io_join(path, size, plan->options->directory, name);
}

void nfm_plan_damaged(struct nfm_plan *plan, bool *said, const struct nfm_error *error)
{
	if (said && *said)
		return;
	if (said)
		*said = true;
	plan->damaged++;
	if (plan->options->damaged)
		plan->options->damaged(plan->options->cookie, error);
}

int nfm_plan_progress(struct nfm_plan *plan, uint64_t all)
{
	plan->done++;
	if (!plan->options->progress ||
	    !plan->options->progress(plan->options->cookie, NFM_MIN(plan->done, all), all))
		return 0;
	return -ECANCELED;
}

/* ---- rollups ---- */

struct tiers {
	struct nfm_rollup_file *file[NFM_TIERS];
	uint32_t count[NFM_TIERS];
};

static void tiers_clear(struct tiers *tiers)
{
	for (int tier = 0; tier < NFM_TIERS; tier++)
		free(tiers->file[tier]);
}

static int list_tiers(const char *directory, struct tiers *tiers, struct nfm_error *error)
{
	for (int tier = 0; tier < NFM_TIERS; tier++) {
		int err = nfm_files_rollups(directory, (enum nfm_rollup_tier)tier,
					    &tiers->file[tier], &tiers->count[tier], error);

		if (err)
			return err;
	}
	return 0;
}

static bool same_sources(const struct nfm_series_reader *a, const struct nfm_series_reader *b)
{
	uint32_t count = nfm_series_reader_head(a)->sources;

	if (nfm_series_reader_head(b)->sources != count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(nfm_series_reader_source(a, i), nfm_series_reader_source(b, i)) != 0)
			return false;
	}
	return true;
}

/* 1: open; 0: it does not touch the range, or is damaged, and then said so; -errno. */
static int open_rollup(struct nfm_plan *plan, enum nfm_rollup_tier tier, const char *name,
		       struct nfm_plan_rollup *out)
{
	struct nfm_error error = { .text = "" };
	const struct nfm_grid *grid;
	int n = snprintf(out->path, sizeof(out->path), "%s/" NFM_ROLLUP_FOLDER "/%s",
			 plan->options->directory, name);
	int err;

	if (n < 0 || (size_t)n >= sizeof(out->path))
		return -ENAMETOOLONG;
	err = nfm_series_reader_open(out->path, &out->reader, &error);
	if (err == -ENOENT)
		return 0; /* expired since it was listed */
	if (err == -ENOMEM || err == -EMFILE)
		return err;
	if (err) {
		nfm_plan_damaged(plan, NULL, &error);
		return 0;
	}
	out->tier = tier;
	out->head = nfm_series_reader_head(out->reader);
	grid = &out->head->grid;
	if (grid->from_unix_ms < plan->range.to_unix_ms &&
	    grid->to_unix_ms > plan->range.from_unix_ms && grid->step_ms)
		return 1;
	nfm_series_reader_free(out->reader);
	out->reader = NULL;
	return 0;
}

static void add_sums(struct nfm_plan *plan, const struct tiers *tiers, uint64_t day_unix_s,
		     struct nfm_plan_rollup *rollup)
{
	const struct nfm_grid *grid = &rollup->head->grid;
	struct nfm_plan_rollup day = { .reader = NULL };

	if (rollup->tier == NFM_TIER_DAYS || grid->from_unix_ms < plan->range.from_unix_ms ||
	    grid->to_unix_ms > plan->range.to_unix_ms)
		return;
	for (uint32_t i = 0; i < tiers->count[NFM_TIER_DAYS]; i++) {
		if (tiers->file[NFM_TIER_DAYS][i].day_unix_s == day_unix_s &&
		    open_rollup(plan, NFM_TIER_DAYS, tiers->file[NFM_TIER_DAYS][i].name, &day) == 1)
			break;
	}
	if (!day.reader)
		return;
	if (day.head->points == 1 && day.head->grid.from_unix_ms == grid->from_unix_ms &&
	    day.head->grid.to_unix_ms == grid->to_unix_ms &&
	    same_sources(rollup->reader, day.reader))
		rollup->sums = NFM_STEAL_PTR(day.reader);
	nfm_series_reader_free(day.reader);
}

static bool day_is_used(const uint64_t *days, uint32_t count, uint64_t day_unix_s)
{
	while (count--) {
		if (days[count] == day_unix_s)
			return true;
	}
	return false;
}

/* Opens the rollups of one tier for days that no finer one is used of; `days` grows with them. */
static int open_tier(struct nfm_plan *plan, const struct tiers *tiers, enum nfm_rollup_tier tier,
		     uint64_t *days)
{
	uint32_t known = plan->rollup_count;

	for (uint32_t i = 0; i < tiers->count[tier]; i++) {
		const struct nfm_rollup_file *file = &tiers->file[tier][i];
		struct nfm_plan_rollup *rollup = &plan->rollup[plan->rollup_count];
		int opened;

		if ((file->day_unix_s + MARGIN_S) * 1000 < plan->range.from_unix_ms ||
		    file->day_unix_s * 1000 > plan->range.to_unix_ms + MARGIN_S * 1000ULL ||
		    day_is_used(days, known, file->day_unix_s))
			continue;
		opened = open_rollup(plan, tier, file->name, rollup);
		if (opened < 0)
			return opened;
		if (!opened)
			continue;
		add_sums(plan, tiers, file->day_unix_s, rollup);
		days[plan->rollup_count++] = file->day_unix_s;
	}
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct nfm_plan_rollup *left = a, *right = b;
	uint64_t l = left->head->grid.from_unix_ms, r = right->head->grid.from_unix_ms;

	return l < r ? -1 : l > r ? 1 : (int)left->tier - (int)right->tier;
}

/* Each counts in its grid as far as that lies in the range and behind the one before. */
static void cut_windows(struct nfm_plan *plan)
{
	uint64_t at = plan->range.from_unix_ms;

	qsort(plan->rollup, plan->rollup_count, sizeof(*plan->rollup), by_begin);
	for (uint32_t i = 0; i < plan->rollup_count; i++) {
		struct nfm_plan_rollup *rollup = &plan->rollup[i];
		const struct nfm_grid *grid = &rollup->head->grid;
		uint64_t from = NFM_MAX(grid->from_unix_ms, at);
		uint64_t to = NFM_MIN(grid->to_unix_ms, plan->range.to_unix_ms);

		if (from > grid->from_unix_ms && rollup->sums) {
			nfm_series_reader_free(rollup->sums);
			rollup->sums = NULL;
		}
		rollup->window.from_unix_ms = from;
		rollup->window.to_unix_ms = NFM_MAX(from, to);
		at = rollup->window.to_unix_ms;
	}
}

static int open_rollups(struct nfm_plan *plan, struct nfm_error *error)
{
	_cleanup_(tiers_clear) struct tiers tiers = { 0 };
	_cleanup_free_ uint64_t *days = NULL;
	size_t most = 0;
	int err = list_tiers(plan->options->directory, &tiers, error);

	if (err)
		return err;
	for (int tier = 0; tier < NFM_TIERS; tier++)
		most += tiers.count[tier];
	days = calloc(most + 1, sizeof(*days));
	plan->rollup = calloc(most + 1, sizeof(*plan->rollup));
	if (!days || !plan->rollup)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (int tier = 0; tier < NFM_TIERS && !err; tier++)
		err = open_tier(plan, &tiers, (enum nfm_rollup_tier)tier, days);
	if (err)
		return nfm_error_set(error, err,
				     "cannot open the rollups in %s/" NFM_ROLLUP_FOLDER ": %s",
				     plan->options->directory, strerror(-err));
	cut_windows(plan);
	return 0;
}

/* ---- snapshots ---- */

static int by_name(const void *a, const void *b)
{
	const struct source *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int list_sources(const struct nfm_plan *plan, struct source **out, size_t *count)
{
	size_t all = 0, used = 0;

	for (uint32_t i = 0; i < plan->rollup_count; i++)
		all += plan->rollup[i].head->sources;
	*out = malloc((all + 1) * sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->rollup_count; i++) {
		for (uint32_t k = 0; k < plan->rollup[i].head->sources; k++)
			(*out)[used++] = (struct source){
				nfm_series_reader_source(plan->rollup[i].reader, k), i
			};
	}
	qsort(*out, used, sizeof(**out), by_name);
	*count = used;
	return 0;
}

static int add_piece(struct nfm_plan *plan, uint64_t from_unix_ms, uint64_t to_unix_ms)
{
	if (from_unix_ms >= to_unix_ms)
		return 0;
	if (!(plan->piece_count & (plan->piece_count - 1))) { /* full: a power of two, or none */
		size_t room = plan->piece_count ? 2 * (size_t)plan->piece_count : 1;
		struct nfm_plan_window *more = realloc(plan->piece, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		plan->piece = more;
	}
	plan->piece[plan->piece_count++] = (struct nfm_plan_window){ from_unix_ms, to_unix_ms };
	return 0;
}

/* First source of this name, or the place where it would stand. */
static size_t find_source(const struct source *source, size_t count, const char *name)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (strcmp(source[middle].name, name) < 0)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* What of [from, to) lies in the range and outside of the rollups that name this snapshot. */
static int add_pieces(struct nfm_plan *plan, const struct source *source, size_t source_count,
		      const char *name, uint64_t from_unix_ms, uint64_t to_unix_ms)
{
	uint64_t at = NFM_MAX(from_unix_ms, plan->range.from_unix_ms);
	uint64_t end = NFM_MIN(to_unix_ms, plan->range.to_unix_ms);
	size_t i = find_source(source, source_count, name);
	uint64_t first, next;
	int err = 0;

	/* rollups are in the order of time; of equal names the sources may not be */
	do {
		first = next = UINT64_MAX;
		for (size_t k = i; k < source_count && !strcmp(source[k].name, name); k++) {
			const struct nfm_plan_window *window =
				&plan->rollup[source[k].rollup].window;

			if (window->to_unix_ms > at && window->from_unix_ms < first) {
				first = window->from_unix_ms;
				next = window->to_unix_ms;
			}
		}
		err = add_piece(plan, at, NFM_MIN(first, end));
		at = next;
	} while (!err && at < end);
	return err;
}

/* The time in which a snapshot may have anything. */
static struct nfm_plan_window touched(const struct nfm_snapshot_meta *meta)
{
	uint64_t begin_ns = NFM_MIN(meta->slot_unix_ns, meta->from_unix_ns);

	return (struct nfm_plan_window){
		.from_unix_ms = nfm_snapshot_reach_ns(meta, begin_ns) / NFM_NS_PER_MS,
		/* also what has no length lies in it */
		.to_unix_ms = NFM_MAX(meta->to_unix_ns, meta->from_unix_ns) / NFM_NS_PER_MS + 1,
	};
}

/* 1: its header was read; 0: it is gone or damaged, and then said so; -errno. */
static int read_header(struct nfm_plan *plan, const char *name, struct nfm_snapshot_meta *meta)
{
	struct nfm_error error = { .text = "" };
	char path[PATH_MAX];
	int err = nfm_plan_path(plan, name, path, sizeof(path));

	if (!err)
		err = nfm_snapshot_header_read(path, meta, &error);
	if (!err)
		return 1;
	if (err == -ENOMEM || err == -EMFILE || err == -ENAMETOOLONG)
		return err;
	if (err != -ENOENT) /* expired since the folder was read */
		nfm_plan_damaged(plan, NULL, &error);
	return 0;
}

/* Seconds by which a name's local time may be read wrongly: of an hour that comes twice. */
static uint32_t name_doubt_s(uint64_t unix_s)
{
	time_t before = (time_t)unix_s - 7200, after = (time_t)unix_s + 7200;
	struct tm one, other;

	if (!localtime_r(&before, &one) || !localtime_r(&after, &other))
		return DAY_S;
	return (uint32_t)labs(one.tm_gmtoff - other.tm_gmtoff);
}

/* Where, by its name and the next one's, a file's content may lie at most. */
static struct nfm_plan_window guess(const struct nfm_plan *plan, uint32_t number)
{
	uint64_t at_s = plan->file[number].unix_s, next_s = UINT64_MAX / 2000;
	uint64_t slack_s = plan->slack_s + name_doubt_s(at_s);

	if (number + 1 < plan->file_count)
		next_s = NFM_MAX(plan->file[number + 1].unix_s, at_s);
	return (struct nfm_plan_window){
		.from_unix_ms = (at_s - NFM_MIN(at_s, slack_s)) * 1000,
		.to_unix_ms = (next_s + slack_s) * 1000,
	};
}

/*
 * Takes the snapshot into the plan if it counts anywhere. *behind: it lies, with its reach, behind
 * the range, as all further ones will. The headers of most sources of rollups are not looked at.
 */
static int consider(struct nfm_plan *plan, const struct source *source, size_t source_count,
		    uint32_t number, bool *behind)
{
	struct nfm_plan_snapshot *snapshot = &plan->snapshot[plan->snapshot_count];
	const char *name = plan->file[number].name;
	uint32_t pieces = plan->piece_count;
	struct nfm_plan_window window = guess(plan, number);
	size_t at = find_source(source, source_count, name);
	int err;

	if (at < source_count && !strcmp(source[at].name, name)) {
		err = add_pieces(plan, source, source_count, name, window.from_unix_ms,
				 window.to_unix_ms);
		if (err || plan->piece_count == pieces)
			return err;
		plan->piece_count = pieces;
	}
	err = read_header(plan, name, &snapshot->meta);
	if (err <= 0)
		return err;
	window = touched(&snapshot->meta);
	*behind = window.from_unix_ms >= plan->range.to_unix_ms;
	err = add_pieces(plan, source, source_count, name, window.from_unix_ms,
			 window.to_unix_ms);
	if (err || plan->piece_count == pieces)
		return err;
	snprintf(snapshot->name, sizeof(snapshot->name), "%s", name);
	snapshot->file = number;
	snapshot->first_piece = pieces;
	snapshot->pieces = plan->piece_count - pieces;
	plan->snapshot_count++;
	return 0;
}

static int choose_snapshots(struct nfm_plan *plan, struct nfm_error *error)
{
	_cleanup_free_ struct source *source = NULL;
	uint64_t from_s = plan->range.from_unix_ms / 1000, to_s = plan->range.to_unix_ms / 1000;
	size_t source_count;
	uint32_t first = 0;
	int err = 0;

	plan->snapshot = calloc((size_t)plan->file_count + 1, sizeof(*plan->snapshot));
	if (!plan->snapshot || list_sources(plan, &source, &source_count))
		return nfm_error_set(error, -ENOMEM, "out of memory");
	while (first < plan->file_count && plan->file[first].unix_s + MARGIN_S < from_s)
		first++;
	first -= NFM_MIN(first, FILES_BEFORE);
	for (uint32_t i = first; i < plan->file_count; i++) {
		bool behind = false;

		err = consider(plan, source, source_count, i, &behind);
		if (err)
			return nfm_error_set(error, err, "%s/%s: %s", plan->options->directory,
					     plan->file[i].name, strerror(-err));
		if (behind && plan->file[i].unix_s > to_s + MARGIN_S)
			break;
	}
	return 0;
}

/* ---- what the plan says of itself ---- */

static void extend(struct nfm_plan *plan, uint64_t from_unix_ms, uint64_t to_unix_ms,
		   uint64_t step_s)
{
	if (from_unix_ms >= to_unix_ms)
		return;
	plan->data.from_unix_ms = NFM_MIN(plan->data.from_unix_ms, from_unix_ms);
	plan->data.to_unix_ms = NFM_MAX(plan->data.to_unix_ms, to_unix_ms);
	plan->finest_s = (uint32_t)NFM_MAX(plan->finest_s, step_s);
}

/*
 * Of the range that part is over whose snapshots should be there: the open interval's is not yet
 * due. `now` itself if the newest one is older than that.
 */
static void find_closed(struct nfm_plan *plan)
{
	uint64_t now_ms = plan->options->now_unix_s * 1000;
	struct nfm_snapshot_meta meta;

	plan->closed_unix_ms = NFM_MIN(now_ms, plan->range.to_unix_ms);
	plan->slack_s = DAY_S;
	for (uint32_t i = plan->file_count; i-- > 0;) {
		char path[PATH_MAX];
		uint64_t to_ms;

		if (plan->file[i].unix_s * 1000 > now_ms + MARGIN_S * 1000ULL)
			continue; /* of a clock that was wrong */
		if (nfm_plan_path(plan, plan->file[i].name, path, sizeof(path)) ||
		    nfm_snapshot_header_read(path, &meta, NULL))
			continue; /* if it matters, it is said later */
		to_ms = meta.to_unix_ns / NFM_NS_PER_MS;
		if (to_ms <= now_ms && now_ms - to_ms <= (meta.interval_s + 1ULL * GRACE_S) * 1000)
			plan->closed_unix_ms = NFM_MIN(plan->closed_unix_ms, to_ms);
		plan->slack_s = (uint32_t)NFM_MIN((meta.earlier_slots + 2ULL) * meta.interval_s,
						  7ULL * DAY_S);
		break;
	}
	plan->closed_unix_ms = NFM_MAX(plan->closed_unix_ms, plan->range.from_unix_ms);
}

static void summarize(struct nfm_plan *plan)
{
	plan->data = (struct nfm_plan_window){ UINT64_MAX, 0 };
	for (uint32_t i = 0; i < plan->rollup_count; i++)
		extend(plan, plan->rollup[i].window.from_unix_ms,
		       plan->rollup[i].window.to_unix_ms,
		       (plan->rollup[i].head->grid.step_ms + 999) / 1000);
	for (uint32_t i = 0; i < plan->snapshot_count; i++) {
		const struct nfm_plan_snapshot *snapshot = &plan->snapshot[i];
		const struct nfm_plan_window *first = &plan->piece[snapshot->first_piece];

		extend(plan, first->from_unix_ms, first[snapshot->pieces - 1].to_unix_ms,
		       snapshot->meta.interval_s);
	}
	if (plan->data.to_unix_ms <= plan->data.from_unix_ms)
		plan->data.from_unix_ms = plan->data.to_unix_ms = plan->range.from_unix_ms;
}

int nfm_plan_make(const struct nfm_history_options *options, uint64_t from_unix_s,
		  uint64_t to_unix_s, struct nfm_plan *plan, struct nfm_error *error)
{
	int err;

	plan->options = options;
	plan->range.from_unix_ms = from_unix_s * 1000;
	plan->range.to_unix_ms = to_unix_s * 1000;
	err = nfm_files_snapshots(options->directory, &plan->file, &plan->file_count, error);
	if (!err)
		err = open_rollups(plan, error);
	if (err)
		return err;
	find_closed(plan);
	err = choose_snapshots(plan, error);
	if (err)
		return err;
	summarize(plan);
	return 0;
}

void nfm_plan_clear(struct nfm_plan *plan)
{
	for (uint32_t i = 0; i < plan->rollup_count; i++) {
		nfm_series_reader_free(plan->rollup[i].reader);
		nfm_series_reader_free(plan->rollup[i].sums);
	}
	free(plan->rollup);
	free(plan->snapshot);
	free(plan->piece);
	free(plan->file);
	*plan = (struct nfm_plan){ 0 };
}
