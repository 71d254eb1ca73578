// SPDX-License-Identifier: GPL-2.0-only
/* What was sent, summed by the collector's rules: longest match, up, down, local, unmatched. */
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

/* An address as two numbers; IPv4 in the upper half of the first. */
static uint64_t half_of(const uint8_t *addr, uint32_t half)
{
	uint64_t value = 0;
	uint32_t i;

	for (i = 0; i < 8; i++)
		value = value << 8 | addr[8 * half + i];
	return value;
}

static uint64_t mask_of(uint32_t bits)
{
	return bits ? ~0ULL << (64 - (bits < 64 ? bits : 64)) : 0;
}

static int add_customer(struct send_options *options, const char *text, struct nfm_error *error)
{
	struct send_customer *customer = &options->customer[options->customer_count];
	const char *equals = strchr(text, '=');
	const char *prefix = equals ? equals + 1 : text;
	uint32_t i;

	if (options->customer_count == SEND_MAX_CUSTOMERS)
		return nfm_error_set(error, -E2BIG, "--customers: more than %u",
				     SEND_MAX_CUSTOMERS);
	if (nfm_units_parse_prefix(prefix, customer->addr, &customer->family, &customer->bits))
		return nfm_error_set(error, -EINVAL, "--customers: %s is no prefix", prefix);
	snprintf(customer->id, sizeof(customer->id), "%.*s",
		 equals ? (int)(equals - text) : (int)strlen(text), text);
	for (i = 0; i < 2; i++)
		customer->half[i] = half_of(customer->addr, i);
	customer->mask[0] = mask_of(customer->bits);
	customer->mask[1] = mask_of(customer->bits > 64 ? customer->bits - 64U : 0);
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

static uint32_t match(const struct send_options *options, uint8_t family, const uint8_t *addr)
{
	uint64_t high = half_of(addr, 0), low = half_of(addr, 1);
	uint32_t best = NOBODY;
	uint32_t i;

	for (i = 0; i < options->customer_count; i++) {
		const struct send_customer *customer = &options->customer[i];

		if (customer->family != family ||
		    ((high ^ customer->half[0]) & customer->mask[0]) ||
		    ((low ^ customer->half[1]) & customer->mask[1]))
			continue;
		if (best == NOBODY || customer->bits > options->customer[best].bits)
			best = i;
	}
	return best == NOBODY ? NOBODY : options->customer[best].owner;
}

static bool is_other(const uint8_t *post, const uint8_t *plain)
{
	static const uint8_t zero[16];

	return memcmp(post, zero, 16) && memcmp(post, plain, 16);
}

/* Whose source: the inside one; behind a NAT that hides nobody whom we know, the router's. */
static uint32_t match_up(const struct send_options *options, const struct send_flow *flow)
{
	uint32_t up = match(options, flow->family, flow->src);

	if (up == NOBODY && flow->has_post && !options->ignore_nat &&
	    is_other(flow->post_src, flow->src))
		up = match(options, flow->family, flow->post_src);
	return up;
}

/* Whose destination: who gets it after the NAT, else to whom it was sent. */
static uint32_t match_down(const struct send_options *options, const struct send_flow *flow)
{
	uint32_t down = NOBODY;

	if (flow->has_post && !options->ignore_nat && is_other(flow->post_dst, flow->dst))
		down = match(options, flow->family, flow->post_dst);
	return down == NOBODY ? match(options, flow->family, flow->dst) : down;
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
	if (options->announce)
		return value * options->announce;
	return value * (options->sampling ? options->sampling : 1);
}

/* What a meter should remark, by the counters as they were sent; returns the bytes that it counts.
 */
static uint64_t note(struct send_notes *notes, const struct send_options *options,
		     const struct send_flow *flow)
{
	static const uint8_t zero[16];
	uint64_t bytes = flow->wire_bytes, packets = flow->packets;

	if (!memcmp(flow->src, flow->dst, 16) && memcmp(flow->src, zero, 16))
		notes->same++;
	if (!bytes && !packets) {
		notes->empty++;
	} else if (bytes < 20 * packets && flow->bytes_size == 4) {
		notes->wrapped++;
		if (options->repair_wraps) {
			notes->repaired++;
			return flow->bytes;
		}
	} else if (bytes < 20 * packets || bytes > 65535 * packets) {
		notes->implausible++;
	} else if (flow->bytes_size > 4 && flow->has_times &&
		   bytes >> 26 > flow->duration_ms + 100ULL) {
		notes->implausible++;
	}
	return bytes;
}

static void add_flow(struct send_tally *tally, const struct send_options *options,
		     const struct send_flow *flow)
{
	uint64_t bytes = scale(options, note(&tally->notes, options, flow));
	uint64_t packets = scale(options, flow->packets);
	uint32_t up = match_up(options, flow);
	uint32_t down = match_down(options, flow);

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

void send_tally_add(struct send_tally *tally, const struct send_options *options,
		    const struct send_datagram *datagram)
{
	uint32_t i;

	if (options->bad != SEND_BAD_NONE) {
		tally->bad++;
		return;
	}
	tally->datagrams++;
	tally->with_templates += datagram->has_templates;
	tally->redefinitions += datagram->is_redefinition;
	tally->options += datagram->options;
	for (i = 0; i < datagram->count; i++)
		add_flow(tally, options, &datagram->flow[i]);
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

static void print_notes(FILE *to, const struct send_notes *notes)
{
	fprintf(to, "\"notes\":{\"wrapped\":%" PRIu64 ",\"repaired\":%" PRIu64, notes->wrapped,
		notes->repaired);
	fprintf(to, ",\"empty\":%" PRIu64 ",\"same\":%" PRIu64 ",\"implausible\":%" PRIu64 "}",
		notes->empty, notes->same, notes->implausible);
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
	fputc(',', to);
	print_notes(to, &tally->notes);
	fprintf(to,
		",\"with_templates\":%" PRIu64 ",\"redefinitions\":%" PRIu64
		",\"options\":%" PRIu64,
		tally->with_templates, tally->redefinitions, tally->options);
	fprintf(to,
		",\"left_out\":{\"datagrams\":%" PRIu64 ",\"units\":%" PRIu64 "},\"twice\":%" PRIu64
		",\"swapped\":%" PRIu64 ",\"next_sequence\":%u}\n",
		tally->left_out_datagrams, tally->left_out_units, tally->twice, tally->swapped,
		next_sequence);
}
