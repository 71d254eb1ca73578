// SPDX-License-Identifier: GPL-2.0-only
#include "agent/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"

#define BATCH 32
#define PAYLOAD_MAX 65536
#define RECEIVE_BUFFER (32 << 20)
/* More than its buffer holds: who goes on sending there is not waited for. */
#define TAKE_AT_CLOSE (1U << 17)

struct nfm_socket_buffers {
	struct mmsghdr message[BATCH];
	struct iovec vector[BATCH];
	struct sockaddr_storage source[BATCH];
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(uint32_t))];
	} control[BATCH];
	uint8_t payload[BATCH][PAYLOAD_MAX];
};

static bool is_v4(const struct nfm_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(addr->byte, mapped, sizeof(mapped));
}

/* One address for both families, as IPv6; an IPv4 one as itself, for hosts without IPv6. */
static socklen_t make_sockaddr(const struct nfm_addr *addr, uint16_t port,
			       struct sockaddr_storage *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (addr && is_v4(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, addr->byte + 12, sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	if (addr)
		memcpy(&v6->sin6_addr, addr->byte, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}

static int bind_socket(const struct sockaddr_storage *address, socklen_t length, bool both)
{
	_cleanup_close_ int fd = socket(address->ss_family,
					SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;
	const int v6_only = !both;
	const int size = RECEIVE_BUFFER;

	if (fd < 0)
		return -errno;
	if (address->ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) < 0)
		return -errno;
	/* beyond rmem_max for root; for others as far as it goes */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, length) < 0)
		return -errno;
	return NFM_STEAL_FD(fd);
}

static const char *advice(int code)
{
	switch (code) {
	case -EADDRINUSE:
		return "stop the other collector, or run beside it with tee = yes";
	case -EADDRNOTAVAIL:
		return "[collector] listen takes addresses of this machine; `ip address` lists "
		       "them";
	case -EACCES:
		return "below 1024 a port needs root: choose another [collector] port";
	}
	return "correct [collector] listen and port";
}

static int open_socket(const struct nfm_addr *addr, uint16_t port, struct nfm_error *error)
{
	static const struct nfm_addr any_v4 = { .byte = { [10] = 0xff, [11] = 0xff } };
	struct sockaddr_storage address;
	socklen_t length = make_sockaddr(addr, port, &address);
	char text[64] = "*";
	int fd = bind_socket(&address, length, !addr);

	if (fd == -EAFNOSUPPORT && !addr) { /* no IPv6 in this kernel */
		length = make_sockaddr(&any_v4, port, &address);
		fd = bind_socket(&address, length, false);
	}
	if (fd >= 0)
		return fd;
	if (addr)
		nfm_units_format_addr(addr, text, sizeof(text));
	return nfm_error_set(error, fd, "UDP %s port %u: %s (%s)", text, port, strerror(-fd),
			     advice(fd));
}

int nfm_sockets_open(struct nfm_sockets *sockets, const struct nfm_config *config,
		     struct nfm_error *error)
{
	unsigned int addresses = config->listen_count ? config->listen_count : 1;

	*sockets = (struct nfm_sockets){ .buffers = calloc(1, sizeof(*sockets->buffers)) };
	if (!sockets->buffers)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	for (unsigned int p = 0; p < config->port_count; p++) {
		for (unsigned int a = 0; a < addresses; a++) {
			int fd = open_socket(config->listen_count ? &config->listen[a] : NULL,
					     config->ports[p], error);

			if (fd < 0) {
				nfm_sockets_close(sockets);
				return fd;
			}
			sockets->port[sockets->count] = config->ports[p];
			sockets->fd[sockets->count++] = fd;
		}
	}
	return 0;
}

static bool has_port(const struct nfm_sockets *sockets, uint16_t port)
{
	for (unsigned int i = 0; i < sockets->count; i++)
		if (sockets->port[i] == port)
			return true;
	return false;
}

/* A port has a socket for each address, in their order: they are taken as they stand. */
static void keep_port(const struct nfm_sockets *now, uint16_t port, struct nfm_sockets *next)
{
	for (unsigned int i = 0; i < now->count; i++) {
		if (now->port[i] != port)
			continue;
		next->fd[next->count] = now->fd[i];
		next->drops[next->count] = now->drops[i];
		next->port[next->count++] = port;
	}
}

static int open_port(const struct nfm_config *config, uint16_t port, struct nfm_sockets *next,
		     struct nfm_error *error)
{
	unsigned int addresses = config->listen_count ? config->listen_count : 1;

	for (unsigned int a = 0; a < addresses; a++) {
		int fd = open_socket(config->listen_count ? &config->listen[a] : NULL, port,
				     error);

		if (fd < 0)
			return fd;
		next->fd[next->count] = fd;
		next->port[next->count++] = port;
	}
	return 0;
}

int nfm_sockets_prepare(const struct nfm_sockets *now, const struct nfm_config *config,
			struct nfm_sockets *next, struct nfm_error *error)
{
	int r = 0;

	*next = (struct nfm_sockets){};
	for (unsigned int p = 0; r == 0 && p < config->port_count; p++) {
		if (has_port(now, config->ports[p]))
			keep_port(now, config->ports[p], next);
		else
			r = open_port(config, config->ports[p], next, error);
	}
	if (r < 0)
		nfm_sockets_abandon(now, next);
	return r;
}

void nfm_sockets_abandon(const struct nfm_sockets *now, struct nfm_sockets *next)
{
	for (unsigned int i = 0; i < next->count; i++)
		if (!has_port(now, next->port[i]))
			close(next->fd[i]);
	*next = (struct nfm_sockets){};
}

void nfm_sockets_replace(struct nfm_sockets *now, struct nfm_sockets *next,
			 struct nfm_meter *meter)
{
	for (unsigned int i = 0; i < now->count; i++) {
		if (has_port(next, now->port[i]))
			continue;
		nfm_sockets_read(now, i, meter, TAKE_AT_CLOSE);
		close(now->fd[i]);
	}
	next->buffers = now->buffers;
	*now = *next;
	*next = (struct nfm_sockets){};
}

void nfm_sockets_close(struct nfm_sockets *sockets)
{
	for (unsigned int i = 0; i < sockets->count; i++)
		close(sockets->fd[i]);
	free(sockets->buffers);
	*sockets = (struct nfm_sockets){};
}

static void prepare(struct nfm_socket_buffers *b)
{
	for (int i = 0; i < BATCH; i++) {
		b->vector[i] = (struct iovec){ b->payload[i], PAYLOAD_MAX };
		b->message[i].msg_hdr = (struct msghdr){
			.msg_name = &b->source[i],
			.msg_namelen = sizeof(b->source[i]),
			.msg_iov = &b->vector[i],
			.msg_iovlen = 1,
			.msg_control = b->control[i].bytes,
			.msg_controllen = sizeof(b->control[i].bytes),
		};
	}
}

static void source_of(const struct sockaddr_storage *from, struct nfm_addr *out)
{
	const struct sockaddr_in6 *v6 = (const void *)from;
	const struct sockaddr_in *v4 = (const void *)from;

	if (from->ss_family == AF_INET6) {
		memcpy(out->byte, &v6->sin6_addr, sizeof(out->byte));
		return;
	}
	*out = (struct nfm_addr){ .byte = { [10] = 0xff, [11] = 0xff } };
	memcpy(out->byte + 12, &v4->sin_addr, 4);
}

/* SO_RXQ_OVFL (socket(7)): how many datagrams this socket has dropped so far. */
static void count_drops(uint32_t *seen, struct msghdr *message, struct nfm_meter *meter,
			uint64_t now_ns)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		uint32_t drops;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&drops, CMSG_DATA(c), sizeof(drops));
		if (drops != *seen)
			nfm_meter_socket_drops(meter, drops - *seen, now_ns);
		*seen = drops;
	}
}

unsigned int nfm_sockets_read(struct nfm_sockets *sockets, unsigned int index,
			      struct nfm_meter *meter, unsigned int limit)
{
	struct nfm_socket_buffers *b = sockets->buffers;
	unsigned int taken = 0;

	while (taken < limit) {
		uint64_t now_ns;
		int n;

		prepare(b);
		n = recvmmsg(sockets->fd[index], b->message, BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0)
			break; /* empty; an ICMP error of somebody's is no matter of ours */
		now_ns = nfm_clock_monotonic_ns();
		for (int i = 0; i < n; i++) {
			struct nfm_arrival arrival = {
				.payload = b->payload[i],
				.length = b->message[i].msg_len,
				.time_ns = now_ns,
				.uncounted = true,
				.ring_pos = NFM_JOURNAL_NO_RING,
			};

			source_of(&b->source[i], &arrival.source);
			count_drops(&sockets->drops[index], &b->message[i].msg_hdr, meter, now_ns);
			nfm_meter_take(meter, &arrival);
		}
		taken += (unsigned int)n;
	}
	return taken;
}
