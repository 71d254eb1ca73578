// SPDX-License-Identifier: GPL-2.0-only
#include "base/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

/*
 * Numbers are kept as whole multiples of 10^-18, so that 1.5G is exact. With the whole part
 * times its unit below 2^64, a product stays below 2^124, and a sum of four below 2^126.
 */
#define FRACTION_DIGITS 18
#define FRACTION_ONE 1000000000000000000ULL

typedef unsigned __int128 wide;

struct decimal {
	uint64_t whole;
	uint64_t fraction; /* in 10^-18 */
	bool overflow;	   /* the whole part is above 2^64 - 1 */
};

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", 1ULL << 10 },
	{ "KB", 1ULL << 10 },
	{ "M", 1ULL << 20 },
	{ "MB", 1ULL << 20 },
	{ "G", 1ULL << 30 },
	{ "GB", 1ULL << 30 },
	{ "T", 1ULL << 40 },
	{ "TB", 1ULL << 40 },
};

/* From the longest: a sum names them in this order. */
static const struct unit lifetime_units[] = {
	{ "w", 7 * 86400 },
	{ "d", 86400 },
	{ "H", 3600 },
	{ "M", 60 },
};

#define BARE_LIFETIME_FACTOR 3600U

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads "12", "1.5" or ".5" at *text and moves *text behind it. */
static int take_decimal(const char **text, struct decimal *out)
{
	struct decimal n = { 0 };
	uint64_t weight = FRACTION_ONE;
	const char *p = *text;
	const char *dot;

	for (; is_digit(*p); p++) {
		n.overflow |= __builtin_mul_overflow(n.whole, 10, &n.whole);
		n.overflow |= __builtin_add_overflow(n.whole, (uint64_t)(*p - '0'), &n.whole);
	}
	if (*p == '.') {
		for (dot = p++; is_digit(*p); p++) {
			weight /= 10;
			n.fraction += weight * (uint64_t)(*p - '0');
		}
		if (p - dot == 1 || p - dot > 1 + FRACTION_DIGITS)
			return -EINVAL;
	}
	if (p == *text)
		return -EINVAL;
	*text = p;
	*out = n;
	return 0;
}

/* number × factor in multiples of 10^-18; false if it does not fit. */
static bool scale(const struct decimal *number, uint64_t factor, wide *out)
{
	uint64_t whole;

	if (number->overflow || __builtin_mul_overflow(number->whole, factor, &whole))
		return false;
	*out = (wide)whole * FRACTION_ONE + (wide)number->fraction * factor;
	return true;
}

/* Rounds down; but what is more than nothing must not become 0, which means "no limit". */
static int to_whole(wide scaled, uint64_t *out)
{
	wide whole = scaled / FRACTION_ONE;

	if (whole > UINT64_MAX)
		return -ERANGE;
	if (!whole && scaled)
		return -EINVAL;
	*out = (uint64_t)whole;
	return 0;
}

int nfm_units_parse_size(const char *text, uint64_t *bytes)
{
	struct decimal number;
	uint64_t factor = 0;
	wide scaled;

	if (take_decimal(&text, &number))
		return -EINVAL;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(size_units); i++)
		if (!strcasecmp(text, size_units[i].name))
			factor = size_units[i].factor;
	if (!factor || (factor == 1 && number.fraction))
		return -EINVAL; /* there is no part of a byte */
	if (!scale(&number, factor, &scaled))
		return -ERANGE;
	return to_whole(scaled, bytes);
}

static const struct unit *lifetime_unit(char letter)
{
	for (size_t i = 0; i < NFM_ARRAY_SIZE(lifetime_units); i++)
		if (letter == lifetime_units[i].name[0])
			return &lifetime_units[i];
	return NULL;
}

/* "1w2d": each part's unit is shorter than the one before it. */
static int sum_lifetime(const char *text, wide *sum, bool *overflow)
{
	const struct unit *before = NULL;
	wide part;

	while (*text) {
		const struct unit *unit;
		struct decimal number;

		if (take_decimal(&text, &number))
			return -EINVAL;
		unit = lifetime_unit(*text);
		if (!unit || (before && unit <= before))
			return -EINVAL;
		before = unit;
		text++;
		if (scale(&number, unit->factor, &part))
			*sum += part;
		else
			*overflow = true;
	}
	return before ? 0 : -EINVAL;
}

int nfm_units_parse_lifetime(const char *text, uint64_t *seconds)
{
	const char *rest = text;
	struct decimal number;
	bool overflow = false;
	wide scaled = 0;

	if (take_decimal(&rest, &number))
		return -EINVAL;
	if (!*rest)
		overflow = !scale(&number, BARE_LIFETIME_FACTOR, &scaled);
	else if (sum_lifetime(text, &scaled, &overflow))
		return -EINVAL;
	return overflow ? -ERANGE : to_whole(scaled, seconds);
}

int nfm_units_parse_compression(const char *text, enum nfm_compression *out)
{
	static const struct {
		const char *name;
		enum nfm_compression compression;
	} kinds[] = {
		{ "none", NFM_COMPRESSION_NONE },
		{ "lz4", NFM_COMPRESSION_LZ4 },
		{ "zstd", NFM_COMPRESSION_ZSTD },
	};

	for (size_t i = 0; i < NFM_ARRAY_SIZE(kinds); i++) {
		if (!strcmp(text, kinds[i].name)) {
			*out = kinds[i].compression;
			return 0;
		}
	}
	return -EINVAL;
}

