// SPDX-License-Identifier: GPL-2.0-only
/* Slots of local time, and the names of the files that hold them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "snapshot/snapshot.h"

#define NAME_PREFIX "nfmeter."
#define DIGITS_MINUTE 12 /* YYYYmmddHHMM */
#define DIGITS_SECOND 14 /* YYYYmmddHHMMSS */
#define SUFFIX_DIGITS 9	 /* of the N in ".N", at most */

/* Seconds by which local time is ahead of UTC at a moment. */
static int64_t offset_at(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

static int64_t floor_mod(int64_t value, int64_t divisor)
{
	int64_t rest = value % divisor;

	return rest < 0 ? rest + divisor : rest;
}

/* First moment in (before, after] with the offset of `after`; that of `before` differs. */
static int64_t transition_between(int64_t before, int64_t after)
{
	int64_t offset = offset_at(after);

	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (offset_at(middle) == offset)
			after = middle;
		else
			before = middle;
	}
	return after;
}

/*
 * A slot starts where the local clock stands at a multiple of the interval, and where a change
 * of the offset (summer time) carries the clock over such a multiple: so a day is a calendar
 * day, of 23 hours or of 25, even where midnight itself is skipped.
 */
static int64_t slot_start(int64_t t, int64_t interval)
{
	for (;;) {
		int64_t offset = offset_at(t);
		int64_t start = t - floor_mod(t + offset, interval);
		int64_t offset_before = offset_at(start);
		int64_t change;

		if (offset_before == offset)
			return start;
		change = transition_between(start, t);
		offset_before = offset_at(change - 1);
		if (change + offset - floor_mod(change + offset, interval) !=
		    change - 1 + offset_before - floor_mod(change - 1 + offset_before, interval))
			return change;
		t = change - 1;
	}
}

uint64_t nfm_snapshot_slot_start(uint64_t unix_s, uint32_t interval_s)
{
	return (uint64_t)slot_start((int64_t)unix_s, interval_s ? interval_s : 1);
}

uint64_t nfm_snapshot_slot_next(uint64_t unix_s, uint32_t interval_s)
{
	int64_t interval = interval_s ? interval_s : 1;
	int64_t t = (int64_t)unix_s;

	for (;;) {
		int64_t offset = offset_at(t);
		int64_t next = t - floor_mod(t + offset, interval) + interval;

		if (offset_at(next) == offset)
			return (uint64_t)next;
		t = transition_between(t, next);
		if (slot_start(t, interval) == t)
			return (uint64_t)t;
	}
}

uint64_t nfm_snapshot_reach_ns(const struct nfm_snapshot_meta *meta, uint64_t begin_unix_ns)
{
	uint64_t back_s = (uint64_t)meta->earlier_slots * meta->interval_s;

	return back_s > begin_unix_ns / NFM_NS_PER_S ? 0 : begin_unix_ns - back_s * NFM_NS_PER_S;
}

int nfm_snapshot_name(uint64_t from_unix_s, uint32_t interval_s, unsigned int attempt, char *name,
		      size_t size)
{
	uint64_t at = attempt ? from_unix_s : nfm_snapshot_slot_start(from_unix_s, interval_s);
	time_t t = (time_t)at;
	char digits[32], suffix[16] = "";
	const char *format;
	struct tm tm;

	if (!localtime_r(&t, &tm) || tm.tm_year < 70 || tm.tm_year > 9999 - 1900)
		return -ERANGE;
	format = attempt || tm.tm_sec ? "%Y%m%d%H%M%S" : "%Y%m%d%H%M";
	strftime(digits, sizeof(digits), format, &tm);
	if (attempt > 1)
		snprintf(suffix, sizeof(suffix), ".%u", attempt - 1);
	if (strlen(NAME_PREFIX) + strlen(digits) + strlen(suffix) >= size)
		return -ENAMETOOLONG;
	snprintf(name, size, "%s%s%s", NAME_PREFIX, digits, suffix);
	return 0;
}

/* Whether the rest of a name is empty or ".N". */
static bool suffix_valid(const char *rest)
{
	size_t digits;

	if (!*rest)
		return true;
	if (rest[0] != '.' || rest[1] == '0')
		return false;
	digits = strspn(rest + 1, "0123456789");
	return digits >= 1 && digits <= SUFFIX_DIGITS && !rest[1 + digits];
}

static int take_number(const char **digits, int count)
{
	int value = 0;

	while (count--)
		value = value * 10 + *(*digits)++ - '0';
	return value;
}

/* False for the 31st of a month that has 30 days, and the like. */
static bool date_valid(const struct tm *tm)
{
	struct tm copy = *tm;

	return timegm(&copy) != -1 && copy.tm_year == tm->tm_year && copy.tm_mon == tm->tm_mon &&
	       copy.tm_mday == tm->tm_mday && copy.tm_hour == tm->tm_hour &&
	       copy.tm_min == tm->tm_min && copy.tm_sec == tm->tm_sec;
}

int nfm_snapshot_name_parse(const char *name, uint64_t *unix_s)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *at;
	size_t digits;
	time_t t;

	if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0)
		return -EINVAL;
	at = name + strlen(NAME_PREFIX);
	digits = strspn(at, "0123456789");
	if ((digits != DIGITS_MINUTE && digits != DIGITS_SECOND) || !suffix_valid(at + digits))
		return -EINVAL;
	tm.tm_year = take_number(&at, 4) - 1900;
	tm.tm_mon = take_number(&at, 2) - 1;
	tm.tm_mday = take_number(&at, 2);
	tm.tm_hour = take_number(&at, 2);
	tm.tm_min = take_number(&at, 2);
	tm.tm_sec = digits == DIGITS_SECOND ? take_number(&at, 2) : 0;
	if (!date_valid(&tm))
		return -EINVAL;
	t = mktime(&tm);
	if (t < 0)
		return -EINVAL;
	*unix_s = (uint64_t)t;
	return 0;
}
