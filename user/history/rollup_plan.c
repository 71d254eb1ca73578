// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup_plan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "history/rollup_late.h"
#include "history/series.h"

#define DAY_S 86400U
/* A day of 25 hours, and an hour for what is late: how far a rollup's end is looked for. */
#define PATIENCE_S (26 * 3600ULL)
/*
 * What a snapshot may span to be rolled up. One of a clock that was not set at first spans decades:
 * it would make a file for each of their days.
 */
#define SPAN_MOST_MS (366 * (uint64_t)DAY_S * 1000)

/* ---- sources ---- */

static void set_reach(struct nfm_rollup_source *source)
{
	const struct nfm_snapshot_meta *meta = &source->meta;
	uint64_t reach_ns = nfm_snapshot_reach_ns(meta, meta->slot_unix_ns);

	source->from_unix_ms = NFM_MIN(reach_ns, meta->from_unix_ns) / NFM_NS_PER_MS;
	source->to_unix_ms = NFM_MAX(meta->slot_unix_ns, meta->to_unix_ns) / NFM_NS_PER_MS;
}

/* Takes what can be read and rolled up of the files' headers. */
static void read_source(struct nfm_rollup_plan *plan, const char *name)
{
	struct nfm_rollup_source *source = &plan->source[plan->source_count];
	struct nfm_error error = { .text = "" };
	char path[PATH_MAX];
	int code;

	*source = (struct nfm_rollup_source){ .loss_known = false };
	memcpy(source->name, name, sizeof(source->name));
	if (nfm_io_join(path, sizeof(path), plan->directory, name))
		return;
	code = nfm_snapshot_header_read(path, &source->meta, &error);
	if (code && code != -ENOENT)
		nfm_log(LOG_WARNING, "rollup without one file: %s", error.text);
	if (code)
		return;
	set_reach(source);
	if (source->to_unix_ms - source->from_unix_ms > SPAN_MOST_MS)
		nfm_log(LOG_WARNING,
			"rollup without one file: %s: its interval spans more than a year", path);
	else
		plan->source_count++;
}

static int read_sources(struct nfm_rollup_plan *plan, struct nfm_error *error)
{
	_cleanup_free_ struct nfm_snapshot_file *files = NULL;
	uint32_t count;
	int code = nfm_files_snapshots(plan->directory, &files, &count, error);

	if (code)
		return code;
	plan->source = calloc(count + 1UL, sizeof(*plan->source));
	if (!plan->source)
		return nfm_error_set(error, -ENOMEM, "%s: cannot list the snapshots: free memory",
				     plan->directory);
	for (uint32_t i = 0; i < count; i++)
		read_source(plan, files[i].name);
	return 0;
}

bool nfm_rollup_touches(const struct nfm_rollup_source *source, const struct nfm_rollup_day *day)
{
	uint64_t from_ms = day->from_unix_s * 1000, to_ms = day->to_unix_s * 1000;

	if (source->from_unix_ms >= to_ms)
		return false;
	return source->to_unix_ms > from_ms || source->from_unix_ms >= from_ms;
}

/* ---- files that are there ---- */

/* The date `days` after that of a moment, as names have it. */
static void format_date(uint64_t unix_s, int days, char date[16])
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	date[0] = '\0';
	if (!localtime_r(&t, &tm))
		return;
	tm.tm_mday += days;
	tm.tm_hour = 12; /* an hour that every day has */
	tm.tm_isdst = -1;
	mktime(&tm);
	strftime(date, 16, "%Y%m%d", &tm);
}

static bool path_of(const struct nfm_rollup_plan *plan, const char *date, enum nfm_rollup_tier tier,
		    char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/" NFM_ROLLUP_FOLDER "/%s.%s", plan->directory,
			nfm_rollup_tier_name(tier), date) < PATH_MAX;
}

/* The times that a date's rollup has, if there is one that says. */
static bool find_window(const struct nfm_rollup_plan *plan, const char *date, uint64_t *from_s,
			uint64_t *to_s)
{
	for (unsigned int tier = NFM_TIERS; tier-- > 0;) {
		struct nfm_series_reader *r;
		char path[PATH_MAX];

		if (!path_of(plan, date, tier, path) || nfm_series_reader_open(path, &r, NULL))
			continue;
		*from_s = nfm_series_reader_head(r)->grid.from_unix_ms / 1000;
		*to_s = nfm_series_reader_head(r)->grid.to_unix_ms / 1000;
		nfm_series_reader_free(r);
		return true;
	}
	return false;
}

/* ---- days ---- */

struct planner {
	struct nfm_rollup_plan *plan;
	const struct nfm_rollup_limits *limits;
	uint64_t now_s;
	uint64_t newest_slot_s;	 /* of all snapshots */
	uint64_t newest_reach_s; /* the same, less their earlier slots */
	uint32_t room;		 /* for days */
};

static void look_at_newest(struct planner *p)
{
	for (uint32_t i = 0; i < p->plan->source_count; i++) {
		const struct nfm_snapshot_meta *meta = &p->plan->source[i].meta;
		uint64_t slot_s = meta->slot_unix_ns / NFM_NS_PER_S;
		uint64_t reach_ns = nfm_snapshot_reach_ns(meta, meta->slot_unix_ns);

		if (slot_s > p->now_s) /* of a clock that was wrong: it ends no day */
			continue;
		p->newest_slot_s = NFM_MAX(p->newest_slot_s, slot_s);
		p->newest_reach_s = NFM_MAX(p->newest_reach_s, reach_ns / NFM_NS_PER_S);
	}
}

/*
 * Everything of the day has come: files are written in order, and the newest cannot hold anything
 * of it any more. Where slots are kept for longer than patience, it ends with that.
 */
