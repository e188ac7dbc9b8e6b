/* SPDX-License-Identifier: ISC */
#ifndef EVENT_H
#define EVENT_H

#include <stddef.h>
#include <stdint.h>

#define EVENT_MAX INT32_MAX /* bytes; what an event costs is then a size_t */

/*
 * One immutable message, already encoded, shared by reference by all who
 * have it still to write.
 */
struct event {
	uint32_t refs;
	uint32_t len;
	size_t *account; /* counts event_cost() while it lives; NULL: none */
	uint8_t bytes[];
};

/*
 * A copy of len bytes with one reference, the caller's.  NULL with errno
 * ENOMEM or, over EVENT_MAX bytes, EMSGSIZE.
 */
struct event *event_new(const void *bytes, size_t len);

/*
 * The same with its bytes still to be written by the caller, before it is
 * shared.  *account grows by what it costs, until it is freed; it must outlive
 * the event.
 */
struct event *event_room(size_t len, size_t *account);

/* The event is counted in another account from now on. */
void event_move(struct event *, size_t *account);

/* The bytes of memory that it takes, the allocator's included. */
size_t event_cost(const struct event *);

struct event *event_ref(struct event *);

/* Gives one reference back; the last one frees.  NULL is allowed. */
void event_unref(struct event *);

#endif
