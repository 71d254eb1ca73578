// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int log_level = LOG_INFO;

void nfm_log_set_level(int priority)
{
	log_level = priority;
}

/* One write per line, so that lines of several processes do not mix. */
static void log_line(int priority, const char *format, va_list args)
{
	char line[2048];
	size_t used = 0;
	int n;

	if (priority > log_level)
		return;
	if (!isatty(STDERR_FILENO))
		used = (size_t)snprintf(line, sizeof(line), "<%d>", priority);
	n = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	if (n < 0)
		return;
	used += strlen(line + used);
	for (char *p = line; p < line + used; p++)
		if (*p == '\n')
			*p = ';'; /* what the network or a file sends cannot forge a line */
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* there is nowhere left to say it */
}

void nfm_log(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(priority, format, args);
	va_end(args);
}

void nfm_log_limited(struct nfm_log_limit *limit, uint64_t now_ns, int priority,
		     const char *format, ...)
{
	va_list args;

	/* what waited in a queue has an older time: that begins no new interval */
	if (!limit->start_ns ||
	    (now_ns > limit->start_ns && now_ns - limit->start_ns >= limit->interval_ns)) {
		if (limit->held)
			nfm_log(priority, "%llu similar lines were held back",
				(unsigned long long)limit->held);
		limit->start_ns = now_ns;
		limit->used = 0;
		limit->held = 0;
	}
	if (limit->used >= limit->burst) {
		limit->held++;
		return;
	}
	limit->used++;
	va_start(args, format);
	log_line(priority, format, args);
	va_end(args);
}
