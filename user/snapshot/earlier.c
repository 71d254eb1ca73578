// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/earlier.h"

#include <string.h>

uint32_t nfm_earlier_slots(const struct nfm_table *t)
{
	return t->earlier ? t->geometry.earlier_slots : 0;
}

/* One of a customer's rows of slots, over all columns. In it there is no time. */
static void sum_columns(const struct nfm_table *t, uint32_t bank, uint32_t row, uint32_t index,
			struct nfm_row *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t column = 0; column < t->geometry.columns; column++) {
		const struct nfm_row *from = nfm_table_earlier(t, bank, column, row) + index;

		for (uint32_t i = 0; i < NFM_ROW_WORDS; i++)
			sum->word[i] += __atomic_load_n(&from->word[i], __ATOMIC_RELAXED);
	}
}

static uint64_t grown(uint64_t sum, uint64_t base, bool *shrunk)
{
	if (sum >= base)
		return sum - base;
	*shrunk = true;
	return 0;
}

uint32_t nfm_earlier_take(const struct nfm_table *t, uint32_t bank, uint32_t row,
			  struct nfm_snapshot_earlier *out, bool *shrunk)
{
	const struct nfm_row *base = nfm_table_earlier_base(t, bank, row);
	uint32_t count = 0;

	for (uint32_t index = 0; index < nfm_earlier_rows(&t->geometry); index++) {
		struct nfm_row sum;

		sum_columns(t, bank, row, index, &sum);
		if (!memcmp(&sum, &base[index], sizeof(sum)))
			continue;
		for (uint32_t i = 0; i < NFM_EARLIER_PER_ROW; i++) {
			struct nfm_snapshot_earlier *slot = &out[count];

			slot->back = index * NFM_EARLIER_PER_ROW + i + 1;
			slot->up_bytes = grown(sum.slot[i].up_bytes, base[index].slot[i].up_bytes,
					       shrunk);
			slot->down_bytes = grown(sum.slot[i].down_bytes,
						 base[index].slot[i].down_bytes, shrunk);
			count += slot->up_bytes || slot->down_bytes;
		}
	}
	return count;
}

void nfm_earlier_settle(const struct nfm_table *t, uint32_t bank, uint32_t first, uint32_t count)
{
	for (uint32_t row = first; row < first + count; row++) {
		struct nfm_row *base = nfm_table_earlier_base(t, bank, row);

		for (uint32_t index = 0; index < nfm_earlier_rows(&t->geometry); index++) {
			struct nfm_row sum;

			sum_columns(t, bank, row, index, &sum);
			/* most rows have none: their pages are left clean */
			if (memcmp(&sum, &base[index], sizeof(sum)) != 0)
				base[index] = sum;
		}
	}
}
