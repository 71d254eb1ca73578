// SPDX-License-Identifier: GPL-2.0-only
#include "routeros.h"

#include <assert.h>

#include "wire.h"

static const struct nfm_sets_field fields_v4[] = {
	{ 21, 4, 0 }, { 22, 4, 0 }, { 2, 4, 0 },  { 1, 4, 0 },	 { 10, 4, 0 },	{ 14, 4, 0 },
	{ 8, 4, 0 },  { 12, 4, 0 }, { 4, 1, 0 },  { 5, 1, 0 },	 { 7, 2, 0 },	{ 11, 2, 0 },
	{ 15, 4, 0 }, { 13, 1, 0 }, { 9, 1, 0 },  { 6, 1, 0 },	 { 80, 6, 0 },	{ 56, 6, 0 },
	{ 57, 6, 0 }, { 81, 6, 0 }, { 225, 4, 0 }, { 226, 4, 0 }, { 227, 2, 0 }, { 228, 2, 0 },
};

static const struct nfm_sets_field fields_v6[] = {
	{ 60, 1, 0 }, { 27, 16, 0 }, { 29, 1, 0 }, { 10, 4, 0 }, { 28, 16, 0 }, { 30, 1, 0 },
	{ 14, 4, 0 }, { 62, 16, 0 }, { 4, 1, 0 },  { 6, 1, 0 },	 { 5, 1, 0 },	{ 7, 2, 0 },
	{ 11, 2, 0 }, { 31, 4, 0 },  { 64, 4, 0 }, { 21, 4, 0 }, { 22, 4, 0 },	{ 1, 4, 0 },
	{ 2, 4, 0 },  { 80, 6, 0 },  { 56, 6, 0 }, { 57, 6, 0 }, { 81, 6, 0 },
};

const struct nfm_sets_field *nfm_routeros_fields(uint16_t id, uint32_t *count)
{
	*count = id == NFM_ROUTEROS_V6 ? sizeof(fields_v6) / sizeof(fields_v6[0]) :
					 sizeof(fields_v4) / sizeof(fields_v4[0]);
	return id == NFM_ROUTEROS_V6 ? fields_v6 : fields_v4;
}

void nfm_routeros_put_templates(struct nfm_sets *s)
{
	assert(s->version == NFM_NETFLOW_V9);
	nfm_sets_open(s, nfm_sets_template_id(s->version, false));
	for (uint16_t id = NFM_ROUTEROS_V4; id <= NFM_ROUTEROS_V6; id++) {
		uint8_t raw[NFM_SETS_RAW];
		uint32_t count;
		const struct nfm_sets_field *field = nfm_routeros_fields(id, &count);

		nfm_sets_put(s, raw, nfm_sets_raw(raw, s->version, id, false, field, count, 0));
	}
	nfm_sets_close(s, 0, 0);
}

void nfm_routeros_put_data(struct nfm_sets *s, uint16_t id, uint32_t records, uint32_t bytes,
			   uint32_t packets)
{
	uint32_t count;
	const struct nfm_sets_field *field = nfm_routeros_fields(id, &count);
	uint32_t content;

	nfm_sets_open(s, id);
	for (uint32_t i = 0; i < records; i++) {
		static const uint8_t no_address[16];
		const struct nfm_sets_value value[] = {
			{ 1, bytes + i, NULL }, { 2, packets, NULL }, { 22, 1000, NULL },
			{ 21, 16000, NULL },	{ 4, 6, NULL },	      { 8, 0, NULL },
			{ 12, 0, NULL },	{ 15, 0, NULL },      { 225, 0, NULL },
			{ 226, 0, NULL },	{ 27, 0, no_address }, { 28, 0, no_address },
			{ 60, 6, NULL },
		};

		nfm_sets_record(s, field, count, value, sizeof(value) / sizeof(value[0]));
	}
	content = (uint32_t)(s->at - s->set);
	nfm_sets_close(s, -content & 3, 0); /* to four bytes */
}
