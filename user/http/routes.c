// SPDX-License-Identifier: GPL-2.0-only
/* What there is to be asked for. docs/openapi.json says the same at length. */
#include "http/api.h"

#define RANGE "from to month day percentile"
#define SLICE "q order offset limit sort"

/* Ages: counters change with every datagram, files with every interval (NFM_ROUTE_FILES_S). */
const struct nfm_route nfm_routes[] = {
	{ "/api/v1/whoami", NFM_METHOD_GET, NFM_TOKEN_CUSTOMER, 0, "", nfm_api_whoami,
	  "who asks, and what for he may" },
	{ "/api/v1/status", NFM_METHOD_GET, NFM_TOKEN_READ, 1, "format", nfm_api_status,
	  "what runs, what arrived and what became of it" },
	{ "/api/v1/show", NFM_METHOD_GET, NFM_TOKEN_CUSTOMER, 1, SLICE " id format", nfm_api_show,
	  "customers' counters since the table was made, and rates" },
	{ "/api/v1/exporters", NFM_METHOD_GET, NFM_TOKEN_READ, 1, "format", nfm_api_exporters,
	  "routers: state, loss, streams, advice" },
	{ "/api/v1/templates", NFM_METHOD_GET, NFM_TOKEN_READ, 2, "exporter format",
	  nfm_api_templates, "templates, and who decodes their data" },
	{ "/api/v1/snapshots", NFM_METHOD_GET, NFM_TOKEN_READ, 2, "offset limit format",
	  nfm_api_snapshots, "the files, newest first, and their limits" },
	{ "/api/v1/read", NFM_METHOD_GET, NFM_TOKEN_READ, 5, "file format", nfm_api_read,
	  "what a snapshot holds" },
	{ "/api/v1/history", NFM_METHOD_GET, NFM_TOKEN_CUSTOMER, 5, RANGE " id kind step format",
	  nfm_api_history, "a customer over time" },
	{ "/api/v1/report", NFM_METHOD_GET, NFM_TOKEN_READ, 10, RANGE " " SLICE " format",
	  nfm_api_report, "all customers of a range" },
	{ "/api/v1/sparklines", NFM_METHOD_GET, NFM_TOKEN_CUSTOMER, 10, "id", nfm_api_sparklines,
	  "rates of some customers over the last two hours" },
	{ "/api/v1/config", NFM_METHOD_GET, NFM_TOKEN_READ, 1, "format", nfm_api_config,
	  "the configuration in effect" },
	{ NFM_EVENTS_PATH, NFM_METHOD_GET, NFM_TOKEN_READ, 0, "", NULL,
	  "server-sent events: rates, once a second" },
	{ "/api/v1/settings", NFM_METHOD_PUT, NFM_TOKEN_ADMIN, 0, "", nfm_api_settings,
	  "changes settings" },
	{ "/api/v1/exporters/", NFM_METHOD_PUT, NFM_TOKEN_ADMIN, 0, "", nfm_api_exporter_put,
	  "adds a router, or changes it" },
	{ "/api/v1/exporters/", NFM_METHOD_DELETE, NFM_TOKEN_ADMIN, 0, "",
	  nfm_api_exporter_delete, "removes a router that was added here" },
	{ "/api/v1/customers/", NFM_METHOD_PUT, NFM_TOKEN_ADMIN, 0, "", nfm_api_customer_put,
	  "adds a customer, or changes it" },
	{ "/api/v1/customers/", NFM_METHOD_DELETE, NFM_TOKEN_ADMIN, 0, "",
	  nfm_api_customer_delete, "removes a customer" },
	{ "/metrics", NFM_METHOD_GET, NFM_TOKEN_READ, 1, "", nfm_api_metrics,
	  "OpenMetrics text" },
	{ NULL, NFM_METHOD_GET, NFM_TOKEN_ADMIN, 0, NULL, NULL, NULL },
};
