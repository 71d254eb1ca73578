// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "snapshot/format.h"
#include "snapshot/header.h"
#include "snapshot/snapshot.h"
#include "snapshot/unpack.h"

#define STRINGS_FIRST_BYTES (4U << 10)
#define STRINGS_BYTES (256U << 10)
#define LIST_FIRST 16U /* entries */

enum { CUSTOMERS, EXPORTERS, REASONS, TOTALS };

/* Strings that were given out: they live as long as the reader. */
struct strings {
	struct strings *older;
	size_t used, size;
	char byte[];
};

struct nfm_snapshot_reader {
	struct nfm_header header;
	struct nfm_unpack unpack;
	int fd;
	unsigned int section;	/* the one that the cursor stands in */
	uint64_t taken[TOTALS]; /* entries of each section so far */
	struct nfm_snapshot_count unmatched, local, total;
	struct strings *strings;
	char id[NFM_SNAPSHOT_MAX_STRING + 1];
	char name[NFM_SNAPSHOT_MAX_STRING + 1];
	struct nfm_prefix *prefixes;
	uint32_t prefix_size;
	struct nfm_snapshot_stream *streams;
	uint32_t stream_size;
};

static int fail(struct nfm_snapshot_reader *r, int code)
{
	if (!r->unpack.code)
		r->unpack.code = code;
	r->unpack.raw_at = r->unpack.raw_used = 0;
	return r->unpack.code;
}

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

	if (!s || s->size - s->used < len) {
		s = strings_grow(s);
		if (!s) {
			fail(r, -ENOMEM);
			return NULL;
		}
		r->strings = s;
	}
	copy = memcpy(s->byte + s->used, text, len);
	s->used += len;
	return copy;
}

/*
 * A list with room for one more entry; it grows with what is read, not with what is told. NULL: out
 * of memory, and the reader has failed.
 */
static void *list_reserve(struct nfm_snapshot_reader *r, void *list, uint32_t *size, uint32_t used,
			  size_t entry_size)
{
	uint32_t bigger = *size ? *size * 2 : LIST_FIRST;
	void *p;

	if (used < *size)
		return list;
	p = reallocarray(list, bigger, entry_size);
	if (p)
		*size = bigger;
	else
		fail(r, -ENOMEM);
	return p;
}

static void take_count(struct nfm_unpack *u, struct nfm_snapshot_count *count)
{
	count->bytes = nfm_unpack_varint(u);
	count->packets = nfm_unpack_varint(u);
	count->flows = nfm_unpack_varint(u);
}

static uint32_t take_prefixes(struct nfm_snapshot_reader *r)
{
	struct nfm_unpack *u = &r->unpack;
	uint32_t count = nfm_unpack_u32(u, NFM_SNAPSHOT_MAX_PREFIXES);
	struct nfm_prefix *list;

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_prefix p = { .family = nfm_unpack_byte(u) };

		p.bits = nfm_unpack_byte(u);
		if ((p.family != 4 || p.bits > 32) && (p.family != 6 || p.bits > 128))
			fail(r, -EBADMSG);
		if (u->code)
			return 0;
		nfm_unpack_bytes(u, p.addr, (p.bits + 7U) / 8);
		list = list_reserve(r, r->prefixes, &r->prefix_size, i, sizeof(p));
		if (!list)
			return 0;
		list[i] = p;
		r->prefixes = list;
	}
	return count;
}

static uint32_t take_streams(struct nfm_snapshot_reader *r)
{
	struct nfm_unpack *u = &r->unpack;
	uint32_t count = nfm_unpack_u32(u, NFM_SNAPSHOT_MAX_STREAMS);
	struct nfm_snapshot_stream *list;

	for (uint32_t i = 0; i < count; i++) {
		struct nfm_snapshot_stream s = { .version = nfm_unpack_u32(u, UINT32_MAX) };

		s.domain = nfm_unpack_u32(u, UINT32_MAX);
		s.unit = nfm_unpack_u32(u, UINT32_MAX);
		s.received = nfm_unpack_varint(u);
		s.lost = nfm_unpack_varint(u);
		s.resets = nfm_unpack_varint(u);
		if (u->code)
			return 0;
		list = list_reserve(r, r->streams, &r->stream_size, i, sizeof(s));
		if (!list)
			return 0;
		list[i] = s;
		r->streams = list;
	}
	return count;
}

