// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "snapshot/block.h"
#include "snapshot/encode.h"
#include "snapshot/format.h"
#include "snapshot/place.h"
#include "snapshot/snapshot.h"
#include "snapshot/step.h"
#include "snapshot/writer.h"

/* In the order of the file. */
static const uint8_t kinds[] = {
	NFM_SNAPSHOT_CUSTOMERS,
	NFM_SNAPSHOT_EXPORTERS,
	NFM_SNAPSHOT_REASONS,
};

enum { CUSTOMERS, EXPORTERS, REASONS, SECTIONS };

struct nfm_snapshot_writer {
	struct nfm_place place;
	struct nfm_snapshot_meta meta;
	struct nfm_block_packer packer;
	struct nfm_encoder block;   /* entries of the open block */
	struct nfm_encoder blocks;  /* of the foot: what leads to the customers' blocks */
	struct nfm_encoder earlier[2]; /* of the foot, of unmatched and local */
	uint32_t entries;	    /* of the open block */
	uint64_t at;		    /* where the open block will stand in the file */
	uint64_t others_at;	    /* 0: only customers so far */
	uint64_t count[SECTIONS];
	unsigned int section; /* the open one */
	int code;	      /* the first failure: everything after it does nothing */
	char last_id[NFM_SNAPSHOT_MAX_STRING + 1];
};

static int note(struct nfm_snapshot_writer *w, int code)
{
	if (!w->code)
		w->code = code;
	return w->code;
}

/* Where a block of customers begins and how long it is stands in the foot. */
static void lead_to_block(struct nfm_snapshot_writer *w, uint64_t size)
{
	nfm_encode_string(&w->blocks, (const char *)w->block.bytes); /* the first entry's id */
	nfm_encode_varint(&w->blocks, size);
	note(w, w->blocks.code);
}

/* Writes the open block, if there is anything in it: its first `size` bytes. */
static void end_block(struct nfm_snapshot_writer *w, size_t size)
{
	uint64_t seed = nfm_block_seed(w->meta.identity, w->meta.epoch, w->at);
	int64_t packed;

	if (w->code || !w->entries)
		return;
	packed = nfm_block_pack(&w->packer, kinds[w->section], w->block.bytes, size, w->entries,
				seed);
	if (packed < 0) {
		note(w, (int)packed);
		return;
	}
	if (w->section == CUSTOMERS)
		lead_to_block(w, (uint64_t)packed);
	note(w, nfm_io_write_all(w->place.fd, w->packer.packed, (size_t)packed));
	w->at += (uint64_t)packed;
	w->entries = 0;
	/* an entry that did not fit begins the next one */
	memmove(w->block.bytes, w->block.bytes + size, w->block.used - size);
	w->block.used -= size;
}

/* Ends the sections before `section`. */
static int enter(struct nfm_snapshot_writer *w, unsigned int section)
{
	if (section < w->section)
		return note(w, -EINVAL);
	if (section == w->section)
		return w->code;
	end_block(w, w->block.used);
	if (w->section == CUSTOMERS)
		w->others_at = w->at;
	w->section = section;
	return w->code;
}

/* An entry was put into the open block, which was `before` bytes long without it. */
static int entry_put(struct nfm_snapshot_writer *w, size_t before)
{
	if (note(w, w->block.code))
		return w->code;
	if (w->count[w->section] == NFM_SNAPSHOT_MAX_ENTRIES)
		return note(w, -EOVERFLOW);
	w->count[w->section]++;
	if (w->block.used > NFM_SNAPSHOT_BLOCK_RAW)
		end_block(w, before);
	w->entries++;
	return w->code;
}

/* Each id once, in their order: so a reader finds one. */
static int check_order(struct nfm_snapshot_writer *w, const char *id)
{
	size_t len = strnlen(id, sizeof(w->last_id));

	if (len == sizeof(w->last_id))
		return note(w, -EINVAL);
	if (w->count[CUSTOMERS] && strcmp(id, w->last_id) <= 0)
		return note(w, -EINVAL);
	memcpy(w->last_id, id, len + 1);
	return 0;
}

