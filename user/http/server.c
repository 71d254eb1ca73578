// SPDX-License-Identifier: GPL-2.0-only
#include "http/server.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/events.h"
#include "http/exchange.h"

#define BACKLOG 1024
#define MEMORY (32U << 10)	/* of a connection: its request's head, in the main */
#define IDLE_S 30U		/* without a byte in either direction */
#define LIFE_S 900U		/* of a connection that is not listening to events */

/* A connection, so that one that drips can be cut. */
struct client {
	struct client *next, **at;
	int fd;
	uint64_t since_ns;
};

struct nfm_server {
	struct MHD_Daemon *daemon;
	pthread_mutex_t mutex;
	struct client *clients;
	struct nfm_log_limit log_limit;
};

/* ---- the socket ---- */

static int split(const char *listen, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(listen, ':');
	size_t length = colon ? (size_t)(colon - listen) : 0;

	if (!colon || length >= size)
		return -EINVAL;
	*port = colon + 1;
	if (length > 1 && listen[0] == '[' && listen[length - 1] == ']')
		snprintf(host, size, "%.*s", (int)length - 2, listen + 1);
	else
		snprintf(host, size, "%.*s", (int)length, listen);
	return 0;
}

static int bind_one(const struct addrinfo *info, bool any)
{
	_cleanup_close_ int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
					0);
	const int on = 1, off = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (any && info->ai_family == AF_INET6) /* IPv4, too */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return NFM_STEAL_FD(fd);
}

int nfm_server_bind(const char *listen, struct nfm_error *error)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *info = NULL;
	const char *port;
	char host[256];
	bool any;
	int fd;

	if (split(listen, host, sizeof(host), &port))
		return nfm_error_set(error, -EINVAL, "[http] listen = %s: write ADDRESS:PORT",
				     listen);
	any = !strcmp(host, "*") || !*host;
	if (getaddrinfo(any ? "::" : host, port, &hints, &info))
		return nfm_error_set(error, -EINVAL, "[http] listen = %s: no numeric address and "
				     "port", listen);
	fd = bind_one(info, any);
	freeaddrinfo(info);
	if (fd == -EAFNOSUPPORT && any && !getaddrinfo("0.0.0.0", port, &hints, &info)) {
		fd = bind_one(info, false); /* a kernel without IPv6 */
		freeaddrinfo(info);
	}
	if (fd < 0)
		return nfm_error_set(error, fd, "[http] listen = %s: %s", listen, strerror(-fd));
	return fd;
}

/* ---- connections ---- */

static struct client *client_new(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct client *client = calloc(1, sizeof(*client));

	if (!client || !info) {
		free(client);
		return NULL;
	}
	client->fd = info->connect_fd;
	client->since_ns = nfm_clock_monotonic_ns();
	return client;
}

/* MHD_NotifyConnectionCallback */
static void notify(void *cookie, struct MHD_Connection *connection, void **state,
		   enum MHD_ConnectionNotificationCode code)
{
	struct nfm_http *http = cookie;
	struct nfm_server *server = http->server;
	struct client *client = *state;

	pthread_mutex_lock(&server->mutex);
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		atomic_fetch_add(&http->counts.connections, 1);
		client = client_new(connection);
		*state = client;
		if (client) {
			client->next = server->clients;
			client->at = &server->clients;
			if (client->next)
				client->next->at = &client->next;
			server->clients = client;
		}
	} else {
		atomic_fetch_sub(&http->counts.connections, 1);
		if (client) {
			*client->at = client->next;
			if (client->next)
				client->next->at = client->at;
			free(client);
		}
	}
	pthread_mutex_unlock(&server->mutex);
}

/* MHD_AcceptPolicyCallback: some room is kept, so that who is refused is counted, not left. */
static enum MHD_Result may_connect(void *cookie, const struct sockaddr *address, socklen_t length)
{
	struct nfm_http *http = cookie;

	(void)address;
	(void)length;
	if (atomic_load(&http->counts.connections) < http->config.http_connections)
		return MHD_YES;
	atomic_fetch_add(&http->counts.refused, 1);
	return MHD_NO;
}

/* What libmicrohttpd has to say of broken requests is of no use, and without end. */
static void mute(void *cookie, const char *format, va_list args)
{
	(void)cookie;
	(void)format;
	(void)args;
}

/*
 * libmicrohttpd ends connections on which nothing moves. One that sends a byte now and then would
 * stay for ever: a socket that is shut down ends it, too. Who listens to events comes again.
 */
void nfm_server_tick(struct nfm_http *http)
{
	struct nfm_server *server = http->server;
	uint64_t now_ns = nfm_clock_monotonic_ns();

	pthread_mutex_lock(&server->mutex);
	for (struct client *client = server->clients; client; client = client->next) {
		if (now_ns - client->since_ns < LIFE_S * NFM_NS_PER_S)
			continue;
		client->since_ns = now_ns;
		shutdown(client->fd, SHUT_RDWR);
		atomic_fetch_add(&http->counts.cut, 1);
	}
	pthread_mutex_unlock(&server->mutex);
}

/* ---- start and stop ---- */

#define OPTION(name, number, pointer) { MHD_OPTION_##name, (intptr_t)(number), (void *)(pointer) }

int nfm_server_start(struct nfm_http *http, int fd, const struct nfm_server_tls *tls,
		     struct nfm_error *error)
{
	unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL |
			     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem options[] = {
		OPTION(EXTERNAL_LOGGER, mute, NULL),
		OPTION(LISTEN_SOCKET, fd, NULL),
		OPTION(CONNECTION_LIMIT, http->config.http_connections + 16U, NULL),
		OPTION(CONNECTION_TIMEOUT, IDLE_S, NULL),
		OPTION(CONNECTION_MEMORY_LIMIT, MEMORY, NULL),
		OPTION(STRICT_FOR_CLIENT, 1, NULL),
		OPTION(NOTIFY_COMPLETED, nfm_exchange_completed, http),
		OPTION(NOTIFY_CONNECTION, notify, http),
		{ tls->certificate ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
		  tls->certificate },
		OPTION(HTTPS_MEM_KEY, 0, tls->key),
		OPTION(HTTPS_PRIORITIES, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"),
		OPTION(END, 0, NULL),
	};
	struct nfm_server *server = calloc(1, sizeof(*server));

	if (!server) {
		close(fd);
		return nfm_error_set(error, -ENOMEM, "out of memory");
	}
	pthread_mutex_init(&server->mutex, NULL);
	http->server = server;
	server->daemon = MHD_start_daemon(flags | (tls->certificate ? MHD_USE_TLS : 0), 0,
					  may_connect, http, nfm_exchange_handle, http,
					  MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	if (server->daemon)
		return 0;
	close(fd);
	http->server = NULL;
	free(server);
	return nfm_error_set(error, -EINVAL, tls->certificate ?
			     "the HTTP server does not start: are [http] certificate and key PEM "
			     "files that belong together?" : "the HTTP server does not start");
}

void nfm_server_quiesce(struct nfm_http *http)
{
	int fd = http->server ? MHD_quiesce_daemon(http->server->daemon) : -1;

	if (fd >= 0)
		close(fd);
}

/* Nobody may be suspended when the daemon ends: all who wait are woken before. */
void nfm_server_stop(struct nfm_http *http)
{
	struct nfm_server *server = http->server;

	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	pthread_mutex_destroy(&server->mutex);
	free(server);
	http->server = NULL;
}
