/* SPDX-License-Identifier: GPL-2.0-only */
/* Integers as they stand in a datagram: big-endian, at any address. */
#ifndef NFM_FLOW_BYTES_H
#define NFM_FLOW_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t nfm_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t nfm_get32(const uint8_t *at)
{
	uint32_t word_be;

	memcpy(&word_be, at, sizeof(word_be));
	return be32toh(word_be);
}

static inline uint64_t nfm_get64(const uint8_t *at)
{
	uint64_t word_be;

	memcpy(&word_be, at, sizeof(word_be));
	return be64toh(word_be);
}

#endif
