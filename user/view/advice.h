/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to do where an exporter's records say that something is set up wrong: each text goes on
 * behind a number or a name. The commands are RouterOS's.
 */
#ifndef NFM_VIEW_ADVICE_H
#define NFM_VIEW_ADVICE_H

#include "view/exporters.h"
#include "view/templates.h"

#define NFM_ADVICE_WRAPPED                                                                         \
	"records whose 32-bit byte counter wrapped: export v9 or IPFIX with 64-bit counters, or "  \
	"set the router's active timeout to a minute (RouterOS: /ip traffic-flow set "             \
	"active-flow-timeout=1m); [exporter NAME] repair-wraps = yes repairs what is certain"
#define NFM_ADVICE_GIVEN_UP                                                                        \
	"data sets given up, their template did not come in [collector] template-wait: let the "   \
	"router send it more often (RouterOS: /ip traffic-flow target set [find] "                 \
	"v9-template-refresh=20 v9-template-timeout=1m)"
#define NFM_ADVICE_IMPLAUSIBLE                                                                     \
	"records with a rate or packet size that cannot be, counted as sent: compare with the "    \
	"router's own interface counters, and update its software"
/* These stand alone. */
#define NFM_ADVICE_UNSPECIFIED                                                                     \
	"a router sends from 0.0.0.0: give it an address (RouterOS: /ip traffic-flow target set "  \
	"[find] src-address=ROUTER), or list it: [exporter NAME] address = 0.0.0.0"
#define NFM_ADVICE_REFUSED                                                                         \
	"refused: to count it, add [exporter NAME] with its address, or set [collector] "          \
	"exporters = any"
#define NFM_ADVICE_FIXED_VERSION                                                                \
	"v5 (v1 and v7, too) carries neither IPv6 nor 64-bit counters nor NAT: what customers " \
	"behind NAT download counts as the router's: send v9 or IPFIX (RouterOS: /ip "          \
	"traffic-flow "                                                                         \
	"target set [find] version=9)"
#define NFM_ADVICE_SAMPLING                                                                        \
	"data records have a sampling rate, which is not believed: if the router samples, set "    \
	"[exporter NAME] sampling = N (RouterOS: (interval + space) / interval), or trust-data"
#define NFM_ADVICE_LONG_FLOWS                                                                      \
	"records of flows that are longer than earlier slots reach: set the router's active "      \
	"timeout to a minute (RouterOS: /ip traffic-flow set active-flow-timeout=1m)"
#define NFM_ADVICE_LOST                                                                            \
	"missed by their sequence: look for drops on the path from the router, and in `nfmeter "   \
	"status`"

#define NFM_ADVICE_MOST 8U /* of one exporter */
#define NFM_ADVICE_TEXT 512U

/** What an exporter's advice is made of. `templates`: NULL: not known. */
struct nfm_advice_of {
	const struct nfm_table *table;
	const struct nfm_templates_view *templates;
	uint32_t interval_s;
};

/** Writes the advice that an exporter needs, each as a text; returns how many. */
uint32_t nfm_advice_read(const struct nfm_advice_of *of, const struct nfm_exporter_view *exporter,
			 char text[NFM_ADVICE_MOST][NFM_ADVICE_TEXT]);

/** Whether it sends v1, v5 or v7 these days: a version of former times is no fault of today's. */
bool nfm_advice_has_fixed_version(const struct nfm_advice_of *of,
				  const struct nfm_exporter_view *exporter);

/** Whether a template's data have a sampling rate that nobody believes, and nothing else is set. */
bool nfm_advice_has_unbelieved_rate(const struct nfm_table *t,
				    const struct nfm_template_view *view);

#endif
