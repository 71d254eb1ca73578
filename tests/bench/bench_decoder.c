// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a record costs the agent where no datapath decodes it, beside Debian's nfcapd: records per
 * second and core, NetFlow v5 and v9 (as RouterOS 7 sends it).
 *
 *   decode-v5, decode-v9   nfm_meter_take() in a loop, no sockets
 *   agent-v5, …            `nfmeter run` in socket mode, datagrams over a loopback of its own
 *   nfcapd-v5, …           nfcapd, the same datagrams in the same run, writing its files
 *
 * The collectors take turns, each on a CPU that the sender leaves alone; what counts is the CPU
 * time of user and system (/proc/PID/stat) for each record that arrived. Medians of the rounds.
 *
 *   bench_decoder [-r ROUNDS] [-n DATAGRAMS of a turn]
 * JSON, one object a line, on stdout; a table on stderr.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "median.h"
#include "../lib/collector.h"
#include "../lib/frame.h"
#include "../lib/routeros.h"
#include "../unit/folder.h"
#include "agent/meter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "wire.h"

#define CUSTOMERS 100000U
#define STORED 4200U /* datagrams of each version, sent over and over */
#define PAYLOAD 1472U
#define BATCH 32U
#define QUEUE_BYTES 131072U /* so much may wait before the next batch: no socket drops it */
#define MAX_ROUNDS 99U
#define TEMPLATES_EACH 21U /* RouterOS: after every 20 datagrams of data */
#define AGENT_PORT 9995U
#define NFCAPD_PORT 9996U
#define V5_RECORDS 30U

enum { V5, V9, VERSIONS };
enum { DECODE, AGENT, NFCAPD, WAYS };

static const char *const way_names[WAYS] = { "decode", "agent", "nfcapd" };
static const char *const version_names[VERSIONS] = { "v5", "v9" };

/* Datagrams of one version, and the sequence with which they go each way. */
struct stored {
	uint8_t payload[STORED][PAYLOAD];
	uint32_t length[STORED];
	uint32_t records[STORED];
	uint32_t next; /* 0 at the begin of a turn: the templates */
	uint32_t sequence[WAYS];
};

struct bench {
	struct stored stored[VERSIONS];
	struct nfm_config config;
	struct nfm_meter meter;
	struct nfm_collector collector[WAYS];
	uint64_t records[WAYS][VERSIONS]; /* that were sent and not dropped */
	double rate[WAYS][VERSIONS][MAX_ROUNDS];
	uint32_t rounds;
	uint32_t datagrams; /* of a turn */
};

static uint64_t random_state = 0x9e3779b97f4a7c15ULL;

static uint32_t rnd(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) * below >> 32);
}

static double cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

#define UPTIME_MS 1000000U /* of the router, when the first datagram is sent */

/* ---- datagrams ---- */

/* One side a customer, the other anybody. */
static struct nfm_record random_record(void)
{
	uint32_t customer = 10U << 24 | rnd(CUSTOMERS), remote = 11U << 24 | rnd(1U << 31) >> 1;
	bool down = rnd(2);
	uint32_t packets = 1 + rnd(1000);

	return (struct nfm_record){
		.src = down ? remote : customer,
		.dst = down ? customer : remote,
		.packets = packets,
		.bytes = packets * (40 + rnd(1460)),
	};
}

static uint32_t build_v5(uint8_t *payload)
{
	const struct nfm_export header = {
		.count = V5_RECORDS,
		.first_ms = UPTIME_MS - 20000,
		.last_ms = UPTIME_MS - 5000,
	};
	struct nfm_record record[V5_RECORDS];

	for (uint32_t i = 0; i < V5_RECORDS; i++)
		record[i] = random_record();
	return nfm_export_build(payload, &header, record, V5_RECORDS);
}

static void put_v9_record(struct nfm_sets *sets)
{
	const struct nfm_record r = random_record();
	const struct nfm_sets_value value[] = {
		{ 8, r.src, NULL },    { 12, r.dst, NULL },  { 225, r.src, NULL },
		{ 226, r.dst, NULL },  { 1, r.bytes, NULL }, { 2, r.packets, NULL },
		{ 22, UPTIME_MS - 20000, NULL }, { 21, UPTIME_MS - 5000, NULL },
		{ 4, 6, NULL },
		{ 10, 1, NULL },       { 14, 2, NULL },
	};
	uint32_t count;
	const struct nfm_sets_field *field = nfm_routeros_fields(NFM_ROUTEROS_V4, &count);

	nfm_sets_record(sets, field, count, value, NFM_ARRAY_SIZE(value));
}

