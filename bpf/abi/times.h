/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a flow's packets were sent, as ages: how long before its datagram left the router. Ages
 * count from the datagram's own header, so that a router's wrong clock does no harm.
 */
#ifndef NFM_TIMES_H
#define NFM_TIMES_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* Kinds of a record's two times, and their elements. */
#define NFM_TIMES_NONE 0U
#define NFM_TIMES_UPTIME 1U  /* 21, 22: ms of sysUpTime, 4 bytes */
#define NFM_TIMES_UNIX_S 2U  /* 150, 151: 4 bytes */
#define NFM_TIMES_UNIX_MS 3U /* 152, 153: 8 bytes */
#define NFM_TIMES_NTP 4U     /* 154, 155 and 156, 157: 64-bit NTP time (RFC 7011 section 6.1.9) */

/** How many bytes a time of a kind has on the wire. */
static inline __attribute__((always_inline)) __u32 nfm_times_bytes(__u32 kind)
{
	return kind >= NFM_TIMES_UNIX_MS ? 8 : 4;
}

#define NFM_NTP_UNIX_S 2208988800ULL /* from 1900 to 1970 */

/**
 * Ages of a flow's first and last packet, ms. As decoded: what has the sign bit was sent after its
 * datagram (clocks), which nfm_span_settle() makes good.
 */
struct nfm_span {
	__u32 first_ms;
	__u32 last_ms;
};

/**
 * How to make ages of a set's times: ((base - time) & mask) × num >> shift. Arithmetic without
 * branches: each would double what the verifier has to follow.
 */
struct nfm_times {
	__u64 base;
	__u64 mask;	/* ms of sysUpTime wrap at 32 bits */
	__u64 relative; /* all ones: there is no base, the last packet stands for it */
	__u32 num;	/* 0: there are no times */
	__u32 shift;
};

_Static_assert(sizeof(struct nfm_span) == 8, "span");
_Static_assert(sizeof(struct nfm_times) == 32, "times");

/**
 * For one set. `init_ms`: systemInitTimeMilliseconds (160) of its first record, 0 if there is none.
 * IPFIX has no sysUpTime in its header: without 160 only a flow's duration is known, and its last
 * packet counts as sent with the datagram.
 */
static inline __attribute__((always_inline)) void
nfm_times_open(struct nfm_times *t, __u32 kind, int ipfix, __u32 uptime_ms, __u32 unix_s,
	       __u64 init_ms)
{
	t->base = 0;
	t->mask = ~0ULL;
	t->relative = 0;
	t->num = 1;
	t->shift = 0;
	switch (kind) {
	case NFM_TIMES_UPTIME:
		t->mask = 0xffffffffULL;
		if (!ipfix)
			t->base = uptime_ms;
		else if (init_ms)
			t->base = (__u64)unix_s * 1000 - init_ms;
		else
			t->relative = ~0ULL;
		break;
	case NFM_TIMES_UNIX_S:
		t->base = unix_s;
		t->num = 1000;
		break;
	case NFM_TIMES_UNIX_MS:
		t->base = (__u64)unix_s * 1000;
		break;
	case NFM_TIMES_NTP:
		t->base = (unix_s + NFM_NTP_UNIX_S) << 32;
		t->num = 1000;
		t->shift = 32;
		break;
	default:
		t->mask = 0;
		t->num = 0;
	}
}

/* An age of more than 24 days is none: it gets the sign bit, as does what was sent later. */
static inline __attribute__((always_inline)) __u32 nfm_times_age(const struct nfm_times *t,
								 __u64 base, __u64 time)
{
	__u64 units = (base - time) & t->mask;
	__u64 age = (__u64)((__s64)(units * t->num) >> t->shift);
	/* more NTP time than 24 days runs over, times 1000 */
	__u64 beyond = age >> 31 | units >> 53;

	return (__u32)age | (__u32)((__s64)(beyond | -beyond) >> 63);
}

static inline __attribute__((always_inline)) struct nfm_span
nfm_times_span(const struct nfm_times *t, __u64 first, __u64 last)
{
	__u64 base = t->base + (last & t->relative);
	struct nfm_span span = {
		.first_ms = nfm_times_age(t, base, first),
		.last_ms = nfm_times_age(t, base, last),
	};

	return span;
}

