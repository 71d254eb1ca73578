// SPDX-License-Identifier: GPL-2.0-only
/* Times as people write them. */
#include "view/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "history/steps.h"

#define YEAR_10000 253402300800LL /* s since 1970 */
#define NUMBER_MOST 1000000000U

static const struct {
	const char *name;
	uint32_t seconds;
} span_units[] = {
	{ "s", 1 },    { "m", 60 },    { "M", 60 },    { "h", 3600 },
	{ "H", 3600 }, { "d", 86400 }, { "w", 604800 },
};

/* Exactly `count` digits; moves on behind them. */
static bool take_digits(const char **at, int count, int *out)
{
	int value = 0;

	while (count--) {
		if (!isdigit((unsigned char)**at))
			return false;
		value = value * 10 + *(*at)++ - '0';
	}
	*out = value;
	return true;
}

static bool take_char(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return false;
	++*at;
	return true;
}

/* "2026-10" or "2026-10-05"; *has_day says which. False: no such day. */
static bool take_date(const char **at, struct tm *tm, bool *has_day)
{
	struct tm copy;

	*tm = (struct tm){ .tm_mday = 1, .tm_isdst = -1 };
	if (!take_digits(at, 4, &tm->tm_year) || !take_char(at, "-") ||
	    !take_digits(at, 2, &tm->tm_mon))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	*has_day = take_char(at, "-");
	if (*has_day && !take_digits(at, 2, &tm->tm_mday))
		return false;
	copy = *tm;
	return timegm(&copy) != -1 && copy.tm_mon == tm->tm_mon && copy.tm_mday == tm->tm_mday;
}

