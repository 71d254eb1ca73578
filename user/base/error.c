// SPDX-License-Identifier: GPL-2.0-only
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int nfm_error_set(struct nfm_error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

void nfm_error_add(struct nfm_error *error, const char *format, ...)
{
	static const char cut[] = "\n…";
	va_list args;
	size_t used;
	int n;

	if (!error)
		return;
	used = strlen(error->text);
	if (used + sizeof(cut) >= sizeof(error->text))
		return;
	if (used)
		error->text[used++] = '\n';
	va_start(args, format);
	n = vsnprintf(error->text + used, sizeof(error->text) - used, format, args);
	va_end(args);
	if (n >= 0 && used + (size_t)n >= sizeof(error->text))
		memcpy(error->text + sizeof(error->text) - sizeof(cut), cut, sizeof(cut));
}
