// SPDX-License-Identifier: GPL-2.0-only
/* Reading rows: the sums over columns and banks. Readers never stop a writer. */
#include "table/table.h"

#include <string.h>

void nfm_row_add(struct nfm_row *to, const struct nfm_row *from)
{
	for (uint32_t i = 0; i < NFM_ROW_WORDS; i++) {
		/* a word is written by another CPU at any moment: read it once */
		uint64_t word = __atomic_load_n(&from->word[i], __ATOMIC_RELAXED);

		if (i != NFM_WORD_LAST_SEEN)
			to->word[i] += word;
		else if (word > to->word[i])
			to->word[i] = word;
	}
}

static void sum_columns(const struct nfm_table *t, uint32_t bank, uint32_t first, uint32_t end,
			uint32_t row, struct nfm_row *to)
{
	for (uint32_t column = first; column < end; column++)
		nfm_row_add(to, nfm_table_row(t, bank, column, row));
}

static void sum_banks(const struct nfm_table *t, uint32_t first, uint32_t end, uint32_t row,
		      struct nfm_row *out)
{
	struct nfm_row sum = {};

	for (uint32_t bank = 0; bank < NFM_BANKS; bank++)
		sum_columns(t, bank, first, end, row, &sum);
	*out = sum;
}

void nfm_table_sum(const struct nfm_table *t, uint32_t row, struct nfm_row *out)
{
	sum_banks(t, 0, t->geometry.columns, row, out);
}

void nfm_table_sum_kernel(const struct nfm_table *t, uint32_t row, struct nfm_row *out)
{
	sum_banks(t, 0, nfm_table_agent_column(t), row, out);
}

void nfm_table_sum_agent(const struct nfm_table *t, uint32_t row, struct nfm_row *out)
{
	sum_banks(t, nfm_table_agent_column(t), t->geometry.columns, row, out);
}

void nfm_table_sum_bank(const struct nfm_table *t, uint32_t bank, uint32_t row,
			struct nfm_row *out)
{
	struct nfm_row sum = {};

	sum_columns(t, bank, 0, t->geometry.columns, row, &sum);
	*out = sum;
}
