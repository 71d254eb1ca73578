// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfsend: sends NetFlow in a bounded amount at a bounded rate and says exactly what it sent.
 *   nfsend gen --to ADDR[:PORT] [options]     random records out of a seed; sums as JSON
 *   nfsend pcap FILE --to ADDR[:PORT]         the payloads of a capture, in order
 * SIGTERM and SIGINT end it early; the sums are right even then.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "nfsend.h"

/* Options that are a number: name, member, least, most. */
#define NUMBERS(X)                                 \
	X("version", version, 1, 10)               \
	X("datagrams", datagrams, 1, 10000000)     \
	X("records", records, 1, SEND_MAX_RECORDS) \
	X("seed", seed, 0, UINT64_MAX)             \
	X("rate", rate, 1, 1000000)                \
	X("sampling", sampling, 0, 0x3fff)         \
	X("engine", engine, 0, 65535)              \
	X("sequence", sequence, 0, UINT32_MAX)     \
	X("uptime", uptime_ms, 0, UINT32_MAX)      \
	X("lose", lose, 2, UINT32_MAX)             \
	X("swap", swap, 2, UINT32_MAX)             \
	X("twice", twice, 1, UINT32_MAX)           \
	X("restart", restart, 1, UINT32_MAX)       \
	X("ip-options", ip_options, 0, SEND_MAX_IP_OPTIONS)

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

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
	{ "raw-interface", parse_interface },
	{ "to-mac", parse_mac },
	{ "vlan", parse_vlan },
	{ "save", parse_save },
};

/* 0, -EINVAL for a bad value, -ENOENT for an unknown name. */
static int set_option(struct send_options *options, const char *name, const char *value)
{
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
	for (i = 0; i < NFM_ARRAY_SIZE(texts); i++)
		if (!strcmp(name, texts[i].name))
			return texts[i].parse(options, value);
	return -ENOENT;
}

static int read_options(struct send_options *options, int argc, char **argv,
			struct nfm_error *error)
{
	int i;

	for (i = 0; i < argc; i += 2) {
		if (strncmp(argv[i], "--", 2) || i + 1 == argc ||
		    set_option(options, argv[i] + 2, argv[i + 1]))
			return nfm_error_set(error, -EINVAL, "%s %s: unknown or wrong", argv[i],
					     i + 1 == argc ? "(no value)" : argv[i + 1]);
	}
	if (!options->to.sin6_port)
		return nfm_error_set(error, -EINVAL, "--to ADDR[:PORT] is missing");
	if (options->ip_options % 4)
		return nfm_error_set(error, -EINVAL, "--ip-options: a multiple of 4");
	if (20 + options->records * 52 + 32 > SEND_MAX_PAYLOAD)
		return nfm_error_set(error, -EINVAL, "--records: too many for a datagram");
	return 0;
}

static bool is_every(uint32_t every, uint32_t i)
{
	return every && i % every == every - 1;
}

struct sender {
	struct send_out out;
	struct send_builder builder;
	struct send_tally *tally;
	FILE *save; /* may be NULL */
	struct send_datagram *datagram, *held;
	bool holds; /* `held` leaves after its successor */
};

static int put(struct sender *sender, const struct send_datagram *datagram)
{
	int answer = send_out_put(&sender->out, datagram->payload, datagram->size);

	if (answer)
		return answer;
	send_tally_add(sender->tally, sender->out.options, datagram);
	if (sender->save) {
		uint32_t size_be = htonl(datagram->size);

		fwrite(&size_be, sizeof(size_be), 1, sender->save);
		fwrite(datagram->payload, datagram->size, 1, sender->save);
		if (ferror(sender->save))
			return -EIO;
	}
	return 0;
}

static int put_held(struct sender *sender)
{
	if (!sender->holds)
		return 0;
	sender->holds = false;
	return put(sender, sender->held);
}

static int send_one(struct sender *sender, uint32_t i)
{
	const struct send_options *options = sender->out.options;
	int answer;

	if (options->restart && i == options->restart)
		send_builder_restart(&sender->builder);
	send_build(&sender->builder, sender->datagram);
	if (is_every(options->lose, i)) {
		sender->tally->left_out_datagrams++;
		sender->tally->left_out_units += sender->datagram->units;
		return 0;
	}
	if (is_every(options->swap, i) && i + 1 < options->datagrams) {
		struct send_datagram *built = sender->datagram;

		sender->datagram = sender->held;
		sender->held = built;
		sender->holds = true;
		sender->tally->swapped++;
		return 0;
	}
	answer = put(sender, sender->datagram);
	if (!answer && is_every(options->twice, i)) {
		sender->tally->twice++;
		answer = put(sender, sender->datagram);
	}
	return answer ? answer : put_held(sender);
}

static int generate(const struct send_options *options, struct nfm_error *error)
{
	_cleanup_free_ struct send_datagram *first = calloc(1, sizeof(*first));
	_cleanup_free_ struct send_datagram *second = calloc(1, sizeof(*second));
	_cleanup_free_ struct send_tally *tally = calloc(1, sizeof(*tally));
	_cleanup_fclose_ FILE *save = NULL;
	struct sender sender = { .tally = tally, .datagram = first, .held = second };
	uint32_t i;
	int answer;

	if (!first || !second || !tally)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	if (options->save) {
		save = fopen(options->save, "we");
		if (!save)
			return nfm_error_set(error, -errno, "%s: %s", options->save,
					     strerror(errno));
		sender.save = save;
	}
	send_builder_init(&sender.builder, options);
	answer = send_out_open(&sender.out, options, error);
	for (i = 0; !answer && !stopped && i < options->datagrams; i++) {
		answer = send_one(&sender, i);
		if (answer)
			nfm_error_set(error, answer, "datagram %u: %s", i, strerror(-answer));
	}
	if (!answer)
		answer = put_held(&sender);
	send_out_close(&sender.out);
	if (!answer)
		send_tally_print(tally, options, sender.builder.sequence, stdout);
	return answer;
}

static int replay(const struct send_options *options, const char *path, struct nfm_error *error)
{
	struct send_out out;
	int64_t sent = send_out_open(&out, options, error);

	if (!sent)
		sent = send_pcap(&out, path, error);
	send_out_close(&out);
	if (sent >= 0)
		printf("{\"sent\":%lld}\n", (long long)sent);
	return sent < 0 ? (int)sent : 0;
}

static int usage(void)
{
	fputs("nfsend gen --to ADDR[:PORT] [--from ADDR] [--version N] [--datagrams N] …\n"
	      "nfsend pcap FILE --to ADDR[:PORT] [--rate PPS]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct send_options options = { .version = 5,
					       .datagrams = 1,
					       .records = 30,
					       .seed = 1,
					       .rate = 5000,
					       .to_mac = { 2, 0, 0, 0, 0, 2 } };
	struct sigaction action = { .sa_handler = stop };
	struct nfm_error error = {};
	bool is_pcap = argc > 2 && !strcmp(argv[1], "pcap");
	int first = is_pcap ? 3 : 2;
	int answer;

	if (!is_pcap && (argc < 2 || strcmp(argv[1], "gen")))
		return usage();
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	answer = read_options(&options, argc - first, argv + first, &error);
	if (!answer)
		answer = is_pcap ? replay(&options, argv[2], &error) : generate(&options, &error);
	if (answer)
		fprintf(stderr, "nfsend: %s\n", error.text);
	return answer ? 1 : 0;
}
