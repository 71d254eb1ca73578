// SPDX-License-Identifier: GPL-2.0-only
/* What nfsend is told: pairs of "--name value". */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "nfsend.h"
#include "wire.h"

/* Options that are a number: name, member, least, most. */
#define NUMBERS(X)                                         \
	X("version", version, 1, 10)                       \
	X("datagrams", datagrams, 1, 10000000)             \
	X("records", records, 1, SEND_MAX_RECORDS)         \
	X("seed", seed, 0, UINT64_MAX)                     \
	X("rate", rate, 1, 1000000)                        \
	X("sampling", sampling, 0, 0x3fff)                 \
	X("engine", engine, 0, UINT32_MAX)                 \
	X("sequence", sequence, 0, UINT32_MAX)             \
	X("uptime", uptime_ms, 0, UINT32_MAX)              \
	X("lose", lose, 2, UINT32_MAX)                     \
	X("swap", swap, 2, UINT32_MAX)                     \
	X("twice", twice, 1, UINT32_MAX)                   \
	X("restart", restart, 1, UINT32_MAX)               \
	X("template-every", template_every, 0, UINT32_MAX) \
	X("redefine", redefine, 1, UINT32_MAX)             \
	X("wrap-every", wrap_every, 1, UINT32_MAX)         \
	X("odd-every", odd_every, 1, UINT32_MAX)           \
	X("age", age_ms, 0, UINT32_MAX)                    \
	X("duration", duration_ms, 1, UINT32_MAX)          \
	X("bytes", bytes, 1, UINT32_MAX)                   \
	X("ip-options", ip_options, 0, SEND_MAX_IP_OPTIONS)

/* Options that are yes or no: name, member, value for yes. */
#define SWITCHES(X)                                   \
	X("template-in-data", template_in_data, true) \
	X("template-first", template_late, false)     \
	X("expect-nat", ignore_nat, false)            \
	X("expect-repair", repair_wraps, true)

/* ADDR, ADDR:PORT, [ADDR]:PORT or an IPv6 address alone. */
static int parse_endpoint(const char *text, struct sockaddr_in6 *out)
{
	const char *colon = strrchr(text, ':');
	bool has_port = colon && (strchr(text, ':') == colon || colon[-1] == ']');
	size_t length = has_port ? (size_t)(colon - text) : strlen(text);
	uint64_t port = NFM_DEFAULT_PORT;
	struct nfm_addr addr;
	char host[64];

	if (text[0] == '[') {
		text++;
		length -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", (int)length, text);
	if (nfm_units_parse_addr(host, &addr))
		return -EINVAL;
	if (has_port && nfm_units_parse_u64(colon + 1, 1, 65535, &port))
		return -EINVAL;
	*out = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	memcpy(&out->sin6_addr, &addr, sizeof(addr));
	return 0;
}

static int parse_to(struct send_options *options, const char *text)
{
	return parse_endpoint(text, &options->to);
}

static int parse_from(struct send_options *options, const char *text)
{
	int answer = parse_endpoint(text, &options->from);

	if (!answer && !strchr(text, ':'))
		options->from.sin6_port = 0;
	if (!answer && options->from.sin6_port == htons(NFM_DEFAULT_PORT))
		options->from.sin6_port = 0;
	options->from_set = !answer;
	return answer;
}

static int parse_mac(struct send_options *options, const char *text)
{
	uint8_t *mac = options->to_mac;

	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		      &mac[4], &mac[5]) == 6
		       ? 0
		       : -EINVAL;
}

static int parse_vlan(struct send_options *options, const char *text)
{
	while (*text && options->tag_count < SEND_MAX_TAGS) {
		char *end;
		unsigned long tag = strtoul(text, &end, 10);

		if (end == text || tag > 4094)
			return -EINVAL;
		options->tag[options->tag_count++] = (uint16_t)tag;
		text = end + (*end == ',');
	}
	return *text ? -EINVAL : 0;
}

static int parse_expect(struct send_options *options, const char *text)
{
	options->expect_den = 1;
	return sscanf(text, "%u/%u", &options->expect_num, &options->expect_den) >= 1 &&
			       options->expect_den
		       ? 0
		       : -EINVAL;
}

static int parse_announce(struct send_options *options, const char *text)
{
	options->announce_id = 0;
	return sscanf(text, "%u/%u", &options->announce, &options->announce_id) >= 1 &&
			       options->announce
		       ? 0
		       : -EINVAL;
}

static int parse_unit(struct send_options *options, const char *text)
{
	bool is_records = !strcmp(text, "records");

	options->unit = is_records ? NFM_UNIT_RECORDS : NFM_UNIT_DATAGRAMS;
	return is_records || !strcmp(text, "datagrams") ? 0 : -EINVAL;
}

static int parse_nat(struct send_options *options, const char *text)
{
	uint8_t bits;

	return nfm_units_parse_prefix(text, options->nat, &options->nat_family, &bits);
}

