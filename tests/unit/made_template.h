/* SPDX-License-Identifier: GPL-2.0-only */
/* Templates for the store's tests: of a given name, with as many fields as wanted. */
#ifndef NFM_TEST_MADE_TEMPLATE_H
#define NFM_TEST_MADE_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow/template.h"

#define MADE_FIELDS_MAX 512U

/* Exporter 192.0.2.N. */
static inline struct nfm_template_name made_name(uint8_t exporter, uint16_t version,
						 uint32_t domain, uint16_t id)
{
	struct nfm_template_name name = { .domain = domain, .version = version, .id = id };

	memcpy(name.exporter.byte, (uint8_t[16]){ [10] = 0xff, 0xff, 192, 0, 2, exporter }, 16);
	return name;
}

static inline size_t made_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return 2;
}

/* Fields of 4 bytes with numbers `first`, `first` + 1 …; options: one of them is of the scope. */
static inline struct nfm_template *made_template(const struct nfm_template_name *name, bool options,
						 uint32_t fields, uint32_t first)
{
	uint8_t raw[6 + 4 * MADE_FIELDS_MAX];
	struct nfm_template_head head;
	struct nfm_template *template;
	size_t n = made_put16(raw, name->id);

	if (options && name->version == 9) {
		n += made_put16(raw + n, 4);
		n += made_put16(raw + n, 4 * (fields - 1));
	} else {
		n += made_put16(raw + n, fields);
		if (options)
			n += made_put16(raw + n, 1);
	}
	for (uint32_t i = 0; i < fields; i++) {
		n += made_put16(raw + n, first + i);
		n += made_put16(raw + n, 4);
	}
	if (nfm_template_measure(raw, (uint32_t)n, name->version, options, &head) ||
	    nfm_template_new(name, raw, &head, options, &template))
		abort();
	return template;
}

#endif
