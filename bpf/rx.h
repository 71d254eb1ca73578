/* SPDX-License-Identifier: GPL-2.0-only */
/* One packet on its way through the stages, and what a stage may answer. */
#ifndef NFM_RX_H
#define NFM_RX_H

#define NFM_INLINE static __always_inline

/* A stage's answer: go on, or the packet is none of ours, or one reason of reasons.h (≥ 0). */
#define NFM_CONTINUE (-1)
#define NFM_NOT_OURS (-2)

/* The parts of the table that the passes reach by address alone. */
struct nfm_view {
	struct nfm_row *rows;	      /* this CPU's column in the open bank */
	const struct nfm_page *pages; /* the stride table */
};

/* Small: with what its callees need it has to fit 512 bytes of stack (scripts/check-stack). */
struct nfm_rx {
	struct xdp_md *md;
	const struct nfm_ctl *ctl;
	const __u8 *payload; /* UDP payload, within the packet */
	const void *end;     /* of the packet */
	__u32 offset;	     /* of the payload in the packet */
	__u32 length;	     /* of the payload, by the UDP header */
	struct nfm_addr source;
	__u16 source_port_be;
	__u8 fragment;	   /* a first fragment: the rest of the datagram is elsewhere */
	__u8 admitted;
	__u32 column;	   /* this CPU's */
	__u32 rows;	   /* entry of nfm_rows: its column in the open bank */
	__u32 count;	   /* records, by the decoder */
	struct nfm_view view;
	__u64 now_ns;
	/* of struct nfm_admission */
	__u32 exporter;
	__u32 sampling_num;
	__u32 sampling_den;
	/* by the decoder */
	__u16 disarmed;	 /* slot + 1 of a stream that this datagram disarmed */
	__u16 rejected;	 /* records of a datagram that is rejected: those that it holds */
	__u32 version;
	__u32 sequence;
	__u32 domain;
	__u32 uptime_ms;
	__u32 unix_s;
	__u32 walk_bytes; /* of the payload that are sets and header: IPFIX says so itself */
};

/*
 * An index below `limit`; one that is not (there is none) becomes 0. In assembly, because clang
 * may compute an address before the check that bounds it, which the verifier does not accept.
 */
NFM_INLINE __u64 bounded(__u64 index, __u64 limit)
{
	__asm__ volatile("if %[index] < %[limit] goto +1\n"
			 "%[index] = 0"
			 : [index] "+r"(index)
			 : [limit] "r"(limit));
	return index;
}

/* Frames longer than this are handed over: offsets are masked, to give the verifier a bound. */
#define NFM_WALK_MOST 0x3fffU

/*
 * `size` bytes at an offset in the packet, whose ends `data` and `end` are at hand; the function
 * ends with 1 where there is nothing.
 */
#define NFM_RECORD_AT(offset, size)                                                               \
	({                                                                                        \
		__u32 offset_ = (offset);                                                         \
		const __u8 *at_;                                                                  \
                                                                                                  \
		__asm__ volatile("" : "+r"(offset_));                                             \
		offset_ &= NFM_WALK_MOST;                                                         \
		__asm__ volatile("" : "+r"(offset_));                                             \
		at_ = data + offset_;                                                             \
		if ((const void *)(at_ + (size)) > end)                                           \
			return 1;                                                                 \
		(const void *)at_;                                                                \
	})

#define nfm_barrier() __asm__ volatile("" : : : "memory")

#endif