/* "18:00", "18:00:30", "18:00:30.25": the fraction is read and dropped. */
static bool take_clock(const char **at, struct tm *tm)
{
	if (!take_digits(at, 2, &tm->tm_hour) || !take_char(at, ":") ||
	    !take_digits(at, 2, &tm->tm_min))
		return false;
	if (take_char(at, ":")) {
		if (!take_digits(at, 2, &tm->tm_sec))
			return false;
		if (take_char(at, ".")) {
			if (!isdigit((unsigned char)**at))
				return false;
			*at += strspn(*at, "0123456789");
		}
	}
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

/* "Z", "+02:00", or nothing: then local is true. */
static bool take_zone(const char **at, bool *local, int64_t *ahead_s)
{
	bool west = **at == '-';
	int hours, minutes;

	*ahead_s = 0;
	*local = !**at;
	if (*local || take_char(at, "Zz"))
		return true;
	if (!take_char(at, "+-") || !take_digits(at, 2, &hours) || !take_char(at, ":") ||
	    !take_digits(at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ahead_s = hours * 3600 + minutes * 60;
	if (west)
		*ahead_s = -*ahead_s;
	return true;
}

static int check_moment(int64_t t, uint64_t *unix_s)
{
	if (t < 0 || t >= YEAR_10000)
		return -ERANGE;
	*unix_s = (uint64_t)t;
	return 0;
}

static int parse_calendar(const char *text, uint64_t *unix_s)
{
	const char *at = text;
	bool has_day, local;
	int64_t ahead_s;
	struct tm tm;

	if (!take_date(&at, &tm, &has_day))
		return -EINVAL;
	if (!*at)
		return nfm_steps_day_begin(&tm, unix_s);
	if (!has_day || !take_char(&at, "Tt ") || !take_clock(&at, &tm) ||
	    !take_zone(&at, &local, &ahead_s) || *at)
		return -EINVAL;
	return check_moment(local ? mktime(&tm) : timegm(&tm) - ahead_s, unix_s);
}

/* A number and a unit's name: what strtoul(3) takes beyond digits is refused. */
static bool take_number(const char **at, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	*number = strtoull(*at, &end, 10);
	*at = end;
	return !errno && *number <= NUMBER_MOST;
}

static bool take_span_unit(const char **at, uint32_t *seconds)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(span_units); i++) {
		if (**at == span_units[i].name[0]) {
			*seconds = span_units[i].seconds;
			++*at;
			return true;
		}
	}
	return false;
}

/* "-1d12h": that long before now. */
static int parse_span(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	const char *at = text + 1;
	uint64_t sum = 0;

	do {
		uint64_t number;
		uint32_t seconds;

		if (!take_number(&at, &number) || !take_span_unit(&at, &seconds))
			return -EINVAL;
		sum += number * seconds;
	} while (*at && sum < YEAR_10000);
	if (sum > now_unix_s)
		return -ERANGE;
	*unix_s = now_unix_s - sum;
	return 0;
}

/* The begin of the local day that is `days` after the one of a moment. */
static int day_begin(uint64_t unix_s, int days, uint64_t *begin_unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return -ERANGE;
	tm.tm_mday += days;
	return nfm_steps_day_begin(&tm, begin_unix_s);
}

int nfm_when_parse(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	if (!strcmp(text, "now")) {
		*unix_s = now_unix_s;
		return 0;
	}
	if (!strcmp(text, "today"))
		return day_begin(now_unix_s, 0, unix_s);
	if (!strcmp(text, "yesterday"))
		return day_begin(now_unix_s, -1, unix_s);
	if (text[0] == '-')
		return parse_span(text, now_unix_s, unix_s);
	return parse_calendar(text, unix_s);
}

int nfm_when_parse_day(const char *text, uint64_t now_unix_s, uint64_t *from_unix_s,
		       uint64_t *to_unix_s)
{
	const char *at = text;
	bool has_day = false;
	uint64_t from, to;
	struct tm tm;
	int err;

	if (strcmp(text, "today") != 0 && strcmp(text, "yesterday") != 0 &&
	    (!take_date(&at, &tm, &has_day) || !has_day || *at))
		return -EINVAL;
	err = nfm_when_parse(text, now_unix_s, &from);
	if (!err)
		err = day_begin(from, 1, &to);
	if (err)
		return err;
	*from_unix_s = from;
	*to_unix_s = to;
	return 0;
}

int nfm_when_parse_month(const char *text, uint64_t *from_unix_s, uint64_t *to_unix_s)
{
	const char *at = text;
	uint64_t from, to;
	bool has_day;
	struct tm tm;
	int err;

	if (!take_date(&at, &tm, &has_day) || has_day || *at)
		return -EINVAL;
	err = nfm_steps_day_begin(&tm, &from);
	tm.tm_mon++;
	if (!err)
		err = nfm_steps_day_begin(&tm, &to);
	if (err)
		return err;
	*from_unix_s = from;
	*to_unix_s = to;
	return 0;
}

int nfm_when_month_begin(uint64_t unix_s, uint64_t *begin_unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return -ERANGE;
	tm.tm_mday = 1;
	return nfm_steps_day_begin(&tm, begin_unix_s);
}

int nfm_when_parse_step(const char *text, enum nfm_history_unit *unit, uint32_t *step)
{
	static const struct {
		const char *name;
		enum nfm_history_unit unit;
		uint32_t factor;
	} units[] = {
		{ "s", NFM_STEP_SECONDS, 1 },  { "m", NFM_STEP_SECONDS, 60 },
		{ "h", NFM_STEP_SECONDS, 3600 }, { "H", NFM_STEP_SECONDS, 3600 },
		{ "d", NFM_STEP_DAYS, 1 },     { "w", NFM_STEP_DAYS, 7 },
		{ "mo", NFM_STEP_MONTHS, 1 },
	};
	const char *at = text;
	uint64_t number;

	if (!take_number(&at, &number) || !number)
		return -EINVAL;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(units); i++) {
		if (strcmp(at, units[i].name) != 0)
			continue;
		if (number > 4000000U / units[i].factor)
			return -ERANGE;
		*unit = units[i].unit;
		*step = (uint32_t)number * units[i].factor;
		return 0;
	}
	return -EINVAL;
}
