/* SPDX-License-Identifier: GPL-2.0-only */
/* The answers: one function for each route, see struct nfm_route. */
#ifndef NFM_HTTP_API_H
#define NFM_HTTP_API_H

#include "http/http.h"
#include "view/output.h"

#define NFM_API(name)                                                                             \
	int nfm_api_##name(struct nfm_http *http, const struct nfm_request *request,              \
			   struct nfm_reply *reply, struct nfm_error *error)

NFM_API(status);
NFM_API(show);
NFM_API(exporters);
NFM_API(templates);
NFM_API(snapshots);
NFM_API(read);
NFM_API(history);
NFM_API(report);
NFM_API(sparklines);
NFM_API(config);
NFM_API(whoami);
NFM_API(metrics);
NFM_API(settings);
NFM_API(exporter_put);
NFM_API(exporter_delete);
NFM_API(customer_put);
NFM_API(customer_delete);

/** Seconds after which an answer is given up. */
#define NFM_API_PATIENCE_S 60U

/** A writer in the format that was asked for. NULL: out of memory, said. */
struct nfm_output *nfm_api_begin(const struct nfm_request *request, struct nfm_reply *reply,
				 const char *csv_name, struct nfm_error *error);

/** What the agent says of itself, for nfm_ask_free(); NULL where it says nothing. */
yajl_val nfm_api_agent(struct nfm_http *http);

/** Ends it: `err`, or what went wrong in writing; frees the writer. */
int nfm_api_end(struct nfm_output *out, int err, struct nfm_error *error);

#endif