static int parse_layout(struct send_options *options, const char *text)
{
	options->layout_count = 0;
	while (*text) {
		size_t length = strcspn(text, ",");
		const struct send_layout *layout;
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)length, text);
		layout = send_layout_find(name);
		if (!layout || options->layout_count == SEND_MAX_LAYOUTS)
			return -EINVAL;
		options->layout[options->layout_count++] = *layout;
		text += length + (text[length] == ',');
	}
	return options->layout_count ? 0 : -EINVAL;
}

static int parse_interface(struct send_options *options, const char *text)
{
	options->interface = text;
	return 0;
}

static int parse_save(struct send_options *options, const char *text)
{
	options->save = text;
	return 0;
}

static int parse_bad(struct send_options *options, const char *text)
{
#define BAD_NAME(name, word, help) word,
	static const char *const words[] = { SEND_BAD(BAD_NAME) };
#undef BAD_NAME
	size_t i;

	for (i = 0; i < NFM_ARRAY_SIZE(words); i++) {
		if (!strcmp(words[i], text)) {
			options->bad = (enum send_bad)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_customers(struct send_options *options, const char *text)
{
	options->customer_count = 0; /* the last list counts */
	return send_customers_parse(options, text, NULL);
}

static const struct {
	const char *name;
	int (*parse)(struct send_options *options, const char *text);
} texts[] = {
	{ "to", parse_to },
	{ "from", parse_from },
	{ "customers", parse_customers },
	{ "bad", parse_bad },
	{ "expect-sampling", parse_expect },
	{ "options-sampling", parse_announce },
	{ "sequence-unit", parse_unit },
	{ "layout", parse_layout },
	{ "nat", parse_nat },
	{ "raw-interface", parse_interface },
	{ "to-mac", parse_mac },
	{ "vlan", parse_vlan },
	{ "save", parse_save },
};

/* 0, -EINVAL for a bad value, -ENOENT for an unknown name. */
static int set_option(struct send_options *options, const char *name, const char *value)
{
	bool is_yes = !strcmp(value, "yes");
	uint64_t number;
	size_t i;

#define SET_NUMBER(text, member, least, most)                         \
	if (!strcmp(name, text)) {                                    \
		if (nfm_units_parse_u64(value, least, most, &number)) \
			return -EINVAL;                               \
		options->member = number;                             \
		return 0;                                             \
	}
	NUMBERS(SET_NUMBER)
#undef SET_NUMBER
#define SET_SWITCH(text, member, yes)                                \
	if (!strcmp(name, text)) {                                   \
		options->member = is_yes == yes;                     \
		return is_yes || !strcmp(value, "no") ? 0 : -EINVAL; \
	}
	SWITCHES(SET_SWITCH)
#undef SET_SWITCH
	for (i = 0; i < NFM_ARRAY_SIZE(texts); i++)
		if (!strcmp(name, texts[i].name))
			return texts[i].parse(options, value);
	return -ENOENT;
}

/* As many records as routers send: of v5 30, of a layout as many as fit a usual datagram. */
static uint32_t usual_records(const struct send_options *options)
{
	uint32_t least = options->version == NFM_NETFLOW_V7 ? 27 : 30;
	uint32_t i;

	for (i = 0; i < options->layout_count; i++) {
		uint32_t most = send_layout_most(&options->layout[i]) +
				(options->announce_id ? SEND_SAMPLER_MOST : 0);
		uint32_t fit = SEND_USUAL_PAYLOAD / most;

		least = fit < least ? fit : least;
	}
	return least;
}

static int check_options(struct send_options *options, struct nfm_error *error)
{
	bool has_templates = options->version >= NFM_NETFLOW_V9;
	uint32_t most = 52; /* bytes of a record */
	uint32_t i;

	if (!options->to.sin6_port)
		return nfm_error_set(error, -EINVAL, "--to ADDR[:PORT] is missing");
	if (options->ip_options % 4)
		return nfm_error_set(error, -EINVAL, "--ip-options: a multiple of 4");
	if (has_templates && !options->layout_count)
		parse_layout(options, "simple");
	if (!has_templates && options->layout_count)
		return nfm_error_set(error, -EINVAL, "--layout: only of v9 and IPFIX");
	if (!options->records)
		options->records = usual_records(options);
	for (i = 0; i < options->layout_count; i++)
		if (send_layout_most(&options->layout[i]) > most)
			most = send_layout_most(&options->layout[i]);
	if (options->records * most > SEND_MAX_PAYLOAD - 2048)
		return nfm_error_set(error, -EINVAL, "--records: too many for a datagram");
	return 0;
}

int send_options_read(struct send_options *options, int argc, char **argv, struct nfm_error *error)
{
	int i;

	for (i = 0; i < argc; i += 2) {
		if (strncmp(argv[i], "--", 2) || i + 1 == argc ||
		    set_option(options, argv[i] + 2, argv[i + 1]))
			return nfm_error_set(error, -EINVAL, "%s %s: unknown or wrong", argv[i],
					     i + 1 == argc ? "(no value)" : argv[i + 1]);
	}
	return check_options(options, error);
}