int nfm_units_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	bool overflow = false;
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (!is_digit(*text))
			return -EINVAL;
		overflow |= __builtin_mul_overflow(value, 10, &value);
		overflow |= __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value);
	}
	if (overflow || value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

static bool is_mapped(const uint8_t byte[16])
{
	static const uint8_t head[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(byte, head, sizeof(head));
}

int nfm_units_parse_addr(const char *text, struct nfm_addr *out)
{
	struct nfm_addr addr = { .byte = { [10] = 0xff, [11] = 0xff } };

	if (inet_pton(AF_INET, text, &addr.byte[12]) != 1 &&
	    inet_pton(AF_INET6, text, addr.byte) != 1)
		return -EINVAL;
	*out = addr;
	return 0;
}

char *nfm_units_format_addr(const struct nfm_addr *addr, char *buf, size_t size)
{
	bool four = is_mapped(addr->byte);

	if (!inet_ntop(four ? AF_INET : AF_INET6, four ? &addr->byte[12] : addr->byte, buf,
		       (socklen_t)size) &&
	    size)
		buf[0] = '\0';
	return buf;
}

/* True if a bit of `addr` is set beyond the first `bits`. */
static bool has_host_bits(const uint8_t *addr, unsigned int bits, unsigned int length)
{
	for (unsigned int i = bits; i < length; i++)
		if (addr[i / 8] & (0x80 >> i % 8))
			return true;
	return false;
}

int nfm_units_parse_prefix(const char *text, uint8_t addr[16], uint8_t *family, uint8_t *bits)
{
	const char *slash = strchr(text, '/');
	char head[INET6_ADDRSTRLEN];
	struct nfm_addr parsed;
	unsigned int length;
	uint64_t given;
	bool four;

	if ((slash ? (size_t)(slash - text) : strlen(text)) >= sizeof(head))
		return -EINVAL;
	snprintf(head, sizeof(head), "%.*s", slash ? (int)(slash - text) : -1, text);
	if (nfm_units_parse_addr(head, &parsed))
		return -EINVAL;
	four = !strchr(head, ':');
	length = four ? 32 : 128;
	given = length;
	if (slash && nfm_units_parse_u64(slash + 1, 0, length, &given))
		return -EINVAL;
	/* ::ffff:0:0/96 and longer ones are IPv4 in another spelling. */
	if (!four && given >= 96 && is_mapped(parsed.byte)) {
		four = true;
		given -= 96;
		length = 32;
	}
	if (has_host_bits(four ? &parsed.byte[12] : parsed.byte, (unsigned int)given, length))
		return -EINVAL;
	memset(addr, 0, 16);
	memcpy(addr, four ? &parsed.byte[12] : parsed.byte, length / 8);
	*family = four ? 4 : 6;
	*bits = (uint8_t)given;
	return 0;
}

char *nfm_units_format_prefix(const uint8_t addr[16], uint8_t family, uint8_t bits, char *buf,
			      size_t size)
{
	char head[INET6_ADDRSTRLEN];

	if (!inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, head, sizeof(head)))
		head[0] = '\0';
	snprintf(buf, size, "%s/%u", head, bits);
	return buf;
}

char *nfm_units_format_count(uint64_t value, const char *unit, char *buf, size_t size)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };
	static const unsigned int tens[] = { 1, 10, 100 };
	uint64_t divisor = 1; /* 1000^power */
	unsigned int power = 0;
	unsigned int decimals;
	uint64_t step, digits;

	if (value < 1000) {
		snprintf(buf, size, "%u%s%s", (unsigned int)value, *unit ? " " : "", unit);
		return buf;
	}
	for (; value / divisor >= 1000; divisor *= 1000)
		power++;
	decimals = value / divisor >= 100 ? 0 : value / divisor >= 10 ? 1 : 2;
	step = divisor / tens[decimals];
	digits = value / step + (value % step >= step / 2);
	if (digits == 1000) { /* rounded up to a fourth digit: 999.9 k is 1.00 M */
		digits = 100;
		power += decimals == 0;
		decimals = decimals ? decimals - 1 : 2;
	}
	snprintf(buf, size, "%.*f %s%s", (int)decimals, (double)digits / tens[decimals],
		 prefixes[power], unit);
	return buf;
}

static char *format_time(const struct tm *tm, const char *format, char *buf, size_t size)
{
	if (size && !strftime(buf, size, format, tm))
		buf[0] = '\0';
	return buf;
}

char *nfm_units_format_time(uint64_t unix_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(unix_ns / NFM_NS_PER_S);
	struct tm tm = { 0 };

	return format_time(gmtime_r(&seconds, &tm), "%Y-%m-%dT%H:%M:%SZ", buf, size);
}

char *nfm_units_format_local(uint64_t unix_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(unix_ns / NFM_NS_PER_S);
	struct tm tm = { 0 };

	return format_time(localtime_r(&seconds, &tm), "%Y-%m-%d %H:%M:%S", buf, size);
}
