/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The body of an answer while it is written: in memory as far as that is little, else in a file
 * without a name. So a worker never waits for a slow client, and memory does not grow with the
 * number of customers.
 */
#ifndef NFM_HTTP_BODY_H
#define NFM_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define NFM_BODY_MEMORY (1U << 20) /* bytes of an answer that stay in memory */
#define NFM_BODY_FILES (1ULL << 30) /* bytes of all bodies in files, together */
#define NFM_BODY_ETAG 36	    /* a quoted hash of the content, and its NUL */

struct nfm_body {
	char *memory; /* malloc'd; NULL: in `fd`, or empty */
	int fd;	      /* -1: in memory */
	uint64_t size;
	bool gzip;
	char etag[NFM_BODY_ETAG];
};

struct nfm_body_writer;

/** Room for all bodies in files, instead of NFM_BODY_FILES. */
void nfm_body_limit(uint64_t bytes);

/** Begins a body; `*to` takes its text. -ENOMEM. */
int nfm_body_open(bool gzip, struct nfm_body_writer **writer, FILE **to);

/**
 * Ends it: closes the FILE, frees the writer and fills `out`, which nfm_body_clear() frees.
 * -ENOSPC: the files of all bodies together have no more room; or -errno of a write. The writer is
 * gone in any case.
 */
int nfm_body_finish(struct nfm_body_writer *writer, struct nfm_body *out);

/** Gives up a body that was begun. */
void nfm_body_abort(struct nfm_body_writer *writer);

/** Up to `size` bytes from `at` on; 0 at the end, -errno. */
ssize_t nfm_body_read(const struct nfm_body *body, uint64_t at, void *to, size_t size);

void nfm_body_clear(struct nfm_body *body);

#endif
