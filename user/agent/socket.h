/* SPDX-License-Identifier: GPL-2.0-only */
/* The UDP sockets: fragments, NICs without XDP, and everything where there is no XDP. */
#ifndef NFM_SOCKET_H
#define NFM_SOCKET_H

#include "agent/meter.h"

#define NFM_SOCKETS_MAX (NFM_MAX_PORTS * NFM_MAX_LISTEN)

struct nfm_sockets {
	int fd[NFM_SOCKETS_MAX];
	uint16_t port[NFM_SOCKETS_MAX]; /* host order */
	uint32_t drops[NFM_SOCKETS_MAX]; /* the socket's own count, as last seen */
	unsigned int count;
	struct nfm_socket_buffers *buffers;
};

/** Binds every port on every listen address. -EADDRINUSE says who to stop. */
int nfm_sockets_open(struct nfm_sockets *sockets, const struct nfm_config *config,
		     struct nfm_error *error);

/**
 * The sockets for another configuration, which differs by its ports alone: those of ports that stay
 * are `now`'s, all others are new. On an error nothing is open that was not before. *next is for
 * nfm_sockets_replace() or nfm_sockets_abandon().
 */
int nfm_sockets_prepare(const struct nfm_sockets *now, const struct nfm_config *config,
			struct nfm_sockets *next, struct nfm_error *error);

/** Closes those of `next` that `now` does not have. */
void nfm_sockets_abandon(const struct nfm_sockets *now, struct nfm_sockets *next);

/** `next` takes the place of `now`; what waits in sockets that go is counted first. */
void nfm_sockets_replace(struct nfm_sockets *now, struct nfm_sockets *next,
			 struct nfm_meter *meter);

/** Reads and counts up to `limit` datagrams of one socket; returns how many. */
unsigned int nfm_sockets_read(struct nfm_sockets *sockets, unsigned int index,
			      struct nfm_meter *meter, unsigned int limit);
void nfm_sockets_close(struct nfm_sockets *sockets);

#endif
