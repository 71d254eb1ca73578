// SPDX-License-Identifier: GPL-2.0-only
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/sources.h"

#define LINE_BYTES_MAX 8192 /* "\r\n" and the NUL included */

/* A file on its way into `target`. */
struct reading {
	const char *path;
	const char *at, *end;
	unsigned int line;
	bool unheard; /* the line should have reached the handler, and has not yet */
	bool known;   /* the section: else its keys are passed over, it was reported */
	const char *section; /* NULL: none yet */
	unsigned int given[NFM_CONFIG_KEYS]; /* line of each key; 0: not yet */
	int file; /* its index */
	struct nfm_config_target *target;
	struct nfm_error *error;
	unsigned int wrong;
};

static void report(struct reading *r, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void report(struct reading *r, unsigned int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r->wrong++;
	nfm_error_add(r->error, "%s:%u: %s", r->path, line, text);
}

static const char *fault_text(int code)
{
	switch (code) {
	case -ERANGE:
		return "is out of range";
	case -E2BIG:
		return "is too much";
	case -ENAMETOOLONG:
		return "is too long";
	case -ENOMEM:
		return "does not fit into memory";
	default:
		return "is wrong";
	}
}

static void report_value(struct reading *r, const struct nfm_config_key *key, const char *value,
			 int code)
{
	const struct nfm_config_target *to = r->target;
	const char *at_fault = to->at_fault[0] ? to->at_fault : value;

	if (code != -EEXIST)
		report(r, r->line, "[%s] %s: \"%.60s\" %s; write %s", key->section, key->name,
		       at_fault, fault_text(code), key->form);
	else if (to->first_line && to->first_file != r->file)
		report(r, r->line,
		       "[%s] %s: \"%.60s\" is given twice, first in %s:%u; take one out",
		       key->section, key->name, at_fault, to->sources->file[to->first_file],
		       to->first_line);
	else if (to->first_line)
		report(r, r->line,
		       "[%s] %s: \"%.60s\" is given twice, first in the section of line %u; "
		       "take one out",
		       key->section, key->name, at_fault, to->first_line);
	else
		report(r, r->line, "[%s] %s: \"%.60s\" is given twice; take one out", key->section,
		       key->name, at_fault);
}

static int parse_value(struct nfm_config_target *to, const struct nfm_config_key *key,
		       const char *value)
{
	to->at_fault[0] = '\0';
	to->first_line = 0;
	return key->parse(key, to, value);
}

/* Its text, for those who show it or compare it. */
static int note_value(struct reading *r, size_t key, const char *value)
{
	struct nfm_config_sources *sources = r->target->sources;
	char *copy;

	if (!nfm_config_keys[key].size)
		return 0;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(sources->value[key]);
	sources->value[key] = copy;
	sources->from[key] = r->file;
	return 0;
}

/* The names that would have been right: sections (`section` NULL), or one section's keys. */
static const char *list_names(const char *section, char *buf, size_t size)
{
	const char *before = "";
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];
		const char *name = section ? key->name : key->section;

		if (section ? strcmp(key->section, section) != 0 : !strcmp(before, name))
			continue;
		before = name;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", name);
		if (used >= size)
			break;
	}
	return buf;
}

static void take_key(struct reading *r, const char *name, const char *value)
{
	char names[256];
	int code;

	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		if (strcmp(nfm_config_keys[i].section, r->section) != 0 ||
		    strcmp(nfm_config_keys[i].name, name) != 0)
			continue;
		if (r->given[i]) {
			report(r, r->line, "[%s] %s: given twice, first in line %u; take one out",
			       r->section, name, r->given[i]);
			return;
		}
		r->given[i] = r->line;
		code = parse_value(r->target, &nfm_config_keys[i], value);
		if (!code)
			code = note_value(r, i, value);
		if (code)
			report_value(r, &nfm_config_keys[i], value, code);
		return;
	}
	report(r, r->line, "[%s] %.60s: no such key; known are %s", r->section, name,
	       list_names(r->section, names, sizeof(names)));
}

/* inih's: called within ini_parse_stream() for the line that next_line() gave last. */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;

	(void)section; /* cut at 49 bytes by inih: start_section() keeps the whole one */
	r->unheard = false;
	if (!r->section)
		report(r, r->line, "%.60s: before the first section; write [collector] above it",
		       name);
	else if (r->known)
		take_key(r, name, value);
	return 1;
}

static void end_section(struct reading *r)
{
	unsigned int line = r->target->exporters.line;
	bool given = false;

	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		if (nfm_config_keys[i].parse == nfm_config_parse_address)
			given = r->given[i];
	/* An address that was given, but wrong, was reported there. */
	if (nfm_config_exporter_end(r->target) && !given)
		report(r, line,
		       "[exporter %s]: no address; write address = and the router's addresses",
		       r->target->exporters.open.name);
}

