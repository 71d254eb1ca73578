// SPDX-License-Identifier: GPL-2.0-only
/* Samples, and the percentile among them. */
#include "history/rates.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define SAMPLES_MOST (16U * NFM_HISTORY_POINTS_MOST)
#define BIN_BITS 11U
#define BINS (1U << BIN_BITS)
#define FEW 48U /* values that are sorted rather than counted */

/* ---- samples ---- */

int nfm_samples_make(uint64_t from_unix_ms, uint64_t to_unix_ms, uint32_t sample_s,
		     struct nfm_samples *out, struct nfm_error *error)
{
	time_t from = (time_t)(from_unix_ms / 1000);
	uint64_t count, into_ms;
	struct tm tm;

	if (!localtime_r(&from, &tm))
		tm.tm_gmtoff = 0;
	into_ms = (uint64_t)((from + tm.tm_gmtoff) % sample_s) * 1000 + from_unix_ms % 1000;
	into_ms = NFM_MIN(into_ms, from_unix_ms);
	count = (to_unix_ms - from_unix_ms + into_ms + sample_s * 1000ULL - 1) /
		(sample_s * 1000ULL);
	if (count > SAMPLES_MOST)
		return nfm_error_set(error, -EINVAL, "the range has more than %u samples of %u s: "
						     "take a shorter one",
				     SAMPLES_MOST, sample_s);
	*out = (struct nfm_samples){
		.base_unix_ms = from_unix_ms - into_ms,
		.from_unix_ms = from_unix_ms,
		.to_unix_ms = to_unix_ms,
		.sample_ms = sample_s * 1000,
		.count = (uint32_t)count,
		.covered_ms = calloc(count + 1, sizeof(uint64_t)),
		.counting = calloc(count + 1, sizeof(uint32_t)),
		.odd = calloc(count + 1, sizeof(uint32_t)),
	};
	if (out->covered_ms && out->counting && out->odd)
		return 0;
	nfm_samples_clear(out);
	return nfm_error_set(error, -ENOMEM, "out of memory");
}

void nfm_samples_clear(struct nfm_samples *samples)
{
	free(samples->covered_ms);
	free(samples->counting);
	free(samples->odd);
	*samples = (struct nfm_samples){ 0 };
}

void nfm_samples_judge(struct nfm_samples *samples)
{
	samples->counting_count = 0;
	samples->odd_count = 0;
	for (uint32_t i = 0; i < samples->count; i++) {
		if (2 * samples->covered_ms[i] < samples->sample_ms)
			continue;
		if (samples->covered_ms[i] != samples->sample_ms)
			samples->odd[samples->odd_count++] = samples->counting_count;
		samples->counting[samples->counting_count++] = i;
	}
}

void nfm_samples_add(const struct nfm_samples *samples, uint64_t *amount, uint64_t value,
		     uint64_t from_ms, uint64_t to_ms, uint64_t a_ms, uint64_t b_ms)
{
	uint64_t base = samples->base_unix_ms, sample = samples->sample_ms;
	uint64_t first = NFM_MAX(a_ms, samples->from_unix_ms);
	uint64_t end = NFM_MIN(b_ms, samples->to_unix_ms);
	uint64_t at = NFM_MAX(first, from_ms);
	uint64_t last = NFM_MIN(end, NFM_MAX(to_ms, from_ms + 1));
	uint64_t i;

	if (!value || at >= last)
		return;
	i = (at - base) / sample;
	if (from_ms >= first && to_ms <= end && last <= base + (i + 1) * sample) {
		amount[i] += value; /* a cell within a sample, as nearly all are */
		return;
	}
	for (; at < last; i++) {
		uint64_t next = NFM_MIN(base + (i + 1) * sample, last);

		amount[i] += nfm_cell_part(value, from_ms, to_ms, at, next);
		at = next;
	}
}

/* ---- rates ---- */

uint64_t nfm_rates_bps(uint64_t bytes, uint64_t ms)
{
	if (!ms)
		return 0;
	return (uint64_t)(((unsigned __int128)bytes * 8000 + ms / 2) / ms);
}

static uint64_t select_few(uint64_t *value, uint32_t count, uint32_t rank)
{
	for (uint32_t i = 1; i < count; i++) {
		uint64_t moved = value[i];
		uint32_t at = i;

		for (; at > 0 && value[at - 1] > moved; at--)
			value[at] = value[at - 1];
		value[at] = moved;
	}
	return value[rank - 1];
}

