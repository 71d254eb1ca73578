// SPDX-License-Identifier: GPL-2.0-only
/* `read`: what snapshot files hold. */
#include "view/document.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "snapshot/snapshot.h"

#define CUSTOMER_COLUMNS                                                                          \
	{ "id", "ID", NFM_COLUMN_LEFT },                                                          \
	{ "name", "NAME", NFM_COLUMN_LEFT },                                                      \
	{ "up_bytes", "UP", NFM_COLUMN_RIGHT },                                                   \
	{ "up_packets", "UP PACKETS", NFM_COLUMN_RIGHT },                                         \
	{ "up_flows", "UP FLOWS", NFM_COLUMN_RIGHT },                                             \
	{ "down_bytes", "DOWN", NFM_COLUMN_RIGHT },                                               \
	{ "down_packets", "DOWN PACKETS", NFM_COLUMN_RIGHT },                                     \
	{ "down_flows", "DOWN FLOWS", NFM_COLUMN_RIGHT },

static const struct nfm_column customer_columns[] = {
	CUSTOMER_COLUMNS
	{ "prefixes", "PREFIXES", NFM_COLUMN_LEFT },
	{ "file", NULL, NFM_COLUMN_LEFT },
	{ "up_earlier_bytes", NULL, NFM_COLUMN_RIGHT },
	{ "down_earlier_bytes", NULL, NFM_COLUMN_RIGHT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

/* For people, where a file has bytes of earlier slots. */
static const struct nfm_column earlier_columns[] = {
	CUSTOMER_COLUMNS
	{ "earlier_bytes", "EARLIER", NFM_COLUMN_RIGHT },
	{ "prefixes", "PREFIXES", NFM_COLUMN_LEFT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

/* CSV has one table, the customers'; this one is for people. */
static const struct nfm_column exporter_columns[] = {
	{ "address", "EXPORTER", NFM_COLUMN_LEFT },
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "datagrams", "DATAGRAMS", NFM_COLUMN_RIGHT },
	{ "records", "RECORDS", NFM_COLUMN_RIGHT },
	{ "rejected_datagrams", "REJECTED", NFM_COLUMN_RIGHT },
	{ "lost", "LOST SO FAR", NFM_COLUMN_RIGHT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static void nfm_cleanup_reader(struct nfm_snapshot_reader **reader)
{
	nfm_snapshot_reader_free(*reader);
}

static void write_gaps(struct nfm_output *out, const struct nfm_snapshot_meta *meta)
{
	char from[64], to[64];

	nfm_output_array(out, "gaps");
	for (uint32_t i = 0; i < meta->gap_count; i++) {
		const struct nfm_snapshot_gap *gap = &meta->gap[i];

		nfm_output_object(out, NULL);
		nfm_output_time(out, "from", gap->from_unix_ns);
		nfm_output_time(out, "to", gap->to_unix_ns);
		nfm_output_end(out);
		nfm_output_line(out, "nobody counted from %s to %s",
				nfm_units_format_local(gap->from_unix_ns, from, sizeof(from)),
				nfm_units_format_local(gap->to_unix_ns, to, sizeof(to)));
	}
	nfm_output_end(out);
}

static void write_head(struct nfm_output *out, const char *path,
		       const struct nfm_snapshot_meta *meta)
{
	bool merged = meta->flags & NFM_SNAPSHOT_MERGED;
	bool partial = meta->flags & NFM_SNAPSHOT_PARTIAL;
	bool unbalanced = meta->flags & NFM_SNAPSHOT_UNBALANCED;
	char from[64], to[64];

	nfm_output_string(out, "file", path);
	nfm_output_time(out, "from", meta->from_unix_ns);
	nfm_output_time(out, "to", meta->to_unix_ns);
	nfm_output_time(out, "slot", meta->slot_unix_ns);
	nfm_output_u64(out, "epoch", meta->epoch);
	nfm_output_u64(out, "interval_seconds", meta->interval_s);
	nfm_output_bool(out, "partial", partial);
	nfm_output_bool(out, "merged", merged);
	nfm_output_bool(out, "unbalanced", unbalanced);
	nfm_output_u64(out, "earlier_slots", meta->earlier_slots);
	nfm_output_line(out, "%s: %s to %s%s%s, epoch %" PRIu64, path,
			nfm_units_format_local(meta->from_unix_ns, from, sizeof(from)),
			nfm_units_format_local(meta->to_unix_ns, to, sizeof(to)),
			partial ? " (not the whole interval)" : "",
			merged ? " (of several intervals)" : "", meta->epoch);
	if (unbalanced)
		nfm_output_line(out, "UNBALANCED: the parts do not make the total, or too many "
				     "bytes are said to be late; the log of that hour says more");
	write_gaps(out, meta);
	nfm_output_line(out, "%s", "");
}

/* The slots one by one in JSON, if there are any. */
static void write_slots(struct nfm_output *out, const char *key,
			const struct nfm_snapshot_meta *meta,
			const struct nfm_snapshot_earlier *earlier, uint32_t count)
{
	if (!count || nfm_output_format(out) != NFM_FORMAT_JSON)
		return;
	nfm_output_array(out, key);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t before_ns = earlier[i].back * (meta->interval_s * NFM_NS_PER_S);

		nfm_output_object(out, NULL);
		nfm_output_time(out, "time", meta->slot_unix_ns - before_ns);
		nfm_output_u64(out, "up_bytes", earlier[i].up_bytes);
		nfm_output_u64(out, "down_bytes", earlier[i].down_bytes);
		nfm_output_end(out);
	}
	nfm_output_end(out);
}

static void write_u64_cell(struct nfm_output *out, const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	nfm_output_cell(out, name, text);
}

static void write_earlier(struct nfm_output *out, const struct nfm_snapshot_meta *meta,
			  const struct nfm_snapshot_customer *customer)
{
	uint64_t up = 0, down = 0;
	char text[32];

	for (uint32_t i = 0; i < customer->earlier_count; i++) {
		up += customer->earlier[i].up_bytes;
		down += customer->earlier[i].down_bytes;
	}
	write_slots(out, "earlier", meta, customer->earlier, customer->earlier_count);
	write_u64_cell(out, "up_earlier_bytes", up);
	write_u64_cell(out, "down_earlier_bytes", down);
	nfm_output_cell(out, "earlier_bytes",
			nfm_output_format_bytes(out, up + down, text, sizeof(text)));
}

/* Whether a column for them is worth its place; a file that cannot be read is told of later. */
static bool has_earlier(const char *path)
{
	_cleanup_(nfm_cleanup_reader) struct nfm_snapshot_reader *reader = NULL;
	struct nfm_snapshot_customer customer;

	if (nfm_snapshot_stream_open(path, &reader, NULL))
		return false;
	while (nfm_snapshot_reader_customer(reader, &customer) == 1)
		if (customer.earlier_count)
			return true;
	return false;
}

static const struct nfm_column *columns_of(const struct nfm_output *out, const char *path)
{
	return nfm_output_format(out) == NFM_FORMAT_TEXT && has_earlier(path) ? earlier_columns :
										customer_columns;
}

static int write_customers(struct nfm_output *out, const char *path,
			   struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_customer customer;
	int more = 0;

	nfm_output_table(out, "customers", columns_of(out, path));
	while (!nfm_output_failed(out) &&
	       (more = nfm_snapshot_reader_customer(reader, &customer)) == 1) {
		nfm_output_object(out, NULL);
		nfm_view_write_identity(out, customer.id, customer.name, customer.prefixes,
					customer.prefix_count);
		nfm_view_write_count(out, "up", &customer.up);
		nfm_view_write_count(out, "down", &customer.down);
		write_earlier(out, nfm_snapshot_reader_meta(reader), &customer);
		nfm_output_cell(out, "file", path);
		nfm_output_end(out);
	}
	nfm_output_end(out);
	return more < 0 ? more : 0;
}

static void write_row_slots(struct nfm_output *out, const char *key,
			    const struct nfm_snapshot_reader *reader, uint32_t row)
{
	const struct nfm_snapshot_earlier *earlier;
	uint32_t count;

	earlier = nfm_snapshot_reader_earlier(reader, row, &count);
	write_slots(out, key, nfm_snapshot_reader_meta(reader), earlier, count);
}

static void write_totals(struct nfm_output *out, const struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_count unmatched, local, total;

	nfm_snapshot_reader_totals(reader, &unmatched, &local, &total);
	nfm_view_write_count(out, "unmatched", &unmatched);
	nfm_view_write_count(out, "local", &local);
	nfm_view_write_count(out, "total", &total);
	write_row_slots(out, "unmatched_earlier", reader, NFM_ROW_UNMATCHED);
	write_row_slots(out, "local_earlier", reader, NFM_ROW_LOCAL);
	nfm_output_line(out, "%s", "");
	nfm_view_write_total(out, "unmatched", &unmatched);
	nfm_view_write_total(out, "local", &local);
	nfm_view_write_total(out, "total", &total);
	nfm_output_line(out, "%s", "");
}

static void write_exporter(struct nfm_output *out, const struct nfm_snapshot_exporter *exporter)
{
	char address[64];
	uint32_t i;

	nfm_output_object(out, NULL);
	nfm_output_string(out, "address",
			  nfm_units_format_addr(&exporter->addr, address, sizeof(address)));
	nfm_output_string(out, "name", *exporter->name ? exporter->name : NULL);
	nfm_output_u64(out, "datagrams", exporter->datagrams + exporter->rejected_datagrams);
	nfm_output_u64(out, "records", exporter->records);
	nfm_output_u64(out, "lost", exporter->lost);
	nfm_output_array(out, "streams");
	for (i = 0; i < exporter->stream_count; i++)
		nfm_view_write_stream(out, &exporter->streams[i]);
	nfm_output_end(out);
	nfm_output_u64(out, "rejected_datagrams", exporter->rejected_datagrams);
	nfm_output_u64(out, "rejected_records", exporter->rejected_records);
	nfm_output_end(out);
}

static int write_exporters(struct nfm_output *out, struct nfm_snapshot_reader *reader)
{
	bool as_table = nfm_output_format(out) == NFM_FORMAT_TEXT;
	struct nfm_snapshot_exporter exporter;
	int more = 0;

	if (nfm_output_format(out) == NFM_FORMAT_CSV)
		return 0;
	if (as_table)
		nfm_output_table(out, "exporters", exporter_columns);
	else
		nfm_output_array(out, "exporters");
	while (!nfm_output_failed(out) &&
	       (more = nfm_snapshot_reader_exporter(reader, &exporter)) == 1)
		write_exporter(out, &exporter);
	nfm_output_end(out);
	return more < 0 ? more : 0;
}

static int write_reasons(struct nfm_output *out, struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_reason reason;
	int more = 0;

	if (nfm_output_format(out) == NFM_FORMAT_CSV)
		return 0;
	nfm_output_object(out, "reasons");
	while (!nfm_output_failed(out) &&
	       (more = nfm_snapshot_reader_reason(reader, &reason)) == 1) {
		const char *name = nfm_reason_name(reason.reason);
		int kind = nfm_reason_kind(reason.reason);
		uint64_t count = kind == NFM_KIND_NOTE ? reason.records : reason.datagrams;

		if (!name || kind == NFM_KIND_STAT || !count)
			continue;
		nfm_output_u64(out, name, count);
		nfm_output_line(out, "%-16s %12" PRIu64 "  %s", name, count,
				nfm_reason_help(reason.reason));
	}
	nfm_output_end(out);
	return more < 0 ? more : 0;
}

/* It was verified whole before anything of it is written. */
int nfm_document_read(struct nfm_output *out, const char *path, struct nfm_error *error)
{
	_cleanup_(nfm_cleanup_reader) struct nfm_snapshot_reader *reader = NULL;
	int err = nfm_snapshot_reader_open(path, &reader, error);

	if (err)
		return err;
	nfm_output_object(out, NULL);
	write_head(out, path, nfm_snapshot_reader_meta(reader));
	err = write_customers(out, path, reader);
	write_totals(out, reader);
	if (!err)
		err = write_exporters(out, reader);
	if (!err)
		err = write_reasons(out, reader);
	nfm_output_end(out);
	return err ? nfm_error_set(error, err, "%s: %s: the file contradicts itself", path,
				   strerror(-err))
		   : 0;
}