static void start_exporter(struct reading *r, const char *name)
{
	int code;

	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		if (!strcmp(nfm_config_keys[i].section, NFM_CONFIG_EXPORTER))
			r->given[i] = 0;
	r->section = NFM_CONFIG_EXPORTER;
	r->target->first_line = 0;
	code = nfm_config_exporter_begin(r->target, name, r->line);
	r->known = !code;
	if (code == -EEXIST)
		report(r, r->line,
		       "[exporter %.60s]: given twice, first in line %u; put all into one",
		       name, r->target->first_line);
	else if (code)
		report(r, r->line,
		       "[exporter %.60s]: a bad name; write [exporter NAME] with 1 to 47 bytes",
		       name);
}

/* `name`: what stands between the brackets, without blanks around it. */
static void start_section(struct reading *r, char *name)
{
	size_t word = strcspn(name, " \t");
	char names[256];

	end_section(r);
	if (word == strlen(NFM_CONFIG_EXPORTER) && !strncmp(name, NFM_CONFIG_EXPORTER, word)) {
		start_exporter(r, name + word + strspn(name + word, " \t"));
		return;
	}
	r->known = false;
	r->section = "";
	for (size_t i = 0; i < NFM_CONFIG_KEYS && !r->known; i++) {
		if (!strcmp(nfm_config_keys[i].section, name)) {
			r->known = true;
			r->section = nfm_config_keys[i].section;
		}
	}
	if (!r->known)
		report(r, r->line, "[%.60s]: no such section; known are %s", name,
		       list_names(NULL, names, sizeof(names)));
}

static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
}

static void take_section_line(struct reading *r, const char *line)
{
	_cleanup_free_ char *name = strdup(line + 1 + strspn(line + 1, " \t"));
	char *close = name ? strchr(name, ']') : NULL;
	const char *rest = close ? close + 1 + strspn(close + 1, " \t\r\n") : "";

	if (!close || (*rest && *rest != '#' && *rest != ';')) {
		end_section(r);
		r->known = false;
		r->section = "";
		report(r, r->line, "not a section; write [NAME] and nothing behind it");
		return;
	}
	*close = '\0';
	trim_end(name);
	start_section(r, name);
}

/* What neither inih's handler nor we have taken: no "=" in it. */
static void report_unheard(struct reading *r)
{
	if (r->unheard)
		report(r, r->line, "neither [section] nor key = value; put # before a remark");
	r->unheard = false;
}

/*
 * inih's: the next line into buf, or NULL at the end. Sections are taken here already, because
 * inih tells of none that is empty, cuts their names and has no line numbers.
 */
static char *next_line(char *buf, int size, void *user)
{
	struct reading *r = user;
	const char *newline;
	size_t len;

	report_unheard(r);
	if (r->at == r->end)
		return NULL;
	r->line++;
	newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	len = (size_t)((newline ? newline : r->end) - r->at);
	strcpy(buf, "\n");
	if (len + sizeof("\r\n") > (size_t)size) {
		report(r, r->line, "longer than %d bytes; shorten it", size - 3);
	} else if (memchr(r->at, '\0', len)) {
		report(r, r->line, "holds a NUL byte; this is no text");
	} else {
		snprintf(buf, (size_t)size, "%.*s\n", (int)len, r->at);
		memmove(buf, buf + strspn(buf, " \t"), strlen(buf + strspn(buf, " \t")) + 1);
		r->unheard = !strchr("#;[\r\n", buf[0]);
		if (buf[0] == '[')
			take_section_line(r, buf);
	}
	r->at += len + (newline ? 1 : 0);
	return buf;
}

/* A ";" begins no remark inside a line: shell commands and CSV-like lists need it. */
static void set_up_inih(void)
{
	ini_allow_multiline = false;
	ini_allow_no_value = false;
	ini_allow_inline_comments = true;
	ini_inline_comment_prefixes = "#";
	ini_start_comment_prefixes = "#;";
	ini_stop_on_first_error = false;
	ini_use_stack = true;
	ini_max_line = LINE_BYTES_MAX;
}

static int take_lines(struct reading *r)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, at the start */

	if ((size_t)(r->end - r->at) >= strlen(mark) && !memcmp(r->at, mark, strlen(mark)))
		r->at += strlen(mark);
	set_up_inih();
	if (ini_parse_stream(next_line, r, on_key, r) < 0)
		return -ENOMEM;
	end_section(r);
	r->target->last_line = r->line;
	return r->wrong ? -EINVAL : 0;
}

int nfm_config_take_text(struct nfm_config_target *to, int file, const char *path,
			 const char *text, size_t len, struct nfm_error *error)
{
	struct reading r = {
		.path = path,
		.at = text,
		.end = text + len,
		.file = file,
		.target = to,
		.error = error,
	};

	to->exporters.file = (uint16_t)file;
	return take_lines(&r);
}
