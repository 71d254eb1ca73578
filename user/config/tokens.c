// SPDX-License-Identifier: GPL-2.0-only
#include "config/tokens.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "config/tokens_file.h"

#define HASH_DIGITS (2 * NFM_TOKEN_HASH_BYTES)
#define BLANKS " \t"

static const char *const role_names[] = {
	[NFM_TOKEN_ADMIN] = "admin",
	[NFM_TOKEN_READ] = "read",
	[NFM_TOKEN_CUSTOMER] = "customer",
};

const char *nfm_token_role_name(enum nfm_token_role role)
{
	return role_names[role];
}

/* Nothing that would end a line, or play with the terminal of whoever lists the tokens. */
static bool is_text(const char *text, size_t size)
{
	if (!*text || strlen(text) >= size)
		return false;
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return false;
	return true;
}

int nfm_token_role_parse(const char *text, struct nfm_token *out, struct nfm_error *error)
{
	static const char of[] = "customer:";
	const char *id = text + strlen(of);

	for (enum nfm_token_role role = NFM_TOKEN_ADMIN; role < NFM_TOKEN_CUSTOMER; role++) {
		if (!strcmp(text, role_names[role])) {
			out->role = role;
			out->customer[0] = '\0';
			return 0;
		}
	}
	if (strncmp(text, of, strlen(of)) != 0 || !is_text(id, sizeof(out->customer)))
		return nfm_error_set(error, -EINVAL,
				     "\"%.60s\" is no role; write admin, read or customer:ID",
				     text);
	out->role = NFM_TOKEN_CUSTOMER;
	strcpy(out->customer, id);
	return 0;
}

void nfm_tokens_hash(const char *text, uint8_t hash[NFM_TOKEN_HASH_BYTES])
{
	/* a digest that the library knows does not fail, unless it failed its self-tests */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), hash) < 0)
		abort();
}

/* The hash among the words: a customer's id may have blanks in it, but no 64 digits. */
static const char *find_hash(const char *line)
{
	for (const char *at = line; (at = strpbrk(at, BLANKS)) != NULL;) {
		at += strspn(at, BLANKS);
		if (strspn(at, "0123456789abcdefABCDEF") == HASH_DIGITS && at[HASH_DIGITS] &&
		    strchr(BLANKS, at[HASH_DIGITS]))
			return at;
	}
	return NULL;
}

