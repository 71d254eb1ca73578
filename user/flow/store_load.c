// SPDX-License-Identifier: GPL-2.0-only
/* Reading the store's log: what is not whole is left out, and read on behind it. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "flow/store_file.h"
#include "flow/store_format.h"

#define LOG_BYTES_MAX (4ULL << 30)

struct load {
	const uint8_t *log;
	size_t bytes;
	uint64_t seed;
	struct nfm_store *store;
	uint32_t damaged;
};

struct name {
	struct nfm_template_name name; /* a sampler's stream: id 0 */
	uint64_t sampler;
};

static struct name read_name(const struct nfm_store_name *disk)
{
	struct name name = {
		.name.domain = le32toh(disk->domain_le),
		.name.version = le16toh(disk->netflow_le),
		.name.id = le16toh(disk->id_le),
		.sampler = le64toh(disk->sampler_le),
	};

	memcpy(name.name.exporter.byte, disk->exporter, sizeof(disk->exporter));
	return name;
}

/* What was known by this name does not hold, or may not. */
static void remove_name(struct nfm_store *store, const struct name *name)
{
	if (name->name.id)
		nfm_store_withdraw(store, &name->name);
	else
		nfm_store_withdraw_sampler(store, &name->name, name->sampler);
}

/* Reads the head. False: not a log of ours, or of another version. */
static bool read_head(struct load *l)
{
	struct nfm_store_head head;

	if (l->bytes < sizeof(head))
		return false;
	memcpy(&head, l->log, sizeof(head));
	l->seed = le64toh(head.seed_le);
	return !memcmp(head.magic, NFM_STORE_MAGIC, sizeof(head.magic)) &&
	       le32toh(head.version_le) == NFM_STORE_VERSION &&
	       le64toh(head.sum_le) == XXH3_64bits(&head, offsetof(struct nfm_store_head, sum_le));
}

/* What the entry at `at` says that it takes, tail included; 0: no entry's begin. */
static size_t claimed_bytes(const struct load *l, size_t at)
{
	struct nfm_store_entry entry;

	if (l->bytes - at < sizeof(entry))
		return 0;
	memcpy(&entry, l->log + at, sizeof(entry));
	if (memcmp(entry.magic, NFM_STORE_ENTRY_MAGIC, sizeof(entry.magic)) != 0 ||
	    le32toh(entry.raw_bytes_le) > NFM_STORE_RAW_MAX)
		return 0;
	return NFM_STORE_FIXED_BYTES + le32toh(entry.raw_bytes_le);
}

/* Bytes of the entry at `at`; 0: there is none, or not a whole one. */
static size_t whole_entry(const struct load *l, size_t at)
{
	size_t bytes = claimed_bytes(l, at);
	struct nfm_store_tail tail;
	size_t summed;

	if (!bytes || bytes > l->bytes - at)
		return 0;
	summed = bytes - sizeof(tail);
	memcpy(&tail, l->log + at + summed, sizeof(tail));
	if (le64toh(tail.entry_sum_le) != XXH3_64bits_withSeed(l->log + at, summed, l->seed + at))
		return 0;
	return bytes;
}

/* The next whole entry behind `at`, or the log's end. */
static size_t next_whole(const struct load *l, size_t at)
{
	while (++at < l->bytes) {
		const uint8_t *magic = memmem(l->log + at, l->bytes - at, NFM_STORE_ENTRY_MAGIC,
					      sizeof(NFM_STORE_ENTRY_MAGIC) - 1);

		if (!magic)
			break;
		at = (size_t)(magic - l->log);
		if (whole_entry(l, at))
			return at;
	}
	return l->bytes;
}

/*
 * A last entry that was cut short: the datagram that brought it was not done with, so that the log
 * is right without it.
 */
static bool is_cut_short(const struct load *l, size_t at)
{
	return l->bytes - at < NFM_STORE_FIXED_BYTES || claimed_bytes(l, at) > l->bytes - at;
}

/*
 * Something between `from` and `to` is damaged: what it may have replaced must not stay. Tails
 * tell, from the last one back, whose it was; if they do not, all read so far may be out of date.
 */
static void distrust(struct load *l, size_t from, size_t to)
{
	const size_t checked = offsetof(struct nfm_store_tail, sum_le) -
			       offsetof(struct nfm_store_tail, name);
	bool cut_short = to == l->bytes && is_cut_short(l, from);

	l->damaged++;
	while (to - from >= NFM_STORE_FIXED_BYTES) {
		struct nfm_store_tail tail;
		struct name name;
		size_t bytes;

		memcpy(&tail, l->log + to - sizeof(tail), sizeof(tail));
		bytes = le32toh(tail.bytes_le);
		if (bytes < NFM_STORE_FIXED_BYTES || bytes > to - from ||
		    le64toh(tail.sum_le) != XXH3_64bits_withSeed(&tail.name, checked,
								 l->seed + to - bytes))
			break;
		name = read_name(&tail.name);
		remove_name(l->store, &name);
		cut_short = false;
		to -= bytes;
	}
	if (to != from && !cut_short)
		nfm_store_clear(l->store);
}

