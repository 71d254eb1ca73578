/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFM_CLOCK_H
#define NFM_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NFM_NS_PER_S 1000000000ULL
#define NFM_NS_PER_MS 1000000ULL

/** CLOCK_MONOTONIC as the datapath's bpf_ktime_get_coarse_ns() sees it, in ns. */
static inline uint64_t nfm_clock_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * NFM_NS_PER_S + (uint64_t)ts.tv_nsec;
}

/** Wall clock, ns since 1970. */
static inline uint64_t nfm_clock_unix_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NFM_NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif
