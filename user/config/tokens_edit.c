// SPDX-License-Identifier: GPL-2.0-only
/* Adds and removes lines of the tokens file: the others stay byte for byte. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "config/tokens_file.h"

#define RANDOM_BYTES 32U
#define FILE_MODE 0600

struct edit {
	const char *path;
	int folder_fd; /* locked: one editor at a time */
	char *text;
	size_t len;
};

static void edit_close(struct edit *e)
{
	free(e->text);
	nfm_cleanup_close(&e->folder_fd);
}

static int lock_folder(struct edit *e)
{
	const char *slash = strrchr(e->path, '/');
	char folder[PATH_MAX];

	if (snprintf(folder, sizeof(folder), "%.*s",
		     slash ? (int)NFM_MAX(slash - e->path, 1) : 1, slash ? e->path : ".") >=
	    (int)sizeof(folder))
		return -ENAMETOOLONG;
	e->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->folder_fd < 0)
		return -errno;
	return flock(e->folder_fd, LOCK_EX) ? -errno : 0;
}

/* The file as it is, which must be a right one: `tokens` is what it says. */
static int edit_open(struct edit *e, const char *path, struct nfm_tokens *tokens,
		     struct nfm_error *error)
{
	int code;

	e->path = path;
	code = lock_folder(e);
	if (!code)
		code = nfm_io_read_file(path, NFM_TOKENS_FILE_MAX, &e->text, &e->len);
	if (code == -ENOENT && e->folder_fd >= 0) {
		e->text = strdup("");
		code = e->text ? 0 : -ENOMEM;
	}
	if (code)
		return nfm_error_set(error, code, "%s: cannot read the tokens: %s", path,
				     strerror(-code));
	return nfm_tokens_parse(path, e->text, e->len, tokens, error);
}

static int edit_finish(const struct edit *e, const char *text, size_t len, struct nfm_error *error)
{
	int code = len > NFM_TOKENS_FILE_MAX ?
			   -EFBIG :
			   nfm_io_replace_file(e->path, text, len, FILE_MODE);

	return code ? nfm_error_set(error, code, "%s: cannot write the tokens: %s", e->path,
				    strerror(-code)) :
		      0;
}

static int make_token(char text[NFM_TOKEN_SIZE])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[RANDOM_BYTES + 1] = { 0 }; /* the last digit has two bits of nothing */
	char *at = text + sprintf(text, NFM_TOKEN_PREFIX);

	if (getrandom(bytes, RANDOM_BYTES, 0) != RANDOM_BYTES)
		return -errno;
	for (size_t bit = 0; bit < RANDOM_BYTES * 8; bit += 6) {
		unsigned int pair = (unsigned int)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];

		*at++ = digits[pair >> (10 - bit % 8) & 0x3f];
	}
	*at = '\0';
	return 0;
}

static void write_line(FILE *to, const struct nfm_token *token)
{
	bool of_one = token->role == NFM_TOKEN_CUSTOMER;

	fprintf(to, "%s%s%s ", nfm_token_role_name(token->role), of_one ? ":" : "",
		of_one ? token->customer : "");
	for (size_t i = 0; i < sizeof(token->hash); i++)
		fprintf(to, "%02x", token->hash[i]);
	fprintf(to, " %s\n", token->name);
}

/* The new text must say what was meant: it is read again. */
static int check_line(const struct nfm_token *want, const char *line, struct nfm_error *error)
{
	char copy[NFM_TOKENS_LINE_MAX];
	struct nfm_token got;

	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
	if (nfm_tokens_parse_line(copy, &got, NULL) == 1 && !strcmp(got.name, want->name) &&
	    !strcmp(got.customer, want->customer) && got.role == want->role)
		return 0;
	return nfm_error_set(error, -EINVAL,
			     "\"%.60s\" is no name for a token; write 1 to %u bytes without "
			     "control characters and without blanks at the ends",
			     want->name, NFM_TOKEN_NAME_SIZE - 1);
}

static int append(struct edit *e, const struct nfm_token *token, struct nfm_error *error)
{
	_cleanup_free_ char *text = NULL;
	bool open_line = e->len && e->text[e->len - 1] != '\n';
	size_t len;
	FILE *to = open_memstream(&text, &len);
	int code;

	if (!to)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	fwrite(e->text, 1, e->len, to);
	if (open_line)
		fputc('\n', to);
	write_line(to, token);
	if (fclose(to))
		return nfm_error_set(error, -ENOMEM, "out of memory");
	code = check_line(token, text + e->len + open_line, error);
	return code ? code : edit_finish(e, text, len, error);
}

int nfm_tokens_add(const char *path, const struct nfm_token *like, char text[NFM_TOKEN_SIZE],
		   struct nfm_error *error)
{
	_cleanup_(nfm_tokens_clear) struct nfm_tokens tokens = {};
	_cleanup_(edit_close) struct edit e = { .folder_fd = -1 };
	struct nfm_token token = *like;
	char made[NFM_TOKEN_SIZE];
	int code = edit_open(&e, path, &tokens, error);

	if (code)
		return code;
	for (size_t i = 0; i < tokens.count; i++)
		if (!strcmp(tokens.entries[i].name, like->name))
			return nfm_error_set(error, -EEXIST,
					     "%s has a token of the name \"%s\": remove it, or "
					     "choose another name", path, like->name);
	code = make_token(made);
	if (code)
		return nfm_error_set(error, code, "no random bits: %s", strerror(-code));
	nfm_tokens_hash(made, token.hash);
	code = append(&e, &token, error);
	if (!code)
		strcpy(text, made);
	return code;
}

/* Copies all lines but the one of `name`. */
static bool write_without(const struct edit *e, const char *name, FILE *to)
{
	const char *end = e->text + e->len;
	bool found = false;

	for (const char *at = e->text; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline + 1 : end) - at);
		_cleanup_free_ char *line = strndup(at, newline ? size - 1 : size);
		struct nfm_token token;

		if (line && nfm_tokens_parse_line(line, &token, NULL) == 1 &&
		    !strcmp(token.name, name))
			found = true;
		else
			fwrite(at, 1, size, to);
		at += size;
	}
	return found;
}

int nfm_tokens_remove(const char *path, const char *name, struct nfm_error *error)
{
	_cleanup_(nfm_tokens_clear) struct nfm_tokens tokens = {};
	_cleanup_(edit_close) struct edit e = { .folder_fd = -1 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	bool found;
	FILE *to;
	int code = edit_open(&e, path, &tokens, error);

	if (code)
		return code;
	to = open_memstream(&text, &len);
	if (!to)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	found = write_without(&e, name, to);
	if (fclose(to))
		return nfm_error_set(error, -ENOMEM, "out of memory");
	if (!found)
		return nfm_error_set(error, -ENOENT,
				     "%s has no token of the name \"%.60s\": `nfmeter token list` "
				     "shows all", path, name);
	return edit_finish(&e, text, len, error);
}
