// SPDX-License-Identifier: GPL-2.0-only
#define XXH_INLINE_ALL
#include "http/body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/io.h"

#define CHUNK (64U << 10)
#define LEVEL 1	       /* an answer of 1,000,000 customers is made while somebody waits */
#define GZIP_BITS (15 + 16) /* zlib.h, deflateInit2(): a gzip header, not a zlib one */

struct nfm_body_writer {
	FILE *to;
	bool gzip;
	z_stream deflate;
	char *memory;
	size_t used, room;
	int fd;
	uint64_t size; /* in the file */
	int err;
	XXH3_state_t *hash; /* of the text, so that it is the same with gzip and without */
};

static atomic_uint_fast64_t files_bytes, files_most = NFM_BODY_FILES;

void nfm_body_limit(uint64_t bytes)
{
	atomic_store(&files_most, bytes);
}

/* In /var/tmp, or where TMPDIR says: in memory it would not be worth it. */
static int open_file(void)
{
	const char *directory = getenv("TMPDIR");
	int fd = open(directory && *directory ? directory : "/var/tmp",
		      O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static int put_file(struct nfm_body_writer *w, const void *bytes, size_t size)
{
	int err;

	if (atomic_fetch_add(&files_bytes, size) + size > atomic_load(&files_most)) {
		atomic_fetch_sub(&files_bytes, size);
		return -ENOSPC;
	}
	w->size += size;
	err = nfm_io_write_all(w->fd, bytes, size);
	return err;
}

static int spill(struct nfm_body_writer *w)
{
	size_t used = w->used;

	w->fd = open_file();
	if (w->fd < 0)
		return w->fd;
	w->used = 0;
	return put_file(w, w->memory, used);
}

static int put(struct nfm_body_writer *w, const void *bytes, size_t size)
{
	if (w->fd < 0 && w->used + size > NFM_BODY_MEMORY) {
		int err = spill(w);

		if (err)
			return err;
	}
	if (w->fd >= 0)
		return put_file(w, bytes, size);
	if (w->used + size > w->room) {
		size_t room = NFM_MAX(2 * w->room, w->used + size);
		char *more = realloc(w->memory, room);

		if (!more)
			return -ENOMEM;
		w->memory = more;
		w->room = room;
	}
	memcpy(w->memory + w->used, bytes, size);
	w->used += size;
	return 0;
}

static int put_deflated(struct nfm_body_writer *w, const void *bytes, size_t size, int flush)
{
	unsigned char out[CHUNK];
	int code = Z_OK, err = 0;

	w->deflate.next_in = (unsigned char *)bytes;
	w->deflate.avail_in = (unsigned int)size;
	do {
		w->deflate.next_out = out;
		w->deflate.avail_out = sizeof(out);
		code = deflate(&w->deflate, flush);
		err = code == Z_STREAM_ERROR ? -EIO :
					       put(w, out, sizeof(out) - w->deflate.avail_out);
	} while (!err && (w->deflate.avail_in || !w->deflate.avail_out ||
			  (flush == Z_FINISH && code != Z_STREAM_END)));
	return err;
}

/* fopencookie(3)'s */
static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	struct nfm_body_writer *w = cookie;

	if (w->err)
		return 0;
	XXH3_128bits_update(w->hash, bytes, size);
	w->err = w->gzip ? put_deflated(w, bytes, size, Z_NO_FLUSH) : put(w, bytes, size);
	if (w->err)
		errno = -w->err;
	return w->err ? 0 : (ssize_t)size;
}

static void writer_free(struct nfm_body_writer *w)
{
	if (w->gzip)
		deflateEnd(&w->deflate);
	XXH3_freeState(w->hash);
	free(w->memory);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int nfm_body_open(bool gzip, struct nfm_body_writer **writer, FILE **to)
{
	const cookie_io_functions_t functions = { .write = take };
	struct nfm_body_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->fd = -1;
	w->hash = XXH3_createState();
	if (w->hash && gzip)
		w->gzip = deflateInit2(&w->deflate, LEVEL, Z_DEFLATED, GZIP_BITS, 8,
				       Z_DEFAULT_STRATEGY) == Z_OK;
	if (w->hash && w->gzip == gzip)
		w->to = fopencookie(w, "w", functions);
	if (!w->to) {
		writer_free(w);
		return -ENOMEM;
	}
	XXH3_128bits_reset(w->hash);
	setvbuf(w->to, NULL, _IOFBF, CHUNK);
	*writer = w;
	*to = w->to;
	return 0;
}

static void give_back(uint64_t bytes)
{
	atomic_fetch_sub(&files_bytes, bytes);
}

int nfm_body_finish(struct nfm_body_writer *w, struct nfm_body *out)
{
	XXH128_hash_t hash;
	bool in_file;
	int err;

	fclose(w->to);
	if (!w->err && w->gzip)
		w->err = put_deflated(w, "", 0, Z_FINISH);
	err = w->err;
	if (err) {
		give_back(w->size);
		writer_free(w);
		return err;
	}
	hash = XXH3_128bits_digest(w->hash);
	in_file = w->fd >= 0; /* the order of what stands in the braces is the compiler's */
	*out = (struct nfm_body){
		.memory = in_file ? NULL : NFM_STEAL_PTR(w->memory),
		.size = in_file ? w->size : w->used,
		.gzip = w->gzip,
		.fd = NFM_STEAL_FD(w->fd),
	};
	snprintf(out->etag, sizeof(out->etag), "\"%016llx%016llx\"",
		 (unsigned long long)hash.high64, (unsigned long long)hash.low64);
	writer_free(w);
	return 0;
}

void nfm_body_abort(struct nfm_body_writer *w)
{
	fclose(w->to);
	give_back(w->size);
	writer_free(w);
}

ssize_t nfm_body_read(const struct nfm_body *body, uint64_t at, void *to, size_t size)
{
	ssize_t n;

	if (at >= body->size)
		return 0;
	size = NFM_MIN(size, body->size - at);
	if (body->fd < 0) {
		memcpy(to, body->memory + at, size);
		return (ssize_t)size;
	}
	do
		n = pread(body->fd, to, size, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

void nfm_body_clear(struct nfm_body *body)
{
	free(body->memory);
	if (body->fd >= 0) {
		give_back(body->size);
		close(body->fd);
	}
	*body = (struct nfm_body){ .fd = -1 };
}
