// SPDX-License-Identifier: GPL-2.0-only
#include "http/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "view/ask.h"

#define STATUS_NS (5 * NFM_NS_PER_S)
#define CHANGE_NS (30 * NFM_NS_PER_S) /* it waits for a rotation under way */

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

/* The next whole line; *line is malloc'd. What has come of one by `end_ns` is kept. */
static int receive_line(struct nfm_channel *channel, uint64_t end_ns, char **line)
{
	char *end;

	while (!(end = memchr(channel->buffer, '\n', channel->used))) {
		struct pollfd poller = { .fd = channel->fd, .events = POLLIN };
		uint64_t now_ns = nfm_clock_monotonic_ns();
		int wait_ms = end_ns > now_ns ? (int)((end_ns - now_ns) / NFM_NS_PER_MS) + 1 : 0;
		ssize_t n;

		if (channel->used == sizeof(channel->buffer))
			return -EPROTO;
		if (poll(&poller, 1, wait_ms) < 1) {
			if (nfm_clock_monotonic_ns() >= end_ns)
				return -ETIMEDOUT;
			continue;
		}
		n = recv(channel->fd, channel->buffer + channel->used,
			 sizeof(channel->buffer) - channel->used, 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return -ECONNREFUSED;
		channel->used += (size_t)n;
	}
	*line = strndup(channel->buffer, (size_t)(end - channel->buffer));
	channel->used -= (size_t)(end + 1 - channel->buffer);
	memmove(channel->buffer, end + 1, channel->used);
	return *line ? 0 : -ENOMEM;
}

/* Answers come in the order of questions: those that are owed first. */
static int take_owed(struct nfm_channel *channel, uint64_t end_ns)
{
	int err = 0;

	while (channel->owed && !err) {
		_cleanup_free_ char *line = NULL;

		err = receive_line(channel, end_ns, &line);
		if (!err || err == -ENOMEM)
			channel->owed--;
	}
	return err;
}

static int exchange(struct nfm_channel *channel, const char *request, uint64_t patience_ns,
		    bool change, char **answer)
{
	uint64_t now_ns = nfm_clock_monotonic_ns();
	int err = channel->fd < 0 ? -ECONNREFUSED :
				    take_owed(channel, change ? now_ns + patience_ns : 0);

	if (err)
		return err;
	err = send_line(channel->fd, request);
	if (!err)
		err = receive_line(channel, now_ns + patience_ns, answer);
	channel->owed += err == -ETIMEDOUT;
	return err;
}

static int ask(struct nfm_channel *channel, const char *request, uint64_t patience_ns, bool change,
	       yajl_val *answer, struct nfm_error *error)
{
	_cleanup_free_ char *text = NULL;
	char reason[128] = "";
	yajl_val tree;
	int err;

	if (strlen(request) + 2 >= NFM_CONTROL_MAX) /* with its end, and the NUL there */
		return nfm_error_set(error, -E2BIG, "more than the agent takes at once, %u bytes",
				     NFM_CONTROL_MAX);
	pthread_mutex_lock(&channel->mutex);
	err = exchange(channel, request, patience_ns, change, &text);
	if (err && err != -ENOMEM && err != -ETIMEDOUT && channel->fd >= 0)
		shutdown(channel->fd, SHUT_RDWR); /* the main thread sees it, and ends us */
	pthread_mutex_unlock(&channel->mutex);
	if (err)
		return nfm_error_set(error, err, "the agent does not answer: %s: `nfmeter status` "
				     "tells whether it runs%s", strerror(-err),
				     change && err == -ETIMEDOUT ?
					     "; the change may still be made" : "");
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

int nfm_channel_status(struct nfm_channel *channel, yajl_val *answer, struct nfm_error *error)
{
	return ask(channel, "{\"command\":\"status\"}", STATUS_NS, false, answer, error);
}

int nfm_channel_change(struct nfm_channel *channel, const char *request, yajl_val *answer,
		       struct nfm_error *error)
{
	return ask(channel, request, CHANGE_NS, true, answer, error);
}
