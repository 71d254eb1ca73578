// SPDX-License-Identifier: GPL-2.0-only
/* What lies in the folder of a history, and what snapshots say of themselves. */
#include "history/files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "reasons.h"

#define DAY_S 86400U
#define DATE_DIGITS 8U /* YYYYmmdd */
/* The first epoch of a table that a file has: the table counts from its identity's making on. */
#define FIRST_EPOCH 2U

static const char *const tier_names[NFM_TIERS] = {
	[NFM_TIER_SAMPLES] = "samples",
	[NFM_TIER_HOURS] = "hours",
	[NFM_TIER_DAYS] = "days",
};

static const bool reason_rejects[] = {
#define NFM_REASON_ENTRY(name, number, kind, text, help) \
	[number] = NFM_KIND_##kind == NFM_KIND_REJECT,
	NFM_REASONS(NFM_REASON_ENTRY)
#undef NFM_REASON_ENTRY
};

const char *nfm_rollup_tier_name(enum nfm_rollup_tier tier)
{
	return tier < NFM_TIERS ? tier_names[tier] : NULL;
}

/* ---- listings ---- */

/* Entries of one size, as the folder gives them. */
struct listing {
	char *entry;
	size_t entry_size;
	uint32_t count, room;
};

static void listing_clear(struct listing *list)
{
	free(list->entry);
}

static int listing_add(struct listing *list, const void *entry)
{
	if (list->count == list->room) {
		uint32_t room = list->room ? list->room * 2 : 64;
		char *bigger = reallocarray(list->entry, room, list->entry_size);

		if (!bigger)
			return -ENOMEM;
		list->entry = bigger;
		list->room = room;
	}
	memcpy(list->entry + list->count++ * list->entry_size, entry, list->entry_size);
	return 0;
}

/* Calls `take` for each name in a folder; -errno of the folder or of the first that fails. */
static int walk(const char *path, int (*take)(struct listing *list, const char *name, int tier),
		struct listing *list, int tier)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	const struct dirent *entry;
	int code = 0;

	if (!dir)
		return -errno;
	while (!code) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (entry->d_type != DT_DIR)
			code = take(list, entry->d_name, tier);
	}
	return code;
}

static int digits(const char *text, unsigned int count)
{
	int value = 0;

	while (count--)
		value = value * 10 + *text++ - '0';
	return value;
}

/* Local midnight of a date; noon is never skipped, as midnight may be. */
static bool date_parse(const char *text, uint64_t *day_unix_s)
{
	struct tm tm = { .tm_hour = 12, .tm_isdst = -1 };
	struct tm asked;
	time_t noon;

	if (strspn(text, "0123456789") != DATE_DIGITS || text[DATE_DIGITS])
		return false;
	tm.tm_year = digits(text, 4) - 1900;
	tm.tm_mon = digits(text + 4, 2) - 1;
	tm.tm_mday = digits(text + 6, 2);
	asked = tm;
	noon = mktime(&tm);
	if (noon < DAY_S || tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon ||
	    tm.tm_year != asked.tm_year)
		return false;
	*day_unix_s = nfm_snapshot_slot_start((uint64_t)noon, DAY_S);
	return true;
}

static int take_rollup(struct listing *list, const char *name, int tier)
{
	struct nfm_rollup_file file = { .day_unix_s = 0 };
	size_t length = strlen(tier_names[tier]);

	if (strncmp(name, tier_names[tier], length) != 0 || name[length] != '.' ||
	    !date_parse(name + length + 1, &file.day_unix_s))
		return 0;
	memcpy(file.name, name, length + 1 + DATE_DIGITS);
	return listing_add(list, &file);
}

static int take_snapshot(struct listing *list, const char *name, int tier)
{
	struct nfm_snapshot_file file = { .unix_s = 0 };

	(void)tier;
	if (strlen(name) >= sizeof(file.name) || nfm_snapshot_name_parse(name, &file.unix_s))
		return 0;
	memcpy(file.name, name, strlen(name));
	return listing_add(list, &file);
}

