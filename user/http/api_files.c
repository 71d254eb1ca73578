// SPDX-License-Identifier: GPL-2.0-only
/* What happened earlier: answers out of the folder of snapshots. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/api.h"
#include "snapshot/expire_scan.h"
#include "view/document.h"

#define SPARKS_MOST 100U
#define SPARK_SPAN_S 7200U
#define SPARK_STEP_S 300U

/* ---- patience ---- */

struct patience {
	uint64_t end_ns;
};

static int progress(void *cookie, uint64_t done, uint64_t all)
{
	const struct patience *patience = cookie;

	(void)done;
	(void)all;
	return nfm_clock_monotonic_ns() > patience->end_ns;
}

static struct patience patience_new(void)
{
	return (struct patience){
		.end_ns = nfm_clock_monotonic_ns() + NFM_API_PATIENCE_S * NFM_NS_PER_S,
	};
}

static struct nfm_history_options options_of(const struct nfm_http *http,
					     struct patience *patience)
{
	return (struct nfm_history_options){
		.directory = http->config.directory,
		.progress = progress, /* damaged files are counted in "coverage" */
		.cookie = patience,
	};
}

static int explain(int err, struct nfm_error *error)
{
	if (err == -ECANCELED)
		nfm_error_set(error, err, "it took longer than %u s: ask for a shorter range, or "
			      "use the command line", NFM_API_PATIENCE_S);
	return err;
}

/* ---- snapshots ---- */

static bool is_snapshot(const struct nfm_expire_file *file)
{
	uint64_t unix_s;

	return !strchr(file->path, '/') && !nfm_snapshot_name_parse(file->path, &unix_s);
}

static const struct nfm_column snapshot_columns[] = {
	{ "file", "FILE", NFM_COLUMN_LEFT },
	{ "time", "TIME", NFM_COLUMN_LEFT },
	{ "bytes", "BYTES", NFM_COLUMN_RIGHT },
	{ NULL, NULL, NFM_COLUMN_LEFT },
};

static uint64_t write_files(struct nfm_output *out, const struct nfm_expire_scan *scan,
			    const struct nfm_slice *slice)
{
	uint64_t matched = 0;

	nfm_output_table(out, "snapshots", snapshot_columns);
	for (size_t i = scan->count; i-- > 0 && !nfm_output_failed(out);) {
		const struct nfm_expire_file *file = &scan->files[i];

		if (!is_snapshot(file) || !nfm_slice_has(slice, matched++))
			continue;
		nfm_output_object(out, NULL);
		nfm_output_string(out, "file", file->path);
		nfm_output_time(out, "time", file->unix_s * NFM_NS_PER_S);
		nfm_output_u64(out, "bytes", file->bytes);
		nfm_output_end(out);
	}
	nfm_output_end(out);
	return matched;
}

static void write_snapshots(struct nfm_output *out, const struct nfm_config *config,
			    const struct nfm_expire_scan *scan, const struct nfm_slice *slice)
{
	nfm_output_object(out, NULL);
	nfm_output_string(out, "directory", config->directory);
	nfm_output_u64(out, "bytes", scan->bytes);
	nfm_output_u64(out, "files", scan->count);
	nfm_output_object(out, "limits");
	nfm_output_u64(out, "size_bytes", config->expire_size_bytes);
	nfm_output_u64(out, "lifetime_seconds", config->expire_lifetime_s);
	nfm_output_u64(out, "watermark", config->expire_watermark);
	nfm_output_end(out);
	nfm_slice_write(out, write_files(out, scan, slice));
	nfm_output_end(out);
}

NFM_API(snapshots)
{
	const char *directory = http->config.directory;
	_cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(nfm_expire_scan_clear) struct nfm_expire_scan scan = {
		.directory = directory,
		.error = error,
	};
	struct nfm_slice slice = { 0 };
	struct nfm_output *out;
	int err = 0;

	for (uint32_t i = 0; !err && i < request->argument_count; i++)
		err = nfm_slice_take(&slice, request->argument[i].name,
				     request->argument[i].value, error);
	if (err)
		return err;
	if (fd < 0)
		return nfm_error_set(error, -errno, "%s: %m: the server's user ([http] user) must "
				     "be able to read it", directory);
	err = nfm_expire_scan_read(&scan, fd);
	if (err)
		return err;
	out = nfm_api_begin(request, reply, "snapshots.csv", error);
	if (!out)
		return -ENOMEM;
	write_snapshots(out, &http->config, &scan, &slice);
	return nfm_api_end(out, 0, error);
}