/* The strings stand in r->id and r->name until the next entry. */
static void take_customer(struct nfm_snapshot_reader *r, struct nfm_snapshot_customer *out)
{
	nfm_unpack_string(&r->unpack, r->id);
	nfm_unpack_string(&r->unpack, r->name);
	out->prefix_count = take_prefixes(r);
	out->prefixes = r->prefixes;
	take_count(&r->unpack, &out->up);
	take_count(&r->unpack, &out->down);
}

static void take_exporter(struct nfm_snapshot_reader *r, struct nfm_snapshot_exporter *out)
{
	struct nfm_unpack *u = &r->unpack;

	nfm_unpack_bytes(u, out->addr.byte, sizeof(out->addr.byte));
	nfm_unpack_string(u, r->name);
	out->datagrams = nfm_unpack_varint(u);
	out->records = nfm_unpack_varint(u);
	out->bytes = nfm_unpack_varint(u);
	out->packets = nfm_unpack_varint(u);
	out->rejected_datagrams = nfm_unpack_varint(u);
	out->rejected_records = nfm_unpack_varint(u);
	out->lost = nfm_unpack_varint(u);
	out->stream_count = take_streams(r);
	out->streams = r->streams;
}

static void take_reason(struct nfm_snapshot_reader *r, struct nfm_snapshot_reason *out)
{
	out->reason = nfm_unpack_u32(&r->unpack, UINT32_MAX);
	out->datagrams = nfm_unpack_varint(&r->unpack);
	out->records = nfm_unpack_varint(&r->unpack);
}

static void enter(struct nfm_snapshot_reader *r, unsigned int section)
{
	static const uint8_t tags[] = {
		[CUSTOMERS] = NFM_SNAPSHOT_CUSTOMERS,
		[EXPORTERS] = NFM_SNAPSHOT_EXPORTERS,
		[REASONS] = NFM_SNAPSHOT_REASONS,
		[TOTALS] = NFM_SNAPSHOT_TOTALS,
	};

	r->section = section;
	if (nfm_unpack_byte(&r->unpack) != tags[section])
		fail(r, -EBADMSG);
}

/* 1 if an entry of the open section follows; 0 if the section ended: the next one is open. */
static int next_entry(struct nfm_snapshot_reader *r)
{
	const uint64_t told[] = { r->header.customers, r->header.exporters, r->header.reasons };
	uint8_t marker = nfm_unpack_byte(&r->unpack);
	uint64_t *taken = &r->taken[r->section];

	if (r->unpack.code)
		return r->unpack.code;
	if (marker == NFM_SNAPSHOT_ENTRY && *taken < told[r->section]) {
		++*taken;
		return 1;
	}
	if (marker != NFM_SNAPSHOT_END || *taken != told[r->section] ||
	    nfm_unpack_varint(&r->unpack) != *taken)
		return fail(r, -EBADMSG);
	enter(r, r->section + 1);
	return r->unpack.code;
}

/* Takes the entries that are left of the open section. */
static int skip_section(struct nfm_snapshot_reader *r)
{
	struct nfm_snapshot_customer customer;
	struct nfm_snapshot_exporter exporter;
	struct nfm_snapshot_reason reason;
	unsigned int section = r->section;
	int more;

	while ((more = next_entry(r)) == 1) {
		if (section == CUSTOMERS)
			take_customer(r, &customer);
		else if (section == EXPORTERS)
			take_exporter(r, &exporter);
		else
			take_reason(r, &reason);
	}
	return more;
}

/* As next_entry() for one section: earlier ones are passed over, an earlier one has ended. */
static int next_entry_of(struct nfm_snapshot_reader *r, unsigned int section)
{
	while (r->section < section) {
		int code = skip_section(r);

		if (code)
			return code;
	}
	if (r->unpack.code)
		return r->unpack.code;
	return r->section == section ? next_entry(r) : 0;
}

static void rewind_sections(struct nfm_snapshot_reader *r)
{
	nfm_unpack_rewind(&r->unpack);
	memset(r->taken, 0, sizeof(r->taken));
	enter(r, CUSTOMERS);
}

/* The compressed bytes are as they were written, before any of them is looked into. */
static int verify_payload(struct nfm_snapshot_reader *r)
{
	XXH3_state_t *state = XXH3_createState();
	uint64_t left = r->header.payload_size;
	off_t at = r->header.size;
	uint8_t bytes[16384];
	int code = 0;

	if (!state)
		return -ENOMEM;
	XXH3_64bits_reset(state);
	while (left && !code) {
		ssize_t n = pread(r->fd, bytes, NFM_MIN(left, sizeof(bytes)), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			code = n < 0 ? -errno : -EBADMSG;
			break;
		}
		XXH3_64bits_update(state, bytes, (size_t)n);
		at += n;
		left -= (uint64_t)n;
	}
	if (!code && XXH3_64bits_digest(state) != r->header.payload_xxh3)
		code = -EBADMSG;
	XXH3_freeState(state);
	return code;
}