/* Which bin has the rank-th value; *rank becomes that among the bin's own. */
static uint32_t find_bin(const uint32_t *bins, uint32_t *rank)
{
	uint32_t bin = 0;

	while (*rank > bins[bin])
		*rank -= bins[bin++];
	return bin;
}

/*
 * By counting on the highest bits that differ: each turn leaves the values of one bin, whose next
 * bits are looked at, so that there are at most six turns.
 */
static uint64_t select_below(uint64_t *value, uint32_t count, uint32_t rank, uint64_t most)
{
	while (count > FEW) {
		uint32_t bits = most ? 64 - (uint32_t)__builtin_clzll(most) : 0;
		uint32_t shift = bits > BIN_BITS ? bits - BIN_BITS : 0;
		uint32_t bins[BINS] = { 0 };
		uint32_t bin, kept = 0;

		if (!most)
			return value[0];
		/* `most` is of the bits that are not yet alike; those above it are masked away */
		for (uint32_t i = 0; i < count; i++)
			bins[value[i] >> shift & (BINS - 1)]++;
		bin = find_bin(bins, &rank);
		for (uint32_t i = 0; i < count; i++) {
			value[kept] = value[i];
			kept += (value[i] >> shift & (BINS - 1)) == bin;
		}
		count = kept;
		most = shift ? (1ULL << shift) - 1 : 0;
	}
	return select_few(value, count, rank);
}

uint64_t nfm_rates_select(uint64_t *value, uint32_t count, uint32_t rank)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < count; i++)
		most = NFM_MAX(most, value[i]);
	return select_below(value, count, rank, most);
}

/* The samples that count, close together, as if each were covered wholly. Returns how many. */
static uint32_t gather(const struct nfm_samples *samples, uint64_t *amount)
{
	uint32_t count = samples->counting_count;

	if (count != samples->count) {
		for (uint32_t i = 0; i < count; i++)
			amount[i] = amount[samples->counting[i]];
	}
	for (uint32_t i = 0; i < samples->odd_count; i++) {
		uint32_t at = samples->odd[i];
		uint64_t covered_ms = samples->covered_ms[samples->counting[at]];

		amount[at] = (uint64_t)(((unsigned __int128)amount[at] * samples->sample_ms +
					 covered_ms / 2) / covered_ms);
	}
	return count;
}

struct direction {
	uint64_t average_bps, most_bps, percentile_bps;
};

static struct direction rates_of(const struct nfm_samples *samples, unsigned int percentile,
				 uint64_t bytes, uint64_t *amount)
{
	struct direction out = {
		.average_bps = nfm_rates_bps(bytes, samples->all_covered_ms),
	};
	uint64_t most = 0;
	uint32_t count, zeroes = 0, rank;

	if (!bytes)
		return out;
	count = gather(samples, amount);
	if (!count)
		return out;
	for (uint32_t i = 0; i < count; i++) {
		most = NFM_MAX(most, amount[i]);
		zeroes += !amount[i];
	}
	out.most_bps = nfm_rates_bps(most, samples->sample_ms);
	rank = (uint32_t)(((uint64_t)count * NFM_MIN(NFM_MAX(percentile, 1U), 100U) + 99) / 100);
	if (rank > zeroes)
		out.percentile_bps = nfm_rates_bps(select_below(amount, count, rank, most),
						   samples->sample_ms);
	return out;
}

uint64_t nfm_rates_sum(const struct nfm_samples *samples, const uint64_t *amount)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < samples->count; i++)
		sum += amount[i];
	return sum;
}

void nfm_rates_of(const struct nfm_samples *samples, unsigned int percentile,
		  const struct nfm_rates_bytes *up, const struct nfm_rates_bytes *down,
		  struct nfm_history_rates *out)
{
	struct direction up_rates = rates_of(samples, percentile, up->sum, up->by_sample);
	struct direction down_rates = rates_of(samples, percentile, down->sum, down->by_sample);

	*out = (struct nfm_history_rates){
		.sample_s = samples->sample_ms / 1000,
		.samples = samples->counting_count,
		.up_average_bps = up_rates.average_bps,
		.down_average_bps = down_rates.average_bps,
		.up_most_bps = up_rates.most_bps,
		.down_most_bps = down_rates.most_bps,
		.up_percentile_bps = up_rates.percentile_bps,
		.down_percentile_bps = down_rates.percentile_bps,
		.larger_percentile_bps =
			NFM_MAX(up_rates.percentile_bps, down_rates.percentile_bps),
	};
}
