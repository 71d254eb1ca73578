// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup_day.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "history/rollup_input.h"
#include "history/rollup_merge.h"
#include "history/rollup_survey.h"
#include "history/series.h"

#define SAMPLE_LEAST_S 60U
#define INTERVAL_S 300U /* of a file that tells none */

/* A file to merge. */
struct piece {
	char *path;
	bool run; /* of an earlier merge */
	bool temporary;
};

struct maker {
	struct nfm_rollup_work *work;
	const struct nfm_rollup_day *day;
	struct nfm_rollup_survey survey;
	struct nfm_rollup_points points;
	const char **name;   /* of the sources that are taken */
	struct piece *piece; /* in the order of time: at first one for each source */
	uint32_t pieces, taken;
	uint32_t runs; /* made so far */
	struct nfm_series_writer *writer[NFM_TIERS];
	struct nfm_series_writer *run;
	uint64_t customers;
	uint64_t merge_done, merge_units; /* progress before this merge, and what it counts for */
	struct nfm_error *error;
};

int nfm_rollup_work_step(struct nfm_rollup_work *work, uint64_t done)
{
	if (!work->progress)
		return 0;
	return work->progress(work->cookie, NFM_MIN(done, work->all), work->all) ? -ECANCELED : 0;
}

static int out_of_memory(struct maker *m)
{
	return nfm_error_set(m->error, -ENOMEM, "cannot roll up %s: free memory", m->day->date);
}

/* A path in the folder of rollups, malloc'd. */
static char *path_in(const struct maker *m, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/" NFM_ROLLUP_FOLDER "/%s", m->work->plan->directory, name) < 0)
		return NULL;
	return path;
}

/* ---- the first look ---- */

/* The interval, or so many of them that it is a minute. */
static uint32_t sample_step_s(const struct nfm_rollup_plan *plan, const struct nfm_rollup_day *day)
{
	uint32_t least_s = UINT32_MAX;

	for (uint32_t i = 0; i < plan->source_count; i++) {
		uint32_t interval_s = plan->source[i].meta.interval_s;

		if (interval_s && nfm_rollup_touches(&plan->source[i], day))
			least_s = NFM_MIN(least_s, interval_s);
	}
	if (least_s == UINT32_MAX)
		least_s = INTERVAL_S;
	if (least_s >= SAMPLE_LEAST_S)
		return least_s;
	return (SAMPLE_LEAST_S + least_s - 1) / least_s * least_s;
}

static int open_points(struct maker *m)
{
	struct nfm_rollup_points *all[] = { &m->points, &m->survey.unmatched, &m->survey.local,
					    &m->survey.quality };
	uint32_t step_s = sample_step_s(m->work->plan, m->day);

	for (size_t i = 0; i < NFM_ARRAY_SIZE(all); i++) {
		int code = nfm_rollup_points_open(all[i], m->day->from_unix_s, m->day->to_unix_s,
						  step_s);

		if (code)
			return nfm_error_set(m->error, code, "cannot roll up %s: %s", m->day->date,
					     strerror(-code));
	}
	m->name = calloc(m->day->sources + 1UL, sizeof(*m->name));
	m->piece = calloc(m->day->sources + 1UL, sizeof(*m->piece));
	return m->name && m->piece ? 0 : out_of_memory(m);
}

/* What is to be merged for a source: itself, or a sorted copy. */
static int add_piece(struct maker *m, const struct nfm_rollup_source *source, bool sorted)
{
	struct piece *piece = &m->piece[m->pieces];
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *folder = path_in(m, NFM_ROLLUP_WORK_FOLDER);
	int code;

	if (asprintf(&path, "%s/%s", m->work->plan->directory, source->name) < 0)
		path = NULL;
	if (!folder || !path)
		return out_of_memory(m);
	if (sorted) {
		piece->path = NFM_STEAL_PTR(path);
	} else {
		code = nfm_rollup_input_sort(path, folder, &piece->path, m->error);
		if (code)
			return code;
		piece->temporary = true;
	}
	m->name[m->pieces++] = source->name;
	m->taken++;
	return 0;
}

