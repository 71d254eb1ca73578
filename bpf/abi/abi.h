/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the datapath, the agent and the CLI share: the table's memory, in host byte order,
 * fixed widths only. Every structure that lives in a map (or in the table file of socket
 * mode) is here and nowhere else; a change of any of them changes NFM_ABI_VERSION.
 */
#ifndef NFM_ABI_H
#define NFM_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#include <stddef.h>
#else
#undef offsetof /* libbpf's is no constant expression */
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#define NFM_ABI_MAGIC 0x314d464eU /* "NFM1" read as a little-endian word */
#ifndef NFM_ABI_VERSION /* a build of its own says another one: to test upgrades */
#define NFM_ABI_VERSION 3U
#endif

#define NFM_DEFAULT_PORT 9995
#define NFM_MAX_PORTS 8U
#define NFM_MAX_LISTEN 16U
#define NFM_MAX_COLUMNS 256U	  /* CPU columns and the agent's */
#define NFM_BANKS 2U
#define NFM_REASON_ROWS 64U
#define NFM_REFUSED_ENTRIES 1024U
/*
 * Rows that a datagram can touch: two for each of 4,096 records, 64 reasons, a few, and the notes
 * of up to 1,600 exporters whose waiting sets make room for its own; what is left is for earlier
 * slots, and if that does not do, bytes stay where they were reported (`earlier-room`).
 */
#define NFM_JOURNAL_ENTRIES 16320U
#define NFM_JOURNAL_OTHERS 1728U /* of these, for reasons and notes */
#define NFM_WAITING_PAGE 4096U	  /* unit of the waiting room's size, bytes */

/* Rows of the customers' section that are no customers. */
#define NFM_ROW_UNMATCHED 0U
#define NFM_ROW_LOCAL 1U
#define NFM_ROW_FIRST 2U

/**
 * An IP address; IPv4 is written as ::ffff:a.b.c.d, so that one key serves both families.
 */
struct nfm_addr {
	union {
		__u8 byte[16];
		__u32 word_be[4];
		__u64 half_be[2];
	};
};

/**
 * One cache line of counters. Word NFM_WORD_LAST_SEEN is a time (CLOCK_MONOTONIC, coarse)
 * and merges by maximum; all other words only grow and merge by sum. A column holds four
 * sections of rows: customers [0, capacity), exporters, reasons, and the exporters' notes.
 */
struct nfm_row {
	union {
		__u64 word[8];
		struct { /* a customer; `unmatched` and `local` use the up half */
			__u64 up_bytes;
			__u64 up_packets;
			__u64 up_flows;
			__u64 down_bytes;
			__u64 down_packets;
			__u64 down_flows;
			__u64 last_seen_ns;
			__u64 spare;
		};
		struct { /* of the `earlier` part: bytes of four earlier slots; no time in it */
			__u64 up_bytes;
			__u64 down_bytes;
		} slot[4];
		struct { /* an exporter: what was counted, and what was not */
			__u64 bytes;
			__u64 packets;
			__u64 records;
			__u64 datagrams;
			__u64 rejected_records;
			__u64 rejected_datagrams;
			__u64 seen_ns;
			__u64 spare;
		} exporter;
		struct { /* a reason */
			__u64 datagrams;
			__u64 records;
			__u64 bytes; /* of sets that were given up */
			__u64 unused[3];
			__u64 seen_ns;
			__u64 spare;
		} reason;
		struct { /* an exporter's notes: records counted with a remark, and others */
			__u64 wrapped;	   /* 32-bit byte counters that certainly wrapped */
			__u64 repaired;	   /* of these, repaired */
			__u64 empty;	   /* zero packets and zero bytes */
			__u64 same;	   /* destination equal to source */
			__u64 implausible; /* rates or sizes that cannot be */
			__u64 options;	   /* options records */
			__u64 seen_ns;
			__u64 given_up; /* sets whose template did not come */
		} notes;
	};
} __attribute__((aligned(64)));

#define NFM_ROW_WORDS 8U
#define NFM_ROW_DOWN 3U /* first word of the down half */
#define NFM_WORD_LAST_SEEN 6U