/* 0, -ENOMEM, -EBADMSG: it makes no template. */
static int apply_template(struct load *l, const struct nfm_store_entry *entry,
			  const struct name *name, const uint8_t *raw)
{
	uint32_t raw_bytes = le32toh(entry->raw_bytes_le);
	struct nfm_template_head head;
	struct nfm_template *template;
	int code;

	if (nfm_template_measure(raw, raw_bytes, name->name.version, entry->options, &head) ||
	    head.raw_bytes != raw_bytes || head.id != name->name.id || !head.field_count)
		return -EBADMSG;
	code = nfm_template_new(&name->name, raw, &head, entry->options, &template);
	if (code)
		return code;
	template->learned_unix_ns = le64toh(entry->learned_unix_ns_le);
	template->seen_unix_ns = le64toh(entry->seen_unix_ns_le);
	code = nfm_store_put(l->store, template);
	if (code)
		nfm_template_free(template);
	return code == -ENOSPC ? 0 : code;
}

static int apply_sampler(struct load *l, const struct nfm_store_entry *entry,
			 const struct name *name)
{
	struct nfm_sampler sampler = {
		.stream = name->name,
		.id = name->sampler,
		.sampling.num = le32toh(entry->sampling_num_le),
		.sampling.den = le32toh(entry->sampling_den_le),
	};
	int code;

	if (name->name.id || !sampler.sampling.num || !sampler.sampling.den)
		return -EBADMSG;
	code = nfm_store_put_sampler(l->store, &sampler);
	return code == -ENOSPC ? 0 : code;
}

static int apply_event(struct load *l, const struct nfm_store_entry *entry,
		       const struct name *name, const uint8_t *raw)
{
	struct nfm_template *template;

	if (name->name.version != 9 && name->name.version != 10)
		return -EBADMSG;
	switch (entry->event) {
	case NFM_STORE_ENTRY_SET:
		return apply_template(l, entry, name, raw);
	case NFM_STORE_ENTRY_SAMPLER:
		return apply_sampler(l, entry, name);
	case NFM_STORE_ENTRY_SEEN:
		template = nfm_store_find(l->store, &name->name);
		if (template)
			nfm_store_see(l->store, template, le64toh(entry->seen_unix_ns_le));
		return 0;
	case NFM_STORE_ENTRY_WITHDRAWN:
	case NFM_STORE_ENTRY_FORGOTTEN:
		remove_name(l->store, name);
		return 0;
	default:
		return -EBADMSG;
	}
}

/* A whole entry. 0, -ENOMEM. */
static int apply(struct load *l, size_t at)
{
	struct nfm_store_entry entry;
	struct name name;
	int code;

	memcpy(&entry, l->log + at, sizeof(entry));
	name = read_name(&entry.name);
	code = apply_event(l, &entry, &name, l->log + at + sizeof(entry));
	if (code != -EBADMSG)
		return code;
	remove_name(l->store, &name);
	l->damaged++;
	return 0;
}

static int load(struct load *l)
{
	size_t at = sizeof(struct nfm_store_head);

	if (!l->bytes)
		return 0;
	if (!read_head(l)) {
		l->damaged++;
		return 0;
	}
	while (at < l->bytes) {
		size_t bytes = whole_entry(l, at);
		size_t from = at;
		int code = 0;

		if (bytes)
			code = apply(l, at);
		if (code)
			return code;
		at = bytes ? at + bytes : next_whole(l, at);
		if (!bytes)
			distrust(l, from, at);
	}
	return 0;
}

int nfm_store_file_load(const char *path, struct nfm_store *store, uint32_t *damaged,
			struct nfm_error *error)
{
	_cleanup_free_ char *log = NULL;
	struct load l = { .store = store };
	int code = nfm_io_read_file(path, LOG_BYTES_MAX, &log, &l.bytes);

	if (code == -EFBIG)
		l.damaged++;
	else if (code && code != -ENOENT)
		return nfm_error_set(error, code, "%s: cannot read it: %s", path, strerror(-code));
	l.log = (const uint8_t *)log;
	code = load(&l);
	if (code)
		return nfm_error_set(error, code, "%s: %s", path, strerror(-code));
	*damaged = l.damaged;
	return 0;
}
