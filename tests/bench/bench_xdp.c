// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a record costs in the datapath: BPF_PROG_TEST_RUN of the real object behind `scramble`,
 * which gives each record new random addresses, less scramble alone. Variants take turns within
 * each round, so that a change of the machine's speed hits all alike; medians of the rounds.
 *
 * Customers' addresses stand side by side, as providers give them out; a second series
 * ("-scattered") spreads them over a /8, where each lookup ends in a page of its own.
 *
 *   bench_xdp [-n CUSTOMERS]… [-r ROUNDS] [-o OBJECT]… [-l] [-d]
 *     -o  an object to measure (default build/nfmeter.bpf.o); a second one is compared with it
 *     -l  without the LPM_TRIE yardstick
 *     -d  without the scattered series
 * JSON, one object a line, on stdout; a table on stderr.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/frame.h"
#include "../lib/prog.h"
#include "base/cleanup.h"
#include "base/units.h"

#define RECORDS 30U
#define MAX_SIZES 8U
#define MAX_OBJECTS 3U
#define MAX_VARIANTS 4U
#define MAX_ROUNDS 99U
#define NET 0x0a000000U
#define NET_HOSTS 0x1000000U
#define SPREAD 0x3779b1U /* odd, near the golden section of the net's size: scatters evenly */
#define RUN_NS 20000000U /* a measurement: shorter than most disturbances */

struct options {
	uint32_t customers[MAX_SIZES];
	uint32_t size_count;
	uint32_t rounds;
	const char *objects[MAX_OBJECTS];
	uint32_t object_count;
	bool with_lpm;
	bool with_scattered;
};

/* A program behind its own scramble; the baseline has no program. */
struct variant {
	char name[64];
	const char *path; /* NULL: the baseline */
	struct nfm_prog prog;
	struct bpf_object *scramble;
	int fd;
	uint32_t repeat;
	double ns[MAX_ROUNDS];
};

static const char *bench_path(char path[PATH_MAX], const char *file)
{
	const char *folder = getenv("NFM_BENCH_OBJECTS");

	snprintf(path, PATH_MAX, "%s/%s", folder ? folder : "build/tests/bench", file);
	return path;
}

static int set_u32(struct bpf_map *map, size_t offset, uint32_t value)
{
	size_t size = 0;
	uint8_t *data = map ? (void *)bpf_map__initial_value(map, &size) : NULL;

	if (!data || offset + sizeof(value) > size)
		return -EPROTO;
	memcpy(data + offset, &value, sizeof(value));
	return 0;
}

/* The order of scramble's constants: bench_customers, bench_records, bench_spread. */
static int load_scramble(struct variant *v, uint32_t customers, uint32_t records, bool dense)
{
	const char *name = v->path ? "scramble" : "scramble_alone";
	const uint32_t constants[] = { customers, records, dense ? 1 : SPREAD };
	uint64_t seed = 0x9e3779b97f4a7c15ULL;
	struct bpf_map *rodata;
	char path[PATH_MAX];
	uint32_t zero = 0;
	int r = 0;

	v->scramble = bpf_object__open_file(bench_path(path, "scramble.bpf.o"), NULL);
	if (!v->scramble)
		return -errno;
	rodata = bpf_object__find_map_by_name(v->scramble, ".rodata");
	for (uint32_t i = 0; !r && i < NFM_ARRAY_SIZE(constants); i++)
		r = set_u32(rodata, i * sizeof(uint32_t), constants[i]);
	if (!r)
		r = bpf_object__load(v->scramble);
	if (r)
		return r;
	v->fd = bpf_program__fd(bpf_object__find_program_by_name(v->scramble, name));
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(v->scramble, "bench_state"), &zero,
				&seed, BPF_ANY))
		return -errno;
	if (v->path &&
	    bpf_map_update_elem(bpf_object__find_map_fd_by_name(v->scramble, "bench_target"), &zero,
				&v->prog.fd, BPF_ANY))
		return -errno;
	return v->fd < 0 ? v->fd : 0;
}

static uint32_t customer_addr(uint32_t i, bool dense)
{
	return NET | ((dense ? i : i * SPREAD) & (NET_HOSTS - 1));
}

