// SPDX-License-Identifier: GPL-2.0-only
/*
 * The template store where room is short, and its log: what the datagrams leave in the store comes
 * back from the log. Then the input as a log: as it is, and each datagram as an entry whose sums
 * are right.
 */
#include "fuzz.h"

#include <endian.h>
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include "flow/store_file.h"
#include "flow/store_format.h"

#define SEED 7U
#define FORGED_BYTES 65536U

static char folder[] = "/dev/shm/nfm-fuzz-XXXXXX";
static char path[64];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void make_folder(void)
{
	if (path[0])
		return;
	FUZZ_CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/%s", folder, NFM_STORE_FILE);
	atexit(remove_folder);
}

static void append(void *cookie, const struct nfm_store_change *change)
{
	nfm_store_file_append(cookie, change);
}

/* What the log gave has to be what the store has. */
static void compare(void *cookie, const struct nfm_store_change *change)
{
	const struct nfm_template *t = change->template;
	const struct nfm_sampler *s = change->sampler;
	const struct nfm_template *back;
	const struct nfm_sampler *sampler;

	if (t) {
		back = nfm_store_find(cookie, &t->name);
		FUZZ_CHECK(back && back->options == t->options);
		FUZZ_CHECK(back->raw_bytes == t->raw_bytes);
		FUZZ_CHECK(!memcmp(back->raw, t->raw, t->raw_bytes));
		FUZZ_CHECK(back->learned_unix_ns == t->learned_unix_ns);
	} else {
		sampler = nfm_store_find_sampler(cookie, &s->stream, s->id);
		FUZZ_CHECK(sampler && sampler->sampling.num == s->sampling.num &&
			   sampler->sampling.den == s->sampling.den);
	}
}

static void check_log(const struct nfm_store *store)
{
	_cleanup_(nfm_store_free_p) struct nfm_store *back = NULL;
	struct nfm_store_count has, had;
	struct nfm_error error = {};
	uint32_t damaged;

	FUZZ_CHECK(nfm_store_new(NULL, &back) == 0);
	FUZZ_CHECK(nfm_store_file_load(path, back, &damaged, &error) == 0);
	FUZZ_CHECK(!damaged);
	nfm_store_count(store, &had);
	nfm_store_count(back, &has);
	FUZZ_CHECK(has.templates == had.templates && has.samplers == had.samplers);
	nfm_store_each(store, compare, back);
}

static void log_datagrams(const uint8_t *data, size_t size)
{
	static const struct nfm_store_limits limits = { .per_exporter = 6, .bytes = 4096 };
	static struct nfm_store_file file;
	static struct fuzz f;
	struct nfm_error error = {};

	unlink(path);
	fuzz_begin(&f, &limits);
	FUZZ_CHECK(nfm_store_file_open(&file, path, f.store, &error) == 0);
	nfm_store_listen(f.store, append, &file);
	fuzz_all(&f, data, size, 0);
	FUZZ_CHECK(!file.last_error);
	check_log(f.store);
	FUZZ_CHECK(nfm_store_file_tidy(&file, f.store) == 0);
	check_log(f.store);
	nfm_store_file_close(&file);
}

/* Whatever the log holds: it is read, and a new log of what was read is whole. */
static void read_log(const void *log, size_t size)
{
	_cleanup_(nfm_store_free_p) struct nfm_store *store = NULL;
	struct nfm_store_file file;
	struct nfm_error error = {};
	uint32_t damaged;
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	FUZZ_CHECK(fd >= 0 && write(fd, log, size) == (ssize_t)size);
	close(fd);
	FUZZ_CHECK(nfm_store_new(NULL, &store) == 0);
	FUZZ_CHECK(nfm_store_file_load(path, store, &damaged, &error) == 0);
	FUZZ_CHECK(nfm_store_file_open(&file, path, store, &error) == 0);
	nfm_store_file_close(&file);
	check_log(store);
}

/* An entry of these bytes at log[at], its sums right; returns its length, 0: they are too few. */
static size_t forge_entry(uint8_t *log, size_t at, const uint8_t *bytes, uint32_t length)
{
	struct nfm_store_entry entry;
	struct nfm_store_tail tail = {};
	uint32_t raw_bytes = length - (uint32_t)sizeof(entry);
	size_t summed = length;

	if (length < sizeof(entry))
		return 0;
	memcpy(&entry, bytes, sizeof(entry));
	memcpy(entry.magic, NFM_STORE_ENTRY_MAGIC, sizeof(entry.magic));
	entry.raw_bytes_le = htole32(raw_bytes);
	tail.name = entry.name;
	tail.bytes_le = htole32((uint32_t)(summed + sizeof(tail)));
	log += at;
	memcpy(log, &entry, sizeof(entry));
	memcpy(log + sizeof(entry), bytes + sizeof(entry), raw_bytes);
	tail.entry_sum_le = htole64(XXH3_64bits_withSeed(log, summed, SEED + at));
	tail.sum_le = htole64(XXH3_64bits_withSeed(&tail.name,
						   offsetof(struct nfm_store_tail, sum_le) -
							   offsetof(struct nfm_store_tail, name),
						   SEED + at));
	memcpy(log + summed, &tail, sizeof(tail));
	return summed + sizeof(tail);
}

static void read_forged(const uint8_t *data, size_t size)
{
	static uint8_t log[FORGED_BYTES];
	struct nfm_store_head head = {
		.magic = NFM_STORE_MAGIC,
		.version_le = htole32(NFM_STORE_VERSION),
		.seed_le = htole64(SEED),
	};
	size_t bytes = sizeof(head);
	uint32_t length;
	uint8_t *entry;

	head.sum_le = htole64(XXH3_64bits(&head, offsetof(struct nfm_store_head, sum_le)));
	memcpy(log, &head, sizeof(head));
	while ((entry = fuzz_next(&data, &size, &length))) {
		if (length <= FORGED_BYTES - bytes - sizeof(struct nfm_store_tail))
			bytes += forge_entry(log, bytes, entry, length);
		free(entry);
		if (bytes > FORGED_BYTES / 2)
			break;
	}
	read_log(log, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	make_folder();
	log_datagrams(data, size);
	read_log(data, size);
	read_forged(data, size);
	return 0;
}
