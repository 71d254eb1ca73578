// SPDX-License-Identifier: GPL-2.0-only
#include "history/rollup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "history/rollup_day.h"
#include "history/rollup_plan.h"

#define DAY_S 86400U
#define LOCK_NAME ".lock"
#define INPUTS_MOST 400U /* a day of 5 minutes, and what reaches into it, in one merge */
#define INPUTS_LEAST 2U	 /* of fewer, a merge would be none */
#define OTHER_FILES 64U	 /* that are open beside a merge's inputs */
#define FOLDER_MODE 0755

static int folder_error(struct nfm_error *error, int code, const char *what, const char *path)
{
	return nfm_error_set(error, code,
			     "cannot %s %s: %s; check the owner and the rights of the folder", what,
			     path, strerror(-code));
}

/* ---- one at a time, on a clean floor ---- */

static int take_lock(const char *folder, int *lock_fd, struct nfm_error *error)
{
	char path[PATH_MAX + 16];
	_cleanup_close_ int fd = -1;

	if (mkdir(folder, FOLDER_MODE) && errno != EEXIST)
		return folder_error(error, -errno, "make", folder);
	snprintf(path, sizeof(path), "%s/" LOCK_NAME, folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return folder_error(error, -errno, "open", path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK
			       ? nfm_error_set(
					 error, -EBUSY,
					 "%s: another process is rolling up; wait for its end",
					 folder)
			       : folder_error(error, -errno, "lock", path);
	*lock_fd = NFM_STEAL_FD(fd);
	return 0;
}

/* Files of a folder that begin so; nobody else has any, as we hold the lock. */
static void remove_files(const char *folder, const char *prefix)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR && !strncmp(entry->d_name, prefix, strlen(prefix)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
}

/* What one that was killed has left. */
static void remove_leftovers(const char *folder)
{
	char path[PATH_MAX + 16];

	for (unsigned int tier = 0; tier < NFM_TIERS; tier++) {
		snprintf(path, sizeof(path), ".%s.", nfm_rollup_tier_name(tier));
		remove_files(folder, path);
	}
	snprintf(path, sizeof(path), "%s/" NFM_ROLLUP_WORK_FOLDER, folder);
	remove_files(path, "");
	rmdir(path);
}

static int make_work_folder(const char *folder, struct nfm_error *error)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/" NFM_ROLLUP_WORK_FOLDER, folder);
	if (mkdir(path, FOLDER_MODE) && errno != EEXIST)
		return folder_error(error, -errno, "make", path);
	return 0;
}

/* ---- days ---- */

static uint32_t inputs_most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= INPUTS_MOST + OTHER_FILES)
		return INPUTS_MOST;
	if (limit.rlim_cur < INPUTS_LEAST + OTHER_FILES)
		return INPUTS_LEAST;
	return (uint32_t)limit.rlim_cur - OTHER_FILES;
}

static int make_days(struct nfm_rollup_work *work, struct nfm_rollup_result *result,
		     struct nfm_error *error)
{
	const struct nfm_rollup_plan *plan = work->plan;
	int code = 0;

	for (uint32_t i = 0; i < plan->day_count; i++)
		work->all += 2ULL * plan->day[i].sources;
	for (uint32_t i = 0; !code && i < plan->day_count; i++) {
		uint64_t customers = UINT64_MAX, begun = work->done;

		code = nfm_rollup_day_make(work, &plan->day[i], &customers, error);
		work->done = begun + 2ULL * plan->day[i].sources;
		if (code || customers == UINT64_MAX)
			continue;
		result->days++;
		result->customers = customers;
	}
	return code;
}

/* ---- expiry ---- */

static int expire_tier(const char *directory, enum nfm_rollup_tier tier, uint64_t limit_s,
		       uint64_t now_s, uint32_t *expired, struct nfm_error *error)
{
	_cleanup_free_ struct nfm_rollup_file *files = NULL;
	char path[PATH_MAX + 64];
	uint32_t count = 0;
	int code;

	if (!limit_s)
		return 0;
	code = nfm_files_rollups(directory, tier, &files, &count, error);
	for (uint32_t i = 0; !code && i < count; i++) {
		uint64_t end_s = nfm_snapshot_slot_next(files[i].day_unix_s, DAY_S);

		if (end_s > now_s || now_s - end_s <= limit_s)
			break;
		snprintf(path, sizeof(path), "%s/" NFM_ROLLUP_FOLDER "/%s", directory,
			 files[i].name);
		if (!unlink(path))
			++*expired;
		else if (errno != ENOENT)
			code = folder_error(error, -errno, "remove", path);
	}
	return code;
}

static int expire(const char *directory, const struct nfm_rollup_limits *limits, uint64_t now_s,
		  uint32_t *expired, struct nfm_error *error)
{
	int code = expire_tier(directory, NFM_TIER_HOURS, limits->hours_s, now_s, expired, error);

	if (code)
		return code;
	return expire_tier(directory, NFM_TIER_DAYS, limits->days_s, now_s, expired, error);
}

int nfm_rollup_run(const char *directory, const struct nfm_rollup_limits *limits,
		   uint64_t now_unix_s, int (*progress)(void *cookie, uint64_t done, uint64_t all),
		   void *cookie, struct nfm_rollup_result *out, struct nfm_error *error)
{
	_cleanup_(nfm_rollup_plan_clear) struct nfm_rollup_plan plan = { .directory = NULL };
	struct nfm_rollup_work work = {
		.plan = &plan, .inputs_most = inputs_most(), .progress = progress, .cookie = cookie
	};
	struct nfm_rollup_result result = { 0 };
	_cleanup_close_ int lock_fd = -1;
	char folder[PATH_MAX];
	int code, expiry;

	if (snprintf(folder, sizeof(folder), "%s/" NFM_ROLLUP_FOLDER, directory) >=
	    (int)sizeof(folder) - 64)
		return nfm_error_set(error, -ENAMETOOLONG,
				     "%.60s…: the path is too long; give a shorter one", directory);
	if (access(folder, F_OK)) { /* none is made where there is nothing for it */
		code = nfm_rollup_plan_make(&plan, directory, limits, now_unix_s, error);
		if (code || !plan.day_count) {
			if (!code)
				*out = result;
			return code;
		}
		nfm_rollup_plan_clear(&plan);
	}
	code = take_lock(folder, &lock_fd, error);
	if (code)
		return code;
	remove_leftovers(folder);
	code = nfm_rollup_plan_make(&plan, directory, limits, now_unix_s, error);
	if (!code && plan.day_count)
		code = make_work_folder(folder, error);
	if (!code)
		code = make_days(&work, &result, error);
	remove_leftovers(folder);
	/* also where the disk is full: it makes room */
	expiry = expire(directory, limits, now_unix_s, &result.expired, code ? NULL : error);
	if (!code)
		code = expiry;
	if (!code)
		*out = result;
	return code;
}
