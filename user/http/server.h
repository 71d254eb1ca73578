/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections: libmicrohttpd's thread. It waits for nothing; answers are made by nfm_jobs. */
#ifndef NFM_HTTP_SERVER_H
#define NFM_HTTP_SERVER_H

#include "http/http.h"

struct nfm_server;

/** Binds `listen` ("ADDRESS:PORT", "[v6]:PORT", "*:PORT"). Returns the socket or -errno. */
int nfm_server_bind(const char *listen, struct nfm_error *error);

/** PEM texts for TLS; NULL without. The texts are the server's afterwards. */
struct nfm_server_tls {
	char *certificate, *key;
};

/** Serves on a socket, which is the server's from then on, also on failure. */
int nfm_server_start(struct nfm_http *http, int fd, const struct nfm_server_tls *tls,
		     struct nfm_error *error);

/** Cuts connections that take too long. Call once a second. */
void nfm_server_tick(struct nfm_http *http);

/** Takes no more connections; those that are there go on. Frees the address for the next server. */
void nfm_server_quiesce(struct nfm_http *http);

/** No more connections; answers under way are ended first (http->jobs, http->events). */
void nfm_server_stop(struct nfm_http *http);

#endif