int nfm_snapshot_writer_customer(struct nfm_snapshot_writer *w,
				 const struct nfm_snapshot_customer *customer)
{
	size_t before = w->block.used;

	if (enter(w, CUSTOMERS) || check_order(w, customer->id))
		return w->code;
	nfm_encode_customer(&w->block, customer);
	return entry_put(w, before);
}

int nfm_snapshot_writer_encoded(struct nfm_snapshot_writer *w, const uint8_t *entry, size_t size)
{
	size_t before = w->block.used;

	if (enter(w, CUSTOMERS) || check_order(w, (const char *)entry))
		return w->code;
	nfm_encode_bytes(&w->block, entry, size);
	return entry_put(w, before);
}

int nfm_snapshot_writer_exporter(struct nfm_snapshot_writer *w,
				 const struct nfm_snapshot_exporter *exporter)
{
	size_t before;

	if (enter(w, EXPORTERS))
		return w->code;
	before = w->block.used;
	nfm_encode_exporter(&w->block, exporter);
	return entry_put(w, before);
}

int nfm_snapshot_writer_reason(struct nfm_snapshot_writer *w,
			       const struct nfm_snapshot_reason *reason)
{
	size_t before;

	if (enter(w, REASONS))
		return w->code;
	before = w->block.used;
	nfm_encode_reason(&w->block, reason);
	return entry_put(w, before);
}

void nfm_snapshot_writer_earlier(struct nfm_snapshot_writer *w, uint32_t row,
				 const struct nfm_snapshot_earlier *earlier, uint32_t count)
{
	struct nfm_encoder *e = &w->earlier[row == NFM_ROW_LOCAL];

	e->used = 0;
	nfm_encode_earlier(e, earlier, count);
	note(w, e->code);
}

void nfm_snapshot_writer_add_flags(struct nfm_snapshot_writer *w, uint32_t flags)
{
	w->meta.flags |= flags;
}

static bool meta_valid(const struct nfm_snapshot_meta *meta)
{
	return meta->from_unix_ns <= meta->to_unix_ns && meta->gap_count <= NFM_SNAPSHOT_GAPS;
}

int nfm_snapshot_writer_open(const char *directory, const struct nfm_snapshot_meta *meta,
			     struct nfm_snapshot_writer **out, struct nfm_error *error)
{
	struct nfm_snapshot_writer *w;
	int code;

	if (!meta_valid(meta))
		return nfm_error_set(error, -EINVAL,
				     "an interval that ends before it starts, or has %u gaps",
				     meta->gap_count);
	w = calloc(1, sizeof(*w));
	if (!w)
		return nfm_place_error(error, -ENOMEM, "make a snapshot file in", directory);
	w->meta = *meta;
	w->at = sizeof(struct nfm_snapshot_header);
	code = nfm_place_open(&w->place, directory, error);
	if (!code && lseek(w->place.fd, (off_t)w->at, SEEK_SET) < 0)
		code = nfm_place_error(error, -errno, "write a snapshot file in", directory);
	if (code) {
		nfm_snapshot_writer_free(w);
		return code;
	}
	*out = w;
	return 0;
}

static void put_earlier(struct nfm_encoder *foot, const struct nfm_encoder *earlier)
{
	if (earlier->used)
		nfm_encode_bytes(foot, earlier->bytes, earlier->used);
	else
		nfm_encode_varint(foot, 0);
}

/* Its length and checksum come into `h`. */
static int write_foot(struct nfm_snapshot_writer *w, const struct nfm_snapshot_count *unmatched,
		      const struct nfm_snapshot_count *local,
		      const struct nfm_snapshot_count *total, struct nfm_snapshot_header *h)
{
	struct nfm_encoder foot = {};
	int code;

	nfm_encode_count(&foot, unmatched);
	nfm_encode_count(&foot, local);
	nfm_encode_count(&foot, total);
	put_earlier(&foot, &w->earlier[0]);
	put_earlier(&foot, &w->earlier[1]);
	if (w->blocks.used)
		nfm_encode_bytes(&foot, w->blocks.bytes, w->blocks.used);
	code = foot.code;
	if (!code && foot.used > NFM_SNAPSHOT_FOOT_MAX)
		code = -EOVERFLOW;
	if (!code)
		code = nfm_io_write_all(w->place.fd, foot.bytes, foot.used);
	h->foot_at_le = htole64(w->at);
	h->foot_size_le = htole64(foot.used);
	h->foot_xxh3_le = htole64(code ? 0 : XXH3_64bits(foot.bytes, foot.used));
	nfm_encoder_free(&foot);
	return code;
}

