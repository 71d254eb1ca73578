// SPDX-License-Identifier: GPL-2.0-only
/* `read`: what snapshot files hold. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/read.h"
#include "cli/view.h"
#include "snapshot/snapshot.h"

static const struct nfm_column customer_columns[] = {
	{ "id", "ID", NFM_COLUMN_LEFT },
	{ "name", "NAME", NFM_COLUMN_LEFT },
	{ "up_bytes", "UP", NFM_COLUMN_RIGHT },
	{ "up_packets", "UP PACKETS", NFM_COLUMN_RIGHT },
	{ "up_flows", "UP FLOWS", NFM_COLUMN_RIGHT },
	{ "down_bytes", "DOWN", NFM_COLUMN_RIGHT },
	{ "down_packets", "DOWN PACKETS", NFM_COLUMN_RIGHT },
	{ "down_flows", "DOWN FLOWS", NFM_COLUMN_RIGHT },
	{ "prefixes", "PREFIXES", NFM_COLUMN_LEFT },
	{ "file", NULL, NFM_COLUMN_LEFT },
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

static void write_head(struct nfm_output *out, const char *path,
		       const struct nfm_snapshot_meta *meta)
{
	char from[64], to[64];

	nfm_output_string(out, "file", path);
	nfm_output_time(out, "from", meta->from_unix_ns);
	nfm_output_time(out, "to", meta->to_unix_ns);
	nfm_output_u64(out, "epoch", meta->epoch);
	nfm_output_u64(out, "interval_seconds", meta->interval_s);
	nfm_output_bool(out, "partial", meta->flags & NFM_SNAPSHOT_PARTIAL);
	nfm_output_line(out, "%s: %s to %s%s, epoch %" PRIu64, path,
			nfm_units_format_local(meta->from_unix_ns, from, sizeof(from)),
			nfm_units_format_local(meta->to_unix_ns, to, sizeof(to)),
			meta->flags & NFM_SNAPSHOT_PARTIAL ? " (not the whole interval)" : "",
			meta->epoch);
	nfm_output_line(out, "%s", "");
}

static int write_customers(struct nfm_output *out, const char *path,
			   struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_customer customer;
	int more = 0;

	nfm_output_table(out, "customers", customer_columns);
	while (!nfm_output_failed(out) &&
	       (more = nfm_snapshot_reader_customer(reader, &customer)) == 1) {
		nfm_output_object(out, NULL);
		nfm_view_write_identity(out, customer.id, customer.name, customer.prefixes,
					customer.prefix_count);
		nfm_view_write_count(out, "up", &customer.up);
		nfm_view_write_count(out, "down", &customer.down);
		nfm_output_cell(out, "file", path);
		nfm_output_end(out);
	}
	nfm_output_end(out);
	return more < 0 ? more : 0;
}

static void write_totals(struct nfm_output *out, const struct nfm_snapshot_reader *reader)
{
	struct nfm_snapshot_count unmatched, local, total;

	nfm_snapshot_reader_totals(reader, &unmatched, &local, &total);
	nfm_view_write_count(out, "unmatched", &unmatched);
	nfm_view_write_count(out, "local", &local);
	nfm_view_write_count(out, "total", &total);
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
	for (i = 0; i < exporter->stream_count; i++) {
		const struct nfm_snapshot_stream *stream = &exporter->streams[i];

		nfm_output_object(out, NULL);
		nfm_output_u64(out, "version", stream->version);
		nfm_output_u64(out, "domain", stream->domain);
		nfm_output_string(out, "unit", nfm_view_unit(stream->unit));
		nfm_output_u64(out, "received", stream->received);
		nfm_output_u64(out, "lost", stream->lost);
		nfm_output_u64(out, "resets", stream->resets);
		nfm_output_end(out);
	}
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
int nfm_read_write_file(struct nfm_output *out, const char *path, struct nfm_error *error)
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

int nfm_cmd_read(struct nfm_cli *cli, int argc, char **argv)
{
	struct nfm_output *out;
	struct nfm_error error;
	bool several = argc > 2;
	int status = 0;
	int i;

	if (argc < 2)
		return 2;
	out = nfm_output_stdout(cli);
	if (!out)
		return 1;
	if (several && cli->format == NFM_FORMAT_JSON)
		nfm_output_array(out, NULL);
	for (i = 1; i < argc; i++) {
		if (i > 1)
			nfm_output_line(out, "%s", "");
		if (nfm_read_write_file(out, argv[i], &error))
			status = nfm_cli_fail(&error);
	}
	if (several && cli->format == NFM_FORMAT_JSON)
		nfm_output_end(out);
	if (status && !several) { /* of a damaged file, nothing at all */
		nfm_output_free(out);
		return status;
	}
	return nfm_output_done(out) ? 1 : status;
}
