// SPDX-License-Identifier: GPL-2.0-only
/* Each value of the configuration: what is taken, what is refused, and which word was wrong. */
#include "config/config_values.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

struct value_case {
	const char *section, *name, *value;
	int code;
	const char *at_fault; /* NULL: the whole value */
};

#define WORDS17 "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"
#define PREFIXES8 "10.0.0.0/8 ::/0 0.0.0.0/0 10.1.1.1 ::1 10.2.0.0/16 10.3.0.0/16 10.4.0.0/16 "
#define PREFIXES64 PREFIXES8 PREFIXES8 PREFIXES8 PREFIXES8 PREFIXES8 PREFIXES8 PREFIXES8 PREFIXES8

static const struct value_case cases[] = {
	{ "collector", "interfaces", "", 0, NULL },
	{ "collector", "interfaces", " eth0\t vlan.100@x ", 0, NULL },
	{ "collector", "interfaces", "abcdefghijklmno", 0, NULL },
	{ "collector", "interfaces", "abcdefghijklmnop", -ENAMETOOLONG, "abcdefghijklmnop" },
	{ "collector", "interfaces", "eth0 eth1 eth0", -EEXIST, "eth0" },
	{ "collector", "interfaces", "eth0 a/b", -EINVAL, "a/b" },
	{ "collector", "interfaces", "..", -EINVAL, ".." },
	{ "collector", "interfaces", WORDS17, -E2BIG, "17" },
	{ "collector", "xdp", "auto", 0, NULL },
	{ "collector", "xdp", "native", 0, NULL },
	{ "collector", "xdp", "off", 0, NULL },
	{ "collector", "xdp", "Auto", -EINVAL, NULL },
	{ "collector", "xdp", "", -EINVAL, NULL },
	{ "collector", "tee", "yes", 0, NULL },
	{ "collector", "tee", "no", 0, NULL },
	{ "collector", "tee", "true", -EINVAL, NULL },
	{ "collector", "tee", "yes ", -EINVAL, NULL },
	{ "collector", "tee", "", -EINVAL, NULL },
	{ "collector", "listen", "*", 0, NULL },
	{ "collector", "listen", "192.0.2.1 2001:db8::1", 0, NULL },
	{ "collector", "listen", "", -EINVAL, NULL },
	{ "collector", "listen", "* 192.0.2.1", -EINVAL, "*" },
	{ "collector", "listen", "0.0.0.0", -EINVAL, "0.0.0.0" },
	{ "collector", "listen", "::", -EINVAL, "::" },
	{ "collector", "listen", "::1 ::1", -EEXIST, "::1" },
	{ "collector", "listen", "192.0.2.1:9995", -EINVAL, "192.0.2.1:9995" },
	{ "collector", "port", "1 65535", 0, NULL },
	{ "collector", "port", "1 2 3 4 5 6 7 8", 0, NULL },
	{ "collector", "port", "1 2 3 4 5 6 7 8 9", -E2BIG, "9" },
	{ "collector", "port", "9995 9995", -EEXIST, "9995" },
	{ "collector", "port", "0", -ERANGE, "0" },
	{ "collector", "port", "65536", -ERANGE, "65536" },
	{ "collector", "port", "9995,2055", -EINVAL, "9995,2055" },
	{ "collector", "port", "9995 x", -EINVAL, "x" },
	{ "collector", "port", "", -EINVAL, NULL },
	{ "collector", "interval", "1", 0, NULL },
	{ "collector", "interval", "86400", 0, NULL },
	{ "collector", "interval", "0", -ERANGE, NULL },
	{ "collector", "interval", "86401", -ERANGE, NULL },
	{ "collector", "interval", "5m", -EINVAL, NULL },
	{ "collector", "interval", "-1", -EINVAL, NULL },
	{ "collector", "interval", "", -EINVAL, NULL },
	{ "collector", "directory", "/a folder", 0, NULL },
	{ "collector", "directory", "", -EINVAL, NULL },
	{ "collector", "runtime", "", -EINVAL, NULL },
	{ "collector", "pin", "", -EINVAL, NULL },
	{ "collector", "capacity", "16", 0, NULL },
	{ "collector", "capacity", "134217728", 0, NULL },
	{ "collector", "capacity", "15", -ERANGE, NULL },
	{ "collector", "capacity", "134217729", -ERANGE, NULL },
	{ "collector", "capacity", "64K", -EINVAL, NULL },
	{ "collector", "max-exporters", "65535", 0, NULL },
	{ "collector", "max-exporters", "0", -ERANGE, NULL },
	{ "collector", "max-exporters", "65536", -ERANGE, NULL },
	{ "collector", "pages", "0", 0, NULL },
	{ "collector", "pages", "1024", 0, NULL },
	{ "collector", "pages", "1023", -ERANGE, NULL },
	{ "collector", "pages", "16777217", -ERANGE, NULL },
	{ "collector", "exporters", "listed", 0, NULL },
	{ "collector", "exporters", "any", 0, NULL },
	{ "collector", "exporters", "all", -EINVAL, NULL },
	{ "collector", "hook", "", 0, NULL },
	{ "collector", "hook", "run %f; echo '%t'", 0, NULL },
	{ "collector", "nfdump", "1", -EINVAL, NULL },
	{ "collector", "templates", "16", 0, NULL },
	{ "collector", "templates", "65535", 0, NULL },
	{ "collector", "templates", "15", -ERANGE, NULL },
	{ "collector", "templates", "65536", -ERANGE, NULL },
	{ "collector", "templates", "4K", -EINVAL, NULL },
	{ "collector", "template-memory", "1M", 0, NULL },
	{ "collector", "template-memory", "1048575", -ERANGE, NULL },
	{ "collector", "template-memory", "0", -ERANGE, NULL },
	{ "collector", "template-memory", "", -EINVAL, NULL },
	{ "collector", "template-memory", "64m", 0, NULL },
	{ "collector", "template-memory", "64X", -EINVAL, NULL },
	{ "collector", "template-buffer", "64K", 0, NULL },
	{ "collector", "template-buffer", "256M", 0, NULL },
	{ "collector", "template-buffer", "65535", -ERANGE, NULL },
	{ "collector", "template-buffer", "268435457", -ERANGE, NULL },
	{ "collector", "template-buffer", "0.1G", 0, NULL },
	{ "collector", "template-wait", "35M", 0, NULL },
	{ "collector", "template-wait", "31d", 0, NULL },
	{ "collector", "template-wait", "1", 0, NULL },
	{ "collector", "template-wait", "32d", -ERANGE, NULL },
	{ "collector", "template-wait", "0", -ERANGE, NULL },
	{ "collector", "template-wait", "", -EINVAL, NULL },
	{ "collector", "template-wait", "35m", -EINVAL, NULL },
	{ "http", "tokens", "", 0, NULL },
	{ "http", "user", "", -EINVAL, NULL },
	{ "http", "connections", "0", -ERANGE, NULL },
	{ "http", "connections", "65536", -ERANGE, NULL },
	{ "http", "metrics-customers", "", 0, NULL },
	{ "http", "metrics-customers", "alice bob", 0, NULL },
	{ "http", "metrics-customers", "alice bob alice", -EEXIST, "alice" },
	{ "expire", "size", "", 0, NULL },
	{ "expire", "size", "0", 0, NULL },
	{ "expire", "size", "1.5GB", 0, NULL },
	{ "expire", "size", "10 G", -EINVAL, NULL },
	{ "expire", "size", "99999999T", -ERANGE, NULL },
	{ "expire", "lifetime", "", 0, NULL },
	{ "expire", "lifetime", "1w2d", 0, NULL },
	{ "expire", "lifetime", "31D", -EINVAL, NULL },
	{ "expire", "lifetime", "1H30", -EINVAL, NULL },
	{ "expire", "watermark", "1", 0, NULL },
	{ "expire", "watermark", "100", 0, NULL },
	{ "expire", "watermark", "0", -ERANGE, NULL },
	{ "expire", "watermark", "101", -ERANGE, NULL },
	{ "expire", "watermark", "95%", -EINVAL, NULL },
	{ "customers", "file", "/etc/c.csv", 0, NULL },
	{ "customers", "file", "", -EINVAL, NULL },
	{ "customers", "auto", "", 0, NULL },
	{ "customers", "auto", "10.0.0.0/8 2001:db8::/32", 0, NULL },
	{ "customers", "auto", PREFIXES64, 0, NULL },
	{ "customers", "auto", PREFIXES64 "10.9.9.9", -E2BIG, "10.9.9.9" },
	{ "customers", "auto", "10.0.0.0/8 10.0.0.1/8", -EINVAL, "10.0.0.1/8" },
	{ "customers", "auto", "10.0.0.0/8;", -EINVAL, "10.0.0.0/8;" },
	{ "http", "listen", "", 0, NULL },
	{ "http", "listen", "192.0.2.1:80", 0, NULL },
	{ "http", "listen", "[::1]:80", 0, NULL },
	{ "http", "listen", "*:80", 0, NULL },
	{ "http", "listen", "::1:80", -EINVAL, NULL },
	{ "http", "listen", "[192.0.2.1]:80", -EINVAL, NULL },
	{ "http", "listen", "[]:80", -EINVAL, NULL },
	{ "http", "listen", "[:80", -EINVAL, NULL },
	{ "http", "listen", "192.0.2.1", -EINVAL, NULL },
	{ "http", "listen", ":80", -EINVAL, NULL },
	{ "http", "listen", "192.0.2.1:0", -EINVAL, NULL },
	{ "http", "listen", "192.0.2.1:65536", -EINVAL, NULL },
	{ "http", "listen", "192.0.2.1:80 x", -EINVAL, NULL },
	{ "clickhouse", "url", "", 0, NULL },
	{ "clickhouse", "url", "http://host:8123/?database=n", 0, NULL },
	{ "clickhouse", "url", "http://", -EINVAL, NULL },
	{ "clickhouse", "url", "https://host", -EINVAL, NULL },
	{ "clickhouse", "url", "host:8123", -EINVAL, NULL },
	{ "clickhouse", "url", "http://host /x", -EINVAL, NULL },
	{ "clickhouse", "url", "http://host/\r", -EINVAL, NULL },
};

