// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long it takes to read a customers file of a million lines and to bring it into the live
 * table, and again with one customer in a hundred changed: lines of JSON.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../unit/folder.h"
#include "base/cleanup.h"
#include "customers/customers.h"

#define CUSTOMERS 1000000U
#define CAPACITY 1100000U
#define PAGES 300000U
#define CHANGED_EACH 100U

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

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A permutation of 0..2^24-1, so that prefixes are spread but distinct. */
static uint32_t scatter(uint32_t i)
{
	return (i * 0x9e3779b1U ^ 0x5a5a5aU) & 0xffffffU;
}

/*
 * Nine in ten are hosts of 10.0.0.0/8, which leaves hardly a /24 without one; the rest are /29 and
 * /24 of public space and /56 of IPv6. `move` picks another prefix of the same kind.
 */
static void write_prefix(FILE *to, uint32_t i, uint32_t move)
{
	uint32_t n = i + move;
	struct in6_addr v6 = { .s6_addr = { 0x20, 0x01, 0x0d, 0xb8 } };
	char text[INET6_ADDRSTRLEN];

	switch (i % 100) {
	case 0 ... 3: /* 40,000 at most, 32 to a /24 */
		n = (i / 100 * 4 + i % 100) + (move ? 100000 : 0);
		fprintf(to, "%u.%u.%u.%u/29", 100 + (n >> 21), n >> 13 & 255, n >> 5 & 255,
			(n & 31) * 8);
		break;
	case 4 ... 5:
		n = (i / 100 * 2 + i % 2) + (move ? 100000 : 0);
		fprintf(to, "%u.%u.%u.0/24", 150 + (n >> 16), n >> 8 & 255, n & 255);
		break;
	case 6 ... 9:
		n = (i / 100 * 4 + i % 100 - 6) + (move ? 100000 : 0);
		v6.s6_addr[4] = (uint8_t)(n >> 16);
		v6.s6_addr[5] = (uint8_t)(n >> 8);
		v6.s6_addr[6] = (uint8_t)n;
		fprintf(to, "%s/56", inet_ntop(AF_INET6, &v6, text, sizeof(text)));
		break;
	default:
		n = scatter(n);
		fprintf(to, "10.%u.%u.%u", n >> 16, n >> 8 & 255, n & 255);
	}
}

static void write_file(const char *path, bool changed)
{
	FILE *to = fopen(path, "w");

	if (!to) {
		perror(path);
		exit(1);
	}
	fputs("id,name,prefixes\n", to);
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		bool moves = changed && i / 7 % CHANGED_EACH == 0;

		fprintf(to, "customer-%u,Customer number %u,", i, i);
		write_prefix(to, i, moves ? CUSTOMERS : 0);
		fputc('\n', to);
	}
	if (fclose(to)) {
		perror(path);
		exit(1);
	}
}

static void load(struct nfm_customers *c, const char *path, const char *name)
{
	struct nfm_customers_change change;
	struct nfm_registry registry;
	struct nfm_error error;
	double start = now_s();

	if (nfm_registry_read(path, &registry, &error) ||
	    nfm_customers_apply(c, &registry, &change, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	nfm_registry_clear(&registry);
	printf("{\"name\":\"%s\",\"customers\":%u,\"value\":%.3f,\"unit\":\"s\"}\n", name,
	       CUSTOMERS, now_s() - start);
	fprintf(stderr, "%s: %u listed, %u added, %u changed, %u without a row, %u pages\n", name,
		change.listed, change.added, change.changed, change.without_row,
		c->ctl->page_count);
}

int main(void)
{
	static const struct nfm_customers_auto autos[] = {
		{ .addr = { 100, 64 }, .family = 4, .bits = 10 },
	};
	struct nfm_customers c = {
		.ctl = memory(1, sizeof(*c.ctl)),
		.pages = memory(PAGES, sizeof(*c.pages)),
		.names = memory(CAPACITY, sizeof(*c.names)),
		.prefixes = memory(CAPACITY, sizeof(*c.prefixes)),
		.page_capacity = PAGES,
		.capacity = CAPACITY,
		.prefix_capacity = CAPACITY,
	};
	struct nfm_error error;
	const char *path;

	if (folder_make()) {
		perror(folder);
		return 1;
	}
	path = in_folder("customers.csv");
	if (nfm_customers_open(&c, autos, NFM_ARRAY_SIZE(autos), &error)) {
		fprintf(stderr, "%s\n", error.text);
		folder_remove();
		return 1;
	}
	write_file(path, false);
	load(&c, path, "load-prefixes");
	write_file(path, true);
	load(&c, path, "reload-prefixes");
	folder_remove();
	nfm_customers_close(&c);
	return 0;
}
