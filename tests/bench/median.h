/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounds of a noisy machine in one number. */
#ifndef NFM_BENCH_MEDIAN_H
#define NFM_BENCH_MEDIAN_H

#include <stdint.h>
#include <stdlib.h>

static inline int compare_double(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts the values. */
static inline double median(double *value, uint32_t count)
{
	qsort(value, count, sizeof(*value), compare_double);
	return (value[(count - 1) / 2] + value[count / 2]) / 2;
}

#endif
