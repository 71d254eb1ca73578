// SPDX-License-Identifier: GPL-2.0-only
#include "flow/element.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "flow/element_table.h"

#define ELEMENT(id, name, type, role) { id, NFM_TYPE_##type, NFM_ROLE_##role, #name },

static const struct nfm_element elements[] = { NFM_ELEMENTS(ELEMENT) };
static const struct nfm_element reverse_elements[] = { NFM_ELEMENTS_REVERSE(ELEMENT) };

#undef ELEMENT

static const char *const type_names[] = {
	[NFM_TYPE_OCTETS] = "octets",	[NFM_TYPE_UNSIGNED] = "unsigned",
	[NFM_TYPE_SIGNED] = "signed",	[NFM_TYPE_FLOAT] = "float",
	[NFM_TYPE_BOOLEAN] = "boolean", [NFM_TYPE_MAC] = "mac",
	[NFM_TYPE_STRING] = "string",	[NFM_TYPE_TIME_S] = "time-s",
	[NFM_TYPE_TIME_MS] = "time-ms", [NFM_TYPE_TIME_US] = "time-us",
	[NFM_TYPE_TIME_NS] = "time-ns", [NFM_TYPE_IPV4] = "ipv4",
	[NFM_TYPE_IPV6] = "ipv6",	[NFM_TYPE_LIST] = "list",
};

static const struct nfm_element *search(const struct nfm_element *table, size_t count, uint16_t id)
{
	size_t from = 0;

	while (from < count) {
		size_t middle = from + (count - from) / 2;

		if (table[middle].id == id)
			return &table[middle];
		if (table[middle].id < id)
			from = middle + 1;
		else
			count = middle;
	}
	return NULL;
}

const struct nfm_element *nfm_element_find(uint32_t enterprise, uint16_t id)
{
	if (!enterprise)
		return search(elements, NFM_ARRAY_SIZE(elements), id);
	if (enterprise == NFM_ENTERPRISE_REVERSE)
		return search(reverse_elements, NFM_ARRAY_SIZE(reverse_elements), id);
	return NULL;
}

const struct nfm_element *nfm_element_all(uint32_t *count)
{
	*count = NFM_ARRAY_SIZE(elements);
	return elements;
}

const char *nfm_element_type_name(uint8_t type)
{
	return type < NFM_ARRAY_SIZE(type_names) ? type_names[type] : "?";
}
