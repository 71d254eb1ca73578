/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The datapath's pool of templates (bpf/abi/layout.h), read while the datapath and the agent use
 * it. Slot numbers in it are checked before they are followed: it may be damaged.
 */
#ifndef NFM_POOL_H
#define NFM_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

/** The slot that is linked for a key (id 0: the stream's own), or -ENOENT. */
int nfm_pool_find(const struct nfm_template_pool *pool, const struct nfm_template_key *key);

/**
 * Whether the datapath decodes this template's data at the moment: it is linked as NFM_SLOT_DATA,
 * in these very bytes (the template record as it was sent), and its stream is armed.
 */
bool nfm_pool_decodes(const struct nfm_template_pool *pool, const struct nfm_template_key *key,
		      const uint8_t *raw, uint32_t raw_bytes);

#endif
