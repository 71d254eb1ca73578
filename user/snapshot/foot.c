// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot/foot.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "snapshot/block.h"
#include "snapshot/format.h"

static void take_totals(struct nfm_foot *foot, uint32_t slots)
{
	struct nfm_entry_cursor *d = &foot->blocks;

	nfm_decode_count(d, &foot->unmatched);
	nfm_decode_count(d, &foot->local);
	nfm_decode_count(d, &foot->total);
	for (int i = 0; i < 2; i++) {
		struct nfm_entry_lists lists = {};

		foot->earlier_count[i] = nfm_decode_earlier(d, &lists, slots);
		foot->earlier[i] = lists.earlier;
	}
}

int nfm_foot_read(int fd, const struct nfm_header *header, struct nfm_foot *out)
{
	struct nfm_foot foot = {};
	int code;

	foot.bytes = malloc(header->foot_size);
	if (!foot.bytes)
		return -ENOMEM;
	code = nfm_block_pread(fd, foot.bytes, header->foot_size, header->foot_at);
	if (!code && XXH3_64bits(foot.bytes, header->foot_size) != header->foot_xxh3)
		code = -EBADMSG;
	if (!code) {
		foot.blocks.at = foot.bytes;
		foot.blocks.end = foot.bytes + header->foot_size;
		take_totals(&foot, header->meta.earlier_slots);
		code = foot.blocks.code;
	}
	if (code)
		nfm_foot_free(&foot);
	else
		*out = foot;
	return code;
}

bool nfm_foot_next(struct nfm_foot *foot, const char **first_id, uint64_t *size)
{
	if (foot->blocks.at == foot->blocks.end)
		return false;
	*first_id = nfm_decode_string(&foot->blocks);
	*size = nfm_decode_varint(&foot->blocks);
	return !foot->blocks.code;
}

void nfm_foot_drop_blocks(struct nfm_foot *foot)
{
	free(foot->bytes);
	foot->bytes = NULL;
	foot->blocks = (struct nfm_entry_cursor){};
}

void nfm_foot_free(struct nfm_foot *foot)
{
	free(foot->bytes);
	free(foot->earlier[0]);
	free(foot->earlier[1]);
	*foot = (struct nfm_foot){};
}
