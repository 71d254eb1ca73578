/* SPDX-License-Identifier: GPL-2.0-only */
/* The blocks of a snapshot file: entries of one kind, compressed, with a checksum. */
#ifndef NFM_SNAPSHOT_BLOCK_H
#define NFM_SNAPSHOT_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <zstd.h>

/** What a block's checksum is seeded with: whose it is, and where it stands. */
uint64_t nfm_block_seed(const uint8_t identity[16], uint64_t epoch, uint64_t at);

/** Compresses blocks, one after another. Zero it first. */
struct nfm_block_packer {
	ZSTD_CCtx *zstd;
	uint8_t *packed; /* the block as it stands in the file, its head first */
	size_t packed_size;
};

/** Bytes of the block in `packed`, or -ENOMEM. */
int64_t nfm_block_pack(struct nfm_block_packer *p, uint8_t kind, const uint8_t *raw,
		       size_t raw_size, uint32_t entries, uint64_t seed);
void nfm_block_packer_free(struct nfm_block_packer *p);

/** One block, read. Zero it first. */
struct nfm_block {
	ZSTD_DCtx *zstd;
	uint8_t *raw;
	size_t raw_size; /* that there is room for */
	size_t raw_used;
	uint32_t entries;
	uint8_t kind;
};

/**
 * Reads the block at `at` of a file, which ends before `end`, and verifies it. Returns its bytes in
 * the file, with its head. -EBADMSG: damaged; -ENOMEM, -errno of pread(2).
 */
int64_t nfm_block_read(struct nfm_block *b, int fd, uint64_t at, uint64_t end, uint64_t seed);
void nfm_block_free(struct nfm_block *b);

/** Reads all of a piece of a file. -EBADMSG: it is shorter. */
int nfm_block_pread(int fd, void *to, size_t size, uint64_t at);

#endif
