// SPDX-License-Identifier: GPL-2.0-only
#include "view/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "base/io.h"

#define NOTE_MAX (PATH_MAX + 16)

/* Says what to do where the kernel or the file system refuses. */
static int explain(int err, struct nfm_error *error)
{
	struct nfm_error cause = *error;

	if (err != -EPERM && err != -EACCES)
		return err;
	return nfm_error_set(error, err, "%s: run this as root, or as the user that runs the agent",
			     cause.text);
}

/* "pins DIRECTORY" or "file PATH" */
static int open_noted(const char *note, struct nfm_table *out, struct nfm_error *error)
{
	if (!strncmp(note, "pins ", 5))
		return nfm_table_pins_open(note + 5, false, out, error);
	if (!strncmp(note, "file ", 5))
		return nfm_table_file_open(note + 5, false, out, error);
	return nfm_error_set(error, -EPROTO,
			     "says \"%.60s\", neither pins nor a file: restart the agent", note);
}

/* -ENOENT: no agent left a note, or what it names is gone. */
static int open_by_note(const char *runtime, struct nfm_table *out, struct nfm_error *error)
{
	_cleanup_free_ char *note = NULL;
	struct nfm_error cause = { .text = "" };
	char path[PATH_MAX + sizeof(NFM_CONTROL_TABLE) + 1];
	size_t len;
	int err;

	snprintf(path, sizeof(path), "%s/%s", runtime, NFM_CONTROL_TABLE);
	err = nfm_io_read_file(path, NOTE_MAX, &note, &len);
	if (err)
		return nfm_error_set(error, err, "%s: %s", path, strerror(-err));
	note[strcspn(note, "\n")] = '\0';
	err = open_noted(note, out, &cause);
	return err ? nfm_error_set(error, err, "%s: %s", path, cause.text) : 0;
}

int nfm_source_open(const struct nfm_config *config, struct nfm_table *out,
		    struct nfm_error *error)
{
	char path[PATH_MAX + 8];
	int err;

	err = open_by_note(config->runtime, out, error);
	if (err != -ENOENT)
		return explain(err, error);
	err = nfm_table_pins_open(config->pin, false, out, error);
	if (err != -ENOENT)
		return explain(err, error);
	snprintf(path, sizeof(path), "%s/table", config->runtime);
	err = nfm_table_file_open(path, false, out, error);
	if (err != -ENOENT)
		return explain(err, error);
	return nfm_error_set(error, -ENOENT,
			     "no table found: neither what %s/%s names, nor pins under %s, nor "
			     "%s: start the agent with `nfmeter run`, or name its configuration "
			     "with -c",
			     config->runtime, NFM_CONTROL_TABLE, config->pin, path);
}
