/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes, spans of time, numbers and addresses as people write them. */
#ifndef NFM_UNITS_H
#define NFM_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#define NFM_SIZE_FORM                                                       \
	"a number with K, M, G or T (KB, MB, GB, TB), such as 100M or 1.5G; " \
	"0: no limit"
#define NFM_LIFETIME_FORM \
	"a number with w, d, H or M, such as 31d, 240H, 1.5d or 1d12H; 0: no limit"

/** How an nfcapd file is compressed; the numbers are those of its format. */
enum nfm_compression {
	NFM_COMPRESSION_NONE = 0,
	NFM_COMPRESSION_LZ4 = 3,
	NFM_COMPRESSION_ZSTD = 4, /* nfdump 1.7.4 or newer */
};

/** "none", "lz4", "zstd". -EINVAL. */
int nfm_units_parse_compression(const char *text, enum nfm_compression *out);

/**
 * Directory size in bytes, nfexpire's units (powers of 1024, fractions allowed; none: bytes).
 * 0 means no limit. -EINVAL if it is no such number, -ERANGE if it overflows. An empty text
 * is -EINVAL: the configuration reader takes an empty key as "no limit" by itself.
 */
int nfm_units_parse_size(const char *text, uint64_t *bytes);

/** Lifetime in seconds: w d H M, fractions and sums; a bare number is hours. Errors as above. */
int nfm_units_parse_lifetime(const char *text, uint64_t *seconds);

/** Unsigned decimal within [min, max]; nothing else in the text. -EINVAL or -ERANGE. */
int nfm_units_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/** An IPv4 or IPv6 address without prefix length. IPv4 gives the mapped form. -EINVAL. */
int nfm_units_parse_addr(const char *text, struct nfm_addr *out);

/** Writes an address; mapped ones as IPv4. `buf` of at least 46 bytes. Returns buf. */
char *nfm_units_format_addr(const struct nfm_addr *addr, char *buf, size_t size);

/**
 * A prefix "a.b.c.d/n", "x::y/n"; a bare address is a host. `addr` gets 16 bytes, IPv4 in the
 * first four. -EINVAL also where bits are set beyond the prefix length.
 */
int nfm_units_parse_prefix(const char *text, uint8_t addr[16], uint8_t *family, uint8_t *bits);

/** Writes "a.b.c.d/n" or "x::y/n"; `buf` of at least 50 bytes. Returns buf. */
char *nfm_units_format_prefix(const uint8_t addr[16], uint8_t family, uint8_t bits, char *buf,
			      size_t size);

/** "1.5 GB"-like text (powers of 1000, three digits) of a count. Returns buf. */
char *nfm_units_format_count(uint64_t value, const char *unit, char *buf, size_t size);

/** RFC 3339 in UTC ("2026-11-22T23:05:00Z"), whole seconds. Returns buf (>= 32 bytes). */
char *nfm_units_format_time(uint64_t unix_ns, char *buf, size_t size);

/** Local time for people: "2026-11-22 23:05:00". Returns buf. */
char *nfm_units_format_local(uint64_t unix_ns, char *buf, size_t size);

#endif