/* The same for v1, v5 and v7. */
static inline __attribute__((always_inline)) struct nfm_span
nfm_times_span_uptime(__u32 uptime_ms, __u32 first_ms, __u32 last_ms)
{
	struct nfm_span span = {
		.first_ms = uptime_ms - first_ms,
		.last_ms = uptime_ms - last_ms,
	};

	return span;
}

/**
 * An age in units of the times, so that every time with an age of more than `age_ms` (not negative)
 * has a greater one. Not of NFM_TIMES_NONE.
 */
static inline __attribute__((always_inline)) __u64 nfm_times_from_ms(const struct nfm_times *t,
								     __u64 age_ms)
{
	if (age_ms > 0x7cffffff) /* 24 days: see nfm_times_age() */
		age_ms = 0x7cffffff;
	return (age_ms << t->shift) / t->num;
}

/**
 * The sign bit says that a first packet at this time may be older than `from`: a look that is
 * cheaper than its age, and errs on one side only. One after its datagram may be, too: then the
 * last one counts.
 */
static inline __attribute__((always_inline)) __u64
nfm_times_may_be_late(const struct nfm_times *t, __u64 first, __u64 from)
{
	__u64 age = (t->base - first) & t->mask;

	return (from - age) | age;
}

/* Nothing stays in a router for a day: a last packet older than that has no time. */
#define NFM_SPAN_OLDEST_MS 86400000U

/** Ages that can be: of what was sent after its datagram, or a day before, the age is 0. */
static inline __attribute__((always_inline)) struct nfm_span nfm_span_settle(struct nfm_span span)
{
	if (span.last_ms > NFM_SPAN_OLDEST_MS) {
		if ((__s32)span.last_ms >= 0)
			span.first_ms = 0;
		span.last_ms = 0;
	}
	if ((__s32)span.first_ms < 0 || span.first_ms < span.last_ms)
		span.first_ms = span.last_ms;
	return span;
}

/**
 * Where slots lie among ages: those above `elapsed_ms` are before the open slot (negative if the
 * datagram itself came before it).
 */
struct nfm_slots {
	__s64 elapsed_ms;
	__u32 slot_ms;
	__u32 count; /* slots that are kept; the last one takes all that is older */
};

/** Not 0 in the sign bit if some of the flow is before the open slot. */
static inline __attribute__((always_inline)) __u64 nfm_span_lateness(struct nfm_span span,
								     __s64 elapsed_ms)
{
	return (__u64)(elapsed_ms - (__s64)span.first_ms);
}

/** Of `bytes` those sent at most `age_ms` before the datagram, the flow being even. */
static inline __attribute__((always_inline)) __u64 nfm_span_share(__u64 bytes, struct nfm_span span,
								  __s64 age_ms)
{
	__u64 duration = span.first_ms - span.last_ms;
	__s64 part = age_ms - (__s64)span.last_ms;

	if (part < 0)
		return 0;
	if ((__u64)part >= duration)
		return bytes;
	/* bytes × part / duration, in 64 bits */
	return bytes / duration * (__u64)part + bytes % duration * (__u64)part / duration;
}

/** The slot of a flow's last packet: 0 is the open one, 1 the one before; at most slots->count. */
static inline __attribute__((always_inline)) __u32 nfm_span_newest(struct nfm_span span,
								   const struct nfm_slots *slots)
{
	__s64 before = (__s64)span.last_ms - slots->elapsed_ms;
	__u64 back;

	if (before <= 0)
		return 0;
	back = ((__u64)before - 1) / slots->slot_ms + 1;
	return back < slots->count ? (__u32)back : slots->count;
}

/** Of `bytes` those that belong to slots up to `back`, the newer ones; all at slots->count. */
static inline __attribute__((always_inline)) __u64
nfm_span_upto(__u64 bytes, struct nfm_span span, const struct nfm_slots *slots, __u32 back)
{
	if (back >= slots->count)
		return bytes;
	return nfm_span_share(bytes, span,
			      slots->elapsed_ms + (__s64)back * (__s64)slots->slot_ms);
}

#endif
