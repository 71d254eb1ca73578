// SPDX-License-Identifier: GPL-2.0-only
#include "flow/store_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "flow/store_format.h"

#define FILE_MODE 0644
#define ANEW_BYTES (64ULL << 10) /* a smaller log is not worth the trouble */
#define ANEW_FACTOR 3U
#define FLOOD_BYTES (256ULL << 20) /* more history than this waits for tidying */

/* ---- entries ---- */

static bool is_template_set(const struct nfm_store_change *change)
{
	return change->event == NFM_STORE_SET && change->template;
}

static size_t entry_bytes(const struct nfm_store_change *change)
{
	return NFM_STORE_FIXED_BYTES + (is_template_set(change) ? change->template->raw_bytes : 0);
}

static uint8_t event_on_disk(enum nfm_store_event event)
{
	static const uint8_t on_disk[] = {
		[NFM_STORE_SET] = NFM_STORE_ENTRY_SET,
		[NFM_STORE_SEEN] = NFM_STORE_ENTRY_SEEN,
		[NFM_STORE_WITHDRAWN] = NFM_STORE_ENTRY_WITHDRAWN,
		[NFM_STORE_FORGOTTEN] = NFM_STORE_ENTRY_FORGOTTEN,
		[NFM_STORE_SAMPLER] = NFM_STORE_ENTRY_SAMPLER,
	};

	return on_disk[event];
}

static struct nfm_store_name name_on_disk(const struct nfm_store_change *change)
{
	const struct nfm_template_name *name =
		change->template ? &change->template->name : &change->sampler->stream;
	struct nfm_store_name disk = {
		.domain_le = htole32(name->domain),
		.netflow_le = htole16(name->version),
		.id_le = htole16(name->id),
		.sampler_le = htole64(change->template ? 0 : change->sampler->id),
	};

	memcpy(disk.exporter, name->exporter.byte, sizeof(disk.exporter));
	return disk;
}

/* Writes the change to `out`, entry_bytes() of room; `seed` is that of its place in the log. */
static void encode(uint64_t seed, const struct nfm_store_change *change, uint8_t *out)
{
	size_t bytes = entry_bytes(change);
	size_t summed = bytes - sizeof(struct nfm_store_tail);
	size_t raw_bytes = bytes - NFM_STORE_FIXED_BYTES;
	struct nfm_store_entry entry = {
		.raw_bytes_le = htole32((uint32_t)raw_bytes),
		.event = event_on_disk(change->event),
		.name = name_on_disk(change),
	};
	struct nfm_store_tail tail = {
		.name = entry.name,
		.bytes_le = htole32((uint32_t)bytes),
	};

	memcpy(entry.magic, NFM_STORE_ENTRY_MAGIC, sizeof(entry.magic));
	if (change->template) {
		entry.options = change->template->options;
		entry.learned_unix_ns_le = htole64(change->template->learned_unix_ns);
		entry.seen_unix_ns_le = htole64(change->template->seen_unix_ns);
	} else {
		entry.sampling_num_le = htole32(change->sampler->sampling.num);
		entry.sampling_den_le = htole32(change->sampler->sampling.den);
	}
	memcpy(out, &entry, sizeof(entry));
	if (raw_bytes)
		memcpy(out + sizeof(entry), change->template->raw, raw_bytes);
	tail.entry_sum_le = htole64(XXH3_64bits_withSeed(out, summed, seed));
	tail.sum_le = htole64(XXH3_64bits_withSeed(&tail.name,
						   offsetof(struct nfm_store_tail, sum_le) -
							   offsetof(struct nfm_store_tail, name),
						   seed));
	memcpy(out + summed, &tail, sizeof(tail));
}

/* ---- the whole log ---- */

struct content {
	uint64_t seed;
	uint8_t *at; /* NULL: only the bytes are counted */
	size_t bytes;
};

static void add_change(void *cookie, const struct nfm_store_change *change)
{
	struct content *content = cookie;

	if (content->at)
		encode(content->seed + content->bytes, change, content->at + content->bytes);
	content->bytes += entry_bytes(change);
}

static void add_head(struct content *content)
{
	struct nfm_store_head head = {
		.version_le = htole32(NFM_STORE_VERSION),
		.seed_le = htole64(content->seed),
	};

	memcpy(head.magic, NFM_STORE_MAGIC, sizeof(head.magic));
	head.sum_le = htole64(XXH3_64bits(&head, offsetof(struct nfm_store_head, sum_le)));
	memcpy(content->at, &head, sizeof(head));
	content->bytes = sizeof(head);
}

static uint64_t count_live(const struct nfm_store *store)
{
	struct content content = { .bytes = sizeof(struct nfm_store_head) };

	nfm_store_each(store, add_change, &content);
	return content.bytes;
}

