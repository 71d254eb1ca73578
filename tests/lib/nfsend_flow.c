// SPDX-License-Identifier: GPL-2.0-only
/* Flows out of a seed: customers' and others', with NAT, with counters that wrapped, and odd ones.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/cleanup.h"
#include "nfsend.h"

#define REMOTE4_BASE 0xc6120000U /* 198.18.0.0/15: benchmarks' own, no customer's */
#define REMOTE4_MASK 0x0001ffffU
#define REMOTE6_HIGH 0x2001000200000000ULL /* 2001:2::/48: the same */
#define UNKNOWN4_BASE 0x64600000U	   /* 100.96.0.0/16: behind the NAT, and no customer's */
#define UNKNOWN4_MASK 0x0000ffffU
#define UNKNOWN6_HIGH 0xfd00020000000000ULL
#define TRIES 16U

static void put_halves(uint8_t *to, uint64_t high, uint64_t low)
{
	uint32_t word_be[4] = { htonl(high >> 32), htonl((uint32_t)high), htonl(low >> 32),
				htonl((uint32_t)low) };

	memcpy(to, word_be, 16);
}

static void remote_address(struct send_builder *builder, uint8_t family, uint8_t *to)
{
	uint64_t random = send_random(&builder->random);

	if (family == 4)
		put_halves(to, (uint64_t)(REMOTE4_BASE | (random & REMOTE4_MASK)) << 32, 0);
	else
		put_halves(to, REMOTE6_HIGH | (random & 0xffff), random);
}

/* Somebody behind the NAT whom nobody meters. */
static void unknown_address(struct send_builder *builder, uint8_t family, uint8_t *to)
{
	uint64_t random = send_random(&builder->random);

	if (family == 4)
		put_halves(to, (uint64_t)(UNKNOWN4_BASE | (random & UNKNOWN4_MASK)) << 32, 0);
	else
		put_halves(to, UNKNOWN6_HIGH | (random & 0xffff), random);
}

/* A customer of this family by chance; NULL if chance does not find one. */
static const struct send_customer *choose_customer(struct send_builder *builder, uint8_t family)
{
	const struct send_options *options = builder->options;
	uint32_t i;

	for (i = 0; i < TRIES && options->customer_count; i++) {
		const struct send_customer *customer =
			&options->customer[send_random(&builder->random) % options->customer_count];

		if (customer->family == family)
			return customer;
	}
	return NULL;
}

static void customer_address(struct send_builder *builder, uint8_t family, uint8_t *to)
{
	const struct send_customer *customer = choose_customer(builder, family);
	uint64_t high, low;

	if (!customer) {
		remote_address(builder, family, to);
		return;
	}
	high = customer->half[0] | (send_random(&builder->random) & ~customer->mask[0]);
	low = customer->half[1];
	if (family == 4)
		high &= 0xffffffff00000000ULL;
	else
		low |= send_random(&builder->random) & ~customer->mask[1];
	put_halves(to, high, low);
}

/*
 * What the router's NAT makes of it: an upload keeps its inside source and is sent on from the
 * router's address, a download is to the router's address and is sent on to the inside host.
 */
static void translate(struct send_builder *builder, bool src_inside, bool dst_inside,
		      struct send_flow *flow)
{
	const uint8_t *wan = builder->options->nat;

	if (!builder->options->nat_family || builder->options->nat_family != flow->family)
		return;
	if (!src_inside && !dst_inside) { /* of no customer: often somebody inside, too */
		uint64_t random = send_random(&builder->random);

		src_inside = random % 4 == 0;
		dst_inside = random % 4 == 1;
		if (src_inside)
			unknown_address(builder, flow->family, flow->src);
		if (dst_inside)
			unknown_address(builder, flow->family, flow->post_dst);
	} /* who is inside on both sides needs no NAT */
	if (src_inside && !dst_inside)
		memcpy(flow->post_src, wan, 16);
	if (dst_inside && !src_inside)
		memcpy(flow->dst, wan, 16);
}

