/* SPDX-License-Identifier: GPL-2.0-only */
/* An answer, whole, as it goes to one client or to many that asked for the same. */
#ifndef NFM_HTTP_ANSWER_H
#define NFM_HTTP_ANSWER_H

#include <stdatomic.h>
#include <stdint.h>

#include "http/body.h"

struct nfm_answer {
	atomic_uint references;
	unsigned int status;
	const char *type;    /* Content-Type; static */
	char file_name[96];  /* for a download; empty: none */
	unsigned int age_s;  /* for so long the same question has the same answer */
	struct nfm_body body;
};

/** One reference; the body is taken over. NULL: out of memory, and the body is the caller's. */
struct nfm_answer *nfm_answer_new(unsigned int status, const char *type, struct nfm_body *body);

/** {"error":TEXT}. NULL: out of memory. */
struct nfm_answer *nfm_answer_error(unsigned int status, const char *text);

struct nfm_answer *nfm_answer_ref(struct nfm_answer *answer);
void nfm_answer_unref(struct nfm_answer *answer);

#endif
