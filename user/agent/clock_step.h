/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wall clock is set: by hand, or by NTP on a machine that booted without the time. The open
 * interval then began when it did by the new clock: it keeps the length that it has, and stands
 * where it belongs, so that it is neither hours long nor too old to be kept.
 */
#ifndef NFM_CLOCK_STEP_H
#define NFM_CLOCK_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "table/table.h"

struct nfm_clock_step {
	bool known;
	int64_t ahead_ns; /* wall clock less monotonic clock, at the last look that counted */
	int64_t step_ns;  /* what the open interval has not been told yet */
};

/**
 * Takes a look: the wall clock, and the monotonic one before and after that was read. Returns by
 * how much the wall clock was set since the last look, in ns; 0: not, or by less than 2 s (leap
 * seconds). The two clocks are disciplined alike: nothing but a step moves one against the other.
 */
int64_t nfm_clock_step_look(struct nfm_clock_step *clock, uint64_t before_ns, uint64_t now_unix_ns,
			    uint64_t after_ns);

/**
 * Moves the open interval by what the looks have found, in the writer's thread. Not while a closed
 * interval waits to be written, which ends where the open one begins: later, then.
 */
void nfm_clock_step_apply(struct nfm_clock_step *clock, struct nfm_table *table);

#endif
