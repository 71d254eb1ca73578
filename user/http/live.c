// SPDX-License-Identifier: GPL-2.0-only
#include "http/live.h"

#include "base/clock.h"

/* A little less than the second in which events are sent: each finds a reading of its own. */
#define FRESH_NS (900 * NFM_NS_PER_MS)

int nfm_live_open(struct nfm_live *live, const struct nfm_table *table, uint32_t interval_s,
		  struct nfm_error *error)
{
	int err = nfm_top_init(&live->top, table, interval_s, error);

	if (err)
		return err;
	pthread_rwlock_init(&live->lock, NULL);
	err = nfm_top_read(&live->top, error);
	live->read_ns = nfm_clock_monotonic_ns();
	if (err)
		nfm_live_close(live);
	return err;
}

void nfm_live_close(struct nfm_live *live)
{
	if (!live->top.table)
		return;
	nfm_top_clear(&live->top);
	pthread_rwlock_destroy(&live->lock);
}

const struct nfm_top *nfm_live_get(struct nfm_live *live, struct nfm_error *error)
{
	uint64_t now_ns = nfm_clock_monotonic_ns();
	int err = 0;

	pthread_rwlock_rdlock(&live->lock);
	if (now_ns - live->read_ns < FRESH_NS)
		return &live->top;
	pthread_rwlock_unlock(&live->lock);
	pthread_rwlock_wrlock(&live->lock);
	now_ns = nfm_clock_monotonic_ns();
	if (now_ns - live->read_ns >= FRESH_NS) { /* nobody was faster */
		err = nfm_top_read(&live->top, error);
		live->read_ns = now_ns;
	}
	pthread_rwlock_unlock(&live->lock);
	if (err)
		return NULL;
	pthread_rwlock_rdlock(&live->lock);
	return &live->top;
}

void nfm_live_release(struct nfm_live *live)
{
	pthread_rwlock_unlock(&live->lock);
}