static void take_hash(const char *digits, uint8_t hash[NFM_TOKEN_HASH_BYTES])
{
	for (size_t i = 0; i < NFM_TOKEN_HASH_BYTES; i++) {
		const char pair[] = { digits[2 * i], digits[2 * i + 1], '\0' };

		hash[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && strchr(BLANKS "\r", text[len - 1]))
		text[--len] = '\0';
}

int nfm_tokens_parse_line(const char *line, struct nfm_token *out, struct nfm_error *why)
{
	char copy[NFM_TOKENS_LINE_MAX];
	struct nfm_token token = {};
	const char *hash, *name;
	size_t size;

	line += strspn(line, BLANKS "\r");
	if (!*line || *line == '#')
		return 0;
	if (strlen(line) >= sizeof(copy))
		return nfm_error_set(why, -EINVAL, "longer than %zu bytes", sizeof(copy) - 1);
	hash = find_hash(line);
	if (!hash)
		return nfm_error_set(why, -EINVAL,
				     "no SHA-256 of 64 digits; write ROLE SHA256 NAME, as `nfmeter "
				     "token add` does");
	strcpy(copy, hash + HASH_DIGITS);
	trim_end(copy);
	name = copy + strspn(copy, BLANKS);
	if (!is_text(name, sizeof(token.name)))
		return nfm_error_set(why, -EINVAL, "a bad name; write 1 to %zu bytes behind the "
						   "SHA-256", sizeof(token.name) - 1);
	strcpy(token.name, name);
	take_hash(hash, token.hash);
	size = (size_t)(hash - line);
	memcpy(copy, line, size);
	copy[size] = '\0';
	trim_end(copy);
	if (nfm_token_role_parse(copy, &token, why))
		return -EINVAL;
	*out = token;
	return 1;
}

/* A file on its way in. */
struct reading {
	const char *path;
	struct nfm_tokens tokens;
	size_t size;
	unsigned int line;
	unsigned int wrong;
	struct nfm_error *error;
};

static void report(struct reading *r, const char *what)
{
	r->wrong++;
	nfm_error_add(r->error, "%s:%u: %s", r->path, r->line, what);
}

static int append(struct reading *r, const struct nfm_token *token)
{
	struct nfm_tokens *all = &r->tokens;

	if (all->count == r->size) {
		size_t size = r->size ? r->size * 2 : 16;
		struct nfm_token *entries = reallocarray(all->entries, size, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		all->entries = entries;
		r->size = size;
	}
	all->entries[all->count++] = *token;
	return 0;
}

static int take_line(struct reading *r, const char *line)
{
	struct nfm_error why = {};
	struct nfm_token token;
	int code = nfm_tokens_parse_line(line, &token, &why);

	if (code < 0)
		report(r, why.text);
	if (code <= 0)
		return 0;
	for (size_t i = 0; i < r->tokens.count; i++) {
		const struct nfm_token *other = &r->tokens.entries[i];
		bool same_name = !strcmp(other->name, token.name);

		if (!same_name && memcmp(other->hash, token.hash, sizeof(token.hash)) != 0)
			continue;
		report(r, same_name ? "a name that stands further up already; names are unique" :
				      "a token that stands further up already");
		return 0;
	}
	return append(r, &token);
}

/* Line by line; NUL bytes are no text. */
static int take_text(struct reading *r, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t size = (size_t)((newline ? newline : end) - text);
		_cleanup_free_ char *line = strndup(text, size);
		int code = 0;

		if (!line)
			return -ENOMEM;
		r->line++;
		if (strlen(line) != size)
			report(r, "holds a NUL byte; this is no text");
		else
			code = take_line(r, line);
		if (code)
			return code;
		text += size + 1;
	}
	return r->wrong ? -EINVAL : 0;
}

int nfm_tokens_parse(const char *path, const char *text, size_t len, struct nfm_tokens *out,
		     struct nfm_error *error)
{
	struct reading r = { .path = path, .error = error };
	int code;

	nfm_error_set(error, 0, "%s", "");
	code = take_text(&r, text, len);
	if (code == -ENOMEM)
		nfm_error_set(error, code, "%s: out of memory", path);
	if (code) {
		nfm_tokens_clear(&r.tokens);
		return code;
	}
	*out = r.tokens;
	return 0;
}

int nfm_tokens_read(const char *path, struct nfm_tokens *out, struct nfm_error *error)
{
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len = 0;
	int code = *path ? nfm_io_read_file(path, NFM_TOKENS_FILE_MAX, &text, &len) : -ENOENT;

	if (code == -ENOENT) {
		*out = (struct nfm_tokens){};
		return 0;
	}
	if (!code && stat(path, &st))
		code = -errno;
	if (code)
		return nfm_error_set(error, code, "%s: cannot read the tokens: %s", path,
				     strerror(-code));
	/* whoever writes a line is an administrator */
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return nfm_error_set(error, -EPERM,
				     "%s: others may write to it, so nobody is let in: look at its "
				     "lines, then chmod 600 it", path);
	return nfm_tokens_parse(path, text, len, out, error);
}

void nfm_tokens_clear(struct nfm_tokens *tokens)
{
	free(tokens->entries);
	*tokens = (struct nfm_tokens){};
}

/* All bits of a difference in one, without a branch. */
static uint32_t difference(const uint8_t *a, const uint8_t *b)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < NFM_TOKEN_HASH_BYTES; i++)
		bits |= (uint32_t)(((const volatile uint8_t *)a)[i] ^
				   ((const volatile uint8_t *)b)[i]);
	return bits;
}

const struct nfm_token *nfm_tokens_find(const struct nfm_tokens *tokens, const char *text)
{
	uint8_t hash[NFM_TOKEN_HASH_BYTES];
	size_t found = 0; /* index + 1 */

	nfm_tokens_hash(text, hash);
	for (size_t i = 0; i < tokens->count; i++) {
		/* all ones where they are equal, else 0 */
		size_t equal = (size_t)((difference(hash, tokens->entries[i].hash) - 1U) >> 31);

		found |= (i + 1) & (0 - equal);
	}
	return found ? &tokens->entries[found - 1] : NULL;
}
