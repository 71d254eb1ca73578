// SPDX-License-Identifier: GPL-2.0-only
/* What was sent, summed by the collector's rules: longest match, up, down, local, unmatched. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "nfsend.h"

#define NOBODY UINT32_MAX

static uint32_t owner_of(const struct send_options *options, const char *id)
{
	uint32_t i;

	for (i = 0; i < options->customer_count; i++)
		if (!strcmp(options->customer[i].id, id))
			return options->customer[i].owner;
	return options->customer_count;
}

static int add_customer(struct send_options *options, const char *text, struct nfm_error *error)
{
	struct send_customer *customer = &options->customer[options->customer_count];
	const char *equals = strchr(text, '=');
	const char *prefix = equals ? equals + 1 : text;
	uint8_t addr[16], family, bits;

	if (options->customer_count == SEND_MAX_CUSTOMERS)
		return nfm_error_set(error, -E2BIG, "--customers: more than %u",
				     SEND_MAX_CUSTOMERS);
	if (nfm_units_parse_prefix(prefix, addr, &family, &bits) || family != 4)
		return nfm_error_set(error, -EINVAL, "--customers: %s is no IPv4 prefix", prefix);
	snprintf(customer->id, sizeof(customer->id), "%.*s",
		 equals ? (int)(equals - text) : (int)strlen(text), text);
	memcpy(&customer->addr, addr, sizeof(customer->addr));
	customer->addr = ntohl(customer->addr);
	customer->bits = bits;
	customer->owner = owner_of(options, customer->id);
	options->customer_count++;
	return 0;
}

int send_customers_parse(struct send_options *options, const char *text, struct nfm_error *error)
{
	while (*text) {
		size_t length = strcspn(text, ",");
		char entry[128];
		int answer;

		snprintf(entry, sizeof(entry), "%.*s", (int)length, text);
		answer = add_customer(options, entry, error);
		if (answer)
			return answer;
		text += length + (text[length] == ',');
	}
	return 0;
}

static uint32_t match(const struct send_options *options, uint32_t addr_be)
{
	uint32_t addr = ntohl(addr_be);
	uint32_t best = NOBODY;
	uint32_t i;

	for (i = 0; i < options->customer_count; i++) {
		const struct send_customer *customer = &options->customer[i];

		if (customer->bits && (addr ^ customer->addr) >> (32 - customer->bits))
			continue;
		if (best == NOBODY || customer->bits > options->customer[best].bits)
			best = i;
	}
	return best == NOBODY ? NOBODY : options->customer[best].owner;
}

static void add(struct send_count *count, uint64_t bytes, uint64_t packets)
{
	count->bytes += bytes;
	count->packets += packets;
	count->flows++;
}

static uint64_t scale(const struct send_options *options, uint64_t value)
{
	if (options->expect_num)
		return (value * options->expect_num + options->expect_den / 2) /
		       options->expect_den;
	return value * (options->sampling ? options->sampling : 1);
}

void send_tally_add(struct send_tally *tally, const struct send_options *options,
		    const struct send_datagram *datagram)
{
	uint32_t i;

	if (options->bad != SEND_BAD_NONE) {
		tally->bad++;
		return;
	}
	tally->datagrams++;
	for (i = 0; i < datagram->count; i++) {
		const struct send_flow *flow = &datagram->flow[i];
		uint64_t bytes = scale(options, flow->bytes);
		uint64_t packets = scale(options, flow->packets);
		uint32_t up = match(options, flow->src_be);
		uint32_t down = match(options, flow->dst_be);

		add(&tally->total, bytes, packets);
		if (up != NOBODY)
			add(&tally->up[up], bytes, packets);
		if (down != NOBODY)
			add(&tally->down[down], bytes, packets);
		if (up != NOBODY && down != NOBODY)
			add(&tally->local, bytes, packets);
		if (up == NOBODY && down == NOBODY)
			add(&tally->unmatched, bytes, packets);
	}
}

static void print_count(FILE *to, const char *name, const struct send_count *count)
{
	fprintf(to, "\"%s\":{\"bytes\":%" PRIu64 ",\"packets\":%" PRIu64 ",\"flows\":%" PRIu64 "}",
		name, count->bytes, count->packets, count->flows);
}

static void print_customers(const struct send_tally *tally, const struct send_options *options,
			    FILE *to)
{
	const char *comma = "";
	uint32_t i;

	fputs("\"by_customer\":{", to);
	for (i = 0; i < options->customer_count; i++) {
		if (options->customer[i].owner != i)
			continue;
		fprintf(to, "%s\"%s\":{", comma, options->customer[i].id);
		print_count(to, "up", &tally->up[i]);
		fputc(',', to);
		print_count(to, "down", &tally->down[i]);
		fputc('}', to);
		comma = ",";
	}
	fputc('}', to);
}

void send_tally_print(const struct send_tally *tally, const struct send_options *options,
		      uint32_t next_sequence, FILE *to)
{
	fprintf(to,
		"{\"version\":%u,\"sent\":%" PRIu64 ",\"datagrams\":%" PRIu64 ",\"bad\":%" PRIu64,
		options->version, tally->datagrams + tally->bad, tally->datagrams, tally->bad);
	fprintf(to, ",\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"packets\":%" PRIu64 ",",
		tally->total.flows, tally->total.bytes, tally->total.packets);
	print_customers(tally, options, to);
	fputc(',', to);
	print_count(to, "unmatched", &tally->unmatched);
	fputc(',', to);
	print_count(to, "local", &tally->local);
	fputc(',', to);
	print_count(to, "total", &tally->total);
	fprintf(to,
		",\"left_out\":{\"datagrams\":%" PRIu64 ",\"units\":%" PRIu64 "},\"twice\":%" PRIu64
		",\"swapped\":%" PRIu64 ",\"next_sequence\":%u}\n",
		tally->left_out_datagrams, tally->left_out_units, tally->twice, tally->swapped,
		next_sequence);
}
