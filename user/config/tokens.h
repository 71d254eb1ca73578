/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tokens file: who may ask the API, and what. A line each:
 *   ROLE[:CUSTOMER] SHA256HEX NAME
 * ROLE: admin, read, or customer:ID; SHA256HEX: of the token's text; NAME: of whoever has it, and
 * of nobody else. Lines that begin with # are remarks. A token is 256 random bits, so that its hash
 * needs neither salt nor slowness, and the file betrays none.
 */
#ifndef NFM_TOKENS_H
#define NFM_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "base/error.h"

#define NFM_TOKEN_PREFIX "nfm_"
#define NFM_TOKEN_SIZE 48U /* "nfm_", 43 characters of base64url, and the NUL */
#define NFM_TOKEN_HASH_BYTES 32U
#define NFM_TOKEN_NAME_SIZE 48U /* with the NUL */

enum nfm_token_role {
	NFM_TOKEN_ADMIN,	   /* everything, settings too */
	NFM_TOKEN_READ,	   /* sees everything */
	NFM_TOKEN_CUSTOMER, /* sees one customer */
};

struct nfm_token {
	enum nfm_token_role role;
	char customer[NFM_ID_SIZE]; /* NFM_TOKEN_CUSTOMER: whose; else "" */
	char name[NFM_TOKEN_NAME_SIZE];
	uint8_t hash[NFM_TOKEN_HASH_BYTES];
};

struct nfm_tokens {
	struct nfm_token *entries; /* malloc'd; in the file's order */
	size_t count;
};

/**
 * Reads the file; one that is missing, or an empty `path`, holds no token. -EINVAL: every wrong
 * line is reported as file:line, and nothing is taken; -EPERM: others may write to the file.
 */
int nfm_tokens_read(const char *path, struct nfm_tokens *out, struct nfm_error *error);
void nfm_tokens_clear(struct nfm_tokens *tokens);

/**
 * Whose token `text` is, or NULL. Takes as long for one as for the other: all lines are compared,
 * each in full.
 */
const struct nfm_token *nfm_tokens_find(const struct nfm_tokens *tokens, const char *text);

/** "admin", "read", "customer". */
const char *nfm_token_role_name(enum nfm_token_role role);

/** Takes "admin", "read" or "customer:ID" for role and customer of *out. -EINVAL. */
int nfm_token_role_parse(const char *text, struct nfm_token *out, struct nfm_error *error);

/**
 * Makes a token with role, customer and name of `like`, and appends its line to the file, which is
 * made if it is missing (mode 0600). `text` is the only place where the token stands from then on.
 * -EEXIST: the name is taken.
 */
int nfm_tokens_add(const char *path, const struct nfm_token *like, char text[NFM_TOKEN_SIZE],
		   struct nfm_error *error);

/** Takes a name's line out of the file; all others stay as they are. -ENOENT: there is none. */
int nfm_tokens_remove(const char *path, const char *name, struct nfm_error *error);

#endif
