// SPDX-License-Identifier: GPL-2.0-only
#include "view/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/*
 * Bytes of the character that `text` begins with, 0 if it is none: too long a form, a surrogate,
 * beyond U+10FFFF (RFC 3629, section 4). The terminating NUL ends every scan.
 */
static size_t character_size(const unsigned char *text)
{
	size_t size = text[0] < 0x80 ? 1 :
		      text[0] < 0xc2 ? 0 :
		      text[0] < 0xe0 ? 2 :
		      text[0] < 0xf0 ? 3 :
		      text[0] < 0xf5 ? 4 :
				       0;
	size_t i;

	for (i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return size;
}

static bool is_control(const unsigned char *text, size_t size)
{
	return (size == 1 && (text[0] < 0x20 || text[0] == 0x7f)) ||
	       (size == 2 && text[0] == 0xc2 && text[1] < 0xa0);
}

static bool is_clean(const unsigned char *text, bool terminal)
{
	size_t size;

	for (; *text; text += size) {
		size = character_size(text);
		if (!size || (terminal && is_control(text, size)))
			return false;
	}
	return true;
}

const char *nfm_text_clean(const char *text, bool terminal, char **scratch)
{
	const unsigned char *in = (const unsigned char *)text;
	char *out, *to;

	if (is_clean(in, terminal))
		return text;
	out = malloc(strlen(text) * strlen(REPLACEMENT) + 1);
	if (!out)
		return NULL;
	to = out;
	while (*in) {
		size_t size = character_size(in);

		if (!size) {
			memcpy(to, REPLACEMENT, strlen(REPLACEMENT));
			to += strlen(REPLACEMENT);
			size = 1;
		} else if (terminal && is_control(in, size)) {
			*to++ = '?';
		} else {
			memcpy(to, in, size);
			to += size;
		}
		in += size;
	}
	*to = '\0';
	free(*scratch);
	*scratch = out;
	return out;
}

size_t nfm_text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}