/* Word of an earlier slot in its row: 1 is the slot before the one in which the interval began. */
#define NFM_EARLIER_WORD(back) (((back) - 1U) % NFM_EARLIER_PER_ROW * 2U)

/**
 * The sizes of a table; in the datapath's .rodata and at the head of a table file.
 * Row index: see nfm_row_index().
 */
struct nfm_geometry {
	__u32 magic;
	__u32 abi_version;
	__u32 columns;	      /* CPU columns, then the agent's: the last */
	__u32 capacity;	      /* customer rows of a column, `unmatched` and `local` included */
	__u32 exporters;      /* exporter rows of a column */
	__u32 stride;	      /* rows of a column: capacity + 2 × exporters + NFM_REASON_ROWS */
	__u32 pages;	      /* pages of the stride table, its 512 root pages included */
	__u32 prefixes;	      /* entries of the prefix list */
	__u32 streams;	      /* entries of the stream list */
	__u32 seqlog_entries; /* entries of one column of the sequence log, a power of two */
	__u32 waiting_pages;  /* the room for sets that wait for their template */
	__u32 earlier_slots;  /* slots before the open one: a multiple of 4; 0: none are kept */
	__u32 build[2];	      /* of the program: hash of its object; 0: loaded by hand */
	__u32 reserved[2];
};

/* Slots of one row of the `earlier` part, and rows of a customer there. */
#define NFM_EARLIER_PER_ROW 4U

static inline __attribute__((always_inline)) __u32
nfm_earlier_rows(const struct nfm_geometry *geometry)
{
	return geometry->earlier_slots / NFM_EARLIER_PER_ROW;
}

/* Index of a row: two banks of columns, then one base column for each bank. */
static inline __attribute__((always_inline)) __u32
nfm_row_index(const struct nfm_geometry *geometry, __u32 bank, __u32 column, __u32 row)
{
	return (bank * geometry->columns + column) * geometry->stride + row;
}

static inline __attribute__((always_inline)) __u32
nfm_base_index(const struct nfm_geometry *geometry, __u32 bank, __u32 row)
{
	return (NFM_BANKS * geometry->columns + bank) * geometry->stride + row;
}

/* The same in the `earlier` part, whose columns have nfm_earlier_rows() for each customer row. */
static inline __attribute__((always_inline)) __u64
nfm_earlier_index(const struct nfm_geometry *geometry, __u32 column, __u32 row)
{
	return ((__u64)column * geometry->capacity + row) * nfm_earlier_rows(geometry);
}

#define NFM_CTL_TEE 0x1U	   /* pass every packet on after counting it */
#define NFM_CTL_ANY_EXPORTER 0x2U  /* an unknown source is handed over, to be added */
#define NFM_CTL_REFUSE 0x4U	   /* an unknown source is refused */

#define NFM_GAPS 8U

/** Time in which nobody counted: socket mode without an agent. Of too many, the last one grows. */
struct nfm_gap {
	__u64 from_unix_ns;
	__u64 to_unix_ns;
};

/**
 * The table's control block: one writer, the agent. While `magic` is 0 no agent has set the
 * table up: the datapath then hands every datagram over, so that it waits in the ring.
 */
struct nfm_ctl {
	/* read by the datapath for every datagram */
	__u32 magic;
	__u32 flags;	       /* NFM_CTL_… */
	__u64 epoch;	       /* the open interval; its bank is epoch & 1 */
	__u16 ports_be[NFM_MAX_PORTS]; /* UDP destination ports; all 0: NFM_DEFAULT_PORT */
	__u32 listen_count;    /* 0: any destination address */
	/* the slot in which each bank's interval began: what is older belongs to an earlier one */
	__u32 slot_ms[NFM_BANKS];
	__u32 writer_pid;      /* of the agent that has claimed the table; it may have ended */
	__u64 slot_start_ns[NFM_BANKS]; /* CLOCK_MONOTONIC; 0: nothing is earlier */
	struct nfm_addr listen[NFM_MAX_LISTEN];

