/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hook: one run per snapshot, in order, one at a time, never waited for. Which snapshot was
 * handed over last stands in the table, so that a restart repeats none and leaves none out; an
 * agent that is killed between a run's begin and its note has it begun once more.
 */
#ifndef NFM_HOOK_H
#define NFM_HOOK_H

#include <sys/types.h>

#include "config/config.h"
#include "table/table.h"

#define NFM_HOOK_QUEUE 4096U

struct nfm_hook_job {
	uint64_t epoch;
	char path[PATH_MAX];
};

struct nfm_hook {
	const struct nfm_config *config;
	struct nfm_table *table;
	struct nfm_hook_job *queue; /* a ring */
	uint32_t first;
	uint32_t count;
	pid_t pid; /* 0: none is running */
	char running[PATH_MAX];
	uint64_t started_ns;
};

/** Queues the snapshots of this table that were committed but not handed over. */
int nfm_hook_open(struct nfm_hook *hook, const struct nfm_config *config, struct nfm_table *table,
		  struct nfm_error *error);
void nfm_hook_close(struct nfm_hook *hook);

/** A snapshot was written: its turn comes after those before it. */
void nfm_hook_add(struct nfm_hook *hook, const char *path, uint64_t epoch);

/** On SIGCHLD: takes note of a run's end and begins the next one. */
void nfm_hook_reap(struct nfm_hook *hook);

/** Runs that wait or run. */
uint32_t nfm_hook_backlog(const struct nfm_hook *hook);

/**
 * The command for a file: %f file, %c the nfdump file beside it (`nfcapd`; "" gives an empty word),
 * %d folder, %t slot, %u unix time of the interval's start, %i the folder's name, %% a percent
 * sign; each one word for the shell, quoted where it must be. -ENAMETOOLONG.
 */
int nfm_hook_expand(const char *command, const char *path, const char *nfcapd, char *out,
		    size_t size);

#endif
