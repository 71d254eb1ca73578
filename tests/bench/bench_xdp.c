// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a record costs in the datapath: BPF_PROG_TEST_RUN of the real object behind `scramble`,
 * which gives each record new random addresses, less scramble alone. Variants take turns within
 * each round, so that a change of the machine's speed hits all alike; medians of the rounds.
 *
 * Customers' addresses stand side by side, as providers give them out; a second series
 * ("-scattered") spreads them over a /8, where each lookup ends in a page of its own.
 *
 * v9 is RouterOS 7's: 17 records of 81 bytes with addresses after NAT, which in "v9-nat" differ, or
 * 12 records of 114 bytes of IPv6 ("v9-v6", customers of one /56 each).
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

#include "median.h"
#include "../lib/frame.h"
#include "../lib/prog_template.h"
#include "../lib/routeros.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "frame_shape.h"
#include "wire.h"

#define EXPORTER 3U
#define FIRST_RECORD 66U /* Ethernet, IPv4, UDP, header of v5; or that of v9 and of its set */
#define MAX_SIZES 8U
#define MAX_OBJECTS 3U
#define MAX_SHAPES 4U
#define MAX_PROGRAMS (MAX_OBJECTS + 3)
#define MAX_VARIANTS (MAX_SHAPES * (MAX_PROGRAMS + 1))
#define MAX_ROUNDS 99U
#define NET 0x0a000000U
#define NET_HOSTS 0x1000000U
#define SPREAD 0x3779b1U /* odd, near the golden section of the net's size: scatters evenly */
#define UPTIME_MS 21000U /* of the router: the flows of routeros.c have fixed times */
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

/* A kind of datagram. */
struct shape {
	const char *name;
	uint16_t template; /* 0: v5 */
	struct frame_shape at; /* but for customers and spread */
};

static const struct shape shapes[MAX_SHAPES] = {
	{ "v5", 0, { .records = 30, .record = 48, .src = 0, .dst = 4 } },
	{ "v9", NFM_ROUTEROS_V4,
	  { .records = NFM_ROUTEROS_V4_RECORDS, .record = NFM_ROUTEROS_V4_BYTES,
	    .src = NFM_ROUTEROS_V4_SRC, .dst = NFM_ROUTEROS_V4_DST,
	    .post_src = NFM_ROUTEROS_V4_POST_SRC, .post_dst = NFM_ROUTEROS_V4_POST_DST } },
	{ "v9-nat", NFM_ROUTEROS_V4,
	  { .records = NFM_ROUTEROS_V4_RECORDS, .record = NFM_ROUTEROS_V4_BYTES,
	    .src = NFM_ROUTEROS_V4_SRC, .dst = NFM_ROUTEROS_V4_DST, .nat = 1,
	    .post_src = NFM_ROUTEROS_V4_POST_SRC, .post_dst = NFM_ROUTEROS_V4_POST_DST } },
	{ "v9-v6", NFM_ROUTEROS_V6,
	  { .records = NFM_ROUTEROS_V6_RECORDS, .record = NFM_ROUTEROS_V6_BYTES,
	    .src = NFM_ROUTEROS_V6_SRC, .dst = NFM_ROUTEROS_V6_DST, .v6 = 1 } },
};

/* What one series measures: all shapes with adjacent customers, else v5 and v9. */
struct series {
	const char *suffix;
	uint32_t customers;
	uint32_t shape_count;
	bool dense;
	bool one_record;
	bool with_lpm;
	bool with_slots; /* also without earlier slots, and with flows in two of them */
};

/* A program's table: with flows of the open slot, or older ones; or without earlier slots. */
enum program_kind { PROGRAM_PLAIN, PROGRAM_EARLIER, PROGRAM_NO_EARLIER, PROGRAM_LPM };

static const char *const kind_suffix[] = { "", "-earlier", "-no-earlier", "-lpm-trie" };

/* An object under test with its table. */
struct program {
	const char *path;
	enum program_kind kind;
	struct nfm_prog prog;
};

