/* SPDX-License-Identifier: GPL-2.0-only */
/* An error's text: what, where, and what to do; filled where it is known, shown where decided. */
#ifndef NFM_ERROR_H
#define NFM_ERROR_H

struct nfm_error {
	char text[1024];
};

/**
 * Writes the text (if `error` is not NULL) and returns `code`, so that a failing function can
 * `return nfm_error_set(error, -EINVAL, "…")`. A later call overwrites an earlier one's text.
 */
int nfm_error_set(struct nfm_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Appends a further line to the text (for lists of wrong lines); cut with "…" when full. */
void nfm_error_add(struct nfm_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
