// SPDX-License-Identifier: GPL-2.0-only
/* Version 2: blocks. */
#include "snapshot/sections.h"

#include <errno.h>
#include <string.h>

static const uint8_t kinds[NFM_SECTIONS] = {
	[NFM_SECTION_CUSTOMERS] = NFM_SNAPSHOT_CUSTOMERS,
	[NFM_SECTION_EXPORTERS] = NFM_SNAPSHOT_EXPORTERS,
	[NFM_SECTION_REASONS] = NFM_SNAPSHOT_REASONS,
};

static int fail(struct nfm_sections *s, int code)
{
	if (!s->code)
		s->code = code;
	s->entries_left = 0;
	return s->code;
}

void nfm_sections_rewind(struct nfm_sections *s)
{
	s->at = s->header->size;
	s->section = NFM_SECTION_CUSTOMERS;
	s->entries_left = 0;
	memset(s->taken, 0, sizeof(s->taken));
	memset(s->skipped, 0, sizeof(s->skipped));
	s->id = NULL;
	s->code = 0;
}

void nfm_sections_seek(struct nfm_sections *s, uint64_t at)
{
	nfm_sections_rewind(s);
	s->at = at;
}

/* The open section has no more blocks; so do those before `next`. */
static void end_sections(struct nfm_sections *s, enum nfm_section next)
{
	for (; s->section < next; s->section++)
		if (!s->skipped[s->section] &&
		    s->taken[s->section] != nfm_header_told(s->header, s->section))
			fail(s, -EBADMSG);
}

static enum nfm_section section_of(uint8_t kind)
{
	unsigned int i = 0;

	while (i < NFM_SECTIONS && kinds[i] != kind)
		i++;
	return i;
}

/* Where the foot says that a block of customers is, and what comes first in it. */
static void check_foot(struct nfm_sections *s, uint64_t size)
{
	struct nfm_entry_cursor first = s->cursor;
	const char *id;
	uint64_t told;

	if (!nfm_foot_next(s->check, &id, &told) || told != size ||
	    strcmp(id, nfm_decode_string(&first)) != 0)
		fail(s, -EBADMSG);
}

/* The block's section, and where in it the cursor is: in front of its first entry. */
static void open_block(struct nfm_sections *s, uint64_t size)
{
	enum nfm_section section = section_of(s->block.kind);
	bool customers = s->section == NFM_SECTION_CUSTOMERS;

	if (section == NFM_SECTIONS || section < s->section || !s->block.entries ||
	    customers != (section == NFM_SECTION_CUSTOMERS)) {
		fail(s, -EBADMSG);
		return;
	}
	end_sections(s, section);
	s->cursor = (struct nfm_entry_cursor){
		.at = s->block.raw,
		.end = s->block.raw + s->block.raw_used,
	};
	s->entries_left = s->code ? 0 : s->block.entries;
	if (customers && s->check)
		check_foot(s, size);
}

/* The next block, or the end of the open section. */
static int next_block(struct nfm_sections *s)
{
	const struct nfm_header *h = s->header;
	bool customers = s->section == NFM_SECTION_CUSTOMERS;
	uint64_t end = customers ? h->others_at : h->foot_at;
	uint64_t seed = nfm_block_seed(h->meta.identity, h->meta.epoch, s->at);
	int64_t size;

	if (s->at == end) {
		end_sections(s, customers ? NFM_SECTION_EXPORTERS : NFM_SECTIONS);
		return s->code;
	}
	if (s->id) { /* it stands in the block that goes */
		memccpy(s->block_id, s->id, '\0', sizeof(s->block_id));
		s->id = s->block_id;
	}
	size = nfm_block_read(&s->block, s->fd, s->at, end, seed);
	if (size < 0)
		return fail(s, (int)size);
	s->at += (uint64_t)size;
	open_block(s, (uint64_t)size);
	return s->code;
}

/* Passes over what is left of the open section. */
static void skip(struct nfm_sections *s)
{
	s->entries_left = 0;
	s->skipped[s->section] = true;
	if (s->section == NFM_SECTION_CUSTOMERS) {
		s->at = s->header->others_at;
		s->section = NFM_SECTION_EXPORTERS;
	} else {
		next_block(s);
	}
}

static int take(struct nfm_sections *s, union nfm_entry *out)
{
	struct nfm_entry_cursor *d = &s->cursor;

	if (s->taken[s->section]++ == nfm_header_told(s->header, s->section))
		return fail(s, -EBADMSG);
	if (s->section == NFM_SECTION_CUSTOMERS) {
		nfm_decode_customer(d, &s->lists, s->header->meta.earlier_slots, &out->customer);
		if (s->id && strcmp(out->customer.id, s->id) <= 0)
			return fail(s, -EBADMSG);
		s->id = out->customer.id;
	} else if (s->section == NFM_SECTION_EXPORTERS) {
		nfm_decode_exporter(d, &s->lists, &out->exporter);
	} else {
		nfm_decode_reason(d, &out->reason);
	}
	s->entries_left--;
	if (d->code || (!s->entries_left && d->at != d->end))
		return fail(s, d->code ? d->code : -EBADMSG);
	return 1;
}

int nfm_sections_next(struct nfm_sections *s, enum nfm_section section, union nfm_entry *out)
{
	while (!s->code && s->section <= section) {
		if (s->section < section)
			skip(s);
		else if (s->entries_left)
			return take(s, out);
		else
			next_block(s);
	}
	return s->code;
}

int nfm_sections_verify(struct nfm_sections *s, struct nfm_foot *foot)
{
	union nfm_entry entry;
	const char *id;
	uint64_t size;

	s->check = foot;
	nfm_sections_rewind(s);
	for (unsigned int i = 0; i < NFM_SECTIONS; i++)
		while (nfm_sections_next(s, i, &entry) == 1)
			;
	s->check = NULL;
	if (!s->code && (nfm_foot_next(foot, &id, &size) || foot->blocks.code))
		fail(s, -EBADMSG);
	return s->code;
}

void nfm_sections_free(struct nfm_sections *s)
{
	nfm_block_free(&s->block);
	nfm_entry_lists_free(&s->lists);
}
