// SPDX-License-Identifier: GPL-2.0-only
/* The way out: a UDP socket, or whole Ethernet frames with what a socket would not send. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "nfsend.h"

#define FRAME_HEAD_MAX 128U
#define LATE_NS (5 * NFM_NS_PER_MS) /* who is late by more does not catch up: no bursts */
#define RETRY_NS NFM_NS_PER_MS
#define RETRIES 5000U
#define NOP_OPTION 1
#define SOURCE_PORT 40000

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NFM_NS_PER_S + (uint64_t)now.tv_nsec;
}

static void wait_until(uint64_t when_ns)
{
	struct timespec when = { .tv_sec = when_ns / NFM_NS_PER_S,
				 .tv_nsec = when_ns % NFM_NS_PER_S };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

static void pace(struct send_out *out)
{
	uint64_t now = now_ns();

	if (out->next_ns > now)
		wait_until(out->next_ns);
	else if (now - out->next_ns > LATE_NS)
		out->next_ns = now;
	out->next_ns += out->gap_ns;
}

static int open_socket(struct send_out *out, struct nfm_error *error)
{
	const struct send_options *options = out->options;
	int off = 0, dont = IP_PMTUDISC_DONT, size = 4 << 20;

	out->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (out->fd < 0)
		return nfm_error_set(error, -errno, "UDP socket: %s", strerror(errno));
	setsockopt(out->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* what is longer than the link's MTU goes in fragments */
	setsockopt(out->fd, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont));
	setsockopt(out->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (options->from_set &&
	    bind(out->fd, (const struct sockaddr *)&options->from, sizeof(options->from)))
		return nfm_error_set(error, -errno, "--from: %s", strerror(errno));
	return 0;
}

static int open_raw(struct send_out *out, struct nfm_error *error)
{
	out->interface_index = (int)if_nametoindex(out->options->interface);
	if (!out->interface_index)
		return nfm_error_set(error, -ENODEV, "%s: no such interface",
				     out->options->interface);
	out->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (out->fd < 0)
		return nfm_error_set(error, -errno, "packet socket: %s", strerror(errno));
	return 0;
}

int send_out_open(struct send_out *out, const struct send_options *options, struct nfm_error *error)
{
	*out = (struct send_out){
		.fd = -1,
		.options = options,
		.next_ns = now_ns(),
		.gap_ns = NFM_NS_PER_S / options->rate,
	};
	return options->interface ? open_raw(out, error) : open_socket(out, error);
}

void send_out_close(struct send_out *out)
{
	if (out->fd >= 0)
		close(out->fd);
	out->fd = -1;
}

static uint16_t ip_checksum(const void *head, size_t size)
{
	const uint8_t *at = head;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static uint8_t *put_ethernet(uint8_t *at, const struct send_options *options)
{
	static const uint8_t source[6] = { 2, 0, 0, 0, 0, 1 };
	uint16_t type_be = htons(ETH_P_IP);
	uint32_t i;

	memcpy(at, options->to_mac, 6);
	memcpy(at + 6, source, 6);
	at += 12;
	for (i = 0; i < options->tag_count; i++) {
		bool is_outer = i + 1 < options->tag_count;
		uint16_t tag_be[2] = { htons(is_outer ? ETH_P_8021AD : ETH_P_8021Q),
				       htons(options->tag[i]) };

		memcpy(at, tag_be, sizeof(tag_be));
		at += sizeof(tag_be);
	}
	memcpy(at, &type_be, sizeof(type_be));
	return at + sizeof(type_be);
}

static uint8_t *put_ip_udp(uint8_t *at, const struct send_options *options, size_t size)
{
	uint32_t ip_size = sizeof(struct iphdr) + options->ip_options;
	struct iphdr ip = {
		.version = 4,
		.ihl = ip_size / 4,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.tot_len = htons(ip_size + sizeof(struct udphdr) + size),
	};
	struct udphdr udp = {
		.source = options->from.sin6_port ? options->from.sin6_port : htons(SOURCE_PORT),
		.dest = options->to.sin6_port,
		.len = htons(sizeof(struct udphdr) + size), /* checksum 0: none */
	};

	memcpy(&ip.saddr, &options->from.sin6_addr.s6_addr[12], 4);
	memcpy(&ip.daddr, &options->to.sin6_addr.s6_addr[12], 4);
	memcpy(at, &ip, sizeof(ip));
	memset(at + sizeof(ip), NOP_OPTION, options->ip_options);
	ip.check = ip_checksum(at, ip_size);
	memcpy(at, &ip, sizeof(ip));
	at += ip_size;
	memcpy(at, &udp, sizeof(udp));
	return at + sizeof(udp);
}

static ssize_t put_raw(struct send_out *out, const void *payload, size_t size)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = out->interface_index,
				  .sll_halen = 6,
				  .sll_protocol = htons(ETH_P_IP) };
	uint8_t head[FRAME_HEAD_MAX];
	uint8_t *end = put_ip_udp(put_ethernet(head, out->options), out->options, size);
	struct iovec part[2] = { { head, end - head }, { (void *)payload, size } };
	struct msghdr message = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = part, .msg_iovlen = 2
	};

	return sendmsg(out->fd, &message, 0);
}

static ssize_t put_udp(struct send_out *out, const void *payload, size_t size)
{
	return sendto(out->fd, payload, size, 0, (const struct sockaddr *)&out->options->to,
		      sizeof(out->options->to));
}

int send_out_put(struct send_out *out, const void *payload, size_t size)
{
	uint32_t tries;

	pace(out);
	for (tries = 0; tries < RETRIES; tries++) {
		ssize_t sent = out->options->interface ? put_raw(out, payload, size)
						       : put_udp(out, payload, size);

		if (sent >= 0)
			return 0;
		/* a full queue means "not sent": the only failure that is worth a second try */
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return -errno;
		wait_until(now_ns() + RETRY_NS);
	}
	return -ENOBUFS;
}
