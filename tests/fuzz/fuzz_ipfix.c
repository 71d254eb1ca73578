// SPDX-License-Identifier: GPL-2.0-only
/* IPFIX with templates and withdrawals, by layouts and by fields. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;

	fuzz_begin(&f, NULL);
	fuzz_all(&f, data, size, 10);
	return 0;
}
