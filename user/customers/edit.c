// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes single customers in the customers file: only the bytes of one field, or whole lines,
 * change. The new text is read and checked before it takes the old one's place.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "customers/registry.h"
#include "customers/text.h"

#define NEW_FILE_HEADER "id,name,prefixes\n"
#define NEW_FILE_MODE 0644

struct edit {
	char path[PATH_MAX]; /* links resolved */
	char folder[PATH_MAX];
	int folder_fd; /* locked: one editor at a time */
	struct stat st;
	bool is_new;
	char *text;
	size_t len;
	struct nfm_registry_columns columns;
	struct nfm_csv csv; /* past the header */
};

static void edit_close(struct edit *e)
{
	free(e->text);
	nfm_cleanup_close(&e->folder_fd);
}

/* ---- opening ---- */

/* Links are followed, so that the file is replaced and not the link. */
static int resolve(struct edit *e, const char *path)
{
	const char *slash;
	size_t len;

	if (!realpath(path, e->path)) {
		if (errno != ENOENT)
			return -errno;
		if (snprintf(e->path, sizeof(e->path), "%s", path) >= (int)sizeof(e->path))
			return -ENAMETOOLONG;
	}
	slash = strrchr(e->path, '/');
	len = slash ? (size_t)(slash - e->path) : 0;
	snprintf(e->folder, sizeof(e->folder), "%.*s", (int)len, e->path);
	if (!len)
		strcpy(e->folder, slash ? "/" : ".");
	e->folder_fd = open(e->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->folder_fd < 0)
		return -errno;
	return flock(e->folder_fd, LOCK_EX) ? -errno : 0;
}

static int read_old(struct edit *e, bool make)
{
	int code = nfm_io_read_file(e->path, NFM_REGISTRY_MOST_BYTES, &e->text, &e->len);

	if (!code && stat(e->path, &e->st))
		return -errno;
	e->is_new = code == -ENOENT;
	if (!make || (code && !e->is_new) || (!code && e->len))
		return code;
	free(e->text);
	e->text = strdup(NEW_FILE_HEADER);
	e->len = strlen(NEW_FILE_HEADER);
	return e->text ? 0 : -ENOMEM;
}

static int edit_open(struct edit *e, const char *path, bool make, struct nfm_error *error)
{
	int code = resolve(e, path);

	if (!code)
		code = read_old(e, make);
	if (code)
		return nfm_error_set(error, code, "cannot read the customers file %s: %s", path,
				     strerror(-code));
	nfm_csv_open(&e->csv, e->text, e->len);
	return nfm_registry_read_header(&e->csv, path, &e->columns, error);
}

/* ---- the new text ---- */

static bool is_of(const struct edit *e, const struct nfm_csv_record *record, const char *id)
{
	char text[2 * NFM_ID_SIZE];
	const struct nfm_csv_field *field;

	if (e->columns.id >= record->field_count)
		return false;
	field = &record->field[e->columns.id];
	if (field->len >= sizeof(text))
		return false;
	nfm_csv_unquote(field, text);
	return !strcmp(text, id);
}

/* The next record of a customer: 1, 0, or -EINVAL where the file cannot be read. */
static int find_record(struct edit *e, const char *id, struct nfm_csv_record *record,
		       struct nfm_error *error)
{
	int code;

	while ((code = nfm_csv_next(&e->csv, record)) > 0)
		if (is_of(e, record, id))
			return 1;
	if (code < 0)
		nfm_error_set(error, code, "%s:%u: %s", e->path, e->csv.problem_line,
			      e->csv.problem);
	return code;
}

/* What a customer is to be. */
struct line {
	const char *id;
	const char *name; /* NULL: it keeps the one it has */
	const char *const *prefixes;
	size_t count;
};

