// SPDX-License-Identifier: GPL-2.0-only
#include "config/config_values.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"

/* Longer than any word that a list takes: a longer one stays wrong when it is cut. */
#define WORD_BYTES 128

static void *member(const struct nfm_config_key *key, const struct nfm_config_target *to)
{
	return (char *)to->config + key->offset;
}

int nfm_config_parse_flag(const struct nfm_config_key *key, struct nfm_config_target *to,
			  const char *value)
{
	bool yes = !strcmp(value, "yes");

	if (!yes && strcmp(value, "no") != 0)
		return -EINVAL;
	*(bool *)member(key, to) = yes;
	return 0;
}

int nfm_config_parse_u32(const struct nfm_config_key *key, struct nfm_config_target *to,
			 const char *value)
{
	uint64_t number;
	int code = nfm_units_parse_u64(value, key->min, key->max, &number);

	if (code)
		return code;
	*(uint32_t *)member(key, to) = (uint32_t)number;
	return 0;
}

int nfm_config_parse_text(const struct nfm_config_key *key, struct nfm_config_target *to,
			  const char *value)
{
	size_t len = strlen(value);

	if (len < key->min)
		return -EINVAL;
	if (len >= key->max)
		return -ENAMETOOLONG;
	/* without what an earlier file's value has left: values are compared by their bytes */
	memset((char *)member(key, to) + len, 0, key->max - len);
	memcpy(member(key, to), value, len);
	return 0;
}

int nfm_config_parse_bytes(const struct nfm_config_key *key, struct nfm_config_target *to,
			   const char *value)
{
	uint64_t bytes;
	int code = nfm_units_parse_size(value, &bytes);

	if (code)
		return code;
	if (bytes < key->min || bytes > key->max)
		return -ERANGE;
	*(uint64_t *)member(key, to) = bytes;
	return 0;
}

int nfm_config_parse_span(const struct nfm_config_key *key, struct nfm_config_target *to,
			  const char *value)
{
	uint64_t seconds;
	int code = nfm_units_parse_lifetime(value, &seconds);

	if (code)
		return code;
	if (seconds < key->min || seconds > key->max)
		return -ERANGE;
	*(uint32_t *)member(key, to) = (uint32_t)seconds;
	return 0;
}

/* Of a list that has `used` words: no remains of a longer one from an earlier file. */
#define CLEAR_REST(list, used)                                                                    \
	memset(&(list)[used], 0, (NFM_ARRAY_SIZE(list) - (size_t)(used)) * sizeof((list)[0]))

int nfm_config_each_word(struct nfm_config_target *to, const char *value, unsigned int max,
			 int (*one)(struct nfm_config_target *to, const char *word,
				    unsigned int index))
{
	static const char blanks[] = " \t\r\n\v\f";
	unsigned int count = 0;
	char word[WORD_BYTES];
	size_t len;

	for (value += strspn(value, blanks); *value; value += strspn(value, blanks)) {
		int code = -E2BIG;

		len = strcspn(value, blanks);
		snprintf(word, sizeof(word), "%.*s", (int)NFM_MIN(len, sizeof(word) - 1), value);
		if (count < max)
			code = one(to, word, count);
		if (code) {
			snprintf(to->at_fault, sizeof(to->at_fault), "%.60s", word);
			return code;
		}
		count++;
		value += len;
	}
	return (int)count;
}

static int take_interface(struct nfm_config_target *to, const char *word, unsigned int index)
{
	char(*names)[IF_NAMESIZE] = to->config->interfaces;

	if (!strcmp(word, ".") || !strcmp(word, "..") || strpbrk(word, "/:"))
		return -EINVAL;
	if (strlen(word) >= IF_NAMESIZE)
		return -ENAMETOOLONG;
	for (unsigned int i = 0; i < index; i++)
		if (!strcmp(names[i], word))
			return -EEXIST;
	strcpy(names[index], word);
	return 0;
}

int nfm_config_parse_interfaces(const struct nfm_config_key *key, struct nfm_config_target *to,
				const char *value)
{
	int n = nfm_config_each_word(to, value, NFM_CONFIG_MAX_INTERFACES, take_interface);

	(void)key;
	if (n < 0)
		return n;
	CLEAR_REST(to->config->interfaces, n);
	to->config->interface_count = (unsigned int)n;
	return 0;
}

int nfm_config_parse_compression(const struct nfm_config_key *key, struct nfm_config_target *to,
				 const char *value)
{
	return nfm_units_parse_compression(value, member(key, to));
}

