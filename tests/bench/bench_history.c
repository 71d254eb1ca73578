// SPDX-License-Identifier: GPL-2.0-only
/*
 * Days of snapshots of made-up customers, their rollup, and a report's reading of it.
 *
 *   bench_history [-d DIR] [-c CUSTOMERS] [-n DAYS] [-i INTERVAL_S] [-f FROM_UNIX_S] [-m]
 *
 * Without -d, in a folder of its own that goes at the end; with it, files that are there are taken
 * as they are. -m: only make the snapshots. The same options make the same files. From FROM_UNIX_S
 * on there are DAYS of 24 hours, and behind them what lets the last one be rolled up.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/folder.h"
#include "base/clock.h"
#include "history/files.h"
#include "history/rollup.h"
#include "history/series.h"
#include "snapshot/snapshot.h"

#define SLOTS 24U /* that reach back */
#define DAY_S 86400U

static struct {
	const char *directory;
	uint32_t customers, days, interval_s;
	uint64_t from_s;
	bool make_only;
} options = {
	.customers = 10000,
	.days = 1,
	.interval_s = 300,
	.from_s = 1763769600, /* 2025-11-22 00:00 UTC */
};

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
	uint64_t z = a * 0x9e3779b97f4a7c15ULL + b * 0xbf58476d1ce4e5b9ULL;

	z = (z ^ (z >> 29)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 32);
}

/* ---- snapshots ---- */

/* One in eight is silent; of every sixteenth, some bytes are late. */
static int put_customer(struct nfm_snapshot_writer *w, uint64_t slot, uint32_t number)
{
	uint64_t dice = mixed(slot, number);
	struct nfm_snapshot_earlier earlier[2];
	struct nfm_snapshot_customer customer = { .name = "a customer", .earlier = earlier };
	char id[32];

	if (dice % 8 == 0)
		return 0;
	snprintf(id, sizeof(id), "customer-%07u", number);
	customer.id = id;
	customer.up.bytes = (dice >> 8) % 20000000;
	customer.down.bytes = (dice >> 24) % 300000000;
	customer.up.packets = customer.up.bytes / 600 + 1;
	customer.down.packets = customer.down.bytes / 1000 + 1;
	customer.up.flows = customer.down.flows = 1 + (dice >> 40) % 200;
	if (dice % 16 == 1) {
		earlier[0] = (struct nfm_snapshot_earlier){ 1, customer.up.bytes / 4,
							    customer.down.bytes / 4 };
		earlier[1] = (struct nfm_snapshot_earlier){ 2 + (uint32_t)(dice >> 50) % 10, 0,
							    customer.down.bytes / 8 };
		customer.earlier_count = 2;
	}
	return nfm_snapshot_writer_customer(w, &customer);
}

static int make_snapshot(uint64_t number)
{
	uint64_t from_s = options.from_s + number * options.interval_s;
	struct nfm_snapshot_meta meta = {
		.identity = "bench of history",
		.epoch = 2 + number,
		.from_unix_ns = from_s * NFM_NS_PER_S,
		.slot_unix_ns = from_s * NFM_NS_PER_S,
		.to_unix_ns = (from_s + options.interval_s) * NFM_NS_PER_S,
		.interval_s = options.interval_s,
		.earlier_slots = SLOTS,
	};
	const struct nfm_snapshot_count some = { 1000000, 1000, 10 };
	struct nfm_snapshot_writer *w;
	struct nfm_error error;
	char path[PATH_MAX];
	int code = nfm_snapshot_writer_open(options.directory, &meta, &w, &error);

	if (code) {
		fprintf(stderr, "bench_history: %s\n", error.text);
		return code;
	}
	for (uint32_t i = 0; i < options.customers; i++)
		put_customer(w, from_s, i);
	code = nfm_snapshot_writer_commit(w, &some, &some, &some, path, sizeof(path), &error);
	if (code)
		fprintf(stderr, "bench_history: %s\n", error.text);
	nfm_snapshot_writer_free(w);
	return code;
}

/* All of them, if there are none yet. */
static int make_snapshots(void)
{
	uint64_t all = (uint64_t)options.days * DAY_S / options.interval_s + SLOTS + 1;
	struct nfm_snapshot_file *files = NULL;
	uint32_t count = 0;
	int code = 0;

	nfm_files_snapshots(options.directory, &files, &count, NULL);
	free(files);
	for (uint64_t i = 0; !count && !code && i < all; i++)
		code = make_snapshot(i);
	return code;
}

