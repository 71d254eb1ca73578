// SPDX-License-Identifier: GPL-2.0-only
#include "view/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"

#define SMALL_TABLE 20000U /* rows that are read in a few milliseconds */
#define ATTEMPTS_SMALL 30
#define ATTEMPTS_LARGE 3
#define WAIT_STEP_NS (NFM_NS_PER_MS)
#define WAIT_STEPS 300 /* for an agent that is changing names */

static void wait_step(void)
{
	struct timespec step = { .tv_nsec = WAIT_STEP_NS };

	nanosleep(&step, NULL);
}

struct nfm_view_clock nfm_view_clock_now(void)
{
	return (struct nfm_view_clock){
		.monotonic_ns = nfm_clock_monotonic_ns(),
		.unix_ns = nfm_clock_unix_ns(),
	};
}

uint64_t nfm_view_unix_ns(const struct nfm_view_clock *now, uint64_t monotonic_ns)
{
	uint64_t age_ns;

	if (!monotonic_ns)
		return 0;
	age_ns = now->monotonic_ns > monotonic_ns ? now->monotonic_ns - monotonic_ns : 0;
	return now->unix_ns > age_ns ? now->unix_ns - age_ns : 1;
}

uint32_t nfm_view_names(const struct nfm_table *t)
{
	uint32_t names = __atomic_load_n(&t->ctl->names, __ATOMIC_ACQUIRE);

	return NFM_MAX(NFM_ROW_FIRST, NFM_MIN(names, t->geometry.capacity));
}

uint32_t nfm_view_interval_s(const struct nfm_table *t, uint32_t fallback_s)
{
	uint64_t interval_s = t->ctl->interval_s;

	return interval_s ? (uint32_t)interval_s : fallback_s;
}

uint32_t nfm_view_exporters(const struct nfm_table *t)
{
	uint32_t count = __atomic_load_n(&t->ctl->exporter_count, __ATOMIC_ACQUIRE);

	return NFM_MIN(count, t->geometry.exporters);
}

/* ---- sums ---- */

static void count_add(struct nfm_snapshot_count *to, uint64_t bytes, uint64_t packets,
		      uint64_t flows)
{
	to->bytes += bytes;
	to->packets += packets;
	to->flows += flows;
}

