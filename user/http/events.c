// SPDX-License-Identifier: GPL-2.0-only
#include "http/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "http/live_document.h"

#define READ_BYTES (32U << 10)

/* A text that those who are at it share. */
struct event {
	unsigned int references;
	uint64_t number;
	size_t size;
	char text[];
};

struct listener {
	struct listener *next, **at;
	struct nfm_events *events;
	struct MHD_Connection *connection;
	struct event *event; /* being sent; NULL: between two */
	size_t sent;
	uint64_t number; /* of the last one begun */
	bool suspended;
};

struct nfm_events {
	pthread_mutex_t mutex;
	struct nfm_http *http;
	struct listener *listeners;
	struct event *newest;
	uint64_t number;
	bool ended;
};

int nfm_events_open(struct nfm_events **out, struct nfm_http *http, struct nfm_error *error)
{
	struct nfm_events *events = calloc(1, sizeof(*events));

	if (!events)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	pthread_mutex_init(&events->mutex, NULL);
	events->http = http;
	*out = events;
	return 0;
}

static void event_unref(struct event *event)
{
	if (event && !--event->references)
		free(event);
}

/* ---- a listener: called by the thread of connections ---- */

/* Under the mutex. The newest text, if it is another one than the last. */
static bool begin_next(struct listener *listener)
{
	struct event *newest = listener->events->newest;

	event_unref(listener->event);
	listener->event = NULL;
	listener->sent = 0;
	if (!newest || newest->number == listener->number)
		return false;
	newest->references++;
	listener->event = newest;
	listener->number = newest->number;
	return true;
}

/* MHD_ContentReaderCallback */
static ssize_t read_events(void *cookie, uint64_t position, char *to, size_t most)
{
	struct listener *listener = cookie;
	struct nfm_events *events = listener->events;
	ssize_t size = 0;

	(void)position;
	pthread_mutex_lock(&events->mutex);
	if (events->ended) {
		size = MHD_CONTENT_READER_END_OF_STREAM;
	} else if ((listener->event && listener->sent < listener->event->size) ||
		   begin_next(listener)) {
		size = (ssize_t)NFM_MIN(most, listener->event->size - listener->sent);
		memcpy(to, listener->event->text + listener->sent, (size_t)size);
		listener->sent += (size_t)size;
	} else {
		listener->suspended = true;
		MHD_suspend_connection(listener->connection);
	}
	pthread_mutex_unlock(&events->mutex);
	return size;
}

static void leave(void *cookie)
{
	struct listener *listener = cookie;
	struct nfm_events *events = listener->events;

	pthread_mutex_lock(&events->mutex);
	*listener->at = listener->next;
	if (listener->next)
		listener->next->at = listener->at;
	event_unref(listener->event);
	pthread_mutex_unlock(&events->mutex);
	free(listener);
}

struct MHD_Response *nfm_events_response(struct nfm_events *events,
					 struct MHD_Connection *connection)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	struct MHD_Response *response;

	if (!listener)
		return NULL;
	listener->events = events;
	listener->connection = connection;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, READ_BYTES, read_events,
						     listener, leave);
	if (!response) {
		free(listener);
		return NULL;
	}
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* nginx in front of us */
	pthread_mutex_lock(&events->mutex);
	listener->next = events->listeners;
	listener->at = &events->listeners;
	if (listener->next)
		listener->next->at = &listener->next;
	events->listeners = listener;
	pthread_mutex_unlock(&events->mutex);
	return response;
}

/* ---- texts: called by the main thread ---- */

static void wake_all(struct nfm_events *events)
{
	for (struct listener *listener = events->listeners; listener; listener = listener->next) {
		if (!listener->suspended)
			continue;
		listener->suspended = false;
		MHD_resume_connection(listener->connection);
	}
}

static struct event *make_event(struct nfm_http *http)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	struct event *event;

	if (nfm_live_document(http, &text, &size))
		return NULL;
	event = malloc(sizeof(*event) + size);
	if (!event)
		return NULL;
	*event = (struct event){ .references = 1, .size = size };
	memcpy(event->text, text, size);
	return event;
}

void nfm_events_tick(struct nfm_events *events)
{
	struct event *event;
	bool anybody;

	pthread_mutex_lock(&events->mutex);
	anybody = events->listeners;
	if (!anybody) { /* the next one who comes gets none of these times */
		event_unref(events->newest);
		events->newest = NULL;
	}
	pthread_mutex_unlock(&events->mutex);
	event = anybody ? make_event(events->http) : NULL;
	if (!event)
		return;
	pthread_mutex_lock(&events->mutex);
	event->number = ++events->number;
	event_unref(events->newest);
	events->newest = event;
	wake_all(events);
	pthread_mutex_unlock(&events->mutex);
}

void nfm_events_end(struct nfm_events *events)
{
	pthread_mutex_lock(&events->mutex);
	events->ended = true;
	wake_all(events);
	pthread_mutex_unlock(&events->mutex);
}

void nfm_events_free(struct nfm_events *events)
{
	if (!events)
		return;
	event_unref(events->newest);
	pthread_mutex_destroy(&events->mutex);
	free(events);
}
