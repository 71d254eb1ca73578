/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rates of one customer: amounts of samples of equal length. A sample counts if at least half of
 * it is covered; of one that is not covered wholly, the rate is that of the covered time.
 */
#ifndef NFM_RATES_H
#define NFM_RATES_H

#include <stdint.h>

#include "base/error.h"
#include "history/cells.h"
#include "history/history.h"

/** Sample i is [base + i × sample, + sample), cut to [from, to). */
struct nfm_samples {
	uint64_t base_unix_ms;
	uint64_t from_unix_ms, to_unix_ms;
	uint32_t sample_ms;
	uint32_t count;
	uint64_t *covered_ms;	 /* by sample; malloc'd, zeroed; filled by the caller */
	uint64_t all_covered_ms; /* of the range: what averages are taken over */
	/* what nfm_samples_judge() makes of them */
	uint32_t *counting; /* numbers of the samples that count; malloc'd */
	uint32_t counting_count;
	uint32_t *odd; /* positions in `counting` of those that are not covered wholly */
	uint32_t odd_count;
};

/**
 * Samples of `sample_s` seconds, whose begins are multiples of that in local time. Clears nothing
 * that `out` had before. -ENOMEM, -EINVAL: more than NFM_HISTORY_POINTS_MOST × 16.
 */
int nfm_samples_make(uint64_t from_unix_ms, uint64_t to_unix_ms, uint32_t sample_s,
		     struct nfm_samples *out, struct nfm_error *error);
void nfm_samples_clear(struct nfm_samples *samples);

/** Once covered_ms is complete: which samples count. */
void nfm_samples_judge(struct nfm_samples *samples);

/** Adds the part of [from_ms, to_ms)'s `value` that lies in [a_ms, b_ms) and in the samples. */
void nfm_samples_add(const struct nfm_samples *samples, uint64_t *amount, uint64_t value,
		     uint64_t from_ms, uint64_t to_ms, uint64_t a_ms, uint64_t b_ms);

/** bytes × 8 in `ms`, in bit/s, rounded to nearest; 0 where no time is. */
uint64_t nfm_rates_bps(uint64_t bytes, uint64_t ms);

/** The rank-th smallest (1 to count) of `value`. Changes the order and content of `value`. */
uint64_t nfm_rates_select(uint64_t *value, uint32_t count, uint32_t rank);

/** What all samples have together. */
uint64_t nfm_rates_sum(const struct nfm_samples *samples, const uint64_t *amount);

/** One direction of a customer. */
struct nfm_rates_bytes {
	uint64_t *by_sample; /* samples->count */
	uint64_t sum;	     /* of these */
};

/** Rates from the bytes by sample, which are used up. */
void nfm_rates_of(const struct nfm_samples *samples, unsigned int percentile,
		  const struct nfm_rates_bytes *up, const struct nfm_rates_bytes *down,
		  struct nfm_history_rates *out);

#endif
