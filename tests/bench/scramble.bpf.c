// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic for the bench: gives every record of a NetFlow v5 frame new addresses, one side a random
 * customer and the other a random address that is none, then calls the program under test. Timed
 * alone, it says what has to be subtracted.
 */
#define BPF_NO_PRESERVE_ACCESS_INDEX
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi/wire.h"

#define FIRST_RECORD (14U + 20U + 8U + 24U) /* Ethernet, IPv4, UDP, header of v5 */
#define RECORD 48U
#define MOST_RECORDS 30U
#define NET 0x0a000000U /* customers are hosts of 10.0.0.0/8 */
#define NET_MASK 0xff000000U
#define NET_BIT 0x01000000U

const volatile __u32 bench_customers = 1000;
const volatile __u32 bench_records = MOST_RECORDS;
const volatile __u32 bench_spread = 1; /* odd: customer i is host i × spread of the net */

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

static __always_inline void scramble_records(struct xdp_md *md)
{
	const __u8 *end = (const void *)(long)md->data_end;
	__u8 *at = (__u8 *)(long)md->data + FIRST_RECORD;
	__u32 zero = 0;
	__u64 *state = bpf_map_lookup_elem(&bench_state, &zero);
	__u64 x;
	__u32 i;

	if (!state)
		return;
	x = *state;
	for (i = 0; i < MOST_RECORDS && i < bench_records; i++) {
		struct nfm_wire_record *wire = (void *)at;
		__u32 customer;
		__u32 remote;
		__u32 swap;

		if ((const __u8 *)(wire + 1) > end)
			break;
		x = next_random(x);
		customer = (__u32)((x >> 40) * bench_customers >> 24);
		customer = NET | (customer * bench_spread & ~NET_MASK);
		remote = (__u32)x;
		if ((remote & NET_MASK) == NET)
			remote ^= NET_BIT;
		/* without a branch: nothing here may teach or spoil the branch predictor */
		swap = (customer ^ remote) & -(__u32)(x >> 32 & 1);
		wire->src_be = bpf_htonl(customer ^ swap);
		wire->dst_be = bpf_htonl(remote ^ swap);
		at += RECORD;
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
