// SPDX-License-Identifier: GPL-2.0-only
/* The reasons' names and kinds, out of the one list in bpf/abi/reasons.h. */
#include "table/table.h"

#include <stddef.h>

static const struct {
	int kind;
	const char *name;
	const char *help;
} reasons[NFM_REASON_ROWS] = {
#define NFM_REASON_ENTRY(name, number, kind, text, help)                                          \
	[number] = { NFM_KIND_##kind, text, help },
	NFM_REASONS(NFM_REASON_ENTRY)
#undef NFM_REASON_ENTRY
};

const char *nfm_reason_name(uint32_t reason)
{
	return reason < NFM_REASON_ROWS ? reasons[reason].name : NULL;
}

int nfm_reason_kind(uint32_t reason)
{
	return nfm_reason_name(reason) ? reasons[reason].kind : -1;
}

const char *nfm_reason_help(uint32_t reason)
{
	return reason < NFM_REASON_ROWS ? reasons[reason].help : NULL;
}
