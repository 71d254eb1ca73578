// SPDX-License-Identifier: GPL-2.0-only
#include "agent/rotation.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/meter.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/units.h"
#include "snapshot/nfdump.h"

#define FAILED_LOG_S 300  /* as much is said of a failure that goes on for days */
#define NFDUMP_LOG_S 3600 /* a disk that is full is told once in this time */

uint64_t nfm_rotation_boundary_ns(uint64_t now_unix_ns, uint32_t interval_s)
{
	return nfm_snapshot_slot_next(now_unix_ns / NFM_NS_PER_S, interval_s) * NFM_NS_PER_S;
}

bool nfm_rotation_is_due(uint64_t now_unix_ns, uint64_t boundary_ns, uint32_t interval_s)
{
	return now_unix_ns >= boundary_ns ||
	       boundary_ns > nfm_rotation_boundary_ns(now_unix_ns, interval_s);
}

static void log_expired(void *cookie, const char *path, uint64_t bytes)
{
	(void)cookie;
	nfm_log(LOG_DEBUG, "expired %s, %llu bytes", path, (unsigned long long)bytes);
}

/*
 * Before the interval is committed, so that a crash leaves none out. A failure holds up nothing:
 * the snapshot is in place, and `nfmeter export` makes the file of it at any time.
 */
static void write_nfdump(void *cookie, const char *path)
{
	struct nfm_rotation *r = cookie;
	char nfcapd[PATH_MAX];

	int code = nfm_nfdump_path(path, nfcapd, sizeof(nfcapd));

	if (code < 0)
		nfm_error_set(&r->nfdump_error, code, "%s: no nfdump file: %s", path,
			      strerror(-code));
	else if (access(nfcapd, F_OK) == 0 && !nfm_nfdump_is_ours(nfcapd))
		code = nfm_error_set(&r->nfdump_error, -EEXIST,
				     "%s: is another collector's, and stays: let one of the two "
				     "write to another folder", nfcapd);
	else
		code = nfm_nfdump_write(path, nfcapd, (int)r->config->nfdump_compression,
					&r->nfdump_error);
	r->nfdump_outcome = code;
}

/* Here and not in the event loop: a disk may keep whoever asks it waiting. */
static void measure(struct nfm_rotation *r)
{
	struct statvfs disk;
	struct stat file;

	r->file_bytes = r->result.path[0] && stat(r->result.path, &file) == 0 ?
				(uint64_t)file.st_size :
				0;
	if (statvfs(r->config->directory, &disk) < 0)
		return;
	__atomic_store_n(&r->disk_free_bytes, (uint64_t)disk.f_bavail * disk.f_frsize,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&r->disk_size_bytes, (uint64_t)disk.f_blocks * disk.f_frsize,
			 __ATOMIC_RELEASE);
}

static void work(struct nfm_rotation *r)
{
	const struct nfm_config *config = r->config;
	const struct nfm_expire_limits limits = {
		.size_bytes = config->expire_size_bytes,
		.lifetime_s = config->expire_lifetime_s,
		.watermark = config->expire_watermark,
	};

	memset(&r->result, 0, sizeof(r->result));
	memset(&r->expired, 0, sizeof(r->expired));
	r->nfdump_outcome = 0;
	r->outcome = nfm_rotate_finish_with(r->table, config->directory, config->interval_s,
					    r->table->in_maps ? nfm_meter_grace : NULL,
					    config->nfdump ? write_nfdump : NULL, r, &r->result,
					    &r->error);
	r->expire_outcome = 0;
	/* also behind a failure: it may be what makes room for the next try */
	r->expire_ran = limits.size_bytes || limits.lifetime_s;
	if (r->expire_ran)
		r->expire_outcome = nfm_expire_run(config->directory, &limits,
						   nfm_clock_unix_ns() / NFM_NS_PER_S, false,
						   log_expired, NULL, &r->expired,
						   &r->expire_error);
	measure(r);
}

static void tell(const struct nfm_rotation *r)
{
	const uint64_t one = 1;

	if (write(r->event_fd, &one, sizeof(one)) < 0)
		nfm_log(LOG_ERR, "rotation: eventfd: %m"); /* the loop's tick finds it, too */
}

/* An error shows when the file is written the next time: the kernel keeps it for its other fd. */
static void sync_file(struct nfm_rotation *r)
{
	if (r->sync_fd < 0)
		return;
	if (fdatasync(r->sync_fd) < 0)
		nfm_log(LOG_WARNING, "templates: fdatasync: %m");
	close(r->sync_fd);
	r->sync_fd = -1;
}

static void *thread_main(void *cookie)
{
	struct nfm_rotation *r = cookie;

	pthread_mutex_lock(&r->mutex);
	while (r->state != NFM_ROTATION_STOP) {
		if (r->state != NFM_ROTATION_WORK) {
			pthread_cond_wait(&r->wake, &r->mutex);
			continue;
		}
		pthread_mutex_unlock(&r->mutex);
		sync_file(r);
		work(r);
		pthread_mutex_lock(&r->mutex);
		r->state = NFM_ROTATION_DONE;
		pthread_cond_broadcast(&r->wake);
		tell(r);
	}
	pthread_mutex_unlock(&r->mutex);
	return NULL;
}

/* Said at the start, not after the first interval; no reason to leave datagrams uncounted. */
static void check_directory(const char *directory)
{
	int r = nfm_io_mkdir_p(directory, 0755);

	if (r == 0 && access(directory, W_OK | X_OK) < 0)
		r = -errno;
	if (r < 0)
		nfm_log(LOG_ERR,
			"%s: %s: no snapshot can be written there, counting goes on: correct "
			"[collector] directory, or let the agent's user write there",
			directory, strerror(-r));
}

