/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log lines on stderr, as journald takes them: "<6>text" (sd-daemon(3)); on a terminal without
 * the prefix. Priorities are syslog's.
 */
#ifndef NFM_LOG_H
#define NFM_LOG_H

#include <stdint.h>
#include <syslog.h>

void nfm_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Lines of a less urgent priority than this are not written; default LOG_INFO. */
void nfm_log_set_level(int priority);

/** Allows `burst` lines in `interval_ns`; what it held back is told with the next line. */
struct nfm_log_limit {
	uint64_t interval_ns;
	uint32_t burst;
	uint32_t used;
	uint64_t start_ns;
	uint64_t held;
};

#define NFM_LOG_LIMIT(seconds, lines)                                                             \
	{                                                                                         \
		.interval_ns = (seconds) * 1000000000ULL, .burst = (lines)                        \
	}

void nfm_log_limited(struct nfm_log_limit *limit, uint64_t now_ns, int priority,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