/* Reads the whole file once without giving anything out, for its form and its totals. */
static int verify_sections(struct nfm_snapshot_reader *r)
{
	rewind_sections(r);
	while (r->section < TOTALS && !skip_section(r))
		;
	take_count(&r->unpack, &r->unmatched);
	take_count(&r->unpack, &r->local);
	take_count(&r->unpack, &r->total);
	if (r->unpack.code)
		return r->unpack.code;
	return nfm_unpack_at_end(&r->unpack) ? 0 : -EBADMSG;
}

static int verify(struct nfm_snapshot_reader *r, const char *path, struct nfm_error *error)
{
	const char *what = "the content's checksum is wrong";
	int code = verify_payload(r);

	if (!code) {
		what = "the content is not what its header tells of";
		code = nfm_unpack_open(&r->unpack);
	}
	if (!code)
		code = verify_sections(r);
	if (code == -EBADMSG)
		return nfm_error_set(error, code,
				     "%s: %s: the file is damaged; take it from a copy, or leave "
				     "it out",
				     path, what);
	if (code)
		return nfm_error_set(error, code, "cannot read %s: %s; look at disk and memory",
				     path, strerror(-code));
	rewind_sections(r);
	return 0;
}

int nfm_snapshot_reader_open(const char *path, struct nfm_snapshot_reader **out,
			     struct nfm_error *error)
{
	struct nfm_snapshot_reader *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return nfm_error_set(error, -ENOMEM, "cannot read %s: free memory", path);
	r->fd = -1;
	code = nfm_header_open(path, &r->header, &r->fd, error);
	if (!code) {
		r->unpack.fd = r->fd;
		r->unpack.start = r->header.size;
		r->unpack.payload_size = r->header.payload_size;
		r->unpack.raw_size = r->header.raw_size;
		code = verify(r, path, error);
	}
	if (code) {
		nfm_snapshot_reader_free(r);
		return code;
	}
	*out = r;
	return 0;
}

const struct nfm_snapshot_meta *nfm_snapshot_reader_meta(const struct nfm_snapshot_reader *r)
{
	return &r->header.meta;
}

uint64_t nfm_snapshot_reader_customer_count(const struct nfm_snapshot_reader *r)
{
	return r->header.customers;
}

void nfm_snapshot_reader_totals(const struct nfm_snapshot_reader *r,
				struct nfm_snapshot_count *unmatched,
				struct nfm_snapshot_count *local, struct nfm_snapshot_count *total)
{
	*unmatched = r->unmatched;
	*local = r->local;
	*total = r->total;
}

int nfm_snapshot_reader_customer(struct nfm_snapshot_reader *r, struct nfm_snapshot_customer *out)
{
	struct nfm_snapshot_customer customer;
	int more = next_entry_of(r, CUSTOMERS);

	if (more != 1)
		return more;
	take_customer(r, &customer);
	customer.id = keep(r, r->id);
	customer.name = keep(r, r->name);
	if (r->unpack.code)
		return r->unpack.code;
	*out = customer;
	return 1;
}

int nfm_snapshot_reader_exporter(struct nfm_snapshot_reader *r, struct nfm_snapshot_exporter *out)
{
	struct nfm_snapshot_exporter exporter;
	int more = next_entry_of(r, EXPORTERS);

	if (more != 1)
		return more;
	take_exporter(r, &exporter);
	exporter.name = keep(r, r->name);
	if (r->unpack.code)
		return r->unpack.code;
	*out = exporter;
	return 1;
}

int nfm_snapshot_reader_reason(struct nfm_snapshot_reader *r, struct nfm_snapshot_reason *out)
{
	struct nfm_snapshot_reason reason;
	int more = next_entry_of(r, REASONS);

	if (more != 1)
		return more;
	take_reason(r, &reason);
	if (r->unpack.code)
		return r->unpack.code;
	*out = reason;
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
	nfm_unpack_close(&r->unpack);
	nfm_cleanup_close(&r->fd);
	free(r->prefixes);
	free(r->streams);
	free(r);
}
