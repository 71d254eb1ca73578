/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map of the datapath: what it is for, who writes it, who reads it, why this size.
 * The sizes here are the defaults that `ip link … xdp obj` gets; the agent sets its own before
 * it loads. Those in NFM_TABLE_PARTS (user/table/table.h) make up the table.
 */
#ifndef NFM_MAPS_H
#define NFM_MAPS_H

#include "abi/layout.h"

#define BPF_F_MMAPABLE 0x400U
#define BPF_F_NO_PREALLOC 0x1U

#ifndef NFM_DEFAULT_COLUMNS
#define NFM_DEFAULT_COLUMNS 9U /* 8 CPUs and the agent: what `ip link` loads, 80 MiB of rows */
#endif
#ifndef NFM_DEFAULT_CAPACITY
#define NFM_DEFAULT_CAPACITY 65536U
#endif
#define NFM_DEFAULT_EXPORTERS 1024U
#define NFM_DEFAULT_PAGES 33280U
#define NFM_DEFAULT_STREAMS 4096U
#define NFM_DEFAULT_SEQLOG 65536U
#define NFM_DEFAULT_WAITING 4096U /* pages: 16 MiB */
#define NFM_DEFAULT_EARLIER 8U /* slots of 300 s: 160 MiB */
#define NFM_DEFAULT_ROWS (NFM_DEFAULT_CAPACITY + NFM_ROW_FIRST) /* of customers */
#define NFM_DEFAULT_STRIDE (NFM_DEFAULT_ROWS + 2 * NFM_DEFAULT_EXPORTERS + NFM_REASON_ROWS)
#define NFM_PUNT_RING_SIZE (16U << 20)

/* The table's sizes: constants for the verifier once loaded, and how an agent knows the maps. */
const volatile struct nfm_geometry nfm_geometry = {
	.magic = NFM_ABI_MAGIC,
	.abi_version = NFM_ABI_VERSION,
	.columns = NFM_DEFAULT_COLUMNS,
	.capacity = NFM_DEFAULT_ROWS,
	.exporters = NFM_DEFAULT_EXPORTERS,
	.stride = NFM_DEFAULT_STRIDE,
	.pages = NFM_DEFAULT_PAGES,
	.prefixes = 2 * NFM_DEFAULT_CAPACITY,
	.streams = NFM_DEFAULT_STREAMS,
	.seqlog_entries = NFM_DEFAULT_SEQLOG,
	.waiting_pages = NFM_DEFAULT_WAITING,
	.earlier_slots = NFM_DEFAULT_EARLIER,
};

#define NFM_ARRAY(name, element, entries)                                                         \
	struct {                                                                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                 \
		__uint(map_flags, BPF_F_MMAPABLE);                                                \
		__uint(max_entries, entries);                                                     \
		__type(key, __u32);                                                               \
		__type(value, element);                                                           \
	} name SEC(".maps")

/*
 * As NFM_ARRAY, but `elements` of them in each entry, which one lookup gives: the datapath then
 * reaches a row or a page by address alone. In memory it is the same. Such large values need
 * kernel 6.0; an entry may have 512 MiB at most, which the verifier can still address.
 */
#define NFM_WHOLE_ARRAY(name, element, elements, entries)                                         \
	struct {                                                                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                 \
		__uint(map_flags, BPF_F_MMAPABLE);                                                \
		__uint(max_entries, entries);                                                     \
		__uint(key_size, sizeof(__u32));                                                  \
		__uint(value_size, sizeof(element) * (elements));                                 \
	} name SEC(".maps")

/* What the agent tells the datapath, and the table's own account. Written by the agent. */
NFM_ARRAY(nfm_ctl, struct nfm_ctl, 1);

/*
 * The counters: columns of rows in two banks, then the base columns (abi.h). Each CPU writes its
 * own column, the agent the last one and the bases; everybody reads.
 */
NFM_WHOLE_ARRAY(nfm_rows, struct nfm_row, NFM_DEFAULT_STRIDE, 2 * NFM_DEFAULT_COLUMNS + 2);

/*
 * Bytes of the rows that were sent in an earlier slot: the same columns, with rows of four slots
 * each. Writers and readers as of the rows.
 */
NFM_WHOLE_ARRAY(nfm_earlier, struct nfm_row,
		NFM_DEFAULT_ROWS *(NFM_DEFAULT_EARLIER / NFM_EARLIER_PER_ROW),
		2 * NFM_DEFAULT_COLUMNS + 2);

/* The stride table: address → row. Written by the agent. A page for each /24 that has hosts. */
NFM_WHOLE_ARRAY(nfm_pages, struct nfm_page, NFM_DEFAULT_PAGES, 1);

/* Sequence of each datagram, newest over oldest. Each CPU writes its column, the agent reads. */
NFM_ARRAY(nfm_seqlog, struct nfm_seqlog,
	  NFM_DEFAULT_COLUMNS *(NFM_DEFAULT_SEQLOG + NFM_SEQLOG_HEAD));

/*
 * The following parts of the table are the agent's and the CLI's; they stand in maps so that
 * the pinned maps alone say what the counters mean.
 */
NFM_ARRAY(nfm_names, struct nfm_name, NFM_DEFAULT_ROWS);
NFM_ARRAY(nfm_prefixes, struct nfm_prefix, 2 * NFM_DEFAULT_CAPACITY);
NFM_ARRAY(nfm_exporters, struct nfm_exporter, NFM_DEFAULT_EXPORTERS);
NFM_ARRAY(nfm_streams, struct nfm_stream, NFM_DEFAULT_STREAMS);
NFM_ARRAY(nfm_refused, struct nfm_refused, NFM_REFUSED_ENTRIES);
NFM_ARRAY(nfm_journal, struct nfm_journal, 1);