static bool is_over(const struct planner *p, const struct nfm_rollup_day *day)
{
	if (day->to_unix_s > p->now_s)
		return false;
	return p->newest_reach_s >= day->to_unix_s ||
	       (p->newest_slot_s >= day->to_unix_s && p->now_s - day->to_unix_s > PATIENCE_S);
}

static bool is_past(uint64_t limit_s, uint64_t age_s)
{
	return limit_s && age_s > limit_s;
}

/* Which files are missing; false: none. */
static bool find_wanted(const struct planner *p, struct nfm_rollup_day *day)
{
	uint64_t age_s = p->now_s - day->to_unix_s;
	char path[PATH_MAX];

	if (is_past(p->limits->days_s, age_s) || !path_of(p->plan, day->date, NFM_TIER_DAYS, path))
		return false;
	day->again = !access(path, F_OK);
	if (day->again && !nfm_rollup_is_late(p->plan, path, day))
		return false;
	day->wanted[NFM_TIER_DAYS] = true;
	path_of(p->plan, day->date, NFM_TIER_HOURS, path);
	day->wanted[NFM_TIER_HOURS] = !is_past(p->limits->hours_s, age_s) &&
				      (day->again || access(path, F_OK));
	path_of(p->plan, day->date, NFM_TIER_SAMPLES, path);
	day->wanted[NFM_TIER_SAMPLES] = day->again || access(path, F_OK);
	return true;
}

static int add_day(struct planner *p, const struct nfm_rollup_day *day)
{
	struct nfm_rollup_plan *plan = p->plan;

	if (plan->day_count == p->room) {
		uint32_t room = p->room ? p->room * 2 : 16;
		struct nfm_rollup_day *bigger = reallocarray(plan->day, room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		plan->day = bigger;
		p->room = room;
	}
	plan->day[plan->day_count++] = *day;
	return 0;
}

static bool close_to(uint64_t a_s, uint64_t b_s)
{
	return (a_s > b_s ? a_s - b_s : b_s - a_s) <= PATIENCE_S;
}

/*
 * The times of the day that begins at a midnight: they join on to those of the dates before and
 * after, where there are rollups of them.
 */
static void set_window(const struct planner *p, uint64_t midnight_s, struct nfm_rollup_day *day)
{
	const struct nfm_rollup_plan *plan = p->plan;
	const struct nfm_rollup_day *last =
		plan->day_count ? &plan->day[plan->day_count - 1] : NULL;
	uint64_t from_s, to_s;
	char date[16];

	*day = (struct nfm_rollup_day){
		.from_unix_s = midnight_s,
		.to_unix_s = nfm_snapshot_slot_next(midnight_s, DAY_S),
	};
	format_date(midnight_s, 0, day->date);
	format_date(midnight_s, -1, date);
	if (last && !strcmp(last->date, date))
		day->from_unix_s = last->to_unix_s;
	else if (find_window(plan, date, &from_s, &to_s) && close_to(to_s, midnight_s))
		day->from_unix_s = to_s;
	format_date(midnight_s, 1, date);
	if (find_window(plan, date, &from_s, &to_s) && close_to(from_s, day->to_unix_s))
		day->to_unix_s = from_s;
}

/* Counts the day's sources; *next_s: when those begin that come behind it. */
static void count_sources(const struct nfm_rollup_plan *plan, struct nfm_rollup_day *day,
			  uint64_t *next_s)
{
	*next_s = UINT64_MAX;
	for (uint32_t i = 0; i < plan->source_count; i++) {
		uint64_t from_s = plan->source[i].from_unix_ms / 1000;

		day->sources += nfm_rollup_touches(&plan->source[i], day);
		if (plan->source[i].to_unix_ms / 1000 >= day->to_unix_s)
			*next_s = NFM_MIN(*next_s, NFM_MAX(from_s, day->to_unix_s));
	}
}

static int plan_days(struct planner *p)
{
	uint64_t at_s = UINT64_MAX, next_s;
	int code = 0;

	for (uint32_t i = 0; i < p->plan->source_count; i++)
		at_s = NFM_MIN(at_s, p->plan->source[i].from_unix_ms / 1000);
	while (!code && at_s <= p->newest_slot_s) {
		uint64_t midnight_s = nfm_snapshot_slot_start(at_s, DAY_S);
		struct nfm_rollup_day day;

		set_window(p, midnight_s, &day);
		count_sources(p->plan, &day, &next_s);
		if (day.sources && day.from_unix_s < day.to_unix_s && is_over(p, &day) &&
		    find_wanted(p, &day))
			code = add_day(p, &day);
		at_s = NFM_MAX(nfm_snapshot_slot_next(midnight_s, DAY_S), next_s);
	}
	return code;
}

int nfm_rollup_plan_make(struct nfm_rollup_plan *plan, const char *directory,
			 const struct nfm_rollup_limits *limits, uint64_t now_unix_s,
			 struct nfm_error *error)
{
	struct planner planner = { .plan = plan, .limits = limits, .now_s = now_unix_s };
	int code;

	*plan = (struct nfm_rollup_plan){ .directory = directory };
	code = read_sources(plan, error);
	if (!code) {
		look_at_newest(&planner);
		code = plan_days(&planner);
		if (code)
			nfm_error_set(error, code, "%s: cannot plan the rollups: free memory",
				      directory);
	}
	if (code)
		nfm_rollup_plan_clear(plan);
	return code;
}

void nfm_rollup_plan_clear(struct nfm_rollup_plan *plan)
{
	free(plan->source);
	free(plan->day);
	*plan = (struct nfm_rollup_plan){ .directory = NULL };
}