static int survey_all(struct maker *m)
{
	struct nfm_rollup_plan *plan = m->work->plan;
	int code = 0;

	m->survey.plan = plan;
	for (uint32_t i = 0; code >= 0 && i < plan->source_count; i++) {
		struct nfm_rollup_source *source = &plan->source[i];
		bool sorted;

		if (!nfm_rollup_touches(source, m->day))
			continue;
		code = nfm_rollup_survey_source(&m->survey, source, &sorted, m->error);
		if (code == 1)
			code = add_piece(m, source, sorted);
		if (code >= 0)
			code = nfm_rollup_work_step(m->work, ++m->work->done);
	}
	return code;
}

/* ---- merges ---- */

static int merge_progress(void *cookie, uint64_t taken, uint64_t entries)
{
	struct maker *m = cookie;
	uint64_t part = entries ? m->merge_units * taken / entries : 0;

	return nfm_rollup_work_step(m->work, m->merge_done + part);
}

static int merge_pieces(struct maker *m, const struct piece *piece, uint32_t count,
			int (*entry)(void *cookie, const char *id, const char *name))
{
	_cleanup_free_ struct nfm_rollup_input *input = calloc(count + 1UL, sizeof(*input));
	const struct nfm_rollup_merge merge = { &m->points, entry, merge_progress, m };
	uint32_t opened = 0;
	int code = input ? 0 : out_of_memory(m);

	m->merge_done = m->work->done;
	m->merge_units = 0;
	for (uint32_t i = 0; !code && i < count; i++) {
		m->merge_units += !piece[i].run;
		code = piece[i].run
			       ? nfm_rollup_input_open_run(&input[i], piece[i].path, m->error)
			       : nfm_rollup_input_open_snapshot(&input[i], piece[i].path, m->error);
		input[i].order = i;
		opened += !code;
	}
	if (!code)
		code = nfm_rollup_merge_run(&merge, input, count, m->error);
	for (uint32_t i = 0; i < opened; i++)
		nfm_rollup_input_close(&input[i]);
	m->work->done = m->merge_done + m->merge_units;
	return code;
}

static int add_to_run(void *cookie, const char *id, const char *name)
{
	struct maker *m = cookie;

	return nfm_series_writer_add(m->run, NFM_SERIES_CUSTOMER, id, name, m->points.all_column);
}

static void drop_piece(struct piece *piece)
{
	if (piece->temporary)
		unlink(piece->path);
	free(piece->path);
	*piece = (struct piece){ .path = NULL };
}

/* Puts one run in the place of many pieces. */
static int make_run(struct maker *m, struct piece *piece, uint32_t count, struct piece *out)
{
	_cleanup_free_ char *folder = path_in(m, NFM_ROLLUP_WORK_FOLDER);
	struct piece run = { .run = true, .temporary = true };
	char name[32];
	int code;

	snprintf(name, sizeof(name), "run.%u", m->runs++);
	if (!folder || asprintf(&run.path, "%s/%s", folder, name) < 0)
		return out_of_memory(m);
	code = nfm_series_writer_open(folder, name, &m->points.all_grid, NULL, 0, &m->run,
				      m->error);
	if (!code)
		code = merge_pieces(m, piece, count, add_to_run);
	if (!code)
		code = nfm_series_writer_commit(m->run, m->error);
	nfm_series_writer_free(m->run);
	m->run = NULL;
	if (code) {
		free(run.path);
		return code;
	}
	for (uint32_t i = 0; i < count; i++)
		drop_piece(&piece[i]);
	*out = run;
	return 0;
}

