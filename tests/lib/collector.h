/* SPDX-License-Identifier: GPL-2.0-only */
/* Collectors as child processes in a network namespace of the caller's own, and what they cost. */
#ifndef NFM_TEST_COLLECTOR_H
#define NFM_TEST_COLLECTOR_H

#include <stdint.h>
#include <sys/types.h>

struct nfm_collector {
	pid_t pid;
	uint16_t port; /* UDP, on 127.0.0.1 */
	int fd;	       /* of a socket that sends there */
};

/** Moves this process into a network namespace with nothing but a loopback. -errno. */
int nfm_collector_namespace(void);

/**
 * Starts argv[0] on one CPU with its output in the file `log`, waits for its socket on `port` and
 * opens one to send there. It ends with this process at the latest. -errno; -ETIMEDOUT: no socket.
 */
int nfm_collector_start(struct nfm_collector *c, char *const argv[], uint16_t port, int cpu,
			const char *log);

/** CPU time of user and system so far, all threads, in seconds. */
double nfm_collector_cpu_s(const struct nfm_collector *c);

/** Bytes in its socket's queue, and datagrams that this socket has dropped. -ENOENT: no socket. */
int nfm_collector_queue(const struct nfm_collector *c, uint64_t *bytes, uint64_t *drops);

/** Waits until its queue is empty and it has nothing more to do. */
int nfm_collector_settle(const struct nfm_collector *c);

/** SIGTERM; its exit status, or -errno. */
int nfm_collector_stop(struct nfm_collector *c);

#endif