	/* read by the agent and the CLI */
	__u8 identity[16];	     /* random; a new table has a new one */
	__u64 created_unix_ns;	     /* when the table was made */
	__u64 committed;	     /* the newest epoch whose interval is closed for good */
	__u64 from_unix_ns[NFM_BANKS]; /* start of the interval that each bank counts */
	__u64 registry_generation;   /* odd while names and prefixes change */
	__u32 names;		     /* customer rows in use, NFM_ROW_FIRST included */
	__u32 prefix_count;
	__u32 exporter_count;
	__u32 stream_count;
	__u32 page_count;	     /* pages in use, free ones below it included */
	__u32 customers_full;	     /* customers that found no row */
	__u64 hook_epoch;	     /* the newest epoch that was handed to the hook */
	__u64 hook_failures;
	__u64 seqlog_overruns;	     /* entries that the agent came too late for */
	__u64 interval_s;	     /* as the agent runs it: a reader says `stale` by it */
	__u64 waiting_head;	     /* positions in the waiting room: they only grow */
	__u64 waiting_tail;
	__u64 slot_unix_ns[NFM_BANKS]; /* start of the same slots by the wall clock */
	__u64 alive_unix_ns;	       /* when an agent last was there */
	__u32 gap_count[NFM_BANKS];    /* of each bank's interval */
	__u64 seqlog_tail[NFM_MAX_COLUMNS];
	char last_snapshot[256];     /* path of the newest snapshot file */
	struct nfm_gap gap[NFM_BANKS][NFM_GAPS];
};

#define NFM_NAME_FREE 0U
#define NFM_NAME_LISTED 1U     /* from the customers file */
#define NFM_NAME_DISCOVERED 2U /* first seen in an `auto` range */
#define NFM_NAME_REMOVED 3U    /* no prefix leads here any more; its counts stay */

#define NFM_ID_SIZE 48U	  /* with the terminating NUL */
#define NFM_NAME_SIZE 64U /* with the terminating NUL */

/** Whose row this is; same index as the customer's row. Row 0 and 1 are named, too. */
struct nfm_name {
	__u32 state; /* NFM_NAME_… */
	__u32 first_prefix;
	__u32 prefix_count;
	__u32 reserved;
	char id[NFM_ID_SIZE];
	char name[NFM_NAME_SIZE];
};

/** One prefix of a customer; IPv4 fills the first four bytes. */
struct nfm_prefix {
	__u8 addr[16];
	__u32 row;
	__u8 family; /* 4 or 6 */
	__u8 bits;   /* prefix length in bits of its family */
	__u16 reserved;
};

/* Page of the stride table: see stride.h. */
struct nfm_page {
	__u32 entry[256];
};

#define NFM_EXPORTER_FREE 0U
#define NFM_EXPORTER_LISTED 1U
#define NFM_EXPORTER_DISCOVERED 2U
#define NFM_EXPORTER_REMOVED 3U /* no longer listed; its counts stay */

#define NFM_EXPORTER_TRUST_DATA 0x1U   /* sampling fields in data records are believed */
#define NFM_EXPORTER_NO_NAT 0x2U       /* post-NAT addresses are not looked at */
#define NFM_EXPORTER_REPAIR_WRAPS 0x4U /* certain wraps of 32-bit counters are repaired */

/** An exporter as the agent knows it; same index as its row in the exporters' section. */
struct nfm_exporter {
	struct nfm_addr addr;
	__u32 state;	    /* NFM_EXPORTER_… */
	__u32 sampling_num; /* bytes and packets × num / den; num 0: believe the datagram */
	__u32 sampling_den;
	__u32 flags;	    /* NFM_EXPORTER_…, as configured */
	__u64 units_seen;   /* records that the sequence log has told of: see seqlog */
	__u64 units_unseen; /* records counted in the kernel while the log was overrun */
	char name[48];
	__u64 datagrams_seen; /* the same in datagrams, for streams that count those */
	__u64 datagrams_unseen;
	__u64 reserved[2];
};

/** Value of the datapath's admission map (key: struct nfm_addr). */
struct nfm_admission {
	__u32 exporter; /* row in the exporters' section */
	__u32 sampling_num;
	__u32 sampling_den;
	__u32 reserved;
};

/** A source that was refused: value of the LRU map, and, with the address, of the list. */
struct nfm_refusal {
	__u64 datagrams;
	__u64 last_seen_ns; /* CLOCK_MONOTONIC */
};