NFM_API(read)
{
	const char *name = nfm_request_get(request, "file");
	char path[PATH_MAX + NAME_MAX + 2];
	struct nfm_output *out;
	uint64_t unix_s;

	if (!name || strchr(name, '/') || strlen(name) > NAME_MAX ||
	    nfm_snapshot_name_parse(name, &unix_s))
		return nfm_error_set(error, -EINVAL, "file: the name of a snapshot, such as "
				     "nfmeter.202611221005: /api/v1/snapshots lists them");
	snprintf(path, sizeof(path), "%s/%s", http->config.directory, name);
	out = nfm_api_begin(request, reply, name, error);
	if (!out)
		return -ENOMEM;
	reply->name = request->csv ? "snapshot.csv" : NULL;
	return nfm_api_end(out, nfm_document_read(out, path, error), error);
}

/* ---- history ---- */

static int take_kind(struct nfm_document_history *history, const char *text,
		     struct nfm_error *error)
{
	if (!strcmp(text, "unmatched"))
		history->kind = NFM_HISTORY_UNMATCHED;
	else if (!strcmp(text, "local"))
		history->kind = NFM_HISTORY_LOCAL;
	else if (strcmp(text, "customer") != 0)
		return nfm_error_set(error, -EINVAL, "kind %.60s: customer, unmatched or local",
				     text);
	if (history->kind != NFM_HISTORY_CUSTOMER)
		history->id = text;
	return 0;
}

static int take_history(const struct nfm_request *request, struct nfm_document_history *history,
			struct nfm_error *error)
{
	int err = 0;

	nfm_document_history_init(history);
	for (uint32_t i = 0; !err && i < request->argument_count; i++) {
		const struct nfm_argument *argument = &request->argument[i];

		if (!strcmp(argument->name, "id") && history->id)
			err = nfm_error_set(error, -EINVAL, "id: one customer at a time");
		else if (!strcmp(argument->name, "id"))
			history->id = argument->value;
		else if (!strcmp(argument->name, "kind"))
			err = take_kind(history, argument->value, error);
		else
			err = nfm_document_history_take(history, argument->name, argument->value,
							error);
	}
	if (err)
		return err;
	if (!history->id)
		return nfm_error_set(error, -EINVAL,
				     "id: a customer's, or kind: unmatched or local");
	return nfm_document_history_check(history, error);
}

/* A customer sees nobody else, not even that there is somebody. */
static int check_customer(const struct nfm_who *who, enum nfm_history_kind kind, const char *id,
			  struct nfm_error *error)
{
	if (who->role != NFM_TOKEN_CUSTOMER ||
	    (kind == NFM_HISTORY_CUSTOMER && !strcmp(id, who->customer)))
		return 0;
	return nfm_error_set(error, -EPERM, "this token sees its own customer alone");
}

NFM_API(history)
{
	_cleanup_(nfm_history_clear) struct nfm_history history = { 0 };
	struct patience patience = patience_new();
	const struct nfm_history_options options = options_of(http, &patience);
	struct nfm_document_history wanted;
	struct nfm_output *out;
	int err = take_history(request, &wanted, error);

	if (!err)
		err = check_customer(&request->who, wanted.kind, wanted.id, error);
	if (!err)
		err = explain(nfm_document_history_read(&wanted, &options, &history, error), error);
	if (err)
		return err;
	if (!nfm_document_history_known(&http->config, &http->table, &wanted, &history))
		return nfm_error_set(error, -ENOENT, "%.60s: no customer has this id, neither in "
				     "this range nor now", wanted.id);
	out = nfm_api_begin(request, reply, "history.csv", error);
	if (!out)
		return -ENOMEM;
	nfm_document_history(out, &wanted, &history);
	return nfm_api_end(out, 0, error);
}