int nfm_rotation_open(struct nfm_rotation *r, const struct nfm_config *config,
		      struct nfm_table *table, struct nfm_error *error)
{
	sigset_t all;
	sigset_t before;
	int code;

	memset(r, 0, sizeof(*r));
	r->sync_fd = -1;
	r->nfdump_limit = (struct nfm_log_limit)NFM_LOG_LIMIT(NFDUMP_LOG_S, 1);
	r->failed_limit = (struct nfm_log_limit)NFM_LOG_LIMIT(FAILED_LOG_S, 3);
	r->expire_limit = r->failed_limit;
	r->config = config;
	r->table = table;
	check_directory(config->directory);
	measure(r);
	r->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->event_fd < 0)
		return nfm_error_set(error, -errno, "eventfd: %m");
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->wake, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the event loop's */
	code = pthread_create(&r->thread, NULL, thread_main, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code)
		return nfm_error_set(error, -code, "rotation thread: %s", strerror(code));
	r->started = true;
	return 0;
}

bool nfm_rotation_busy(struct nfm_rotation *r)
{
	bool busy;

	pthread_mutex_lock(&r->mutex);
	busy = r->state != NFM_ROTATION_IDLE;
	pthread_mutex_unlock(&r->mutex);
	return busy;
}

void nfm_rotation_start(struct nfm_rotation *r)
{
	pthread_mutex_lock(&r->mutex);
	r->state = NFM_ROTATION_WORK;
	pthread_cond_broadcast(&r->wake);
	pthread_mutex_unlock(&r->mutex);
}

bool nfm_rotation_fetch(struct nfm_rotation *r)
{
	uint64_t count;
	bool done;

	pthread_mutex_lock(&r->mutex);
	done = r->state == NFM_ROTATION_DONE;
	if (done) {
		r->state = NFM_ROTATION_IDLE;
		if (read(r->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
			nfm_log(LOG_ERR, "rotation: eventfd: %m");
	}
	pthread_mutex_unlock(&r->mutex);
	return done;
}

void nfm_rotation_close(struct nfm_rotation *r)
{
	if (r->started) {
		pthread_mutex_lock(&r->mutex);
		while (r->state == NFM_ROTATION_WORK)
			pthread_cond_wait(&r->wake, &r->mutex);
		r->state = NFM_ROTATION_STOP;
		pthread_cond_broadcast(&r->wake);
		pthread_mutex_unlock(&r->mutex);
		pthread_join(r->thread, NULL);
		r->started = false;
	}
	if (r->event_fd > 0)
		close(r->event_fd);
	r->event_fd = -1;
}

/* " truncated=3 refused=12": the interval's reasons: datagrams, NOTE records, LOST sets. */
static void format_reasons(const struct nfm_rotate_result *result, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < NFM_REASON_ROWS; i++) {
		uint64_t count = result->reason_datagrams[i];
		int kind = nfm_reason_kind(i);

		if (kind == NFM_KIND_NOTE)
			count = result->reason_records[i];
		if (kind < 0 || kind == NFM_KIND_STAT || !count || used >= size)
			continue;
		used += (size_t)snprintf(text + used, size - used, " %s=%llu", nfm_reason_name(i),
					 (unsigned long long)count);
	}
}

static void log_expiry(struct nfm_rotation *r)
{
	if (r->expire_outcome < 0)
		nfm_log_limited(&r->expire_limit, nfm_clock_monotonic_ns(), LOG_ERR, "expiry: %s",
				r->expire_error.text);
	else if (r->expired.files_gone)
		nfm_log(LOG_INFO, "expired files=%llu bytes=%llu kept_files=%llu kept_bytes=%llu",
			(unsigned long long)r->expired.files_gone,
			(unsigned long long)r->expired.bytes_gone,
			(unsigned long long)(r->expired.files_before - r->expired.files_gone),
			(unsigned long long)(r->expired.bytes_before - r->expired.bytes_gone));
}

void nfm_rotation_log(struct nfm_rotation *r)
{
	const struct nfm_rotate_result *s = &r->result;
	char reasons[1024];
	char from[64];

	if (r->outcome < 0) {
		nfm_log_limited(&r->failed_limit, nfm_clock_monotonic_ns(), LOG_ERR,
				"rotation failed, tried again in a moment, nothing is lost: %s",
				r->error.text);
		log_expiry(r);
		return;
	}
	format_reasons(s, reasons, sizeof(reasons));
	nfm_log(LOG_INFO,
		"rotation file=%s from=%s seconds=%llu datagrams=%llu records=%llu bytes=%llu "
		"packets=%llu customers=%llu unmatched_bytes=%llu rejected_datagrams=%llu "
		"lost_total=%llu took_ms=%llu reasons:%s",
		s->path, nfm_units_format_time(s->meta.from_unix_ns, from, sizeof(from)),
		(unsigned long long)((s->meta.to_unix_ns - s->meta.from_unix_ns +
				      NFM_NS_PER_S / 2) /
				     NFM_NS_PER_S),
		(unsigned long long)s->datagrams, (unsigned long long)s->records,
		(unsigned long long)s->total.bytes, (unsigned long long)s->total.packets,
		(unsigned long long)s->customers, (unsigned long long)s->unmatched.bytes,
		(unsigned long long)s->rejected_datagrams, (unsigned long long)s->lost,
		(unsigned long long)(s->duration_ns / NFM_NS_PER_MS),
		reasons[0] ? reasons : " none");
	if (r->nfdump_outcome < 0)
		nfm_log_limited(&r->nfdump_limit, nfm_clock_monotonic_ns(), LOG_ERR,
				"%s; the snapshot is in place: `nfmeter export` makes the file "
				"later", r->nfdump_error.text);
	log_expiry(r);
}
