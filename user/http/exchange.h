/* SPDX-License-Identifier: GPL-2.0-only */
/* One request on a connection, from its first line to the last byte of its answer. */
#ifndef NFM_HTTP_EXCHANGE_H
#define NFM_HTTP_EXCHANGE_H

#include "http/http.h"

/** libmicrohttpd's MHD_AccessHandlerCallback; the cookie is a struct nfm_http. */
enum MHD_Result nfm_exchange_handle(void *cookie, struct MHD_Connection *connection,
				    const char *url, const char *method, const char *version,
				    const char *upload, size_t *upload_size, void **state);

/** Its MHD_RequestCompletedCallback. */
void nfm_exchange_completed(void *cookie, struct MHD_Connection *connection, void **state,
			    enum MHD_RequestTerminationCode code);

/** Makes an answer: nfm_jobs_make, the cookie is a struct nfm_http. */
struct nfm_answer *nfm_exchange_answer(void *cookie, const struct nfm_request *request);

#endif