/* Two in five each up and down, the rest local and unmatched in equal parts. */
static void random_addresses(struct send_builder *builder, struct send_flow *flow)
{
	uint32_t kind = send_random(&builder->random) % 10;
	bool src_is_customer = kind < 4 || kind == 8;
	bool dst_is_customer = (kind >= 4 && kind < 8) || kind == 8;

	if (src_is_customer)
		customer_address(builder, flow->family, flow->src);
	else
		remote_address(builder, flow->family, flow->src);
	if (dst_is_customer)
		customer_address(builder, flow->family, flow->post_dst);
	else
		remote_address(builder, flow->family, flow->post_dst);
	if (!memcmp(flow->src, flow->post_dst, 16)) { /* would be odd: see make_odd() */
		remote_address(builder, flow->family, flow->post_dst);
		dst_is_customer = false;
	}
	memcpy(flow->dst, flow->post_dst, 16);
	memcpy(flow->post_src, flow->src, 16);
	translate(builder, src_is_customer, dst_is_customer, flow);
}

static void random_counters(struct send_builder *builder, struct send_flow *flow)
{
	uint32_t bits = flow->bytes_size * 8U;
	uint64_t most = 1ULL << (bits < 36 ? bits : 36);

	flow->bytes = 40 + send_random(&builder->random) % 100000;
	if (send_random(&builder->random) % 16 == 0) /* sums beyond 32 bits */
		flow->bytes = 40 + send_random(&builder->random) % (most - 40);
	flow->packets = 1 + flow->bytes / (40 + send_random(&builder->random) % 1460);
}

/*
 * One or two wraps of a 32-bit counter that are certain (less than 20 bytes a packet are left), and
 * of which the packets say how many they were: at most 1,500 bytes each, on average over 1,100.
 */
static void make_wrapped(struct send_builder *builder, struct send_flow *flow)
{
	uint64_t wraps = 1 + send_random(&builder->random) % 2;

	flow->bytes = (wraps << 32) + send_random(&builder->random) % 50000000;
	flow->packets = 1 + flow->bytes / (1100 + send_random(&builder->random) % 400);
}

/* What cannot be, one kind after the other: a meter counts it as it is sent, and says so. */
static void make_odd(struct send_builder *builder, uint64_t turn, struct send_flow *flow)
{
	bool is_wide = flow->bytes_size > 4;

	switch (turn % 5) {
	case 0: /* empty */
		flow->bytes = 0;
		flow->packets = 0;
		break;
	case 1: /* no destination of its own */
		memcpy(flow->dst, flow->src, 16);
		memcpy(flow->post_dst, flow->src, 16);
		memcpy(flow->post_src, flow->src, 16);
		break;
	case 2: /* larger packets than there are */
		flow->packets = 1;
		flow->bytes = 65536 + send_random(&builder->random) % 100000;
		break;
	case 3: /* faster than any link, of packets of a usual size */
		if (!is_wide || !flow->has_times)
			break;
		flow->bytes = (1ULL << 40) + send_random(&builder->random) % 1000000;
		flow->packets = flow->bytes / 1000;
		flow->duration_ms = 10;
		break;
	case 4: /* smaller packets than there are; in 32 bits that is a wrap */
		if (flow->bytes_size == 4)
			break;
		flow->bytes = 1000;
		flow->packets = 51;
		break;
	}
}

void send_random_flow(struct send_builder *builder, const struct send_form *form,
		      struct send_flow *flow)
{
	const struct send_options *options = builder->options;
	uint64_t number = builder->flows++;
	uint32_t wire_bits = form->bytes_size * 8U;

	*flow = (struct send_flow){
		.family = form->family,
		.bytes_size = form->bytes_size,
		.has_post = form->has_post,
		.has_times = form->has_times,
	};
	random_addresses(builder, flow);
	random_counters(builder, flow);
	flow->age_ms = send_random(&builder->random) % 1000;
	flow->duration_ms = 1000 + send_random(&builder->random) % 59000;
	if (options->duration_ms) {
		flow->age_ms = options->age_ms;
		flow->duration_ms = options->duration_ms;
	}
	if (options->bytes) {
		flow->bytes = options->bytes;
		flow->packets = options->bytes / 1000 + 1;
	}
	if (options->wrap_every && number % options->wrap_every == 0 && form->bytes_size == 4)
		make_wrapped(builder, flow);
	else if (options->odd_every && number % options->odd_every == 0)
		make_odd(builder, number / options->odd_every, flow);
	flow->wire_bytes = flow->bytes;
	if (wire_bits < 64)
		flow->wire_bytes &= (1ULL << wire_bits) - 1;
}
