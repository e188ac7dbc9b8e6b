/* SPDX-License-Identifier: ISC */
#ifndef HELD_H
#define HELD_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "channel/event.h"
#include "channel/eventid.h"
#include "channel/sse.h"

/* One published event where it is held: in its channel's history. */
struct held {
	STAILQ_ENTRY(held) link; /* while it is only promised */
	struct eventid id;
	double time; /* monotonic seconds, of its publishing */
	size_t cost; /* bytes of memory, all of it */
	struct event *event;
	bool snapshot; /* it is the whole state: who is new begins here */
};

STAILQ_HEAD(held_list, held);

/*
 * The message encoded with its id, published at that time, in no channel yet;
 * its cost is added to the account.  NULL: no memory.
 */
struct held *held_new(struct eventid, const struct sse_message *, double time,
    size_t *account);

/* The cost of that message, with that id. */
size_t held_cost(struct eventid, const struct sse_message *);

/*
 * It is not held any more, and its cost is taken off the account.  What streams
 * still have of it to write is added to slow.
 */
void held_free(struct held *, size_t *account, size_t *slow);

#endif
