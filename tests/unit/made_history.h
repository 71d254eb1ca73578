/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshot files that a test makes in its folder. */
#ifndef NFM_TEST_MADE_HISTORY_H
#define NFM_TEST_MADE_HISTORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "folder.h"
#include "reasons.h"
#include "snapshot/snapshot.h"

/* One customer of a file; `earlier` is taken where its `back` is not 0. */
struct made_entry {
	const char *id, *name;
	struct nfm_snapshot_count up, down;
	struct nfm_snapshot_earlier earlier;
};

struct made_file {
	struct nfm_snapshot_meta meta;
	const struct made_entry *entries; /* sorted by id */
	uint32_t entry_count;
	struct nfm_snapshot_count unmatched, local;
	struct nfm_snapshot_earlier unmatched_earlier; /* where its `back` is not 0 */
	uint64_t lost_records, lost_datagrams;	       /* sums of its one exporter */
	uint64_t rejected_records, rejected_datagrams;
};

/* Local time of a process with this TZ. */
static inline void use_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static inline struct nfm_snapshot_meta made_meta(uint64_t epoch, uint64_t from_unix_s,
						 uint32_t interval_s)
{
	return (struct nfm_snapshot_meta){
		.identity = "a table's own id",
		.epoch = epoch,
		.from_unix_ns = from_unix_s * NFM_NS_PER_S,
		.slot_unix_ns = nfm_snapshot_slot_start(from_unix_s, interval_s) * NFM_NS_PER_S,
		.to_unix_ns = (from_unix_s + interval_s) * NFM_NS_PER_S,
		.interval_s = interval_s,
		.earlier_slots = 2,
	};
}

static inline void made_entries(struct nfm_snapshot_writer *w, const struct made_file *file)
{
	for (uint32_t i = 0; i < file->entry_count; i++) {
		const struct made_entry *e = &file->entries[i];
		struct nfm_snapshot_customer customer = {
			.id = e->id,
			.name = e->name ? e->name : "",
			.up = e->up,
			.down = e->down,
			.earlier = &e->earlier,
			.earlier_count = e->earlier.back != 0,
		};

		assert_int_equal(nfm_snapshot_writer_customer(w, &customer), 0);
	}
}

static inline void made_account(struct nfm_snapshot_writer *w, const struct made_file *file)
{
	const struct nfm_snapshot_stream streams[] = {
		{ .version = 5, .unit = NFM_UNIT_RECORDS, .lost = file->lost_records },
		{ .version = 9, .unit = NFM_UNIT_DATAGRAMS, .lost = file->lost_datagrams },
		{ .version = 1, .unit = NFM_UNIT_NONE },
	};
	const struct nfm_snapshot_exporter exporter = {
		.name = "r1",
		.rejected_records = 77777, /* the reasons have it all, also of unknown exporters */
		.streams = streams,
		.stream_count = NFM_ARRAY_SIZE(streams),
	};
	const struct nfm_snapshot_reason reasons[] = {
		{ NFM_REASON_RECEIVED, 1000, 30000 },
		{ NFM_REASON_SHORT, file->rejected_datagrams, 0 },
		{ NFM_REASON_REFUSED, 0, file->rejected_records },
	};

	assert_int_equal(nfm_snapshot_writer_exporter(w, &exporter), 0);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(reasons); i++)
		assert_int_equal(nfm_snapshot_writer_reason(w, &reasons[i]), 0);
}

/* Writes it to the test's folder; the path is good until the next call. */
static inline const char *make_snapshot(const struct made_file *file)
{
	static char path[PATH_MAX];
	struct nfm_snapshot_count total = { 0 };
	struct nfm_snapshot_writer *w;

	assert_int_equal(nfm_snapshot_writer_open(folder, &file->meta, &w, NULL), 0);
	made_entries(w, file);
	made_account(w, file);
	if (file->unmatched_earlier.back)
		nfm_snapshot_writer_earlier(w, NFM_ROW_UNMATCHED, &file->unmatched_earlier, 1);
	assert_int_equal(nfm_snapshot_writer_commit(w, &file->unmatched, &file->local, &total, path,
						    sizeof(path), NULL),
			 0);
	nfm_snapshot_writer_free(w);
	return path;
}

#endif
