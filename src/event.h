/* SPDX-License-Identifier: ISC */
#ifndef EVENT_H
#define EVENT_H

#include <stddef.h>
#include <stdint.h>

/*
 * One immutable message, already encoded, shared by reference by all who
 * have it still to write.
 */
struct event {
	uint32_t refs;
	uint32_t len;
	uint8_t bytes[];
};

/*
 * A copy of len bytes with one reference, the caller's.  NULL with errno
 * ENOMEM or, over UINT32_MAX bytes, EMSGSIZE.
 */
struct event *event_new(const void *bytes, size_t len);

struct event *event_ref(struct event *);

/* Gives one reference back; the last one frees.  NULL is allowed. */
void event_unref(struct event *);

#endif
