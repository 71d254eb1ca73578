// SPDX-License-Identifier: GPL-2.0-only
/* NetFlow v1, v5 and v7; other versions are left as they are. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;

	fuzz_begin(&f, NULL);
	fuzz_all(&f, data, size, 0);
	return 0;
}
