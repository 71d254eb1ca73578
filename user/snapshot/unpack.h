/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cursor over the decompressed payload of a snapshot file, in bounded memory. It fails once
 * and for good: after a failure everything reads as zero, and `code` says so.
 */
#ifndef NFM_SNAPSHOT_UNPACK_H
#define NFM_SNAPSHOT_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zstd.h>

struct nfm_unpack {
	int fd;
	off_t start;		 /* of the payload in the file */
	uint64_t payload_size;	 /* bytes of it, compressed */
	uint64_t raw_size;	 /* bytes of it, decompressed: not one more is given out */
	ZSTD_DCtx *zstd;
	uint8_t *packed;
	ZSTD_inBuffer in;
	uint64_t payload_left;	 /* not yet read from the file */
	uint8_t *raw;
	size_t raw_at, raw_used; /* what is decompressed and not yet taken: [at, used) */
	uint64_t raw_left;	 /* not yet decompressed */
	bool frame_ended;
	int code;
};

/** Members up to raw_size are set by the caller. -ENOMEM. */
int nfm_unpack_open(struct nfm_unpack *u);

/** Back to the payload's first byte, also after a failure. */
void nfm_unpack_rewind(struct nfm_unpack *u);

void nfm_unpack_close(struct nfm_unpack *u);

uint8_t nfm_unpack_byte(struct nfm_unpack *u);
uint64_t nfm_unpack_varint(struct nfm_unpack *u);

/** A varint of at most `max`; above it, the file is damaged. */
uint32_t nfm_unpack_u32(struct nfm_unpack *u, uint32_t max);

void nfm_unpack_bytes(struct nfm_unpack *u, void *to, size_t len);

/** A string without NUL of at most NFM_SNAPSHOT_MAX_STRING bytes; `to` holds one more. */
void nfm_unpack_string(struct nfm_unpack *u, char *to);

/** True if exactly the whole payload was taken, and its frame is complete. */
bool nfm_unpack_at_end(struct nfm_unpack *u);

#endif