struct nfm_refused {
	struct nfm_addr addr;
	struct nfm_refusal refusal;
};

/**
 * One datagram's word on its stream's sequence. Each CPU writes its own column, newest over
 * oldest, and never waits; the agent merges the columns by time and judges loss.
 * Entry 0 of a column is its head (struct nfm_seqlog_head).
 */
struct nfm_seqlog {
	union {
		struct {
			__u64 time_ns;	/* CLOCK_MONOTONIC, coarse */
			__u32 domain;	/* source id; v5: engine type << 8 | engine id */
			__u32 sequence;
			__u32 uptime_ms; /* sysUpTime of the header */
			__u32 unix_s;	/* the header's clock */
			__u16 exporter; /* row */
			__u16 version;
			__u16 units;	/* records of the datagram, options records among them */
			__u16 open;	/* its sets that nobody could decode yet: records more */
		};
		__u64 head; /* entry 0: how many were ever written to this column */
	};
};

/* Entries of a column before its lines: the head's cache line, which no other CPU writes to. */
#define NFM_SEQLOG_HEAD 2U

#define NFM_STREAM_RECENT 64U

#define NFM_UNIT_NONE 0U /* v1 has no sequence */
#define NFM_UNIT_RECORDS 1U
#define NFM_UNIT_DATAGRAMS 2U

/* What a stream's numbers may count; each has its account, and one of them is believed. */
#define NFM_COUNTING_RECORDS 0U	  /* the number is of the datagram's first record */
#define NFM_COUNTING_DATAGRAMS 1U
#define NFM_COUNTING_RECORDS_END 2U /* records, this datagram's among them (softflowd's IPFIX) */
#define NFM_COUNTINGS 3U

/** What came and what did not, if the numbers count in this way. */
struct nfm_account {
	__u64 received;	   /* units, duplicates not among them */
	__u64 lost;	   /* units, of all runs of the router: closed ones and the open one */
	__u64 resets;
	__u64 duplicates;  /* datagrams */
	__u64 reordered;   /* datagrams */
	/* the open run: from the router's start (or ours) to its next restart */
	__u64 span;	    /* units from the run's first to its last */
	__u64 span_received;
	__u64 lost_closed;  /* of earlier runs */
	__u32 next;	    /* the sequence that would follow without a gap */
	__u32 open;	    /* the newest datagram has sets not yet decoded: so many records */
	__u32 recent_count; /* entries of `recent` ever written, modulo 2^32 */
	__u32 reserved;
	__u32 recent[NFM_STREAM_RECENT]; /* sequences of the newest datagrams */
};

/** A stream's sequence account; the agent is the only writer. */
struct nfm_stream {
	__u32 exporter;
	__u32 domain;
	__u16 version;
	__u16 used;
	__u32 unit;	    /* NFM_UNIT_… */
	__u64 datagrams;
	/* of the account that is believed, see there; `lost` may sink: late arrivals, learning */
	__u64 received;
	__u64 lost;
	__u64 resets;
	__u64 duplicates;
	__u64 reordered;
	__u64 last_seen_ns;
	__u64 time_ns;	    /* arrival of the newest datagram */
	__u32 uptime_ms;    /* of the newest datagram */
	/* the datagram that came last, be it late */
	__u32 sequence;
	__u32 records;
	__u32 open;
	__u32 counting;	    /* NFM_COUNTING_…: the account that is believed */
	/* by NFM_COUNTING_…: how many datagrams in a row say this, and not what is believed */
	__u32 votes[NFM_COUNTINGS];
	struct nfm_account account[NFM_COUNTINGS];
};

#define NFM_JOURNAL_EMPTY 0ULL
#define NFM_JOURNAL_SET 1ULL

#define NFM_JOURNAL_RING_TABLE 0ULL
#define NFM_JOURNAL_RING_OLD 1ULL /* of a program that no agent had, and that gave way */

/** A row's new value, absolute: applying it twice changes nothing. */
struct nfm_journal_entry {
	__u64 index; /* of the row in the whole table; behind its rows come those of `earlier` */
	__u64 word[NFM_ROW_WORDS];
};

