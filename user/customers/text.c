// SPDX-License-Identifier: GPL-2.0-only
#include "customers/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"

#define QUOTED_MOST 48U
#define PREFIX_TEXT_MOST 64U

/* X(lead byte mask, lead byte, lowest code point): UTF-8 by length in bytes, from 2 on. */
static const struct {
	uint8_t mask;
	uint8_t lead;
	uint32_t lowest;
} utf8_forms[] = {
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

/* Bytes of the character at `text`, 0 where it is no UTF-8 (overlong and surrogates too). */
static size_t utf8_length(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	if (*p < 0x80)
		return 1;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(utf8_forms); i++) {
		uint32_t code = *p & (uint8_t)~utf8_forms[i].mask;

		if ((*p & utf8_forms[i].mask) != utf8_forms[i].lead)
			continue;
		if (len < i + 2)
			return 0;
		for (size_t j = 1; j < i + 2; j++) {
			if ((p[j] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[j] & 0x3f);
		}
		if (code < utf8_forms[i].lowest || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return i + 2;
	}
	return 0;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

const char *nfm_text_check_id(const char *id, size_t len)
{
	size_t step;

	if (!len)
		return "the id is empty";
	if (len >= NFM_ID_SIZE)
		return "the id is longer than 47 bytes";
	for (size_t i = 0; i < len; i += step) {
		step = utf8_length(id + i, len - i);
		if (!step)
			return "the id is not in UTF-8: save the file as UTF-8";
		if (is_control(id[i]))
			return "the id has a control character in it";
	}
	return NULL;
}

bool nfm_text_is_clean(const char *text)
{
	size_t len = strlen(text);
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		step = utf8_length(text + i, len - i);
		if (!step || is_control(text[i]))
			return false;
	}
	return true;
}

void nfm_text_clean_name(char *name)
{
	size_t len = strlen(name);
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		step = utf8_length(name + i, len - i);
		if (!step)
			name[i] = '?';
		else if (is_control(name[i]))
			name[i] = ' ';
		step += !step;
	}
}

void nfm_text_copy(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size);

	if (len == size)
		for (len--; len && ((uint8_t)from[len] & 0xc0) == 0x80; len--)
			;
	memcpy(to, from, len);
	memset(to + len, 0, size - len);
}

char *nfm_text_quote(const char *text, size_t len, char *buf, size_t size)
{
	char copy[QUOTED_MOST + 1];

	snprintf(copy, sizeof(copy), "%.*s", (int)NFM_MIN(len, (size_t)QUOTED_MOST), text);
	nfm_text_clean_name(copy);
	snprintf(buf, size, "%s%s", copy, len > QUOTED_MOST ? "…" : "");
	return buf;
}

/* A number of one to three digits without leading zeros, at most `max`; moves *at past it. */
static bool fast_number(const char **at, const char *end, uint32_t max, uint32_t *out)
{
	const char *p = *at;
	uint32_t value = 0;

	while (p < end && p - *at < 3 && *p >= '0' && *p <= '9')
		value = value * 10 + (uint32_t)(*p++ - '0');
	if (p == *at || value > max || (**at == '0' && p - *at > 1))
		return false;
	*at = p;
	*out = value;
	return true;
}

/*
 * The common case at the speed that a million lines want: plain IPv4 with or without a length.
 * What it does not take may still be right: nfm_units_parse_prefix() has the word then.
 */
static bool fast_prefix(const char *text, size_t len, struct nfm_prefix *out)
{
	const char *end = text + len;
	uint32_t bits = 32;
	uint32_t addr = 0;
	uint32_t number;

	for (unsigned int i = 0; i < 4; i++) {
		if (i && (text == end || *text++ != '.'))
			return false;
		if (!fast_number(&text, end, 255, &number))
			return false;
		addr = addr << 8 | number;
	}
	if (text < end && (*text++ != '/' || !fast_number(&text, end, 32, &bits)))
		return false;
	if (text != end || (addr & (uint32_t)((1ULL << (32 - bits)) - 1)))
		return false;
	memset(out->addr, 0, sizeof(out->addr));
	for (unsigned int i = 0; i < 4; i++)
		out->addr[i] = (uint8_t)(addr >> (24 - 8 * i));
	out->family = 4;
	out->bits = (uint8_t)bits;
	return true;
}

int nfm_text_parse_prefix(const char *text, size_t len, struct nfm_prefix *out)
{
	char copy[PREFIX_TEXT_MOST];
	uint8_t addr[16], family, bits;

	if (fast_prefix(text, len, out))
		return 0;
	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (nfm_units_parse_prefix(copy, addr, &family, &bits))
		return -EINVAL;
	memcpy(out->addr, addr, sizeof(out->addr));
	out->family = family;
	out->bits = bits;
	return 0;
}

/* The prefix that was meant if only bits beyond its length are set; else false. */
static bool without_host_bits(const char *text, char *buf, size_t size)
{
	const char *slash = strchr(text, '/');
	char head[PREFIX_TEXT_MOST];
	uint8_t addr[16], family, full;
	uint64_t bits;

	if (!slash)
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)(slash - text), text);
	if (nfm_units_parse_prefix(head, addr, &family, &full) ||
	    nfm_units_parse_u64(slash + 1, 0, full, &bits))
		return false;
	for (unsigned int i = 0; i < full; i++)
		if (i >= bits)
			addr[i / 8] &= (uint8_t)~(0x80U >> i % 8);
	nfm_units_format_prefix(addr, family, (uint8_t)bits, buf, size);
	return true;
}

char *nfm_text_explain_prefix(const char *text, size_t len, char *buf, size_t size)
{
	char shown[QUOTED_MOST + 8];
	char meant[64];

	nfm_text_quote(text, len, shown, sizeof(shown));
	if (len <= QUOTED_MOST && without_host_bits(shown, meant, sizeof(meant)))
		snprintf(buf, size, "'%s' has bits set beyond its length: write %s", shown, meant);
	else
		snprintf(buf, size,
			 "'%s' is no prefix: write it like 192.0.2.0/24 or 2001:db8::/56", shown);
	return buf;
}
