// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "snapshot/sections.h"
#include "snapshot/snapshot.h"

#define STRINGS_FIRST_BYTES (4U << 10)
#define STRINGS_BYTES (256U << 10)

/* Strings that were given out: they live as long as the reader. */
struct strings {
	struct strings *older;
	size_t used, size;
	char byte[];
};

struct nfm_snapshot_reader {
	struct nfm_header header;
	int fd;
	bool stream; /* strings live until the next call */
	bool found;  /* one customer was looked for: there are no other entries */
	struct nfm_foot foot; /* of version 1: its totals */
	struct nfm_sections sections;
	struct nfm_sections_v1 *v1; /* NULL: version 2 */
	struct strings *strings;
	int code;
};

static struct strings *strings_grow(struct strings *older)
{
	size_t size = older ? STRINGS_BYTES : STRINGS_FIRST_BYTES;
	struct strings *s = malloc(sizeof(*s) + size);

	if (s)
		*s = (struct strings){ .older = older, .size = size };
	return s;
}

/* A copy that lives as long as the reader. NULL: out of memory, and the reader has failed. */
static const char *keep(struct nfm_snapshot_reader *r, const char *text)
{
	size_t len = strlen(text) + 1;
	struct strings *s = r->strings;
	char *copy;

	if (r->stream)
		return text;
	if (!s || s->size - s->used < len) {
		s = strings_grow(s);
		if (!s) {
			r->code = -ENOMEM;
			return NULL;
		}
		r->strings = s;
	}
	copy = memcpy(s->byte + s->used, text, len);
	s->used += len;
	return copy;
}

/* What a reader begins with: the header, verified, and the foot of version 2. */
static int open_reader(const char *path, struct nfm_snapshot_reader **out, struct nfm_error *error)
{
	struct nfm_snapshot_reader *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return nfm_error_set(error, -ENOMEM, "cannot read %s: free memory", path);
	r->fd = -1;
	code = nfm_header_open(path, &r->header, &r->fd, error);
	if (code) {
		nfm_snapshot_reader_free(r);
		return code;
	}
	*out = r;
	return 0;
}

static int explain(const char *path, int code, const char *what, struct nfm_error *error)
{
	if (code == -EBADMSG)
		return nfm_error_set(error, code,
				     "%s: %s: the file is damaged; take it from a copy, or leave "
				     "it out",
				     path, what);
	return nfm_error_set(error, code, "cannot read %s: %s; look at disk and memory", path,
			     strerror(-code));
}

static int open_v1(struct nfm_snapshot_reader *r, const char **what)
{
	r->v1 = calloc(1, sizeof(*r->v1));
	if (!r->v1)
		return -ENOMEM;
	r->v1->header = &r->header;
	r->v1->fd = r->fd;
	return nfm_sections_v1_verify(r->v1, &r->foot, what);
}

/* `verify`: the blocks, too, all of them. */
static int open_v2(struct nfm_snapshot_reader *r, bool verify, const char **what)
{
	int code;

	r->sections.header = &r->header;
	r->sections.fd = r->fd;
	*what = "the checksum of its foot is wrong";
	code = nfm_foot_read(r->fd, &r->header, &r->foot);
	*what = "the checksum of a block is wrong, or the content is not what its header tells of";
	if (!code && verify)
		code = nfm_sections_verify(&r->sections, &r->foot);
	if (!code)
		nfm_sections_rewind(&r->sections);
	return code;
}

static int open_content(const char *path, bool stream, struct nfm_snapshot_reader **out,
			struct nfm_error *error)
{
	struct nfm_snapshot_reader *r = NULL;
	const char *what = "";
	int code = open_reader(path, &r, error);

	if (code)
		return code;
	r->stream = stream;
	code = r->header.version == 1 ? open_v1(r, &what) : open_v2(r, !stream, &what);
	if (code) {
		nfm_snapshot_reader_free(r);
		return explain(path, code, what, error);
	}
	nfm_foot_drop_blocks(&r->foot);
	*out = r;
	return 0;
}

int nfm_snapshot_reader_open(const char *path, struct nfm_snapshot_reader **out,
			     struct nfm_error *error)
{
	return open_content(path, false, out, error);
}

int nfm_snapshot_stream_open(const char *path, struct nfm_snapshot_reader **out,
			     struct nfm_error *error)
{
	return open_content(path, true, out, error);
}

const struct nfm_snapshot_meta *nfm_snapshot_reader_meta(const struct nfm_snapshot_reader *r)
{
	return &r->header.meta;
}

const struct nfm_snapshot_earlier *nfm_snapshot_reader_earlier(const struct nfm_snapshot_reader *r,
							       uint32_t row, uint32_t *count)
{
	unsigned int i = row == NFM_ROW_LOCAL;

	*count = row <= NFM_ROW_LOCAL ? r->foot.earlier_count[i] : 0;
	return r->foot.earlier[i];
}

uint64_t nfm_snapshot_reader_customer_count(const struct nfm_snapshot_reader *r)
{
	return r->header.customers;
}

void nfm_snapshot_reader_totals(const struct nfm_snapshot_reader *r,
				struct nfm_snapshot_count *unmatched,
				struct nfm_snapshot_count *local, struct nfm_snapshot_count *total)
{
	*unmatched = r->foot.unmatched;
	*local = r->foot.local;
	*total = r->foot.total;
}

