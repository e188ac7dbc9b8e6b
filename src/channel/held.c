/* SPDX-License-Identifier: ISC */
/*
 * An event's place in the history.
 */
#include "channel/held.h"

#include <assert.h>
#include <stdlib.h>

/* Bytes of an entry beside its event: its own, and its place in a ring. */
#define ENTRY_COST (sizeof(struct held) + sizeof(struct held *) + 16)

size_t
held_cost(struct eventid id, const struct sse_message *message)
{
	struct sse_message m = *message;
	char text[EVENTID_SIZE];
	struct event ev;

	(void)eventid_format(text, id);
	m.id = text;
	ev.len = (uint32_t)sse_size(&m);
	return event_cost(&ev) + ENTRY_COST;
}

struct held *
held_new(struct eventid id, const struct sse_message *message, double time,
    size_t *account)
{
	struct held *e = calloc(1, sizeof(*e));
	struct sse_message m = *message;
	char text[EVENTID_SIZE];
	size_t size;

	if (e == NULL)
		return NULL;
	(void)eventid_format(text, id);
	m.id = text;
	size = sse_size(&m);
	e->id = id;
	e->time = time;
	e->snapshot = message->snapshot;
	e->event = event_room(size, account);
	if (e->event == NULL) {
		free(e);
		return NULL;
	}
	e->cost = event_cost(e->event) + ENTRY_COST;
	*account += ENTRY_COST;
	size = sse_encode((char *)e->event->bytes, size, &m);
	assert(size == e->event->len);
	return e;
}

void
held_free(struct held *e, size_t *account, size_t *slow)
{
	*account -= ENTRY_COST;
	event_move(e->event, slow);
	event_unref(e->event);
	free(e);
}
