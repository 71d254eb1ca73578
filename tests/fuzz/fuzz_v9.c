// SPDX-License-Identifier: GPL-2.0-only
/* NetFlow v9 with templates, by layouts and by fields. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;

	fuzz_begin(&f, NULL);
	fuzz_all(&f, data, size, 9);
	return 0;
}