/* Sets that wait for their template, so that they outlive the agent: user/table/waiting.h. */
NFM_ARRAY(nfm_waiting, struct nfm_waiting_page, NFM_DEFAULT_WAITING);

/* Templates, compiled: see layout.h. Written by the agent, but for three words of a slot. */
NFM_ARRAY(nfm_templates, struct nfm_template_pool, 1);

/* Who may send: source address → exporter's row and sampling. Written by the agent. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NFM_DEFAULT_EXPORTERS);
	__type(key, struct nfm_addr);
	__type(value, struct nfm_admission);
} nfm_admission SEC(".maps");

/*
 * Who was refused, so that the operator can add it. Written by the datapath, each CPU its own
 * value; the least recently seen source makes room: a flood of forged ones cannot grow it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, NFM_REFUSED_ENTRIES);
	__type(key, struct nfm_addr);
	__type(value, struct nfm_refusal);
} nfm_refusals SEC(".maps");

/* Whole datagrams that the agent has to decide. 16 MiB hold 8,000 of them while it is away. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NFM_PUNT_RING_SIZE);
} nfm_punts SEC(".maps");

/*
 * Where a walk over the sets of a datagram is. Not on the stack: what the verifier reads back from
 * a map it knows nothing of, so that the walk's callbacks look the same to it at every turn.
 */
struct nfm_walk_state {
	__u64 now_ns;
	struct nfm_batch_sum sum;
	__u64 hash; /* of the options data under way */
	struct nfm_template_key key;
	__u32 slot; /* of the set or template under way */
	__u32 at;   /* of the next set, in the packet */
	__u32 end;  /* of the datagram */
	__u32 record_at;
	__u32 set_end;
	int answer; /* NFM_CONTINUE, or why the agent has to take the datagram */
	__u32 count;
	__u32 records; /* of the set under way */
	__u32 post_src_at; /* its layout's; without NAT the address itself */
	__u32 post_dst_at;
	__u32 has_v6;
	__u32 has_alt;
	__u32 sampling_num; /* of the exporter, as configured; 0: what was announced */
	__u32 sampling_den;
	__u32 num; /* of the set under way */
	__u32 den;
	__u32 options;	/* the set under way has options templates */
	__u32 differs;	/* the template under way, from what is installed */
	__u32 disarmed; /* slot + 1 of the stream, if this datagram did */
	__u32 watch;	/* templates are looked at, data are not: this CPU has no column */
	/* of the set under way: how its times become ages, and where they end in a record */
	struct nfm_times times;
	__u64 late_from; /* in units of the times: what is older may be before the slot */
	__u32 first_end;
	__u32 last_end;
	__u32 times_cut;
	__u32 spans; /* flows whose span is known */
	__u32 ipfix;
	__u32 uptime_ms; /* of the datagram */
	__u32 unix_s;
};

/* Where pass 6 is; here for the same reason. */
struct nfm_spread_state {
	struct nfm_slots slots;
	struct nfm_spread flow; /* under way */
	__u32 earlier;		/* flows with bytes in earlier slots */
	__u32 oldest;		/* some of whose bytes are older than all slots */
};

/*
 * Each CPU's batch: too large for the stack; and what passes 2 to 5 have to know of its datagram,
 * which they read from here: see passes.h.
 */
struct nfm_scratch {
	__u32 count; /* flows */
	__u32 rows;  /* entry of nfm_rows: this CPU's column in the open bank */
	__u32 column;
	__u32 exporter;
	__u32 divide_by; /* of a sampling that is a fraction, not divided by yet; else 1 */
	__u32 has_v6;	 /* some flows are of family 6 */
	__u32 has_alt;	 /* some flows have other addresses */
	__u32 version;
	struct nfm_batch_sum sum;
	__u64 now_ns;
	__u32 domain;
	__u32 sequence;
	__u32 uptime_ms;
	__u32 unix_s;
	__u32 kinds; /* of the flows' leaves */
	__u32 tick_count; /* datagrams since the coarse clock's last tick */
	__u64 tick_ns;
	__s64 elapsed_ms; /* since the open slot began: see earlier.h */
	__u64 late;	  /* sign bit: some flow began before that */
	__u32 spans;	  /* flows whose span is known, the others are not late */
	__u32 fixed_at;	  /* v1, v5, v7: of the first record in the packet */
	__u32 fixed_bytes; /* of a record */
	__u32 reserved[5];
	struct nfm_flow flow[NFM_KERNEL_BATCH];
	struct nfm_alt alt[NFM_KERNEL_BATCH]; /* of flows that have one */
	struct nfm_span span[NFM_KERNEL_BATCH];
	struct nfm_walk_state walk;
	struct nfm_spread_state spread;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nfm_scratch);
} nfm_scratch SEC(".maps");

/*
 * A program keeps only the maps that its instructions name, and an agent finds its table by the
 * program's map ids: this names those that the datapath does not use. It never runs.
 */
static __always_inline int nfm_hold_maps(void)
{
	__u32 zero = 0;
	const void *held;

#define NFM_HOLD(map)                                                                             \
	held = bpf_map_lookup_elem(&map, &zero);                                                  \
	__asm__ volatile("" : : "r"(held));
	NFM_HOLD(nfm_names)
	NFM_HOLD(nfm_prefixes)
	NFM_HOLD(nfm_exporters)
	NFM_HOLD(nfm_streams)
	NFM_HOLD(nfm_refused)
	NFM_HOLD(nfm_journal)
	NFM_HOLD(nfm_waiting)
	NFM_HOLD(nfm_earlier)
	NFM_HOLD(nfm_templates)
#undef NFM_HOLD
	return XDP_PASS;
}

#endif
