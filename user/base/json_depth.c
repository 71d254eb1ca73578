// SPDX-License-Identifier: GPL-2.0-only
#include "base/json_depth.h"

bool nfm_json_is_deeper(const char *text, unsigned int most)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (; *text; text++) {
		if (quoted && *text == '\\' && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && (*text == '[' || *text == '{') && ++depth > most)
			return true;
		else if (!quoted && (*text == ']' || *text == '}') && depth)
			depth--;
	}
	return false;
}
