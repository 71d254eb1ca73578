/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who asks. With tokens: whoever has one. Without: who sits at this machine, and only to read;
 * not who was passed on by a proxy, and no page of another site that a browser here was led to.
 */
#ifndef NFM_HTTP_ACCESS_H
#define NFM_HTTP_ACCESS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "http/request.h"

#define NFM_ACCESS_FAILURES 10U	     /* wrong tokens of one address in a minute */
#define NFM_ACCESS_WINDOW_S 60U

struct nfm_access_source {
	uint8_t address[16]; /* IPv6: the first 8 bytes alone; IPv4 mapped */
	uint32_t failures;
	uint64_t since_s;
};

struct nfm_access {
	const struct nfm_tokens *tokens;
	pthread_mutex_t mutex;
	struct nfm_access_source source[256]; /* by a hash of the address */
};

/** What of a request tells who asks. NULL: it has no such header. */
struct nfm_access_claim {
	const struct sockaddr *peer;
	const char *authorization;
	const char *host;
	bool forwarded; /* a proxy has named itself */
	uint64_t now_s; /* CLOCK_MONOTONIC */
};

void nfm_access_init(struct nfm_access *access, const struct nfm_tokens *tokens);

/**
 * Fills `who` (peer in any case) and *token, which is malloc'd: NULL without one.
 * -EACCES: a token is needed, or this one is none; -EPERM: not from there; -EDQUOT: too many wrong
 * ones from there; -ENOMEM.
 */
int nfm_access_check(struct nfm_access *access, const struct nfm_access_claim *claim,
		     struct nfm_who *who, char **token, struct nfm_error *error);

#endif