/* ---- rollup ---- */

static int roll_up(void)
{
	const struct nfm_rollup_limits limits = { 0 };
	struct nfm_rollup_result result;
	struct nfm_error error;
	uint64_t now_s = options.from_s + (options.days + 2ULL) * DAY_S;

	if (nfm_rollup_run(options.directory, &limits, now_s, NULL, NULL, &result, &error)) {
		fprintf(stderr, "bench_history: %s\n", error.text);
		return 1;
	}
	return 0;
}

/* In a process of its own, whose memory is told apart. */
static int time_rollup(void)
{
	double start_s = seconds(CLOCK_MONOTONIC);
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(roll_up());
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status))
		return 1;
	printf("{\"name\":\"rollup-day\",\"customers\":%u,\"value\":%.2f,\"unit\":\"s\"}\n",
	       options.customers, (seconds(CLOCK_MONOTONIC) - start_s) / options.days);
	printf("{\"name\":\"rollup-memory\",\"customers\":%u,\"value\":%.0f,\"unit\":\"MB\"}\n",
	       options.customers, (double)usage.ru_maxrss / 1024);
	return 0;
}

/* ---- reading ---- */

static int read_bytes(const char *path, uint64_t *points, uint64_t *sum)
{
	static uint64_t up[NFM_SERIES_POINTS_MOST], down[NFM_SERIES_POINTS_MOST];
	uint64_t *const column[NFM_CELL_COLUMNS] = { up, down };
	struct nfm_series_reader *r;
	struct nfm_series_entry entry;
	int code = nfm_series_reader_open(path, &r, NULL);

	for (uint64_t i = 0; !code && nfm_series_reader_entry(r, i, &entry) == 1; i++) {
		code = nfm_series_reader_columns(r, &entry, column);
		*points += 2ULL * nfm_series_reader_head(r)->points;
		*sum += up[0] + down[0];
	}
	if (!code)
		nfm_series_reader_free(r);
	return code;
}

/* Twice over all samples, in time of the processor: the first time they come from the disk. */
static int time_reading(void)
{
	struct nfm_rollup_file *files;
	uint64_t points = 0, sum = 0;
	double start_s = 0;
	uint32_t count;
	int code = nfm_files_rollups(options.directory, NFM_TIER_SAMPLES, &files, &count, NULL);

	for (unsigned int turn = 0; !code && turn < 2; turn++) {
		start_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
		points = 0;
		for (uint32_t i = 0; !code && i < count; i++) {
			char path[PATH_MAX];

			snprintf(path, sizeof(path), "%s/" NFM_ROLLUP_FOLDER "/%s",
				 options.directory, files[i].name);
			code = read_bytes(path, &points, &sum);
		}
	}
	if (code || !points || !sum)
		return 1;
	printf("{\"name\":\"rollup-read\",\"customers\":%u,\"value\":%.2f,\"unit\":\"ns/point\"}\n",
	       options.customers,
	       (seconds(CLOCK_PROCESS_CPUTIME_ID) - start_s) * 1e9 / (double)points);
	free(files);
	return 0;
}

/* ---- all ---- */

static int read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "d:c:n:i:f:m")) != -1) {
		if (option == 'd')
			options.directory = optarg;
		else if (option == 'c')
			options.customers = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'n')
			options.days = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'i')
			options.interval_s = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'f')
			options.from_s = strtoull(optarg, NULL, 10);
		else if (option == 'm')
			options.make_only = true;
		else
			return -EINVAL;
	}
	return optind == argc && options.days && options.interval_s ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	bool own;
	int code;

	if (read_options(argc, argv)) {
		fprintf(stderr, "usage: bench_history [-d DIR] [-c CUSTOMERS] [-n DAYS] "
				"[-i INTERVAL_S] [-f FROM_UNIX_S] [-m]\n");
		return 2;
	}
	own = !options.directory;
	if (own) {
		if (folder_make())
			return 1;
		options.directory = folder;
	}
	code = make_snapshots() ? 1 : 0;
	fflush(stdout);
	if (!code && !options.make_only)
		code = time_rollup() || time_reading();
	if (own)
		folder_remove();
	return code;
}
