// SPDX-License-Identifier: GPL-2.0-only
#include "agent/control_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json_depth.h"

#define PREFIXES_MAX 4096
#define IDLE_NS (10 * NFM_NS_PER_S)
#define SLOTS (NFM_CONTROL_CONNECTIONS + 1)
#define DEPTH_MAX 16U

static void free_tree(yajl_val *tree)
{
	yajl_tree_free(*tree);
}

static void free_gen(yajl_gen *gen)
{
	if (*gen)
		yajl_gen_free(*gen);
}

int nfm_control_open(struct nfm_control *control, const char *runtime, struct nfm_error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;

	for (unsigned int i = 0; i < SLOTS; i++)
		control->connection[i] = (struct nfm_control_connection){ .fd = -1 };
	if (snprintf(control->path, sizeof(control->path), "%s/%s", runtime, NFM_CONTROL_SOCKET) >=
	    (int)sizeof(control->path))
		return nfm_error_set(error, -ENAMETOOLONG,
				     "%s is too long a path for a socket: choose a shorter runtime",
				     runtime);
	strcpy(address.sun_path, control->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return nfm_error_set(error, -errno, "control socket: %m");
	unlink(control->path); /* the agent's lock is ours: whoever bound it is dead */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(control->path, 0660) < 0 || listen(fd, NFM_CONTROL_CONNECTIONS) < 0)
		return nfm_error_set(error, -errno, "%s: %m", control->path);
	control->listen_fd = NFM_STEAL_FD(fd);
	return 0;
}

static void drop(struct nfm_control_connection *c)
{
	close(c->fd);
	free(c->request);
	*c = (struct nfm_control_connection){ .fd = -1 };
}

void nfm_control_close(struct nfm_control *control)
{
	if (control->listen_fd < 0)
		return;
	for (unsigned int i = 0; i < SLOTS; i++)
		if (control->connection[i].fd >= 0)
			drop(&control->connection[i]);
	close(control->listen_fd);
	unlink(control->path);
	control->listen_fd = -1;
}

