// SPDX-License-Identifier: GPL-2.0-only
#include "agent/clock_step.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "snapshot/rotate.h"

#define STEP_LEAST_NS (2 * (int64_t)NFM_NS_PER_S)
/* With more between the three readings it cannot be told what belongs together. */
#define LOOK_MOST_NS (NFM_NS_PER_S / 2)

int64_t nfm_clock_step_look(struct nfm_clock_step *clock, uint64_t before_ns, uint64_t now_unix_ns,
			    uint64_t after_ns)
{
	int64_t ahead_ns = (int64_t)(now_unix_ns - before_ns);
	int64_t step_ns = ahead_ns - clock->ahead_ns;

	if (after_ns - before_ns > LOOK_MOST_NS)
		return 0;
	if (!clock->known) {
		clock->known = true;
		clock->ahead_ns = ahead_ns;
		return 0;
	}
	if (step_ns > -STEP_LEAST_NS && step_ns < STEP_LEAST_NS)
		return 0;
	clock->ahead_ns = ahead_ns;
	clock->step_ns += step_ns;
	return step_ns;
}

/* A time before 1970 is none. */
static void move(__u64 *unix_ns, int64_t step_ns)
{
	if (step_ns >= 0 || *unix_ns > (__u64)-step_ns)
		*unix_ns += (__u64)step_ns;
}

void nfm_clock_step_apply(struct nfm_clock_step *clock, struct nfm_table *table)
{
	struct nfm_ctl *ctl = table->ctl;
	uint32_t bank = ctl->epoch & 1;

	if (!clock->step_ns || nfm_rotate_pending(table))
		return;
	if (ctl->created_unix_ns == ctl->from_unix_ns[bank])
		move(&ctl->created_unix_ns, clock->step_ns);
	move(&ctl->from_unix_ns[bank], clock->step_ns);
	move(&ctl->slot_unix_ns[bank], clock->step_ns);
	for (uint32_t i = 0; i < NFM_MIN(ctl->gap_count[bank], NFM_GAPS); i++) {
		move(&ctl->gap[bank][i].from_unix_ns, clock->step_ns);
		move(&ctl->gap[bank][i].to_unix_ns, clock->step_ns);
	}
	clock->step_ns = 0;
}