int nfm_config_parse_xdp(const struct nfm_config_key *key, struct nfm_config_target *to,
			 const char *value)
{
	static const char *const names[] = {
		[NFM_XDP_AUTO] = "auto",
		[NFM_XDP_NATIVE] = "native",
		[NFM_XDP_GENERIC] = "generic",
		[NFM_XDP_OFF] = "off",
	};

	(void)key;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(names); i++) {
		if (!strcmp(value, names[i])) {
			to->config->xdp = (enum nfm_xdp_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int take_listen(struct nfm_config_target *to, const char *word, unsigned int index)
{
	static const struct nfm_addr any4 = { .byte = { [10] = 0xff, [11] = 0xff } };
	static const struct nfm_addr any6;
	struct nfm_addr *list = to->config->listen;

	if (nfm_units_parse_addr(word, &list[index]))
		return -EINVAL;
	/* The datapath compares a datagram's destination: an any-address would match nothing. */
	if (!memcmp(&list[index], &any4, sizeof(any4)) ||
	    !memcmp(&list[index], &any6, sizeof(any6)))
		return -EINVAL;
	for (unsigned int i = 0; i < index; i++)
		if (!memcmp(&list[i], &list[index], sizeof(*list)))
			return -EEXIST;
	return 0;
}

int nfm_config_parse_listen(const struct nfm_config_key *key, struct nfm_config_target *to,
			    const char *value)
{
	int n = 0;

	(void)key;
	if (strcmp(value, "*") != 0)
		n = nfm_config_each_word(to, value, NFM_MAX_LISTEN, take_listen) ?: -EINVAL;
	if (n < 0)
		return n;
	CLEAR_REST(to->config->listen, n);
	to->config->listen_count = (unsigned int)n;
	return 0;
}

static int take_port(struct nfm_config_target *to, const char *word, unsigned int index)
{
	uint64_t port;
	int code = nfm_units_parse_u64(word, 1, UINT16_MAX, &port);

	if (code)
		return code;
	for (unsigned int i = 0; i < index; i++)
		if (to->config->ports[i] == port)
			return -EEXIST;
	to->config->ports[index] = (uint16_t)port;
	return 0;
}

int nfm_config_parse_ports(const struct nfm_config_key *key, struct nfm_config_target *to,
			   const char *value)
{
	int n = nfm_config_each_word(to, value, NFM_MAX_PORTS, take_port) ?: -EINVAL;

	(void)key;
	if (n < 0)
		return n;
	CLEAR_REST(to->config->ports, n);
	to->config->port_count = (unsigned int)n;
	return 0;
}

int nfm_config_parse_pages(const struct nfm_config_key *key, struct nfm_config_target *to,
			   const char *value)
{
	uint64_t number;
	int code = nfm_units_parse_u64(value, 0, key->max, &number);

	if (code)
		return code;
	if (number && number < key->min)
		return -ERANGE;
	to->config->pages = (uint32_t)number;
	return 0;
}

int nfm_config_parse_any_exporter(const struct nfm_config_key *key, struct nfm_config_target *to,
				  const char *value)
{
	bool any = !strcmp(value, "any");

	(void)key;
	if (!any && strcmp(value, "listed") != 0)
		return -EINVAL;
	to->config->any_exporter = any;
	return 0;
}

int nfm_config_parse_size(const struct nfm_config_key *key, struct nfm_config_target *to,
			  const char *value)
{
	(void)key;
	return nfm_units_parse_size(*value ? value : "0", &to->config->expire_size_bytes);
}

int nfm_config_parse_lifetime(const struct nfm_config_key *key, struct nfm_config_target *to,
			      const char *value)
{
	return nfm_units_parse_lifetime(*value ? value : "0", member(key, to));
}

int nfm_config_parse_customers_file(const struct nfm_config_key *key,
				    struct nfm_config_target *to, const char *value)
{
	int code = nfm_config_parse_text(key, to, value);

	if (code)
		return code;
	to->config->customers_file_set = true;
	return 0;
}

static int take_auto(struct nfm_config_target *to, const char *word, unsigned int index)
{
	struct nfm_config_prefix *p = &to->config->autos[index];

	return nfm_units_parse_prefix(word, p->addr, &p->family, &p->bits);
}

int nfm_config_parse_autos(const struct nfm_config_key *key, struct nfm_config_target *to,
			   const char *value)
{
	int n = nfm_config_each_word(to, value, NFM_CONFIG_MAX_AUTO, take_auto);

	(void)key;
	if (n < 0)
		return n;
	CLEAR_REST(to->config->autos, n);
	to->config->auto_count = (unsigned int)n;
	return 0;
}

/* "127.0.0.1:9996", "[::1]:9996", "*:9996". */
static int check_endpoint(const char *value)
{
	const char *colon = strrchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : 0;
	char host[WORD_BYTES];
	struct nfm_addr addr;
	uint64_t port;

	if (!len || len >= sizeof(host) || nfm_units_parse_u64(colon + 1, 1, UINT16_MAX, &port))
		return -EINVAL;
	memcpy(host, value, len);
	host[len] = '\0';
	if (!strcmp(host, "*"))
		return 0;
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		return strchr(host, ':') ? nfm_units_parse_addr(host + 1, &addr) : -EINVAL;
	}
	return strchr(host, ':') ? -EINVAL : nfm_units_parse_addr(host, &addr);
}

int nfm_config_parse_http(const struct nfm_config_key *key, struct nfm_config_target *to,
			  const char *value)
{
	if (*value && check_endpoint(value))
		return -EINVAL;
	return nfm_config_parse_text(key, to, value);
}

static int take_metrics_customer(struct nfm_config_target *to, const char *word,
				 unsigned int index)
{
	char(*ids)[NFM_ID_SIZE] = to->config->metrics_customers;

	if (strlen(word) >= NFM_ID_SIZE)
		return -ENAMETOOLONG;
	for (unsigned int i = 0; i < index; i++)
		if (!strcmp(ids[i], word))
			return -EEXIST;
	strcpy(ids[index], word);
	return 0;
}

int nfm_config_parse_metrics_customers(const struct nfm_config_key *key,
				       struct nfm_config_target *to, const char *value)
{
	int n = nfm_config_each_word(to, value, NFM_CONFIG_MAX_METRICS, take_metrics_customer);

	(void)key;
	if (n < 0)
		return n;
	CLEAR_REST(to->config->metrics_customers, n);
	to->config->metrics_customer_count = (unsigned int)n;
	return 0;
}

int nfm_config_parse_url(const struct nfm_config_key *key, struct nfm_config_target *to,
			 const char *value)
{
	static const char scheme[] = "http://";

	for (const char *p = value; *p; p++)
		if (!isgraph((unsigned char)*p))
			return -EINVAL;
	if (*value && (strncmp(value, scheme, strlen(scheme)) != 0 || !value[strlen(scheme)]))
		return -EINVAL;
	return nfm_config_parse_text(key, to, value);
}
