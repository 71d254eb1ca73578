// SPDX-License-Identifier: GPL-2.0-only
/* How long a rotation takes in which every customer had traffic: one line of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../unit/folder.h"
#include "snapshot/rotate.h"

#define CUSTOMERS 1000000U
#define COLUMNS 3U
#define EXPORTERS 16U
#define NOON_NS 1795348800000000000ULL /* 2026-11-22 12:00:00 UTC */

static void *memory(uint64_t count, size_t size)
{
	void *p = mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void make_table(struct nfm_table *t)
{
	nfm_table_geometry_init(&t->geometry, COLUMNS, CUSTOMERS, EXPORTERS, 0);
	t->ctl = memory(1, sizeof(*t->ctl));
	t->rows = memory(nfm_table_row_count(&t->geometry), sizeof(*t->rows));
	t->names = memory(t->geometry.capacity, sizeof(*t->names));
	t->prefixes = memory(t->geometry.prefixes, sizeof(*t->prefixes));
	t->exporters = memory(t->geometry.exporters, sizeof(*t->exporters));
	t->streams = memory(t->geometry.streams, sizeof(*t->streams));
	t->ctl->epoch = 1;
	t->ctl->from_unix_ns[1] = NOON_NS;
	t->ctl->names = t->geometry.capacity;
	t->ctl->exporter_count = 1;
	t->exporters[0].state = NFM_EXPORTER_LISTED;
	for (uint32_t row = NFM_ROW_FIRST; row < t->geometry.capacity; row++) {
		struct nfm_name *name = &t->names[row];

		snprintf(name->id, sizeof(name->id), "customer-%u", row);
		snprintf(name->name, sizeof(name->name), "Customer number %u", row);
		name->first_prefix = row;
		name->prefix_count = 1;
		t->prefixes[row] = (struct nfm_prefix){ .family = 4, .bits = 32 };
		memcpy(t->prefixes[row].addr, &row, sizeof(row));
	}
}

/* Gives every customer traffic in every column. */
static void count(struct nfm_table *t, uint32_t bank)
{
	for (uint32_t column = 0; column < COLUMNS; column++) {
		struct nfm_row *exporter =
			nfm_table_row(t, bank, column, nfm_table_exporter_row(t, 0));

		for (uint32_t row = NFM_ROW_FIRST; row < t->geometry.capacity; row++) {
			struct nfm_row *r = nfm_table_row(t, bank, column, row);
			uint64_t bytes = (uint64_t)random(), packets = bytes % 1000;

			r->up_bytes += bytes;
			r->up_packets += packets;
			r->up_flows++;
			r->down_bytes += bytes * 3;
			r->down_packets += packets;
			r->down_flows++;
			exporter->exporter.bytes += bytes * 4;
			exporter->exporter.packets += packets * 2;
			exporter->exporter.records += 2;
		}
	}
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int rotate(struct nfm_table *t, double *took_s)
{
	struct nfm_rotate_result result = {};
	struct nfm_error error = {};
	double start_s = seconds();
	int code = nfm_rotate_flip(t, NOON_NS + t->ctl->epoch * 300000000000ULL, 0, 0);

	if (!code)
		code = nfm_rotate_finish(t, folder, 300, NULL, &result, &error);
	*took_s = seconds() - start_s;
	if (result.path[0])
		unlink(result.path);
	if (code || result.customers != CUSTOMERS || result.meta.flags) {
		fprintf(stderr, "bench_rotation: %s\n", code ? error.text : "a wrong file");
		return 1;
	}
	return 0;
}

/* Both banks once; the slower one counts: it is the one whose base column was never touched. */
int main(void)
{
	struct nfm_table table = {};
	double worst_s = 0;
	int code = 0;

	if (folder_make()) {
		perror(folder);
		return 1;
	}
	make_table(&table);
	for (int i = 0; i < 4 && !code; i++) {
		double took_s;

		count(&table, table.ctl->epoch & 1);
		code = rotate(&table, &took_s);
		if (took_s > worst_s)
			worst_s = took_s;
	}
	folder_remove();
	if (!code)
		printf("{\"name\":\"rotation\",\"customers\":%u,\"value\":%.3f,\"unit\":\"s\"}\n",
		       CUSTOMERS, worst_s);
	return code;
}
