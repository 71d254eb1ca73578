/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFM_HTTP_LIVE_DOCUMENT_H
#define NFM_HTTP_LIVE_DOCUMENT_H

#include "http/http.h"

/** The event "live", as it goes over the wire; *text is malloc'd. Called by one thread. -ENOMEM. */
int nfm_live_document(struct nfm_http *http, char **text, size_t *size);

#endif
