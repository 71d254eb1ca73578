// SPDX-License-Identifier: GPL-2.0-only
#include "http/files.h"

#include <string.h>

const struct nfm_web_file *nfm_web_file_find(const char *path)
{
	if (!strcmp(path, "/"))
		path = "/index.html";
	for (const struct nfm_web_file *file = nfm_web_files; file->path; file++)
		if (!strcmp(file->path, path))
			return file;
	return NULL;
}
