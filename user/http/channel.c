// SPDX-License-Identifier: GPL-2.0-only
#include "http/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "view/ask.h"

#define PATIENCE_NS (30 * NFM_NS_PER_S) /* a change waits for a rotation under way */

void nfm_channel_init(struct nfm_channel *channel, int fd)
{
	*channel = (struct nfm_channel){ .fd = fd };
	pthread_mutex_init(&channel->mutex, NULL);
}

static int send_line(int fd, const char *request)
{
	_cleanup_free_ char *line = NULL;
	ssize_t length = asprintf(&line, "%s\n", request);

	if (length < 0) {
		line = NULL;
		return -ENOMEM;
	}
	return send(fd, line, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -ECONNREFUSED;
}

static int receive_line(int fd, char *line, size_t size)
{
	uint64_t end_ns = nfm_clock_monotonic_ns() + PATIENCE_NS;
	size_t used = 0;

	while (used + 1 < size) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		uint64_t now_ns = nfm_clock_monotonic_ns();
		ssize_t n;

		if (now_ns >= end_ns)
			return -ETIMEDOUT;
		if (poll(&poller, 1, (int)((end_ns - now_ns) / NFM_NS_PER_MS) + 1) < 1)
			continue;
		n = recv(fd, line + used, size - 1 - used, 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return -ECONNREFUSED;
		used += (size_t)n;
		line[used] = '\0';
		if (line[used - 1] == '\n')
			return 0;
	}
	return -EPROTO;
}

/* After an answer that did not come, the next one would be that of another question. */
static int exchange(struct nfm_channel *channel, const char *request, char **answer,
		    struct nfm_error *error)
{
	_cleanup_free_ char *line = malloc(NFM_CONTROL_MAX);
	int err = line ? 0 : -ENOMEM;

	if (strlen(request) + 2 >= NFM_CONTROL_MAX) /* with its end, and the NUL there */
		return nfm_error_set(error, -E2BIG, "more than the agent takes at once, %u bytes",
				     NFM_CONTROL_MAX);
	pthread_mutex_lock(&channel->mutex);
	if (!err)
		err = channel->fd < 0 ? -ECONNREFUSED : send_line(channel->fd, request);
	if (!err)
		err = receive_line(channel->fd, line, NFM_CONTROL_MAX);
	if (err && err != -ENOMEM && channel->fd >= 0)
		shutdown(channel->fd, SHUT_RDWR); /* the main thread sees it, and ends us */
	pthread_mutex_unlock(&channel->mutex);
	if (err)
		return nfm_error_set(error, err, "the agent does not answer: %s: `nfmeter status` "
				     "tells whether it runs", strerror(-err));
	*answer = NFM_STEAL_PTR(line);
	return 0;
}

int nfm_channel_ask(struct nfm_channel *channel, const char *request, yajl_val *answer,
		    struct nfm_error *error)
{
	_cleanup_free_ char *text = NULL;
	char reason[128] = "";
	yajl_val tree;
	int err = exchange(channel, request, &text, error);

	if (err)
		return err;
	tree = yajl_tree_parse(text, reason, sizeof(reason));
	if (!tree)
		return nfm_error_set(error, -EPROTO, "the agent's answer is no JSON");
	if (nfm_ask_bool(tree, "ok")) {
		*answer = tree;
		return 0;
	}
	err = nfm_ask_bool(tree, "denied") ? -EACCES : -EREMOTEIO;
	nfm_error_set(error, err, "%s", nfm_ask_string(tree, "error", "refused"));
	yajl_tree_free(tree);
	return err;
}
