/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Server-sent events (WHATWG HTML, "Server-sent events"): one text a second, made once for all who
 * listen. Who is slow gets the newest one next, and never holds up another.
 */
#ifndef NFM_HTTP_EVENTS_H
#define NFM_HTTP_EVENTS_H

#include "http/http.h"

struct nfm_events;

int nfm_events_open(struct nfm_events **events, struct nfm_http *http, struct nfm_error *error);

/** Makes the next text, if anybody listens, and wakes them. Call once a second. */
void nfm_events_tick(struct nfm_events *events);

/** An answer that goes on until the client leaves, or nfm_events_end(). NULL: out of memory. */
struct MHD_Response *nfm_events_response(struct nfm_events *events,
					 struct MHD_Connection *connection);

/** Ends all streams: before MHD_stop_daemon(), which wants nobody suspended. */
void nfm_events_end(struct nfm_events *events);
void nfm_events_free(struct nfm_events *events);

#endif