static int write_content(const struct nfm_store_file *file, const struct nfm_store *store)
{
	_cleanup_free_ uint8_t *buf = malloc(count_live(store));
	struct content content = { .seed = file->seed, .at = buf };

	if (!buf)
		return -ENOMEM;
	add_head(&content);
	nfm_store_each(store, add_change, &content);
	return nfm_io_replace_file(file->path, buf, content.bytes, FILE_MODE);
}

/*
 * Whatever became of writing it: what has the log's name now is what is appended to, as the old one
 * may have lost it.
 */
static int reopen(struct nfm_store_file *file)
{
	_cleanup_close_ int fd = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (file->fd >= 0)
		close(file->fd);
	file->fd = NFM_STEAL_FD(fd);
	file->bytes = (uint64_t)st.st_size;
	return 0;
}

static int write_anew(struct nfm_store_file *file, const struct nfm_store *store)
{
	int code = write_content(file, store);
	int reopened = reopen(file);

	if (!code)
		code = reopened;
	file->last_error = code;
	if (code)
		return code;
	file->live_bytes = file->bytes;
	file->unsynced = false;
	return 0;
}

/* ---- the file ---- */

int nfm_store_file_open(struct nfm_store_file *file, const char *path,
			const struct nfm_store *store, struct nfm_error *error)
{
	size_t len = strlen(path);
	int code = -ENAMETOOLONG;

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	/* What is sent to us must not be able to pass for an entry. */
	if (getrandom(&file->seed, sizeof(file->seed), GRND_NONBLOCK) < 0)
		file->seed = (uintptr_t)store;
	if (len < sizeof(file->path)) {
		memcpy(file->path, path, len + 1);
		code = write_anew(file, store);
	}
	if (!code)
		return 0;
	nfm_store_file_close(file);
	file->last_error = code;
	return nfm_error_set(error, code, "%s: cannot write it: %s", path, strerror(-code));
}

static int append(struct nfm_store_file *file, const struct nfm_store_change *change)
{
	uint8_t buf[NFM_STORE_FIXED_BYTES + NFM_STORE_RAW_MAX];
	size_t bytes = entry_bytes(change);
	int code;

	if (file->fd < 0)
		return -EBADF;
	if (bytes > sizeof(buf) ||
	    file->bytes + bytes > NFM_MAX(FLOOD_BYTES, ANEW_FACTOR * file->live_bytes))
		return -EFBIG;
	encode(file->seed + file->bytes, change, buf);
	code = nfm_io_write_all(file->fd, buf, bytes);
	if (!code)
		file->bytes += bytes;
	else if (ftruncate(file->fd, (off_t)file->bytes))
		code = -errno; /* half an entry stays, and is left out when it is read */
	return code;
}

/*
 * The log says what does not hold any more, and cannot be told: a new agent would decode by it. One
 * that knows nothing waits until it is told.
 */
static void disown(struct nfm_store_file *file)
{
	if (file->fd < 0 || ftruncate(file->fd, sizeof(struct nfm_store_head)))
		return;
	file->bytes = sizeof(struct nfm_store_head);
	file->unsynced = true;
}

void nfm_store_file_append(struct nfm_store_file *file, const struct nfm_store_change *change)
{
	int code;

	if (!*file->path)
		return;
	code = append(file, change);
	if (!code) {
		file->unsynced = true;
		return;
	}
	file->last_error = code;
	if (change->event != NFM_STORE_SEEN)
		disown(file);
}

/* Looked at only where the log has grown to a multiple of what it was: the store may be large. */
static bool is_history(struct nfm_store_file *file, const struct nfm_store *store)
{
	if (file->bytes <= ANEW_BYTES || file->bytes <= ANEW_FACTOR * file->live_bytes)
		return false;
	file->live_bytes = count_live(store);
	return file->bytes > ANEW_FACTOR * file->live_bytes;
}

/* Somebody has deleted the log or put another one in its place: nobody will read ours. */
static bool is_gone(const struct nfm_store_file *file)
{
	struct stat ours, named;

	if (file->fd < 0 || fstat(file->fd, &ours))
		return false;
	if (stat(file->path, &named))
		return errno == ENOENT || errno == ENOTDIR;
	return ours.st_ino != named.st_ino || ours.st_dev != named.st_dev;
}

int nfm_store_file_tidy(struct nfm_store_file *file, const struct nfm_store *store)
{
	if (!*file->path)
		return 0;
	if (file->last_error || is_history(file, store) || is_gone(file))
		return write_anew(file, store);
	return 0;
}

int nfm_store_file_to_sync(struct nfm_store_file *file)
{
	int fd = -1;

	if (file->fd >= 0 && file->unsynced)
		fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		file->unsynced = false;
	return fd;
}

void nfm_store_file_close(struct nfm_store_file *file)
{
	if (file->fd >= 0) {
		if (file->unsynced)
			fsync(file->fd);
		close(file->fd);
	}
	file->fd = -1;
	file->path[0] = '\0';
	file->unsynced = false;
}