static int enter_lpm(const struct nfm_prog *p, int fd, uint32_t customers, bool dense)
{
	(void)p;
	for (uint32_t i = 0; i < customers; i++) {
		const uint32_t key[2] = { 32, htonl(customer_addr(i, dense)) };
		const uint32_t row = NFM_ROW_FIRST + i;

		if (bpf_map_update_elem(fd, key, &row, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int enter_customers(struct nfm_prog *p, uint32_t customers, bool dense)
{
	int fd = bpf_object__find_map_fd_by_name(p->object, "lpm_trie");

	if (fd >= 0)
		return enter_lpm(p, fd, customers, dense);
	for (uint32_t i = 0; i < customers; i++) {
		int r = nfm_prog_prefix_v4(p, customer_addr(i, dense), 32, NFM_ROW_FIRST + i);

		if (r)
			return r;
	}
	return 0;
}

static int variant_open(struct variant *v, uint32_t customers, uint32_t records, bool dense)
{
	const struct nfm_prog_sizes sizes = {
		.capacity = customers + customers / 10 + NFM_ROW_FIRST,
		.exporters = 1024,
		.pages = 512 + 256 + NFM_MIN(65536U, customers + 256),
		.seqlog_entries = 65536,
		.ring_bytes = 1U << 20,
	};
	int r = 0;

	if (v->path)
		r = nfm_prog_load(&v->prog, v->path, &sizes);
	if (!r && v->path)
		r = nfm_prog_admit(&v->prog, NFM_SOURCE, 3, 0, 0);
	if (!r && v->path)
		r = enter_customers(&v->prog, customers, dense);
	if (!r)
		r = load_scramble(v, customers, records, dense);
	if (r)
		fprintf(stderr, "%s: %s\n", v->name, strerror(-r));
	return r;
}

static void variant_close(struct variant *v)
{
	bpf_object__close(v->scramble);
	nfm_prog_close(&v->prog);
	v->scramble = NULL;
}

/* The frame: 30 records of v5, or one. */
static void build_frame(struct nfm_frame *frame, uint32_t records)
{
	struct nfm_record record[RECORDS];
	const struct nfm_export header = { .count = (uint16_t)records };
	const struct nfm_packet packet = {};
	uint8_t payload[2048];

	for (uint32_t i = 0; i < records; i++)
		record[i] = (struct nfm_record){ .packets = 10 + i, .bytes = 10000 + i };
	nfm_frame_build(frame, &packet, payload,
			nfm_export_build(payload, &header, record, records));
}

static int run(struct variant *v, const struct nfm_frame *frame, uint32_t repeat, uint32_t *ns)
{
	int r = nfm_prog_run_fd(v->fd, frame->byte, frame->length, repeat, ns);

	if (r == 1) /* XDP_DROP */
		return 0;
	fprintf(stderr, "%s: the program answered %d instead of XDP_DROP\n", v->name, r);
	return -EPROTO;
}

/* How many datagrams fill RUN_NS; warms caches and the clock up, too. */
static int calibrate(struct variant *v, const struct nfm_frame *frame)
{
	uint32_t ns;
	int r = run(v, frame, 20000, &ns);

	v->repeat = RUN_NS / NFM_MAX(ns, 10U);
	return r;
}

static int compare_double(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *value, uint32_t count)
{
	qsort(value, count, sizeof(*value), compare_double);
	return (value[(count - 1) / 2] + value[count / 2]) / 2;
}

/* What counts a datagram in the table: a bench of a program that counts nothing is none. */
static int check_counted(const struct variant *v, uint32_t records)
{
	struct nfm_row exporter;
	struct nfm_row local;

	if (!v->path || bpf_object__find_map_by_name(v->prog.object, "lpm_trie"))
		return 0;
	nfm_table_sum(&v->prog.table, nfm_table_exporter_row(&v->prog.table, 3), &exporter);
	nfm_table_sum(&v->prog.table, NFM_ROW_LOCAL, &local);
	if (!exporter.exporter.datagrams || local.up_flows ||
	    exporter.exporter.records != exporter.exporter.datagrams * records) {
		fprintf(stderr, "%s: it did not count what was sent\n", v->name);
		return -EPROTO;
	}
	nfm_table_sum(&v->prog.table, NFM_ROW_UNMATCHED, &local);
	if (local.up_flows) {
		fprintf(stderr, "%s: %llu records found no customer\n", v->name,
			(unsigned long long)local.up_flows);
		return -EPROTO;
	}
	return 0;
}

static int measure(struct variant *variants, uint32_t count, const struct nfm_frame *frame,
		   uint32_t rounds)
{
	for (uint32_t i = 0; i < count; i++)
		if (calibrate(&variants[i], frame))
			return -EPROTO;
	for (uint32_t round = 0; round < rounds; round++)
		for (uint32_t i = 0; i < count; i++) {
			uint32_t ns;

			if (run(&variants[i], frame, variants[i].repeat, &ns))
				return -EPROTO;
			variants[i].ns[round] = ns;
		}
	return 0;
}

static void print_line(const char *name, uint32_t customers, double value, double lowest,
		       const char *unit)
{
	printf("{\"name\": \"%s\", \"customers\": %u, \"value\": %.2f, \"lowest\": %.2f, "
	       "\"unit\": \"%s\"}\n",
	       name, customers, value, lowest, unit);
}

static void report(struct variant *variants, uint32_t count, uint32_t customers, uint32_t records,
		   uint32_t rounds)
{
	double alone = median(variants[0].ns, rounds);
	double first = 0;

	for (uint32_t i = 1; i < count; i++) {
		double ns = (median(variants[i].ns, rounds) - alone) / records;
		double least = (variants[i].ns[0] - alone) / records;
		double most = (variants[i].ns[rounds - 1] - alone) / records;

		if (i == 1)
			first = ns;
		fprintf(stderr, "%-24s %9u customers %8.2f ns (%.2f to %.2f) %6.2f x%s\n",
			variants[i].name, customers, ns, least, most, ns / first,
			records == 1 ? " a datagram of one record" : "");
		print_line(variants[i].name, customers, ns, least,
			   records == 1 ? "ns/datagram" : "ns/record");
	}
}

static int bench(const struct options *o, uint32_t customers, uint32_t records, bool dense)
{
	struct variant variants[MAX_VARIANTS + 1] = { { .name = "scramble" } };
	const char *suffix = records == 1 ? "-datagram" : dense ? "" : "-scattered";
	struct nfm_frame frame;
	char lpm[PATH_MAX];
	uint32_t count = 1;
	uint32_t opened = 0;
	int r = 0;

	for (uint32_t i = 0; i < o->object_count; i++, count++) {
		variants[count].path = o->objects[i];
		snprintf(variants[count].name, sizeof(variants[count].name),
			 i ? "xdp-v5%s-%u" : "xdp-v5%s", suffix, i + 1);
	}
	if (o->with_lpm && records > 1) {
		variants[count].path = bench_path(lpm, "lpm.bpf.o");
		snprintf(variants[count].name, sizeof(variants[count].name), "xdp-v5-lpm-trie%s",
			 suffix);
		count++;
	}
	build_frame(&frame, records);
	while (!r && opened < count)
		r = variant_open(&variants[opened++], customers, records, dense);
	if (!r)
		r = measure(variants, count, &frame, o->rounds);
	for (uint32_t i = 0; !r && i < count; i++)
		r = check_counted(&variants[i], records);
	if (!r)
		report(variants, count, customers, records, o->rounds);
	for (uint32_t i = 0; i < opened; i++)
		variant_close(&variants[i]);
	return r;
}

/* The last CPU: the first one serves most interrupts. */
static void pin_to_one_cpu(void)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &set); cpu--)
		;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int parse_options(int argc, char **argv, struct options *o)
{
	uint64_t value;
	int c;

	while ((c = getopt(argc, argv, "n:r:o:ld")) != -1) {
		if (c == 'n' && o->size_count < MAX_SIZES &&
		    !nfm_units_parse_u64(optarg, 1, 4000000, &value))
			o->customers[o->size_count++] = (uint32_t)value;
		else if (c == 'r' && !nfm_units_parse_u64(optarg, 1, MAX_ROUNDS, &value))
			o->rounds = (uint32_t)value;
		else if (c == 'o' && o->object_count < MAX_OBJECTS)
			o->objects[o->object_count++] = optarg;
		else if (c == 'l')
			o->with_lpm = false;
		else if (c == 'd')
			o->with_scattered = false;
		else
			return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct options o = { .rounds = 31, .with_lpm = true, .with_scattered = true };
	int r;

	if (parse_options(argc, argv, &o)) {
		fprintf(stderr,
			"usage: bench_xdp [-n CUSTOMERS]... [-r ROUNDS] [-o OBJECT]... [-l] [-d]\n");
		return 2;
	}
	if (!o.size_count) {
		o.customers[o.size_count++] = 1000;
		o.customers[o.size_count++] = 100000;
		o.customers[o.size_count++] = 1000000;
	}
	if (!o.object_count)
		o.objects[o.object_count++] = nfm_prog_path();
	pin_to_one_cpu();
	r = bench(&o, o.customers[0], 1, true);
	for (uint32_t i = 0; !r && i < o.size_count; i++)
		r = bench(&o, o.customers[i], RECORDS, true);
	for (uint32_t i = 0; !r && o.with_scattered && i < o.size_count; i++)
		r = bench(&o, o.customers[i], RECORDS, false);
	return r ? 1 : 0;
}
