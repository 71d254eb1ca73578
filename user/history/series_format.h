/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of a rollup's file. All little-endian; the parts follow each other without gaps:
 *
 *   header    of fixed size
 *   sources   names of files, each with its NUL, in the order of strcmp
 *   bytes     of each entry its block of the columns up and down bytes
 *   others    of each entry its block of the other four columns
 *   strings   of each entry id and name, each with its NUL
 *   index     of each entry a line of fixed size, in the order of (kind, id); the file ends with it
 *
 *   block     its columns, one after another
 *   column    a byte of width w: bytes in which its points stand, 0 to 8, and a flag;
 *             w = 0: nothing more, all points are zero;
 *             dense: points × w bytes;
 *             else: a bit for each point (of byte i, bit k: point 8 i + k) that says if it stands
 *             here, in ceil(points / 8) bytes, and w bytes for each of these
 *
 * Checksums are XXH3-64: the header's of the header before it, that of the sources in the header,
 * and in a line of the index those of its two blocks, and of itself: of the line before it, seeded
 * with its number, added to that of its strings.
 *
 * For every version, also later ones: magic, version and header_size stand where they are, and the
 * header's last 8 bytes are its checksum.
 */
#ifndef NFM_SERIES_FORMAT_H
#define NFM_SERIES_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "history/series.h"

#define NFM_SERIES_MAGIC "NFMROLL\n"
#define NFM_SERIES_VERSION 1U
#define NFM_SERIES_HEADER_MAX 4096U /* bytes, of any version */
#define NFM_SERIES_SOURCES_MOST (1U << 20)
#define NFM_SERIES_SOURCES_BYTES (64U << 20)

/* A column's first byte. */
#define NFM_SERIES_WIDTH 0x0fU
#define NFM_SERIES_DENSE 0x80U

/* The block of bytes has the first ones, the other block the others. */
#define NFM_SERIES_BYTE_COLUMNS 2U

struct nfm_series_header {
	char magic[8];
	uint32_t version_le;
	uint32_t header_size_le;
	uint64_t from_unix_ms_le;
	uint64_t to_unix_ms_le;
	uint64_t step_ms_le;
	uint32_t points_le;
	uint32_t sources_le;
	uint64_t entries_le;
	uint64_t sources_size_le; /* bytes of the parts */
	uint64_t bytes_size_le;
	uint64_t others_size_le;
	uint64_t strings_size_le;
	uint64_t sources_xxh3_le;
	uint64_t reserved_le;
	uint64_t header_xxh3_le; /* of the header up to here */
} __attribute__((packed));

_Static_assert(sizeof(struct nfm_series_header) == 112, "header");
_Static_assert(offsetof(struct nfm_series_header, header_xxh3_le) == 104, "header: checksum");

struct nfm_series_line {
	uint64_t bytes_at_le; /* of its block, in its part */
	uint64_t others_at_le;
	uint64_t strings_at_le;
	uint32_t bytes_size_le;
	uint32_t others_size_le;
	uint64_t bytes_xxh3_le;
	uint64_t others_xxh3_le;
	uint16_t id_len_le; /* without the NUL */
	uint16_t name_len_le;
	uint32_t kind_le;
	uint64_t line_xxh3_le;
} __attribute__((packed));

_Static_assert(sizeof(struct nfm_series_line) == 64, "line");
_Static_assert(offsetof(struct nfm_series_line, line_xxh3_le) == 56, "line: checksum");

/* What may be read behind the last column of a block: it is loaded 8 bytes at once. */
#define NFM_SERIES_BEHIND 8U
_Static_assert(sizeof(struct nfm_series_line) >= NFM_SERIES_BEHIND, "an index is behind");

/* ---- columns ---- */

/** Most bytes that a column takes. */
static inline size_t nfm_series_column_most(uint32_t points)
{
	return 1 + (size_t)points * 8;
}

/** Packs a column (NULL: all zero) to `to`, which has room for the most; returns its bytes. */
size_t nfm_series_pack(const uint64_t *point, uint32_t points, uint8_t *to);

/**
 * Unpacks a column to `point`, or passes over it (NULL). Returns its bytes, or -EBADMSG: it is not
 * whole in `size` bytes. NFM_SERIES_BEHIND bytes behind these may be read.
 */
ssize_t nfm_series_unpack(const uint8_t *from, size_t size, uint32_t points, uint64_t *point);

/** A line's checksum; `strings` are id and name with their NULs. */
uint64_t nfm_series_line_sum(const struct nfm_series_line *line, uint64_t number,
			     const char *strings, size_t strings_size);

#endif
