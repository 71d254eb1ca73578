/* SPDX-License-Identifier: GPL-2.0-only */
/* The page's files, which the build puts into the program: scripts/embed-web. */
#ifndef NFM_HTTP_FILES_H
#define NFM_HTTP_FILES_H

#include <stddef.h>
#include <stdint.h>

struct nfm_web_file {
	const char *path; /* "/app.js" */
	const char *type;
	const uint8_t *plain, *plain_end;
	const uint8_t *gzip, *gzip_end;
	const char *etag; /* of the content, quoted */
};

extern const struct nfm_web_file nfm_web_files[]; /* ends with a NULL path */

/** The file at a path; "/" is the page. NULL: there is none. */
const struct nfm_web_file *nfm_web_file_find(const char *path);

#endif
