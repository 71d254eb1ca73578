/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a frame's records and their addresses stand: for scramble.bpf.c, by bench_xdp.c. */
#ifndef NFM_BENCH_FRAME_SHAPE_H
#define NFM_BENCH_FRAME_SHAPE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

struct frame_shape {
	__u32 customers;
	__u32 spread;  /* odd: customer i is host i × spread of the net */
	__u32 records; /* of a frame */
	__u32 first;   /* offset of the first record in the frame */
	__u32 record;  /* bytes */
	/* offsets in a record */
	__u32 src;
	__u32 dst;
	__u32 post_src;
	__u32 post_dst; /* 0: there are no addresses after NAT */
	__u32 nat;	/* they differ: downloads come to the router's own address */
	__u32 v6;
};

#endif
