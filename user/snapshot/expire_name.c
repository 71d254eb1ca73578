// SPDX-License-Identifier: GPL-2.0-only
/* Which names are ours, and the time in them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "snapshot/expire_scan.h"
#include "snapshot/snapshot.h"

#define SNAPSHOT_PREFIX "nfmeter."
#define NFDUMP_PREFIX "nfcapd."
#define SAMPLES_PREFIX "samples."
#define ROLLUP_FOLDER "rollup"
#define DIGITS "0123456789"
#define DAY_DIGITS 8 /* YYYYmmdd */

/* What stands behind `prefix` in a name that begins with it, else NULL. */
static const char *behind(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) ? NULL : name + length;
}

/* An nfcapd file has its snapshot's name but for the prefix. */
static int nfdump_time(const char *digits, uint64_t *unix_s)
{
	char name[64];

	if (snprintf(name, sizeof(name), SNAPSHOT_PREFIX "%s", digits) >= (int)sizeof(name))
		return -EINVAL;
	return nfm_snapshot_name_parse(name, unix_s);
}

/* Local midnight after the day, which may have 23 or 25 hours. */
static int samples_time(const char *digits, uint64_t *unix_s)
{
	char name[64];
	struct tm tm;
	time_t t;
	uint64_t start_s;

	if (strlen(digits) != DAY_DIGITS || strspn(digits, DIGITS) != DAY_DIGITS)
		return -EINVAL;
	snprintf(name, sizeof(name), SNAPSHOT_PREFIX "%.*s1200", DAY_DIGITS, digits);
	if (nfm_snapshot_name_parse(name, &start_s))
		return -EINVAL;
	t = (time_t)start_s;
	if (!localtime_r(&t, &tm))
		return -EINVAL;
	tm.tm_mday++;
	tm.tm_hour = 0;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	if (t < 0)
		return -EINVAL;
	*unix_s = (uint64_t)t;
	return 0;
}

int nfm_expire_time(const char *folder, const char *name, uint64_t *unix_s)
{
	const char *digits;

	if (!strcmp(folder, ROLLUP_FOLDER)) {
		digits = behind(name, SAMPLES_PREFIX);
		return digits ? samples_time(digits, unix_s) : -EINVAL;
	}
	digits = behind(name, NFDUMP_PREFIX);
	return digits ? nfdump_time(digits, unix_s) : nfm_snapshot_name_parse(name, unix_s);
}

bool nfm_expire_folder_is_date(const char *name)
{
	return strchr(DIGITS, *name) && *name && !name[strspn(name, DIGITS "-")];
}

bool nfm_expire_folder_stays(const char *name)
{
	static const char *const names[] = { ROLLUP_FOLDER, "lost+found" };

	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}
