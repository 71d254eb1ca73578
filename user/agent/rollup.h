/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rollups by the agent: `nfmeter rollup` as a child of low priority, one at a time, never waited
 * for; after the start, and when a rotation's snapshot says that a day is over.
 */
#ifndef NFM_AGENT_ROLLUP_H
#define NFM_AGENT_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "snapshot/snapshot.h"

struct nfm_agent_rollup {
	const struct nfm_config *config;
	const char *config_path;
	pid_t pid;	    /* 0: none is running */
	uint64_t asked_s;   /* start of the day that is open by the newest snapshot; 0: not known */
	uint64_t running_s; /* the same, when the child was started */
	uint64_t done_s;    /* and when the last one that succeeded was */
	bool failed;	    /* the last one did, which was said */
	uint64_t runs;	    /* that have ended, and starts and runs that failed */
	uint64_t failures;
	uint64_t succeeded_unix_ns; /* when the last one that did ended; 0: none has */
};

/** Starts the first one, if there is a folder of snapshots. */
void nfm_agent_rollup_begin(struct nfm_agent_rollup *r, const struct nfm_config *config,
			    const char *config_path);

/** A snapshot was written: days that end before what it may reach back to are over. */
void nfm_agent_rollup_newest(struct nfm_agent_rollup *r, const struct nfm_snapshot_meta *meta);

/** On SIGCHLD: takes note of a run's end. */
void nfm_agent_rollup_reap(struct nfm_agent_rollup *r);

/** Ends one that is running; the next agent's, or a person's, makes up for it. */
void nfm_agent_rollup_stop(struct nfm_agent_rollup *r);

#endif
