/* SPDX-License-Identifier: GPL-2.0-only */
/* Ids, names and prefixes as the customers file writes them. */
#ifndef NFM_CUSTOMERS_TEXT_H
#define NFM_CUSTOMERS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

/** NULL if `id` can be a customer's, else what is wrong with it: a constant text. */
const char *nfm_text_check_id(const char *id, size_t len);

/** True of UTF-8 text without control characters. */
bool nfm_text_is_clean(const char *text);

/** Makes a name harmless in place: control characters become blanks, what is no UTF-8 '?'. */
void nfm_text_clean_name(char *name);

/** Copies text into a field of `size` bytes, cut between two characters, rest zeroed. */
void nfm_text_copy(char *to, size_t size, const char *from);

/** Copies at most 48 bytes of foreign text for a message, harmless and with "…" if cut. */
char *nfm_text_quote(const char *text, size_t len, char *buf, size_t size);

/** A prefix, not NUL-terminated. Its row stays untouched. 0 or -EINVAL. */
int nfm_text_parse_prefix(const char *text, size_t len, struct nfm_prefix *out);

/** Says why nfm_text_parse_prefix() refused a text, and what to write instead. */
char *nfm_text_explain_prefix(const char *text, size_t len, char *buf, size_t size);

#endif
