/* SPDX-License-Identifier: GPL-2.0-only */
/* Rates as of the last second or so, for whoever asks; read only when somebody does. */
#ifndef NFM_HTTP_LIVE_H
#define NFM_HTTP_LIVE_H

#include <pthread.h>

#include "view/top.h"

struct nfm_live {
	pthread_rwlock_t lock;
	struct nfm_top top;
	uint64_t read_ns; /* CLOCK_MONOTONIC of the last reading */
};

int nfm_live_open(struct nfm_live *live, const struct nfm_table *table, uint32_t interval_s,
		  struct nfm_error *error);
void nfm_live_close(struct nfm_live *live);

/**
 * Reads anew if the last reading is a second old, and keeps the outcome from changing until
 * nfm_live_release(). Rates are over the time since the reading before. NULL: out of memory.
 */
const struct nfm_top *nfm_live_get(struct nfm_live *live, struct nfm_error *error);
void nfm_live_release(struct nfm_live *live);

#endif