static int by_day(const void *a, const void *b)
{
	const struct nfm_rollup_file *x = a, *y = b;

	if (x->day_unix_s != y->day_unix_s)
		return x->day_unix_s < y->day_unix_s ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_time(const void *a, const void *b)
{
	const struct nfm_snapshot_file *x = a, *y = b;

	if (x->unix_s != y->unix_s)
		return x->unix_s < y->unix_s ? -1 : 1;
	return strverscmp(x->name, y->name);
}

int nfm_files_rollups(const char *directory, enum nfm_rollup_tier tier,
		      struct nfm_rollup_file **out, uint32_t *count, struct nfm_error *error)
{
	_cleanup_(listing_clear) struct listing list = { .entry_size = sizeof(**out) };
	char path[PATH_MAX];
	int code;

	if (snprintf(path, sizeof(path), "%s/" NFM_ROLLUP_FOLDER, directory) >= (int)sizeof(path))
		return nfm_error_set(error, -ENAMETOOLONG,
				     "%.60s…: the path is too long; give a shorter one", directory);
	code = walk(path, take_rollup, &list, (int)tier);
	if (code && code != -ENOENT)
		return nfm_error_set(error, code,
				     "%s: cannot list the rollups: %s; check the owner and the "
				     "rights of the folder",
				     path, strerror(-code));
	if (list.count)
		qsort(list.entry, list.count, list.entry_size, by_day);
	*count = list.count;
	*out = (void *)NFM_STEAL_PTR(list.entry);
	return 0;
}

int nfm_files_snapshots(const char *directory, struct nfm_snapshot_file **out, uint32_t *count,
			struct nfm_error *error)
{
	_cleanup_(listing_clear) struct listing list = { .entry_size = sizeof(**out) };
	int code = walk(directory, take_snapshot, &list, 0);

	if (code)
		return nfm_error_set(
			error, code,
			"%s: cannot list the snapshots: %s; check `directory`, and the "
			"rights of the folder",
			directory, strerror(-code));
	if (list.count)
		qsort(list.entry, list.count, list.entry_size, by_time);
	*count = list.count;
	*out = (void *)NFM_STEAL_PTR(list.entry);
	return 0;
}

/* ---- quality ---- */

static int sum_loss(struct nfm_snapshot_reader *reader, struct nfm_loss *loss)
{
	struct nfm_snapshot_exporter exporter;
	int more;

	while ((more = nfm_snapshot_reader_exporter(reader, &exporter)) == 1) {
		for (uint32_t i = 0; i < exporter.stream_count; i++) {
			const struct nfm_snapshot_stream *stream = &exporter.streams[i];

			if (stream->unit == NFM_UNIT_RECORDS)
				loss->records += stream->lost;
			else if (stream->unit == NFM_UNIT_DATAGRAMS)
				loss->datagrams += stream->lost;
		}
	}
	return more;
}

static int sum_rejected(struct nfm_snapshot_reader *reader, uint64_t *records, uint64_t *datagrams)
{
	struct nfm_snapshot_reason reason;
	int more;

	while ((more = nfm_snapshot_reader_reason(reader, &reason)) == 1) {
		if (reason.reason >= NFM_ARRAY_SIZE(reason_rejects) ||
		    !reason_rejects[reason.reason])
			continue;
		*records += reason.records;
		*datagrams += reason.datagrams;
	}
	return more;
}

static int by_start(const void *a, const void *b)
{
	const struct nfm_snapshot_gap *x = a, *y = b;

	return (x->from_unix_ns > y->from_unix_ns) - (x->from_unix_ns < y->from_unix_ns);
}

static uint32_t add_covered(struct nfm_cell *out, uint64_t from_ms, uint64_t to_ms)
{
	if (from_ms >= to_ms)
		return 0;
	*out = (struct nfm_cell){ .from_unix_ms = from_ms, .to_unix_ms = to_ms };
	out->column[NFM_CELL_COVERED_MS] = to_ms - from_ms;
	return 1;
}

/* The interval less its gaps, which may overlap each other and its edges. */
static uint32_t covered(const struct nfm_snapshot_meta *meta, struct nfm_cell *out)
{
	struct nfm_snapshot_gap gap[NFM_SNAPSHOT_GAPS];
	uint32_t gaps = NFM_MIN(meta->gap_count, NFM_SNAPSHOT_GAPS);
	uint64_t at_ms = meta->from_unix_ns / NFM_NS_PER_MS;
	uint64_t to_ms = meta->to_unix_ns / NFM_NS_PER_MS;
	uint32_t count = 0;

	memcpy(gap, meta->gap, sizeof(gap));
	qsort(gap, gaps, sizeof(*gap), by_start);
	for (uint32_t i = 0; i < gaps; i++) {
		uint64_t end_ms = gap[i].to_unix_ns / NFM_NS_PER_MS;

		count += add_covered(&out[count], at_ms,
				     NFM_MIN(gap[i].from_unix_ns / NFM_NS_PER_MS, to_ms));
		at_ms = NFM_MAX(at_ms, end_ms);
	}
	return count + add_covered(&out[count], at_ms, to_ms);
}

/* What is in `now` and was not in `before`; late arrivals make such a sum sink. */
static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

int nfm_files_quality(struct nfm_snapshot_reader *reader, const struct nfm_loss *before,
		      struct nfm_loss *loss, struct nfm_cell *out, uint32_t *count)
{
	const struct nfm_snapshot_meta *meta = nfm_snapshot_reader_meta(reader);
	struct nfm_loss sum = { 0 }, base = { 0 };
	struct nfm_cell cell = {
		.from_unix_ms = meta->from_unix_ns / NFM_NS_PER_MS,
		.to_unix_ms = meta->to_unix_ns / NFM_NS_PER_MS,
	};
	int code = sum_loss(reader, &sum);

	if (!code)
		code = sum_rejected(reader, &cell.column[NFM_CELL_REJECTED_RECORDS],
				    &cell.column[NFM_CELL_REJECTED_DATAGRAMS]);
	if (code)
		return code;
	if (before)
		base = *before;
	else if (meta->epoch > FIRST_EPOCH)
		base = sum;
	cell.column[NFM_CELL_LOST_RECORDS] = grown(sum.records, base.records);
	cell.column[NFM_CELL_LOST_DATAGRAMS] = grown(sum.datagrams, base.datagrams);
	cell.column[NFM_CELL_UNBALANCED] = (meta->flags & NFM_SNAPSHOT_UNBALANCED) != 0;
	*count = covered(meta, out);
	out[(*count)++] = cell;
	*loss = sum;
	return 0;
}