static const struct nfm_config_key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++)
		if (!strcmp(nfm_config_keys[i].section, section) &&
		    !strcmp(nfm_config_keys[i].name, name))
			return &nfm_config_keys[i];
	fail_msg("no key [%s] %s", section, name);
	return NULL;
}

static void values(void **state)
{
	static struct nfm_config config;

	(void)state;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		const struct value_case *c = &cases[i];
		const struct nfm_config_key *key = find_key(c->section, c->name);
		struct nfm_config_target to = { .config = &config };
		int code = key->parse(key, &to, c->value);

		if (code != c->code || strcmp(to.at_fault, c->at_fault ?: "") != 0)
			fail_msg("[%s] %s = %s: %d, \"%s\"; not %d, \"%s\"", c->section, c->name,
				 c->value, code, to.at_fault, c->code, c->at_fault ?: "");
	}
}

/* What a refused value leaves, and into which member a good one goes. */
static void templates_fill_their_members(void **state)
{
	static struct nfm_config config;
	struct nfm_config_target to = { .config = &config };
	const struct nfm_config_key *memory = find_key("collector", "template-memory");
	const struct nfm_config_key *buffer = find_key("collector", "template-buffer");
	const struct nfm_config_key *wait = find_key("collector", "template-wait");

	(void)state;
	assert_int_equal(memory->parse(memory, &to, "6G"), 0);
	assert_int_equal(buffer->parse(buffer, &to, "1.5M"), 0);
	assert_int_equal(wait->parse(wait, &to, "0.1M"), 0);
	assert_int_equal(memory->parse(memory, &to, "1K"), -ERANGE);
	assert_int_equal(buffer->parse(buffer, &to, "1G"), -ERANGE);
	assert_int_equal(wait->parse(wait, &to, "5w"), -ERANGE);
	assert_int_equal(config.template_memory_bytes, 6ULL << 30);
	assert_int_equal(config.template_buffer_bytes, 3 << 19);
	assert_int_equal(config.template_wait_s, 6);
}

