// SPDX-License-Identifier: GPL-2.0-only
#include "agent/hook.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "snapshot/nfdump.h"
#include "snapshot/snapshot.h"

/* ---- the command ---- */

/* What means nothing to sh(1), wherever it stands. */
#define HARMLESS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,"

struct text {
	char *at;
	size_t left;
};

static void put_char(struct text *t, char c)
{
	if (t->left > 1) {
		*t->at++ = c;
		t->left--;
	} else {
		t->left = 0;
	}
}

/* As one word for sh(1), whatever is in it; a harmless one bare, so that "%f" works as well. */
static void put_word(struct text *t, const char *word)
{
	if (*word && !word[strspn(word, HARMLESS)]) {
		while (*word)
			put_char(t, *word++);
		return;
	}
	put_char(t, '\'');
	for (; *word; word++) {
		if (*word != '\'') {
			put_char(t, *word);
			continue;
		}
		for (const char *p = "'\\''"; *p; p++)
			put_char(t, *p);
	}
	put_char(t, '\'');
}

static void put_placeholder(struct text *t, char which, const char *folder, const char *file,
			    const char *nfcapd)
{
	const char *slot = strchr(file, '.');
	const char *name = strrchr(folder, '/');
	char unix_text[32] = "";
	char path[PATH_MAX * 2];
	uint64_t unix_s;

	switch (which) {
	case 'f':
		snprintf(path, sizeof(path), "%s/%s", folder, file);
		put_word(t, path);
		break;
	case 'c':
		put_word(t, nfcapd);
		break;
	case 'd':
		put_word(t, folder);
		break;
	case 't':
		put_word(t, slot ? slot + 1 : file);
		break;
	case 'u':
		if (nfm_snapshot_name_parse(file, &unix_s) == 0)
			snprintf(unix_text, sizeof(unix_text), "%llu", (unsigned long long)unix_s);
		put_word(t, unix_text);
		break;
	case 'i':
		put_word(t, name ? name + 1 : folder);
		break;
	case '%':
		put_char(t, '%');
		break;
	default: /* not ours: as it stands, for date(1) and the like */
		put_char(t, '%');
		put_char(t, which);
	}
}

int nfm_hook_expand(const char *command, const char *path, const char *nfcapd, char *out,
		    size_t size)
{
	struct text t = { out, size };
	char folder[PATH_MAX];
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	slash = strrchr(folder, '/');
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	for (; *command; command++) {
		if (*command == '%' && command[1])
			put_placeholder(&t, *++command, folder, slash + 1, nfcapd);
		else
			put_char(&t, *command);
	}
	if (!t.left)
		return -ENAMETOOLONG;
	*t.at = '\0';
	return 0;
}

/* ---- the runs ---- */

static int spawn_shell(const char *command, pid_t *pid)
{
	char *const argv[] = { "sh", "-c", (char *)command, NULL };

	return nfm_child_spawn("/bin/sh", argv, 0, -1, pid);
}

static void fail(struct nfm_hook *hook, const char *path, const char *what)
{
	hook->table->ctl->hook_failures++;
	nfm_log(LOG_ERR, "hook for %s: %s", path, what);
}

/* The nfdump file beside a snapshot; "" where none is written, or this one could not be. */
static const char *find_nfcapd(const struct nfm_config *config, const char *path, char *nfcapd,
			       size_t size)
{
	if (config->nfdump && nfm_nfdump_path(path, nfcapd, size) == 0 &&
	    nfm_nfdump_is_ours(nfcapd))
		return nfcapd;
	return "";
}

/* Noted once it runs: who dies in between leaves it to the next agent, again and not left out. */
static void begin_next(struct nfm_hook *hook)
{
	while (!hook->pid && hook->count) {
		struct nfm_hook_job *job = &hook->queue[hook->first];
		char command[PATH_MAX * 4];
		char nfcapd[PATH_MAX];
		int r;

		hook->first = (hook->first + 1) % NFM_HOOK_QUEUE;
		hook->count--;
		if (!hook->config->hook[0]) { /* it was taken out of the configuration */
			struct nfm_ctl *ctl = hook->table->ctl;

			ctl->hook_epoch = NFM_MAX(ctl->hook_epoch, job->epoch);
			continue;
		}
		r = nfm_hook_expand(hook->config->hook, job->path,
				    find_nfcapd(hook->config, job->path, nfcapd, sizeof(nfcapd)),
				    command, sizeof(command));
		if (r == 0)
			r = spawn_shell(command, &hook->pid);
		__atomic_store_n(&hook->table->ctl->hook_epoch, job->epoch, __ATOMIC_RELEASE);
		if (r < 0) {
			hook->pid = 0;
			fail(hook, job->path, strerror(-r));
			continue;
		}
		hook->started_ns = nfm_clock_monotonic_ns();
		memcpy(hook->running, job->path, sizeof(hook->running));
	}
}

