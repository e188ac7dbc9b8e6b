/* SPDX-License-Identifier: ISC */
/*
 * Events are encoded once and never change after that; every stream that has
 * one still to write holds a reference instead of a copy.
 */
#include "channel/event.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALLOCATOR 16 /* bytes that malloc() takes for itself, at most */

size_t
event_cost(const struct event *ev)
{
	return sizeof(*ev) + ev->len + ALLOCATOR;
}

struct event *
event_room(size_t len, size_t *account)
{
	struct event *ev;

	if (len > EVENT_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	ev = malloc(sizeof(*ev) + len);
	if (ev == NULL)
		return NULL;
	ev->refs = 1;
	ev->len = (uint32_t)len;
	ev->account = account;
	if (account != NULL)
		*account += event_cost(ev);
	return ev;
}

void
event_move(struct event *ev, size_t *account)
{
	*ev->account -= event_cost(ev);
	ev->account = account;
	*account += event_cost(ev);
}

struct event *
event_new(const void *bytes, size_t len)
{
	struct event *ev = event_room(len, NULL);

	if (ev != NULL)
		memcpy(ev->bytes, bytes, len);
	return ev;
}

struct event *
event_ref(struct event *ev)
{
	assert(ev->refs > 0 && ev->refs < UINT32_MAX);
	ev->refs++;
	return ev;
}

void
event_unref(struct event *ev)
{
	if (ev == NULL)
		return;
	assert(ev->refs > 0);
	if (--ev->refs > 0)
		return;
	if (ev->account != NULL)
		*ev->account -= event_cost(ev);
	free(ev);
}