static int next_entry(struct nfm_snapshot_reader *r, enum nfm_section section,
		      union nfm_entry *out)
{
	if (r->code || r->found)
		return r->code;
	return r->v1 ? nfm_sections_v1_next(r->v1, section, out) :
		       nfm_sections_next(&r->sections, section, out);
}

int nfm_snapshot_reader_customer(struct nfm_snapshot_reader *r, struct nfm_snapshot_customer *out)
{
	union nfm_entry entry;
	int more = next_entry(r, NFM_SECTION_CUSTOMERS, &entry);

	if (more != 1)
		return more;
	entry.customer.id = keep(r, entry.customer.id);
	entry.customer.name = keep(r, entry.customer.name);
	if (r->code)
		return r->code;
	*out = entry.customer;
	return 1;
}

int nfm_snapshot_reader_exporter(struct nfm_snapshot_reader *r, struct nfm_snapshot_exporter *out)
{
	union nfm_entry entry;
	int more = next_entry(r, NFM_SECTION_EXPORTERS, &entry);

	if (more != 1)
		return more;
	entry.exporter.name = keep(r, entry.exporter.name);
	if (r->code)
		return r->code;
	*out = entry.exporter;
	return 1;
}

int nfm_snapshot_reader_reason(struct nfm_snapshot_reader *r, struct nfm_snapshot_reason *out)
{
	union nfm_entry entry;
	int more = next_entry(r, NFM_SECTION_REASONS, &entry);

	if (more == 1)
		*out = entry.reason;
	return more;
}

/* Where the block stands that would have this customer; 0: none would. */
static uint64_t block_of(struct nfm_snapshot_reader *r, const char *id)
{
	uint64_t at = r->header.size, found = 0, size;
	const char *first;

	while (nfm_foot_next(&r->foot, &first, &size) && strcmp(first, id) <= 0) {
		found = at;
		at += size;
	}
	return found;
}

/*
 * Of version 1, which may have an id more than once: all of its entries as one. What lists the
 * first one has are put aside meanwhile.
 */
static int find_v1(struct nfm_snapshot_reader *r, const char *id, struct nfm_snapshot_customer *out)
{
	struct nfm_entry_lists lists = {};
	union nfm_entry entry;
	bool found = false;
	int more;

	r->stream = false; /* the strings of one are kept */
	while ((more = next_entry(r, NFM_SECTION_CUSTOMERS, &entry)) == 1) {
		if (strcmp(entry.customer.id, id) != 0)
			continue;
		if (found) {
			nfm_snapshot_count_add(&out->up, &entry.customer.up);
			nfm_snapshot_count_add(&out->down, &entry.customer.down);
			continue;
		}
		found = true;
		*out = entry.customer;
		out->id = keep(r, out->id);
		out->name = keep(r, out->name);
		lists = r->v1->lists;
		r->v1->lists = (struct nfm_entry_lists){};
	}
	if (found) {
		nfm_entry_lists_free(&r->v1->lists);
		r->v1->lists = lists;
	}
	if (more < 0 || r->code)
		return more < 0 ? more : r->code;
	return found;
}

/* 1 and the customer, 0: it is not there. */
static int find(struct nfm_snapshot_reader *r, const char *id, struct nfm_snapshot_customer *out)
{
	uint64_t at;
	int more;

	if (r->v1)
		return find_v1(r, id, out);
	at = block_of(r, id);
	if (!at || r->foot.blocks.code)
		return r->foot.blocks.code;
	nfm_sections_seek(&r->sections, at);
	do {
		int order;

		more = nfm_snapshot_reader_customer(r, out);
		if (more != 1)
			break;
		order = strcmp(out->id, id);
		if (!order)
			return 1;
		if (order > 0)
			return 0;
	} while (r->sections.entries_left);
	return more < 0 ? more : 0;
}

int nfm_snapshot_find_customer(const char *path, const char *id,
			       struct nfm_snapshot_reader **reader,
			       struct nfm_snapshot_customer *out, struct nfm_error *error)
{
	struct nfm_snapshot_reader *r = NULL;
	struct nfm_snapshot_customer customer;
	const char *what = "";
	int code = open_reader(path, &r, error);

	if (code)
		return code;
	r->stream = true; /* the customer stands in the block, which stays */
	code = r->header.version == 1 ? open_v1(r, &what) : open_v2(r, false, &what);
	if (!code)
		code = find(r, id, &customer);
	if (code != 1) {
		nfm_snapshot_reader_free(r);
		return code ? explain(path, code, what, error) : 0;
	}
	nfm_foot_drop_blocks(&r->foot);
	r->found = true;
	*reader = r;
	*out = customer;
	return 1;
}

void nfm_snapshot_reader_free(struct nfm_snapshot_reader *r)
{
	if (!r)
		return;
	while (r->strings) {
		struct strings *older = r->strings->older;

		free(r->strings);
		r->strings = older;
	}
	nfm_foot_free(&r->foot);
	nfm_sections_free(&r->sections);
	if (r->v1)
		nfm_sections_v1_free(r->v1);
	free(r->v1);
	nfm_cleanup_close(&r->fd);
	free(r);
}
