// SPDX-License-Identifier: GPL-2.0-only
#include "view/advice.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "wire.h"

#define STALE_INTERVALS 2U

static bool is_fixed_version(uint32_t version)
{
	return version == NFM_NETFLOW_V1 || version == NFM_NETFLOW_V5 || version == NFM_NETFLOW_V7;
}

bool nfm_advice_has_fixed_version(const struct nfm_advice_of *of,
				  const struct nfm_exporter_view *exporter)
{
	uint64_t patience_ns = STALE_INTERVALS * (uint64_t)of->interval_s * NFM_NS_PER_S;
	const struct nfm_stream *stream;
	uint32_t at = 0;

	while (exporter->exporter != UINT32_MAX &&
	       (stream = nfm_exporters_next_stream(of->table, exporter->exporter, &at)))
		if (is_fixed_version(stream->version) &&
		    stream->last_seen_ns + patience_ns >= exporter->last_seen_ns)
			return true;
	return false;
}

bool nfm_advice_has_unbelieved_rate(const struct nfm_table *t,
				    const struct nfm_template_view *view)
{
	const struct nfm_template *template = view->template;
	const struct nfm_exporter *exporter;

	if (template->options || !(template->flags & NFM_HAS_SAMPLING) ||
	    view->exporter == UINT32_MAX)
		return false;
	exporter = &t->exporters[view->exporter];
	return !exporter->sampling_num && !(exporter->flags & NFM_EXPORTER_TRUST_DATA);
}

static bool has_sampling(const struct nfm_advice_of *of, const struct nfm_exporter_view *exporter)
{
	for (uint32_t i = 0; of->templates && i < of->templates->count; i++) {
		const struct nfm_template_view *view = &of->templates->list[i];

		if (!memcmp(&view->template->name.exporter, &exporter->addr,
			    sizeof(exporter->addr)) &&
		    nfm_advice_has_unbelieved_rate(of->table, view))
			return true;
	}
	return false;
}

/* Advice behind a count. */
static void add_count(char text[NFM_ADVICE_MOST][NFM_ADVICE_TEXT], uint32_t *used, uint64_t count,
		      const char *advice)
{
	if (count && *used < NFM_ADVICE_MOST)
		snprintf(text[(*used)++], NFM_ADVICE_TEXT, "%" PRIu64 " %s", count, advice);
}

static void add(char text[NFM_ADVICE_MOST][NFM_ADVICE_TEXT], uint32_t *used, bool wanted,
		const char *advice)
{
	if (wanted && *used < NFM_ADVICE_MOST)
		snprintf(text[(*used)++], NFM_ADVICE_TEXT, "%s", advice);
}

uint32_t nfm_advice_read(const struct nfm_advice_of *of, const struct nfm_exporter_view *exporter,
			 char text[NFM_ADVICE_MOST][NFM_ADVICE_TEXT])
{
	uint32_t used = 0;

	add(text, &used, exporter->exporter == UINT32_MAX, NFM_ADVICE_REFUSED);
	add(text, &used, nfm_exporters_is_unspecified(&exporter->addr), NFM_ADVICE_UNSPECIFIED);
	add_count(text, &used, exporter->notes.notes.wrapped, NFM_ADVICE_WRAPPED);
	add_count(text, &used, exporter->notes.notes.given_up, NFM_ADVICE_GIVEN_UP);
	add_count(text, &used, exporter->notes.notes.implausible, NFM_ADVICE_IMPLAUSIBLE);
	add_count(text, &used, exporter->lost, NFM_ADVICE_LOST);
	add(text, &used, nfm_advice_has_fixed_version(of, exporter), NFM_ADVICE_FIXED_VERSION);
	add(text, &used, has_sampling(of, exporter), NFM_ADVICE_SAMPLING);
	return used;
}