/* `h` has what the foot is; everything else is put into it here. */
static int write_header(struct nfm_snapshot_writer *w, struct nfm_snapshot_header *h)
{
	const struct nfm_snapshot_meta *meta = &w->meta;

	memcpy(h->magic, NFM_SNAPSHOT_MAGIC, sizeof(h->magic));
	h->version_le = htole32(NFM_SNAPSHOT_VERSION);
	h->header_size_le = htole32(sizeof(*h));
	memcpy(h->identity, meta->identity, sizeof(h->identity));
	h->epoch_le = htole64(meta->epoch);
	h->from_unix_ns_le = htole64(meta->from_unix_ns);
	h->to_unix_ns_le = htole64(meta->to_unix_ns);
	h->interval_s_le = htole32(meta->interval_s);
	h->flags_le = htole32(meta->flags);
	h->slot_unix_ns_le = htole64(meta->slot_unix_ns);
	h->earlier_slots_le = htole32(meta->earlier_slots);
	h->gap_count_le = htole32(meta->gap_count);
	h->customers_le = htole64(w->count[CUSTOMERS]);
	h->exporters_le = htole64(w->count[EXPORTERS]);
	h->reasons_le = htole64(w->count[REASONS]);
	h->others_at_le = htole64(w->others_at);
	for (unsigned int i = 0; i < meta->gap_count; i++) {
		h->gap[i].from_unix_ns_le = htole64(meta->gap[i].from_unix_ns);
		h->gap[i].to_unix_ns_le = htole64(meta->gap[i].to_unix_ns);
	}
	h->header_xxh3_le =
		htole64(XXH3_64bits(h, offsetof(struct nfm_snapshot_header, header_xxh3_le)));
	if (lseek(w->place.fd, 0, SEEK_SET) < 0)
		return -errno;
	return nfm_io_write_all(w->place.fd, h, sizeof(*h));
}

static int write_ends(struct nfm_snapshot_writer *w, const struct nfm_snapshot_count *unmatched,
		      const struct nfm_snapshot_count *local,
		      const struct nfm_snapshot_count *total)
{
	struct nfm_snapshot_header h = {};

	if (!w->code)
		enter(w, SECTIONS);
	if (!w->code)
		note(w, nfm_rotate_step_done(NFM_ROTATE_FILE_HALF));
	if (!w->code)
		note(w, write_foot(w, unmatched, local, total, &h));
	if (!w->code)
		note(w, write_header(w, &h));
	if (!w->code)
		note(w, nfm_rotate_step_done(NFM_ROTATE_FILE_WHOLE));
	return w->code;
}

int nfm_snapshot_writer_commit(struct nfm_snapshot_writer *w,
			       const struct nfm_snapshot_count *unmatched,
			       const struct nfm_snapshot_count *local,
			       const struct nfm_snapshot_count *total, char *path,
			       size_t path_size, struct nfm_error *error)
{
	if (write_ends(w, unmatched, local, total))
		return nfm_place_error(error, w->code, "write a snapshot file in",
				       w->place.directory);
	w->code = nfm_place_publish(&w->place, w->meta.from_unix_ns / NFM_NS_PER_S,
				    w->meta.interval_s, path, path_size, error);
	if (w->code)
		return w->code;
	w->code = -EALREADY; /* nothing more goes into a file that is published */
	return 0;
}

void nfm_snapshot_writer_free(struct nfm_snapshot_writer *w)
{
	if (!w)
		return;
	nfm_place_close(&w->place);
	nfm_block_packer_free(&w->packer);
	nfm_encoder_free(&w->block);
	nfm_encoder_free(&w->blocks);
	nfm_encoder_free(&w->earlier[0]);
	nfm_encoder_free(&w->earlier[1]);
	free(w);
}
