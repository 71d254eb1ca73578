// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "snapshot/format.h"

#define PACKED_BYTES (64U << 10)
#define RAW_BYTES (128U << 10)

int nfm_unpack_open(struct nfm_unpack *u)
{
	u->zstd = ZSTD_createDCtx();
	u->packed = malloc(PACKED_BYTES);
	u->raw = malloc(RAW_BYTES);
	if (!u->zstd || !u->packed || !u->raw)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, NFM_SNAPSHOT_WINDOW_LOG_MAX);
	nfm_unpack_rewind(u);
	return 0;
}

void nfm_unpack_rewind(struct nfm_unpack *u)
{
	ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_only);
	u->in = (ZSTD_inBuffer){ u->packed, 0, 0 };
	u->payload_left = u->payload_size;
	u->raw_at = u->raw_used = 0;
	u->raw_left = u->raw_size;
	u->frame_ended = false;
	u->code = 0;
}

void nfm_unpack_close(struct nfm_unpack *u)
{
	ZSTD_freeDCtx(u->zstd);
	free(u->packed);
	free(u->raw);
}

static int fail(struct nfm_unpack *u, int code)
{
	u->raw_at = u->raw_used = 0;
	u->code = code;
	return code;
}

/* The next piece of the file. */
static int read_packed(struct nfm_unpack *u)
{
	off_t at = u->start + (off_t)(u->payload_size - u->payload_left);
	size_t want = NFM_MIN(u->payload_left, (uint64_t)PACKED_BYTES);
	ssize_t n;

	do {
		n = pread(u->fd, u->packed, want, at);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return fail(u, n < 0 ? -errno : -EBADMSG);
	u->payload_left -= (uint64_t)n;
	u->in = (ZSTD_inBuffer){ u->packed, (size_t)n, 0 };
	return 0;
}

/*
 * One step of decompression into `raw`, which was taken whole. One byte more than the header
 * tells of is room enough to see that there is more.
 */
static int decompress(struct nfm_unpack *u)
{
	size_t room = NFM_MIN(u->raw_left + 1, (uint64_t)RAW_BYTES);
	ZSTD_outBuffer out = { u->raw, room, 0 };
	size_t left;

	if (u->frame_ended)
		return fail(u, -EBADMSG);
	if (u->in.pos == u->in.size && u->payload_left && read_packed(u))
		return u->code;
	left = ZSTD_decompressStream(u->zstd, &out, &u->in);
	if (ZSTD_isError(left) || out.pos > u->raw_left)
		return fail(u, -EBADMSG);
	u->raw_left -= out.pos;
	u->raw_at = 0;
	u->raw_used = out.pos;
	u->frame_ended = left == 0;
	if (!u->frame_ended && !out.pos && u->in.pos == u->in.size && !u->payload_left)
		return fail(u, -EBADMSG); /* the frame is cut short */
	return 0;
}

static int refill(struct nfm_unpack *u)
{
	while (!u->code && u->raw_at == u->raw_used)
		decompress(u);
	return u->code;
}

uint8_t nfm_unpack_byte(struct nfm_unpack *u)
{
	if (u->raw_at == u->raw_used && refill(u))
		return 0;
	return u->raw[u->raw_at++];
}

uint64_t nfm_unpack_varint(struct nfm_unpack *u)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = nfm_unpack_byte(u);

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	fail(u, -EBADMSG);
	return 0;
}

uint32_t nfm_unpack_u32(struct nfm_unpack *u, uint32_t max)
{
	uint64_t value = nfm_unpack_varint(u);

	if (value <= max)
		return (uint32_t)value;
	fail(u, -EBADMSG);
	return 0;
}

void nfm_unpack_bytes(struct nfm_unpack *u, void *to, size_t len)
{
	uint8_t *p = to;

	while (len) {
		size_t n;

		if (u->raw_at == u->raw_used && refill(u)) {
			memset(p, 0, len);
			return;
		}
		n = NFM_MIN(len, u->raw_used - u->raw_at);
		memcpy(p, u->raw + u->raw_at, n);
		u->raw_at += n;
		p += n;
		len -= n;
	}
}

void nfm_unpack_string(struct nfm_unpack *u, char *to)
{
	uint32_t len = nfm_unpack_u32(u, NFM_SNAPSHOT_MAX_STRING);

	nfm_unpack_bytes(u, to, len);
	to[len] = '\0';
	if (!u->code && memchr(to, '\0', len))
		fail(u, -EBADMSG);
	if (u->code)
		to[0] = '\0';
}

bool nfm_unpack_at_end(struct nfm_unpack *u)
{
	while (!u->code && !u->frame_ended && u->raw_at == u->raw_used)
		decompress(u);
	return !u->code && u->frame_ended && u->raw_at == u->raw_used && !u->raw_left &&
	       u->in.pos == u->in.size && !u->payload_left;
}
