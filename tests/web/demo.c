// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of some weeks, up to now, of a small provider's customers: day and night, a weekend, an
 * outage of the collector, a little loss. For pictures of the page.
 *
 *   demo DIRECTORY DAYS >customers.csv
 */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "snapshot/snapshot.h"

#define STEP_S 300U
#define DAY_S 86400U
#define CUSTOMERS 48U
#define PI 3.14159265358979

static const char *const names[] = {
	"Lindqvist Bakery", "Harbour School", "Anna Berg",	   "Dental Clinic Nord",
	"Olsen & Sons",	    "City Library",   "Hotel Fjordblick",  "Jonas Weber",
	"Carpenter Vik",    "Mill Street 12", "Farm Cooperative",  "Garage Eklund",
	"Brewery Sund",	    "Maria Novak",    "Architects Lumen",  "Fire Station 3",
};

static uint64_t mixed(uint64_t a, uint64_t b)
{
	uint64_t z = a * 0x9e3779b97f4a7c15ULL + b * 0xbf58476d1ce4e5b9ULL;

	z = (z ^ (z >> 29)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 32);
}

/* From 0 to 1. */
static double chance(uint64_t a, uint64_t b)
{
	return (double)(mixed(a, b) >> 11) / 9007199254740992.0;
}

/* How busy an hour is, from 0 to 1: evenings most; offices by day and not at the weekend. */
static double busy(uint64_t unix_s, uint32_t customer)
{
	double hour = (double)(unix_s % DAY_S) / 3600;
	uint64_t weekday = (unix_s / DAY_S + 4) % 7;
	bool office = customer % 3 == 1;
	double peak = office ? 13 : 20.5;
	double away = fabs(hour - peak);
	double near = exp(-pow(fmin(away, 24 - away) / (office ? 3.5 : 4.5), 2));

	return 0.06 + 0.94 * near * (office && (weekday == 0 || weekday == 6) ? 0.1 : 1);
}

static double down_bps(uint64_t unix_s, uint32_t customer)
{
	double size = 4e6 + 9e7 * pow(chance(customer, 1), 3);
	double slow = 0.7 + 0.6 * chance(unix_s / 3600, customer);
	double quick = 0.75 + 0.5 * chance(unix_s / STEP_S, customer);

	return size * busy(unix_s, customer) * slow * quick;
}

/* Nobody counted: 95 minutes of a night, and 20 minutes of this day. */
static bool is_away(uint64_t unix_s, uint64_t now_s)
{
	uint64_t age_s = now_s - unix_s;

	return (age_s > 53 * 3600 && age_s < 53 * 3600 + 5700) ||
	       (age_s > 5 * 3600 && age_s < 5 * 3600 + 1500);
}

static void put_customers(struct nfm_snapshot_writer *w, uint64_t unix_s,
			  struct nfm_snapshot_count *total)
{
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		struct nfm_snapshot_customer customer = { .name = names[i % 16] };
		double down = down_bps(unix_s, i) * STEP_S / 8;
		double share = 0.08 + 0.25 * chance(unix_s / 1800, i + 100);
		char id[16], name[64];

		snprintf(id, sizeof(id), "%u", 1001 + i);
		snprintf(name, sizeof(name), i < 16 ? "%s" : "%s %u", names[i % 16], i / 16 + 1);
		customer.id = id;
		customer.name = name;
		customer.down = (struct nfm_snapshot_count){ (uint64_t)down,
							     (uint64_t)(down / 1100) + 1, 90 };
		customer.up = (struct nfm_snapshot_count){ (uint64_t)(down * share),
							   (uint64_t)(down / 2000) + 1, 90 };
		nfm_snapshot_count_add(total, &customer.up);
		nfm_snapshot_count_add(total, &customer.down);
		nfm_snapshot_writer_customer(w, &customer);
	}
}

static int make_snapshot(const char *directory, uint64_t unix_s, uint64_t epoch)
{
	static uint64_t lost;
	struct nfm_snapshot_meta meta = {
		.identity = "demo",
		.epoch = epoch,
		.from_unix_ns = unix_s * NFM_NS_PER_S,
		.slot_unix_ns = unix_s * NFM_NS_PER_S,
		.to_unix_ns = (unix_s + STEP_S) * NFM_NS_PER_S,
		.interval_s = STEP_S,
		.earlier_slots = 8,
	};
	struct nfm_snapshot_count total = { 0 }, unmatched = { 41000000, 52000, 700 }, none = { 0 };
	struct nfm_snapshot_stream stream = { 9, 0, NFM_UNIT_DATAGRAMS, epoch * 9000, 0, 0 };
	struct nfm_snapshot_exporter exporter = { .name = "core-1", .datagrams = 9000,
						  .records = 260000, .streams = &stream,
						  .stream_count = 1 };
	struct nfm_snapshot_writer *w;
	struct nfm_error error;
	char path[PATH_MAX];
	int err = nfm_snapshot_writer_open(directory, &meta, &w, &error);

	if (err)
		goto out;
	put_customers(w, unix_s, &total);
	nfm_snapshot_count_add(&total, &unmatched);
	if (mixed(unix_s, 7) % 300 == 0)
		lost += 1 + mixed(unix_s, 8) % 40;
	exporter.lost = stream.lost = lost;
	nfm_snapshot_writer_exporter(w, &exporter);
	err = nfm_snapshot_writer_commit(w, &unmatched, &none, &total, path, sizeof(path), &error);
	nfm_snapshot_writer_free(w);
out:
	if (err)
		fprintf(stderr, "demo: %s\n", error.text);
	return err;
}

static void print_customers(void)
{
	printf("id,name,prefixes\n");
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		printf("%u,%s", 1001 + i, names[i % 16]);
		if (i >= 16)
			printf(" %u", i / 16 + 1);
		printf(",10.20.%u.0/24 2001:db8:%x::/48\n", i, 0x2000 + i);
	}
}

int main(int argc, char **argv)
{
	uint64_t now_s = (uint64_t)time(NULL), from_s, epoch = 2;

	if (argc != 3) {
		fprintf(stderr, "usage: demo DIRECTORY DAYS\n");
		return 2;
	}
	from_s = now_s - now_s % STEP_S - strtoul(argv[2], NULL, 10) * DAY_S;
	for (uint64_t at_s = from_s; at_s + STEP_S < now_s; at_s += STEP_S) {
		if (!is_away(at_s, now_s) && make_snapshot(argv[1], at_s, epoch++))
			return 1;
	}
	print_customers();
	return 0;
}