/* A program behind a scramble of its own, or a scramble alone: the baseline of its shape. */
struct variant {
	char name[64];
	const struct program *program; /* NULL: the baseline */
	const struct shape *shape;
	struct frame_shape at;
	struct nfm_frame frame;
	struct bpf_object *scramble;
	int fd;
	uint32_t repeat;
	double ns[MAX_ROUNDS];
	double slots_cost; /* of a program without slots: how much more one with them takes */
};

struct bench {
	struct program program[MAX_PROGRAMS];
	uint32_t program_count;
	struct variant variant[MAX_VARIANTS];
	uint32_t variant_count;
};

static const char *bench_path(char path[PATH_MAX], const char *file)
{
	const char *folder = getenv("NFM_BENCH_OBJECTS");

	snprintf(path, PATH_MAX, "%s/%s", folder ? folder : "build/tests/bench", file);
	return path;
}

static int load_scramble(struct variant *v)
{
	const char *name = v->program ? "scramble" : "scramble_alone";
	uint64_t seed = 0x9e3779b97f4a7c15ULL;
	struct bpf_map *rodata;
	char path[PATH_MAX];
	uint32_t zero = 0;
	int r;

	v->scramble = bpf_object__open_file(bench_path(path, "scramble.bpf.o"), NULL);
	if (!v->scramble)
		return -errno;
	rodata = bpf_object__find_map_by_name(v->scramble, ".rodata");
	r = rodata ? bpf_map__set_initial_value(rodata, &v->at, sizeof(v->at)) : -EPROTO;
	if (!r)
		r = bpf_object__load(v->scramble);
	if (r)
		return r;
	v->fd = bpf_program__fd(bpf_object__find_program_by_name(v->scramble, name));
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(v->scramble, "bench_state"), &zero,
				&seed, BPF_ANY))
		return -errno;
	if (v->program &&
	    bpf_map_update_elem(bpf_object__find_map_fd_by_name(v->scramble, "bench_target"), &zero,
				&v->program->prog.fd, BPF_ANY))
		return -errno;
	return v->fd < 0 ? v->fd : 0;
}

static uint32_t customer_addr(uint32_t i, bool dense)
{
	return NET | ((dense ? i : i * SPREAD) & (NET_HOSTS - 1));
}

