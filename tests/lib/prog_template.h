/* SPDX-License-Identifier: GPL-2.0-only */
/* Templates in the pool of a datapath under test, as layout.h says and an agent would put them. */
#ifndef NFM_TEST_PROG_TEMPLATE_H
#define NFM_TEST_PROG_TEMPLATE_H

#include "layout.h"
#include "prog.h"

/** Links an armed stream (token 0). Its slot, or -errno (-ENOSPC: pool or bucket is full). */
int nfm_prog_stream(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain);

/**
 * Compiles a template record as it is on the wire (its id first) and links it, its stream too if
 * that is not there. `kind` NFM_SLOT_DATA (-EINVAL if it does not compile), AGENT, OPTIONS or
 * SAMPLING. Its slot, or -errno (-EBADMSG: no template record).
 */
int nfm_prog_template(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain,
		      const uint8_t *raw, uint32_t raw_bytes, uint16_t kind);

/** The slot of a template, of a stream with id 0; NULL if it is not linked. */
struct nfm_template_slot *nfm_prog_slot(const struct nfm_prog *p, uint16_t exporter,
					uint16_t version, uint32_t domain, uint16_t id);

/** Takes a template or a stream out of the index; its slot is free. -ENOENT. */
int nfm_prog_unlink(struct nfm_prog *p, uint16_t exporter, uint16_t version, uint32_t domain,
		    uint16_t id);

/** The stream's token: 0 while it is armed. A stream that is not there is none. */
uint64_t nfm_prog_token(const struct nfm_prog *p, uint16_t exporter, uint16_t version,
			uint32_t domain);

#endif