int nfm_control_accept(struct nfm_control *control, uint64_t now_ns)
{
	_cleanup_close_ int fd = accept4(control->listen_fd, NULL, NULL,
					 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (unsigned int i = 0; i < NFM_CONTROL_CONNECTIONS; i++) {
		struct nfm_control_connection *c = &control->connection[i];

		if (c->fd >= 0)
			continue;
		c->request = malloc(NFM_CONTROL_MAX);
		if (!c->request)
			return -ENOMEM;
		c->since_ns = now_ns;
		c->fd = NFM_STEAL_FD(fd);
		return c->fd;
	}
	return -EMFILE;
}

int nfm_control_channel(struct nfm_control *control, int fd)
{
	struct nfm_control_connection *c = &control->connection[NFM_CONTROL_CONNECTIONS];
	char *request = malloc(NFM_CONTROL_MAX);
	int flags = fcntl(fd, F_GETFL);

	if (!request || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		free(request);
		close(fd);
		return request ? -errno : -ENOMEM;
	}
	if (c->fd >= 0)
		drop(c);
	*c = (struct nfm_control_connection){ .fd = fd, .channel = true, .request = request };
	return 0;
}

bool nfm_control_has_channel(const struct nfm_control *control)
{
	return control->connection[NFM_CONTROL_CONNECTIONS].fd >= 0;
}

/* ---- a request's text ---- */

static const char *get_string(yajl_val tree, const char *key)
{
	const char *path[] = { key, NULL };

	return YAJL_GET_STRING(yajl_tree_get(tree, path, yajl_t_string));
}

static int get_prefixes(yajl_val tree, const char **prefixes, size_t *count)
{
	const char *path[] = { "prefixes", NULL };
	yajl_val array = yajl_tree_get(tree, path, yajl_t_array);

	*count = 0;
	if (!array)
		return 0;
	if (array->u.array.len > PREFIXES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < array->u.array.len; i++) {
		const char *text = YAJL_GET_STRING(array->u.array.values[i]);

		if (!text)
			return -EINVAL;
		prefixes[(*count)++] = text;
	}
	return 0;
}

static int serve_text(struct nfm_control *control, const char *text, bool local, yajl_gen out,
		      struct nfm_error *error)
{
	char why[256] = "too deep";
	_cleanup_(free_tree) yajl_val tree = nfm_json_is_deeper(text, DEPTH_MAX)
						     ? NULL
						     : yajl_tree_parse(text, why, sizeof(why));
	_cleanup_free_ const char **prefixes = calloc(PREFIXES_MAX, sizeof(*prefixes));
	struct nfm_control_request request = { .prefixes = prefixes, .body = tree, .local = local };
	int r;

	if (!tree)
		return nfm_error_set(error, -EINVAL, "request: not JSON: %s", why);
	if (!prefixes)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	request.command = get_string(tree, "command");
	request.id = get_string(tree, "id");
	if (!request.command)
		return nfm_error_set(error, -EINVAL, "request: no \"command\"");
	r = get_prefixes(tree, prefixes, &request.prefix_count);
	if (r < 0)
		return nfm_error_set(error, r,
				     "request: \"prefixes\" is no list of at most %d texts",
				     PREFIXES_MAX);
	return control->serve(control->cookie, &request, out, error);
}

/* ---- an answer ---- */

static void put_text(yajl_gen gen, const char *text)
{
	yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static yajl_gen begin_answer(bool ok)
{
	yajl_gen gen = yajl_gen_alloc(NULL);

	if (!gen)
		return NULL;
	yajl_gen_map_open(gen);
	put_text(gen, "ok");
	yajl_gen_bool(gen, ok);
	return gen;
}

/* One line, small against a socket's buffer: a client that does not take it gets none. */
static bool send_answer(int fd, yajl_gen gen)
{
	const unsigned char *text;
	size_t length;

	yajl_gen_map_close(gen);
	return yajl_gen_get_buf(gen, &text, &length) == yajl_gen_status_ok &&
	       send(fd, text, length, MSG_NOSIGNAL | MSG_MORE) == (ssize_t)length &&
	       send(fd, "\n", 1, MSG_NOSIGNAL) == 1;
}

/* Serves the line at the begin of the buffer: -EAGAIN if it is to wait, -EPIPE if it ends all. */
static int answer(struct nfm_control *control, struct nfm_control_connection *c)
{
	_cleanup_(free_gen) yajl_gen good = begin_answer(true);
	_cleanup_(free_gen) yajl_gen bad = begin_answer(false);
	struct nfm_error error = {};
	int r;

	if (!good || !bad)
		return -EPIPE;
	r = serve_text(control, c->request, !c->channel, good, &error);
	if (r == -EAGAIN)
		return r;
	if (r < 0) {
		put_text(bad, "error");
		put_text(bad, error.text);
	}
	if (r == -EACCES) {
		put_text(bad, "denied");
		yajl_gen_bool(bad, true);
		c->paused = c->channel; /* whoever guesses has five guesses a second */
	}
	return send_answer(c->fd, r < 0 ? bad : good) && c->channel ? 0 : -EPIPE;
}

/* All lines that are whole; of a plain connection there is one. */
static void process(struct nfm_control *control, struct nfm_control_connection *c)
{
	char *newline;

	while (!c->paused && (newline = memchr(c->request, '\n', c->used)) != NULL) {
		size_t done = (size_t)(newline - c->request) + 1;
		int r;

		*newline = '\0';
		r = answer(control, c);
		c->complete = r == -EAGAIN;
		if (c->complete) {
			*newline = '\n';
			return;
		}
		if (r < 0) {
			drop(c);
			return;
		}
		memmove(c->request, c->request + done, c->used - done);
		c->used -= done;
	}
}

/* Its request waits for its turn: what else it says is ignored. True: it will say no more. */
static bool read_waiting(int fd)
{
	char ignored[512];

	return read(fd, ignored, sizeof(ignored)) == 0;
}

bool nfm_control_read(struct nfm_control *control, int fd)
{
	struct nfm_control_connection *c = NULL;
	ssize_t n;

	for (unsigned int i = 0; i < SLOTS && !c; i++)
		if (control->connection[i].fd == fd)
			c = &control->connection[i];
	if (!c)
		return false;
	if (c->complete && !c->channel)
		return read_waiting(fd);
	n = read(fd, c->request + c->used, NFM_CONTROL_MAX - 1 - c->used);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0 || c->used + (size_t)n >= NFM_CONTROL_MAX - 1) {
		drop(c);
		return false;
	}
	c->used += (size_t)n;
	c->request[c->used] = '\0';
	if (!c->complete)
		process(control, c);
	return false;
}

void nfm_control_retry(struct nfm_control *control, uint64_t now_ns)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct nfm_control_connection *c = &control->connection[i];

		if (c->fd < 0)
			continue;
		c->paused = false;
		if (c->complete || c->channel)
			process(control, c);
		else if (now_ns - c->since_ns > IDLE_NS)
			drop(c);
	}
}
