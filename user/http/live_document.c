// SPDX-License-Identifier: GPL-2.0-only
/* What the overview shows: rates, exporters, the last snapshot, the disk. */
#include "http/live_document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "snapshot/expire_scan.h"
#include "view/document.h"

#define DISK_NS (30 * NFM_NS_PER_S) /* a folder of thousands of files is not listed each second */

/* What expiry counts of the folder; only the main thread comes here. */
static uint64_t disk_bytes(const struct nfm_http *http)
{
	static uint64_t bytes, epoch, looked_ns;
	uint64_t now_ns = nfm_clock_monotonic_ns();
	uint64_t committed = http->table.ctl->committed;
	struct nfm_error ignored;
	struct nfm_expire_scan scan = {
		.directory = http->config.directory,
		.error = &ignored,
	};
	_cleanup_close_ int fd = -1;

	if (looked_ns && (now_ns - looked_ns < DISK_NS || committed == epoch))
		return bytes;
	fd = open(http->config.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	looked_ns = now_ns;
	epoch = committed;
	if (fd >= 0 && nfm_expire_scan_read(&scan, fd) == 0)
		bytes = scan.bytes;
	nfm_expire_scan_clear(&scan);
	return bytes;
}

static void write_disk(struct nfm_output *out, const struct nfm_http *http)
{
	struct statvfs fs;

	nfm_output_object(out, "disk");
	nfm_output_u64(out, "bytes", disk_bytes(http));
	nfm_output_u64(out, "limit_bytes", http->config.expire_size_bytes);
	if (statvfs(http->config.directory, &fs) == 0)
		nfm_output_u64(out, "free_bytes", (uint64_t)fs.f_bavail * fs.f_frsize);
	else
		nfm_output_null(out, "free_bytes");
	nfm_output_end(out);
}

static void write_snapshot(struct nfm_output *out, const struct nfm_table *t)
{
	char last[sizeof(t->ctl->last_snapshot) + 1] = "";

	memcpy(last, t->ctl->last_snapshot, sizeof(t->ctl->last_snapshot));
	nfm_output_object(out, "snapshot");
	nfm_output_string(out, "last", *last ? last : NULL);
	nfm_output_u64(out, "epoch", *last ? t->ctl->committed : 0);
	nfm_output_u64(out, "interval_seconds", t->ctl->interval_s);
	nfm_output_end(out);
}

static void write_exporters(struct nfm_output *out, const struct nfm_top *top)
{
	char text[64];

	nfm_output_array(out, "exporter_list");
	for (uint32_t i = 0; i < top->exporters.count; i++) {
		const struct nfm_exporter_view *view = &top->exporters.list[i];
		uint64_t since = view->exporter == UINT32_MAX ?
					 0 :
					 top->exporter[view->exporter].datagrams_since;

		nfm_output_object(out, NULL);
		nfm_output_string(out, "address",
				  nfm_units_format_addr(&view->addr, text, sizeof(text)));
		nfm_output_string(out, "name", view->name);
		nfm_output_string(out, "state", view->state);
		nfm_output_u64(out, "datagrams_per_second", nfm_top_per_second(top, since));
		nfm_output_u64(out, "datagrams", view->datagrams);
		nfm_output_u64(out, "lost", view->lost);
		nfm_output_u64(out, "received", view->received);
		nfm_output_time(out, "last_seen", nfm_view_unix_ns(&top->now, view->last_seen_ns));
		nfm_output_end(out);
	}
	nfm_output_end(out);
}

static int write_all(struct nfm_output *out, struct nfm_http *http)
{
	struct nfm_error ignored;
	const struct nfm_top *top = nfm_live_get(&http->live, &ignored);
	int err;

	if (!top)
		return -ENOMEM;
	nfm_output_object(out, NULL);
	err = nfm_document_top(out, top);
	write_exporters(out, top);
	nfm_live_release(&http->live);
	write_snapshot(out, &http->table);
	write_disk(out, http);
	nfm_output_end(out);
	return err;
}

/* The document is one line, which ends the field "data"; an empty one ends the event. */
int nfm_live_document(struct nfm_http *http, char **text, size_t *size)
{
	FILE *to = open_memstream(text, size);
	struct nfm_output *out = to ? nfm_output_new(to, NFM_FORMAT_JSON, true) : NULL;
	struct nfm_error ignored;
	int err = -ENOMEM;

	if (out) {
		fputs("event: live\ndata: ", to);
		err = write_all(out, http);
	}
	if (!err)
		err = nfm_output_finish(out, &ignored);
	nfm_output_free(out);
	if (to) {
		fputc('\n', to);
		if (fclose(to) && !err)
			err = -ENOMEM;
	}
	if (err)
		free(NFM_STEAL_PTR(*text));
	return err;
}
