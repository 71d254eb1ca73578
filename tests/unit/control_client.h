/* SPDX-License-Identifier: GPL-2.0-only */
/* A control socket's server in a folder of its own, and its clients. */
#ifndef NFM_TEST_UNIT_CONTROL_CLIENT_H
#define NFM_TEST_UNIT_CONTROL_CLIENT_H

#include "agent/control_serve.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/control.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "folder.h"

static struct nfm_control control;

/* What the server has asked for, and what it is to be told. */
static struct served {
	unsigned int calls;
	char command[64];
	char id[64];
	char last_prefix[64];
	size_t prefix_count;
	int result;
} served;

static inline int serve(void *cookie, const struct nfm_control_request *request, yajl_gen out,
		 struct nfm_error *error)
{
	struct served *s = cookie;

	s->calls++;
	snprintf(s->command, sizeof(s->command), "%s", request->command);
	snprintf(s->id, sizeof(s->id), "%s", request->id ? request->id : "(none)");
	s->prefix_count = request->prefix_count;
	s->last_prefix[0] = '\0';
	if (request->prefix_count)
		snprintf(s->last_prefix, sizeof(s->last_prefix), "%s",
			 request->prefixes[request->prefix_count - 1]);
	yajl_gen_string(out, (const unsigned char *)"pid", 3);
	yajl_gen_integer(out, 42);
	return s->result < 0 ? nfm_error_set(error, s->result, "no \"luck\"") : 0;
}

static inline int set_up(void **state)
{
	struct nfm_error error;

	(void)state;
	if (folder_make())
		return -1;
	served = (struct served){};
	control = (struct nfm_control){ .listen_fd = -1, .serve = serve, .cookie = &served };
	return nfm_control_open(&control, folder, &error);
}

static inline int tear_down(void **state)
{
	(void)state;
	nfm_control_close(&control);
	return folder_remove();
}

static inline int dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", control.path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A client and the server's end of it. */
static inline int dial_and_accept(int *server)
{
	int fd = dial();

	*server = nfm_control_accept(&control, 0);
	assert_true(*server >= 0);
	return fd;
}

static inline void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What the client has got: the text; "" and EOF are told apart by the result of recv(2). */
static inline ssize_t hear(int fd, char *text, size_t size)
{
	ssize_t n = recv(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? -errno : n;
}

static inline void assert_answer(int fd, const char *want)
{
	char text[1024];

	assert_true(hear(fd, text, sizeof(text)) > 0);
	assert_string_equal(text, want);
	assert_int_equal(hear(fd, text, sizeof(text)), 0); /* and the connection ends */
}

static inline void assert_silence(int fd)
{
	char text[8];

	assert_int_equal(hear(fd, text, sizeof(text)), -EAGAIN);
}

static inline void assert_dropped(int fd)
{
	char text[8];

	assert_int_equal(hear(fd, text, sizeof(text)), 0);
}

#endif