static int enter_lpm(int fd, const struct series *series)
{
	for (uint32_t i = 0; i < series->customers; i++) {
		const uint32_t key[2] = { 32, htonl(customer_addr(i, series->dense)) };
		const uint32_t row = NFM_ROW_FIRST + i;

		if (bpf_map_update_elem(fd, key, &row, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Each has a host of IPv4, and where the series asks for it a /56. */
static int enter_customers(struct program *p, const struct series *series)
{
	char text[64];
	int r = 0;

	if (p->kind == PROGRAM_LPM)
		return enter_lpm(bpf_object__find_map_fd_by_name(p->prog.object, "lpm_trie"),
				 series);
	for (uint32_t i = 0; !r && i < series->customers; i++) {
		r = nfm_prog_prefix_v4(&p->prog, customer_addr(i, series->dense), 32,
				       NFM_ROW_FIRST + i);
		if (r || series->shape_count < MAX_SHAPES)
			continue;
		snprintf(text, sizeof(text), "2001:db8:%x:%x::/56", i >> 8, (i & 255) << 8);
		r = nfm_prog_prefix(&p->prog, text, NFM_ROW_FIRST + i);
	}
	return r;
}

static int enter_templates(struct nfm_prog *p)
{
	for (uint16_t id = NFM_ROUTEROS_V4; id <= NFM_ROUTEROS_V6; id++) {
		uint8_t raw[NFM_SETS_RAW];
		uint32_t count;
		const struct nfm_sets_field *field = nfm_routeros_fields(id, &count);
		uint32_t bytes = nfm_sets_raw(raw, NFM_NETFLOW_V9, id, false, field, count, 0);
		int r = nfm_prog_template(p, EXPORTER, NFM_NETFLOW_V9, 0, raw, bytes,
					  NFM_SLOT_DATA);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Flows are 15 s long and 5 s old: that is within the open slot, 60 s after it began; before a slot
 * of 10 s that begins now they are in two.
 */
static void open_slot(struct program *p)
{
	struct nfm_ctl *ctl = p->prog.table.ctl;
	bool earlier = p->kind == PROGRAM_EARLIER;

	ctl->slot_ms[ctl->epoch & 1] = earlier ? 10000 : 300000;
	ctl->slot_start_ns[ctl->epoch & 1] = nfm_clock_monotonic_ns() +
					     (earlier ? 3600 : 0) * NFM_NS_PER_S -
					     (earlier ? 0 : 60) * NFM_NS_PER_S;
}

static int program_open(struct program *p, const struct series *series)
{
	const uint32_t customers = series->customers;
	const struct nfm_prog_sizes sizes = {
		.capacity = customers + customers / 10 + NFM_ROW_FIRST,
		.exporters = 1024,
		.pages = 512 + 256 + NFM_MIN(65536U, customers + 256) + customers / 256 + 256,
		.seqlog_entries = 65536,
		.ring_bytes = 1U << 20,
		.earlier_slots = p->kind == PROGRAM_NO_EARLIER ? 0 : 8,
	};
	int r = nfm_prog_load(&p->prog, p->path, &sizes);

	if (!r)
		r = nfm_prog_admit(&p->prog, NFM_SOURCE, EXPORTER, 0, 0);
	if (!r && p->kind != PROGRAM_LPM)
		r = enter_templates(&p->prog);
	if (!r)
		open_slot(p);
	if (!r)
		r = enter_customers(p, series);
	if (r)
		fprintf(stderr, "%s: %s\n", p->path, strerror(-r));
	return r;
}

static uint32_t build_v5(uint8_t *payload, uint32_t records)
{
	struct nfm_record record[30];
	const struct nfm_export header = {
		.count = (uint16_t)records,
		.uptime_ms = UPTIME_MS,
		.first_ms = UPTIME_MS - 20000,
		.last_ms = UPTIME_MS - 5000,
	};

	for (uint32_t i = 0; i < records; i++)
		record[i] = (struct nfm_record){ .packets = 10 + i, .bytes = 10000 + i };
	return nfm_export_build(payload, &header, record, records);
}

static uint32_t build_v9(uint8_t *payload, uint16_t template, uint32_t records)
{
	const struct nfm_sets_header header = { .version = NFM_NETFLOW_V9,
						.uptime_ms = UPTIME_MS,
						.count = (uint16_t)records };
	struct nfm_sets sets;

	nfm_sets_begin(&sets, payload, &header, 1);
	nfm_routeros_put_data(&sets, template, records, 10000, 10);
	return nfm_sets_end(&sets);
}

static void build_frame(struct variant *v)
{
	const struct nfm_packet packet = {};
	uint8_t payload[2048];
	uint32_t length = v->shape->template ?
				  build_v9(payload, v->shape->template, v->at.records) :
				  build_v5(payload, v->at.records);

	nfm_frame_build(&v->frame, &packet, payload, length);
}

/* `program` NULL: the baseline; `number` counts objects, of which the first one has no number. */
static int variant_open(struct bench *b, const struct series *series, const struct shape *shape,
			const struct program *program, uint32_t number)
{
	struct variant *v = &b->variant[b->variant_count++];
	char which[16] = "";
	int r;

	if (number)
		snprintf(which, sizeof(which), "-%u", number + 1);
	snprintf(v->name, sizeof(v->name), "xdp-%s%s%s%s", shape->name,
		 program ? kind_suffix[program->kind] : "", series->suffix, which);
	v->program = program;
	v->shape = shape;
	v->at = shape->at;
	v->at.first = FIRST_RECORD;
	v->at.customers = series->customers;
	v->at.spread = series->dense ? 1 : SPREAD;
	if (series->one_record)
		v->at.records = 1;
	build_frame(v);
	r = load_scramble(v);
	if (r)
		fprintf(stderr, "%s: %s\n", v->name, strerror(-r));
	return r;
}

static int run(struct variant *v, uint32_t repeat, uint32_t *ns)
{
	int r = nfm_prog_run_fd(v->fd, v->frame.byte, v->frame.length, repeat, ns);

	if (r == 1) /* XDP_DROP */
		return 0;
	fprintf(stderr, "%s: the program answered %d instead of XDP_DROP\n", v->name, r);
	return -EPROTO;
}

/* How many datagrams fill RUN_NS; warms caches and the clock up, too. */
static int calibrate(struct variant *v)
{
	uint32_t ns;
	int r = run(v, 20000, &ns);

	v->repeat = RUN_NS / NFM_MAX(ns, 10U);
	return r;
}

/* A bench of a program that counts nothing, or hands everything over, is none. */
static int check_counted(const struct program *p)
{
	const struct nfm_table *t = &p->prog.table;
	struct nfm_row exporter, received, local, unmatched, earlier;

	if (p->kind == PROGRAM_LPM)
		return 0;
	nfm_table_sum(t, nfm_table_reason_row(t, NFM_REASON_EARLIER), &earlier);
	if (!earlier.reason.records != (p->kind != PROGRAM_EARLIER)) {
		fprintf(stderr, "%s: flows are not in the slots where they ought to be\n", p->path);
		return -EPROTO;
	}
	nfm_table_sum(t, nfm_table_exporter_row(t, EXPORTER), &exporter);
	nfm_table_sum(t, nfm_table_reason_row(t, NFM_REASON_RECEIVED), &received);
	nfm_table_sum(t, NFM_ROW_LOCAL, &local);
	nfm_table_sum(t, NFM_ROW_UNMATCHED, &unmatched);
	if (exporter.exporter.datagrams && !local.up_flows && !unmatched.up_flows &&
	    exporter.exporter.datagrams == received.reason.datagrams)
		return 0;
	fprintf(stderr,
		"%s: of %llu datagrams %llu were counted, %llu records found no customer, %llu "
		"two\n",
		p->path, (unsigned long long)received.reason.datagrams,
		(unsigned long long)exporter.exporter.datagrams,
		(unsigned long long)unmatched.up_flows, (unsigned long long)local.up_flows);
	return -EPROTO;
}

static int measure(struct bench *b, uint32_t rounds)
{
	for (uint32_t i = 0; i < b->variant_count; i++)
		if (calibrate(&b->variant[i]))
			return -EPROTO;
	for (uint32_t round = 0; round < rounds; round++)
		for (uint32_t i = 0; i < b->variant_count; i++) {
			uint32_t ns;

			if (run(&b->variant[i], b->variant[i].repeat, &ns))
				return -EPROTO;
			b->variant[i].ns[round] = ns;
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

/* ns of a record, its scramble subtracted; ns[] are sorted then. */
static double cost(const struct variant *v, double ns, double alone)
{
	return (ns - alone) / v->at.records;
}

static const struct variant *find_variant(const struct bench *b, const struct shape *shape,
					  const struct program *program)
{
	for (uint32_t i = 0; i < b->variant_count; i++)
		if (b->variant[i].shape == shape && b->variant[i].program == program)
			return &b->variant[i];
	return NULL;
}

/* The pair of each round against each other: the machine's moods last longer than a round. */
static void compare_slots(struct bench *b, uint32_t rounds)
{
	for (uint32_t i = 0; i < b->variant_count; i++) {
		struct variant *v = &b->variant[i];
		const struct variant *alone = find_variant(b, v->shape, NULL);
		const struct variant *plain = find_variant(b, v->shape, b->program);
		double ratio[MAX_ROUNDS];

		if (!v->program || v->program->kind != PROGRAM_NO_EARLIER || !alone || !plain)
			continue;
		for (uint32_t r = 0; r < rounds; r++)
			ratio[r] = (plain->ns[r] - alone->ns[r]) / (v->ns[r] - alone->ns[r]);
		v->slots_cost = median(ratio, rounds);
	}
}

/* Baselines come before the variants of their shape, the first shape is v5. */
static void report(struct bench *b, const struct series *series, uint32_t rounds)
{
	double alone = 0, first = 0;

	for (uint32_t i = 0; i < b->variant_count; i++) {
		struct variant *v = &b->variant[i];
		double middle = median(v->ns, rounds);
		double ns = cost(v, middle, alone);
		char name[80];

		if (!v->program) {
			alone = middle;
			continue;
		}
		if (!first)
			first = ns;
		fprintf(stderr, "%-24s %9u customers %8.2f ns (%.2f to %.2f) %6.2f x%s\n", v->name,
			series->customers, ns, cost(v, v->ns[0], alone),
			cost(v, v->ns[rounds - 1], alone), ns / first,
			series->one_record ? " a datagram of one record" : "");
		print_line(v->name, series->customers, ns, cost(v, v->ns[0], alone),
			   series->one_record ? "ns/datagram" : "ns/record");
		if (v->program->kind == PROGRAM_NO_EARLIER) { /* goal: 1.15 */
			snprintf(name, sizeof(name), "xdp-%s-cost-of-slots", v->shape->name);
			print_line(name, series->customers, v->slots_cost, v->slots_cost, "ratio");
			fprintf(stderr, "%-24s %9u customers %8.2f x\n", name,
				series->customers, v->slots_cost);
		}
		if (v->shape == shapes || v->program != b->program)
			continue;
		snprintf(name, sizeof(name), "%s-per-v5", v->name);
		print_line(name, series->customers, ns / first, ns / first, "ratio");
	}
}

static int open_all(struct bench *b, const struct options *o, const struct series *series,
		    const char *lpm)
{
	int r = 0;

	for (uint32_t i = 0; i < o->object_count; i++)
		b->program[b->program_count++].path = o->objects[i];
	if (series->with_lpm)
		b->program[b->program_count++] = (struct program){ lpm, PROGRAM_LPM, {} };
	if (series->with_slots) {
		b->program[b->program_count++] =
			(struct program){ o->objects[0], PROGRAM_EARLIER, {} };
		b->program[b->program_count++] =
			(struct program){ o->objects[0], PROGRAM_NO_EARLIER, {} };
	}
	for (uint32_t i = 0; !r && i < b->program_count; i++)
		r = program_open(&b->program[i], series);
	for (uint32_t s = 0; !r && s < series->shape_count; s++) {
		r = variant_open(b, series, &shapes[s], NULL, 0);
		for (uint32_t i = 0; !r && i < b->program_count; i++)
			if (b->program[i].kind != PROGRAM_LPM || s == 0)
				r = variant_open(b, series, &shapes[s], &b->program[i],
						 b->program[i].kind ? 0 : i);
	}
	return r;
}

static int bench(const struct options *o, const struct series *series)
{
	static struct bench b;
	char lpm[PATH_MAX];
	int r;

	memset(&b, 0, sizeof(b));
	r = open_all(&b, o, series, bench_path(lpm, "lpm.bpf.o"));
	if (!r)
		r = measure(&b, o->rounds);
	for (uint32_t i = 0; !r && i < b.program_count; i++)
		r = check_counted(&b.program[i]);
	if (!r) {
		compare_slots(&b, o->rounds);
		report(&b, series, o->rounds);
	}
	for (uint32_t i = 0; i < b.variant_count; i++)
		bpf_object__close(b.variant[i].scramble);
	for (uint32_t i = 0; i < b.program_count; i++)
		nfm_prog_close(&b.program[i].prog);
	return r;
}

/* One datagram of one record, then each size side by side, then scattered. */
static int bench_all(const struct options *o)
{
	struct series series = { "-datagram", o->customers[0], 2, true, true, false,
				 false };
	int r = bench(o, &series);

	for (uint32_t i = 0; !r && i < o->size_count; i++) {
		series = (struct series){ "", o->customers[i], MAX_SHAPES, true, false,
					  o->with_lpm,	      true };
		r = bench(o, &series);
	}
	for (uint32_t i = 0; !r && o->with_scattered && i < o->size_count; i++) {
		series = (struct series){ "-scattered", o->customers[i], 2, false, false,
					  o->with_lpm,	false };
		r = bench(o, &series);
	}
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

	if (parse_options(argc, argv, &o)) {
		fprintf(stderr,
			"usage: bench_xdp [-n CUSTOMERS]... [-r ROUNDS] [-o OBJECT]... [-l] "
			"[-d]\n");
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
	return bench_all(&o) ? 1 : 0;
}