/** The agent's batch under way: written before the rows are, cleared after. */
struct nfm_journal {
	__u64 state;	/* NFM_JOURNAL_… */
	__u64 ring;	/* NFM_JOURNAL_RING_…: the punt ring that the batch came from */
	__u64 ring_pos; /* its consumer position once the batch is in */
	__u64 count;
	/* the waiting room after the batch; absolute as well */
	__u64 waiting_head;
	__u64 waiting_tail;
	__u64 waiting_done; /* position of a set that is counted now; NFM_WAITING_NONE */
	struct nfm_journal_entry entry[NFM_JOURNAL_ENTRIES];
};

#define NFM_WAITING_NONE 0xffffffffffffffffULL

#define NFM_WAITING_SET 1U  /* waits */
#define NFM_WAITING_DONE 2U /* was counted, or given up */
#define NFM_WAITING_FILL 3U /* nothing up to the end of the room: entries do not wrap */

/**
 * A data set that waits for its template; `length` bytes follow, its set header first. Entries
 * stand at multiples of eight bytes between waiting_tail and waiting_head, modulo the room's size.
 */
struct nfm_waiting {
	__u32 state;  /* NFM_WAITING_… */
	__u32 length; /* bytes of the set, padding to eight not among them */
	struct nfm_addr source;
	__u64 time_ns; /* arrival, CLOCK_MONOTONIC */
	__u32 domain;
	__u16 version;
	__u16 id; /* of the set, which is its template's */
	__u32 uptime_ms;
	__u32 unix_s;
};

/* A piece of the waiting room. */
struct nfm_waiting_page {
	__u8 byte[NFM_WAITING_PAGE];
};

/** Head of a datagram handed over in the punt ring; `length` bytes of UDP payload follow. */
struct nfm_punt {
	__u64 time_ns;	/* CLOCK_MONOTONIC, coarse */
	__u32 length;	/* of the payload, bytes */
	__u16 reason;	/* NFM_REASON_… of kind PUNT */
	__u16 source_port_be;
	struct nfm_addr source;
};

_Static_assert(sizeof(struct nfm_addr) == 16, "address");
_Static_assert(sizeof(struct nfm_row) == 64, "a row is a cache line");
_Static_assert(offsetof(struct nfm_row, last_seen_ns) == 8 * NFM_WORD_LAST_SEEN, "row");
_Static_assert(offsetof(struct nfm_row, exporter.seen_ns) == 8 * NFM_WORD_LAST_SEEN, "row");
_Static_assert(offsetof(struct nfm_row, reason.seen_ns) == 8 * NFM_WORD_LAST_SEEN, "row");
_Static_assert(sizeof(struct nfm_geometry) == 64, "geometry");
_Static_assert(offsetof(struct nfm_ctl, listen) == 64, "ctl: listen");
_Static_assert(offsetof(struct nfm_ctl, identity) == 320, "ctl: identity");
_Static_assert(offsetof(struct nfm_ctl, seqlog_tail) == 480, "ctl: seqlog_tail");
_Static_assert(offsetof(struct nfm_ctl, slot_start_ns) == 48, "ctl: slot_start_ns");
_Static_assert(sizeof(struct nfm_ctl) == 2784 + 256, "ctl");
_Static_assert(sizeof(struct nfm_name) == 128, "name");
_Static_assert(sizeof(struct nfm_prefix) == 24, "prefix");
_Static_assert(sizeof(struct nfm_page) == 1024, "page");
_Static_assert(sizeof(struct nfm_exporter) == 128, "exporter");
_Static_assert(sizeof(struct nfm_admission) == 16, "admission");
_Static_assert(sizeof(struct nfm_refused) == 32, "refused");
_Static_assert(sizeof(struct nfm_seqlog) == 32, "seqlog");
_Static_assert(sizeof(struct nfm_seqlog) * NFM_SEQLOG_HEAD == 64, "the log's head is a cache line");
_Static_assert(sizeof(struct nfm_account) == 336, "account");
_Static_assert(sizeof(struct nfm_stream) == 1120, "stream");
_Static_assert(sizeof(struct nfm_journal_entry) == 72, "journal entry");
_Static_assert(sizeof(struct nfm_waiting) == 48, "waiting set");
_Static_assert(sizeof(struct nfm_punt) == 32, "punt");

#endif