static uint32_t build_v9(uint8_t *payload, bool is_template)
{
	const struct nfm_sets_header header = {
		.version = NFM_NETFLOW_V9,
		.count = is_template ? 2 : NFM_ROUTEROS_V4_RECORDS,
	};
	struct nfm_sets sets;

	nfm_sets_begin(&sets, payload, &header, 1 + rnd(UINT32_MAX));
	if (is_template) {
		nfm_routeros_put_templates(&sets);
		return nfm_sets_end(&sets);
	}
	nfm_sets_open(&sets, NFM_ROUTEROS_V4);
	for (uint32_t i = 0; i < NFM_ROUTEROS_V4_RECORDS; i++)
		put_v9_record(&sets);
	nfm_sets_close(&sets, -(NFM_ROUTEROS_V4_RECORDS * NFM_ROUTEROS_V4_BYTES) & 3, 0);
	return nfm_sets_end(&sets);
}

static void build_stored(struct bench *b)
{
	for (uint32_t i = 0; i < STORED; i++) {
		bool is_template = i % TEMPLATES_EACH == 0;
		struct stored *v5 = &b->stored[V5], *v9 = &b->stored[V9];

		v5->length[i] = build_v5(v5->payload[i]);
		v5->records[i] = V5_RECORDS;
		v9->length[i] = build_v9(v9->payload[i], is_template);
		v9->records[i] = is_template ? 0 : NFM_ROUTEROS_V4_RECORDS;
	}
}

/* The next datagram, its clock and its sequence as a router would have them. */
static const uint8_t *next_datagram(struct bench *b, uint32_t way, uint32_t version,
				    uint32_t *length, uint32_t *records)
{
	struct stored *s = &b->stored[version];
	const bool v9 = version == V9;
	static uint64_t start_ns;
	uint8_t *payload = s->payload[s->next];
	uint64_t now_ns = nfm_clock_monotonic_ns();
	uint32_t word_be;

	if (!start_ns)
		start_ns = now_ns;
	word_be = htonl(UPTIME_MS + (uint32_t)((now_ns - start_ns) / 1000000));
	memcpy(payload + 4, &word_be, sizeof(word_be));
	word_be = htonl((uint32_t)time(NULL));
	memcpy(payload + 8, &word_be, sizeof(word_be));
	word_be = htonl(s->sequence[way]);
	memcpy(payload + (v9 ? 12 : 16), &word_be, sizeof(word_be));
	*length = s->length[s->next];
	*records = s->records[s->next];
	s->sequence[way] += v9 ? 1 : *records;
	s->next = (s->next + 1) % STORED;
	return payload;
}

/* ---- without sockets ---- */

static int take_turn(struct bench *b, uint32_t version, double *rate)
{
	struct nfm_arrival arrival = {
		.source = { .byte = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } },
		.uncounted = true,
		.ring_pos = NFM_JOURNAL_NO_RING,
	};
	double start_s = cpu_s();
	uint64_t sum = 0;

	b->stored[version].next = 0;
	for (uint32_t i = 0; i < b->datagrams; i++) {
		uint32_t records;

		arrival.payload = next_datagram(b, DECODE, version, &arrival.length, &records);
		arrival.time_ns = nfm_clock_monotonic_ns();
		if (nfm_meter_take(&b->meter, &arrival) != NFM_REASON_NONE)
			return -EPROTO;
		sum += records;
	}
	b->records[DECODE][version] += sum;
	*rate = (double)sum / (cpu_s() - start_s);
	return 0;
}

/* ---- over sockets ---- */

static int wait_for_room(const struct nfm_collector *c)
{
	uint64_t bytes = 0, drops;
	int r;

	do {
		r = nfm_collector_queue(c, &bytes, &drops);
	} while (!r && bytes > QUEUE_BYTES);
	return r;
}

static int send_batch(struct bench *b, uint32_t way, uint32_t version, uint64_t *records)
{
	struct mmsghdr message[BATCH] = {};
	struct iovec vector[BATCH];

	for (uint32_t i = 0; i < BATCH; i++) {
		uint32_t length, count;

		vector[i].iov_base = (void *)next_datagram(b, way, version, &length, &count);
		vector[i].iov_len = length;
		message[i].msg_hdr.msg_iov = &vector[i];
		message[i].msg_hdr.msg_iovlen = 1;
		*records += count;
	}
	return sendmmsg(b->collector[way].fd, message, BATCH, 0) == (int)BATCH ? 0 : -errno;
}

static int send_turn(struct bench *b, uint32_t way, uint32_t version, double *rate)
{
	const struct nfm_collector *c = &b->collector[way];
	uint64_t sum = 0, bytes, before = 0, after = 0;
	double start_s;
	int r = nfm_collector_settle(c);

	if (!r)
		r = nfm_collector_queue(c, &bytes, &before);
	start_s = nfm_collector_cpu_s(c);
	b->stored[version].next = 0;
	for (uint32_t i = 0; !r && i < b->datagrams; i += BATCH) {
		r = wait_for_room(c);
		if (!r)
			r = send_batch(b, way, version, &sum);
	}
	if (!r)
		r = nfm_collector_settle(c);
	if (!r)
		r = nfm_collector_queue(c, &bytes, &after);
	if (!r && after != before) {
		fprintf(stderr, "%s: its socket dropped %llu datagrams\n", way_names[way],
			(unsigned long long)(after - before));
		r = -ENOBUFS;
	}
	b->records[way][version] += sum;
	*rate = (double)sum / (nfm_collector_cpu_s(c) - start_s);
	return r;
}

