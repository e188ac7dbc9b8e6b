/* SPDX-License-Identifier: ISC */
/*
 * Events are encoded once and never change after that; every stream that has
 * one still to write holds a reference instead of a copy.
 */
#include "event.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct event *
event_new(const void *bytes, size_t len)
{
	struct event *ev;

	if (len > UINT32_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	ev = malloc(sizeof(*ev) + len);
	if (ev == NULL)
		return NULL;
	ev->refs = 1;
	ev->len = (uint32_t)len;
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
	if (--ev->refs == 0)
		free(ev);
}
