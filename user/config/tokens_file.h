/* SPDX-License-Identifier: GPL-2.0-only */
/* What reading and editing the tokens file have in common. */
#ifndef NFM_TOKENS_FILE_H
#define NFM_TOKENS_FILE_H

#include "config/tokens.h"

#define NFM_TOKENS_FILE_MAX (1U << 20)
#define NFM_TOKENS_LINE_MAX 512U

/** One line without its newline: 1 a token, 0 none (blank, remark), -EINVAL with what to write. */
int nfm_tokens_parse_line(const char *line, struct nfm_token *out, struct nfm_error *why);

/** A whole file's text; `path` for the errors. As nfm_tokens_read(). */
int nfm_tokens_parse(const char *path, const char *text, size_t len, struct nfm_tokens *out,
		     struct nfm_error *error);

/** SHA-256 of a text. */
void nfm_tokens_hash(const char *text, uint8_t hash[NFM_TOKEN_HASH_BYTES]);

#endif