static void a_list_is_replaced_not_extended(void **state)
{
	static struct nfm_config config;
	struct nfm_config_target to = { .config = &config };
	const struct nfm_config_key *key = find_key("collector", "port");

	(void)state;
	assert_int_equal(key->parse(key, &to, "1 2 3"), 0);
	assert_int_equal(config.port_count, 3);
	assert_int_equal(key->parse(key, &to, "3"), 0);
	assert_int_equal(config.port_count, 1);
	assert_int_equal(config.ports[0], 3);
	assert_int_equal(key->parse(key, &to, "4 x"), -EINVAL);
	assert_int_equal(config.port_count, 1);
}

static void texts_fill_their_member_and_no_more(void **state)
{
	static struct nfm_config config;
	struct nfm_config_target to = { .config = &config };
	const struct nfm_config_key *key = find_key("http", "listen");
	struct nfm_config_key text = *key;
	char value[300];

	(void)state;
	text.parse = nfm_config_parse_text;
	memset(value, 'x', sizeof(value));
	value[255] = '\0';
	assert_int_equal(text.parse(&text, &to, value), 0);
	assert_string_equal(config.http_listen, value);
	value[255] = 'x';
	value[256] = '\0';
	assert_int_equal(text.parse(&text, &to, value), -ENAMETOOLONG);
	assert_int_equal(strlen(config.http_listen), 255);
	assert_string_equal(config.clickhouse_url, "");
}

static void a_long_word_is_refused_and_shown_cut(void **state)
{
	static struct nfm_config config;
	struct nfm_config_target to = { .config = &config };
	const struct nfm_config_key *key = find_key("customers", "auto");
	char value[1000];

	(void)state;
	memset(value, '1', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(key->parse(key, &to, value), -EINVAL);
	assert_int_equal(strlen(to.at_fault), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(templates_fill_their_members),
		cmocka_unit_test(a_list_is_replaced_not_extended),
		cmocka_unit_test(texts_fill_their_member_and_no_more),
		cmocka_unit_test(a_long_word_is_refused_and_shown_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
