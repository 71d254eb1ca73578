/* SPDX-License-Identifier: GPL-2.0-only */
/* The writing of one interval's file: what its parts hand to each other. */
#ifndef NFM_SNAPSHOT_INTERVAL_WORK_H
#define NFM_SNAPSHOT_INTERVAL_WORK_H

#include <stdbool.h>

#include "snapshot/interval.h"

struct nfm_interval_work {
	const struct nfm_table *table;
	uint32_t bank;
	struct nfm_snapshot_writer *writer;
	struct nfm_rotate_result *out;
	struct nfm_snapshot_count customers; /* up and down of all of them */
	bool shrunk;			     /* a counter is below its base */
	/* bytes of earlier slots, by slots back less one, of customers, unmatched and local */
	struct nfm_interval_slot {
		uint64_t customers, unmatched, local;
	} *slots;
	bool too_late; /* an entry has more earlier bytes than bytes */
	/* streams by exporter: a list for each */
	uint32_t *stream_head; /* of an exporter */
	uint32_t *stream_next; /* of a stream */
	struct nfm_snapshot_stream *streams; /* of the exporter at hand */
};

/** What a row counted in the interval: its sum over the columns less its base. */
struct nfm_row nfm_interval_difference(struct nfm_interval_work *w, uint32_t row,
				       const struct nfm_row *sum);

/**
 * Writes the customers with traffic of `rows` rows, in the order of their ids, and fills what
 * concerns them in `w`, and in w->out. Rows of one id make one entry. -ENOMEM, or an entry's
 * -errno.
 */
int nfm_interval_write_customers(struct nfm_interval_work *w, uint32_t rows);

/**
 * Whether the earlier bytes can be: of no entry more than its bytes, of all together no more than
 * the total, and of no slot more local ones than others.
 */
bool nfm_interval_earlier_plausible(const struct nfm_interval_work *w);

#endif
