/* SPDX-License-Identifier: GPL-2.0-only */
/* Templates from inside. Pieces: template.c (parsing), compile.c (what records have, and where). */
#ifndef NFM_TEMPLATE_INTERNAL_H
#define NFM_TEMPLATE_INTERNAL_H

#include "flow/template.h"

/** Whether a field of this length can be read as the element; else it counts as absent. */
bool nfm_field_is_usable(const struct nfm_element *element, uint16_t length);

/** Fills flags, and layout or not_compiled, of a template whose fields are complete. */
void nfm_template_compile(struct nfm_template *template);

#endif
