/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cursor over the bytes of entries in memory: see snapshot/format.h. It fails once and for good:
 * after a failure everything reads as zero or empty.
 */
#ifndef NFM_SNAPSHOT_DECODE_H
#define NFM_SNAPSHOT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/snapshot.h"

struct nfm_entry_cursor {
	const uint8_t *at, *end;
	int code; /* -EBADMSG, -ENOMEM */
};

/** The lists of the entry at hand; they grow with what is there, not with what is told. */
struct nfm_entry_lists {
	struct nfm_prefix *prefixes;
	struct nfm_snapshot_stream *streams;
	struct nfm_snapshot_earlier *earlier;
	uint32_t prefix_size, stream_size, earlier_size;
};

int nfm_decode_fail(struct nfm_entry_cursor *d, int code);

uint64_t nfm_decode_varint(struct nfm_entry_cursor *d);

/** A varint of at most `max`; above it, the bytes are damaged. */
uint32_t nfm_decode_u32(struct nfm_entry_cursor *d, uint32_t max);

/** A string of at most NFM_SNAPSHOT_MAX_STRING bytes, as it stands there. */
const char *nfm_decode_string(struct nfm_entry_cursor *d);

void nfm_decode_count(struct nfm_entry_cursor *d, struct nfm_snapshot_count *out);

/** A list of slots, ascending, none of them more than `slots` back; returns how many. */
uint32_t nfm_decode_earlier(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists,
			    uint32_t slots);

/**
 * An entry. Its strings are those of the bytes, its lists live until the next one. `slots`: of the
 * file's meta.
 */
void nfm_decode_customer(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists, uint32_t slots,
			 struct nfm_snapshot_customer *out);
void nfm_decode_exporter(struct nfm_entry_cursor *d, struct nfm_entry_lists *lists,
			 struct nfm_snapshot_exporter *out);
void nfm_decode_reason(struct nfm_entry_cursor *d, struct nfm_snapshot_reason *out);

/** Room for `count` entries of a list; NULL: out of memory. The old content stays. */
void *nfm_list_reserve(void *list, uint32_t *size, uint32_t count, size_t entry_size);

void nfm_entry_lists_free(struct nfm_entry_lists *lists);

#endif