/* As many rounds as it takes until all that is left can be open at once. */
static int reduce(struct maker *m)
{
	uint32_t most = m->work->inputs_most;

	while (m->pieces > most) {
		uint32_t kept = 0;

		for (uint32_t at = 0; at < m->pieces; at += most) {
			int code = make_run(m, &m->piece[at], NFM_MIN(most, m->pieces - at),
					    &m->piece[kept]);

			if (code)
				return code;
			kept++;
		}
		m->pieces = kept;
	}
	return 0;
}

/* ---- the files ---- */

static int open_writers(struct maker *m)
{
	_cleanup_free_ char *folder = path_in(m, "");
	char name[32];

	if (!folder)
		return out_of_memory(m);
	for (unsigned int tier = 0; tier < NFM_TIERS; tier++) {
		int code;

		if (!m->day->wanted[tier])
			continue;
		snprintf(name, sizeof(name), "%s.%.8s", nfm_rollup_tier_name(tier), m->day->date);
		code = nfm_series_writer_open(folder, name, &m->points.grid[tier], m->name,
					      m->taken, &m->writer[tier], m->error);
		if (code)
			return code;
	}
	return 0;
}

/* A failure comes again with the commit, which has the words for it. */
static int write_entry(struct maker *m, enum nfm_series_kind kind, const char *id, const char *name,
		       const struct nfm_rollup_points *points)
{
	for (unsigned int tier = 0; tier < NFM_TIERS; tier++)
		if (m->writer[tier] &&
		    nfm_series_writer_add(m->writer[tier], kind, id, name, points->column[tier]))
			return nfm_series_writer_commit(m->writer[tier], m->error);
	return 0;
}

static int write_customer(void *cookie, const char *id, const char *name)
{
	struct maker *m = cookie;

	m->customers++;
	return write_entry(m, NFM_SERIES_CUSTOMER, id, name, &m->points);
}

static int write_all(struct maker *m)
{
	int code = merge_pieces(m, m->piece, m->pieces, write_customer);

	if (!code && nfm_rollup_points_used(&m->survey.unmatched))
		code = write_entry(m, NFM_SERIES_UNMATCHED, "", "", &m->survey.unmatched);
	if (!code && nfm_rollup_points_used(&m->survey.local))
		code = write_entry(m, NFM_SERIES_LOCAL, "", "", &m->survey.local);
	if (!code)
		code = write_entry(m, NFM_SERIES_QUALITY, "", "", &m->survey.quality);
	for (unsigned int tier = 0; !code && tier < NFM_TIERS; tier++) {
		if (!m->writer[tier])
			continue;
		code = nfm_series_writer_commit(m->writer[tier], m->error);
		if (!code)
			code = nfm_rollup_work_step(m->work, m->work->done);
	}
	return code;
}

static void maker_clear(struct maker *m)
{
	for (unsigned int tier = 0; tier < NFM_TIERS; tier++)
		nfm_series_writer_free(m->writer[tier]);
	for (uint32_t i = 0; m->piece && i < m->day->sources; i++)
		drop_piece(&m->piece[i]);
	free(m->piece);
	free(m->name);
	nfm_rollup_points_close(&m->points);
	nfm_rollup_points_close(&m->survey.unmatched);
	nfm_rollup_points_close(&m->survey.local);
	nfm_rollup_points_close(&m->survey.quality);
}

int nfm_rollup_day_make(struct nfm_rollup_work *work, const struct nfm_rollup_day *day,
			uint64_t *customers, struct nfm_error *error)
{
	_cleanup_(maker_clear) struct maker m = { .work = work, .day = day, .error = error };
	int code = open_points(&m);

	if (!code)
		code = survey_all(&m);
	if (code || !m.taken)
		return code;
	if (day->again && m.taken != day->sources) /* what stands there has more than we would */
		return 0;
	code = reduce(&m);
	if (!code)
		code = open_writers(&m);
	if (!code)
		code = write_all(&m);
	if (code == -ECANCELED)
		nfm_error_set(error, code, "the rollup of %s was ended early", day->date);
	if (!code)
		*customers = m.customers;
	return code;
}