/* ---- collectors ---- */

static int write_files(void)
{
	char state[PATH_MAX];
	FILE *file = fopen(in_folder("customers.csv"), "w");

	if (!file)
		return -errno;
	fputs("id,prefixes\n", file);
	for (uint32_t i = 0; i < CUSTOMERS; i++)
		fprintf(file, "c%u,10.%u.%u.%u\n", i, i >> 16, i >> 8 & 255, i & 255);
	if (fclose(file))
		return -errno;
	snprintf(state, sizeof(state), "%s", folder);
	file = fopen(in_folder("nfmeter.conf"), "w");
	if (!file)
		return -errno;
	fprintf(file,
		"[collector]\nxdp = off\nlisten = 127.0.0.1\nport = %u\ncapacity = %u\n"
		"interval = 86400\n" /* flows of the open slot, as nearly all are */
		"exporters = any\ndirectory = %s/state\nruntime = %s/run\npin = %s/pin\n"
		"[customers]\nfile = %s/customers.csv\n",
		AGENT_PORT, CUSTOMERS + 100, state, state, state, state);
	return fclose(file) ? -errno : 0;
}

static int open_meter(struct bench *b)
{
	struct nfm_error error = {};
	int r;

	snprintf(b->config.runtime, sizeof(b->config.runtime), "%s/own", folder);
	snprintf(b->config.directory, sizeof(b->config.directory), "%s/own", folder);
	snprintf(b->config.customers_file, sizeof(b->config.customers_file), "%s/customers.csv",
		 folder);
	b->config.capacity = CUSTOMERS + 100;
	b->config.max_exporters = 8;
	b->config.interval_s = 300;
	b->config.template_buffer_bytes = 16 << 20;
	b->config.any_exporter = true;
	b->config.ports[0] = NFM_DEFAULT_PORT;
	b->config.port_count = 1;
	r = nfm_meter_open(&b->meter, &b->config, NULL, &error);
	if (r)
		fprintf(stderr, "bench_decoder: %s\n", error.text);
	return r;
}

static void show_log(const char *name)
{
	_cleanup_fclose_ FILE *file = fopen(in_folder(name), "r");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		fputs(line, stderr);
}

static int start_collectors(struct bench *b, int cpu)
{
	const char *binary = getenv("NFM_BINARY");
	char config[PATH_MAX], flows[PATH_MAX], log[PATH_MAX], port[16];
	char *agent[] = { (char *)(binary ? binary : "build/nfmeter"), "-c", config, "run", NULL };
	char *nfcapd[] = { "nfcapd", "-w", flows, "-p", port, "-b", "127.0.0.1",
			   "-t", "3600", "-B", "4194304", NULL };
	int r;

	snprintf(config, sizeof(config), "%s", in_folder("nfmeter.conf"));
	snprintf(flows, sizeof(flows), "%s", in_folder("flows"));
	snprintf(port, sizeof(port), "%u", NFCAPD_PORT);
	if (mkdir(flows, 0755) < 0)
		return -errno;
	snprintf(log, sizeof(log), "%s", in_folder("agent.log"));
	r = nfm_collector_start(&b->collector[AGENT], agent, AGENT_PORT, cpu, log);
	if (r) {
		fprintf(stderr, "bench_decoder: the agent does not start\n");
		show_log("agent.log");
		return r;
	}
	snprintf(log, sizeof(log), "%s", in_folder("nfcapd.log"));
	r = nfm_collector_start(&b->collector[NFCAPD], nfcapd, NFCAPD_PORT, cpu, log);
	if (r) {
		fprintf(stderr, "bench_decoder: nfcapd does not start (package nfdump)\n");
		show_log("nfcapd.log");
	}
	return r;
}

/* ---- did they count it? ---- */

static int check(const char *name, uint64_t want, uint64_t got)
{
	if (want == got)
		return 0;
	fprintf(stderr, "%s: %llu records were sent, %llu counted\n", name,
		(unsigned long long)want, (unsigned long long)got);
	return -EPROTO;
}

static uint64_t table_records(const struct nfm_table *t)
{
	struct nfm_row row;

	nfm_table_sum(t, nfm_table_exporter_row(t, 0), &row);
	return row.exporter.records;
}

