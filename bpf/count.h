/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of this CPU's column: who holds a pointer to one is its only writer. */
#ifndef NFM_COUNT_H
#define NFM_COUNT_H

#include "rx.h"

/* bpf/abi/batch.h asks for these two; `env` is the view. */
NFM_INLINE const struct nfm_page *nfm_stride_page(const void *env, __u32 number)
{
	const struct nfm_view *view = env;

	return view->pages + bounded(number, nfm_geometry.pages);
}

NFM_INLINE struct nfm_row *nfm_batch_row(const void *env, __u32 row)
{
	const struct nfm_view *view = env;

	return view->rows + bounded(row, nfm_geometry.stride);
}

/* What pass 6 goes by (earlier.h); `env` of nfm_batch_earlier(). */
struct nfm_spreading {
	struct nfm_row *earlier; /* this CPU's column in the open bank */
	struct nfm_scratch *batch;
	struct nfm_spread_state *s;
};

NFM_INLINE struct nfm_row *nfm_batch_earlier(const void *env, __u32 row, __u32 index)
{
	const struct nfm_spreading *spreading = env;
	__u32 rows = nfm_geometry.earlier_slots / NFM_EARLIER_PER_ROW;

	return spreading->earlier +
	       bounded((__u64)row * rows + index, (__u64)nfm_geometry.capacity * rows);
}

/* The root's 65,536 entries stand in a row: two bytes of the address are the index. */
NFM_INLINE __u32 root_entry(const void *env, __u32 root, const __u8 *addr)
{
	const struct nfm_view *view = env;
	const __u32 *entry = (const void *)view->pages;
	__u64 index = bpf_ntohs(*(const __u16 *)addr);

	/* the mask has to stay: kernel 6.1 knows no bounds of what was swapped */
	__asm__ volatile("" : "+r"(index));
	return entry[root * 256 + (index & 0xffff)];
}

#define NFM_STRIDE_ROOT_ENTRY(env, root, addr) root_entry(env, root, addr)
#define NFM_NEVER_MISSING /* view_open() has checked both */
#define NFM_BATCH_LIMIT NFM_KERNEL_BATCH
#define NFM_BATCH_PASSES
#include "abi/batch.h"

/* Finds a column of rows, and the stride table: once for a datagram, then by address alone. */
NFM_INLINE int view_open(struct nfm_view *view, __u32 rows)
{
	__u32 zero = 0;

	view->rows = bpf_map_lookup_elem(&nfm_rows, &rows);
	view->pages = bpf_map_lookup_elem(&nfm_pages, &zero);
	return view->rows && view->pages;
}

NFM_INLINE void count_reason(const struct nfm_view *view, __u32 reason, __u32 records, __u64 now_ns)
{
	struct nfm_row *row = nfm_batch_row(view, nfm_geometry.capacity + nfm_geometry.exporters +
							  (reason & (NFM_REASON_ROWS - 1)));

	row->reason.datagrams++;
	row->reason.records += records;
	row->reason.seen_ns = now_ns;
}

/* A datagram of a known exporter that is not counted. */
NFM_INLINE void count_rejected(const struct nfm_rx *rx)
{
	struct nfm_row *row;

	if (!rx->admitted)
		return;
	row = nfm_batch_row(&rx->view, nfm_geometry.capacity + rx->exporter);
	row->exporter.rejected_datagrams++;
	row->exporter.rejected_records += rx->rejected;
	row->exporter.seen_ns = rx->now_ns;
}

#endif
