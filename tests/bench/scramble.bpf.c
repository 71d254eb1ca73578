// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic for the bench: gives every record of a NetFlow frame new addresses, one side a random
 * customer and the other a random address that is none, then calls the program under test. Timed
 * alone, it says what has to be subtracted. Where the addresses stand, the loader says.
 */
#define BPF_NO_PRESERVE_ACCESS_INDEX
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "frame_shape.h"

#define MOST_RECORDS 30U
#define NET 0x0a000000U /* customers are hosts of 10.0.0.0/8, or /56 of 2001:db8::/32 */
#define NET_MASK 0xff000000U
#define NET_BIT 0x01000000U
#define WAN 0xc6336401U /* nobody's: what the world sees of customers behind NAT */
#define NET6 0x20010db8U
#define REMOTE6 0x2a020000U

const volatile struct frame_shape bench_shape = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} bench_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} bench_target SEC(".maps");

static __always_inline __u64 next_random(__u64 x)
{
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static __always_inline void put(__u8 *at, __u32 word)
{
	*(__u32 *)at = bpf_htonl(word);
}

/*
 * Without a branch: nothing here may teach or spoil the branch predictor. `down`: all bits set if
 * the customer is the destination.
 */
static __always_inline void put_v4(__u8 *at, __u32 customer, __u32 remote, __u32 down)
{
	__u32 swap = (customer ^ remote) & down;
	__u32 src = customer ^ swap, dst = remote ^ swap;
	__u32 raw_dst = dst, post_src = src;

	if (bench_shape.nat) {
		raw_dst = dst ^ ((dst ^ WAN) & down);
		post_src = src ^ ((src ^ WAN) & ~down);
	}
	put(at + bench_shape.src, src);
	put(at + bench_shape.dst, raw_dst);
	if (bench_shape.post_dst) {
		put(at + bench_shape.post_src, post_src);
		put(at + bench_shape.post_dst, dst);
	}
}

static __always_inline void put_v6(__u8 *at, __u32 customer, __u64 x, __u32 down)
{
	const __u32 own[4] = { NET6, customer << 8, (__u32)x, (__u32)x + 1 };
	const __u32 other[4] = { REMOTE6 | (x & 0xffff), (__u32)(x >> 16), 0, (__u32)(x >> 24) };
	__u32 i;

	for (i = 0; i < 4; i++) {
		__u32 swap = (own[i] ^ other[i]) & down;

		put(at + bench_shape.src + 4 * i, own[i] ^ swap);
		put(at + bench_shape.dst + 4 * i, other[i] ^ swap);
	}
}

static __always_inline void scramble_records(struct xdp_md *md)
{
	const __u8 *end = (const void *)(long)md->data_end;
	__u8 *at = (__u8 *)(long)md->data + bench_shape.first;
	__u32 zero = 0;
	__u64 *state = bpf_map_lookup_elem(&bench_state, &zero);
	__u64 x;
	__u32 i;

	if (!state)
		return;
	x = *state;
	for (i = 0; i < MOST_RECORDS && i < bench_shape.records; i++) {
		__u32 customer, remote, down;

		if (at + bench_shape.record > end)
			break;
		x = next_random(x);
		customer = (__u32)((x >> 40) * bench_shape.customers >> 24);
		customer = customer * bench_shape.spread & ~NET_MASK;
		remote = (__u32)x;
		if ((remote & NET_MASK) == NET)
			remote ^= NET_BIT;
		down = -(__u32)(x >> 32 & 1);
		if (bench_shape.v6)
			put_v6(at, customer, x, down);
		else
			put_v4(at, NET | customer, remote, down);
		at += bench_shape.record;
	}
	*state = x;
}

SEC("xdp")
int scramble(struct xdp_md *md)
{
	scramble_records(md);
	bpf_tail_call(md, &bench_target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int scramble_alone(struct xdp_md *md)
{
	scramble_records(md);
	return XDP_DROP;
}

char bench_license[] SEC("license") = "GPL";