static void write_field(FILE *to, const char *text)
{
	size_t len = strlen(text);
	bool plain = !strpbrk(text, ",\"") && (!len || (text[0] != ' ' && text[len - 1] != ' '));

	if (plain) {
		fputs(text, to);
		return;
	}
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

static void write_prefixes(FILE *to, const struct line *line)
{
	for (size_t i = 0; i < line->count; i++)
		fprintf(to, "%s%s", i ? " " : "", line->prefixes[i]);
}

static void write_bytes(FILE *to, const char *from, const char *end)
{
	fwrite(from, 1, (size_t)(end - from), to);
}

static void write_column(const struct edit *e, FILE *to, const struct line *line, uint32_t column)
{
	if (column == e->columns.id)
		write_field(to, line->id);
	if (column == e->columns.name && line->name)
		write_field(to, line->name);
	if (column == e->columns.prefixes)
		write_prefixes(to, line);
}

/* Appends a line after the last one, with the line ends that the header has. */
static void append_record(const struct edit *e, const char *header_end, FILE *to,
			  const struct line *line)
{
	bool crlf = header_end - e->text >= 2 && header_end[-2] == '\r' && header_end[-1] == '\n';
	const char *newline = crlf ? "\r\n" : "\n";

	write_bytes(to, e->text, e->text + e->len);
	if (e->text[e->len - 1] != '\n')
		fputs(newline, to);
	for (uint32_t i = 0; i < e->columns.count; i++) {
		if (i)
			fputc(',', to);
		write_column(e, to, line, i);
	}
	fputs(newline, to);
}

/* Fields of a record in the same place; those that the record does not reach are added. */
static void replace_fields(const struct edit *e, const struct nfm_csv_record *record, FILE *to,
			   const struct line *line)
{
	uint32_t last = e->columns.prefixes;
	const char *done = e->text;

	if (line->name)
		last = NFM_MAX(last, e->columns.name);
	for (uint32_t i = 0; i < record->field_count; i++) {
		const struct nfm_csv_field *field = &record->field[i];
		size_t quote = 0; /* a name has quotes of its own, prefixes leave them there */

		if (i == e->columns.name && line->name)
			quote = field->quoted;
		else if (i != e->columns.prefixes)
			continue;
		write_bytes(to, done, field->text - quote);
		write_column(e, to, line, i);
		done = field->text + field->len + quote;
	}
	if (record->field_count <= last) {
		const struct nfm_csv_field *end = &record->field[record->field_count - 1];

		write_bytes(to, done, NFM_MAX(done, end->text + end->len + end->quoted));
		done = NFM_MAX(done, end->text + end->len + end->quoted);
	}
	for (uint32_t i = record->field_count; i <= last; i++) {
		fputc(',', to);
		write_column(e, to, line, i);
	}
	write_bytes(to, done, e->text + e->len);
}

static int write_set(struct edit *e, FILE *to, const struct line *line, struct nfm_error *error)
{
	const char *header_end = e->csv.at;
	struct nfm_csv_record record;
	int code;

	if (line->name && e->columns.name == NFM_COLUMN_NONE)
		return nfm_error_set(error, -EINVAL,
				     "%s has no column for names: add `name` to its first line",
				     e->path);
	code = find_record(e, line->id, &record, error);
	if (code > 0)
		replace_fields(e, &record, to, line);
	else if (!code)
		append_record(e, header_end, to, line);
	return NFM_MIN(code, 0);
}

static int write_without(struct edit *e, FILE *to, const char *id, struct nfm_error *error)
{
	const char *done = e->text;
	struct nfm_csv_record record;
	char shown[64];
	int code;

	while ((code = find_record(e, id, &record, error)) > 0) {
		write_bytes(to, done, record.start);
		done = record.end;
	}
	if (code)
		return code;
	if (done == e->text)
		return nfm_error_set(error, -ENOENT,
				     "%s has no customer '%s': `nfmeter customers list` shows all",
				     e->path, nfm_text_quote(id, strlen(id), shown, sizeof(shown)));
	write_bytes(to, done, e->text + e->len);
	return 0;
}

/* ---- replacing ---- */

static int verify(const struct edit *e, const char *text, size_t len, struct nfm_error *error)
{
	struct nfm_registry registry;
	char *copy = malloc(len + 1);
	int code;

	if (!copy)
		return nfm_error_set(error, -ENOMEM, "%s: not enough memory to check it", e->path);
	memcpy(copy, text, len);
	copy[len] = '\0';
	code = nfm_registry_parse(copy, len, e->path, &registry, error);
	if (!code)
		nfm_registry_clear(&registry);
	return code;
}

static int write_temporary(const struct edit *e, int fd, const char *text, size_t len)
{
	struct stat st;
	int code = nfm_io_write_all(fd, text, len);

	if (code)
		return code;
	if (fstat(fd, &st))
		return -errno;
	/* Not to own what one does not have to: an unprivileged editor keeps its own files. */
	if (!e->is_new && (st.st_uid != e->st.st_uid || st.st_gid != e->st.st_gid) &&
	    fchown(fd, e->st.st_uid, e->st.st_gid))
		return -errno;
	if (fchmod(fd, e->is_new ? NEW_FILE_MODE : e->st.st_mode & 07777))
		return -errno;
	return fsync(fd) ? -errno : 0;
}

static int replace(const struct edit *e, const char *text, size_t len)
{
	_cleanup_close_ int fd = -1;
	char temporary[PATH_MAX];
	int code;

	if (snprintf(temporary, sizeof(temporary), "%s/.customers.XXXXXX", e->folder) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	code = write_temporary(e, fd, text, len);
	if (!code && rename(temporary, e->path))
		code = -errno;
	if (code) {
		unlink(temporary);
		return code;
	}
	return fsync(e->folder_fd) ? -errno : 0;
}

static int edit_finish(const struct edit *e, const char *text, size_t len, struct nfm_error *error)
{
	int code = verify(e, text, len, error);

	if (code)
		return code;
	code = replace(e, text, len);
	if (code)
		return nfm_error_set(error, code, "cannot replace %s: %s", e->path,
				     strerror(-code));
	return 0;
}

/* ---- the two edits ---- */

/* What a command line gives must be sound before it can take part in a file's structure. */
static int check_words(const struct line *line, struct nfm_error *error)
{
	const char *wrong = nfm_text_check_id(line->id, strlen(line->id));
	struct nfm_prefix prefix;
	char why[256];

	if (wrong)
		return nfm_error_set(error, -EINVAL, "cannot set this customer: %s", wrong);
	if (line->name && !nfm_text_is_clean(line->name))
		return nfm_error_set(error, -EINVAL,
				     "customer '%s': the name is no UTF-8 text, or has control "
				     "characters in it", line->id);
	if (!line->count)
		return nfm_error_set(error, -EINVAL,
				     "customer '%s' without a prefix: give one, or remove it",
				     line->id);
	for (size_t i = 0; i < line->count; i++) {
		const char *text = line->prefixes[i];

		if (nfm_text_parse_prefix(text, strlen(text), &prefix))
			return nfm_error_set(error, -EINVAL, "%s",
					     nfm_text_explain_prefix(text, strlen(text), why,
								     sizeof(why)));
	}
	return 0;
}

/* `line` as it is to be, or, `set` being false, whose lines are to go. */
static int edit_run(const char *path, const struct line *line, bool set, struct nfm_error *error)
{
	_cleanup_(edit_close) struct edit e = { .folder_fd = -1 };
	_cleanup_free_ char *text = NULL;
	bool failed;
	size_t len;
	FILE *to;
	int code;

	code = edit_open(&e, path, set, error);
	if (code)
		return code;
	to = open_memstream(&text, &len);
	if (!to)
		return nfm_error_set(error, -ENOMEM, "%s: not enough memory to edit it", path);
	code = set ? write_set(&e, to, line, error) : write_without(&e, to, line->id, error);
	failed = ferror(to) != 0;
	failed |= fclose(to) != 0;
	if (failed && !code)
		code = nfm_error_set(error, -ENOMEM, "%s: not enough memory to edit it", path);
	return code ? code : edit_finish(&e, text, len, error);
}

int nfm_registry_file_set_named(const char *path, const char *id, const char *name,
				const char *const *prefixes, size_t prefix_count,
				struct nfm_error *error)
{
	const struct line line = { id, name, prefixes, prefix_count };
	int code = check_words(&line, error);

	return code ? code : edit_run(path, &line, true, error);
}

int nfm_registry_file_set(const char *path, const char *id, const char *const *prefixes,
			  size_t prefix_count, struct nfm_error *error)
{
	return nfm_registry_file_set_named(path, id, NULL, prefixes, prefix_count, error);
}

int nfm_registry_file_remove(const char *path, const char *id, struct nfm_error *error)
{
	const struct line line = { .id = id };

	return edit_run(path, &line, false, error);
}
