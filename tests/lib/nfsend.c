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
#include "nfsend.h"

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
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

static int send_one(struct sender *sender)
{
	const struct send_options *options = sender->out.options;
	uint32_t i = sender->builder.built;
	int answer;

	if (options->restart && i == options->restart && !sender->builder.announced)
		send_builder_restart(&sender->builder);
	send_build(&sender->builder, sender->datagram);
	if (sender->datagram->has_templates) {
		answer = put_held(sender);
		return answer ? answer : put(sender, sender->datagram);
	}
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
	while (!answer && !stopped && sender.builder.built < options->datagrams) {
		answer = send_one(&sender);
		if (answer)
			nfm_error_set(error, answer, "datagram %u: %s", sender.builder.built,
				      strerror(-answer));
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
					       .template_every = 20,
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
	answer = send_options_read(&options, argc - first, argv + first, &error);
	if (!answer)
		answer = is_pcap ? replay(&options, argv[2], &error) : generate(&options, &error);
	if (answer)
		fprintf(stderr, "nfsend: %s\n", error.text);
	return answer ? 1 : 0;
}
