/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings that came from files and the network, made fit for a terminal or for JSON. */
#ifndef NFM_VIEW_TEXT_H
#define NFM_VIEW_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * `text` with every byte that is no UTF-8 as U+FFFD and, for a terminal, every control
 * character as "?". Returns `text` itself where nothing had to change, else *scratch, malloc'd,
 * which the caller frees; NULL: out of memory.
 */
const char *nfm_text_clean(const char *text, bool terminal, char **scratch);

/** Characters (code points) of a UTF-8 text: what columns are aligned by. */
size_t nfm_text_width(const char *text);

#endif