static int check_agent(const struct bench *b)
{
	struct nfm_error error = {};
	struct nfm_table table;
	uint64_t records;

	if (nfm_table_file_open(in_folder("run/table"), false, &table, &error)) {
		fprintf(stderr, "bench_decoder: %s\n", error.text);
		return -EPROTO;
	}
	records = table_records(&table);
	nfm_table_close(&table);
	return check("agent", b->records[AGENT][V5] + b->records[AGENT][V9], records);
}

/* nfdump -I: "Flows: 123", of all files. */
static int check_nfcapd(const struct bench *b)
{
	char command[PATH_MAX + 64], line[256];
	unsigned long long flows, sum = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "nfdump -I -R %s 2>&1", in_folder("flows"));
	pipe = popen(command, "r");
	if (!pipe)
		return -errno;
	while (fgets(line, sizeof(line), pipe))
		if (sscanf(line, "Flows: %llu", &flows) == 1)
			sum += flows;
	pclose(pipe);
	return check("nfcapd", b->records[NFCAPD][V5] + b->records[NFCAPD][V9], sum);
}

/* ---- the run ---- */

static int run_rounds(struct bench *b)
{
	int r = 0;

	for (uint32_t round = 0; !r && round < b->rounds; round++)
		for (uint32_t version = 0; !r && version < VERSIONS; version++) {
			r = take_turn(b, version, &b->rate[DECODE][version][round]);
			for (uint32_t way = AGENT; !r && way < WAYS; way++)
				r = send_turn(b, way, version, &b->rate[way][version][round]);
		}
	return r;
}

static void report(struct bench *b)
{
	double value[WAYS][VERSIONS];

	for (uint32_t version = 0; version < VERSIONS; version++) {
		for (uint32_t way = 0; way < WAYS; way++) {
			value[way][version] = median(b->rate[way][version], b->rounds);
			fprintf(stderr, "%s-%-8s %12.0f records/s and core, %7.1f ns a record\n",
				way_names[way], version_names[version], value[way][version],
				1e9 / value[way][version]);
			printf("{\"name\": \"%s-%s\", \"customers\": %u, \"value\": %.0f, "
			       "\"unit\": \"records/s\"}\n",
			       way_names[way], version_names[version], CUSTOMERS,
			       value[way][version]);
		}
		fprintf(stderr, "agent : nfcapd, %s: %.2f\n", version_names[version],
			value[AGENT][version] / value[NFCAPD][version]);
	}
}

static int parse_options(int argc, char **argv, struct bench *b)
{
	uint64_t value;
	int c;

	while ((c = getopt(argc, argv, "r:n:")) != -1) {
		if (c == 'r' && !nfm_units_parse_u64(optarg, 1, MAX_ROUNDS, &value))
			b->rounds = (uint32_t)value;
		else if (c == 'n' && !nfm_units_parse_u64(optarg, BATCH, 10000000, &value))
			b->datagrams = (uint32_t)value / BATCH * BATCH;
		else
			return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

/* The sender takes the first CPU of ours, collectors the last one. */
static int split_cpus(void)
{
	cpu_set_t set;
	int first = 0, last = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 0;
	while (!CPU_ISSET(first, &set))
		first++;
	while (!CPU_ISSET(last, &set))
		last--;
	CPU_ZERO(&set);
	CPU_SET(first, &set);
	sched_setaffinity(0, sizeof(set), &set);
	return last;
}

static int run_bench(struct bench *b)
{
	int r = write_files();

	build_stored(b);
	if (!r)
		r = open_meter(b);
	if (r)
		return r;
	r = nfm_collector_namespace();
	if (r)
		fprintf(stderr, "bench_decoder: no network namespace: %s (root?)\n", strerror(-r));
	if (!r)
		r = start_collectors(b, split_cpus());
	if (!r)
		r = run_rounds(b);
	if (!r)
		r = check("decode", b->records[DECODE][V5] + b->records[DECODE][V9],
			  table_records(&b->meter.table));
	for (uint32_t way = AGENT; way < WAYS; way++)
		if (nfm_collector_stop(&b->collector[way]) && !r)
			r = -ECHILD;
	if (!r)
		r = check_agent(b);
	if (!r)
		r = check_nfcapd(b);
	nfm_meter_close(&b->meter);
	return r;
}

int main(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return 1;
	b->rounds = 7;
	b->datagrams = 100000 / BATCH * BATCH;
	if (parse_options(argc, argv, b)) {
		fprintf(stderr, "usage: bench_decoder [-r ROUNDS] [-n DATAGRAMS]\n");
		free(b);
		return 2;
	}
	nfm_log_set_level(LOG_ERR);
	r = folder_make() ? -errno : run_bench(b);
	if (!r)
		report(b);
	else
		fprintf(stderr, "bench_decoder: %s\n", strerror(-r));
	folder_remove();
	free(b);
	return r ? 1 : 0;
}