void nfm_hook_add(struct nfm_hook *hook, const char *path, uint64_t epoch)
{
	struct nfm_hook_job *job;

	if (!hook->config->hook[0]) {
		hook->table->ctl->hook_epoch = epoch; /* none was wanted */
		return;
	}
	if (!hook->queue) /* it came into the configuration while we ran */
		hook->queue = calloc(NFM_HOOK_QUEUE, sizeof(*hook->queue));
	if (!hook->queue) {
		fail(hook, path, "out of memory: left out");
		return;
	}
	if (hook->count == NFM_HOOK_QUEUE) {
		fail(hook, path, "too many wait: left out");
		return;
	}
	job = &hook->queue[(hook->first + hook->count++) % NFM_HOOK_QUEUE];
	job->epoch = epoch;
	snprintf(job->path, sizeof(job->path), "%s", path);
	if (hook->pid)
		nfm_log(LOG_WARNING, "hook still running for %s (%llu s); %u wait", hook->running,
			(unsigned long long)((nfm_clock_monotonic_ns() - hook->started_ns) /
					     NFM_NS_PER_S),
			hook->count);
	begin_next(hook);
}

void nfm_hook_reap(struct nfm_hook *hook)
{
	char what[64];
	int status;

	if (!hook->pid || waitpid(hook->pid, &status, WNOHANG) != hook->pid)
		return;
	hook->pid = 0;
	if (WIFSIGNALED(status)) {
		snprintf(what, sizeof(what), "ended by signal %d", WTERMSIG(status));
		fail(hook, hook->running, what);
	} else if (WEXITSTATUS(status)) {
		snprintf(what, sizeof(what), "exit status %d", WEXITSTATUS(status));
		fail(hook, hook->running, what);
	}
	begin_next(hook);
}

uint32_t nfm_hook_backlog(const struct nfm_hook *hook)
{
	return hook->count + (hook->pid != 0);
}

/* ---- what an earlier agent left ---- */

static int by_epoch(const void *a, const void *b)
{
	uint64_t x = ((const struct nfm_hook_job *)a)->epoch;
	uint64_t y = ((const struct nfm_hook_job *)b)->epoch;

	return (x > y) - (x < y);
}

/* A file that is not committed is not among them: the rotation that commits it hands it over. */
static void queue_left_over(struct nfm_hook *hook)
{
	const struct nfm_ctl *ctl = hook->table->ctl;
	_cleanup_closedir_ DIR *dir = opendir(hook->config->directory);
	struct dirent *entry;

	while (dir && hook->count < NFM_HOOK_QUEUE && (entry = readdir(dir))) {
		struct nfm_hook_job *job = &hook->queue[hook->count];
		struct nfm_snapshot_meta meta;
		uint64_t unix_s;

		if (nfm_snapshot_name_parse(entry->d_name, &unix_s) < 0)
			continue;
		if (snprintf(job->path, sizeof(job->path), "%s/%s", hook->config->directory,
			     entry->d_name) >= (int)sizeof(job->path))
			continue;
		if (nfm_snapshot_header_read(job->path, &meta, NULL) < 0 ||
		    memcmp(meta.identity, ctl->identity, sizeof(meta.identity)) ||
		    meta.epoch <= ctl->hook_epoch || meta.epoch > ctl->committed)
			continue;
		job->epoch = meta.epoch;
		hook->count++;
	}
	qsort(hook->queue, hook->count, sizeof(*hook->queue), by_epoch);
}

int nfm_hook_open(struct nfm_hook *hook, const struct nfm_config *config, struct nfm_table *table,
		  struct nfm_error *error)
{
	*hook = (struct nfm_hook){ .config = config, .table = table };
	if (!config->hook[0])
		return 0;
	hook->queue = calloc(NFM_HOOK_QUEUE, sizeof(*hook->queue));
	if (!hook->queue)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	queue_left_over(hook);
	begin_next(hook);
	return 0;
}

void nfm_hook_close(struct nfm_hook *hook)
{
	if (hook->pid)
		nfm_log(LOG_NOTICE, "the hook for %s goes on without us", hook->running);
	free(hook->queue);
	hook->queue = NULL;
}
