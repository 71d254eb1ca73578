// SPDX-License-Identifier: GPL-2.0-only
/* The control socket's client side. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define ANSWER_TIMEOUT_MS 60000

static int monotonic_ms(void)
{
	return (int)(nfm_clock_monotonic_ns() / NFM_NS_PER_MS & 0x3fffffff);
}

static int connect_to(const char *runtime, struct nfm_error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int n;

	n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", runtime,
		     NFM_CONTROL_SOCKET);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return nfm_error_set(error, -ENAMETOOLONG,
				     "%s/%s is too long for a socket's path (%zu bytes): choose a "
				     "shorter [collector] runtime",
				     runtime, NFM_CONTROL_SOCKET, sizeof(address.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return nfm_error_set(error, -errno, "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return NFM_STEAL_FD(fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return nfm_error_set(error, -ECONNREFUSED,
				     "no agent is running at %s: start it with `nfmeter run`, or "
				     "name its configuration with -c",
				     address.sun_path);
	return nfm_error_set(error, -errno, "%s: %s%s", address.sun_path, strerror(errno),
			     errno == EACCES ? ": run this as root or as the agent's user" : "");
}

/* Waits until `fd` is ready; -ETIMEDOUT once the time that began at `start_ms` is over. */
static int wait_ready(int fd, short events, int start_ms)
{
	struct pollfd poller = { .fd = fd, .events = events };
	int passed_ms = (monotonic_ms() - start_ms) & 0x3fffffff;
	int n;

	if (passed_ms >= ANSWER_TIMEOUT_MS)
		return -ETIMEDOUT;
	n = poll(&poller, 1, ANSWER_TIMEOUT_MS - passed_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n ? 0 : -ETIMEDOUT;
}

static int send_all(int fd, const char *data, size_t size, int start_ms)
{
	int err;

	while (size) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			data += n;
			size -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		err = wait_ready(fd, POLLOUT, start_ms);
		if (err)
			return err;
	}
	return 0;
}

/* Reads up to the newline, which is cut off. */
static int receive_line(int fd, char *buf, size_t size, int start_ms)
{
	size_t used = 0;
	int err;

	while (used < size) {
		ssize_t n;
		char *end;

		err = wait_ready(fd, POLLIN, start_ms);
		if (err)
			return err;
		n = recv(fd, buf + used, size - used, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		end = memchr(buf + used, '\n', (size_t)n);
		used += (size_t)n;
		if (end) {
			*end = '\0';
			return 0;
		}
	}
	return -EMSGSIZE;
}

int nfm_control_call(const char *runtime, const char *request, char **answer,
		     struct nfm_error *error)
{
	_cleanup_free_ char *buf = NULL;
	_cleanup_close_ int fd = -1;
	int start_ms = monotonic_ms();
	int err;

	if (strlen(request) + 1 > NFM_CONTROL_MAX)
		return nfm_error_set(error, -E2BIG,
				     "the request is longer than the %d bytes that the agent "
				     "takes: edit the customers file and reload",
				     NFM_CONTROL_MAX);
	buf = malloc(NFM_CONTROL_MAX);
	if (!buf)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	fd = connect_to(runtime, error);
	if (fd < 0)
		return fd;
	err = send_all(fd, request, strlen(request), start_ms);
	if (!err)
		err = send_all(fd, "\n", 1, start_ms);
	if (!err)
		err = receive_line(fd, buf, NFM_CONTROL_MAX, start_ms);
	if (err == -ETIMEDOUT)
		return nfm_error_set(error, err,
				     "the agent at %s did not answer in %d s: see its log", runtime,
				     ANSWER_TIMEOUT_MS / 1000);
	if (err)
		return nfm_error_set(error, err, "the agent at %s broke off: %s: see its log",
				     runtime, strerror(-err));
	*answer = NFM_STEAL_PTR(buf);
	return 0;
}
