/* SPDX-License-Identifier: GPL-2.0-only */
/* The entries of a snapshot file, section by section; for each version of the format one way. */
#ifndef NFM_SNAPSHOT_SECTIONS_H
#define NFM_SNAPSHOT_SECTIONS_H

#include "snapshot/block.h"
#include "snapshot/decode.h"
#include "snapshot/foot.h"
#include "snapshot/format.h"
#include "snapshot/header.h"
#include "snapshot/unpack.h"

enum nfm_section {
	NFM_SECTION_CUSTOMERS,
	NFM_SECTION_EXPORTERS,
	NFM_SECTION_REASONS,
	NFM_SECTIONS,
};

union nfm_entry {
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;
};

/** How many entries of a section the header tells of. */
static inline uint64_t nfm_header_told(const struct nfm_header *header, enum nfm_section section)
{
	const uint64_t told[] = { header->customers, header->exporters, header->reasons };

	return told[section];
}

/** Version 2. Zero it first; `header` and `fd` are set by the caller, who closes the latter. */
struct nfm_sections {
	const struct nfm_header *header;
	int fd;
	struct nfm_foot *check; /* the blocks are held against this one; NULL: they are not */
	struct nfm_entry_lists lists;
	struct nfm_block block;
	struct nfm_entry_cursor cursor; /* in the block */
	uint32_t entries_left;	   /* of the block */
	uint64_t at;		   /* of the next block, in the file */
	enum nfm_section section;  /* that the cursor stands in */
	uint64_t taken[NFM_SECTIONS];
	bool skipped[NFM_SECTIONS];
	const char *id; /* of the customer before: what follows comes behind it */
	char block_id[NFM_SNAPSHOT_MAX_STRING + 1]; /* of the block before */
	int code;
};

/** Back to the first entry. */
void nfm_sections_rewind(struct nfm_sections *s);

/** Reads all, for its form; `foot` has what leads to the blocks. */
int nfm_sections_verify(struct nfm_sections *s, struct nfm_foot *foot);

/** On to the customers' block at `at`. */
void nfm_sections_seek(struct nfm_sections *s, uint64_t at);

/**
 * The next entry of a section: 1, 0 at its end, -EBADMSG. What is left of earlier sections is
 * passed over. Strings and lists live until the next call.
 */
int nfm_sections_next(struct nfm_sections *s, enum nfm_section section, union nfm_entry *out);
void nfm_sections_free(struct nfm_sections *s);

/** Version 1. Zero it first; `header` and `fd` are set by the caller, who closes the latter. */
struct nfm_sections_v1 {
	const struct nfm_header *header;
	int fd;
	struct nfm_unpack unpack;
	struct nfm_entry_lists lists;
	enum nfm_section section; /* that the cursor stands in; NFM_SECTIONS: the totals */
	uint64_t taken[NFM_SECTIONS];
	char id[NFM_SNAPSHOT_MAX_STRING + 1];
	char name[NFM_SNAPSHOT_MAX_STRING + 1];
};

/** Reads all, for checksum and form, and goes back to the first entry. Totals come into `foot`. */
int nfm_sections_v1_verify(struct nfm_sections_v1 *s, struct nfm_foot *foot, const char **what);

/** As nfm_sections_next(). */
int nfm_sections_v1_next(struct nfm_sections_v1 *s, enum nfm_section section,
			 union nfm_entry *out);
void nfm_sections_v1_free(struct nfm_sections_v1 *s);

#endif
