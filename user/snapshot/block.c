// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/block.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "snapshot/format.h"

#define COMPRESSION_LEVEL 1
#define HEAD sizeof(struct nfm_snapshot_block)

uint64_t nfm_block_seed(const uint8_t identity[16], uint64_t epoch, uint64_t at)
{
	uint64_t half_le[2];

	memcpy(half_le, identity, sizeof(half_le));
	return le64toh(half_le[0]) ^ le64toh(half_le[1]) ^ epoch << 40 ^ at;
}

/* Behind the checksum itself. */
static uint64_t checksum(const void *block, size_t size, uint64_t seed)
{
	const size_t skip = offsetof(struct nfm_snapshot_block, packed_size_le);

	return XXH3_64bits_withSeed((const uint8_t *)block + skip, size - skip, seed);
}

static int packer_reserve(struct nfm_block_packer *p, size_t size)
{
	uint8_t *bigger;

	if (!p->zstd)
		p->zstd = ZSTD_createCCtx();
	if (!p->zstd)
		return -ENOMEM;
	if (p->packed_size >= size)
		return 0;
	bigger = realloc(p->packed, size);
	if (!bigger)
		return -ENOMEM;
	p->packed = bigger;
	p->packed_size = size;
	return 0;
}

int64_t nfm_block_pack(struct nfm_block_packer *p, uint8_t kind, const uint8_t *raw,
		       size_t raw_size, uint32_t entries, uint64_t seed)
{
	struct nfm_snapshot_block head = { .kind = kind };
	size_t size;

	if (packer_reserve(p, HEAD + ZSTD_compressBound(raw_size)))
		return -ENOMEM;
	size = ZSTD_compressCCtx(p->zstd, p->packed + HEAD, p->packed_size - HEAD, raw, raw_size,
				 COMPRESSION_LEVEL);
	if (ZSTD_isError(size))
		return -ENOMEM; /* there is room for the result: nothing else fails */
	head.packed_size_le = htole32((uint32_t)size);
	head.raw_size_le = htole32((uint32_t)raw_size);
	head.entries_le = htole32(entries);
	size += HEAD;
	memcpy(p->packed, &head, HEAD);
	head.xxh3_le = htole64(checksum(p->packed, size, seed));
	memcpy(p->packed, &head, HEAD);
	return (int64_t)size;
}

void nfm_block_packer_free(struct nfm_block_packer *p)
{
	ZSTD_freeCCtx(p->zstd);
	free(p->packed);
	*p = (struct nfm_block_packer){};
}

int nfm_block_pread(int fd, void *to, size_t size, uint64_t at)
{
	uint8_t *p = to;

	while (size) {
		ssize_t n = pread(fd, p, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		p += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int block_reserve(struct nfm_block *b, size_t size)
{
	if (!b->zstd)
		b->zstd = ZSTD_createDCtx();
	if (!b->zstd)
		return -ENOMEM;
	if (b->raw && b->raw_size >= size)
		return 0;
	free(b->raw); /* its content is not wanted any more */
	b->raw_size = 0;
	b->raw = malloc(size);
	if (!b->raw)
		return -ENOMEM;
	b->raw_size = size;
	return 0;
}

/* The content of a block whose checksum is right. */
static int unpack(struct nfm_block *b, const struct nfm_snapshot_block *head, const uint8_t *frame,
		  size_t packed)
{
	size_t raw = le32toh(head->raw_size_le);
	int code;

	/* before room is made for it: head and frame say the same */
	if (ZSTD_getFrameContentSize(frame, packed) != raw)
		return -EBADMSG;
	code = block_reserve(b, raw);
	if (code)
		return code;
	if (ZSTD_decompressDCtx(b->zstd, b->raw, raw, frame, packed) != raw)
		return -EBADMSG;
	b->raw_used = raw;
	b->entries = le32toh(head->entries_le);
	b->kind = head->kind;
	return 0;
}

int64_t nfm_block_read(struct nfm_block *b, int fd, uint64_t at, uint64_t end, uint64_t seed)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	struct nfm_snapshot_block head;
	uint64_t size;
	int code;

	b->raw_used = 0;
	if (at > end || end - at < HEAD)
		return -EBADMSG;
	code = nfm_block_pread(fd, &head, HEAD, at);
	if (code)
		return code;
	size = HEAD + le32toh(head.packed_size_le);
	if (size > end - at || size > HEAD + ZSTD_COMPRESSBOUND(NFM_SNAPSHOT_BLOCK_RAW_MAX) ||
	    le32toh(head.raw_size_le) > NFM_SNAPSHOT_BLOCK_RAW_MAX)
		return -EBADMSG;
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	code = nfm_block_pread(fd, bytes, size, at);
	if (!code && le64toh(head.xxh3_le) != checksum(bytes, size, seed))
		code = -EBADMSG;
	if (!code)
		code = unpack(b, &head, bytes + HEAD, size - HEAD);
	return code ? code : (int64_t)size;
}

void nfm_block_free(struct nfm_block *b)
{
	ZSTD_freeDCtx(b->zstd);
	free(b->raw);
	*b = (struct nfm_block){};
}