static bool count_equal(const struct nfm_snapshot_count *a, const struct nfm_snapshot_count *b)
{
	return a->bytes == b->bytes && a->packets == b->packets && a->flows == b->flows;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static struct nfm_snapshot_count sum_exporters(const struct nfm_table *t)
{
	struct nfm_snapshot_count total = { 0 };
	uint32_t count = nfm_view_exporters(t);
	struct nfm_row row;
	uint32_t i;

	for (i = 0; i < count; i++) {
		nfm_table_sum(t, nfm_table_exporter_row(t, i), &row);
		count_add(&total, row.exporter.bytes, row.exporter.packets, row.exporter.records);
	}
	return total;
}

/* Reads every row once; returns what the rows say of the total. */
static struct nfm_snapshot_count sum_rows(const struct nfm_table *t, struct nfm_view_sums *sums)
{
	struct nfm_snapshot_count both = { 0 };
	struct nfm_row *row;
	uint32_t i;

	sums->count = nfm_view_names(t);
	for (i = 0; i < sums->count; i++) {
		row = &sums->rows[i];
		nfm_table_sum(t, i, row);
		if (i < NFM_ROW_FIRST)
			continue;
		count_add(&both, row->up_bytes, row->up_packets, row->up_flows);
		count_add(&both, row->down_bytes, row->down_packets, row->down_flows);
	}
	row = &sums->rows[NFM_ROW_UNMATCHED];
	sums->unmatched = (struct nfm_snapshot_count){ row->up_bytes, row->up_packets,
						       row->up_flows };
	row = &sums->rows[NFM_ROW_LOCAL];
	sums->local = (struct nfm_snapshot_count){ row->up_bytes, row->up_packets, row->up_flows };
	count_add(&both, sums->unmatched.bytes, sums->unmatched.packets, sums->unmatched.flows);
	both.bytes = less(both.bytes, sums->local.bytes);
	both.packets = less(both.packets, sums->local.packets);
	both.flows = less(both.flows, sums->local.flows);
	return both;
}

int nfm_view_sums_read(const struct nfm_table *t, struct nfm_view_sums *out,
		       struct nfm_error *error)
{
	/* untouched pages of it cost nothing, so the capacity may be asked for */
	struct nfm_view_sums sums = { .rows = calloc(t->geometry.capacity, sizeof(*sums.rows)) };
	int attempts = nfm_view_names(t) < SMALL_TABLE ? ATTEMPTS_SMALL : ATTEMPTS_LARGE;
	struct nfm_snapshot_count before, rows;
	bool moved;

	if (!sums.rows)
		return nfm_error_set(error, -ENOMEM, "out of memory for %u rows",
				     t->geometry.capacity);
	for (;; wait_step()) {
		before = sum_exporters(t);
		rows = sum_rows(t, &sums);
		sums.total = sum_exporters(t);
		moved = !count_equal(&before, &sums.total);
		sums.exact = count_equal(&rows, &sums.total);
		if (sums.exact || --attempts <= 0)
			break;
	}
	if (moved && !sums.exact) {
		sums.total = rows;
		sums.exact = true;
	}
	*out = sums;
	return 0;
}

void nfm_view_sums_clear(struct nfm_view_sums *sums)
{
	free(sums->rows);
	*sums = (struct nfm_view_sums){ 0 };
}

/* ---- names ---- */

/* Copies a row's identity; what a writer may be changing is checked before it is used. */
static int copy_customer(const struct nfm_table *t, uint32_t row, struct nfm_view_customer *out)
{
	const struct nfm_name *name = &t->names[row];
	uint32_t first = __atomic_load_n(&name->first_prefix, __ATOMIC_RELAXED);
	uint32_t count = __atomic_load_n(&name->prefix_count, __ATOMIC_RELAXED);

	out->state = __atomic_load_n(&name->state, __ATOMIC_RELAXED);
	memcpy(out->id, name->id, sizeof(out->id));
	memcpy(out->name, name->name, sizeof(out->name));
	out->id[sizeof(out->id) - 1] = '\0';
	out->name[sizeof(out->name) - 1] = '\0';
	if (out->state != NFM_NAME_LISTED && out->state != NFM_NAME_DISCOVERED)
		count = 0;
	if (first > t->geometry.prefixes || count > t->geometry.prefixes - first)
		count = 0;
	if (count > out->prefix_space) {
		struct nfm_prefix *grown = reallocarray(out->prefixes, count, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		out->prefixes = grown;
		out->prefix_space = count;
	}
	if (count)
		memcpy(out->prefixes, &t->prefixes[first], count * sizeof(*out->prefixes));
	out->prefix_count = count;
	return 0;
}

int nfm_view_customer_read(const struct nfm_table *t, uint32_t row,
			   struct nfm_view_customer *out)
{
	const __u64 *generation = &t->ctl->registry_generation;
	int step, err;

	for (step = 0; step < WAIT_STEPS && !out->impatient; step++) {
		uint64_t before = __atomic_load_n(generation, __ATOMIC_ACQUIRE);

		if (!(before & 1)) {
			err = copy_customer(t, row, out);
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			if (err || __atomic_load_n(generation, __ATOMIC_RELAXED) == before)
				return err;
		}
		wait_step();
	}
	out->impatient = true;
	return copy_customer(t, row, out);
}

void nfm_view_customer_clear(struct nfm_view_customer *customer)
{
	free(customer->prefixes);
	*customer = (struct nfm_view_customer){ 0 };
}

/* ---- parts of the shapes ---- */

void nfm_view_write_identity(struct nfm_output *out, const char *id, const char *name,
			     const struct nfm_prefix *prefixes, uint32_t prefix_count)
{
	char text[64];
	uint32_t i;

	nfm_output_string(out, "id", id);
	nfm_output_string(out, "name", name);
	nfm_output_array(out, "prefixes");
	for (i = 0; i < prefix_count; i++)
		nfm_output_string(out, NULL,
				  nfm_units_format_prefix(prefixes[i].addr, prefixes[i].family,
							  prefixes[i].bits, text, sizeof(text)));
	nfm_output_end(out);
}

void nfm_view_write_count(struct nfm_output *out, const char *key,
			  const struct nfm_snapshot_count *count)
{
	nfm_output_count(out, key, count->bytes, count->packets, count->flows);
}

void nfm_view_write_total(struct nfm_output *out, const char *label,
			  const struct nfm_snapshot_count *count)
{
	char bytes[32];

	nfm_output_line(out, "%-10s %12s  %" PRIu64 " packets  %" PRIu64 " flows", label,
			nfm_output_format_bytes(out, count->bytes, bytes, sizeof(bytes)),
			count->packets, count->flows);
}

const char *nfm_view_unit(uint32_t unit)
{
	switch (unit) {
	case NFM_UNIT_RECORDS:
		return "records";
	case NFM_UNIT_DATAGRAMS:
		return "datagrams";
	}
	return NULL;
}

void nfm_view_write_stream(struct nfm_output *out, const struct nfm_snapshot_stream *stream)
{
	nfm_output_object(out, NULL);
	nfm_output_u64(out, "version", stream->version);
	nfm_output_u64(out, "domain", stream->domain);
	nfm_output_string(out, "unit", nfm_view_unit(stream->unit));
	nfm_output_u64(out, "received", stream->received);
	nfm_output_u64(out, "lost", stream->lost);
	nfm_output_u64(out, "resets", stream->resets);
	nfm_output_end(out);
}