NFM_API(report)
{
	struct patience patience = patience_new();
	const struct nfm_history_options options = options_of(http, &patience);
	struct nfm_document_report report;
	struct nfm_output *out;
	int err = 0;

	nfm_document_report_init(&report);
	for (uint32_t i = 0; !err && i < request->argument_count; i++)
		err = nfm_document_report_take(&report, request->argument[i].name,
					       request->argument[i].value, error);
	if (!err)
		err = nfm_document_report_check(&report, error);
	if (err)
		return err;
	out = nfm_api_begin(request, reply, "report.csv", error);
	if (!out)
		return -ENOMEM;
	err = explain(nfm_document_report(out, &report, &options, error), error);
	return nfm_api_end(out, err, error);
}

/* ---- sparklines ---- */

static void write_rates(struct nfm_output *out, const char *key, const struct nfm_history *history,
			bool up)
{
	nfm_output_array(out, key);
	for (uint32_t i = 0; i < history->point_count; i++) {
		const struct nfm_history_point *point = &history->point[i];
		uint64_t bytes = up ? point->up.bytes : point->down.bytes;
		uint64_t covered_ms = point->quality.covered_ms;

		if (covered_ms)
			nfm_output_u64(out, NULL, (uint64_t)((unsigned __int128)bytes * 8000 /
							     covered_ms));
		else
			nfm_output_null(out, NULL);
	}
	nfm_output_end(out);
}

static void write_spark(struct nfm_output *out, const struct nfm_history *history)
{
	nfm_output_object(out, NULL);
	nfm_output_string(out, "id", history->id);
	write_rates(out, "up_bps", history, true);
	write_rates(out, "down_bps", history, false);
	nfm_output_end(out);
}

static void write_sparks(struct nfm_output *out, const struct nfm_history_range *range,
			 const struct nfm_history *history, uint32_t count)
{
	nfm_output_object(out, NULL);
	nfm_output_time(out, "from", range->from_unix_s * NFM_NS_PER_S);
	nfm_output_time(out, "to", range->to_unix_s * NFM_NS_PER_S);
	nfm_output_u64(out, "step_seconds", range->step);
	nfm_output_array(out, "customers");
	for (uint32_t i = 0; i < count; i++)
		write_spark(out, &history[i]);
	nfm_output_end(out);
	nfm_output_end(out);
}

/* 1 to SPARKS_MOST ids, none of them another's than the one who may be seen. */
static int take_sparks(const struct nfm_request *request, const char *ids[SPARKS_MOST],
		       struct nfm_error *error)
{
	int err = 0;

	if (!request->argument_count || request->argument_count > SPARKS_MOST)
		return nfm_error_set(error, -EINVAL, "id: 1 to %u customers", SPARKS_MOST);
	for (uint32_t i = 0; !err && i < request->argument_count; i++) {
		ids[i] = request->argument[i].value;
		err = check_customer(&request->who, NFM_HISTORY_CUSTOMER, ids[i], error);
	}
	return err;
}

NFM_API(sparklines)
{
	struct patience patience = patience_new();
	struct nfm_history_options options = options_of(http, &patience);
	uint32_t step_s = NFM_MAX(SPARK_STEP_S, http->config.interval_s);
	struct nfm_history_range range = { .unit = NFM_STEP_SECONDS, .step = step_s };
	struct nfm_history history[SPARKS_MOST];
	uint32_t count = request->argument_count;
	const char *ids[SPARKS_MOST];
	struct nfm_output *out;
	int err = take_sparks(request, ids, error);

	if (err)
		return err;
	options.now_unix_s = nfm_clock_unix_ns() / NFM_NS_PER_S;
	range.to_unix_s = nfm_snapshot_slot_next(options.now_unix_s, step_s);
	range.from_unix_s = range.to_unix_s - NFM_MAX(SPARK_SPAN_S / step_s, 2U) * step_s;
	err = explain(nfm_history_read_points(&options, ids, count, &range, history, error), error);
	if (err)
		return err;
	out = nfm_api_begin(request, reply, NULL, error);
	if (out)
		write_sparks(out, &range, history, count);
	for (uint32_t i = 0; i < count; i++)
		nfm_history_clear(&history[i]);
	return out ? nfm_api_end(out, 0, error) : -ENOMEM;
}
